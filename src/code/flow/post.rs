//! Intents on their way from one component to another.

use super::super::text;
use super::super::value::Val;
use super::domain::{ObjId, Objs, V};
use super::heap::Heap;
use super::life::Life;
use super::trace::Tracer;

impl<'a> Tracer<'a, '_> {
    /// Gives a component the intents that are meant for it.
    pub(super) fn deliver(&mut self, life: &Life, lives: &[Life], this: ObjId, heap: &mut Heap) {
        let sent = self.world_cell(heap, "sent");
        let mut mine = Objs::NONE;
        for intent in self.domain.objs(sent.objs).to_vec() {
            if self.is_for(heap, intent, life, lives) {
                let one = self.domain.one(intent);
                mine = self.domain.union(mine, one);
            }
        }
        if mine != Objs::NONE {
            let v = V {
                objs: mine,
                ..self.domain.unknown()
            };
            let key = self.named("incoming");
            heap.put(this, key, v);
        }
    }

    /// Whether an intent reaches a component: by its class, by its action, or nobody knows.
    pub(super) fn is_for(&mut self, heap: &Heap, intent: ObjId, life: &Life, lives: &[Life]) -> bool {
        let key = self.named("class");
        let class = heap.get(intent, key).unwrap_or(V::UNSET);
        let mut names = self.names(class.val);
        // A component's name is an object of its own.
        for name in self.domain.objs(class.objs) {
            names.extend(heap.get(*name, key).iter().flat_map(|v| self.names(v.val)));
        }
        // The second argument of a constructor may be something else.
        let is_class = |name: &Vec<u8>| {
            self.hierarchy
                .named(name)
                .is_some_and(|class| self.hierarchy.is_inside(class))
        };
        if names.iter().any(is_class) {
            return names.contains(&life.component.class);
        }
        let key = self.named("action");
        let action = heap.get(intent, key).unwrap_or(V::UNSET);
        let actions = self.names(action.val);
        let takes = |life: &Life| {
            life.component
                .actions
                .iter()
                .any(|a| actions.contains(&a.as_bytes().to_vec()))
        };
        if !actions.is_empty() && lives.iter().any(takes) {
            return takes(life);
        }
        // Somebody else's.
        actions.is_empty()
    }

    /// Class descriptors or texts that a value is.
    pub(super) fn names(&self, val: Val) -> Vec<Vec<u8>> {
        let values = &self.domain.values;
        let alternatives = values.alternatives(val);
        let texts = alternatives.as_slice().iter();
        let mut all = self.classes(val);
        all.extend(texts.filter_map(|id| text::whole(values, *id)));
        all
    }
}
