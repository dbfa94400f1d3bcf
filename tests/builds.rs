//! Two builds against each other, and one build against a policy, through the command line.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use assert_cmd::Command;

fn sample(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("samples/acme-{version}.zip"))
}

/// Runs phonehome in a folder of its own; gives standard output and the exit code.
fn run(args: &[&str]) -> (String, i32) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::cargo_bin("phonehome").unwrap();
    let output = command
        .current_dir(folder.path())
        .arg("--isolated")
        .args(args)
        .output()
        .unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        output.status.code().unwrap(),
    )
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn json(args: &[&str]) -> serde_json::Value {
    let (out, _) = run(args);
    serde_json::from_str(&out).unwrap()
}

fn len(value: &serde_json::Value, key: &str) -> usize {
    value[key].as_array().unwrap().len()
}

/// The same entries in reverse order, stored where they were deflated and deflated where they were
/// stored.
fn rezipped(path: &Path, to: &Path) {
    let mut from = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut out = zip::ZipWriter::new(File::create(to).unwrap());
    for number in (0..from.len()).rev() {
        let mut entry = from.by_index(number).unwrap();
        let method = match entry.compression() {
            zip::CompressionMethod::Stored => zip::CompressionMethod::Deflated,
            _ => zip::CompressionMethod::Stored,
        };
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        out.start_file(entry.name().unwrap().into_owned(), options)
            .unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        out.write_all(&bytes).unwrap();
    }
    out.finish().unwrap();
}

#[track_caller]
fn no_difference(old: &Path, new: &Path) {
    let diff = json(&["diff", text(old), text(new), "-o", "json"]);
    for key in ["added", "removed", "changed", "unknown"] {
        assert_eq!(len(&diff, key), 0, "{key}: {}", diff[key]);
    }
}

#[test]
fn a_build_does_not_differ_from_itself() {
    no_difference(&sample("1.0"), &sample("1.0"));
}

#[test]
fn a_build_does_not_differ_from_itself_in_another_order_and_compression() {
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("again.zip");
    rezipped(&sample("1.0"), &again);
    no_difference(&sample("1.0"), &again);
}

#[test]
fn the_fix_of_2014_shows_as_a_switch_that_went_off() {
    let diff = json(&["diff", text(&sample("1.0")), text(&sample("1.1")), "-o", "json"]);
    let has = |key: &str, rule: &str, what: &str| {
        diff[key].as_array().unwrap().iter().any(|change| {
            let change = change.to_string();
            change.contains(rule) && change.contains(what)
        })
    };
    assert!(
        has("removed", "switch.on-critical", "cloud_messaging_on"),
        "{diff}"
    );
    assert!(has("added", "switch.off", "cloud_messaging_on"), "{diff}");
    assert!(has("added", "app.debuggable", "com.acme.feed"), "{diff}");
}

#[test]
fn a_gate_passes_the_same_build_and_fails_one_with_a_new_high_finding() {
    let folder = tempfile::tempdir().unwrap();
    let baseline = folder.path().join("old.json");
    let to = format!("json={}", text(&baseline));
    assert_eq!(run(&["scan", text(&sample("1.0")), "-o", &to]).1, 0);
    let (out, code) = run(&["gate", text(&sample("1.0")), "--baseline", text(&baseline)]);
    assert_eq!(code, 0, "{out}");
    let (out, code) = run(&["gate", text(&sample("1.1")), "--baseline", text(&baseline)]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("gate: fail"), "{out}");
}

#[test]
fn output_is_the_same_bytes_for_any_number_of_threads() {
    let one = run(&["scan", text(&sample("1.1")), "-o", "json", "--threads", "1"]);
    for threads in ["2", "16"] {
        let more = run(&["scan", text(&sample("1.1")), "-o", "json", "--threads", threads]);
        assert!(one == more, "with {threads} threads");
    }
}

/// The real pair of the corpus, where it is there.
#[test]
fn a_real_pair_of_builds_differs_and_each_equals_itself() {
    let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS") else {
        let line = "no real pair was compared: PHONEHOME_CORPUS is not set\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    };
    let roms = Path::new(&corpus).join("roms");
    let (december, april) = (
        roms.join("mi-one-plus-4.12.5.zip"),
        roms.join("mi-one-plus-JMACNBL18.0.zip"),
    );
    no_difference(&december, &december);
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("again.zip");
    rezipped(&april, &again);
    no_difference(&april, &again);
    let diff = json(&["diff", text(&december), text(&april), "-o", "json"]);
    assert!(
        len(&diff, "added") > 0 && len(&diff, "removed") > 0 && len(&diff, "changed") > 0,
        "{diff}"
    );
    let line = format!(
        "a real pair: {} findings added, {} removed, {} changed\n",
        len(&diff, "added"),
        len(&diff, "removed"),
        len(&diff, "changed")
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// In June a phone activated its SIM by itself unless a test file was there; in December an account must be there, and
/// Find Device on.
#[test]
fn what_is_asked_before_a_phone_activates_itself_differs_from_june_to_december() {
    let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS") else {
        let line = "no activation was compared: PHONEHOME_CORPUS is not set\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    };
    let roms = Path::new(&corpus).join("roms");
    let (june, december) = (
        roms.join("redmi-note-JHECNBE23.0.zip"),
        roms.join("mi-one-plus-4.12.5.zip"),
    );
    let diff = json(&["diff", text(&june), text(&december), "--flows", "-o", "json"]);
    let changes = diff["changed"].as_array().unwrap();
    let activation = changes
        .iter()
        .find(|change| {
            change["finding"]["rule"] == "channel.sms-vendor"
                && change["finding"]["package"] == "com.xiaomi.xmsf"
        })
        .unwrap();
    let fields = activation["fields"].as_array().unwrap();
    let asked = fields
        .iter()
        .find(|field| field["name"] == "may ask first")
        .unwrap();
    assert_eq!(asked["old"][0], "file /data/system/disable_auto_activate");
    assert_eq!(
        asked["new"][0],
        "account data extra_find_device_enabled and an account"
    );
}
