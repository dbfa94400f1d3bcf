//! One tiny method: each model, the ways through branches, loops and handlers, and what is not guessed.

use super::*;

#[test]
fn a_url_from_a_builder_keeps_literals_and_marks_the_parameter() {
    check(
        |dex| {
            dex.class("La;").method("m", "(Ljava/lang/String;)V", 4, |c| {
                builder(c, 0);
                c.const_string(1, "http://a.com/x?id=");
                append(c, 0, 1);
                append(c, 0, 3);
                to_string(c, 0, 0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &[
            "m: <init> \"http://a.com/x?id={}\"",
            "m: text \"http://a.com/x?id={}\"",
        ],
    );
}

#[test]
fn a_format_fills_what_it_knows() {
    check(
        |dex| {
            dex.class("La;").method("m", "(Ljava/lang/String;)V", 6, |c| {
                c.const_string(0, "http://%s/%d")
                    .const_int(1, 2)
                    .new_array(2, 1, "[Ljava/lang/Object;");
                c.const_int(1, 0).aput_object(5, 2, 1);
                c.const_int(3, 7);
                c.invoke_static("Ljava/lang/Integer;", "valueOf", "(I)Ljava/lang/Integer;", &[3])
                    .move_result_object(3);
                c.const_int(1, 1).aput_object(3, 2, 1);
                let format = "(Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;";
                c.invoke_static(STRING, "format", format, &[0, 2])
                    .move_result_object(0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &["m: <init> \"http://{}/7\"", "m: text \"http://{}/7\""],
    );
}

#[test]
fn strings_joined_by_invoke_custom_are_one_text() {
    check(
        |dex| {
            dex.version(b"038");
            let concat = crate::artifact::dex::build::Ref::Method(
                "Ljava/lang/invoke/StringConcatFactory;".into(),
                "makeConcatWithConstants".into(),
                "()V".into(),
            );
            let handle = dex.method_handle(4, concat);
            let proto = "(Ljava/lang/String;I)Ljava/lang/String;";
            let recipe = Value::string("http://\u{1}:\u{1}/x");
            let site = dex.call_site(handle, "makeConcatWithConstants", proto, vec![recipe]);
            dex.class("La;").method("m", "()V", 3, |c| {
                c.const_string(0, "a.com")
                    .const_int(1, 80)
                    .invoke_custom(site, &[0, 1])
                    .move_result_object(0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &["m: <init> \"http://a.com:80/x\"", "m: text \"http://a.com:80/x\""],
    );
}

#[test]
fn both_arms_of_a_branch_reach_the_default() {
    check(
        |dex| {
            dex.class("La;").method("m", "(I)V", 4, |c| {
                c.const_string(1, "some_key")
                    .const_int(2, 1)
                    .if_eqz(3, "go")
                    .const_int(2, 0)
                    .label("go");
                secure_int(c, 1, 2);
                c.return_void();
            });
        },
        &["m: Secure Get \"some_key\", 0 | 1"],
    );
}

#[test]
fn a_loop_that_appends_keeps_the_beginning() {
    check(
        |dex| {
            dex.class("La;").method("m", "(I)V", 4, |c| {
                builder(c, 0);
                c.const_string(1, "http://a/?").const_string(2, "x=1&");
                append(c, 0, 1);
                c.label("again");
                append(c, 0, 2);
                c.if_nez(3, "again");
                to_string(c, 0, 0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &[
            "m: <init> \"http://a/?x=1&\" | \"http://a/?x=1&x=1&\" | \"http://a/?{}x=1&\"",
            "m: text \"http://a/?x=1&\" | \"http://a/?x=1&x=1&\" | \"http://a/?{}x=1&\"",
        ],
    );
}

#[test]
fn a_handler_sees_every_value_of_the_code_that_it_guards() {
    check(
        |dex| {
            dex.class("La;").method("m", "()V", 3, |c| {
                c.const_string(0, "http://a/").label("start");
                c.invoke_static("Lx;", "f", "()V", &[])
                    .const_string(0, "http://b/");
                c.invoke_static("Lx;", "f", "()V", &[]).label("end").return_void();
                c.label("caught").move_exception(1);
                url(c, 1, 0);
                c.return_void();
                c.try_("start", "end", &[(None, "caught")]);
            });
        },
        &["m: <init> \"http://a/\" | \"http://b/\""],
    );
}

#[test]
fn the_user_of_a_settings_key_is_no_default() {
    check(
        |dex| {
            dex.class("La;").method("m", "()V", 4, |c| {
                c.const_string(1, "some_key").const_int(2, 5).const_int(3, 0);
                let with = "(Landroid/content/ContentResolver;Ljava/lang/String;II)I";
                c.invoke_static(SECURE, "getIntForUser", GET_INT, &[0, 1, 3])
                    .move_result(0);
                c.invoke_static(SECURE, "getIntForUser", with, &[0, 1, 2, 3])
                    .move_result(0)
                    .return_void();
            });
        },
        &["m: Secure Get \"some_key\"", "m: Secure Get \"some_key\", 5"],
    );
}

#[test]
fn a_property_has_a_text_as_its_default() {
    check(
        |dex| {
            dex.class("La;").method("m", "()V", 2, |c| {
                c.const_string(0, "ro.some").const_string(1, "yes");
                let get = "(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;";
                c.invoke_static("Landroid/os/SystemProperties;", "get", get, &[0, 1])
                    .move_result_object(0)
                    .return_void();
            });
        },
        &["m: Property Get \"ro.some\", \"yes\""],
    );
}

#[test]
fn a_file_in_a_folder_is_one_path() {
    check(
        |dex| {
            dex.class("La;").method("m", "()V", 3, |c| {
                c.new_instance(0, "Ljava/io/File;")
                    .const_string(1, "/data/system")
                    .const_string(2, "disable_auto_activate");
                let init = "(Ljava/lang/String;Ljava/lang/String;)V";
                c.invoke_direct("Ljava/io/File;", "<init>", init, &[0, 1, 2])
                    .return_void();
            });
        },
        &["m: Path \"/data/system/disable_auto_activate\""],
    );
}

#[test]
fn reflection_names_its_class_and_method() {
    check(
        |dex| {
            dex.class("La;").method("m", "()V", 3, |c| {
                c.const_string(0, "android.os.SystemProperties");
                let for_name = "(Ljava/lang/String;)Ljava/lang/Class;";
                c.invoke_static("Ljava/lang/Class;", "forName", for_name, &[0])
                    .move_result_object(0);
                c.const_string(1, "get");
                let get = "(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;";
                c.invoke_virtual("Ljava/lang/Class;", "getMethod", get, &[0, 1, 2])
                    .move_result_object(0)
                    .return_void();
            });
        },
        &[
            "m: class \"android.os.SystemProperties\"",
            "m: method \"android.os.SystemProperties\", \"get\"",
        ],
    );
}

#[test]
fn a_uri_builder_joins_its_parts() {
    check(
        |dex| {
            dex.class("La;").method("m", "(Ljava/lang/String;)V", 5, |c| {
                const B: &str = "Landroid/net/Uri$Builder;";
                let part = "(Ljava/lang/String;)Landroid/net/Uri$Builder;";
                c.new_instance(0, B).invoke_direct(B, "<init>", "()V", &[0]);
                c.const_string(1, "https")
                    .invoke_virtual(B, "scheme", part, &[0, 1]);
                c.const_string(1, "a.com")
                    .invoke_virtual(B, "authority", part, &[0, 1]);
                c.const_string(1, "x")
                    .invoke_virtual(B, "appendPath", part, &[0, 1]);
                c.const_string(1, "id");
                let query = "(Ljava/lang/String;Ljava/lang/String;)Landroid/net/Uri$Builder;";
                c.invoke_virtual(B, "appendQueryParameter", query, &[0, 1, 4]);
                c.invoke_virtual(B, "build", "()Landroid/net/Uri;", &[0])
                    .move_result_object(0);
                c.invoke_virtual("Landroid/net/Uri;", "toString", "()Ljava/lang/String;", &[0])
                    .move_result_object(0);
                url(c, 1, 0);
                c.return_void();
            });
        },
        &["m: <init> \"https://a.com/x?id={}\""],
    );
}

#[test]
fn a_value_that_is_computed_is_not_guessed() {
    check(
        |dex| {
            dex.class("La;").method("m", "(I)V", 4, |c| {
                c.const_string(1, "some_key").op_23x(0x90, 2, 3, 3);
                secure_int(c, 1, 2);
                c.return_void();
            });
        },
        &["m: Secure Get \"some_key\", ?"],
    );
}

#[test]
fn ones_own_models_and_stores_are_followed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("models")).unwrap();
    std::fs::write(
        dir.path().join("models/mine.toml"),
        r#"sources = ["me"]
        [[class]]
        class = ["La/Vault;"]
        methods = [{ name = "ask", model = "get-secure" }]
        [[store]]
        store = "property"
        ends = ["/Knobs;"]
        get = ["read*"]"#,
    )
    .unwrap();
    let rules = Rules::load(&[dir.path().to_owned()]).unwrap();
    let file = dex(|dex| {
        dex.class("La;").method("m", "()V", 1, |c| {
            c.const_string(0, "a_key")
                .invoke_static("La/Vault;", "ask", "(Ljava/lang/String;)Ljava/lang/String;", &[0])
                .invoke_static("Lb/Knobs;", "readInt", "(Ljava/lang/String;)I", &[0])
                .return_void();
        });
    });
    let files = [file];
    assert_eq!(
        lines_by(&rules, &files),
        ["m: Property Get \"a_key\"", "m: Secure Get \"a_key\""]
    );
    assert!(lines(&files).is_empty());
}
