//! What the tests of file systems share: trees whose content is known, and programs that write images.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]
#![expect(clippy::print_stderr, reason = "a test that does not run says so")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::bytes::{Blob, Budget};
use crate::unpack::leaf::Data;
use crate::unpack::registry::{Format, Listing};

/// Path → SHA-256, in hex.
pub(super) type Hashes = BTreeMap<String, String>;

/// Says why a test did not run, or not to its end.
pub(super) fn say(why: &str) {
    eprintln!("{why}: this test did not run to its end");
}

/// The images that hold the same tree, where the corpus is at hand.
pub(super) fn synth() -> Option<PathBuf> {
    let corpus = std::env::var_os("PHONEHOME_CORPUS");
    if corpus.is_none() {
        say("PHONEHOME_CORPUS is not set");
    }
    Some(PathBuf::from(corpus?).join("images/synth"))
}

/// What every image of that tree holds: files, and symbolic links with their targets.
pub(super) fn expected(synth: &Path) -> (Hashes, BTreeMap<String, String>) {
    let table = |name: &str, column: usize| {
        let text = std::fs::read_to_string(synth.join(name)).unwrap();
        let row = |line: &str| {
            let cells: Vec<&str> = line.split('\t').collect();
            (cells[0].to_string(), cells[column].to_string())
        };
        text.lines().map(row).collect()
    };
    (table("expected.tsv", 2), table("symlinks.tsv", 1))
}

/// Reads every file of a listing.
pub(super) fn hashes(listing: &Listing) -> Hashes {
    let hash = |data: &[u8]| {
        Sha256::digest(data).iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        })
    };
    let read = |entry: &crate::unpack::registry::Entry| {
        let Data::Plain(blob) = &entry.data else {
            panic!("{}", entry.name)
        };
        let text = match blob.read("test", 0..u64::MAX) {
            Ok(bytes) => hash(&bytes),
            Err(gap) => gap.to_string(),
        };
        (entry.name.to_string(), text)
    };
    listing.entries.iter().map(read).collect()
}

/// Lists an image of the known tree and compares every file and link.
#[track_caller]
pub(super) fn compare(format: &dyn Format, image: Blob, synth: &Path) {
    let (files, links) = expected(synth);
    let listing = format.list(&image, "", &Budget::default());
    let gaps: Vec<String> = listing.notices.iter().map(|n| n.gap.to_string()).collect();
    assert_eq!(gaps, Vec::<String>::new());
    let got: BTreeMap<_, _> = listing.links.iter().cloned().collect();
    assert_eq!(got, links);
    assert_eq!(hashes(&listing), files);
}

/// The same of a folder on this machine: what an image that is made of it must hold.
pub(super) fn folder(root: &Path) -> Hashes {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            if meta.is_dir() {
                open.push(path);
            } else if meta.is_file() {
                found.push(path);
            }
        }
    }
    let mut listing = Listing::default();
    for path in found {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_string();
        listing.blob(name, Blob::open(&path).unwrap());
    }
    hashes(&listing)
}

/// Runs a program; false where it is not installed or ends otherwise than with one of these codes, which is
/// said.
pub(in crate::unpack) fn run(program: &str, args: &[&str], codes: &[i32]) -> bool {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let mut command = Command::new(program);
    command
        .args(args)
        .env("PATH", path)
        .env("MTOOLS_SKIP_CHECK", "1")
        .env("LC_ALL", "C.UTF-8");
    let ran = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let done = ran.is_ok_and(|status| status.code().is_some_and(|code| codes.contains(&code)));
    if !done {
        say(&format!("{program} is not installed, or failed"));
    }
    done
}

/// Lists any input and reads of each file its start and its end, whatever comes of it.
pub(super) fn survive(format: &dyn Format, image: Vec<u8>) {
    let listing = format.list(&Blob::from(image), "", &Budget::default());
    for entry in &listing.entries {
        let Data::Plain(blob) = &entry.data else { continue };
        let _ = (blob.origin(), blob.origin_at(blob.len() / 2));
        for start in [0, blob.len().saturating_sub(5000)] {
            blob.salvage("test", start..start.saturating_add(20_000));
        }
    }
}

/// A folder with what file systems treat differently: nothing, little, much, noise, holes, links, a name
/// of two bytes a letter, many files, depth.
pub(super) fn tree() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let text: String = (0..120_000).map(|n| format!("line {n}\n")).collect();
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(300_001)
    .collect();
    std::fs::create_dir_all(at("many/deep/er/and/deeper")).unwrap();
    std::fs::write(at("empty"), "").unwrap();
    std::fs::write(at("little"), "x").unwrap();
    std::fs::write(at("Größe.txt"), &text[..5000]).unwrap();
    std::fs::write(at("block"), &noise[..4096]).unwrap();
    std::fs::write(at("text"), &text).unwrap();
    std::fs::write(at("noise"), &noise).unwrap();
    std::fs::write(at("many/deep/er/and/deeper/end"), "end").unwrap();
    for n in 0..1200 {
        let name = format!("many/a file with a long name, number {n}");
        std::fs::write(at(&name), &text[n..2 * n]).unwrap();
    }
    std::fs::hard_link(at("text"), at("same text")).unwrap();
    std::os::unix::fs::symlink("many/../little", at("link")).unwrap();
    let holes = std::fs::File::create(at("holes")).unwrap();
    for n in 0..12 {
        std::os::unix::fs::FileExt::write_all_at(&holes, &noise[n..n + 5000], n as u64 * 1_000_003).unwrap();
    }
    holes.set_len(14 << 20).unwrap();
    root
}
