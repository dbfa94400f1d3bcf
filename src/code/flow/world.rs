//! Entry points, run in the order in which the system calls them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::engine::At;
use super::super::hierarchy::{M, Type};
use super::super::value::Val;
use super::domain::{Key, Obj, ObjId, Objs, Root, Step, Taint, V, Way, What};
use super::heap::Heap;
use super::life::Life;
use super::outside::{Kept, MAX_WRAPS};
use super::summary::{Event, apply};
use super::trace::Tracer;
use super::{Component, Kind, Leak};

/// Times over all components: what one leaves is there for the next.
const MAX_ROUNDS: u32 = 4;
/// Times over what may be called in any order.
const MAX_TURNS: u32 = 3;
/// Addresses told of one read and one place where data leaves.
const MAX_ARRIVALS: usize = 8;
/// Components told of one flow.
const MAX_STARTS: usize = 8;
/// No instruction: the system itself calls.
pub(super) const SYSTEM: u32 = u32::MAX;

impl<'a> Tracer<'a, '_> {
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
            for (n, life) in lives.iter().enumerate() {
                found.now = Some(n);
                self.live_through(life, lives, &mut world, &mut found);
            }
            found.now = None;
            self.call_waiting(&mut world, &mut found);
            if before == (world.clone(), found.leaks.len()) {
                break;
            }
        }
        self.leaks(found, lives)
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
            // Who is called back may have been registered by any component before: none is said to have started it.
            let now = found.now.take();
            for listener in self.listeners(&heap) {
                for m in self.callbacks(self.domain.type_of(listener)) {
                    self.maybe(m, Some(listener), &mut heap, found);
                }
            }
            found.now = now;
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

    pub(super) fn world_cell(&mut self, heap: &Heap, name: &str) -> V {
        let world = self.domain.obj(Obj::World, Type::UNKNOWN);
        let key = self.named(name);
        heap.get(world, key).unwrap_or(V::UNSET)
    }

    /// Runs a method that may or may not be called here.
    pub(super) fn maybe(&mut self, m: M, this: Option<ObjId>, heap: &mut Heap, found: &mut Found) {
        let mut after = heap.clone();
        self.call(m, this, &mut after, found);
        self.domain.meet(heap, &after);
    }

    /// The system calls a method.
    fn call(&mut self, m: M, this: Option<ObjId>, heap: &mut Heap, found: &mut Found) {
        let work = self.domain.take_work();
        self.left = self.left.saturating_sub(work.saturating_add(1));
        if self.is_spent() {
            return;
        }
        let Some(summary) = self.summary(m) else { return };
        if summary.cells.is_empty() && summary.events.is_empty() && summary.result.is_none() {
            return;
        }
        let mut args: Vec<V> = Vec::new();
        let given = self.kept(Kept::Given);
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
            let obj = self.given_object(m, i, *type_, this);
            let mut v = self.domain.object(obj);
            let answer = self.answer(*type_);
            let answered = self.world_cell(heap, &answer);
            v = self.domain.join(v, answered);
            if self
                .interest
                .rules()
                .lifecycles
                .carries(self.hierarchy.name(*type_))
            {
                let sent = this.map_or(Taint::NONE, |this| self.sent_to(this, heap));
                v.taint = self.domain.mix(v.taint, sent);
            }
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
        let waiting = self.set_waiting_aside(heap);
        let effect = apply(
            &mut self.domain,
            (&self.hierarchy, self.interest),
            &summary,
            &args,
            heap,
            m,
            SYSTEM,
        );
        self.note_waiting(waiting, heap, found);
        for event in effect.events {
            found.add(self, event);
        }
        if let Some(result) = effect
            .result
            .filter(|_| self.interest.rules().lifecycles.is_answer(name))
        {
            let world = self.domain.obj(Obj::World, Type::UNKNOWN);
            let world = self.domain.one(world);
            let type_ = self.result_type(m);
            let answer = self.answer(type_);
            let key = self.named(&answer);
            self.domain.write(heap, world, key, result, false);
        }
        // What a callback returns, the next may be given: `doInBackground`, `onPostExecute`.
        if let (Some(result), Some(this)) = (effect.result, this)
            && !matches!(self.domain.what(this), Obj::Component(_))
            && (result.objs != Objs::NONE || result.taint != Taint::NONE)
        {
            let one = self.domain.one(this);
            self.domain.write(heap, one, given, result, false);
        }
    }

    /// What the system gives a method as a parameter.
    fn given_object(&mut self, m: M, i: u8, type_: Type, this: Option<ObjId>) -> ObjId {
        let kept = self
            .interest
            .rules()
            .lifecycles
            .is_kept(self.hierarchy.name(type_));
        match this.filter(|this| kept && matches!(self.domain.what(*this), Obj::Component(_))) {
            Some(this) => {
                let state = self.named("state");
                self.domain.obj(Obj::Load(this, state), type_)
            }
            None => self.domain.obj(Obj::Given(m, i), type_),
        }
    }

    /// What went into an object, or into those that wrap it: messages for a handler.
    fn sent_to(&mut self, obj: ObjId, heap: &Heap) -> Taint {
        let wraps = self.kept(Kept::To);
        self.domain.charge(heap.cells().len() >> 2);
        let mut all = vec![obj];
        let mut taint = heap.get(obj, Key::Content).map_or(Taint::NONE, |v| v.taint);
        for _ in 0..MAX_WRAPS {
            let around: Vec<ObjId> = heap
                .cells()
                .iter()
                .filter(|((_, key), v)| {
                    *key == wraps && self.domain.objs(v.objs).iter().any(|inner| all.contains(inner))
                })
                .map(|((obj, _), _)| *obj)
                .filter(|obj| !all.contains(obj))
                .collect();
            if around.is_empty() {
                break;
            }
            for obj in &around {
                if let Some(content) = heap.get(*obj, Key::Content) {
                    taint = self.domain.mix(taint, content.taint);
                }
            }
            all = around;
        }
        taint
    }

    /// The name of the cell for what is given to those who wait for an object of this class.
    fn answer(&self, type_: Type) -> String {
        format!("answer {}", String::from_utf8_lossy(self.hierarchy.name(type_)))
    }

    /// The row of an identifier that the system hands to this method.
    fn callback_source(&self, m: M) -> Option<u16> {
        let (dex, number) = self.hierarchy.place(m)?;
        let method = self.walked.get(usize::from(dex))?.method(number)?.method;
        let mark = self.tables.get(usize::from(dex))?.mark(method)?;
        mark.member.identifier
    }

    fn leaks(&self, mut found: Found, lives: &[Life]) -> Vec<Leak> {
        let mut all = Vec::new();
        // Where something is sent that carries an identifier, a branch before it tells next to nothing.
        let told: BTreeSet<Spot> = found
            .leaks
            .iter()
            .filter(|(_, arrivals)| !arrivals.iter().all(|arrival| arrival.guess))
            .map(|((_, sink), _)| *sink)
            .collect();
        for ((source, sink), arrivals) in found.leaks {
            if arrivals.iter().all(|arrival| arrival.guess) && told.contains(&sink) {
                continue;
            }
            let at = |(m, pc): (M, u32)| {
                self.hierarchy
                    .place(m)
                    .map(|(dex, method)| At { dex, method, pc })
            };
            let (Some(from), Some(to)) = (at((source.0, source.1)), at((sink.0, sink.1))) else {
                continue;
            };
            let starts = found.starts.remove(&(source, sink)).unwrap_or_default();
            let starts = starts.into_iter().filter_map(|n| lives.get(n));
            let starts: Vec<Component> = starts.map(|life| life.component.clone()).collect();
            for arrival in arrivals {
                all.push(Leak {
                    starts: starts.clone(),
                    source: from,
                    identifier: source.2,
                    sink: to,
                    row: sink.2,
                    addresses: self.rendered(arrival.address),
                    guess: arrival.guess,
                    way: self.stops(arrival.way),
                    asks: Vec::new(),
                });
            }
        }
        all
    }

    /// Texts that a value may be, of those that may be the beginning of an address.
    pub(super) fn rendered(&self, address: Val) -> Vec<Vec<u8>> {
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

/// How something arrived where data leaves.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    way: Way,
    address: Val,
    /// It does not itself: what did lets one guess it.
    guess: bool,
}

#[derive(Debug, Default)]
pub(super) struct Found {
    /// From a read to a place where data leaves: once for each address that it goes to.
    leaks: BTreeMap<(Spot, Spot), Vec<Arrival>>,
    /// The components of which the system calls a method that leads there, by number.
    starts: BTreeMap<(Spot, Spot), BTreeSet<usize>>,
    /// The component that is being run.
    now: Option<usize>,
    /// Objects that the system may call back.
    pub(super) waiting: Vec<ObjId>,
}

impl Found {
    fn add(&mut self, tracer: &mut Tracer<'_, '_>, event: Event) {
        for (root, way) in tracer.domain.roots(event.taint).to_vec() {
            let (m, pc, row, guess) = match tracer.domain.root_of(root) {
                Root::Source(m, pc, row) => (m, pc, row, false),
                Root::Guess(m, pc, row) => (m, pc, row, true),
                _ => continue,
            };
            let key = ((m, pc, row), (event.m, event.pc, event.row));
            let starts = self.starts.entry(key).or_default();
            if starts.len() < MAX_STARTS {
                starts.extend(self.now);
            }
            let arrivals = self.leaks.entry(key).or_default();
            // What carries it says more than what lets one guess it.
            if !guess {
                arrivals.retain(|arrival| !arrival.guess);
            } else if arrivals.iter().any(|arrival| !arrival.guess) {
                continue;
            }
            let address = event.address;
            if arrivals.iter().any(|arrival| arrival.address == address) {
                continue;
            }
            let full = guess || arrivals.len() >= MAX_ARRIVALS;
            match arrivals.last_mut().filter(|_| full) {
                Some(last) => last.address = tracer.domain.values.join(last.address, address),
                None => arrivals.push(Arrival { way, address, guess }),
            }
        }
    }
}
