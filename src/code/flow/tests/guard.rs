//! What is asked before data leaves.

use super::*;
use crate::code::{Arg, Called};

const PREFERENCES: &str = "Landroid/content/SharedPreferences;";

/// `to = preferences.getBoolean(key, false)`
fn ask(m: &mut Asm, to: u8, key: &str) {
    m.const_string(0, key).const_int(1, 0);
    m.invoke_interface(PREFERENCES, "getBoolean", "(Ljava/lang/String;Z)Z", &[to, 0, 1]);
    m.move_result(to);
}

/// Keys that may be asked before something leaves, those of one branch together, and with `first` those that are asked
/// first of each flow.
fn asked(build: impl FnOnce(&mut DexBuilder)) -> Vec<String> {
    let mut dex = DexBuilder::new();
    build(&mut dex);
    let bytes = dex.build();
    let dexes = Dex::open(&bytes).dexes;
    let interest = Interest::new(&RULES);
    let reading = analyse(&dexes, &interest, &|_| false);
    let mut names: Vec<String> = Vec::new();
    let mut questions = Questions::default();
    for call in reading.calls() {
        if let Called::Key { key, .. } = &call.what
            && let [Arg::Text(key)] = key.as_slice()
        {
            questions.at.insert(call.at, u8::try_from(names.len()).unwrap());
            names.push(key.to_str().into_owned());
        }
    }
    let traced = reading.flows(
        &interest,
        &app(false),
        &["net", "sms"],
        &Surface::default(),
        &questions,
    );
    let named = |numbers: &[u8]| {
        let names: Vec<&str> = numbers.iter().map(|n| names[usize::from(*n)].as_str()).collect();
        names.join(" and ")
    };
    let may = traced.asked.iter().map(|asked| named(&asked.questions));
    let first = traced
        .leaks
        .iter()
        .map(|leak| format!("first {}", named(&leak.asks)));
    may.chain(first).collect()
}

#[test]
fn a_branch_of_which_one_side_sends_asks() {
    let all = asked(|dex| {
        create(dex, |m| {
            ask(m, 2, "upload");
            m.if_eqz(2, "on");
            read(m, 3);
            send(m, 3);
            m.label("on").return_void();
        });
    });
    assert_eq!(all, ["upload", "first upload"]);
}

#[test]
fn a_branch_after_which_both_sides_send_asks_nothing() {
    let all = asked(|dex| {
        create(dex, |m| {
            ask(m, 2, "upload");
            m.const_string(3, "a");
            m.if_eqz(2, "on");
            m.const_string(3, "b");
            m.label("on");
            send(m, 3);
            m.return_void();
        });
    });
    assert_eq!(all, Vec::<String>::new());
}

#[test]
fn an_answer_comes_through_a_method_and_a_field() {
    let all = asked(|dex| {
        let class = dex.class(ACTIVITY).static_field("enabled", "Z", None);
        class.method("isEnabled", "()Z", 4, |m| {
            m.sget(2, ACTIVITY, "enabled", "Z");
            m.if_eqz(2, "off");
            m.const_int(2, 1).return_(2);
            m.label("off").const_int(2, 0).return_(2);
        });
        create(dex, |m| {
            ask(m, 2, "upload");
            m.sput(2, ACTIVITY, "enabled", "Z");
            m.invoke_static(ACTIVITY, "isEnabled", "()Z", &[]).move_result(2);
            m.if_eqz(2, "on");
            m.invoke_static(ACTIVITY, "tell", "()V", &[]);
            m.label("on").return_void();
        });
        dex.class(ACTIVITY).method("tell", "()V", 16, |m| {
            read(m, 3);
            send(m, 3);
            m.return_void();
        });
    });
    assert_eq!(all, ["upload", "first upload"]);
}

#[test]
fn of_two_roads_one_that_does_not_ask_is_enough() {
    let all = asked(|dex| {
        create(dex, |m| {
            ask(m, 2, "upload");
            m.if_eqz(2, "on");
            m.invoke_static(ACTIVITY, "tell", "()V", &[]);
            m.label("on").return_void();
        });
        let class = dex.class(ACTIVITY);
        class.virtual_method("onResume", "()V", 16, |m| {
            m.invoke_static(ACTIVITY, "tell", "()V", &[]);
            m.return_void();
        });
        class.method("tell", "()V", 16, |m| {
            read(m, 3);
            send(m, 3);
            m.return_void();
        });
    });
    assert_eq!(all, ["upload", "first "]);
}

#[test]
fn only_the_kind_of_message_that_is_sent_counts() {
    let app = |sent: i32| {
        asked(|dex| {
            let handler = "La/Handler;";
            create(dex, |m| {
                m.new_instance(4, handler);
                m.invoke_direct(handler, "<init>", "()V", &[4]);
                ask(m, 2, "upload");
                m.if_eqz(2, "on");
                m.const_int(3, sent);
                m.invoke_virtual(handler, "sendEmptyMessage", "(I)Z", &[4, 3]);
                m.label("on").return_void();
            });
            let class = dex.class(handler).superclass("Landroid/os/Handler;");
            class.constructor("()V", 1, |m| {
                m.return_void();
            });
            class.virtual_method("handleMessage", "(Landroid/os/Message;)V", 16, |m| {
                m.iget(2, 15, "Landroid/os/Message;", "what", "I").const_int(3, 7);
                m.if_cmp(0x33, 2, 3, "other");
                read(m, 3);
                send(m, 3);
                m.label("other").return_void();
            });
        })
    };
    assert_eq!(app(7), ["upload", "first upload"]);
    assert_eq!(app(8), ["first upload"]);
}
