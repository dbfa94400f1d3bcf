//! The code of a package.

use crate::artifact::dex::{Dex, Opened};
use crate::bytes::{Bytes, Place};
use crate::fact::code::{self, File};

use super::Collector;
use super::draft::Draft;

impl Collector<'_> {
    /// Reads the dex files of one package together: a class of one may call those of another. `name` is
    /// the package's name, where it is known.
    pub(super) fn code(&self, files: &[(Place, Bytes)], name: Option<&str>, draft: &mut Draft) {
        let mut all: Vec<File<'_>> = Vec::new();
        for (place, file) in files {
            let Opened { dexes, gaps, .. } = Dex::open(file);
            draft.gaps(place, gaps, 0);
            for dex in dexes {
                draft.gaps(place, dex.verify(), 0);
                draft.trackers.classes(&dex, place, &self.rules.trackers);
                all.push(File {
                    place: place.clone(),
                    dex,
                });
            }
        }
        if all.is_empty() {
            return;
        }
        let found = code::code(&all, name, &self.interest, &self.finder, &mut draft.endpoints);
        for (file, gap) in found.gaps {
            if let Some(file) = all.get(file) {
                draft.gaps(&file.place, [gap], 0);
            }
        }
        draft.facts.identifiers.extend(found.identifiers);
        draft.facts.sinks.extend(found.sinks);
        draft.facts.switches.extend(found.switches);
    }
}
