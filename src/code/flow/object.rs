//! Sets of objects, and values that are objects.

use super::super::value::{Atom, Why};
use super::domain::{Domain, MAX_OBJECTS, ObjId, Objs, Root, Taint, V, Way};

impl<'a> Domain<'a> {
    /// A set of one object.
    pub(crate) fn one(&mut self, obj: ObjId) -> Objs {
        Objs(self.objs.intern(&[obj]))
    }

    /// The objects of a set, in order.
    pub(crate) fn objs(&self, set: Objs) -> &[ObjId] {
        self.objs.get(set.0)
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
        let val = self.values.val(Atom::Root(obj.0));
        let taint = self.taint(Root::Symbol(obj), Way::START);
        V {
            objs: self.one(obj),
            val,
            taint,
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
