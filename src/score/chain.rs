//! Chains: what is read × who is on the other end × what starts it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::detect::{Destination, Factor, Rung, Score, View, strength};
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

/// All chains of a unit, strongest first, then by name. Those that come to nothing are left out.
pub fn chains(view: &View<'_>) -> Vec<Chain> {
    let destinations = destinations(view);
    let reads = reads(view);
    if destinations.is_empty() && reads.is_empty() {
        return Vec::new();
    }
    let exposed = exposure::of(view);
    let trigger = view.link.triggers.first().map_or(USER, String::as_str);
    let mut chains = Vec::new();
    for (owner, ways) in &destinations {
        for (category, how) in &reads {
            let best = how.iter().flat_map(|read| ways.iter().map(move |way| (read, way)));
            let best = best.filter_map(|(read, way)| one(view, category, Some(*read), *way, &exposed));
            chains.extend(best.max_by(|a, b| a.share().total_cmp(&b.share())).map(|score| Chain {
                identifier: category.to_string(),
                destination: owner.to_string(),
                trigger: trigger.to_owned(),
                score,
            }));
        }
        let best = ways.iter().filter_map(|way| one(view, CONTACT, None, *way, &exposed));
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
fn destinations<'a>(view: &'a View<'_>) -> BTreeMap<&'a str, BTreeSet<Way<'a>>> {
    let scene = view.scene;
    let endpoints = view.facts.endpoints.iter().map(|endpoint| Way {
        to: scene.destination(endpoint),
        cleartext: endpoint.cleartext,
        rung: strength(endpoint).0,
    });
    let sdks = view.facts.trackers.iter().map(|sdk| Way {
        to: Destination {
            owner: sdk.owner.as_deref(),
            party: scene.linked.party(sdk.owner.as_deref(), None),
            class: if scene.tracks(&sdk.categories) { PurposeClass::Tracking } else { PurposeClass::Function },
        },
        cleartext: false,
        rung: if sdk.classes > 0 { Rung::ApiReference } else { Rung::StringOnly },
    });
    let unknown = Destination { owner: None, party: Party::Unknown, class: PurposeClass::Unknown };
    let unknown = Way { to: unknown, cleartext: false, rung: Rung::StringOnly };
    let unknown = (!view.facts.identifiers.is_empty()).then_some(unknown);
    let mut by_owner: BTreeMap<&str, BTreeSet<Way<'_>>> = BTreeMap::new();
    for way in endpoints.chain(sdks).chain(unknown) {
        by_owner.entry(way.to.owner.unwrap_or(UNKNOWN)).or_default().insert(way);
    }
    by_owner
}

fn reads<'a>(view: &View<'a>) -> BTreeMap<&'a str, BTreeSet<Read>> {
    let mut by_category: BTreeMap<&str, BTreeSet<Read>> = BTreeMap::new();
    for read in &view.facts.identifiers {
        let how = Read { weight: read.weight, in_code: read.in_code };
        by_category.entry(&read.category).or_default().insert(how);
    }
    by_category
}

/// The score of one chain by one way; `None` when it comes to nothing.
fn one(
    view: &View<'_>,
    category: &str,
    read: Option<Read>,
    way: Way<'_>,
    exposed: &Factor,
) -> Option<Score> {
    let weights = &view.scene.rules.weights;
    let identifier = read.map_or(weights.contact.weight, |read| f64::from(read.weight.min(10)) / 10.0);
    let destination = weights.destination.of(way.to.class, way.to.party == Party::Maker);
    let sensitivity = identifier * destination;
    if sensitivity <= 0.0 {
        return None;
    }
    let rung = match (read, way.rung) {
        (Some(Read { in_code: false, .. }), _) => Rung::StringOnly,
        (Some(_), Rung::StringOnly) => Rung::ApiReference,
        (Some(_), _) => Rung::SameApp,
        (None, rung) => rung,
    };
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
