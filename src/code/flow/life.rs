//! Components, and what the system calls of them and of the objects that it is given.

use super::super::hierarchy::{M, Type};
use super::trace::Tracer;
use super::{Component, Kind};

/// A component and what the system calls of it.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) component: Component,
    pub(super) class: Type,
    /// Called once, in this order, before anything else.
    pub(super) before: Vec<M>,
    /// Called in any order, any number of times.
    pub(super) running: Vec<M>,
    /// Called when it goes out of sight, and when it comes back.
    pub(super) away: Vec<M>,
    pub(super) back: Vec<M>,
    /// Called at the end.
    pub(super) last: Vec<M>,
}

impl Life {
    /// All that the system calls of it.
    pub(super) fn all(&self) -> impl Iterator<Item = M> + '_ {
        [&self.before, &self.running, &self.away, &self.back, &self.last]
            .into_iter()
            .flatten()
            .copied()
    }
}

impl<'a> Tracer<'a, '_> {
    /// The components with their methods.
    pub(super) fn lives(&mut self, components: &[Component]) -> Vec<Life> {
        let mut all = Vec::new();
        let mut components = components.to_vec();
        components.extend(self.inflated());
        components.sort_by(|a, b| (a.kind, &a.class).cmp(&(b.kind, &b.class)));
        for component in components {
            let Some(class) = self
                .hierarchy
                .named(&component.class)
                .filter(|class| self.hierarchy.is_inside(*class))
            else {
                continue;
            };
            self.made.insert(class);
            let rules = self.interest.rules();
            let Some(order) = rules.lifecycles.order(component.kind.name()) else {
                continue;
            };
            let methods = self.inherited(class);
            let named = |names: &[Box<str>]| {
                let mut found = Vec::new();
                for name in names {
                    found.extend(
                        methods
                            .iter()
                            .filter(|(n, _)| *n == name.as_bytes())
                            .map(|(_, m)| *m),
                    );
                }
                found
            };
            let before = named(&order.before);
            let away = named(&order.away);
            let back = named(&order.back);
            let last = named(&order.last);
            let fixed: Vec<M> = before
                .iter()
                .chain(&away)
                .chain(&back)
                .chain(&last)
                .copied()
                .collect();
            let running = methods
                .iter()
                .filter(|(name, m)| self.is_callback(name, *m, false) && !fixed.contains(m))
                .map(|(_, m)| *m)
                .collect();
            all.push(Life {
                component,
                class,
                before,
                running,
                away,
                back,
                last,
            });
        }
        all
    }

    /// Classes that a layout may name: with the constructor that the inflater calls.
    pub(super) fn inflated(&self) -> Vec<Component> {
        let rules = self.interest.rules();
        let mut all = Vec::new();
        for class in &self.package.classes {
            let type_ = self.hierarchy.type_at(class.dex, class.def.class);
            let inflates = self.hierarchy.methods(type_).iter().any(|(selector, _)| {
                let (name, descriptor) = self.hierarchy.selector_text(*selector);
                name == b"<init>" && rules.lifecycles.inflates(descriptor)
            });
            if inflates {
                all.push(Component {
                    kind: Kind::View,
                    class: self.hierarchy.name(type_).to_vec(),
                    actions: Vec::new(),
                });
            }
        }
        all
    }

    /// The methods that an object of a class has, nearest first.
    pub(super) fn inherited(&self, class: Type) -> Vec<(&'a [u8], M)> {
        let mut all: Vec<(&'a [u8], M)> = Vec::new();
        let mut seen = Vec::new();
        for type_ in self.hierarchy.ancestors(class) {
            for (selector, m) in self.hierarchy.methods(type_) {
                let (name, _) = self.hierarchy.selector_text(*selector);
                // Constructors are not inherited.
                if seen.contains(selector) || name == b"<clinit>" || name == b"<init>" && type_ != class {
                    continue;
                }
                seen.push(*selector);
                all.push((name, *m));
            }
        }
        all
    }

    pub(super) fn access(&self, m: M) -> u32 {
        self.hierarchy
            .place(m)
            .and_then(|(dex, number)| self.walked.get(usize::from(dex))?.method(number))
            .map_or(0, |method| method.access)
    }

    /// Whether a method has no object.
    pub(super) fn is_static(&self, m: M) -> bool {
        // ACC_STATIC
        self.access(m) & 0x8 != 0
    }

    /// Whether the system may call a method. `listener`: its class implements an interface from outside.
    pub(super) fn is_callback(&self, name: &[u8], m: M, listener: bool) -> bool {
        // ACC_PRIVATE, ACC_STATIC
        if self.access(m) & 0xa != 0 || name.starts_with(b"<") {
            return false;
        }
        // ACC_PUBLIC
        let public = self.access(m) & 1 != 0;
        let lifecycles = &self.interest.rules().lifecycles;
        lifecycles.is_callback(name) || listener && public || public && self.is_click(m)
    }

    /// `void name(View)`: what a layout may name as its `onClick`.
    pub(super) fn is_click(&self, m: M) -> bool {
        let (_, descriptor) = self.hierarchy.selector_text(self.selector_of(m));
        self.interest.rules().lifecycles.is_named_by_layouts(descriptor)
    }

    /// What the system may call of an object that it was given.
    pub(super) fn callbacks(&self, class: Type) -> Vec<M> {
        let ancestors = self.hierarchy.ancestors(class);
        let outside = |type_: &Type| {
            !self.hierarchy.is_inside(*type_) && self.hierarchy.name(*type_) != b"Ljava/lang/Object;"
        };
        if !ancestors.iter().any(outside) {
            return Vec::new();
        }
        let superclasses: Vec<Type> =
            std::iter::successors(Some(class), |class| self.hierarchy.superclass(*class))
                .take(64)
                .collect();
        let listener = ancestors
            .iter()
            .any(|type_| outside(type_) && !superclasses.contains(type_));
        self.inherited(class)
            .into_iter()
            .filter(|(name, m)| self.is_callback(name, *m, listener))
            .map(|(_, m)| m)
            .collect()
    }

    /// All methods that the system may call: of the components, of classes that it may be given, and
    /// initialisers of classes.
    pub(super) fn entries(&mut self, lives: &[Life]) -> Vec<M> {
        let mut all = Vec::new();
        for life in lives {
            all.extend(life.all());
        }
        for n in 0..self.package.classes.len() {
            let Some(class) = self.package.classes.get(n) else {
                break;
            };
            let type_ = self.hierarchy.type_at(class.dex, class.def.class);
            if !self.hierarchy.is_inside(type_) {
                continue;
            }
            all.extend(self.callbacks(type_));
            all.extend(self.initialiser(type_));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    pub(super) fn initialiser(&self, class: Type) -> Option<M> {
        self.hierarchy
            .methods(class)
            .iter()
            .find(|(selector, _)| self.hierarchy.selector_text(*selector).0 == b"<clinit>")
            .map(|(_, m)| *m)
    }
}
