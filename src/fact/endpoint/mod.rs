//! Whom does it talk to: hosts, URLs and addresses in strings and in raw bytes.
//!
//! [`Finder`] is compiled once from the rules. [`Finder::text`] looks at one string, [`Finder::raw`]
//! at bytes of any kind; both give [`Hit`]s, which are ranges and cost nothing when there are none.
//! [`Finder::endpoint`] splits a hit and asks the rules whose it is; [`Endpoints`] merges the
//! places of the same URL.
//!
//! URLs are split here and not by a general parser: half of those in code are templates
//! (`http://%1$s/gslb/`), and what is not known must stay visible as `{}`.

mod address;
mod bare;
mod collect;
mod find;
mod name;
mod split;
#[cfg(test)]
mod tests;
mod url;

use std::ops::Range;

use aho_corasick::packed;
use memchr::memmem;

pub use collect::Endpoints;

use super::model::{Endpoint, Source};
use crate::rule::{Hosts, Rules, Words};
use split::Parts;

/// Ours: bytes of a URL that are kept. Servers refuse longer ones; a longer string is an attack or data.
pub const MAX_URL: usize = 2048;

/// A place in a string or in bytes that names a server, before anyone asked whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Bytes of the text that was searched.
    pub range: Range<usize>,
    /// What it is.
    pub kind: HitKind,
    /// How it is written.
    pub form: Form,
}

/// What a hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HitKind {
    /// With a scheme, `https://…`, or without one but with `//` before the host.
    Url,
    /// A host name, maybe with port and path.
    Host,
    /// An IPv4 or IPv6 address, maybe with port and path.
    Address,
}

/// How a hit is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// As it is; ASCII with maybe `\/` for `/`.
    Plain,
    /// Percent-encoded, inside another URL.
    Percent,
    /// UTF-16, little-endian.
    Wide,
}

/// What became of a hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A server; its `sites` are empty and its `count` is 0.
    Endpoint(Box<Endpoint>),
    /// A host that is named without being contacted: documentation, schemas, the device itself.
    Aside(String),
}

/// Finds endpoints. Compiled once per run and shared by all tasks.
#[derive(Debug)]
pub struct Finder<'r> {
    words: &'r Words,
    hosts: &'r Hosts,
    anchors: Option<packed::Searcher>,
    scheme_end: memmem::Finder<'static>,
    letters: find::Letters,
}

impl<'r> Finder<'r> {
    /// Compiles what the rules know.
    pub fn new(rules: &'r Rules) -> Self {
        let anchors = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(find::ANCHORS)
            .build();
        Self {
            words: &rules.words,
            hosts: &rules.hosts,
            anchors,
            scheme_end: memmem::Finder::new("://"),
            letters: find::Letters::new(),
        }
    }

    /// Splits a hit in `text`, asks whose it is, and says whether it is a server at all. `None` when
    /// a closer look shows that there is no host and nothing to learn from the rest.
    pub fn endpoint(&self, text: &[u8], hit: &Hit, source: Source) -> Option<Found> {
        let parts = Parts::of(text, hit)?;
        // `://null:`: neither a scheme nor a host.
        if parts.scheme.is_empty() && hit.kind == HitKind::Url && !parts.host.contains('.') {
            return None;
        }
        let (class, row) = self.classify(&parts)?;
        if let name::Class::Aside = class {
            return Some(Found::Aside(parts.host));
        }
        let cleartext = self
            .words
            .schemes
            .get(parts.scheme.as_bytes())
            .copied()
            .unwrap_or(false);
        let row = row.unwrap_or_default();
        Some(Found::Endpoint(Box::new(Endpoint {
            url: parts.url(),
            scheme: parts.scheme,
            host: parts.host,
            host_kind: parts.host_kind,
            port: parts.port,
            path: parts.path,
            cleartext,
            private: matches!(class, name::Class::Private),
            staging: row.staging,
            owner: row.owner,
            country: row.country,
            purpose: row.purpose,
            vendor: row.vendor,
            source,
            at_sink: false,
            sites: Vec::new(),
            count: 0,
        })))
    }
}
