//! What rules and detectors look at: the facts of one unit, and what the build knows of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{Endpoint, ManifestFacts, Site, Switch, SwitchKind, UnitFacts};
use crate::link::{Linked, LinkedUnit, Party};
use crate::rule::{PurposeClass, Rules, Text, With};

use super::{Rung, strength};

/// All units with what joins them.
pub struct Scene<'a> {
    /// The facts.
    pub units: &'a [UnitFacts],
    /// What the build as a whole says.
    pub linked: &'a Linked,
    /// The signatures in force.
    pub rules: &'a Rules,
}

/// One unit.
pub struct View<'a> {
    /// The whole.
    pub scene: &'a Scene<'a>,
    /// Its index.
    pub index: usize,
    /// Its facts.
    pub facts: &'a UnitFacts,
    /// What the build says of it.
    pub link: &'a LinkedUnit,
    /// Categories that its code reads.
    pub reads: BTreeSet<&'a str>,
    /// Purposes of its endpoints.
    pub purposes: BTreeSet<&'a str>,
    /// What its endpoints are as destinations, in the same order.
    pub destinations: Vec<Destination<'a>>,
    /// Whether its code or data names a server, and it may reach it.
    pub contacts: bool,
    /// Whether one of these is there to collect, or a function of someone else than the maker.
    pub collects: bool,
}

impl<'a> Scene<'a> {
    /// The units as rules see them.
    pub fn views(&'a self) -> impl Iterator<Item = View<'a>> {
        let units = self.units.iter().zip(&self.linked.units).enumerate();
        units.map(|(index, (facts, link))| {
            let destinations: Vec<Destination<'a>> = facts
                .endpoints
                .iter()
                .map(|endpoint| self.destination(endpoint))
                .collect();
            let named =
                |(e, _): &(&Endpoint, &Destination<'_>)| !e.private && strength(e).0 > Rung::StringOnly;
            let pairs = || facts.endpoints.iter().zip(&destinations).filter(named);
            let (contacts, collects) = (pairs().next().is_some(), pairs().any(|(_, to)| to.collects()));
            View {
                scene: self,
                index,
                facts,
                link,
                reads: facts
                    .identifiers
                    .iter()
                    .filter(|i| i.in_code)
                    .map(|i| i.category.as_str())
                    .collect(),
                purposes: facts
                    .endpoints
                    .iter()
                    .filter_map(|e| e.purpose.as_deref())
                    .collect(),
                contacts: link.network && contacts,
                collects: link.network && collects,
                destinations,
            }
        })
    }

    /// What an endpoint is as a destination: the group of its purpose, who is there, and whose that is.
    /// A host that an SDK's row names is that SDK's, whatever else it serves.
    pub fn destination(&self, endpoint: &'a Endpoint) -> Destination<'a> {
        let rules: &'a Rules = self.rules;
        let sdk = rules.trackers.host(&endpoint.host);
        let owner = endpoint.owner.as_deref().or_else(|| sdk?.owner.as_deref());
        Destination {
            owner,
            party: self.linked.party(owner, endpoint.vendor.as_deref()),
            class: match self.class(endpoint) {
                _ if endpoint.private => PurposeClass::Local,
                PurposeClass::Local => PurposeClass::Local,
                _ if sdk.is_some_and(|sdk| self.tracks(&sdk.categories)) => PurposeClass::Tracking,
                class => class,
            },
        }
    }

    /// Whether an SDK of these categories is there to track.
    pub fn tracks(&self, categories: &[impl AsRef<str>]) -> bool {
        let class = |id: &str| self.rules.trackers.category(id).map(|category| category.class);
        categories
            .iter()
            .any(|category| class(category.as_ref()) == Some(PurposeClass::Tracking))
    }

    /// The group of an endpoint's purpose.
    pub(super) fn class(&self, endpoint: &Endpoint) -> PurposeClass {
        let purpose = endpoint
            .purpose
            .as_deref()
            .and_then(|id| self.rules.hosts.purpose(id));
        purpose.map_or(PurposeClass::Unknown, |purpose| purpose.class)
    }
}

/// The other end of an endpoint or an SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Destination<'a> {
    /// Who is there.
    pub owner: Option<&'a str>,
    /// Whose that is, as seen from the maker of the build.
    pub party: Party,
    /// What for.
    pub class: PurposeClass,
}

impl Destination<'_> {
    /// Whether it is there to collect, or serves a function of the device for someone else than the maker.
    pub fn collects(&self) -> bool {
        self.class == PurposeClass::Tracking
            || self.party == Party::Other && self.class == PurposeClass::Function
    }

    /// For people, as a factor of a score.
    pub fn describe(&self) -> String {
        let owner = self.owner.unwrap_or("someone unknown");
        let what = match self.class {
            PurposeClass::Tracking => "tracking",
            PurposeClass::Function => "function",
            PurposeClass::Content => "content",
            PurposeClass::Unknown => return format!("{owner}, purpose unknown"),
            PurposeClass::Local => return "nobody outside".to_owned(),
        };
        let whose = match self.party {
            Party::Maker => "the maker's",
            Party::Other => "a third party's",
            Party::Unknown => "somebody's",
        };
        format!("{owner}, {whose} {what}")
    }
}

impl<'a> View<'a> {
    /// The manifest.
    pub fn manifest(&self) -> Option<&'a ManifestFacts> {
        self.facts.manifest.as_ref()
    }

    /// One switch for each key, the one with the strongest evidence: what a file says goes before what a
    /// reader falls back to, and of two readers the one that takes it for on decides.
    pub fn switches(&self) -> Vec<&'a Switch> {
        let mut best: BTreeMap<(SwitchKind, &str, &str), &Switch> = BTreeMap::new();
        for switch in &self.facts.switches {
            let entry = best
                .entry((switch.kind, &switch.namespace, &switch.key))
                .or_insert(switch);
            if (switch.from, switch.state) > (entry.from, entry.state) {
                *entry = switch;
            }
        }
        best.into_values().collect()
    }

    /// The endpoints with what they are as destinations.
    pub fn endpoints(&self) -> impl Iterator<Item = (&'a Endpoint, Destination<'a>)> {
        self.facts.endpoints.iter().zip(self.destinations.iter().copied())
    }

    /// The unit itself as a place, for what has none of its own.
    pub fn site(&self, file: &str, entry: &str) -> Site {
        let unit = &self.facts.unit;
        let (place, physical) = if file.is_empty() {
            (unit.place.clone(), unit.physical.clone())
        } else {
            (
                format!("{}!{file}", unit.place),
                format!("{}/{file}", unit.physical),
            )
        };
        let entry = (!entry.is_empty()).then(|| entry.into());
        Site {
            place: place.into(),
            physical: physical.into(),
            entry,
            ..Site::default()
        }
    }

    /// Whether the unit is what a rule asks for.
    pub fn meets(&self, with: &With) -> bool {
        let is = |condition: &Option<Text>, text: &str| condition.as_ref().is_none_or(|c| c.is(text));
        let among = |condition: &Option<Text>, texts: &[String]| {
            condition
                .as_ref()
                .is_none_or(|c| c.among(texts.iter().map(String::as_str)))
        };
        let flag = |condition: Option<bool>, value: bool| condition.is_none_or(|c| c == value);
        let manifest = self.manifest();
        let target = manifest.and_then(|m| m.target_sdk.or(m.min_sdk));
        flag(with.privileged, self.link.privileged)
            && flag(with.contacts, self.contacts)
            && flag(with.collects, self.collects)
            && flag(with.platform_key, self.link.platform_key)
            && is(&with.kind, kind(self.facts))
            && is(&with.partition, &self.facts.unit.partition)
            && is(&with.party, self.link.party.as_str())
            && is(&with.package, manifest.map_or("", |m| m.package.as_str()))
            && is(&with.build, &self.scene.linked.build.kind)
            && among(&with.privilege, &self.link.privileges)
            && among(&with.role, &self.link.roles)
            && among(&with.trigger, &self.link.triggers)
            && among(
                &with.permission,
                manifest.map_or(&[], |m| m.permissions.as_slice()),
            )
            && with
                .target_below
                .is_none_or(|limit| target.is_some_and(|t| t < limit))
            && with
                .target_from
                .is_none_or(|limit| target.is_some_and(|t| t >= limit))
            && with
                .identifier
                .as_ref()
                .is_none_or(|c| c.among(self.reads.iter().copied()))
            && with
                .endpoint
                .as_ref()
                .is_none_or(|c| c.among(self.purposes.iter().copied()))
            && with
                .sink
                .as_ref()
                .is_none_or(|c| c.among(self.facts.sinks.iter().map(|s| s.channel.as_str())))
            && with.tracker.as_ref().is_none_or(|c| {
                c.among(
                    self.facts
                        .trackers
                        .iter()
                        .flat_map(|t| &t.categories)
                        .map(String::as_str),
                )
            })
    }
}

fn kind(unit: &UnitFacts) -> &'static str {
    match unit.unit.kind {
        crate::fact::UnitKind::App => "app",
        crate::fact::UnitKind::Jar => "jar",
        crate::fact::UnitKind::Library => "library",
        crate::fact::UnitKind::Config => "config",
    }
}
