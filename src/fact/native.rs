//! What a native library says: hosts in its constants, identifiers and network calls among its
//! imports, property keys and paths in its strings.
//!
//! A library that imports `connect` and holds a host is evidence, not proof: nothing here follows
//! machine code.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::endpoint::{Endpoints, Finder, HitKind};
use super::model::{IdentifierRead, MAX_SITES, Road, SinkUse, Site, Source};
use crate::artifact::elf::Elf;
use crate::bytes::{Gap, Place};
use crate::rule::{Identifier, IdentifierKind, Rules};

/// Ours: bytes of a string that are looked at as one. Longer runs are text files inside a library.
const MAX_STRING: usize = 64 << 10;
/// Shortest run that can be a key, a path or a host (`t.cn`).
const MIN_STRING: usize = 4;
/// Bytes of a string that evidence shows.
const SHOWN: usize = 200;

/// What one library or executable says, endpoints apart.
#[derive(Debug, Default)]
pub struct NativeFacts {
    /// Identifiers read, sorted.
    pub identifiers: Vec<IdentifierRead>,
    /// Channels by which data may leave, sorted.
    pub sinks: Vec<SinkUse>,
    /// Native methods offered to Java by name, `Java_com_foo_Bar_baz`, sorted.
    pub java: Vec<String>,
    /// What could not be read, and what is odd.
    pub gaps: Vec<Gap>,
}

/// Reads a library. Endpoints go into `endpoints`, the rest is returned.
pub fn native(
    file: &[u8],
    place: &Place,
    rules: &Rules,
    finder: &Finder<'_>,
    endpoints: &mut Endpoints,
) -> NativeFacts {
    let elf = Elf::open(file);
    let site = |entry: String, line: &[u8]| Site {
        place: place.logical().into(),
        physical: place.physical().into(),
        entry: Some(entry.into()),
        lines: [shown(line).into()].into(),
        ..Site::default()
    };
    let mut facts = NativeFacts::default();
    let mut reads = Reads::default();
    let mut sinks: BTreeMap<(String, String), SinkUse> = BTreeMap::new();
    let mut seen = FxHashSet::default();
    for import in elf.imports() {
        if !seen.insert(import) {
            continue;
        }
        let name = String::from_utf8_lossy(import);
        if let Some(row) = rules.identifiers.value(IdentifierKind::Native, &name) {
            reads.add(row, true, || site(format!("import {name}"), import));
        }
        if let Some(sink) = rules.sinks.native(import) {
            let key = (sink.channel.to_string(), sink.api());
            sinks.entry(key).or_insert_with(|| SinkUse {
                channel: sink.channel.to_string(),
                api: sink.api(),
                sites: vec![site(format!("import {name}"), import)],
                count: 1,
                asks: Vec::new(),
            });
        }
    }
    facts.java = elf
        .exports()
        .filter(|symbol| symbol.name.starts_with(b"Java_"))
        .map(|symbol| String::from_utf8_lossy(symbol.name).into_owned())
        .collect();
    facts.java.sort_unstable();
    facts.java.dedup();

    // URLs are searched for in all of the file, whatever its headers say of its parts.
    let hits = finder.raw(file);
    let urls: Vec<_> = hits.into_iter().filter(|hit| hit.kind == HitKind::Url).collect();
    endpoints.add(finder, file, &urls, Source::Native, false, |at| {
        site(format!("offset {at:#x}"), string_around(file, at))
    });

    for range in &elf.data {
        let data = file.get(range.clone()).unwrap_or_default();
        for (at, text) in strings(data) {
            if let Some(row) = rules.identifiers.text(text).filter(|row| speaks(row.kind)) {
                reads.add(row, false, || {
                    site(format!("offset {:#x}", range.start.saturating_add(at)), text)
                });
            }
            let mut hits = finder.text(text);
            hits.retain(|hit| hit.kind != HitKind::Url);
            if !hits.is_empty() {
                endpoints.add(finder, text, &hits, Source::Native, false, |_| {
                    site(format!("offset {:#x}", range.start.saturating_add(at)), text)
                });
            }
        }
    }
    facts.identifiers = reads.finish();
    facts.sinks = sinks.into_values().collect();
    let nameless = elf.nameless();
    facts.gaps = elf.gaps;
    if nameless > 0 {
        facts
            .gaps
            .push(Gap::odd("elf", 0, "symbols without a name", nameless));
    }
    facts
}

/// Kinds of which the bare text in a library says that it is read there.
fn speaks(kind: IdentifierKind) -> bool {
    matches!(
        kind,
        IdentifierKind::Property | IdentifierKind::Path | IdentifierKind::Uri
    )
}

/// Identifier reads by row, growing.
#[derive(Debug, Default)]
struct Reads(BTreeMap<(String, String), IdentifierRead>);

impl Reads {
    fn add(&mut self, row: &Identifier, in_code: bool, site: impl FnOnce() -> Site) {
        let key = (row.category.to_string(), row.api());
        let read = self.0.entry(key).or_insert_with(|| IdentifierRead {
            category: row.category.to_string(),
            api: row.api(),
            weight: row.weight,
            road: Road::Native,
            in_code: false,
            sites: Vec::new(),
            count: 0,
        });
        read.in_code |= in_code;
        read.count = read.count.saturating_add(1);
        if read.sites.len() < MAX_SITES {
            read.sites.push(site());
        }
    }

    fn finish(self) -> Vec<IdentifierRead> {
        self.0.into_values().collect()
    }
}

/// Runs of printable ASCII of at least [`MIN_STRING`] bytes, with their offset; a long run in pieces.
fn strings(data: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        loop {
            let rest = data.get(at..)?;
            let start = rest.iter().position(|b| is_text(*b))?;
            let run = rest.get(start..)?;
            let run = run.get(..MAX_STRING).unwrap_or(run);
            let length = run.iter().position(|b| !is_text(*b)).unwrap_or(run.len());
            let found = at.saturating_add(start);
            at = found.saturating_add(length);
            if length >= MIN_STRING {
                return run.get(..length).map(|text| (found, text));
            }
        }
    })
}

fn is_text(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e | b'\t' | b'\n' | b'\r')
}

/// The string that byte `at` is part of.
fn string_around(file: &[u8], at: usize) -> &[u8] {
    let low = at.saturating_sub(SHOWN / 2);
    let before = file.get(low..at).unwrap_or_default();
    let start = before
        .iter()
        .rposition(|b| !is_text(*b))
        .map_or(low, |n| low.saturating_add(n).saturating_add(1));
    let rest = file.get(start..).unwrap_or_default();
    let end = rest
        .iter()
        .take(SHOWN)
        .position(|b| !is_text(*b))
        .unwrap_or(rest.len().min(SHOWN));
    rest.get(..end).unwrap_or_default()
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text.get(..SHOWN).unwrap_or(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_runs_of_text_and_long_ones_come_in_pieces() {
        let mut data = b"\x00abc\x00\x01abcd\xffxyz.w".to_vec();
        let found: Vec<_> = strings(&data).collect();
        assert_eq!(found, [(6, &b"abcd"[..]), (11, &b"xyz.w"[..])]);
        data = vec![b'x'; MAX_STRING + 5];
        assert_eq!(
            strings(&data)
                .map(|(at, text)| (at, text.len()))
                .collect::<Vec<_>>(),
            [(0, MAX_STRING), (MAX_STRING, 5)]
        );
    }

    #[test]
    fn a_file_that_is_no_library_any_more_still_gives_its_hosts_keys_and_the_reason() {
        let rules = Rules::bundled().unwrap();
        let finder = Finder::new(&rules);
        let mut endpoints = Endpoints::default();
        let file =
            b"\x7fELF\x09\x01\x01\x00ro.serialno\x00https://a.foo.com/x\x00b.foo.com\x00b.foo.com.so\x00\x07";
        let facts = native(file, &Place::root("lib.so"), &rules, &finder, &mut endpoints);
        assert_eq!(facts.gaps.len(), 1);
        let reads: Vec<_> = facts
            .identifiers
            .iter()
            .map(|read| (read.api.as_str(), read.in_code))
            .collect();
        assert_eq!(reads, [("ro.serialno", false)]);
        let (endpoints, _) = endpoints.finish();
        let urls: Vec<_> = endpoints
            .iter()
            .map(|e| (e.url.as_str(), e.count, &*e.sites[0].lines[0]))
            .collect();
        assert_eq!(
            urls,
            [
                ("https://a.foo.com/x", 1, "https://a.foo.com/x"),
                ("b.foo.com", 1, "b.foo.com")
            ]
        );
    }
}
