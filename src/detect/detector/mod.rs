//! Detectors: what needs two facts at once, or the whole build.
//!
//! One file each, one line in [`ALL`], and a rule file of the same id for its words.

use std::borrow::Cow;

use super::{Draft, Finding, View};

/// Finds what a rule cannot express.
pub trait Detector: Sync {
    /// The rule that gives it its words.
    fn rule(&self) -> &'static str;
    /// Adds what it finds in a unit: the finding in the making, and the values that the title names.
    fn run(&self, view: &View<'_>, out: &mut Vec<Found>);
}

/// A draft, and what the title's fill-ins stand for.
pub struct Found {
    /// The finding in the making.
    pub draft: Draft,
    /// Values by name.
    pub values: Vec<(&'static str, String)>,
}

/// All detectors, by id.
pub const ALL: &[&dyn Detector] = &[];

/// What all detectors find in a unit. One whose rule is not there finds nothing: without words there is
/// nothing to report, and a run may replace the rules.
pub(super) fn run(view: &View<'_>, out: &mut Vec<Finding>) {
    let mut found = Vec::new();
    for detector in ALL {
        let Some(rule) = view.scene.rules.findings.iter().find(|rule| rule.id == detector.rule()) else { continue };
        detector.run(view, &mut found);
        for Found { draft, values } in found.drain(..) {
            let value = |name: &str| {
                values.iter().find(|(n, _)| *n == name).map_or(Cow::Borrowed(""), |(_, v)| Cow::Borrowed(v.as_str()))
            };
            out.push(draft.finish(rule, view, value));
        }
    }
}
