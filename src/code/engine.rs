//! Which methods are interpreted, in which order, and how holes are filled from other methods.
//!
//! First the methods that hold the beginning of an endpoint: they tell which fields and which results
//! are endpoints. Then all others of interest, and those that build on such a field or result. Last the
//! callers of methods that only hand their parameters to a call of interest. One level each: what lies
//! deeper is a hole, and belongs to the flows between methods.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::artifact::dex::{self, Code};
use crate::bytes::Gap;

use super::interp::{Machine, Surroundings, What};
use super::package::{NONE, Package, index};
use super::platform::Model;
use super::table::{Table, method};
use super::value::{Atom, MAX_PARTS, Val, Values, Why};
use super::walk::{Method, Walked};

/// Instructions interpreted in one package, about a second. The largest app of the corpus takes 1/40.
const MAX_STEPS: u64 = 12_000_000;
/// How far a hole is followed: a field that is set from a getter that reads a field.
const MAX_DEPTH: u32 = 3;
/// Code units of a method whose result is worth a look: getters and small helpers.
const MAX_SUMMARY: u32 = 256;
/// Code units of a method that sets a field.
const MAX_SETTER: u32 = 1 << 15;
/// Methods that hand parameters on, and their calls, that are followed.
const MAX_WRAPPERS: usize = 4096;
/// Calls of interest kept of one package. The framework, the largest there is, has 2 100.
const MAX_RECORDS: usize = 1 << 17;
/// Calls of interest of one method that its callers answer.
const MAX_INNER: usize = 64;
/// Methods cut short that are named one by one.
const MAX_CUTS: usize = 16;

/// A place in the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// Number of the dex file.
    pub dex: u16,
    /// Number of the method among those with code.
    pub method: u32,
    /// Code unit of the instruction.
    pub pc: u32,
}

/// A call of interest, its arguments as a range of the engine's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) at: At,
    pub(crate) what: What,
    /// The method of the package that was called to get there.
    pub(crate) via: Option<(u16, u32)>,
    first: u32,
    len: u32,
}

/// A method that returns an identifier or the content of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wrapper {
    pub(crate) dex: u16,
    /// Number among the methods with code.
    pub(crate) method: u32,
    pub(crate) returns: Returns,
}

/// What a wrapper returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Returns {
    /// The result of an identifier's method, or an identifier's field: row.
    Row(u16),
    /// What a store holds for a key.
    Key(super::platform::Store, Val),
}

/// Runs the interpreter over a package.
pub(crate) struct Engine<'a, 'p> {
    package: &'p Package<'a>,
    tables: &'p [Table],
    walked: &'p [Walked],
    values: Values<'a>,
    machine: Machine<'a>,
    left: u64,
    records: Vec<Record>,
    arguments: Vec<Val>,
    /// Strings of a method that are handed on as they are.
    plain: FxHashSet<(u16, u32, u32)>,
    wrappers: Vec<Wrapper>,
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
    pub(crate) fn new(package: &'p Package<'a>, tables: &'p [Table], walked: &'p [Walked]) -> Self {
        Self {
            package,
            tables,
            walked,
            values: Values::new(),
            machine: Machine::default(),
            left: MAX_STEPS,
            records: Vec::new(),
            arguments: Vec::new(),
            plain: FxHashSet::default(),
            wrappers: Vec::new(),
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
                    .is_some_and(|m| m.strings & super::table::string::HOT != 0);
                if hot {
                    self.method(dex, *number);
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
        records.retain(|record| record.what != What::Text || self.is_worth(self.arguments(record)));
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
        if !self.done.insert((dex, number)) || !self.interpret(dex, number, &[], u32::MAX) {
            return;
        }
        let outcome = std::mem::take(&mut self.machine.outcome);
        for record in &outcome.records {
            let arguments = outcome.arguments(record);
            let at = At {
                dex,
                method: number,
                pc: record.pc,
            };
            self.keep(at, record.what, None, arguments);
        }
        for string in &outcome.plain {
            self.plain.insert((dex, number, *string));
        }
        for (field, val) in &outcome.puts {
            if self.values.any_hot(*val) {
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
        let first = super::package::count(self.arguments.len());
        self.arguments.extend_from_slice(arguments);
        let len = super::package::count(arguments.len());
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
                    Atom::Field(dex, field) => self.hot_fields.contains(&(dex, field)),
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

    fn name(&self, dex: u16, number: u32) -> Option<&'a [u8]> {
        let file = self.package.dex(dex)?;
        let method = self.walked.get(usize::from(dex))?.method(number)?;
        self.package.text(dex, file.method(method.method)?.name)
    }

    /// The method that an id of a file names, when that file itself defines it.
    fn direct(&self, dex: u16, callee: u32) -> Option<(u16, u32)> {
        let number = *self.walked.get(usize::from(dex))?.number_of.get(index(callee))?;
        (number != NONE).then_some((dex, number))
    }

    /// The method that a call reaches if no subclass overrides it: its own class, then the classes above.
    fn target(&mut self, dex: u16, callee: u32) -> Option<(u16, u32)> {
        if let Some(found) = self.direct(dex, callee) {
            return Some(found);
        }
        if let Some(found) = self.targets.get(&(dex, callee)) {
            return *found;
        }
        let found = self.search(dex, callee);
        self.targets.insert((dex, callee), found);
        found
    }

    fn search(&mut self, dex: u16, callee: u32) -> Option<(u16, u32)> {
        let file = self.package.dex(dex)?;
        let id = file.method(callee)?;
        let name = self.package.text(dex, id.name)?;
        if self.left == 0 {
            return None;
        }
        let mut wanted = None;
        let mut cost = 0_u64;
        let mut found = None;
        for (_, _, class) in self.package.chain(dex, id.class) {
            let Some(class) = class else { break };
            let Some(home) = self.package.dex(class.dex) else {
                break;
            };
            let Ok(members) = home.members(&class.def) else {
                break;
            };
            for member in members.methods().filter_map(Result::ok) {
                cost = cost.saturating_add(1);
                let Some(other) = home.method(member.index) else {
                    continue;
                };
                let same = if class.dex == dex {
                    other.name == id.name && other.proto == id.proto
                } else {
                    self.package.text(class.dex, other.name) == Some(name)
                        && *wanted.get_or_insert_with(|| super::table::descriptor(file, id))
                            == super::table::descriptor(home, other)
                };
                if same {
                    found = self.direct(class.dex, member.index);
                    break;
                }
            }
            if found.is_some() {
                break;
            }
        }
        self.left = self.left.saturating_sub(cost);
        found
    }

    /// Remembers a method that returns an identifier.
    fn wraps(&mut self, dex: u16, number: u32, result: Val) {
        let alternatives = self.values.alternatives(result);
        for id in alternatives.as_slice() {
            let returns = match self.values.atom(*id) {
                Atom::Call(d, callee, arguments) => {
                    let mark = self
                        .tables
                        .get(usize::from(d))
                        .and_then(|table| table.mark(callee));
                    match mark.map(|mark| mark.member) {
                        Some(member) if member.identifier.is_some() => member.identifier.map(Returns::Row),
                        Some(member) => match member.model {
                            Some(Model::Key(store, super::platform::Access::Get)) => self
                                .values
                                .argument(arguments, 0)
                                .map(|key| Returns::Key(store, key)),
                            _ => None,
                        },
                        None => None,
                    }
                }
                Atom::Field(d, field) => {
                    let table = self.tables.get(usize::from(d));
                    table
                        .and_then(|table| table.identifier_fields.get(&field))
                        .map(|row| Returns::Row(*row))
                }
                _ => None,
            };
            if let Some(returns) = returns {
                self.wrappers.push(Wrapper {
                    dex,
                    method: number,
                    returns,
                });
            }
        }
    }

    /// Callers of methods that hand a parameter to a call of interest.
    fn callers(&mut self) {
        let mut wrapped: FxHashMap<(u16, u32), Vec<usize>> = FxHashMap::default();
        for (n, record) in self.records.iter().enumerate() {
            let asks = matches!(
                record.what,
                What::Key(..) | What::Sink(_) | What::Use(_) | What::Member(_)
            );
            if asks
                && wrapped.len() < MAX_WRAPPERS
                && self.arguments(record).iter().any(|val| self.has_parameter(*val))
            {
                let inner = wrapped.entry((record.at.dex, record.at.method)).or_default();
                if inner.len() < MAX_INNER {
                    inner.push(n);
                }
            }
        }
        if wrapped.is_empty() {
            return;
        }
        // Most callees are turned down by their name alone.
        let names: FxHashSet<&[u8]> = wrapped
            .keys()
            .filter_map(|(dex, number)| self.name(*dex, *number))
            .collect();
        for (dex, walked) in self.numbered() {
            let mut callees = vec![false; walked.number_of.len()];
            let mut asked = vec![false; walked.number_of.len()];
            let mut callers: Vec<u32> = Vec::new();
            for edge in &walked.edges {
                let at = index(edge.what);
                if let Some(asked) = asked.get_mut(at).filter(|asked| !**asked) {
                    *asked = true;
                    let file = self.package.dex(dex);
                    let name = file.and_then(|file| self.package.text(dex, file.method(edge.what)?.name));
                    let wraps = name.is_some_and(|name| names.contains(name))
                        && self
                            .target(dex, edge.what)
                            .is_some_and(|m| wrapped.contains_key(&m));
                    if let Some(slot) = callees.get_mut(at) {
                        *slot = wraps;
                    }
                }
                if callees.get(at).copied().unwrap_or(false) {
                    callers.push(edge.by);
                }
            }
            callers.dedup();
            for number in callers {
                self.caller(dex, number, &callees, &wrapped);
            }
        }
    }

    fn caller(
        &mut self,
        dex: u16,
        number: u32,
        callees: &[bool],
        wrapped: &FxHashMap<(u16, u32), Vec<usize>>,
    ) {
        if !self.interpret(dex, number, callees, u32::MAX) {
            return;
        }
        let outcome = std::mem::take(&mut self.machine.outcome);
        for record in &outcome.records {
            let What::Call(d, callee) = record.what else {
                continue;
            };
            let given = outcome.arguments(record);
            let Some(target) = self.target(d, callee) else {
                continue;
            };
            for n in wrapped.get(&target).into_iter().flatten() {
                let Some(inner) = self.records.get(*n).copied() else {
                    continue;
                };
                let mut filled = [Val::UNSET; super::table::MAX_PARAMETERS + 1];
                let arguments = self.arguments(&inner).to_vec();
                for (slot, val) in filled.iter_mut().zip(&arguments) {
                    *slot = self.values.fill(*val, &mut |values, atom| match atom {
                        Atom::Param(i) => given
                            .get(usize::from(i))
                            .copied()
                            .or_else(|| Some(values.unknown(Why::Computed))),
                        _ => None,
                    });
                }
                let at = At {
                    dex,
                    method: number,
                    pc: record.pc,
                };
                let filled = filled
                    .get(..arguments.len().min(filled.len()))
                    .unwrap_or_default();
                self.keep(at, inner.what, Some(target), filled);
            }
        }
        self.machine.outcome = outcome;
    }

    fn has_parameter(&self, val: Val) -> bool {
        self.values.any_part(val, |atom| matches!(atom, Atom::Param(_)))
    }

    /// Fills the holes of all records.
    fn resolve_all(&mut self) {
        for n in 0..self.arguments.len() {
            let Some(val) = self.arguments.get(n).copied() else {
                break;
            };
            let resolved = self.resolve(val, 0);
            if let Some(slot) = self.arguments.get_mut(n) {
                *slot = resolved;
            }
        }
        for n in 0..self.wrappers.len() {
            let Some(Wrapper {
                returns: Returns::Key(store, key),
                ..
            }) = self.wrappers.get(n).copied()
            else {
                continue;
            };
            let resolved = self.resolve(key, 0);
            if let Some(wrapper) = self.wrappers.get_mut(n) {
                wrapper.returns = Returns::Key(store, resolved);
            }
        }
    }

    /// Replaces fields and results of the package's own by what they hold, where that is known.
    fn resolve(&mut self, val: Val, depth: u32) -> Val {
        if depth > MAX_DEPTH
            || !self
                .values
                .any_part(val, |atom| matches!(atom, Atom::Field(..) | Atom::Call(..)))
        {
            return val;
        }
        let mut known: Vec<(Atom, Val)> = Vec::new();
        for atom in self.values.holes(val) {
            let better = match atom {
                Atom::Field(dex, field) => self.field(dex, field, depth),
                Atom::Call(dex, callee, arguments) => self.result(dex, callee, arguments, depth),
                _ => None,
            };
            known.extend(better.map(|better| (atom, better)));
        }
        if known.is_empty() {
            return val;
        }
        self.values.fill(val, &mut |_, atom| {
            known.iter().find(|(hole, _)| *hole == atom).map(|(_, val)| *val)
        })
    }

    /// What a call of an own method returns, parameters filled in.
    fn result(&mut self, dex: u16, callee: u32, arguments: super::value::AtomId, depth: u32) -> Option<Val> {
        let bits = self
            .tables
            .get(usize::from(dex))?
            .methods
            .get(index(callee))
            .copied()?;
        if bits & method::OWN == 0 || bits & method::VALUE == 0 {
            return None;
        }
        let (dex, number) = self.target(dex, callee)?;
        if !self.is_final(dex, number) {
            return None;
        }
        let summary = match self.summaries.get(&(dex, number)) {
            Some(known) => *known,
            None => {
                // A method that is being looked at already is a circle.
                self.summaries.insert((dex, number), None);
                let result = self
                    .interpret(dex, number, &[], MAX_SUMMARY)
                    .then_some(self.machine.outcome.result)
                    .flatten();
                let result = result.map(|result| self.resolve(result, depth.saturating_add(1)));
                self.summaries.insert((dex, number), result);
                result
            }
        }?;
        if self.values.is_unknown(summary) {
            return None;
        }
        let filled = self.values.fill(summary, &mut |values, atom| match atom {
            Atom::Param(i) => values
                .argument(arguments, usize::from(i))
                .or_else(|| Some(values.unknown(Why::Computed))),
            _ => None,
        });
        Some(filled)
    }

    /// Whether a call of this method reaches this method and no other.
    fn is_final(&self, dex: u16, number: u32) -> bool {
        /// `ACC_PRIVATE | ACC_STATIC | ACC_FINAL`
        const ALONE: u32 = 0x1a;
        let Some(method) = self.walked.get(usize::from(dex)).and_then(|w| w.method(number)) else {
            return false;
        };
        let class = self.package.class(method.class);
        method.access & ALONE != 0
            || class.is_some_and(|class| !class.extended || class.def.access & 0x10 != 0)
    }

    /// What a field holds, as far as its initial value and its writes tell.
    fn field(&mut self, dex: u16, field: u32, depth: u32) -> Option<Val> {
        if let Some(known) = self.fields.get(&(dex, field)) {
            return *known;
        }
        self.fields.insert((dex, field), None);
        let val = self.field_value(dex, field, depth);
        self.fields.insert((dex, field), val);
        val
    }

    fn field_value(&mut self, dex: u16, field: u32, depth: u32) -> Option<Val> {
        if self.left == 0 {
            return None;
        }
        let file = *self.package.dex(dex)?;
        let id = file.field(field)?;
        let class = *self.package.class(self.package.home(dex, id.class)?)?;
        if class.dex != dex {
            let other = self.same_field(class.dex, &class.def, self.package.text(dex, id.name)?)?;
            return self.field(class.dex, other, depth);
        }
        let members = file.members(&class.def).ok()?;
        let mut cost = 0_u64;
        let mut statics = members
            .static_fields()
            .filter_map(Result::ok)
            .inspect(|_| cost = cost.saturating_add(1));
        let statics = statics.position(|f| f.index == field);
        self.left = self.left.saturating_sub(cost >> 3);
        let puts = *self.walked.get(usize::from(dex))?.puts.get(index(field))?;
        let foreign = self.package.dexes.len() > 1 && self.written_elsewhere(dex, field);
        let numeric = matches!(self.package.type_name(dex, id.type_), Some(b"I" | b"Z" | b"J"));
        let initial = statics.and_then(|slot| self.initial(dex, &class.def, slot));
        // Zero and null are what a field holds before anything else: only a number is known by it.
        let initial = match initial {
            Some(val) => Some(val),
            None if statics.is_some() && numeric => Some(Val::ZERO),
            None => None,
        };
        if puts.count == 0 && !foreign {
            return initial;
        }
        let setter = self
            .walked
            .get(usize::from(dex))
            .and_then(|w| w.method(puts.by))
            .copied();
        let by_initialiser = setter.is_some_and(|setter| {
            setter.type_ == id.class
                && file
                    .method(setter.method)
                    .and_then(|id| self.package.text(dex, id.name))
                    .is_some_and(|name| {
                        if statics.is_some() {
                            name == b"<clinit>"
                        } else {
                            name == b"<init>"
                        }
                    })
        });
        let hole = self.values.val(Atom::Field(dex, field));
        let put = if by_initialiser || puts.count == 1 {
            self.put(dex, puts.by, field)
        } else {
            None
        };
        let put = put.map(|val| {
            let val = self.resolve(val, depth.saturating_add(1));
            self.values
                .fill(val, &mut |_, atom| matches!(atom, Atom::Param(_)).then_some(hole))
        });
        let only = puts.count == 1 && !foreign;
        match (put, initial) {
            (Some(val), _) if only && by_initialiser => Some(val),
            // Set once, by a method that need not have run.
            (Some(val), Some(initial)) if only => Some(self.values.join(initial, val)),
            (Some(val), None) if only && statics.is_none() => Some(val),
            (Some(val), _) => Some(self.values.join(val, hole)),
            (None, Some(initial)) => Some(self.values.join(initial, hole)),
            (None, None) => None,
        }
        .filter(|val| !self.values.is_unknown(*val))
    }

    /// What a method puts into a field.
    fn put(&mut self, dex: u16, number: u32, field: u32) -> Option<Val> {
        if !self.setters.contains_key(&(dex, number)) {
            let mut all: Vec<(u32, Val)> = Vec::new();
            if self.interpret(dex, number, &[], MAX_SETTER) {
                let mut puts = std::mem::take(&mut self.machine.outcome.puts);
                puts.sort_unstable();
                for (field, val) in puts {
                    match all.last_mut() {
                        Some((last, before)) if *last == field => *before = self.values.join(*before, val),
                        _ => all.push((field, val)),
                    }
                }
            }
            self.setters.insert((dex, number), all);
        }
        let all = self.setters.get(&(dex, number))?;
        let at = all.binary_search_by_key(&field, |(field, _)| *field).ok()?;
        all.get(at).map(|(_, val)| *val)
    }

    fn same_field(&mut self, dex: u16, def: &dex::ClassDef, name: &[u8]) -> Option<u32> {
        let file = self.package.dex(dex)?;
        let members = file.members(def).ok()?;
        let mut cost = 0_u64;
        let found = members.fields().filter_map(Result::ok).find(|member| {
            cost = cost.saturating_add(1);
            file.field(member.index)
                .and_then(|id| self.package.text(dex, id.name))
                == Some(name)
        });
        self.left = self.left.saturating_sub(cost);
        found.map(|member| member.index)
    }

    /// Whether another file of the package writes a field.
    fn written_elsewhere(&mut self, dex: u16, field: u32) -> bool {
        let Some(file) = self.package.dex(dex) else {
            return false;
        };
        let Some(id) = file.field(field) else { return false };
        let (home, name) = (self.package.home(dex, id.class), self.package.text(dex, id.name));
        let mut cost = 0_u64;
        let mut found = false;
        for (other, walked) in self.walked.iter().enumerate() {
            let Ok(other) = u16::try_from(other) else { break };
            let Some(file) = self.package.dex(other).filter(|_| other != dex) else {
                continue;
            };
            for (n, _) in (0_u32..).zip(&walked.puts).filter(|(_, puts)| puts.count > 0) {
                cost = cost.saturating_add(1);
                let Some(id) = file.field(n) else { continue };
                if self.package.home(other, id.class) == home && self.package.text(other, id.name) == name {
                    found = true;
                }
            }
        }
        self.left = self.left.saturating_sub(cost >> 3);
        found
    }

    /// The initial value of the `slot`th static field of a class.
    fn initial(&mut self, dex: u16, def: &dex::ClassDef, slot: usize) -> Option<Val> {
        let file = self.package.dex(dex)?;
        let values = file.static_values(def).ok()?;
        self.left = self.left.saturating_sub(u64::try_from(slot).unwrap_or(u64::MAX));
        let item = values
            .filter_map(Result::ok)
            .find(|item| index(item.slot) == slot && item.depth == 0)?;
        Some(match item.value {
            dex::Value::String(string) => {
                let bytes = self.package.text(dex, string)?;
                let hot = self.tables.get(usize::from(dex))?.string(string) & super::table::string::HOT != 0;
                self.values.lit(super::value::Lit { dex, string, bytes }, hot)
            }
            dex::Value::Boolean(b) => self.values.int(i64::from(b)),
            dex::Value::Byte(n) => self.values.int(i64::from(n)),
            dex::Value::Short(n) => self.values.int(i64::from(n)),
            dex::Value::Char(n) => self.values.int(i64::from(n)),
            dex::Value::Int(n) => self.values.int(i64::from(n)),
            dex::Value::Long(n) => self.values.int(n),
            dex::Value::Type(type_) => self.values.val(Atom::Class(dex, type_)),
            _ => return None,
        })
    }

    /// What it found.
    pub(crate) fn finish(self) -> Found<'a> {
        Found {
            values: self.values,
            records: self.records,
            arguments: self.arguments,
            plain: self.plain,
            wrappers: self.wrappers,
            gaps: self.gaps,
            steps: MAX_STEPS.saturating_sub(self.left),
        }
    }
}

/// What an [`Engine`] found.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    pub(crate) values: Values<'a>,
    pub(crate) records: Vec<Record>,
    arguments: Vec<Val>,
    /// File, method and string of those strings that are handed on as they are.
    pub(crate) plain: FxHashSet<(u16, u32, u32)>,
    pub(crate) wrappers: Vec<Wrapper>,
    pub(crate) gaps: Vec<Gap>,
    /// Instructions that were interpreted.
    pub(crate) steps: u64,
}

impl Found<'_> {
    /// The arguments of a record.
    pub(crate) fn arguments(&self, record: &Record) -> &[Val] {
        let first = index(record.first);
        self.arguments
            .get(first..first.saturating_add(index(record.len)))
            .unwrap_or_default()
    }
}
