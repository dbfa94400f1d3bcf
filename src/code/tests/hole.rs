//! Holes filled from other methods: fields, getters, callers, other files of the package.

use super::*;

#[test]
fn a_static_final_key_and_a_constant_of_the_initialiser_are_known() {
    check(
        |dex| {
            let class = dex.class("La;");
            class
                .static_field("KEY", STRING, Some(Value::string("some_key")))
                .static_field("DEFAULT", "I", None);
            class.clinit(1, |c| {
                c.const_int(0, 1).sput(0, "La;", "DEFAULT", "I").return_void();
            });
            class.method("m", "()V", 3, |c| {
                c.sget(1, "La;", "KEY", STRING).sget(2, "La;", "DEFAULT", "I");
                secure_int(c, 1, 2);
                c.return_void();
            });
        },
        &["m: Secure Get \"some_key\", 1"],
    );
}

#[test]
fn a_field_that_others_write_as_well_is_never_taken_for_its_first_value() {
    check(
        |dex| {
            let class = dex.class("La;");
            class.static_field("host", STRING, Some(Value::string("http://a")));
            class.method("set", "(Ljava/lang/String;)V", 1, |c| {
                c.sput(0, "La;", "host", STRING).return_void();
            });
            class.method("m", "()V", 2, |c| {
                c.sget(0, "La;", "host", STRING);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &["m: <init> \"http://a\" | ?"],
    );
}

#[test]
fn an_instance_field_set_once_by_its_constructor_is_known() {
    check(
        |dex| {
            let class = dex.class("La;");
            class.instance_field("host", STRING);
            class.constructor("()V", 2, |c| {
                c.const_string(0, "http://a/")
                    .iput(0, 1, "La;", "host", STRING)
                    .return_void();
            });
            class.virtual_method("m", "()V", 3, |c| {
                builder(c, 0);
                c.iget(1, 2, "La;", "host", STRING);
                append(c, 0, 1);
                c.const_string(1, "x");
                append(c, 0, 1);
                to_string(c, 0, 0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &["m: <init> \"http://a/x\"", "m: text \"http://a/x\""],
    );
}

#[test]
fn a_getter_and_a_helper_with_a_parameter_are_followed() {
    check(
        |dex| {
            let class = dex.class("La;");
            class.method("host", "()Ljava/lang/String;", 1, |c| {
                c.const_string(0, "http://a").return_object(0);
            });
            class.method("under", "(Ljava/lang/String;)Ljava/lang/String;", 2, |c| {
                c.invoke_static("La;", "host", "()Ljava/lang/String;", &[])
                    .move_result_object(0);
                c.invoke_virtual(
                    STRING,
                    "concat",
                    "(Ljava/lang/String;)Ljava/lang/String;",
                    &[0, 1],
                );
                c.move_result_object(0).return_object(0);
            });
            class.method("m", "()V", 2, |c| {
                c.const_string(0, "/x");
                c.invoke_static("La;", "under", "(Ljava/lang/String;)Ljava/lang/String;", &[0])
                    .move_result_object(0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &["m: <init> \"http://a/x\"", "under: text \"http://a{}\""],
    );
}

#[test]
fn a_default_that_is_a_parameter_is_answered_by_the_callers() {
    check(
        |dex| {
            let class = dex.class("La;");
            class.method("read", "(Ljava/lang/String;Z)Z", 3, |c| {
                c.invoke_interface(PREFERENCES, "getBoolean", GET_BOOLEAN, &[0, 1, 2])
                    .move_result(0)
                    .return_(0);
            });
            class.method("m", "()V", 2, |c| {
                c.const_string(0, "some_key").const_int(1, 1);
                c.invoke_static("La;", "read", "(Ljava/lang/String;Z)Z", &[0, 1])
                    .move_result(0)
                    .return_void();
            });
        },
        &[
            "m: Preference Get \"some_key\", 1 by caller",
            "read: Preference Get p0, p1",
        ],
    );
}

#[test]
fn a_class_of_another_file_of_the_package_is_known() {
    let first = dex(|dex| {
        dex.class("La;").method("m", "()V", 3, |c| {
            c.sget(1, "Lb;", "KEY", STRING)
                .invoke_static("Lb;", "on", "()I", &[])
                .move_result(2);
            secure_int(c, 1, 2);
            c.return_void();
        });
    });
    let second = dex(|dex| {
        let class = dex.class("Lb;");
        class.static_field("KEY", STRING, Some(Value::string("some_key")));
        class.method("on", "()I", 1, |c| {
            c.const_int(0, 1).return_(0);
        });
    });
    assert_eq!(lines(&[first, second]), ["m: Secure Get \"some_key\", 1"]);
}

#[test]
fn methods_that_call_each_other_for_ever_end() {
    check(
        |dex| {
            let class = dex.class("La;");
            for (a, b) in [("f", "g"), ("g", "f")] {
                class.method(a, "()Ljava/lang/String;", 1, |c| {
                    c.invoke_static("La;", b, "()Ljava/lang/String;", &[])
                        .move_result_object(0)
                        .return_object(0);
                });
            }
            class.method("m", "()V", 2, |c| {
                c.invoke_static("La;", "f", "()Ljava/lang/String;", &[])
                    .move_result_object(0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &["m: <init> ?"],
    );
}
