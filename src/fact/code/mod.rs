//! What the code of a package says: identifiers read by any road, calls by which data may leave, which of
//! the ones reach which of the others, switches and their defaults, endpoints in strings and assembled texts.
//!
//! [`crate::code`] knows what registers hold; here the signatures say what it means.

mod ask;
mod flow;
mod reads;
mod switch;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::endpoint::{Endpoints, Finder};
use super::model::{FlowFact, IdentifierRead, MAX_SITES, SinkUse, Site, Source, Switch};
use crate::artifact::dex::{Dex, FORMAT};
use crate::bytes::{Gap, Place};
use crate::code::flow::{App, Surface};
use crate::code::{self, Arg, At, Called, Interest, Reading, Text};

/// One dex file of a package and where it is.
#[derive(Debug, Clone)]
pub struct File<'a> {
    /// Where the bytes are.
    pub place: Place,
    /// The file. Of a container that holds several, each is one [`File`].
    pub dex: Dex<'a>,
}

/// How far identifiers are followed through a package.
#[derive(Debug, Clone, Copy)]
pub struct Following<'c> {
    /// What is known of it that is not in its code: what the system starts of it, what a user types.
    pub app: &'c App,
    /// What packages offer that every app loads.
    pub beyond: &'c Surface,
    /// Whether it is itself one that every app loads.
    pub offers: bool,
}

/// The calls of a package whose arguments are known, and its name.
#[derive(Clone, Copy)]
struct Calls<'c> {
    calls: &'c [code::Call],
    name: Option<&'c str>,
}

/// What the code of one package says, endpoints apart.
#[derive(Debug, Default)]
pub struct CodeFacts {
    /// Identifiers read, sorted.
    pub identifiers: Vec<IdentifierRead>,
    /// Calls by which data may leave, sorted.
    pub sinks: Vec<SinkUse>,
    /// Identifiers that reach a call by which data leaves the device.
    pub flows: Vec<FlowFact>,
    /// What it offers to other packages, if that was asked for.
    pub surface: Surface,
    /// Switches that the signatures know, sorted.
    pub switches: Vec<Switch>,
    /// What could not be read, by index into the files.
    pub gaps: Vec<(usize, Gap)>,
}

/// Channels whose text argument is the address of a server.
const ADDRESSED: [&str; 4] = ["net", "webview", "mqtt", "dns"];

/// Reads the code of one package. `name` is the package's name, where it is known: some switches mean
/// something in one package only. `following` is how far identifiers are followed from method to method: without it,
/// not at all. Endpoints go into `endpoints`, the rest is returned.
pub fn code(
    files: &[File<'_>],
    name: Option<&str>,
    following: Option<Following<'_>>,
    interest: &Interest<'_>,
    finder: &Finder<'_>,
    endpoints: &mut Endpoints,
) -> CodeFacts {
    let dexes: Vec<Dex<'_>> = files.iter().map(|file| file.dex).collect();
    let hot = |text: &[u8]| finder.begins(text);
    let reading = code::analyse(&dexes, interest, &hot);
    let places = files
        .iter()
        .map(|file| (file.place.logical().into(), file.place.physical().into()))
        .collect();
    let sites = Sites {
        reading: &reading,
        places,
    };
    let mut facts = CodeFacts {
        gaps: reading
            .gaps()
            .iter()
            .map(|(dex, gap)| (usize::from(*dex), gap.clone()))
            .collect(),
        ..CodeFacts::default()
    };
    let calls = collect(&reading, &mut facts.gaps);
    find_endpoints(&sites, &calls, interest, finder, endpoints);
    facts.sinks = sinks(&sites, interest);
    facts.identifiers = reads::reads(&sites, &calls, interest);
    facts.switches = switch::switches(&sites, &calls, name, interest);
    if let Some(following) = following {
        let calls = Calls { calls: &calls, name };
        flow::follow(&sites, following, calls, &mut facts, interest, finder);
    }
    facts
}

/// Ours: bytes of the texts of all calls of one package. The framework, the largest there is, has 0.2 MB.
const MAX_TEXTS: usize = 32 << 20;

/// The calls with their arguments; what is beyond the limit is a gap.
fn collect(reading: &Reading<'_>, gaps: &mut Vec<(usize, Gap)>) -> Vec<code::Call> {
    let mut left = MAX_TEXTS;
    let mut all = Vec::new();
    for call in reading.calls() {
        let size = call.what.args().fold(0_usize, |sum, arg| match arg {
            Arg::Text(text) => sum.saturating_add(text.bytes.len()),
            _ => sum,
        });
        let Some(rest) = left.checked_sub(size) else {
            let limit = u64::try_from(MAX_TEXTS).unwrap_or(u64::MAX);
            gaps.push((
                0,
                Gap::over(
                    FORMAT,
                    0,
                    "texts assembled by code",
                    limit.saturating_add(1),
                    limit,
                    "",
                ),
            ));
            break;
        };
        left = rest;
        all.push(call);
    }
    all
}

/// Turns places in the code into evidence.
struct Sites<'s, 'a> {
    reading: &'s Reading<'a>,
    /// Logical and physical name of each file.
    places: Vec<(Arc<str>, Arc<str>)>,
}

impl Sites<'_, '_> {
    fn file(&self, dex: u16) -> Site {
        let Some((place, physical)) = self.places.get(usize::from(dex)) else {
            return Site::default();
        };
        Site {
            place: Arc::clone(place),
            physical: Arc::clone(physical),
            ..Site::default()
        }
    }

    fn at(&self, at: At) -> Site {
        Site {
            class: self.reading.class(at).map(Arc::from),
            method: self.reading.method(at).map(Arc::from),
            pc: Some(at.pc),
            lines: self.reading.lines(at).into(),
            ..self.file(at.dex)
        }
    }

    /// A place where a text is computed: what it is, and by which method.
    fn computed(&self, at: At, by: &str, text: &Text) -> Site {
        let mut site = self.at(at);
        let mut lines = site.lines.to_vec();
        lines.push(format!("  = {:?}, computed by {by}", text.to_str()).into());
        site.lines = lines.into();
        site
    }
}

/// Channels that every app uses all the time: two places are as good as eight.
const COMMON: [&str; 4] = ["log", "storage", "ipc", "codec"];
/// Places kept of these.
const MAX_COMMON: usize = 2;

/// Keeps the first [`MAX_SITES`] places and counts them all.
fn add_site(sites: &mut Vec<Site>, count: &mut u64, site: impl FnOnce() -> Site) {
    *count = count.saturating_add(1);
    if sites.len() < MAX_SITES {
        sites.push(site());
    }
}

fn find_endpoints(
    sites: &Sites<'_, '_>,
    calls: &[code::Call],
    interest: &Interest<'_>,
    finder: &Finder<'_>,
    endpoints: &mut Endpoints,
) {
    let addressed = |row: u16| {
        interest
            .sink(row)
            .is_some_and(|sink| ADDRESSED.contains(&&*sink.channel))
    };
    // What reaches a call of the network is reported there, not a second time where it is loaded.
    let mut done: FxHashSet<(u16, u32, &[u8])> = FxHashSet::default();
    for call in calls {
        let Called::Sink { row, texts } = &call.what else {
            continue;
        };
        if !addressed(*row) {
            continue;
        }
        for text in texts.iter().flatten() {
            let Arg::Text(text) = text else { continue };
            if done.insert((call.at.dex, call.at.method, &text.bytes)) {
                endpoints.text(finder, &text.bytes, Source::Code, true, |_| sites.at(call.at));
            }
        }
    }
    for call in calls {
        let Called::Computed { by, text } = &call.what else {
            continue;
        };
        for text in text {
            let Arg::Text(text) = text else { continue };
            done.insert((call.at.dex, call.at.method, &text.bytes));
            endpoints.text(finder, &text.bytes, Source::Code, false, |_| {
                sites.computed(call.at, by, text)
            });
        }
    }
    for call in calls {
        let texts = match &call.what {
            Called::Text(texts) => std::slice::from_ref(texts),
            Called::Sink { row, texts } if !addressed(*row) => texts,
            _ => continue,
        };
        for text in texts.iter().flatten() {
            let Arg::Text(text) = text else { continue };
            if done.insert((call.at.dex, call.at.method, &text.bytes)) {
                endpoints.text(finder, &text.bytes, Source::Code, false, |_| sites.at(call.at));
            }
        }
    }
    for used in sites.reading.string_uses().filter(|used| used.hot && !used.part) {
        if !done.contains(&(used.at.dex, used.at.method, used.bytes)) {
            endpoints.text(finder, used.bytes, Source::Code, false, |_| sites.at(used.at));
        }
    }
    for value in sites.reading.static_strings().iter().filter(|value| value.hot) {
        endpoints.text(finder, value.bytes, Source::StaticValue, false, |_| Site {
            class: Some(value.class.as_str().into()),
            entry: Some(value.field.as_str().into()),
            ..sites.file(value.dex)
        });
    }
    for (dex, bytes) in sites.reading.unused_strings() {
        endpoints.text(finder, bytes, Source::StringTable, false, |_| sites.file(dex));
    }
}

fn sinks(sites: &Sites<'_, '_>, interest: &Interest<'_>) -> Vec<SinkUse> {
    let mut all: FxHashMap<u16, SinkUse> = FxHashMap::default();
    for site in sites.reading.call_sites() {
        let Some(row) = site.sink else { continue };
        let Some(sink) = interest.sink(row) else { continue };
        let used = all.entry(row).or_insert_with(|| SinkUse {
            channel: sink.channel.to_string(),
            api: sink.api(),
            sites: Vec::new(),
            count: 0,
            asks: Vec::new(),
        });
        if used.sites.len() >= MAX_COMMON && COMMON.contains(&used.channel.as_str()) {
            used.count = used.count.saturating_add(1);
        } else {
            add_site(&mut used.sites, &mut used.count, || sites.at(site.at));
        }
    }
    let sorted: BTreeMap<(String, String), SinkUse> = all
        .into_values()
        .map(|used| ((used.channel.clone(), used.api.clone()), used))
        .collect();
    sorted.into_values().collect()
}
