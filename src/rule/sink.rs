//! Where data can leave, and calls that pass it on.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

use super::row::{PropagatorFile, SinkFile, SinkRow};

/// What a sink row is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SinkKind {
    /// Data leaves the app: network, SMS, log, storage, another app.
    #[default]
    Sink,
    /// Data is encrypted or hashed.
    Crypto,
    /// Data is encoded or compressed.
    Codec,
}

/// What a call of cryptography or a codec makes of data, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Made {
    /// A hash, by which it can be recognised, and found by trying.
    Hashed,
    /// Something that only who has the key can read.
    Encrypted,
    /// Something that anyone can read who knows the code.
    Encoded,
}

/// A method or a native function where data can leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// What it does.
    pub kind: SinkKind,
    /// Channel: `net`, `sms`, `log`, `push`, `storage`, `ipc`, `exec`, `webview`, `mqtt`, `bt`, `dns` …
    pub channel: Box<str>,
    /// Class descriptor; empty for a native function.
    pub class: Box<str>,
    /// Name.
    pub name: Box<str>,
    /// How surely data leaves through it, 0 to 10.
    pub weight: u8,
    /// What it makes of data, where people should know.
    pub makes: Option<Made>,
    /// Whether its texts are what is sent, never where to.
    pub payload: bool,
    /// A remark for people.
    pub note: Option<Box<str>>,
}

impl Sink {
    /// `Ljava/net/URL;->openConnection`, or the bare name of a native function.
    pub fn api(&self) -> String {
        if self.class.is_empty() {
            self.name.to_string()
        } else {
            format!("{}->{}", self.class, self.name)
        }
    }
}

/// Where a value is in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spot {
    /// The object that the method is called on.
    This,
    /// The result.
    Return,
    /// A declared parameter, the first is 0, whether the method is static or not.
    Argument(u8),
    /// Any declared parameter.
    AnyArgument,
    /// What all parts of an app share: preferences, intents on their way, what waits to be called back.
    World,
}

impl Spot {
    /// Reads `this`, `ret`, `arg0` … `arg255`, `arg*`, `world`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "this" => Some(Self::This),
            "ret" => Some(Self::Return),
            "arg*" => Some(Self::AnyArgument),
            "world" => Some(Self::World),
            _ => text.strip_prefix("arg")?.parse().ok().map(Self::Argument),
        }
    }
}

/// Which part of what is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// All of it.
    Whole,
    /// What is kept under the key, or at the position, that this parameter says.
    Key(u8),
    /// One more element, after the last.
    Next,
    /// Any element.
    Any,
    /// A part with a name of its own.
    Named(Box<str>),
}

/// A place in a call: a value, or a cell of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which value.
    pub spot: Spot,
    /// Which part of it.
    pub cell: Cell,
}

impl Place {
    /// Reads `this`, `this[arg0]`, `this[+]`, `this[*]`, `world[sent]`.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((spot, cell)) = text.split_once('[') else {
            return Some(Self {
                spot: Spot::parse(text)?,
                cell: Cell::Whole,
            });
        };
        let cell = match cell.strip_suffix(']')? {
            "+" => Cell::Next,
            "*" => Cell::Any,
            "" => return None,
            cell => match cell.strip_prefix("arg").map(str::parse) {
                Some(Ok(n)) => Cell::Key(n),
                _ => Cell::Named(cell.into()),
            },
        };
        Some(Self {
            spot: Spot::parse(spot)?,
            cell,
        })
    }
}

/// What a call passes on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// Where the value is before the call.
    pub from: Place,
    /// Where it is after it.
    pub to: Place,
    /// What is at `to` is the same afterwards, not only made of it.
    pub same: bool,
}

impl Flow {
    /// Reads `this>ret` (made of), `arg1=this[arg0]` (the same).
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once(['>', '='])?;
        Some(Self {
            from: Place::parse(from)?,
            to: Place::parse(to)?,
            same: text.contains('='),
        })
    }
}

/// A method that passes data on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Propagator {
    /// Class descriptor.
    pub class: Box<str>,
    /// Name.
    pub name: Box<str>,
    /// What goes where.
    pub flows: Box<[Flow]>,
}

/// A channel by which data leaves; the closed list is `signatures/sinks/channels.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Short name, as in facts: `net`, `sms` …
    pub id: Box<str>,
    /// For people.
    pub title: Box<str>,
    /// Whether what goes there leaves the device.
    pub leaves: bool,
    /// How something leaves by it, where that is not by a connection to a server: `in a text message`.
    pub words: Box<str>,
}

/// The rows of one class.
type Rows = FxHashMap<Box<[u8]>, usize>;

/// The table of sinks and propagators.
#[derive(Debug, Default)]
pub struct Sinks {
    sinks: Vec<Sink>,
    propagators: Vec<Propagator>,
    sink_classes: FxHashMap<Box<[u8]>, Rows>,
    propagator_classes: FxHashMap<Box<[u8]>, Rows>,
    native: Rows,
    channels: FxHashMap<Box<str>, Channel>,
    memory: FxHashSet<Box<[u8]>>,
}

impl Sinks {
    /// Whether what is written to a stream of this class stays in memory.
    pub fn is_memory(&self, class: &[u8]) -> bool {
        self.memory.contains(class)
    }

    /// The sink for a method, by class descriptor and name.
    pub fn method(&self, class: &[u8], name: &[u8]) -> Option<&Sink> {
        self.sinks.get(*self.sink_classes.get(class)?.get(name)?)
    }

    /// Whether a class has sinks or propagators: ask once per type of a dex file.
    pub fn has_class(&self, class: &[u8]) -> bool {
        self.sink_classes.contains_key(class) || self.propagator_classes.contains_key(class)
    }

    /// The sink for a native function.
    pub fn native(&self, name: &[u8]) -> Option<&Sink> {
        self.sinks.get(*self.native.get(name)?)
    }

    /// The propagator for a method, by class descriptor and name.
    pub fn propagator(&self, class: &[u8], name: &[u8]) -> Option<&Propagator> {
        self.propagators
            .get(*self.propagator_classes.get(class)?.get(name)?)
    }

    /// Whether there are propagators of a class.
    pub fn describes(&self, class: &[u8]) -> bool {
        self.propagator_classes.contains_key(class)
    }

    /// A channel by id.
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.get(id)
    }

    /// All channels, by id.
    pub fn channels(&self) -> Vec<&Channel> {
        let mut all: Vec<&Channel> = self.channels.values().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// All sinks, in the order of the files.
    pub fn rows(&self) -> impl Iterator<Item = &Sink> {
        self.sinks.iter()
    }

    /// All propagators, in the order of the files.
    pub fn propagators(&self) -> impl Iterator<Item = &Propagator> {
        self.propagators.iter()
    }

    pub(super) fn add(&mut self, file: SinkFile) {
        self.memory
            .extend(file.memory.into_iter().map(|class| class.into_bytes().into()));
        for row in file.channel {
            let row = Channel {
                id: row.id.into(),
                title: row.title.into(),
                leaves: row.leaves,
                words: row.words.into(),
            };
            self.channels.insert(row.id.clone(), row);
        }
        for class in file.class {
            let rows = self
                .sink_classes
                .entry(class.class.as_bytes().into())
                .or_default();
            for row in class.methods {
                let kind = row.kind.unwrap_or(class.kind);
                let mut sink = sink(row, kind, &class.channel, &class.class, class.note.as_deref());
                sink.makes = sink.makes.or(class.makes);
                put(&mut self.sinks, rows, sink.name.clone(), sink);
            }
        }
        for row in file.native {
            let kind = row.kind.unwrap_or_default();
            let sink = sink(row, kind, "net", "", None);
            put(&mut self.sinks, &mut self.native, sink.name.clone(), sink);
        }
    }

    pub(super) fn add_propagators(&mut self, file: PropagatorFile) {
        for class in file.class {
            let rows = self
                .propagator_classes
                .entry(class.class.as_bytes().into())
                .or_default();
            for row in class.methods {
                let flows = row.flow.iter().filter_map(|flow| Flow::parse(flow)).collect();
                let row = Propagator {
                    class: class.class.as_str().into(),
                    name: row.name.into(),
                    flows,
                };
                put(&mut self.propagators, rows, row.name.clone(), row);
            }
        }
    }
}

fn sink(row: SinkRow, kind: SinkKind, channel: &str, class: &str, note: Option<&str>) -> Sink {
    Sink {
        kind,
        channel: row.channel.as_deref().unwrap_or(channel).into(),
        class: class.into(),
        name: row.name.into(),
        weight: row.weight,
        makes: row.makes,
        payload: row.payload,
        note: row.note.as_deref().or(note).map(Into::into),
    }
}

/// Adds a row, or replaces the one with the same key.
fn put<T>(rows: &mut Vec<T>, index: &mut Rows, key: Box<str>, row: T) {
    match index.get(key.as_bytes()).and_then(|at| rows.get_mut(*at)) {
        Some(old) => *old = row,
        None => {
            index.insert(key.into_boxed_bytes(), rows.len());
            rows.push(row);
        }
    }
}
