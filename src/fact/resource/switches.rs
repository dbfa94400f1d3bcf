//! Switches of a package: in its preference screens, its resource table and its manifest.

use std::collections::BTreeMap;

use crate::artifact::arsc::{Package, Table};
use crate::artifact::manifest::{Manifest, Preference};
use crate::bytes::Place;
use crate::fact::{DefaultFrom, KnownSwitch, MAX_SITES, Site, Switch, SwitchKind, SwitchState};
use crate::rule::{Flag, FlagKind, Flags};

/// Bytes of a key that a signature may have; longer names are not looked up.
const MAX_KEY: usize = 512;
/// Switches kept of one package. The most met in a real one is 190.
const MAX_SWITCHES: usize = 20_000;
/// Characters of a default that are kept; real ones are a word.
const MAX_DEFAULT: usize = 500;

/// What identifies a switch of a package: its default is part of it, so that two screens which
/// disagree are two rows.
type Key = (SwitchKind, String, String, Option<String>);

/// Collects the switches of one package.
#[derive(Debug)]
pub struct Switches<'r> {
    flags: &'r Flags,
    found: BTreeMap<Key, Switch>,
    /// The package whose resources this one replaces.
    target: Option<String>,
    /// How many were not kept.
    dropped: u64,
}

impl<'r> Switches<'r> {
    /// Nothing found yet.
    pub fn new(flags: &'r Flags) -> Self {
        Self {
            flags,
            found: BTreeMap::new(),
            target: None,
            dropped: 0,
        }
    }

    /// Adds the rows of a preference screen at `place` that have a default: those that the signatures
    /// know, and of the rest those that are a plain on or off.
    pub fn preferences(&mut self, place: &Place, package: &str, rows: &[Preference]) {
        for row in rows {
            let Some(default) = row.default.as_deref() else {
                continue;
            };
            let known = self.known(FlagKind::Preference, &row.key, &[package]);
            if known.is_none() && !row.boolean {
                continue;
            }
            let line = match &row.title {
                Some(title) => format!(
                    "<{} key=\"{}\" defaultValue=\"{default}\" title=\"{title}\">",
                    row.tag, row.key
                ),
                None => format!("<{} key=\"{}\" defaultValue=\"{default}\">", row.tag, row.key),
            };
            let found = Found {
                kind: SwitchKind::Preference,
                namespace: "",
                key: &row.key,
                default,
                from: DefaultFrom::PreferenceXml,
                known,
            };
            self.add(found, || site(place, row.key.clone(), line));
        }
    }

    /// Adds the boolean, integer and string resources of the table at `place` that the signatures
    /// know, in every configuration. The [manifest](Self::manifest) of an overlay has to come before: its
    /// resources count as those of the package that it changes.
    pub fn table(&mut self, place: &Place, table: &Table<'_>) {
        let keys: Vec<Vec<u32>> = table.packages().iter().map(|p| self.known_keys(p)).collect();
        // Most tables have none: then the entries need not be looked at.
        if keys.iter().all(Vec::is_empty) {
            return;
        }
        let target = self.target.clone().unwrap_or_default();
        for named in table.values() {
            let package = table
                .packages()
                .iter()
                .position(|p| std::ptr::eq(p, named.package()));
            let wanted = package.and_then(|i| keys.get(i));
            if named.item.is_some() || wanted.is_none_or(|k| k.binary_search(&named.key()).is_err()) {
                continue;
            }
            let (Some(name), Some(kind)) = (named.name(), named.type_name()) else {
                continue;
            };
            let (name, kind) = (name.text(), kind.text());
            if !matches!(&*kind, "bool" | "integer" | "string") {
                continue;
            }
            let Some(known) = self.known(FlagKind::Resource, &name, &[&named.package().name, &target]) else {
                continue;
            };
            let default = table.text(named.value);
            let found = Found {
                kind: SwitchKind::Resource,
                namespace: &kind,
                key: &name,
                default: &default,
                from: DefaultFrom::Resource,
                known: Some(known),
            };
            let entry = named.entry();
            self.add(found, || {
                site(place, entry.clone(), format!("{entry} = {default}"))
            });
        }
    }

    /// Adds the meta-data and the attributes of the manifest at `place` that the signatures know.
    pub fn manifest(&mut self, place: &Place, manifest: &Manifest) {
        let package = manifest.package.as_str();
        self.target = manifest.overlay.as_ref().map(|o| o.target.clone());
        for row in &manifest.meta_data {
            let Some(known) = self.known(FlagKind::MetaData, &row.name, &[package]) else {
                continue;
            };
            let found = Found {
                kind: SwitchKind::MetaData,
                namespace: "",
                key: &row.name,
                default: &row.value,
                from: DefaultFrom::Manifest,
                known: Some(known),
            };
            let line = format!("<meta-data name=\"{}\" value=\"{}\">", row.name, row.value);
            self.add(found, || site(place, format!("meta-data[{}]", row.name), line));
        }
        for (name, value) in &manifest.attributes {
            let known = self.known(FlagKind::AppAttribute, name, &[package]);
            let Some(known) = known else { continue };
            let found = Found {
                kind: SwitchKind::AppAttribute,
                namespace: "",
                key: name,
                default: value,
                from: DefaultFrom::Manifest,
                known: Some(known),
            };
            self.add(found, || site(place, name.clone(), format!("{name}=\"{value}\"")));
        }
    }

    /// The switches, sorted, and how many more there were.
    pub fn finish(self) -> (Vec<Switch>, u64) {
        (self.found.into_values().collect(), self.dropped)
    }

    /// The row for a key, where it may stand in one of `places`.
    fn known(&self, kind: FlagKind, key: &str, places: &[&str]) -> Option<&'r Flag> {
        self.flags
            .all(kind, key)
            .find(|f| f.place.as_deref().is_none_or(|p| places.contains(&p)))
    }

    /// Indices of the entry names of a package that some row knows, sorted.
    fn known_keys(&self, package: &Package<'_>) -> Vec<u32> {
        let names = package.keys();
        let mut scratch = Vec::new();
        (0..names.len())
            .filter(|i| {
                let Some(name) = names.get(*i).filter(|n| n.size() <= MAX_KEY) else {
                    return false;
                };
                let name = std::str::from_utf8(name.utf8(&mut scratch));
                name.is_ok_and(|n| self.flags.lookup(FlagKind::Resource, n).is_some())
            })
            .collect()
    }

    fn add(&mut self, found: Found<'_>, site: impl FnOnce() -> Site) {
        let Found {
            kind,
            namespace,
            key,
            default,
            from,
            known,
        } = found;
        let end = default
            .char_indices()
            .nth(MAX_DEFAULT)
            .map_or(default.len(), |(at, _)| at);
        let default = default.get(..end).unwrap_or_default();
        let id = (
            kind,
            namespace.to_owned(),
            key.to_owned(),
            Some(default.to_owned()),
        );
        if !self.found.contains_key(&id) && self.found.len() >= MAX_SWITCHES {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let switch = self.found.entry(id).or_insert_with(|| Switch {
            kind,
            namespace: namespace.to_owned(),
            key: key.to_owned(),
            default: Some(default.to_owned()),
            from,
            state: state(default, known),
            known: known.map(|f| KnownSwitch {
                meaning: f.meaning.to_string(),
                vendor: f.vendor.to_string(),
                severity: f.severity.to_string(),
                on_value: f.on.to_string(),
            }),
            sites: Vec::new(),
            count: 0,
        });
        switch.count = switch.count.saturating_add(1);
        if switch.sites.len() < MAX_SITES {
            switch.sites.push(site());
        }
    }
}

struct Found<'a> {
    kind: SwitchKind,
    namespace: &'a str,
    key: &'a str,
    default: &'a str,
    from: DefaultFrom,
    known: Option<&'a Flag>,
}

/// What a default comes to: by the row's value for on, or as a plain yes or no.
fn state(default: &str, known: Option<&Flag>) -> SwitchState {
    let on = match known {
        Some(flag) => flag.is_on(default),
        None => match default {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
    };
    match on {
        // A reference that leads out of the table, or to nothing.
        _ if default.starts_with("@0x") || default.starts_with("?0x") => SwitchState::Unknown,
        Some(true) => SwitchState::On,
        Some(false) => SwitchState::Off,
        None => SwitchState::Unknown,
    }
}

fn site(place: &Place, entry: String, line: String) -> Site {
    Site {
        place: place.logical().into(),
        physical: place.physical().into(),
        entry: Some(entry.into()),
        lines: [line.into()].into(),
        ..Site::default()
    }
}
