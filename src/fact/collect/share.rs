//! What is equal in the places of a unit is kept once: most lie in a few files, and many facts rest on the same ones.

use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::fact::{Site, UnitFacts};

/// Texts and lines that places have in common.
#[derive(Default)]
struct Common {
    texts: FxHashSet<Arc<str>>,
    lines: FxHashSet<Arc<[Box<str>]>>,
}

/// Shares what is equal in the places of a unit, and gives back the room that lists have grown into.
pub(super) fn share(facts: &mut UnitFacts) {
    facts.endpoints.shrink_to_fit();
    facts.identifiers.shrink_to_fit();
    facts.sinks.shrink_to_fit();
    facts.switches.shrink_to_fit();
    facts.notices.shrink_to_fit();
    let mut common = Common::default();
    let lists = (facts.endpoints.iter_mut().map(|e| &mut e.sites))
        .chain(facts.identifiers.iter_mut().map(|i| &mut i.sites))
        .chain(facts.sinks.iter_mut().map(|s| &mut s.sites))
        .chain(facts.switches.iter_mut().map(|s| &mut s.sites))
        .chain(facts.trackers.iter_mut().map(|t| &mut t.sites));
    for sites in lists {
        sites.shrink_to_fit();
        for site in sites {
            common.site(site);
        }
    }
}

impl Common {
    fn site(&mut self, site: &mut Site) {
        let texts = [&mut site.place, &mut site.physical].into_iter();
        let more = [&mut site.class, &mut site.method, &mut site.entry];
        for text in texts.chain(more.into_iter().flatten()) {
            once(&mut self.texts, text);
        }
        once(&mut self.lines, &mut site.lines);
    }
}

fn once<T: Hash + Eq + ?Sized>(known: &mut FxHashSet<Arc<T>>, one: &mut Arc<T>) {
    match known.get(one) {
        Some(same) => *one = Arc::clone(same),
        None => {
            known.insert(Arc::clone(one));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::SinkUse;

    #[test]
    fn two_facts_of_one_place_hold_its_names_once() {
        let site = || Site {
            place: "system:app/A.apk!classes.dex".into(),
            lines: ["→ 0000: nop".into()].into(),
            ..Site::default()
        };
        let sink = |channel: &str| SinkUse {
            channel: channel.to_owned(),
            api: String::new(),
            sites: vec![site()],
            count: 1,
            asks: Vec::new(),
        };
        let mut facts = UnitFacts {
            sinks: vec![sink("net"), sink("log")],
            ..UnitFacts::default()
        };
        let before = facts.clone();
        share(&mut facts);
        assert_eq!(facts, before);
        let sites: Vec<&Site> = facts.sinks.iter().flat_map(|sink| &sink.sites).collect();
        assert!(
            Arc::ptr_eq(&sites[0].place, &sites[1].place) && Arc::ptr_eq(&sites[0].lines, &sites[1].lines)
        );
    }
}
