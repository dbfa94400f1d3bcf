//! `phonehome.toml`, the environment and the flags, merged; each value knows where it came from.

mod args;
mod file;
mod size;

use std::path::{Path, PathBuf};

use crate::bytes::{Budget, Glob, Limits};
use crate::judge::{self, Policy};
use crate::scan;

use super::exit::shown;
use super::load::{regular, scan_error};
use super::{Error, Global};
use file::{Found, ScanTable, discover, is_inside, read, read_as_policy, text};
use size::Size;

pub(super) use args::ScanArgs;

/// The configuration file's name.
pub(super) const FILE: &str = "phonehome.toml";
/// The waivers file's name; it lies beside the configuration or the policy.
const WAIVERS: &str = "waivers.toml";

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
    /// Follow identifiers to where they leave.
    pub(super) flows: bool,
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
            flows: scan.flows,
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
