//! What several detectors look for, and how they put it into words.

use std::collections::BTreeSet;

use crate::detect::case::Case;
use crate::detect::{Draft, View};
use crate::fact::{Endpoint, IdentifierRead};
use crate::rule::DetectorMatch;

/// Names listed in a title; the rest is counted.
const IN_TITLE: usize = 4;

/// Reads in code that a rule counts.
pub(super) fn reads<'a>(view: &View<'a>, told: &DetectorMatch) -> Vec<&'a IdentifierRead> {
    let categories = &view.scene.rules.identifiers;
    let counts = |read: &&IdentifierRead| {
        let class = categories.category(&read.category).map_or("", |category| &category.class);
        read.in_code && read.weight >= told.min_weight && told.class.as_ref().is_none_or(|c| c.is(class))
    };
    view.facts.identifiers.iter().filter(counts).collect()
}

/// Different categories among reads, at least as many as a rule wants.
pub(super) fn enough(reads: &[&IdentifierRead], told: &DetectorMatch) -> bool {
    let different: BTreeSet<&str> = reads.iter().map(|read| read.category.as_str()).collect();
    !reads.is_empty() && different.len() >= told.least
}

/// Adds reads to a finding; returns their names for the title.
pub(super) fn add_reads(draft: &mut Draft, view: &View<'_>, reads: &[&IdentifierRead]) -> String {
    for read in reads {
        draft.detail("identifiers", [&read.category]);
        draft.places(crate::detect::Rung::SameApp, &read.sites, read.count);
    }
    let categories = &view.scene.rules.identifiers;
    let heaviest_first: BTreeSet<(u8, &str)> = reads
        .iter()
        .map(|read| {
            let title = categories.category(&read.category).map_or(read.category.as_str(), |c| &c.title);
            (u8::MAX.saturating_sub(read.weight), title)
        })
        .collect();
    list(heaviest_first.into_iter().map(|(_, title)| title))
}

/// Adds endpoints to a finding; returns their hosts for the title.
pub(super) fn add_endpoints(draft: &mut Draft, view: &View<'_>, endpoints: &[&Endpoint]) -> String {
    let mut owners = BTreeSet::new();
    let mut hosts = BTreeSet::new();
    for endpoint in endpoints {
        // The evidence, words and places of an endpoint are the same as in a rule about it.
        let mut own = Draft::new("");
        Case::Endpoint(endpoint).add_to(&mut own, view);
        draft.detail("urls", [&endpoint.url]);
        draft.detail("hosts", [&endpoint.host]);
        for (rung, site) in own.sites {
            draft.places(rung, &[site], 0);
        }
        draft.count = draft.count.saturating_add(own.count);
        hosts.insert(endpoint.host.as_str());
        owners.extend(endpoint.owner.as_deref());
    }
    if let (Some(first), 1) = (owners.first(), owners.len()) {
        draft.owner = Some((*first).to_owned());
        draft.country = endpoints.iter().find_map(|endpoint| endpoint.country.clone());
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
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
