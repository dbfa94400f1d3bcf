//! Calls of methods that the package does not hold: what leaves by them, what they pass on, whom the
//! system may call back.

use super::super::hierarchy::Type;
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
        let first = usize::from(!call.is_static);
        let given = args.get(first..).unwrap_or_default();
        if !call.is_static && args.first().is_some_and(|this| self.is_memory(frame, this.objs)) {
            return;
        }
        self.exit(here, call, row);
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

    /// Whether what is written to these streams stays in memory, by what they wrap.
    fn is_memory(&mut self, frame: &Frame, objs: Objs) -> bool {
        let wraps = self.named("to");
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

    /// The addresses that the arguments of a call stand for.
    pub(super) fn addresses(&mut self, frame: &Frame, args: &[V]) -> Val {
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
    pub(super) fn address(&mut self, frame: &mut Frame, call: &Call<'_>, args: &[V], result: V) -> V {
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
