//! What the system is given to call back, and what is taken back from it.

use super::super::hierarchy::{M, Type};
use super::super::package::index;
use super::call::Call;
use super::domain::{Key, MAX_OBJECTS, Obj, ObjId, Objs, Taint, V};
use super::heap::Heap;
use super::outside::{Kept, is_value};
use super::run::{Frame, Here};
use super::trace::Tracer;
use super::world::Found;

/// Cells for those who wait: one has room for few, and a method of a large app hands the system many. Those that are
/// made here are not to lose their room to symbols, of which most stand for nothing that is called back.
const MADE: u32 = 16;
const SYMBOLS: u32 = 4;
const CELLS: u32 = MADE + SYMBOLS;
/// Objects that are called back though there was no room for them beside the components.
const MAX_WAITING: usize = 512;

impl<'a> Tracer<'a, '_> {
    /// Objects of the package's own classes that the system is given may be called back.
    pub(super) fn escape(&mut self, here: &Here<'a>, frame: &mut Frame, call: &Call<'_>, args: &[V]) {
        if self.take_back(frame, call, args) {
            return;
        }
        let constructor = &*call.callee.name == b"<init>";
        let first = usize::from(!call.is_static);
        let world = self.domain.obj(Obj::World, Type::UNKNOWN);
        let world = self.domain.one(world);
        for (n, v) in args.iter().enumerate() {
            if n < first && constructor || is_value(self.letter_of(call, n)) {
                continue;
            }
            for obj in self.domain.objs(v.objs).to_vec() {
                if !self.may_be_called_back(obj) {
                    continue;
                }
                let one = self.domain.object(obj);
                // Of a context all is called that there is to call, whoever it is handed to.
                if !self.domain.is_symbol(obj) || !self.is_holder(self.domain.type_of(obj)) {
                    let cell = self.waiting_cell(obj);
                    self.domain.write(&mut frame.heap, world, cell, one, false);
                }
                if n >= first {
                    self.set(frame, call, args, one);
                }
                // What a method of the system is given together with it may be what it is called with.
                if n < first && call.callee.parameters.len() < 8 {
                    for arg in args.iter().skip(first) {
                        if arg.objs != Objs::NONE || arg.taint != Taint::NONE {
                            let arg = self.stored(here, call.pc, *arg);
                            let given = self.kept(Kept::Given);
                            self.domain.write(&mut frame.heap, one.objs, given, arg, false);
                        }
                    }
                }
            }
        }
    }

    /// The cells for those who wait.
    pub(super) fn waiting_cells(&mut self) -> Vec<Key> {
        (0..CELLS).map(|n| self.named(&format!("waiting {n}"))).collect()
    }

    /// The cell for an object that waits: those of one class are in one.
    fn waiting_cell(&self, obj: ObjId) -> Key {
        let at = if self.domain.is_symbol(obj) {
            MADE.saturating_add(obj.0.checked_rem(SYMBOLS).unwrap_or_default())
        } else {
            self.domain.type_of(obj).0.checked_rem(MADE).unwrap_or_default()
        };
        self.waiting.get(index(at)).copied().unwrap_or(Key::Any)
    }

    /// Some of those who wait.
    pub(super) fn listeners(&mut self, heap: &Heap) -> Vec<ObjId> {
        let world = self.domain.obj(Obj::World, Type::UNKNOWN);
        let mut all: Vec<ObjId> = Vec::new();
        for cell in self.waiting.clone() {
            let objs = heap.get(world, cell).map_or(Objs::NONE, |v| v.objs);
            // What the system calls of a component, it does anyway.
            let others = |obj: &&ObjId| !matches!(self.domain.what(**obj), Obj::Component(_));
            all.extend(self.domain.objs(objs).iter().filter(others));
        }
        all.sort_unstable();
        all.dedup();
        all.truncate(MAX_OBJECTS);
        all
    }

    /// Takes those who wait out of the cells, so that what one call adds is seen.
    pub(super) fn set_waiting_aside(&mut self, heap: &mut Heap) -> Vec<(Key, V)> {
        let world = self.domain.obj(Obj::World, Type::UNKNOWN);
        let mut all = Vec::new();
        for cell in self.waiting.clone() {
            let before = heap.get(world, cell);
            if before.is_some() {
                heap.put(world, cell, V::UNSET);
            }
            all.push((cell, before.unwrap_or(V::UNSET)));
        }
        all
    }

    /// Remembers those whom a call added to those who wait, and puts back the others.
    pub(super) fn note_waiting(&mut self, before: Vec<(Key, V)>, heap: &mut Heap, found: &mut Found) {
        let world = self.domain.obj(Obj::World, Type::UNKNOWN);
        for (cell, before) in before {
            let Some(added) = heap.get(world, cell) else {
                continue;
            };
            for obj in self.domain.objs(added.objs).to_vec() {
                if found.waiting.len() < MAX_WAITING
                    && !found.waiting.contains(&obj)
                    && self.is_worth_calling(obj)
                {
                    found.waiting.push(obj);
                }
            }
            let all = self.domain.join(before, added);
            heap.put(world, cell, all);
        }
    }

    /// Calls back those for whom there was no room beside the components.
    pub(super) fn call_waiting(&mut self, world: &mut Heap, found: &mut Found) {
        let near = self.listeners(world);
        let mut next = 0_usize;
        while let Some(listener) = found.waiting.get(next).copied() {
            next = next.saturating_add(1);
            if near.contains(&listener) {
                continue;
            }
            for m in self.callbacks(self.domain.type_of(listener)) {
                if self.does_something(m) {
                    self.maybe(m, Some(listener), world, found);
                }
            }
        }
    }

    /// Whether something comes of it when the system calls an object back. What it calls of a component, it does anyway.
    fn is_worth_calling(&self, obj: ObjId) -> bool {
        let component = matches!(self.domain.what(obj), Obj::Component(_));
        !component
            && self
                .callbacks(self.domain.type_of(obj))
                .into_iter()
                .any(|m| self.does_something(m))
    }

    fn does_something(&self, m: M) -> bool {
        self.summary(m)
            .is_some_and(|summary| !summary.events.is_empty() || !summary.cells.is_empty())
    }

    pub(super) fn may_be_called_back(&self, obj: ObjId) -> bool {
        match self.domain.what(obj) {
            Obj::Param(_) | Obj::Load(..) | Obj::As(..) => true,
            Obj::New(..) | Obj::Within(..) => self.hierarchy.is_inside(self.domain.type_of(obj)),
            _ => false,
        }
    }

    /// The one object whose setter is called, with the cell for what was handed to it before.
    fn setter(&mut self, call: &Call<'_>, args: &[V]) -> Option<(ObjId, Key)> {
        let name = &*call.callee.name;
        if call.is_static || call.callee.parameters.len() != 1 || !name.starts_with(b"set") {
            return None;
        }
        let [obj] = *self.domain.objs(args.first()?.objs) else {
            return None;
        };
        // Of a symbol it is not known whether it is another under a different name.
        if self.domain.is_symbol(obj) {
            return None;
        }
        let mut text = b"@".to_vec();
        text.extend_from_slice(name);
        let number = self.domain.text(&text);
        self.setters.insert(number);
        Some((obj, Key::Field(number)))
    }

    /// A setter replaces what it was given before.
    fn set(&mut self, frame: &mut Frame, call: &Call<'_>, args: &[V], listener: V) {
        if let Some((obj, key)) = self.setter(call, args) {
            frame.heap.put(obj, key, listener);
        }
    }

    /// Whether a call takes back what is to be called: it is handed nothing, or says so by its name. What other
    /// methods did, and what is kept elsewhere too, stays.
    fn take_back(&mut self, frame: &mut Frame, call: &Call<'_>, args: &[V]) -> bool {
        let given = args.get(usize::from(!call.is_static)..).unwrap_or_default();
        let removes = call.callee.removes;
        let objs = match given {
            [listener] if removes => listener.objs,
            [nothing]
                if nothing.objs == Objs::NONE && self.domain.values.single_int(nothing.val) == Some(0) =>
            {
                let Some((obj, key)) = self.setter(call, args) else {
                    return false;
                };
                let Some(before) = frame.heap.get(obj, key) else {
                    return false;
                };
                frame.heap.put(obj, key, V::UNSET);
                before.objs
            }
            _ => return false,
        };
        let [gone] = *self.domain.objs(objs) else {
            return removes;
        };
        let elsewhere = frame.heap.cells().iter().any(|((_, key), v)| {
            let set = matches!(key, Key::Field(name) if self.setters.contains(name));
            set && self.domain.objs(v.objs).contains(&gone)
        });
        let world = self.domain.obj(Obj::World, Type::UNKNOWN);
        let cell = self.waiting_cell(gone);
        if let Some(mut all) = frame.heap.get(world, cell).filter(|_| !elsewhere) {
            all.objs = self.domain.without(all.objs, gone);
            frame.heap.put(world, cell, all);
        }
        true
    }
}
