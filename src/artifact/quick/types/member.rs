//! Which method is in a slot of a class, and which field at an offset in its objects.

use std::borrow::Cow;

use super::super::layout::{OBJECT, Rules, Signature};
use super::super::{Kind, Real};
use super::inline::INLINE;
use super::{Resolver, Type};
use crate::artifact::dex::Insn;

/// An instruction does not fit the class that it works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

impl<'a> Resolver<'_, 'a> {
    /// What an optimised instruction stood for, and the type of its result; `None` where that is not known.
    pub(super) fn real(
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
