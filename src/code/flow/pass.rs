//! What the signatures say that a call passes on, from cell to cell.

use super::super::hierarchy::Type;
use super::super::value::{Val, Why};
use super::call::Call;
use super::domain::{Key, Obj, Objs, V, What};
use super::outside::{Kept, MAX_WRAPS};
use super::run::{Frame, Here};
use super::trace::Tracer;
use crate::rule::{Cell, Flow, Spot};

impl<'a> Tracer<'a, '_> {
    /// What the signatures say that a call passes on.
    pub(super) fn pass_on(
        &mut self,
        here: &mut Here<'a>,
        frame: &mut Frame,
        call: &Call<'_>,
        flows: &[Flow],
        args: &[V],
    ) -> V {
        let mut result = V::UNSET;
        let mut writes = Vec::new();
        // What has to do with cells of the result waits until there is one.
        let late = |flow: &&Flow| {
            flow.from.spot == Spot::Return || flow.to.spot == Spot::Return && flow.to.cell != Cell::Whole
        };
        for flow in flows.iter().filter(|flow| !late(flow)) {
            for source in self.spots(call, flow.from.spot, args) {
                let mut v = self.take(frame, call, args, source, &flow.from.cell);
                if !flow.same && v != V::UNSET {
                    let whole = self.domain.whole(&frame.heap, v);
                    v = V {
                        taint: self.domain.stepped(whole, here.m, call.pc, What::Mixed),
                        ..self.domain.unknown()
                    };
                }
                writes.push((flow, v));
            }
        }
        for (flow, v) in writes {
            if flow.to.spot == Spot::Return {
                result = self.domain.join(result, v);
                continue;
            }
            for target in self.spots(call, flow.to.spot, args) {
                self.give(here, frame, call, args, target, flow, v);
            }
        }
        if result.objs == Objs::NONE && matches!(call.callee.result_letter, b'L' | b'T' | b'[') {
            let obj = self.domain.obj(Obj::Handed(here.m, call.pc), call.callee.result);
            result.objs = self.domain.one(obj);
        }
        if result.val == Val::UNSET {
            result.val = self.domain.values.unknown(Why::Computed);
        }
        for flow in flows.iter().filter(late) {
            let at = |spot: Spot, spots: Vec<V>| {
                if spot == Spot::Return { vec![result] } else { spots }
            };
            let sources = self.spots(call, flow.from.spot, args);
            for source in at(flow.from.spot, sources) {
                let v = self.take(frame, call, args, source, &flow.from.cell);
                let targets = self.spots(call, flow.to.spot, args);
                for target in at(flow.to.spot, targets) {
                    self.give(here, frame, call, args, target, flow, v);
                }
            }
        }
        result
    }

    pub(super) fn spots(&mut self, call: &Call<'_>, spot: Spot, args: &[V]) -> Vec<V> {
        let first = usize::from(!call.is_static);
        match spot {
            Spot::This => args
                .first()
                .filter(|_| !call.is_static)
                .copied()
                .into_iter()
                .collect(),
            Spot::Argument(n) => args
                .get(first.saturating_add(usize::from(n)))
                .copied()
                .into_iter()
                .collect(),
            Spot::AnyArgument => args.get(first..).unwrap_or_default().to_vec(),
            Spot::World => {
                let world = self.domain.obj(Obj::World, Type::UNKNOWN);
                vec![self.domain.object(world)]
            }
            Spot::Return => Vec::new(),
        }
    }

    /// The key that a cell of `base` has.
    pub(super) fn key(&mut self, call: &Call<'_>, args: &[V], base: V, cell: &Cell) -> Option<Key> {
        Some(match cell {
            Cell::Whole | Cell::Next => return None,
            Cell::Any => Key::Any,
            Cell::Named(name) => self.named(name),
            Cell::Key(n) => {
                let first = usize::from(!call.is_static);
                let v = args.get(first.saturating_add(usize::from(*n))).copied();
                let key = self.domain.key(v.unwrap_or(V::UNSET).val);
                match (self.domain.objs(base.objs), key) {
                    ([base], key) => self.domain.key_of(*base, key),
                    (_, Key::Computed) => Key::Any,
                    (_, key) => key,
                }
            }
        })
    }

    pub(super) fn take(&mut self, frame: &Frame, call: &Call<'_>, args: &[V], base: V, cell: &Cell) -> V {
        let Some(key) = self.key(call, args, base, cell) else {
            return base;
        };
        let mut v = self.domain.read_all(&frame.heap, base.objs, key, Type::UNKNOWN);
        // What all of a container is made of, each part may be.
        let content = self
            .domain
            .read_all(&frame.heap, base.objs, Key::Content, Type::UNKNOWN);
        v.taint = self.domain.mix(v.taint, content.taint);
        v.taint = self.domain.mix(v.taint, base.taint);
        v
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one flow")]
    pub(super) fn give(
        &mut self,
        here: &Here<'a>,
        frame: &mut Frame,
        call: &Call<'_>,
        args: &[V],
        target: V,
        flow: &Flow,
        v: V,
    ) {
        let v = self.stored(here, call.pc, v);
        let key = match &flow.to.cell {
            Cell::Whole => {
                let content = V {
                    objs: Objs::NONE,
                    ..v
                };
                self.fill(frame, target.objs, content);
                return;
            }
            Cell::Next => {
                let length = self
                    .domain
                    .read_all(&frame.heap, target.objs, Key::Length, Type::UNKNOWN);
                let n = if length == V::UNSET {
                    Some(0)
                } else {
                    self.domain.values.single_int(length.val)
                };
                let next = match n {
                    Some(n) => self.domain.values.int(n.saturating_add(1)),
                    None => self.domain.values.unknown(Why::Computed),
                };
                self.domain
                    .write(&mut frame.heap, target.objs, Key::Length, V::of(next), true);
                n.and_then(|n| u16::try_from(n).ok()).map_or(Key::Any, Key::Index)
            }
            cell => self.key(call, args, target, cell).unwrap_or(Key::Any),
        };
        let sure = flow.to.spot != Spot::World;
        self.domain.write(&mut frame.heap, target.objs, key, v, sure);
    }

    /// Something becomes part of objects, and of those that they wrap: a stream of a stream.
    pub(super) fn fill(&mut self, frame: &mut Frame, objs: Objs, v: V) {
        let wraps = self.kept(Kept::To);
        let mut at = objs;
        for _ in 0..MAX_WRAPS {
            self.domain.write(&mut frame.heap, at, Key::Content, v, false);
            let mut next = Objs::NONE;
            for obj in self.domain.each(at) {
                let inner = frame.heap.get(obj, wraps).map_or(Objs::NONE, |v| v.objs);
                next = self.domain.union(next, inner);
            }
            if next == Objs::NONE {
                break;
            }
            at = next;
        }
    }
}
