//! The opcodes by name, for comparisons. Those that only Dalvik's odex has are not among them.

use super::Op;

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
