//! The code of a package.

use crate::artifact::dex::Dex;
use crate::bytes::{Bytes, Place};

use super::Collector;
use super::draft::Draft;

impl Collector<'_> {
    /// Reads the dex files of one package together: a class of one may call those of another.
    pub(super) fn code(&self, files: &[(Place, Bytes)], draft: &mut Draft) {
        for (place, file) in files {
            let opened = Dex::open(file);
            draft.gaps(place, opened.gaps, 0);
            for dex in &opened.dexes {
                draft.trackers.classes(dex, place, &self.rules.trackers);
            }
        }
    }
}
