//! The opcodes by their bytes: Android *Dalvik bytecode*, table "Summary of bytecode set", and the bytes
//! that installers give a meaning of their own.

use super::Format::{self, *};
use super::{
    BRANCHES, CONTINUES, INVOKES, Opcode, RESULTS, RETURNS, Reference, SWITCHES, THROWS, WIDE, WRITES,
};

const C: u16 = CONTINUES;
const B: u16 = BRANCHES;
const X: u16 = SWITCHES;
const T: u16 = THROWS;
const W: u16 = WRITES;
const P: u16 = WIDE;
const I: u16 = INVOKES;
const V: u16 = RESULTS;
const R: u16 = RETURNS;

pub(super) const UNUSED: Opcode = unused();

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

/// By byte. `0x73` and `0xe3..=0xf2` are ART's quick opcodes, in files that it has quickened.
#[rustfmt::skip]
pub(super) static STANDARD: [Opcode; 256] = [
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
pub(super) static ODEX: [Opcode; 29] = [
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
