//! Methods that are executed on constants and do not get far: without end, too large, or by what is not known.

use proptest::prelude::*;

use super::computed::{HIDDEN, NOT_KNOWN, XOR, called, each_char, hidden, lit8, xor};
use super::*;

/// What is not known ends the execution; the body is that of a method with one text and four more registers.
#[track_caller]
fn refused(body: impl FnOnce(&mut Asm)) {
    check(
        |dex| {
            dex.class("Ld;").method("d", XOR, 6, |c| {
                c.invoke_virtual(STRING, "toCharArray", "()[C", &[5])
                    .move_result_object(0);
                body(c);
                each_char(c, |c| lit8(c, 0xdf, 3, 3, 5));
            });
            called(dex, &hidden(HIDDEN, 5));
        },
        &NOT_KNOWN,
    );
}

#[test]
fn a_loop_without_end_is_left() {
    refused(|c| {
        c.const_int(1, 0).label("again");
        lit8(c, 0xd8, 1, 1, 1);
        c.goto("again");
    });
}

#[test]
fn a_huge_array_is_not_made() {
    refused(|c| {
        c.const_int(1, i32::MAX).new_array(1, 1, "[J");
    });
    refused(|c| {
        c.const_int(1, 1000)
            .label("again")
            .new_array(2, 1, "[J")
            .goto("again");
    });
}

#[test]
fn a_text_that_doubles_for_ever_is_left() {
    refused(|c| {
        c.const_string(1, "xxxxxxxx").label("again");
        c.invoke_virtual(STRING, "concat", XOR, &[1, 1])
            .move_result_object(1)
            .goto("again");
    });
}

#[test]
fn a_method_that_calls_itself_for_ever_is_left() {
    refused(|c| {
        c.invoke_static("Ld;", "d", XOR, &[5]).move_result_object(1);
    });
}

#[test]
fn a_branch_on_what_only_the_device_knows_is_not_taken() {
    refused(|c| {
        c.sget(1, "Landroid/os/Build$VERSION;", "SDK_INT", "I")
            .if_eqz(1, "other")
            .label("other");
    });
}

#[test]
fn an_exception_is_not_followed() {
    refused(|c| {
        c.const_int(1, 0).op_23x(0x93, 1, 1, 1);
    });
    refused(|c| {
        c.const_int(1, 0).throw(1);
    });
}

#[test]
fn what_a_wrong_key_makes_is_no_text() {
    check(
        |dex| {
            xor(dex);
            called(dex, &hidden(HIDDEN, 0x60));
        },
        &NOT_KNOWN,
    );
}

#[test]
fn classes_that_need_one_another_first_are_not_known() {
    check(
        |dex| {
            for (class, other) in [("Ld;", "Le;"), ("Le;", "Ld;")] {
                let class_ = dex.class(class);
                class_.static_field("KEY", "I", None);
                class_.clinit(1, |c| {
                    c.sget(0, other, "KEY", "I");
                    lit8(c, 0xd8, 0, 0, 5);
                    c.sput(0, class, "KEY", "I").return_void();
                });
            }
            dex.class("Ld;").method("d", XOR, 6, |c| {
                c.invoke_virtual(STRING, "toCharArray", "()[C", &[5])
                    .move_result_object(0);
                each_char(c, |c| {
                    c.sget(4, "Ld;", "KEY", "I").op_12x(0xb7, 3, 4);
                });
            });
            called(dex, &hidden(HIDDEN, 5));
        },
        &NOT_KNOWN,
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn no_code_makes_it_panic_or_run_on(units in prop::collection::vec(any::<u16>(), 1..64)) {
        let file = dex(|dex| {
            dex.class("Ld;").method("d", XOR, 6, |c| {
                c.invoke_virtual(STRING, "toCharArray", "()[C", &[5]).move_result_object(0);
                c.raw(&units);
                each_char(c, |c| lit8(c, 0xdf, 3, 3, 5));
            });
            called(dex, &hidden(HIDDEN, 5));
        });
        with_reading(&file, |reading, _| reading.calls().count());
    }
}
