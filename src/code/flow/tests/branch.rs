//! What branches and exceptions decide.

use super::*;

/// `to = text.equals("secret")`
fn equals(m: &mut Asm, to: u8, text: u8) {
    m.const_string(to, "secret");
    m.invoke_virtual(STRING, "equals", "(Ljava/lang/Object;)Z", &[text, to]);
    m.move_result(to);
}

#[test]
fn what_is_sent_because_of_an_identifier_lets_one_guess_it() {
    let app = |guesses: bool, decides: bool| {
        found(guesses, |dex| {
            create(dex, |m| {
                read(m, 1);
                equals(m, 2, 1);
                m.const_string(3, "hello");
                m.if_eqz(2, "on");
                if decides {
                    send(m, 3);
                }
                m.label("on");
                if !decides {
                    send(m, 3);
                }
                m.return_void();
            });
        })
        .0
    };
    assert_eq!(app(true, true), ["guess of imei by sms"]);
    assert_eq!(app(true, false), Vec::<String>::new());
    assert_eq!(app(false, true), Vec::<String>::new());
}

#[test]
fn whether_there_is_an_identifier_tells_nothing() {
    let (all, _) = found(true, |dex| {
        create(dex, |m| {
            read(m, 1);
            m.const_string(3, "hello");
            m.if_eqz(1, "on");
            send(m, 3);
            m.label("on").return_void();
        });
    });
    assert_eq!(all, Vec::<String>::new());
}

#[test]
fn an_answer_that_a_method_gives_lets_one_guess() {
    let (all, _) = found(true, |dex| {
        create(dex, |m| {
            read(m, 1);
            m.invoke_static(ACTIVITY, "is", "(Ljava/lang/String;)Z", &[1]);
            m.move_result(2);
            m.if_eqz(2, "on");
            m.invoke_static(ACTIVITY, "tell", "()V", &[]);
            m.label("on").return_void();
        });
        let class = dex.class(ACTIVITY);
        class.method("is", "(Ljava/lang/String;)Z", 3, |m| {
            equals(m, 0, 2);
            m.const_int(1, 0).if_eqz(0, "on");
            m.const_int(1, 1);
            m.label("on").return_(1);
        });
        class.method("tell", "()V", 16, |m| {
            m.const_string(3, "hello");
            send(m, 3);
            m.return_void();
        });
    });
    assert_eq!(all, ["guess of imei by sms"]);
}

#[test]
fn a_handler_finds_what_was_there_when_it_was_thrown() {
    let app = |position: i32| {
        leaks(|dex| {
            create(dex, |m| {
                m.const_string(4, "hello").const_int(5, 3);
                m.new_array(5, 5, "[Ljava/lang/String;").const_int(6, position);
                m.label("start");
                read(m, 1);
                m.move_object(4, 1);
                m.aget_object(6, 5, 6);
                m.label("end").return_void();
                m.label("caught").move_exception(1);
                send(m, 4);
                m.return_void();
                m.try_("start", "end", &[(None, "caught")]);
            });
        })
        .0
    };
    assert_eq!(app(3), ["imei by sms"]);
    assert_eq!(app(2), Vec::<String>::new());
}

#[test]
fn objects_that_are_chosen_together_stay_together() {
    let app = |asked: u8| {
        leaks(|dex| {
            dex.class("La/Box;")
                .instance_field("inner", "La/Box;")
                .instance_field("text", STRING);
            create(dex, |m| {
                read(m, 1);
                for box_ in 2..6 {
                    m.new_instance(box_, "La/Box;");
                }
                m.invoke_virtual(ACTIVITY, "isFinishing", "()Z", &[14])
                    .move_result(8);
                m.move_object(6, 2).move_object(7, 3);
                m.if_eqz(8, "on");
                m.move_object(6, 4).move_object(7, 5);
                m.label("on");
                // Either 2 holds 3, or 4 holds 5.
                m.iput(7, 6, "La/Box;", "inner", "La/Box;");
                m.iput(1, 5, "La/Box;", "text", STRING);
                m.iget(1, asked, "La/Box;", "inner", "La/Box;");
                m.iget(1, 1, "La/Box;", "text", STRING);
                send(m, 1);
                m.return_void();
            });
        })
        .0
    };
    assert_eq!(app(2), Vec::<String>::new());
    assert_eq!(app(4), ["imei by sms"]);
}

#[test]
fn a_handler_of_what_is_never_missing_does_not_run() {
    let app = |caught: &str| {
        leaks(|dex| {
            create(dex, |m| {
                m.const_string(4, "hello");
                read(m, 1);
                m.label("start");
                m.const_string(5, "MD5");
                let get = "(Ljava/lang/String;)Ljava/security/MessageDigest;";
                m.invoke_static("Ljava/security/MessageDigest;", "getInstance", get, &[5]);
                m.label("end").return_void();
                m.label("caught").move_exception(2);
                send(m, 1);
                m.return_void();
                m.try_("start", "end", &[(Some(caught), "caught")]);
            });
        })
        .0
    };
    assert_eq!(
        app("Ljava/security/NoSuchAlgorithmException;"),
        Vec::<String>::new()
    );
    assert_eq!(app("Ljava/lang/IllegalStateException;"), ["imei by sms"]);
}
