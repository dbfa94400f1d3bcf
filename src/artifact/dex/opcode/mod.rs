//! What each opcode is: name, format, what its index refers to, what it does to the flow.
//!
//! Spec: Android *Dalvik bytecode* (table "Summary of bytecode set") and *Dalvik executable
//! instruction formats*. The opcodes that an installer writes into an optimised file are in AOSP
//! `dalvik/libdex/DexOpcodes.h` and `InstrUtils.cpp` (Android 4.x) and, for the ones of ART until
//! Android 11, in `art/libdexfile/dex/dex_instruction_list.h`.

mod name;
mod table;

use Format::*;
use table::{ODEX, STANDARD, UNUSED};

/// An opcode: its byte, or `0x100` + its byte where Dalvik's optimiser gave the byte another meaning
/// (`0xe3..=0xff` in an odex). So a comparison with a constant such as [`Op::CONST_STRING`] holds in
/// every file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Op(pub u16);

/// Who wrote the bytecode. It decides what `0xe3..=0xff` mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// A dex as built, or as quickened by ART: its quick opcodes are in holes of the standard set.
    #[default]
    Standard,
    /// An odex of Dalvik (`dey\n036`).
    Odex,
}

/// The instruction's layout: number of code units, number of registers, kind of extra data, after the
/// names in the specification. `Unused` stands for bytes that no version assigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the specification's")]
#[rustfmt::skip]
pub enum Format {
    F10x, F12x, F11n, F11x, F10t, F20t, F20bc, F22x, F21t, F21s, F21h, F21c, F23x, F22b, F22t, F22s,
    F22c, F22cs, F30t, F32x, F31i, F31t, F31c, F35c, F35ms, F35mi, F3rc, F3rms, F3rmi, F45cc, F4rcc,
    F51l, Unused,
}

/// What the instruction's index is an index of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// It has no index.
    None,
    /// `string_ids`.
    String,
    /// `type_ids`.
    Type,
    /// `field_ids`.
    Field,
    /// `method_ids`.
    Method,
    /// `proto_ids`.
    Proto,
    /// `call_site_ids`.
    CallSite,
    /// `method_handles`.
    MethodHandle,
    /// `method_ids`, and `proto_ids` in the second index.
    MethodAndProto,
    /// Bytes from the start of the object: an optimised field access.
    FieldOffset,
    /// Slot of the virtual method table: an optimised call.
    VtableIndex,
    /// Entry in the table of methods that Dalvik has inlined.
    Inline,
    /// Depends on the error that the optimiser found.
    Error,
}

/// Execution may go on with the next instruction.
pub const CONTINUES: u16 = 1;
/// Has a branch target.
pub const BRANCHES: u16 = 1 << 1;
/// Branches by a payload of targets.
pub const SWITCHES: u16 = 1 << 2;
/// May throw.
pub const THROWS: u16 = 1 << 3;
/// Writes its first register.
pub const WRITES: u16 = 1 << 4;
/// Where it writes, it writes a pair of registers.
pub const WIDE: u16 = 1 << 5;
/// Calls a method.
pub const INVOKES: u16 = 1 << 6;
/// Leaves a result that `move-result*` takes.
pub const RESULTS: u16 = 1 << 7;
/// Returns from the method.
pub const RETURNS: u16 = 1 << 8;

/// One row of the opcode table.
#[derive(Debug, Clone, Copy)]
pub struct Opcode {
    /// The mnemonic, as in the specification.
    pub name: &'static str,
    /// The layout of the instruction.
    pub format: Format,
    /// What the index refers to.
    pub reference: Reference,
    /// [`CONTINUES`] and the others, or-ed.
    pub flags: u16,
}

impl Op {
    /// The opcode that byte `byte` means in `dialect`.
    #[inline]
    pub fn new(byte: u8, dialect: Dialect) -> Self {
        let op = u16::from(byte);
        if byte >= 0xe3 && matches!(dialect, Dialect::Odex) {
            Self(op | 0x100)
        } else {
            Self(op)
        }
    }

    /// Its row in the table.
    pub fn info(self) -> &'static Opcode {
        let row = match self.0 {
            0..0x100 => STANDARD.get(usize::from(self.0)),
            op => ODEX.get(usize::from(op).wrapping_sub(0x1e3)),
        };
        row.unwrap_or(&UNUSED)
    }

    /// What the walk over code needs of the row.
    #[inline]
    fn brief(self) -> Brief {
        BRIEF.get(usize::from(self.0)).copied().unwrap_or(UNUSED_BRIEF)
    }

    /// The mnemonic.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The layout of the instruction.
    #[inline]
    pub fn format(self) -> Format {
        self.brief().format
    }

    /// What the index refers to.
    #[inline]
    pub fn reference(self) -> Reference {
        self.brief().reference
    }

    /// Width of the instruction in code units of two bytes, 1 to 5. Payloads are longer: see
    /// [`Insn::payload`](super::Insn::payload).
    #[inline]
    pub fn width(self) -> usize {
        usize::from(self.brief().width)
    }

    /// Whether all bits of `flags` are set in the table.
    #[inline]
    pub fn is(self, flags: u16) -> bool {
        self.brief().flags & flags == flags
    }
}

impl Format {
    /// Width in code units.
    pub const fn width(self) -> u8 {
        match self {
            F10x | F12x | F11n | F11x | F10t | Unused => 1,
            F20t | F20bc | F22x | F21t | F21s | F21h | F21c | F23x | F22b | F22t | F22s | F22c | F22cs => 2,
            F30t | F32x | F31i | F31t | F31c | F35c | F35ms | F35mi | F3rc | F3rms | F3rmi => 3,
            F45cc | F4rcc => 4,
            F51l => 5,
        }
    }
}

/// A row without its name, in eight bytes: the walk over code reads nothing else of an opcode, and the
/// table stays in the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(8))]
struct Brief {
    width: u8,
    format: Format,
    reference: Reference,
    flags: u16,
}

const UNUSED_BRIEF: Brief = brief(&UNUSED);

const fn brief(row: &Opcode) -> Brief {
    Brief {
        width: row.format.width(),
        format: row.format,
        reference: row.reference,
        flags: row.flags,
    }
}

/// By [`Op`].
static BRIEF: [Brief; 512] = briefs();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "computed by the compiler"
)]
const fn briefs() -> [Brief; 512] {
    let mut briefs = [UNUSED_BRIEF; 512];
    let mut i = 0;
    while i < 256 {
        briefs[i] = brief(&STANDARD[i]);
        i += 1;
    }
    i = 0;
    while i < ODEX.len() {
        briefs[i + 0x1e3] = brief(&ODEX[i]);
        i += 1;
    }
    briefs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_sits_at_its_byte() {
        assert_eq!(Op(0x1a).info().name, "const-string");
        assert_eq!(Op(0x6e).info().name, "invoke-virtual");
        assert_eq!(Op(0xe2).info().name, "ushr-int/lit8");
        assert_eq!(Op(0xff).info().name, "const-method-type");
        assert_eq!(Op::new(0xf8, Dialect::Odex).info().name, "invoke-virtual-quick");
        assert_eq!(Op::new(0x6e, Dialect::Odex), Op::INVOKE_VIRTUAL);
        assert_eq!(Op::new(0xff, Dialect::Odex).info().format, Format::Unused);
    }

    #[test]
    fn an_unused_byte_is_one_unit_wide() {
        for byte in [0x3e, 0x43, 0x79, 0xf9] {
            assert_eq!(Op(byte).width(), 1);
        }
        assert_eq!(Op(0xfa).width(), 4);
        assert_eq!(Op::new(0xfa, Dialect::Odex).width(), 3);
    }
}
