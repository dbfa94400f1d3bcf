//! Data flows one way: a module names only modules before it.

use std::fs;
use std::path::{Path, PathBuf};

/// The order of `src/lib.rs`, lowest first. `artifact` and `rule` stand side by side: neither may
/// name the other.
const ORDER: [(&str, u8); 13] = [
    ("bytes", 0),
    ("unpack", 1),
    ("artifact", 2),
    ("rule", 2),
    ("code", 3),
    ("fact", 4),
    ("link", 5),
    ("detect", 6),
    ("score", 7),
    ("judge", 8),
    ("report", 9),
    ("scan", 10),
    ("cli", 11),
];

fn level(module: &str) -> Option<u8> {
    ORDER
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, level)| *level)
}

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The top-level modules that a line of code names through `crate::`.
fn named(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices("crate::")
        .flat_map(|(at, prefix)| {
            let rest = &code[at + prefix.len()..];
            let list = rest
                .strip_prefix('{')
                .map_or(rest, |inner| inner.split('}').next().unwrap_or(inner));
            let items: Vec<&str> = if rest.starts_with('{') {
                list.split(',').collect()
            } else {
                vec![list]
            };
            items
        })
        .map(|item| {
            item.trim()
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap_or_default()
        })
        .collect()
}

#[test]
fn a_module_names_only_modules_before_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut offenders = Vec::new();
    for path in files {
        let inside = path.strip_prefix(&src).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let module = first.trim_end_matches(".rs");
        if module == "lib" || module == "main" {
            continue;
        }
        let own = level(module).unwrap_or_else(|| panic!("{module} has no level: add it to ORDER"));
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            for other in named(line) {
                let Some(theirs) = level(other) else { continue };
                if other != module && theirs >= own {
                    offenders.push(format!(
                        "{}:{}: {module} names {other}",
                        inside.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(offenders.is_empty(), "\n{}", offenders.join("\n"));
}

#[test]
fn every_file_of_tests_is_a_room_of_its_one_program() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let program = fs::read_to_string(tests.join("main.rs")).unwrap();
    for entry in fs::read_dir(&tests).unwrap() {
        let path = entry.unwrap().path();
        let room = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|e| e == "rs") && room != "main" {
            assert!(
                program.contains(&format!("\nmod {room};\n")),
                "tests/{room}.rs is not in tests/main.rs, so nothing runs it"
            );
        }
    }
}

#[test]
fn a_path_is_seen_alone_and_in_braces() {
    assert_eq!(named("use crate::bytes::{Blob, Gap};"), ["bytes"]);
    assert_eq!(named("use crate::{bytes, fact::Site};"), ["bytes", "fact"]);
    assert_eq!(named("/// see [`crate::score`]"), Vec::<&str>::new());
}
