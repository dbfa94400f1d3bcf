//! Code that real ROMs keep in vdex and oat files, with its optimised instructions written back. The header
//! of each dex has the checksum of what the package had, so that it is right again proves every byte.
//!
//! The files are outside of this repository. Without `PHONEHOME_CORPUS` nothing runs.

use std::path::{Path, PathBuf};

use phonehome::artifact::preopt::{self, ClassPath, Restored};
use phonehome::bytes::Bytes;

/// The files in a folder of the corpus whose names end in `ending`, sorted.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS") else {
        println!("PHONEHOME_CORPUS is not set: nothing is read");
        return Vec::new();
    };
    let folder = Path::new(&corpus).join("native").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect();
    files.sort();
    files
}

/// Instructions written back and left, and the dex files whose checksum is right and wrong.
fn read(path: &Path) -> (u64, u64, usize, usize) {
    let none = ClassPath::default();
    let Restored {
        bytes, undone, left, ..
    } = preopt::restore(&Bytes::from(std::fs::read(path).unwrap()), || &none);
    let opened = preopt::open(&bytes);
    assert_eq!(opened.gaps, [], "{}", path.display());
    for dex in &opened.dexes {
        assert_eq!(dex.verify(), [], "{}", path.display());
        assert!(dex.bodies().all(|body| body.is_ok()), "{}", path.display());
    }
    let right = opened.dexes.iter().filter(|dex| dex.checksum().is_ok()).count();
    (undone, left, right, opened.dexes.len() - right)
}

#[test]
fn every_instruction_of_a_vdex_of_android_8_is_as_it_was() {
    let found: Vec<_> = files("vdex010", ".vdex").iter().map(|path| read(path)).collect();
    if found.is_empty() {
        return;
    }
    assert_eq!(found, [(9776, 0, 1, 0), (28142, 0, 1, 0), (33984, 0, 1, 0)]);
}

#[test]
fn a_vdex_of_a_boot_class_path_that_was_left_in_its_jars_holds_nothing() {
    for path in files("vdex021", ".vdex") {
        assert_eq!(read(&path), (0, 0, 0, 0));
    }
}

#[test]
fn the_dex_of_an_oat_is_as_it_was_where_nothing_is_left() {
    for path in files("oat064", ".odex").iter().chain(&files("oat088", ".odex")) {
        let (_, left, right, wrong) = read(path);
        let expect = if left == 0 { (1, 0) } else { (0, 1) };
        assert_eq!((right, wrong), expect, "{}", path.display());
    }
}

#[test]
fn without_a_boot_class_path_only_classes_of_the_file_itself_resolve_anything() {
    for (ending, expect) in [
        (
            "oat064/system__app__AutoTest__oat__arm64__AutoTest.odex",
            (985, 18),
        ),
        ("dey036/system__framework__apache-xml.odex", (1110, 25415)),
    ] {
        let (folder, name) = ending.split_once('/').unwrap();
        for path in files(folder, name) {
            let (undone, left, ..) = read(&path);
            assert_eq!((undone, left), expect, "{}", path.display());
        }
    }
}
