//! Texts that methods of the package compute of constants: decryptors and tables.

use super::*;

pub(super) const XOR: &str = "(Ljava/lang/String;)Ljava/lang/String;";
pub(super) const HIDDEN: &str = "http://a.example/x";

/// A text with each character changed by a key.
pub(super) fn hidden(text: &str, key: u8) -> String {
    text.bytes().map(|byte| char::from(byte ^ key)).collect()
}

/// `vA = vB op lit`.
pub(super) fn lit8(c: &mut Asm, op: u8, a: u8, b: u8, lit: u8) {
    c.raw(&[
        u16::from(op) | u16::from(a) << 8,
        u16::from(b) | u16::from(lit) << 8,
    ]);
}

/// The rest of a method with five registers: each character of the array in `v0` by `change`, which has it in `v3` and
/// its place in `v1`.
pub(super) fn each_char(c: &mut Asm, change: impl FnOnce(&mut Asm)) {
    c.array_length(2, 0)
        .const_int(1, 0)
        .label("loop")
        .if_cmp(0x35, 1, 2, "end")
        .op_23x(0x49, 3, 0, 1);
    change(c);
    c.op_12x(0x8e, 3, 3).op_23x(0x50, 3, 0, 1);
    lit8(c, 0xd8, 1, 1, 1);
    c.goto("loop").label("end").new_instance(1, STRING);
    c.invoke_direct(STRING, "<init>", "([C)V", &[1, 0])
        .return_object(1);
}

/// `static String d(String)`: each character by the key 5.
pub(super) fn xor(dex: &mut DexBuilder) {
    dex.class("Ld;").method("d", XOR, 5, |c| {
        c.invoke_virtual(STRING, "toCharArray", "()[C", &[4])
            .move_result_object(0);
        each_char(c, |c| lit8(c, 0xdf, 3, 3, 5));
    });
}

/// `new URL(d(text))`, and what is said of it.
pub(super) fn called(dex: &mut DexBuilder, text: &str) {
    dex.class("La;").method("m", "()V", 2, |c| {
        c.const_string(0, text)
            .invoke_static("Ld;", "d", XOR, &[0])
            .move_result_object(0);
        url(c, 1, 0);
        c.return_void();
    });
}

/// What is said of a call of `d` whose result is known.
const KNOWN: [&str; 3] = [
    "m: <init> \"http://a.example/x\"",
    "m: computed \"http://a.example/x\" by Ld;->d(Ljava/lang/String;)Ljava/lang/String;",
    "m: text \"http://a.example/x\"",
];
pub(super) const NOT_KNOWN: [&str; 1] = ["m: <init> ?"];

#[test]
fn a_text_hidden_by_a_constant_key_is_found() {
    check(
        |dex| {
            xor(dex);
            called(dex, &hidden(HIDDEN, 5));
        },
        &KNOWN,
    );
}

#[test]
fn it_is_found_where_nothing_else_in_the_method_is_of_interest() {
    check(
        |dex| {
            xor(dex);
            let class = dex.class("La;");
            class.static_field("HOST", STRING, None);
            class.clinit(1, |c| {
                c.const_string(0, &hidden("http://a.example", 5))
                    .invoke_static("Ld;", "d", XOR, &[0])
                    .move_result_object(0)
                    .sput(0, "La;", "HOST", STRING)
                    .return_void();
            });
            class.method("m", "()V", 2, |c| {
                builder(c, 0);
                c.sget(1, "La;", "HOST", STRING);
                append(c, 0, 1);
                c.const_string(1, "/x");
                append(c, 0, 1);
                to_string(c, 0, 0);
                c.invoke_static("Lelsewhere;", "send", "(Ljava/lang/String;)V", &[0])
                    .return_void();
            });
        },
        &[
            "<clinit>: computed \"http://a.example\" by Ld;->d(Ljava/lang/String;)Ljava/lang/String;",
            "<clinit>: text \"http://a.example\"",
            "m: text \"http://a.example/x\"",
        ],
    );
}

#[test]
fn a_key_in_an_array_of_the_initialiser_is_known() {
    check(
        |dex| {
            let class = dex.class("Ld;");
            class.static_field("KEY", "[B", None);
            class.clinit(2, |c| {
                c.const_int(0, 2)
                    .new_array(0, 0, "[B")
                    .fill_array_data(0, 1, &[5, 5])
                    .sput(0, "Ld;", "KEY", "[B")
                    .return_void();
            });
            class.method("d", XOR, 6, |c| {
                c.invoke_virtual(STRING, "toCharArray", "()[C", &[5])
                    .move_result_object(0);
                each_char(c, |c| {
                    c.sget(4, "Ld;", "KEY", "[B");
                    c.array_length(5, 4)
                        .op_23x(0x94, 5, 1, 5)
                        .op_23x(0x48, 4, 4, 5)
                        .op_12x(0xb7, 3, 4);
                });
            });
            called(dex, &hidden(HIDDEN, 5));
        },
        &KNOWN,
    );
}

#[test]
fn a_key_that_another_method_writes_is_not_known() {
    check(
        |dex| {
            let class = dex.class("Ld;");
            class.static_field("key", "I", Some(Value::Int(5)));
            class.method("set", "(I)V", 1, |c| {
                c.sput(0, "Ld;", "key", "I").return_void();
            });
            class.method("d", XOR, 6, |c| {
                c.invoke_virtual(STRING, "toCharArray", "()[C", &[5])
                    .move_result_object(0);
                each_char(c, |c| {
                    c.sget(4, "Ld;", "key", "I").op_12x(0xb7, 3, 4);
                });
            });
            called(dex, &hidden(HIDDEN, 5));
        },
        &NOT_KNOWN,
    );
}

#[test]
fn an_index_into_a_table_that_the_initialiser_decrypts_is_followed() {
    check(
        |dex| {
            xor(dex);
            let class = dex.class("Lt;");
            class.static_field("ALL", "[Ljava/lang/String;", None);
            class.clinit(4, |c| {
                c.const_int(0, 2).new_array(0, 0, "[Ljava/lang/String;");
                for (i, text) in (0..).zip(["https", HIDDEN]) {
                    c.const_string(1, &hidden(text, 5))
                        .invoke_static("Ld;", "d", XOR, &[1])
                        .move_result_object(1)
                        .const_int(2, i)
                        .aput_object(1, 0, 2);
                }
                c.sput(0, "Lt;", "ALL", "[Ljava/lang/String;").return_void();
            });
            class.method("t", "(I)Ljava/lang/String;", 2, |c| {
                c.sget(0, "Lt;", "ALL", "[Ljava/lang/String;")
                    .aget_object(0, 0, 1)
                    .return_object(0);
            });
            dex.class("La;").method("m", "()V", 2, |c| {
                c.const_int(0, 1)
                    .invoke_static("Lt;", "t", "(I)Ljava/lang/String;", &[0])
                    .move_result_object(0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &[
            "<clinit>: computed \"http://a.example/x\" by Ld;->d(Ljava/lang/String;)Ljava/lang/String;",
            "<clinit>: text \"http://a.example/x\"",
            "m: <init> \"http://a.example/x\"",
            "m: computed \"http://a.example/x\" by Lt;->t(I)Ljava/lang/String;",
            "m: text \"http://a.example/x\"",
        ],
    );
}

#[test]
fn base64_and_a_key_are_undone_by_way_of_a_wrapper() {
    // HIDDEN by the key 5, in Base64.
    let text = "bXFxdT8qKmQrYH1kaHVpYCp9";
    check(
        |dex| {
            xor(dex);
            let class = dex.class("Ld;");
            class.method("b", XOR, 4, |c| {
                c.const_int(0, 0).invoke_static(
                    "Landroid/util/Base64;",
                    "decode",
                    "(Ljava/lang/String;I)[B",
                    &[3, 0],
                );
                c.move_result_object(0)
                    .new_instance(1, STRING)
                    .sget(
                        2,
                        "Ljava/nio/charset/StandardCharsets;",
                        "UTF_8",
                        "Ljava/nio/charset/Charset;",
                    )
                    .invoke_direct(STRING, "<init>", "([BLjava/nio/charset/Charset;)V", &[1, 0, 2])
                    .invoke_static("Ld;", "d", XOR, &[1])
                    .move_result_object(0)
                    .return_object(0);
            });
            dex.class("La;").method("m", "()V", 2, |c| {
                c.const_string(0, text)
                    .invoke_static("Ld;", "b", XOR, &[0])
                    .move_result_object(0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &[
            "m: <init> \"http://a.example/x\"",
            "m: computed \"http://a.example/x\" by Ld;->b(Ljava/lang/String;)Ljava/lang/String;",
            "m: text \"http://a.example/x\"",
        ],
    );
}

#[test]
fn a_switch_takes_the_case_of_the_constant() {
    check(
        |dex| {
            dex.class("Ld;").method("d", XOR, 5, |c| {
                c.invoke_virtual(STRING, "toCharArray", "()[C", &[4])
                    .move_result_object(0);
                each_char(c, |c| {
                    lit8(c, 0xdd, 4, 1, 1);
                    c.packed_switch(4, 0, &["even", "odd"]).label("even");
                    lit8(c, 0xdf, 3, 3, 5);
                    c.goto("next").label("odd");
                    lit8(c, 0xdf, 3, 3, 7);
                    c.label("next");
                });
            });
            let text: String = HIDDEN
                .bytes()
                .enumerate()
                .map(|(i, byte)| char::from(byte ^ if i % 2 == 0 { 5 } else { 7 }))
                .collect();
            called(dex, &text);
        },
        &KNOWN,
    );
}

/// Arrays at the call, and an object behind an interface that decrypts them in place.
#[test]
fn arrays_of_a_call_reach_an_object_that_the_initialiser_made() {
    check(
        |dex| {
            dex.class("Li;")
                .access(0x601)
                .declare("x", "([B[B)Ljava/lang/String;", 0x401);
            let class = dex.class("Lx;");
            class.interface("Li;");
            class.constructor("()V", 1, |c| {
                c.invoke_direct("Ljava/lang/Object;", "<init>", "()V", &[0])
                    .return_void();
            });
            class.virtual_method("x", "([B[B)Ljava/lang/String;", 8, |c| {
                c.const_int(0, 0).array_length(1, 6).label("loop");
                c.if_cmp(0x35, 0, 1, "end")
                    .op_23x(0x48, 2, 6, 0)
                    .array_length(3, 7)
                    .op_23x(0x94, 3, 0, 3)
                    .op_23x(0x48, 3, 7, 3)
                    .op_12x(0xb7, 2, 3)
                    .op_12x(0x8d, 2, 2)
                    .op_23x(0x4f, 2, 6, 0);
                lit8(c, 0xd8, 0, 0, 1);
                c.goto("loop").label("end").new_instance(0, STRING);
                c.const_string(1, "UTF-8")
                    .invoke_direct(STRING, "<init>", "([BLjava/lang/String;)V", &[0, 6, 1])
                    .return_object(0);
            });
            let class = dex.class("Ld;");
            class.static_final_field("IMPL", "Li;");
            class.clinit(1, |c| {
                c.new_instance(0, "Lx;")
                    .invoke_direct("Lx;", "<init>", "()V", &[0])
                    .sput(0, "Ld;", "IMPL", "Li;")
                    .return_void();
            });
            class.method("d", "([B[B)Ljava/lang/String;", 3, |c| {
                c.sget(0, "Ld;", "IMPL", "Li;")
                    .invoke_interface("Li;", "x", "([B[B)Ljava/lang/String;", &[0, 1, 2])
                    .move_result_object(0)
                    .return_object(0);
            });
            dex.class("La;").method("m", "()V", 4, |c| {
                let data = hidden(HIDDEN, 5).into_bytes();
                c.const_int(0, i32::try_from(data.len()).unwrap())
                    .new_array(0, 0, "[B")
                    .fill_array_data(0, 1, &data)
                    .const_int(1, 1)
                    .new_array(1, 1, "[B")
                    .fill_array_data(1, 1, &[5])
                    .invoke_static("Ld;", "d", "([B[B)Ljava/lang/String;", &[0, 1])
                    .move_result_object(0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &[
            "m: <init> \"http://a.example/x\"",
            "m: computed \"http://a.example/x\" by Ld;->d([B[B)Ljava/lang/String;",
            "m: text \"http://a.example/x\"",
        ],
    );
}

#[test]
fn a_text_of_bytes_is_known_and_the_charset_is_no_text() {
    check(
        |dex| {
            dex.class("La;").method("m", "()V", 4, |c| {
                c.const_int(0, 18)
                    .new_array(0, 0, "[B")
                    .fill_array_data(0, 1, HIDDEN.as_bytes())
                    .new_instance(1, STRING)
                    .const_string(2, "UTF-8")
                    .invoke_direct(STRING, "<init>", "([BLjava/lang/String;)V", &[1, 0, 2]);
                url(c, 2, 1);
                c.return_void();
            });
        },
        &[
            "m: <init> \"http://a.example/x\"",
            "m: text \"http://a.example/x\"",
        ],
    );
}
