//! The facts of a unit while they are being collected.

use crate::bytes::{Gap, GapClass, Limits, Notice, Place};
use crate::fact::endpoint::Endpoints;
use crate::fact::{NoticeFact, UnitFacts};
use crate::unpack::{Leaf, Read};

use super::{merge, share, trackers};

/// What became of the bytes of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// A reader of their format understood them.
    Read(&'static str),
    /// They were searched as plain bytes.
    Searched(&'static str),
    /// They were left alone, knowingly.
    Skipped(&'static str),
}

/// Facts in the making: what is merged before it is a fact is kept apart until [`Draft::finish`].
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) facts: UnitFacts,
    pub(super) endpoints: Endpoints,
    pub(super) trackers: trackers::Found,
    notices: Vec<NoticeFact>,
    limit: usize,
}

impl Draft {
    pub(super) fn new(facts: UnitFacts, limits: &Limits) -> Self {
        let limit = usize::try_from(limits.notices).unwrap_or(usize::MAX);
        Self {
            facts,
            endpoints: Endpoints::default(),
            trackers: trackers::Found::default(),
            notices: Vec::new(),
            limit,
        }
    }

    /// Counts the bytes of a leaf that were read; what is missing of them counts as unread.
    pub(super) fn count(&mut self, fate: Fate, bytes: u64, unread: u64) {
        let coverage = &mut self.facts.coverage;
        let (to, class) = match fate {
            Fate::Read(class) => (&mut coverage.read, class),
            Fate::Searched(class) => (&mut coverage.searched, class),
            Fate::Skipped(class) => (&mut coverage.skipped, class),
        };
        let sum = to.entry(class.to_owned()).or_default();
        *sum = sum.saturating_add(bytes);
        if unread > 0 {
            coverage.unread = coverage.unread.saturating_add(unread);
            coverage.unread_items = coverage.unread_items.saturating_add(1);
        }
    }

    /// Counts bytes that were not reached at all.
    pub(super) fn lost(&mut self, bytes: u64) {
        let coverage = &mut self.facts.coverage;
        coverage.unread = coverage.unread.saturating_add(bytes);
        coverage.unread_items = coverage.unread_items.saturating_add(1);
    }

    /// Takes what is wrong with a place. `unread` goes with the first gap that lost something.
    pub(super) fn gaps(&mut self, place: &Place, gaps: impl IntoIterator<Item = Gap>, mut unread: u64) {
        for gap in gaps {
            let lost = if gap.is_loss() {
                std::mem::take(&mut unread)
            } else {
                0
            };
            self.notice(&Notice {
                place: place.clone(),
                gap,
                unread: lost,
            });
        }
    }

    /// Takes what is wrong with the bytes of a leaf, and counts them.
    pub(super) fn read(&mut self, leaf: &Leaf, read: &Read, fate: Fate) {
        self.gaps(&leaf.place(), read.gaps.iter().cloned(), read.unread);
        let bytes = u64::try_from(read.bytes.len()).unwrap_or(u64::MAX);
        self.count(fate, bytes, read.unread);
    }

    /// Counts a leaf that was not read.
    pub(super) fn skip(&mut self, leaf: &Leaf, class: &'static str) {
        self.count(Fate::Skipped(class), leaf.size, 0);
    }

    /// Takes a notice with its place.
    pub(super) fn notice(&mut self, notice: &Notice) {
        if self.notices.len() >= self.limit {
            self.facts.notices_dropped = self.facts.notices_dropped.saturating_add(1);
            return;
        }
        self.notices.push(fact(notice));
    }

    /// The facts, sorted.
    pub(super) fn finish(self) -> UnitFacts {
        let Self {
            mut facts,
            endpoints,
            trackers,
            mut notices,
            ..
        } = self;
        let dropped = endpoints.dropped();
        let (found, aside) = endpoints.finish();
        facts.endpoints = found;
        facts.set_aside = aside;
        facts.trackers = trackers.finish();
        facts.identifiers = merge::identifiers(facts.identifiers);
        facts.sinks = merge::sinks(facts.sinks);
        facts.switches = merge::switches(facts.switches);
        merge::flows(&mut facts.flows);
        if dropped > 0 {
            let gap = Gap::over(
                "endpoint",
                0,
                "distinct addresses of one unit dropped",
                dropped,
                0,
                "",
            );
            let place = Place::new(&facts.unit.place, &facts.unit.physical);
            notices.push(fact(&Notice {
                place,
                gap,
                unread: 0,
            }));
        }
        notices.sort();
        notices.dedup();
        facts.notices = notices;
        facts.nested.sort();
        facts.nested.dedup();
        facts.signers.sort();
        facts.signers.dedup();
        share::share(&mut facts);
        facts
    }
}

/// A notice as a fact.
pub(super) fn fact(notice: &Notice) -> NoticeFact {
    NoticeFact {
        place: notice.place.logical().to_owned(),
        physical: notice.place.physical().to_owned(),
        format: notice.gap.format.to_owned(),
        class: GapClass::from(notice.gap.kind),
        at: notice.gap.at,
        text: notice.gap.to_string(),
        unread: notice.unread,
    }
}
