//! What was found in the code of one package.
//!
//! Here is how a package is read and who uses which string; [`call`] tells the calls and their arguments,
//! [`statics`] the strings beside the code, [`answer`] is what all of them answer with.

mod answer;
mod call;
mod statics;

pub use answer::{Arg, Call, CallSite, Called, Returned, StaticString, StringUse, Text, WrapperCall};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::artifact::dex::Dex;
use crate::bytes::Gap;

use super::engine::{At, Engine, Found};
use super::flow;
use super::interest::Interest;
use super::package::Package;
use super::table::{Table, string};
use super::value::{Atom, MAX_PARTS};
use super::walk::Walked;

/// Bytes of one string that its uses may add up to, each of them being searched again. A hostile file
/// loads one string of a megabyte a million times.
const MAX_REPEATED: usize = 1 << 16;
/// Uses of a string that are told, however long it is.
const MIN_USES: usize = 4;

/// Whether one more use of a string is told.
fn is_told(told: &mut FxHashMap<(u16, u32), usize>, dex: u16, string: u32, bytes: &[u8]) -> bool {
    let uses = told.entry((dex, string)).or_default();
    *uses = uses.saturating_add(1);
    *uses <= MIN_USES || uses.saturating_mul(bytes.len()) <= MAX_REPEATED
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
        let mut engine = Engine::new(&reading.package, &reading.tables, &reading.walked, hot);
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

    /// Follows identifiers from where they are read to where data leaves by one of these channels. `beyond` is what
    /// packages offer that this one does not hold; `questions` what may be asked before.
    pub fn flows(
        &self,
        interest: &Interest<'_>,
        app: &flow::App,
        channels: &[&str],
        beyond: &flow::Surface,
        questions: &flow::Questions,
    ) -> flow::Traced {
        flow::trace(&self.known(interest, channels, beyond), app, questions)
    }

    /// What the package offers to others: methods by which something leaves by one of these channels, or that return an
    /// identifier. Of what was traced only the effort counts.
    pub fn offered(&self, interest: &Interest<'_>, channels: &[&str]) -> (flow::Surface, flow::Traced) {
        flow::offered(&self.known(interest, channels, &flow::Surface::default()))
    }

    fn known<'p>(
        &'p self,
        interest: &'p Interest<'p>,
        channels: &'p [&'p str],
        beyond: &'p flow::Surface,
    ) -> flow::Around<'a, 'p> {
        flow::Around {
            package: &self.package,
            tables: &self.tables,
            walked: &self.walked,
            interest,
            found: &self.found,
            channels,
            beyond,
        }
    }

    fn find_parts(&mut self) {
        let values = &self.found.values;
        for record in &self.found.records {
            for val in self.found.arguments(record) {
                for id in values.alternatives(*val).as_slice() {
                    let mut parts = [*id; MAX_PARTS];
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

    fn by_file(&self) -> impl Iterator<Item = (u16, &Walked, &Table)> {
        let files = self.walked.iter().zip(&self.tables).enumerate();
        files.filter_map(|(n, (walked, table))| Some((u16::try_from(n).ok()?, walked, table)))
    }
}
