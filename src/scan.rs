//! The whole way through: a path in, a report out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::iter::Either;
use rayon::prelude::*;

use crate::bytes::{Budget, Decoded, GapClass, Glob, Limits};
use crate::detect;
use crate::fact::collect::{self, Collector};
use crate::fact::{Coverage, NoticeFact, UnitFacts, UnitKind};
use crate::link::{self, LinkedUnit};
use crate::report::{App, Input, Report, RuleText, SCHEMA, Summary, Tool};
use crate::rule::{FindingRule, Rules};
use crate::score::{self, Ranked};
use crate::unpack::{self, Class, OpenError, Step, Unit};

/// Weight from which on a permission is worth a line in the ranking.
const SENSITIVE: u8 = 6;
/// Decimals of the share of bytes understood; rounded down, so that 100 % means all.
const SHARE_DECIMALS: f64 = 10_000.0;

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
}

/// How far a scan has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all; 0 while the input is still being listed.
    pub units: u64,
    /// Bytes of the units done.
    pub bytes: u64,
    /// Bytes in all.
    pub total: u64,
    /// Units of the layers below that were decoded.
    pub decoded: Decoded,
    /// Bytes written to a temporary file.
    pub spilled: u64,
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
    let mut tree = unpack::walk(input, &budget).map_err(|e| open_error(input, e))?;
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

    let collector = Collector::new(rules, &budget).with_framework(framework);
    let done = Done::new(&groups.units, &budget, progress);
    let collect = |unit: &Unit| {
        // The last line of defence: one unit that crashes must not take the others with it.
        let facts = catch_unwind(AssertUnwindSafe(|| collector.unit(unit)))
            .unwrap_or_else(|_| collector.crashed(unit));
        done.unit(unit);
        facts
    };
    let (steps, mut later) = unpack::order(&mut groups);
    let (mut units, kept): (Vec<UnitFacts>, Vec<_>) =
        steps
            .into_par_iter()
            .with_max_len(1)
            .partition_map(|step| match step {
                Step::Unit(unit) => Either::Left(collect(&unit)),
                Step::Files(mut files) => {
                    // A crash leaves them as they are, and is told when their unit is worked on.
                    let _ = catch_unwind(AssertUnwindSafe(|| Step::keep(&mut files, &budget)));
                    Either::Right(files)
                }
            });
    for (unit, number, leaf) in kept.into_iter().flatten() {
        if let Some(slot) = later.get_mut(unit).and_then(|unit| unit.leaves.get_mut(number)) {
            *slot = leaf;
        }
    }
    units.par_extend(later.par_iter().with_max_len(1).map(collect));
    units.sort_by(|a, b| (&a.unit.place, &a.unit.kind).cmp(&(&b.unit.place, &b.unit.kind)));
    let outer = collect::outer(&groups.skipped, &groups.notices);
    let input = Input { name, size, format };
    Ok(report(input, units, outer, options, rules))
}

/// Everything after the facts.
fn report(
    input: Input,
    mut units: Vec<UnitFacts>,
    outer: (Coverage, Vec<NoticeFact>),
    options: &Options,
    rules: &Rules,
) -> Report {
    let linked = link::link(&mut units, rules);
    let mut findings = detect::run(&units, &linked, rules);
    score::findings(&mut findings, &units, &linked, rules);
    let ranked = score::rank(&units, &linked, rules);

    let mut by_place: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for finding in &findings {
        by_place
            .entry(&finding.place)
            .or_default()
            .push(finding.id.clone());
    }
    let apps: Vec<App> = ranked
        .into_iter()
        .filter_map(|rank| {
            let unit = units.get(rank.unit)?;
            let about = linked.units.get(rank.unit)?;
            let ids = by_place.remove(unit.unit.place.as_str());
            (ids.is_some() || rank.score > 0.0)
                .then(|| app(unit, about, rank, ids.unwrap_or_default(), rules))
        })
        .collect();

    let (mut coverage, notices) = outer;
    let mut all = Notices::new(options);
    all.add(notices, 0);
    let mut set_aside: BTreeMap<String, u64> = BTreeMap::new();
    let mut hosts = BTreeSet::new();
    let mut kinds: BTreeMap<UnitKind, u64> = BTreeMap::new();
    for unit in units {
        coverage.add(&unit.coverage);
        let n = kinds.entry(unit.unit.kind).or_default();
        *n = n.saturating_add(1);
        for (host, times) in unit.set_aside {
            let sum = set_aside.entry(host).or_default();
            *sum = sum.saturating_add(times);
        }
        hosts.extend(
            unit.endpoints
                .into_iter()
                .map(|e| e.host)
                .filter(|host| !host.is_empty()),
        );
        all.add(unit.notices, unit.notices_dropped);
    }
    let (notices, notices_dropped, bugs) = all.finish();
    let used: BTreeSet<&str> = findings.iter().map(|f| f.rule.as_str()).collect();
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            signatures: rules.hash.clone(),
            date: None,
        },
        input,
        build: linked.build.clone(),
        summary: Summary {
            units: kinds,
            hosts: u64::try_from(hosts.len()).unwrap_or(u64::MAX),
            coverage: (coverage.share() * SHARE_DECIMALS).floor() / SHARE_DECIMALS,
            bugs,
            ..Summary::default()
        },
        coverage,
        apps,
        rules: rules
            .findings
            .iter()
            .filter(|r| used.contains(&*r.id))
            .map(text)
            .collect(),
        findings,
        set_aside,
        notices,
        notices_dropped,
        waivers: Vec::new(),
    };
    report.recount();
    report
}

fn app(unit: &UnitFacts, about: &LinkedUnit, rank: Ranked, findings: Vec<String>, rules: &Rules) -> App {
    let manifest = unit.manifest.as_ref();
    let version = manifest.and_then(|m| match (&m.version_name, m.version_code) {
        (Some(name), Some(code)) => Some(format!("{name} ({code})")),
        (Some(name), None) => Some(name.clone()),
        (None, Some(code)) => Some(format!("({code})")),
        (None, None) => None,
    });
    let sensitive = |name: &&String| rules.permissions.get(name).is_some_and(|p| p.weight >= SENSITIVE);
    App {
        place: unit.unit.place.clone(),
        name: unit.unit.name.clone(),
        kind: unit.unit.kind,
        package: manifest.map(|m| m.package.clone()).filter(|p| !p.is_empty()),
        version,
        partition: unit.unit.partition.clone(),
        score: rank.score,
        worst: None,
        findings,
        privileges: about.privileges.clone(),
        signers: unit.signers.clone(),
        triggers: about.triggers.clone(),
        permissions: manifest
            .map(|m| m.permissions.iter().filter(sensitive).cloned().collect())
            .unwrap_or_default(),
        chains: rank.chains,
    }
}

/// Notices of all units, in order, with one limit for all.
struct Notices {
    all: Vec<NoticeFact>,
    dropped: u64,
    limit: usize,
}

impl Notices {
    fn new(options: &Options) -> Self {
        let limit = usize::try_from(options.limits.notices).unwrap_or(usize::MAX);
        Self {
            all: Vec::new(),
            dropped: 0,
            limit,
        }
    }

    fn add(&mut self, notices: Vec<NoticeFact>, dropped: u64) {
        self.dropped = self.dropped.saturating_add(dropped);
        self.all.extend(notices);
    }

    /// The notices, how many were dropped, and how many of all are crashes of ours.
    fn finish(mut self) -> (Vec<NoticeFact>, u64, u64) {
        self.all.sort();
        self.all.dedup();
        let bugs = self.all.iter().filter(|n| n.class == GapClass::Bug).count();
        let over = self.all.len().saturating_sub(self.limit);
        self.all.truncate(self.limit);
        let wide = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        (self.all, self.dropped.saturating_add(wide(over)), wide(bugs))
    }
}

/// Counts units that are done, for the progress.
struct Done<'p> {
    progress: &'p (dyn Fn(Progress) + Sync),
    budget: &'p Budget,
    units: u64,
    total: u64,
    done: AtomicU64,
    bytes: AtomicU64,
}

impl<'p> Done<'p> {
    fn new(units: &[Unit], budget: &'p Budget, progress: &'p (dyn Fn(Progress) + Sync)) -> Self {
        Self {
            progress,
            budget,
            units: u64::try_from(units.len()).unwrap_or(u64::MAX),
            total: units.iter().fold(0, |sum, unit| sum.saturating_add(unit.size())),
            done: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    fn unit(&self, unit: &Unit) {
        let done = self.done.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let size = unit.size();
        let bytes = self.bytes.fetch_add(size, Ordering::Relaxed).saturating_add(size);
        (self.progress)(Progress {
            done,
            units: self.units,
            bytes,
            total: self.total,
            decoded: self.budget.cache.decoded(),
            spilled: self.budget.spill.written(),
        });
    }
}

impl Options {
    fn wants(&self, place: &str) -> bool {
        let any = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(place));
        (self.only.is_empty() || any(&self.only)) && !any(&self.skip)
    }
}

fn text(rule: &FindingRule) -> (String, RuleText) {
    let text = RuleText {
        title: rule.title.to_string(),
        why: rule.why.to_string(),
        fix: rule.fix.to_string(),
        refs: rule.refs.iter().map(|r| r.to_string()).collect(),
    };
    (rule.id.to_string(), text)
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
