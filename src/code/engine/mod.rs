//! Which methods are interpreted, in which order, and how holes are filled from other methods.
//!
//! First the methods that hold the beginning of an endpoint, and those that call for a text that is computed of
//! constants: they tell which fields and which results are endpoints. Then all others of interest, and those that build on such a field or result. Last the
//! callers of methods that only hand their parameters to a call of interest ([`wrapper`]). One level each:
//! what lies deeper is a hole, and belongs to the flows between methods.
//!
//! Here is the order; [`target`] says which method a call reaches, [`hole`] and [`field`] fill what one
//! method does not know, [`found`] is what comes of it.

mod field;
mod found;
mod hole;
mod target;
mod wrapper;

pub use found::At;
pub(crate) use found::{Found, Record, Returns, Wrapper};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::artifact::dex::{self, Code};
use crate::bytes::Gap;

use super::execute::Executor;
use super::interp::{Machine, Surroundings, What};
use super::package::{Package, count, index};
use super::table::{Table, method, string};
use super::value::{Atom, MAX_PARTS, Val, Values};
use super::walk::{Method, Walked};

/// Instructions interpreted in one package, about a second. The largest app of the corpus takes 1/40.
const MAX_STEPS: u64 = 12_000_000;
/// Calls of interest kept of one package. The framework, the largest there is, has 2 100.
const MAX_RECORDS: usize = 1 << 17;
/// Methods cut short that are named one by one.
const MAX_CUTS: usize = 16;

/// Runs the interpreter over a package.
pub(crate) struct Engine<'a, 'p> {
    package: &'p Package<'a>,
    tables: &'p [Table],
    walked: &'p [Walked],
    values: Values<'a>,
    machine: Machine<'a, 'p>,
    left: u64,
    records: Vec<Record>,
    arguments: Vec<Val>,
    /// Strings of a method that are handed on as they are.
    plain: FxHashSet<(u16, u32, u32)>,
    wrappers: Vec<Wrapper>,
    computed: FxHashMap<At, Val>,
    /// Own fields and methods that hold, or return, the beginning of an endpoint.
    hot_fields: FxHashSet<(u16, u32)>,
    hot_methods: FxHashSet<(u16, u32)>,
    done: FxHashSet<(u16, u32)>,
    fields: FxHashMap<(u16, u32), Option<Val>>,
    summaries: FxHashMap<(u16, u32), Option<Val>>,
    /// What methods that set fields put there.
    setters: FxHashMap<(u16, u32), Vec<(u32, Val)>>,
    targets: FxHashMap<(u16, u32), Option<(u16, u32)>>,
    gaps: Vec<Gap>,
    cuts: u64,
    /// Calls of interest that were not kept.
    dropped: u64,
}

impl<'a, 'p> Engine<'a, 'p> {
    /// `hot` says of a text whether it may be, or begin, an endpoint.
    pub(crate) fn new(
        package: &'p Package<'a>,
        tables: &'p [Table],
        walked: &'p [Walked],
        hot: &'p dyn Fn(&[u8]) -> bool,
    ) -> Self {
        Self {
            package,
            tables,
            walked,
            values: Values::new(),
            machine: Machine::new(Executor::new(package, tables, walked, hot)),
            left: MAX_STEPS,
            records: Vec::new(),
            arguments: Vec::new(),
            plain: FxHashSet::default(),
            wrappers: Vec::new(),
            computed: FxHashMap::default(),
            hot_fields: FxHashSet::default(),
            hot_methods: FxHashSet::default(),
            done: FxHashSet::default(),
            fields: FxHashMap::default(),
            summaries: FxHashMap::default(),
            setters: FxHashMap::default(),
            targets: FxHashMap::default(),
            gaps: Vec::new(),
            cuts: 0,
            dropped: 0,
        }
    }

    /// A static field whose initial value is the beginning of an endpoint.
    pub(crate) fn hot_field(&mut self, dex: u16, field: u32) {
        self.hot_fields.insert((dex, field));
    }

    /// Interprets what is worth it and fills the holes.
    pub(crate) fn run(&mut self) {
        for (dex, walked) in self.numbered() {
            for number in &walked.wanted {
                let hot = walked
                    .method(*number)
                    .is_some_and(|m| m.strings & string::HOT != 0);
                if hot {
                    self.method(dex, *number);
                }
            }
        }
        for (dex, walked) in self.numbered() {
            for number in self.machine.executor.callers(dex) {
                if walked.wanted.binary_search(&number).is_err() {
                    self.caller_of_computed(dex, number);
                }
            }
        }
        for (dex, walked) in self.numbered() {
            for number in &walked.wanted {
                self.method(dex, *number);
            }
            self.builders(dex, walked);
        }
        let mut records = std::mem::take(&mut self.records);
        records.retain(|record| {
            !matches!(record.what, What::Text | What::Computed(..)) || self.is_worth(self.arguments(record))
        });
        self.records = records;
        self.callers();
        self.resolve_all();
        if self.cuts > 0 {
            let limit = u64::try_from(MAX_CUTS).unwrap_or(u64::MAX);
            if self.cuts > limit {
                self.gaps.push(Gap::over(
                    dex::FORMAT,
                    0,
                    "methods too large to interpret",
                    self.cuts,
                    limit,
                    "",
                ));
            }
        }
        if self.dropped > 0 {
            let limit = u64::try_from(MAX_RECORDS).unwrap_or(u64::MAX);
            self.gaps.push(Gap::over(
                dex::FORMAT,
                0,
                "calls of interest dropped",
                self.dropped,
                limit,
                "",
            ));
        }
        if self.left == 0 {
            self.gaps.push(Gap::over(
                dex::FORMAT,
                0,
                "instructions to interpret",
                MAX_STEPS,
                MAX_STEPS,
                "",
            ));
        } else if self.values.is_full() {
            self.gaps
                .push(Gap::over(dex::FORMAT, 0, "values to keep", u64::MAX, 0, ""));
        }
    }

    fn numbered(&self) -> impl Iterator<Item = (u16, &'p Walked)> + use<'p, 'a> {
        let walked = self.walked;
        walked
            .iter()
            .enumerate()
            .filter_map(|(n, w)| Some((u16::try_from(n).ok()?, w)))
    }

    fn arguments(&self, record: &Record) -> &[Val] {
        let first = index(record.first);
        self.arguments
            .get(first..first.saturating_add(index(record.len)))
            .unwrap_or_default()
    }

    /// Interprets a method once and keeps what it gave.
    fn method(&mut self, dex: u16, number: u32) {
        if self.done.insert((dex, number)) && self.interpret(dex, number, &[], u32::MAX) {
            self.take(dex, number);
        }
    }

    /// Interprets a method that is of interest only if a text is computed for it.
    fn caller_of_computed(&mut self, dex: u16, number: u32) {
        if self.done.contains(&(dex, number)) || !self.interpret(dex, number, &[], u32::MAX) {
            return;
        }
        let outcome = &self.machine.outcome;
        let is_text = |val: &Val| self.values.is_worth(*val) || self.values.any_hot(*val);
        let computed = outcome.records.iter().any(|record| {
            matches!(record.what, What::Computed(..)) && outcome.arguments(record).iter().any(is_text)
        });
        if computed {
            self.done.insert((dex, number));
            self.take(dex, number);
        }
    }

    /// Keeps what the method that was interpreted last gave.
    fn take(&mut self, dex: u16, number: u32) {
        let outcome = std::mem::take(&mut self.machine.outcome);
        for record in &outcome.records {
            let arguments = outcome.arguments(record);
            let at = At {
                dex,
                method: number,
                pc: record.pc,
            };
            if let (What::Computed(..), [val]) = (record.what, arguments) {
                self.computed.insert(at, *val);
            }
            self.keep(at, record.what, None, arguments);
        }
        for string in &outcome.plain {
            self.plain.insert((dex, number, *string));
        }
        for (field, val) in &outcome.puts {
            let is_of_hot = |atom| match atom {
                Atom::FieldElement(dex, array, _) => self.hot_fields.contains(&(dex, array)),
                _ => false,
            };
            if self.values.any_hot(*val) || self.values.any_part(*val, is_of_hot) {
                self.hot_fields.insert((dex, *field));
            }
        }
        if let Some(result) = outcome.result {
            if self.values.any_hot(result) {
                self.hot_methods.insert((dex, number));
            }
            self.wraps(dex, number, result);
        }
        self.machine.outcome = outcome;
    }

    fn keep(&mut self, at: At, what: What, via: Option<(u16, u32)>, arguments: &[Val]) {
        if self.records.len() >= MAX_RECORDS {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let first = count(self.arguments.len());
        self.arguments.extend_from_slice(arguments);
        let len = count(arguments.len());
        self.records.push(Record {
            at,
            what,
            via,
            first,
            len,
        });
    }

    /// Whether an assembled text may be an endpoint: by a literal, or by a field or result that is one.
    fn is_worth(&self, arguments: &[Val]) -> bool {
        arguments.iter().any(|val| {
            let alternatives = self.values.alternatives(*val);
            alternatives.as_slice().iter().any(|id| {
                if self.values.is_hot(*id) {
                    return true;
                }
                let mut parts = [*id; MAX_PARTS];
                let n = self.values.parts(*id, &mut parts);
                parts.iter().take(n).any(|part| match self.values.atom(*part) {
                    Atom::Field(dex, field) | Atom::FieldElement(dex, field, _) => {
                        self.hot_fields.contains(&(dex, field))
                    }
                    Atom::Call(dex, callee, _) => self
                        .direct(dex, callee)
                        .is_some_and(|m| self.hot_methods.contains(&m)),
                    _ => false,
                })
            })
        })
    }

    /// Interprets a method; `false` when the budget is spent or it has no code that can be read.
    fn interpret(&mut self, dex: u16, number: u32, callees: &[bool], max_units: u32) -> bool {
        let Some((file, method, code)) = self.code(dex, number) else {
            return false;
        };
        let Some(table) = self.tables.get(usize::from(dex)) else {
            return false;
        };
        if code.units() > max_units || self.left == 0 || self.values.is_full() {
            return false;
        }
        let around = Surroundings {
            package: self.package,
            dex,
            table,
            callees,
        };
        let steps = self.machine.run(&mut self.values, &file, &code, &around);
        let work = self.values.take_work() >> 4;
        self.left = self.left.saturating_sub(steps.saturating_add(work));
        if self.machine.outcome.cut {
            self.cuts = self.cuts.saturating_add(1);
            if self.cuts <= u64::try_from(MAX_CUTS).unwrap_or(u64::MAX) {
                let gap = Gap::over(
                    dex::FORMAT,
                    u64::from(method.code_off),
                    "method to interpret",
                    steps,
                    steps,
                    "",
                );
                self.gaps.push(gap);
            }
        }
        true
    }

    fn code(&self, dex: u16, number: u32) -> Option<(dex::Dex<'a>, Method, Code<'a>)> {
        let file = *self.package.dex(dex)?;
        let method = *self.walked.get(usize::from(dex))?.method(number)?;
        let code = file.code(method.code_off).ok()?;
        Some((file, method, code))
    }

    /// Methods that build texts on a field or a result which is the beginning of an endpoint.
    fn builders(&mut self, dex: u16, walked: &Walked) {
        let builds = |number: u32| walked.method(number).is_some_and(|m| m.calls & method::TEXT != 0);
        for read in &walked.own_reads {
            if self.hot_fields.contains(&(dex, read.what)) && builds(read.by) {
                self.method(dex, read.by);
            }
        }
        if self.hot_methods.is_empty() {
            return;
        }
        for edge in &walked.edges {
            if builds(edge.by)
                && self
                    .direct(dex, edge.what)
                    .is_some_and(|m| self.hot_methods.contains(&m))
            {
                self.method(dex, edge.by);
            }
        }
    }

    /// What it found.
    pub(crate) fn finish(self) -> Found<'a> {
        Found {
            values: self.values,
            records: self.records,
            arguments: self.arguments,
            plain: self.plain,
            wrappers: self.wrappers,
            computed: self.computed,
            gaps: self.gaps,
            steps: MAX_STEPS.saturating_sub(self.left),
        }
    }
}
