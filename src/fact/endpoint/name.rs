//! Host names: which dotted words are hosts, whose they are, and which nobody contacts.

use std::net::IpAddr;

use super::Finder;
use super::address::{Reach, reach};
use super::split::Parts;
use crate::fact::HostKind;
use crate::rule::SuffixTrust;

/// How far a host reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Anywhere, or not known.
    Public,
    /// Only inside a company or a home.
    Private,
    /// Nobody is contacted: documentation, a schema, the device itself.
    Aside,
}

/// What the rules say of a host, copied out of them.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) owner: Option<String>,
    pub(super) country: Option<String>,
    pub(super) purpose: Option<String>,
    pub(super) vendor: Option<String>,
    pub(super) staging: bool,
}

/// Whether the name has a suffix of the public list and a label before it. Lower case only.
pub(super) fn is_public(name: &[u8]) -> bool {
    !name.starts_with(b".") && psl::domain(name).is_some_and(|domain| domain.suffix().is_known())
}

impl Finder<'_> {
    pub(super) fn classify(&self, parts: &Parts) -> Option<(Class, Option<Row>)> {
        match parts.host_kind {
            HostKind::Address => {
                let address: IpAddr = parts.host.parse().ok()?;
                let row = self.hosts.address(address).map(|row| Row {
                    owner: row.owner.as_deref().map(str::to_owned),
                    country: row.country.as_deref().map(str::to_owned),
                    purpose: Some(row.purpose.to_string()),
                    vendor: row.vendor.as_deref().map(str::to_owned),
                    staging: false,
                });
                let class = match reach(address) {
                    Reach::Public => Class::Public,
                    Reach::Private => Class::Private,
                    Reach::Nowhere if row.is_some() => Class::Public,
                    Reach::Nowhere => Class::Aside,
                };
                Some((class, row))
            }
            HostKind::Template => {
                let known = parts.host.rsplit("{}").next().unwrap_or_default();
                let known = known.split_once('.').map_or("", |(_, known)| known);
                let mut row = self.row(known);
                if let Some(row) = &mut row {
                    row.staging |= self.is_staging(&parts.host);
                }
                Some((Class::Public, row))
            }
            // `http://www.` is the start of something that is put together elsewhere.
            HostKind::Name
                if parts.port.is_none() && self.words.host_labels.contains(parts.host.as_bytes()) =>
            {
                None
            }
            HostKind::Name => Some(self.classify_name(parts)),
        }
    }

    fn classify_name(&self, parts: &Parts) -> (Class, Option<Row>) {
        let host = parts.host.as_str();
        let labels = host.split('.').count();
        if host == "localhost" || host.ends_with(".localhost") {
            return (Class::Aside, None);
        }
        let row = self.row(host);
        if let Some(page) = self.hosts.documentation(host) {
            // The nearer of the two rows decides: an API below a documentation host is an API.
            if self
                .hosts
                .lookup(host)
                .is_none_or(|row| row.host.len() <= page.host.len())
            {
                return (Class::Aside, row);
            }
        }
        let first = host.split('.').next().unwrap_or_default();
        let schema_host = labels > 2 && row.is_none() && self.words.schema_labels.contains(first.as_bytes());
        if schema_host || self.is_schema(&parts.path) {
            return (Class::Aside, row);
        }
        let top = host.rsplit('.').next().unwrap_or_default();
        let unknown = !psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known());
        let class = if labels == 1 {
            // A single word: a proxy when it has a port, else an example in a text.
            if parts.port.is_some() {
                Class::Private
            } else {
                Class::Aside
            }
        } else if unknown || self.words.internal.contains(top.as_bytes()) {
            Class::Private
        } else {
            Class::Public
        };
        let mut row = row.unwrap_or_default();
        row.staging |= self.is_staging(host);
        (class, Some(row))
    }

    fn row(&self, host: &str) -> Option<Row> {
        let row = self.hosts.lookup(host)?;
        Some(Row {
            owner: Some(row.owner.to_string()).filter(|owner| !owner.is_empty()),
            country: row.country.as_deref().map(str::to_owned),
            purpose: Some(row.purpose.to_string()),
            vendor: row.vendor.as_deref().map(str::to_owned),
            staging: row.staging,
        })
    }

    /// Whether a path only names a schema, a document type or a licence.
    fn is_schema(&self, path: &str) -> bool {
        let path = path.as_bytes();
        let page = path.split(|b| matches!(b, b'?' | b'#')).next().unwrap_or(path);
        self.words.schema_paths.iter().any(|part| match part.first() {
            Some(b'.') => page.len() > part.len() && page.ends_with(part),
            _ => memchr::memmem::find(path, part).is_some(),
        })
    }

    /// Whether a label before the registered domain, or a part of one, is a word for a test server.
    fn is_staging(&self, host: &str) -> bool {
        let domain = psl::domain(host.as_bytes()).filter(|domain| domain.suffix().is_known());
        let own = host
            .len()
            .saturating_sub(domain.map_or(0, |domain| domain.as_bytes().len()));
        let own = host.as_bytes().get(..own).unwrap_or_default();
        own.split(|b| matches!(b, b'.' | b'-' | b'_')).any(|word| {
            let end = word
                .iter()
                .rposition(|b| !b.is_ascii_digit())
                .map_or(0, |n| n.saturating_add(1));
            word.get(..end)
                .is_some_and(|word| self.words.staging.contains(word))
        })
    }

    /// Whether dotted words, lower-case, are a host when nothing around them says so.
    pub(super) fn plausible(&self, name: &[u8], has_port: bool) -> bool {
        let mut labels = 0_usize;
        let mut underscore = false;
        for label in name.split(|b| *b == b'.') {
            if label.is_empty() || label.len() > 63 || label.starts_with(b"-") || label.ends_with(b"-") {
                return false;
            }
            underscore |= label.contains(&b'_');
            labels = labels.saturating_add(1);
        }
        if labels < 2 || name.len() < 4 || name.len() > 253 {
            return false;
        }
        let first = name.split(|b| *b == b'.').next().unwrap_or_default();
        let top = name.rsplit(|b| *b == b'.').next().unwrap_or_default();
        if self.words.package_roots.contains(first) || !top.first().is_some_and(u8::is_ascii_alphabetic) {
            return false;
        }
        if self.is_listed(name) {
            return true;
        }
        let Some(domain) = psl::domain(name).filter(|domain| domain.suffix().is_known()) else {
            return false;
        };
        let own = domain.as_bytes().split(|b| *b == b'.').next().unwrap_or_default();
        if underscore && domain.as_bytes().contains(&b'_') {
            return false;
        }
        match self.words.suffixes.get(top) {
            Some(SuffixTrust::Open) => own.len() > 1 && (labels > 2 || own.len() > 2),
            Some(SuffixTrust::Deep) if labels > 2 => {
                let suffix = domain.suffix();
                let group = suffix.as_bytes().split(|b| *b == b'.').next().unwrap_or_default();
                // `city.kyoto.jp` is an entry of a suffix list, `foo.co.uk` is a host.
                let listed = domain.as_bytes() == name && !self.words.suffixes.contains_key(group);
                // `cn.foo.pe` is a package of somebody in China, not a host in Peru.
                let package =
                    self.words.suffixes.contains_key(first) || self.words.property_roots.contains(first);
                !underscore && own.len() > 1 && !listed && !package
            }
            _ if self.words.file_endings.contains(top) && labels == 2 => false,
            _ => has_port || labels > 2 && self.words.host_labels.contains(first),
        }
    }

    /// Whether the rules have a row for the name or a parent of at least two labels.
    pub(super) fn is_listed(&self, name: &[u8]) -> bool {
        std::str::from_utf8(name)
            .is_ok_and(|name| self.hosts.lookup(name).is_some_and(|row| row.host.contains('.')))
    }
}
