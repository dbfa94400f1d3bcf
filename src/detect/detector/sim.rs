//! Activation of a SIM behind its owner's back.

use crate::detect::{Confidence, Draft, Rung, View};
use crate::rule::DetectorMatch;

use super::{Detector, Found, parts};

/// Channel of text messages in the signatures' sinks.
const SMS: &str = "sms";

/// A unit that is started without the user, reads ids of the SIM, can send text messages, and names
/// servers.
pub(super) struct Activation;

impl Detector for Activation {
    fn rule(&self) -> &'static str {
        "activation.sim"
    }

    fn run<'a>(&self, view: &View<'a>, told: &DetectorMatch, out: &mut Vec<Found<'a>>) {
        let mut sinks = view
            .facts
            .sinks
            .iter()
            .filter(|sink| sink.channel == SMS)
            .peekable();
        if sinks.peek().is_none() || view.link.triggers.is_empty() || !view.contacts {
            return;
        }
        let reads = parts::reads(view, told);
        if !parts::enough(&reads, told) {
            return;
        }
        let wanted = |purpose: &str| told.purpose.as_ref().is_none_or(|wanted| wanted.is(purpose));
        let endpoints = parts::endpoints(view, |e, _| {
            !e.private && wanted(e.purpose.as_deref().unwrap_or_default())
        });
        if endpoints.is_empty() {
            return;
        }
        let mut draft = Draft::new("");
        draft.stand(Rung::SameApp, Confidence::Medium);
        for sink in sinks {
            draft.detail("messages", [sink.api.as_str()]);
            draft.places(Rung::SameApp, &sink.sites, sink.count);
        }
        let identifiers = parts::add_reads(&mut draft, view, &reads);
        parts::add_endpoints(&mut draft, &endpoints);
        draft.detail("triggers", view.link.triggers.iter().map(String::as_str));
        out.push(Found {
            draft,
            values: vec![("identifiers", identifiers)],
        });
    }
}
