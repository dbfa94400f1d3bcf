//! Rules over facts.

use std::collections::BTreeMap;

use crate::rule::{FindingRule, WHOLE_UNIT};

use super::case::{self, Case, SLOTS};
use super::condition;
use super::{Draft, Finding, View};

/// Findings of one rule in one unit; what is beyond goes into one more, so that nothing is lost from the
/// counts. The most seen in a real app is some 120 hosts.
const MAX_GROUPS: usize = 1000;
/// The subject of that one.
const REST: &str = "(others)";

/// Rules by the kind of fact that they are about.
pub(super) struct Index<'r> {
    slots: [Vec<&'r FindingRule>; SLOTS],
}

impl<'r> Index<'r> {
    pub(super) fn new(rules: &'r [FindingRule]) -> Self {
        let mut slots: [Vec<&FindingRule>; SLOTS] = Default::default();
        for rule in rules {
            if let Some(slot) = slots.get_mut(case::slot(&rule.select)) {
                slot.push(rule);
            }
        }
        Self { slots }
    }

    /// What all rules find in a unit.
    pub(super) fn run(&self, view: &View<'_>, out: &mut Vec<Finding>) {
        // The conditions on the unit are asked once for each rule, and only of rules with a fact to see.
        let mut asked: [Option<Vec<&FindingRule>>; SLOTS] = Default::default();
        let mut groups: BTreeMap<(&str, String), Group<'_, '_>> = BTreeMap::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for case in case::cases(view) {
            let slot = case.slot();
            let (Some(all), Some(asked)) = (self.slots.get(slot), asked.get_mut(slot)) else { continue };
            let rules = asked.get_or_insert_with(|| {
                all.iter().filter(|rule| view.meets(rule.select.with())).copied().collect()
            });
            for rule in rules.iter() {
                if !condition::holds(&rule.select, &case, view) {
                    continue;
                }
                let mut subject = match rule.grouping() {
                    WHOLE_UNIT => String::new(),
                    name => case.value(name, view).into_owned(),
                };
                if !groups.contains_key(&(rule.id.as_str(), subject.clone())) {
                    let count = counts.entry(&rule.id).or_default();
                    *count = count.saturating_add(1);
                    if *count > MAX_GROUPS {
                        REST.clone_into(&mut subject);
                    }
                }
                let group = groups.entry((&rule.id, subject.clone())).or_insert_with(|| Group {
                    rule,
                    first: case,
                    draft: Draft::new(subject),
                });
                case.add_to(&mut group.draft, view);
            }
        }
        for group in groups.into_values() {
            let first = group.first;
            let rest = group.draft.subject == REST;
            out.push(group.draft.finish(group.rule, view, |name| {
                if rest { REST.into() } else { first.value(name, view) }
            }));
        }
    }
}

/// Facts that one rule puts together.
struct Group<'r, 'a> {
    rule: &'r FindingRule,
    first: Case<'a>,
    draft: Draft,
}
