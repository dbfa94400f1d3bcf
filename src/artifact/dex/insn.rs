//! Instructions, decoded where they lie.
//!
//! Spec: Android *Dalvik executable instruction formats*. An [`Insn`] knows its place, its opcode and its
//! bytes; operands are decoded when they are asked for, by the format in the opcode table.

use std::iter::FusedIterator;

use crate::bytes::Gap;

use super::opcode::Format::*;
use super::opcode::{Dialect, Op, Opcode, Reference};
use super::payload::payload_width;
use super::{FORMAT, size, wide};

/// An instruction, or a payload (data of a switch or an array, which the format writes as a `nop`).
#[derive(Debug, Clone, Copy)]
pub struct Insn<'a> {
    /// Code units from the start of the method.
    pub pc: u32,
    /// What it does.
    pub op: Op,
    /// Its bytes: `2 * width` of them.
    bytes: &'a [u8],
}

impl<'a> Insn<'a> {
    /// Its row in the opcode table.
    #[inline]
    pub fn info(&self) -> &'static Opcode {
        self.op.info()
    }

    /// Its bytes, as they are in the file.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Width in code units; of a payload, all of it.
    #[inline]
    pub fn width(&self) -> u32 {
        super::count(self.bytes.len()).wrapping_shr(1)
    }

    /// Code unit of the instruction that follows.
    #[inline]
    pub fn next_pc(&self) -> u32 {
        self.pc.saturating_add(self.width())
    }

    /// Code unit `i` of the instruction; 0 beyond its end.
    #[inline]
    pub fn unit(&self, i: usize) -> u16 {
        self.bytes
            .as_chunks::<2>()
            .0
            .get(i)
            .map_or(0, |unit| u16::from_le_bytes(*unit))
    }

    /// Code units `i` and `i + 1` as one number.
    #[inline]
    fn double(&self, i: usize) -> u32 {
        u32::from(self.unit(i)) | u32::from(self.unit(i.saturating_add(1))).wrapping_shl(16)
    }

    /// The high byte of the first unit.
    #[inline]
    fn high(&self) -> u8 {
        let [_, high] = self.unit(0).to_le_bytes();
        high
    }

    /// The first register, `vA`; 0 where the format has none or [`Insn::registers`] lists them.
    #[inline]
    pub fn a(&self) -> u16 {
        match self.op.format() {
            F12x | F11n | F22t | F22s | F22c | F22cs => u16::from(self.high() & 0xf),
            F11x | F22x | F21t | F21s | F21h | F21c | F23x | F22b | F31i | F31t | F31c | F51l => {
                u16::from(self.high())
            }
            F32x => self.unit(1),
            _ => 0,
        }
    }

    /// The second register, `vB`; 0 where the format has none.
    #[inline]
    pub fn b(&self) -> u16 {
        match self.op.format() {
            F12x | F22t | F22s | F22c | F22cs => u16::from(self.high().wrapping_shr(4)),
            F22x => self.unit(1),
            F32x => self.unit(2),
            F23x | F22b => self.unit(1) & 0xff,
            _ => 0,
        }
    }

    /// The third register, `vC`; 0 where the format has none.
    #[inline]
    pub fn c(&self) -> u16 {
        if self.op.format() == F23x {
            self.unit(1).wrapping_shr(8)
        } else {
            0
        }
    }

    /// The register that the instruction writes, if it writes one: the first of a pair where
    /// [`Insn::is_wide`].
    #[inline]
    pub fn writes(&self) -> Option<u16> {
        self.op.is(super::opcode::WRITES).then(|| self.a())
    }

    /// Whether what it writes takes two registers.
    #[inline]
    pub fn is_wide(&self) -> bool {
        self.op.is(super::opcode::WIDE)
    }

    /// The registers of a call or of `filled-new-array`, in order; none for other instructions. A `long`
    /// or `double` argument takes two.
    #[inline]
    pub fn registers(&self) -> Registers {
        match self.op.format() {
            F35c | F35ms | F35mi | F45cc => {
                let packed = self.unit(2);
                let high = self.high();
                let nibble = |n: u32| packed.wrapping_shr(n) & 0xf;
                let list = [nibble(0), nibble(4), nibble(8), nibble(12), u16::from(high & 0xf)];
                Registers::List {
                    len: high.wrapping_shr(4).min(5),
                    list,
                }
            }
            F3rc | F3rms | F3rmi | F4rcc => {
                let start = self.unit(2);
                // Dalvik before Android 4.0 wrote the call of an empty constructor with this opcode
                // and the other format, always on one register.
                if self.op.0 == 0x1f0 && self.high() == 0x10 {
                    return Registers::Range {
                        start: start & 0xf,
                        len: 1,
                    };
                }
                Registers::Range {
                    start,
                    len: u16::from(self.high()),
                }
            }
            _ => Registers::Range { start: 0, len: 0 },
        }
    }

    /// The number that refers to something, as the opcode's [`Reference`] says.
    #[inline]
    pub fn index(&self) -> Option<u32> {
        match self.op.reference() {
            Reference::None => None,
            _ if self.op.format() == F31c => Some(self.double(1)),
            _ => Some(u32::from(self.unit(1))),
        }
    }

    /// The prototype of `invoke-polymorphic`.
    #[inline]
    pub fn second_index(&self) -> Option<u32> {
        matches!(self.op.format(), F45cc | F4rcc).then(|| u32::from(self.unit(3)))
    }

    /// The string of `const-string` and `const-string/jumbo`.
    #[inline]
    pub fn string(&self) -> Option<u32> {
        match self.op {
            Op::CONST_STRING => Some(u32::from(self.unit(1))),
            Op::CONST_STRING_JUMBO => Some(self.double(1)),
            _ => None,
        }
    }

    /// The method of an ordinary call or of `invoke-polymorphic`.
    #[inline]
    pub fn method(&self) -> Option<u32> {
        matches!(self.op.reference(), Reference::Method | Reference::MethodAndProto)
            .then(|| u32::from(self.unit(1)))
    }

    /// The field of an ordinary field access.
    #[inline]
    pub fn field(&self) -> Option<u32> {
        (self.op.reference() == Reference::Field).then(|| u32::from(self.unit(1)))
    }

    /// The number in the instruction, sign-extended, at the place where the register holds it:
    /// `const/high16` is shifted by 16, `const-wide/high16` by 48.
    #[inline]
    pub fn literal(&self) -> Option<i64> {
        Some(match self.op.format() {
            F11n => i64::from(self.high().cast_signed().wrapping_shr(4)),
            F21s | F22s => i64::from(self.unit(1).cast_signed()),
            F21h if self.op == Op::CONST_WIDE_HIGH16 => {
                i64::from(self.unit(1).cast_signed()).wrapping_shl(48)
            }
            F21h => i64::from(self.unit(1).cast_signed()).wrapping_shl(16),
            F22b => {
                let [_, literal] = self.unit(1).to_le_bytes();
                i64::from(literal.cast_signed())
            }
            F31i => i64::from(self.double(1).cast_signed()),
            F51l => (u64::from(self.double(1)) | u64::from(self.double(3)).wrapping_shl(32)).cast_signed(),
            _ => return None,
        })
    }

    /// Code units from this instruction to its branch target or its payload.
    #[inline]
    pub fn offset(&self) -> Option<i32> {
        Some(match self.op.format() {
            F10t => i32::from(self.high().cast_signed()),
            F20t | F21t | F22t => i32::from(self.unit(1).cast_signed()),
            F30t | F31t => self.double(1).cast_signed(),
            _ => return None,
        })
    }

    /// Code unit of the branch target or the payload. May lie outside of the method.
    #[inline]
    pub fn target(&self) -> Option<u32> {
        self.offset().map(|offset| self.pc.wrapping_add_signed(offset))
    }
}

/// The registers of a call: up to five named ones, or a range. Iterate, index, or ask for the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registers {
    /// Five at most, of `v0` to `v15`.
    List {
        /// How many count.
        len: u8,
        /// The registers.
        list: [u16; 5],
    },
    /// `len` registers from `start` on.
    Range {
        /// First register.
        start: u16,
        /// How many.
        len: u16,
    },
}

impl Registers {
    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        match *self {
            Self::List { len, .. } => usize::from(len),
            Self::Range { len, .. } => usize::from(len),
        }
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `i`th register.
    #[inline]
    pub fn get(&self, i: usize) -> Option<u16> {
        if i >= self.len() {
            return None;
        }
        match self {
            Self::List { list, .. } => list.get(i).copied(),
            Self::Range { start, .. } => u16::try_from(i).ok().map(|i| start.wrapping_add(i)),
        }
    }

    /// All of them, in order.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = u16> + Clone {
        (0..self.len()).filter_map(move |i| self.get(i))
    }
}

/// Iterator over the instructions of a method, in the order of the file. It ends early where an
/// instruction does not fit into what is left; [`Insns::gap`] then says so.
#[derive(Debug, Clone)]
pub struct Insns<'a> {
    rest: &'a [u8],
    pc: u32,
    dialect: Dialect,
    /// The bytes that hold no whole instruction, once they are met.
    cut: &'a [u8],
    /// Bytes from the start of the file to the method's first instruction.
    start: u32,
}

impl<'a> Insns<'a> {
    pub(super) fn new(insns: &'a [u8], start: u32, dialect: Dialect) -> Self {
        Self {
            rest: insns,
            pc: 0,
            dialect,
            cut: &[],
            start,
        }
    }

    /// The same, from code unit `pc` on.
    pub(super) fn skip_to(mut self, pc: u32) -> Self {
        self.rest = self.rest.get(size(pc).saturating_mul(2)..).unwrap_or_default();
        self.pc = pc;
        self
    }

    /// Why the iteration ended before the end of the method, if it did.
    pub fn gap(&self) -> Option<Gap> {
        let [low, high, ..] = *self.cut else { return None };
        let at = u64::from(self.start).saturating_add(u64::from(self.pc).saturating_mul(2));
        let need = wide(width(Op::new(low, self.dialect), high, self.cut)).saturating_mul(2);
        Some(Gap::truncated(
            FORMAT,
            at,
            "instruction",
            need,
            wide(self.cut.len()),
        ))
    }
}

impl<'a> Iterator for Insns<'a> {
    type Item = Insn<'a>;

    #[inline]
    fn next(&mut self) -> Option<Insn<'a>> {
        let [low, high, ..] = *self.rest else { return None };
        let op = Op::new(low, self.dialect);
        let units = width(op, high, self.rest);
        let Some((bytes, rest)) = self.rest.split_at_checked(units.saturating_mul(2)) else {
            self.cut = std::mem::take(&mut self.rest);
            return None;
        };
        let pc = self.pc;
        self.rest = rest;
        self.pc = pc.saturating_add(super::count(units));
        Some(Insn { pc, op, bytes })
    }
}

impl FusedIterator for Insns<'_> {}

/// Width in code units of the instruction at the start of `rest`.
#[inline]
fn width(op: Op, high: u8, rest: &[u8]) -> usize {
    if op == Op::NOP && matches!(high, 1..=3) {
        payload_width(high, rest)
    } else {
        op.width()
    }
}
