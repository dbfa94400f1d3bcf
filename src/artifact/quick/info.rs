//! What a vdex keeps of the instructions of a method that it has optimised: the index of each, in one of two forms.

/// What is known of the instructions of one method.
#[derive(Debug, Clone, Copy)]
pub(in crate::artifact) enum Info<'a> {
    /// Nothing.
    None,
    /// Pairs of a code unit and an index, as LEB128: the instructions that were optimised.
    Pairs(&'a [u8]),
    /// Indices, little-endian: of every instruction that may have been optimised, in order, and of every
    /// `nop`: [`NOT_OPTIMISED`], or a register and a type if it was a `check-cast`.
    Indices(&'a [[u8; 2]]),
}

/// The index of a `nop` that always was one (`kDexNoIndex16`).
const NOT_OPTIMISED: u32 = 0xffff;

impl Info<'_> {
    /// The next index, if it is for the instruction at code unit `pc`.
    pub(super) fn next(&mut self, pc: u32) -> Option<u32> {
        match self {
            Info::None => None,
            Info::Pairs(rest) => {
                let (at, after) = leb(rest)?;
                let (index, after) = leb(after)?;
                (at == pc).then(|| {
                    *rest = after;
                    index
                })
            }
            Info::Indices(rest) => {
                let (index, after) = rest.split_first()?;
                *rest = after;
                Some(u32::from(u16::from_le_bytes(*index)))
            }
        }
    }

    /// Register and type of the `check-cast` that the `nop` at `pc` was.
    pub(super) fn next_cast(&mut self, pc: u32) -> Option<(u32, u32)> {
        let register = self.next(pc)?;
        // Only the list of all instructions tells of a nop that it was one.
        if register == NOT_OPTIMISED {
            return None;
        }
        Some((register, self.next(pc)?))
    }

    /// Bytes that were not asked for.
    pub(super) fn left(&self) -> usize {
        match self {
            Info::None => 0,
            Info::Pairs(rest) => rest.len(),
            Info::Indices(rest) => rest.as_flattened().len(),
        }
    }
}

/// An unsigned LEB128 number, and what follows.
pub(in crate::artifact) fn leb(data: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0_u32;
    let mut rest = data;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        value |= u32::from(byte & 0x7f).wrapping_shl(shift);
        if byte < 0x80 {
            break;
        }
    }
    Some((value, rest))
}
