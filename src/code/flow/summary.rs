//! What a method does to whatever it is given, and what that comes to for one call.

use rustc_hash::FxHashMap;

use super::super::hierarchy::{Hierarchy, M, Type};
use super::super::value::{Atom, Val, Why};
use super::domain::{Domain, Key, Obj, ObjId, Objs, Root, Step, Taint, V, Way};
use super::heap::Heap;

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
                let given = *key == Key::Address && !domain.values.symbols(v.val).is_empty();
                let text = v.objs != Objs::NONE || given || domain.values.is_worth(v.val);
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

/// What the symbols of a method called stand for.
#[derive(Debug)]
pub(crate) struct Binding<'h, 'a> {
    hierarchy: &'h Hierarchy<'a>,
    args: &'h [V],
    /// The cells before the call.
    heap: &'h Heap,
    at: M,
    pc: u32,
    known: FxHashMap<ObjId, V>,
    /// Origins by symbol, that of all it holds apart.
    origins: FxHashMap<(ObjId, bool), Taint>,
    taints: FxHashMap<Taint, Taint>,
}

impl<'h, 'a> Binding<'h, 'a> {
    pub(crate) fn new(hierarchy: &'h Hierarchy<'a>, args: &'h [V], heap: &'h Heap, at: M, pc: u32) -> Self {
        Self {
            hierarchy,
            args,
            heap,
            at,
            pc,
            known: FxHashMap::default(),
            origins: FxHashMap::default(),
            taints: FxHashMap::default(),
        }
    }

    /// What an object of the method called is to the caller.
    pub(crate) fn object(&mut self, domain: &mut Domain<'_>, obj: ObjId) -> V {
        if let Some(known) = self.known.get(&obj) {
            return *known;
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
                    let sources = domain.filtered(from.taint, |root| matches!(root, Root::Source(..)));
                    v.taint = domain.mix(v.taint, sources);
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
                for obj in domain.objs(v.objs).to_vec() {
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
        self.known.insert(obj, v);
        v
    }

    fn way(&self, domain: &mut Domain<'_>, outer: Way, inner: Way) -> Way {
        if inner == Way::START && outer == Way::START {
            return Way::START;
        }
        domain.way(Step::Through(outer, self.at, self.pc, inner))
    }

    /// What went into a symbol, or into all that it holds.
    fn origin(&mut self, domain: &mut Domain<'_>, obj: ObjId, whole: bool) -> Taint {
        if let Some(known) = self.origins.get(&(obj, whole)) {
            return *known;
        }
        let v = self.object(domain, obj);
        let taint = if whole {
            domain.whole(self.heap, v)
        } else {
            v.taint
        };
        self.origins.insert((obj, whole), taint);
        taint
    }

    /// Origins as the caller knows them.
    pub(crate) fn taint(&mut self, domain: &mut Domain<'_>, taint: Taint) -> Taint {
        if taint == Taint::NONE {
            return taint;
        }
        if let Some(known) = self.taints.get(&taint) {
            return *known;
        }
        let mut all: Vec<(Root, Way)> = Vec::new();
        for (root, inner) in domain.roots(taint).to_vec() {
            let root = domain.root_of(root);
            let outer = match root {
                Root::Source(..) | Root::Guess(..) => {
                    let way = self.way(domain, Way::START, inner);
                    all.push((root, way));
                    continue;
                }
                Root::Symbol(obj) | Root::GuessOf(obj) => self.origin(domain, obj, false),
                Root::Whole(obj) => self.origin(domain, obj, true),
            };
            let guess = matches!(root, Root::GuessOf(_));
            for (root, outer) in domain.roots(outer).to_vec() {
                let root = match domain.root_of(root) {
                    Root::Source(m, pc, row) if guess => Root::Guess(m, pc, row),
                    Root::Symbol(obj) | Root::Whole(obj) if guess => Root::GuessOf(obj),
                    root => root,
                };
                let way = self.way(domain, outer, inner);
                all.push((root, way));
            }
        }
        let mapped = domain.collect(all);
        self.taints.insert(taint, mapped);
        mapped
    }

    /// A value as the caller knows it.
    pub(crate) fn value(&mut self, domain: &mut Domain<'_>, v: V) -> V {
        let mut objs = Objs::NONE;
        for obj in domain.objs(v.objs).to_vec() {
            let mapped = self.object(domain, obj);
            objs = domain.union(objs, mapped.objs);
        }
        V {
            objs,
            val: self.val(domain, v.val),
            taint: self.taint(domain, v.taint),
        }
    }

    /// A text or number as the caller knows it.
    pub(crate) fn val(&mut self, domain: &mut Domain<'_>, val: Val) -> Val {
        let mut known: Vec<(u32, Val)> = Vec::new();
        for obj in domain.values.symbols(val) {
            let v = self.object(domain, ObjId(obj));
            let val = if v.val == Val::UNSET {
                domain.values.unknown(Why::Object)
            } else {
                v.val
            };
            known.push((obj, val));
        }
        if known.is_empty() {
            return val;
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
    let before = heap.clone();
    domain.charge(before.cells().len() >> 2);
    domain.charge(summary.cells.len());
    let mut binding = Binding::new(hierarchy, args, &before, at, pc);
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
