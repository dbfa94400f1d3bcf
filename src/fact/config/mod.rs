//! What configuration says: properties, services that init starts, keys of GPS and other `.conf`
//! files, and the hosts that any of them name.

mod init;
mod line;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;

use memchr::memchr;

use super::endpoint::{Endpoints, Finder};
use super::model::{DefaultFrom, KnownSwitch, Site, Source, Switch, SwitchKind, SwitchState};
use crate::artifact::{props, textxml};
use crate::bytes::{Gap, Place};
use crate::rule::{Flag, FlagKind, Rules};
use line::{Lines, line_around, site};

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

#[cfg(test)]
mod tests;
