//! What a fact brings into a finding: how far it goes as evidence, where it is, and the details.

use super::super::word::Word;
use super::super::{Destination, Draft, Rung, View};
use super::value::{switch_name, what};
use super::{Case, End};
use crate::fact::{DefaultFrom, Endpoint, FlowFact, Source, Switch};
use crate::link::Party;
use crate::rule::{Confidence, PurposeClass};

/// Where a manifest lies in its package.
const MANIFEST: &str = "AndroidManifest.xml";

impl<'a> Case<'a> {
    /// Puts what the fact says into a finding in the making.
    pub(in crate::detect) fn add_to(&self, draft: &mut Draft<'a>, view: &View<'a>) {
        let declared = |draft: &mut Draft<'a>, file: &str, entry: &str| {
            draft.stand(Rung::Declared, Confidence::High);
            draft.place(Rung::Declared, view.site(file, entry));
        };
        match self {
            Self::Endpoint(e, to) => endpoint(e, *to, draft, view),
            Self::Identifier(i) => {
                let rung = match i.in_code {
                    true if view.contacts => Rung::SameApp,
                    true => Rung::ApiReference,
                    false => Rung::StringOnly,
                };
                let weight = f64::from(i.weight.min(10)) / 10.0;
                draft.weigh(weight, || format!("identifier: {}", self.value("title", view)));
                draft.stand(
                    rung,
                    if i.in_code {
                        Confidence::High
                    } else {
                        Confidence::Low
                    },
                );
                draft.detail("apis", [&i.api]);
                draft.detail("roads", [i.road.word()]);
                draft.places(rung, &i.sites, i.count);
                draft.about.categories.insert(&i.category);
            }
            Self::Sink(s) => {
                draft.stand(Rung::ApiReference, Confidence::Medium);
                draft.detail("apis", [&s.api]);
                draft.places(Rung::ApiReference, &s.sites, s.count);
                draft.detail("may ask first", s.asks.iter().map(|asked| &asked.what));
                for asked in &s.asks {
                    draft.places(Rung::ApiReference, &asked.sites, 0);
                }
            }
            Self::Flow(f, end) => flow(f, *end, self, draft, view),
            Self::Switch(best) => {
                let same =
                    |s: &&Switch| (s.kind, &s.namespace, &s.key) == (best.kind, &best.namespace, &best.key);
                view.facts
                    .switches
                    .iter()
                    .filter(same)
                    .for_each(|s| switch(s, draft));
            }
            Self::Tracker(t) => {
                let (rung, confidence) = match t.classes {
                    0 => (Rung::StringOnly, Confidence::Low),
                    _ => (Rung::ApiReference, Confidence::High),
                };
                draft.stand(rung, confidence);
                draft.owner = draft.owner.or(t.owner.as_deref());
                draft.country = draft.country.or(t.country.as_deref());
                draft.purpose = draft.purpose.or(t.categories.first().map(String::as_str));
                draft.detail("categories", &t.categories);
                draft.detail("seen as", &t.other);
                draft.places(rung, &t.sites, t.classes.max(1));
            }
            Self::Permission(p) => {
                declared(draft, MANIFEST, p);
                draft.detail("level", [self.value("level", view)]);
                draft.detail("permissions", [*p]);
            }
            Self::Defines(name, level) => {
                declared(draft, MANIFEST, name);
                draft.detail("level", [*level]);
            }
            Self::Component(c) => {
                declared(draft, MANIFEST, &c.name);
                draft.detail("components", [&c.name]);
                draft.detail("actions", &c.actions);
                draft.detail("authorities", &c.authorities);
                draft.detail("permission", &c.permission);
                draft.detail("triggers", &c.triggers);
            }
            Self::Manifest(m) | Self::NetworkSecurity(m, _) => {
                declared(draft, MANIFEST, "");
                let target = m.target_sdk.map(|n| n.to_string());
                draft.detail("target", target);
                if let Self::NetworkSecurity(_, n) = self {
                    draft.detail("domains", &n.cleartext_domains);
                }
            }
            Self::Package(_, known) => {
                declared(draft, MANIFEST, "");
                if let Some(package) = known {
                    draft.owner = draft.owner.or(package.owner.as_deref());
                    draft.detail("roles", package.roles.iter().map(|role| &**role));
                    draft.detail("note", package.note.as_deref());
                }
            }
            Self::Signer(s) => {
                declared(draft, "", "");
                draft.detail("subject", [&s.subject]);
                draft.detail("sha256", [&s.sha256]);
                draft.detail("role", &s.role);
            }
            Self::Nested(n) => {
                declared(draft, "", n.place.rsplit('!').next().unwrap_or_default());
                draft.detail("package", &n.package);
            }
            Self::Notice(n) => {
                draft.stand(Rung::Declared, Confidence::High);
                draft.detail("what", [what(&n.text)]);
                draft.place(
                    Rung::Declared,
                    crate::fact::Site {
                        place: n.place.as_str().into(),
                        physical: n.physical.as_str().into(),
                        entry: Some(format!("{:#x}", n.at).into()),
                        lines: [n.text.as_str().into()].into(),
                        ..crate::fact::Site::default()
                    },
                );
            }
            Self::Property(name, value) => {
                declared(draft, "", name);
                draft.detail("value", [*value]);
            }
        }
    }
}

fn endpoint<'a>(e: &'a Endpoint, to: Destination<'a>, draft: &mut Draft<'a>, view: &View<'a>) {
    let (rung, confidence) = strength(e);
    draft.stand(rung, confidence);
    draft.owner = draft.owner.or(e.owner.as_deref());
    draft.country = draft.country.or(e.country.as_deref());
    draft.purpose = draft.purpose.or(e.purpose.as_deref());
    draft.detail("urls", [&e.url]);
    draft.detail("sources", [e.source.word()]);
    if e.cleartext {
        draft.detail("clear text", [&e.scheme]);
    }
    draft.places(rung, &e.sites, e.count);
    draft.about.hosts.insert(&e.host);
    let weights = &view.scene.rules.weights.destination;
    let base = match to.class {
        // A finding about a test server is about the build, not about who is contacted.
        PurposeClass::Local => weights.unknown,
        class => weights.of(class, to.party == Party::Maker),
    };
    let clear = if e.cleartext { weights.clear_text } else { 0.0 };
    draft.weigh((base + clear).min(1.0), || {
        format!(
            "destination: {}{}",
            to.describe(),
            if e.cleartext { ", in clear text" } else { "" }
        )
    });
}

fn flow<'a>(f: &'a FlowFact, end: Option<End<'a>>, case: &Case<'a>, draft: &mut Draft<'a>, view: &View<'a>) {
    let (rung, confidence) = match end {
        Some(_) => (Rung::FlowWithEndpoint, Confidence::High),
        None => (Rung::Flow, Confidence::Medium),
    };
    draft.stand(rung, confidence);
    draft.detail("apis", [&f.api]);
    draft.detail("leaves by", [&f.sink]);
    draft.detail("started by", &f.starts);
    draft.detail("asks first", &f.asks);
    draft.detail("made", f.made.iter().map(|kind| kind.word()));
    let weights = &view.scene.rules.weights.destination;
    let mut base = weights.unknown;
    match end {
        Some((server, to)) => {
            draft.owner = draft.owner.or(server.owner.as_deref());
            draft.country = draft.country.or(server.country.as_deref());
            draft.purpose = draft.purpose.or(server.purpose.as_deref());
            let here = f.servers().filter(|e| e.host == server.host);
            for e in here {
                draft.detail("urls", [&e.url]);
                draft.detail("clear text", e.cleartext.then_some(&e.scheme));
            }
            if to.class != PurposeClass::Local {
                base = weights.of(to.class, to.party == Party::Maker);
            }
            if server.cleartext {
                base = (base + weights.clear_text).min(1.0);
            }
            draft.about.hosts.insert(&server.host);
        }
        // What is known of the address although it names no host.
        None => draft.detail("urls", f.endpoints.iter().map(|e| &e.url)),
    }
    draft.weigh(base * f64::from(f.weight.min(10)) / 10.0, || {
        format!("{} {}", case.value("title", view), case.value("to", view))
    });
    draft.about.categories.insert(&f.category);
    draft.places(rung, std::slice::from_ref(&f.to), f.count);
    draft.places(rung, std::slice::from_ref(&f.from), 0);
    // The first of several ways is shown: they come down to the same.
    if draft.way.is_empty() {
        draft.way = &f.way;
    }
}

/// How far an endpoint goes as evidence: a call takes it, code or data refers to it, or it is a string
/// that lies about.
pub fn strength(e: &Endpoint) -> (Rung, Confidence) {
    match e.source {
        _ if e.at_sink => (Rung::ApiReference, Confidence::High),
        Source::Code | Source::StaticValue | Source::Resource | Source::Manifest | Source::Config => {
            (Rung::ApiReference, Confidence::Medium)
        }
        Source::StringTable | Source::Asset | Source::Native => (Rung::StringOnly, Confidence::Low),
    }
}

fn switch<'a>(s: &'a Switch, draft: &mut Draft<'a>) {
    let (rung, confidence) = match s.from {
        DefaultFrom::Unresolved | DefaultFrom::Documented => (Rung::StringOnly, Confidence::Low),
        DefaultFrom::Code => (Rung::ApiReference, Confidence::Medium),
        DefaultFrom::PreferenceXml | DefaultFrom::Resource => (Rung::Declared, Confidence::Medium),
        DefaultFrom::Property | DefaultFrom::Manifest => (Rung::Declared, Confidence::High),
    };
    draft.stand(rung, confidence);
    draft.detail(
        "default",
        [format!(
            "{}: {}",
            s.from.word(),
            s.default.as_deref().unwrap_or("unknown")
        )],
    );
    draft.detail("state", [s.state.word()]);
    draft.detail("switch", [switch_name(s)]);
    if let Some(known) = &s.known {
        draft.owner = draft
            .owner
            .or(Some(known.vendor.as_str()).filter(|v| !v.is_empty()));
        draft.detail("meaning", [&known.meaning]);
    }
    draft.places(rung, &s.sites, s.count);
}
