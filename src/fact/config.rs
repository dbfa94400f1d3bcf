//! What configuration says: properties, services that init starts, keys of GPS and other `.conf`
//! files, and the hosts that any of them name.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use memchr::{memchr, memchr_iter};

use super::endpoint::{Endpoints, Finder};
use super::model::{DefaultFrom, KnownSwitch, Site, Source, Switch, SwitchKind, SwitchState};
use crate::artifact::{initrc, props, textxml};
use crate::bytes::{Gap, Place};
use crate::rule::{Flag, FlagKind, Rules};

/// Bytes of a line that evidence shows.
const SHOWN: usize = 200;
/// Ours: a line of a `.conf` file that is looked at for a key.
const MAX_LINE: usize = 4096;

/// What one file of configuration says, endpoints apart.
#[derive(Debug, Default)]
pub struct ConfigFacts {
    /// Properties that it sets.
    pub properties: BTreeMap<String, String>,
    /// Switches that the signatures know.
    pub switches: Vec<Switch>,
    /// What could not be read, and what is odd.
    pub gaps: Vec<Gap>,
}

/// What reading a file needs: where it is, what is known, where endpoints go.
#[derive(Debug)]
pub struct Reading<'a, 'r> {
    /// Where the file is.
    pub place: &'a Place,
    /// What is known.
    pub rules: &'r Rules,
    /// Finds hosts.
    pub finder: &'a Finder<'r>,
    /// Takes them.
    pub endpoints: &'a mut Endpoints,
    /// Where the hosts are said to come from: [`Source::Config`] for a file of the build,
    /// [`Source::Asset`] for one in a package.
    pub source: Source,
}

impl Reading<'_, '_> {
    /// Reads a property file.
    pub fn properties(&mut self, file: &[u8]) -> ConfigFacts {
        let read = props::parse(file);
        let mut facts = ConfigFacts {
            gaps: read.gaps,
            ..ConfigFacts::default()
        };
        for entry in &read.entries {
            let site = site(
                self.place,
                &format!("line {}", entry.line),
                &format!("{}={}", entry.key, entry.value),
            );
            self.endpoints
                .text(self.finder, entry.value.as_bytes(), self.source, false, |_| {
                    site.clone()
                });
            if let Some(flag) = self.rules.flags.lookup(FlagKind::Property, &entry.key) {
                let value = Some(entry.value.as_ref());
                facts.switches.push(switch(
                    flag,
                    SwitchKind::Property,
                    "",
                    value,
                    DefaultFrom::Property,
                    site,
                ));
            }
            // A read-only property keeps its first value, any other its last.
            let old = facts.properties.get(&*entry.key);
            if old.is_none() || !entry.key.starts_with("ro.") {
                facts
                    .properties
                    .insert(entry.key.to_string(), entry.value.to_string());
            }
        }
        facts
    }

    /// Reads an init script.
    pub fn init_script(&mut self, file: &[u8]) -> ConfigFacts {
        let read = initrc::parse(file);
        let mut facts = ConfigFacts {
            gaps: read.gaps,
            ..ConfigFacts::default()
        };
        let mut told: BTreeSet<u64> = BTreeSet::new();
        for service in &read.services {
            told.insert(service.line.into());
            let line = format!(
                "service {} {} {}",
                service.name,
                service.path,
                service.args.join(" ")
            );
            let site = site(self.place, &format!("line {}", service.line), line.trim_end());
            for word in &service.args {
                self.endpoints
                    .text(self.finder, word.as_bytes(), self.source, false, |_| site.clone());
            }
            if let Some(flag) = self.rules.flags.lookup(FlagKind::InitService, &service.name) {
                let mut known = switch(
                    flag,
                    SwitchKind::InitService,
                    "",
                    None,
                    DefaultFrom::Property,
                    site,
                );
                known.default = Some(if service.disabled { "disabled" } else { "started" }.to_owned());
                // A disabled service waits for a command or a property.
                known.state = if service.disabled {
                    SwitchState::Conditional
                } else {
                    SwitchState::On
                };
                facts.switches.push(known);
            }
        }
        for action in &read.actions {
            for (words, line) in action.commands("setprop") {
                let [key, value, ..] = words else { continue };
                told.insert(line.into());
                let site = site(
                    self.place,
                    &format!("line {line}"),
                    &format!("setprop {key} {value}"),
                );
                self.endpoints
                    .text(self.finder, value.as_bytes(), self.source, false, |_| {
                        site.clone()
                    });
                if let Some(flag) = self.rules.flags.lookup(FlagKind::Property, key) {
                    let mut known = switch(
                        flag,
                        SwitchKind::Property,
                        "",
                        Some(value),
                        DefaultFrom::Property,
                        site,
                    );
                    if known.state == SwitchState::On
                        && action.triggers.iter().any(|t| t.starts_with("property:"))
                    {
                        known.state = SwitchState::Conditional;
                    }
                    facts.switches.push(known);
                }
            }
            for (words, line) in action.commands.iter().filter(|(words, _)| {
                matches!(
                    words.first().map(String::as_str),
                    Some("exec" | "exec_background" | "exec_start" | "write")
                )
            }) {
                told.insert((*line).into());
                let site = site(self.place, &format!("line {line}"), &words.join(" "));
                for word in words {
                    self.endpoints
                        .text(self.finder, word.as_bytes(), self.source, false, |_| site.clone());
                }
            }
        }
        // A comment, or a line that init does not know, may name a server all the same.
        for (number, line) in (1_u64..).zip(file.split(|b| *b == b'\n')) {
            let line = line.get(..MAX_LINE).unwrap_or(line);
            if told.contains(&number) || memchr::memmem::find(line, b"://").is_none() {
                continue;
            }
            let place = self.place;
            self.endpoints.text(self.finder, line, self.source, false, |_| {
                site(
                    place,
                    &format!("line {number}"),
                    String::from_utf8_lossy(line).trim(),
                )
            });
        }
        facts
    }

    /// Reads XML that is text. What cannot be read as XML is searched as text.
    pub fn xml(&mut self, file: &[u8]) -> ConfigFacts {
        let lines = OnceCell::new();
        let mut found: Vec<(String, String, usize)> = Vec::new();
        let read = textxml::read(file, |value| {
            if !self.finder.text(value.value.as_bytes()).is_empty() {
                found.push((value.value.to_owned(), value.path(), value.at));
            }
        });
        for (value, path, at) in found {
            let number = lines.get_or_init(|| Lines::of(file)).number(at);
            let site = site(self.place, &format!("line {number}: {path}"), &value);
            self.endpoints
                .text(self.finder, value.as_bytes(), self.source, false, |_| {
                    site.clone()
                });
        }
        if read.end < file.len() {
            self.search(file, read.end, &lines);
        }
        ConfigFacts {
            gaps: read.gaps,
            ..ConfigFacts::default()
        }
    }

    /// Reads any other text: scripts, JSON, HTML, `.conf` and `.ini` files. Keys of `.conf` files that
    /// the signatures know are switches.
    pub fn text(&mut self, file: &[u8]) -> ConfigFacts {
        let lines = OnceCell::new();
        self.search(file, 0, &lines);
        let mut facts = ConfigFacts::default();
        let name = file_name(self.place);
        let known: Vec<&Flag> = self
            .rules
            .flags
            .rows()
            .filter(|flag| flag.kind == FlagKind::ConfigFile && flag.place.as_deref() == Some(name))
            .collect();
        if known.is_empty() {
            return facts;
        }
        for (number, line) in (1_u32..).zip(file.split(|b| *b == b'\n')) {
            let text = String::from_utf8_lossy(line.get(..MAX_LINE).unwrap_or(line));
            let text = text.trim();
            if text.starts_with('#') {
                continue;
            }
            let Some((key, value)) = text.split_once('=') else {
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            for flag in &known {
                // A key with its value in it (`PROCESS_NAME=xtwifi-client`) means that line.
                let whole = flag.key.contains('=') && flag.key.split_once('=') == Some((key, value));
                if &*flag.key == key || whole {
                    let site = site(self.place, &format!("line {number}"), text);
                    let value = Some(value);
                    facts.switches.push(switch(
                        flag,
                        SwitchKind::ConfigFile,
                        name,
                        value,
                        DefaultFrom::Property,
                        site,
                    ));
                }
            }
        }
        facts
    }

    /// Searches the text of a file from byte `offset` on for hosts.
    fn search(&mut self, file: &[u8], offset: usize, lines: &OnceCell<Lines>) {
        let text = file.get(offset..).unwrap_or_default();
        // A NUL means UTF-16, or no text at all.
        let settings = is_settings(file_name(self.place)) && memchr(0, text).is_none();
        let hits = if settings {
            self.finder.text(text)
        } else {
            self.finder.raw(text)
        };
        if hits.is_empty() {
            return;
        }
        let place = self.place;
        let lines = lines.get_or_init(|| Lines::of(file));
        let at_line = |at: usize| {
            let entry = format!("line {}", lines.number(offset.saturating_add(at)));
            site(place, &entry, &line_around(text, at))
        };
        let commented = |at: usize| settings && line_around(text, at).trim_start().starts_with(['#', ';']);
        let live: Vec<_> = hits
            .into_iter()
            .filter(|hit| !commented(hit.range.start))
            .collect();
        self.endpoints
            .add(self.finder, text, &live, self.source, false, at_line);
    }
}

fn site(place: &Place, entry: &str, line: &str) -> Site {
    Site {
        place: place.logical().to_owned(),
        physical: place.physical().to_owned(),
        entry: Some(entry.to_owned()),
        lines: vec![line.chars().take(SHOWN).collect()],
        ..Site::default()
    }
}

/// Whether a file holds assignments, by its name: there a value stands for itself up to the line's end
/// and `#` begins a comment.
fn is_settings(name: &str) -> bool {
    let ending = Path::new(name)
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    matches!(
        ending,
        "conf" | "cfg" | "ini" | "prop" | "properties" | "sh" | "rc" | "txt" | "config" | ""
    ) && name != "hosts"
}

fn file_name(place: &Place) -> &str {
    place.logical().rsplit(['/', '!', ':']).next().unwrap_or_default()
}

fn switch(
    flag: &Flag,
    kind: SwitchKind,
    namespace: &str,
    value: Option<&str>,
    from: DefaultFrom,
    site: Site,
) -> Switch {
    let state = match value.and_then(|value| flag.is_on(value)) {
        Some(true) => SwitchState::On,
        Some(false) => SwitchState::Off,
        None => SwitchState::Unknown,
    };
    Switch {
        kind,
        namespace: namespace.to_owned(),
        key: flag.key.to_string(),
        default: value.map(str::to_owned),
        from,
        state,
        known: Some(KnownSwitch {
            meaning: flag.meaning.to_string(),
            vendor: flag.vendor.to_string(),
            severity: flag.severity.to_string(),
            on_value: flag.on.to_string(),
        }),
        sites: vec![site],
        count: 1,
    }
}

/// Line numbers of offsets.
struct Lines(Vec<usize>);

impl Lines {
    fn of(file: &[u8]) -> Self {
        Self(memchr_iter(b'\n', file).collect())
    }

    /// From 1.
    fn number(&self, at: usize) -> usize {
        self.0.partition_point(|end| *end < at).saturating_add(1)
    }
}

fn line_around(text: &[u8], at: usize) -> String {
    let low = at.saturating_sub(SHOWN / 2);
    let before = text.get(low..at).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(low, |n| low.saturating_add(n).saturating_add(1));
    let rest = text.get(start..).unwrap_or_default();
    let rest = rest.get(..SHOWN).unwrap_or(rest);
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    String::from_utf8_lossy(rest.get(..end).unwrap_or_default())
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::bundled().unwrap());

    fn read(
        name: &str,
        f: impl FnOnce(&mut Reading<'_, '_>) -> ConfigFacts,
    ) -> (ConfigFacts, Vec<(String, String)>) {
        let finder = Finder::new(&RULES);
        let mut endpoints = Endpoints::default();
        let place = Place::root(name);
        let facts = f(&mut Reading {
            place: &place,
            rules: &RULES,
            finder: &finder,
            endpoints: &mut endpoints,
            source: Source::Config,
        });
        let (endpoints, _) = endpoints.finish();
        let found = endpoints
            .into_iter()
            .map(|e| (e.url, e.sites[0].entry.clone().unwrap_or_default()))
            .collect();
        (facts, found)
    }

    fn pair(url: &str, entry: &str) -> (String, String) {
        (url.to_owned(), entry.to_owned())
    }

    #[test]
    fn a_property_may_hold_a_host_and_ro_keeps_its_first_value() {
        let (facts, found) = read("build.prop", |r| {
            r.properties(b"ro.a=1\nro.a=2\nx.y=1\nx.y=2\nro.url=http://a.foo.com/x\n")
        });
        assert_eq!(facts.properties["ro.a"], "1");
        assert_eq!(facts.properties["x.y"], "2");
        assert_eq!(found, [pair("http://a.foo.com/x", "line 5")]);
    }

    #[test]
    fn known_keys_of_gps_files_and_known_services_are_switches() {
        let (facts, found) = read("gps.conf", |r| {
            r.text(b"# SUPL_HOST=off.foo.com\nSUPL_HOST=supl.foo.com\nSUPL_PORT=7275\n")
        });
        let switch = &facts.switches[0];
        assert_eq!(
            (switch.key.as_str(), switch.state),
            ("SUPL_HOST", SwitchState::On)
        );
        assert_eq!(switch.sites[0].entry.as_deref(), Some("line 2"));
        assert_eq!(found, [pair("supl.foo.com", "line 2")]);
        let (facts, _) = read("init.rc", |r| {
            r.init_script(b"service mqsasd /system/bin/mqsasd\n  class main\n")
        });
        assert_eq!(facts.switches[0].state, SwitchState::On);
    }

    #[test]
    fn xml_is_searched_by_value_and_as_text_behind_what_is_broken() {
        let file = b"<!-- http://no.foo.com -->\n<a>\n<b u='http://a.foo.com/?x=1&amp;y=2'/>\n<c>b.foo.com</c></a>\n<d e='\nhttps://c.foo.com/";
        let (facts, found) = read("x.xml", |r| r.xml(file));
        assert_eq!(
            found,
            [
                pair("http://a.foo.com/?x=1&y=2", "line 3: a/b@u"),
                pair("b.foo.com", "line 4: a/c"),
                pair("https://c.foo.com/", "line 6"),
            ]
        );
        assert_eq!(facts.gaps.len(), 1);
    }

    #[test]
    fn other_text_is_searched_by_line() {
        let (_, found) = read("a.js", |r| {
            r.text(b"var a=1;\nvar u='http://a.foo.com/x', v=b.foo.com;")
        });
        assert_eq!(found, [pair("http://a.foo.com/x", "line 2")]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(file in "([a-z=. \n#<>/'\"&;]|http://|service |on )*", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for file in [file.as_bytes(), &bytes] {
                read("a.conf", |r| r.text(file));
                read("a.xml", |r| r.xml(file));
            }
        }
    }
}
