//! Switches that are known: what turns telemetry, advertising, cloud and diagnostics on.

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::row::{Namespace, SwitchFile};

/// Where a switch lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlagKind {
    /// A key of `Settings.System`, `.Secure` or `.Global`.
    Settings,
    /// A key of SharedPreferences or of a preference screen.
    Preference,
    /// A system property.
    Property,
    /// A boolean, integer or string resource.
    Resource,
    /// A `<meta-data>` key of the manifest.
    MetaData,
    /// An attribute of the manifest's application.
    AppAttribute,
    /// A service started by init.
    InitService,
    /// A key of a configuration file (`gps.conf` …).
    ConfigFile,
    /// A key of the carrier configuration.
    CarrierConfig,
    /// A file whose presence decides.
    File,
    /// A call of an SDK; it is on unless a call says otherwise.
    Call,
}

/// A switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Where it lives.
    pub kind: FlagKind,
    /// Namespace, for a key of Settings.
    pub namespace: Option<Namespace>,
    /// The key.
    pub key: Box<str>,
    /// Which package, file or group of keys holds it; `None` when any may.
    pub place: Option<Box<str>>,
    /// Whose it is.
    pub vendor: Box<str>,
    /// What it turns on.
    pub meaning: Box<str>,
    /// The value that means on: a value, `present`, `any`, `>0` …
    pub on: Box<str>,
    /// What holds when the key is absent, as far as it is known; in words where it differs by reader.
    pub absent: Box<str>,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: Box<str>,
    /// What this rests on.
    pub evidence: Option<Box<str>>,
}

impl Flag {
    /// Whether a value means on; `None` when the row cannot tell.
    pub fn is_on(&self, value: &str) -> Option<bool> {
        let value = value.trim();
        match &*self.on {
            "any" | "present" | "any host" => Some(!value.is_empty()),
            ">0" => value.parse::<i64>().ok().map(|n| n > 0),
            on => match (truth(on), truth(value)) {
                (Some(on), Some(value)) => Some(on == value),
                // Neither reads as yes or no: text against text.
                (None, _) => Some(on.eq_ignore_ascii_case(value)),
                (Some(_), None) => None,
            },
        }
    }
}

/// `1`, `true`, `on`, `yes`, and their opposites, as Android's own parsers take them.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "true" | "on" | "y" | "yes" | "ON" | "TRUE" | "True" => Some(true),
        "0" | "false" | "off" | "n" | "no" | "OFF" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The table of switches.
#[derive(Debug, Default)]
pub struct Flags {
    rows: Vec<Flag>,
    by_key: FxHashMap<FlagKind, FxHashMap<Box<str>, Vec<usize>>>,
}

impl Flags {
    /// The first row for a key.
    pub fn lookup(&self, kind: FlagKind, key: &str) -> Option<&Flag> {
        self.all(kind, key).next()
    }

    /// Every row for a key: the same key may mean other things in other namespaces or packages.
    pub fn all(&self, kind: FlagKind, key: &str) -> impl Iterator<Item = &Flag> {
        let rows = self.by_key.get(&kind).and_then(|keys| keys.get(key));
        rows.into_iter().flatten().filter_map(|row| self.rows.get(*row))
    }

    /// The row for a key of Settings. Without a namespace, any fits.
    pub fn settings(&self, namespace: Option<Namespace>, key: &str) -> Option<&Flag> {
        self.all(FlagKind::Settings, key)
            .find(|row| namespace.is_none() || row.namespace.is_none() || row.namespace == namespace)
    }

    /// All rows, in the order of the files.
    pub fn rows(&self) -> impl Iterator<Item = &Flag> {
        self.rows.iter()
    }

    pub(super) fn add(&mut self, file: SwitchFile) {
        for row in file.switch {
            let flag = Flag {
                kind: row.kind,
                namespace: row.namespace,
                key: row.key.into(),
                place: row.place.map(Into::into),
                vendor: row
                    .vendor
                    .or_else(|| file.vendor.clone())
                    .unwrap_or_default()
                    .into(),
                meaning: row.meaning.into(),
                on: row.on.into(),
                absent: row.absent.into(),
                severity: row.severity.into(),
                evidence: row.evidence.map(Into::into),
            };
            let rows = self
                .by_key
                .entry(flag.kind)
                .or_default()
                .entry(flag.key.clone())
                .or_default();
            let same = rows.iter().copied().find(|at| {
                self.rows
                    .get(*at)
                    .is_some_and(|old| old.namespace == flag.namespace && old.place == flag.place)
            });
            match same.and_then(|at| self.rows.get_mut(at)) {
                Some(old) => *old = flag,
                None => {
                    rows.push(self.rows.len());
                    self.rows.push(flag);
                }
            }
        }
    }
}
