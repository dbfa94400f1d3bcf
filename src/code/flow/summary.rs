//! What a method does to whatever it is given, and what that comes to for one call.

use super::super::hierarchy::{Hierarchy, M, Type};
use super::super::value::{Atom, Val, Why};
use super::domain::{Domain, Key, Obj, ObjId, Objs, Root, RootId, Step, Taint, V, Way};
use super::heap::Heap;
use super::noted::Noted;

/// Cells and events that one summary keeps.
const MAX_CELLS: usize = 64;
const MAX_EVENTS: usize = 48;

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
            // What an identifier went into matters most, then what lies near.
            cells.sort_by_key(|((obj, _), v)| {
                let plain = v.taint == Taint::NONE && v.objs == Objs::NONE;
                (!domain.has_source(v.taint), plain, domain.depth(*obj))
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

/// What was found out for one call.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    objects: Noted<V>,
    /// Origins by symbol, and those of all that it holds.
    origins: Noted<Taint>,
    wholes: Noted<Taint>,
    taints: Noted<Taint>,
}

/// What the symbols of a method called stand for.
#[derive(Debug)]
pub(crate) struct Binding<'h, 'a> {
    hierarchy: &'h Hierarchy<'a>,
    args: &'h [V],
    /// The cells before the call.
    heap: &'h Heap,
    at: M,
    pc: u32,
}

impl<'h, 'a> Binding<'h, 'a> {
    pub(crate) fn new(
        domain: &mut Domain<'_>,
        hierarchy: &'h Hierarchy<'a>,
        args: &'h [V],
        heap: &'h Heap,
        at: M,
        pc: u32,
    ) -> Self {
        domain.bound.objects.forget();
        domain.bound.origins.forget();
        domain.bound.wholes.forget();
        domain.bound.taints.forget();
        Self {
            hierarchy,
            args,
            heap,
            at,
            pc,
        }
    }

    /// What an object of the method called is to the caller.
    pub(crate) fn object(&mut self, domain: &mut Domain<'_>, obj: ObjId) -> V {
        if let Some(known) = domain.bound.objects.get(obj.0) {
            return known;
        }
        let v = match domain.what(obj) {
            Obj::Param(i) => self.args.get(usize::from(i)).copied().unwrap_or(V::UNSET),
            Obj::Load(base, key) => {
                let from = self.object(domain, base);
                if from.objs == Objs::NONE {
                    // A text stands for itself; of anything else all is known that went into it.
                    match key {
                        Key::Content => from,
                        _ => V {
                            objs: Objs::NONE,
                            val: domain.values.unknown(Why::Object),
                            taint: from.taint,
                        },
                    }
                } else {
                    let type_ = domain.type_of(obj);
                    let mut v = domain.read_all(self.heap, from.objs, key, type_);
                    // What is tainted as a whole is so in each of its parts.
                    if domain.has_source(from.taint) {
                        let sources = domain.filtered(from.taint, |root| matches!(root, Root::Source(..)));
                        v.taint = domain.mix(v.taint, sources);
                    }
                    if key == Key::Content && v == V::UNSET {
                        v = V {
                            objs: Objs::NONE,
                            ..from
                        };
                    }
                    v
                }
            }
            Obj::As(base, m) => {
                let mut v = self.object(domain, base);
                let mut objs = Objs::NONE;
                for obj in domain.each(v.objs) {
                    let one = if domain.is_exact(obj) {
                        if !self.hierarchy.runs(domain.type_of(obj), m) {
                            continue;
                        }
                        obj
                    } else if domain.is_symbol(obj) {
                        domain.obj(Obj::As(obj, m), Type::UNKNOWN)
                    } else {
                        obj
                    };
                    let one = domain.one(one);
                    objs = domain.union(objs, one);
                }
                v.objs = objs;
                v
            }
            Obj::Statics(_) | Obj::World | Obj::Component(_) | Obj::Given(..) => domain.object(obj),
            Obj::New(..) | Obj::Handed(..) | Obj::Within(..) => {
                let mine = domain.within(obj, self.at, self.pc);
                domain.object(mine)
            }
        };
        domain.bound.objects.put(obj.0, v);
        v
    }

    fn way(&self, domain: &mut Domain<'_>, outer: Way, inner: Way) -> Way {
        if inner == Way::START && outer == Way::START {
            return Way::START;
        }
        domain.way(Step::Through(outer, self.at, self.pc, inner))
    }

    /// What went into a symbol.
    fn origin(&mut self, domain: &mut Domain<'_>, obj: ObjId) -> Taint {
        if let Some(known) = domain.bound.origins.get(obj.0) {
            return known;
        }
        let taint = self.object(domain, obj).taint;
        domain.bound.origins.put(obj.0, taint);
        taint
    }

    /// What went into a symbol and into all that it holds.
    fn whole(&mut self, domain: &mut Domain<'_>, obj: ObjId) -> Taint {
        if let Some(known) = domain.bound.wholes.get(obj.0) {
            return known;
        }
        let v = self.object(domain, obj);
        let taint = domain.whole(self.heap, v);
        domain.bound.wholes.put(obj.0, taint);
        taint
    }

    /// Origins as the caller knows them.
    pub(crate) fn taint(&mut self, domain: &mut Domain<'_>, taint: Taint) -> Taint {
        if taint == Taint::NONE {
            return taint;
        }
        if let Some(known) = domain.bound.taints.get(taint.0) {
            return known;
        }
        let mut all: Vec<(RootId, Way)> = Vec::new();
        for n in 0..domain.roots(taint).len() {
            let Some((id, inner)) = domain.roots(taint).get(n).copied() else {
                break;
            };
            let root = domain.root_of(id);
            let outer = match root {
                Root::Source(..) | Root::Guess(..) => {
                    let way = self.way(domain, Way::START, inner);
                    all.push((id, way));
                    continue;
                }
                Root::Symbol(obj) | Root::GuessOf(obj) => self.origin(domain, obj),
                Root::Whole(obj) => self.whole(domain, obj),
            };
            let guess = matches!(root, Root::GuessOf(_));
            for n in 0..domain.roots(outer).len() {
                let Some((mut id, outer)) = domain.roots(outer).get(n).copied() else {
                    break;
                };
                if guess {
                    id = match domain.root_of(id) {
                        Root::Source(m, pc, row) => domain.root(Root::Guess(m, pc, row)),
                        Root::Symbol(obj) | Root::Whole(obj) => domain.root(Root::GuessOf(obj)),
                        _ => id,
                    };
                }
                let way = self.way(domain, outer, inner);
                all.push((id, way));
            }
        }
        let mapped = domain.collect(all);
        domain.bound.taints.put(taint.0, mapped);
        mapped
    }

    /// A value as the caller knows it.
    pub(crate) fn value(&mut self, domain: &mut Domain<'_>, v: V) -> V {
        let mut objs = Objs::NONE;
        for obj in domain.each(v.objs) {
            let mapped = self.object(domain, obj);
            objs = domain.union(objs, mapped.objs);
        }
        V {
            objs,
            val: self.val(domain, v.val),
            taint: self.taint(domain, v.taint),
        }
    }

    fn text_of(&mut self, domain: &mut Domain<'_>, obj: ObjId) -> Val {
        let v = self.object(domain, obj);
        if v.val == Val::UNSET {
            domain.values.unknown(Why::Object)
        } else {
            v.val
        }
    }

    /// A text or number as the caller knows it.
    pub(crate) fn val(&mut self, domain: &mut Domain<'_>, val: Val) -> Val {
        if !domain.values.is_symbolic(val) {
            return val;
        }
        // Most often it is the symbol itself.
        if let Some(Atom::Root(obj)) = domain.values.single(val) {
            return self.text_of(domain, ObjId(obj));
        }
        let mut known: Vec<(u32, Val)> = Vec::new();
        for obj in domain.values.symbols(val) {
            let val = self.text_of(domain, ObjId(obj));
            known.push((obj, val));
        }
        domain.values.fill(val, &mut |_, atom| match atom {
            Atom::Root(obj) => known.iter().find(|(o, _)| *o == obj).map(|(_, val)| *val),
            _ => None,
        })
    }
}

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
    hierarchy: &Hierarchy<'_>,
    summary: &Summary,
    args: &[V],
    heap: &mut Heap,
    at: M,
    pc: u32,
) -> Effect {
    domain.charge(heap.cells().len() >> 2);
    domain.charge(summary.cells.len());
    let mut binding = Binding::new(domain, hierarchy, args, heap, at, pc);
    // All is read before anything is written.
    let mut writes: Vec<(Objs, Key, V)> = Vec::with_capacity(summary.cells.len());
    for ((obj, key), v) in &summary.cells {
        let base = binding.object(domain, *obj);
        let v = binding.value(domain, *v);
        writes.push((base.objs, *key, v));
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
    for (objs, key, v) in writes {
        domain.write(heap, objs, key, v, true);
    }
    Effect {
        result,
        thrown,
        events,
    }
}
