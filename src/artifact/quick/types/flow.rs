//! How types flow through a method: forward, over branches and into handlers, until nothing changes any more.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::fields::width;
use super::super::layout::{Layouts, OBJECT};
use super::super::{Kind, Real};
use super::member::Refused;
use super::{Resolver, Type};
use crate::artifact::dex::opcode::{BRANCHES, CONTINUES, INVOKES, SWITCHES};
use crate::artifact::dex::{Body, Code, Insn, Op};

/// Ours: registers of all places of a method where ways meet. A method with 500 registers and 2000 such
/// places is beyond any compiler's output.
const MAX_STATES: usize = 1 << 20;
/// Ours: what it costs to compare all superclasses of two classes, in instructions.
const JOIN: usize = 64;
/// Ours: handlers of one method.
const MAX_HANDLERS: usize = 1 << 14;

const STRING: &[u8] = b"Ljava/lang/String;";
const CLASS: &[u8] = b"Ljava/lang/Class;";
const THROWABLE: &[u8] = b"Ljava/lang/Throwable;";
const ACC_STATIC: u32 = 0x8;

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
impl<'a> Resolver<'_, 'a> {
    fn type_(&self, i: u32) -> Option<&'a [u8]> {
        self.names.as_ref()?.type_(i)
    }

    pub(super) fn walk(&mut self, body: &Body<'a>) -> Option<FxHashMap<u32, Real>> {
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
