//! How exposed a unit is: rights, what starts it, what is on, whether it can be removed.

use crate::detect::{Factor, Scene};
use crate::fact::{SwitchState, UnitFacts};
use crate::link::LinkedUnit;

/// Severities of known switches that count as something being on.
const HARMFUL: [&str; 3] = ["medium", "high", "critical"];

/// The factor for a unit: 1 − (1 − base) × (1 − each that holds), with what holds in its name.
pub(super) fn of(facts: &UnitFacts, link: &LinkedUnit, scene: &Scene<'_>) -> Factor {
    let weights = &scene.rules.weights.exposure;
    let on = facts.switches.iter().any(|switch| {
        let known = switch.known.as_ref();
        known.is_some_and(|k| HARMFUL.contains(&k.severity.as_str()))
            && scene.linked.state(switch) == SwitchState::On
    });
    let parts = [
        (link.privileged, "privileged", weights.privileged),
        (!link.triggers.is_empty(), "starts by itself", weights.by_itself),
        (on, "on by default", weights.by_default),
        (!link.removable, "fixed", weights.fixed),
    ];
    let mut left = 1.0 - weights.base;
    let mut names = Vec::new();
    for (holds, name, weight) in parts {
        if holds {
            left *= 1.0 - weight;
            names.push(name);
        }
    }
    let names = if names.is_empty() {
        "like any app".to_owned()
    } else {
        names.join(", ")
    };
    super::factor(format!("exposure: {names}"), 1.0 - left)
}
