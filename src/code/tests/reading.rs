//! What a reading tells beside resolved calls: sites, wrappers, strings, evidence.

use super::*;

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
        assert_eq!(&*lines[0], "  0000: const-string v1, \"some_key\"");
        assert!(lines[2].starts_with("→ 0003: invoke-static"), "{lines:?}");
        assert_eq!(reading.class(at).as_deref(), Some("La;"));
    });
}
