//! Entry points, run in the order in which the system calls them.

use std::collections::BTreeMap;

use super::super::engine::At;
use super::super::hierarchy::{M, Type};
use super::super::value::{Atom, Val};
use super::domain::{Obj, ObjId, Objs, Root, Step, V, Way, What};
use super::heap::Heap;
use super::summary::{Event, apply};
use super::trace::Tracer;
use super::{Component, Kind, Leak};

/// Times over all components: what one leaves is there for the next.
const MAX_ROUNDS: u32 = 4;
/// Times over what may be called in any order.
const MAX_TURNS: u32 = 3;
/// No instruction: the system itself calls.
pub(super) const SYSTEM: u32 = u32::MAX;

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

/// The order of calls (developer.android.com, "The activity lifecycle", "Services overview").
struct Order {
    before: &'static [&'static str],
    away: &'static [&'static str],
    back: &'static [&'static str],
    last: &'static [&'static str],
}

fn order(kind: Kind) -> Order {
    match kind {
        Kind::Activity => Order {
            before: &[
                "<init>",
                "attachBaseContext",
                "onCreate",
                "onStart",
                "onRestoreInstanceState",
                "onPostCreate",
                "onResume",
                "onPostResume",
            ],
            away: &["onPause", "onSaveInstanceState", "onStop"],
            back: &["onRestart", "onStart", "onRestoreInstanceState", "onResume"],
            last: &["onDestroy"],
        },
        Kind::Service => Order {
            before: &["<init>", "attachBaseContext", "onCreate"],
            away: &[],
            back: &[],
            last: &["onDestroy"],
        },
        Kind::Application => Order {
            before: &["<init>", "attachBaseContext", "onCreate"],
            away: &[],
            back: &[],
            last: &["onTerminate"],
        },
        Kind::Provider => Order {
            before: &["<init>", "attachInfo", "onCreate"],
            away: &[],
            back: &[],
            last: &[],
        },
        Kind::Receiver | Kind::View => Order {
            before: &["<init>"],
            away: &[],
            back: &[],
            last: &[],
        },
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
            let order = order(component.kind);
            let methods = self.inherited(class);
            let named = |names: &[&str]| {
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
            let before = named(order.before);
            let away = named(order.away);
            let back = named(order.back);
            let last = named(order.last);
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
    fn inflated(&self) -> Vec<Component> {
        const CONSTRUCTOR: &[u8] = b"(Landroid/content/Context;Landroid/util/AttributeSet;)V";
        let mut all = Vec::new();
        for class in &self.package.classes {
            let type_ = self.hierarchy.type_at(class.dex, class.def.class);
            let inflates = self.hierarchy.methods(type_).iter().any(|(selector, _)| {
                let (name, descriptor) = self.hierarchy.selector_text(*selector);
                name == b"<init>" && descriptor == CONSTRUCTOR
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
    fn inherited(&self, class: Type) -> Vec<(&'a [u8], M)> {
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

    fn access(&self, m: M) -> u32 {
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
    fn is_callback(&self, name: &[u8], m: M, listener: bool) -> bool {
        // ACC_PRIVATE, ACC_STATIC
        if self.access(m) & 0xa != 0 || name.starts_with(b"<") {
            return false;
        }
        // ACC_PUBLIC
        let public = self.access(m) & 1 != 0;
        const NAMES: [&[u8]; 14] = [
            b"run",
            b"call",
            b"handleMessage",
            b"doInBackground",
            b"query",
            b"insert",
            b"update",
            b"delete",
            b"getType",
            b"openFile",
            b"invoke",
            b"clone",
            b"finalize",
            b"handleIntent",
        ];
        name.starts_with(b"on") || NAMES.contains(&name) || listener && public || public && self.is_click(m)
    }

    /// `void name(View)`: what a layout may name as its `onClick`.
    fn is_click(&self, m: M) -> bool {
        let (_, descriptor) = self.hierarchy.selector_text(self.selector_of(m));
        descriptor == b"(Landroid/view/View;)V"
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
            for list in [&life.before, &life.running, &life.away, &life.back, &life.last] {
                all.extend(list);
            }
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

    fn initialiser(&self, class: Type) -> Option<M> {
        self.hierarchy
            .methods(class)
            .iter()
            .find(|(selector, _)| self.hierarchy.selector_text(*selector).0 == b"<clinit>")
            .map(|(_, m)| *m)
    }

    /// Runs all entry points and tells what arrives where.
    pub(super) fn play(&mut self, lives: &[Life]) -> Vec<Leak> {
        self.domain.outermost = true;
        let mut world = Heap::default();
        let mut found = Found::default();
        self.set_application(lives, &mut world);
        let initialisers: Vec<M> = self
            .package
            .classes
            .iter()
            .map(|class| self.hierarchy.type_at(class.dex, class.def.class))
            .filter_map(|class| self.initialiser(class))
            .collect();
        for _ in 0..MAX_ROUNDS {
            let before = (world.clone(), found.leaks.len());
            for m in &initialisers {
                let mut heap = world.clone();
                self.call(*m, None, &mut heap, &mut found);
                self.domain.meet(&mut world, &heap);
            }
            for life in lives {
                self.live_through(life, lives, &mut world, &mut found);
            }
            if before == (world.clone(), found.leaks.len()) {
                break;
            }
        }
        self.leaks(found)
    }

    /// What `getApplication` gives.
    fn set_application(&mut self, lives: &[Life], world: &mut Heap) {
        let class = lives
            .iter()
            .find(|life| life.component.kind == Kind::Application)
            .map_or(Type::UNKNOWN, |life| life.class);
        let app = self.domain.obj(Obj::Component(class), class);
        let app = self.domain.object(app);
        let obj = self.domain.obj(Obj::World, Type::UNKNOWN);
        let key = self.named("application");
        world.put(obj, key, app);
    }

    fn live_through(&mut self, life: &Life, lives: &[Life], world: &mut Heap, found: &mut Found) {
        let this = self.domain.obj(Obj::Component(life.class), life.class);
        let mut heap = world.clone();
        heap.forget(this);
        self.deliver(life, lives, this, &mut heap);
        for m in &life.before {
            self.call(*m, Some(this), &mut heap, found);
        }
        self.domain.meet(world, &heap);
        for _ in 0..MAX_TURNS {
            let before = heap.clone();
            self.deliver(life, lives, this, &mut heap);
            for m in &life.running {
                self.maybe(*m, Some(this), &mut heap, found);
            }
            for listener in self.listeners(&heap) {
                for m in self.callbacks(self.domain.type_of(listener)) {
                    self.maybe(m, Some(listener), &mut heap, found);
                }
            }
            if !life.away.is_empty() || !life.back.is_empty() {
                let mut gone = heap.clone();
                for m in &life.away {
                    self.call(*m, Some(this), &mut gone, found);
                }
                self.domain.meet(&mut heap, &gone);
                for m in &life.back {
                    self.call(*m, Some(this), &mut gone, found);
                }
                self.domain.meet(&mut heap, &gone);
            }
            if before == heap {
                break;
            }
        }
        self.domain.meet(world, &heap);
        for m in &life.last {
            self.call(*m, Some(this), &mut heap, found);
        }
        self.domain.meet(world, &heap);
    }

    fn world_cell(&mut self, heap: &Heap, name: &str) -> V {
        let world = self.domain.obj(Obj::World, Type::UNKNOWN);
        let key = self.named(name);
        heap.get(world, key).unwrap_or(V::UNSET)
    }

    fn listeners(&mut self, heap: &Heap) -> Vec<ObjId> {
        let all = self.world_cell(heap, "listeners");
        // What the system calls of a component, it does anyway.
        let others = |obj: &&ObjId| !matches!(self.domain.what(**obj), Obj::Component(_));
        self.domain
            .objs(all.objs)
            .iter()
            .filter(others)
            .copied()
            .collect()
    }

    /// Gives a component the intents that are meant for it.
    fn deliver(&mut self, life: &Life, lives: &[Life], this: ObjId, heap: &mut Heap) {
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
    fn is_for(&mut self, heap: &Heap, intent: ObjId, life: &Life, lives: &[Life]) -> bool {
        let key = self.named("class");
        let class = heap.get(intent, key).unwrap_or(V::UNSET);
        let names = self.names(class.val);
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
    fn names(&self, val: Val) -> Vec<Vec<u8>> {
        let values = &self.domain.values;
        let mut all = Vec::new();
        for id in values.alternatives(val).as_slice() {
            match values.atom(*id) {
                Atom::Class(dex, type_) => {
                    all.push(self.hierarchy.name(self.hierarchy.type_at(dex, type_)).to_vec());
                }
                _ => {
                    if let Some(text) = values.bytes(*id) {
                        // `com.a.B` or `com/a/B`
                        let mut name = vec![b'L'];
                        name.extend(text.iter().map(|b| if *b == b'.' { b'/' } else { *b }));
                        name.push(b';');
                        all.push(name);
                        all.push(text.to_vec());
                    }
                }
            }
        }
        all
    }

    /// Runs a method that may or may not be called here.
    fn maybe(&mut self, m: M, this: Option<ObjId>, heap: &mut Heap, found: &mut Found) {
        let mut after = heap.clone();
        self.call(m, this, &mut after, found);
        self.domain.meet(heap, &after);
    }

    /// The system calls a method.
    fn call(&mut self, m: M, this: Option<ObjId>, heap: &mut Heap, found: &mut Found) {
        let Some(summary) = self.summary(m) else { return };
        let mut args: Vec<V> = Vec::new();
        let given = self.named("given");
        let incoming = self.named("incoming");
        let parameters = self.parameters(m);
        let is_static = self.is_static(m);
        let (name, _) = self.hierarchy.selector_text(self.selector_of(m));
        let source = self.callback_source(m);
        for (i, (type_, _)) in (0_u8..).zip(&parameters) {
            if i == 0 && !is_static {
                args.push(this.map_or(V::UNSET, |this| self.domain.object(this)));
                continue;
            }
            let obj = self.domain.obj(Obj::Given(m, i), *type_);
            let mut v = self.domain.object(obj);
            if let Some(this) = this {
                let more = heap.get(this, given).unwrap_or(V::UNSET);
                v = self.domain.join(v, more);
                if self.hierarchy.name(*type_) == b"Landroid/content/Intent;" {
                    let more = if name == b"onActivityResult" {
                        self.world_cell(heap, "results")
                    } else if matches!(self.domain.what(this), Obj::Component(_)) {
                        heap.get(this, incoming).unwrap_or(V::UNSET)
                    } else {
                        self.world_cell(heap, "sent")
                    };
                    v = self.domain.join(v, more);
                }
            }
            if let Some(row) = source {
                let way = self.domain.way(Step::At(Way::START, m, 0, What::Read));
                let taint = self.domain.taint(Root::Source(m, 0, row), way);
                v.taint = self.domain.mix(v.taint, taint);
            }
            args.push(v);
        }
        let effect = apply(
            &mut self.domain,
            &self.hierarchy,
            &summary,
            &args,
            heap,
            m,
            SYSTEM,
        );
        for event in effect.events {
            found.add(self, event);
        }
        // What a callback returns, the next may be given: `doInBackground`, `onPostExecute`.
        if let (Some(result), Some(this)) = (effect.result, this)
            && !matches!(self.domain.what(this), Obj::Component(_))
            && (result.objs != Objs::NONE || result.taint != super::domain::Taint::NONE)
        {
            let one = self.domain.one(this);
            self.domain.write(heap, one, given, result, false);
        }
    }

    /// The row of an identifier that the system hands to this method.
    fn callback_source(&self, m: M) -> Option<u16> {
        let (dex, number) = self.hierarchy.place(m)?;
        let method = self.walked.get(usize::from(dex))?.method(number)?.method;
        let mark = self.tables.get(usize::from(dex))?.mark(method)?;
        mark.member.identifier
    }

    fn leaks(&self, found: Found) -> Vec<Leak> {
        let mut all = Vec::new();
        for ((source, sink), (way, address)) in found.leaks {
            let at = |(m, pc): (M, u32)| {
                self.hierarchy
                    .place(m)
                    .map(|(dex, method)| At { dex, method, pc })
            };
            let (Some(from), Some(to)) = (at((source.0, source.1)), at((sink.0, sink.1))) else {
                continue;
            };
            all.push(Leak {
                source: from,
                identifier: source.2,
                sink: to,
                row: sink.2,
                addresses: self.rendered(address),
                way: self.stops(way),
            });
        }
        all
    }

    fn rendered(&self, address: Val) -> Vec<Vec<u8>> {
        let values = &self.domain.values;
        let mut all = Vec::new();
        for id in values.alternatives(address).as_slice() {
            let mut text = Vec::new();
            if values.is_text(*id) && values.render(*id, &mut text).is_some() && values.is_hot(*id) {
                all.push(text);
            }
        }
        all.sort();
        all.dedup();
        all
    }
}

/// Method, instruction, row.
type Spot = (M, u32, u16);

#[derive(Debug, Default)]
pub(super) struct Found {
    leaks: BTreeMap<(Spot, Spot), (Way, Val)>,
}

impl Found {
    fn add(&mut self, tracer: &mut Tracer<'_, '_>, event: Event) {
        for (root, way) in tracer.domain.roots(event.taint).to_vec() {
            let Root::Source(m, pc, row) = tracer.domain.root_of(root) else {
                continue;
            };
            let key = ((m, pc, row), (event.m, event.pc, event.row));
            match self.leaks.get_mut(&key) {
                Some((_, address)) => {
                    *address = tracer.domain.values.join(*address, event.address);
                }
                None => {
                    self.leaks.insert(key, (way, event.address));
                }
            }
        }
    }
}
