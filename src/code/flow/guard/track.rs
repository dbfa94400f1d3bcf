//! One method: which registers hold an answer, an object that the system calls back, the kind of a message.

use std::rc::Rc;

use super::super::super::cfg::{Block, Graph};
use super::super::super::hierarchy::{M, Type};
use super::super::super::package::index;
use super::super::call::Callee;
use super::super::domain::Key;
use super::super::guess::decided;
use super::super::trace::Tracer;
use super::lead::Lead;
use super::shape::{Branch, Select, Shape};
use super::{Asks, At, Guards};
use crate::artifact::dex::{Code, Insn, opcode};

/// Times over the blocks of a method.
const MAX_TURNS: u32 = 4;
/// Registers of all blocks of one method together.
const MAX_CELLS: usize = 1 << 16;
/// Blocks of a method in which branches are looked at.
const MAX_BLOCKS: usize = 256;
/// Classes of objects that one value may be.
const MAX_CLASSES: usize = 4;

/// What a register or a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Held {
    /// What it answers.
    pub(super) asks: Asks,
    /// Classes of the package's own that it is an object of, by number.
    classes: u32,
    number: Number,
}

/// A number, as far as it says which message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Number {
    #[default]
    Unset,
    One(i32),
    /// The kind of the message at hand.
    Kind,
    Any,
}

/// One method on its way.
struct Body<'b, 'a> {
    m: M,
    dex_no: u16,
    graph: &'b Graph<'a>,
    regs: Vec<Held>,
    /// What decides whether the block runs.
    control: Asks,
    pending: Held,
    result: Held,
    leads: Vec<(u32, Lead)>,
}

impl Body<'_, '_> {
    fn get(&self, register: u16) -> Held {
        self.regs.get(usize::from(register)).copied().unwrap_or_default()
    }

    fn set(&mut self, register: u16, held: Held) {
        if let Some(slot) = self.regs.get_mut(usize::from(register)) {
            *slot = held;
        }
    }
}

impl Guards<'_> {
    fn join(&mut self, a: Held, b: Held) -> Held {
        let number = match (a.number, b.number) {
            (Number::Unset, other) | (other, Number::Unset) => other,
            (a, b) if a == b => a,
            _ => Number::Any,
        };
        let classes = if a.classes == b.classes || b.classes == 0 {
            a.classes
        } else {
            let mut all = self.classes.get(a.classes).to_vec();
            all.extend(self.classes.get(b.classes));
            all.sort_unstable();
            all.dedup();
            all.truncate(MAX_CLASSES);
            self.classes.intern(&all)
        };
        Held {
            asks: a.asks | b.asks,
            classes,
            number,
        }
    }

    fn object(&mut self, type_: Type) -> Held {
        Held {
            classes: self.classes.intern(&[type_]),
            ..Held::default()
        }
    }

    fn keep(&mut self, class: Type, key: Key, held: Held) {
        let held = Held {
            number: Number::Unset,
            ..held
        };
        if held == Held::default() {
            return;
        }
        let before = self.fields.get(&(class, key)).copied().unwrap_or_default();
        let after = self.join(before, held);
        if after != before {
            self.fields.insert((class, key), after);
            for m in self.readers.get(&(class, key)).cloned().unwrap_or_default() {
                self.want(m);
            }
        }
    }
}

impl<'a> Tracer<'a, '_> {
    /// Looks at a method: what it returns, where it leads, what it branches on.
    pub(super) fn track(&mut self, guards: &mut Guards<'_>, m: M) {
        let Some((dex_no, code)) = self.code_of(m) else {
            return;
        };
        let mut graph = std::mem::take(&mut self.graph);
        let cells = |graph: &Graph<'_>| graph.blocks.len().saturating_mul(usize::from(code.registers));
        if graph.build(&code) && cells(&graph) <= MAX_CELLS {
            self.turns(guards, m, dex_no, &code, &graph);
        }
        self.graph = graph;
    }

    pub(super) fn code_of(&self, m: M) -> Option<(u16, Code<'a>)> {
        let (dex_no, number) = self.hierarchy.place(m)?;
        let method = self.walked.get(usize::from(dex_no))?.method(number)?;
        let code = self.package.dex(dex_no)?.code(method.code_off).ok()?;
        Some((dex_no, code))
    }

    fn turns(&mut self, guards: &mut Guards<'_>, m: M, dex_no: u16, code: &Code<'a>, graph: &Graph<'a>) {
        let mut frames: Vec<Option<Vec<Held>>> = vec![None; graph.blocks.len()];
        let mut control: Vec<Asks> = vec![0; graph.blocks.len()];
        let mut branches: Vec<Branch> = Vec::new();
        let mut selects: Vec<Select> = Vec::new();
        let mut body = Body {
            m,
            dex_no,
            graph,
            regs: Vec::new(),
            control: 0,
            pending: Held::default(),
            result: Held::default(),
            leads: Vec::new(),
        };
        if let Some(first) = frames.first_mut() {
            *first = Some(vec![Held::default(); usize::from(code.registers)]);
        }
        let mut changed = true;
        for _ in 0..MAX_TURNS {
            if !std::mem::take(&mut changed) {
                break;
            }
            body.leads.clear();
            branches.clear();
            selects.clear();
            for number in &graph.order {
                let at = index(*number);
                let (Some(block), Some(Some(regs))) = (graph.blocks.get(at), frames.get(at)) else {
                    continue;
                };
                body.regs.clone_from(regs);
                body.control = control.get(at).copied().unwrap_or(0);
                let before = (!graph.handlers(block).is_empty()).then(|| regs.clone());
                let insns = graph.insns.get(index(block.start)..index(block.end));
                for insn in insns.unwrap_or_default() {
                    self.left = self.left.saturating_sub(1);
                    self.held(guards, &mut body, insn);
                }
                selects.extend(select(&body, code, *number, block));
                if let Some(branch) = branch_on(&body, *number, block) {
                    branches.push(branch);
                    // It goes through the blocks once for each of them.
                    let blocks = u64::try_from(graph.blocks.len()).unwrap_or(u64::MAX);
                    self.left = self
                        .left
                        .saturating_sub(blocks.saturating_mul(blocks).wrapping_shr(4));
                    for to in decided(graph, *number) {
                        if let Some(slot) = control.get_mut(index(to)) {
                            changed |= *slot | branch.asks != *slot;
                            *slot |= branch.asks;
                        }
                    }
                }
                for to in graph.successors(block) {
                    changed |= meet(guards, &mut frames, *to, &body.regs);
                }
                for (to, before) in graph.handlers(block).iter().zip(before.iter().cycle()) {
                    changed |= meet(guards, &mut frames, *to, before);
                    changed |= meet(guards, &mut frames, *to, &body.regs);
                }
            }
        }
        body.leads.sort_unstable();
        body.leads.dedup();
        let result = Held {
            number: Number::Unset,
            ..body.result
        };
        let before = guards.results.insert(m, result).unwrap_or_default();
        if before != result {
            for m in guards.callers.get(&m).cloned().unwrap_or_default() {
                guards.want(m);
            }
        }
        if body.leads.is_empty() {
            guards.leads.remove(&m);
        } else {
            guards.leads.insert(m, std::mem::take(&mut body.leads));
        }
        if branches.is_empty() && selects.is_empty() {
            guards.shapes.remove(&m);
        } else {
            guards.shapes.insert(m, Shape::new(graph, branches, selects));
        }
    }

    /// What an instruction does to the registers.
    fn held(&mut self, guards: &mut Guards<'_>, body: &mut Body<'_, 'a>, insn: &Insn<'a>) {
        match insn.op.0 {
            // move*, neg-int … int-to-short, array-length, instance-of
            0x01..=0x09 => body.set(insn.a(), body.get(insn.b())),
            0x20 | 0x21 | 0x7b..=0x8f => {
                let held = answer(body.get(insn.b()).asks);
                body.set(insn.a(), held);
            }
            // move-result*
            0x0a..=0x0c => body.set(insn.a(), body.pending),
            // return*
            0x0f..=0x11 => body.result = guards.join(body.result, body.get(insn.a())),
            // const of 32 bits: which one it is may be what was asked
            0x12..=0x15 => {
                let number = insn.literal().and_then(|n| i32::try_from(n).ok());
                let held = Held {
                    asks: body.control,
                    number: number.map_or(Number::Any, Number::One),
                    ..Held::default()
                };
                body.set(insn.a(), held);
            }
            // const-class: a component may be started by it
            0x1c => {
                let started = self.started(guards, body.dex_no, insn);
                body.leads.extend(started);
                body.set(insn.a(), Held::default());
            }
            // check-cast
            0x1f => {}
            // new-instance
            0x22 => {
                let class = self
                    .hierarchy
                    .type_at(body.dex_no, insn.index().unwrap_or_default());
                let held = if self.hierarchy.is_inside(class) {
                    let (runs, handler) = self.called_back(guards, class);
                    if !runs.is_empty() && !handler {
                        body.leads.push((insn.pc, Lead::Calls(class)));
                    }
                    guards.object(class)
                } else {
                    Held::default()
                };
                body.set(insn.a(), held);
            }
            // cmp*, aget*, add-int … rem-double
            0x2d..=0x31 | 0x44..=0x4a | 0x90..=0xaf => {
                let asks = body.get(insn.b()).asks | body.get(insn.c()).asks;
                body.set(insn.a(), answer(asks));
            }
            // add-int/2addr … rem-double/2addr
            0xb0..=0xcf => {
                let asks = body.get(insn.a()).asks | body.get(insn.b()).asks;
                body.set(insn.a(), answer(asks));
            }
            // add-int/lit16 … ushr-int/lit8
            0xd0..=0xe2 => {
                let held = answer(body.get(insn.b()).asks);
                body.set(insn.a(), held);
            }
            // iget*, sget*
            0x52..=0x58 | 0x60..=0x66 => {
                let held = self.held_by(guards, body, insn);
                body.set(insn.a(), held);
            }
            // iput*, sput*
            0x59..=0x5f | 0x67..=0x6d => {
                let (class, key) = self.key_of(body.dex_no, insn);
                guards.keep(class, key, body.get(insn.a()));
            }
            // invoke-*
            0x6e..=0x72 | 0x74..=0x78 => self.asks(guards, body, insn),
            _ => {
                if insn.op.is(opcode::INVOKES) {
                    body.pending = Held::default();
                }
                if let Some(register) = insn.writes() {
                    body.set(register, Held::default());
                }
            }
        }
    }

    fn held_by(&mut self, guards: &Guards<'_>, body: &Body<'_, 'a>, insn: &Insn<'a>) -> Held {
        let (class, key) = self.key_of(body.dex_no, insn);
        if self.is_kind(class, key) {
            return Held {
                number: Number::Kind,
                ..Held::default()
            };
        }
        guards.fields.get(&(class, key)).copied().unwrap_or_default()
    }

    /// A call: what it asks, where it leads, what it gives back.
    fn asks(&mut self, guards: &mut Guards<'_>, body: &mut Body<'_, 'a>, insn: &Insn<'a>) {
        body.pending = Held::default();
        let Some(callee) = insn.index().and_then(|method| self.callee(body.dex_no, method)) else {
            return;
        };
        let mut registers = insn.registers().iter();
        let mut args: Vec<Held> = Vec::new();
        let this = if matches!(insn.op.0, 0x71 | 0x77) {
            None
        } else {
            registers.next()
        };
        args.extend(this.map(|register| body.get(register)));
        for (_, letter) in &callee.parameters {
            args.extend(registers.next().map(|register| body.get(register)));
            if matches!(letter, b'J' | b'D') {
                registers.next();
            }
        }
        let asked = self.question(guards, body.m, &callee, insn.pc);
        let leaves = self.leaves(guards, &callee);
        body.leads.extend(leaves.into_iter().map(|lead| (insn.pc, lead)));
        let targets = self.reached(guards, body, insn, &callee, &args);
        let mut result = answer(asked);
        if targets.is_empty() {
            self.calls_back(guards, body, &callee, insn.pc, &args);
            let known = callee.flows.is_some() || callee.mark.is_some_and(|mark| mark.member.model.is_some());
            if known || !matches!(callee.result_letter, b'L' | b'[' | b'V') {
                result.asks |= args.iter().fold(0, |asks, arg| asks | arg.asks);
            }
        }
        for m in targets.iter() {
            body.leads.push((insn.pc, Lead::Runs(*m)));
            let returned = guards.results.get(m).copied().unwrap_or_default();
            result = guards.join(result, returned);
        }
        match this.filter(|_| *callee.name == *b"<init>") {
            // Whoever makes something of what is asked about asks it.
            Some(this) => {
                let held = guards.join(body.get(this), answer(asked));
                body.set(this, held);
            }
            None => body.pending = result,
        }
    }

    /// What a call asks.
    pub(super) fn question(&self, guards: &Guards<'_>, m: M, callee: &Callee, pc: u32) -> Asks {
        let at = self
            .hierarchy
            .place(m)
            .map(|(dex, method)| At { dex, method, pc });
        let here = at.and_then(|at| guards.questions.at.get(&at));
        let row = callee.mark.and_then(|mark| mark.member.identifier);
        let row = row.or(callee.offer.as_ref().and_then(|offer| offer.returns));
        let there = row.and_then(|row| guards.questions.rows.get(&row));
        here.into_iter()
            .chain(there)
            .fold(0, |asks, n| asks | 1_u64.checked_shl(u32::from(*n)).unwrap_or(0))
    }

    /// The package's own methods that a call may run, by the objects that it is made on if they are known.
    fn reached(
        &mut self,
        guards: &mut Guards<'_>,
        body: &Body<'_, 'a>,
        insn: &Insn<'a>,
        callee: &Callee,
        args: &[Held],
    ) -> Rc<[M]> {
        let classes = args.first().map_or(0, |this| this.classes);
        // invoke-virtual, invoke-interface
        if matches!(insn.op.0, 0x6e | 0x72 | 0x74 | 0x78) && classes != 0 {
            let classes = guards.classes.get(classes).iter();
            let known: Rc<[M]> = classes
                .filter_map(|class| self.hierarchy.resolve(*class, callee.selector))
                .collect();
            if !known.is_empty() {
                return known;
            }
        }
        self.may_run(guards, body.m, body.dex_no, insn, callee)
    }

    /// Objects that a method outside is given may be called back.
    fn calls_back(
        &self,
        guards: &mut Guards<'_>,
        body: &mut Body<'_, 'a>,
        callee: &Callee,
        pc: u32,
        args: &[Held],
    ) {
        let lifecycles = &self.interest.rules().lifecycles;
        let sends = lifecycles.is_sender(&callee.name);
        let offset = args.len().saturating_sub(callee.parameters.len());
        let kind = callee.parameters.iter().position(|(_, letter)| *letter == b'I');
        let kind = kind.and_then(|n| args.get(offset.saturating_add(n)));
        let kind = match kind.map(|held| held.number) {
            Some(Number::One(n)) => Some(n),
            _ => None,
        };
        for arg in args {
            for class in guards.classes.get(arg.classes).to_vec() {
                let (runs, handler) = self.called_back(guards, class);
                match handler {
                    true if sends => body.leads.push((pc, Lead::Message(class, kind))),
                    false if !runs.is_empty() => body.leads.push((pc, Lead::Calls(class))),
                    _ => {}
                }
            }
        }
    }
}

/// What the branch at the end of a block asks.
fn branch_on(body: &Body<'_, '_>, number: u32, block: &Block) -> Option<Branch> {
    let insn = body.graph.insns.get(index(block.end.checked_sub(1)?))?;
    let asks = match insn.op.0 {
        // if-eq … if-le
        0x32..=0x37 => body.get(insn.a()).asks | body.get(insn.b()).asks,
        // if-eqz … if-lez, packed-switch, sparse-switch
        0x38..=0x3d | 0x2b | 0x2c => body.get(insn.a()).asks,
        _ => 0,
    };
    let few = body.graph.blocks.len() <= MAX_BLOCKS;
    (asks != 0 && few).then_some(Branch {
        block: number,
        pc: insn.pc,
        asks,
    })
}

/// What the branch at the end of a block does for each kind of message.
fn select(body: &Body<'_, '_>, code: &Code<'_>, number: u32, block: &Block) -> Option<Select> {
    let insn = body.graph.insns.get(index(block.end.checked_sub(1)?))?;
    let next = body.graph.successors(block);
    let (first, second) = (*next.first()?, *next.get(1)?);
    let kind = |register: u16| body.get(register).number;
    let (cases, other) = match insn.op.0 {
        // packed-switch, sparse-switch: the successors are the next block and the targets in their order
        0x2b | 0x2c if kind(insn.a()) == Number::Kind => {
            let payload = code.payload(insn.target()?).ok()?;
            let cases = payload.cases().map(|(case, _)| case);
            (cases.zip(next.iter().skip(1).copied()).collect(), first)
        }
        // if-eq, if-ne
        0x32 | 0x33 => match (kind(insn.a()), kind(insn.b())) {
            (Number::Kind, Number::One(n)) | (Number::One(n), Number::Kind) => {
                equal(insn.op.0 == 0x32, n, first, second)
            }
            _ => return None,
        },
        // if-eqz, if-nez
        0x38 | 0x39 if kind(insn.a()) == Number::Kind => equal(insn.op.0 == 0x38, 0, first, second),
        _ => return None,
    };
    Some(Select {
        block: number,
        cases,
        other,
    })
}

/// The cases of a comparison: `jumps` where both are the same, to the second block.
fn equal(jumps: bool, n: i32, first: u32, second: u32) -> (Vec<(i32, u32)>, u32) {
    if jumps {
        (vec![(n, second)], first)
    } else {
        (vec![(n, first)], second)
    }
}

fn answer(asks: Asks) -> Held {
    Held {
        asks,
        ..Held::default()
    }
}

fn meet(guards: &mut Guards<'_>, frames: &mut [Option<Vec<Held>>], to: u32, regs: &[Held]) -> bool {
    let Some(slot) = frames.get_mut(index(to)) else {
        return false;
    };
    let Some(old) = slot else {
        *slot = Some(regs.to_vec());
        return true;
    };
    let mut changed = false;
    for (old, new) in old.iter_mut().zip(regs) {
        if old != new {
            let joined = guards.join(*old, *new);
            changed |= joined != *old;
            *old = joined;
        }
    }
    changed
}
