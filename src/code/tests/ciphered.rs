//! Texts that the platform's ciphers make of constants, and arrays of them.

use super::computed::NOT_KNOWN;
use super::*;

const TEXTS: &str = "[Ljava/lang/String;";
const TWO: &str = "(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;";
const CIPHER: &str = "Ljavax/crypto/Cipher;";
const SPEC: &str = "Ljavax/crypto/spec/SecretKeySpec;";
const IV: &str = "Ljavax/crypto/spec/IvParameterSpec;";
const HASH: &str = "Ljava/security/MessageDigest;";

/// Enciphered by DES in CBC with the IV 01 … 08 and this key, in Base64.
const KEY: &str = "secret-k";
const A: &str = "ODMpv9b/eJjbStAhztaN4BW9TF30bcCf";
const B: &str = "CQyA2GjZGZ2/1x+dYL546MyvKRJYHy/L";

/// `android.util.Base64.decode` of the text in `from`; `v0` is lost.
fn base64(c: &mut Asm, to: u8, from: u8) {
    c.const_int(0, 0)
        .invoke_static(
            "Landroid/util/Base64;",
            "decode",
            "(Ljava/lang/String;I)[B",
            &[from, 0],
        )
        .move_result_object(to);
}

/// The cipher of a name in `v2`, with the key in `v1`, and the IV in `v3` where there is one, of the bytes in `v0`, and
/// what it makes, returned as a text.
fn decipher(c: &mut Asm, name: &str, iv: bool) {
    c.const_string(2, name)
        .invoke_static(
            CIPHER,
            "getInstance",
            "(Ljava/lang/String;)Ljavax/crypto/Cipher;",
            &[2],
        )
        .move_result_object(2)
        .const_int(4, 2);
    if iv {
        let init = "(ILjava/security/Key;Ljava/security/spec/AlgorithmParameterSpec;)V";
        c.invoke_virtual(CIPHER, "init", init, &[2, 4, 1, 3]);
    } else {
        c.invoke_virtual(CIPHER, "init", "(ILjava/security/Key;)V", &[2, 4, 1]);
    }
    c.invoke_virtual(CIPHER, "doFinal", "([B)[B", &[2, 0])
        .move_result_object(0)
        .new_instance(1, STRING)
        .invoke_direct(STRING, "<init>", "([B)V", &[1, 0])
        .return_object(1);
}

/// `static String d(String text, String key)`: DES.
fn des(dex: &mut DexBuilder) {
    let class = dex.class("Ld;");
    class.static_field("iv", "[B", None);
    class.clinit(1, |c| {
        c.const_int(0, 8)
            .new_array(0, 0, "[B")
            .fill_array_data(0, 1, &[1, 2, 3, 4, 5, 6, 7, 8])
            .sput(0, "Ld;", "iv", "[B")
            .return_void();
    });
    class.method("d", TWO, 7, |c| {
        c.new_instance(3, IV)
            .sget(1, "Ld;", "iv", "[B")
            .invoke_direct(IV, "<init>", "([B)V", &[3, 1])
            .new_instance(1, SPEC)
            .invoke_virtual(STRING, "getBytes", "()[B", &[6])
            .move_result_object(2)
            .const_string(4, "DES")
            .invoke_direct(SPEC, "<init>", "([BLjava/lang/String;)V", &[1, 2, 4]);
        base64(c, 0, 5);
        decipher(c, "DES/CBC/PKCS5Padding", true);
    });
}

/// `new URL(d(text, key))`.
fn called(dex: &mut DexBuilder, text: &str, key: &str) {
    dex.class("La;").method("m", "()V", 2, |c| {
        c.const_string(0, text)
            .const_string(1, key)
            .invoke_static("Ld;", "d", TWO, &[0, 1])
            .move_result_object(0);
        url(c, 1, 0);
        c.return_void();
    });
}

fn chars(c: &mut Asm, to: u8, text: &str) {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    c.const_int(to, i32::try_from(units.len() / 2).unwrap())
        .new_array(to, to, "[C")
        .fill_array_data(to, 2, &units)
        .invoke_static(STRING, "valueOf", "([C)Ljava/lang/String;", &[to])
        .move_result_object(to);
}

/// A table of hidden texts and a key, made of characters; `static String[] all()` that deciphers each; an object that
/// keeps the result; and a method of it, `m`, that goes through it.
fn table(dex: &mut DexBuilder, use_: impl FnOnce(&mut Asm)) {
    des(dex);
    let class = dex.class("Lt;");
    class.static_field("key", STRING, None);
    class.static_field("all", TEXTS, None);
    class.clinit(4, |c| {
        chars(c, 0, KEY);
        c.sput(0, "Lt;", "key", STRING)
            .const_int(0, 2)
            .new_array(0, 0, TEXTS);
        for (i, text) in (0..).zip([A, B]) {
            chars(c, 1, text);
            c.const_int(2, i).aput_object(1, 0, 2);
        }
        c.sput(0, "Lt;", "all", TEXTS).return_void();
    });
    let class = dex.class("La;");
    class.instance_field("found", TEXTS);
    class.constructor("()V", 2, |c| {
        c.invoke_direct("Ljava/lang/Object;", "<init>", "()V", &[1])
            .invoke_static("La;", "all", "()[Ljava/lang/String;", &[])
            .move_result_object(0)
            .iput(0, 1, "La;", "found", TEXTS)
            .return_void();
    });
    class.method("all", "()[Ljava/lang/String;", 5, |c| {
        c.sget(0, "Lt;", "all", TEXTS)
            .array_length(0, 0)
            .new_array(1, 0, TEXTS)
            .const_int(2, 0)
            .label("loop")
            .if_cmp(0x35, 2, 0, "end")
            .sget(3, "Lt;", "all", TEXTS)
            .aget_object(3, 3, 2)
            .sget(4, "Lt;", "key", STRING)
            .invoke_static("Ld;", "d", TWO, &[3, 4])
            .move_result_object(3)
            .aput_object(3, 1, 2);
        super::computed::lit8(c, 0xd8, 2, 2, 1);
        c.goto("loop").label("end").return_object(1);
    });
    class.virtual_method("m", "(I)V", 6, use_);
}

const COMPUTED: &str =
    "<init>: computed \"http://a.example\" | \"http://b.example\" by La;->all()[Ljava/lang/String;";

#[test]
fn a_text_enciphered_by_des_is_found() {
    check(
        |dex| {
            des(dex);
            called(dex, A, KEY);
        },
        &[
            "m: <init> \"http://a.example\"",
            "m: computed \"http://a.example\" by Ld;->d(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;",
            "m: text \"http://a.example\"",
        ],
    );
}

#[test]
fn texts_in_an_array_are_found_where_one_of_them_is_used() {
    check(
        |dex| {
            table(dex, |c| {
                builder(c, 0);
                c.iget(1, 4, "La;", "found", TEXTS).aget_object(1, 1, 5);
                append(c, 0, 1);
                c.const_string(1, "/x");
                append(c, 0, 1);
                to_string(c, 0, 0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &[
            COMPUTED,
            "m: <init> \"http://a.example/x\" | \"http://b.example/x\"",
            "m: text \"http://a.example/x\" | \"http://b.example/x\"",
        ],
    );
}

#[test]
fn an_index_that_is_known_takes_one_text_of_an_array() {
    check(
        |dex| {
            table(dex, |c| {
                c.iget(0, 4, "La;", "found", TEXTS)
                    .const_int(1, 1)
                    .aget_object(0, 0, 1);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &[COMPUTED, "m: <init> \"http://b.example\""],
    );
}

#[test]
fn a_key_may_be_a_digest() {
    check(
        |dex| {
            dex.class("Ld;").method("d", TWO, 7, |c| {
                c.const_string(1, "MD5")
                    .invoke_static(
                        HASH,
                        "getInstance",
                        "(Ljava/lang/String;)Ljava/security/MessageDigest;",
                        &[1],
                    )
                    .move_result_object(1)
                    .invoke_virtual(STRING, "getBytes", "()[B", &[6])
                    .move_result_object(2)
                    .invoke_virtual(HASH, "update", "([B)V", &[1, 2])
                    .invoke_virtual(HASH, "digest", "()[B", &[1])
                    .move_result_object(2)
                    .new_instance(1, SPEC)
                    .const_string(4, "AES")
                    .invoke_direct(SPEC, "<init>", "([BLjava/lang/String;)V", &[1, 2, 4]);
                base64(c, 0, 5);
                decipher(c, "AES", false);
            });
            called(dex, "SDpsf3ZRSPzAVtHbU1p3M2YEmlO4roUn+3t203Vkas0=", "seed");
        },
        &[
            "m: <init> \"http://a.example/x\"",
            "m: computed \"http://a.example/x\" by Ld;->d(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;",
            "m: text \"http://a.example/x\"",
        ],
    );
}

#[test]
fn a_key_may_be_that_of_a_factory() {
    const FACTORY: &str = "Ljavax/crypto/SecretKeyFactory;";
    const DES: &str = "Ljavax/crypto/spec/DESedeKeySpec;";
    check(
        |dex| {
            dex.class("Ld;").method("d", TWO, 7, |c| {
                c.new_instance(1, DES)
                    .invoke_virtual(STRING, "getBytes", "()[B", &[6])
                    .move_result_object(2)
                    .invoke_direct(DES, "<init>", "([B)V", &[1, 2])
                    .const_string(2, "DESede")
                    .invoke_static(
                        FACTORY,
                        "getInstance",
                        "(Ljava/lang/String;)Ljavax/crypto/SecretKeyFactory;",
                        &[2],
                    )
                    .move_result_object(2)
                    .invoke_virtual(
                        FACTORY,
                        "generateSecret",
                        "(Ljava/security/spec/KeySpec;)Ljavax/crypto/SecretKey;",
                        &[2, 1],
                    )
                    .move_result_object(1)
                    .const_int(2, 8)
                    .new_array(2, 2, "[B")
                    .fill_array_data(2, 1, &[1, 2, 3, 4, 5, 6, 7, 8])
                    .new_instance(3, IV)
                    .invoke_direct(IV, "<init>", "([B)V", &[3, 2]);
                base64(c, 0, 5);
                decipher(c, "DESede/CBC/PKCS5Padding", true);
            });
            called(
                dex,
                "sB/Ze6Egkt66kBaV2zYTYwoEe28nnFEE",
                "a-key-of-24-bytes-in-all, and more",
            );
        },
        &[
            "m: <init> \"http://a.example/x\"",
            "m: computed \"http://a.example/x\" by Ld;->d(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;",
            "m: text \"http://a.example/x\"",
        ],
    );
}

#[test]
fn what_the_platform_would_throw_at_is_not_known() {
    // A key that is too short; another key, by which the padding is none; half a block; nothing.
    for (text, key) in [(A, "secret"), (A, "secret-q"), ("ODMpv9b=", KEY), ("", KEY)] {
        check(
            |dex| {
                des(dex);
                called(dex, text, key);
            },
            &NOT_KNOWN,
        );
    }
}

#[test]
fn a_cipher_that_is_fed_for_ever_is_left() {
    check(
        |dex| {
            dex.class("Ld;").method("d", TWO, 7, |c| {
                c.const_string(1, "SHA-256")
                    .invoke_static(
                        HASH,
                        "getInstance",
                        "(Ljava/lang/String;)Ljava/security/MessageDigest;",
                        &[1],
                    )
                    .move_result_object(1)
                    .const_int(2, 8000)
                    .new_array(2, 2, "[B")
                    .label("again")
                    .invoke_virtual(HASH, "update", "([B)V", &[1, 2])
                    .goto("again");
                base64(c, 0, 5);
                decipher(c, "AES", false);
            });
            called(dex, A, KEY);
        },
        &NOT_KNOWN,
    );
}
