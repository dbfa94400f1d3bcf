//! What belongs together is found, and reads as one.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test may overflow loudly, and says where it did not run"
)]

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::*;
use crate::bytes::Limits;
use crate::unpack::registry::{self, Entry, Remark};
use crate::unpack::{folder, zip};

/// A listing of these files, joined: name, bytes as far as they can be read.
fn joined(files: &[(&str, &[u8])]) -> (Vec<(String, Vec<u8>)>, Vec<String>) {
    let mut listing = Listing::default();
    for (name, bytes) in files {
        listing.blob(*name, Blob::from(bytes.to_vec()));
    }
    join(&mut listing, &Budget::default());
    let read = |entry: &Entry| {
        let (bytes, _, _) = entry.data.blob().unwrap().salvage("t", 0..1 << 30);
        (entry.name.to_string(), bytes.to_vec())
    };
    let told = |remark: &Remark| {
        let entry = remark.entry.as_deref().unwrap_or_default();
        format!("{entry}: {}, {} unread", remark.gap, remark.unread)
    };
    (
        listing.entries.iter().map(read).collect(),
        listing.notices.iter().map(told).collect(),
    )
}

/// Blocks of the image, a character each: of new data its first byte, `.` for zeros.
fn blocks(bytes: &[u8]) -> String {
    let first = |block: &[u8]| if block[0] == 0 { '.' } else { char::from(block[0]) };
    bytes.chunks(4096).map(first).collect()
}

/// New data with a block for each character.
fn data(text: &str) -> Vec<u8> {
    text.bytes().flat_map(|b| vec![b; 4096]).collect()
}

#[track_caller]
fn check(files: &[(&str, &[u8])], expect: &[(&str, &str)], gaps: &[&str]) {
    let (got, told) = joined(files);
    let got: Vec<(&str, String)> = got.iter().map(|(name, bytes)| (&**name, blocks(bytes))).collect();
    let expect: Vec<(&str, String)> = expect
        .iter()
        .map(|(name, text)| (*name, (*text).into()))
        .collect();
    assert_eq!(got, expect);
    assert_eq!(told, gaps);
}

const LIST: &[u8] = b"4\n5\n0\n0\nerase 2,1,7\nnew 4,0,1,5,7\nzero 2,1,3\nnew 2,7,9\n";

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn new_data_is_found_however_it_is_packed_and_cut() {
    let all = data("abcde");
    let packed = gz(&all);
    let (front, back) = packed.split_at(20);
    let list = ("a/x.transfer.list", LIST);
    let image = [("a/x.img", "a....bcde")];
    check(
        &[list, ("a/x.new.dat", &all), ("a/x.patch.dat", b"")],
        &image,
        &[],
    );
    check(&[list, ("a/x.new.dat.gz", &packed)], &image, &[]);
    check(
        &[list, ("a/x.new.dat.gz.0", front), ("a/x.new.dat.gz.1", back)],
        &image,
        &[],
    );
    check(
        &[
            list,
            ("a/x.new.dat.2", &all[9000..]),
            ("a/x.new.dat.1", &all[..9000]),
        ],
        &image,
        &[],
    );
    check(
        &[
            list,
            ("a/x.new.dat", &all[..9000]),
            ("a/x.new.dat.1", &all[9000..]),
        ],
        &image,
        &[],
    );
    let each = [gz(&all[..9000]), gz(&all[9000..])];
    check(
        &[
            list,
            ("a/x.new.dat.1.gz", &each[0]),
            ("a/x.new.dat.2.gz", &each[1]),
        ],
        &image,
        &[],
    );
}

#[test]
fn parts_are_in_the_order_of_their_numbers() {
    let parts: Vec<(String, Vec<u8>)> = ('a'..='l')
        .zip(0..)
        .map(|(c, n)| (format!("x.new.dat.{n}"), data(&c.to_string())))
        .collect();
    let mut files: Vec<(&str, &[u8])> = parts.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
    files.push(("x.transfer.list", b"1\n12\nnew 2,0,12\n"));
    files.sort_unstable();
    check(&files, &[("x.img", "abcdefghijkl")], &[]);
}

#[test]
fn the_number_of_a_carrier_is_no_part_of_the_name() {
    let list: &[u8] = b"1\n1\nnew 2,0,1\n";
    let (a, b) = (data("a"), data("b"));
    let one: [(&str, &[u8]); 2] = [
        ("my_x.00011011.transfer.list", list),
        ("my_x.00011011.new.dat", &a),
    ];
    check(&one, &[("my_x.img", "a")], &[]);
    let two: [(&str, &[u8]); 2] = [
        ("my_x.00011012.transfer.list", list),
        ("my_x.00011012.new.dat", &b),
    ];
    let expect = [("my_x.00011011.img", "a"), ("my_x.00011012.img", "b")];
    check(&[one, two].concat(), &expect, &[]);
}

#[test]
fn missing_data_is_lost_and_moves_nothing() {
    let all = data("abcde");
    let list = ("x.transfer.list", LIST);
    check(
        &[list, ("x.new.dat", &all[..9000])],
        &[("x.img", "a....b...")],
        &["x.img: block-ota: new data at 0x2328: truncated, needs 20480 bytes, 9000 left, 11480 unread"],
    );
    check(
        &[
            list,
            ("x.new.dat.0", &all[..8192]),
            ("x.new.dat.2", &all[12288..]),
        ],
        &[("x.img", "a....b...")],
        &["x.img: block-ota: number of a part that is missing at 0x0: invalid value 0x1, 12288 unread"],
    );
    check(
        &[list, ("x.new.dat", &data("abcdef"))],
        &[("x.img", "a....bcde")],
        &[
            "x.img: block-ota: new data after the last command at 0x5000: odd value 0x1000, read as Android reads it, 0 unread",
        ],
    );
    let packed = gz(&all);
    let (_, told) = joined(&[list, ("x.new.dat.gz", &packed[..packed.len() - 12])]);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("x.img: block-ota: gzip stream at 0x0: truncated"),
        "{told:?}"
    );
}

#[test]
fn without_data_or_list_there_is_no_image() {
    let gap = "x.img: block-ota: new data at 0x0: truncated, needs 20480 bytes, 0 left, 20480 unread";
    let list = ("x.transfer.list", LIST);
    let (got, told) = joined(&[list]);
    assert_eq!((got.len(), told), (1, vec![gap.to_string()]));
    let (got, told) = joined(&[list, ("x.new.dat.br", b"no brotli")]);
    assert_eq!((got.len(), told.len()), (2, 1));
    let (got, told) = joined(&[
        ("x.transfer.list", b""),
        ("x.new.dat.br", b""),
        ("y.new.dat", b""),
    ]);
    let gap = "x.img: block-ota: version at 0x0: truncated, needs 1 bytes, 0 left, 0 unread";
    assert_eq!((got.len(), told), (3, vec![gap.to_string()]));
}

#[test]
fn what_is_made_from_the_old_build_is_lost() {
    let list = b"3\n4\n1\n1\nstash 00 2,8,9\nmove 00 2,1,2 1 2,8,9\nnew 2,0,1\nbsdiff 0 7 00 00 2,5,7 1 2,1,2\nfree 00\n";
    let (a, patch) = (data("a"), b"BSDIFF4".as_slice());
    let files: [(&str, &[u8]); 3] = [
        ("x.transfer.list", list),
        ("x.new.dat", &a),
        ("x.patch.dat", patch),
    ];
    // Blocks 2 to 4 are written by no command: they stay as they were.
    check(
        &files,
        &[("x.img", "a......")],
        &[
            "x.img: block-ota: blocks made from those of the old build, see --base at 0x17: unsupported value 0x3, 24576 unread",
        ],
    );
}

#[test]
fn what_a_later_command_writes_wins_and_is_told() {
    check(
        &[
            ("x.transfer.list", b"1\n4\nnew 2,0,3\nnew 2,1,2\n"),
            ("x.new.dat", &data("abcd")),
        ],
        &[("x.img", "adc")],
        &[
            "x.img: block-ota: new data that a later command overwrites at 0x0: odd value 0x1000, read as Android reads it, 0 unread",
        ],
    );
}

#[test]
fn an_image_of_eight_tebibytes_costs_nothing() {
    let list = b"4\n2\n0\n0\nnew 2,0,1\nzero 2,5,2147483647\nnew 2,2147483646,2147483647\n";
    let mut listing = Listing::default();
    listing.blob("x.transfer.list", Blob::from(list.to_vec()));
    listing.blob("x.new.dat", Blob::from(data("ab")));
    join(&mut listing, &Budget::default());
    let image = listing.entries[0].data.blob().unwrap();
    assert_eq!(image.len(), 2_147_483_647 * 4096);
    assert_eq!(&*image.read("t", image.len() - 1..image.len()).unwrap(), b"b");
    assert!(image.read("t", 4096..4097).is_err(), "no command writes it");
}

#[test]
fn limits_are_loud() {
    // 20 MB of zeros in 20 KB.
    let packed = gz(&vec![0; 5000 * 4096]);
    let budget = Budget::new(Limits {
        ratio: 10,
        ..Limits::default()
    });
    let mut listing = Listing::default();
    listing.blob("x.transfer.list", Blob::from(b"1\n5000\nnew 2,0,5000\n".to_vec()));
    listing.blob("x.new.dat.gz", Blob::from(packed));
    join(&mut listing, &budget);
    let told: Vec<String> = listing.notices.iter().map(|n| n.gap.to_string()).collect();
    let gap = "block-ota: expansion at 0x0: 20480001 is over the limit of 16777216, see --max-ratio";
    assert_eq!(
        (told, listing.notices[0].unread),
        (vec![gap.to_string()], 3_702_784)
    );

    let many = "parts: images in several files at 0x0: 300 is over the limit of 256";
    let shared = "parts: images in an archive whose entries share bytes at 0x0: 300 is over the limit of 0";
    for (overlaps, images, gap) in [(false, 256, many), (true, 0, shared)] {
        let mut listing = Listing {
            overlaps,
            ..Listing::default()
        };
        for n in 0..300 {
            let list = b"1\n1\nzero 2,0,1\n".to_vec();
            listing.blob(format!("{n}.transfer.list"), Blob::from(list));
        }
        join(&mut listing, &Budget::default());
        let told: Vec<String> = listing.notices.iter().map(|n| n.gap.to_string()).collect();
        assert_eq!((listing.entries.len(), told), (300, vec![gap.to_string()]));
        let joined = listing
            .entries
            .iter()
            .filter(|entry| entry.name.ends_with(".img"));
        assert_eq!(joined.count(), images);
    }
}

/// A sparse image of `blocks` blocks, with chunks (block, text).
fn sparse(blocks: u32, chunks: &[(u32, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut count = 0_u32;
    let mut chunk = |kind: u16, blocks: u32, data: &[u8]| {
        count += 1;
        body.extend(kind.to_le_bytes());
        body.extend([0, 0]);
        body.extend(blocks.to_le_bytes());
        body.extend(u32::try_from(12 + data.len()).unwrap().to_le_bytes());
        body.extend(data);
    };
    let mut at = 0;
    for (block, text) in chunks {
        chunk(0xcac3, block - at, b"");
        let len = u32::try_from(text.len()).unwrap();
        chunk(0xcac1, len, &data(text));
        at = block + len;
    }
    chunk(0xcac3, blocks - at, b"");
    let mut all = vec![0x3a, 0xff, 0x26, 0xed, 1, 0, 0, 0, 28, 0, 12, 0];
    for field in [4096, blocks, count, 0] {
        all.extend(field.to_le_bytes());
    }
    all.extend(body);
    all
}

#[test]
fn sparse_parts_are_laid_over_each_other() {
    let parts = [
        sparse(8, &[(0, "ab")]),
        sparse(8, &[(2, "cd"), (5, "e")]),
        sparse(8, &[(7, "f")]),
    ];
    let names = [
        [
            "a/x.img_sparsechunk.0",
            "a/x.img_sparsechunk.1",
            "a/x.img_sparsechunk.2",
        ],
        [
            "a/x.img_sparsechunk1",
            "a/x.img_sparsechunk2",
            "a/x.img_sparsechunk3",
        ],
        ["a/x.img.0", "a/x.img.1", "a/x.img.2"],
        ["a/x.0.img", "a/x.1.img", "a/x.2.img"],
        ["a/x.0.1a2b3c4d.img", "a/x.1.99999999.img", "a/x.2.aaaaaaaa.img"],
        ["a/x.img.000", "a/x.img.001", "a/x.img.002"],
    ];
    for names in names {
        let mut files: Vec<(&str, &[u8])> = names
            .iter()
            .copied()
            .zip(parts.iter().map(|part| &**part))
            .collect();
        files.reverse();
        check(&files, &[("a/x.img", "abcd.e.f")], &[]);
    }
    check(&[("x.000", &parts[0])], &[("x", "ab......")], &[]);
}

#[test]
fn what_a_missing_part_would_have_held_is_lost() {
    let (a, b, c) = (
        sparse(8, &[(0, "ab")]),
        sparse(8, &[(4, "c")]),
        sparse(8, &[(6, "d")]),
    );
    let mut broken = c.clone();
    broken[8] = 0;
    let check = |files: &[(&str, &[u8])], expect: &str, gap: &str| {
        let mut listing = Listing::default();
        for (name, bytes) in files {
            listing.blob(*name, Blob::from(bytes.to_vec()));
        }
        join(&mut listing, &Budget::default());
        let image = listing.entries[0].data.blob().unwrap();
        let state = |block: u64| match image.read("t", block * 4096..block * 4096 + 1) {
            Ok(byte) if byte[0] == 0 => '.',
            Ok(byte) => char::from(byte[0]),
            Err(_) => '?',
        };
        let told: Vec<String> = listing.notices.iter().map(|n| n.gap.to_string()).collect();
        assert_eq!((0..8).map(state).collect::<String>(), expect);
        assert!(told.len() == 1 && told[0].starts_with(gap), "{told:?}");
    };
    let gap = "split: part 1 at 0x2000: truncated, needs 16384 bytes, 0 left";
    check(&[("x.img.0", &a), ("x.img.2", &c)], "ab????d.", gap);
    let gap = "split: part 0 at 0x0: truncated, needs 16384 bytes, 0 left";
    check(&[("x.img.1", &b), ("x.img.2", &c)], "????c.d.", gap);
    check(&[("x.img.1", &b)], "????c...", gap);
    // One that is no image is as good as missing, wherever it is.
    let gap = "sparse: ";
    check(
        &[("x.img.0", &a), ("x.img.1", &broken), ("x.img.2", &c)],
        "ab????d.",
        gap,
    );
    check(
        &[("x.img.0", &a), ("x.img.1", &b), ("x.img.2", &broken)],
        "ab..c???",
        gap,
    );
}

#[test]
fn other_parts_stand_one_after_another_up_to_the_first_that_is_missing() {
    let all = data("abcdef");
    let parts: Vec<&[u8]> = all.chunks(9000).collect();
    check(
        &[
            ("x.img.2", parts[2]),
            ("x.img.1", parts[1]),
            ("x.img.0", parts[0]),
        ],
        &[("x.img", "abcdef")],
        &[],
    );
    check(
        &[("x.img.1", parts[0]), ("x.img.3", parts[2])],
        &[("x.img", "abc")],
        &["x.img: split: part 2 at 0x2328: truncated, needs 1 bytes, 0 left, 6576 unread"],
    );
    // A part that decodes to less than it should: nobody knows where the next begins.
    let packed = [gz(parts[0]), gz(parts[1]), gz(parts[2])];
    let cut = &packed[1][..packed[1].len() - 12];
    let (got, told) = joined(&[
        ("x.img.0.gz", &packed[0]),
        ("x.img.1.gz", cut),
        ("x.img.2.gz", &packed[2]),
    ]);
    assert!(
        all.starts_with(&got[0].1) && got[0].1.len() >= 9000,
        "{}",
        got[0].1.len()
    );
    assert_eq!(told.len(), 2);
    // A sparse image that was cut.
    let whole = sparse(8, &[(0, "ab")]);
    let (front, back) = whole.split_at(5000);
    let (got, told) = joined(&[("x.img.0", front), ("x.img.1", back)]);
    assert_eq!((got, told), (vec![("x.img".to_string(), whole.clone())], vec![]));
}

#[test]
fn numbers_behind_other_names_mean_nothing() {
    for files in [
        [("lib.so.001", "ab"), ("lib.so.002", "cd")],
        [("a.1.img", "ab"), ("a.2.img", "cd")],
        [("x.img.0", "ab"), ("y.img.1", "cd")],
        [("1e8e7201.0", "ab"), ("1e8e7201.1", "cd")],
    ] {
        let bytes = files.map(|(name, text)| (name, data(text)));
        let listed: Vec<(&str, &[u8])> = bytes.iter().map(|(name, bytes)| (*name, &**bytes)).collect();
        let (got, _) = joined(&listed);
        assert_eq!(got[0].0, *files[0].0, "{files:?}");
    }
}

#[test]
fn a_package_that_was_cut_is_put_together() {
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer
        .start_file("a", ::zip::write::SimpleFileOptions::default())
        .unwrap();
    writer.write_all(&data("abc")).unwrap();
    let whole = writer.finish().unwrap().into_inner();
    let (front, back) = whole.split_at(100);
    let (got, told) = joined(&[("ota.zip.001", front), ("ota.zip.002", back)]);
    assert_eq!(
        (got, told),
        (vec![("ota.zip".to_string(), whole.clone())], vec![])
    );
}

/// Flips and prefixes of each file of a set in turn.
#[test]
fn every_prefix_and_every_flip_is_survived() {
    let parts = [sparse(8, &[(0, "a")]), sparse(8, &[(2, "b")])];
    let packed = [gz(&data("abc")), gz(&data("de"))];
    let sets: [&[(&str, &[u8])]; 2] = [
        &[
            ("x.transfer.list", LIST),
            ("x.new.dat.0.gz", &packed[0]),
            ("x.new.dat.1.gz", &packed[1]),
        ],
        &[("x.img.0", &parts[0][..80]), ("x.img.1", &parts[1][..80])],
    ];
    for set in sets {
        for (i, (name, whole)) in set.iter().enumerate() {
            for at in 0..whole.len() {
                let mut files = set.to_vec();
                let mut flipped = whole.to_vec();
                flipped[at] ^= 0x01;
                files[i] = (name, &flipped);
                let (_, told) = joined_small(&files);
                let _ = told;
                files[i] = (name, &whole[..at]);
                joined_small(&files);
            }
        }
    }
}

/// The same as [`joined`], of images that may claim to be of any size.
fn joined_small(files: &[(&str, &[u8])]) -> (usize, usize) {
    let mut listing = Listing::default();
    for (name, bytes) in files {
        listing.blob(*name, Blob::from(bytes.to_vec()));
    }
    join(&mut listing, &Budget::default());
    for entry in &listing.entries {
        entry.data.blob().unwrap().salvage("t", 0..1 << 17);
    }
    (listing.entries.len(), listing.notices.len())
}

/// Every image of the corpus, as a script that knows only the specification writes it.
const IMAGES: &[(&str, &str, &str)] = &[
    ("images/synth/blockota-v1", "system.img", EXT4),
    ("images/synth/blockota-v2", "system.img", EXT4),
    ("images/synth/blockota-v3", "system.img", EXT4),
    ("images/synth/blockota-v4", "system.img", EXT4),
    ("images/synth/blockota-split", "system.img", EXT4),
    ("images/synth", "ext4-split.img", EXT4),
    (
        "images/synth",
        "super.img",
        "a68a5da35084e1b5b4ea4b2440afffd8c9aecb172de1118615dc348af9a2887a",
    ),
    (
        "images/blockota-iris-hp4024",
        "private.img",
        "a3f62993e13316fbfa66d6646da2a60fae066b5875b38620e4f4377ef4b109da",
    ),
    (
        "roms/hm5-9.6.27.zip",
        "system.img",
        "24381d7c5265ccd3f1f9afadfd1f030d6cd3c55e5f20afad04f406e1c9cab9f1",
    ),
    (
        "roms/hm5-9.6.27.zip",
        "vendor.img",
        "fb407bb72a4270ad6e19352ba547642f610e8e9165b5d19331f83ebfbb07b90b",
    ),
    (
        "roms/mi3-V10.1.1.0.MXDCNFI.zip",
        "system.img",
        "00fbc5431ac9056230340761e18a121721e327c8876779bd2cd4ca7d013b4468",
    ),
];
const EXT4: &str = "efc15460b5f0b45922c874e8bd0445cd3a02d67c7993559d1d035e8178a72c94";

fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from);
    if corpus.is_none() {
        println!("not run: PHONEHOME_CORPUS is not set");
    }
    corpus
}

fn open(path: &Path, budget: &Budget) -> Listing {
    let mut listing = if path.is_dir() {
        folder::list(path, budget)
    } else {
        registry::Format::list(&zip::Zip, &Blob::open(path).unwrap(), "", budget)
    };
    join(&mut listing, budget);
    listing
}

#[test]
fn images_of_the_corpus_are_what_a_script_makes_of_them() {
    let Some(corpus) = corpus() else { return };
    for (path, name, expect) in IMAGES {
        let listing = open(&corpus.join(path), &Budget::default());
        let entry = listing.entries.iter().find(|entry| *entry.name == **name);
        let image = entry
            .unwrap_or_else(|| panic!("{path}: no {name}"))
            .data
            .blob()
            .unwrap();
        let mut hash = Sha256::new();
        let mut reader = image.reader();
        while let Some(len) = Some(reader.fill_buf().unwrap().len()).filter(|len| *len > 0) {
            hash.update(reader.fill_buf().unwrap());
            reader.consume(len);
        }
        let got: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!((got, *name), ((*expect).to_string(), *name), "{path}");
        let told: Vec<String> = listing
            .notices
            .iter()
            .filter(|remark| remark.entry.as_deref() == Some(*name))
            .map(|remark| remark.gap.to_string())
            .collect();
        assert!(told.is_empty(), "{path}: {told:?}");
    }
}
