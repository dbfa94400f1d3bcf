//! Manifests, resource tables and compiled XML of real packages, and hostile ones.
//!
//! Reads the corpus that `PHONEHOME_CORPUS` names and the hostile files that `PHONEHOME_HOSTILE`
//! names; without them there is nothing to do.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::Command;

use phonehome::artifact::arsc::Table;
use phonehome::artifact::axml::Xml;
use phonehome::artifact::manifest::{Manifest, preferences};
use phonehome::fact::resource;
use zip::ZipArchive;

fn folder(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        eprintln!("{variable} is not set: nothing to test with");
    }
    path
}

fn entry<R: Read + Seek>(zip: &mut ZipArchive<R>, name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    if let Ok(mut file) = zip.by_name(name) {
        file.read_to_end(&mut out).unwrap();
    }
    out
}

fn names<R: Read + Seek>(zip: &ZipArchive<R>, ending: &str) -> Vec<String> {
    let all = zip.file_names().map(|n| n.unwrap().into_owned());
    all.filter(|n| n.ends_with(ending)).collect()
}

const ROM: &str = "roms/redmi-note-JHECNBE23.0.zip";

fn rom(corpus: &Path) -> ZipArchive<File> {
    ZipArchive::new(File::open(corpus.join(ROM)).unwrap()).unwrap()
}

/// A package of the ROM.
fn package(rom: &mut ZipArchive<File>, name: &str) -> ZipArchive<std::io::Cursor<Vec<u8>>> {
    ZipArchive::new(std::io::Cursor::new(entry(rom, name))).unwrap()
}

#[test]
fn switches_of_the_2014_rom_have_the_defaults_that_were_read_by_hand() {
    let Some(corpus) = folder("PHONEHOME_CORPUS") else {
        return;
    };
    let mut rom = rom(&corpus);
    let mut default = |app: &str, file: &str, key: &str| {
        let mut apk = package(&mut rom, app);
        let (table, xml) = (entry(&mut apk, "resources.arsc"), entry(&mut apk, file));
        let (rows, gaps) = preferences(&Xml::open(&xml), Some(&Table::open(&table)));
        assert!(gaps.is_empty());
        let row = rows.into_iter().find(|r| r.key == key).unwrap();
        (row.default.unwrap(), row.title.unwrap_or_default())
    };
    let provision = default(
        "system/app/Provision.apk",
        "res/xml/other_service.xml",
        "button_user_experience_key",
    );
    assert_eq!(
        provision,
        ("true".to_owned(), "User experience program".to_owned())
    );
    for key in [
        "pref_key_enable_mx_switch",
        "pref_key_enable_mx1_switch",
        "pref_key_enable_mx2_switch",
    ] {
        assert_eq!(
            default("system/app/Mms.apk", "res/xml/preferences.xml", key).0,
            "false"
        );
    }
}

#[test]
fn a_real_package_has_no_gap() {
    let Some(corpus) = folder("PHONEHOME_CORPUS") else {
        return;
    };
    let mut rom = rom(&corpus);
    for name in names(&rom, ".apk") {
        let mut apk = package(&mut rom, &name);
        let table = entry(&mut apk, "resources.arsc");
        if !table.is_empty() {
            assert_eq!(
                resource::table_strings(&Table::open(&table), &mut |_, _| {}),
                [],
                "{name}"
            );
        }
        for file in names(&apk, ".xml") {
            let data = entry(&mut apk, &file);
            if data.starts_with(&[3, 0]) {
                assert_eq!(
                    resource::xml_strings(&Xml::open(&data), &mut |_, _| {}),
                    [],
                    "{name} {file}"
                );
            }
        }
    }
}

/// What `aapt dump badging` says, as far as it can be compared.
fn badging(path: &Path) -> Option<Vec<(String, String)>> {
    let out = Command::new("aapt")
        .args(["dump", "badging"])
        .arg(path)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let quoted = |line: &str, key: &str| Some(line.split_once(key)?.1.split('\'').nth(1)?.to_owned());
    let mut all = BTreeSet::new();
    // aapt lists what follows from another permission among those asked for.
    let implied: Vec<String> = text
        .lines()
        .filter(|l| l.starts_with("uses-implied-permission:"))
        .filter_map(|l| quoted(l, ":"))
        .collect();
    for line in text.lines() {
        if line.starts_with("package:") {
            for key in ["name", "versionCode", "versionName"] {
                all.extend(quoted(line, &format!("{key}=")).map(|v| (key.to_owned(), v)));
            }
        }
        for (start, key) in [
            ("sdkVersion:", "min"),
            ("targetSdkVersion:", "target"),
            ("uses-permission:", "uses"),
        ] {
            if line.starts_with(start) {
                all.extend(quoted(line, ":").map(|v| (key.to_owned(), v)));
            }
        }
    }
    all.retain(|(key, value)| key != "uses" || !implied.contains(value));
    Some(all.into_iter().collect())
}

fn ours(manifest: &Manifest) -> Vec<(String, String)> {
    let number = |n: Option<u32>| n.map(|n| n.to_string());
    let mut all = BTreeSet::new();
    let mut add = |key: &str, value: Option<String>| all.extend(value.map(|v| (key.to_owned(), v)));
    add("name", Some(manifest.package.clone()));
    add(
        "versionCode",
        Some(manifest.version_code.map_or(String::new(), |n| n.to_string())),
    );
    add(
        "versionName",
        Some(manifest.version_name.clone().unwrap_or_default()),
    );
    add("min", number(manifest.min_sdk));
    add("target", number(manifest.target_sdk));
    for p in &manifest.uses_permissions {
        add("uses", Some(p.name.clone()));
    }
    all.into_iter().collect()
}

#[test]
fn manifests_say_what_aapt_says() {
    let Some(corpus) = folder("PHONEHOME_CORPUS") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut rom = rom(&corpus);
    for name in names(&rom, ".apk") {
        let path = dir.path().join(name.replace('/', "_"));
        std::fs::write(&path, entry(&mut rom, &name)).unwrap();
        files.push(path);
    }
    for folder in ["apks/analytics", "apks/msa"] {
        files.extend(
            std::fs::read_dir(corpus.join(folder))
                .unwrap()
                .map(|e| e.unwrap().path()),
        );
    }
    assert!(files.len() > 50);
    let mut compared = 0;
    for path in files {
        let Some(expect) = badging(&path) else {
            eprintln!("aapt is not installed: nothing to compare with");
            return;
        };
        let mut apk = ZipArchive::new(File::open(&path).unwrap()).unwrap();
        let (table, xml) = (
            entry(&mut apk, "resources.arsc"),
            entry(&mut apk, "AndroidManifest.xml"),
        );
        let table = Table::open(&table);
        assert_eq!(
            ours(&Manifest::read(&Xml::open(&xml), Some(&table))),
            expect,
            "{}",
            path.display()
        );
        compared += 1;
    }
    eprintln!("{compared} manifests agree with aapt");
}

#[test]
fn hostile_documents_and_tables_show_the_marker_or_a_gap() {
    let Some(hostile) = folder("PHONEHOME_HOSTILE") else {
        return;
    };
    let manifest = std::fs::read_to_string(hostile.join("manifest.tsv")).unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for line in manifest.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (file, family, expect, marker, decoy) =
            (columns[0], columns[1], columns[5], columns[6], columns[7]);
        if family != "axml" && family != "arsc" {
            continue;
        }
        let mut apk = ZipArchive::new(File::open(hostile.join(file)).unwrap()).unwrap();
        let (table, xml) = (
            entry(&mut apk, "resources.arsc"),
            entry(&mut apk, "AndroidManifest.xml"),
        );
        let mut found = Vec::new();
        let mut visit =
            |s: &[u8], _: &dyn Fn() -> String| found.push(String::from_utf8_lossy(s).into_owned());
        let (table, xml) = (Table::open(&table), Xml::open(&xml));
        let mut gaps = resource::xml_strings(&xml, &mut visit);
        if family == "arsc" {
            gaps.extend(resource::table_strings(&table, &mut visit));
        }
        gaps.extend(Manifest::read(&xml, Some(&table)).gaps);
        let has = |text: &str| found.iter().any(|s| s.contains(text));
        let good = match expect {
            "find" => has(marker),
            "report" => !gaps.is_empty(),
            "either" => has(marker) || !gaps.is_empty(),
            _ => has(marker) && !gaps.is_empty(),
        };
        if !good || (decoy != "-" && has(decoy) && !has(marker)) {
            wrong.push(file.to_owned());
        }
        seen += 1;
    }
    assert!(seen > 100);
    assert_eq!(wrong, Vec::<String>::new());
}
