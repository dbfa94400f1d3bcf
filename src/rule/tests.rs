//! Tests of the signatures that the program is built with.

use std::path::Path;

use super::*;

fn rules() -> &'static Rules {
    static RULES: std::sync::LazyLock<Rules> = std::sync::LazyLock::new(|| Rules::bundled().unwrap());
    &RULES
}

#[test]
fn the_bundled_files_load_and_hold_what_they_should() {
    let rules = rules();
    let imei = rules
        .identifiers
        .method(b"Landroid/telephony/TelephonyManager;", b"getDeviceId")
        .unwrap();
    assert_eq!((&*imei.category, imei.weight), ("imei", 10));
    assert_eq!(imei.api(), "TelephonyManager.getDeviceId");
    let host = rules.hosts.lookup("tracking.miui.com").unwrap();
    assert_eq!(
        (&*host.owner, &*host.purpose, host.vendor.as_deref()),
        ("Xiaomi", "telemetry", Some("Xiaomi"))
    );
    assert_eq!(
        &*rules.hosts.lookup("www.adups.cn").unwrap().owner,
        "Shanghai Adups"
    );
    assert_eq!(
        &*rules
            .hosts
            .address("58.68.235.14".parse().unwrap())
            .unwrap()
            .purpose,
        "push"
    );
    assert!(rules.packages.get("com.adups.fota").unwrap().weight >= 9);
    let upload = rules
        .flags
        .settings(Some(row::Namespace::Secure), "upload_log_pref")
        .unwrap();
    assert_eq!(
        (&*upload.severity, upload.is_on("1"), upload.is_on("0")),
        ("high", Some(true), Some(false))
    );
    assert!(
        rules
            .flags
            .settings(Some(row::Namespace::System), "upload_log_pref")
            .is_none()
    );
    assert_eq!(
        rules.permissions.shared_uid("android.uid.system").unwrap().weight,
        10
    );
    assert_eq!(
        rules.triggers.action("android.intent.action.BOOT_COMPLETED"),
        Some("boot")
    );
    assert_eq!(rules.triggers.action("com.acme.CHECK_ALARM"), Some("timer"));
    assert_eq!(rules.triggers.action("android.intent.action.MAIN"), None);
    let key = "7b6dc7079c34739ce81159719fb5eb61d2a03225";
    assert!(rules.packages.signing_key(key).unwrap().platform);
    // `avbtool` of AOSP prints this of testkey_rsa4096.
    let key = rules
        .packages
        .signing_key("2597c218aae470a130f61162feaae70afd97f011");
    assert!(key.unwrap().public);
    assert_eq!(
        &*rules.trackers.class(b"Lcom/umeng/analytics/a/B;").unwrap().id,
        "umenganalytics"
    );
    let sms = rules
        .sinks
        .method(b"Lmiui/msim/telephony/IMiuiSmsManager;", b"sendTextMessage")
        .unwrap();
    assert_eq!((sms.kind, &*sms.channel), (SinkKind::Sink, "sms"));
    let concat = rules
        .sinks
        .propagator(b"Ljava/lang/StringBuilder;", b"append")
        .unwrap();
    assert!(concat.flows.contains(&Flow::parse("arg*>this").unwrap()));
}

#[test]
fn values_are_found_exact_by_prefix_and_by_reflection() {
    let ids = &rules().identifiers;
    let category = |row: Option<&Identifier>| row.map(|row| row.category.to_string());
    assert_eq!(category(ids.text(b"ro.serialno")).as_deref(), Some("serial"));
    assert_eq!(category(ids.text(b"ro.serialnot")), None);
    assert_eq!(category(ids.text(b"content://sms/inbox")).as_deref(), Some("sms"));
    assert_eq!(category(ids.text(b"content://smsother/inbox")), None);
    assert_eq!(category(ids.text(b"ro.ril.miui.imei0")).as_deref(), Some("imei"));
    assert_eq!(
        category(ids.settings(Some(row::Namespace::Secure), "android_id")).as_deref(),
        Some("android_id")
    );
    assert_eq!(category(ids.reflected("getOAID")).as_deref(), Some("oaid"));
    assert_eq!(category(ids.reflected("toString")), None);
}

#[test]
fn every_method_row_names_a_class_that_exists_once() {
    for row in rules().identifiers.rows() {
        assert!(rules().identifiers.category(&row.category).is_some(), "{row:?}");
    }
    for row in rules().hosts.rows() {
        assert!(rules().hosts.purpose(&row.purpose).is_some(), "{row:?}");
    }
}

#[test]
fn the_hash_names_the_data_and_nothing_else() {
    assert_eq!(rules().hash, Rules::bundled().unwrap().hash);
    assert_eq!(rules().hash.len(), 16);
}

#[test]
fn a_makers_settings_class_is_a_store_by_its_name() {
    use model::{Access, Model, Store};
    let key = |class: &str, name: &str| rules().models.key(class.as_bytes(), name.as_bytes());
    assert_eq!(
        key("Landroid/provider/Settings$Secure;", "getInt"),
        Some(Model::Key(Store::Secure, Access::Get))
    );
    assert_eq!(
        key("Lany/provider/ExtraSettings$System;", "putBoolean"),
        Some(Model::Key(Store::System, Access::Put))
    );
    assert_eq!(key("Landroid/provider/Settings$Secure;", "getUriFor"), None);
    assert_eq!(key("Lany/Secure;", "getInt"), None);
    assert_eq!(
        key("Landroid/os/SystemProperties;", "set"),
        Some(Model::Key(Store::Property, Access::Put))
    );
    assert_eq!(key("Landroid/provider/Settings$Secure;", "set"), None);
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

#[test]
fn a_folder_of_ones_own_adds_and_overrides() {
    let dir = folder(&[
        (
            "hosts/mine.toml",
            r#"hosts = [
                { host = "tracking.miui.com", owner = "Me", purpose = "service", src = ["own"] },
                { host = "new.example", owner = "Me", purpose = "ads", src = ["own"] },
            ]"#,
        ),
        (
            "identifiers/mine.toml",
            r#"category = [{ id = "shoe_size", title = "shoe size", class = "person", weight = 7 }]
            [[class]]
            class = "Lcom/acme/Shoe;"
            category = "shoe_size"
            src = ["own"]
            methods = [{ name = "size" }]"#,
        ),
    ]);
    let mine = Rules::load(&[dir.path().to_owned()]).unwrap();
    assert_eq!(&*mine.hosts.lookup("tracking.miui.com").unwrap().owner, "Me");
    assert_eq!(&*mine.hosts.lookup("a.new.example").unwrap().purpose, "ads");
    assert_eq!(
        mine.identifiers
            .method(b"Lcom/acme/Shoe;", b"size")
            .unwrap()
            .weight,
        7
    );
    assert_ne!(mine.hash, rules().hash);
    assert_eq!(mine.hosts.rows().count(), rules().hosts.rows().count() + 1);
}

#[track_caller]
fn error(name: &str, text: &str) -> String {
    let dir = folder(&[(name, text)]);
    let error = Rules::load(&[dir.path().to_owned()]).unwrap_err();
    let error = RuleError {
        file: error
            .file
            .strip_prefix(dir.path())
            .unwrap_or(Path::new("DIR"))
            .to_owned(),
        ..error
    };
    error.to_string()
}

#[track_caller]
fn check_error(name: &str, text: &str, start: &str) {
    let error = error(name, text);
    assert!(error.starts_with(start), "{error}");
    assert_eq!(error.lines().count(), 2, "what is wrong, and what to do: {error}");
}

#[test]
fn a_wrong_file_is_told_with_place_and_remedy() {
    insta::assert_snapshot!(
        error("hosts/mine.toml", "owner = \"Me\"\nhots = []\n"),
        @"
    hosts/mine.toml:2:1: unknown field `hots`, expected one of `sources`, `owner`, `country`, `vendor`, `purpose`, `hosts`, `addresses`, `documentation`
      see signatures/README.md for the keys of each file; `phonehome signatures check DIR` lists all problems
    "
    );
    check_error(
        "hosts/mine.toml",
        "hosts = [\n  { host = \"a.example\" },\n]\n",
        "hosts/mine.toml:2:3: missing field `purpose`",
    );
    check_error("hosts/mine.toml", "hosts = [\n", "hosts/mine.toml:");
    check_error(
        "mine.toml",
        "",
        "mine.toml: not in a folder that says what it holds",
    );
    check_error(
        "hosts/mine.toml",
        "hosts = [\n  { host = \"a.example\", owner = \"Me\", purpose = \"adds\" },\n]\n",
        "hosts/mine.toml:2:1: unknown purpose `adds`; there is: account, ads,",
    );
    check_error(
        "identifiers/mine.toml",
        "uri = [{ value = \"content://a\", category = \"shoe\" }]\n",
        "identifiers/mine.toml:1:1: unknown category `shoe`; there is: aaid,",
    );
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let error = Rules::load(&["/nowhere/signatures".into()])
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("/nowhere/signatures: "), "{error}");
}
