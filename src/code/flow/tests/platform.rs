//! What the platform does between methods: layouts, life cycles, listeners, files.

use super::*;

const BUNDLE: &str = "Landroid/os/Bundle;";
const INTENT: &str = "Landroid/content/Intent;";
const LISTENER: &str = "Landroid/view/View$OnClickListener;";

#[test]
fn a_password_is_read_where_its_view_is_found_and_no_other_is() {
    let app = |id: i32| {
        leaks(|dex| {
            create(dex, |m| {
                m.const_int(1, id);
                m.invoke_virtual(ACTIVITY, "findViewById", "(I)Landroid/view/View;", &[14, 1]);
                m.move_result_object(2);
                m.invoke_static(
                    ACTIVITY,
                    "text",
                    "(Landroid/widget/EditText;)Ljava/lang/String;",
                    &[2],
                );
                m.move_result_object(3);
                send(m, 3);
                m.return_void();
            });
            dex.class(ACTIVITY)
                .method("text", "(Landroid/widget/EditText;)Ljava/lang/String;", 1, |m| {
                    m.invoke_virtual(
                        "Landroid/widget/EditText;",
                        "getText",
                        "()Landroid/text/Editable;",
                        &[0],
                    );
                    m.move_result_object(0);
                    m.invoke_virtual("Ljava/lang/Object;", "toString", "()Ljava/lang/String;", &[0]);
                    m.move_result_object(0);
                    m.return_object(0);
                });
        })
        .0
    };
    assert_eq!(app(0x7f01_0001), ["password by sms"]);
    assert_eq!(app(0x7f01_0002), Vec::<String>::new());
}

#[test]
fn an_initialiser_runs_where_its_class_is_used_first() {
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            m.sput(14, ACTIVITY, "self", ACTIVITY);
            m.const_string(1, "nothing");
            m.iput(1, 14, ACTIVITY, "text", STRING);
            m.new_instance(2, "La/Late;");
            m.iget(3, 14, ACTIVITY, "text", STRING);
            send(m, 3);
            m.return_void();
        });
        dex.class(ACTIVITY)
            .static_field("self", ACTIVITY, None)
            .instance_field("text", STRING);
        dex.class("La/Late;").clinit(3, |m| {
            read(m, 0);
            m.sget(1, ACTIVITY, "self", ACTIVITY);
            m.iput(0, 1, ACTIVITY, "text", STRING);
            m.return_void();
        });
    });
    assert_eq!(all, ["imei by sms"]);
}

#[test]
fn state_that_is_saved_comes_back() {
    let put = "(Ljava/lang/String;Ljava/lang/String;)V";
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            m.return_void();
        });
        let class = dex.class(ACTIVITY);
        class.virtual_method("onSaveInstanceState", "(Landroid/os/Bundle;)V", 16, |m| {
            read(m, 1);
            m.const_string(2, "id");
            m.invoke_virtual(BUNDLE, "putString", put, &[15, 2, 1]);
            m.return_void();
        });
        class.virtual_method("onRestoreInstanceState", "(Landroid/os/Bundle;)V", 16, |m| {
            m.const_string(2, "id");
            let get = "(Ljava/lang/String;)Ljava/lang/String;";
            m.invoke_virtual(BUNDLE, "getString", get, &[15, 2]);
            m.move_result_object(3);
            send(m, 3);
            m.return_void();
        });
    });
    assert_eq!(all, ["imei by sms"]);
}

#[test]
fn who_binds_to_a_service_is_given_what_it_answers() {
    let connection = "Landroid/content/ServiceConnection;";
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            m.new_instance(1, "La/Wait;")
                .new_instance(2, INTENT)
                .const_int(3, 1);
            let bind = "(Landroid/content/Intent;Landroid/content/ServiceConnection;I)Z";
            m.invoke_virtual("Landroid/app/Activity;", "bindService", bind, &[14, 2, 1, 3]);
            m.return_void();
        });
        dex.class("La/Binder;")
            .superclass("Landroid/os/Binder;")
            .instance_field("text", STRING);
        dex.class("La/Service;")
            .superclass("Landroid/app/Service;")
            .virtual_method(
                "onBind",
                "(Landroid/content/Intent;)Landroid/os/IBinder;",
                4,
                |m| {
                    read(m, 0);
                    m.new_instance(1, "La/Binder;");
                    m.iput(0, 1, "La/Binder;", "text", STRING);
                    m.return_object(1);
                },
            );
        dex.class("La/Wait;").interface(connection).virtual_method(
            "onServiceConnected",
            "(Landroid/content/ComponentName;Landroid/os/IBinder;)V",
            16,
            |m| {
                m.check_cast(15, "La/Binder;");
                m.iget(1, 15, "La/Binder;", "text", STRING);
                send(m, 1);
                m.return_void();
            },
        );
    });
    assert_eq!(all, ["imei by sms"]);
}

#[test]
fn a_message_reaches_the_handler_behind_a_messenger() {
    let (messenger, message) = ("Landroid/os/Messenger;", "Landroid/os/Message;");
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            m.new_instance(1, "La/Hand;").new_instance(2, messenger);
            m.invoke_direct(messenger, "<init>", "(Landroid/os/Handler;)V", &[2, 1]);
            read(m, 3);
            m.const_int(4, 0);
            let obtain = "(Landroid/os/Handler;ILjava/lang/Object;)Landroid/os/Message;";
            m.invoke_static(message, "obtain", obtain, &[4, 4, 3]);
            m.move_result_object(5);
            m.invoke_virtual(messenger, "send", "(Landroid/os/Message;)V", &[2, 5]);
            m.return_void();
        });
        dex.class("La/Hand;")
            .superclass("Landroid/os/Handler;")
            .virtual_method("handleMessage", "(Landroid/os/Message;)V", 16, |m| {
                m.iget(1, 15, message, "obj", "Ljava/lang/Object;");
                send(m, 1);
                m.return_void();
            });
    });
    assert_eq!(all, ["imei by sms"]);
}

#[test]
fn a_listener_that_is_replaced_is_not_called() {
    let app = |replaced: bool| {
        leaks(|dex| {
            dex.class("La/Click;").interface(LISTENER).virtual_method(
                "onClick",
                "(Landroid/view/View;)V",
                16,
                |m| {
                    read(m, 1);
                    send(m, 1);
                    m.return_void();
                },
            );
            create(dex, |m| {
                m.const_int(1, 7);
                m.invoke_virtual(ACTIVITY, "findViewById", "(I)Landroid/view/View;", &[14, 1]);
                m.move_result_object(2);
                m.new_instance(3, "La/Click;").const_int(4, 0);
                let set = "(Landroid/view/View$OnClickListener;)V";
                m.invoke_virtual("Landroid/view/View;", "setOnClickListener", set, &[2, 3]);
                if replaced {
                    m.invoke_virtual("Landroid/view/View;", "setOnClickListener", set, &[2, 4]);
                }
                m.return_void();
            });
        })
        .0
    };
    assert_eq!(app(false), ["imei by sms"]);
    assert_eq!(app(true), Vec::<String>::new());
}

#[test]
fn a_method_of_an_object_is_called_on_what_runs_it_only() {
    let (all, _) = leaks(|dex| {
        // The one that sends is never the one that holds the text.
        dex.class("La/Base;")
            .instance_field("text", STRING)
            .virtual_method("tell", "()V", 16, |m| {
                m.iget(1, 15, "La/Base;", "text", STRING);
                send(m, 1);
                m.return_void();
            });
        dex.class("La/Below;")
            .superclass("La/Base;")
            .virtual_method("tell", "()V", 1, |m| {
                m.return_void();
            });
        create(dex, |m| {
            read(m, 2);
            m.new_instance(1, "La/Base;");
            m.const_int(3, 0).if_eqz(2, "on");
            m.new_instance(1, "La/Below;");
            m.iput(2, 1, "La/Base;", "text", STRING);
            m.label("on");
            m.invoke_virtual("La/Base;", "tell", "()V", &[1]);
            m.return_void();
        });
    });
    assert_eq!(all, Vec::<String>::new());
}

#[test]
fn a_method_of_the_own_class_that_is_called_by_its_name_is_called() {
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            m.invoke_virtual("Ljava/lang/Object;", "getClass", "()Ljava/lang/Class;", &[14]);
            m.move_result_object(1);
            m.const_string(2, "tell").const_int(3, 0);
            let get = "(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;";
            m.invoke_virtual("Ljava/lang/Class;", "getMethod", get, &[1, 2, 3]);
            m.move_result_object(4);
            let invoke = "(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;";
            m.invoke_virtual("Ljava/lang/reflect/Method;", "invoke", invoke, &[4, 14, 3]);
            m.move_result_object(5);
            send(m, 5);
            m.return_void();
        });
        dex.class(ACTIVITY)
            .virtual_method("tell", "()Ljava/lang/String;", 4, |m| {
                read(m, 0);
                m.return_object(0);
            });
    });
    assert_eq!(all, ["imei by sms"]);
}

#[test]
fn an_identifier_goes_from_field_to_field() {
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            read(m, 1);
            m.iput(1, 14, ACTIVITY, "one", STRING);
            m.return_void();
        });
        let class = dex.class(ACTIVITY);
        class.instance_field("one", STRING).instance_field("two", STRING);
        class.virtual_method("onResume", "()V", 2, |m| {
            m.iget(0, 1, ACTIVITY, "one", STRING);
            m.iput(0, 1, ACTIVITY, "two", STRING);
            m.return_void();
        });
        class.virtual_method("onPause", "()V", 16, |m| {
            m.iget(1, 15, ACTIVITY, "two", STRING);
            send(m, 1);
            m.return_void();
        });
    });
    assert_eq!(all, ["imei by sms"]);
}

#[test]
fn what_a_jar_holds_of_the_platform_is_left_to_the_signatures() {
    let one = "(Ljava/lang/String;)V";
    let mut dex = DexBuilder::new();
    for class in ["La/Maker;", "Landroid/a/Platform;"] {
        dex.class(class).method("tell", one, 16, |m| {
            send(m, 15);
            m.return_void();
        });
    }
    dex.class("La/Caller;").method("tell", one, 16, |m| {
        m.invoke_static("Landroid/a/Platform;", "tell", one, &[15]);
        m.return_void();
    });
    let bytes = dex.build();
    let dexes = Dex::open(&bytes).dexes;
    let interest = Interest::new(&RULES);
    let (surface, traced) = analyse(&dexes, &interest, &|_| false).offered(&interest, &["sms"]);
    assert_eq!((surface.len(), traced.cut), (1, false));
}

#[test]
fn a_key_that_a_caller_gives_is_the_one_that_is_kept() {
    let app = |asked: &str| {
        leaks(|dex| {
            let editor = "Landroid/content/SharedPreferences$Editor;";
            let put = "(Ljava/lang/String;Ljava/lang/String;)Landroid/content/SharedPreferences$Editor;";
            let class = dex.class(ACTIVITY);
            class.method("keep", "(Ljava/lang/String;Ljava/lang/String;)V", 4, |m| {
                m.invoke_interface(editor, "putString", put, &[0, 2, 3]);
                m.return_void();
            });
            class.method("kept", "(Ljava/lang/String;)Ljava/lang/String;", 4, |m| {
                let get = "(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;";
                m.const_int(1, 0);
                m.invoke_interface(
                    "Landroid/content/SharedPreferences;",
                    "getString",
                    get,
                    &[0, 3, 1],
                );
                m.move_result_object(0).return_object(0);
            });
            create(dex, |m| {
                read(m, 1);
                m.const_string(2, "id");
                m.invoke_static(
                    ACTIVITY,
                    "keep",
                    "(Ljava/lang/String;Ljava/lang/String;)V",
                    &[2, 1],
                );
                m.const_string(2, asked);
                m.invoke_static(ACTIVITY, "kept", "(Ljava/lang/String;)Ljava/lang/String;", &[2]);
                m.move_result_object(1);
                send(m, 1);
                m.return_void();
            });
        })
        .0
    };
    assert_eq!(app("id"), ["imei by sms"]);
    assert_eq!(app("other"), Vec::<String>::new());
}

#[test]
fn all_that_an_app_hands_to_the_system_is_called_back_however_many_there_are() {
    let handler = "Landroid/os/Handler;";
    let class = |n: u32| format!("La/Run{n};");
    let (all, _) = leaks(|dex| {
        create(dex, |m| {
            m.const_int(1, 0);
            for n in 0..40 {
                m.new_instance(2, &class(n)).invoke_virtual(
                    handler,
                    "post",
                    "(Ljava/lang/Runnable;)Z",
                    &[1, 2],
                );
            }
            m.return_void();
        });
        for n in 0..40 {
            dex.class(&class(n))
                .interface("Ljava/lang/Runnable;")
                .virtual_method("run", "()V", 16, |m| {
                    if n == 39 {
                        read(m, 1);
                        send(m, 1);
                    }
                    m.return_void();
                });
        }
    });
    assert_eq!(all, ["imei by sms"]);
}
