//! Rules over facts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::rule::{FindingRule, WHOLE_UNIT};

use super::case::{self, Case, SLOTS};
use super::condition;
use super::related::Told;
use super::{Draft, View};

/// Findings of one rule in one unit; what is beyond goes into one more, so that nothing is lost from the
/// counts. The most seen in a real app is some 120 hosts.
const MAX_GROUPS: usize = 1000;
/// The subject of that one.
const REST: &str = "(others)";

/// Rules by the kind of fact that they are about.
pub(super) struct Index<'r> {
    slots: [Vec<Numbered<'r>>; SLOTS],
}

/// A rule with its number: numbers are quicker to compare than ids, and in the same order.
type Numbered<'r> = (usize, &'r FindingRule);

impl<'r> Index<'r> {
    pub(super) fn new(rules: &'r [FindingRule]) -> Self {
        let mut slots: [Vec<Numbered<'_>>; SLOTS] = Default::default();
        for (number, rule) in rules.iter().enumerate() {
            if let Some(slot) = slots.get_mut(case::slot(&rule.select)) {
                slot.push((number, rule));
            }
        }
        Self { slots }
    }

    /// What all rules find in a unit.
    pub(super) fn run<'a>(&self, view: &View<'a>, out: &mut Vec<Told<'a>>) {
        // The conditions on the unit are asked once for each rule, and only of rules with a fact to see.
        let mut asked: [Option<Vec<Numbered<'_>>>; SLOTS] = Default::default();
        let mut groups: BTreeMap<(usize, Cow<'_, str>), Group<'_, 'a>> = BTreeMap::new();
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for case in case::cases(view) {
            let slot = case.slot();
            let (Some(all), Some(asked)) = (self.slots.get(slot), asked.get_mut(slot)) else {
                continue;
            };
            let rules = asked.get_or_insert_with(|| {
                all.iter()
                    .filter(|(_, rule)| view.meets(rule.select.with()))
                    .copied()
                    .collect()
            });
            for (number, rule) in rules.iter() {
                if !condition::holds(&rule.select, &case, view) {
                    continue;
                }
                let subject = match rule.grouping() {
                    WHOLE_UNIT => Cow::Borrowed(""),
                    name => case.value(name, view),
                };
                let mut key = (*number, subject);
                if !groups.contains_key(&key) {
                    let count = counts.entry(*number).or_default();
                    *count = count.saturating_add(1);
                    if *count > MAX_GROUPS {
                        key.1 = Cow::Borrowed(REST);
                    }
                }
                let group = groups.entry(key).or_insert_with_key(|(_, subject)| Group {
                    rule,
                    first: case,
                    draft: Draft::new(subject.clone()),
                });
                case.add_to(&mut group.draft, view);
            }
        }
        for group in groups.into_values() {
            let first = group.first;
            let rest = group.draft.subject == REST;
            out.push(group.draft.finish(group.rule, view, |name| {
                if rest {
                    REST.into()
                } else {
                    first.value(name, view)
                }
            }));
        }
    }
}

/// Facts that one rule puts together.
struct Group<'r, 'a> {
    rule: &'r FindingRule,
    first: Case<'a>,
    draft: Draft<'a>,
}
