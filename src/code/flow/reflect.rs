//! Reflection: classes, methods and fields that are looked up by a name which is known.

use super::super::hierarchy::Type;
use super::super::value::{Atom, Val, Why};
use super::call::Call;
use super::domain::{Key, Obj, Objs, Taint, V, What};
use super::run::{Frame, Here};
use super::summary::Event;
use super::trace::Tracer;
use crate::rule::model::{Member, Model};

/// Methods of one name that one `invoke` may reach.
pub(super) const MAX_REFLECTED: usize = 8;

impl<'a> Tracer<'a, '_> {
    /// A call that has to do with reflection; `None` for any other.
    pub(super) fn reflect(
        &mut self,
        here: &mut Here<'a>,
        frame: &mut Frame,
        call: &Call<'_>,
        args: &[V],
    ) -> Option<V> {
        let this = args.first().copied().unwrap_or(V::UNSET);
        let model = call.callee.mark.and_then(|mark| mark.member.model);
        match (self.hierarchy.name(call.callee.class), &*call.callee.name) {
            (_, b"getClass") if args.len() == 1 => Some(self.class_of(here, this)),
            (b"Ljava/lang/Class;", b"getName") => self.class_name(this),
            (b"Ljava/lang/reflect/Method;", b"getName") => {
                let member = self.named("member");
                let name = self
                    .domain
                    .read_all(&frame.heap, this.objs, member, Type::UNKNOWN);
                (name != V::UNSET).then(|| V::of(name.val))
            }
            (b"Ljava/lang/Class;" | b"Ljava/lang/reflect/Constructor;", b"newInstance") => {
                let given = args.get(1).copied().unwrap_or(V::UNSET);
                Some(self.make(here, frame, call.pc, this, given))
            }
            (b"Ljava/lang/Class;", b"getConstructor" | b"getDeclaredConstructor") => {
                let obj = self.domain.obj(Obj::Handed(here.m, call.pc), call.callee.result);
                let class = self.named("class");
                frame.heap.put(obj, class, V::of(this.val));
                Some(self.domain.object(obj))
            }
            (b"Ljava/lang/reflect/Method;", b"invoke") => self.call_method(here, frame, call.pc, args),
            (b"Ljava/lang/reflect/Field;", name) => self.use_field(here, frame, call.pc, name, args),
            _ => match model {
                Some(Model::Member(Member::Method | Member::Field)) => {
                    let obj = self.domain.obj(Obj::Handed(here.m, call.pc), call.callee.result);
                    let (class, member) = (self.named("class"), self.named("member"));
                    frame.heap.put(obj, class, V::of(this.val));
                    let name = args.get(1).copied().unwrap_or(V::UNSET);
                    let name = self.text(frame, name, b'S');
                    frame.heap.put(obj, member, V::of(name.val));
                    Some(self.domain.object(obj))
                }
                _ => None,
            },
        }
    }

    /// The class of an object, as a text.
    fn class_of(&mut self, here: &Here<'a>, this: V) -> V {
        let mut val = Val::UNSET;
        let own = !self.is_static(here.m);
        for obj in self.domain.objs(this.objs).to_vec() {
            let type_ = match self.domain.what(obj) {
                // The class of `this` may be one below, which has the same members.
                Obj::Param(0) if own => here.class,
                _ if self.domain.is_exact(obj) => self.domain.type_of(obj),
                _ => continue,
            };
            let name = self.hierarchy.name(type_);
            let text = Val::one(self.domain.values.made(&dotted(name)));
            val = self.domain.values.join(val, text);
        }
        if val == Val::UNSET {
            val = self.domain.values.unknown(Why::Object);
        }
        V::of(val)
    }

    /// The name of a class, as a text.
    fn class_name(&mut self, class: V) -> Option<V> {
        let mut val = Val::UNSET;
        for name in self.classes(class.val) {
            let text = Val::one(self.domain.values.made(&dotted(&name)));
            val = self.domain.values.join(val, text);
        }
        (val != Val::UNSET).then(|| V::of(val))
    }

    /// The classes that a value names.
    pub(super) fn classes(&self, val: Val) -> Vec<Vec<u8>> {
        let values = &self.domain.values;
        let mut all = Vec::new();
        for id in values.alternatives(val).as_slice() {
            match values.atom(*id) {
                Atom::Class(dex, type_) => {
                    all.push(self.hierarchy.name(self.hierarchy.type_at(dex, type_)).to_vec());
                }
                _ => all.extend(super::super::text::whole(values, *id).map(|text| descriptor(&text))),
            }
        }
        all
    }

    /// Class and name of the members that an object stands for.
    fn members(&mut self, frame: &Frame, member: V) -> Vec<(Vec<u8>, Vec<u8>)> {
        let (class, name) = (self.named("class"), self.named("member"));
        let class = self
            .domain
            .read_all(&frame.heap, member.objs, class, Type::UNKNOWN);
        let name = self
            .domain
            .read_all(&frame.heap, member.objs, name, Type::UNKNOWN);
        let mut names = Vec::new();
        for id in self.domain.values.alternatives(name.val).as_slice() {
            names.extend(super::super::text::whole(&self.domain.values, *id));
        }
        let mut classes = self.classes(class.val);
        if classes.is_empty() {
            classes.push(Vec::new());
        }
        let mut all = Vec::new();
        for class in &classes {
            for name in &names {
                if all.len() < MAX_REFLECTED {
                    all.push((class.clone(), name.clone()));
                }
            }
        }
        all
    }

    /// `method.invoke(object, arguments)`.
    fn call_method(&mut self, here: &mut Here<'a>, frame: &mut Frame, pc: u32, args: &[V]) -> Option<V> {
        let method = args.first().copied().unwrap_or(V::UNSET);
        let object = args.get(1).copied().unwrap_or(V::UNSET);
        let array = args.get(2).copied().unwrap_or(V::UNSET);
        let members = self.members(frame, method);
        if members.is_empty() {
            return None;
        }
        let mut result = V::UNSET;
        for (class, name) in members {
            let type_ = self.hierarchy.named(&class);
            let targets = type_.map(|type_| self.by_name(type_, &name)).unwrap_or_default();
            if !targets.is_empty() {
                for m in targets {
                    let given = self.spread(frame, m, object, array);
                    let v = self.own(here, frame, pc, &[m], &given);
                    result = self.domain.join(result, v);
                }
                continue;
            }
            let member = self
                .interest
                .class(&class)
                .and_then(|number| self.interest.method(number, &class, &name))
                .unwrap_or_default();
            if let Some(v) = self.platform(here, frame, pc, &class, &name, object, array) {
                result = self.domain.join(result, v);
            }
            let read = self.reflected_read(here, frame, pc, member.model, array);
            result.taint = self.domain.mix(result.taint, read);
            let row = member.identifier.or_else(|| self.reflected(&class, &name));
            if let Some(row) = row {
                let v = self.source(here, pc, row, Type::UNKNOWN);
                result = self.domain.join(result, v);
            }
            if let Some(row) = member.sink {
                let taint = self.domain.whole(&frame.heap, array);
                if taint != Taint::NONE {
                    let taint = self.domain.stepped(taint, here.m, pc, What::Leaves);
                    let address = self.domain.values.unknown(Why::Computed);
                    let event = Event {
                        m: here.m,
                        pc,
                        row,
                        taint,
                        address,
                    };
                    self.event(here, pc, event);
                }
            }
        }
        // What else it does is not known: it may give back what it was given.
        let mut taint = self.domain.whole(&frame.heap, array);
        taint = self.domain.mix(taint, object.taint);
        result.taint = self.domain.mix(result.taint, taint);
        if result.objs == Objs::NONE {
            let obj = self.domain.obj(Obj::Handed(here.m, pc), Type::UNKNOWN);
            result.objs = self.domain.one(obj);
        }
        if result.val == Val::UNSET {
            result.val = self.domain.values.unknown(Why::Computed);
        }
        Some(result)
    }

    /// The row of an identifier that is asked for by the name of its method alone.
    fn reflected(&self, class: &[u8], name: &[u8]) -> Option<u16> {
        if !class.is_empty() {
            return None;
        }
        let row = self
            .interest
            .rules()
            .identifiers
            .reflected(std::str::from_utf8(name).ok()?)?;
        (0..u16::MAX)
            .map_while(|n| Some((n, self.interest.identifier(n)?)))
            .find(|(_, other)| std::ptr::eq(*other, row))
            .map(|(n, _)| n)
    }

    /// `field.get(object)`, `field.set(object, value)`.
    fn use_field(
        &mut self,
        here: &Here<'a>,
        frame: &mut Frame,
        pc: u32,
        name: &[u8],
        args: &[V],
    ) -> Option<V> {
        let field = args.first().copied()?;
        let object = args.get(1).copied()?;
        let members = self.members(frame, field);
        if members.is_empty() {
            return None;
        }
        let mut result = V::UNSET;
        for (class, member) in members {
            let key = Key::Field(self.domain.text(&member));
            let mut objs = object.objs;
            if objs == Objs::NONE
                && let Some(class) = self.hierarchy.named(&class)
            {
                let statics = self.domain.obj(Obj::Statics(class), class);
                objs = self.domain.one(statics);
            }
            if name.starts_with(b"set") {
                let v = args.get(2).copied().unwrap_or(V::UNSET);
                let v = self.stored(here, pc, v);
                self.domain.write(&mut frame.heap, objs, key, v, true);
            } else if name.starts_with(b"get") {
                let v = self.domain.read_all(&frame.heap, objs, key, Type::UNKNOWN);
                result = self.domain.join(result, v);
            }
        }
        if result.val == Val::UNSET {
            result.val = self.domain.values.unknown(Why::Object);
        }
        Some(result)
    }
}

/// `La/B;` as `a.B`.
fn dotted(descriptor: &[u8]) -> Vec<u8> {
    let name = descriptor.strip_prefix(b"L").unwrap_or(descriptor);
    let name = name.strip_suffix(b";").unwrap_or(name);
    name.iter().map(|b| if *b == b'/' { b'.' } else { *b }).collect()
}

/// `a.B` as `La/B;`.
pub(super) fn descriptor(name: &[u8]) -> Vec<u8> {
    let mut text = vec![b'L'];
    text.extend(name.iter().map(|b| if *b == b'.' { b'/' } else { *b }));
    text.push(b';');
    text
}
