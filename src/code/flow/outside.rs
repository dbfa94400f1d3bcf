//! Calls of methods that the package does not hold: what leaves by them, what they pass on, whom the
//! system may call back.

use super::super::hierarchy::Type;
use super::super::table::letter;
use super::super::value::Val;
use super::call::Call;
use super::domain::{Key, Obj, ObjId, Objs, Taint, V, What};
use super::run::{Frame, Here};
use super::summary::Event;
use super::trace::Tracer;
use crate::rule::SinkKind;

/// Streams around streams that are followed.
pub(super) const MAX_WRAPS: usize = 4;
/// Arguments that an address is looked for in.
const MAX_ADDRESSES: usize = 4;

/// What a cell is for that is asked for at every call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kept {
    /// What a stream, or a message, is for.
    To,
    /// What one who waits is called with.
    Given,
}

impl<'a> Tracer<'a, '_> {
    /// A call of a method that the package does not hold.
    pub(super) fn outside(
        &mut self,
        here: &mut Here<'a>,
        frame: &mut Frame,
        call: &Call<'_>,
        args: &[V],
    ) -> V {
        self.sink(here, frame, call, args);
        self.hand_over(here, frame, call, args);
        if !call.own {
            self.escape(here, frame, call, args);
        }
        let callee = call.callee;
        let member = callee.mark.map(|mark| mark.member).unwrap_or_default();
        let returns = callee.offer.as_ref().and_then(|offer| offer.returns);
        if let Some(row) = member.identifier.or(returns) {
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
            None => {
                let known = self.unkept(here, call, args);
                known
                    .or_else(|| self.filled(here, frame, call, args))
                    .unwrap_or_else(|| self.pass_all(here, frame, call, args))
            }
        };
        let result = self.named_read(here, frame, call, args, result);
        self.typed(here, frame, call, args, result);
        self.address(frame, call, args, result)
    }

    /// Data may leave here.
    pub(super) fn sink(&mut self, here: &mut Here<'a>, frame: &Frame, call: &Call<'_>, args: &[V]) {
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
        if !call.is_static && args.first().is_some_and(|this| self.is_memory(frame, this.objs)) {
            return;
        }
        self.exit(here, call, row);
        // A call without arguments sends what its object was given before.
        let first = usize::from(!call.is_static);
        let first = if args.len() > first { first } else { 0 };
        let mut taint = Taint::NONE;
        for (n, v) in args.iter().enumerate().skip(first) {
            if self.leads_to_all(call, n, *v) {
                continue;
            }
            let whole = self.domain.whole(&frame.heap, *v);
            taint = self.domain.mix(taint, whole);
        }
        if taint == Taint::NONE {
            return;
        }
        let taint = self.domain.stepped(taint, here.m, call.pc, What::Leaves);
        let address = self.addresses(frame, args, !self.is_payload(row));
        let event = Event {
            m: here.m,
            pc: call.pc,
            row,
            taint,
            address,
        };
        self.event(here, call.pc, event);
    }

    /// Whether what is written to these streams stays in memory, by what they wrap.
    fn is_memory(&mut self, frame: &Frame, objs: Objs) -> bool {
        if objs == Objs::NONE {
            return false;
        }
        let wraps = self.kept(Kept::To);
        let mut all = self.domain.objs(objs).to_vec();
        for _ in 0..MAX_WRAPS {
            let mut inner = Vec::new();
            for obj in &all {
                let to = frame.heap.get(*obj, wraps).map_or(Objs::NONE, |v| v.objs);
                inner.extend(
                    self.domain
                        .objs(to)
                        .iter()
                        .copied()
                        .filter(|to| !all.contains(to)),
                );
            }
            if inner.is_empty() {
                break;
            }
            all = inner;
        }
        let sinks = &self.interest.rules().sinks;
        let in_memory = |obj: &ObjId| sinks.is_memory(self.hierarchy.name(self.domain.type_of(*obj)));
        !all.is_empty() && all.iter().all(in_memory)
    }

    /// Whether texts at a row are what is sent, never where to.
    fn is_payload(&self, row: u16) -> bool {
        self.interest.sink(row).is_some_and(|sink| sink.payload)
    }

    /// Whether an argument leads to all of an app, as a context does: what a call makes with it is not made of what
    /// the app holds.
    pub(super) fn leads_to_all(&mut self, call: &Call<'_>, n: usize, v: V) -> bool {
        let declared = match n.checked_sub(usize::from(!call.is_static)) {
            Some(n) => call.callee.parameters.get(n).map(|(type_, _)| *type_),
            None => Some(call.callee.class),
        };
        if declared.is_some_and(|type_| self.is_holder(type_)) {
            return true;
        }
        v.objs != Objs::NONE
            && self
                .domain
                .each(v.objs)
                .all(|obj| self.is_holder(self.domain.type_of(obj)))
    }

    pub(super) fn is_holder(&mut self, type_: Type) -> bool {
        if let Some(known) = self.holders.get(&type_) {
            return *known;
        }
        let lifecycles = &self.interest.rules().lifecycles;
        let above = self.hierarchy.ancestors(type_);
        let is = above
            .iter()
            .any(|type_| lifecycles.is_holder(self.hierarchy.name(*type_)));
        self.holders.insert(type_, is);
        is
    }

    /// The addresses that the arguments of a call were made of, and, if `texts` may be one, stand for.
    pub(super) fn addresses(&mut self, frame: &Frame, args: &[V], texts: bool) -> Val {
        let mut address = Val::UNSET;
        for v in args.iter().take(MAX_ADDRESSES) {
            let from = self
                .domain
                .read_all(&frame.heap, v.objs, Key::Address, Type::UNKNOWN);
            let content = self
                .domain
                .read_all(&frame.heap, v.objs, Key::Content, Type::UNKNOWN);
            let stands = [content.val, v.val].into_iter().filter(|_| texts);
            for val in std::iter::once(from.val).chain(stands) {
                let known = self.domain.values.any_hot(val) || self.domain.values.is_symbolic(val);
                if known {
                    address = self.domain.values.join(address, val);
                }
            }
        }
        address
    }

    /// Who is made of an address goes there: a connection, its stream, a request.
    pub(super) fn address(&mut self, frame: &mut Frame, call: &Call<'_>, args: &[V], result: V) -> V {
        let objs = if &*call.callee.name == b"<init>" {
            args.first().map_or(Objs::NONE, |v| v.objs)
        } else {
            result.objs
        };
        let sink = call.callee.mark.and_then(|mark| mark.member.sink);
        if objs == Objs::NONE || sink.is_some_and(|row| self.is_payload(row)) {
            return result;
        }
        let address = self.addresses(frame, args, true);
        if address != Val::UNSET && (self.domain.values.any_hot(address) || !call.is_static) {
            self.domain
                .write(&mut frame.heap, objs, Key::Address, V::of(address), true);
        }
        result
    }

    /// The letter of what an argument is declared as.
    pub(super) fn letter_of(&self, call: &Call<'_>, n: usize) -> u8 {
        match n.checked_sub(usize::from(!call.is_static)) {
            Some(n) => call.callee.parameters.get(n).map_or(b'L', |(_, letter)| *letter),
            None => letter(Some(self.hierarchy.name(call.callee.class))),
        }
    }

    /// A cell that is asked for at every call.
    pub(super) fn kept(&mut self, cell: Kept) -> Key {
        let (n, name) = match cell {
            Kept::To => (0, "to"),
            Kept::Given => (1, "given"),
        };
        if let Some(key) = self.cells.get(n).copied().flatten() {
            return key;
        }
        let key = self.named(name);
        if let Some(slot) = self.cells.get_mut(n) {
            *slot = Some(key);
        }
        key
    }

    /// A cell with a name of its own.
    pub(super) fn named(&mut self, name: &str) -> Key {
        if name == "typed" {
            return Key::Typed;
        }
        let mut text = b"@".to_vec();
        text.extend_from_slice(name.as_bytes());
        let name = self.domain.text(&text);
        self.fields.insert(name);
        Key::Field(name)
    }

    /// Of a method that nobody described: its result is made of all that it is given, and its object too
    /// when it looks like a setter. An object of the package's own is only what is known of it.
    pub(super) fn pass_all(&mut self, here: &Here<'a>, frame: &mut Frame, call: &Call<'_>, args: &[V]) -> V {
        let mut taint = Taint::NONE;
        let mut given = Taint::NONE;
        for (n, v) in args.iter().enumerate() {
            if self.leads_to_all(call, n, *v) {
                continue;
            }
            let part = self.opaque(frame, *v);
            taint = self.domain.mix(taint, part);
            if n >= usize::from(!call.is_static) {
                given = self.domain.mix(given, part);
            }
        }
        let callee = call.callee;
        if given != Taint::NONE
            && !call.is_static
            && self.interest.rules().lifecycles.is_setter(&callee.name)
            && let Some(this) = args.first()
            && !self.leads_to_all(call, 0, *this)
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
    pub(super) fn opaque(&mut self, frame: &Frame, v: V) -> Taint {
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
}

/// Whether what a letter stands for is a text, a number or an array: nobody is called back by it.
pub(super) fn is_value(letter: u8) -> bool {
    letter != b'L'
}
