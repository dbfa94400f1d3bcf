//! The JSON schemas in `docs/schema/` are those of the types, and what is written fits them.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_schemas_on_file_are_those_of_the_types() {
    let folder = root().join("docs/schema");
    for (name, schema) in phonehome::report::schemas() {
        let mut text = serde_json::to_string_pretty(&schema).unwrap();
        text.push('\n');
        let path = folder.join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let on_file = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            on_file == text,
            "docs/schema/{name} is not that of the types: BLESS=1 cargo test rewrites it"
        );
    }
}

#[track_caller]
fn fits(schema: &str, args: &[&str]) -> Value {
    let output = Command::cargo_bin("phonehome")
        .unwrap()
        .current_dir(root())
        .args(args)
        .output()
        .unwrap();
    let value: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{args:?}: {e}: {}", String::from_utf8_lossy(&output.stderr)));
    let schema: Value =
        serde_json::from_slice(&fs::read(root().join("docs/schema").join(schema)).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{args:?}: {errors:#?}");
    value
}

#[test]
fn what_is_written_fits_its_schema() {
    let (old, new) = ("tests/reports/old.json", "tests/reports/new.json");
    fits(
        "report-1.json",
        &["scan", "samples/acme-1.1.zip", "-o", "json", "--isolated"],
    );
    fits("report-1.json", &["report", new, "-o", "json-1"]);
    fits("diff-1.json", &["diff", old, new, "-o", "json", "--isolated"]);
    fits(
        "gate-1.json",
        &["gate", new, "--baseline", old, "-o", "json", "--isolated"],
    );
    fits(
        "explain-1.json",
        &["explain", "7f3a91c2", "--from", new, "-o", "json", "--isolated"],
    );
    fits(
        "ls-1.json",
        &["ls", "samples/acme-1.1.zip", "-o", "json", "--isolated"],
    );
    let payload = samples("samples/payload/full");
    fits(
        "ls-1.json",
        &["ls", &payload, "--verify", "-o", "json", "--isolated"],
    );
}

/// The input of a sample.
fn samples(case: &str) -> String {
    let mut names = fs::read_dir(root().join(case)).unwrap();
    let input = names.find_map(|entry| {
        let path = entry.unwrap().path();
        (path.file_stem()? == "in").then_some(path)
    });
    input.unwrap().to_str().unwrap().to_owned()
}

/// Whether everything in `old` is in `new`: fields may be added, never lost.
fn keeps(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => old
            .iter()
            .all(|(key, value)| new.get(key).is_some_and(|other| keeps(other, value))),
        (Value::Array(new), Value::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| keeps(new, old))
        }
        (new, old) => new == old,
    }
}

#[test]
fn a_saved_report_reads_back_as_it_was() {
    let written = fits(
        "report-1.json",
        &["report", "tests/reports/new.json", "-o", "json"],
    );
    let saved: Value =
        serde_json::from_slice(&fs::read(root().join("tests/reports/new.json")).unwrap()).unwrap();
    assert!(keeps(&written, &saved));
}
