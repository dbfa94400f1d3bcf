//! One method, looked at once for all its callers.

use super::super::cfg::Block;
use super::super::hierarchy::{M, Selector, Type};
use super::super::package::index;
use super::super::value::Val;
use super::domain::{Key, Obj, Taint, V};
use super::guess::Control;
use super::heap::Heap;
use super::summary::{Event, Exit, Summary};
use super::trace::Tracer;
use crate::artifact::dex::{Code, Dex, Insn, opcode};

/// Times over all blocks of a method; texts that still change after the first few are widened.
const WIDEN_AFTER: u32 = 2;
const MAX_ROUNDS: u32 = 8;
/// States of one block that are kept apart.
const MAX_APART: usize = 2;
/// Registers of all blocks of one method together.
const MAX_CELLS: usize = 1 << 20;

/// Registers and cells at one place.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    pub(super) regs: Vec<V>,
    pub(super) heap: Heap,
}

impl Frame {
    pub(super) fn get(&self, register: u16) -> V {
        self.regs.get(usize::from(register)).copied().unwrap_or(V::UNSET)
    }

    pub(super) fn set(&mut self, register: u16, v: V) {
        if let Some(slot) = self.regs.get_mut(usize::from(register)) {
            *slot = v;
        }
    }
}

/// The method that is being looked at.
pub(super) struct Here<'a> {
    pub(super) m: M,
    pub(super) dex_no: u16,
    pub(super) dex: Dex<'a>,
    pub(super) class: Type,
    pub(super) result: Option<V>,
    pub(super) thrown: Option<V>,
    /// What leaves, with the instruction here by which it does.
    pub(super) events: Vec<(u32, Event)>,
    pub(super) pending: Option<V>,
    /// What decides whether this is done.
    pub(super) guess: Taint,
    pub(super) exits: Vec<Exit>,
    /// Elements of arrays.
    pub(super) sizes: super::throw::Sizes,
    /// It may throw after it wrote something.
    late: bool,
    /// It gives back whether something is so.
    pub(super) boolean: bool,
    end: Heap,
    ended: bool,
}

impl<'a> Tracer<'a, '_> {
    /// What a method does, with what is known by now of those that it calls.
    pub(super) fn analyse(&mut self, m: M) -> Summary {
        let Some((dex_no, number)) = self.hierarchy.place(m) else {
            return Summary::default();
        };
        let Some(dex) = self.package.dex(dex_no).copied() else {
            return Summary::default();
        };
        let method = self
            .walked
            .get(usize::from(dex_no))
            .and_then(|w| w.method(number))
            .copied();
        let Some(code) = method.and_then(|method| dex.code(method.code_off).ok()) else {
            return Summary::default();
        };
        let mut graph = std::mem::take(&mut self.graph);
        let large =
            !graph.build(&code) || graph.blocks.len().saturating_mul(usize::from(code.registers)) > MAX_CELLS;
        let mut here = Here {
            m,
            dex_no,
            dex,
            class: self.hierarchy.owner(m).0,
            result: None,
            thrown: None,
            events: Vec::new(),
            pending: None,
            guess: Taint::NONE,
            exits: Vec::new(),
            sizes: super::throw::Sizes::default(),
            late: false,
            boolean: self.guesses && self.hierarchy.name(self.result_type(m)) == b"Z",
            end: Heap::default(),
            ended: false,
        };
        let mut cut = large;
        if !large {
            self.live.build(&graph, code.registers, true, true);
            let mut frames: Vec<Vec<Frame>> = vec![Vec::new(); graph.blocks.len()];
            let mut dirty = vec![false; graph.blocks.len()];
            if let (Some(frame), Some(dirty)) = (frames.first_mut(), dirty.first_mut()) {
                frame.push(self.enter(&here, &code));
                *dirty = true;
            }
            let idle = self.idle_handlers(dex_no, &code);
            let mut control = Control::default();
            if self.guesses {
                control = Control::new(graph.blocks.len());
            }
            for round in 0..MAX_ROUNDS {
                let mut any = false;
                for number in graph.order.iter().copied() {
                    let at = index(number);
                    let Some(flag) = dirty.get_mut(at) else { continue };
                    if !std::mem::take(flag) {
                        continue;
                    }
                    let (Some(states), Some(block)) = (frames.get(at), graph.blocks.get(at)) else {
                        continue;
                    };
                    any = true;
                    let runs = |to: &u32| {
                        let first = graph.blocks.get(index(*to)).map(|block| block.start);
                        let first = first.and_then(|first| graph.insns.get(index(first)));
                        first.is_none_or(|insn| !idle.contains(&insn.pc))
                    };
                    let handlers: Vec<u32> = graph.handlers(block).iter().copied().filter(runs).collect();
                    for mut frame in states.clone() {
                        let start = (!handlers.is_empty()).then(|| frame.clone());
                        here.guess = control.at(number);
                        let thrown = self.block(
                            &mut here,
                            &code,
                            block,
                            &graph.insns,
                            &mut frame,
                            !handlers.is_empty(),
                        );
                        self.branch(&here, &graph, number, &frame, &mut control, &mut dirty);
                        // What a handler finds is as it was at the first or the last place that throws.
                        for (to, start, last) in handlers
                            .iter()
                            .filter_map(|to| Some((to, start.as_ref()?, thrown.as_ref()?)))
                        {
                            self.flow(&mut frames, &mut dirty, *to, start, round);
                            self.flow(&mut frames, &mut dirty, *to, last, round);
                        }
                        for to in graph.successors(block) {
                            self.flow(&mut frames, &mut dirty, *to, &frame, round);
                        }
                    }
                    if self.is_spent() {
                        break;
                    }
                }
                if !any || self.is_spent() {
                    break;
                }
            }
            cut |= dirty.iter().any(|dirty| *dirty);
        }
        self.graph = graph;
        if !self.setters.is_empty() {
            let setters = &self.setters;
            here.end
                .leave_out(|key| matches!(key, Key::Field(name) if setters.contains(&name)));
        }
        let events = self.by_address(std::mem::take(&mut here.events));
        let carries = |key| match key {
            Key::Field(name) => self.fields.contains(&name),
            _ => true,
        };
        let mut summary = Summary::new(
            &self.domain,
            &here.end,
            here.result,
            here.thrown,
            events,
            &carries,
        );
        summary.exits = here.exits;
        summary.late = here.late;
        summary.cut |= cut;
        if self.texts_only.contains(&m) {
            summary.keep_texts(&self.domain);
        }
        summary
    }

    fn flow(&mut self, frames: &mut [Vec<Frame>], dirty: &mut [bool], to: u32, frame: &Frame, round: u32) {
        let (Some(slot), Some(dirty)) = (frames.get_mut(index(to)), dirty.get_mut(index(to))) else {
            return;
        };
        self.domain
            .charge(frame.regs.len().saturating_add(frame.heap.cells().len()) >> 2);
        let near = slot.iter().position(|old| !self.is_apart(old, frame, to));
        let Some(old) = near
            .or(slot.len().checked_sub(MAX_APART))
            .and_then(|near| slot.get_mut(near))
        else {
            slot.push(frame.clone());
            *dirty = true;
            return;
        };
        for register in super::super::live::registers(self.live.at(to)) {
            let (Some(slot), Some(v)) = (old.regs.get_mut(register), frame.regs.get(register)) else {
                continue;
            };
            if slot == v {
                continue;
            }
            let mut joined = self.domain.join(*slot, *v);
            if round >= WIDEN_AFTER && joined.val != slot.val && slot.val != Val::UNSET {
                joined.val = self.domain.values.widen(slot.val, v.val);
            }
            *dirty |= joined != *slot;
            *slot = joined;
        }
        *dirty |= self.domain.meet(&mut old.heap, &frame.heap);
    }

    /// Whether two states are of ways on which several registers hold other objects: what one of them holds goes
    /// with what the other does.
    fn is_apart(&self, a: &Frame, b: &Frame, to: u32) -> bool {
        let made = |v: &V| match self.domain.objs(v.objs) {
            [obj] => matches!(self.domain.what(*obj), Obj::New(..)),
            _ => false,
        };
        super::super::live::registers(self.live.at(to))
            .filter(|register| {
                let (Some(a), Some(b)) = (a.regs.get(*register), b.regs.get(*register)) else {
                    return false;
                };
                a.objs != b.objs && made(a) && made(b)
            })
            .nth(1)
            .is_some()
    }

    /// The parameters of the method, as symbols.
    fn enter(&mut self, here: &Here<'a>, code: &Code<'a>) -> Frame {
        let mut frame = Frame {
            regs: vec![V::UNSET; usize::from(code.registers)],
            heap: Heap::default(),
        };
        let mut register = code.first_in();
        for (i, (type_, wide)) in (0_u8..).zip(self.parameters(here.m)) {
            let obj = self.domain.obj(Obj::Param(i), Type::UNKNOWN);
            let v = match self.hierarchy.name(type_) {
                [_] => self.domain.number(obj),
                _ => self.domain.symbol(obj),
            };
            frame.set(register, v);
            register = register.saturating_add(if wide { 2 } else { 1 });
        }
        frame
    }

    /// Runs a block. Gives back how things were at the last place that may throw, where there are handlers.
    fn block(
        &mut self,
        here: &mut Here<'a>,
        code: &Code<'a>,
        block: &Block,
        insns: &[Insn<'a>],
        frame: &mut Frame,
        handled: bool,
    ) -> Option<Frame> {
        here.pending = None;
        let mut thrown = None;
        let insns = insns
            .get(index(block.start)..index(block.end))
            .unwrap_or_default();
        for insn in insns {
            let work = self.domain.take_work();
            self.left = self.left.saturating_sub(work.saturating_add(1));
            let throws = (handled || !here.late) && self.throws(here, frame, insn);
            if throws && !here.late {
                here.late = self.has_written(frame);
            }
            if throws && handled {
                let last = thrown.get_or_insert_with(Frame::default);
                last.regs.clone_from(&frame.regs);
                last.heap.clone_from(&frame.heap);
            }
            self.insn(here, code, insn, frame);
            let called = insn.op.is(opcode::INVOKES);
            if throws && called && (handled || !here.late) && self.is_late(here, insn) {
                if let Some(thrown) = &mut thrown {
                    thrown.heap.clone_from(&frame.heap);
                }
                here.late |= self.has_written(frame);
            }
        }
        thrown
    }

    pub(super) fn end(&mut self, here: &mut Here<'a>, frame: &Frame) {
        if here.ended {
            let mut end = std::mem::take(&mut here.end);
            self.domain.meet(&mut end, &frame.heap);
            here.end = end;
        } else {
            here.ended = true;
            here.end = frame.heap.clone();
        }
    }

    /// Types of the parameters, `this` first, and whether each takes two registers.
    pub(super) fn parameters(&self, m: M) -> Vec<(Type, bool)> {
        let Some((dex_no, number)) = self.hierarchy.place(m) else {
            return Vec::new();
        };
        let Some(dex) = self.package.dex(dex_no) else {
            return Vec::new();
        };
        let Some(method) = self
            .walked
            .get(usize::from(dex_no))
            .and_then(|w| w.method(number))
        else {
            return Vec::new();
        };
        let mut all = Vec::new();
        // ACC_STATIC
        if method.access & 0x8 == 0 {
            all.push((self.hierarchy.owner(m).0, false));
        }
        let proto = dex.method(method.method).and_then(|id| dex.proto(id.proto));
        for type_ in proto.iter().flat_map(|proto| proto.parameters.iter()).take(255) {
            let wide = matches!(self.package.type_name(dex_no, type_), Some(b"J" | b"D"));
            all.push((self.hierarchy.type_at(dex_no, type_), wide));
        }
        all
    }

    /// The class that a method gives back.
    pub(super) fn result_type(&self, m: M) -> Type {
        let Some((dex_no, number)) = self.hierarchy.place(m) else {
            return Type::UNKNOWN;
        };
        let method = self
            .walked
            .get(usize::from(dex_no))
            .and_then(|w| w.method(number));
        let proto = self.package.dex(dex_no).zip(method).and_then(|(dex, method)| {
            let id = dex.method(method.method)?;
            dex.proto(id.proto)
        });
        proto.map_or(Type::UNKNOWN, |proto| {
            self.hierarchy.type_at(dex_no, proto.return_type)
        })
    }

    /// Name and descriptor of a method.
    pub(super) fn selector_of(&self, m: M) -> Selector {
        self.hierarchy.owner(m).1
    }
}
