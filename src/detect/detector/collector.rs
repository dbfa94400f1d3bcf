//! Something that nobody opens, that reads what identifies, and that names a server to hand it to.

use crate::detect::{Confidence, Destination, Draft, Rung, View};
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

    fn run<'a>(&self, view: &View<'a>, told: &DetectorMatch, out: &mut Vec<Found<'a>>) {
        out.extend(find(view, told, |_, to| to.collects(), "owners"));
    }
}

/// The same with two identifiers that never change, and a server in clear text for what must not be.
pub(super) struct InClearText;

impl Detector for InClearText {
    fn rule(&self) -> &'static str {
        "collector.in-clear-text"
    }

    fn run<'a>(&self, view: &View<'a>, told: &DetectorMatch, out: &mut Vec<Found<'a>>) {
        let counts = |endpoint: &Endpoint, to: Destination<'_>| {
            let purpose = endpoint.purpose.as_deref().unwrap_or_default();
            let wanted = || told.purpose.as_ref().is_some_and(|wanted| wanted.is(purpose));
            endpoint.cleartext && to.class != PurposeClass::Local && (to.collects() || wanted())
        };
        out.extend(find(view, told, counts, "hosts"));
    }
}

fn find<'a>(
    view: &View<'a>,
    told: &DetectorMatch,
    counts: impl Fn(&Endpoint, Destination<'a>) -> bool,
    servers: &'static str,
) -> Option<Found<'a>> {
    if view.link.triggers.is_empty() || !view.contacts {
        return None;
    }
    let reads = parts::reads(view, told);
    let endpoints = parts::endpoints(view, |e, to| !e.private && counts(e, to));
    if endpoints.is_empty() || !parts::enough(&reads, told) {
        return None;
    }
    let mut draft = Draft::new("");
    draft.stand(Rung::SameApp, Confidence::Medium);
    let identifiers = parts::add_reads(&mut draft, view, &reads);
    let hosts = parts::add_endpoints(&mut draft, &endpoints);
    draft.detail("triggers", view.link.triggers.iter().map(String::as_str));
    let named = match servers {
        "owners" => parts::list(endpoints.iter().filter_map(|(e, _)| e.owner.as_deref())),
        _ => hosts,
    };
    Some(Found {
        draft,
        values: vec![("identifiers", identifiers), (servers, named)],
    })
}
