//! What a method does to whatever it is given, and what that comes to for one call.

use super::super::hierarchy::{Hierarchy, M};
use super::super::interest::Interest;
use super::super::value::Val;
use super::bind::Binding;
use super::domain::{Domain, Key, Obj, ObjId, Objs, Taint, V};
use super::heap::Heap;

/// Cells and events that one summary keeps. One place where data leaves is an event for each address.
const MAX_CELLS: usize = 64;
const MAX_EVENTS: usize = 192;

/// Something reaches a place where data leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Event {
    /// Where, and which row of the signatures.
    pub(crate) m: M,
    pub(crate) pc: u32,
    pub(crate) row: u16,
    /// What arrives there.
    pub(crate) taint: Taint,
    /// The address, as far as it is known.
    pub(crate) address: Val,
}

/// A place where data leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Exit {
    pub(crate) m: M,
    pub(crate) pc: u32,
    pub(crate) row: u16,
}

/// What a method does.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Summary {
    pub(crate) result: Option<V>,
    pub(crate) thrown: Option<V>,
    /// Cells that it leaves changed.
    pub(crate) cells: Vec<((ObjId, Key), V)>,
    pub(crate) events: Vec<Event>,
    /// Places where data leaves, whatever it is.
    pub(crate) exits: Vec<Exit>,
    /// It may throw after it wrote something.
    pub(crate) late: bool,
    /// Something was left out.
    pub(crate) cut: bool,
}

impl Summary {
    /// From what a method ends with. Objects of its own that nobody outside can reach are left out.
    pub(crate) fn new(
        domain: &Domain<'_>,
        heap: &Heap,
        result: Option<V>,
        thrown: Option<V>,
        mut events: Vec<Event>,
        carries: &dyn Fn(Key) -> bool,
    ) -> Self {
        let mut reached: Vec<ObjId> = Vec::new();
        let reach = |objs: Objs, reached: &mut Vec<ObjId>| {
            for obj in domain.objs(objs) {
                if !domain.is_symbol(*obj) && !reached.contains(obj) && reached.len() < MAX_CELLS {
                    reached.push(*obj);
                }
            }
        };
        for v in result.iter().chain(&thrown) {
            reach(v.objs, &mut reached);
        }
        for ((obj, _), v) in heap.cells() {
            if domain.is_symbol(*obj) {
                reach(v.objs, &mut reached);
            }
        }
        let mut next = 0_usize;
        while let Some(obj) = reached.get(next).copied() {
            next = next.saturating_add(1);
            for (_, v) in heap.of(obj) {
                reach(v.objs, &mut reached);
            }
        }
        let mut cells: Vec<((ObjId, Key), V)> = heap
            .cells()
            .iter()
            .filter(|((obj, key), v)| {
                let known = domain.is_symbol(*obj) || reached.contains(obj);
                // A number in a field that no identifier is put into is nobody's business.
                let given = *key == Key::Address && domain.values.is_symbolic(v.val);
                let object = v.objs != Objs::NONE && !domain.is_plain(*key);
                let text = object || given || domain.values.is_worth(v.val);
                known && (text || carries(*key) && v.taint != Taint::NONE || domain.has_source(v.taint))
            })
            .copied()
            .collect();
        let cut = cells.len() > MAX_CELLS || events.len() > MAX_EVENTS;
        if cells.len() > MAX_CELLS {
            // What an identifier went into and whom the system may call matters most, then what lies near.
            cells.sort_by_key(|((obj, _), v)| {
                let plain = v.taint == Taint::NONE && v.objs == Objs::NONE;
                let shared = domain.what(*obj) == Obj::World;
                (!shared && !domain.has_source(v.taint), plain, domain.depth(*obj))
            });
            cells.truncate(MAX_CELLS);
            cells.sort_by_key(|(cell, _)| *cell);
        }
        events.truncate(MAX_EVENTS);
        Self {
            result,
            thrown,
            cells,
            events,
            exits: Vec::new(),
            late: false,
            cut,
        }
    }

    /// Forgets all but the texts that are put into cells.
    pub(crate) fn keep_texts(&mut self, domain: &Domain<'_>) {
        self.cells.retain(|(_, v)| domain.values.is_worth(v.val));
        for (_, v) in &mut self.cells {
            *v = V::of(v.val);
        }
        self.events.clear();
        self.thrown = None;
    }
}

/// The classes of a package, and what to look for.
pub(crate) type Known<'h, 'a> = (&'h Hierarchy<'a>, &'h Interest<'h>);

/// What a call comes to.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    pub(crate) result: Option<V>,
    pub(crate) thrown: Option<V>,
    pub(crate) events: Vec<Event>,
}

/// Does in `heap` what a summary says, for one call.
pub(crate) fn apply(
    domain: &mut Domain<'_>,
    known: Known<'_, '_>,
    summary: &Summary,
    args: &[V],
    heap: &mut Heap,
    at: M,
    pc: u32,
) -> Effect {
    domain.charge(heap.cells().len() >> 2);
    domain.charge(summary.cells.len());
    let mut binding = Binding::new(domain, known, args, heap, at, pc);
    // All is read before anything is written.
    let mut writes: Vec<(Objs, Key, V, bool)> = Vec::with_capacity(summary.cells.len());
    for ((obj, key), v) in &summary.cells {
        let base = binding.object(domain, *obj);
        if base.objs != Objs::NONE {
            let v = binding.value(domain, *v);
            // Two that a method has apart may be one to the caller.
            let sure = !matches!(key, Key::Of(_));
            writes.push((base.objs, binding.key(domain, *obj, *key), v, sure));
        }
    }
    let result = summary.result.map(|v| binding.value(domain, v));
    let thrown = summary.thrown.map(|v| binding.value(domain, v));
    let mut events = Vec::new();
    for event in &summary.events {
        let taint = binding.taint(domain, event.taint);
        if taint != Taint::NONE {
            let address = binding.val(domain, event.address);
            events.push(Event {
                taint,
                address,
                ..*event
            });
        }
    }
    for (objs, key, v, sure) in writes {
        domain.write(heap, objs, key, v, sure);
    }
    Effect {
        result,
        thrown,
        events,
    }
}
