//! `signatures check`: what the types of the rows cannot say.
//!
//! Ids and words against their closed lists, names and descriptors against their grammar, sources,
//! rows that repeat each other. Whether the examples of a rule hold is for the detectors to say: they
//! need facts, which this level does not know.

mod lifecycle;
mod place;
mod tables;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

use super::load::{Folder, SourceFile, parse, parse_rule, read_file, read_folder, toml_file};
use super::row::{HostFile, IdentifierFile, SinkFile, TrackerFile};
use super::{RuleError, Rules, Weights, WordFile};
use place::{Step, Tree};
pub(super) use text::{is_host, is_prefix};

/// Something wrong in a signature file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// Whether the program refuses to load the file; otherwise it should be put right all the same.
    pub fatal: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// Checks a folder that is laid out like `signatures/`, or one file below such a folder. Problems are
/// sorted by file and line; none means that the program takes the files and that they are sound.
///
/// # Errors
/// The folder or file cannot be read, or is not below a folder of signatures.
pub fn check(path: &Path) -> Result<Vec<Problem>, RuleError> {
    if path.is_dir() {
        let mut problems = lint(&read_folder(path)?, &sources_of(path)?);
        problems.sort();
        return Ok(problems);
    }
    let name = path.file_name().and_then(|name| name.to_str());
    match name {
        Some(SOURCES) => sources_of(path.parent().unwrap_or(path)).map(|_| Vec::new()),
        Some(RETIRED) => toml_file::<RetiredFile>(path).map(|_| Vec::new()),
        _ => {
            let mut problems = lint(&[read_one(path)?], &[]);
            problems.sort();
            Ok(problems)
        }
    }
}

/// Sources that a folder of signatures explains itself.
fn sources_of(dir: &Path) -> Result<Vec<String>, RuleError> {
    let path = dir.join(SOURCES);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    Ok(toml_file::<SourcesFile>(&path)?
        .source
        .into_iter()
        .map(|row| row.id)
        .collect())
}

/// The nearest folder above that says what a file holds is where its signatures begin.
fn read_one(path: &Path) -> Result<SourceFile, RuleError> {
    let names = |part: &Path| part.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let is_folder =
        |part: &&Path| names(part).is_some_and(|name| Folder::ALL.iter().any(|folder| folder.name() == name));
    let root = path.ancestors().skip(1).find(is_folder).and_then(Path::parent);
    read_file(
        path,
        root.and_then(|root| path.strip_prefix(root).ok()).unwrap_or(path),
    )
}

/// Checks files as they would be loaded on top of those of the program.
pub(super) fn lint(files: &[SourceFile], sources: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Ok(base) = Rules::bundled() else {
        return problems;
    };
    let mut known = Known::new(&base);
    known.sources.extend(sources.iter().cloned());
    for file in files {
        known.add(file);
    }
    let mut seen = Seen::default();
    for file in files {
        match check_file(file, &known, &mut seen) {
            Ok(found) => problems.extend(found),
            Err(error) => problems.push(Problem {
                file: error.file,
                line: error.at.map_or(1, |(line, _)| line),
                what: error.what,
                fatal: true,
            }),
        }
    }
    problems
}

fn check_file(file: &SourceFile, known: &Known, seen: &mut Seen) -> Result<Vec<Problem>, RuleError> {
    let mut lint = Lint {
        file,
        tree: Tree::parse(&file.text),
        known,
        seen,
        out: Vec::new(),
    };
    match file.folder {
        Folder::Identifiers => lint.identifiers(&parse(file)?),
        Folder::Sinks => lint.sinks(&parse(file)?),
        Folder::Propagators => lint.propagators(&parse(file)?),
        Folder::Models => lint.models(&parse(file)?),
        Folder::Hosts => lint.hosts(&parse(file)?),
        Folder::Trackers => lint.trackers(&parse(file)?),
        Folder::Permissions => lint.permissions(&parse(file)?),
        Folder::Packages => lint.packages(&parse(file)?),
        Folder::Switches => lint.switches(&parse(file)?),
        Folder::Lifecycles => lint.lifecycles(&parse(file)?),
        Folder::Triggers => lint.triggers(&parse(file)?),
        Folder::Endpoints => {
            parse::<WordFile>(file)?;
        }
        Folder::Weights => {
            parse::<Weights>(file)?;
        }
        Folder::Rules => {
            let rule = parse_rule(file)?;
            if known.retired.contains(rule.id.as_str()) {
                lint.say(
                    &[],
                    format!("the id `{}` is retired: ids are never used again", rule.id),
                );
            }
        }
    }
    Ok(lint.out)
}

/// Where a folder of signatures explains its sources.
const SOURCES: &str = "sources.toml";
/// Where it keeps ids that are gone.
const RETIRED: &str = "retired.toml";

/// `signatures/sources.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourcesFile {
    source: Vec<SourceRow>,
}

/// Where rows may come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "read so that a misspelt key is an error; only the id is asked for"
)]
struct SourceRow {
    id: String,
    title: String,
    license: String,
    copyright: Option<String>,
    url: Option<String>,
}

/// `signatures/retired.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RetiredFile {
    retired: Vec<RetiredRow>,
}

/// An id that was in use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the reason is for people")]
struct RetiredRow {
    id: String,
    why: String,
}

/// Words that rows may use: those of the program and those that the files themselves bring.
struct Known {
    categories: FxHashSet<String>,
    purposes: FxHashSet<String>,
    tracker_categories: FxHashSet<String>,
    channels: FxHashSet<String>,
    sources: FxHashSet<String>,
    retired: FxHashSet<String>,
}

impl Known {
    fn new(base: &Rules) -> Self {
        let sources: Option<SourcesFile> =
            toml::from_str(include_str!("../../../signatures/sources.toml")).ok();
        let retired: RetiredFile =
            toml::from_str(include_str!("../../../signatures/retired.toml")).unwrap_or_default();
        Self {
            categories: base
                .identifiers
                .categories()
                .iter()
                .map(|row| row.id.to_string())
                .collect(),
            purposes: base
                .hosts
                .purposes()
                .iter()
                .map(|row| row.id.to_string())
                .collect(),
            tracker_categories: base
                .trackers
                .categories()
                .iter()
                .map(|row| row.id.to_string())
                .collect(),
            channels: base
                .sinks
                .channels()
                .iter()
                .map(|row| row.id.to_string())
                .collect(),
            sources: sources
                .into_iter()
                .flat_map(|file| file.source)
                .map(|row| row.id)
                .collect(),
            retired: retired.retired.into_iter().map(|row| row.id).collect(),
        }
    }

    fn add(&mut self, file: &SourceFile) {
        // A file that cannot be read is told about later.
        match file.folder {
            Folder::Identifiers => {
                let rows = parse::<IdentifierFile>(file)
                    .map(|file| file.category)
                    .unwrap_or_default();
                self.categories.extend(rows.into_iter().map(|row| row.id));
            }
            Folder::Hosts => {
                let rows = parse::<HostFile>(file)
                    .map(|file| file.purpose)
                    .unwrap_or_default();
                self.purposes.extend(rows.into_iter().map(|row| row.id));
            }
            Folder::Trackers => {
                let rows = parse::<TrackerFile>(file)
                    .map(|file| file.category)
                    .unwrap_or_default();
                self.tracker_categories.extend(rows.into_iter().map(|row| row.id));
            }
            Folder::Sinks => {
                let rows = parse::<SinkFile>(file)
                    .map(|file| file.channel)
                    .unwrap_or_default();
                self.channels.extend(rows.into_iter().map(|row| row.id));
            }
            _ => {}
        }
    }
}

/// Keys of rows that were met, by table, with the place of the first.
#[derive(Default)]
struct Seen(FxHashMap<String, (PathBuf, usize)>);

/// One file under check.
struct Lint<'a> {
    file: &'a SourceFile,
    tree: Tree<'a>,
    known: &'a Known,
    seen: &'a mut Seen,
    out: Vec<Problem>,
}

impl Lint<'_> {
    /// Something that the program cannot load.
    fn say(&mut self, at: &[Step<'_>], what: String) {
        self.push(at, what, true);
    }

    /// Something that it can load, and that should be put right.
    fn warn(&mut self, at: &[Step<'_>], what: String) {
        self.push(at, what, false);
    }

    fn push(&mut self, at: &[Step<'_>], what: String, fatal: bool) {
        let line = self.tree.line(&self.file.text, at);
        self.out.push(Problem {
            file: self.file.path.clone(),
            line,
            what,
            fatal,
        });
    }

    /// A key may be there once in all files.
    fn once(&mut self, at: &[Step<'_>], table: &str, key: &str) {
        let line = self.tree.line(&self.file.text, at);
        let place = (self.file.path.clone(), line);
        if let Some((file, line)) = self.seen.0.insert(format!("{table}\0{key}"), place) {
            let file = file.display();
            self.warn(at, format!("`{key}` is there twice: see {file}:{line}"));
        }
    }

    fn known(&mut self, at: &[Step<'_>], what: &str, word: &str, list: fn(&Known) -> &FxHashSet<String>) {
        if !list(self.known).contains(word) {
            let mut words: Vec<&str> = list(self.known).iter().map(String::as_str).collect();
            words.sort_unstable();
            self.say(
                at,
                format!("unknown {what} `{word}`; there is: {}", words.join(", ")),
            );
        }
    }

    fn weight(&mut self, at: &[Step<'_>], weight: u8) {
        if weight > 10 {
            self.say(at, format!("weight {weight} is more than 10"));
        }
    }

    /// Each row says where it comes from, or the file does for all of its rows.
    fn sources(&mut self, at: &[Step<'_>], src: &[String], file: &[String]) {
        if src.is_empty() && file.is_empty() {
            self.warn(
                at,
                "no source: give `src` here or `sources` for the whole file".to_owned(),
            );
        }
        for code in src {
            if !self.known.sources.contains(code) {
                self.warn(at, format!("unknown source `{code}`: explain it in sources.toml"));
            }
        }
    }

    fn holds(&mut self, at: &[Step<'_>], what: &str, word: &str, test: fn(&str) -> bool) {
        if !test(word) {
            self.say(at, format!("`{word}` is no {what}"));
        }
    }
}

/// How many problems there are in each file, for a summary.
pub fn by_file(problems: &[Problem]) -> BTreeMap<&Path, usize> {
    let mut counts: BTreeMap<&Path, usize> = BTreeMap::new();
    for problem in problems {
        let count = counts.entry(&problem.file).or_default();
        *count = count.saturating_add(1);
    }
    counts
}

#[cfg(test)]
mod tests;
