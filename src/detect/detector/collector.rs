//! Something that nobody opens, that reads what identifies, and that names a server to hand it to.

use crate::detect::{Confidence, Draft, Rung, View, strength};
use crate::fact::Endpoint;
use crate::rule::{DetectorMatch, PurposeClass};

use super::{Detector, Found, parts};

/// A unit that is started without the user, reads strong identifiers and names a server that is there to
/// collect, or a function of someone else than the maker.
pub(super) struct StartsByItself;

impl Detector for StartsByItself {
    fn rule(&self) -> &'static str {
        "collector.starts-by-itself"
    }

    fn run(&self, view: &View<'_>, told: &DetectorMatch, out: &mut Vec<Found>) {
        out.extend(find(view, told, |endpoint| view.scene.destination(endpoint).collects(), "owners"));
    }
}

/// The same with two identifiers that never change, and a server in clear text for what must not be.
pub(super) struct InClearText;

impl Detector for InClearText {
    fn rule(&self) -> &'static str {
        "collector.in-clear-text"
    }

    fn run(&self, view: &View<'_>, told: &DetectorMatch, out: &mut Vec<Found>) {
        let counts = |endpoint: &Endpoint| {
            let to = view.scene.destination(endpoint);
            let purpose = endpoint.purpose.as_deref().unwrap_or_default();
            endpoint.cleartext
                && to.class != PurposeClass::Local
                && (to.collects() || told.purpose.as_ref().is_some_and(|wanted| wanted.is(purpose)))
        };
        out.extend(find(view, told, counts, "hosts"));
    }
}

fn find(
    view: &View<'_>,
    told: &DetectorMatch,
    counts: impl Fn(&Endpoint) -> bool,
    servers: &'static str,
) -> Option<Found> {
    if view.link.triggers.is_empty() || !view.contacts {
        return None;
    }
    let reads = parts::reads(view, told);
    let endpoints = view.facts.endpoints.iter();
    let endpoints: Vec<&Endpoint> =
        endpoints.filter(|e| strength(e).0 > Rung::StringOnly && !e.private && counts(e)).collect();
    if endpoints.is_empty() || !parts::enough(&reads, told) {
        return None;
    }
    let mut draft = Draft::new("");
    draft.stand(Rung::SameApp, Confidence::Medium);
    let identifiers = parts::add_reads(&mut draft, view, &reads);
    let hosts = parts::add_endpoints(&mut draft, view, &endpoints);
    draft.detail("triggers", &view.link.triggers);
    let named = match servers {
        "owners" => parts::list(endpoints.iter().filter_map(|e| e.owner.as_deref())),
        _ => hosts,
    };
    Some(Found { draft, values: vec![("identifiers", identifiers), (servers, named)] })
}
