//! Files → tables: the packed ones of the program, then those of `--signatures DIR`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::row::{
    HostFile, IdentifierFile, LifecycleFile, ModelFile, PackageFile, PermissionFile, PropagatorFile,
    SinkFile, SwitchFile, TrackerFile, TriggerFile,
};
use super::weight::Weights;
use super::{FindingRule, RuleError, Rules, WordFile, check};

/// A signature file is written by hand; the largest of ours has some 100 kB.
const MAX_FILE: u64 = 16 << 20;
/// Files in one folder of signatures.
const MAX_FILES: usize = 4096;
/// Folders within folders.
const MAX_DEPTH: usize = 8;

/// What to do about a file that says something wrong.
const HINT: &str =
    "see signatures/README.md for the keys of each file; `phonehome signatures check DIR` lists all problems";

/// A folder of `signatures/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Folder {
    Endpoints,
    Hosts,
    Identifiers,
    Lifecycles,
    Models,
    Packages,
    Permissions,
    Propagators,
    Rules,
    Sinks,
    Switches,
    Trackers,
    Triggers,
    Weights,
}

impl Folder {
    pub(super) const ALL: [Self; 14] = [
        Self::Endpoints,
        Self::Hosts,
        Self::Identifiers,
        Self::Lifecycles,
        Self::Models,
        Self::Packages,
        Self::Permissions,
        Self::Propagators,
        Self::Rules,
        Self::Sinks,
        Self::Switches,
        Self::Trackers,
        Self::Triggers,
        Self::Weights,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Endpoints => "endpoints",
            Self::Hosts => "hosts",
            Self::Identifiers => "identifiers",
            Self::Lifecycles => "lifecycles",
            Self::Models => "models",
            Self::Packages => "packages",
            Self::Permissions => "permissions",
            Self::Propagators => "propagators",
            Self::Rules => "rules",
            Self::Sinks => "sinks",
            Self::Switches => "switches",
            Self::Trackers => "trackers",
            Self::Triggers => "triggers",
            Self::Weights => "weights",
        }
    }

    fn packed(self) -> &'static [u8] {
        macro_rules! packed {
            ($name:literal) => {
                include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".json"))
            };
        }
        match self {
            Self::Endpoints => packed!("endpoints"),
            Self::Hosts => packed!("hosts"),
            Self::Identifiers => packed!("identifiers"),
            Self::Lifecycles => packed!("lifecycles"),
            Self::Models => packed!("models"),
            Self::Packages => packed!("packages"),
            Self::Permissions => packed!("permissions"),
            Self::Propagators => packed!("propagators"),
            Self::Rules => packed!("rules"),
            Self::Sinks => packed!("sinks"),
            Self::Switches => packed!("switches"),
            Self::Trackers => packed!("trackers"),
            Self::Triggers => packed!("triggers"),
            Self::Weights => packed!("weights"),
        }
    }
}

/// One file below a folder of signatures.
pub(super) struct SourceFile {
    /// For messages.
    pub(super) path: PathBuf,
    /// Which folder it is in.
    pub(super) folder: Folder,
    /// Path below that folder without the ending, `/` between the parts.
    pub(super) name: String,
    /// What it says.
    pub(super) text: String,
}

/// All files of one table, in the order in which they count.
struct Files<T>(Vec<T>);

/// A packed file: its name and what it says.
#[derive(Deserialize)]
struct Packed<T>(String, T);

impl<T: DeserializeOwned> Files<T> {
    fn read(folder: Folder, extra: &[SourceFile]) -> Result<Self, RuleError> {
        let mut files: Vec<T> = packed(folder)?.into_iter().map(|Packed(_, file)| file).collect();
        for file in extra.iter().filter(|file| file.folder == folder) {
            files.push(parse(file)?);
        }
        Ok(Self(files))
    }
}

fn packed<T: DeserializeOwned>(folder: Folder) -> Result<Vec<Packed<T>>, RuleError> {
    serde_json::from_slice(folder.packed()).map_err(|e| RuleError {
        file: Path::new("signatures").join(folder.name()),
        at: None,
        what: e.to_string(),
        hint: "these files are part of the program: it was built from files that its tests reject",
    })
}

/// Reads a file that is not of rows.
pub(super) fn toml_file<T: DeserializeOwned>(path: &Path) -> Result<T, RuleError> {
    let text = read_text(path)?;
    toml::from_str(&text).map_err(|e| toml_error(path, &text, &e))
}

/// Reads a file of rows.
pub(super) fn parse<T: DeserializeOwned>(file: &SourceFile) -> Result<T, RuleError> {
    toml::from_str(&file.text).map_err(|e| toml_error(&file.path, &file.text, &e))
}

/// Reads a rule; the id is its path, with dots.
pub(super) fn parse_rule(file: &SourceFile) -> Result<FindingRule, RuleError> {
    let id = file.name.replace('/', ".");
    FindingRule::parse(&id, &file.text).map_err(|e| toml_error(&file.path, &file.text, &e))
}

fn toml_error(path: &Path, text: &str, error: &toml::de::Error) -> RuleError {
    RuleError {
        file: path.to_owned(),
        at: error.span().map(|span| position(text, span.start)),
        what: error.message().trim_end().replace('\n', "; "),
        hint: HINT,
    }
}

/// Line and column of an offset, both from 1; columns count characters.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before
        .bytes()
        .filter(|byte| *byte == b'\n')
        .count()
        .saturating_add(1);
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        .saturating_add(1);
    (line, column)
}

impl Rules {
    /// The signatures that the program was built with.
    ///
    /// # Errors
    /// Only if it was built from files that its own tests reject.
    pub fn bundled() -> Result<Self, RuleError> {
        Self::load(&[])
    }

    /// The signatures of the program, then those of each folder: a row with the key of an earlier one
    /// replaces it.
    ///
    /// # Errors
    /// A folder that cannot be read, a file that is no TOML, a key or a word that does not exist.
    pub fn load(extra: &[PathBuf]) -> Result<Self, RuleError> {
        let mut files = Vec::new();
        for dir in extra {
            files.extend(read_folder(dir)?);
        }
        let mut rules = Self {
            hash: hash(&files),
            ..Self::default()
        };

        let mut identifiers = Files::<IdentifierFile>::read(Folder::Identifiers, &files)?.0;
        for file in &mut identifiers {
            rules.identifiers.add_categories(file);
        }
        identifiers
            .into_iter()
            .for_each(|file| rules.identifiers.add(file));
        rules.identifiers.seal();

        let Files(sinks) = Files::<SinkFile>::read(Folder::Sinks, &files)?;
        sinks.into_iter().for_each(|file| rules.sinks.add(file));
        let Files(propagators) = Files::<PropagatorFile>::read(Folder::Propagators, &files)?;
        propagators
            .into_iter()
            .for_each(|file| rules.sinks.add_propagators(file));
        let Files(models) = Files::<ModelFile>::read(Folder::Models, &files)?;
        models.into_iter().for_each(|file| rules.models.add(file));
        let Files(words) = Files::<WordFile>::read(Folder::Endpoints, &files)?;
        words.into_iter().for_each(|file| rules.words.add(file));
        let Files(hosts) = Files::<HostFile>::read(Folder::Hosts, &files)?;
        hosts.into_iter().for_each(|file| rules.hosts.add(file));
        let Files(trackers) = Files::<TrackerFile>::read(Folder::Trackers, &files)?;
        trackers.into_iter().for_each(|file| rules.trackers.add(file));
        let Files(permissions) = Files::<PermissionFile>::read(Folder::Permissions, &files)?;
        permissions
            .into_iter()
            .for_each(|file| rules.permissions.add(file));
        let Files(packages) = Files::<PackageFile>::read(Folder::Packages, &files)?;
        packages.into_iter().for_each(|file| rules.packages.add(file));
        let Files(switches) = Files::<SwitchFile>::read(Folder::Switches, &files)?;
        switches.into_iter().for_each(|file| rules.flags.add(file));
        let Files(lifecycles) = Files::<LifecycleFile>::read(Folder::Lifecycles, &files)?;
        lifecycles.into_iter().for_each(|file| rules.lifecycles.add(file));
        let Files(triggers) = Files::<TriggerFile>::read(Folder::Triggers, &files)?;
        triggers.into_iter().for_each(|file| rules.triggers.add(file));

        // Numbers only make sense together: the last file replaces all of them.
        rules.weights = Files::<Weights>::read(Folder::Weights, &files)?
            .0
            .pop()
            .unwrap_or_default();

        for Packed(name, mut rule) in packed::<FindingRule>(Folder::Rules)? {
            rule.id = name.replace('/', ".");
            rules.findings.push(rule);
        }
        for file in files.iter().filter(|file| file.folder == Folder::Rules) {
            let rule = parse_rule(file)?;
            rules.findings.retain(|old| old.id != rule.id);
            rules.findings.push(rule);
        }
        rules.findings.sort_by(|a, b| a.id.cmp(&b.id));
        if files.is_empty() {
            return Ok(rules);
        }
        // What the types cannot say: words of closed lists, names, descriptors.
        match check::lint(&files, &[]).into_iter().find(|problem| problem.fatal) {
            Some(problem) => Err(RuleError {
                file: problem.file,
                at: Some((problem.line, 1)),
                what: problem.what,
                hint: HINT,
            }),
            None => Ok(rules),
        }
    }
}

/// Digits of [`Rules::hash`]: 64 bits tell any two sets of signatures apart that meet in one report.
const HASH_DIGITS: usize = 16;

fn hash(extra: &[SourceFile]) -> String {
    let mut hasher = blake3::Hasher::new();
    for folder in Folder::ALL {
        hasher.update(folder.packed());
    }
    for file in extra {
        // Lengths first, so that no two sets of files read the same.
        for part in [file.folder.name(), &file.name, &file.text] {
            hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    let mut hex = hasher.finalize().to_hex().to_string();
    hex.truncate(HASH_DIGITS);
    hex
}

/// Every signature file below a folder that is laid out like `signatures/`, sorted by path.
pub(super) fn read_folder(dir: &Path) -> Result<Vec<SourceFile>, RuleError> {
    let mut paths = Vec::new();
    let mut open = vec![(dir.to_owned(), 0_usize)];
    while let Some((at, depth)) = open.pop() {
        for entry in fs::read_dir(&at).map_err(|e| unreadable(&at, &e))? {
            let path = entry.map_err(|e| unreadable(&at, &e))?.path();
            if path.is_dir() {
                if depth < MAX_DEPTH {
                    open.push((path, depth.saturating_add(1)));
                }
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                paths.push(path);
            }
        }
        if paths.len() > MAX_FILES {
            return Err(error(
                dir,
                format!("more than {MAX_FILES} files"),
                "is this a folder of signatures?",
            ));
        }
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let below = path.strip_prefix(dir).unwrap_or(&path);
        if below == Path::new("retired.toml") || below == Path::new("sources.toml") {
            continue;
        }
        files.push(read_file(&path, below)?);
    }
    Ok(files)
}

/// Reads one file; `below` is its path below a folder of signatures.
pub(super) fn read_file(path: &Path, below: &Path) -> Result<SourceFile, RuleError> {
    let mut parts = below.components().map(|part| part.as_os_str().to_str());
    let first = parts.next().flatten().unwrap_or_default();
    let folder = Folder::ALL.into_iter().find(|folder| folder.name() == first);
    let Some(folder) = folder.filter(|_| parts.next().is_some()) else {
        return Err(error(
            path,
            "not in a folder that says what it holds".to_owned(),
            "put it below endpoints, hosts, identifiers, lifecycles, models, packages, permissions, propagators, rules, sinks, switches, trackers, triggers or weights",
        ));
    };
    let name = below
        .strip_prefix(folder.name())
        .unwrap_or(below)
        .with_extension("");
    let Some(name) = name.to_str() else {
        return Err(error(
            path,
            "its name is not UTF-8".to_owned(),
            "use letters, digits and `-` in names",
        ));
    };
    let name = name.replace(std::path::MAIN_SEPARATOR, "/");
    let text = read_text(path)?;
    Ok(SourceFile {
        path: path.to_owned(),
        folder,
        name,
        text,
    })
}

fn read_text(path: &Path) -> Result<String, RuleError> {
    let size = fs::metadata(path).map_err(|e| unreadable(path, &e))?.len();
    if size > MAX_FILE {
        return Err(error(
            path,
            format!("{size} bytes, at most {MAX_FILE}"),
            "split it",
        ));
    }
    fs::read_to_string(path).map_err(|e| unreadable(path, &e))
}

fn unreadable(path: &Path, e: &std::io::Error) -> RuleError {
    error(
        path,
        e.to_string(),
        "--signatures takes a folder laid out like signatures/ of the program",
    )
}

fn error(path: &Path, what: String, hint: &'static str) -> RuleError {
    RuleError {
        file: path.to_owned(),
        at: None,
        what,
        hint,
    }
}
