//! What reflection makes and calls: objects by the name of their class, methods of the platform by theirs.

use super::super::hierarchy::{M, Selector, Type};
use super::super::package::NONE;
use super::call::{Call, Callee};
use super::domain::{Key, Obj, V};
use super::reflect::MAX_REFLECTED;
use super::run::{Frame, Here};
use super::trace::Tracer;

/// Arguments of a method of the platform.
const MAX_ARGUMENTS: u16 = 8;

impl<'a> Tracer<'a, '_> {
    /// `class.newInstance()`, `constructor.newInstance(arguments)`.
    pub(super) fn make(&mut self, here: &mut Here<'a>, frame: &mut Frame, pc: u32, class: V, array: V) -> V {
        let mut named = class.val;
        let key = self.named("class");
        let from = self.domain.read_all(&frame.heap, class.objs, key, Type::UNKNOWN);
        if from != V::UNSET {
            named = from.val;
        }
        let names = self.classes(named);
        let known = names.iter().find_map(|name| self.hierarchy.named(name));
        let Some(type_) = known else {
            let obj = self.domain.obj(Obj::Handed(here.m, pc), Type::UNKNOWN);
            return self.domain.object(obj);
        };
        let obj = self.domain.obj(Obj::New(here.m, pc), type_);
        frame.heap.forget(obj);
        let object = self.domain.object(obj);
        if !self.hierarchy.is_inside(type_) {
            let class = self.hierarchy.name(type_);
            self.platform(here, frame, pc, class, b"<init>", object, array);
            return object;
        }
        self.made.insert(type_);
        let elements = self.elements(frame, array);
        let wanted = elements.len().saturating_add(1);
        for m in self.by_name(type_, b"<init>") {
            if self.hierarchy.owner(m).0 == type_ && self.parameters(m).len() == wanted && !self.is_aside(m) {
                let given = self.spread(frame, m, object, array);
                self.own(here, frame, pc, &[m], &given);
            }
        }
        object
    }

    /// A method of the platform, by its name, as far as it is known what it passes on.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    pub(super) fn platform(
        &mut self,
        here: &mut Here<'a>,
        frame: &mut Frame,
        pc: u32,
        class: &[u8],
        name: &[u8],
        object: V,
        array: V,
    ) -> Option<V> {
        let row = self.interest.rules().sinks.propagator(class, name)?;
        let flows: Vec<_> = row
            .flows
            .iter()
            .filter(|flow| flow.from != flow.to)
            .cloned()
            .collect();
        let mut args = vec![object];
        args.extend(self.elements(frame, array));
        let parameters = args.iter().skip(1).map(|_| (Type::UNKNOWN, b'L')).collect();
        let callee = Callee {
            class: self.hierarchy.named(class).unwrap_or(Type::UNKNOWN),
            selector: Selector(NONE),
            name: name.to_vec(),
            parameters,
            result: Type::UNKNOWN,
            result_letter: b'L',
            quiet: false,
            removes: false,
            mark: None,
            flows: None,
            offer: None,
        };
        let call = Call {
            callee: &callee,
            pc,
            is_static: false,
            own: false,
        };
        Some(self.pass_on(here, frame, &call, &flows, &args))
    }

    /// What an array holds from the first element on, as far as it was filled.
    fn elements(&mut self, frame: &Frame, array: V) -> Vec<V> {
        let mut all = Vec::new();
        for i in 0..MAX_ARGUMENTS {
            let v = self
                .domain
                .read_all(&frame.heap, array.objs, Key::Index(i), Type::UNKNOWN);
            if v == V::UNSET {
                break;
            }
            all.push(v);
        }
        all
    }

    /// The methods of a class that have a name.
    pub(super) fn by_name(&self, type_: Type, name: &[u8]) -> Vec<M> {
        let mut all = Vec::new();
        for class in self.hierarchy.ancestors(type_) {
            for (selector, m) in self.hierarchy.methods(class) {
                if self.hierarchy.selector_text(*selector).0 == name && all.len() < MAX_REFLECTED {
                    all.push(*m);
                }
            }
            if !all.is_empty() {
                break;
            }
        }
        all
    }

    /// The arguments of a method out of the array that holds them.
    pub(super) fn spread(&mut self, frame: &Frame, m: M, object: V, array: V) -> Vec<V> {
        let mut all = Vec::new();
        let parameters = self.parameters(m).len();
        let is_static = self.is_static(m);
        if !is_static {
            all.push(object);
        }
        for i in 0_u16.. {
            if all.len() >= parameters {
                break;
            }
            all.push(
                self.domain
                    .read_all(&frame.heap, array.objs, Key::Index(i), Type::UNKNOWN),
            );
        }
        all
    }
}
