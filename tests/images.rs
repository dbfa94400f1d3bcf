//! Every file in real packages and in images of every kind, byte for byte.
//!
//! The lists are beside the packages; `PHONEHOME_CORPUS` says where those are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use phonehome::bytes::{Budget, Limits};
use phonehome::unpack::walk;
use sha2::{Digest, Sha256};

/// The folder with real packages and images.
fn corpus(below: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("PHONEHOME_CORPUS").map(|path| PathBuf::from(path).join(below));
    if folder.is_none() {
        println!("PHONEHOME_CORPUS is not set: nothing of {below} is read");
    }
    folder
}

/// What a list expects: path → size and digest.
type Files = BTreeMap<String, (u64, String)>;

fn list(path: &Path) -> Files {
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    rows.map(|row| (row[0].to_owned(), (row[1].parse().unwrap(), row[2].to_owned())))
        .collect()
}

/// Every file of an input by its way through the layers, `.img` left out: `system.img/a` is `system/a`.
fn files(input: &Path) -> Files {
    let budget = Budget::new(Limits::default());
    let tree = walk(input, &budget).unwrap();
    let mut all = Files::new();
    for leaf in &tree.leaves {
        let mut digest = Sha256::new();
        let mut size = 0;
        let gaps = leaf.copy(&budget, |piece| {
            size += u64::try_from(piece.len()).unwrap();
            digest.update(piece);
            Ok(())
        });
        let gaps = gaps.unwrap();
        let place = leaf.place();
        assert!(
            !gaps.iter().any(|gap| gap.is_loss()),
            "{}: {gaps:?}",
            place.physical()
        );
        let digest = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        all.insert(place.physical().replace(".img/", "/"), (size, digest));
    }
    for notice in &tree.notices {
        println!("{}: {}", notice.place.physical(), notice.gap);
    }
    all
}

/// Whether all files of the list are in the input: the path is the end of the way to it.
#[track_caller]
fn check(input: &Path, expect: &Files) {
    let got = files(input);
    let mut by_end: BTreeMap<&str, Vec<&(u64, String)>> = BTreeMap::new();
    for (path, file) in &got {
        let mut rest = path.as_str();
        loop {
            by_end.entry(rest).or_default().push(file);
            match rest.split_once('/') {
                Some((_, below)) => rest = below,
                None => break,
            }
        }
    }
    let wrong: Vec<&String> = expect
        .iter()
        .filter(|(path, file)| {
            by_end
                .get(path.as_str())
                .is_none_or(|found| !found.contains(file))
        })
        .map(|(path, _)| path)
        .collect();
    let shown: Vec<&&String> = wrong.iter().take(5).collect();
    assert!(
        wrong.is_empty(),
        "{}: {} of {} files are missing or not equal: {shown:?}",
        input.display(),
        wrong.len(),
        expect.len(),
    );
    println!("{}: {} files equal", input.display(), expect.len());
}

#[test]
fn every_file_of_the_packages_is_as_listed() {
    let Some(roms) = corpus("roms") else { return };
    let mut checked = 0;
    let mut lists: Vec<PathBuf> = fs::read_dir(roms.join("expected"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    lists.sort();
    for path in lists {
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(package) = name.strip_suffix(".files.tsv") else {
            continue;
        };
        check(&roms.join(package), &list(&path));
        checked += 1;
    }
    assert!(checked >= 7);
}

/// The list for one image: some tools drop what an image cannot hold.
fn list_for(folder: &Path, image: &str) -> Files {
    let mut files = list(&folder.join("expected.tsv"));
    let overrides = fs::read_to_string(folder.join("expected-overrides.tsv")).unwrap();
    for row in overrides.lines().filter(|line| !line.starts_with('#')) {
        let row: Vec<&str> = row.split('\t').collect();
        if row[0] == image {
            files.insert(row[1].to_owned(), (row[2].parse().unwrap(), row[3].to_owned()));
        }
    }
    files
}

/// Images that hold the tree, by the start of their names.
const HOLD_THE_TREE: [&str; 14] = [
    "ext2",
    "ext3",
    "ext4-",
    "erofs-",
    "squashfs-",
    "f2fs",
    "super-",
    "payload-",
    "cpio-",
    "tree.",
    "AP_",
    "blockota-",
    "super",
    "vfat",
];

#[test]
fn one_tree_comes_out_of_every_image_that_it_was_put_into() {
    let Some(folder) = corpus("images/synth") else {
        return;
    };
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| HOLD_THE_TREE.iter().any(|start| name.starts_with(start)))
        .collect();
    names.sort();
    // Parts of one image, each set in a folder of its own.
    let temporary = tempfile::tempdir().unwrap();
    let mut sets: BTreeMap<String, PathBuf> = BTreeMap::new();
    names.retain(|name| {
        let stem = name
            .trim_end_matches(".lz4")
            .trim_end_matches(|c: char| c.is_ascii_digit());
        let part = stem.ends_with("sparsechunk.") || stem.ends_with(".img.");
        if part && stem.len() < name.trim_end_matches(".lz4").len() {
            let set = temporary.path().join(stem);
            fs::create_dir_all(&set).unwrap();
            fs::copy(folder.join(name), set.join(name)).unwrap();
            sets.insert(stem.to_owned(), set);
            return false;
        }
        true
    });
    assert!(names.len() >= 50 && sets.len() == 2, "{names:?} {sets:?}");
    // Made by a tool without a compressor: fsck.f2fs counts one inode in it, the root.
    names.retain(|name| name != "f2fs-compr.img.lz4");
    for name in &names {
        check(&folder.join(name), &list_for(&folder, name));
    }
    for (name, set) in &sets {
        check(set, &list_for(&folder, name));
    }
}
