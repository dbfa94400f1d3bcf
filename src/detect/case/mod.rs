//! A fact, as a rule sees it: values that titles name, and the evidence it brings.

mod evidence;
mod value;

use crate::fact::{
    Component, Endpoint, FlowFact, IdentifierRead, ManifestFacts, Nested, NetworkSecurity, NoticeFact,
    Signer, SinkUse, Switch, TrackerUse,
};
use crate::rule::{Match, Package};

use super::{Destination, View};
pub use evidence::strength;
pub(super) use value::switch_name;

/// One fact of any kind.
#[derive(Clone, Copy)]
pub(super) enum Case<'a> {
    Endpoint(&'a Endpoint, Destination<'a>),
    Identifier(&'a IdentifierRead),
    Sink(&'a SinkUse),
    Flow(&'a FlowFact, Option<End<'a>>),
    Switch(&'a Switch),
    Tracker(&'a TrackerUse),
    Permission(&'a str),
    Defines(&'a str, &'a str),
    Component(&'a Component),
    Manifest(&'a ManifestFacts),
    NetworkSecurity(&'a ManifestFacts, &'a NetworkSecurity),
    Signer(&'a Signer),
    Package(&'a ManifestFacts, Option<&'a Package>),
    Nested(&'a Nested),
    Notice(&'a NoticeFact),
    Property(&'a str, &'a str),
}

/// A server that a flow goes to.
pub(super) type End<'a> = (&'a Endpoint, Destination<'a>);

/// Kinds of facts, and one more for what detectors find.
pub(super) const SLOTS: usize = 17;

/// The slot of the rules for a kind of fact; [`Case::slot`] gives the same for the fact.
pub(super) fn slot(select: &Match) -> usize {
    match select {
        Match::Endpoint(_) => 0,
        Match::Identifier(_) => 1,
        Match::Sink(_) => 2,
        Match::Switch(_) => 3,
        Match::Tracker(_) => 4,
        Match::Permission(_) => 5,
        Match::Defines(_) => 6,
        Match::Component(_) => 7,
        Match::Manifest(_) => 8,
        Match::NetworkSecurity(_) => 9,
        Match::Signer(_) => 10,
        Match::Package(_) => 11,
        Match::Nested(_) => 12,
        Match::Notice(_) => 13,
        Match::Property(_) => 14,
        Match::Detector(_) => 15,
        Match::Flow(_) => 16,
    }
}

/// All facts of a unit.
pub(super) fn cases<'a>(view: &View<'a>) -> impl Iterator<Item = Case<'a>> {
    let facts = view.facts;
    let manifest = facts.manifest.iter().flat_map(|m| {
        let known = view.scene.rules.packages.get(&m.package);
        [Case::Manifest(m), Case::Package(m, known)]
            .into_iter()
            .chain(m.network_security.as_ref().map(|n| Case::NetworkSecurity(m, n)))
            .chain(m.permissions.iter().map(|p| Case::Permission(p)))
            .chain(m.defines.iter().map(|(name, level)| Case::Defines(name, level)))
            .chain(m.components.iter().map(Case::Component))
    });
    manifest
        .chain(view.endpoints().map(|(e, to)| Case::Endpoint(e, to)))
        .chain(facts.identifiers.iter().map(Case::Identifier))
        .chain(facts.sinks.iter().map(Case::Sink))
        .chain(flows(view))
        .chain(view.switches().into_iter().map(Case::Switch))
        .chain(facts.trackers.iter().map(Case::Tracker))
        .chain(facts.signers.iter().map(Case::Signer))
        .chain(facts.nested.iter().map(Case::Nested))
        .chain(facts.notices.iter().map(Case::Notice))
        .chain(
            facts
                .properties
                .iter()
                .map(|(name, value)| Case::Property(name, value)),
        )
}

/// The flows, each once for every host that it goes to.
fn flows<'a>(view: &View<'a>) -> Vec<Case<'a>> {
    let mut all = Vec::new();
    for flow in &view.facts.flows {
        let mut last = None;
        for endpoint in flow.servers() {
            // Of one host the first says most, see `FlowFact::endpoints`.
            if last != Some(&endpoint.host) {
                last = Some(&endpoint.host);
                let to = view.scene.destination(endpoint);
                all.push(Case::Flow(flow, Some((endpoint, to))));
            }
        }
        if last.is_none() {
            all.push(Case::Flow(flow, None));
        }
    }
    all
}

impl<'a> Case<'a> {
    pub(super) fn slot(&self) -> usize {
        match self {
            Self::Endpoint(..) => 0,
            Self::Identifier(_) => 1,
            Self::Sink(_) => 2,
            Self::Switch(_) => 3,
            Self::Tracker(_) => 4,
            Self::Permission(_) => 5,
            Self::Defines(..) => 6,
            Self::Component(_) => 7,
            Self::Manifest(_) => 8,
            Self::NetworkSecurity(..) => 9,
            Self::Signer(_) => 10,
            Self::Package(..) => 11,
            Self::Nested(_) => 12,
            Self::Notice(_) => 13,
            Self::Property(..) => 14,
            Self::Flow(..) => 16,
        }
    }
}
