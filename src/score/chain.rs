//! Chains: what is read × who is on the other end × what starts it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::detect::{Destination, Factor, Rung, Score, View, strength};
use crate::fact::Site;
use crate::link::Party;
use crate::rule::PurposeClass;

use super::{evidence, exposure, factor};

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

/// All chains of a unit, strongest first, then by name. Those that come to nothing are left out.
pub fn chains(view: &View<'_>) -> Vec<Chain> {
    let destinations = destinations(view);
    let reads = reads(view);
    if destinations.is_empty() && reads.is_empty() {
        return Vec::new();
    }
    let exposed = exposure::of(view);
    let triggers = &view.link.triggers;
    let first = FIRST.iter().copied().find(|first| triggers.iter().any(|trigger| trigger == first));
    let trigger = first.or_else(|| triggers.first().map(String::as_str)).unwrap_or(USER);
    let mut chains = Vec::new();
    for (owner, ways) in &destinations {
        for (category, how) in &reads {
            let pairs = how.iter().flat_map(|read| ways.iter().map(move |way| (read, way)));
            let best = pairs.filter_map(|((read, readers), (way, namers))| {
                let rung = between(*read, way.rung, !readers.is_disjoint(namers));
                one(view, category, Some(*read), *way, rung, &exposed)
            });
            chains.extend(best.max_by(|a, b| a.share().total_cmp(&b.share())).map(|score| Chain {
                identifier: category.to_string(),
                destination: owner.to_string(),
                trigger: trigger.to_owned(),
                score,
            }));
        }
        let best = ways.keys().filter_map(|way| one(view, CONTACT, None, *way, way.rung, &exposed));
        chains.extend(best.max_by(|a, b| a.share().total_cmp(&b.share())).map(|score| Chain {
            identifier: CONTACT.to_owned(),
            destination: owner.to_string(),
            trigger: trigger.to_owned(),
            score,
        }));
    }
    chains.sort_by(|a, b| {
        let names = (&a.identifier, &a.destination).cmp(&(&b.identifier, &b.destination));
        b.score.share().total_cmp(&a.score.share()).then(names)
    });
    chains
}

/// Destinations by owner. Someone unknown is always among them when something is read: the server may be
/// computed, received or another app's.
fn destinations<'a>(view: &'a View<'_>) -> BTreeMap<&'a str, Seen<'a, Way<'a>>> {
    let scene = view.scene;
    let endpoints = view.facts.endpoints.iter().map(|endpoint| {
        let (to, rung) = (scene.destination(endpoint), strength(endpoint).0);
        (Way { to, cleartext: endpoint.cleartext, rung }, endpoint.sites.as_slice())
    });
    let sdks = view.facts.trackers.iter().map(|sdk| {
        let class = if scene.tracks(&sdk.categories) { PurposeClass::Tracking } else { PurposeClass::Function };
        let owner = sdk.owner.as_deref();
        let to = Destination { owner, party: scene.linked.party(owner, None), class };
        let rung = if sdk.classes > 0 { Rung::ApiReference } else { Rung::StringOnly };
        (Way { to, cleartext: false, rung }, sdk.sites.as_slice())
    });
    let to = Destination { owner: None, party: Party::Unknown, class: PurposeClass::Unknown };
    let unknown: (Way<'_>, &[Site]) = (Way { to, cleartext: false, rung: Rung::StringOnly }, &[]);
    let unknown = (!view.facts.identifiers.is_empty()).then_some(unknown);
    let mut by_owner: BTreeMap<&str, Seen<'_, Way<'_>>> = BTreeMap::new();
    for (way, sites) in endpoints.chain(sdks).chain(unknown) {
        let ways = by_owner.entry(way.to.owner.unwrap_or(UNKNOWN)).or_default();
        ways.entry(way).or_default().extend(authors(sites));
    }
    by_owner
}

fn reads<'a>(view: &View<'a>) -> BTreeMap<&'a str, Seen<'a, Read>> {
    let mut by_category: BTreeMap<&str, Seen<'_, Read>> = BTreeMap::new();
    for read in &view.facts.identifiers {
        let how = Read { weight: read.weight, in_code: read.in_code };
        by_category.entry(&read.category).or_default().entry(how).or_default().extend(authors(&read.sites));
    }
    by_category
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
    let end = if REGISTRIES.contains(&under) { ends.next()? } else { second };
    (under.len() > 1).then(|| name.get(..end)).flatten()
}

/// Authors of the code at some places.
fn authors(sites: &[Site]) -> impl Iterator<Item = &str> {
    sites.iter().filter_map(|site| author(site.class.as_deref()?))
}

/// The score of one chain by one way; `None` when it comes to nothing.
fn one(
    view: &View<'_>,
    category: &str,
    read: Option<Read>,
    way: Way<'_>,
    rung: Rung,
    exposed: &Factor,
) -> Option<Score> {
    let weights = &view.scene.rules.weights;
    let identifier = read.map_or(weights.contact.weight, |read| f64::from(read.weight.min(10)) / 10.0);
    let destination = weights.destination.of(way.to.class, way.to.party == Party::Maker);
    let sensitivity = identifier * destination;
    if sensitivity <= 0.0 {
        return None;
    }
    let title = view.scene.rules.identifiers.category(category).map_or(category, |c| &c.title);
    let mut factors = vec![
        factor(if read.is_some() { format!("reads {title}") } else { "a contact".to_owned() }, identifier),
        factor(format!("destination: {}", way.to.describe()), destination),
    ];
    if way.cleartext {
        let clear = (sensitivity + weights.destination.clear_text).min(1.0) / sensitivity;
        factors.push(factor("in clear text", clear));
    }
    factors.push(evidence(rung, &weights.rung));
    factors.push(exposed.clone());
    if !view.link.network {
        factors.push(factor("no network of its own", weights.network.none));
    }
    Some(Score::of(factors))
}
