//! One method, looked at once for all its callers.

use super::super::cfg::Block;
use super::super::hierarchy::{M, Selector, Type};
use super::super::package::index;
use super::super::value::Val;
use super::domain::{Key, Obj, V};
use super::heap::Heap;
use super::summary::{Event, Summary};
use super::trace::Tracer;
use crate::artifact::dex::{Code, Dex, Insn};

/// Times over all blocks of a method; texts that still change after the first few are widened.
const WIDEN_AFTER: u32 = 2;
const MAX_ROUNDS: u32 = 8;
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
    pub(super) events: Vec<Event>,
    pub(super) pending: Option<V>,
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
            end: Heap::default(),
            ended: false,
        };
        let mut cut = large;
        if !large {
            self.live.build(&graph, code.registers, true, true);
            let mut frames: Vec<Option<Frame>> = vec![None; graph.blocks.len()];
            let mut dirty = vec![false; graph.blocks.len()];
            if let (Some(frame), Some(dirty)) = (frames.first_mut(), dirty.first_mut()) {
                *frame = Some(self.enter(&here, &code));
                *dirty = true;
            }
            for round in 0..MAX_ROUNDS {
                let mut any = false;
                for number in graph.order.clone() {
                    let at = index(number);
                    let Some(flag) = dirty.get_mut(at) else { continue };
                    if !std::mem::take(flag) {
                        continue;
                    }
                    let (Some(Some(frame)), Some(block)) = (frames.get(at), graph.blocks.get(at)) else {
                        continue;
                    };
                    let mut frame = frame.clone();
                    any = true;
                    let handlers = graph.handlers(block).to_vec();
                    for to in &handlers {
                        self.flow(&mut frames, &mut dirty, *to, &frame, round);
                    }
                    self.block(&mut here, &code, block, &graph.insns, &mut frame);
                    for to in &handlers {
                        self.flow(&mut frames, &mut dirty, *to, &frame, round);
                    }
                    for to in graph.successors(block).to_vec() {
                        self.flow(&mut frames, &mut dirty, to, &frame, round);
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
        let carries = |key| match key {
            Key::Field(name) => self.fields.contains(&name),
            _ => true,
        };
        let mut summary = Summary::new(
            &self.domain,
            &here.end,
            here.result,
            here.thrown,
            here.events,
            &carries,
        );
        summary.cut |= cut;
        if self.texts_only.contains(&m) {
            summary.keep_texts(&self.domain);
        }
        summary
    }

    fn flow(&mut self, frames: &mut [Option<Frame>], dirty: &mut [bool], to: u32, frame: &Frame, round: u32) {
        let (Some(slot), Some(dirty)) = (frames.get_mut(index(to)), dirty.get_mut(index(to))) else {
            return;
        };
        self.domain
            .charge(frame.regs.len().saturating_add(frame.heap.cells().len()) >> 2);
        let Some(old) = slot else {
            *slot = Some(frame.clone());
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

    /// The parameters of the method, as symbols.
    fn enter(&mut self, here: &Here<'a>, code: &Code<'a>) -> Frame {
        let mut frame = Frame {
            regs: vec![V::UNSET; usize::from(code.registers)],
            heap: Heap::default(),
        };
        let mut register = code.first_in();
        for (i, (_, wide)) in (0_u8..).zip(self.parameters(here.m)) {
            let obj = self.domain.obj(Obj::Param(i), Type::UNKNOWN);
            let v = self.domain.symbol(obj);
            frame.set(register, v);
            register = register.saturating_add(if wide { 2 } else { 1 });
        }
        frame
    }

    /// Runs a block.
    fn block(
        &mut self,
        here: &mut Here<'a>,
        code: &Code<'a>,
        block: &Block,
        insns: &[Insn<'a>],
        frame: &mut Frame,
    ) {
        here.pending = None;
        let insns = insns
            .get(index(block.start)..index(block.end))
            .unwrap_or_default();
        for insn in insns {
            let work = self.domain.take_work();
            self.left = self.left.saturating_sub(work.saturating_add(1));
            self.insn(here, code, insn, frame);
        }
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

    /// Name and descriptor of a method.
    pub(super) fn selector_of(&self, m: M) -> Selector {
        self.hierarchy.owner(m).1
    }
}
