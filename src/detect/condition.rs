//! Whether a fact is what a rule looks for.

use std::net::IpAddr;

use crate::fact::{Endpoint, HostKind};
use crate::link::{Base, Party};
use crate::rule::{Match, PurposeClass, Text};

use super::View;
use super::case::Case;
use super::word::Word;

/// `android:allowBackup` where it is not written (Android developers' guide, `<application>`).
const BACKUP_BY_DEFAULT: bool = true;

fn is(condition: &Option<Text>, text: &str) -> bool {
    condition.as_ref().is_none_or(|c| c.is(text))
}

fn of(condition: &Option<Text>, text: &Option<String>) -> bool {
    is(condition, text.as_deref().unwrap_or_default())
}

fn among<T: AsRef<str>>(condition: &Option<Text>, texts: &[T]) -> bool {
    condition
        .as_ref()
        .is_none_or(|c| c.among(texts.iter().map(AsRef::as_ref)))
}

fn flag(condition: Option<bool>, value: bool) -> bool {
    condition.is_none_or(|c| c == value)
}

fn least<T: PartialOrd>(condition: Option<T>, value: T) -> bool {
    condition.is_none_or(|c| value >= c)
}

/// Whether every condition on the fact itself holds; those on the unit are [`View::meets`].
pub(super) fn holds(select: &Match, case: &Case<'_>, view: &View<'_>) -> bool {
    let rules = view.scene.rules;
    let levels = &view.scene.linked.levels;
    match (select, case) {
        (Match::Endpoint(m), Case::Endpoint(e, to)) => {
            flag(m.cleartext, e.cleartext)
                && flag(m.private, e.private)
                && flag(m.staging, e.staging)
                && flag(m.at_sink, e.at_sink)
                && is(&m.host_kind, e.host_kind.word())
                && of(&m.purpose, &e.purpose)
                && m.purpose_class
                    .as_ref()
                    .is_none_or(|c| c.is(view.scene.class(e).word()))
                && of(&m.owner, &e.owner)
                && m.host.as_ref().is_none_or(|c| c.host(&e.host))
                && of(&m.country, &e.country)
                && of(&m.vendor, &e.vendor)
                && m.party.as_ref().is_none_or(|c| c.is(to.party.as_str()))
                && is(&m.source, e.source.word())
                && is(&m.scheme, &e.scheme)
                && is(&m.path, &e.path)
                && is(&m.url, &e.url)
                && m.public_address.is_none_or(|wanted| {
                    wanted == (e.host_kind == HostKind::Address && !e.private && is_public(&e.host))
                })
        }
        (Match::Identifier(m), Case::Identifier(i)) => {
            flag(m.in_code, i.in_code)
                && least(m.min_weight, i.weight)
                && m.max_weight.is_none_or(|most| i.weight <= most)
                && is(&m.category, &i.category)
                && m.class.as_ref().is_none_or(|c| {
                    c.is(rules
                        .identifiers
                        .category(&i.category)
                        .map_or("", |category| &category.class))
                })
                && is(&m.road, i.road.word())
                && is(&m.api, &i.api)
        }
        (Match::Sink(m), Case::Sink(s)) => is(&m.channel, &s.channel) && is(&m.api, &s.api),
        (Match::Flow(m), Case::Flow(f, end)) => {
            let class = |category: &str| rules.identifiers.category(category).map_or("", |c| &*c.class);
            let e = end.map(|(e, _)| e);
            let text = |of: fn(&Endpoint) -> Option<&str>| e.and_then(of).unwrap_or_default();
            least(m.min_weight, f.weight)
                && m.max_weight.is_none_or(|most| f.weight <= most)
                && is(&m.category, &f.category)
                && m.class.as_ref().is_none_or(|c| c.is(class(&f.category)))
                && is(&m.channel, &f.channel)
                && m.made.as_ref().is_none_or(|c| match f.made.as_slice() {
                    [] => c.is(""),
                    made => c.among(made.iter().map(|kind| kind.word())),
                })
                && flag(m.resolved, e.is_some())
                && flag(m.cleartext, e.is_some_and(|e| e.cleartext))
                && flag(m.private, e.is_some_and(|e| e.private))
                && m.host
                    .as_ref()
                    .is_none_or(|c| c.host(text(|e| Some(e.host.as_str()))))
                && is(&m.owner, text(|e| e.owner.as_deref()))
                && is(&m.country, text(|e| e.country.as_deref()))
                && is(&m.purpose, text(|e| e.purpose.as_deref()))
                && m.purpose_class
                    .as_ref()
                    .is_none_or(|c| c.is(end.map_or(PurposeClass::Unknown, |(_, to)| to.class).word()))
                && m.party
                    .as_ref()
                    .is_none_or(|c| c.is(end.map_or(Party::Unknown, |(_, to)| to.party).as_str()))
        }
        (Match::Switch(m), Case::Switch(s)) => {
            let known = s.known.as_ref();
            is(&m.state, view.scene.linked.state(s).word())
                && flag(m.known, known.is_some())
                && is(&m.kind, s.kind.word())
                && is(&m.from, s.from.word())
                && is(&m.namespace, &s.namespace)
                && is(&m.harm, known.map_or("", |k| &k.severity))
                && is(&m.vendor, known.map_or("", |k| &k.vendor))
                && is(&m.meaning, known.map_or("", |k| &k.meaning))
                && of(&m.default, &s.default)
                && is(&m.key, &s.key)
        }
        (Match::Tracker(m), Case::Tracker(t)) => {
            least(m.min_classes, t.classes)
                && is(&m.id, &t.id)
                && is(&m.name, &t.name)
                && of(&m.owner, &t.owner)
                && of(&m.country, &t.country)
                && among(&m.category, &t.categories)
                && m.tracks
                    .is_none_or(|wanted| wanted == view.scene.tracks(&t.categories))
        }
        (Match::Permission(m), Case::Permission(name)) => {
            let row = rules.permissions.get(name);
            is(&m.name, name)
                && is(&m.category, row.map_or("", |row| &row.category))
                && least(m.min_weight, row.map_or(0, |row| row.weight))
                && m.base
                    .as_ref()
                    .is_none_or(|c| c.is(levels.base(name, rules).as_str()))
                && m.level
                    .as_ref()
                    .is_none_or(|c| c.is(levels.level(name, rules).unwrap_or_default()))
                && m.granted.is_none_or(|wanted| {
                    wanted == levels.granted(name, view.link, &view.facts.signers, rules)
                })
        }
        (Match::Defines(m), Case::Defines(name, level)) => {
            is(&m.name, name)
                && is(&m.base, Base::of(level).as_str())
                && least(
                    m.min_weight,
                    rules.permissions.get(name).map_or(0, |row| row.weight),
                )
        }
        (Match::Component(m), Case::Component(c)) => {
            flag(m.exported, c.exported)
                && flag(m.enabled, c.enabled)
                && is(&m.kind, &c.kind)
                && is(&m.name, &c.name)
                && among(&m.action, &c.actions)
                && among(&m.authority, &c.authorities)
                && among(&m.trigger, &c.triggers)
                && m.guard.as_ref().is_none_or(|condition| {
                    condition.is(c.permission.as_ref().map_or("none", |name| {
                        match levels.base(name, rules) {
                            Base::Unknown => "unknown",
                            base if base.is_weak() => "weak",
                            _ => "strong",
                        }
                    }))
                })
        }
        (Match::Manifest(m), Case::Manifest(f)) => {
            flag(m.debuggable, f.debuggable.unwrap_or(false))
                && flag(m.allow_backup, f.allow_backup.unwrap_or(BACKUP_BY_DEFAULT))
                && flag(m.persistent, f.persistent)
                && m.cleartext_traffic
                    .is_none_or(|wanted| f.cleartext_traffic == Some(wanted))
                && is(&m.package, &f.package)
                && of(&m.shared_user, &f.shared_user_id)
                && m.target_below
                    .is_none_or(|limit| f.target_sdk.or(f.min_sdk).is_some_and(|t| t < limit))
        }
        (Match::NetworkSecurity(m), Case::NetworkSecurity(_, n)) => {
            m.cleartext.is_none_or(|wanted| n.cleartext == Some(wanted))
                && flag(m.cleartext_domains, !n.cleartext_domains.is_empty())
                && flag(m.trusts_user, n.trusts_user)
        }
        (Match::Signer(m), Case::Signer(s)) => {
            let key = rules.packages.signing_key(&s.sha1);
            flag(m.platform, s.platform)
                && flag(m.public, key.is_some_and(|key| key.public))
                && is(&m.subject, &s.subject)
                && of(&m.role, &s.role)
                && is(&m.sha1, &s.sha1)
        }
        (Match::Package(m), Case::Package(f, known)) => {
            is(&m.package, &f.package)
                && least(m.min_weight, known.map_or(0, |p| p.weight))
                && among(&m.role, known.map_or(&[], |p| &p.roles))
                && is(
                    &m.owner,
                    known.and_then(|p| p.owner.as_deref()).unwrap_or_default(),
                )
        }
        (Match::Nested(m), Case::Nested(n)) => of(&m.package, &n.package),
        (Match::Notice(m), Case::Notice(n)) => {
            is(&m.class, n.class.word()) && is(&m.format, &n.format) && is(&m.text, &n.text)
        }
        (Match::Property(m), Case::Property(name, value)) => is(&m.name, name) && is(&m.value, value),
        _ => false,
    }
}

/// Whether an address is one of the public internet that a server may have.
fn is_public(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(a)) => {
            !(a.is_private()
                || a.is_loopback()
                || a.is_link_local()
                || a.is_unspecified()
                || a.is_broadcast()
                || a.is_multicast()
                || a.is_documentation())
        }
        Ok(IpAddr::V6(a)) => !(a.is_loopback() || a.is_unspecified() || a.is_multicast()),
        Err(_) => false,
    }
}
