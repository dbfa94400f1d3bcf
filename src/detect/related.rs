//! Which findings of a unit tell the same: a flow proves what others only suspect.

use std::collections::BTreeSet;

use super::{Finding, worst_first};

/// Ids kept of one finding. More of one thing in one app nobody reads.
const MAX_RELATED: usize = 16;

/// What a finding speaks of.
#[derive(Debug, Clone, Default)]
pub struct About<'a> {
    /// Categories of what is read.
    pub categories: BTreeSet<&'a str>,
    /// Hosts.
    pub hosts: BTreeSet<&'a str>,
}

/// A finding, and what it speaks of.
#[derive(Debug)]
pub struct Told<'a> {
    /// The finding.
    pub finding: Finding,
    /// What it speaks of.
    pub about: About<'a>,
}

impl About<'_> {
    /// Whether a flow of this bears out what the other says: of a read its category, of a server its host,
    /// of both together both.
    fn proves(&self, other: &Self) -> bool {
        let meet = |a: &BTreeSet<&str>, b: &BTreeSet<&str>| b.is_empty() || !a.is_disjoint(b);
        let says = !other.categories.is_empty() || !other.hosts.is_empty();
        says && meet(&self.categories, &other.categories) && meet(&self.hosts, &other.hosts)
    }
}

/// The findings of one unit, those that belong together told of each other.
pub(super) fn relate(mut all: Vec<Told<'_>>) -> impl Iterator<Item = Finding> {
    let is_flow = |told: &Told<'_>| !told.finding.way.is_empty();
    if all.iter().any(is_flow) {
        all.sort_by(|a, b| worst_first(&a.finding, &b.finding));
        let pairs: Vec<(usize, usize)> = pairs(&all);
        for (flow, other) in pairs {
            for (one, two) in [(flow, other), (other, flow)] {
                let id = all.get(two).map(|told| told.finding.id.clone());
                if let Some(told) = all.get_mut(one)
                    && told.finding.related.len() < MAX_RELATED
                {
                    told.finding.related.extend(id);
                }
            }
        }
    }
    all.into_iter().map(|told| told.finding)
}

/// Flows, each with what it bears out.
fn pairs(all: &[Told<'_>]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (flow, told) in all.iter().enumerate().filter(|(_, t)| !t.finding.way.is_empty()) {
        let others = all.iter().enumerate().filter(|(_, t)| t.finding.way.is_empty());
        let proven = others.filter(|(_, other)| told.about.proves(&other.about));
        pairs.extend(proven.map(|(other, _)| (flow, other)));
    }
    pairs
}
