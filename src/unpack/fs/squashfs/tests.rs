#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use super::super::corpus;
use super::*;

#[test]
fn every_file_of_the_known_tree_is_read() {
    let Some(synth) = corpus::synth() else { return };
    for kind in ["gzip", "lzo", "xz", "lz4", "zstd", "128k-nofrag"] {
        let path = synth.join(format!("squashfs-{kind}.img"));
        corpus::compare(&Squashfs, Blob::open(&path).unwrap(), &synth);
    }
}

/// Every codec, with and without fragments, with the parts that are not compressed.
#[test]
fn what_mksquashfs_writes_is_read() {
    let tree = corpus::tree();
    let expect = corpus::folder(tree.path());
    let image = tree.path().with_extension("squashfs");
    for options in [
        "-comp gzip",
        "-comp lzma",
        "-comp lzo",
        "-comp xz -Xbcj x86,arm",
        "-comp lz4 -Xhc",
        "-comp zstd",
        "-noI -noD -noF",
        "-b 4096 -always-use-fragments",
        "-b 4096 -noD -noF",
        "-b 1M -no-fragments",
        "-noI -no-sparse -no-hardlinks -no-duplicates",
    ] {
        let mut args = vec![tree.path().to_str().unwrap(), image.to_str().unwrap()];
        args.extend(["-noappend", "-nopad", "-quiet", "-processors", "1"]);
        args.extend(options.split(' '));
        if !corpus::run("mksquashfs", &args, &[0]) {
            return;
        }
        let listing = Squashfs.list(&Blob::open(&image).unwrap(), "", &Budget::default());
        assert!(listing.notices.is_empty(), "{options}");
        assert_eq!(listing.links, [("link".into(), "many/../little".into())]);
        assert_eq!(corpus::hashes(&listing), expect, "{options}");
    }
    std::fs::remove_file(image).unwrap();
}

const GZIP: &[u8] = include_bytes!("../../../../samples/squashfs/gzip/in.bin");
const PLAIN: &[u8] = include_bytes!("../../../../samples/squashfs/plain/in.bin");

fn list(image: &[u8]) -> Listing {
    Squashfs.list(&Blob::from(image.to_vec()), "", &Budget::default())
}

#[track_caller]
fn refusal(image: &[u8], expect: &str) {
    let got = list(image);
    assert!(got.entries.is_empty());
    assert_eq!(got.notices[0].gap.to_string(), expect);
    assert_eq!(got.notices[0].unread, image.len() as u64);
}

/// The bytes of the image with these at `at` instead.
fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut image = PLAIN.to_vec();
    image[at..at + bytes.len()].copy_from_slice(bytes);
    image
}

#[test]
fn files_links_and_holes_of_a_small_image_are_listed() {
    for image in [GZIP, PLAIN] {
        let got = list(image);
        let sizes: Vec<(&str, u64)> = got.entries.iter().map(|e| (&*e.name, e.size)).collect();
        let expect = [
            ("build.prop", 40),
            ("empty", 0),
            ("hole.bin", 20_000),
            ("same.prop", 40),
            ("text.txt", 8890),
            ("sub/dir/deep.txt", 5),
        ];
        assert_eq!(sizes, expect);
        assert_eq!(got.links, [("sub/link".into(), "../text.txt".into())]);
        assert!(got.notices.is_empty());
        let crate::unpack::leaf::Data::Plain(hole) = &got.entries[2].data else {
            panic!()
        };
        let bytes = hole.read("t", 8190..8200).unwrap();
        assert_eq!(&*bytes, b"\0\0data aft");
    }
}

#[test]
fn other_versions_and_orders_are_refused_by_name() {
    refusal(
        &with(28, &[3]),
        "squashfs: s_major at 0x1c: unsupported value 0x3",
    );
    refusal(
        &with(30, &[1]),
        "squashfs: s_minor at 0x1e: unsupported value 0x1",
    );
    refusal(
        &with(0, b"sqsh"),
        "squashfs: big-endian image at 0x0: unsupported value 0x1",
    );
    refusal(
        &with(20, &[7]),
        "squashfs: compression at 0x14: unsupported value 0x7",
    );
    refusal(
        &with(12, &[1]),
        "squashfs: block_size at 0xc: invalid value 0x1001",
    );
    refusal(
        &PLAIN[..50],
        "squashfs: id_table_start at 0x30: truncated, needs 8 bytes, 2 left",
    );
}

#[test]
fn a_block_that_is_cut_off_is_a_gap_and_the_others_are_read() {
    // The tables are at the end: what is missing is the front of the data.
    let mut image = PLAIN.to_vec();
    let start = u64::from_le_bytes(image[64..72].try_into().unwrap());
    // `text.txt`, the last file in the root: its `start_block` is a gigabyte further on.
    let at = usize::try_from(start).unwrap();
    let text = image[at..]
        .windows(4)
        .rposition(|w| w == 8890_u32.to_le_bytes())
        .unwrap();
    image[at + text - 12 + 3] = 0x40;
    let hashes = corpus::hashes(&list(&image));
    let gap = "truncated, needs 4096 bytes, 0 left";
    assert!(hashes["text.txt"].ends_with(gap), "{}", hashes["text.txt"]);
    assert_eq!(hashes["hole.bin"], corpus::hashes(&list(PLAIN))["hole.bin"]);
}

#[test]
fn a_directory_in_itself_is_listed_once() {
    let mut image = PLAIN.to_vec();
    let root = u16::from_le_bytes(image[32..34].try_into().unwrap());
    // The entry of `sub/dir`: the offset of its inode is the first of four words before the name.
    let name = image.windows(5).rposition(|w| w == b"\x02\0dir").unwrap();
    image[name - 6..name - 4].copy_from_slice(&root.to_le_bytes());
    let got = list(&image);
    assert_eq!(got.entries.len(), 5);
    assert_eq!(got.notices[0].entry.as_deref(), Some("sub/dir"));
    let gap = got.notices[0].gap.to_string();
    assert!(
        gap.starts_with("squashfs: directory that is in two places"),
        "{gap}"
    );
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    for image in [GZIP, PLAIN] {
        for cut in 0..image.len() {
            corpus::survive(&Squashfs, image[..cut].to_vec());
        }
        for at in 0..image.len() {
            // Data that is not compressed reads the same whatever is in it.
            if image.len() == PLAIN.len() && (200..13_000).contains(&at) {
                continue;
            }
            for bit in 0..8 {
                let mut image = image.to_vec();
                image[at] ^= 1 << bit;
                corpus::survive(&Squashfs, image);
            }
        }
    }
}
