//! What resources say: strings that may be an address or a key, and switches with their defaults.
//!
//! Strings are handed out one by one, borrowed, each once per file; who takes them decides what they
//! are. Switches are collected by [`Switches`]: preferences by the screen that shows them, resources,
//! meta-data and application attributes as far as the signatures know them.

use std::collections::BTreeMap;

use crate::artifact::arsc::{Package, Table};
use crate::artifact::axml::Xml;
use crate::artifact::manifest::{Manifest, Preference};
use crate::bytes::{Gap, Place};
use crate::rule::{Flag, FlagKind, Flags};

use super::{DefaultFrom, KnownSwitch, MAX_SITES, Site, Switch, SwitchKind, SwitchState};

/// What stands for a resource's name where only the string could be saved from a damaged file.
const SALVAGED: &str = "string pool (salvaged)";
/// Bytes of a key that a signature may have; longer names are not looked up.
const MAX_KEY: usize = 512;
/// Switches kept of one package. The most met in a real one is 190.
const MAX_SWITCHES: usize = 20_000;
/// Characters of a default that are kept; real ones are a word.
const MAX_DEFAULT: usize = 500;

/// Hands out every string that an entry of the table refers to, once, with a function that names the
/// resource: `string/server`, `string-zh-rCN/host`. When entries could not be read, what is left
/// in the pool follows. Returns what could not be read, the table's structure included.
pub fn table_strings(table: &Table<'_>, visit: &mut dyn FnMut(&[u8], &dyn Fn() -> String)) -> Vec<Gap> {
    let mut scratch = Vec::new();
    let mut strings = table.each_string();
    for (string, named) in &mut strings {
        visit(string.utf8(&mut scratch), &|| named.entry());
    }
    let mut gaps = table.gaps().to_vec();
    gaps.extend(strings.gaps().iter().cloned());
    if gaps.iter().any(Gap::is_loss) {
        for string in strings.rest() {
            visit(string.utf8(&mut scratch), &|| SALVAGED.to_owned());
        }
    }
    gaps
}

/// Hands out every string of a compiled document that is the value of an attribute or a text, once,
/// with a function that names the place: `meta-data[com.example.KEY]:value`. When the document could
/// not be read to its end, what is left in its pool follows. Returns what could not be read.
pub fn xml_strings(xml: &Xml<'_>, visit: &mut dyn FnMut(&[u8], &dyn Fn() -> String)) -> Vec<Gap> {
    let mut scratch = Vec::new();
    let mut strings = xml.each_string();
    for (string, spot) in &mut strings {
        visit(string.utf8(&mut scratch), &|| spot.entry());
    }
    let gaps = strings.gaps().to_vec();
    if gaps.iter().any(Gap::is_loss) {
        for string in strings.rest() {
            visit(string.utf8(&mut scratch), &|| SALVAGED.to_owned());
        }
    }
    gaps
}

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
        place: place.logical().to_owned(),
        physical: place.physical().to_owned(),
        entry: Some(entry),
        lines: vec![line],
        ..Site::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::build::{TableBuilder, Val, XmlBuilder};
    use crate::artifact::manifest::{Overlay, preferences};
    use crate::rule::Rules;

    fn rules() -> Rules {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("switches")).unwrap();
        let row = |kind: &str, key: &str, place: &str, on: &str| {
            format!(
                "[[switch]]\nkind = \"{kind}\"\nkey = \"{key}\"\n{place}on = \"{on}\"\nvendor = \"V\"\n\
                 meaning = \"m\"\nabsent = \"\"\nseverity = \"low\"\nsrc = [\"own\"]\n\n"
            )
        };
        let text = [
            row("resource", "zz_def_flag", "where = \"a.b\"\n", "false"),
            row("meta-data", "zz.meta", "", "true"),
            row("preference", "zz_text", "", "wifi"),
        ];
        std::fs::write(dir.path().join("switches/t.toml"), text.concat()).unwrap();
        Rules::load(&[dir.path().to_owned()]).unwrap()
    }

    fn rows(switches: Switches<'_>) -> Vec<(String, String, SwitchState, bool)> {
        let (rows, dropped) = switches.finish();
        assert_eq!(dropped, 0);
        let known = |s: &Switch| s.known.is_some();
        rows.iter()
            .map(|s| (s.key.clone(), s.default.clone().unwrap(), s.state, known(s)))
            .collect()
    }

    #[test]
    fn resources_count_in_the_package_that_the_row_names() {
        let rules = rules();
        let place = Place::root("resources.arsc");
        let table = |name: &str| {
            let mut t = TableBuilder::new(0x7f, name);
            t.add("bool", "zz_def_flag", false.into());
            t.add_for("zh", "bool", "zz_def_flag", true.into());
            t.add("bool", "other", true.into());
            t.build()
        };
        let of = |name: &str, target: Option<&str>| {
            let mut s = Switches::new(&rules.flags);
            let data = table(name);
            let overlay = target.map(|t| Overlay {
                target: t.to_owned(),
                is_static: true,
                priority: 0,
            });
            s.manifest(
                &place,
                &Manifest {
                    overlay,
                    ..Manifest::default()
                },
            );
            s.table(&place, &Table::open(&data));
            rows(s)
        };
        let expect = [
            (
                "zz_def_flag".to_owned(),
                "false".to_owned(),
                SwitchState::On,
                true,
            ),
            (
                "zz_def_flag".to_owned(),
                "true".to_owned(),
                SwitchState::Off,
                true,
            ),
        ];
        assert_eq!(of("a.b", None), expect);
        assert_eq!(of("c.d", None), []);
        assert_eq!(of("c.d", Some("a.b")), expect);
    }

    #[test]
    fn a_preference_is_kept_when_it_is_on_or_off_or_known() {
        let rules = rules();
        let pref =
            |key: &str, default: Val| [("android:key", Val::from(key)), ("android:defaultValue", default)];
        let data = XmlBuilder::new()
            .open("PreferenceScreen", &[])
            .empty("CheckBoxPreference", &pref("box", true.into()))
            .empty("ListPreference", &pref("list", "3".into()))
            .empty("ListPreference", &pref("zz_text", "wifi".into()))
            .empty("CheckBoxPreference", &pref("framework", Val::Ref(0x1005_0001)))
            .build();
        let (found, _) = preferences(&Xml::open(&data), None);
        let mut s = Switches::new(&rules.flags);
        s.preferences(&Place::root("res/xml/p.xml"), "a.b", &found);
        s.preferences(&Place::root("res/xml-v11/p.xml"), "a.b", &found);
        let (all, _) = s.finish();
        assert_eq!(all.iter().map(|s| s.count).collect::<Vec<_>>(), [2, 2]);
        let line = "<CheckBoxPreference key=\"box\" defaultValue=\"true\">";
        assert_eq!(all[0].sites[0].lines, [line]);
        assert_eq!((all[0].state, all[1].state), (SwitchState::On, SwitchState::On));
        assert_eq!(all[1].key, "zz_text");
    }

    #[test]
    fn meta_data_counts_when_the_signatures_know_it() {
        let rules = rules();
        let meta = |name: &str| {
            [
                ("android:name", Val::from(name)),
                ("android:value", Val::Bool(true)),
            ]
        };
        let data = XmlBuilder::new()
            .open("manifest", &[("package", "a.b".into())])
            .open("application", &[])
            .empty("meta-data", &meta("zz.meta"))
            .empty("meta-data", &meta("other"))
            .build();
        let mut s = Switches::new(&rules.flags);
        s.manifest(
            &Place::root("AndroidManifest.xml"),
            &Manifest::read(&Xml::open(&data), None),
        );
        assert_eq!(
            rows(s),
            [("zz.meta".to_owned(), "true".to_owned(), SwitchState::On, true)]
        );
    }

    #[test]
    fn a_damaged_file_gives_up_its_strings_all_the_same() {
        let mut t = TableBuilder::new(0x7f, "a");
        t.add("string", "s", "http://x".into());
        let mut data = t.build();
        data.truncate(data.len() - 8);
        let mut seen = Vec::new();
        let gaps = table_strings(&Table::open(&data), &mut |s, entry| {
            seen.push((String::from_utf8_lossy(s).into_owned(), entry()));
        });
        assert!(gaps.iter().any(Gap::is_loss));
        assert_eq!(seen, [("http://x".to_owned(), SALVAGED.to_owned())]);
    }

    #[test]
    fn strings_of_a_document_come_with_their_place() {
        let data = XmlBuilder::new()
            .utf16()
            .open("a", &[("b", "http://x".into())])
            .build();
        let mut seen = Vec::new();
        let gaps = xml_strings(&Xml::open(&data), &mut |s, entry| {
            seen.push((s.to_vec(), entry()))
        });
        assert!(gaps.is_empty());
        assert_eq!(seen, [(b"http://x".to_vec(), "a:b".to_owned())]);
    }
}
