//! One instruction: what it does to registers, objects and fields.

use crate::artifact::dex::{Code, Dex, Insn, Payload, opcode};

use super::super::frame::State;
use super::super::interest::Carrier;
use super::super::table::string;
use super::super::value::{Atom, Lit, MAX_MADE, Val, Values, Why};
use super::{Machine, Surroundings, binary, literal, unary};

impl<'a> Machine<'a, '_> {
    #[expect(clippy::too_many_arguments, reason = "the parts of one instruction")]
    pub(super) fn step(
        &mut self,
        values: &mut Values<'a>,
        dex: &Dex<'a>,
        code: &Code<'a>,
        around: &Surroundings<'_, 'a>,
        n: u32,
        insn: &Insn<'a>,
        state: &mut State,
    ) {
        match insn.op.0 {
            // move*
            0x01..=0x09 => {
                let val = state.get(insn.b());
                self.set(state, insn.a(), val);
            }
            // move-result*
            0x0a..=0x0c => {
                let val = self
                    .result
                    .take()
                    .unwrap_or_else(|| values.unknown(Why::Computed));
                self.set(state, insn.a(), val);
            }
            // move-exception
            0x0d => {
                let val = values.unknown(Why::Caught);
                self.set(state, insn.a(), val);
            }
            // return, return-wide, return-object
            0x0f..=0x11 => {
                let val = self.content(values, state, state.get(insn.a()));
                self.hand_on(values, insn.pc, val);
                let before = self.outcome.result.unwrap_or(Val::UNSET);
                self.outcome.result = Some(values.join(before, val));
            }
            // const*
            0x12..=0x19 => {
                let val = values.int(insn.literal().unwrap_or_default());
                self.set(state, insn.a(), val);
            }
            // const-string
            0x1a | 0x1b => {
                let val = insn.string().and_then(|string| {
                    let bytes = around.package.text(around.dex, string)?;
                    let hot = around.table.string(string) & string::HOT != 0;
                    Some(values.lit(
                        Lit {
                            dex: around.dex,
                            string,
                            bytes,
                        },
                        hot,
                    ))
                });
                let val = val.unwrap_or_else(|| values.unknown(Why::Computed));
                self.set(state, insn.a(), val);
            }
            // const-class
            0x1c => {
                let val = values.val(Atom::Class(around.dex, insn.index().unwrap_or_default()));
                self.set(state, insn.a(), val);
            }
            // check-cast leaves its register as it is.
            0x1f => {}
            // fill-array-data
            0x26 => {
                let payload = insn.target().and_then(|pc| code.payload(pc).ok());
                let array = match payload {
                    Some(Payload::Array { width, data }) => match u8::try_from(width) {
                        Ok(width) if data.len() <= MAX_MADE => values.data(data, width),
                        _ => values.unknown(Why::Element),
                    },
                    _ => values.unknown(Why::Element),
                };
                self.set_content(values, state, state.get(insn.a()), array);
            }
            // array-length
            0x21 => {
                let array = self.content(values, state, state.get(insn.b()));
                let val = match values.array_len(array) {
                    Some(len) => values.int(i64::from(len)),
                    None => values.unknown(Why::Computed),
                };
                self.set(state, insn.a(), val);
            }
            // new-instance
            0x22 => {
                let carrier = insn
                    .index()
                    .map(|type_| around.table.carrier(type_))
                    .unwrap_or_default();
                let val = if carrier == Carrier::No {
                    values.unknown(Why::Object)
                } else {
                    self.allocate(values, n, carrier)
                };
                self.set(state, insn.a(), val);
            }
            // new-array
            0x23 => {
                let len = values
                    .single_int(state.get(insn.b()))
                    .and_then(|n| u32::try_from(n).ok());
                let array = values.array(len);
                let val = self.allocate(values, n, Carrier::No);
                self.set_content(values, state, val, array);
                self.set(state, insn.a(), val);
            }
            // filled-new-array
            0x24 | 0x25 => {
                let registers = insn.registers();
                let mut array = values.array(u32::try_from(registers.len()).ok());
                for (i, register) in (0_i64..).zip(registers.iter()) {
                    let i = values.int(i);
                    let val = self.content(values, state, state.get(register));
                    array = values.set_element(array, i, val);
                }
                let val = self.allocate(values, n, Carrier::No);
                self.set_content(values, state, val, array);
                self.result = Some(val);
            }
            // aget*
            0x44..=0x4a => {
                let array = self.content(values, state, state.get(insn.b()));
                let i = values
                    .single_int(state.get(insn.c()))
                    .and_then(|i| u8::try_from(i).ok());
                let val = match (insn.op.0, i) {
                    // aget-object
                    (0x46, i) => element_of(values, dex, around, array, i),
                    (_, Some(i)) => values.element(array, i),
                    (_, None) => values.unknown(Why::Element),
                };
                self.set(state, insn.a(), val);
            }
            // aput*
            0x4b..=0x51 => {
                let val = self.content(values, state, state.get(insn.a()));
                let object = state.get(insn.b());
                let array = self.content(values, state, object);
                let array = values.set_element(array, state.get(insn.c()), val);
                self.set_content(values, state, object, array);
                self.hand_on(values, insn.pc, val);
            }
            // iget*, sget*
            0x52..=0x58 | 0x60..=0x66 => {
                let val = values.val(Atom::Field(around.dex, insn.index().unwrap_or_default()));
                self.set(state, insn.a(), val);
            }
            // iput*, sput*
            0x59..=0x5f | 0x67..=0x6d => {
                let val = self.content(values, state, state.get(insn.a()));
                self.hand_on(values, insn.pc, val);
                self.outcome.puts.push((insn.index().unwrap_or_default(), val));
            }
            // invoke-*
            0x6e..=0x72 | 0x74..=0x78 => self.invoke(values, dex, around, n, insn, state),
            // invoke-custom, invoke-custom/range
            0xfc | 0xfd => self.result = self.joined(values, dex, around, insn, state),
            // neg-int … int-to-short
            0x7b..=0x8f => {
                let val = unary(values, insn.op.0, state.get(insn.b()));
                self.set(state, insn.a(), val);
            }
            // add-int … rem-double
            0x90..=0xaf => {
                let val = binary(
                    values,
                    insn.op.0.wrapping_sub(0x90),
                    state.get(insn.b()),
                    state.get(insn.c()),
                );
                self.set(state, insn.a(), val);
            }
            // add-int/2addr … rem-double/2addr
            0xb0..=0xcf => {
                let val = binary(
                    values,
                    insn.op.0.wrapping_sub(0xb0),
                    state.get(insn.a()),
                    state.get(insn.b()),
                );
                self.set(state, insn.a(), val);
            }
            // add-int/lit16 … ushr-int/lit8
            0xd0..=0xe2 => {
                let lit = values.int(insn.literal().unwrap_or_default());
                let val = literal(values, insn.op.0, state.get(insn.b()), lit);
                self.set(state, insn.a(), val);
            }
            _ => {
                if insn.op.is(opcode::INVOKES) {
                    self.result = None;
                }
                if let Some(register) = insn.writes() {
                    let val = values.unknown(Why::Computed);
                    self.set(state, register, val);
                }
            }
        }
    }
}

/// An element of an array of objects; of one that a field holds it is a hole.
fn element_of<'a>(
    values: &mut Values<'a>,
    dex: &Dex<'a>,
    around: &Surroundings<'_, 'a>,
    array: Val,
    i: Option<u8>,
) -> Val {
    let of_texts = |field| {
        let type_ = dex.field(field).map(|id| id.type_);
        type_.and_then(|type_| around.package.type_name(around.dex, type_)) == Some(b"[Ljava/lang/String;")
    };
    values.map(array, |values, id| match values.atom(id) {
        Atom::Field(number, field) if number == around.dex && of_texts(field) => {
            values.val(Atom::FieldElement(number, field, i))
        }
        _ => values.element_at(Val::one(id), i),
    })
}
