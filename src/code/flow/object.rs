//! Sets of objects, and values that are objects.

use super::super::package::index;
use super::super::value::{Atom, Why};
use super::domain::{Domain, MAX_OBJECTS, ObjId, Objs, Root, Taint, V, Way};

impl<'a> Domain<'a> {
    /// A set of one object.
    pub(crate) fn one(&mut self, obj: ObjId) -> Objs {
        if let Some(known) = self.singles.get(index(obj.0)).filter(|set| **set != Objs::NONE) {
            return *known;
        }
        let set = Objs(self.objs.intern(&[obj]));
        if let Some(slot) = self.singles.get_mut(index(obj.0)) {
            *slot = set;
        }
        set
    }

    /// The objects of a set, in order.
    pub(crate) fn objs(&self, set: Objs) -> &[ObjId] {
        self.objs.get(set.0)
    }

    /// The same by copy, for what changes the domain on the way.
    pub(crate) fn each(&self, set: Objs) -> impl Iterator<Item = ObjId> + use<> {
        let mut all = [ObjId(0); MAX_OBJECTS];
        let objs = self.objs(set);
        for (slot, obj) in all.iter_mut().zip(objs) {
            *slot = *obj;
        }
        all.into_iter().take(objs.len())
    }

    /// The value that is only this object.
    pub(crate) fn object(&mut self, obj: ObjId) -> V {
        V {
            objs: self.one(obj),
            val: self.values.unknown(Why::Object),
            taint: Taint::NONE,
        }
    }

    /// Whatever a symbol is.
    pub(crate) fn symbol(&mut self, obj: ObjId) -> V {
        V {
            objs: self.one(obj),
            ..self.number(obj)
        }
    }

    /// Whatever a symbol is that stands for a number.
    pub(crate) fn number(&mut self, obj: ObjId) -> V {
        V {
            objs: Objs::NONE,
            val: self.values.val(Atom::Root(obj.0)),
            taint: self.taint(Root::Symbol(obj), Way::START),
        }
    }

    /// Both sets of objects.
    pub(crate) fn union(&mut self, a: Objs, b: Objs) -> Objs {
        if a == b || b == Objs::NONE {
            return a;
        }
        if a == Objs::NONE {
            return b;
        }
        if let Some(joined) = self.obj_joins.get(&(a, b)) {
            return *joined;
        }
        let mut all = self.objs(a).to_vec();
        self.charge(all.len());
        for obj in self.objs(b) {
            if !all.contains(obj) && all.len() < MAX_OBJECTS {
                all.push(*obj);
            }
        }
        all.sort_unstable();
        let joined = Objs(self.objs.intern(&all));
        self.obj_joins.insert((a, b), joined);
        joined
    }

    /// All but one.
    pub(crate) fn without(&mut self, objs: Objs, gone: ObjId) -> Objs {
        let rest: Vec<ObjId> = self
            .objs(objs)
            .iter()
            .copied()
            .filter(|obj| *obj != gone)
            .collect();
        Objs(self.objs.intern(&rest))
    }
}
