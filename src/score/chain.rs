//! Chains: what is read × who is on the other end × what starts it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::detect::{Destination, Factor, Rung, Score, View, strength};
use crate::fact::{FlowFact, Site};
use crate::link::Party;
use crate::rule::PurposeClass;

use super::{evidence, factor, printed, weight};

/// Identifier × destination × trigger: the unit of the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Chain {
    /// Identifier category, or `-` for a contact where nothing is known to be read.
    pub identifier: String,
    /// Owner of the destination, or `unknown`.
    pub destination: String,
    /// What starts it: `boot`, `timer` …, or `user`.
    pub trigger: String,
    /// Score and factors.
    pub score: Score,
}

/// The identifier of a contact where nothing is known to be read.
const CONTACT: &str = "-";
/// The destination that nobody knows.
const UNKNOWN: &str = "unknown";
/// That destination in full.
const NOBODY_KNOWN: Destination<'static> = Destination {
    owner: None,
    party: Party::Unknown,
    class: PurposeClass::Unknown,
};
/// Triggers that say most, named before others.
const FIRST: [&str; 3] = ["boot", "timer", "connectivity"];
/// Second-level domains under which a country registers names.
const REGISTRIES: [&str; 7] = ["ac", "co", "com", "edu", "gov", "net", "org"];
/// The trigger of what only the user starts.
const USER: &str = "user";

/// One way in which a destination is named in the unit. Many endpoints come down to few of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Way<'a> {
    to: Destination<'a>,
    cleartext: bool,
    rung: Rung,
}

/// One way in which an identifier is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Read {
    weight: u8,
    in_code: bool,
}

/// Ways with the authors of the code that each was seen in.
type Seen<'a, T> = BTreeMap<T, BTreeSet<&'a str>>;

/// A chain in numbers, before it is put into words. Most never are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bare<'a> {
    /// Identifier category, or [`CONTACT`].
    pub(super) identifier: &'a str,
    destination: &'a str,
    read: Option<Read>,
    way: Way<'a>,
    rung: Rung,
    numbers: Numbers,
    /// The product of its factors, 0 to 1.
    pub(super) share: f64,
}

/// The factors of a chain, as they are printed.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    identifier: f64,
    destination: f64,
    clear: Option<f64>,
    evidence: f64,
    exposure: f64,
    network: Option<f64>,
}

impl Numbers {
    /// The product, in the order in which the factors are printed.
    fn share(&self) -> f64 {
        let sensitivity = self.identifier * self.destination * self.clear.unwrap_or(1.0);
        (sensitivity * self.evidence * self.exposure * self.network.unwrap_or(1.0)).min(1.0)
    }
}

/// All chains of a unit, strongest first, then by name. Those that come to nothing are left out.
pub(super) fn bare<'a>(view: &'a View<'_>, exposed: &Factor) -> Vec<Bare<'a>> {
    let reads = reads(view);
    let flows = flows(view);
    let mut chains = Vec::new();
    for (owner, ways) in &destinations(view) {
        let chain = |identifier: &'a str, read: Option<Read>, way: Way<'a>, rung: Rung| {
            let numbers = numbers(view, read, way, rung, exposed)?;
            Some(Bare {
                identifier,
                destination: owner,
                read,
                way,
                rung,
                numbers,
                share: numbers.share(),
            })
        };
        let stronger = |a: &Bare<'_>, b: &Bare<'_>| a.share.total_cmp(&b.share);
        for (category, how) in &reads {
            let followed = flows.get(&(*category, *owner)).into_iter().flatten();
            let followed = followed.filter_map(|(read, way, rung)| chain(category, Some(*read), *way, *rung));
            let pairs = how
                .iter()
                .flat_map(|read| ways.iter().map(move |way| (read, way)));
            let pairs = pairs.filter_map(|((read, readers), (way, namers))| {
                let rung = between(*read, way.rung, !readers.is_disjoint(namers));
                chain(category, Some(*read), *way, rung)
            });
            chains.extend(pairs.chain(followed).max_by(stronger));
        }
        let contacts = ways.keys().filter_map(|way| chain(CONTACT, None, *way, way.rung));
        chains.extend(contacts.max_by(stronger));
    }
    chains.sort_by(|a, b| {
        let names = (a.identifier, a.destination).cmp(&(b.identifier, b.destination));
        b.share.total_cmp(&a.share).then(names)
    });
    chains
}

impl Bare<'_> {
    /// Puts the chain into words.
    pub(super) fn worded(&self, view: &View<'_>, exposed: &Factor) -> Chain {
        let weights = &view.scene.rules.weights;
        let identifier = match self.read {
            Some(_) => {
                let category = view.scene.rules.identifiers.category(self.identifier);
                format!(
                    "reads {}",
                    category.map_or(self.identifier, |category| &category.title)
                )
            }
            None => "a contact".to_owned(),
        };
        let mut factors = vec![
            factor(identifier, self.numbers.identifier),
            factor(
                format!("destination: {}", self.way.to.describe()),
                self.numbers.destination,
            ),
        ];
        factors.extend(self.numbers.clear.map(|value| factor("in clear text", value)));
        factors.push(evidence(self.rung, &weights.rung));
        factors.push(exposed.clone());
        factors.extend(
            self.numbers
                .network
                .map(|value| factor("no network of its own", value)),
        );
        let triggers = &view.link.triggers;
        let first = FIRST
            .iter()
            .copied()
            .find(|first| triggers.iter().any(|trigger| trigger == first));
        let trigger = first
            .or_else(|| triggers.first().map(String::as_str))
            .unwrap_or(USER);
        Chain {
            identifier: self.identifier.to_owned(),
            destination: self.destination.to_owned(),
            trigger: trigger.to_owned(),
            score: Score::of(factors),
        }
    }
}

/// Destinations by owner. Someone unknown is always among them when something is read: the server may be
/// computed, received or another app's.
fn destinations<'a>(view: &'a View<'_>) -> BTreeMap<&'a str, Seen<'a, Way<'a>>> {
    let scene = view.scene;
    let endpoints = view.endpoints().map(|(endpoint, to)| {
        let rung = strength(endpoint).0;
        (
            Way {
                to,
                cleartext: endpoint.cleartext,
                rung,
            },
            endpoint.sites.as_slice(),
        )
    });
    let sdks = view.facts.trackers.iter().map(|sdk| {
        let class = if scene.tracks(&sdk.categories) {
            PurposeClass::Tracking
        } else {
            PurposeClass::Function
        };
        let owner = sdk.owner.as_deref();
        let to = Destination {
            owner,
            party: scene.linked.party(owner, None),
            class,
        };
        let rung = if sdk.classes > 0 {
            Rung::ApiReference
        } else {
            Rung::StringOnly
        };
        (
            Way {
                to,
                cleartext: false,
                rung,
            },
            sdk.sites.as_slice(),
        )
    });
    let unknown: (Way<'_>, &[Site]) = (
        Way {
            to: NOBODY_KNOWN,
            cleartext: false,
            rung: Rung::StringOnly,
        },
        &[],
    );
    let reads = !view.facts.identifiers.is_empty() || !view.facts.flows.is_empty();
    let unknown = reads.then_some(unknown);
    let followed = followed(view).filter_map(|(flow, way, _)| {
        // What the flow proves of the server is what its own chain says.
        let rung = Rung::ApiReference;
        (way.to.owner.is_some()).then_some((Way { rung, ..way }, std::slice::from_ref(&flow.to)))
    });
    let mut by_owner: BTreeMap<&str, Seen<'_, Way<'_>>> = BTreeMap::new();
    for (way, sites) in endpoints.chain(sdks).chain(followed).chain(unknown) {
        let ways = by_owner.entry(way.to.owner.unwrap_or(UNKNOWN)).or_default();
        ways.entry(way).or_default().extend(authors(sites));
    }
    by_owner
}

fn reads<'a>(view: &View<'a>) -> BTreeMap<&'a str, Seen<'a, Read>> {
    let mut by_category: BTreeMap<&str, Seen<'_, Read>> = BTreeMap::new();
    for read in &view.facts.identifiers {
        let how = Read {
            weight: read.weight,
            in_code: read.in_code,
        };
        by_category
            .entry(&read.category)
            .or_default()
            .entry(how)
            .or_default()
            .extend(authors(&read.sites));
    }
    for flow in &view.facts.flows {
        let how = Read {
            weight: flow.weight,
            in_code: true,
        };
        let ways = by_category.entry(&flow.category).or_default();
        let sites = std::slice::from_ref(&flow.from);
        ways.entry(how).or_default().extend(authors(sites));
    }
    by_category
}

/// Where flows go, one way for each server, or one to someone unknown.
fn followed<'a>(view: &'a View<'_>) -> impl Iterator<Item = (&'a FlowFact, Way<'a>, Rung)> {
    let unknown = Way {
        to: NOBODY_KNOWN,
        cleartext: false,
        rung: Rung::StringOnly,
    };
    view.facts.flows.iter().flat_map(move |flow| {
        let mut ways: Vec<_> = flow
            .servers()
            .map(|server| {
                let way = Way {
                    to: view.scene.destination(server),
                    cleartext: server.cleartext,
                    rung: Rung::StringOnly,
                };
                (flow, way, Rung::FlowWithEndpoint)
            })
            .collect();
        if ways.is_empty() {
            ways.push((flow, unknown, Rung::Flow));
        }
        ways
    })
}

/// Flows by category and owner.
type Flows<'a> = BTreeMap<(&'a str, &'a str), Vec<(Read, Way<'a>, Rung)>>;

fn flows<'a>(view: &'a View<'_>) -> Flows<'a> {
    let mut all = Flows::new();
    for (flow, way, rung) in followed(view) {
        let read = Read {
            weight: flow.weight,
            in_code: true,
        };
        let key = (flow.category.as_str(), way.to.owner.unwrap_or(UNKNOWN));
        all.entry(key).or_default().push((read, way, rung));
    }
    all
}

/// The rung of a read and a server in one app.
fn between(read: Read, server: Rung, one_author: bool) -> Rung {
    match (read.in_code, server) {
        (false, _) => Rung::StringOnly,
        (true, Rung::StringOnly) => Rung::ApiReference,
        (true, _) if one_author => Rung::SameAuthor,
        (true, _) => Rung::SameApp,
    }
}

/// Who wrote a class, by the name of its package: the first two parts, `com/adups`, or three where the
/// second is one under which names are registered, `cn/com/acme` (Java Language Specification 6.1). A
/// shorter name is nobody's: shrinkers make them.
fn author(class: &str) -> Option<&str> {
    let name = class.strip_prefix('L')?;
    let mut ends = name.match_indices('/').map(|(at, _)| at);
    let (first, second) = (ends.next()?, ends.next()?);
    let under = name.get(first.saturating_add(1)..second)?;
    let end = if REGISTRIES.contains(&under) {
        ends.next()?
    } else {
        second
    };
    (under.len() > 1).then(|| name.get(..end)).flatten()
}

/// Authors of the code at some places.
fn authors(sites: &[Site]) -> impl Iterator<Item = &str> {
    sites.iter().filter_map(|site| author(site.class.as_deref()?))
}

/// The factors of a chain by one way; `None` when it comes to nothing.
fn numbers(
    view: &View<'_>,
    read: Option<Read>,
    way: Way<'_>,
    rung: Rung,
    exposed: &Factor,
) -> Option<Numbers> {
    let weights = &view.scene.rules.weights;
    let identifier = read.map_or(weights.contact.weight, |read| {
        f64::from(read.weight.min(10)) / 10.0
    });
    let destination = weights.destination.of(way.to.class, way.to.party == Party::Maker);
    let (identifier, destination) = (printed(identifier), printed(destination));
    let sensitivity = identifier * destination;
    let clear = || (sensitivity + weights.destination.clear_text).min(1.0) / sensitivity;
    (sensitivity > 0.0).then(|| Numbers {
        identifier,
        destination,
        clear: way.cleartext.then(|| printed(clear())),
        evidence: printed(weight(rung, &weights.rung)),
        exposure: exposed.value,
        network: (!view.link.network).then(|| printed(weights.network.none)),
    })
}
