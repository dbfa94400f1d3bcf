//! The opcodes that a runtime made up for its own use, and the ones that they stand in for.

use crate::artifact::dex::{Dex, Op};

/// What an instruction of ART's stood for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is what it was.
    Plain,
    /// The same without an index, by this opcode.
    Opcode(u8),
    /// An access to a field, by this opcode.
    Field(u8),
    /// A call of a virtual method, by this opcode.
    Virtual(u8),
    /// A call of the superclass's method, by this opcode.
    Super(u8),
    /// A call of a method that Dalvik knows by number; the flag says whether its registers are a range.
    Inline(bool),
}

impl Kind {
    /// Whether it takes an index to write it back.
    pub(super) fn needs_index(self) -> bool {
        !matches!(self, Self::Plain | Self::Opcode(_))
    }

    /// What `op` stood for, as ART wrote it and, from `0x100` on, as Dalvik did.
    pub(super) fn of(op: Op) -> Self {
        let Ok(byte) = u8::try_from(op.0) else {
            return Self::of_dalvik(op);
        };
        match byte {
            0x73 => Self::Opcode(0x0e),
            // iget, iget-wide, iget-object
            0xe3..=0xe5 => Self::Field(byte.wrapping_sub(0xe3).wrapping_add(0x52)),
            // iput, iput-wide, iput-object
            0xe6..=0xe8 => Self::Field(byte.wrapping_sub(0xe6).wrapping_add(0x59)),
            0xe9 => Self::Virtual(0x6e),
            0xea => Self::Virtual(0x74),
            // iput-boolean, -byte, -char, -short
            0xeb..=0xee => Self::Field(byte.wrapping_sub(0xeb).wrapping_add(0x5c)),
            // iget-boolean, -byte, -char, -short
            0xef..=0xf2 => Self::Field(byte.wrapping_sub(0xef).wrapping_add(0x55)),
            _ => Self::Plain,
        }
    }

    fn of_dalvik(op: Op) -> Self {
        match op.0 {
            0x1ee => Self::Inline(false),
            0x1ef => Self::Inline(true),
            0x1f1 => Self::Opcode(0x0e),
            0x1f2 => Self::Field(0x52),
            0x1f3 => Self::Field(0x53),
            0x1f4 => Self::Field(0x54),
            0x1f5 => Self::Field(0x59),
            0x1f6 => Self::Field(0x5a),
            0x1f7 => Self::Field(0x5b),
            0x1f8 => Self::Virtual(0x6e),
            0x1f9 => Self::Virtual(0x74),
            0x1fa => Self::Super(0x6f),
            0x1fb => Self::Super(0x75),
            _ => Self::Plain,
        }
    }
}

/// Whether what some instruction of a dex stood for follows from classes.
pub(in crate::artifact) fn needs_classes(dex: &Dex<'_>) -> bool {
    let mut bodies = dex.bodies().flatten();
    bodies.any(|body| body.code.insns().any(|insn| Kind::of(insn.op).needs_index()))
}
