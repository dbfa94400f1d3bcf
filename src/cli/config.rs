//! `phonehome.toml`, the environment and the flags, merged; each value knows where it came from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::bytes::{Budget, Glob, Limits};
use crate::judge::{self, GateTable, Policy, RuleTable};
use crate::scan;

use super::exit::shown;
use super::load::{regular, scan_error};
use super::{Error, Global};

/// The configuration file's name.
pub(super) const FILE: &str = "phonehome.toml";
/// The waivers file's name; it lies beside the configuration or the policy.
const WAIVERS: &str = "waivers.toml";

/// Options of a scan that have a place in the configuration file too.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ScanArgs {
    /// The older build that an incremental update was made from, in any form that is read; repeatable for updates
    /// of updates, the oldest first
    #[arg(long, value_name = "OLD", help_heading = "Selection")]
    pub(super) base: Vec<PathBuf>,
    /// Look at these places only; repeatable. GLOB is over names such as system:app/Mms.apk
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    only: Vec<String>,
    /// Leave these places alone; repeatable
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    skip: Vec<String>,
    #[command(flatten)]
    limits: LimitArgs,
}

/// Limits, as flags and as keys of the configuration file; see [`Limits`].
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Limits (hitting one is a gap in the report, not an error)")]
struct LimitArgs {
    /// Containers within containers [default: 16]
    #[arg(long, value_name = "N")]
    max_depth: Option<u32>,
    /// Output bytes per input byte of a compressed item beyond 256 MiB [default: 1000]
    #[arg(long, value_name = "N")]
    max_ratio: Option<u64>,
    /// Bytes of one item in memory [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_item: Option<u64>,
    /// Bytes decoded from one app and all that is nested in it [default: 1GiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_decoded: Option<u64>,
    /// Entries in all directories [default: 4194304]
    #[arg(long, value_name = "N")]
    max_entries: Option<u64>,
    /// Entries of one app and all that is nested in it [default: 1048576]
    #[arg(long, value_name = "N")]
    max_entries_per_file: Option<u64>,
    /// Packages nested in one app [default: 4096]
    #[arg(long, value_name = "N")]
    max_nested: Option<u64>,
    /// Bytes of decoded layers kept in memory; what is beyond goes to a temporary file or is decoded
    /// again [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
    /// Notices kept with their text; the rest is counted [default: 10000]
    #[arg(long, value_name = "N")]
    max_notices: Option<u64>,
}

/// The file, as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    scan: ScanTable,
    gate: GateTable,
    rules: BTreeMap<Spanned<String>, RuleTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct ScanTable {
    only: Option<Vec<String>>,
    skip: Option<Vec<String>>,
    threads: Option<usize>,
    signatures: Option<Vec<PathBuf>>,
    max_depth: Option<u32>,
    max_ratio: Option<u64>,
    max_item: Option<Size>,
    max_decoded: Option<Size>,
    max_entries: Option<u64>,
    max_entries_per_file: Option<u64>,
    max_nested: Option<u64>,
    max_notices: Option<u64>,
    memory: Option<Size>,
}

/// A size in the file: a number of bytes, or text such as `"256MiB"`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "toml::Value")]
struct Size(u64);

impl TryFrom<toml::Value> for Size {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::Integer(n) => u64::try_from(n).map(Self).map_err(|_| WRONG_SIZE.to_owned()),
            toml::Value::String(text) => size(&text).map(Self),
            _ => Err(WRONG_SIZE.to_owned()),
        }
    }
}

/// A configuration file that was read.
struct Found {
    /// As shown.
    name: String,
    /// Its folder.
    folder: PathBuf,
    source: String,
    file: File,
}

/// What holds for this run.
#[derive(Default)]
pub(super) struct Settings {
    /// Limits.
    pub(super) limits: Limits,
    /// Threads; 0 for one per core.
    pub(super) threads: usize,
    /// Places to look at; empty for all.
    pub(super) only: Vec<Glob>,
    /// Places to leave alone.
    pub(super) skip: Vec<Glob>,
    /// Older builds that inputs hold changes of.
    pub(super) base: Vec<PathBuf>,
    /// Folders of more signatures, later ones win.
    pub(super) signatures: Vec<PathBuf>,
    config: Option<Found>,
    /// Folders that may hold the waivers.
    ignored: Option<PathBuf>,
    origins: Vec<(&'static str, String, String)>,
}

impl Settings {
    /// Merges flags, environment and the configuration file. A file that lies inside one of the
    /// inputs is not ours: whoever made the input wrote it.
    pub(super) fn new(global: &Global, scan: &ScanArgs, inputs: &[&Path]) -> Result<Self, Error> {
        let mut settings = Self {
            base: scan.base.clone(),
            ..Self::default()
        };
        let lies_in = |path: &Path| {
            let mut all = inputs
                .iter()
                .copied()
                .chain(scan.base.iter().map(PathBuf::as_path));
            all.any(|input| is_inside(path, input))
        };
        let found = match (&global.config, global.isolated) {
            (Some(path), _) => Some(read(path)?),
            (None, true) => None,
            (None, false) => match discover() {
                Some(path) if lies_in(&path) => {
                    settings.ignored = Some(path);
                    None
                }
                Some(path) => Some(read(&path)?),
                None => None,
            },
        };
        let empty = ScanTable::default();
        let table = found.as_ref().map_or(&empty, |f| &f.file.scan);
        let from = found.as_ref().map_or("", |f| f.name.as_str()).to_owned();
        let folder = found.as_ref().map(|f| f.folder.clone()).unwrap_or_default();
        let mut pick = Pick {
            origins: Vec::new(),
            file: from,
        };
        let default = Limits::default();
        let flags = &scan.limits;
        let bytes = |size: Option<Size>| size.map(|s| s.0);
        settings.limits = Limits {
            depth: pick.one("max-depth", flags.max_depth, table.max_depth, default.depth),
            ratio: pick.one("max-ratio", flags.max_ratio, table.max_ratio, default.ratio),
            item: pick.one("max-item", flags.max_item, bytes(table.max_item), default.item),
            task: pick.one(
                "max-decoded",
                flags.max_decoded,
                bytes(table.max_decoded),
                default.task,
            ),
            entries: pick.one(
                "max-entries",
                flags.max_entries,
                table.max_entries,
                default.entries,
            ),
            listed: pick.one(
                "max-entries-per-file",
                flags.max_entries_per_file,
                table.max_entries_per_file,
                default.listed,
            ),
            nested: pick.one("max-nested", flags.max_nested, table.max_nested, default.nested),
            memory: pick.one("memory", flags.memory, bytes(table.memory), default.memory),
            notices: pick.one(
                "max-notices",
                flags.max_notices,
                table.max_notices,
                default.notices,
            ),
        };
        let flag = (
            global.threads,
            if global.threads_from_env {
                "environment"
            } else {
                "flag"
            },
        );
        settings.threads = pick.many("threads", flag.0.map(|n| (n, flag.1)), table.threads, 0);
        let flag = |list: &[String]| (!list.is_empty()).then(|| (list.to_vec(), "flag"));
        settings.only = globs(pick.many("only", flag(&scan.only), table.only.clone(), Vec::new()));
        settings.skip = globs(pick.many("skip", flag(&scan.skip), table.skip.clone(), Vec::new()));
        let from_flag = if global.signatures_from_env {
            "environment"
        } else {
            "flag"
        };
        let in_file = table
            .signatures
            .as_ref()
            .map(|list| list.iter().map(|p| folder.join(p)).collect());
        let flag = (!global.signatures.is_empty()).then(|| (global.signatures.clone(), from_flag));
        settings.signatures = pick.many("signatures", flag, in_file, Vec::new());
        settings.origins = pick.origins;
        settings.config = found;
        Ok(settings)
    }

    /// What this run may hold and do, with the images of older builds.
    pub(super) fn budget(&self) -> Result<Budget, Error> {
        self.base.iter().try_for_each(|base| regular(base))?;
        scan::budget(self.limits, &self.base).map_err(scan_error)
    }

    /// The configuration file that was passed over since it lies in the input.
    pub(super) fn ignored(&self) -> Option<&Path> {
        self.ignored.as_deref()
    }

    /// The policy: from its own file when one is named, else from the configuration. `known` gives
    /// the ids of the rules, and is asked only when the policy names some.
    pub(super) fn policy(
        &self,
        file: Option<&Path>,
        known: impl Fn() -> Result<Vec<String>, Error>,
    ) -> Result<Policy, Error> {
        let found = match (file, &self.config) {
            (Some(path), _) => &read_as_policy(path)?,
            (None, Some(found)) => found,
            (None, None) => return Ok(Policy::default()),
        };
        let read = |ids: &[&str]| match file {
            Some(_) => Policy::read(&found.name, &found.source, ids),
            None => Policy::from_tables(
                &found.name,
                &found.source,
                &found.file.gate,
                &found.file.rules,
                ids,
            ),
        };
        let policy = read(&[])?;
        if policy.deny.is_empty() && policy.severities.is_empty() {
            return Ok(policy);
        }
        let ids = known()?;
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        Ok(read(&ids)?)
    }

    /// The waivers' file, as shown, and its text: the one that was named, else the one beside the
    /// policy or the configuration, if there is one.
    pub(super) fn waivers(
        &self,
        named: Option<&Path>,
        policy: Option<&Path>,
    ) -> Result<Option<(String, String)>, Error> {
        let beside = |path: &Path| path.parent().map(|folder| folder.join(WAIVERS));
        let found = match (named, policy, &self.config) {
            (Some(path), ..) => Some(path.to_owned()),
            (None, Some(path), _) => beside(path).filter(|p| p.is_file()),
            (None, None, Some(found)) => Some(found.folder.join(WAIVERS)).filter(|p| p.is_file()),
            (None, None, None) => None,
        };
        match found {
            Some(path) => Ok(Some((shown(&path), text(&path)?))),
            None => Ok(None),
        }
    }

    /// All values with where they came from, a line each.
    pub(super) fn show(&self, policy: &Policy) -> String {
        let mut out = String::new();
        let file = self.config.as_ref().map_or("none", |f| f.name.as_str());
        out.push_str(&format!("# configuration file: {file}\n"));
        if let Some(path) = &self.ignored {
            out.push_str(&format!("# not read, as it lies in the input: {}\n", shown(path)));
        }
        out.push_str("\n[scan]\n");
        for (key, value, origin) in &self.origins {
            out.push_str(&format!("{:<40} # {origin}\n", format!("{key} = {value}")));
        }
        let origin = self
            .config
            .as_ref()
            .map_or_else(|| "default".to_owned(), |f| format!("{}, else default", f.name));
        out.push_str(&format!("\n[gate] # {origin}\n"));
        out.push_str(&format!("fail-on = \"{}\"\n", policy.fail_on));
        match policy.max_score {
            Some(score) => out.push_str(&format!("max-score = {score}\n")),
            None => out.push_str("# max-score: no limit\n"),
        }
        out.push_str(&format!("min-coverage = {}\n", policy.min_coverage));
        let globs = |list: &[Glob]| format!("{:?}", list.iter().map(Glob::as_str).collect::<Vec<_>>());
        out.push_str(&format!("deny = {}\n", globs(&policy.deny)));
        match &policy.owners {
            Some(owners) => out.push_str(&format!("owners.allow = {owners:?}\n")),
            None => out.push_str("# owners.allow: anybody\n"),
        }
        out.push_str(&format!("accept-unread = {}\n", globs(&policy.accept_unread)));
        for (rule, severity) in &policy.severities {
            out.push_str(&format!(
                "\n[rules.{rule:?}]\nseverity = \"{}\"\n",
                judge::severity_name(*severity)
            ));
        }
        out
    }
}

/// Chooses a value and remembers where it came from.
struct Pick {
    origins: Vec<(&'static str, String, String)>,
    file: String,
}

impl Pick {
    fn one<T: std::fmt::Debug>(
        &mut self,
        key: &'static str,
        flag: Option<T>,
        file: Option<T>,
        default: T,
    ) -> T {
        self.many(key, flag.map(|value| (value, "flag")), file, default)
    }

    fn many<T: std::fmt::Debug>(
        &mut self,
        key: &'static str,
        flag: Option<(T, &str)>,
        file: Option<T>,
        default: T,
    ) -> T {
        let (value, origin) = match (flag, file) {
            (Some((value, origin)), _) => (value, origin.to_owned()),
            (None, Some(value)) => (value, self.file.clone()),
            (None, None) => (default, "default".to_owned()),
        };
        self.origins.push((key, format!("{value:?}"), origin));
        value
    }
}

fn globs(list: Vec<String>) -> Vec<Glob> {
    list.iter().map(|text| Glob::new(text)).collect()
}

/// The nearest configuration file from the working folder up to the repository's root; without a
/// repository only the working folder counts, as what lies above it is anybody's.
fn discover() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let root = here
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(&here);
    here.ancestors()
        .take_while(|folder| folder.starts_with(root))
        .map(|folder| folder.join(FILE))
        .find(|path| path.is_file())
}

fn is_inside(path: &Path, input: &Path) -> bool {
    match (path.canonicalize(), input.canonicalize()) {
        (Ok(path), Ok(input)) => path.starts_with(input),
        _ => false,
    }
}

fn read(path: &Path) -> Result<Found, Error> {
    let source = text(path)?;
    let name = shown(path);
    let file = judge::parse(&name, &source)?;
    Ok(Found {
        name,
        folder: parent(path),
        source,
        file,
    })
}

/// A policy file is checked by the judge; of its own tables only the text is needed.
fn read_as_policy(path: &Path) -> Result<Found, Error> {
    Ok(Found {
        name: shown(path),
        folder: parent(path),
        source: text(path)?,
        file: File::default(),
    })
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

fn text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path)
        .map_err(|e| Error::usage(format!("{} cannot be read: {e}", shown(path))).help("check the name"))
}

const WRONG_SIZE: &str = "a number of bytes is wanted, like 512MiB, 2GiB or 1000000";

/// Reads a size: `2GiB`, `512M`, `1000000`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let one: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(WRONG_SIZE.to_owned()),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(one))
        .ok_or_else(|| WRONG_SIZE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("64 m"), Ok(64 << 20));
        assert_eq!(size("1000"), Ok(1000));
        for wrong in ["", "GiB", "-1", "1.5G", "99999999999G", "1 parsec"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
