//! What the cells of objects hold at one place of a method.

use std::cmp::Ordering;
use std::rc::Rc;

use super::super::hierarchy::Type;
use super::super::value::{Atom, Val, Why};
use super::domain::{Domain, Key, Obj, ObjId, Objs, Root, Taint, V, Way};

/// Cells kept in one state. A method that fills more is a table.
const MAX_CELLS: usize = 2048;
/// Objects looked at when all that an object holds is asked for.
const MAX_WHOLE: usize = 64;

/// Cells that were written, sorted. What is not here is as it was when the method began. Of the many states of a
/// method most are the same: they share their cells until one of them is written to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heap {
    cells: Rc<Vec<((ObjId, Key), V)>>,
}

impl PartialEq for Heap {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.cells, &other.cells) || self.cells == other.cells
    }
}

impl Heap {
    /// All cells.
    pub(crate) fn cells(&self) -> &[((ObjId, Key), V)] {
        &self.cells
    }

    /// A cell that was written.
    pub(crate) fn get(&self, obj: ObjId, key: Key) -> Option<V> {
        let at = self.cells.binary_search_by_key(&(obj, key), |(k, _)| *k).ok()?;
        self.cells.get(at).map(|(_, v)| *v)
    }

    /// Writes a cell for sure.
    pub(crate) fn put(&mut self, obj: ObjId, key: Key, v: V) {
        match self.cells.binary_search_by_key(&(obj, key), |(k, _)| *k) {
            Ok(at) => {
                if self.cells.get(at).is_none_or(|(_, old)| *old == v) {
                    return;
                }
                if let Some(slot) = Rc::make_mut(&mut self.cells).get_mut(at) {
                    slot.1 = v;
                }
            }
            Err(at) if self.cells.len() < MAX_CELLS => {
                Rc::make_mut(&mut self.cells).insert(at, ((obj, key), v));
            }
            Err(_) => {}
        }
    }

    /// The cells of one object.
    pub(crate) fn of(&self, obj: ObjId) -> &[((ObjId, Key), V)] {
        let first = self.cells.partition_point(|((o, _), _)| *o < obj);
        let rest = self.cells.get(first..).unwrap_or_default();
        let len = rest.partition_point(|((o, _), _)| *o == obj);
        rest.get(..len).unwrap_or_default()
    }

    /// Leaves out cells that mean nothing outside of a method.
    pub(crate) fn leave_out(&mut self, inner: impl Fn(Key) -> bool) {
        if self.cells.iter().any(|((_, key), _)| inner(*key)) {
            Rc::make_mut(&mut self.cells).retain(|((_, key), _)| !inner(*key));
        }
    }

    /// Forgets what an object held: it is made anew.
    pub(crate) fn forget(&mut self, obj: ObjId) {
        if !self.of(obj).is_empty() {
            Rc::make_mut(&mut self.cells).retain(|((o, _), _)| *o != obj);
        }
    }
}

impl Domain<'_> {
    /// The key, or the position, that a value is, as far as it is known.
    pub(crate) fn key(&mut self, val: Val) -> Key {
        let one = match self.values.alternatives(val).as_slice() {
            [one] => *one,
            _ => return Key::Any,
        };
        match self.values.atom(one) {
            Atom::Int(n) => return u16::try_from(n).map_or(Key::Any, Key::Index),
            // What is found in a container may be any of its elements.
            Atom::Root(symbol) if matches!(self.what(ObjId(symbol)), Obj::Param(_)) => {
                return Key::Of(ObjId(symbol));
            }
            Atom::Unknown(Why::Computed) | Atom::Cat(..) => return Key::Computed,
            _ => {}
        }
        let Some(bytes) = self.values.bytes(one).map(<[u8]>::to_vec) else {
            return Key::Any;
        };
        Key::Text(self.text(&bytes))
    }

    /// The key as one of an object: only in what all parts of an app share one that is computed is apart from others.
    pub(crate) fn key_of(&self, obj: ObjId, key: Key) -> Key {
        match key {
            Key::Computed if !matches!(self.what(obj), Obj::World) => Key::Any,
            key => key,
        }
    }

    /// What one cell holds, not asking for others that may be the same.
    fn cell(&mut self, heap: &Heap, obj: ObjId, key: Key, type_: Type) -> V {
        match heap.get(obj, key) {
            Some(v) => v,
            None => self.first(obj, key, type_),
        }
    }

    /// What a cell held when the method began.
    fn first(&mut self, obj: ObjId, key: Key, type_: Type) -> V {
        if self.outermost || !self.is_symbol(obj) {
            // What nobody here made may hold something that nobody here made.
            if self.is_handed(obj)
                && !matches!(key, Key::Content | Key::Address | Key::Typed | Key::Length)
                && let Some(load) = self.load(obj, key, type_)
            {
                return self.object(load);
            }
            return V::UNSET;
        }
        match self.load(obj, key, type_) {
            Some(load) if self.is_plain(key) => self.number(load),
            Some(load) => self.symbol(load),
            None => V {
                objs: Objs::NONE,
                val: self.values.unknown(Why::Object),
                taint: self.taint(Root::Whole(obj), Way::START),
            },
        }
    }

    /// What a cell of one object holds.
    pub(crate) fn read(&mut self, heap: &Heap, obj: ObjId, key: Key, type_: Type) -> V {
        let mut v = self.cell(heap, obj, key, type_);
        // What all parts of an app share is kept under keys that the code spells, and others.
        let shared = matches!(self.what(obj), Obj::World) && key != Key::Any;
        let other: fn(Key) -> bool = match key {
            _ if shared => return v,
            // One that is known may have been written as one that is not.
            Key::Text(_) | Key::Index(_) => |other| matches!(other, Key::Of(_) | Key::Any),
            Key::Of(_) | Key::Any => |other| {
                matches!(
                    other,
                    Key::Text(_) | Key::Index(_) | Key::Of(_) | Key::Computed | Key::Any
                )
            },
            _ => return v,
        };
        for ((_, at), element) in heap.of(obj) {
            if *at != key && other(*at) {
                v = self.join(v, *element);
            }
        }
        v
    }

    /// What a cell of any of these objects holds.
    pub(crate) fn read_all(&mut self, heap: &Heap, objs: Objs, key: Key, type_: Type) -> V {
        let mut v = V::UNSET;
        for obj in self.each(objs) {
            let one = self.read(heap, obj, key, type_);
            v = self.join(v, one);
        }
        v
    }

    /// Writes a cell: for sure where there is one object that it may be, else beside what was there.
    pub(crate) fn write(&mut self, heap: &mut Heap, objs: Objs, key: Key, v: V, sure: bool) {
        let sure = sure && self.objs(objs).len() == 1 && !matches!(key, Key::Of(_) | Key::Any);
        for obj in self.each(objs) {
            let v = if sure {
                v
            } else {
                let before = self.cell(heap, obj, key, Type::UNKNOWN);
                self.join(before, v)
            };
            heap.put(obj, key, v);
        }
    }

    /// All that went into a value, its objects' cells included.
    pub(crate) fn whole(&mut self, heap: &Heap, v: V) -> Taint {
        let mut taint = v.taint;
        if v.objs == Objs::NONE {
            return taint;
        }
        let mut all = self.objs(v.objs).to_vec();
        let mut next = 0_usize;
        while let Some(obj) = all.get(next).copied() {
            next = next.saturating_add(1);
            // A component leads to all of an app: what it holds is not what is handed out with it.
            if matches!(self.what(obj), Obj::Component(_) | Obj::World) {
                continue;
            }
            self.charge(heap.of(obj).len());
            if self.is_symbol(obj) && !self.outermost {
                let rest = self.taint(Root::Whole(obj), Way::START);
                taint = self.mix(taint, rest);
            }
            for ((_, key), cell) in heap.of(obj) {
                // The address of a connection is no part of what is sent, and a view is not what is typed into it.
                if matches!(key, Key::Address | Key::Typed) {
                    continue;
                }
                taint = self.mix(taint, cell.taint);
                for more in self.objs(cell.objs) {
                    if all.len() < MAX_WHOLE && !all.contains(more) {
                        all.push(*more);
                    }
                }
            }
        }
        taint
    }

    /// Either of two states of the cells. Both are sorted, so they are gone through side by side.
    pub(crate) fn meet(&mut self, old: &mut Heap, new: &Heap) -> bool {
        if old == new {
            return false;
        }
        self.charge(new.cells.len());
        let mut changed = false;
        let mut room = MAX_CELLS.saturating_sub(old.cells.len());
        // Nothing is copied before the first cell that differs.
        let mut all: Vec<((ObjId, Key), V)> = Vec::new();
        let mut same = 0_usize;
        let (mut olds, mut news) = (old.cells.iter().peekable(), new.cells.iter().peekable());
        loop {
            let side = match (olds.peek(), news.peek()) {
                (Some((a, _)), Some((b, _))) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let was = olds.next_if(|_| side != Ordering::Greater).copied();
            let is = news.next_if(|_| side != Ordering::Less).copied();
            let cell = match (was, is) {
                (Some((cell, was)), Some((_, is))) => (cell, was, self.join(was, is)),
                // What only one of them wrote is in the other as it was when the method began.
                (Some((cell, was)), None) if self.is_symbol(cell.0) => {
                    let initial = self.initial(cell);
                    (cell, was, self.join(was, initial))
                }
                (Some((cell, was)), None) => (cell, was, was),
                (None, Some((cell, is))) => {
                    if room == 0 {
                        continue;
                    }
                    room = room.saturating_sub(1);
                    changed = true;
                    let initial = self.initial(cell);
                    let joined = self.join(initial, is);
                    (cell, joined, joined)
                }
                (None, None) => continue,
            };
            let (cell, before, after) = cell;
            changed |= before != after;
            if !changed {
                same = same.saturating_add(1);
                continue;
            }
            if all.is_empty() {
                all.reserve(old.cells.len().max(new.cells.len()));
                all.extend_from_slice(old.cells.get(..same).unwrap_or_default());
            }
            all.push((cell, after));
        }
        if changed {
            old.cells = Rc::new(all);
        }
        changed
    }

    fn initial(&mut self, (obj, key): (ObjId, Key)) -> V {
        self.first(obj, key, Type::UNKNOWN)
    }
}
