//! The whole way through: a path in, a report out.

mod progress;
mod report;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use rayon::iter::Either;
use rayon::prelude::*;

use crate::bytes::{Budget, Glob, Limits};
use crate::fact::UnitFacts;
use crate::fact::collect::{self, Collector};
use crate::report::{Input, Report};
use crate::rule::Rules;
use crate::unpack::{self, Class, GroupKind, OpenError, Step, Unit};

use progress::Done;
pub use progress::Progress;
use report::report;

/// What a scan may do and what it looks at.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Limits of the run.
    pub limits: Limits,
    /// Threads; 0 for one per core. The caller runs the scan inside a pool of that size.
    pub threads: usize,
    /// Logical places to look at; empty for all.
    pub only: Vec<Glob>,
    /// Logical places to leave alone.
    pub skip: Vec<Glob>,
    /// Older builds that the input holds changes of, the oldest first.
    pub base: Vec<PathBuf>,
    /// Follow identifiers through the code to where they leave.
    pub flows: bool,
}

/// Why there is no report.
#[derive(Debug)]
pub enum Error {
    /// There is no such file.
    NotFound(PathBuf),
    /// The operating system refuses to read it.
    Unreadable(PathBuf, std::io::Error),
    /// An older build has no images of partitions that anything could be a change of.
    NoImages(PathBuf),
    /// It was read, and nothing in it is anything that can be analysed.
    NothingToAnalyse {
        /// The input.
        path: PathBuf,
        /// What it looks like instead, in words: `an empty folder`, `a text file`.
        why: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(path) => write!(f, "{}: no such file or folder", path.display()),
            Self::Unreadable(path, e) => write!(f, "{}: {e}", path.display()),
            Self::NoImages(path) => write!(f, "{}: no images of partitions", path.display()),
            Self::NothingToAnalyse { path, why } => write!(f, "{}: {why}", path.display()),
        }
    }
}

impl std::error::Error for Error {}

/// What a run may hold and do, with the images of older builds. Each of these may hold changes of the one before.
pub fn budget(limits: Limits, base: &[PathBuf]) -> Result<Budget, Error> {
    let mut budget = Budget::new(limits);
    for path in base {
        let images = unpack::images(path, &budget)
            .map_err(|e| open_error(path, e))?
            .all;
        if images.is_empty() {
            return Err(Error::NoImages(path.clone()));
        }
        budget.base.extend(images);
    }
    Ok(budget)
}

/// Scans an input: a ROM zip, an archive, a folder, a package or a single file. `progress` is called
/// from any thread, whenever a unit is done.
pub fn scan(
    input: &Path,
    options: &Options,
    rules: &Rules,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Report, Error> {
    let budget = budget(options.limits, &options.base)?;
    // Of a part of it, what is decoded twice costs less than what would be set aside for nothing.
    budget.cache.expect(options.only.is_empty());
    let tree = unpack::walk(input, &budget);
    budget.cache.expect(false);
    let mut tree = tree.map_err(|e| open_error(input, e))?;
    progress(Progress::default());
    let (name, size, format) = (tree.root.logical().to_owned(), tree.size, tree.format.clone());
    let listed = tree.leaves.len();
    if let [lone] = tree.leaves.as_slice()
        && lone.place() == tree.root
    {
        // A text inside a build is configuration; alone it is some file that was named by mistake.
        let why = match lone.class {
            _ if size == 0 => "an empty file",
            Class::Text => "a text file, and not one that a build is configured by",
            _ => "",
        };
        if !why.is_empty() {
            return Err(Error::NothingToAnalyse {
                path: input.to_owned(),
                why: why.to_owned(),
            });
        }
    }
    // Before anything is left out: what is looked at may depend on it.
    let framework = unpack::framework(&tree);
    tree.leaves.retain(|leaf| options.wants(leaf.place().logical()));
    let left_out = listed.saturating_sub(tree.leaves.len());
    let mut groups = unpack::group(tree);
    if groups.units.is_empty() && groups.notices.is_empty() {
        return Err(nothing(input, &format, listed, left_out));
    }

    let mut collector = Collector::new(rules, &budget)
        .with_framework(framework)
        .with_flows(options.flows);
    let done = Done::new(&groups.units, &budget, progress);
    let collect = |collector: &Collector<'_>, unit: &Unit| {
        // The last line of defence: one unit that crashes must not take the others with it.
        let facts = catch_unwind(AssertUnwindSafe(|| collector.unit(unit)))
            .unwrap_or_else(|_| collector.crashed(unit));
        done.unit(unit);
        facts
    };
    let work = |collector: &Collector<'_>, steps: Vec<Step>| -> (Vec<UnitFacts>, Vec<_>) {
        let steps = steps.into_par_iter().with_max_len(1);
        steps.partition_map(|step| match step {
            Step::Unit(unit) => Either::Left(collect(collector, &unit)),
            Step::Files(mut files) => {
                // A crash leaves them as they are, and is told when their unit is worked on.
                let _ = catch_unwind(AssertUnwindSafe(|| Step::keep(&mut files, &budget)));
                Either::Right(files)
            }
        })
    };
    let (steps, mut later) = unpack::order(&mut groups);
    let is_jar = |step: &Step| matches!(step, Step::Unit(unit) if unit.kind == GroupKind::Jar);
    // What the framework offers is known before anyone is looked at who may ask for it.
    let (jars, steps): (Vec<_>, Vec<_>) = steps.into_iter().partition(|step| options.flows && is_jar(step));
    let (mut units, _) = work(&collector, jars);
    collector.settle();
    let (more, kept) = work(&collector, steps);
    units.extend(more);
    for (unit, number, leaf) in kept.into_iter().flatten() {
        if let Some(slot) = later.get_mut(unit).and_then(|unit| unit.leaves.get_mut(number)) {
            *slot = leaf;
        }
    }
    let collect = |unit| collect(&collector, unit);
    units.par_extend(later.par_iter().with_max_len(1).map(collect));
    // From here on there are only facts.
    drop(later);
    budget.cache.clear();
    units.sort_by(|a, b| (&a.unit.place, &a.unit.kind).cmp(&(&b.unit.place, &b.unit.kind)));
    let outer = collect::outer(&groups.skipped, &groups.notices);
    let input = Input { name, size, format };
    Ok(report(input, units, outer, options, rules))
}

impl Options {
    fn wants(&self, place: &str) -> bool {
        let any = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(place));
        (self.only.is_empty() || any(&self.only)) && !any(&self.skip)
    }
}

fn open_error(input: &Path, error: OpenError) -> Error {
    match error.source.kind() {
        std::io::ErrorKind::NotFound => Error::NotFound(input.to_owned()),
        _ => Error::Unreadable(input.to_owned(), error.source),
    }
}

fn nothing(input: &Path, format: &str, listed: usize, left_out: usize) -> Error {
    let why = match (format, listed, left_out) {
        (_, _, 1..) => "--only and --skip leave nothing to look at".to_owned(),
        ("folder", 0, _) => "the folder has no files".to_owned(),
        ("folder", ..) => "the folder has nothing of an Android build in it".to_owned(),
        (format, 0, _) => format!("an empty {format}"),
        (format, ..) => format!("nothing of an Android build in this {format}"),
    };
    Error::NothingToAnalyse {
        path: input.to_owned(),
        why,
    }
}
