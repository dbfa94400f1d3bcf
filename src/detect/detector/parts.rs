//! What several detectors look for, and how they put it into words.

use std::collections::BTreeSet;

use crate::detect::{Destination, Draft, Rung, View, strength};
use crate::fact::{Endpoint, IdentifierRead};
use crate::rule::DetectorMatch;

/// Names listed in a title; the rest is counted.
const IN_TITLE: usize = 4;

/// Reads in code that a rule counts.
pub(super) fn reads<'a>(view: &View<'a>, told: &DetectorMatch) -> Vec<&'a IdentifierRead> {
    let categories = &view.scene.rules.identifiers;
    let counts = |read: &&IdentifierRead| {
        let class = categories
            .category(&read.category)
            .map_or("", |category| &category.class);
        read.in_code && read.weight >= told.min_weight && told.class.as_ref().is_none_or(|c| c.is(class))
    };
    view.facts.identifiers.iter().filter(counts).collect()
}

/// Different categories among reads, at least as many as a rule wants.
pub(super) fn enough(reads: &[&IdentifierRead], told: &DetectorMatch) -> bool {
    let different: BTreeSet<&str> = reads.iter().map(|read| read.category.as_str()).collect();
    !reads.is_empty() && different.len() >= told.least
}

/// Endpoints that code or data names and that count, with what they are as destinations.
pub(super) fn endpoints<'a>(
    view: &View<'a>,
    counts: impl Fn(&Endpoint, Destination<'a>) -> bool,
) -> Vec<(&'a Endpoint, Destination<'a>)> {
    view.endpoints()
        .filter(|(e, to)| strength(e).0 > Rung::StringOnly && counts(e, *to))
        .collect()
}

/// Adds reads to a finding; returns their names for the title.
pub(super) fn add_reads<'a>(draft: &mut Draft<'a>, view: &View<'a>, reads: &[&'a IdentifierRead]) -> String {
    for read in reads {
        draft.detail("identifiers", [read.category.as_str()]);
        draft.places(Rung::SameApp, &read.sites, read.count);
        draft.about.categories.insert(&read.category);
    }
    let categories = &view.scene.rules.identifiers;
    let heaviest_first: BTreeSet<(u8, &str)> = reads
        .iter()
        .map(|read| {
            let title = categories
                .category(&read.category)
                .map_or(read.category.as_str(), |c| &c.title);
            (u8::MAX.saturating_sub(read.weight), title)
        })
        .collect();
    list(heaviest_first.into_iter().map(|(_, title)| title))
}

/// Adds endpoints to a finding; returns their hosts for the title.
pub(super) fn add_endpoints<'a>(
    draft: &mut Draft<'a>,
    endpoints: &[(&'a Endpoint, Destination<'a>)],
) -> String {
    let mut owners: BTreeSet<&str> = BTreeSet::new();
    let mut hosts: BTreeSet<&str> = BTreeSet::new();
    for (endpoint, _) in endpoints {
        draft.detail("urls", [endpoint.url.as_str()]);
        draft.detail("hosts", [endpoint.host.as_str()]);
        draft.places(strength(endpoint).0, &endpoint.sites, endpoint.count);
        draft.about.hosts.insert(&endpoint.host);
        hosts.insert(&endpoint.host);
        owners.extend(endpoint.owner.as_deref());
    }
    if let (Some(first), 1) = (owners.first(), owners.len()) {
        draft.owner = Some(first);
        draft.country = endpoints
            .iter()
            .find_map(|(endpoint, _)| endpoint.country.as_deref());
    }
    draft.detail("owners", owners);
    list(hosts)
}

/// Names for a title: the first few, and how many more.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    let more = seen.len().saturating_sub(IN_TITLE);
    let shown: Vec<&str> = seen.into_iter().take(IN_TITLE).collect();
    let shown = shown.join(", ");
    if more > 0 {
        format!("{shown} and {more} more")
    } else {
        shown
    }
}
