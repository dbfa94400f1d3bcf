//! What the system is given to call back, and what is taken back from it.

use super::super::hierarchy::Type;
use super::call::Call;
use super::domain::{Key, Obj, ObjId, Objs, Taint, V};
use super::outside::{Kept, is_value};
use super::run::{Frame, Here};
use super::trace::Tracer;

impl<'a> Tracer<'a, '_> {
    /// Objects of the package's own classes that the system is given may be called back.
    pub(super) fn escape(&mut self, here: &Here<'a>, frame: &mut Frame, call: &Call<'_>, args: &[V]) {
        if self.take_back(frame, call, args) {
            return;
        }
        let constructor = &*call.callee.name == b"<init>";
        let first = usize::from(!call.is_static);
        let listeners = self.kept(Kept::Listeners);
        let world = self.domain.obj(Obj::World, Type::UNKNOWN);
        let world = self.domain.one(world);
        for (n, v) in args.iter().enumerate() {
            if n < first && constructor || is_value(self.letter_of(call, n)) {
                continue;
            }
            let objs: Vec<ObjId> = self
                .domain
                .objs(v.objs)
                .iter()
                .copied()
                .filter(|obj| self.may_be_called_back(*obj))
                .collect();
            for obj in objs {
                let one = self.domain.object(obj);
                self.domain.write(&mut frame.heap, world, listeners, one, false);
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
        let listeners = self.kept(Kept::Listeners);
        if let Some(mut all) = frame.heap.get(world, listeners).filter(|_| !elsewhere) {
            all.objs = self.domain.without(all.objs, gone);
            frame.heap.put(world, listeners, all);
        }
        true
    }
}
