//! Detectors: what needs two facts at once, or the whole build.
//!
//! One file each, one line in [`ALL`], and a rule file of the same id for its words and its numbers.

mod collector;
mod default_on;
mod inconsistent;
mod parts;
mod sim;

use std::borrow::Cow;

use crate::rule::{DetectorMatch, FindingRule, Match};

use super::related::Told;
use super::{Draft, View};

/// Finds what a rule cannot express.
pub trait Detector: Sync {
    /// The rule that gives it its words and numbers.
    fn rule(&self) -> &'static str;
    /// Adds what it finds in a unit that meets the rule's conditions.
    fn run<'a>(&self, view: &View<'a>, told: &DetectorMatch, out: &mut Vec<Found<'a>>);
}

/// A draft, and what the title's fill-ins stand for.
pub struct Found<'a> {
    /// The finding in the making.
    pub draft: Draft<'a>,
    /// Values by name.
    pub values: Vec<(&'static str, String)>,
}

/// All detectors, by id.
pub const ALL: &[&dyn Detector] = &[
    &sim::Activation,
    &collector::InClearText,
    &collector::StartsByItself,
    &inconsistent::Inconsistent,
    &default_on::DefaultOn,
    &default_on::DefaultOnByName,
];

/// Detectors with the rules that give them their words. One whose rule is not there finds nothing: without
/// words there is nothing to report, and a run may replace the rules.
pub(super) fn ready(rules: &[FindingRule]) -> Vec<(&'static dyn Detector, &FindingRule, &DetectorMatch)> {
    let rule = |id: &str| rules.iter().find(|rule| rule.id == id);
    let ready = ALL.iter().filter_map(|detector| {
        let rule = rule(detector.rule())?;
        let Match::Detector(told) = &rule.select else {
            return None;
        };
        Some((*detector, rule, &**told))
    });
    ready.collect()
}

/// What all detectors find in a unit.
pub(super) fn run<'a>(
    ready: &[(&dyn Detector, &FindingRule, &DetectorMatch)],
    view: &View<'a>,
    out: &mut Vec<Told<'a>>,
) {
    let mut found = Vec::new();
    for (detector, rule, told) in ready {
        if !view.meets(&told.with) {
            continue;
        }
        detector.run(view, told, &mut found);
        for Found { draft, values } in found.drain(..) {
            out.push(draft.finish(rule, view, |name| {
                let value = values.iter().find(|(n, _)| *n == name);
                value.map_or(Cow::Borrowed(""), |(_, v)| Cow::Borrowed(v.as_str()))
            }));
        }
    }
}
