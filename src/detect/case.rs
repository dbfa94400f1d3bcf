//! A fact, as a rule sees it: values that titles name, and the evidence it brings.

use std::borrow::Cow;

use crate::fact::{
    Component, DefaultFrom, Endpoint, HostKind, IdentifierRead, ManifestFacts, Nested, NetworkSecurity,
    NoticeFact, Signer, SinkUse, Source, Switch, SwitchKind, TrackerUse,
};
use crate::link::Party;
use crate::rule::{Confidence, Match, Package, PurposeClass};

use super::word::Word;
use super::{Destination, Draft, Rung, View};

/// Where a manifest lies in its package.
const MANIFEST: &str = "AndroidManifest.xml";

/// One fact of any kind.
#[derive(Clone, Copy)]
pub(super) enum Case<'a> {
    Endpoint(&'a Endpoint, Destination<'a>),
    Identifier(&'a IdentifierRead),
    Sink(&'a SinkUse),
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

/// Kinds of facts, and one more for what detectors find.
pub(super) const SLOTS: usize = 16;

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
        }
    }

    /// A value by its name in titles and groupings; empty where it is not known.
    pub(super) fn value(&self, name: &str, view: &View<'a>) -> Cow<'a, str> {
        let of = |text: &'a Option<String>| Cow::Borrowed(text.as_deref().unwrap_or_default());
        let list = |texts: &'a [String]| Cow::Owned(texts.join(", "));
        match (self, name) {
            (Self::Endpoint(e, _), "host") => match e.host_kind {
                HostKind::Template => Cow::Borrowed(&e.url),
                _ => Cow::Borrowed(&e.host),
            },
            (Self::Endpoint(e, _), "url") => Cow::Borrowed(&e.url),
            (Self::Endpoint(e, _), "scheme") => Cow::Borrowed(&e.scheme),
            (Self::Endpoint(e, _), "path") => Cow::Borrowed(&e.path),
            (Self::Endpoint(e, _), "port") => Cow::Owned(e.port.map(|p| p.to_string()).unwrap_or_default()),
            (Self::Endpoint(e, _), "owner") => of(&e.owner),
            (Self::Endpoint(e, _), "country") => of(&e.country),
            (Self::Endpoint(e, _), "purpose") => of(&e.purpose),
            (Self::Endpoint(e, _), "vendor") => of(&e.vendor),
            (Self::Identifier(i), "category") => Cow::Borrowed(&i.category),
            (Self::Identifier(i), "title") => {
                let category = view.scene.rules.identifiers.category(&i.category);
                Cow::Borrowed(category.map_or(i.category.as_str(), |c| &c.title))
            }
            (Self::Identifier(i), "api") => Cow::Borrowed(&i.api),
            (Self::Identifier(i), "road") => Cow::Borrowed(i.road.word()),
            (Self::Sink(s), "channel") => Cow::Borrowed(&s.channel),
            (Self::Sink(s), "api") => Cow::Borrowed(&s.api),
            (Self::Switch(s), "key") => Cow::Borrowed(&s.key),
            (Self::Switch(s), "switch") => Cow::Owned(switch_name(s)),
            (Self::Switch(s), "namespace") => Cow::Borrowed(&s.namespace),
            (Self::Switch(s), "kind") => Cow::Borrowed(s.kind.word()),
            (Self::Switch(s), "default") => of(&s.default),
            (Self::Switch(s), "meaning") => Cow::Borrowed(s.known.as_ref().map_or("", |k| &k.meaning)),
            (Self::Switch(s), "vendor") => Cow::Borrowed(s.known.as_ref().map_or("", |k| &k.vendor)),
            (Self::Tracker(t), "id") => Cow::Borrowed(&t.id),
            (Self::Tracker(t), "name") => Cow::Borrowed(&t.name),
            (Self::Tracker(t), "owner") => of(&t.owner),
            (Self::Tracker(t), "country") => of(&t.country),
            (Self::Tracker(t), "category") => list(&t.categories),
            (Self::Permission(p) | Self::Defines(p, _), "name") => Cow::Borrowed(p),
            (Self::Permission(p) | Self::Defines(p, _), "short") => {
                Cow::Borrowed(p.rsplit('.').next().unwrap_or(p))
            }
            (Self::Defines(_, level), "level") => Cow::Borrowed(level),
            (Self::Permission(p), "level") => {
                let rules = view.scene.rules;
                Cow::Borrowed(view.scene.linked.levels.level(p, rules).unwrap_or_default())
            }
            (Self::Permission(p), "category") => Cow::Borrowed(
                view.scene
                    .rules
                    .permissions
                    .get(p)
                    .map_or("", |row| &row.category),
            ),
            (Self::Component(c), "kind") => Cow::Borrowed(&c.kind),
            (Self::Component(c), "name") => Cow::Borrowed(&c.name),
            (Self::Component(c), "short") => Cow::Borrowed(c.name.rsplit('.').next().unwrap_or(&c.name)),
            (Self::Component(c), "action") => list(&c.actions),
            (Self::Component(c), "authority") => list(&c.authorities),
            (Self::Component(c), "permission") => of(&c.permission),
            (Self::Manifest(m), "package")
            | (Self::NetworkSecurity(m, _), "package")
            | (Self::Package(m, _), "package") => Cow::Borrowed(&m.package),
            (Self::Manifest(m), "version") => of(&m.version_name),
            (Self::Manifest(m), "shared-user") => of(&m.shared_user_id),
            (Self::NetworkSecurity(_, n), "domains") => list(&n.cleartext_domains),
            (Self::Signer(s), "subject") => Cow::Borrowed(&s.subject),
            (Self::Signer(s), "role") => of(&s.role),
            (Self::Signer(s), "sha1") => Cow::Borrowed(&s.sha1),
            (Self::Signer(s), "sha256") => Cow::Borrowed(&s.sha256),
            (Self::Package(_, Some(p)), "role") => Cow::Owned(p.roles.join(", ")),
            (Self::Package(_, Some(p)), "owner") => Cow::Borrowed(p.owner.as_deref().unwrap_or_default()),
            (Self::Package(_, Some(p)), "note") => Cow::Borrowed(p.note.as_deref().unwrap_or_default()),
            (Self::Nested(n), "package") => of(&n.package),
            (Self::Nested(n), "file") => Cow::Borrowed(n.place.rsplit('!').next().unwrap_or(&n.place)),
            (Self::Notice(n), "format") => Cow::Borrowed(&n.format),
            (Self::Notice(n), "class") => Cow::Borrowed(n.class.word()),
            (Self::Notice(n), "what") => Cow::Borrowed(what(&n.text)),
            (Self::Property(name, _), "name") => Cow::Borrowed(name),
            (Self::Property(_, value), "value") => Cow::Borrowed(value),
            _ => Cow::Borrowed(""),
        }
    }

    /// Puts what the fact says into a finding in the making.
    pub(super) fn add_to(&self, draft: &mut Draft<'a>, view: &View<'a>) {
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
            }
            Self::Sink(s) => {
                draft.stand(Rung::ApiReference, Confidence::Medium);
                draft.detail("apis", [&s.api]);
                draft.places(Rung::ApiReference, &s.sites, s.count);
            }
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
                        place: n.place.clone(),
                        physical: n.physical.clone(),
                        entry: Some(format!("{:#x}", n.at)),
                        lines: vec![n.text.clone()],
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

/// A switch as people name it: `Settings.Secure upload_log_pref`, `preference enable_push`.
pub(super) fn switch_name(s: &Switch) -> String {
    let kind = match s.kind {
        SwitchKind::Settings => match s.namespace.as_str() {
            "secure" => "Settings.Secure",
            "system" => "Settings.System",
            "global" => "Settings.Global",
            _ => "Settings",
        },
        SwitchKind::Preference => "preference",
        SwitchKind::Property => "property",
        SwitchKind::Resource => "resource",
        SwitchKind::MetaData => "meta-data",
        SwitchKind::AppAttribute => "manifest attribute",
        SwitchKind::InitService => "init service",
        SwitchKind::ConfigFile => "configuration key",
        SwitchKind::File => "file",
    };
    format!("{kind} {}", s.key)
}

/// A notice without its numbers, so that the same oddity in two builds is the same.
fn what(text: &str) -> &str {
    text.split_once(" at 0x").map_or(text, |(what, _)| what)
}
