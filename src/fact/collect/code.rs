//! The code of a package.

use rustc_hash::FxHashMap;

use crate::artifact::dex::{Dex, Opened};
use crate::artifact::preopt::{self, Restored};
use crate::bytes::{Bytes, Place};
use crate::code::flow::App;
use crate::fact::code::{self, File, Following};
use crate::fact::{Source, UnitKind};

use super::Collector;
use super::draft::Draft;

/// How a dex starts that is nothing else.
const DEX: &[u8] = b"dex\n";

impl Collector<'_> {
    /// Reads the dex files of one package together: a class of one may call those of another. `name` is
    /// the package's name, where it is known, `app` what is known of it that is not in its code.
    pub(super) fn code(&self, files: &[(Place, Bytes)], name: Option<&str>, app: &App, draft: &mut Draft) {
        let restored: Vec<(&Place, Restored)> = files
            .iter()
            .map(|(place, file)| (place, preopt::restore(file, || self.boot.classes(self.budget))))
            .collect();
        let mut all: Vec<File<'_>> = Vec::new();
        let mut seen = Seen::default();
        for (place, file) in &restored {
            draft.gaps(place, file.gaps.iter().cloned(), 0);
            let Opened { dexes, gaps, .. } = preopt::open(&file.bytes);
            draft.gaps(place, gaps, 0);
            let (dexes, copies): (Vec<_>, Vec<_>) = dexes.into_iter().partition(|dex| !seen.again(dex));
            // What its instructions stood for is known where there are only copies of what is at hand.
            if !dexes.is_empty() || copies.is_empty() {
                draft.gaps(place, file.unknown.clone(), 0);
            }
            // Android compares the checksum of what it loads from a package; elsewhere it does not.
            let compared = file.bytes.starts_with(DEX);
            for dex in dexes {
                draft.gaps(place, dex.verify(), 0);
                if compared && let Err(gap) = dex.checksum() {
                    draft.gaps(place, [gap], 0);
                }
                draft.trackers.classes(&dex, place, &self.rules.trackers);
                all.push(File {
                    place: (*place).clone(),
                    dex,
                });
            }
        }
        if all.is_empty() {
            return;
        }
        let offers = draft.facts.unit.kind == UnitKind::Jar;
        let found = code::code(
            &all,
            name,
            self.flows.then_some(Following {
                app,
                beyond: &self.beyond,
                offers,
            }),
            &self.interest,
            &self.finder,
            &mut draft.endpoints,
        );
        for (file, gap) in found.gaps {
            if let Some(file) = all.get(file) {
                draft.gaps(&file.place, [gap], 0);
            }
        }
        for flow in &found.flows {
            for endpoint in flow.servers() {
                draft
                    .endpoints
                    .reached(endpoint, Source::Code, || flow.to.clone());
            }
        }
        if !found.surface.is_empty()
            && let Ok(mut offered) = self.offered.lock()
        {
            offered.push((draft.facts.unit.place.clone(), found.surface));
        }
        draft.facts.flows.extend(found.flows);
        draft.facts.identifiers.extend(found.identifiers);
        draft.facts.sinks.extend(found.sinks);
        draft.facts.switches.extend(found.switches);
    }
}

/// Dex files that were taken already: a ROM keeps the same one in the package, and compiled for each
/// architecture beside it.
#[derive(Default)]
struct Seen<'a> {
    /// By what the header says; the first of each, and whether it is what its signature says.
    files: FxHashMap<[u8; 20], (Dex<'a>, Option<bool>)>,
}

impl<'a> Seen<'a> {
    /// Whether the very same file was taken, or what it was before it was optimised. The signature in a header
    /// is not believed: a file that borrows another's, and is not the same to the byte, is read like any other.
    fn again(&mut self, dex: &Dex<'a>) -> bool {
        let signature = dex.header().signature;
        let Some((first, original)) = self.files.get_mut(&signature) else {
            self.files.insert(signature, (*dex, None));
            return false;
        };
        preopt::is_form_of(dex, first)
            || *original.get_or_insert_with(|| first.is_original()) && dex.is_original()
    }
}
