//! Merging: one endpoint per URL, with the best of its places.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::{Finder, Found, Hit};
use crate::fact::{Endpoint, MAX_SITES, Site, Source};

/// Ours: distinct URLs kept of one unit. The largest real one has some 4 000; a hostile one a million.
const MAX_ENDPOINTS: usize = 1 << 17;
/// Ours: bytes of all distinct URLs of one unit.
const MAX_BYTES: usize = 32 << 20;

/// The endpoints of one unit, growing.
#[derive(Debug, Default)]
pub struct Endpoints {
    by_url: FxHashMap<String, Merged>,
    aside: BTreeMap<String, u64>,
    bytes: usize,
    dropped: u64,
}

#[derive(Debug)]
struct Merged {
    endpoint: Endpoint,
    /// With the source that each was found in, so that better ones replace worse ones.
    sites: Vec<(Source, Site)>,
}

impl Endpoints {
    /// Takes all hits of a text. `site` is asked only for places that are kept; it is given the offset
    /// of the hit in the text.
    pub fn add(
        &mut self,
        finder: &Finder<'_>,
        text: &[u8],
        hits: &[Hit],
        source: Source,
        at_sink: bool,
        site: impl Fn(usize) -> Site,
    ) {
        for hit in hits {
            match finder.endpoint(text, hit, source) {
                Some(Found::Endpoint(endpoint)) => {
                    self.merge(*endpoint, source, at_sink, || site(hit.range.start))
                }
                Some(Found::Aside(host)) => {
                    let n = self.aside.entry(host).or_default();
                    *n = n.saturating_add(1);
                }
                None => {}
            }
        }
    }

    /// Searches one string: [`Finder::text`] and [`Endpoints::add`] in one.
    pub fn text(
        &mut self,
        finder: &Finder<'_>,
        text: &[u8],
        source: Source,
        at_sink: bool,
        site: impl Fn(usize) -> Site,
    ) {
        let hits = finder.text(text);
        if !hits.is_empty() {
            self.add(finder, text, &hits, source, at_sink, site);
        }
    }

    /// Takes one endpoint, for those that were made elsewhere.
    pub fn merge(&mut self, endpoint: Endpoint, source: Source, at_sink: bool, site: impl FnOnce() -> Site) {
        if !self.by_url.contains_key(&endpoint.url) {
            let bytes = self.bytes.saturating_add(endpoint.url.len());
            if self.by_url.len() >= MAX_ENDPOINTS || bytes > MAX_BYTES {
                self.dropped = self.dropped.saturating_add(1);
                return;
            }
            self.bytes = bytes;
            // The URL is the key, and is not kept twice.
            let empty = Endpoint {
                url: String::new(),
                count: 0,
                ..endpoint.clone()
            };
            self.by_url.insert(
                endpoint.url.clone(),
                Merged {
                    endpoint: empty,
                    sites: Vec::new(),
                },
            );
        }
        let Some(merged) = self.by_url.get_mut(&endpoint.url) else {
            return;
        };
        let kept = &mut merged.endpoint;
        kept.source = kept.source.min(source);
        kept.at_sink |= at_sink;
        kept.count = kept.count.saturating_add(1);
        if merged.sites.len() < MAX_SITES {
            let site = site();
            if !merged.sites.iter().any(|(_, other)| *other == site) {
                merged.sites.push((source, site));
            }
        } else if let Some(worst) = merged.sites.iter_mut().max_by_key(|(source, _)| *source)
            && worst.0 > source
        {
            *worst = (source, site());
        }
    }

    /// A call of the network takes it, as was found by following it there from somewhere else: `site` counts
    /// where it was not seen yet.
    pub fn reached(&mut self, endpoint: &Endpoint, source: Source, site: impl FnOnce() -> Site) {
        match self.by_url.get_mut(&endpoint.url) {
            Some(merged) => merged.endpoint.at_sink = true,
            None => self.merge(endpoint.clone(), source, true, site),
        }
    }

    /// The endpoints sorted by host and URL, and the hosts that were set aside with their number.
    pub fn finish(self) -> (Vec<Endpoint>, BTreeMap<String, u64>) {
        let mut all: Vec<Endpoint> = self
            .by_url
            .into_iter()
            .map(
                |(
                    url,
                    Merged {
                        mut endpoint,
                        mut sites,
                    },
                )| {
                    endpoint.url = url;
                    sites.sort();
                    endpoint.sites = sites.into_iter().map(|(_, site)| site).collect();
                    endpoint
                },
            )
            .collect();
        all.sort_by(|a, b| (&a.host, &a.url).cmp(&(&b.host, &b.url)));
        (all, self.aside)
    }

    /// Distinct URLs that were not kept, there being too many.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}
