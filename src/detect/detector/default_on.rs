//! A switch that is on before anyone was asked, beside a server that is there to collect.

use crate::detect::case::{self, Case};
use crate::detect::{Confidence, Draft, Rung, View};
use crate::fact::{Switch, SwitchKind, SwitchState};
use crate::rule::{DetectorMatch, PurposeClass};

use super::{Detector, Found, parts};

/// Severity of known switches that are too harmless to count.
const HARMLESS: &str = "low";

/// A switch that the signatures know to be about collecting.
pub(super) struct DefaultOn;

impl Detector for DefaultOn {
    fn rule(&self) -> &'static str {
        "telemetry.default-on"
    }

    fn run<'a>(&self, view: &View<'a>, _: &DetectorMatch, out: &mut Vec<Found<'a>>) {
        // An attribute of the manifest turns on what the platform does, not what the app does.
        let counts = |switch: &Switch| {
            let known = switch.known.as_ref();
            switch.kind != SwitchKind::AppAttribute && known.is_some_and(|known| known.severity != HARMLESS)
        };
        out.extend(find(view, counts));
    }
}

/// A switch whose name speaks of it, and of which nothing else is known.
pub(super) struct DefaultOnByName;

impl Detector for DefaultOnByName {
    fn rule(&self) -> &'static str {
        "telemetry.default-on-by-name"
    }

    fn run<'a>(&self, view: &View<'a>, told: &DetectorMatch, out: &mut Vec<Found<'a>>) {
        let Some(wanted) = &told.key else { return };
        out.extend(find(view, |switch| {
            switch.known.is_none() && wanted.is(&switch.key)
        }));
    }
}

fn find<'a>(view: &View<'a>, counts: impl Fn(&Switch) -> bool) -> Option<Found<'a>> {
    let on = |switch: &&Switch| counts(switch) && view.scene.linked.state(switch) == SwitchState::On;
    let switches: Vec<&'a Switch> = view.switches().into_iter().filter(on).collect();
    let endpoints = parts::endpoints(view, |_, to| to.class == PurposeClass::Tracking);
    if switches.is_empty() || endpoints.is_empty() || !view.link.network {
        return None;
    }
    let mut draft = Draft::new("");
    for switch in &switches {
        Case::Switch(switch).add_to(&mut draft, view);
    }
    // What is declared is the switch; that it guards the server is not.
    draft.rung = Rung::SameApp;
    draft.confidence = draft.confidence.min(Confidence::Medium);
    let hosts = parts::add_endpoints(&mut draft, &endpoints);
    let names: Vec<String> = switches.iter().map(|switch| case::switch_name(switch)).collect();
    let names = parts::list(names.iter().map(String::as_str));
    Some(Found {
        draft,
        values: vec![("switch", names), ("hosts", hosts)],
    })
}
