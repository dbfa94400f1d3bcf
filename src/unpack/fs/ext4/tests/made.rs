//! Images that mke2fs writes, one for each feature, and those of the corpus.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};

use super::super::super::super::leaf::Data;
use super::super::super::super::registry::{Format as _, Listing};
use super::super::Ext4;
use crate::bytes::{Blob, Budget};

/// Says that a test did not run, past the capture of output.
fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

/// A program of e2fsprogs, which may not be on the path of a user.
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/sbin".into(), "/usr/sbin".into()]);
    let found = folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|file| file.exists());
    if found.is_none() {
        say(&format!(
            "{name} is not installed: images that it writes were not read"
        ));
    }
    found
}

fn run(tool: &Path, args: &[&str], files: &[&Path]) -> bool {
    let mut command = Command::new(tool);
    command
        .args(args)
        .args(files)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Content that compresses badly and says where it is.
fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// Path → content, of files; path → target, of links.
type Tree = (BTreeMap<String, Vec<u8>>, BTreeMap<String, String>);

/// What all images of this file hold: small and large files, holes, more directory entries than a block
/// has, deep directories, each length around the limits of what is kept in an inode.
fn tree() -> Tree {
    let mut files = BTreeMap::new();
    for len in [0, 1, 59, 60, 61, 120, 152, 156, 160, 300, 5000] {
        files.insert(format!("length/{len}"), noise(len, len as u32));
    }
    files.insert("large".into(), noise(700_000, 5));
    // Every second piece of 4 KiB is a hole: many extents, and lists of blocks of lists.
    let mut holes = noise(1_400_000, 7);
    for piece in holes.chunks_mut(4096).step_by(2) {
        piece.fill(0);
    }
    files.insert("holes".into(), holes);
    for number in 0..300 {
        files.insert(
            format!("many/{number}-{}", "n".repeat(number % 90)),
            noise(number, 9),
        );
    }
    files.insert(format!("{}bottom", "d/".repeat(60)), b"bottom".to_vec());
    files.insert("ünïcode \u{1b}".into(), b"name".to_vec());
    let lengths = [1, 58, 59, 60, 61, 100, 160, 1000];
    let links = lengths.map(|len| (format!("links/{len}"), "t".repeat(len)));
    (files, links.into())
}

fn write(tree: &Tree, root: &Path) {
    let (files, links) = tree;
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let Some(last) = content
            .iter()
            .rposition(|b| *b != 0)
            .filter(|_| path.ends_with("holes"))
        else {
            fs::write(path, content).unwrap();
            continue;
        };
        // Holes are holes only when nothing is written there.
        let file = fs::File::create(path).unwrap();
        for (number, piece) in content[..=last].chunks(4096).enumerate() {
            if piece.iter().any(|b| *b != 0) {
                std::os::unix::fs::FileExt::write_all_at(&file, piece, number as u64 * 4096).unwrap();
            }
        }
        file.set_len(content.len() as u64).unwrap();
    }
    for (path, target) in links {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }
}

fn content(listing: &Listing) -> BTreeMap<String, Vec<u8>> {
    let content = |data: &Data| {
        let Data::Plain(blob) = data else { panic!() };
        blob.read("t", 0..blob.len()).unwrap().to_vec()
    };
    let files = listing.entries.iter();
    files
        .map(|entry| (entry.name.to_string(), content(&entry.data)))
        .collect()
}

/// The tree on the disk, for several images.
struct Lab {
    dir: tempfile::TempDir,
    expect: Tree,
}

impl Lab {
    fn new() -> Self {
        let (dir, expect) = (tempfile::tempdir().unwrap(), tree());
        write(&expect, &dir.path().join("tree"));
        Self { dir, expect }
    }

    /// An image made with these options has what is in the tree, and nothing to remark.
    #[track_caller]
    fn check(&self, options: &[&str]) {
        let Some(mke2fs) = tool("mke2fs") else { return };
        let (root, image) = (self.dir.path().join("tree"), self.dir.path().join("image"));
        fs::File::create(&image).unwrap().set_len(48 << 20).unwrap();
        let args = [&["-q", "-F", "-d", root.to_str().unwrap()], options].concat();
        if !run(&mke2fs, &args, &[&image]) {
            return say(&format!("this mke2fs cannot {options:?}: not read"));
        }
        compare(&image, &self.expect, options);
        // Indexed directories, as the kernel leaves them.
        if let Some(e2fsck) = tool("e2fsck") {
            run(&e2fsck, &["-fyD"], &[&image]);
            compare(&image, &self.expect, options);
        }
    }
}

#[track_caller]
fn compare(image: &Path, expect: &Tree, options: &[&str]) {
    let listing = Ext4.list(&Blob::open(image).unwrap(), "", &Budget::default());
    let notices: Vec<String> = listing
        .notices
        .iter()
        .map(|remark| remark.gap.to_string())
        .collect();
    assert!(notices.is_empty(), "{options:?} {notices:?}");
    assert_eq!(
        BTreeMap::from_iter(listing.links.clone()),
        expect.1,
        "{options:?}"
    );
    let got = content(&listing);
    assert!(got.keys().eq(expect.0.keys()), "{options:?}");
    for (path, bytes) in &got {
        assert!(bytes == &expect.0[path], "{options:?} {path}");
    }
}

#[test]
fn each_generation_is_read_with_each_size_of_blocks() {
    let lab = Lab::new();
    for size in ["1024", "2048", "4096", "65536"] {
        for kind in ["ext2", "ext3", "ext4"] {
            lab.check(&["-t", kind, "-b", size]);
        }
    }
    lab.check(&["-t", "ext2", "-r", "0"]);
}

#[test]
fn each_feature_is_read() {
    let lab = Lab::new();
    for features in [
        "^64bit",
        "^extents,^64bit",
        "meta_bg,^resize_inode",
        "bigalloc",
        "inline_data",
        "casefold",
        "encrypt,verity,ea_inode,large_dir,stable_inodes,project,quota",
        "metadata_csum_seed,orphan_file,sparse_super2",
        "^metadata_csum,uninit_bg",
        "^flex_bg,^filetype,^has_journal",
    ] {
        lab.check(&["-t", "ext4", "-O", features]);
        // Several groups, each with a backup or without.
        if features != "bigalloc" {
            lab.check(&["-t", "ext4", "-b", "1024", "-g", "4096", "-O", features]);
        }
    }
    lab.check(&["-t", "ext4", "-I", "128"]);
    lab.check(&["-t", "ext4", "-I", "1024", "-O", "inline_data"]);
}

#[test]
fn one_bit_of_metadata_is_told_by_its_checksum() {
    let lab = Lab::new();
    lab.check(&["-t", "ext4", "-b", "1024", "-O", "metadata_csum"]);
    let Ok(image) = fs::read(lab.dir.path().join("image")) else {
        return;
    };
    let block = |start: &[u8]| {
        image
            .chunks(1024)
            .position(|block| block.starts_with(start))
            .unwrap()
            * 1024
    };
    let name = image.windows(5).position(|bytes| bytes == b"large").unwrap();
    let group = 2 * 1024;
    let table = u32::from_le_bytes(*image[group + 8..].first_chunk().unwrap()) as usize * 1024;
    // The superblock's mount count, a group's free blocks, the root's owner, a node's generation, a name.
    for (at, what) in [
        (1024 + 0x34, "s_checksum"),
        (group + 0xc, "bg_checksum"),
        (table + 256 + 2, "i_checksum"),
        (block(b"\x0a\xf3") + 8, "et_checksum"),
        (name, "det_checksum"),
    ] {
        let mut image = image.clone();
        image[at] ^= 1;
        let listing = Ext4.list(&Blob::from(image), "", &Budget::default());
        let told: Vec<&str> = listing.notices.iter().map(|remark| &*remark.gap.what).collect();
        assert_eq!(told, [what]);
        assert!(!listing.notices[0].gap.is_loss());
    }
}

#[test]
fn the_images_of_the_corpus_hold_what_their_list_says() {
    let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from) else {
        return say("PHONEHOME_CORPUS is not set: its images were not read");
    };
    let synth = corpus.join("images/synth");
    let rows = |name: &str| {
        let text = fs::read_to_string(synth.join(name)).unwrap();
        let rows = text.lines().filter(|row| !row.starts_with('#'));
        rows.map(|row| row.split('\t').map(str::to_string).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    let mut images = 0;
    for file in fs::read_dir(&synth).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        if !name.starts_with("ext") || !name.ends_with(".img") {
            continue;
        }
        images += 1;
        let mut expect: BTreeMap<String, String> = BTreeMap::new();
        expect.extend(
            rows("expected.tsv")
                .into_iter()
                .map(|row| (row[0].clone(), row[2].clone())),
        );
        let own = rows("expected-overrides.tsv")
            .into_iter()
            .filter(|row| row[0] == name);
        expect.extend(own.map(|row| (row[1].clone(), row[3].clone())));
        let links = rows("symlinks.tsv")
            .into_iter()
            .map(|row| (row[0].clone(), row[1].clone()));
        let listing = Ext4.list(&Blob::open(&path).unwrap(), "", &Budget::default());
        assert!(listing.notices.is_empty(), "{name}");
        assert_eq!(
            BTreeMap::from_iter(listing.links.clone()),
            links.collect(),
            "{name}"
        );
        let sum = |bytes: Vec<u8>| {
            let sum = Sha256::digest(bytes);
            sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let got = content(&listing)
            .into_iter()
            .map(|(path, bytes)| (path, sum(bytes)));
        assert_eq!(got.collect::<BTreeMap<_, _>>(), expect, "{name}");
    }
    assert_eq!(images, 10);
}
