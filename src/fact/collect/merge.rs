//! One row for what several packages or files of a unit say alike.

use crate::fact::{FlowFact, IdentifierRead, MAX_SITES, SinkUse, Site, Switch};

/// Sorts reads and puts those of one API by one road together.
pub(super) fn identifiers(mut all: Vec<IdentifierRead>) -> Vec<IdentifierRead> {
    all.sort_by(|a, b| {
        (&a.category, &a.api, a.road, b.in_code, &a.sites).cmp(&(
            &b.category,
            &b.api,
            b.road,
            a.in_code,
            &b.sites,
        ))
    });
    all.dedup_by(|more, kept| {
        let same = (&more.category, &more.api, more.road) == (&kept.category, &kept.api, kept.road);
        if same {
            kept.in_code |= more.in_code;
            join(&mut kept.sites, &mut kept.count, &mut more.sites, more.count);
        }
        same
    });
    all
}

/// Sorts calls and puts those of one API together.
pub(super) fn sinks(mut all: Vec<SinkUse>) -> Vec<SinkUse> {
    all.sort_by(|a, b| (&a.channel, &a.api, &a.sites).cmp(&(&b.channel, &b.api, &b.sites)));
    all.dedup_by(|more, kept| {
        let same = (&more.channel, &more.api) == (&kept.channel, &kept.api);
        if same {
            join(&mut kept.sites, &mut kept.count, &mut more.sites, more.count);
        }
        same
    });
    all
}

/// Sorts flows; the same code in two packages of a unit is told once.
pub(super) fn flows(all: &mut Vec<FlowFact>) {
    fn key(f: &FlowFact) -> impl Ord {
        (&f.category, &f.channel, &f.to, &f.from)
    }
    all.sort_by(|a, b| key(a).cmp(&key(b)));
    all.dedup();
}

/// Sorts switches and puts equal ones together.
pub(super) fn switches(mut all: Vec<Switch>) -> Vec<Switch> {
    fn key(s: &Switch) -> impl Ord {
        (s.kind, &s.namespace, &s.key, &s.default, s.from, s.state)
    }
    all.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.sites.cmp(&b.sites)));
    all.dedup_by(|more, kept| {
        let same = key(more).cmp(&key(kept)).is_eq();
        if same {
            join(&mut kept.sites, &mut kept.count, &mut more.sites, more.count);
        }
        same
    });
    all
}

fn join(sites: &mut Vec<Site>, count: &mut u64, more: &mut Vec<Site>, n: u64) {
    sites.append(more);
    sites.truncate(MAX_SITES);
    *count = count.saturating_add(n);
}
