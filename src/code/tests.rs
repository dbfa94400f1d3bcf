//! Each model on one tiny method.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::artifact::dex::build::{Asm, DexBuilder, Value};
use crate::rule::Rules;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::bundled().unwrap());

const BUILDER: &str = "Ljava/lang/StringBuilder;";
const STRING: &str = "Ljava/lang/String;";
const URL: &str = "Ljava/net/URL;";
const SECURE: &str = "Landroid/provider/Settings$Secure;";
const GET_INT: &str = "(Landroid/content/ContentResolver;Ljava/lang/String;I)I";
const GET_BOOLEAN: &str = "(Ljava/lang/String;Z)Z";
const PREFERENCES: &str = "Landroid/content/SharedPreferences;";

fn hot(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"://").is_some()
}

fn arg(arg: &Arg) -> String {
    match arg {
        Arg::Int(n) => n.to_string(),
        Arg::Text(text) => format!("{:?}", text.to_str()),
        Arg::Class(class) => class.clone(),
        Arg::Parameter(n) => format!("p{n}"),
        Arg::Unknown => "?".to_owned(),
    }
}

fn args(all: &[Arg]) -> String {
    all.iter().map(arg).collect::<Vec<_>>().join(" | ")
}

/// One line per resolved call: what, its arguments, and the method that it is in.
fn lines(files: &[Vec<u8>]) -> Vec<String> {
    lines_by(&RULES, files)
}

fn lines_by(rules: &Rules, files: &[Vec<u8>]) -> Vec<String> {
    let interest = Interest::new(rules);
    let dexes: Vec<Dex<'_>> = files.iter().flat_map(|file| Dex::open(file).dexes).collect();
    let reading = analyse(&dexes, &interest, &hot);
    let mut out: Vec<String> = reading
        .calls()
        .filter_map(|call| {
            let what = match &call.what {
                Called::Key {
                    store,
                    access,
                    key,
                    value,
                    ..
                } => {
                    let value = value
                        .as_ref()
                        .map(|value| format!(", {}", args(value)))
                        .unwrap_or_default();
                    format!("{store:?} {access:?} {}{value}", args(key))
                }
                Called::Sink { row, texts } => {
                    let texts: Vec<String> = texts.iter().map(|text| args(text)).collect();
                    format!("{} {}", interest.sink(*row)?.name, texts.join(", "))
                }
                Called::Method { class, name } => format!("method {}, {}", args(class), args(name)),
                Called::Field { class, name } => format!("field {}, {}", args(class), args(name)),
                Called::Class(name) => format!("class {}", args(name)),
                Called::Use(what, text) => format!("{what:?} {}", args(text)),
                Called::Text(text) => format!("text {}", args(text)),
            };
            let wrapped = if call.wrapped { " by caller" } else { "" };
            Some(format!(
                "{}: {what}{wrapped}",
                reading.method(call.at)?.split('(').next()?
            ))
        })
        .collect();
    out.sort();
    out.dedup();
    out
}

/// A dex with one class `La;`.
fn dex(build: impl FnOnce(&mut DexBuilder)) -> Vec<u8> {
    let mut dex = DexBuilder::new();
    build(&mut dex);
    dex.build()
}

#[track_caller]
fn check(build: impl FnOnce(&mut DexBuilder), expect: &[&str]) {
    assert_eq!(lines(&[dex(build)]), expect);
}

/// `new URL(vA)` in register `r`.
fn url(c: &mut Asm, r: u8, text: u8) {
    c.new_instance(r, URL)
        .invoke_direct(URL, "<init>", "(Ljava/lang/String;)V", &[r, text]);
}

fn append(c: &mut Asm, builder: u8, what: u8) {
    c.invoke_virtual(
        BUILDER,
        "append",
        "(Ljava/lang/String;)Ljava/lang/StringBuilder;",
        &[builder, what],
    );
}

fn to_string(c: &mut Asm, r: u8, builder: u8) {
    c.invoke_virtual(BUILDER, "toString", "()Ljava/lang/String;", &[builder])
        .move_result_object(r);
}

fn builder(c: &mut Asm, r: u8) {
    c.new_instance(r, BUILDER)
        .invoke_direct(BUILDER, "<init>", "()V", &[r]);
}

fn secure_int(c: &mut Asm, key: u8, default: u8) {
    c.invoke_static(SECURE, "getInt", GET_INT, &[0, key, default])
        .move_result(0);
}

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

fn with_reading<T>(file: &[u8], f: impl FnOnce(&Reading<'_>, &Interest<'_>) -> T) -> T {
    let interest = Interest::new(&RULES);
    let opened = Dex::open(file);
    f(&analyse(&opened.dexes, &interest, &hot), &interest)
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

#[test]
fn a_makers_subclass_reads_what_its_parent_reads() {
    let file = dex(|dex| {
        dex.class("Lmaker/Telephony;")
            .superclass("Landroid/telephony/TelephonyManager;");
        dex.class("La;").method("m", "(Lmaker/Telephony;)V", 1, |c| {
            c.invoke_virtual("Lmaker/Telephony;", "getDeviceId", "()Ljava/lang/String;", &[0])
                .return_void();
        });
    });
    with_reading(&file, |reading, interest| {
        let rows: Vec<String> = reading
            .call_sites()
            .filter_map(|site| Some(interest.identifier(site.identifier?)?.api()))
            .collect();
        assert_eq!(rows, ["TelephonyManager.getDeviceId"]);
    });
}

#[test]
fn callers_of_a_method_that_returns_an_identifier_are_told() {
    let file = dex(|dex| {
        let class = dex.class("La;");
        class.method(
            "id",
            "(Landroid/telephony/TelephonyManager;)Ljava/lang/String;",
            2,
            |c| {
                c.invoke_virtual(
                    "Landroid/telephony/TelephonyManager;",
                    "getDeviceId",
                    "()Ljava/lang/String;",
                    &[1],
                );
                c.move_result_object(0)
                    .if_nez(0, "known")
                    .const_string(0, "")
                    .label("known")
                    .return_object(0);
            },
        );
        class.method("m", "()V", 1, |c| {
            c.invoke_static(
                "La;",
                "id",
                "(Landroid/telephony/TelephonyManager;)Ljava/lang/String;",
                &[0],
            )
            .return_void();
        });
    });
    with_reading(&file, |reading, _| {
        let calls: Vec<_> = reading
            .wrapper_calls()
            .iter()
            .filter_map(|call| reading.method(call.at))
            .collect();
        assert_eq!(calls, ["m()V"]);
    });
}

#[test]
fn strings_that_no_code_loads_are_told_with_where_they_stand() {
    let file = dex(|dex| {
        dex.string("http://nobody/").class("La;").static_field(
            "u",
            STRING,
            Some(Value::string("http://field/")),
        );
    });
    with_reading(&file, |reading, _| {
        let fields: Vec<_> = reading
            .static_strings()
            .iter()
            .map(|s| (s.field.as_str(), s.bytes))
            .collect();
        assert_eq!(fields, [("u", b"http://field/".as_slice())]);
        let rest: Vec<_> = reading.unused_strings().map(|(_, bytes)| bytes).collect();
        assert_eq!(rest, [b"http://nobody/"]);
    });
}

#[test]
fn a_string_that_is_only_a_part_is_marked() {
    let file = dex(|dex| {
        dex.class("La;").method("m", "(Ljava/lang/String;)V", 4, |c| {
            builder(c, 0);
            c.const_string(1, "http://a.com/?q=");
            append(c, 0, 1);
            append(c, 0, 3);
            to_string(c, 0, 0);
            url(c, 1, 0);
            c.return_void();
        });
    });
    with_reading(&file, |reading, _| {
        assert!(reading.string_uses().all(|used| used.part));
    });
}

#[test]
fn evidence_shows_the_instruction_between_its_neighbours() {
    let file = dex(|dex| {
        dex.class("La;").method("m", "()V", 3, |c| {
            c.const_string(1, "some_key").const_int(2, 1);
            secure_int(c, 1, 2);
            c.return_void();
        });
    });
    with_reading(&file, |reading, _| {
        let at = reading.calls().next().unwrap().at;
        let lines = reading.lines(at);
        assert_eq!(lines[0], "  0000: const-string v1, \"some_key\"");
        assert!(lines[2].starts_with("→ 0003: invoke-static"), "{lines:?}");
        assert_eq!(reading.class(at).as_deref(), Some("La;"));
    });
}

#[test]
fn code_of_an_optimiser_is_walked_past() {
    let file = dex(|dex| {
        dex.class("La;").method("m", "()V", 3, |c| {
            // execute-inline, iget-quick, invoke-virtual-quick, and a byte that no version assigns.
            c.raw(&[0x10ee, 1, 0, 0x10f2, 8, 0x10f8, 3, 0, 0x0043, 0x000e]);
        });
    });
    let mut odex = b"dey\n036\0".to_vec();
    odex.extend(40_u32.to_le_bytes());
    odex.extend(u32::try_from(file.len()).unwrap().to_le_bytes());
    odex.resize(40, 0);
    odex.extend(&file);
    with_reading(&odex, |reading, _| assert_eq!(reading.methods().1, 1));
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

#[test]
fn a_method_too_large_to_interpret_is_a_gap_and_the_others_are_read() {
    let file = dex(|dex| {
        let class = dex.class("La;");
        class.method("huge", "()V", 2, |c| {
            c.const_string(0, "http://a/").raw(&vec![0; 70_000]);
            url(c, 1, 0);
            c.return_void();
        });
        class.method("m", "()V", 2, |c| {
            c.const_string(0, "http://b/");
            url(c, 1, 0);
            c.return_void();
        });
    });
    assert_eq!(lines(std::slice::from_ref(&file)), ["m: <init> \"http://b/\""]);
    with_reading(&file, |reading, _| {
        let gaps: Vec<_> = reading.gaps().iter().map(|(_, gap)| gap.what.as_ref()).collect();
        assert_eq!(gaps, ["method to interpret"]);
        assert_eq!(
            reading
                .string_uses()
                .filter(|used| used.hot && !used.part)
                .count(),
            2
        );
    });
}

#[test]
fn a_long_string_loaded_a_thousand_times_is_told_a_few_times() {
    let long = format!("http://a/{}", "x".repeat(30_000));
    let file = dex(|dex| {
        dex.class("La;").method("m", "()V", 1, |c| {
            for _ in 0..1000 {
                c.const_string(0, &long);
            }
            c.return_void();
        });
    });
    with_reading(&file, |reading, _| assert_eq!(reading.string_uses().count(), 4));
}

#[test]
fn a_switch_with_many_registers_is_refused_before_its_states_fill_memory() {
    let file = dex(|dex| {
        dex.class("La;").method("m", "(I)V", 60_000, |c| {
            c.const_string(0, "http://a/");
            for n in 0..200 {
                c.if_eqz(1, &format!("l{n}")).label(&format!("l{n}"));
            }
            url(c, 1, 0);
            c.return_void();
        });
    });
    with_reading(&file, |reading, _| assert_eq!(reading.gaps().len(), 1));
}

fn rich() -> Vec<u8> {
    dex(|dex| {
        let class = dex.class("La;");
        class.static_field("host", STRING, Some(Value::string("http://a/")));
        class.method("read", "(Ljava/lang/String;Z)Z", 3, |c| {
            c.invoke_interface(PREFERENCES, "getBoolean", GET_BOOLEAN, &[0, 1, 2])
                .move_result(0)
                .return_(0);
        });
        class.method("m", "(I)V", 4, |c| {
            builder(c, 0);
            c.sget(1, "La;", "host", STRING).label("start");
            append(c, 0, 1);
            c.label("end").const_string(2, "x=1&").label("again");
            append(c, 0, 2);
            c.packed_switch(3, 0, &["again", "out"]).label("out");
            to_string(c, 0, 0);
            url(c, 1, 0);
            c.const_string(0, "some_key").const_int(1, 1);
            c.invoke_static("La;", "read", "(Ljava/lang/String;Z)Z", &[0, 1])
                .move_result(0)
                .return_void();
            c.label("caught").move_exception(0).throw(0);
            c.try_("start", "end", &[(None, "caught")]);
        });
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn damage_never_panics(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut file = rich();
        for (at, byte) in flips {
            let at = at.index(file.len());
            file[at] = byte;
        }
        with_reading(&file, |reading, _| {
            let _ = (reading.calls().count(), reading.wrapper_calls().len(), reading.string_uses().count());
            for call in reading.calls() {
                let _ = (reading.lines(call.at), reading.class(call.at), reading.method(call.at));
            }
        });
    }

    #[test]
    fn a_file_cut_short_never_panics(len in any::<prop::sample::Index>()) {
        let file = rich();
        let len = len.index(file.len());
        with_reading(&file[..len], |reading, _| {
            let _ = (reading.calls().count(), reading.unused_strings().count());
        });
    }
}
