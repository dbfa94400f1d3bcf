//! Identifiers that were followed to where data leaves the device.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::ask::Asking;
use super::{ADDRESSED, Calls, CodeFacts, Following, Sites};
use crate::artifact::dex::FORMAT;
use crate::bytes::Gap;
use crate::code::flow::{Component, Field, Kind, Leak, Stop, Traced, What};
use crate::code::{At, Interest, Reading};
use crate::fact::endpoint::{Finder, Found};
use crate::fact::model::{Endpoint, FlowFact, FlowStep, HostKind, IdentifierRead, Site, Source, StepKind};
use crate::rule::{Identifier, Made, Sink, SinkKind};

/// Identifiers of less weight are the same on a million devices: nobody is told by them.
const MIN_WEIGHT: u8 = 2;
/// Calls of less weight name a server; that something goes there takes another call.
const MIN_SINK: u8 = 4;
/// Flows told of one package. The most seen in a real app is some 100.
const MAX_FLOWS: usize = 256;
/// Actions told of one component that starts a flow.
const MAX_ACTIONS: usize = 3;
/// Addresses told of one flow.
const MAX_ADDRESSES: usize = 16;

/// Follows what the package reads, if it reads something that identifies and may hand it on: other packages
/// cost nothing. Of one that every app loads, what it offers is kept.
pub(super) fn follow(
    sites: &Sites<'_, '_>,
    following: Following<'_>,
    calls: Calls<'_>,
    facts: &mut CodeFacts,
    interest: &Interest<'_>,
    finder: &Finder<'_>,
) {
    let sinks = &interest.rules().sinks;
    let channels: Vec<&str> = sinks
        .channels()
        .into_iter()
        .filter(|channel| channel.leaves)
        .map(|channel| &*channel.id)
        .collect();
    let sends = facts.sinks.iter().any(|sink| leaves(interest, &sink.channel));
    let cut = |traced: &Traced| {
        let what = "instructions to follow identifiers through";
        (0, Gap::over(FORMAT, 0, what, traced.steps, traced.steps, ""))
    };
    if following.offers && sends {
        let (surface, traced) = sites.reading.offered(interest, &channels);
        facts.surface = surface;
        facts.gaps.extend(traced.cut.then(|| cut(&traced)));
    }
    let reads = |read: &IdentifierRead| read.in_code && read.weight >= MIN_WEIGHT;
    // What the framework offers may read for it, or send for it.
    let may = |known: bool| known || !following.beyond.is_empty();
    let app = following.app;
    let reads = facts.identifiers.iter().any(reads) || app.fields.iter().any(|field| typed(interest, field));
    if app.components.is_empty() || !may(reads) || !may(sends) {
        return;
    }
    let asking = Asking::new(calls.calls, calls.name, interest);
    let traced = sites
        .reading
        .flows(interest, app, &channels, following.beyond, &asking.questions);
    facts.gaps.extend(traced.cut.then(|| cut(&traced)));
    asking.add(&traced, sites, interest, &mut facts.sinks);
    let (flows, gap) = told(&traced, sites, &asking, interest, finder);
    facts.flows = flows;
    facts.gaps.extend(gap.map(|gap| (0, gap)));
}

/// The flows, the heaviest identifiers first, and how many had to be left out.
fn told(
    traced: &Traced,
    sites: &Sites<'_, '_>,
    asking: &Asking,
    interest: &Interest<'_>,
    finder: &Finder<'_>,
) -> (Vec<FlowFact>, Option<Gap>) {
    let kinds = Kinds {
        reading: sites.reading,
        interest,
    };
    let mut groups: Vec<Group<'_>> = groups(&traced.leaks, &kinds, finder)
        .into_values()
        .filter(|group| group.sink.weight >= MIN_SINK)
        .collect();
    // Of too many the ones that identify most are told; of several to one server the one that says most is first.
    groups.sort_by_cached_key(|group| (std::cmp::Reverse(group.identifier.weight), group.rank()));
    let mut steps = Steps::default();
    let mut flows: Vec<FlowFact> = Vec::new();
    let mut dropped = 0_u64;
    for group in groups {
        if flows.len() < MAX_FLOWS {
            flows.push(fact(&group, sites, asking, &kinds, &mut steps));
        } else {
            dropped = dropped.saturating_add(1);
        }
    }
    let gap = (dropped > 0).then(|| {
        let limit = u64::try_from(MAX_FLOWS).unwrap_or(u64::MAX);
        let all = limit.saturating_add(dropped);
        Gap::over(FORMAT, 0, "flows of one package", all, limit, "")
    });
    (flows, gap)
}

/// Whether what is typed into a view is of interest.
fn typed(interest: &Interest<'_>, field: &Field) -> bool {
    interest.rules().identifiers.input(field.input).is_some()
}

fn leaves(interest: &Interest<'_>, channel: &str) -> bool {
    let channel = interest.rules().sinks.channel(channel);
    channel.is_some_and(|channel| channel.leaves)
}

/// What one method sends of one kind by one channel to the same servers: a connection is made by several calls, and
/// told once.
struct Group<'t> {
    identifier: &'t Identifier,
    sink: &'t Sink,
    best: &'t Leak,
    made: Vec<StepKind>,
    endpoints: Vec<Endpoint>,
    count: u64,
}

/// Category, channel, file and method where it leaves, and the servers.
type Key<'t> = ((&'t str, &'t str, u16, u32), Vec<String>);

fn groups<'t>(leaks: &'t [Leak], kinds: &Kinds<'t, '_>, finder: &Finder<'_>) -> BTreeMap<Key<'t>, Group<'t>> {
    let interest = kinds.interest;
    let mut groups: BTreeMap<Key<'_>, Group<'_>> = BTreeMap::new();
    for leak in leaks {
        let rows = interest.identifier(leak.identifier).zip(interest.sink(leak.row));
        let Some((identifier, sink)) = rows else { continue };
        let counts = !leak.guess && identifier.weight >= MIN_WEIGHT && sink.kind == SinkKind::Sink;
        if !counts || !leaves(interest, &sink.channel) {
            continue;
        }
        let Some(endpoints) = endpoints(leak, sink, finder) else {
            continue;
        };
        let servers = endpoints.iter().filter(|e| e.host_kind != HostKind::Template);
        let mut servers: Vec<String> = servers.map(|e| e.host.clone()).collect();
        servers.dedup();
        let place = (
            &*identifier.category,
            &*sink.channel,
            leak.sink.dex,
            leak.sink.method,
        );
        let key = (place, servers);
        let new = Group {
            identifier,
            sink,
            best: leak,
            made: kinds.made(leak),
            endpoints,
            count: 0,
        };
        let group = match groups.entry(key) {
            std::collections::btree_map::Entry::Vacant(slot) => slot.insert(new),
            std::collections::btree_map::Entry::Occupied(slot) => {
                let old = slot.into_mut();
                old.endpoints.extend(new.endpoints.iter().cloned());
                if new.rank() < old.rank() {
                    old.identifier = new.identifier;
                    old.sink = new.sink;
                    old.best = new.best;
                    old.made = new.made;
                }
                old
            }
        };
        group.count = group.count.saturating_add(1);
    }
    for group in groups.values_mut() {
        tidy(&mut group.endpoints);
    }
    // Where it is known where one call of a place sends to, that it is not known of another says nothing more.
    let known: BTreeSet<_> = groups
        .keys()
        .filter(|key| !key.1.is_empty())
        .map(|key| key.0)
        .collect();
    groups.retain(|(place, servers), _| !servers.is_empty() || !known.contains(place));
    groups
}

impl Group<'_> {
    /// The smallest is told: what leaves for sure, as it is rather than hashed, by the shortest way.
    fn rank(&self) -> impl Ord + use<> {
        let names_only = self.sink.weight < MIN_SINK;
        let (from, to) = (self.best.source, self.best.sink);
        (
            names_only,
            self.made.len(),
            self.endpoints.is_empty(),
            self.best.way.len(),
            (from.dex, from.method, from.pc),
            to.pc,
        )
    }
}

/// Tells what happens at a step.
struct Kinds<'t, 'a> {
    reading: &'t Reading<'a>,
    interest: &'t Interest<'t>,
}

impl Kinds<'_, '_> {
    /// What a value is made into on its way, sorted.
    fn made(&self, leak: &Leak) -> Vec<StepKind> {
        let read = self
            .interest
            .identifier(leak.identifier)
            .and_then(|row| row.makes);
        let kinds = leak.way.iter().map(|stop| self.of(stop));
        let kinds = kinds.chain(read.map(step_kind));
        let made = [StepKind::Hashed, StepKind::Encrypted, StepKind::Encoded];
        let made: BTreeSet<StepKind> = kinds.filter(|kind| made.contains(kind)).collect();
        made.into_iter().collect()
    }

    /// What happens at a stop: a call that makes something of a value is known by the signatures.
    fn of(&self, stop: &Stop) -> StepKind {
        match stop.what {
            What::Read => StepKind::Read,
            What::Stored => StepKind::Stored,
            What::Mixed => self.makes(stop.at).unwrap_or(StepKind::Mixed),
            What::Hashed => StepKind::Hashed,
            What::Encrypted => StepKind::Encrypted,
            What::Encoded => StepKind::Encoded,
            What::Passed => StepKind::Passed,
            What::Leaves => StepKind::Leaves,
        }
    }

    fn makes(&self, at: At) -> Option<StepKind> {
        let (class, name) = self.reading.callee(at)?;
        let sinks = &self.interest.rules().sinks;
        let row = sinks.method(class.as_bytes(), name.as_bytes())?;
        row.makes.map(step_kind)
    }
}

fn step_kind(made: Made) -> StepKind {
    match made {
        Made::Hashed => StepKind::Hashed,
        Made::Encrypted => StepKind::Encrypted,
        Made::Encoded => StepKind::Encoded,
    }
}

/// Where it goes; `None` where all that is known is the device itself, or no server at all.
fn endpoints(leak: &Leak, sink: &Sink, finder: &Finder<'_>) -> Option<Vec<Endpoint>> {
    let mut all: Vec<Endpoint> = Vec::new();
    let mut aside = false;
    if !ADDRESSED.contains(&&*sink.channel) {
        return Some(all);
    }
    for text in &leak.addresses {
        // A server that is named further back is an argument for the first one.
        let hits = finder.text(text);
        let Some(hit) = hits.iter().min_by_key(|hit| hit.range.start) else {
            continue;
        };
        match finder.endpoint(text, hit, Source::Code) {
            Some(Found::Endpoint(endpoint)) => all.push(Endpoint {
                at_sink: true,
                ..*endpoint
            }),
            Some(Found::Aside(_)) => aside = true,
            None => {}
        }
    }
    tidy(&mut all);
    (!all.is_empty() || !aside).then_some(all)
}

/// Sorts addresses, clear text first of each host; one that names a host makes those that name none idle.
fn tidy(all: &mut Vec<Endpoint>) {
    all.sort_by(|a, b| (&a.host, !a.cleartext, &a.url).cmp(&(&b.host, !b.cleartext, &b.url)));
    all.dedup_by(|a, b| a.url == b.url);
    if all.iter().any(|e| e.host_kind != HostKind::Template) {
        all.retain(|e| e.host_kind != HostKind::Template);
    }
    all.truncate(MAX_ADDRESSES);
}

fn fact(
    group: &Group<'_>,
    sites: &Sites<'_, '_>,
    asking: &Asking,
    kinds: &Kinds<'_, '_>,
    steps: &mut Steps,
) -> FlowFact {
    let way = group.best.way.iter().map(|stop| FlowStep {
        what: kinds.of(stop),
        site: steps.at(sites, stop.at),
    });
    // That there is an account is no condition of its own where it is the account that is sent.
    let category = kinds
        .interest
        .rules()
        .identifiers
        .category(&group.identifier.category);
    let own = category.and_then(|category| category.condition.as_deref());
    let mut asks = asking.names(&group.best.asks);
    asks.retain(|what| Some(what.as_str()) != own);
    FlowFact {
        category: group.identifier.category.to_string(),
        api: group.identifier.api(),
        weight: group.identifier.weight,
        channel: group.sink.channel.to_string(),
        sink: group.sink.api(),
        endpoints: group.endpoints.clone(),
        made: group.made.clone(),
        from: sites.at(group.best.source),
        to: sites.at(group.best.sink),
        starts: starts(&group.best.starts),
        asks,
        way: way.collect(),
        count: group.count,
    }
}

/// `receiver com.acme.Boot (android.intent.action.BOOT_COMPLETED)`; what a layout makes is no start.
fn starts(components: &[Component]) -> Vec<String> {
    let started = components.iter().filter(|component| component.kind != Kind::View);
    let texts = started.map(|component| {
        let class = String::from_utf8_lossy(&component.class);
        let class = class
            .trim_start_matches('L')
            .trim_end_matches(';')
            .replace('/', ".");
        let kind = component.kind.name();
        let mut actions: Vec<&str> = component.actions.iter().map(String::as_str).collect();
        actions.sort_unstable();
        actions.dedup();
        actions.truncate(MAX_ACTIONS);
        if actions.is_empty() {
            format!("{kind} {class}")
        } else {
            format!("{kind} {class} ({})", actions.join(", "))
        }
    });
    let sorted: BTreeSet<String> = texts.collect();
    sorted.into_iter().collect()
}

/// Steps with their instruction: ways share many of them.
#[derive(Default)]
struct Steps(FxHashMap<At, Site>);

impl Steps {
    fn at(&mut self, sites: &Sites<'_, '_>, at: At) -> Site {
        let site = self.0.entry(at).or_insert_with(|| {
            let mut site = sites.at(at);
            let meant = site.lines.iter().filter(|line| line.starts_with('→'));
            site.lines = meant.cloned().collect();
            site
        });
        site.clone()
    }
}
