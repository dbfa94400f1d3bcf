#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use super::super::corpus;
use super::*;
use crate::unpack::codec::{self, Codec};

#[test]
fn every_file_of_the_known_tree_is_read() {
    let Some(synth) = corpus::synth() else { return };
    for kind in ["f2fs", "f2fs-inline-xattr"] {
        let packed = std::fs::read(synth.join(format!("{kind}.img.lz4"))).unwrap();
        let mut image = Vec::new();
        std::io::Read::read_to_end(&mut codec::reader(Codec::Lz4Frame, &*packed), &mut image).unwrap();
        corpus::compare(&F2fs, Blob::from(image), &synth);
    }
}

/// Inline data and entries, further attributes, checksums, clusters, the layouts that are only read.
#[test]
fn what_sload_writes_is_read() {
    let tree = corpus::tree();
    let expect = corpus::folder(tree.path());
    let path = tree.path().with_extension("f2fs");
    let image = path.to_str().unwrap();
    for (make, load) in [
        ("", ""),
        ("-i", ""),
        ("-O encrypt,verity", ""),
        (
            "-O extra_attr,inode_checksum,sb_checksum,inode_crtime,project_quota",
            "",
        ),
        ("-O extra_attr,flexible_inline_xattr,quota,lost_found", ""),
        ("-O casefold -C utf8", ""),
        ("-O ro", ""),
        ("-O extra_attr,compression", "-c -a lz4"),
        ("-O extra_attr,compression,inode_checksum", "-c -a lzo -L 5"),
        (
            "-O extra_attr,compression,flexible_inline_xattr,ro",
            "-c -a lz4 -L 8 -r",
        ),
    ] {
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(120 << 20).unwrap();
        let words = |text: &'static str| text.split(' ').filter(|word| !word.is_empty());
        let mut args: Vec<&str> = ["-q", "-f"].into_iter().chain(words(make)).collect();
        args.push(image);
        if !corpus::run("mkfs.f2fs", &args, &[0]) {
            break;
        }
        let mut args = vec!["-f", tree.path().to_str().unwrap(), "-t", "/"];
        args.extend(words(load));
        args.push(image);
        // 1 is that it has corrected what it wrote itself.
        if !corpus::run("sload.f2fs", &args, &[0, 1]) {
            break;
        }
        let listing = F2fs.list(&Blob::open(&path).unwrap(), "", &Budget::default());
        if listing.entries.is_empty() && !load.is_empty() {
            // Debian's has no compressor, and ends without an error.
            corpus::say("sload.f2fs compressed nothing");
            continue;
        }
        let gaps: Vec<String> = listing.notices.iter().map(|n| n.gap.to_string()).collect();
        assert_eq!(gaps, Vec::<String>::new(), "{make} {load}");
        assert_eq!(listing.links, [("link".into(), "many/../little".into())]);
        let mut got = corpus::hashes(&listing);
        got.retain(|name, hash| expect.get(name) != Some(hash));
        if make.contains("flexible_inline_xattr") {
            // Its own correction makes room for attributes where it has put addresses of large files.
            got.remove("holes");
        }
        assert_eq!(got, corpus::Hashes::new(), "{make} {load}");
        assert_eq!(listing.entries.len(), expect.len());
    }
    std::fs::remove_file(path).unwrap();
}

const CHECKED: &[u8] = include_bytes!("../../../../samples/f2fs/checked/in.bin");
const PLAIN: &[u8] = include_bytes!("../../../../samples/f2fs/plain/in.bin");

fn list(image: &[u8]) -> Listing {
    F2fs.list(&Blob::from(image.to_vec()), "", &Budget::default())
}

fn data<'a>(listing: &'a Listing, name: &str) -> &'a Blob {
    let entry = listing.entries.iter().find(|entry| &*entry.name == name).unwrap();
    let crate::unpack::leaf::Data::Plain(blob) = &entry.data else {
        panic!()
    };
    blob
}

fn read(listing: &Listing, name: &str) -> Vec<u8> {
    data(listing, name).read("t", 0..u64::MAX).unwrap().to_vec()
}

#[track_caller]
fn refusal(image: &[u8], expect: &str) {
    let got = list(image);
    assert!(got.entries.is_empty());
    assert_eq!(got.notices[0].gap.to_string(), expect);
    assert_eq!(got.notices[0].unread, image.len() as u64);
}

/// The image with these bytes at `at` instead, and in the superblock's copy.
fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut image = PLAIN.to_vec();
    for at in [at, at + 4096] {
        image[at..at + bytes.len()].copy_from_slice(bytes);
    }
    image
}

/// Corrects the checksums of a checkpoint pack of eight blocks.
fn seal(image: &mut [u8], pack: usize) {
    for block in [pack, pack + 7] {
        let block = &mut image[block * 4096..][..4096];
        let crc = crc::crc32(MAGIC, &block[..4092]);
        block[4092..].copy_from_slice(&crc.to_le_bytes());
    }
}

#[test]
fn every_kind_of_file_of_a_small_image_is_listed() {
    for image in [CHECKED, PLAIN] {
        let got = list(image);
        let names: Vec<&str> = got.entries.iter().map(|e| &*e.name).collect();
        let expect = [
            "build.prop",
            "text.txt",
            "sparse.bin",
            "packed.txt",
            "rle.txt",
            "a longer name for build.prop",
            "sub/deep.txt",
        ];
        assert_eq!(names, expect);
        assert_eq!(got.links, [("link".into(), "sub/../text.txt".into())]);
        assert_eq!(read(&got, "build.prop"), b"ro.acme.line=0123456789abcdefgh\n");
        assert_eq!(
            read(&got, "build.prop"),
            read(&got, "a longer name for build.prop")
        );
        assert_eq!(read(&got, "sub/deep.txt"), b"deep\n");
        let text = [[b'A'; 4096], [b'B'; 4096], [0; 4096], [0; 4096]].concat();
        assert_eq!(read(&got, "text.txt"), [text, vec![b'C'; 100]].concat());
        let sparse = read(&got, "sparse.bin");
        assert_eq!(sparse.len(), 915 * 4096 + 13);
        assert!(sparse.ends_with(b"\0behind a hole"));
        let packed = read(&got, "packed.txt");
        assert_eq!(
            packed,
            [
                b"ro.acme.line=0123456789abcdefgh\n".repeat(512),
                b"plain".to_vec()
            ]
            .concat()
        );
        // What cannot be read says so: at once where nothing of it can be, and else when it is read.
        assert_eq!(got.notices.len(), 1);
        assert_eq!(got.notices[0].entry.as_deref(), Some("secret"));
        assert_eq!(got.notices[0].gap.kind, Kind::Encrypted);
        assert_eq!(got.notices[0].unread, 77);
        let gap = data(&got, "rle.txt").read("t", 0..9).unwrap_err();
        assert!(gap.to_string().ends_with("unsupported value 0x3"), "{gap}");
        assert!(data(&got, "packed.txt").origin() > data(&got, "text.txt").origin());
        assert_eq!(data(&got, "sparse.bin").origin_at(915 * 4096 + 5) % 4096, 0);
    }
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    refusal(
        &with(1024 + 16, &[14]),
        "f2fs: log_blocksize at 0x410: unsupported value 0xe",
    );
    refusal(
        &with(1024 + 20, &[10]),
        "f2fs: log_blocks_per_seg at 0x414: invalid value 0xa",
    );
    refusal(
        &with(1024 + 2182, &[2]),
        "f2fs: feature at 0xc84: unsupported value 0x22009",
    );
    refusal(
        &with(1024 + 2201, b"/dev/sdb"),
        "f2fs: several devices at 0xc99: unsupported value 0x1",
    );
    refusal(
        &PLAIN[..4096],
        "f2fs: checkpoint at 0x2000: truncated, needs 4096 bytes, 0 left",
    );
}

#[test]
fn the_second_superblock_stands_in_for_the_first() {
    let mut image = CHECKED.to_vec();
    image[1024 + 96] ^= 1;
    let got = list(&image);
    assert_eq!(got.entries.len(), 7);
    assert_eq!(
        got.notices[0].gap.to_string(),
        "f2fs: superblock, its copy is read at 0x400: odd value 0x0, read as Android reads it"
    );
    image[4096 + 1024 + 96] ^= 1;
    refusal(&image, "f2fs: crc at 0xffc: invalid value 0x638e24e9");
}

#[test]
fn the_newer_sound_checkpoint_and_the_copy_it_names_hold() {
    // A second pack, newer, which says that the first block of the NAT is the second of its pair.
    let mut image = PLAIN.to_vec();
    image.resize(600 * 4096, 0);
    image.copy_within(2 * 4096..10 * 4096, 514 * 4096);
    image.copy_within(10 * 4096..11 * 4096, 522 * 4096);
    image[10 * 4096..11 * 4096].fill(0);
    for block in [514, 521] {
        image[block * 4096] = 8;
        image[block * 4096 + 192 + 64] = 0x80;
    }
    seal(&mut image, 514);
    assert_eq!(list(&image).entries.len(), 7);
    // It is not whole: the older one holds, whose table is empty.
    image[521 * 4096] = 9;
    seal(&mut image, 514);
    let got = list(&image);
    assert!(got.entries.is_empty() && got.notices[0].unread > 0);
}

#[test]
fn an_inode_that_does_not_match_its_checksum_is_lost() {
    let mut image = CHECKED.to_vec();
    let at = image.windows(13).position(|w| w == b"ro.acme.line=").unwrap();
    image[at] ^= 1;
    let got = list(&image);
    let lost: Vec<_> = got.notices.iter().filter_map(|n| n.entry.as_deref()).collect();
    assert_eq!(lost, ["build.prop", "secret", "a longer name for build.prop"]);
    assert!(got.notices[0].gap.to_string().contains("i_inode_checksum"));
}

#[test]
fn blocks_far_behind_are_found_through_three_levels() {
    // `sparse.bin`, inode 6, whose direct node 14 now hangs below 17, and that below 16.
    let mut image = PLAIN.to_vec();
    let address = |image: &[u8], nid: usize| {
        let entry = &image[10 * 4096 + 9 * nid..][5..9];
        u32::from_le_bytes(entry.try_into().unwrap()) as usize
    };
    for (nid, child) in [(16_u32, 17_u32), (17, 14)] {
        let mut node = vec![0; 4096];
        node[..4].copy_from_slice(&child.to_le_bytes());
        node[4072..4076].copy_from_slice(&nid.to_le_bytes());
        node[4076] = 6;
        let at = (image.len() / 4096) as u32;
        let entry = 10 * 4096 + 9 * nid as usize + 5;
        image[entry..entry + 4].copy_from_slice(&at.to_le_bytes());
        image.extend(node);
    }
    let inode = address(&image, 6) * 4096;
    let first = 914 + 2 * 1018 + 2 * 1018 * 1018 + 1_u64;
    image[inode + 16..inode + 24].copy_from_slice(&(first * 4096 + 9).to_le_bytes());
    image[inode + 4052] = 0;
    image[inode + 4052 + 16] = 16;
    let got = list(&image);
    let sparse = data(&got, "sparse.bin");
    assert_eq!(sparse.len(), first * 4096 + 9);
    let end = sparse.read("t", first * 4096 - 2..u64::MAX).unwrap();
    assert_eq!(&*end, b"\0\0behind a ");
    assert_eq!(sparse.origin_at(first * 4096) % 4096, 0);
    assert_eq!(&*sparse.read("t", 1 << 32..(1 << 32) + 3).unwrap(), [0; 3]);
    // A node that cannot be found loses what it leads to, and nothing else.
    image[10 * 4096 + 9 * 17 + 5..][..4].fill(0);
    let got = list(&image);
    let sparse = data(&got, "sparse.bin");
    assert_eq!(&*sparse.read("t", 0..4).unwrap(), [0; 4]);
    let gap = sparse.read("t", first * 4096..u64::MAX).unwrap_err();
    assert_eq!(gap.to_string(), "f2fs: block_addr at 0xa099: invalid value 0x0");
}

#[test]
fn zstd_clusters_are_decoded() {
    // Frame of one block that is one byte, 16384 times over.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x60, 0x00, 0x3f, 0x03, 0x00, 0x02, b'z'];
    let mut block = vec![0; 4096];
    block[0] = frame.len() as u8;
    block[24..24 + frame.len()].copy_from_slice(&frame);
    let run = file::Run {
        index: 0,
        len: 1,
        place: file::Place::Packed(0),
    };
    let cluster = cluster::decode(&Blob::from(block.clone()), (2, 2), &[run]).unwrap();
    assert!(*cluster == [b'z'; 16384]);
    let gap = cluster::decode(&Blob::from(block.clone()), (2, 3), &[run]).unwrap_err();
    assert!(
        gap.to_string()
            .ends_with("truncated, needs 32768 bytes, 16384 left"),
        "{gap}"
    );
    block[1] = 0xff;
    let gap = cluster::decode(&Blob::from(block), (2, 2), &[run]).unwrap_err();
    assert_eq!(gap.to_string(), "f2fs: clen at 0x0: invalid value 0xff0b");
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    for cut in (0..PLAIN.len()).step_by(61) {
        corpus::survive(&F2fs, PLAIN[..cut].to_vec());
    }
    // What is in data, and the zeros behind fields, is the same to a reader whatever it is.
    let tells = |at: &usize| !b"\0ABC?".contains(&PLAIN[*at]) || at % 4096 < 24;
    for at in (0..PLAIN.len()).filter(tells) {
        for bit in [0, 7] {
            let mut image = PLAIN.to_vec();
            image[at] ^= 1 << bit;
            seal(&mut image, 2);
            corpus::survive(&F2fs, image);
        }
    }
}
