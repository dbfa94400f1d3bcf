//! What to look for, compiled once from the signatures.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::rule::row::Match;
use crate::rule::{FlagKind, Identifier, IdentifierKind, Rules, Sink, SinkKind};

use super::platform::Model;

/// Channels whose arguments say whom data goes to, so that their values are worth computing. The
/// arguments of a log call or a file write are not.
const DESTINATIONS: [&str; 5] = ["net", "webview", "mqtt", "dns", "exec"];

/// What a class's objects stand for when they stand for a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Carrier {
    /// Nothing that is followed.
    #[default]
    No,
    /// A text fixed by the constructor: a URL, a file, a request.
    Fixed,
    /// A text that grows: a builder.
    Growing,
}

/// What is known of a method by class and name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Member {
    /// Index into [`Interest::identifiers`].
    pub(crate) identifier: Option<u16>,
    /// Index into [`Interest::sinks`].
    pub(crate) sink: Option<u16>,
    /// The sink's arguments are worth computing.
    pub(crate) destination: bool,
    /// What it does to values.
    pub(crate) model: Option<Model>,
}

/// A class with something to look for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Class {
    /// Whether subclasses inherit it. Only what the signatures list and keyed stores: a model of the
    /// platform's own classes stands for itself.
    pub(crate) inherited: bool,
    /// What objects of it stand for.
    pub(crate) carrier: Carrier,
}

/// What to look for in code.
#[derive(Debug)]
pub struct Interest<'r> {
    rules: &'r Rules,
    identifiers: Vec<&'r Identifier>,
    sinks: Vec<&'r Sink>,
    /// Class number by descriptor; numbers index `infos`.
    classes: FxHashMap<&'r [u8], u16>,
    infos: Vec<Class>,
    methods: FxHashMap<(u16, &'r [u8]), Member>,
    fields: FxHashMap<(u16, &'r [u8]), u16>,
    /// Texts that static fields of the platform hold.
    constants: FxHashMap<(u16, &'r [u8]), &'r str>,
    texts: Texts,
}

impl<'r> Interest<'r> {
    /// Compiles the tables: some 3000 rows, below a millisecond.
    pub fn new(rules: &'r Rules) -> Self {
        let mut interest = Self {
            rules,
            identifiers: rules.identifiers.rows().collect(),
            sinks: rules.sinks.rows().collect(),
            classes: FxHashMap::default(),
            infos: Vec::new(),
            methods: FxHashMap::default(),
            fields: FxHashMap::default(),
            constants: FxHashMap::default(),
            texts: Texts::default(),
        };
        interest.add_models();
        interest.add_identifiers();
        interest.add_sinks();
        interest.add_files(rules);
        interest
    }

    /// The rules it was made from.
    pub fn rules(&self) -> &'r Rules {
        self.rules
    }

    /// An identifier row by number.
    pub fn identifier(&self, index: u16) -> Option<&'r Identifier> {
        self.identifiers.get(usize::from(index)).copied()
    }

    /// The number of an identifier row.
    pub(crate) fn number_of(&self, row: &Identifier) -> Option<u16> {
        let at = self
            .identifiers
            .iter()
            .position(|other| std::ptr::eq(*other, row))?;
        u16::try_from(at).ok()
    }

    /// The rows of which it may be asked whether there is one, with what is asked then.
    pub fn conditions(&self) -> impl Iterator<Item = (u16, &'r str)> + '_ {
        (0_u16..).zip(&self.identifiers).filter_map(|(n, row)| {
            let category = self.rules.identifiers.category(&row.category)?;
            Some((n, category.condition.as_deref()?))
        })
    }

    /// A sink row by number.
    pub fn sink(&self, index: u16) -> Option<&'r Sink> {
        self.sinks.get(usize::from(index)).copied()
    }

    /// The number of a class, by descriptor.
    pub(crate) fn class(&self, descriptor: &[u8]) -> Option<u16> {
        if let Some(class) = self.classes.get(descriptor) {
            return Some(*class);
        }
        // Stores are known by the end of their name; one number stands for all that are not listed.
        self.rules.models.is_store(descriptor).then_some(STORE)
    }

    /// What is known of a class.
    pub(crate) fn info(&self, class: u16) -> Class {
        self.infos.get(usize::from(class)).copied().unwrap_or_default()
    }

    /// What is known of a method of a class. `descriptor` is that of the class `class` was found by.
    pub(crate) fn method(&self, class: u16, descriptor: &[u8], name: &[u8]) -> Option<Member> {
        let listed = self.methods.get(&(class, name)).copied();
        // Signatures list setters of stores as sinks: what they do to a key holds all the same.
        if listed.is_some_and(|member| member.model.is_some()) {
            return listed;
        }
        match self.rules.models.key(descriptor, name) {
            Some(model) => Some(Member {
                model: Some(model),
                ..listed.unwrap_or_default()
            }),
            None => listed,
        }
    }

    /// The identifier row of a field of a class.
    pub(crate) fn field(&self, class: u16, name: &[u8]) -> Option<u16> {
        self.fields.get(&(class, name)).copied()
    }

    /// The text that a static field of a class holds.
    pub(crate) fn constant(&self, class: u16, name: &[u8]) -> Option<&'r str> {
        self.constants.get(&(class, name)).copied()
    }

    /// Whether a string may be the value of a row. Asked once per string of a dex file.
    pub(crate) fn text(&self, bytes: &[u8]) -> bool {
        self.texts.contains(bytes)
    }

    fn number(&mut self, descriptor: &'r [u8]) -> u16 {
        if let Some(class) = self.classes.get(descriptor) {
            return *class;
        }
        let class = u16::try_from(self.infos.len()).unwrap_or(u16::MAX);
        self.infos.push(Class::default());
        self.classes.insert(descriptor, class);
        class
    }

    fn add_models(&mut self) {
        // Number 0 stands for stores that only their name gives away.
        self.infos.push(Class {
            inherited: true,
            carrier: Carrier::No,
        });
        for row in self.rules.models.classes() {
            let class = self.number(row.class.as_bytes());
            for (name, model) in &row.methods {
                let member = Member {
                    model: Some(*model),
                    ..Member::default()
                };
                self.methods.insert((class, name.as_bytes()), member);
                let carrier = match model {
                    Model::Append | Model::Part(_) => Carrier::Growing,
                    Model::Wrap | Model::Url | Model::File => Carrier::Fixed,
                    _ => Carrier::No,
                };
                self.carry(class, carrier);
                // An activity of the app's own asks as any other does.
                if matches!(model, Model::Read(_)) {
                    self.inherit(class);
                }
            }
            for (name, text) in &row.fields {
                self.constants.insert((class, name.as_bytes()), text);
            }
        }
    }

    fn carry(&mut self, class: u16, carrier: Carrier) {
        if let Some(info) = self.infos.get_mut(usize::from(class)) {
            info.carrier = info.carrier.max(carrier);
        }
    }

    fn inherit(&mut self, class: u16) {
        if let Some(info) = self.infos.get_mut(usize::from(class)) {
            info.inherited = true;
        }
    }

    fn add_identifiers(&mut self) {
        for (index, row) in self.rules.identifiers.rows().enumerate() {
            let Ok(index) = u16::try_from(index) else { return };
            match row.kind {
                IdentifierKind::Method => {
                    let class = self.number(row.class.as_bytes());
                    self.inherit(class);
                    self.methods
                        .entry((class, row.name.as_bytes()))
                        .or_default()
                        .identifier = Some(index);
                }
                IdentifierKind::Field => {
                    let class = self.number(row.class.as_bytes());
                    self.inherit(class);
                    self.fields.insert((class, row.name.as_bytes()), index);
                }
                // Keys of Settings and names given to reflection are plain words: the call decides.
                IdentifierKind::Settings | IdentifierKind::Reflected | IdentifierKind::Input => {}
                IdentifierKind::Native | IdentifierKind::Ioctl => {}
                _ => self.texts.add(row.name.as_bytes(), row.how),
            }
        }
    }

    fn add_sinks(&mut self) {
        for (index, row) in self.rules.sinks.rows().enumerate() {
            let Ok(index) = u16::try_from(index) else { return };
            if row.kind != SinkKind::Sink || row.class.is_empty() {
                continue;
            }
            let class = self.number(row.class.as_bytes());
            self.inherit(class);
            let member = self.methods.entry((class, row.name.as_bytes())).or_default();
            member.sink = Some(index);
            member.destination = DESTINATIONS.contains(&&*row.channel);
            // A request is known by the address that it is made with.
            if member.destination && &*row.name == "<init>" && member.model.is_none() {
                member.model = Some(Model::Wrap);
                self.carry(class, Carrier::Fixed);
            }
        }
    }

    fn add_files(&mut self, rules: &Rules) {
        for flag in rules.flags.rows().filter(|flag| flag.kind == FlagKind::File) {
            self.texts.add(flag.key.as_bytes(), Match::Exact);
            if let Some(place) = &flag.place {
                let path = format!("{}/{}", place.trim_end_matches('/'), flag.key);
                self.texts.add(path.as_bytes(), Match::Exact);
            }
        }
    }
}

/// The class number of keyed stores that are not listed.
const STORE: u16 = 0;

/// Texts that may be the value of a row. Nearly every string of a dex file is turned down by two bits.
#[derive(Debug, Default)]
struct Texts {
    exact: FxHashSet<Box<[u8]>>,
    /// By their first bytes.
    prefixes: FxHashMap<[u8; START], Vec<Box<[u8]>>>,
    /// Beginnings that are shorter than [`START`].
    short: Vec<Box<[u8]>>,
    /// Ends, by their last bytes.
    suffixes: FxHashMap<[u8; START], Vec<Box<[u8]>>>,
    /// Ends that are shorter than [`START`].
    short_ends: Vec<Box<[u8]>>,
    seen: Bits,
    starts: Bits,
    ends: Bits,
}

/// Bytes by which beginnings are looked up.
const START: usize = 4;

impl Texts {
    fn add(&mut self, text: &[u8], how: Match) {
        match (how, text.first_chunk::<START>()) {
            (Match::Exact, _) => {
                self.seen.set(shape(text));
                self.exact.insert(text.into());
            }
            (Match::Prefix, Some(start)) => {
                self.starts.set(u32::from_le_bytes(*start));
                self.prefixes.entry(*start).or_default().push(text.into());
            }
            (Match::Prefix, None) => self.short.push(text.into()),
            (Match::Suffix, _) => match text.last_chunk::<START>() {
                Some(end) => {
                    self.ends.set(u32::from_le_bytes(*end));
                    self.suffixes.entry(*end).or_default().push(text.into());
                }
                None => self.short_ends.push(text.into()),
            },
        }
    }

    fn contains(&self, text: &[u8]) -> bool {
        if self.seen.has(shape(text)) && self.exact.contains(text) {
            return true;
        }
        if let Some(start) = text.first_chunk::<START>()
            && self.starts.has(u32::from_le_bytes(*start))
            && let Some(prefixes) = self.prefixes.get(start)
            && prefixes.iter().any(|prefix| text.starts_with(prefix))
        {
            return true;
        }
        if let Some(end) = text.last_chunk::<START>()
            && self.ends.has(u32::from_le_bytes(*end))
            && let Some(suffixes) = self.suffixes.get(end)
            && suffixes.iter().any(|suffix| text.ends_with(suffix))
        {
            return true;
        }
        self.short.iter().any(|prefix| text.starts_with(prefix))
            || self.short_ends.iter().any(|suffix| text.ends_with(suffix))
    }
}

/// Length and three bytes of a text, as one number.
fn shape(text: &[u8]) -> u32 {
    let byte = |at: usize| text.get(at).copied().unwrap_or_default();
    let [len, ..] = text.len().to_le_bytes();
    u32::from_le_bytes([
        len,
        byte(0),
        byte(text.len() >> 1),
        byte(text.len().wrapping_sub(1)),
    ])
}

/// A set of numbers that may claim to hold one that it does not.
#[derive(Debug)]
struct Bits(Box<[u64; 1 << 10]>);

impl Default for Bits {
    fn default() -> Self {
        Self(Box::new([0; 1 << 10]))
    }
}

impl Bits {
    /// Word and bit of a number: the high bits of a product with an odd number close to 2³²/φ.
    fn place(n: u32) -> (usize, u64) {
        let hash = n.wrapping_mul(0x9e37_79b1) >> 16;
        (
            usize::try_from(hash >> 6).unwrap_or(0),
            1_u64.wrapping_shl(hash & 63),
        )
    }

    fn set(&mut self, n: u32) {
        let (word, bit) = Self::place(n);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn has(&self, n: u32) -> bool {
        let (word, bit) = Self::place(n);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}
