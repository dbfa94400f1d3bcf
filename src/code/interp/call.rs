//! One call: what it is told of, what becomes of its arguments, and what it gives back. What methods of the
//! platform do to values is in `models.rs`.

use crate::artifact::dex::{Dex, Insn, Value};

use super::super::frame::State;
use super::super::interest::Carrier;
use super::super::package::index;
use super::super::platform::Model;
use super::super::table::{MAX_PARAMETERS, Mark, letter, method};
use super::super::text;
use super::super::value::{Atom, MAX_PARTS, Val, Values, Why};
use super::{Machine, Surroundings, What};

/// Arguments of a call that are kept for its summary.
const MAX_KEPT_ARGUMENTS: usize = 6;

impl<'a> Machine<'a, '_> {
    pub(super) fn invoke(
        &mut self,
        values: &mut Values<'a>,
        dex: &Dex<'a>,
        around: &Surroundings<'_, 'a>,
        n: u32,
        insn: &Insn<'a>,
        state: &mut State,
    ) {
        let Some(callee) = insn.index() else { return };
        let registers = insn.registers();
        let is_static = matches!(insn.op.0, 0x71 | 0x77);
        let bits = around
            .table
            .methods
            .get(index(callee))
            .copied()
            .unwrap_or_default();
        if around.callees.get(index(callee)).copied().unwrap_or(false) {
            let mut all = Vec::with_capacity(registers.len());
            for register in registers.iter() {
                all.push(self.content(values, state, state.get(register)));
            }
            self.record(What::Call(around.dex, callee), insn.pc, &all);
        }
        if bits & method::OWN != 0
            && let Some(val) = self.executed(values, around, callee, insn, state)
        {
            // A key that it was given as an array may be used up.
            self.unmodelled(values, state, insn.pc, registers.iter());
            self.record(What::Computed(around.dex, callee), insn.pc, &[val]);
            self.result = Some(val);
            return;
        }
        let mut result = None;
        let mark = if bits & !(method::OWN | method::VALUE) == 0 {
            None
        } else {
            around.table.mark(callee).copied()
        };
        if let Some(mark) = mark {
            let call = Call::new(&mark, registers.iter(), is_static, state);
            if let Some(row) = mark.member.sink.filter(|_| mark.member.destination) {
                self.sink(values, state, insn.pc, row, &mark, &call);
            }
            if let Some(model) = mark.member.model {
                let name = || {
                    let name = dex
                        .method(callee)
                        .and_then(|id| around.package.text(around.dex, id.name));
                    name.unwrap_or_default()
                };
                result = self.apply(values, state, n, insn.pc, model, &mark, &call, &name);
            }
        }
        let model = mark.and_then(|mark| mark.member.model);
        if matches!(model, None | Some(Model::Compute(_))) {
            self.unmodelled(values, state, insn.pc, registers.iter());
        }
        let result = result.unwrap_or_else(|| {
            let arguments = if bits & method::VALUE != 0 && registers.len() <= MAX_KEPT_ARGUMENTS {
                let mut all = [Val::UNSET; MAX_KEPT_ARGUMENTS];
                for (slot, register) in all.iter_mut().zip(registers.iter()) {
                    *slot = self.content(values, state, state.get(register));
                }
                values.arguments(all.into_iter().take(registers.len()))
            } else {
                Val::NO_ARGUMENTS
            };
            values.val(Atom::Call(around.dex, callee, arguments))
        });
        self.result = Some(result);
    }

    /// The result of `makeConcatWithConstants`, which `a + b` is compiled to.
    pub(super) fn joined(
        &mut self,
        values: &mut Values<'a>,
        dex: &Dex<'a>,
        around: &Surroundings<'_, 'a>,
        insn: &Insn<'a>,
        state: &State,
    ) -> Option<Val> {
        let text = |string| around.package.text(around.dex, string);
        let site = dex.call_site(insn.index()?).ok()?;
        let name = dex
            .method_handle(site.handle)?
            .method()
            .and_then(|m| dex.method(m))
            .and_then(|id| text(id.name));
        if name != Some(b"makeConcatWithConstants") {
            return None;
        }
        let mut constants = site
            .arguments
            .filter_map(Result::ok)
            .map(|item| match item.value {
                Value::String(string) => text(string),
                _ => None,
            });
        let recipe = constants.next()??;
        let mut registers = insn.registers().iter();
        let mut arguments = Vec::new();
        for type_ in dex.proto(site.proto)?.parameters.iter().take(MAX_PARTS) {
            let register = registers.next()?;
            let letter = letter(around.package.type_name(around.dex, type_));
            if matches!(letter, b'J' | b'D') {
                registers.next();
            }
            let val = self.content(values, state, state.get(register));
            arguments.push(match letter {
                b'S' | b'T' => text::of(values, val, text::As::Object),
                b'F' | b'D' => values.unknown(Why::Computed),
                letter => text::of(values, val, text::As::of_descriptor(letter)),
            });
        }
        let constants: Vec<&[u8]> = constants.flatten().take(MAX_PARTS).collect();
        Some(text::recipe(values, recipe, &arguments, &constants))
    }

    /// What a method of the package computes of the constants that it is given.
    fn executed(
        &mut self,
        values: &mut Values<'a>,
        around: &Surroundings<'_, 'a>,
        callee: u32,
        insn: &Insn<'a>,
        state: &State,
    ) -> Option<Val> {
        let wide = self.executor.wide_parameters(around.dex, callee)?;
        let mut registers = insn.registers().iter();
        if !matches!(insn.op.0, 0x71 | 0x77) {
            registers.next();
        }
        let mut arguments = Vec::with_capacity(wide.len());
        for is_wide in wide {
            let register = registers.next()?;
            arguments.push(self.content(values, state, state.get(register)));
            if is_wide {
                registers.next();
            }
        }
        self.executor.call(values, around.dex, callee, &arguments)
    }

    /// A call of which nothing is known: texts are handed on, and a builder may come back changed.
    fn unmodelled(
        &mut self,
        values: &mut Values<'a>,
        state: &mut State,
        pc: u32,
        registers: impl Iterator<Item = u16>,
    ) {
        for register in registers {
            let val = state.get(register);
            if values
                .single(val)
                .is_some_and(|atom| !matches!(atom, Atom::Object(_)))
            {
                self.hand_on(values, pc, val);
                continue;
            }
            let alternatives = values.alternatives(val);
            let mut objects = false;
            for id in alternatives.as_slice() {
                objects |= matches!(values.atom(*id), Atom::Object(_));
            }
            if !objects {
                self.hand_on(values, pc, val);
                continue;
            }
            let content = self.content(values, state, val);
            self.hand_on(values, pc, content);
            for id in alternatives.as_slice() {
                let Atom::Object(number) = values.atom(*id) else {
                    continue;
                };
                if matches!(values.single(content), Some(Atom::Data(..))) {
                    let elements = values.unknown(Why::Element);
                    self.set_content(values, state, Val::one(*id), elements);
                } else if self.carriers.get(usize::from(number)) == Some(&Carrier::Growing) {
                    let hole = values.unknown(Why::Object);
                    let content = values.concat(state.object(number), hole);
                    self.set_content(values, state, Val::one(*id), content);
                }
            }
        }
    }

    fn sink(&mut self, values: &mut Values<'a>, state: &State, pc: u32, row: u16, mark: &Mark, call: &Call) {
        let mut all = [Val::UNSET; MAX_PARAMETERS + 1];
        let mut len = 0_usize;
        let receiver = call
            .receiver
            .filter(|_| mark.carrier != Carrier::No && !is_constructor(mark));
        let parameters = call.arguments().iter().zip(mark.shape.letters());
        let texts = parameters
            .filter(|(_, letter)| matches!(letter, b'S' | b'T' | b'L'))
            .map(|(val, _)| *val);
        for val in receiver.into_iter().chain(texts) {
            let val = self.content(values, state, val);
            if may_be_text(values, val)
                && let Some(slot) = all.get_mut(len)
            {
                *slot = val;
                len = len.saturating_add(1);
            }
        }
        let all = all.get(..len).unwrap_or_default();
        for val in all {
            self.hand_on(values, pc, *val);
        }
        if !all.is_empty() {
            self.record(What::Sink(row), pc, all);
        }
    }

    /// Notes texts that leave the method's own hands: a call, a field, a result.
    #[inline]
    pub(in crate::code) fn hand_on(&mut self, values: &mut Values<'a>, pc: u32, val: Val) {
        match values.single(val) {
            None | Some(Atom::Lit(_) | Atom::Made(_) | Atom::Cat(..)) => self.hand_on_text(values, pc, val),
            // Nearly all that is handed on is no text.
            Some(_) => {}
        }
    }

    fn hand_on_text(&mut self, values: &mut Values<'a>, pc: u32, val: Val) {
        let alternatives = values.alternatives(val);
        let mut assembled = false;
        for id in alternatives.as_slice() {
            match values.atom(*id) {
                Atom::Lit(lit) if values.is_hot(*id) => {
                    let string = values.literal(lit).map(|lit| lit.string);
                    self.outcome.plain.extend(string);
                }
                Atom::Cat(..) => assembled = true,
                Atom::Made(_) if values.is_hot(*id) => assembled = true,
                _ => {}
            }
        }
        if assembled {
            self.record(What::Text, pc, &[val]);
        }
    }
}

fn is_constructor(mark: &Mark) -> bool {
    matches!(mark.member.model, Some(Model::Wrap | Model::Url | Model::File))
}

fn may_be_text(values: &Values<'_>, val: Val) -> bool {
    let alternatives = values.alternatives(val);
    alternatives.as_slice().iter().any(|id| {
        values.is_text(*id)
            || matches!(
                values.atom(*id),
                Atom::Param(_) | Atom::Field(..) | Atom::FieldElement(..) | Atom::Call(..)
            )
    })
}

/// The arguments of a call by parameter, the second halves of wide ones left out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    /// The object that the method is called on.
    pub(crate) receiver: Option<Val>,
    arguments: [Val; MAX_PARAMETERS],
    len: u8,
}

impl Call {
    fn new(mark: &Mark, mut registers: impl Iterator<Item = u16>, is_static: bool, state: &State) -> Self {
        let receiver = if is_static {
            None
        } else {
            registers.next().map(|register| state.get(register))
        };
        let mut arguments = [Val::UNSET; MAX_PARAMETERS];
        let mut len = 0_u8;
        for (slot, letter) in arguments.iter_mut().zip(mark.shape.letters()) {
            let Some(register) = registers.next() else { break };
            *slot = state.get(register);
            len = len.saturating_add(1);
            if matches!(letter, b'J' | b'D') {
                registers.next();
            }
        }
        Self {
            receiver,
            arguments,
            len,
        }
    }

    /// One value per parameter.
    pub(crate) fn arguments(&self) -> &[Val] {
        self.arguments.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The `i`th argument.
    pub(crate) fn get(&self, i: usize) -> Val {
        self.arguments().get(i).copied().unwrap_or(Val::UNSET)
    }
}
