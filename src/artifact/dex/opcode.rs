//! What each opcode is: name, format, what its index refers to, what it does to the flow.
//!
//! Spec: Android *Dalvik bytecode* (table "Summary of bytecode set") and *Dalvik executable
//! instruction formats*. The opcodes that an installer writes into an optimised file are in AOSP
//! `dalvik/libdex/DexOpcodes.h` and `InstrUtils.cpp` (Android 4.x) and, for the ones of ART until
//! Android 11, in `art/libdexfile/dex/dex_instruction_list.h`.

use Format::*;

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

/// Names for comparisons.
impl Op {
    /// `nop`
    pub const NOP: Op = Op(0x00);
    /// `move`
    pub const MOVE: Op = Op(0x01);
    /// `move/from16`
    pub const MOVE_FROM16: Op = Op(0x02);
    /// `move/16`
    pub const MOVE_16: Op = Op(0x03);
    /// `move-wide`
    pub const MOVE_WIDE: Op = Op(0x04);
    /// `move-wide/from16`
    pub const MOVE_WIDE_FROM16: Op = Op(0x05);
    /// `move-wide/16`
    pub const MOVE_WIDE_16: Op = Op(0x06);
    /// `move-object`
    pub const MOVE_OBJECT: Op = Op(0x07);
    /// `move-object/from16`
    pub const MOVE_OBJECT_FROM16: Op = Op(0x08);
    /// `move-object/16`
    pub const MOVE_OBJECT_16: Op = Op(0x09);
    /// `move-result`
    pub const MOVE_RESULT: Op = Op(0x0a);
    /// `move-result-wide`
    pub const MOVE_RESULT_WIDE: Op = Op(0x0b);
    /// `move-result-object`
    pub const MOVE_RESULT_OBJECT: Op = Op(0x0c);
    /// `move-exception`
    pub const MOVE_EXCEPTION: Op = Op(0x0d);
    /// `return-void`
    pub const RETURN_VOID: Op = Op(0x0e);
    /// `return`
    pub const RETURN: Op = Op(0x0f);
    /// `return-wide`
    pub const RETURN_WIDE: Op = Op(0x10);
    /// `return-object`
    pub const RETURN_OBJECT: Op = Op(0x11);
    /// `const/4`
    pub const CONST_4: Op = Op(0x12);
    /// `const/16`
    pub const CONST_16: Op = Op(0x13);
    /// `const`
    pub const CONST: Op = Op(0x14);
    /// `const/high16`
    pub const CONST_HIGH16: Op = Op(0x15);
    /// `const-wide/16`
    pub const CONST_WIDE_16: Op = Op(0x16);
    /// `const-wide/32`
    pub const CONST_WIDE_32: Op = Op(0x17);
    /// `const-wide`
    pub const CONST_WIDE: Op = Op(0x18);
    /// `const-wide/high16`
    pub const CONST_WIDE_HIGH16: Op = Op(0x19);
    /// `const-string`
    pub const CONST_STRING: Op = Op(0x1a);
    /// `const-string/jumbo`
    pub const CONST_STRING_JUMBO: Op = Op(0x1b);
    /// `const-class`
    pub const CONST_CLASS: Op = Op(0x1c);
    /// `monitor-enter`
    pub const MONITOR_ENTER: Op = Op(0x1d);
    /// `monitor-exit`
    pub const MONITOR_EXIT: Op = Op(0x1e);
    /// `check-cast`
    pub const CHECK_CAST: Op = Op(0x1f);
    /// `instance-of`
    pub const INSTANCE_OF: Op = Op(0x20);
    /// `array-length`
    pub const ARRAY_LENGTH: Op = Op(0x21);
    /// `new-instance`
    pub const NEW_INSTANCE: Op = Op(0x22);
    /// `new-array`
    pub const NEW_ARRAY: Op = Op(0x23);
    /// `filled-new-array`
    pub const FILLED_NEW_ARRAY: Op = Op(0x24);
    /// `filled-new-array/range`
    pub const FILLED_NEW_ARRAY_RANGE: Op = Op(0x25);
    /// `fill-array-data`
    pub const FILL_ARRAY_DATA: Op = Op(0x26);
    /// `throw`
    pub const THROW: Op = Op(0x27);
    /// `goto`
    pub const GOTO: Op = Op(0x28);
    /// `goto/16`
    pub const GOTO_16: Op = Op(0x29);
    /// `goto/32`
    pub const GOTO_32: Op = Op(0x2a);
    /// `packed-switch`
    pub const PACKED_SWITCH: Op = Op(0x2b);
    /// `sparse-switch`
    pub const SPARSE_SWITCH: Op = Op(0x2c);
    /// `cmpl-float`
    pub const CMPL_FLOAT: Op = Op(0x2d);
    /// `cmpg-float`
    pub const CMPG_FLOAT: Op = Op(0x2e);
    /// `cmpl-double`
    pub const CMPL_DOUBLE: Op = Op(0x2f);
    /// `cmpg-double`
    pub const CMPG_DOUBLE: Op = Op(0x30);
    /// `cmp-long`
    pub const CMP_LONG: Op = Op(0x31);
    /// `if-eq`
    pub const IF_EQ: Op = Op(0x32);
    /// `if-ne`
    pub const IF_NE: Op = Op(0x33);
    /// `if-lt`
    pub const IF_LT: Op = Op(0x34);
    /// `if-ge`
    pub const IF_GE: Op = Op(0x35);
    /// `if-gt`
    pub const IF_GT: Op = Op(0x36);
    /// `if-le`
    pub const IF_LE: Op = Op(0x37);
    /// `if-eqz`
    pub const IF_EQZ: Op = Op(0x38);
    /// `if-nez`
    pub const IF_NEZ: Op = Op(0x39);
    /// `if-ltz`
    pub const IF_LTZ: Op = Op(0x3a);
    /// `if-gez`
    pub const IF_GEZ: Op = Op(0x3b);
    /// `if-gtz`
    pub const IF_GTZ: Op = Op(0x3c);
    /// `if-lez`
    pub const IF_LEZ: Op = Op(0x3d);
    /// `aget`
    pub const AGET: Op = Op(0x44);
    /// `aget-wide`
    pub const AGET_WIDE: Op = Op(0x45);
    /// `aget-object`
    pub const AGET_OBJECT: Op = Op(0x46);
    /// `aget-boolean`
    pub const AGET_BOOLEAN: Op = Op(0x47);
    /// `aget-byte`
    pub const AGET_BYTE: Op = Op(0x48);
    /// `aget-char`
    pub const AGET_CHAR: Op = Op(0x49);
    /// `aget-short`
    pub const AGET_SHORT: Op = Op(0x4a);
    /// `aput`
    pub const APUT: Op = Op(0x4b);
    /// `aput-wide`
    pub const APUT_WIDE: Op = Op(0x4c);
    /// `aput-object`
    pub const APUT_OBJECT: Op = Op(0x4d);
    /// `aput-boolean`
    pub const APUT_BOOLEAN: Op = Op(0x4e);
    /// `aput-byte`
    pub const APUT_BYTE: Op = Op(0x4f);
    /// `aput-char`
    pub const APUT_CHAR: Op = Op(0x50);
    /// `aput-short`
    pub const APUT_SHORT: Op = Op(0x51);
    /// `iget`
    pub const IGET: Op = Op(0x52);
    /// `iget-wide`
    pub const IGET_WIDE: Op = Op(0x53);
    /// `iget-object`
    pub const IGET_OBJECT: Op = Op(0x54);
    /// `iget-boolean`
    pub const IGET_BOOLEAN: Op = Op(0x55);
    /// `iget-byte`
    pub const IGET_BYTE: Op = Op(0x56);
    /// `iget-char`
    pub const IGET_CHAR: Op = Op(0x57);
    /// `iget-short`
    pub const IGET_SHORT: Op = Op(0x58);
    /// `iput`
    pub const IPUT: Op = Op(0x59);
    /// `iput-wide`
    pub const IPUT_WIDE: Op = Op(0x5a);
    /// `iput-object`
    pub const IPUT_OBJECT: Op = Op(0x5b);
    /// `iput-boolean`
    pub const IPUT_BOOLEAN: Op = Op(0x5c);
    /// `iput-byte`
    pub const IPUT_BYTE: Op = Op(0x5d);
    /// `iput-char`
    pub const IPUT_CHAR: Op = Op(0x5e);
    /// `iput-short`
    pub const IPUT_SHORT: Op = Op(0x5f);
    /// `sget`
    pub const SGET: Op = Op(0x60);
    /// `sget-wide`
    pub const SGET_WIDE: Op = Op(0x61);
    /// `sget-object`
    pub const SGET_OBJECT: Op = Op(0x62);
    /// `sget-boolean`
    pub const SGET_BOOLEAN: Op = Op(0x63);
    /// `sget-byte`
    pub const SGET_BYTE: Op = Op(0x64);
    /// `sget-char`
    pub const SGET_CHAR: Op = Op(0x65);
    /// `sget-short`
    pub const SGET_SHORT: Op = Op(0x66);
    /// `sput`
    pub const SPUT: Op = Op(0x67);
    /// `sput-wide`
    pub const SPUT_WIDE: Op = Op(0x68);
    /// `sput-object`
    pub const SPUT_OBJECT: Op = Op(0x69);
    /// `sput-boolean`
    pub const SPUT_BOOLEAN: Op = Op(0x6a);
    /// `sput-byte`
    pub const SPUT_BYTE: Op = Op(0x6b);
    /// `sput-char`
    pub const SPUT_CHAR: Op = Op(0x6c);
    /// `sput-short`
    pub const SPUT_SHORT: Op = Op(0x6d);
    /// `invoke-virtual`
    pub const INVOKE_VIRTUAL: Op = Op(0x6e);
    /// `invoke-super`
    pub const INVOKE_SUPER: Op = Op(0x6f);
    /// `invoke-direct`
    pub const INVOKE_DIRECT: Op = Op(0x70);
    /// `invoke-static`
    pub const INVOKE_STATIC: Op = Op(0x71);
    /// `invoke-interface`
    pub const INVOKE_INTERFACE: Op = Op(0x72);
    /// `return-void-no-barrier`
    pub const RETURN_VOID_NO_BARRIER: Op = Op(0x73);
    /// `invoke-virtual/range`
    pub const INVOKE_VIRTUAL_RANGE: Op = Op(0x74);
    /// `invoke-super/range`
    pub const INVOKE_SUPER_RANGE: Op = Op(0x75);
    /// `invoke-direct/range`
    pub const INVOKE_DIRECT_RANGE: Op = Op(0x76);
    /// `invoke-static/range`
    pub const INVOKE_STATIC_RANGE: Op = Op(0x77);
    /// `invoke-interface/range`
    pub const INVOKE_INTERFACE_RANGE: Op = Op(0x78);
    /// `neg-int`
    pub const NEG_INT: Op = Op(0x7b);
    /// `not-int`
    pub const NOT_INT: Op = Op(0x7c);
    /// `neg-long`
    pub const NEG_LONG: Op = Op(0x7d);
    /// `not-long`
    pub const NOT_LONG: Op = Op(0x7e);
    /// `neg-float`
    pub const NEG_FLOAT: Op = Op(0x7f);
    /// `neg-double`
    pub const NEG_DOUBLE: Op = Op(0x80);
    /// `int-to-long`
    pub const INT_TO_LONG: Op = Op(0x81);
    /// `int-to-float`
    pub const INT_TO_FLOAT: Op = Op(0x82);
    /// `int-to-double`
    pub const INT_TO_DOUBLE: Op = Op(0x83);
    /// `long-to-int`
    pub const LONG_TO_INT: Op = Op(0x84);
    /// `long-to-float`
    pub const LONG_TO_FLOAT: Op = Op(0x85);
    /// `long-to-double`
    pub const LONG_TO_DOUBLE: Op = Op(0x86);
    /// `float-to-int`
    pub const FLOAT_TO_INT: Op = Op(0x87);
    /// `float-to-long`
    pub const FLOAT_TO_LONG: Op = Op(0x88);
    /// `float-to-double`
    pub const FLOAT_TO_DOUBLE: Op = Op(0x89);
    /// `double-to-int`
    pub const DOUBLE_TO_INT: Op = Op(0x8a);
    /// `double-to-long`
    pub const DOUBLE_TO_LONG: Op = Op(0x8b);
    /// `double-to-float`
    pub const DOUBLE_TO_FLOAT: Op = Op(0x8c);
    /// `int-to-byte`
    pub const INT_TO_BYTE: Op = Op(0x8d);
    /// `int-to-char`
    pub const INT_TO_CHAR: Op = Op(0x8e);
    /// `int-to-short`
    pub const INT_TO_SHORT: Op = Op(0x8f);
    /// `add-int`
    pub const ADD_INT: Op = Op(0x90);
    /// `sub-int`
    pub const SUB_INT: Op = Op(0x91);
    /// `mul-int`
    pub const MUL_INT: Op = Op(0x92);
    /// `div-int`
    pub const DIV_INT: Op = Op(0x93);
    /// `rem-int`
    pub const REM_INT: Op = Op(0x94);
    /// `and-int`
    pub const AND_INT: Op = Op(0x95);
    /// `or-int`
    pub const OR_INT: Op = Op(0x96);
    /// `xor-int`
    pub const XOR_INT: Op = Op(0x97);
    /// `shl-int`
    pub const SHL_INT: Op = Op(0x98);
    /// `shr-int`
    pub const SHR_INT: Op = Op(0x99);
    /// `ushr-int`
    pub const USHR_INT: Op = Op(0x9a);
    /// `add-long`
    pub const ADD_LONG: Op = Op(0x9b);
    /// `sub-long`
    pub const SUB_LONG: Op = Op(0x9c);
    /// `mul-long`
    pub const MUL_LONG: Op = Op(0x9d);
    /// `div-long`
    pub const DIV_LONG: Op = Op(0x9e);
    /// `rem-long`
    pub const REM_LONG: Op = Op(0x9f);
    /// `and-long`
    pub const AND_LONG: Op = Op(0xa0);
    /// `or-long`
    pub const OR_LONG: Op = Op(0xa1);
    /// `xor-long`
    pub const XOR_LONG: Op = Op(0xa2);
    /// `shl-long`
    pub const SHL_LONG: Op = Op(0xa3);
    /// `shr-long`
    pub const SHR_LONG: Op = Op(0xa4);
    /// `ushr-long`
    pub const USHR_LONG: Op = Op(0xa5);
    /// `add-float`
    pub const ADD_FLOAT: Op = Op(0xa6);
    /// `sub-float`
    pub const SUB_FLOAT: Op = Op(0xa7);
    /// `mul-float`
    pub const MUL_FLOAT: Op = Op(0xa8);
    /// `div-float`
    pub const DIV_FLOAT: Op = Op(0xa9);
    /// `rem-float`
    pub const REM_FLOAT: Op = Op(0xaa);
    /// `add-double`
    pub const ADD_DOUBLE: Op = Op(0xab);
    /// `sub-double`
    pub const SUB_DOUBLE: Op = Op(0xac);
    /// `mul-double`
    pub const MUL_DOUBLE: Op = Op(0xad);
    /// `div-double`
    pub const DIV_DOUBLE: Op = Op(0xae);
    /// `rem-double`
    pub const REM_DOUBLE: Op = Op(0xaf);
    /// `add-int/2addr`
    pub const ADD_INT_2ADDR: Op = Op(0xb0);
    /// `sub-int/2addr`
    pub const SUB_INT_2ADDR: Op = Op(0xb1);
    /// `mul-int/2addr`
    pub const MUL_INT_2ADDR: Op = Op(0xb2);
    /// `div-int/2addr`
    pub const DIV_INT_2ADDR: Op = Op(0xb3);
    /// `rem-int/2addr`
    pub const REM_INT_2ADDR: Op = Op(0xb4);
    /// `and-int/2addr`
    pub const AND_INT_2ADDR: Op = Op(0xb5);
    /// `or-int/2addr`
    pub const OR_INT_2ADDR: Op = Op(0xb6);
    /// `xor-int/2addr`
    pub const XOR_INT_2ADDR: Op = Op(0xb7);
    /// `shl-int/2addr`
    pub const SHL_INT_2ADDR: Op = Op(0xb8);
    /// `shr-int/2addr`
    pub const SHR_INT_2ADDR: Op = Op(0xb9);
    /// `ushr-int/2addr`
    pub const USHR_INT_2ADDR: Op = Op(0xba);
    /// `add-long/2addr`
    pub const ADD_LONG_2ADDR: Op = Op(0xbb);
    /// `sub-long/2addr`
    pub const SUB_LONG_2ADDR: Op = Op(0xbc);
    /// `mul-long/2addr`
    pub const MUL_LONG_2ADDR: Op = Op(0xbd);
    /// `div-long/2addr`
    pub const DIV_LONG_2ADDR: Op = Op(0xbe);
    /// `rem-long/2addr`
    pub const REM_LONG_2ADDR: Op = Op(0xbf);
    /// `and-long/2addr`
    pub const AND_LONG_2ADDR: Op = Op(0xc0);
    /// `or-long/2addr`
    pub const OR_LONG_2ADDR: Op = Op(0xc1);
    /// `xor-long/2addr`
    pub const XOR_LONG_2ADDR: Op = Op(0xc2);
    /// `shl-long/2addr`
    pub const SHL_LONG_2ADDR: Op = Op(0xc3);
    /// `shr-long/2addr`
    pub const SHR_LONG_2ADDR: Op = Op(0xc4);
    /// `ushr-long/2addr`
    pub const USHR_LONG_2ADDR: Op = Op(0xc5);
    /// `add-float/2addr`
    pub const ADD_FLOAT_2ADDR: Op = Op(0xc6);
    /// `sub-float/2addr`
    pub const SUB_FLOAT_2ADDR: Op = Op(0xc7);
    /// `mul-float/2addr`
    pub const MUL_FLOAT_2ADDR: Op = Op(0xc8);
    /// `div-float/2addr`
    pub const DIV_FLOAT_2ADDR: Op = Op(0xc9);
    /// `rem-float/2addr`
    pub const REM_FLOAT_2ADDR: Op = Op(0xca);
    /// `add-double/2addr`
    pub const ADD_DOUBLE_2ADDR: Op = Op(0xcb);
    /// `sub-double/2addr`
    pub const SUB_DOUBLE_2ADDR: Op = Op(0xcc);
    /// `mul-double/2addr`
    pub const MUL_DOUBLE_2ADDR: Op = Op(0xcd);
    /// `div-double/2addr`
    pub const DIV_DOUBLE_2ADDR: Op = Op(0xce);
    /// `rem-double/2addr`
    pub const REM_DOUBLE_2ADDR: Op = Op(0xcf);
    /// `add-int/lit16`
    pub const ADD_INT_LIT16: Op = Op(0xd0);
    /// `rsub-int`
    pub const RSUB_INT: Op = Op(0xd1);
    /// `mul-int/lit16`
    pub const MUL_INT_LIT16: Op = Op(0xd2);
    /// `div-int/lit16`
    pub const DIV_INT_LIT16: Op = Op(0xd3);
    /// `rem-int/lit16`
    pub const REM_INT_LIT16: Op = Op(0xd4);
    /// `and-int/lit16`
    pub const AND_INT_LIT16: Op = Op(0xd5);
    /// `or-int/lit16`
    pub const OR_INT_LIT16: Op = Op(0xd6);
    /// `xor-int/lit16`
    pub const XOR_INT_LIT16: Op = Op(0xd7);
    /// `add-int/lit8`
    pub const ADD_INT_LIT8: Op = Op(0xd8);
    /// `rsub-int/lit8`
    pub const RSUB_INT_LIT8: Op = Op(0xd9);
    /// `mul-int/lit8`
    pub const MUL_INT_LIT8: Op = Op(0xda);
    /// `div-int/lit8`
    pub const DIV_INT_LIT8: Op = Op(0xdb);
    /// `rem-int/lit8`
    pub const REM_INT_LIT8: Op = Op(0xdc);
    /// `and-int/lit8`
    pub const AND_INT_LIT8: Op = Op(0xdd);
    /// `or-int/lit8`
    pub const OR_INT_LIT8: Op = Op(0xde);
    /// `xor-int/lit8`
    pub const XOR_INT_LIT8: Op = Op(0xdf);
    /// `shl-int/lit8`
    pub const SHL_INT_LIT8: Op = Op(0xe0);
    /// `shr-int/lit8`
    pub const SHR_INT_LIT8: Op = Op(0xe1);
    /// `ushr-int/lit8`
    pub const USHR_INT_LIT8: Op = Op(0xe2);
    /// `iget-quick`
    pub const IGET_QUICK: Op = Op(0xe3);
    /// `iget-wide-quick`
    pub const IGET_WIDE_QUICK: Op = Op(0xe4);
    /// `iget-object-quick`
    pub const IGET_OBJECT_QUICK: Op = Op(0xe5);
    /// `iput-quick`
    pub const IPUT_QUICK: Op = Op(0xe6);
    /// `iput-wide-quick`
    pub const IPUT_WIDE_QUICK: Op = Op(0xe7);
    /// `iput-object-quick`
    pub const IPUT_OBJECT_QUICK: Op = Op(0xe8);
    /// `invoke-virtual-quick`
    pub const INVOKE_VIRTUAL_QUICK: Op = Op(0xe9);
    /// `invoke-virtual/range-quick`
    pub const INVOKE_VIRTUAL_RANGE_QUICK: Op = Op(0xea);
    /// `iput-boolean-quick`
    pub const IPUT_BOOLEAN_QUICK: Op = Op(0xeb);
    /// `iput-byte-quick`
    pub const IPUT_BYTE_QUICK: Op = Op(0xec);
    /// `iput-char-quick`
    pub const IPUT_CHAR_QUICK: Op = Op(0xed);
    /// `iput-short-quick`
    pub const IPUT_SHORT_QUICK: Op = Op(0xee);
    /// `iget-boolean-quick`
    pub const IGET_BOOLEAN_QUICK: Op = Op(0xef);
    /// `iget-byte-quick`
    pub const IGET_BYTE_QUICK: Op = Op(0xf0);
    /// `iget-char-quick`
    pub const IGET_CHAR_QUICK: Op = Op(0xf1);
    /// `iget-short-quick`
    pub const IGET_SHORT_QUICK: Op = Op(0xf2);
    /// `invoke-polymorphic`
    pub const INVOKE_POLYMORPHIC: Op = Op(0xfa);
    /// `invoke-polymorphic/range`
    pub const INVOKE_POLYMORPHIC_RANGE: Op = Op(0xfb);
    /// `invoke-custom`
    pub const INVOKE_CUSTOM: Op = Op(0xfc);
    /// `invoke-custom/range`
    pub const INVOKE_CUSTOM_RANGE: Op = Op(0xfd);
    /// `const-method-handle`
    pub const CONST_METHOD_HANDLE: Op = Op(0xfe);
    /// `const-method-type`
    pub const CONST_METHOD_TYPE: Op = Op(0xff);
}

const C: u16 = CONTINUES;
const B: u16 = BRANCHES;
const X: u16 = SWITCHES;
const T: u16 = THROWS;
const W: u16 = WRITES;
const P: u16 = WIDE;
const I: u16 = INVOKES;
const V: u16 = RESULTS;
const R: u16 = RETURNS;

const UNUSED: Opcode = unused();

const fn row(name: &'static str, format: Format, reference: Reference, flags: u16) -> Opcode {
    Opcode {
        name,
        format,
        reference,
        flags,
    }
}

const fn unused() -> Opcode {
    row("unused", Format::Unused, Reference::None, C)
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

/// By byte. `0x73` and `0xe3..=0xf2` are ART's quick opcodes, in files that it has quickened.
#[rustfmt::skip]
static STANDARD: [Opcode; 256] = [
    row("nop", F10x, Reference::None, C), // 00
    row("move", F12x, Reference::None, C | W), // 01
    row("move/from16", F22x, Reference::None, C | W), // 02
    row("move/16", F32x, Reference::None, C | W), // 03
    row("move-wide", F12x, Reference::None, C | W | P), // 04
    row("move-wide/from16", F22x, Reference::None, C | W | P), // 05
    row("move-wide/16", F32x, Reference::None, C | W | P), // 06
    row("move-object", F12x, Reference::None, C | W), // 07
    row("move-object/from16", F22x, Reference::None, C | W), // 08
    row("move-object/16", F32x, Reference::None, C | W), // 09
    row("move-result", F11x, Reference::None, C | W), // 0a
    row("move-result-wide", F11x, Reference::None, C | W | P), // 0b
    row("move-result-object", F11x, Reference::None, C | W), // 0c
    row("move-exception", F11x, Reference::None, C | W), // 0d
    row("return-void", F10x, Reference::None, R), // 0e
    row("return", F11x, Reference::None, R), // 0f
    row("return-wide", F11x, Reference::None, R), // 10
    row("return-object", F11x, Reference::None, R), // 11
    row("const/4", F11n, Reference::None, C | W), // 12
    row("const/16", F21s, Reference::None, C | W), // 13
    row("const", F31i, Reference::None, C | W), // 14
    row("const/high16", F21h, Reference::None, C | W), // 15
    row("const-wide/16", F21s, Reference::None, C | W | P), // 16
    row("const-wide/32", F31i, Reference::None, C | W | P), // 17
    row("const-wide", F51l, Reference::None, C | W | P), // 18
    row("const-wide/high16", F21h, Reference::None, C | W | P), // 19
    row("const-string", F21c, Reference::String, C | T | W), // 1a
    row("const-string/jumbo", F31c, Reference::String, C | T | W), // 1b
    row("const-class", F21c, Reference::Type, C | T | W), // 1c
    row("monitor-enter", F11x, Reference::None, C | T), // 1d
    row("monitor-exit", F11x, Reference::None, C | T), // 1e
    row("check-cast", F21c, Reference::Type, C | T), // 1f
    row("instance-of", F22c, Reference::Type, C | T | W), // 20
    row("array-length", F12x, Reference::None, C | T | W), // 21
    row("new-instance", F21c, Reference::Type, C | T | W), // 22
    row("new-array", F22c, Reference::Type, C | T | W), // 23
    row("filled-new-array", F35c, Reference::Type, C | T | V), // 24
    row("filled-new-array/range", F3rc, Reference::Type, C | T | V), // 25
    row("fill-array-data", F31t, Reference::None, C | T), // 26
    row("throw", F11x, Reference::None, T), // 27
    row("goto", F10t, Reference::None, B), // 28
    row("goto/16", F20t, Reference::None, B), // 29
    row("goto/32", F30t, Reference::None, B), // 2a
    row("packed-switch", F31t, Reference::None, C | X), // 2b
    row("sparse-switch", F31t, Reference::None, C | X), // 2c
    row("cmpl-float", F23x, Reference::None, C | W), // 2d
    row("cmpg-float", F23x, Reference::None, C | W), // 2e
    row("cmpl-double", F23x, Reference::None, C | W), // 2f
    row("cmpg-double", F23x, Reference::None, C | W), // 30
    row("cmp-long", F23x, Reference::None, C | W), // 31
    row("if-eq", F22t, Reference::None, C | B), // 32
    row("if-ne", F22t, Reference::None, C | B), // 33
    row("if-lt", F22t, Reference::None, C | B), // 34
    row("if-ge", F22t, Reference::None, C | B), // 35
    row("if-gt", F22t, Reference::None, C | B), // 36
    row("if-le", F22t, Reference::None, C | B), // 37
    row("if-eqz", F21t, Reference::None, C | B), // 38
    row("if-nez", F21t, Reference::None, C | B), // 39
    row("if-ltz", F21t, Reference::None, C | B), // 3a
    row("if-gez", F21t, Reference::None, C | B), // 3b
    row("if-gtz", F21t, Reference::None, C | B), // 3c
    row("if-lez", F21t, Reference::None, C | B), // 3d
    unused(), // 3e
    unused(), // 3f
    unused(), // 40
    unused(), // 41
    unused(), // 42
    unused(), // 43
    row("aget", F23x, Reference::None, C | T | W), // 44
    row("aget-wide", F23x, Reference::None, C | T | W | P), // 45
    row("aget-object", F23x, Reference::None, C | T | W), // 46
    row("aget-boolean", F23x, Reference::None, C | T | W), // 47
    row("aget-byte", F23x, Reference::None, C | T | W), // 48
    row("aget-char", F23x, Reference::None, C | T | W), // 49
    row("aget-short", F23x, Reference::None, C | T | W), // 4a
    row("aput", F23x, Reference::None, C | T), // 4b
    row("aput-wide", F23x, Reference::None, C | T), // 4c
    row("aput-object", F23x, Reference::None, C | T), // 4d
    row("aput-boolean", F23x, Reference::None, C | T), // 4e
    row("aput-byte", F23x, Reference::None, C | T), // 4f
    row("aput-char", F23x, Reference::None, C | T), // 50
    row("aput-short", F23x, Reference::None, C | T), // 51
    row("iget", F22c, Reference::Field, C | T | W), // 52
    row("iget-wide", F22c, Reference::Field, C | T | W | P), // 53
    row("iget-object", F22c, Reference::Field, C | T | W), // 54
    row("iget-boolean", F22c, Reference::Field, C | T | W), // 55
    row("iget-byte", F22c, Reference::Field, C | T | W), // 56
    row("iget-char", F22c, Reference::Field, C | T | W), // 57
    row("iget-short", F22c, Reference::Field, C | T | W), // 58
    row("iput", F22c, Reference::Field, C | T), // 59
    row("iput-wide", F22c, Reference::Field, C | T), // 5a
    row("iput-object", F22c, Reference::Field, C | T), // 5b
    row("iput-boolean", F22c, Reference::Field, C | T), // 5c
    row("iput-byte", F22c, Reference::Field, C | T), // 5d
    row("iput-char", F22c, Reference::Field, C | T), // 5e
    row("iput-short", F22c, Reference::Field, C | T), // 5f
    row("sget", F21c, Reference::Field, C | T | W), // 60
    row("sget-wide", F21c, Reference::Field, C | T | W | P), // 61
    row("sget-object", F21c, Reference::Field, C | T | W), // 62
    row("sget-boolean", F21c, Reference::Field, C | T | W), // 63
    row("sget-byte", F21c, Reference::Field, C | T | W), // 64
    row("sget-char", F21c, Reference::Field, C | T | W), // 65
    row("sget-short", F21c, Reference::Field, C | T | W), // 66
    row("sput", F21c, Reference::Field, C | T), // 67
    row("sput-wide", F21c, Reference::Field, C | T), // 68
    row("sput-object", F21c, Reference::Field, C | T), // 69
    row("sput-boolean", F21c, Reference::Field, C | T), // 6a
    row("sput-byte", F21c, Reference::Field, C | T), // 6b
    row("sput-char", F21c, Reference::Field, C | T), // 6c
    row("sput-short", F21c, Reference::Field, C | T), // 6d
    row("invoke-virtual", F35c, Reference::Method, C | T | I | V), // 6e
    row("invoke-super", F35c, Reference::Method, C | T | I | V), // 6f
    row("invoke-direct", F35c, Reference::Method, C | T | I | V), // 70
    row("invoke-static", F35c, Reference::Method, C | T | I | V), // 71
    row("invoke-interface", F35c, Reference::Method, C | T | I | V), // 72
    row("return-void-no-barrier", F10x, Reference::None, R), // 73
    row("invoke-virtual/range", F3rc, Reference::Method, C | T | I | V), // 74
    row("invoke-super/range", F3rc, Reference::Method, C | T | I | V), // 75
    row("invoke-direct/range", F3rc, Reference::Method, C | T | I | V), // 76
    row("invoke-static/range", F3rc, Reference::Method, C | T | I | V), // 77
    row("invoke-interface/range", F3rc, Reference::Method, C | T | I | V), // 78
    unused(), // 79
    unused(), // 7a
    row("neg-int", F12x, Reference::None, C | W), // 7b
    row("not-int", F12x, Reference::None, C | W), // 7c
    row("neg-long", F12x, Reference::None, C | W | P), // 7d
    row("not-long", F12x, Reference::None, C | W | P), // 7e
    row("neg-float", F12x, Reference::None, C | W), // 7f
    row("neg-double", F12x, Reference::None, C | W | P), // 80
    row("int-to-long", F12x, Reference::None, C | W | P), // 81
    row("int-to-float", F12x, Reference::None, C | W), // 82
    row("int-to-double", F12x, Reference::None, C | W | P), // 83
    row("long-to-int", F12x, Reference::None, C | W), // 84
    row("long-to-float", F12x, Reference::None, C | W), // 85
    row("long-to-double", F12x, Reference::None, C | W | P), // 86
    row("float-to-int", F12x, Reference::None, C | W), // 87
    row("float-to-long", F12x, Reference::None, C | W | P), // 88
    row("float-to-double", F12x, Reference::None, C | W | P), // 89
    row("double-to-int", F12x, Reference::None, C | W), // 8a
    row("double-to-long", F12x, Reference::None, C | W | P), // 8b
    row("double-to-float", F12x, Reference::None, C | W), // 8c
    row("int-to-byte", F12x, Reference::None, C | W), // 8d
    row("int-to-char", F12x, Reference::None, C | W), // 8e
    row("int-to-short", F12x, Reference::None, C | W), // 8f
    row("add-int", F23x, Reference::None, C | W), // 90
    row("sub-int", F23x, Reference::None, C | W), // 91
    row("mul-int", F23x, Reference::None, C | W), // 92
    row("div-int", F23x, Reference::None, C | T | W), // 93
    row("rem-int", F23x, Reference::None, C | T | W), // 94
    row("and-int", F23x, Reference::None, C | W), // 95
    row("or-int", F23x, Reference::None, C | W), // 96
    row("xor-int", F23x, Reference::None, C | W), // 97
    row("shl-int", F23x, Reference::None, C | W), // 98
    row("shr-int", F23x, Reference::None, C | W), // 99
    row("ushr-int", F23x, Reference::None, C | W), // 9a
    row("add-long", F23x, Reference::None, C | W | P), // 9b
    row("sub-long", F23x, Reference::None, C | W | P), // 9c
    row("mul-long", F23x, Reference::None, C | W | P), // 9d
    row("div-long", F23x, Reference::None, C | T | W | P), // 9e
    row("rem-long", F23x, Reference::None, C | T | W | P), // 9f
    row("and-long", F23x, Reference::None, C | W | P), // a0
    row("or-long", F23x, Reference::None, C | W | P), // a1
    row("xor-long", F23x, Reference::None, C | W | P), // a2
    row("shl-long", F23x, Reference::None, C | W | P), // a3
    row("shr-long", F23x, Reference::None, C | W | P), // a4
    row("ushr-long", F23x, Reference::None, C | W | P), // a5
    row("add-float", F23x, Reference::None, C | W), // a6
    row("sub-float", F23x, Reference::None, C | W), // a7
    row("mul-float", F23x, Reference::None, C | W), // a8
    row("div-float", F23x, Reference::None, C | W), // a9
    row("rem-float", F23x, Reference::None, C | W), // aa
    row("add-double", F23x, Reference::None, C | W | P), // ab
    row("sub-double", F23x, Reference::None, C | W | P), // ac
    row("mul-double", F23x, Reference::None, C | W | P), // ad
    row("div-double", F23x, Reference::None, C | W | P), // ae
    row("rem-double", F23x, Reference::None, C | W | P), // af
    row("add-int/2addr", F12x, Reference::None, C | W), // b0
    row("sub-int/2addr", F12x, Reference::None, C | W), // b1
    row("mul-int/2addr", F12x, Reference::None, C | W), // b2
    row("div-int/2addr", F12x, Reference::None, C | T | W), // b3
    row("rem-int/2addr", F12x, Reference::None, C | T | W), // b4
    row("and-int/2addr", F12x, Reference::None, C | W), // b5
    row("or-int/2addr", F12x, Reference::None, C | W), // b6
    row("xor-int/2addr", F12x, Reference::None, C | W), // b7
    row("shl-int/2addr", F12x, Reference::None, C | W), // b8
    row("shr-int/2addr", F12x, Reference::None, C | W), // b9
    row("ushr-int/2addr", F12x, Reference::None, C | W), // ba
    row("add-long/2addr", F12x, Reference::None, C | W | P), // bb
    row("sub-long/2addr", F12x, Reference::None, C | W | P), // bc
    row("mul-long/2addr", F12x, Reference::None, C | W | P), // bd
    row("div-long/2addr", F12x, Reference::None, C | T | W | P), // be
    row("rem-long/2addr", F12x, Reference::None, C | T | W | P), // bf
    row("and-long/2addr", F12x, Reference::None, C | W | P), // c0
    row("or-long/2addr", F12x, Reference::None, C | W | P), // c1
    row("xor-long/2addr", F12x, Reference::None, C | W | P), // c2
    row("shl-long/2addr", F12x, Reference::None, C | W | P), // c3
    row("shr-long/2addr", F12x, Reference::None, C | W | P), // c4
    row("ushr-long/2addr", F12x, Reference::None, C | W | P), // c5
    row("add-float/2addr", F12x, Reference::None, C | W), // c6
    row("sub-float/2addr", F12x, Reference::None, C | W), // c7
    row("mul-float/2addr", F12x, Reference::None, C | W), // c8
    row("div-float/2addr", F12x, Reference::None, C | W), // c9
    row("rem-float/2addr", F12x, Reference::None, C | W), // ca
    row("add-double/2addr", F12x, Reference::None, C | W | P), // cb
    row("sub-double/2addr", F12x, Reference::None, C | W | P), // cc
    row("mul-double/2addr", F12x, Reference::None, C | W | P), // cd
    row("div-double/2addr", F12x, Reference::None, C | W | P), // ce
    row("rem-double/2addr", F12x, Reference::None, C | W | P), // cf
    row("add-int/lit16", F22s, Reference::None, C | W), // d0
    row("rsub-int", F22s, Reference::None, C | W), // d1
    row("mul-int/lit16", F22s, Reference::None, C | W), // d2
    row("div-int/lit16", F22s, Reference::None, C | T | W), // d3
    row("rem-int/lit16", F22s, Reference::None, C | T | W), // d4
    row("and-int/lit16", F22s, Reference::None, C | W), // d5
    row("or-int/lit16", F22s, Reference::None, C | W), // d6
    row("xor-int/lit16", F22s, Reference::None, C | W), // d7
    row("add-int/lit8", F22b, Reference::None, C | W), // d8
    row("rsub-int/lit8", F22b, Reference::None, C | W), // d9
    row("mul-int/lit8", F22b, Reference::None, C | W), // da
    row("div-int/lit8", F22b, Reference::None, C | T | W), // db
    row("rem-int/lit8", F22b, Reference::None, C | T | W), // dc
    row("and-int/lit8", F22b, Reference::None, C | W), // dd
    row("or-int/lit8", F22b, Reference::None, C | W), // de
    row("xor-int/lit8", F22b, Reference::None, C | W), // df
    row("shl-int/lit8", F22b, Reference::None, C | W), // e0
    row("shr-int/lit8", F22b, Reference::None, C | W), // e1
    row("ushr-int/lit8", F22b, Reference::None, C | W), // e2
    row("iget-quick", F22cs, Reference::FieldOffset, C | T | W), // e3
    row("iget-wide-quick", F22cs, Reference::FieldOffset, C | T | W | P), // e4
    row("iget-object-quick", F22cs, Reference::FieldOffset, C | T | W), // e5
    row("iput-quick", F22cs, Reference::FieldOffset, C | T), // e6
    row("iput-wide-quick", F22cs, Reference::FieldOffset, C | T), // e7
    row("iput-object-quick", F22cs, Reference::FieldOffset, C | T), // e8
    row("invoke-virtual-quick", F35ms, Reference::VtableIndex, C | T | I | V), // e9
    row("invoke-virtual/range-quick", F3rms, Reference::VtableIndex, C | T | I | V), // ea
    row("iput-boolean-quick", F22cs, Reference::FieldOffset, C | T), // eb
    row("iput-byte-quick", F22cs, Reference::FieldOffset, C | T), // ec
    row("iput-char-quick", F22cs, Reference::FieldOffset, C | T), // ed
    row("iput-short-quick", F22cs, Reference::FieldOffset, C | T), // ee
    row("iget-boolean-quick", F22cs, Reference::FieldOffset, C | T | W), // ef
    row("iget-byte-quick", F22cs, Reference::FieldOffset, C | T | W), // f0
    row("iget-char-quick", F22cs, Reference::FieldOffset, C | T | W), // f1
    row("iget-short-quick", F22cs, Reference::FieldOffset, C | T | W), // f2
    unused(), // f3
    unused(), // f4
    unused(), // f5
    unused(), // f6
    unused(), // f7
    unused(), // f8
    unused(), // f9
    row("invoke-polymorphic", F45cc, Reference::MethodAndProto, C | T | I | V), // fa
    row("invoke-polymorphic/range", F4rcc, Reference::MethodAndProto, C | T | I | V), // fb
    row("invoke-custom", F35c, Reference::CallSite, C | T | I | V), // fc
    row("invoke-custom/range", F3rc, Reference::CallSite, C | T | I | V), // fd
    row("const-method-handle", F21c, Reference::MethodHandle, C | T | W), // fe
    row("const-method-type", F21c, Reference::Proto, C | T | W), // ff
];

/// By byte − `0xe3`, in an odex of Dalvik.
#[rustfmt::skip]
static ODEX: [Opcode; 29] = [
    row("iget-volatile", F22c, Reference::Field, C | T | W), // e3
    row("iput-volatile", F22c, Reference::Field, C | T), // e4
    row("sget-volatile", F21c, Reference::Field, C | T | W), // e5
    row("sput-volatile", F21c, Reference::Field, C | T), // e6
    row("iget-object-volatile", F22c, Reference::Field, C | T | W), // e7
    row("iget-wide-volatile", F22c, Reference::Field, C | T | W | P), // e8
    row("iput-wide-volatile", F22c, Reference::Field, C | T), // e9
    row("sget-wide-volatile", F21c, Reference::Field, C | T | W | P), // ea
    row("sput-wide-volatile", F21c, Reference::Field, C | T), // eb
    row("breakpoint", F10x, Reference::None, C), // ec
    row("throw-verification-error", F20bc, Reference::Error, T), // ed
    row("execute-inline", F35mi, Reference::Inline, C | T | I | V), // ee
    row("execute-inline/range", F3rmi, Reference::Inline, C | T | I | V), // ef
    row("invoke-object-init/range", F3rc, Reference::Method, C | T | I), // f0
    row("return-void-barrier", F10x, Reference::None, R), // f1
    row("iget-quick", F22cs, Reference::FieldOffset, C | T | W), // f2
    row("iget-wide-quick", F22cs, Reference::FieldOffset, C | T | W | P), // f3
    row("iget-object-quick", F22cs, Reference::FieldOffset, C | T | W), // f4
    row("iput-quick", F22cs, Reference::FieldOffset, C | T), // f5
    row("iput-wide-quick", F22cs, Reference::FieldOffset, C | T), // f6
    row("iput-object-quick", F22cs, Reference::FieldOffset, C | T), // f7
    row("invoke-virtual-quick", F35ms, Reference::VtableIndex, C | T | I | V), // f8
    row("invoke-virtual-quick/range", F3rms, Reference::VtableIndex, C | T | I | V), // f9
    row("invoke-super-quick", F35ms, Reference::VtableIndex, C | T | I | V), // fa
    row("invoke-super-quick/range", F3rms, Reference::VtableIndex, C | T | I | V), // fb
    row("iput-object-volatile", F22c, Reference::Field, C | T), // fc
    row("sget-object-volatile", F21c, Reference::Field, C | T | W), // fd
    row("sput-object-volatile", F21c, Reference::Field, C | T), // fe
    unused(), // ff
];

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
