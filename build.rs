//! Packs `signatures/` for start-up: one JSON file a folder, in `OUT_DIR`.
//!
//! TOML is for people and slow to read; JSON with the same keys is read some ten times as fast by the
//! same types. Whether the keys make sense is for `src/rule` and its tests to say: this only packs.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Folders of `signatures/`, as `src/rule/load.rs` includes them.
const FOLDERS: [&str; 14] = [
    "endpoints",
    "hosts",
    "identifiers",
    "lifecycles",
    "models",
    "packages",
    "permissions",
    "propagators",
    "rules",
    "sinks",
    "switches",
    "trackers",
    "triggers",
    "weights",
];

/// Keys that only serve people and `signatures check`.
const NOT_PACKED: [&str; 2] = ["src", "sources"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=signatures");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?);
    for folder in FOLDERS {
        let mut files = BTreeMap::new();
        list(&root.join("signatures").join(folder), "", &mut files)?;
        let mut packed = Vec::new();
        for (name, path) in files {
            let text = fs::read_to_string(&path)?;
            let table: toml::Value = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
            packed.push((name, pack(table)));
        }
        fs::write(
            out.join(folder).with_extension("json"),
            serde_json::to_vec(&packed)?,
        )?;
    }
    Ok(())
}

/// Files below a folder by their path without the ending, `/` between the parts.
fn list(dir: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<(), Box<dyn Error>> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .ok_or("a name that is not UTF-8")?;
        if path.is_dir() {
            list(&path, &format!("{prefix}{name}/"), files)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            files.insert(format!("{prefix}{name}"), path);
        }
    }
    Ok(())
}

fn pack(value: toml::Value) -> serde_json::Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(pack).collect(),
        toml::Value::Table(table) => {
            let kept = table
                .into_iter()
                .filter(|(key, _)| !NOT_PACKED.contains(&key.as_str()));
            serde_json::Value::Object(kept.map(|(key, value)| (key, pack(value))).collect())
        }
    }
}
