//! One method, interpreted over its basic blocks.
//!
//! Blocks are visited in reverse post-order, again where a loop changed what they start with; the third
//! time round what still changes is widened, so it ends. Both arms of every branch are taken. A handler
//! starts with whatever a register held anywhere in the blocks that it covers.

use rustc_hash::FxHashMap;

use crate::artifact::dex::{Code, Dex, Insn, Value, opcode};

use super::cfg::{Block, Graph};
use super::frame::{MAX_OBJECTS, Meet, State, States};
use super::interest::Carrier;
use super::live::{self, Live};
use super::package::{Package, count, index};
use super::platform::{Access, Member, Store, Use};
use super::table::{Mark, Table, method, string};
use super::text;
use super::value::{Atom, AtomId, Lit, MAX_PARTS, Val, Values, Why};

/// Times over all blocks of a method before what still changes is given up, and before the end.
const WIDEN_AFTER: u32 = 1;
const GIVE_UP_AFTER: u32 = 4;
const MAX_ROUNDS: u32 = 8;
/// Instructions interpreted in one method, all rounds together.
const MAX_METHOD_STEPS: u64 = 400_000;
/// Registers of all blocks of one method together, four bytes each.
const MAX_CELLS: usize = 1 << 22;
/// Arguments of a call that are kept for its summary.
const MAX_KEPT_ARGUMENTS: usize = 6;

/// What a call of interest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum What {
    /// A key of a store: key, then default or new value. The letter is that of the second argument's
    /// type, or of the result where there is none.
    Key(Store, Access, u8),
    /// A sink, by row: whatever argument may be a text.
    Sink(u16),
    /// A member looked up through reflection: class, name.
    Member(Member),
    /// A class looked up by name.
    Named,
    /// A text used as something.
    Use(Use),
    /// An assembled text that is handed on.
    Text,
    /// A call of a method of the package, by file and method index: all arguments by register.
    Call(u16, u32),
}

/// A call of interest with what is known of its arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    /// What it is.
    pub(crate) what: What,
    /// Code unit of the instruction.
    pub(crate) pc: u32,
    /// Arguments: a range of [`Outcome::arguments`].
    first: u32,
    len: u32,
}

/// What interpreting one method gave.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) records: Vec<Record>,
    pub(crate) arguments: Vec<Val>,
    /// Fields written: field index, value.
    pub(crate) puts: Vec<(u32, Val)>,
    /// Strings that are handed on as they are, by index.
    pub(crate) plain: Vec<u32>,
    /// What the method returns.
    pub(crate) result: Option<Val>,
    /// Whether it was cut short.
    pub(crate) cut: bool,
}

impl Outcome {
    fn clear(&mut self) {
        self.records.clear();
        self.arguments.clear();
        self.puts.clear();
        self.plain.clear();
        self.result = None;
        self.cut = false;
    }

    /// The arguments of a record.
    pub(crate) fn arguments(&self, record: &Record) -> &[Val] {
        let first = index(record.first);
        self.arguments
            .get(first..first.saturating_add(index(record.len)))
            .unwrap_or_default()
    }

    /// Adds a record, or replaces what an earlier visit of the same instruction left.
    fn record(&mut self, what: What, pc: u32, arguments: &[Val], again: bool) {
        let first = count(self.arguments.len());
        self.arguments.extend_from_slice(arguments);
        let record = Record {
            what,
            pc,
            first,
            len: count(arguments.len()),
        };
        if again
            && let Some(old) = self
                .records
                .iter_mut()
                .find(|old| old.pc == pc && old.what == what)
        {
            *old = record;
            return;
        }
        self.records.push(record);
    }
}

/// What the interpreter asks about the method's surroundings.
pub(crate) struct Surroundings<'s, 'a> {
    /// The package, for its strings.
    pub(crate) package: &'s Package<'a>,
    /// Number of the file.
    pub(crate) dex: u16,
    /// Its tables.
    pub(crate) table: &'s Table,
    /// By method index: calls to be recorded with all arguments, when not empty.
    pub(crate) callees: &'s [bool],
}

/// The interpreter; its memory is reused from method to method.
#[derive(Debug, Default)]
pub(crate) struct Machine<'a> {
    graph: Graph<'a>,
    live: Live,
    states: States,
    objects: FxHashMap<u32, (u16, Carrier)>,
    carriers: Vec<Carrier>,
    writes: Vec<(u16, Val)>,
    object_writes: Vec<(u16, Val)>,
    tracking: bool,
    again: bool,
    result: Option<Val>,
    /// What the last method gave.
    pub(crate) outcome: Outcome,
}

impl<'a> Machine<'a> {
    /// Interprets a method. Returns the steps that it took.
    pub(crate) fn run(
        &mut self,
        values: &mut Values<'a>,
        dex: &Dex<'a>,
        code: &Code<'a>,
        around: &Surroundings<'_, 'a>,
    ) -> u64 {
        self.outcome.clear();
        self.objects.clear();
        self.carriers.clear();
        let large = |blocks: usize| blocks.saturating_mul(usize::from(code.registers)) > MAX_CELLS;
        if !self.graph.build(code) || large(self.graph.blocks.len()) {
            self.outcome.cut = true;
            return u64::from(code.units());
        }
        let keep = self.has_loop();
        self.live.build(&self.graph, code.registers, keep, false);
        self.states.reset(self.graph.blocks.len());
        self.enter(values, code);
        let mut steps = u64::from(code.units());
        for round in 0..MAX_ROUNDS {
            self.again = round > 0;
            let mut any = false;
            for place in 0..self.graph.order.len() {
                let Some(number) = self.graph.order.get(place).copied() else {
                    break;
                };
                let Some(mut state) = self.states.take(number, keep) else {
                    continue;
                };
                any = true;
                let Some(block) = self.graph.blocks.get(index(number)).copied() else {
                    continue;
                };
                steps = steps.saturating_add(self.cost(&block, &state));
                if steps > MAX_METHOD_STEPS {
                    self.outcome.cut = true;
                    return steps;
                }
                self.block(values, dex, code, around, &block, &mut state, round);
                self.states.recycle(state);
            }
            if !any {
                return steps;
            }
        }
        self.outcome.cut = self.graph.order.iter().any(|n| self.states.is_dirty(*n));
        steps
    }

    /// What a visit costs: its instructions, and the registers that go along each edge.
    fn cost(&self, block: &Block, state: &State) -> u64 {
        let wide = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let insns = u64::from(block.end.saturating_sub(block.start));
        let handlers = wide(self.graph.handlers(block).len());
        let edges = wide(self.graph.successors(block).len()).saturating_add(handlers);
        let copies = wide(state.len() >> 4).saturating_mul(edges.saturating_add(1));
        insns
            .saturating_add(insns.saturating_mul(handlers) >> 2)
            .saturating_add(copies)
    }

    fn enter(&mut self, values: &mut Values<'a>, code: &Code<'a>) {
        let mut state = self.states.fresh();
        state.objects.clear();
        state.registers.clear();
        state.registers.resize(usize::from(code.registers), Val::UNSET);
        let first = code.first_in();
        for n in 0..code.ins {
            let val = values.val(Atom::Param(n));
            if let Some(slot) = state.registers.get_mut(usize::from(first.saturating_add(n))) {
                *slot = val;
            }
        }
        self.states.meet(values, 0, &state, self.live.at(0), Meet::Join);
        self.states.recycle(state);
    }

    fn has_loop(&self) -> bool {
        self.graph.blocks.iter().any(|block| {
            let mut to = self
                .graph
                .successors(block)
                .iter()
                .chain(self.graph.handlers(block));
            to.any(|to| {
                self.graph
                    .blocks
                    .get(index(*to))
                    .is_some_and(|to| to.order <= block.order)
            })
        })
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one visit")]
    fn block(
        &mut self,
        values: &mut Values<'a>,
        dex: &Dex<'a>,
        code: &Code<'a>,
        around: &Surroundings<'_, 'a>,
        block: &Block,
        state: &mut State,
        round: u32,
    ) {
        let how = |back: bool| match round {
            _ if !back => Meet::Join,
            0..WIDEN_AFTER => Meet::Join,
            WIDEN_AFTER..GIVE_UP_AFTER => Meet::Widen,
            _ => Meet::GiveUp,
        };
        self.tracking = !self.graph.handlers(block).is_empty();
        self.writes.clear();
        self.object_writes.clear();
        if self.tracking {
            for to in self.graph.handlers(block) {
                let how = how(self.is_back(block, *to));
                self.states.meet(values, *to, state, self.live.at(*to), how);
            }
        }
        self.result = None;
        for n in block.start..block.end {
            let Some(insn) = self.graph.insns.get(index(n)).copied() else {
                break;
            };
            self.step(values, dex, code, around, n, &insn, state);
        }
        for to in self.graph.successors(block) {
            let how = how(self.is_back(block, *to));
            self.states.meet(values, *to, state, self.live.at(*to), how);
        }
        if self.tracking {
            for to in self.graph.handlers(block) {
                let how = how(self.is_back(block, *to));
                let live = self.live.at(*to);
                for (register, val) in &self.writes {
                    if !live::is_live(live, *register) {
                        continue;
                    }
                    self.states.meet_register(values, *to, *register, *val, how);
                }
                for (object, val) in &self.object_writes {
                    self.states.meet_object(values, *to, *object, *val, how);
                }
            }
        }
    }

    fn is_back(&self, from: &Block, to: u32) -> bool {
        self.graph
            .blocks
            .get(index(to))
            .is_some_and(|to| to.order <= from.order)
    }

    #[inline]
    fn set(&mut self, state: &mut State, register: u16, val: Val) {
        if let Some(slot) = state.registers.get_mut(usize::from(register)) {
            *slot = val;
        }
        if self.tracking {
            self.writes.push((register, val));
        }
    }

    /// Sets what objects stand for. With several alternatives, each may be the one that is meant.
    pub(super) fn set_content(
        &mut self,
        values: &mut Values<'a>,
        state: &mut State,
        object: Val,
        content: Val,
    ) {
        let alternatives = values.alternatives(object);
        let only = alternatives.as_slice().len() == 1;
        for id in alternatives.as_slice() {
            let Atom::Object(number) = values.atom(*id) else {
                continue;
            };
            let at = usize::from(number);
            if state.objects.len() <= at {
                state.objects.resize(at.saturating_add(1), Val::UNSET);
            }
            let Some(slot) = state.objects.get_mut(at) else {
                continue;
            };
            *slot = if only {
                content
            } else {
                values.join(*slot, content)
            };
            if self.tracking {
                self.object_writes.push((number, *slot));
            }
        }
    }

    /// What a value stands for: objects are replaced by their content.
    #[inline]
    pub(super) fn content(&self, values: &mut Values<'a>, state: &State, val: Val) -> Val {
        if values
            .single(val)
            .is_some_and(|atom| !matches!(atom, Atom::Object(_)))
        {
            return val;
        }
        values.map(val, |values, id| match values.atom(id) {
            Atom::Object(number) => match state.object(number) {
                Val::UNSET => values.unknown(Why::Object),
                content => content,
            },
            _ => Val::one(id),
        })
    }

    /// An object that is allocated by instruction `n`.
    pub(super) fn allocate(&mut self, values: &mut Values<'a>, n: u32, carrier: Carrier) -> Val {
        if let Some((number, _)) = self.objects.get(&n) {
            return values.val(Atom::Object(*number));
        }
        let next = self.carriers.len();
        if next >= MAX_OBJECTS {
            return values.unknown(Why::Object);
        }
        let number = u16::try_from(next).unwrap_or(u16::MAX);
        self.carriers.push(carrier);
        self.objects.insert(n, (number, carrier));
        values.val(Atom::Object(number))
    }

    pub(super) fn record(&mut self, what: What, pc: u32, arguments: &[Val]) {
        self.outcome.record(what, pc, arguments, self.again);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one instruction")]
    fn step(
        &mut self,
        values: &mut Values<'a>,
        dex: &Dex<'a>,
        code: &Code<'a>,
        around: &Surroundings<'_, 'a>,
        n: u32,
        insn: &Insn<'a>,
        state: &mut State,
    ) {
        match insn.op.0 {
            // move*
            0x01..=0x09 => {
                let val = state.get(insn.b());
                self.set(state, insn.a(), val);
            }
            // move-result*
            0x0a..=0x0c => {
                let val = self
                    .result
                    .take()
                    .unwrap_or_else(|| values.unknown(Why::Computed));
                self.set(state, insn.a(), val);
            }
            // move-exception
            0x0d => {
                let val = values.unknown(Why::Caught);
                self.set(state, insn.a(), val);
            }
            // return, return-wide, return-object
            0x0f..=0x11 => {
                let val = self.content(values, state, state.get(insn.a()));
                self.hand_on(values, insn.pc, val);
                let before = self.outcome.result.unwrap_or(Val::UNSET);
                self.outcome.result = Some(values.join(before, val));
            }
            // const*
            0x12..=0x19 => {
                let val = values.int(insn.literal().unwrap_or_default());
                self.set(state, insn.a(), val);
            }
            // const-string
            0x1a | 0x1b => {
                let val = insn.string().and_then(|string| {
                    let bytes = around.package.text(around.dex, string)?;
                    let hot = around.table.string(string) & string::HOT != 0;
                    Some(values.lit(
                        Lit {
                            dex: around.dex,
                            string,
                            bytes,
                        },
                        hot,
                    ))
                });
                let val = val.unwrap_or_else(|| values.unknown(Why::Computed));
                self.set(state, insn.a(), val);
            }
            // const-class
            0x1c => {
                let val = values.val(Atom::Class(around.dex, insn.index().unwrap_or_default()));
                self.set(state, insn.a(), val);
            }
            // check-cast leaves its register as it is; fill-array-data an array of numbers.
            0x1f | 0x26 => {}
            // array-length
            0x21 => {
                let array = self.content(values, state, state.get(insn.b()));
                let val = match values.array_len(array) {
                    Some(len) => values.int(i64::from(len)),
                    None => values.unknown(Why::Computed),
                };
                self.set(state, insn.a(), val);
            }
            // new-instance
            0x22 => {
                let carrier = insn
                    .index()
                    .map(|type_| around.table.carrier(type_))
                    .unwrap_or_default();
                let val = if carrier == Carrier::No {
                    values.unknown(Why::Object)
                } else {
                    self.allocate(values, n, carrier)
                };
                self.set(state, insn.a(), val);
            }
            // new-array
            0x23 => {
                let len = values
                    .single_int(state.get(insn.b()))
                    .and_then(|n| u32::try_from(n).ok());
                let array = values.array(len);
                let val = self.allocate(values, n, Carrier::No);
                self.set_content(values, state, val, array);
                self.set(state, insn.a(), val);
            }
            // filled-new-array
            0x24 | 0x25 => {
                let registers = insn.registers();
                let mut array = values.array(u32::try_from(registers.len()).ok());
                for (i, register) in (0_i64..).zip(registers.iter()) {
                    let i = values.int(i);
                    let val = self.content(values, state, state.get(register));
                    array = values.set_element(array, i, val);
                }
                let val = self.allocate(values, n, Carrier::No);
                self.set_content(values, state, val, array);
                self.result = Some(val);
            }
            // aget*
            0x44..=0x4a => {
                let array = self.content(values, state, state.get(insn.b()));
                let i = values
                    .single_int(state.get(insn.c()))
                    .and_then(|i| u8::try_from(i).ok());
                let val = match i {
                    Some(i) => values.element(array, i),
                    None => values.unknown(Why::Element),
                };
                self.set(state, insn.a(), val);
            }
            // aput*
            0x4b..=0x51 => {
                let val = self.content(values, state, state.get(insn.a()));
                let object = state.get(insn.b());
                let array = self.content(values, state, object);
                let array = values.set_element(array, state.get(insn.c()), val);
                self.set_content(values, state, object, array);
                self.hand_on(values, insn.pc, val);
            }
            // iget*, sget*
            0x52..=0x58 | 0x60..=0x66 => {
                let val = values.val(Atom::Field(around.dex, insn.index().unwrap_or_default()));
                self.set(state, insn.a(), val);
            }
            // iput*, sput*
            0x59..=0x5f | 0x67..=0x6d => {
                let val = self.content(values, state, state.get(insn.a()));
                self.hand_on(values, insn.pc, val);
                self.outcome.puts.push((insn.index().unwrap_or_default(), val));
            }
            // invoke-*
            0x6e..=0x72 | 0x74..=0x78 => self.invoke(values, dex, around, n, insn, state),
            // invoke-custom, invoke-custom/range
            0xfc | 0xfd => self.result = self.joined(values, dex, around, insn, state),
            // neg-int … int-to-short
            0x7b..=0x8f => {
                let val = unary(values, insn.op.0, state.get(insn.b()));
                self.set(state, insn.a(), val);
            }
            // add-int … rem-double
            0x90..=0xaf => {
                let val = binary(
                    values,
                    insn.op.0.wrapping_sub(0x90),
                    state.get(insn.b()),
                    state.get(insn.c()),
                );
                self.set(state, insn.a(), val);
            }
            // add-int/2addr … rem-double/2addr
            0xb0..=0xcf => {
                let val = binary(
                    values,
                    insn.op.0.wrapping_sub(0xb0),
                    state.get(insn.a()),
                    state.get(insn.b()),
                );
                self.set(state, insn.a(), val);
            }
            // add-int/lit16 … ushr-int/lit8
            0xd0..=0xe2 => {
                let lit = values.int(insn.literal().unwrap_or_default());
                let val = literal(values, insn.op.0, state.get(insn.b()), lit);
                self.set(state, insn.a(), val);
            }
            _ => {
                let _ = code;
                if insn.op.is(opcode::INVOKES) {
                    self.result = None;
                }
                if let Some(register) = insn.writes() {
                    let val = values.unknown(Why::Computed);
                    self.set(state, register, val);
                }
            }
        }
    }

    /// Notes texts that leave the method's own hands: a call, a field, a result.
    #[inline]
    pub(super) fn hand_on(&mut self, values: &mut Values<'a>, pc: u32, val: Val) {
        match values.single(val) {
            None | Some(Atom::Lit(_) | Atom::Made(_) | Atom::Cat(..)) => self.hand_on_text(values, pc, val),
            // Nearly all that is handed on is no text.
            Some(_) => {}
        }
    }

    fn hand_on_text(&mut self, values: &mut Values<'a>, pc: u32, val: Val) {
        let alternatives = values.alternatives(val);
        let mut assembled = false;
        for id in alternatives.as_slice() {
            match values.atom(*id) {
                Atom::Lit(lit) if values.is_hot(*id) => {
                    let string = values.literal(lit).map(|lit| lit.string);
                    self.outcome.plain.extend(string);
                }
                Atom::Cat(..) => assembled = true,
                Atom::Made(_) if values.is_hot(*id) => assembled = true,
                _ => {}
            }
        }
        if assembled {
            self.record(What::Text, pc, &[val]);
        }
    }

    fn invoke(
        &mut self,
        values: &mut Values<'a>,
        dex: &Dex<'a>,
        around: &Surroundings<'_, 'a>,
        n: u32,
        insn: &Insn<'a>,
        state: &mut State,
    ) {
        let Some(callee) = insn.index() else { return };
        let registers = insn.registers();
        let is_static = matches!(insn.op.0, 0x71 | 0x77);
        let bits = around
            .table
            .methods
            .get(index(callee))
            .copied()
            .unwrap_or_default();
        if around.callees.get(index(callee)).copied().unwrap_or(false) {
            let mut all = Vec::with_capacity(registers.len());
            for register in registers.iter() {
                all.push(self.content(values, state, state.get(register)));
            }
            self.record(What::Call(around.dex, callee), insn.pc, &all);
        }
        let mut result = None;
        let mark = if bits & !(method::OWN | method::VALUE) == 0 {
            None
        } else {
            around.table.mark(callee).copied()
        };
        if let Some(mark) = mark {
            let call = Call::new(&mark, registers.iter(), is_static, state);
            if let Some(row) = mark.member.sink.filter(|_| mark.member.destination) {
                self.sink(values, state, insn.pc, row, &mark, &call);
            }
            if let Some(model) = mark.member.model {
                let name = || {
                    let name = dex
                        .method(callee)
                        .and_then(|id| around.package.text(around.dex, id.name));
                    name.unwrap_or_default()
                };
                result = self.apply(values, state, n, insn.pc, model, &mark, &call, &name);
            }
        }
        if mark.is_none_or(|mark| mark.member.model.is_none()) {
            self.unmodelled(values, state, insn.pc, registers.iter());
        }
        let result = result.unwrap_or_else(|| {
            let arguments = if bits & method::VALUE != 0 && registers.len() <= MAX_KEPT_ARGUMENTS {
                let mut all = [Val::UNSET; MAX_KEPT_ARGUMENTS];
                for (slot, register) in all.iter_mut().zip(registers.iter()) {
                    *slot = self.content(values, state, state.get(register));
                }
                values.arguments(all.into_iter().take(registers.len()))
            } else {
                Val::NO_ARGUMENTS
            };
            values.val(Atom::Call(around.dex, callee, arguments))
        });
        self.result = Some(result);
    }

    /// The result of `makeConcatWithConstants`, which `a + b` is compiled to.
    fn joined(
        &mut self,
        values: &mut Values<'a>,
        dex: &Dex<'a>,
        around: &Surroundings<'_, 'a>,
        insn: &Insn<'a>,
        state: &State,
    ) -> Option<Val> {
        let text = |string| around.package.text(around.dex, string);
        let site = dex.call_site(insn.index()?).ok()?;
        let name = dex
            .method_handle(site.handle)?
            .method()
            .and_then(|m| dex.method(m))
            .and_then(|id| text(id.name));
        if name != Some(b"makeConcatWithConstants") {
            return None;
        }
        let mut constants = site
            .arguments
            .filter_map(Result::ok)
            .map(|item| match item.value {
                Value::String(string) => text(string),
                _ => None,
            });
        let recipe = constants.next()??;
        let mut registers = insn.registers().iter();
        let mut arguments = Vec::new();
        for type_ in dex.proto(site.proto)?.parameters.iter().take(MAX_PARTS) {
            let register = registers.next()?;
            let letter = super::table::letter(around.package.type_name(around.dex, type_));
            if matches!(letter, b'J' | b'D') {
                registers.next();
            }
            let val = self.content(values, state, state.get(register));
            arguments.push(match letter {
                b'S' | b'T' => text::of(values, val, text::As::Object),
                b'F' | b'D' => values.unknown(Why::Computed),
                letter => text::of(values, val, text::As::of_descriptor(letter)),
            });
        }
        let constants: Vec<&[u8]> = constants.flatten().take(MAX_PARTS).collect();
        Some(text::recipe(values, recipe, &arguments, &constants))
    }

    /// A call of which nothing is known: texts are handed on, and a builder may come back changed.
    fn unmodelled(
        &mut self,
        values: &mut Values<'a>,
        state: &mut State,
        pc: u32,
        registers: impl Iterator<Item = u16>,
    ) {
        for register in registers {
            let val = state.get(register);
            if values
                .single(val)
                .is_some_and(|atom| !matches!(atom, Atom::Object(_)))
            {
                self.hand_on(values, pc, val);
                continue;
            }
            let alternatives = values.alternatives(val);
            let mut objects = false;
            for id in alternatives.as_slice() {
                objects |= matches!(values.atom(*id), Atom::Object(_));
            }
            if !objects {
                self.hand_on(values, pc, val);
                continue;
            }
            let content = self.content(values, state, val);
            self.hand_on(values, pc, content);
            for id in alternatives.as_slice() {
                let Atom::Object(number) = values.atom(*id) else {
                    continue;
                };
                if self.carriers.get(usize::from(number)) == Some(&Carrier::Growing) {
                    let hole = values.unknown(Why::Object);
                    let content = values.concat(state.object(number), hole);
                    self.set_content(values, state, Val::one(*id), content);
                }
            }
        }
    }

    fn sink(&mut self, values: &mut Values<'a>, state: &State, pc: u32, row: u16, mark: &Mark, call: &Call) {
        let mut all = [Val::UNSET; super::table::MAX_PARAMETERS + 1];
        let mut len = 0_usize;
        let receiver = call
            .receiver
            .filter(|_| mark.carrier != Carrier::No && !is_constructor(mark));
        let parameters = call.arguments().iter().zip(mark.shape.letters());
        let texts = parameters
            .filter(|(_, letter)| matches!(letter, b'S' | b'T' | b'L'))
            .map(|(val, _)| *val);
        for val in receiver.into_iter().chain(texts) {
            let val = self.content(values, state, val);
            if may_be_text(values, val)
                && let Some(slot) = all.get_mut(len)
            {
                *slot = val;
                len = len.saturating_add(1);
            }
        }
        let all = all.get(..len).unwrap_or_default();
        for val in all {
            self.hand_on(values, pc, *val);
        }
        if !all.is_empty() {
            self.record(What::Sink(row), pc, all);
        }
    }
}

fn is_constructor(mark: &Mark) -> bool {
    use super::platform::Model;
    matches!(mark.member.model, Some(Model::Wrap | Model::Url | Model::File))
}

fn may_be_text(values: &Values<'_>, val: Val) -> bool {
    let alternatives = values.alternatives(val);
    alternatives.as_slice().iter().any(|id| {
        values.is_text(*id)
            || matches!(
                values.atom(*id),
                Atom::Param(_) | Atom::Field(..) | Atom::Call(..)
            )
    })
}

/// The arguments of a call by parameter, the second halves of wide ones left out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    /// The object that the method is called on.
    pub(crate) receiver: Option<Val>,
    arguments: [Val; super::table::MAX_PARAMETERS],
    len: u8,
}

impl Call {
    fn new(mark: &Mark, mut registers: impl Iterator<Item = u16>, is_static: bool, state: &State) -> Self {
        let receiver = if is_static {
            None
        } else {
            registers.next().map(|register| state.get(register))
        };
        let mut arguments = [Val::UNSET; super::table::MAX_PARAMETERS];
        let mut len = 0_u8;
        for (slot, letter) in arguments.iter_mut().zip(mark.shape.letters()) {
            let Some(register) = registers.next() else { break };
            *slot = state.get(register);
            len = len.saturating_add(1);
            if matches!(letter, b'J' | b'D') {
                registers.next();
            }
        }
        Self {
            receiver,
            arguments,
            len,
        }
    }

    /// One value per parameter.
    pub(crate) fn arguments(&self) -> &[Val] {
        self.arguments.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The `i`th argument.
    pub(crate) fn get(&self, i: usize) -> Val {
        self.arguments().get(i).copied().unwrap_or(Val::UNSET)
    }
}

pub(crate) fn unary(values: &mut Values<'_>, op: u16, val: Val) -> Val {
    values.map(val, |values, id| match (op, values.atom(id)) {
        // neg-int, neg-long
        (0x7b | 0x7d, Atom::Int(n)) => values.int(n.wrapping_neg()),
        // not-int, not-long
        (0x7c | 0x7e, Atom::Int(n)) => values.int(!n),
        // int-to-long, long-to-int and the narrowing ones: a number that does not fit is not known.
        (0x81, _) => Val::one(id),
        (0x84, Atom::Int(n)) if i32::try_from(n).is_ok() => Val::one(id),
        (0x8d, Atom::Int(n)) if i8::try_from(n).is_ok() => Val::one(id),
        (0x8e, Atom::Int(n)) if u16::try_from(n).is_ok() => Val::one(id),
        (0x8f, Atom::Int(n)) if i16::try_from(n).is_ok() => Val::one(id),
        _ => values.unknown(Why::Computed),
    })
}

/// Arithmetic on numbers that are known. `op` counts from `add-int`: 11 for `int`, 11 for `long`.
pub(crate) fn binary(values: &mut Values<'_>, op: u16, a: Val, b: Val) -> Val {
    let wide = op >= 11;
    let op = op.checked_sub(11).unwrap_or(op);
    if op >= 11 {
        return values.unknown(Why::Computed);
    }
    arithmetic(values, op, wide, a, b)
}

pub(crate) fn literal(values: &mut Values<'_>, op: u16, a: Val, lit: Val) -> Val {
    let op = match op {
        0xd0 | 0xd8 => 0,
        // rsub-int
        0xd1 | 0xd9 => return arithmetic(values, 1, false, lit, a),
        0xd2..=0xd7 => op.wrapping_sub(0xd0),
        0xda..=0xdf => op.wrapping_sub(0xd8),
        _ => op.wrapping_sub(0xe0).wrapping_add(8),
    };
    arithmetic(values, op, false, a, lit)
}

/// `op`: add, sub, mul, div, rem, and, or, xor, shl, shr, ushr.
fn arithmetic(values: &mut Values<'_>, op: u16, wide: bool, a: Val, b: Val) -> Val {
    let Some(right) = values.single_int(b) else {
        return values.unknown(Why::Computed);
    };
    values.map(a, |values, id: AtomId| {
        let Atom::Int(left) = values.atom(id) else {
            return values.unknown(Why::Computed);
        };
        let result = match op {
            0 => left.checked_add(right),
            1 => left.checked_sub(right),
            2 => left.checked_mul(right),
            3 => left.checked_div(right),
            4 => left.checked_rem(right),
            5 => Some(left & right),
            6 => Some(left | right),
            7 => Some(left ^ right),
            _ => None,
        };
        match result.filter(|n| wide || i32::try_from(*n).is_ok()) {
            Some(n) => values.int(n),
            None => values.unknown(Why::Computed),
        }
    })
}
