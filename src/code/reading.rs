//! What was found in the code of one package.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::artifact::dex::{self, Dex, mutf8};
use crate::bytes::Gap;

use super::engine::{At, Engine, Found, Record, Returns};
use super::interest::Interest;
use super::interp::What;
use super::package::{NONE, Package, index};
use super::platform::{Access, Member, Store, Use};
use super::table::{Table, string};
use super::value::{Atom, AtomId, Val};
use super::walk::{self, Walked};

/// Bytes of one string that its uses may add up to, each of them being searched again. A hostile file
/// loads one string of a megabyte a million times.
const MAX_REPEATED: usize = 1 << 16;
/// Uses of a string that are told, however long it is.
const MIN_USES: usize = 4;
/// Calls of one wrapper that are told.
const MAX_WRAPPER_CALLS: u32 = 256;

/// Whether one more use of a string is told.
fn is_told(told: &mut FxHashMap<(u16, u32), usize>, dex: u16, string: u32, bytes: &[u8]) -> bool {
    let uses = told.entry((dex, string)).or_default();
    *uses = uses.saturating_add(1);
    *uses <= MIN_USES || uses.saturating_mul(bytes.len()) <= MAX_REPEATED
}

/// One alternative of an argument.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arg {
    /// A number, a boolean, or `null` as 0.
    Int(i64),
    /// A string.
    Text(Text),
    /// A class, by descriptor.
    Class(String),
    /// A parameter of the method, counted in registers, that no caller's constant replaces.
    Parameter(u16),
    /// Not known.
    Unknown,
}

/// A string with `{}` for each part that is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    /// MUTF-8.
    pub bytes: Vec<u8>,
    /// Without holes.
    pub whole: bool,
}

impl Text {
    /// For look-ups; characters that are no UTF-8 are replaced.
    pub fn to_str(&self) -> std::borrow::Cow<'_, str> {
        mutf8(&self.bytes)
    }
}

/// A call whose arguments were resolved.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where.
    pub at: At,
    /// What is called for.
    pub what: Called,
    /// Whether the call itself is in a method of the package that `at` calls.
    pub wrapped: bool,
}

/// What a call is for, with the alternatives of its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// A key of a store.
    Key {
        /// Which store.
        store: Store,
        /// Read or written.
        access: Access,
        /// The key.
        key: Vec<Arg>,
        /// The default, or the value that is written; `None` where the call has none.
        value: Option<Vec<Arg>>,
        /// Whether that is a boolean.
        boolean: bool,
    },
    /// A sink, by row; every argument that may be a text.
    Sink {
        /// See [`Interest::sink`].
        row: u16,
        /// One list of alternatives per argument.
        texts: Vec<Vec<Arg>>,
    },
    /// A method looked up through reflection.
    Method {
        /// The class: its descriptor or its name.
        class: Vec<Arg>,
        /// The method's name.
        name: Vec<Arg>,
    },
    /// A field looked up through reflection.
    Field {
        /// The class: its descriptor or its name.
        class: Vec<Arg>,
        /// The field's name.
        name: Vec<Arg>,
    },
    /// A class looked up by name.
    Class(Vec<Arg>),
    /// A text used as something.
    Use(Use, Vec<Arg>),
    /// An assembled text that is handed on.
    Text(Vec<Arg>),
}

impl Called {
    /// The alternatives of all arguments.
    pub fn args(&self) -> impl Iterator<Item = &Arg> {
        let (many, one, other): (&[Vec<Arg>], &[Arg], &[Arg]) = match self {
            Self::Key { key, value, .. } => (&[], key, value.as_deref().unwrap_or_default()),
            Self::Sink { texts, .. } => (texts, &[], &[]),
            Self::Method { class, name } | Self::Field { class, name } => (&[], class, name),
            Self::Class(args) | Self::Use(_, args) | Self::Text(args) => (&[], args, &[]),
        };
        many.iter().flatten().chain(one).chain(other)
    }
}

/// A call of an identifier or a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallSite {
    /// Where.
    pub at: At,
    /// Identifier row, see [`Interest::identifier`].
    pub identifier: Option<u16>,
    /// Sink row, see [`Interest::sink`].
    pub sink: Option<u16>,
}

/// A string that an instruction loads.
#[derive(Debug, Clone, Copy)]
pub struct StringUse<'a> {
    /// Where.
    pub at: At,
    /// The string, MUTF-8.
    pub bytes: &'a [u8],
    /// It may be, or begin, an endpoint.
    pub hot: bool,
    /// It may be the value of a row.
    pub value: bool,
    /// It is only a part of a text that is assembled in the same method, and that is reported instead.
    pub part: bool,
}

/// A string that is the initial value of a static field.
#[derive(Debug, Clone)]
pub struct StaticString<'a> {
    /// Number of the dex file.
    pub dex: u16,
    /// Class descriptor.
    pub class: String,
    /// Field name, empty when it cannot be read.
    pub field: String,
    /// The string, MUTF-8.
    pub bytes: &'a [u8],
    /// It may be, or begin, an endpoint.
    pub hot: bool,
}

/// What a method of the package returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// An identifier, by row.
    Identifier(u16),
    /// What a store holds for one of these keys.
    Key(Store, Arc<[Arg]>),
}

/// A call of a method that returns an identifier.
#[derive(Debug, Clone)]
pub struct WrapperCall {
    /// Where the method is called.
    pub at: At,
    /// What it returns.
    pub returned: Returned,
}

/// What was found in the code of one package.
#[derive(Debug)]
pub struct Reading<'a> {
    pub(super) package: Package<'a>,
    tables: Vec<Table>,
    pub(super) walked: Vec<Walked>,
    found: Found<'a>,
    statics: Vec<StaticString<'a>>,
    /// By file and string: loaded by an instruction or a static value.
    used: Vec<Vec<bool>>,
    /// Parts of assembled texts, by file, method and string.
    parts: FxHashSet<(u16, u32, u32)>,
    gaps: Vec<(u16, Gap)>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(dexes: &[Dex<'a>], interest: &Interest<'_>, hot: &dyn Fn(&[u8]) -> bool) -> Self {
        let mut gaps = Vec::new();
        let package = Package::new(dexes, &mut gaps);
        let classes: Vec<Vec<u16>> = package
            .numbered()
            .map(|(dex_no, dex)| Table::classes(&package, dex_no, &dex, interest))
            .collect();
        let tables: Vec<Table> = package
            .numbered()
            .map(|(dex_no, dex)| Table::new(&package, dex_no, &dex, interest, &classes, hot))
            .collect();
        let mut walked = Vec::new();
        for ((dex_no, dex), table) in package.numbered().zip(&tables) {
            let mut walk = Walked::new(&package, dex_no, &dex, table);
            gaps.extend(
                std::mem::take(&mut walk.gaps)
                    .into_iter()
                    .map(|gap| (dex_no, gap)),
            );
            walked.push(walk);
        }
        let mut reading = Self {
            package,
            tables,
            walked,
            found: Found::default(),
            statics: Vec::new(),
            used: Vec::new(),
            parts: FxHashSet::default(),
            gaps,
        };
        let seeds = reading.read_statics();
        let mut engine = Engine::new(&reading.package, &reading.tables, &reading.walked);
        for (dex, field) in seeds {
            engine.hot_field(dex, field);
        }
        engine.run();
        reading.found = engine.finish();
        reading
            .gaps
            .extend(reading.found.gaps.drain(..).map(|gap| (0, gap)));
        reading.find_parts();
        reading
    }

    /// Follows identifiers from where they are read to where data leaves.
    pub fn flows(&self, interest: &Interest<'_>, components: &[super::flow::Component]) -> super::flow::Traced {
        super::flow::trace(&self.package, &self.tables, &self.walked, interest, components)
    }

    /// Strings of interest among the initial values; returns the fields that hold the hot ones.
    fn read_statics(&mut self) -> Vec<(u16, u32)> {
        let mut seeds = Vec::new();
        let mut told = FxHashMap::default();
        for ((dex_no, dex), table) in self.package.numbered().zip(&self.tables) {
            let mut used = vec![false; table.strings.len()];
            for item in dex.all_static_values() {
                let (class, item) = match item {
                    Ok(item) => item,
                    Err(gap) => {
                        self.gaps.push((dex_no, gap));
                        continue;
                    }
                };
                let dex::Value::String(at) = item.value else {
                    continue;
                };
                let bits = table.string(at);
                if bits == 0 {
                    continue;
                }
                if let Some(used) = used.get_mut(index(at)) {
                    *used = true;
                }
                let members = dex.members(&class).ok();
                let field =
                    members.and_then(|m| m.static_fields().filter_map(Result::ok).nth(index(item.slot)));
                let name = field
                    .and_then(|field| dex.field(field.index))
                    .and_then(|id| self.package.text(dex_no, id.name));
                let hot = bits & string::HOT != 0;
                seeds.extend(
                    field
                        .filter(|_| hot && item.depth == 0)
                        .map(|field| (dex_no, field.index)),
                );
                let bytes = self.package.text(dex_no, at).unwrap_or_default();
                if !is_told(&mut told, dex_no, at, bytes) {
                    continue;
                }
                self.statics.push(StaticString {
                    dex: dex_no,
                    class: dex.type_text(class.class),
                    field: name.map(|name| mutf8(name).into_owned()).unwrap_or_default(),
                    bytes,
                    hot,
                });
            }
            self.used.push(used);
        }
        for (walked, used) in self.walked.iter().zip(&mut self.used) {
            for string in &walked.strings {
                if let Some(used) = used.get_mut(index(string.what)) {
                    *used = true;
                }
            }
        }
        self.read_annotations();
        seeds
    }

    /// Endpoints in annotations, such as the paths of a REST client. Only looked for where a string of
    /// the table is left that nothing else uses.
    fn read_annotations(&mut self) {
        for ((dex_no, dex), (table, used)) in self
            .package
            .numbered()
            .zip(self.tables.iter().zip(&mut self.used))
        {
            let left = table
                .strings
                .iter()
                .zip(used.iter())
                .any(|(bits, used)| bits & string::HOT != 0 && !used);
            if !left {
                continue;
            }
            for annotation in dex.all_annotations() {
                let annotation = match annotation {
                    Ok(annotation) => annotation,
                    Err(gap) => {
                        self.gaps.push((dex_no, gap));
                        continue;
                    }
                };
                let (class, type_) = (annotation.class.class, annotation.type_);
                for item in annotation.elements.filter_map(Result::ok) {
                    let dex::Value::String(at) = item.value else {
                        continue;
                    };
                    let hot = table.string(at) & string::HOT != 0;
                    let Some(used) = used.get_mut(index(at)).filter(|used| hot && !**used) else {
                        continue;
                    };
                    *used = true;
                    self.statics.push(StaticString {
                        dex: dex_no,
                        class: dex.type_text(class),
                        field: format!("@{}", dex.type_text(type_)),
                        bytes: self.package.text(dex_no, at).unwrap_or_default(),
                        hot,
                    });
                }
            }
        }
    }

    fn find_parts(&mut self) {
        let values = &self.found.values;
        for record in &self.found.records {
            for val in self.found.arguments(record) {
                for id in values.alternatives(*val).as_slice() {
                    let mut parts = [*id; super::value::MAX_PARTS];
                    let n = values.parts(*id, &mut parts);
                    if n < 2 {
                        continue;
                    }
                    for part in parts.iter().take(n) {
                        if let Atom::Lit(lit) = values.atom(*part)
                            && let Some(lit) = values.literal(lit)
                        {
                            self.parts.insert((lit.dex, record.at.method, lit.string));
                        }
                    }
                }
            }
        }
    }

    /// The dex files, as they are numbered in [`At::dex`].
    pub fn dexes(&self) -> &[Dex<'a>] {
        &self.package.dexes
    }

    /// What could not be read, by file.
    pub fn gaps(&self) -> &[(u16, Gap)] {
        &self.gaps
    }

    /// Bytes of instructions walked, and instructions interpreted.
    pub fn effort(&self) -> (u64, u64) {
        let bytes = self
            .walked
            .iter()
            .fold(0_u64, |sum, walked| sum.saturating_add(walked.bytes));
        (bytes, self.found.steps)
    }

    /// Methods that hold something of interest, and all methods with code.
    pub fn methods(&self) -> (usize, usize) {
        let sum = |f: fn(&Walked) -> usize| {
            self.walked
                .iter()
                .fold(0_usize, |sum, w| sum.saturating_add(f(w)))
        };
        (sum(|w| w.wanted.len()), sum(|w| w.methods.len()))
    }

    /// Calls of identifiers and sinks, in the order of the files.
    pub fn call_sites(&self) -> impl Iterator<Item = CallSite> {
        self.by_file().flat_map(|(dex, walked, table)| {
            walked.sites.iter().filter_map(move |site| {
                let member = table.mark(site.what)?.member;
                let at = At {
                    dex,
                    method: site.by,
                    pc: site.pc,
                };
                Some(CallSite {
                    at,
                    identifier: member.identifier,
                    sink: member.sink,
                })
            })
        })
    }

    /// Reads of identifier fields: place and identifier row.
    pub fn field_reads(&self) -> impl Iterator<Item = (At, u16)> {
        self.by_file().flat_map(|(dex, walked, table)| {
            walked.reads.iter().filter_map(move |read| {
                let row = *table.identifier_fields.get(&read.what)?;
                Some((
                    At {
                        dex,
                        method: read.by,
                        pc: read.pc,
                    },
                    row,
                ))
            })
        })
    }

    /// Strings of interest that instructions load.
    pub fn string_uses(&self) -> impl Iterator<Item = StringUse<'a>> {
        let mut told = FxHashMap::default();
        let uses = self
            .by_file()
            .flat_map(|(dex, walked, table)| walked.strings.iter().map(move |used| (dex, used, table)));
        uses.filter_map(move |(dex, used, table)| {
            let bytes = self.package.text(dex, used.what)?;
            if !is_told(&mut told, dex, used.what, bytes) {
                return None;
            }
            let bits = table.string(used.what);
            let key = (dex, used.by, used.what);
            Some(StringUse {
                at: At {
                    dex,
                    method: used.by,
                    pc: used.pc,
                },
                bytes,
                hot: bits & string::HOT != 0,
                value: bits & string::VALUE != 0,
                part: self.parts.contains(&key) && !self.found.plain.contains(&key),
            })
        })
    }

    /// Strings of interest that are initial values of static fields.
    pub fn static_strings(&self) -> &[StaticString<'a>] {
        &self.statics
    }

    /// Endpoint-like strings of the tables that no instruction and no static value uses, by file.
    pub fn unused_strings(&self) -> impl Iterator<Item = (u16, &'a [u8])> {
        self.by_file()
            .zip(&self.used)
            .flat_map(move |((dex, _, table), used)| {
                let strings = (0_u32..).zip(table.strings.iter().zip(used));
                strings.filter_map(move |(i, (bits, used))| {
                    if *used || bits & string::HOT == 0 {
                        return None;
                    }
                    Some((dex, self.package.text(dex, i)?))
                })
            })
    }

    /// Calls whose arguments were resolved, in the order of the files.
    pub fn calls(&self) -> impl Iterator<Item = Call> {
        self.found.records.iter().filter_map(|record| {
            let what = self.called(record)?;
            Some(Call {
                at: record.at,
                what,
                wrapped: record.via.is_some(),
            })
        })
    }

    fn called(&self, record: &Record) -> Option<Called> {
        let arguments = self.found.arguments(record);
        let arg = |i: usize| arguments.get(i).map(|val| self.args(*val)).unwrap_or_default();
        Some(match record.what {
            What::Key(store, access, letter) => Called::Key {
                store,
                access,
                key: arg(0),
                value: (arguments.len() > 1).then(|| arg(1)),
                boolean: letter == b'Z',
            },
            What::Sink(row) => Called::Sink {
                row,
                texts: arguments.iter().map(|val| self.args(*val)).collect(),
            },
            What::Member(Member::Method) => Called::Method {
                class: arg(0),
                name: arg(1),
            },
            What::Member(Member::Field) => Called::Field {
                class: arg(0),
                name: arg(1),
            },
            What::Named => Called::Class(arg(0)),
            What::Use(what) => Called::Use(what, arg(0)),
            What::Text => Called::Text(arg(0)),
            What::Call(..) => return None,
        })
    }

    /// Calls of methods that return an identifier or the content of a key.
    pub fn wrapper_calls(&self) -> Vec<WrapperCall> {
        let mut all = Vec::new();
        for (dex, walked, _) in self.by_file() {
            let mut wrappers: Vec<(u32, Returns)> = Vec::new();
            for wrapper in self.found.wrappers.iter().filter(|wrapper| wrapper.dex == dex) {
                let method = walked.method(wrapper.method).map_or(NONE, |method| method.method);
                wrappers.push((method, wrapper.returns));
            }
            wrappers.sort_unstable();
            wrappers.dedup();
            let mut wrappers: Vec<(u32, Returned, u32)> = wrappers
                .into_iter()
                .map(|(method, returns)| match returns {
                    Returns::Row(row) => (method, Returned::Identifier(row), 0),
                    Returns::Key(store, key) => (method, Returned::Key(store, self.args(key).into()), 0),
                })
                .collect();
            if wrappers.is_empty() {
                continue;
            }
            let mut wraps = vec![false; walked.number_of.len()];
            for (method, ..) in &wrappers {
                if let Some(wraps) = wraps.get_mut(index(*method)) {
                    *wraps = true;
                }
            }
            let calls = |edge: &&walk::Use| wraps.get(index(edge.what)).copied().unwrap_or(false);
            for edge in walked.edges.iter().filter(calls) {
                let first = wrappers.partition_point(|(method, ..)| *method < edge.what);
                let same = wrappers
                    .iter_mut()
                    .skip(first)
                    .take_while(|(method, ..)| *method == edge.what);
                for (_, returned, told) in same {
                    *told = told.saturating_add(1);
                    if *told <= MAX_WRAPPER_CALLS {
                        let at = At {
                            dex,
                            method: edge.by,
                            pc: edge.pc,
                        };
                        all.push(WrapperCall {
                            at,
                            returned: returned.clone(),
                        });
                    }
                }
            }
        }
        all
    }

    fn by_file(&self) -> impl Iterator<Item = (u16, &Walked, &Table)> {
        let files = self.walked.iter().zip(&self.tables).enumerate();
        files.filter_map(|(n, (walked, table))| Some((u16::try_from(n).ok()?, walked, table)))
    }

    /// The alternatives of a value, sorted.
    fn args(&self, val: Val) -> Vec<Arg> {
        let mut all: Vec<Arg> = self
            .found
            .values
            .alternatives(val)
            .as_slice()
            .iter()
            .map(|id| self.arg(*id))
            .collect();
        all.sort();
        all.dedup();
        all
    }

    fn arg(&self, id: AtomId) -> Arg {
        let values = &self.found.values;
        match values.atom(id) {
            Atom::Int(n) => Arg::Int(n),
            Atom::Param(n) => Arg::Parameter(n),
            Atom::Class(dex, type_) => Arg::Class(
                self.package
                    .dex(dex)
                    .map(|dex| dex.type_text(type_))
                    .unwrap_or_default(),
            ),
            Atom::Lit(_) | Atom::Made(_) | Atom::Cat(..) => {
                let mut bytes = Vec::new();
                let _ = values.render(id, &mut bytes);
                let whole =
                    !values.any_part(Val::one(id), |atom| !matches!(atom, Atom::Lit(_) | Atom::Made(_)));
                Arg::Text(Text { bytes, whole })
            }
            _ => Arg::Unknown,
        }
    }
}
