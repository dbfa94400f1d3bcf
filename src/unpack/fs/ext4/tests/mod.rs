//! Images written by hand, the smallest that show the point; images that mke2fs writes; real ones.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test may fail loudly"
)]

mod build;
mod made;

use std::fmt::Write as _;

use self::build::{Builder, EXTENTS, FILE, LINK, extent, extents, index};
use super::super::super::leaf::Data;
use super::super::super::registry::{Format as _, Listing};
use super::Ext4;
use crate::bytes::{Blob, Budget, Limits};

fn list(data: &[u8]) -> Listing {
    Ext4.list(&Blob::from(data.to_vec()), "", &Budget::default())
}

/// Files with their content (of long ones the length), links, remarks: one line each.
fn describe(listing: &Listing) -> String {
    let mut text = String::new();
    for entry in &listing.entries {
        let Data::Plain(blob) = &entry.data else { panic!() };
        let name = &entry.name;
        match blob.read("t", 0..blob.len().min(1 << 20)) {
            Ok(bytes) if bytes.len() <= 40 => {
                let content = String::from_utf8_lossy(&bytes).replace('\0', "0");
                writeln!(text, "{name} = {content}").unwrap();
            }
            Ok(bytes) => writeln!(text, "{name} {}", bytes.len()).unwrap(),
            Err(e) => writeln!(text, "{name} {} {e}", blob.len()).unwrap(),
        }
    }
    for (link, target) in &listing.links {
        writeln!(text, "{link} -> {target}").unwrap();
    }
    for remark in &listing.notices {
        let entry = remark.entry.as_deref().unwrap_or("");
        writeln!(text, "!{entry} {}, {} unread", remark.gap, remark.unread).unwrap();
    }
    text
}

#[track_caller]
fn check(builder: Builder, expect: &[&str]) {
    let got = describe(&list(&builder.finish()));
    assert_eq!(got.lines().collect::<Vec<_>>(), expect);
}

#[test]
fn files_links_and_directories_are_listed() {
    let mut b = Builder::new();
    b.file(12, b"hello");
    b.folder(13, 2, &[(14, "b.txt"), (12, "hard"), (15, "short"), (16, "long")]);
    b.file(14, b"world");
    b.inode(15, LINK, 6, 0, b"../a/x");
    let target = [b't'; 70];
    let block = b.content(&target);
    b.inode(16, LINK, 70, EXTENTS, &extents(0, &[extent(0, 1, block)]));
    b.root(&[(12, "a.txt"), (13, "dir")]);
    let long = format!("dir/long -> {}", "t".repeat(70));
    check(
        b,
        &[
            "a.txt = hello",
            "dir/hard = hello",
            "dir/b.txt = world",
            "dir/short -> ../a/x",
            &long,
        ],
    );
}

#[test]
fn a_file_of_one_extent_is_a_slice_of_the_image() {
    let mut b = Builder::new();
    let block = b.content(b"0123456789");
    b.inode(12, FILE, 10, EXTENTS, &extents(0, &[extent(0, 1, block)]));
    b.root(&[(12, "a")]);
    let image = Blob::from(b.finish());
    let listing = Ext4.list(&image, "", &Budget::default());
    let Data::Plain(blob) = &listing.entries[0].data else {
        panic!()
    };
    // A slice of what is in memory is in memory.
    assert_eq!(&*blob.memory().unwrap(), b"0123456789");
}

#[test]
fn holes_and_extents_that_were_not_written_are_zeros() {
    let mut b = Builder::new();
    let blocks = [b.content(&[b'a'; 1024]), b.content(&[b'b'; 1024])];
    let unwritten = b.content(b"old secrets");
    let tree = [
        extent(1, 1, blocks[0]),
        extent(2, 0x8000 | 1, unwritten),
        extent(5, 1, blocks[1]),
    ];
    b.inode(12, FILE, 5 * 1024 + 3, EXTENTS, &extents(0, &tree));
    b.root(&[(12, "a")]);
    let listing = list(&b.finish());
    let Data::Plain(blob) = &listing.entries[0].data else {
        panic!()
    };
    let got = blob.read("t", 0..u64::MAX).unwrap();
    let expect = [vec![0; 1024], vec![b'a'; 1024], vec![0; 3 * 1024], vec![b'b'; 3]].concat();
    assert!(got[..] == expect[..]);
    assert!(listing.notices.is_empty());
}

#[test]
fn files_may_share_blocks_and_what_is_behind_their_size_is_not_theirs() {
    let mut b = Builder::new();
    let block = b.content(b"shared, and a hash tree");
    b.content(b"more of the hash tree");
    let tree = extents(0, &[extent(0, 2, block)]);
    b.inode(12, FILE, 6, EXTENTS | 0x10_0000, &tree);
    b.inode(13, FILE, 6, EXTENTS, &tree);
    b.set(0x64, &0xc000_u32.to_le_bytes());
    b.root(&[(12, "a"), (13, "b")]);
    check(b, &["a = shared", "b = shared"]);
}

#[test]
fn the_content_of_encrypted_files_is_a_gap_of_their_size() {
    let mut b = Builder::new();
    let block = b.content(b"ciphertext");
    b.inode(12, FILE, 10, EXTENTS | 0x800, &extents(0, &[extent(0, 1, block)]));
    b.inode(13, LINK, 10, 0x800, b"ciphertext");
    b.folder(14, 2, &[(12, "\u{7f}x")]);
    b.flags(14, EXTENTS | 0x800);
    b.root(&[(12, "a"), (13, "l"), (14, "d")]);
    check(
        b,
        &[
            "a 10 ext4: file at 0x1980: encrypted",
            "d/\u{7f}x 10 ext4: file at 0x1980: encrypted",
            "!l ext4: symbolic link at 0x1a00: encrypted, 10 unread",
            "!d ext4: names in a directory at 0x1a80: encrypted, 0 unread",
        ],
    );
}

#[test]
fn a_tree_that_breaks_its_rules_loses_what_it_is_about_and_nothing_else() {
    let mut b = Builder::new();
    let good = b.content(b"good");
    // The second branch has blocks of the first, the third is its own child, the fourth is none.
    let leaf = b.content(&extents(0, &[extent(0, 1, good)]));
    let own = b.content(b"");
    b.put(own, &extents(1, &[index(2, own)]));
    let none = b.content(b"no tree");
    let root = extents(
        1,
        &[index(0, leaf), index(1, leaf), index(2, own), index(3, none)],
    );
    b.inode(12, FILE, 4 * 1024, EXTENTS, &root);
    // In order, but one overlaps; one that leads out of the file system.
    b.inode(
        13,
        FILE,
        2048,
        EXTENTS,
        &extents(0, &[extent(0, 2, good), extent(1, 1, good)]),
    );
    b.inode(
        14,
        FILE,
        2048,
        EXTENTS,
        &extents(0, &[extent(0, 1, good), extent(1, 1, 9999)]),
    );
    b.inode(15, FILE, 4, EXTENTS, &extents(0, &[extent(0, 500, good)]));
    b.root(&[(12, "tree"), (13, "order"), (14, "out"), (15, "long")]);
    let listing = list(&b.finish());
    let read = |entry: usize, range| {
        let Data::Plain(blob) = &listing.entries[entry].data else {
            panic!()
        };
        let bytes = blob.read("t", range).map(|bytes| bytes[..4].to_vec());
        bytes.map_err(|gap| gap.what.into_owned())
    };
    assert_eq!(read(0, 0..1024).unwrap(), b"good");
    assert_eq!(read(0, 1024..2048).unwrap_err(), "ee_block");
    assert_eq!(read(0, 2048..3072).unwrap_err(), "eh_depth");
    assert_eq!(read(0, 3072..4096).unwrap_err(), "eh_magic");
    assert_eq!(read(1, 0..4).unwrap_err(), "ee_block");
    assert_eq!(read(2, 0..1024).unwrap(), b"good");
    assert_eq!(read(2, 1024..2048).unwrap_err(), "ee_start");
    assert_eq!(read(3, 0..4).unwrap(), b"good");
    assert_eq!(listing.notices.len(), 1);
    assert_eq!(listing.notices[0].gap.what, "ee_len");
}

#[test]
fn a_list_of_blocks_that_is_in_itself_ends() {
    let mut b = Builder::new();
    let list = b.content(b"");
    b.put(list, &(list as u32).to_le_bytes().repeat(256));
    let data = b.content(b"data");
    let mut block = [0; 60];
    block[..4].copy_from_slice(&(data as u32).to_le_bytes());
    block[56..].copy_from_slice(&(list as u32).to_le_bytes());
    // 12 + 256 + 256² + 256³ blocks of 1 KiB.
    b.inode(12, FILE, 17_247_252_480, 0, &block);
    b.root(&[(12, "a")]);
    let listing = self::list(&b.finish());
    let Data::Plain(blob) = &listing.entries[0].data else {
        panic!()
    };
    assert_eq!(&*blob.read("t", 0..4).unwrap(), b"data");
    let start = (12 + 256 + 65_536) * 1024;
    assert_eq!(&*blob.read("t", start - 4..start).unwrap(), [0; 4]);
    let gap = blob.read("t", start..start + 4).unwrap_err();
    assert_eq!(gap.what, "block list seen before");
}

#[test]
fn names_are_names_and_directories_are_read_once() {
    let mut b = Builder::new();
    b.file(12, b"x");
    b.folder(
        13,
        2,
        &[
            (12, "a/b"),
            (12, "twice"),
            (12, "twice"),
            (13, "self"),
            (2, "up"),
            (99, "far"),
        ],
    );
    b.root(&[(13, "d"), (12, ".."), (14, "none")]);
    check(
        b,
        &[
            "d/a\\x2fb = x",
            "d/twice = x",
            "d/twice = x",
            "!none ext4: i_mode at 0x1a80: invalid value 0x0, 0 unread",
            "!d ext4: name seen before at 0x4c34: odd value 0xc, read as Android reads it, 0 unread",
            "!d/a\\x2fb ext4: name with a slash at 0x4c20: invalid value 0x2f, 0 unread",
            "!d/far ext4: inode number at 0x4c5c: invalid value 0x63, 0 unread",
            "!d/up ext4: directory seen before at 0x4c50: invalid value 0x2, 0 unread",
            "!d/self ext4: directory seen before at 0x4c44: invalid value 0xd, 0 unread",
        ],
    );
}

#[test]
fn limits_are_gaps_and_what_was_before_them_is_kept() {
    let mut b = Builder::new();
    b.file(12, b"x");
    b.root(&[(12, "a"), (12, "b"), (12, "c")]);
    let limits = Limits {
        listed: 2,
        ..Limits::default()
    };
    let listing = Ext4.list(&Blob::from(b.finish()), "", &Budget::new(limits));
    let expect = "a = x\nb = x\nc = x\n! ext4: entries at 0x4400: 3 is over the limit of 2, see --max-entries-per-file, 0 unread\n";
    assert_eq!(describe(&listing), expect);
}

#[test]
fn a_broken_superblock_is_read_by_its_backup() {
    let mut b = Builder::new();
    b.file(12, b"hello");
    b.root(&[(12, "a")]);
    // A group has 8192 blocks of 1 KiB; the second starts with the backup and its descriptors.
    b.set(0x4, &16384_u32.to_le_bytes());
    let mut image = b.finish();
    image.resize(16384 << 10, 0);
    image.copy_within(1024..3072, 8193 << 10);
    image[0x458] = 7;
    let got = describe(&list(&image));
    let expect = "a = hello\n! ext4: s_inode_size at 0x458: invalid value 0x7, 0 unread\n";
    assert_eq!(got, expect);
}

#[test]
fn a_journal_that_was_not_replayed_is_told() {
    let mut b = Builder::new();
    let mut journal = [0; 1024];
    journal[..4].copy_from_slice(&0xc03b_3998_u32.to_be_bytes());
    let block = b.content(&journal);
    b.inode(8, FILE, 1024, EXTENTS, &extents(0, &[extent(0, 1, block)]));
    b.set(0x60, &(0x42_u32 | 4).to_le_bytes());
    b.set(0xe0, &8_u32.to_le_bytes());
    b.root(&[]);
    let mut image = b.finish();
    let at = block as usize * 1024;
    let got = describe(&list(&image));
    assert_eq!(
        got,
        "! ext4: journal to recover, empty at 0x460: odd value 0x46, read as Android reads it, 0 unread\n"
    );
    image[at + 0x1f] = 3;
    let got = describe(&list(&image));
    assert_eq!(
        got,
        "! ext4: journal to recover at 0x460: unsupported value 0x3, 0 unread\n"
    );
}

#[test]
fn an_unknown_feature_is_refused_and_costs_the_whole() {
    let mut b = Builder::new();
    b.root(&[]);
    b.set(0x60, &0x8000_0002_u32.to_le_bytes());
    check(
        b,
        &["! ext4: s_feature_incompat at 0x460: unsupported value 0x80000000, 65536 unread"],
    );
}

/// All that the readers look at.
fn tiny() -> Vec<u8> {
    let mut b = Builder::new();
    b.file(12, b"hello");
    let (one, two) = (b.content(b"one"), b.content(b"two"));
    let leaf = b.content(&extents(0, &[extent(0, 1, one), extent(3, 1, two)]));
    b.inode(13, FILE, 5000, EXTENTS, &extents(1, &[index(0, leaf)]));
    let list = b.content(&(one as u32).to_le_bytes());
    let mut block = [0; 60];
    block[..4].copy_from_slice(&(two as u32).to_le_bytes());
    block[48..52].copy_from_slice(&(list as u32).to_le_bytes());
    b.inode(14, FILE, 14 << 10, 0, &block);
    b.inode(15, LINK, 3, 0, b"dir");
    b.folder(16, 2, &[(12, "hard")]);
    b.root(&[(12, "a"), (13, "tree"), (14, "list"), (15, "link"), (16, "dir")]);
    b.finish()
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    let whole = tiny();
    for cut in (0..whole.len()).step_by(7) {
        describe(&list(&whole[..cut]));
    }
    // What is zero and far from what is not, is not looked at.
    for at in (0..whole.len()).filter(|at| at / 1024 < 30) {
        for bit in [0x80, 0x01, 0xff] {
            if whole[at] == 0 && at % 5 != 0 && bit != 0xff {
                continue;
            }
            let mut data = whole.clone();
            data[at] ^= bit;
            describe(&list(&data));
        }
    }
}
