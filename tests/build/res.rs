//! Writes small compiled XML documents and resource tables for tests.
//!
//! ```ignore
//! let xml = XmlBuilder::new()
//!     .open("manifest", &[("package", "a.b".into()), ("android:versionCode", 3.into())])
//!     .open("application", &[("android:allowBackup", true.into())])
//!     .build(); // closes what is open
//! let mut table = TableBuilder::new(0x7f, "a.b");
//! let id = table.add("string", "host", "http://x".into());
//! let bytes = table.build();
//! ```
//!
//! Sound output only; what is wrong on purpose is patched into the bytes by the test that wants it.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::collections::BTreeMap;

pub const ANDROID: &str = "http://schemas.android.com/apk/res/android";
const NONE: u32 = u32::MAX;

/// Framework attributes that the tests use.
const ATTRIBUTES: &[(&str, u32)] = &[
    ("label", 0x0101_0001),
    ("name", 0x0101_0003),
    ("permission", 0x0101_0006),
    ("readPermission", 0x0101_0007),
    ("writePermission", 0x0101_0008),
    ("protectionLevel", 0x0101_0009),
    ("permissionGroup", 0x0101_000a),
    ("sharedUserId", 0x0101_000b),
    ("persistent", 0x0101_000d),
    ("enabled", 0x0101_000e),
    ("debuggable", 0x0101_000f),
    ("exported", 0x0101_0010),
    ("process", 0x0101_0011),
    ("authorities", 0x0101_0018),
    ("grantUriPermissions", 0x0101_001b),
    ("priority", 0x0101_001c),
    ("targetPackage", 0x0101_0021),
    ("value", 0x0101_0024),
    ("resource", 0x0101_0025),
    ("mimeType", 0x0101_0026),
    ("scheme", 0x0101_0027),
    ("host", 0x0101_0028),
    ("port", 0x0101_0029),
    ("path", 0x0101_002a),
    ("pathPrefix", 0x0101_002b),
    ("id", 0x0101_00d0),
    ("password", 0x0101_015c),
    ("title", 0x0101_01e1),
    ("key", 0x0101_01e8),
    ("dependency", 0x0101_01ec),
    ("defaultValue", 0x0101_01ed),
    ("targetActivity", 0x0101_0202),
    ("minSdkVersion", 0x0101_020c),
    ("versionCode", 0x0101_021b),
    ("inputType", 0x0101_0220),
    ("versionName", 0x0101_021c),
    ("targetSdkVersion", 0x0101_0270),
    ("backupAgent", 0x0101_027f),
    ("allowBackup", 0x0101_0280),
    ("usesCleartextTraffic", 0x0101_04ec),
    ("networkSecurityConfig", 0x0101_0527),
    ("versionCodeMajor", 0x0101_0576),
];

/// A value of an attribute or a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Val {
    Str(String),
    Int(u32),
    Bool(bool),
    Ref(u32),
    /// Any type and data.
    Raw(u8, u32),
}

impl From<&str> for Val {
    fn from(s: &str) -> Self {
        Self::Str(s.to_owned())
    }
}

impl From<u32> for Val {
    fn from(n: u32) -> Self {
        Self::Int(n)
    }
}

impl From<bool> for Val {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl Val {
    fn typed(&self, pool: &mut Pool) -> (u8, u32) {
        match self {
            Self::Str(s) => (3, pool.add(s)),
            Self::Int(n) => (0x10, *n),
            Self::Bool(b) => (0x12, if *b { NONE } else { 0 }),
            Self::Ref(id) => (1, *id),
            Self::Raw(kind, data) => (*kind, *data),
        }
    }
}

/// A string pool.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    pub utf16: bool,
    strings: Vec<String>,
}

impl Pool {
    pub fn add(&mut self, s: &str) -> u32 {
        let at = self.strings.iter().position(|x| x == s).unwrap_or_else(|| {
            self.strings.push(s.to_owned());
            self.strings.len() - 1
        });
        at as u32
    }

    pub fn build(&self) -> Vec<u8> {
        let (mut offsets, mut data) = (Vec::new(), Vec::new());
        for s in &self.strings {
            offsets.extend((data.len() as u32).to_le_bytes());
            let units: Vec<u16> = s.encode_utf16().collect();
            if self.utf16 {
                assert!(units.len() < 0x8000);
                data.extend((units.len() as u16).to_le_bytes());
                data.extend(units.iter().flat_map(|u| u.to_le_bytes()));
                data.extend([0, 0]);
            } else {
                for n in [units.len(), s.len()] {
                    assert!(n < 0x8000);
                    if n >= 0x80 {
                        data.push(0x80 | (n >> 8) as u8);
                    }
                    data.push(n as u8);
                }
                data.extend(s.as_bytes());
                data.push(0);
            }
        }
        while data.len() % 4 != 0 {
            data.push(0);
        }
        let flags = if self.utf16 { 0 } else { 0x100 };
        let start = 28 + offsets.len() as u32;
        let words = [self.strings.len() as u32, 0, flags, start, 0];
        let mut header: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        header.extend(offsets);
        chunk(1, 28, &[header, data].concat())
    }
}

/// A chunk of `kind` whose header has `header` bytes; `rest` is what follows its first eight.
pub fn chunk(kind: u16, header: u16, rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(kind.to_le_bytes());
    out.extend(header.to_le_bytes());
    out.extend((8 + rest.len() as u32).to_le_bytes());
    out.extend(rest);
    out
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_le_bytes()).collect()
}

enum Step {
    Open(String, Vec<(String, Val)>),
    Close,
    Text(String),
    Chunk(Vec<u8>),
}

/// A compiled XML document, written from top to bottom.
#[derive(Default)]
pub struct XmlBuilder {
    steps: Vec<Step>,
    open: usize,
    utf16: bool,
    no_ids: bool,
}

impl XmlBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Strings as UTF-16, as old compilers write them.
    pub fn utf16(mut self) -> Self {
        self.utf16 = true;
        self
    }

    /// No resource ids: attributes have only names.
    pub fn without_ids(mut self) -> Self {
        self.no_ids = true;
        self
    }

    /// Opens an element. `android:x` is a framework attribute, anything else has no namespace.
    pub fn open(mut self, name: &str, attributes: &[(&str, Val)]) -> Self {
        let attributes = attributes
            .iter()
            .map(|(n, v)| ((*n).to_owned(), v.clone()))
            .collect();
        self.steps.push(Step::Open(name.to_owned(), attributes));
        self.open += 1;
        self
    }

    /// Closes the element that was opened last.
    pub fn close(mut self) -> Self {
        self.steps.push(Step::Close);
        self.open -= 1;
        self
    }

    /// An element without children.
    pub fn empty(self, name: &str, attributes: &[(&str, Val)]) -> Self {
        self.open(name, attributes).close()
    }

    pub fn text(mut self, text: &str) -> Self {
        self.steps.push(Step::Text(text.to_owned()));
        self
    }

    /// Any chunk between the nodes.
    pub fn chunk(mut self, bytes: Vec<u8>) -> Self {
        self.steps.push(Step::Chunk(bytes));
        self
    }

    /// The document, what is open closed.
    pub fn build(mut self) -> Vec<u8> {
        while self.open > 0 {
            self = self.close();
        }
        let mut pool = Pool {
            utf16: self.utf16,
            ..Pool::default()
        };
        let mut ids: BTreeMap<u32, &str> = BTreeMap::new();
        for step in &self.steps {
            let Step::Open(_, attributes) = step else { continue };
            for name in attributes.iter().filter_map(|(n, _)| n.strip_prefix("android:")) {
                let known = ATTRIBUTES.iter().find(|(n, _)| *n == name);
                let (name, id) = known.unwrap_or_else(|| panic!("add {name} to ATTRIBUTES"));
                ids.insert(*id, name);
            }
        }
        // Names with an id come first, in the order of the ids.
        for name in ids.values() {
            pool.add(name);
        }
        let mut nodes = Vec::new();
        let mut names = Vec::new();
        for step in &self.steps {
            match step {
                Step::Open(name, attributes) => {
                    let name = pool.add(name);
                    names.push(name);
                    let mut body = words(&[NONE, name, 20 | (20 << 16), attributes.len() as u32, 0]);
                    for (name, value) in attributes {
                        let (namespace, name) = match name.strip_prefix("android:") {
                            Some(name) => (pool.add(ANDROID), pool.add(name)),
                            None => (NONE, pool.add(name)),
                        };
                        let (kind, data) = value.typed(&mut pool);
                        let raw = if kind == 3 { data } else { NONE };
                        body.extend(words(&[namespace, name, raw, 8 | (u32::from(kind) << 24), data]));
                    }
                    nodes.push(node(0x102, &body));
                }
                Step::Close => nodes.push(node(0x103, &words(&[NONE, names.pop().unwrap()]))),
                Step::Text(text) => {
                    let text = pool.add(text);
                    nodes.push(node(0x104, &words(&[text, 8 | (3 << 24), text])));
                }
                Step::Chunk(bytes) => nodes.push(bytes.clone()),
            }
        }
        let mut body = pool.build();
        if !self.no_ids {
            body.extend(chunk(0x180, 8, &words(&ids.keys().copied().collect::<Vec<_>>())));
        }
        body.extend(nodes.concat());
        chunk(3, 8, &body)
    }
}

fn node(kind: u16, body: &[u8]) -> Vec<u8> {
    chunk(kind, 16, &[words(&[1, NONE]), body.to_vec()].concat())
}

/// How entries of a type are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    #[default]
    Plain,
    Sparse,
    Offset16,
    Compact,
}

#[derive(Debug, Clone)]
enum Item {
    Value(Val),
    Bag(Vec<(u32, Val)>),
}

/// A type's name, its resources' names, and their items by configuration and resource.
#[derive(Debug, Clone, Default)]
struct Type {
    name: String,
    names: Vec<String>,
    items: BTreeMap<Vec<u8>, BTreeMap<usize, Item>>,
}

/// A resource table of one package.
#[derive(Debug, Clone)]
pub struct TableBuilder {
    id: u32,
    name: String,
    types: Vec<Type>,
    pub strings: Pool,
    pub layout: Layout,
    libraries: Vec<(u32, String)>,
}

impl TableBuilder {
    pub fn new(id: u32, name: &str) -> Self {
        let (types, libraries) = (Vec::new(), Vec::new());
        Self {
            id,
            name: name.to_owned(),
            types,
            strings: Pool::default(),
            layout: Layout::Plain,
            libraries,
        }
    }

    pub fn library(&mut self, id: u32, name: &str) {
        self.libraries.push((id, name.to_owned()));
    }

    /// Adds a resource for every device; its id.
    pub fn add(&mut self, kind: &str, name: &str, value: Val) -> u32 {
        self.add_for("", kind, name, value)
    }

    /// Adds a resource for a language, `zh` or `zh-CN`; its id.
    pub fn add_for(&mut self, locale: &str, kind: &str, name: &str, value: Val) -> u32 {
        self.insert(locale, kind, name, Item::Value(value))
    }

    /// Adds an array or a style; its id.
    pub fn bag(&mut self, kind: &str, name: &str, items: &[(u32, Val)]) -> u32 {
        self.insert("", kind, name, Item::Bag(items.to_vec()))
    }

    fn insert(&mut self, locale: &str, kind: &str, name: &str, item: Item) -> u32 {
        let mut config = vec![0; 36];
        config[0] = 36;
        let locale = locale.as_bytes();
        config[8..8 + locale.len().min(2)].copy_from_slice(&locale[..locale.len().min(2)]);
        if locale.len() == 5 {
            config[10..12].copy_from_slice(&locale[3..]);
        }
        let t = self.types.iter().position(|t| t.name == kind).unwrap_or_else(|| {
            self.types.push(Type {
                name: kind.to_owned(),
                ..Type::default()
            });
            self.types.len() - 1
        });
        let kind = &mut self.types[t];
        let entry = kind.names.iter().position(|n| n == name).unwrap_or_else(|| {
            kind.names.push(name.to_owned());
            kind.names.len() - 1
        });
        kind.items.entry(config).or_default().insert(entry, item);
        self.id << 24 | (t as u32 + 1) << 16 | entry as u32
    }

    pub fn build(mut self) -> Vec<u8> {
        let (mut types, mut keys) = (Pool::default(), Pool::default());
        let mut chunks = Vec::new();
        for (i, kind) in self.types.iter().enumerate() {
            types.add(&kind.name);
            let id = i as u32 + 1;
            let specs = vec![0; kind.names.len()];
            chunks.extend(chunk(
                0x202,
                16,
                &words(&[&[id, specs.len() as u32], &specs[..]].concat()),
            ));
            for (config, items) in &kind.items {
                let (mut offsets, mut data) = (Vec::new(), Vec::new());
                for entry in 0..kind.names.len() {
                    let here = data.len() as u32;
                    let item = items.get(&entry);
                    match self.layout {
                        Layout::Sparse if item.is_none() => {}
                        Layout::Sparse => offsets.extend(words(&[entry as u32 | (here / 4) << 16])),
                        Layout::Offset16 => {
                            let offset = item.map_or(0xffff, |_| (here / 4) as u16);
                            offsets.extend(offset.to_le_bytes());
                        }
                        _ => offsets.extend(words(&[item.map_or(NONE, |_| here)])),
                    }
                    let key = keys.add(&kind.names[entry]);
                    match item {
                        None => {}
                        Some(Item::Value(v)) => {
                            let (kind, value) = v.typed(&mut self.strings);
                            if self.layout == Layout::Compact {
                                data.extend(words(&[key | 8 << 16 | u32::from(kind) << 24, value]));
                            } else {
                                data.extend(words(&[8, key, 8 | u32::from(kind) << 24, value]));
                            }
                        }
                        Some(Item::Bag(items)) => {
                            data.extend(words(&[16 | 1 << 16, key, 0, items.len() as u32]));
                            for (name, v) in items {
                                let (kind, value) = v.typed(&mut self.strings);
                                data.extend(words(&[*name, 8 | u32::from(kind) << 24, value]));
                            }
                        }
                    }
                }
                let width = if self.layout == Layout::Offset16 { 2 } else { 4 };
                let count = (offsets.len() / width) as u32;
                while offsets.len() % 4 != 0 {
                    offsets.push(0);
                }
                let flags = match self.layout {
                    Layout::Sparse => 1,
                    Layout::Offset16 => 2,
                    _ => 0,
                };
                let header = 20 + config.len();
                let start = (header + offsets.len()) as u32;
                let mut body = words(&[id | flags << 8, count, start]);
                body.extend(config);
                body.extend(offsets);
                body.extend(data);
                chunks.extend(chunk(0x201, header as u16, &body));
            }
        }
        if !self.libraries.is_empty() {
            let mut body = words(&[self.libraries.len() as u32]);
            for (id, name) in &self.libraries {
                body.extend(words(&[*id]));
                body.extend(fixed(name));
            }
            chunks.extend(chunk(0x203, 12, &body));
        }
        let (types, keys) = (types.build(), keys.build());
        let mut package = words(&[self.id]);
        package.extend(fixed(&self.name));
        package.extend(words(&[288, 0, 288 + types.len() as u32, 0, 0]));
        package.extend([types, keys, chunks].concat());
        let mut table = words(&[1]);
        table.extend(self.strings.build());
        table.extend(chunk(0x200, 288, &package));
        chunk(2, 12, &table)
    }
}

/// A name of 128 UTF-16 units.
fn fixed(name: &str) -> Vec<u8> {
    let mut out: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    out.resize(256, 0);
    out
}
