//! Calls: of the package's own methods by their summaries, of all others by what the signatures say.

use std::borrow::Cow;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::super::engine::At;
use super::super::hierarchy::{M, Selector, Type};
use super::super::package::index;
use super::super::table::{Mark, letter};
use super::super::text;
use super::super::value::{AtomId, Val, Why};
use super::domain::{Key, Obj, Objs, V};
use super::run::{Frame, Here};
use super::summary::{Event, apply};
use super::surface::Offer;
use super::trace::Tracer;
use crate::artifact::dex::Insn;
use crate::rule::Flow;

/// Addresses of one place where data leaves that are kept apart. A method that sends whatever an app sends has some ten.
const MAX_APART: usize = 16;

/// A method as a call names it.
#[derive(Debug)]
pub(super) struct Callee {
    pub(super) class: Type,
    pub(super) selector: Selector,
    pub(super) name: Vec<u8>,
    /// Types and letters of the declared parameters.
    pub(super) parameters: Vec<(Type, u8)>,
    pub(super) result: Type,
    pub(super) result_letter: u8,
    /// It throws nothing.
    pub(super) quiet: bool,
    /// By its name it takes back what was to be called.
    pub(super) removes: bool,
    pub(super) mark: Option<Mark>,
    /// What the signatures say that it passes on.
    pub(super) flows: Option<Vec<Flow>>,
    /// What the package that holds it offers by it.
    pub(super) offer: Option<Offer>,
}

impl<'a> Tracer<'a, '_> {
    /// What is known of the method that an index names.
    pub(super) fn callee(&mut self, dex_no: u16, method: u32) -> Option<Rc<Callee>> {
        if let Some(known) = self.callees.get(&(dex_no, method)) {
            return Some(Rc::clone(known));
        }
        let dex = self.package.dex(dex_no)?;
        let id = dex.method(method)?;
        let name = self.package.text(dex_no, id.name)?.to_vec();
        let class = self.hierarchy.type_at(dex_no, id.class);
        let proto = dex.proto(id.proto);
        let mut parameters = Vec::new();
        for type_ in proto.iter().flat_map(|p| p.parameters.iter()).take(255) {
            let letter = letter(self.package.type_name(dex_no, type_));
            parameters.push((self.hierarchy.type_at(dex_no, type_), letter));
        }
        let (result, result_letter) = match proto {
            Some(proto) => (
                self.hierarchy.type_at(dex_no, proto.return_type),
                letter(self.package.type_name(dex_no, proto.return_type)),
            ),
            None => (Type::UNKNOWN, b'V'),
        };
        let mark = self
            .tables
            .get(usize::from(dex_no))
            .and_then(|table| table.mark(method))
            .copied();
        let sinks = &self.interest.rules().sinks;
        let flows = self.hierarchy.ancestors(class).into_iter().find_map(|class| {
            let row = sinks.propagator(self.hierarchy.name(class), &name)?;
            // From a place to itself: nothing is passed on.
            Some(
                row.flows
                    .iter()
                    .filter(|flow| flow.from != flow.to)
                    .cloned()
                    .collect(),
            )
        });
        let selector = self.hierarchy.selector(dex_no, method);
        let (_, descriptor) = self.hierarchy.selector_text(selector);
        let offer = self.hierarchy.ancestors(class).into_iter().find_map(|class| {
            let class = self.hierarchy.name(class);
            self.beyond.method(class, &name, descriptor).cloned()
        });
        let lifecycles = &self.interest.rules().lifecycles;
        let quiet = lifecycles.is_quiet(self.hierarchy.name(class));
        let removes = lifecycles.is_remover(&name);
        let callee = Rc::new(Callee {
            class,
            selector,
            name,
            parameters,
            result,
            result_letter,
            quiet,
            removes,
            mark,
            flows,
            offer,
        });
        self.callees.insert((dex_no, method), Rc::clone(&callee));
        Some(callee)
    }

    /// A call: what it does to the cells, and what it returns.
    pub(super) fn invoke(&mut self, here: &mut Here<'a>, insn: &Insn<'a>, frame: &mut Frame) -> V {
        let Some(callee) = insn.index().and_then(|method| self.callee(here.dex_no, method)) else {
            return self.domain.unknown();
        };
        let is_static = matches!(insn.op.0, 0x71 | 0x77);
        let mut registers = insn.registers().iter();
        let mut args: Vec<V> = Vec::with_capacity(callee.parameters.len().saturating_add(1));
        if !is_static {
            args.push(registers.next().map_or(V::UNSET, |r| frame.get(r)));
        }
        for (_, letter) in &callee.parameters {
            args.push(registers.next().map_or(V::UNSET, |r| frame.get(r)));
            if matches!(letter, b'J' | b'D') {
                registers.next();
            }
        }
        let mut targets = self.targets(here, insn.op.0, &callee, &args);
        let own = !targets.is_empty();
        targets.retain(|m| !self.is_aside(*m));
        let call = Call {
            callee: &callee,
            pc: insn.pc,
            is_static,
            own,
        };
        self.given_away(frame, callee.mark.and_then(|mark| mark.member.model), &args);
        let computed = self.computed(here, frame, &call);
        if targets.is_empty() {
            let result = self.outside(here, frame, &call, &args);
            return computed.unwrap_or(result);
        }
        let mut result = V::UNSET;
        if let Some(row) = callee.mark.and_then(|mark| mark.member.identifier) {
            let source = self.source(here, insn.pc, row, callee.result);
            result = self.domain.join(result, source);
        }
        self.sink(here, frame, &call, &args);
        let own = self.own(here, frame, insn.pc, &targets, &args);
        computed.unwrap_or_else(|| self.domain.join(result, own))
    }

    /// What a method of the package computes of the constants that it is given here: a text, or an array of them.
    fn computed(&mut self, here: &Here<'a>, frame: &mut Frame, call: &Call<'_>) -> Option<V> {
        let (dex, method) = self.hierarchy.place(here.m)?;
        let found = self.found;
        let pc = call.pc;
        let val = *found.computed.get(&At { dex, method, pc })?;
        let mut out = V::UNSET;
        for id in found.values.alternatives(val).as_slice() {
            let elements = found.values.elements(*id);
            if elements.is_empty() {
                let text = self.copied(*id)?;
                out.val = self.domain.values.join(out.val, text);
                continue;
            }
            let obj = self.domain.obj(Obj::New(here.m, pc), call.callee.result);
            for (i, element) in elements {
                let mut text = Val::UNSET;
                for id in found.values.alternatives(element).as_slice() {
                    let one = self.copied(*id)?;
                    text = self.domain.values.join(text, one);
                }
                frame.heap.put(obj, Key::Index(u16::from(i)), V::of(text));
            }
            let array = self.domain.object(obj);
            out = self.domain.join(out, array);
        }
        Some(out)
    }

    /// A text that was found, as one of the flows.
    fn copied(&mut self, id: AtomId) -> Option<Val> {
        let found = self.found;
        let bytes = text::whole(&found.values, id)?;
        let text = self.domain.values.computed(&bytes, found.values.is_hot(id));
        Some(Val::one(text))
    }

    /// A call of one of these methods.
    pub(super) fn own(
        &mut self,
        here: &mut Here<'a>,
        frame: &mut Frame,
        pc: u32,
        targets: &[M],
        args: &[V],
    ) -> V {
        let several = targets.len() > 1;
        let before = several.then(|| frame.heap.clone());
        let mut result = V::UNSET;
        for (n, m) in targets.iter().enumerate() {
            self.recursive |= *m == self.current;
            let Some(summary) = self.summary(*m) else { continue };
            let args = self.narrowed(args, *m, several);
            let (domain, known) = (&mut self.domain, (&self.hierarchy, self.interest));
            let effect = match before.clone().filter(|_| n > 0) {
                Some(mut heap) => {
                    let effect = apply(domain, known, &summary, &args, &mut heap, here.m, pc);
                    domain.meet(&mut frame.heap, &heap);
                    effect
                }
                None => apply(domain, known, &summary, &args, &mut frame.heap, here.m, pc),
            };
            if let Some(v) = effect.result {
                result = self.domain.join(result, v);
            }
            if let Some(v) = effect.thrown {
                let before = here.thrown.unwrap_or(V::UNSET);
                here.thrown = Some(self.domain.join(before, v));
            }
            for event in effect.events {
                self.event(here, pc, event);
            }
            self.called_exits(here, &summary.exits, several, &args);
        }
        if result.val == Val::UNSET {
            result.val = self.domain.values.unknown(Why::Computed);
        }
        result
    }

    /// Of several methods that a call may reach, each sees of its object only what runs it.
    fn narrowed<'v>(&mut self, args: &'v [V], m: M, several: bool) -> Cow<'v, [V]> {
        if !several {
            return Cow::Borrowed(args);
        }
        let mut args = args.to_vec();
        if let Some(this) = args.first_mut() {
            let mut objs = Objs::NONE;
            for obj in self.domain.each(this.objs) {
                let one = if self.domain.is_symbol(obj) {
                    self.domain.obj(Obj::As(obj, m), Type::UNKNOWN)
                } else if self.domain.is_exact(obj) && !self.hierarchy.runs(self.domain.type_of(obj), m) {
                    continue;
                } else {
                    obj
                };
                let one = self.domain.one(one);
                objs = self.domain.union(objs, one);
            }
            this.objs = objs;
        }
        Cow::Owned(args)
    }

    /// Keeps an event, or adds to what is known of it.
    pub(super) fn event(&mut self, here: &mut Here<'a>, pc: u32, event: Event) {
        let place = |pc: u32, e: &Event| (pc, e.m, e.pc, e.row);
        match here
            .events
            .iter_mut()
            .find(|(at, e)| place(*at, e) == place(pc, &event))
        {
            Some((_, old)) => {
                old.taint = self.domain.mix(old.taint, event.taint);
                old.address = self.domain.values.join(old.address, event.address);
            }
            None => here.events.push((pc, event)),
        }
    }

    /// The events of a method for its callers. What one call sends is apart from what another does, so that none is
    /// said to go to the other's server.
    pub(super) fn by_address(&mut self, events: Vec<(u32, Event)>) -> Vec<Event> {
        let mut all: Vec<Event> = Vec::with_capacity(events.len());
        for (_, event) in events {
            let place = |e: &Event| (e.m, e.pc, e.row);
            let here = |e: &&Event| place(e) == place(&event);
            let several = all.iter().filter(here).count() >= MAX_APART;
            let same = all
                .iter_mut()
                .rfind(|e| place(e) == place(&event) && (several || e.address == event.address));
            match same {
                Some(old) => {
                    old.taint = self.domain.mix(old.taint, event.taint);
                    old.address = self.domain.values.join(old.address, event.address);
                }
                None => all.push(event),
            }
        }
        all
    }

    /// The methods that a call may reach.
    fn targets(&mut self, here: &Here<'a>, op: u16, callee: &Callee, args: &[V]) -> Vec<M> {
        let selector = callee.selector;
        match op {
            // static, direct
            0x71 | 0x77 | 0x70 | 0x76 => self
                .hierarchy
                .resolve(callee.class, selector)
                .into_iter()
                .collect(),
            // super
            0x6f | 0x75 => {
                let above = self.hierarchy.superclass(here.class);
                above
                    .and_then(|above| self.hierarchy.resolve(above, selector))
                    .into_iter()
                    .collect()
            }
            _ => {
                let objs = args.first().map_or(Objs::NONE, |v| v.objs);
                let mut targets: Vec<M> = Vec::new();
                let mut open = objs == Objs::NONE;
                for obj in self.domain.objs(objs) {
                    if self.domain.is_exact(*obj) && self.domain.type_of(*obj) != Type::UNKNOWN {
                        let m = self.hierarchy.resolve(self.domain.type_of(*obj), selector);
                        targets.extend(m);
                    } else {
                        open = true;
                    }
                }
                if open {
                    targets.extend_from_slice(self.declared_targets(callee.class, selector));
                }
                targets.sort_unstable();
                targets.dedup();
                targets
            }
        }
    }

    /// The methods that a call may reach by the declared class of its object.
    pub(super) fn declared_targets(&mut self, class: Type, selector: Selector) -> &[M] {
        if self.targets.0 != self.made.len() {
            self.targets = (self.made.len(), FxHashMap::default());
        }
        let all = self.targets.1.entry((class, selector));
        all.or_insert_with(|| self.hierarchy.targets(class, selector, &self.made))
    }

    /// The summary of a method, as far as it is known by now.
    pub(super) fn summary(&self, m: M) -> Option<Rc<super::summary::Summary>> {
        self.summaries.get(index(m.0))?.clone()
    }
}

/// One call of a method outside.
pub(super) struct Call<'c> {
    pub(super) callee: &'c Callee,
    pub(super) pc: u32,
    pub(super) is_static: bool,
    /// The package holds it: the system is not given anything by it.
    pub(super) own: bool,
}
