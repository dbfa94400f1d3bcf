//! SDKs of a unit, by their classes, components and libraries.

use std::collections::BTreeMap;

use crate::artifact::dex::Dex;
use crate::bytes::Place;
use crate::fact::{MAX_SITES, Site, TrackerUse};
use crate::rule::{Tracker, Trackers};

/// SDKs found so far, by id.
#[derive(Debug, Default)]
pub(super) struct Found(BTreeMap<String, TrackerUse>);

impl Found {
    /// Counts the classes of the dex at `place` that belong to an SDK. The first few are evidence.
    pub(super) fn classes(&mut self, dex: &Dex<'_>, place: &Place, trackers: &Trackers) {
        for class in dex.classes() {
            let Some(descriptor) = dex.type_descriptor(class.class) else {
                continue;
            };
            let Some(tracker) = trackers.class(descriptor) else {
                continue;
            };
            let found = self.get(tracker);
            found.classes = found.classes.saturating_add(1);
            if found.sites.len() < MAX_SITES {
                found.sites.push(Site {
                    class: Some(String::from_utf8_lossy(descriptor).into()),
                    ..site(place)
                });
            }
        }
    }

    /// A component of the manifest at `place` that belongs to an SDK.
    pub(super) fn component(&mut self, tracker: &Tracker, place: &Place, name: &str) {
        let entry = Site {
            entry: Some(name.into()),
            ..site(place)
        };
        self.other(tracker, format!("component {name}"), entry);
    }

    /// A native library that belongs to an SDK.
    pub(super) fn library(&mut self, tracker: &Tracker, place: &Place) {
        let name = place.logical().rsplit(['/', '!', ':']).next().unwrap_or_default();
        self.other(tracker, format!("library {name}"), site(place));
    }

    fn other(&mut self, tracker: &Tracker, what: String, site: Site) {
        let found = self.get(tracker);
        if !found.other.contains(&what) {
            found.other.push(what);
            if found.sites.len() < MAX_SITES {
                found.sites.push(site);
            }
        }
    }

    fn get(&mut self, tracker: &Tracker) -> &mut TrackerUse {
        self.0
            .entry(tracker.id.to_string())
            .or_insert_with(|| TrackerUse {
                id: tracker.id.to_string(),
                name: tracker.name.to_string(),
                owner: tracker.owner.as_deref().map(str::to_owned),
                country: tracker.country.as_deref().map(str::to_owned),
                categories: tracker.categories.iter().map(|c| c.to_string()).collect(),
                classes: 0,
                other: Vec::new(),
                sites: Vec::new(),
            })
    }

    /// The SDKs, by id.
    pub(super) fn finish(self) -> Vec<TrackerUse> {
        let mut all: Vec<TrackerUse> = self.0.into_values().collect();
        for found in &mut all {
            found.other.sort();
            found.sites.sort();
        }
        all
    }
}

fn site(place: &Place) -> Site {
    Site {
        place: place.logical().into(),
        physical: place.physical().into(),
        ..Site::default()
    }
}
