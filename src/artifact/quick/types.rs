//! What optimised instructions stood for, found by the classes of the objects that they work on.
//!
//! A slot of a table of virtual methods, or an offset in an object, means something once the class is known.
//! So the types of registers are followed through a method the way a verifier does: forward, over branches
//! and handlers, and where two ways meet the result is the superclass that both have. The index that is
//! written back is one that the dex has: the same method or field, looked up in the class or one of its
//! superclasses, as the original did.
//!
//! Nothing is guessed: a register whose type is not certain resolves nothing, and a method whose parameters
//! do not fit the registers of the call is refused.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::fields::width;
use super::layout::{Layouts, OBJECT, Rules, Signature};
use super::{Kind, Real};
use crate::artifact::dex::opcode::{BRANCHES, CONTINUES, INVOKES, SWITCHES};
use crate::artifact::dex::{Body, Code, Dex, Insn, Op};

/// Ours: registers of all places of a method where ways meet. A method with 500 registers and 2000 such
/// places is beyond any compiler's output.
const MAX_STATES: usize = 1 << 20;
/// Ours: instructions stepped over and registers merged, for each byte of the file and at least. An
/// instruction has two bytes at least, and loops settle in two or three rounds.
const ROUNDS: usize = 4;
const MIN_STEPS: usize = 1 << 20;
/// Ours: what it costs to compare all superclasses of two classes, in instructions.
const JOIN: usize = 64;
/// Ours: handlers of one method.
const MAX_HANDLERS: usize = 1 << 14;

const STRING: &[u8] = b"Ljava/lang/String;";
const CLASS: &[u8] = b"Ljava/lang/Class;";
const THROWABLE: &[u8] = b"Ljava/lang/Throwable;";
const ACC_STATIC: u32 = 0x8;

/// Calls that Dalvik makes without a method (`gDvmInlineOpsTable`, Android 4.x): class, name, prototype, and
/// whether the call is virtual, direct or static.
const INLINE: [(&[u8], &[u8], &[u8], u8); 29] = [
    (
        b"Lorg/apache/harmony/dalvik/NativeTestTarget;",
        b"emptyInlineMethod",
        b"()V",
        b's',
    ),
    (STRING, b"charAt", b"(I)C", b'v'),
    (STRING, b"compareTo", b"(Ljava/lang/String;)I", b'v'),
    (STRING, b"equals", b"(Ljava/lang/Object;)Z", b'v'),
    (STRING, b"fastIndexOf", b"(II)I", b'd'),
    (STRING, b"isEmpty", b"()Z", b'v'),
    (STRING, b"length", b"()I", b'v'),
    (MATH, b"abs", b"(I)I", b's'),
    (MATH, b"abs", b"(J)J", b's'),
    (MATH, b"abs", b"(F)F", b's'),
    (MATH, b"abs", b"(D)D", b's'),
    (MATH, b"min", b"(II)I", b's'),
    (MATH, b"max", b"(II)I", b's'),
    (MATH, b"sqrt", b"(D)D", b's'),
    (MATH, b"cos", b"(D)D", b's'),
    (MATH, b"sin", b"(D)D", b's'),
    (FLOAT, b"floatToIntBits", b"(F)I", b's'),
    (FLOAT, b"floatToRawIntBits", b"(F)I", b's'),
    (FLOAT, b"intBitsToFloat", b"(I)F", b's'),
    (DOUBLE, b"doubleToLongBits", b"(D)J", b's'),
    (DOUBLE, b"doubleToRawLongBits", b"(D)J", b's'),
    (DOUBLE, b"longBitsToDouble", b"(J)D", b's'),
    (STRICT_MATH, b"abs", b"(I)I", b's'),
    (STRICT_MATH, b"abs", b"(J)J", b's'),
    (STRICT_MATH, b"abs", b"(F)F", b's'),
    (STRICT_MATH, b"abs", b"(D)D", b's'),
    (STRICT_MATH, b"min", b"(II)I", b's'),
    (STRICT_MATH, b"max", b"(II)I", b's'),
    (STRICT_MATH, b"sqrt", b"(D)D", b's'),
];
const MATH: &[u8] = b"Ljava/lang/Math;";
const STRICT_MATH: &[u8] = b"Ljava/lang/StrictMath;";
const FLOAT: &[u8] = b"Ljava/lang/Float;";
const DOUBLE: &[u8] = b"Ljava/lang/Double;";

/// What is known of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type<'a> {
    /// Nothing was written yet.
    Unset,
    /// Zero: null, or a number.
    Zero,
    /// A number, or an object of a class that is not known.
    Other,
    /// An object of this class or one of its subclasses; or an array, an interface.
    Object(&'a [u8]),
}

impl<'a> Type<'a> {
    /// A value of this type.
    fn of(descriptor: &'a [u8]) -> Self {
        match descriptor.first() {
            Some(b'L' | b'[') => Self::Object(descriptor),
            _ => Self::Other,
        }
    }
}

/// Finds what the instructions of one dex stood for.
pub(super) struct Resolver<'l, 'a> {
    layouts: &'l mut Layouts<'a>,
    dex: Dex<'a>,
    /// The names of the dex, once they are needed.
    names: Option<Names<'a>>,
    /// Superclasses that two classes have in common.
    joins: FxHashMap<(&'a [u8], &'a [u8]), Option<&'a [u8]>>,
    /// Instructions that may still be stepped over.
    budget: usize,
    /// Instructions that do not fit the class that they work on.
    refused: u64,
}

/// The types, prototypes, methods and fields of a dex, by number and by name.
#[derive(Default)]
struct Names<'a> {
    types: Vec<Option<&'a [u8]>>,
    /// Registers that the parameters take, and the type of the result.
    protos: Vec<Option<(usize, &'a [u8])>>,
    methods: FxHashMap<(&'a [u8], Signature<'a>), u32>,
    fields: FxHashMap<(&'a [u8], &'a [u8], &'a [u8]), u32>,
}

impl<'a> Names<'a> {
    /// Reads them. Where that is more than a sound dex has, the rest is not known.
    fn read(dex: &Dex<'a>, layouts: &mut Layouts<'a>) -> Self {
        let mut this = Self::default();
        for i in 0..dex.type_count() {
            this.types.push(layouts.name(dex.type_descriptor(i)));
        }
        let mut numbers = Vec::new();
        for i in 0..dex.proto_count() {
            numbers.push(layouts.proto_of(dex, i));
            this.protos.push(dex.proto(i).and_then(|proto| {
                let mut registers = 0_usize;
                for parameter in proto.parameters.iter() {
                    let wide = width(this.type_(parameter)?) == 8;
                    registers = registers.saturating_add(if wide { 2 } else { 1 });
                }
                Some((registers, this.type_(proto.return_type)?))
            }));
        }
        let at = |i: u32| usize::try_from(i).unwrap_or(usize::MAX);
        for i in 0..dex.method_count() {
            let Some(method) = dex.method(i) else { break };
            let name = layouts.name(dex.string(method.name));
            let proto = numbers.get(at(method.proto)).copied().flatten();
            if let (Some(class), Some(name), Some(proto)) = (this.type_(method.class), name, proto) {
                this.methods
                    .entry((class, Signature { name, proto }))
                    .or_insert(i);
            }
        }
        for i in 0..dex.field_count() {
            let Some(field) = dex.field(i) else { break };
            let name = layouts.name(dex.string(field.name));
            if let (Some(class), Some(name), Some(type_)) =
                (this.type_(field.class), name, this.type_(field.type_))
            {
                this.fields.entry((class, name, type_)).or_insert(i);
            }
        }
        this
    }

    /// The descriptor of type `i`.
    fn type_(&self, i: u32) -> Option<&'a [u8]> {
        self.types.get(usize::try_from(i).ok()?).copied().flatten()
    }

    /// Registers that the parameters of prototype `i` take, and the type of its result.
    fn proto(&self, i: u32) -> Option<(usize, &'a [u8])> {
        self.protos.get(usize::try_from(i).ok()?).copied().flatten()
    }
}

/// An instruction does not fit the class that it works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refused;

/// A method that is being followed.
struct Walk<'a> {
    code: Code<'a>,
    class: &'a [u8],
    /// Types of registers where ways meet, by code unit.
    states: FxHashMap<u32, Vec<Type<'a>>>,
    open: BTreeSet<u32>,
    tries: Vec<Guard<'a>>,
    found: FxHashMap<u32, Real>,
    refused: FxHashSet<u32>,
}

/// A range of code and its handlers: what is caught, and where it goes on.
struct Guard<'a> {
    start: u32,
    end: u32,
    handlers: Vec<(&'a [u8], u32)>,
}

impl<'l, 'a> Resolver<'l, 'a> {
    pub(super) fn new(layouts: &'l mut Layouts<'a>, dex: Dex<'a>) -> Self {
        Self {
            layouts,
            dex,
            names: None,
            joins: FxHashMap::default(),
            budget: dex.data().len().saturating_mul(ROUNDS).max(MIN_STEPS),
            refused: 0,
        }
    }

    /// How many instructions do not fit the class that they work on, though it is known: the dex never
    /// names what is in the slot, or there is no field. On the device that the file is from there are none.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// What the optimised instructions of a method stood for, by code unit. Some may be missing.
    pub(super) fn method(&mut self, body: &Body<'a>) -> FxHashMap<u32, Real> {
        let code = body.code;
        if !code.insns().any(|insn| Kind::of(insn.op).needs_index()) {
            return FxHashMap::default();
        }
        if self.names.is_none() {
            self.names = Some(Names::read(&self.dex, self.layouts));
        }
        self.walk(body).unwrap_or_default()
    }

    fn type_(&self, i: u32) -> Option<&'a [u8]> {
        self.names.as_ref()?.type_(i)
    }

    /// Counts `n` steps.
    fn charge(&mut self, n: usize) -> Option<()> {
        self.budget = self.budget.checked_sub(n)?;
        Some(())
    }

    fn walk(&mut self, body: &Body<'a>) -> Option<FxHashMap<u32, Real>> {
        let code = body.code;
        let class = self.type_(body.class.class)?;
        let mut walk = Walk {
            code,
            class,
            states: FxHashMap::default(),
            open: BTreeSet::new(),
            tries: self.guards(&code)?,
            found: FxHashMap::default(),
            refused: FxHashSet::default(),
        };
        for insn in code.insns() {
            let targets = targets(&code, &insn);
            self.charge(targets.len())?;
            for target in targets {
                walk.states.entry(target).or_default();
            }
        }
        for (_, target) in walk.tries.iter().flat_map(|guard| &guard.handlers) {
            walk.states.entry(*target).or_default();
        }
        let registers = usize::from(code.registers);
        let places = walk.states.len().saturating_add(1);
        if registers.saturating_mul(places) > MAX_STATES {
            return None;
        }
        walk.states.insert(0, self.entry(body, class)?);
        walk.open.insert(0);
        while let Some(pc) = walk.open.pop_first() {
            self.charge(registers)?;
            let state = walk.states.get(&pc)?.clone();
            self.run(&mut walk, pc, state)?;
        }
        self.refused = self
            .refused
            .saturating_add(u64::try_from(walk.refused.len()).unwrap_or(u64::MAX));
        Some(walk.found)
    }

    /// The handlers of a method; `None` where they are not in the order that a verifier wants.
    fn guards(&self, code: &Code<'a>) -> Option<Vec<Guard<'a>>> {
        let mut guards: Vec<Guard<'a>> = Vec::new();
        let mut count = 0_usize;
        for guard in code.tries() {
            let guard = guard.ok()?;
            if guards.last().is_some_and(|last| guard.start < last.end) {
                return None;
            }
            let mut handlers = Vec::new();
            for catch in guard.catches {
                let catch = catch.ok()?;
                count = count.saturating_add(1);
                if count > MAX_HANDLERS {
                    return None;
                }
                let type_ = match catch.type_ {
                    Some(type_) => self.type_(type_)?,
                    None => THROWABLE,
                };
                handlers.push((type_, catch.pc));
            }
            guards.push(Guard {
                start: guard.start,
                end: guard.end,
                handlers,
            });
        }
        Some(guards)
    }

    /// The registers at the start of a method: its arguments are in the last ones.
    fn entry(&self, body: &Body<'a>, class: &'a [u8]) -> Option<Vec<Type<'a>>> {
        let mut state = vec![Type::Unset; usize::from(body.code.first_in())];
        if body.method.access & ACC_STATIC == 0 {
            state.push(Type::Object(class));
        }
        let id = self.dex.method(body.method.index)?;
        for parameter in self.dex.proto(id.proto)?.parameters.iter() {
            let descriptor = self.type_(parameter)?;
            state.push(Type::of(descriptor));
            if width(descriptor) == 8 {
                state.push(Type::Other);
            }
        }
        (state.len() == usize::from(body.code.registers)).then_some(state)
    }

    /// Follows the code from `pc` on until it ends or comes to a place where ways meet. `None` where the
    /// method is not what a compiler writes.
    fn run(&mut self, walk: &mut Walk<'a>, pc: u32, mut state: Vec<Type<'a>>) -> Option<()> {
        let mut result = Type::Other;
        // Handlers see the registers as they are anywhere in the range that they guard.
        let mut changed = true;
        let mut last = None;
        let code = walk.code;
        for insn in code.insns_at(pc) {
            self.charge(1)?;
            if insn.pc != pc && walk.states.contains_key(&insn.pc) {
                return self.flow(walk, insn.pc, &state);
            }
            if insn.is_payload() {
                return None;
            }
            let guard = walk.guard(insn.pc);
            if changed || guard != last {
                self.throw(walk, guard, &state)?;
            }
            last = guard;
            changed = self.step(walk, &insn, &mut state, &mut result)?;
            for target in targets(&code, &insn) {
                self.flow(walk, target, &state)?;
            }
            if !insn.op.is(CONTINUES) {
                return Some(());
            }
        }
        // Code that runs over its end.
        None
    }

    /// Tells the handlers of a range what is in the registers.
    fn throw(&mut self, walk: &mut Walk<'a>, guard: Option<usize>, state: &[Type<'a>]) -> Option<()> {
        let handlers = match guard.and_then(|guard| walk.tries.get(guard)) {
            Some(guard) => guard.handlers.clone(),
            None => return Some(()),
        };
        for (_, target) in handlers {
            self.flow(walk, target, state)?;
        }
        Some(())
    }

    /// A way into the place at `pc`.
    fn flow(&mut self, walk: &mut Walk<'a>, pc: u32, state: &[Type<'a>]) -> Option<()> {
        self.charge(state.len().saturating_add(1))?;
        let known = walk.states.get_mut(&pc)?;
        if known.is_empty() && !state.is_empty() {
            known.extend_from_slice(state);
            walk.open.insert(pc);
            return Some(());
        }
        let mut changed = false;
        for (known, new) in known.iter_mut().zip(state) {
            if *known != *new {
                let merged = self.merge(*known, *new)?;
                changed |= merged != *known;
                *known = merged;
            }
        }
        if changed {
            walk.open.insert(pc);
        }
        Some(())
    }

    /// What an instruction does to the registers; whether it does anything. `result` is what a call left.
    fn step(
        &mut self,
        walk: &mut Walk<'a>,
        insn: &Insn<'a>,
        state: &mut [Type<'a>],
        result: &mut Type<'a>,
    ) -> Option<bool> {
        let at = |state: &[Type<'a>], register: u16| state.get(usize::from(register)).copied();
        let kind = Kind::of(insn.op);
        if kind.needs_index() {
            walk.found.remove(&insn.pc);
            walk.refused.remove(&insn.pc);
            let mut type_ = Type::Other;
            match self.real(walk.class, insn, kind, state) {
                Some(Ok((real, result))) => {
                    walk.found.insert(insn.pc, real);
                    type_ = result;
                }
                Some(Err(Refused)) => {
                    walk.refused.insert(insn.pc);
                }
                None => {}
            }
            if insn.op.is(INVOKES) {
                *result = type_;
                return Some(false);
            }
            return self.write(insn, state, type_);
        }
        if insn.op.is(INVOKES) {
            let proto = insn
                .second_index()
                .or_else(|| Some(self.dex.method(insn.method()?)?.proto));
            let returned = proto.and_then(|proto| self.names.as_ref()?.proto(proto));
            *result = returned.map_or(Type::Other, |(_, type_)| Type::of(type_));
            return Some(false);
        }
        let named = || insn.index().and_then(|i| self.type_(i));
        let type_ = match insn.op.0 {
            // move, move-object and their wider forms
            0x01..=0x03 | 0x07..=0x09 => at(state, insn.b())?,
            0x0a..=0x0c => std::mem::replace(result, Type::Other),
            0x0d => self.caught(walk, insn.pc)?,
            0x12..=0x15 if insn.literal() == Some(0) => Type::Zero,
            0x1a | 0x1b => Type::Object(STRING),
            0x1c => Type::Object(CLASS),
            // check-cast, new-instance, new-array
            0x1f | 0x22 | 0x23 => named().map_or(Type::Other, Type::of),
            // filled-new-array
            0x24 | 0x25 => {
                *result = named().map_or(Type::Other, Type::of);
                return Some(false);
            }
            // aget-object
            0x46 => match at(state, insn.b())? {
                Type::Object([b'[', element @ ..]) => Type::of(element),
                _ => Type::Other,
            },
            // iget-object, sget-object, and Dalvik's volatile forms
            0x54 | 0x62 | 0x1e7 | 0x1fd => {
                let field = insn.field().and_then(|i| self.dex.field(i));
                let descriptor = field.and_then(|field| self.type_(field.type_));
                descriptor.map_or(Type::Other, Type::of)
            }
            _ => Type::Other,
        };
        // check-cast does not count as one that writes.
        if insn.op == Op::CHECK_CAST {
            let register = state.get_mut(usize::from(insn.a()))?;
            return Some(std::mem::replace(register, type_) != type_);
        }
        self.write(insn, state, type_)
    }

    /// Puts a type into the register that an instruction writes.
    fn write(&self, insn: &Insn<'a>, state: &mut [Type<'a>], type_: Type<'a>) -> Option<bool> {
        let Some(register) = insn.writes() else {
            return Some(false);
        };
        let mut changed = std::mem::replace(state.get_mut(usize::from(register))?, type_) != type_;
        if insn.is_wide() {
            let second = state.get_mut(usize::from(register).saturating_add(1))?;
            changed |= std::mem::replace(second, Type::Other) != Type::Other;
        }
        Some(changed)
    }

    /// The class of what a handler caught.
    fn caught(&mut self, walk: &Walk<'a>, pc: u32) -> Option<Type<'a>> {
        let mut all = None;
        for guard in &walk.tries {
            self.charge(guard.handlers.len())?;
            for (type_, target) in &guard.handlers {
                if *target == pc {
                    let type_ = Type::of(type_);
                    all = Some(match all {
                        Some(all) => self.merge(all, type_)?,
                        None => type_,
                    });
                }
            }
        }
        Some(all.unwrap_or(Type::Other))
    }

    /// What is known of a register that is one thing on one way and another on the other.
    fn merge(&mut self, a: Type<'a>, b: Type<'a>) -> Option<Type<'a>> {
        Some(match (a, b) {
            _ if a == b => a,
            (Type::Zero, Type::Object(_)) => b,
            (Type::Object(_), Type::Zero) => a,
            (Type::Object(a), Type::Object(b)) => {
                let key = (a, b);
                if !self.joins.contains_key(&key) {
                    self.charge(JOIN)?;
                    let join = common(self.layouts, a, b);
                    self.joins.insert(key, join);
                }
                self.joins.get(&key)?.map_or(Type::Other, Type::Object)
            }
            _ => Type::Other,
        })
    }

    /// What an optimised instruction stood for, and the type of its result; `None` where that is not known.
    fn real(
        &mut self,
        class: &'a [u8],
        insn: &Insn<'a>,
        kind: Kind,
        state: &[Type<'a>],
    ) -> Option<Result<(Real, Type<'a>), Refused>> {
        let object = |register: u16| match state.get(usize::from(register)) {
            Some(Type::Object(class)) => Some(*class),
            _ => None,
        };
        let number = insn.index()?;
        match kind {
            Kind::Virtual(op) => {
                let class = object(insn.registers().get(0)?)?;
                self.slot(class, number)?;
                Some(self.call(class, number, op, insn).ok_or(Refused))
            }
            Kind::Super(op) => {
                let class = self.layouts.superclass(class)?;
                self.slot(class, number)?;
                Some(self.call(class, number, op, insn).ok_or(Refused))
            }
            Kind::Field(op) => {
                // What is beyond its end belongs to a subclass: ART leaves out a cast that cannot fail.
                let class = object(insn.b())?;
                self.layouts.of(class)?.size.filter(|size| number < *size)?;
                Some(self.access(class, number, op).ok_or(Refused))
            }
            Kind::Inline(is_range) => Some(self.inline(number, is_range, insn).ok_or(Refused)),
            Kind::Plain | Kind::Opcode(_) => None,
        }
    }

    /// What is in a slot of a class; `None` where the class is not known, or its table is shorter: then the
    /// object is of a subclass, since ART leaves out a cast that cannot fail.
    fn slot(&mut self, class: &'a [u8], number: u32) -> Option<Signature<'a>> {
        let layout = self.layouts.of(class)?;
        Some(layout.slots.get(usize::try_from(number).ok()?)?.signature)
    }

    /// The method in slot `number` of a class.
    fn call(&mut self, class: &'a [u8], number: u32, op: u8, insn: &Insn<'a>) -> Option<(Real, Type<'a>)> {
        let signature = self.slot(class, number)?;
        let mut at = class;
        let index = loop {
            if let Some(index) = self.names.as_ref()?.methods.get(&(at, signature)) {
                break *index;
            }
            at = self.parent(at)?;
            // Further up the slot is something else, or not there.
            if self.slot(at, number)? != signature {
                return None;
            }
        };
        self.fits(index, op, insn)
    }

    /// The superclass, of arrays and interfaces too.
    fn parent(&self, class: &'a [u8]) -> Option<&'a [u8]> {
        if class == OBJECT {
            return None;
        }
        let is_array = class.first() == Some(&b'[');
        if is_array || self.layouts.is_interface(class)? {
            return Some(OBJECT);
        }
        self.layouts.superclass(class)
    }

    /// Method `index`, if its parameters take as many registers as the call has.
    fn fits(&self, index: u32, op: u8, insn: &Insn<'a>) -> Option<(Real, Type<'a>)> {
        let (parameters, result) = self.names.as_ref()?.proto(self.dex.method(index)?.proto)?;
        // All but static calls have the object in front.
        let object = usize::from(!matches!(op, 0x71 | 0x77));
        let need = parameters.saturating_add(object);
        (need == insn.registers().len()).then(|| (Real { op, index }, Type::of(result)))
    }

    /// The field at `offset` in an object.
    fn access(&mut self, class: &'a [u8], offset: u32, op: u8) -> Option<(Real, Type<'a>)> {
        let mut at = class;
        let mut index = None;
        // The class that has it, on the way up from the object's.
        let field = loop {
            let layout = self.layouts.of(at)?;
            if let Some(field) = layout.fields.iter().find(|field| field.offset == offset) {
                break *field;
            }
            at = layout.superclass?;
        };
        let declaring = at;
        at = class;
        while index.is_none() {
            index = self
                .names
                .as_ref()?
                .fields
                .get(&(at, field.name, field.type_))
                .copied();
            if at == declaring {
                break;
            }
            at = self.layouts.superclass(at)?;
        }
        let op = opcode(op, field.type_, self.layouts.rules())?;
        Some((Real { op, index: index? }, Type::of(field.type_)))
    }

    /// The method that Dalvik calls by number.
    fn inline(&mut self, number: u32, is_range: bool, insn: &Insn<'a>) -> Option<(Real, Type<'a>)> {
        let (class, name, proto, kind) = INLINE.get(usize::try_from(number).ok()?)?;
        let proto = self.layouts.proto(Cow::Borrowed(*proto));
        let index = *self
            .names
            .as_ref()?
            .methods
            .get(&(*class, Signature { name, proto }))?;
        let op = match kind {
            b'v' => 0x6e_u8,
            b'd' => 0x70,
            _ => 0x71,
        };
        self.fits(index, if is_range { op.saturating_add(6) } else { op }, insn)
    }
}

impl Walk<'_> {
    /// The number of the range that guards the code at `pc`.
    fn guard(&self, pc: u32) -> Option<usize> {
        let after = self.tries.partition_point(|guard| guard.start <= pc);
        let number = after.checked_sub(1)?;
        self.tries
            .get(number)
            .filter(|guard| pc < guard.end)
            .map(|_| number)
    }
}

/// Where an instruction may go on besides behind itself.
fn targets<'a>(code: &Code<'a>, insn: &Insn<'a>) -> Vec<u32> {
    if insn.op.is(BRANCHES) {
        return insn.target().into_iter().collect();
    }
    if !insn.op.is(SWITCHES) {
        return Vec::new();
    }
    let payload = insn.target().and_then(|pc| code.payload(pc).ok());
    let cases = payload.into_iter().flat_map(|payload| payload.cases());
    cases
        .map(|(_, offset)| insn.pc.wrapping_add_signed(offset))
        .collect()
}

/// The closest superclass of two classes; `None` where it is not known.
fn common<'a>(layouts: &Layouts<'a>, a: &'a [u8], b: &'a [u8]) -> Option<&'a [u8]> {
    let is_class = |name: &[u8]| name.first() == Some(&b'L') && layouts.is_interface(name) == Some(false);
    let is_plain = |name: &[u8]| name.first() == Some(&b'[') || layouts.is_interface(name) == Some(true);
    // As verifiers have it, an interface or an array has nothing but the object in common with others.
    if is_plain(a) || is_plain(b) {
        return Some(OBJECT);
    }
    if !is_class(a) || !is_class(b) {
        return None;
    }
    let up = |name: &'a [u8]| {
        let next = |name: &&'a [u8]| {
            if *name == OBJECT {
                None
            } else {
                layouts.superclass(name)
            }
        };
        // As deep as a layout may be.
        std::iter::successors(Some(name), next).take(256)
    };
    let all: Vec<&[u8]> = up(a).collect();
    up(b).find(|name| all.contains(name))
}

/// The opcode of an access to a field of this type. Dalvik has one for all that are narrow.
fn opcode(op: u8, type_: &[u8], rules: Rules) -> Option<u8> {
    let first = *type_.first()?;
    let is_read = op < 0x59;
    let base: u8 = if is_read { 0x52 } else { 0x59 };
    let kind = match first {
        b'I' | b'F' => 0_u8,
        b'J' | b'D' => 1,
        b'L' | b'[' => 2,
        b'Z' => 3,
        b'B' => 4,
        b'C' => 5,
        b'S' => 6,
        _ => return None,
    };
    let real = base.saturating_add(kind);
    let narrow = rules == Rules::Dalvik && op == base && kind >= 3;
    (real == op || narrow).then_some(real)
}
