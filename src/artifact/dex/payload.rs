//! Data among the instructions: the targets of a switch, the elements of an array.
//!
//! Spec: Android *Dalvik bytecode*, "packed-switch-payload format" and the two after it.

use super::opcode::Op;
use super::{Insn, size};

/// First unit of a `packed-switch-payload`.
const PACKED: u16 = 0x0100;
/// First unit of a `sparse-switch-payload`.
const SPARSE: u16 = 0x0200;
/// First unit of a `fill-array-data-payload`.
const ARRAY: u16 = 0x0300;

/// Data among the instructions. Targets count in code units from the instruction that refers here.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// Targets for `first`, `first + 1` and so on: little-endian `i32`s.
    Packed {
        /// Key of the first target.
        first: i32,
        /// One per key.
        targets: &'a [[u8; 4]],
    },
    /// Keys, ascending, and their targets: little-endian `i32`s.
    Sparse {
        /// One per target.
        keys: &'a [[u8; 4]],
        /// One per key.
        targets: &'a [[u8; 4]],
    },
    /// Elements of an array, `width` bytes each.
    Array {
        /// Bytes of an element; 1, 2, 4 or 8 where the file is sound.
        width: u16,
        /// The elements, little-endian.
        data: &'a [u8],
    },
}

impl<'a> Payload<'a> {
    /// Key and target of each case of a switch, in order; nothing for an array.
    pub fn cases(&self) -> impl Iterator<Item = (i32, i32)> + use<'a> {
        let (first, keys, targets): (i32, &'a [[u8; 4]], &'a [[u8; 4]]) = match *self {
            Payload::Packed { first, targets } => (first, &[], targets),
            Payload::Sparse { keys, targets } => (0, keys, targets),
            Payload::Array { .. } => (0, &[], &[]),
        };
        targets.iter().enumerate().map(move |(i, target)| {
            let key = match keys.get(i) {
                Some(key) => i32::from_le_bytes(*key),
                None => first.wrapping_add_unsigned(super::count(i)),
            };
            (key, i32::from_le_bytes(*target))
        })
    }
}

impl<'a> Insn<'a> {
    /// The payload, where this is one.
    pub fn payload(&self) -> Option<Payload<'a>> {
        if self.op != Op::NOP {
            return None;
        }
        let body = self.bytes().get(4..)?;
        match self.unit(0) {
            PACKED => {
                let (first, targets) = body.split_first_chunk::<4>()?;
                Some(Payload::Packed {
                    first: i32::from_le_bytes(*first),
                    targets: targets.as_chunks::<4>().0,
                })
            }
            SPARSE => {
                let (words, _) = body.as_chunks::<4>();
                let (keys, targets) = words.split_at_checked(words.len().wrapping_shr(1))?;
                Some(Payload::Sparse { keys, targets })
            }
            ARRAY => {
                let width = self.unit(1);
                let (len, data) = body.split_first_chunk::<4>()?;
                let len = size(u32::from_le_bytes(*len)).saturating_mul(usize::from(width));
                Some(Payload::Array {
                    width,
                    data: data.get(..len)?,
                })
            }
            _ => None,
        }
    }

    /// Whether this is data, not an instruction.
    #[inline]
    pub fn is_payload(&self) -> bool {
        self.op == Op::NOP && matches!(self.unit(0), PACKED | SPARSE | ARRAY)
    }
}

/// Width in code units of a payload; as Android computes it, only wider than any method where the
/// numbers in it are out of all proportion.
#[cold]
pub(super) fn payload_width(high: u8, rest: &[u8]) -> usize {
    let unit = |i: usize| {
        rest.as_chunks::<2>()
            .0
            .get(i)
            .map_or(0, |unit| usize::from(u16::from_le_bytes(*unit)))
    };
    match high {
        1 => unit(1).saturating_mul(2).saturating_add(4),
        2 => unit(1).saturating_mul(4).saturating_add(2),
        _ => {
            let len = unit(2) | unit(3).wrapping_shl(16);
            len.saturating_mul(unit(1)).div_ceil(2).saturating_add(4)
        }
    }
}
