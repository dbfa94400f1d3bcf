//! What is read by its name.

use super::*;

const SECURE: &str = "Landroid/provider/Settings$Secure;";
const KEYED: &str = "(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;";
const RESOLVER: &str = "Landroid/content/ContentResolver;";
const CURSOR: &str = "Landroid/database/Cursor;";
const URI: &str = "Landroid/net/Uri;";
const QUERY: &str = "(Landroid/net/Uri;[Ljava/lang/String;Ljava/lang/String;[Ljava/lang/String;Ljava/lang/String;)Landroid/database/Cursor;";

/// The leaks of an activity that sends register 1 after this.
fn sent(code: impl FnOnce(&mut Asm)) -> Vec<String> {
    leaks(|dex| {
        create(dex, |m| {
            code(m);
            send(m, 1);
            m.return_void();
        });
    })
    .0
}

/// `cursor = resolver.query(uri, …)`, from register 2 to register 1.
fn query(m: &mut Asm) {
    m.const_int(3, 0).const_int(4, 0).const_int(5, 0).const_int(6, 0);
    m.invoke_virtual(RESOLVER, "query", QUERY, &[1, 2, 3, 4, 5, 6])
        .move_result_object(1);
}

#[test]
fn a_key_of_settings_decides_what_is_read() {
    let app = |key: &str| {
        sent(|m| {
            m.const_string(2, key)
                .invoke_static(SECURE, "getString", KEYED, &[1, 2])
                .move_result_object(1);
        })
    };
    assert_eq!(app("android_id"), ["android_id by sms"]);
    assert_eq!(app("location_mode"), Vec::<String>::new());
}

#[test]
fn a_key_that_a_caller_gives_is_that_callers() {
    let app = |sent: u8| {
        leaks(|dex| {
            let wrapper = "(Ljava/lang/String;)Ljava/lang/String;";
            create(dex, |m| {
                m.const_string(1, "android_id")
                    .invoke_static(ACTIVITY, "get", wrapper, &[1])
                    .move_result_object(1)
                    .const_string(2, "location_mode")
                    .invoke_static(ACTIVITY, "get", wrapper, &[2])
                    .move_result_object(2);
                send(m, sent);
                m.return_void();
            });
            dex.class(ACTIVITY).method("get", wrapper, 3, |m| {
                m.const_int(0, 0)
                    .invoke_static(SECURE, "getString", KEYED, &[0, 2])
                    .move_result_object(0)
                    .return_object(0);
            });
        })
        .0
    };
    assert_eq!(app(1), ["android_id by sms"]);
    assert_eq!(app(2), Vec::<String>::new());
}

#[test]
fn a_property_that_reflection_asks_for_is_read() {
    let app = |key: &str| {
        sent(|m| {
            m.const_string(1, "android.os.SystemProperties")
                .invoke_static(
                    "Ljava/lang/Class;",
                    "forName",
                    "(Ljava/lang/String;)Ljava/lang/Class;",
                    &[1],
                )
                .move_result_object(1)
                .const_string(2, "get")
                .const_int(3, 0)
                .invoke_virtual(
                    "Ljava/lang/Class;",
                    "getMethod",
                    "(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;",
                    &[1, 2, 3],
                )
                .move_result_object(1)
                .const_int(2, 1)
                .new_array(2, 2, "[Ljava/lang/Object;")
                .const_string(4, key)
                .aput_object(4, 2, 3)
                .invoke_virtual(
                    "Ljava/lang/reflect/Method;",
                    "invoke",
                    "(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;",
                    &[1, 3, 2],
                )
                .move_result_object(1);
        })
    };
    assert_eq!(app("ro.serialno"), ["serial by sms"]);
    assert_eq!(app("ro.debuggable"), Vec::<String>::new());
}

#[test]
fn what_a_cursor_holds_is_the_data_of_its_address_and_how_much_it_is_is_not() {
    let app = |getter: &str, descriptor: &str, literal: bool| {
        sent(|m| {
            if literal {
                m.const_string(2, "content://sms/inbox")
                    .invoke_static(URI, "parse", "(Ljava/lang/String;)Landroid/net/Uri;", &[2])
                    .move_result_object(2);
            } else {
                let phone = "Landroid/provider/ContactsContract$CommonDataKinds$Phone;";
                m.sget(2, phone, "CONTENT_URI", URI);
            }
            query(m);
            if descriptor.starts_with("(I)") {
                m.const_int(2, 0)
                    .invoke_interface(CURSOR, getter, descriptor, &[1, 2]);
            } else {
                m.invoke_interface(CURSOR, getter, descriptor, &[1]);
            }
            m.move_result_object(1);
        })
    };
    let text = "(I)Ljava/lang/String;";
    assert_eq!(app("getString", text, true), ["sms by sms"]);
    assert_eq!(app("getString", text, false), ["contacts by sms"]);
    assert_eq!(app("getCount", "()I", false), Vec::<String>::new());
}

#[test]
fn a_file_is_what_is_read_from_it() {
    let reader = "Ljava/io/BufferedReader;";
    let app = |path: &str| {
        sent(|m| {
            m.new_instance(1, "Ljava/io/FileReader;")
                .const_string(2, path)
                .invoke_direct("Ljava/io/FileReader;", "<init>", "(Ljava/lang/String;)V", &[1, 2])
                .new_instance(2, reader)
                .invoke_direct(reader, "<init>", "(Ljava/io/Reader;)V", &[2, 1])
                .invoke_virtual(reader, "readLine", "()Ljava/lang/String;", &[2])
                .move_result_object(1);
        })
    };
    assert_eq!(app("/sys/class/net/wlan0/address"), ["mac_wifi by sms"]);
    assert_eq!(app("/proc/cpuinfo"), Vec::<String>::new());
}

#[test]
fn a_command_prints_what_it_is_for() {
    let all = sent(|m| {
        let runtime = "Ljava/lang/Runtime;";
        m.invoke_static(runtime, "getRuntime", "()Ljava/lang/Runtime;", &[])
            .move_result_object(1)
            .const_string(2, "getprop ro.serialno")
            .invoke_virtual(
                runtime,
                "exec",
                "(Ljava/lang/String;)Ljava/lang/Process;",
                &[1, 2],
            )
            .move_result_object(1)
            .invoke_virtual(
                "Ljava/lang/Process;",
                "getInputStream",
                "()Ljava/io/InputStream;",
                &[1],
            )
            .move_result_object(1)
            .invoke_virtual("Ljava/io/InputStream;", "toString", "()Ljava/lang/String;", &[1])
            .move_result_object(1);
    });
    assert_eq!(all, ["serial by sms"]);
}

#[test]
fn a_broadcast_brings_the_number_of_a_call() {
    let app = |key: &str| {
        sent(|m| {
            m.const_string(2, key)
                .invoke_virtual(
                    "Landroid/content/Intent;",
                    "getStringExtra",
                    "(Ljava/lang/String;)Ljava/lang/String;",
                    &[1, 2],
                )
                .move_result_object(1);
        })
    };
    assert_eq!(app("incoming_number"), ["call_log by sms"]);
    assert_eq!(app("state"), Vec::<String>::new());
}
