//! What titles and groupings may name of a fact.

use std::borrow::Cow;

use super::super::View;
use super::super::word::Word;
use super::{Case, End};
use crate::fact::{Endpoint, FlowFact, HostKind, Switch, SwitchKind};

impl<'a> Case<'a> {
    /// A value by its name in titles and groupings; empty where it is not known.
    pub(in crate::detect) fn value(&self, name: &str, view: &View<'a>) -> Cow<'a, str> {
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
            (Self::Flow(f, end), name) => flow_value(f, *end, name, view),
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
}

/// A value of a flow. `what` and `to` are put together for titles: "IMEI (hashed)", "to a.example in clear
/// text", "in a text message".
fn flow_value<'a>(f: &'a FlowFact, end: Option<End<'a>>, name: &str, view: &View<'a>) -> Cow<'a, str> {
    let of = |text: fn(&Endpoint) -> Option<&str>| {
        Cow::Borrowed(end.and_then(|(e, _)| text(e)).unwrap_or_default())
    };
    let rules = view.scene.rules;
    let title = || {
        let category = rules.identifiers.category(&f.category);
        category.map_or(f.category.as_str(), |c| &c.title)
    };
    match name {
        "flow" => Cow::Owned(match end {
            Some((e, _)) => format!("{} to {} by {}", f.category, e.host, f.channel),
            None => format!("{} by {}", f.category, f.channel),
        }),
        "what" => {
            let made: Vec<&str> = f.made.iter().map(|kind| kind.word()).collect();
            match made.as_slice() {
                [] => Cow::Borrowed(title()),
                made => Cow::Owned(format!("{} ({})", title(), made.join(", "))),
            }
        }
        "to" => {
            let words = rules
                .sinks
                .channel(&f.channel)
                .map_or("", |channel| &*channel.words);
            let to = match end {
                Some((e, _)) if e.cleartext => format!("to {} in clear text", e.host),
                Some((e, _)) => format!("to {}", e.host),
                None if !words.is_empty() => return Cow::Borrowed(words),
                None => return Cow::Borrowed("to a server that is not known"),
            };
            match words {
                "" => Cow::Owned(to),
                words => Cow::Owned(format!("{to} {words}")),
            }
        }
        "category" => Cow::Borrowed(&f.category),
        "title" => Cow::Borrowed(title()),
        "channel" => Cow::Borrowed(&f.channel),
        "host" => of(|e| Some(&e.host)),
        "owner" => of(|e| e.owner.as_deref()),
        "country" => of(|e| e.country.as_deref()),
        "purpose" => of(|e| e.purpose.as_deref()),
        _ => Cow::Borrowed(""),
    }
}

/// A switch as people name it: `Settings.Secure upload_log_pref`, `preference enable_push`.
pub(in crate::detect) fn switch_name(s: &Switch) -> String {
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
pub(super) fn what(text: &str) -> &str {
    text.split_once(" at 0x").map_or(text, |(what, _)| what)
}
