//! A finding in the making.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{FlowStep, MAX_SITES, Site};
use crate::rule::{Confidence, FindingRule};

use super::related::{About, Told};
use super::{Factor, Finding, Rung, Score, View, finding_id};

/// Values kept for one detail; the rest is counted. A list that nobody reads helps nobody.
const MAX_VALUES: usize = 64;
/// The detail that says how much of another one is not listed.
const MORE: &str = " and more";

/// What facts say that belong together, before a rule gives it words.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// What the finding is about.
    pub subject: String,
    /// How likely it is to be real, by the best of the evidence.
    pub confidence: Confidence,
    /// The rung of the best of the evidence.
    pub rung: Rung,
    /// Who is at the other end.
    pub owner: Option<&'a str>,
    /// Country of the owner's seat.
    pub country: Option<&'a str>,
    /// Purpose.
    pub purpose: Option<&'a str>,
    /// Details by name.
    pub details: BTreeMap<&'static str, BTreeSet<Cow<'a, str>>>,
    /// What the subject weighs in the score, by name; the heaviest counts.
    pub weight: Option<Factor>,
    /// Places with the rung that they stand on.
    pub sites: Vec<(Rung, Cow<'a, Site>)>,
    /// How many places there are in all.
    pub count: u64,
    /// The way from where it is read to where it leaves, for what was followed.
    pub way: &'a [FlowStep],
    /// What it speaks of, by which others are found that tell more.
    pub about: About<'a>,
}

impl<'a> Draft<'a> {
    /// A draft without evidence.
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            confidence: Confidence::Low,
            rung: Rung::StringOnly,
            owner: None,
            country: None,
            purpose: None,
            details: BTreeMap::new(),
            weight: None,
            sites: Vec::new(),
            count: 0,
            way: &[],
            about: About::default(),
        }
    }

    /// Adds evidence: the strongest decides.
    pub fn stand(&mut self, rung: Rung, confidence: Confidence) {
        self.rung = self.rung.max(rung);
        self.confidence = self.confidence.max(confidence);
    }

    /// Adds what the subject weighs, 0 to 1: the heaviest counts.
    pub fn weigh(&mut self, value: f64, name: impl FnOnce() -> String) {
        if self.weight.as_ref().is_none_or(|old| old.value < value) {
            self.weight = Some(Factor { name: name(), value });
        }
    }

    /// Adds values of a detail; empty ones are left out.
    pub fn detail<T: Into<Cow<'a, str>>>(&mut self, name: &'static str, values: impl IntoIterator<Item = T>) {
        for value in values {
            let value = value.into();
            if !value.is_empty() {
                self.details.entry(name).or_default().insert(value);
            }
        }
    }

    /// Adds places; `count` is how many there are, of which `sites` are some.
    pub fn places(&mut self, rung: Rung, sites: &'a [Site], count: u64) {
        // Twice as many as are shown is enough to choose the best from, whatever comes later.
        let room = MAX_SITES.saturating_mul(2);
        let here = self.sites.iter().filter(|(other, _)| *other >= rung).count();
        let new = sites.iter().take(room.saturating_sub(here));
        self.sites.extend(new.map(|site| (rung, Cow::Borrowed(site))));
        self.count = self.count.saturating_add(count);
    }

    /// Adds one place that is not a fact's own.
    pub fn place(&mut self, rung: Rung, site: Site) {
        self.sites.push((rung, Cow::Owned(site)));
        self.count = self.count.saturating_add(1);
    }

    /// The finding that a rule makes of it.
    pub fn finish<'v>(
        mut self,
        rule: &FindingRule,
        view: &View<'_>,
        value: impl Fn(&str) -> Cow<'v, str>,
    ) -> Told<'a> {
        self.sites.sort_by_key(|(rung, _)| std::cmp::Reverse(*rung));
        let mut sites: Vec<Site> = Vec::with_capacity(MAX_SITES);
        for (_, site) in self.sites {
            if sites.len() < MAX_SITES && !sites.iter().any(|other| same(other, &site)) {
                sites.push(site.into_owned());
            }
        }
        let mut details: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, values) in self.details {
            let more = values.len().saturating_sub(MAX_VALUES);
            if more > 0 {
                details.insert(format!("{name}{MORE}"), vec![more.to_string()]);
            }
            details.insert(
                name.to_owned(),
                values.into_iter().take(MAX_VALUES).map(Cow::into_owned).collect(),
            );
        }
        let unit = &view.facts.unit;
        let finding = Finding {
            id: finding_id(&rule.id, &view.link.key, &self.subject),
            rule: rule.id.clone(),
            title: rule.title(value),
            severity: rule.severity,
            confidence: rule.confidence.min(self.confidence),
            rung: self.rung,
            subject: self.subject,
            place: unit.place.clone(),
            app: unit.name.clone(),
            kind: unit.kind,
            package: view
                .manifest()
                .map(|m| m.package.clone())
                .filter(|p| !p.is_empty()),
            partition: unit.partition.clone(),
            owner: self.owner.map(str::to_owned),
            country: self.country.map(str::to_owned),
            purpose: self.purpose.map(str::to_owned),
            details,
            sites,
            count: self.count,
            score: Score {
                total: 0.0,
                factors: self.weight.into_iter().collect(),
            },
            waived: None,
            way: self.way.to_vec(),
            related: Vec::new(),
        };
        Told {
            finding,
            about: self.about,
        }
    }
}

/// Whether two sites are equal; what differs most often is compared first.
fn same(a: &Site, b: &Site) -> bool {
    a.pc == b.pc && a.method == b.method && a.entry == b.entry && a == b
}
