//! Each container format has samples, and is listed as they say.
//!
//! `samples/<format>/<case>/`: `in.*` (or the folder `in`), `tree.txt` with one line a file (class,
//! size, logical place, physical place; files in packages indented), `gaps.txt` with one line a
//! notice, `HOW.md`. `BLESS=1 cargo test --test all formats::` rewrites the expectations: read the diff.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use phonehome::bytes::{Budget, Notice};
use phonehome::unpack::{Class, Leaf, group, open_package, registry, walk};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn cases(format: &str) -> Vec<PathBuf> {
    let folder = samples().join(format);
    let Ok(entries) = fs::read_dir(&folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    found.sort();
    found
}

/// The file `in.*`, or the folder `in`.
fn input(case: &Path) -> PathBuf {
    let entries = fs::read_dir(case).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.file_stem().is_some_and(|stem| stem == "in"))
        .collect();
    files.sort();
    files.into_iter().next().unwrap_or_else(|| case.join("in"))
}

fn line(leaf: &Leaf, indent: &str, budget: &Budget, tree: &mut String, gaps: &mut String) {
    let read = leaf.read(budget);
    let (place, class) = (leaf.place(), leaf.classify(&read.bytes).name());
    let salvaged = if read.salvaged { " salvaged" } else { "" };
    let (logical, physical) = (place.logical(), place.physical());
    writeln!(
        tree,
        "{indent}{class} {} {logical:?} {physical:?}{salvaged}",
        read.bytes.len()
    )
    .unwrap_or_default();
    for gap in read.gaps {
        writeln!(gaps, "{logical:?} {gap}").unwrap_or_default();
    }
}

fn note(notices: &[Notice], gaps: &mut String) {
    for notice in notices {
        writeln!(
            gaps,
            "{:?} {}, {} unread",
            notice.place.logical(),
            notice.gap,
            notice.unread
        )
        .unwrap_or_default();
    }
}

/// The tree and the notices of an input, as text.
fn describe(input: &Path) -> (String, String) {
    let budget = Budget::default();
    let (mut tree, mut gaps) = (String::new(), String::new());
    let listed = match walk(input, &budget) {
        Ok(listed) => listed,
        Err(e) => return (tree, format!("{e}\n")),
    };
    writeln!(tree, "{} {}", listed.format, listed.leaves.len()).unwrap_or_default();
    let groups = group(listed);
    note(&groups.notices, &mut gaps);
    for (link, target) in &groups.links {
        writeln!(tree, "link {link:?} {target:?}").unwrap_or_default();
    }
    for unit in &groups.units {
        writeln!(tree, "{:?} {:?}", unit.kind, unit.place.logical()).unwrap_or_default();
        for leaf in &unit.leaves {
            if !matches!(leaf.class, Class::Archive(_)) {
                line(leaf, "  ", &budget, &mut tree, &mut gaps);
                continue;
            }
            for package in open_package(leaf, &budget) {
                let (place, copies) = (package.place.logical(), package.copies.len());
                let salvaged = if package.salvaged { " salvaged" } else { "" };
                writeln!(
                    tree,
                    "  {} {} {place:?} copies {copies}{salvaged}",
                    package.format, package.size
                )
                .unwrap_or_default();
                note(&package.notices, &mut gaps);
                for leaf in &package.leaves {
                    line(leaf, "    ", &budget, &mut tree, &mut gaps);
                }
            }
        }
    }
    for left in &groups.skipped {
        writeln!(tree, "skipped {} {} {}", left.class, left.count, left.bytes).unwrap_or_default();
    }
    (tree, gaps)
}

#[track_caller]
fn check(path: &Path, got: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, got).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    let expect = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(got, expect, "{}: BLESS=1 rewrites it", path.display());
}

#[test]
fn every_format_has_samples_and_is_listed_as_they_say() {
    for format in registry::ALL {
        let cases = cases(format.name());
        assert!(!cases.is_empty(), "samples/{}/ has no case", format.name());
        for case in cases {
            let input = input(&case);
            assert!(
                case.join("HOW.md").exists(),
                "{}: say how it was made",
                case.display()
            );
            let (tree, gaps) = describe(&input);
            check(&case.join("tree.txt"), &tree);
            check(&case.join("gaps.txt"), &gaps);
        }
    }
}

#[test]
fn the_same_input_is_listed_the_same_twice() {
    for format in registry::ALL {
        for case in cases(format.name()) {
            let input = input(&case);
            assert_eq!(describe(&input), describe(&input), "{}", case.display());
        }
    }
}

/// Prefixes and flips of every sample: whatever happens, it comes back.
#[test]
fn damage_to_a_sample_never_panics() {
    let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let path = dir.path().join("in.bin");
    for format in registry::ALL {
        for case in cases(format.name()) {
            let Ok(whole) = fs::read(input(&case)) else {
                continue;
            };
            let steps = (whole.len() / 29).max(1);
            for at in (0..whole.len()).step_by(steps) {
                let mut flipped = whole.clone();
                if let Some(byte) = flipped.get_mut(at) {
                    *byte ^= 0x41;
                }
                for data in [&*flipped, whole.get(..at).unwrap_or_default()] {
                    fs::write(&path, data).unwrap_or_else(|e| panic!("{e}"));
                    describe(&path);
                }
            }
        }
    }
}
