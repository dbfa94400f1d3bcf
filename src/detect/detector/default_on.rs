//! A switch that is on before anyone was asked, beside a server that is there to collect.

use crate::detect::case::{self, Case};
use crate::detect::{Confidence, Draft, Rung, View, strength};
use crate::fact::{Endpoint, Switch, SwitchKind, SwitchState};
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

    fn run(&self, view: &View<'_>, _: &DetectorMatch, out: &mut Vec<Found>) {
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

    fn run(&self, view: &View<'_>, told: &DetectorMatch, out: &mut Vec<Found>) {
        let Some(wanted) = &told.key else { return };
        out.extend(find(view, |switch| switch.known.is_none() && wanted.is(&switch.key)));
    }
}

fn find(view: &View<'_>, counts: impl Fn(&Switch) -> bool) -> Option<Found> {
    let on = |switch: &&Switch| counts(switch) && view.scene.linked.state(switch) == SwitchState::On;
    let switches: Vec<&Switch> = view.switches().into_iter().filter(on).collect();
    let collects = |e: &&Endpoint| {
        let class = view.scene.destination(e).class;
        class == PurposeClass::Tracking && strength(e).0 > Rung::StringOnly
    };
    let endpoints: Vec<&Endpoint> = view.facts.endpoints.iter().filter(collects).collect();
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
    let hosts = parts::add_endpoints(&mut draft, view, &endpoints);
    let names: Vec<String> = switches.iter().map(|switch| case::switch_name(switch)).collect();
    let names = parts::list(names.iter().map(String::as_str));
    Some(Found { draft, values: vec![("switch", names), ("hosts", hosts)] })
}
