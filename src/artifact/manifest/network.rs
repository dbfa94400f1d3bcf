//! Network security configuration.
//!
//! Spec: AOSP `frameworks/base/packages/…/android/security/net/config/XmlConfigSource.java`. Attributes
//! have no namespace. `debug-overrides` only counts in debuggable builds and is left out.

use super::attr::{Reader, truth};
use crate::artifact::axml::{Event, Xml};
use crate::bytes::Gap;

const FORMAT: &str = "network security";
/// Domains taken out of one configuration. The largest real one met has 300.
const MAX_DOMAINS: usize = 20_000;

/// A network security configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkConfig {
    /// `cleartextTrafficPermitted` of `<base-config>`.
    pub cleartext: Option<bool>,
    /// Whether `<base-config>` trusts certificates that the user installed.
    pub trusts_user: bool,
    /// Domains in file order, with what their `<domain-config>` says or inherits.
    pub domains: Vec<Domain>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// A domain of a `<domain-config>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Domain {
    /// Its name.
    pub name: String,
    /// `includeSubdomains`.
    pub subdomains: bool,
    /// `cleartextTrafficPermitted`, the enclosing configuration's where it is not written.
    pub cleartext: Option<bool>,
    /// Whether certificates that the user installed are trusted.
    pub trusts_user: bool,
    /// Whether keys are pinned.
    pub pinned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Root,
    Base,
    /// A `domain-config`; the index of its settings.
    Domains(usize),
    /// `trust-anchors` of the base or a `domain-config`.
    Anchors(Option<usize>),
    Pins(usize),
    Domain(usize),
    Other,
}

/// What a `domain-config` says.
#[derive(Debug, Clone, Copy, Default)]
struct Settings {
    parent: Option<usize>,
    cleartext: Option<bool>,
    trusts_user: Option<bool>,
    pinned: bool,
}

/// Reads a compiled network security configuration.
pub fn network_security(xml: &Xml<'_>) -> NetworkConfig {
    let mut config = NetworkConfig::default();
    let mut reader = Reader::new(FORMAT, xml, None);
    let mut settings: Vec<Settings> = Vec::new();
    let mut owners: Vec<usize> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut root = false;
    for event in xml.events() {
        match event {
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) => {
                let Some(Open::Domain(owner)) = open.last().copied() else {
                    continue;
                };
                if owners.len() >= MAX_DOMAINS {
                    continue;
                }
                if let Some(domain) = config.domains.last_mut() {
                    reader
                        .string(text)
                        .unwrap_or_default()
                        .trim()
                        .clone_into(&mut domain.name);
                    if let Some(last) = owners.last_mut() {
                        *last = owner;
                    }
                }
            }
            Event::Start(e) => {
                let mut flag = |name: &str| reader.plain(&e, name).and_then(|v| truth(&v));
                let next = match open.last().copied() {
                    None if e.is("network-security-config") => {
                        root = true;
                        Open::Root
                    }
                    Some(Open::Root) if e.is("base-config") => {
                        config.cleartext = flag("cleartextTrafficPermitted");
                        Open::Base
                    }
                    Some(Open::Root | Open::Domains(_)) if e.is("domain-config") => {
                        let parent = match open.last() {
                            Some(Open::Domains(i)) => Some(*i),
                            _ => None,
                        };
                        let cleartext = flag("cleartextTrafficPermitted");
                        settings.push(Settings {
                            parent,
                            cleartext,
                            ..Settings::default()
                        });
                        Open::Domains(settings.len().saturating_sub(1))
                    }
                    Some(Open::Domains(i)) if e.is("domain") => {
                        let subdomains = flag("includeSubdomains").unwrap_or(false);
                        if config.domains.len() < MAX_DOMAINS {
                            config.domains.push(Domain {
                                subdomains,
                                ..Domain::default()
                            });
                            owners.push(i);
                        }
                        Open::Domain(i)
                    }
                    Some(Open::Base) if e.is("trust-anchors") => Open::Anchors(None),
                    Some(Open::Domains(i)) if e.is("trust-anchors") => {
                        if let Some(s) = settings.get_mut(i) {
                            s.trusts_user = Some(false);
                        }
                        Open::Anchors(Some(i))
                    }
                    Some(Open::Domains(i)) if e.is("pin-set") => Open::Pins(i),
                    Some(Open::Pins(i)) if e.is("pin") => {
                        if let Some(s) = settings.get_mut(i) {
                            s.pinned = true;
                        }
                        Open::Other
                    }
                    Some(Open::Anchors(owner)) if e.is("certificates") => {
                        if reader.plain(&e, "src").is_some_and(|src| src == "user") {
                            match owner.and_then(|i| settings.get_mut(i)) {
                                Some(s) => s.trusts_user = Some(true),
                                None => config.trusts_user = true,
                            }
                        }
                        Open::Other
                    }
                    _ => Open::Other,
                };
                open.push(next);
            }
        }
    }
    inherit(&mut config, &mut settings, &owners);
    if config.domains.len() >= MAX_DOMAINS {
        let limit = u64::try_from(MAX_DOMAINS).unwrap_or(u64::MAX);
        config
            .gaps
            .push(Gap::over(FORMAT, 0, "domains", limit, limit, ""));
    }
    if !root {
        config.gaps.push(Gap::invalid(
            FORMAT,
            0,
            "document without a network-security-config element",
            0,
        ));
    }
    config.gaps.extend(reader.into_gap());
    config
}

/// A nested `domain-config` takes what it does not say from the one around it, that from the base.
fn inherit(config: &mut NetworkConfig, settings: &mut [Settings], owners: &[usize]) {
    // Parents come before their children.
    for i in 0..settings.len() {
        let Some(own) = settings.get(i).copied() else {
            continue;
        };
        let from = own
            .parent
            .and_then(|p| settings.get(p))
            .copied()
            .unwrap_or(Settings {
                cleartext: config.cleartext,
                trusts_user: Some(config.trusts_user),
                ..Settings::default()
            });
        if let Some(own) = settings.get_mut(i) {
            own.cleartext = own.cleartext.or(from.cleartext);
            own.trusts_user = own.trusts_user.or(from.trusts_user);
            own.pinned |= from.pinned;
        }
    }
    for (domain, owner) in config.domains.iter_mut().zip(owners) {
        if let Some(s) = settings.get(*owner) {
            domain.cleartext = s.cleartext;
            domain.trusts_user = s.trusts_user == Some(true);
            domain.pinned = s.pinned;
        }
    }
    config.domains.retain(|d| !d.name.is_empty());
}
