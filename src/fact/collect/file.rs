//! One file that is not code of an app: libraries, configuration, resources, assets.

use crate::artifact::arsc::Table;
use crate::artifact::axml::Xml;
use crate::artifact::oat::Oat;
use crate::bytes::{Bytes, Gap, Place};
use crate::code::flow::App;
use crate::fact::config::{ConfigFacts, Reading};
use crate::fact::{Site, Source, native, resource};
use crate::unpack::{Class, Leaf, Read};

use super::Collector;
use super::draft::{Draft, Fate};

impl Collector<'_> {
    /// Reads a leaf and takes what it says; `source` is where its hosts are said to come from.
    pub(super) fn leaf(&self, leaf: &Leaf, source: Source, draft: &mut Draft) {
        if let Some(class) = leaf.class.skipped() {
            draft.skip(leaf, class);
            return;
        }
        let read = leaf.read(self.budget);
        let class = leaf.classify(&read.bytes);
        let fate = self.bytes(class, &leaf.place(), &read.bytes, source, draft);
        draft.read(leaf, &read, fate);
    }

    /// The same for a leaf that has been read.
    pub(super) fn taken(&self, leaf: &Leaf, read: &Read, source: Source, draft: &mut Draft) {
        let class = leaf.classify(&read.bytes);
        draft.gaps(&leaf.place(), misnamed(leaf, class, &read.bytes), 0);
        let fate = self.bytes(class, &leaf.place(), &read.bytes, source, draft);
        draft.read(leaf, read, fate);
    }

    fn bytes(&self, class: Class, place: &Place, file: &Bytes, source: Source, draft: &mut Draft) -> Fate {
        match class {
            // Machine code that was compiled from a dex tells nothing that the dex does not.
            Class::Elf if Oat::sniff(file) => {
                self.code(&[(place.clone(), file.clone())], None, &App::default(), draft)
            }
            Class::Elf => self.elf(place, file, draft),
            Class::Props => self.config(place, file, source, draft, |reading, file| {
                reading.properties(file)
            }),
            Class::InitRc => self.config(place, file, source, draft, |reading, file| {
                reading.init_script(file)
            }),
            Class::Xml => self.config(place, file, source, draft, |reading, file| reading.xml(file)),
            Class::Text => self.config(place, file, source, draft, |reading, file| reading.text(file)),
            Class::BinaryXml | Class::Manifest => self.compiled(place, file, draft),
            Class::Arsc => self.table(place, file, draft),
            Class::Dex | Class::Odex | Class::Vdex => {
                self.code(&[(place.clone(), file.clone())], None, &App::default(), draft)
            }
            Class::Media(class) => return Fate::Skipped(class),
            Class::Archive(_) | Class::Unread(_) | Class::Cert | Class::Unknown => {
                self.search(place, file, draft);
                return Fate::Searched(class.name());
            }
        }
        Fate::Read(class.name())
    }

    fn elf(&self, place: &Place, file: &[u8], draft: &mut Draft) {
        let found = native::native(file, place, self.rules, &self.finder, &mut draft.endpoints);
        draft.facts.identifiers.extend(found.identifiers);
        draft.facts.sinks.extend(found.sinks);
        if let Some(tracker) = file_name(place).and_then(|name| self.rules.trackers.library(name)) {
            draft.trackers.library(tracker, place);
        }
        draft.gaps(place, found.gaps, 0);
    }

    fn config(
        &self,
        place: &Place,
        file: &[u8],
        source: Source,
        draft: &mut Draft,
        read: impl FnOnce(&mut Reading<'_, '_>, &[u8]) -> ConfigFacts,
    ) {
        let mut reading = Reading {
            place,
            rules: self.rules,
            finder: &self.finder,
            endpoints: &mut draft.endpoints,
            source,
        };
        let found = read(&mut reading, file);
        // A later file does not change a property that an earlier one has set.
        for (key, value) in found.properties {
            draft.facts.properties.entry(key).or_insert(value);
        }
        draft.facts.switches.extend(found.switches);
        draft.gaps(place, found.gaps, 0);
    }

    fn compiled(&self, place: &Place, file: &[u8], draft: &mut Draft) {
        let xml = Xml::open(file);
        let gaps = resource::xml_strings(&xml, &mut |text, entry| self.resource(place, text, entry, draft));
        draft.gaps(place, gaps, 0);
    }

    fn table(&self, place: &Place, file: &[u8], draft: &mut Draft) {
        let table = Table::open(file);
        let gaps = resource::table_strings(&table, &mut |text, entry| {
            self.resource(place, text, entry, draft)
        });
        draft.gaps(place, gaps, 0);
    }

    /// One string of a resource.
    pub(super) fn resource(&self, place: &Place, text: &[u8], entry: &dyn Fn() -> String, draft: &mut Draft) {
        let hits = self.finder.text(text);
        if hits.is_empty() {
            return;
        }
        let (finder, endpoints) = (&self.finder, &mut draft.endpoints);
        endpoints.add(finder, text, &hits, Source::Resource, false, |_| Site {
            place: place.logical().into(),
            physical: place.physical().into(),
            entry: Some(entry().into()),
            ..Site::default()
        });
    }

    /// Bytes of a format that is not read: hosts are searched for all the same.
    fn search(&self, place: &Place, file: &[u8], draft: &mut Draft) {
        let hits = self.finder.raw(file);
        if hits.is_empty() {
            return;
        }
        draft
            .endpoints
            .add(&self.finder, file, &hits, Source::Asset, false, |at| Site {
                place: place.logical().into(),
                physical: place.physical().into(),
                entry: Some(format!("offset {at:#x}").into()),
                ..Site::default()
            });
    }
}

/// Code that Android looks up by its name, and that is no dex: it loads nothing, so that what is in it is not what it
/// seems. It is read as what it is.
fn misnamed(leaf: &Leaf, class: Class, bytes: &[u8]) -> Option<Gap> {
    let number = leaf.path().strip_prefix("classes")?.strip_suffix(".dex")?;
    let looked_up = number.bytes().all(|digit| digit.is_ascii_digit());
    let magic = bytes.first_chunk().map_or(0, |magic| u32::from_le_bytes(*magic));
    let what = "magic of a file that is known by its name";
    (looked_up && class != Class::Dex).then(|| Gap::odd("dex", 0, what, u64::from(magic)))
}

/// The last part of a logical place.
fn file_name(place: &Place) -> Option<&str> {
    place.logical().rsplit(['/', '!', ':']).next()
}
