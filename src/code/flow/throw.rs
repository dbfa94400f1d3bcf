//! Where an exception may come from: what a handler finds is as it was there.

use rustc_hash::FxHashMap;

use super::super::package::index;
use super::domain::{Obj, ObjId, Objs, Taint, V};
use super::outside::Kept;
use super::run::{Frame, Here};
use super::trace::Tracer;
use crate::artifact::dex::{Code, Insn};

/// `try` items of one method that are looked at, and what each catches.
const MAX_TRIES: usize = 1 << 12;
const MAX_CATCHES: usize = 16;

/// The elements of arrays that are made here, as far as it is known how many they are.
pub(super) type Sizes = FxHashMap<ObjId, Option<i64>>;

impl<'a> Tracer<'a, '_> {
    /// Whether an instruction may throw an exception. That memory or a class is missing does not count.
    pub(super) fn throws(&mut self, here: &Here<'a>, frame: &Frame, insn: &Insn<'a>) -> bool {
        match insn.op.0 {
            // monitor-enter, monitor-exit, check-cast, throw
            0x1d..=0x1f | 0x27 => true,
            // array-length
            0x21 => !self.is_there(here, frame.get(insn.b())),
            // new-array
            0x23 => {
                let size = self.domain.values.single_int(frame.get(insn.b()).val);
                size.is_none_or(|size| size < 0)
            }
            // aget*, aput*
            0x44..=0x51 => !self.is_within(here, frame.get(insn.b()), frame.get(insn.c())),
            // iget*, iput*
            0x52..=0x5f => !self.is_there(here, frame.get(insn.b())),
            // invoke-*
            0x6e..=0x72 | 0x74..=0x78 => {
                let callee = insn.index().and_then(|method| self.callee(here.dex_no, method));
                callee.is_none_or(|callee| !callee.quiet)
            }
            // div and rem of int and long
            0x93 | 0x94 | 0x9e | 0x9f | 0xb3 | 0xb4 | 0xbe | 0xbf => true,
            // … by a number that is known
            0xd3 | 0xd4 | 0xdb | 0xdc => insn.literal() == Some(0),
            // invoke-polymorphic, invoke-custom
            0xfa..=0xfd => true,
            _ => false,
        }
    }

    /// Where handlers begin that catch only what is never thrown: that what every device has is missing.
    pub(super) fn idle_handlers(&self, dex_no: u16, code: &Code<'a>) -> Vec<u32> {
        let lifecycles = &self.interest.rules().lifecycles;
        let (mut idle, mut busy) = (Vec::new(), Vec::new());
        for item in code.tries().take(MAX_TRIES).filter_map(Result::ok) {
            for catch in item.catches.filter_map(Result::ok).take(MAX_CATCHES) {
                let class = catch
                    .type_
                    .and_then(|class| self.package.type_name(dex_no, class));
                if class.is_some_and(|class| lifecycles.is_never_thrown(class)) {
                    idle.push(catch.pc);
                } else {
                    busy.push(catch.pc);
                }
            }
        }
        if !idle.is_empty() {
            busy.sort_unstable();
            idle.retain(|pc| busy.binary_search(pc).is_err());
        }
        idle
    }

    /// Whether it is known that there is an object.
    fn is_there(&self, here: &Here<'a>, v: V) -> bool {
        let own = !self.is_static(here.m);
        let there = |obj: &ObjId| match self.domain.what(*obj) {
            Obj::New(..) => true,
            Obj::Param(0) => own,
            _ => false,
        };
        v.objs != Objs::NONE && self.domain.objs(v.objs).iter().all(there)
    }

    /// Whether it is known that an array has this element.
    fn is_within(&self, here: &Here<'a>, array: V, position: V) -> bool {
        let [obj] = *self.domain.objs(array.objs) else {
            return false;
        };
        let size = here.sizes.get(&obj).copied().flatten();
        let position = self.domain.values.single_int(position.val);
        size.zip(position)
            .is_some_and(|(size, position)| (0..size).contains(&position))
    }

    /// Keeps how many elements an array has, if it is the same each time that it is made.
    pub(super) fn sized(&mut self, here: &mut Here<'a>, obj: ObjId, size: V) {
        let size = self.domain.values.single_int(size.val);
        let known = here.sizes.entry(obj).or_insert(size);
        if *known != size {
            *known = None;
        }
    }

    /// Whether something that matters to a caller was written by now.
    pub(super) fn has_written(&mut self, frame: &Frame) -> bool {
        let given = self.kept(Kept::Given);
        frame.heap.cells().iter().any(|((obj, key), v)| {
            v.taint != Taint::NONE
                && self.domain.is_symbol(*obj)
                && *key != given
                && !self.waiting.contains(key)
        })
    }

    /// Whether a call may throw what it made, or after it wrote something: a handler may find what it did.
    pub(super) fn is_late(&mut self, here: &Here<'a>, insn: &Insn<'a>) -> bool {
        let Some(callee) = insn.index().and_then(|method| self.callee(here.dex_no, method)) else {
            return true;
        };
        // What is called depends on the object; of a method outside it is not known when it throws.
        let Some(m) = self.hierarchy.resolve(callee.class, callee.selector) else {
            return true;
        };
        let direct = matches!(insn.op.0, 0x70 | 0x71 | 0x76 | 0x77);
        let known = self.summaries.get(index(m.0)).and_then(Option::as_ref);
        !direct || known.is_none_or(|summary| summary.late || summary.thrown.is_some())
    }
}
