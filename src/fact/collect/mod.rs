//! From one unit's bytes to its facts: the only place where the readers of `artifact`, the values of
//! `code` and the tables of `rule` meet.
//!
//! Each unit is one task. What it decompresses it holds only while the task runs.

mod boot;
mod code;
mod draft;
mod file;
mod merge;
mod package;
mod share;
mod trackers;

use std::sync::Mutex;

use crate::bytes::{Budget, Notice};
use crate::code::Interest;
use crate::code::flow::Surface;
use crate::fact::endpoint::Finder;
use crate::fact::{Coverage, NoticeFact, Unit, UnitFacts, UnitKind};
use crate::rule::Rules;
use crate::unpack::{self, GroupKind, Leaf, Skipped};

use boot::Boot;
use draft::Draft;

/// Turns units into facts. Compiled once per run and shared by all tasks.
#[derive(Debug)]
pub struct Collector<'r> {
    rules: &'r Rules,
    budget: &'r Budget,
    finder: Finder<'r>,
    interest: Interest<'r>,
    boot: Boot,
    flows: bool,
    /// What packages offer that every app loads, and of which it is not yet told.
    beyond: Surface,
    offered: Mutex<Vec<(String, Surface)>>,
}

impl<'r> Collector<'r> {
    /// Compiles what the rules know.
    pub fn new(rules: &'r Rules, budget: &'r Budget) -> Self {
        Self {
            rules,
            budget,
            finder: Finder::new(rules),
            interest: Interest::new(rules),
            boot: Boot::default(),
            flows: false,
            beyond: Surface::default(),
            offered: Mutex::default(),
        }
    }

    /// For units of a build with this framework, see [`unpack::framework`].
    pub fn with_framework(mut self, files: Vec<Leaf>) -> Self {
        self.boot = Boot::new(files);
        self
    }

    /// Whether identifiers are followed through the code to where they leave.
    pub fn with_flows(mut self, flows: bool) -> Self {
        self.flows = flows;
        self
    }

    /// For units of a build whose jars were units before: what these offer is known from now on.
    pub fn settle(&mut self) {
        let mut offered = std::mem::take(&mut self.offered).into_inner().unwrap_or_default();
        // The order of the work must not tell.
        offered.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (_, surface) in offered {
            self.beyond.merge(surface);
        }
    }

    /// The facts of one unit.
    pub fn unit(&self, unit: &unpack::Unit) -> UnitFacts {
        let facts = UnitFacts {
            unit: identity(unit),
            ..UnitFacts::default()
        };
        let mut draft = Draft::new(facts, &self.budget.limits);
        match unit.kind {
            GroupKind::App | GroupKind::Jar => self.package_unit(unit, &mut draft),
            GroupKind::Library | GroupKind::Config => {
                for leaf in &unit.leaves {
                    self.leaf(leaf, crate::fact::Source::Config, &mut draft);
                }
            }
        }
        draft.finish()
    }

    /// A unit whose task crashed: its bytes were not read, and the notice says so.
    pub fn crashed(&self, unit: &unpack::Unit) -> UnitFacts {
        let facts = UnitFacts {
            unit: identity(unit),
            ..UnitFacts::default()
        };
        let mut draft = Draft::new(facts, &self.budget.limits);
        let gap = crate::bytes::Gap {
            format: "phonehome",
            at: 0,
            what: "task".into(),
            kind: crate::bytes::Kind::Bug,
        };
        draft.notice(&Notice {
            place: unit.place.clone(),
            gap,
            unread: unit.size(),
        });
        draft.lost(unit.size());
        draft.finish()
    }
}

/// What was left alone outside of all units, as coverage, and the notices of the outer layers.
pub fn outer(skipped: &[Skipped], notices: &[Notice]) -> (Coverage, Vec<NoticeFact>) {
    let mut coverage = Coverage::default();
    for left in skipped {
        let sum = coverage.skipped.entry(left.class.to_owned()).or_default();
        *sum = sum.saturating_add(left.bytes);
    }
    for notice in notices.iter().filter(|n| n.gap.is_loss()) {
        coverage.unread = coverage.unread.saturating_add(notice.unread);
        coverage.unread_items = coverage.unread_items.saturating_add(1);
    }
    (coverage, notices.iter().map(draft::fact).collect())
}

fn identity(unit: &unpack::Unit) -> Unit {
    let place = unit.place.logical();
    let file = place
        .rsplit(['/', ':', '!'])
        .find(|part| !part.is_empty())
        .unwrap_or(place);
    let name = match (unit.kind, file.rsplit_once('.')) {
        (GroupKind::Config, _) => "configuration",
        (_, Some((stem, _))) if !stem.is_empty() => stem,
        _ => file,
    };
    Unit {
        kind: match unit.kind {
            GroupKind::App => UnitKind::App,
            GroupKind::Jar => UnitKind::Jar,
            GroupKind::Library => UnitKind::Library,
            GroupKind::Config => UnitKind::Config,
        },
        place: place.to_owned(),
        physical: unit.place.physical().to_owned(),
        name: name.to_owned(),
        partition: unit.partition.clone(),
        size: unit.leaves.first().map_or(0, |leaf| leaf.size),
    }
}
