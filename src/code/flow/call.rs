//! Calls: of the package's own methods by their summaries, of all others by what the signatures say.

use std::rc::Rc;

use super::super::hierarchy::{M, Selector, Type};
use super::super::package::index;
use super::super::table::{Mark, letter};
use super::super::value::{Atom, Val, Why};
use super::domain::{Key, Obj, ObjId, Objs, Taint, V, What};
use super::run::{Frame, Here};
use super::summary::{Event, apply};
use super::trace::Tracer;
use crate::artifact::dex::Insn;
use crate::rule::{Cell, Flow, SinkKind, Spot};

/// Streams around streams that are followed.
const MAX_WRAPS: usize = 4;
/// Texts that are joined to the address of one event.
const MAX_ADDRESSES: usize = 4;

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
    pub(super) mark: Option<Mark>,
    /// What the signatures say that it passes on.
    pub(super) flows: Option<Vec<Flow>>,
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
            Some(row.flows.to_vec())
        });
        let callee = Rc::new(Callee {
            class,
            selector: self.hierarchy.selector(dex_no, method),
            name,
            parameters,
            result,
            result_letter,
            mark,
            flows,
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
        targets.retain(|m| !self.is_aside(*m));
        let call = Call {
            callee: &callee,
            pc: insn.pc,
            is_static,
        };
        if targets.is_empty() {
            return self.outside(here, frame, &call, &args);
        }
        let mut result = V::UNSET;
        if let Some(row) = callee.mark.and_then(|mark| mark.member.identifier) {
            let source = self.source(here, insn.pc, row, callee.result);
            result = self.domain.join(result, source);
        }
        self.sink(here, frame, &call, &args);
        let own = self.own(here, frame, insn.pc, &targets, &args);
        self.domain.join(result, own)
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
        let before = frame.heap.clone();
        let mut result = V::UNSET;
        for (n, m) in targets.iter().enumerate() {
            self.recursive |= *m == self.current;
            let Some(summary) = self.summary(*m) else { continue };
            let mut heap = before.clone();
            let args = self.narrowed(args, *m, targets.len() > 1);
            let effect = apply(
                &mut self.domain,
                &self.hierarchy,
                &summary,
                &args,
                &mut heap,
                here.m,
                pc,
            );
            if n == 0 {
                frame.heap = heap;
            } else {
                self.domain.meet(&mut frame.heap, &heap);
            }
            if let Some(v) = effect.result {
                result = self.domain.join(result, v);
            }
            if let Some(v) = effect.thrown {
                let before = here.thrown.unwrap_or(V::UNSET);
                here.thrown = Some(self.domain.join(before, v));
            }
            for event in effect.events {
                self.event(here, event);
            }
        }
        if result.val == Val::UNSET {
            result.val = self.domain.values.unknown(Why::Computed);
        }
        result
    }

    /// Of several methods that a call may reach, each sees of its object only what is of its class.
    fn narrowed(&mut self, args: &[V], m: M, several: bool) -> Vec<V> {
        let mut args = args.to_vec();
        let (class, _) = self.hierarchy.owner(m);
        if let Some(this) = args.first_mut().filter(|_| several) {
            let mut objs = Objs::NONE;
            for obj in self.domain.objs(this.objs).to_vec() {
                let one = if self.domain.is_symbol(obj) {
                    self.domain.obj(Obj::As(obj, class), Type::UNKNOWN)
                } else if self.domain.is_exact(obj)
                    && !self.hierarchy.is_below(self.domain.type_of(obj), class)
                {
                    continue;
                } else {
                    obj
                };
                let one = self.domain.one(one);
                objs = self.domain.union(objs, one);
            }
            this.objs = objs;
        }
        args
    }

    /// Keeps an event, or adds to what is known of it.
    pub(super) fn event(&mut self, here: &mut Here<'a>, event: Event) {
        let same = |e: &&mut Event| (e.m, e.pc, e.row) == (event.m, event.pc, event.row);
        match here.events.iter_mut().find(same) {
            Some(old) => {
                old.taint = self.domain.mix(old.taint, event.taint);
                old.address = self.domain.values.join(old.address, event.address);
            }
            None => here.events.push(event),
        }
    }

    /// The methods that a call may reach.
    fn targets(&self, here: &Here<'a>, op: u16, callee: &Callee, args: &[V]) -> Vec<M> {
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
                    targets.extend(self.hierarchy.targets(callee.class, selector, &self.made));
                }
                targets.sort_unstable();
                targets.dedup();
                targets
            }
        }
    }

    /// A call of a method that the package does not hold.
    fn outside(&mut self, here: &mut Here<'a>, frame: &mut Frame, call: &Call<'_>, args: &[V]) -> V {
        self.sink(here, frame, call, args);
        self.escape(here, frame, call, args);
        let callee = call.callee;
        let member = callee.mark.map(|mark| mark.member).unwrap_or_default();
        if let Some(row) = member.identifier {
            return self.source(here, call.pc, row, callee.result);
        }
        if let Some(v) = self.reflect(here, frame, call, args) {
            return v;
        }
        if let Some(model) = member.model
            && let Some(v) = self.model(here, frame, call, model, args)
        {
            return v;
        }
        let result = match &callee.flows {
            Some(flows) => self.pass_on(here, frame, call, flows, args),
            None => self.pass_all(here, frame, call, args),
        };
        self.address(frame, call, args, result)
    }

    /// Data may leave here.
    fn sink(&mut self, here: &mut Here<'a>, frame: &Frame, call: &Call<'_>, args: &[V]) {
        let Some(row) = call.callee.mark.and_then(|mark| mark.member.sink) else {
            return;
        };
        if self
            .interest
            .sink(row)
            .is_none_or(|sink| sink.kind != SinkKind::Sink || !self.channels.contains(&&*sink.channel))
        {
            return;
        }
        let first = usize::from(!call.is_static);
        let given = args.get(first..).unwrap_or_default();
        let mut taint = Taint::NONE;
        // A call without arguments sends what its object was given before.
        let what = if given.is_empty() { args } else { given };
        for v in what {
            let whole = self.domain.whole(&frame.heap, *v);
            taint = self.domain.mix(taint, whole);
        }
        if taint == Taint::NONE {
            return;
        }
        let taint = self.domain.stepped(taint, here.m, call.pc, What::Leaves);
        let address = self.addresses(frame, args);
        let event = Event {
            m: here.m,
            pc: call.pc,
            row,
            taint,
            address,
        };
        self.event(here, event);
    }

    /// The addresses that the arguments of a call stand for.
    fn addresses(&mut self, frame: &Frame, args: &[V]) -> Val {
        let mut address = Val::UNSET;
        for v in args.iter().take(MAX_ADDRESSES) {
            let from = self
                .domain
                .read_all(&frame.heap, v.objs, Key::Address, Type::UNKNOWN);
            let content = self
                .domain
                .read_all(&frame.heap, v.objs, Key::Content, Type::UNKNOWN);
            for val in [from.val, content.val, v.val] {
                let known = self.domain.values.any_hot(val) || !self.domain.values.symbols(val).is_empty();
                if known {
                    address = self.domain.values.join(address, val);
                }
            }
        }
        address
    }

    /// Who is made of an address goes there: a connection, its stream, a request.
    fn address(&mut self, frame: &mut Frame, call: &Call<'_>, args: &[V], result: V) -> V {
        let objs = if &*call.callee.name == b"<init>" {
            args.first().map_or(Objs::NONE, |v| v.objs)
        } else {
            result.objs
        };
        if objs == Objs::NONE {
            return result;
        }
        let address = self.addresses(frame, args);
        if address != Val::UNSET && (self.domain.values.any_hot(address) || !call.is_static) {
            self.domain
                .write(&mut frame.heap, objs, Key::Address, V::of(address), true);
        }
        result
    }

    /// Objects of the package's own classes that the system is given may be called back.
    fn escape(&mut self, here: &Here<'a>, frame: &mut Frame, call: &Call<'_>, args: &[V]) {
        let constructor = &*call.callee.name == b"<init>";
        let first = usize::from(!call.is_static);
        let listeners = self.named("listeners");
        let world = self.domain.obj(Obj::World, Type::UNKNOWN);
        let world = self.domain.one(world);
        for (n, v) in args.iter().enumerate() {
            if n < first && constructor {
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
                // What a method of the system is given together with it may be what it is called with.
                if n < first && call.callee.parameters.len() < 8 {
                    for arg in args.iter().skip(first) {
                        if arg.objs != Objs::NONE || arg.taint != Taint::NONE {
                            let arg = self.stored(here, call.pc, *arg);
                            let given = self.named("given");
                            self.domain.write(&mut frame.heap, one.objs, given, arg, false);
                        }
                    }
                }
            }
        }
    }

    fn may_be_called_back(&self, obj: ObjId) -> bool {
        match self.domain.what(obj) {
            Obj::Param(_) | Obj::Load(..) | Obj::As(..) => true,
            Obj::New(..) | Obj::Within(..) => self.hierarchy.is_inside(self.domain.type_of(obj)),
            _ => false,
        }
    }

    /// A cell with a name of its own.
    pub(super) fn named(&mut self, name: &str) -> Key {
        let mut text = b"@".to_vec();
        text.extend_from_slice(name.as_bytes());
        let name = self.domain.text(&text);
        self.fields.insert(name);
        Key::Field(name)
    }

    /// What the signatures say that a call passes on.
    fn pass_on(
        &mut self,
        here: &mut Here<'a>,
        frame: &mut Frame,
        call: &Call<'_>,
        flows: &[Flow],
        args: &[V],
    ) -> V {
        let mut result = V::UNSET;
        let mut writes = Vec::new();
        for flow in flows {
            for source in self.spots(call, flow.from.spot, args, None) {
                let mut v = self.take(frame, call, args, source, &flow.from.cell);
                if !flow.same && v != V::UNSET {
                    let whole = self.domain.whole(&frame.heap, v);
                    v = V {
                        taint: self.domain.stepped(whole, here.m, call.pc, What::Mixed),
                        ..self.domain.unknown()
                    };
                }
                writes.push((flow, v));
            }
        }
        for (flow, v) in writes {
            if flow.to.spot == Spot::Return {
                result = self.domain.join(result, v);
                continue;
            }
            for target in self.spots(call, flow.to.spot, args, Some(())) {
                self.give(here, frame, call, args, target, flow, v);
            }
        }
        if result.objs == Objs::NONE && matches!(call.callee.result_letter, b'L' | b'T' | b'[') {
            let obj = self.domain.obj(Obj::Handed(here.m, call.pc), call.callee.result);
            result.objs = self.domain.one(obj);
        }
        if result.val == Val::UNSET {
            result.val = self.domain.values.unknown(Why::Computed);
        }
        result
    }

    fn spots(&mut self, call: &Call<'_>, spot: Spot, args: &[V], _to: Option<()>) -> Vec<V> {
        let first = usize::from(!call.is_static);
        match spot {
            Spot::This => args
                .first()
                .filter(|_| !call.is_static)
                .copied()
                .into_iter()
                .collect(),
            Spot::Argument(n) => args
                .get(first.saturating_add(usize::from(n)))
                .copied()
                .into_iter()
                .collect(),
            Spot::AnyArgument => args.get(first..).unwrap_or_default().to_vec(),
            Spot::World => {
                let world = self.domain.obj(Obj::World, Type::UNKNOWN);
                vec![self.domain.object(world)]
            }
            Spot::Return => Vec::new(),
        }
    }

    fn key(&mut self, call: &Call<'_>, args: &[V], cell: &Cell) -> Option<Key> {
        Some(match cell {
            Cell::Whole | Cell::Next => return None,
            Cell::Any => Key::Any,
            Cell::Named(name) => self.named(name),
            Cell::Key(n) => {
                let first = usize::from(!call.is_static);
                let v = args.get(first.saturating_add(usize::from(*n))).copied();
                self.text_key(v.unwrap_or(V::UNSET))
            }
        })
    }

    /// The key that a value is, where it is known.
    fn text_key(&mut self, v: V) -> Key {
        let one = match self.domain.values.alternatives(v.val).as_slice() {
            [one] => *one,
            _ => return Key::Any,
        };
        if let Atom::Int(n) = self.domain.values.atom(one) {
            return u16::try_from(n).map_or(Key::Any, Key::Index);
        }
        let Some(bytes) = self.domain.values.bytes(one).map(<[u8]>::to_vec) else {
            return Key::Any;
        };
        Key::Text(self.domain.text(&bytes))
    }

    fn take(&mut self, frame: &Frame, call: &Call<'_>, args: &[V], base: V, cell: &Cell) -> V {
        let Some(key) = self.key(call, args, cell) else {
            return base;
        };
        let mut v = self.domain.read_all(&frame.heap, base.objs, key, Type::UNKNOWN);
        // What all of a container is made of, each part may be.
        let content = self
            .domain
            .read_all(&frame.heap, base.objs, Key::Content, Type::UNKNOWN);
        v.taint = self.domain.mix(v.taint, content.taint);
        v.taint = self.domain.mix(v.taint, base.taint);
        v
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one flow")]
    fn give(
        &mut self,
        here: &Here<'a>,
        frame: &mut Frame,
        call: &Call<'_>,
        args: &[V],
        target: V,
        flow: &Flow,
        v: V,
    ) {
        let v = self.stored(here, call.pc, v);
        let key = match &flow.to.cell {
            Cell::Whole => {
                let content = V {
                    objs: Objs::NONE,
                    ..v
                };
                self.fill(frame, target.objs, content);
                return;
            }
            Cell::Next => {
                let length = self
                    .domain
                    .read_all(&frame.heap, target.objs, Key::Length, Type::UNKNOWN);
                let n = if length == V::UNSET {
                    Some(0)
                } else {
                    self.domain.values.single_int(length.val)
                };
                let next = match n {
                    Some(n) => self.domain.values.int(n.saturating_add(1)),
                    None => self.domain.values.unknown(Why::Computed),
                };
                self.domain
                    .write(&mut frame.heap, target.objs, Key::Length, V::of(next), true);
                n.and_then(|n| u16::try_from(n).ok()).map_or(Key::Any, Key::Index)
            }
            cell => self.key(call, args, cell).unwrap_or(Key::Any),
        };
        let sure = flow.to.spot != Spot::World;
        self.domain.write(&mut frame.heap, target.objs, key, v, sure);
    }

    /// Something becomes part of objects, and of those that they wrap: a stream of a stream.
    fn fill(&mut self, frame: &mut Frame, objs: Objs, v: V) {
        let wraps = self.named("to");
        let mut at = objs;
        for _ in 0..MAX_WRAPS {
            self.domain.write(&mut frame.heap, at, Key::Content, v, false);
            let mut next = Objs::NONE;
            for obj in self.domain.objs(at).to_vec() {
                let inner = frame.heap.get(obj, wraps).map_or(Objs::NONE, |v| v.objs);
                next = self.domain.union(next, inner);
            }
            if next == Objs::NONE {
                break;
            }
            at = next;
        }
    }

    /// Of a method that nobody described: its result is made of all that it is given, and its object too
    /// when it looks like a setter. An object of the package's own is only what is known of it.
    fn pass_all(&mut self, here: &Here<'a>, frame: &mut Frame, call: &Call<'_>, args: &[V]) -> V {
        let mut taint = Taint::NONE;
        let mut given = Taint::NONE;
        for (n, v) in args.iter().enumerate() {
            let part = self.opaque(frame, *v);
            taint = self.domain.mix(taint, part);
            if n >= usize::from(!call.is_static) {
                given = self.domain.mix(given, part);
            }
        }
        let callee = call.callee;
        if given != Taint::NONE
            && !call.is_static
            && sets(&callee.name)
            && let Some(this) = args.first()
        {
            let v = V {
                taint: self.domain.stepped(given, here.m, call.pc, What::Stored),
                ..self.domain.unknown()
            };
            self.fill(frame, this.objs, v);
        }
        let mut result = self.domain.unknown();
        if callee.result_letter == b'V' {
            return result;
        }
        result.taint = self.domain.stepped(taint, here.m, call.pc, What::Mixed);
        if matches!(callee.result_letter, b'L' | b'T' | b'[') {
            let obj = self.domain.obj(Obj::Handed(here.m, call.pc), callee.result);
            result.objs = self.domain.one(obj);
        }
        result
    }

    /// What went into a value, as far as a method that is not known may see it.
    fn opaque(&mut self, frame: &Frame, v: V) -> Taint {
        let own = self.domain.objs(v.objs).iter().any(|obj| {
            let type_ = self.domain.type_of(*obj);
            matches!(self.domain.what(*obj), Obj::Component(_)) || self.hierarchy.is_inside(type_)
        });
        if own {
            v.taint
        } else {
            self.domain.whole(&frame.heap, v)
        }
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
}

/// Whether the name of a method says that it changes its object.
fn sets(name: &[u8]) -> bool {
    const STARTS: [&[u8]; 14] = [
        b"set", b"put", b"add", b"append", b"write", b"insert", b"push", b"offer", b"<init>", b"print",
        b"update", b"init", b"with", b"param",
    ];
    STARTS.iter().any(|start| name.starts_with(start))
}
