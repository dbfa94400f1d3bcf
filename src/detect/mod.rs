//! Rules and the few detectors that a rule cannot express: facts → findings with evidence.
//!
//! A rule is a file below `signatures/rules`: it names one kind of fact, conditions on it and on its
//! unit, and the words. [`run`] asks every rule about every fact. A [`Detector`] is for what needs two
//! facts at once; its words are in a file of the same id.
//!
//! A finding has one rule, one primary place and the sites that `explain` shows again from the report
//! alone. Nothing here sees bytes.

mod case;
pub mod check;
mod condition;
mod detector;
mod draft;
mod engine;
mod finding;
mod scene;
mod word;

use crate::fact::UnitFacts;
use crate::link::Linked;
use crate::rule::Rules;

pub use case::strength;
pub use detector::{ALL, Detector};
pub use draft::Draft;
pub use finding::*;
pub use scene::{Destination, Scene, View};

/// Everything that rules and detectors find, worst first; scores are still empty. `linked` is what
/// [`link::link`](crate::link::link) made of the same units.
pub fn run(units: &[UnitFacts], linked: &Linked, rules: &Rules) -> Vec<Finding> {
    let index = engine::Index::new(&rules.findings);
    let detectors = detector::ready(&rules.findings);
    let scene = Scene { units, linked, rules };
    let mut findings = Vec::new();
    for view in scene.views() {
        index.run(&view, &mut findings);
        detector::run(&detectors, &view, &mut findings);
    }
    sort(&mut findings);
    findings
}

/// Worst first: severity, then score, then by rule and place. The order is total.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let score = b.score.total.total_cmp(&a.score.total);
        let rest = (&a.rule, &a.place, &a.subject).cmp(&(&b.rule, &b.place, &b.subject));
        b.severity.cmp(&a.severity).then(score).then(rest)
    });
}
