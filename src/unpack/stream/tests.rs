#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::print_stderr,
    reason = "offsets and lengths of data made here"
)]

use super::*;
use crate::bytes::{Kind as GapKind, Limits};
use crate::unpack::registry;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

/// The text in the samples, and them.
fn text() -> Vec<u8> {
    (0..200_u32)
        .flat_map(|n| format!("line {n} of https://example.com/{}\n", n * 7919 % 1000).into_bytes())
        .collect()
}

const SAMPLES: &[(&str, &[u8])] = &[
    ("a.gz", include_bytes!("../../../samples/gzip/members/in.bin")),
    ("a.xz", include_bytes!("../../../samples/xz/blocks/in.bin")),
    ("a.lzma", include_bytes!("../../../samples/lzma/alone/in.bin")),
    ("a.bz2", include_bytes!("../../../samples/bzip2/streams/in.bin")),
    ("a.zst", include_bytes!("../../../samples/zstd/frames/in.bin")),
    ("a.lz4", include_bytes!("../../../samples/lz4/frames/in.bin")),
    (
        "a.br",
        include_bytes!("../../../samples/brotli/text/in/text.txt.br"),
    ),
];

/// What is in a stream called `name`, read into memory and at random access; the gaps are the same.
#[track_caller]
fn unpacked(name: &str, data: &[u8], budget: &Budget) -> (Vec<u8>, Vec<Gap>) {
    let blob = Blob::from(data.to_vec());
    let head = blob.read("t", 0..8196).unwrap();
    let (_, ending) = name.rsplit_once('.').unwrap();
    let format = registry::sniff(&head)
        .or_else(|| registry::by_ending(ending))
        .unwrap();
    let listing = format.list(&blob, &inner(name).unwrap_or_default(), budget);
    let [entry] = listing.entries.as_slice() else {
        return (Vec::new(), listing.notices.into_iter().map(|n| n.gap).collect());
    };
    let Data::Stream(stream) = &entry.data else {
        panic!("{name} is no stream")
    };
    let mut front = [0; 100];
    let got = stream.head(&mut front);
    let read = stream.read(budget);
    assert!(
        read.bytes.starts_with(&front[..got]) || !read.gaps.is_empty(),
        "{name}"
    );
    let opened = stream.open(budget);
    let gaps = all(opened);
    match opened.blob.read("t", 0..u64::MAX) {
        Ok(all) if read.gaps.iter().any(Gap::is_loss) => {
            // A block that is not sound comes out as far as the buffer goes that it is decoded into.
            assert!(
                read.bytes.starts_with(&all) || all.starts_with(&read.bytes),
                "{name}"
            );
            assert!(gaps.iter().any(Gap::is_loss), "{name}");
        }
        Ok(all) => {
            assert!(*read.bytes == *all, "{name}");
            assert_eq!(read.gaps, gaps, "{name}");
        }
        // Of parts, those that are sound can be read.
        Err(_) => assert!(!read.gaps.is_empty(), "{name}"),
    }
    (read.bytes.to_vec(), read.gaps)
}

fn all(opened: &Opened) -> Vec<Gap> {
    opened.gaps.iter().chain(&opened.cut).cloned().collect()
}

#[test]
fn streams_one_after_another_are_one() {
    for (name, data) in SAMPLES {
        let (bytes, gaps) = unpacked(name, data, &Budget::default());
        assert!(bytes == text(), "{name}: {} bytes", bytes.len());
        // Only behind the gzip there is something else.
        let odd: Vec<String> = gaps.iter().map(Gap::to_string).collect();
        match *name {
            "a.gz" => assert_eq!(
                odd,
                ["gzip: bytes behind the stream at 0x436: odd value 0x8, read as Android reads it"]
            ),
            _ => assert_eq!(odd, [""; 0], "{name}"),
        }
    }
}

#[test]
fn names_lose_the_ending_of_the_stream() {
    for (name, expect) in [
        ("system.img.lz4", Some("system.img")),
        ("x.img.XZ", Some("x.img")),
        ("x.zst", Some("x")),
        ("x.tgz", Some("x.tar")),
        ("x.txz", Some("x.tar")),
        ("x.tar.bz2", Some("x.tar")),
        ("x.lzma", Some("x")),
        ("system.new.dat.br", Some("system.new.dat")),
        (".gz", None),
        ("gz", None),
        ("x.img", None),
    ] {
        assert_eq!(inner(name).as_deref(), expect, "{name}");
    }
}

#[test]
fn what_is_not_what_its_name_says_is_no_container() {
    for name in ["a.gz", "a.xz", "a.lzma", "a.bz2", "a.zst", "a.lz4"] {
        for data in [&b"no stream"[..], b""] {
            let (bytes, gaps) = unpacked(name, data, &Budget::default());
            assert!(bytes.is_empty());
            assert!(
                gaps.len() == 1 && (gaps[0].what == "magic" || name == "a.lzma"),
                "{name}"
            );
        }
    }
    let large = include_bytes!("../../../samples/brotli/text/in/large.txt.br");
    for data in [&b"not a stream"[..], b"", large] {
        let (bytes, gaps) = unpacked("a.br", data, &Budget::default());
        assert!(bytes.is_empty() && gaps.len() == 1);
    }
}

/// Sound bytes first, then a gap; never other bytes and silence.
#[test]
fn every_prefix_gives_what_is_there_and_says_what_is_not() {
    let text = text();
    for (name, whole) in SAMPLES {
        let mut silent = Vec::new();
        for cut in 1..whole.len() {
            let (bytes, gaps) = unpacked(name, &whole[..cut], &Budget::default());
            assert!(text.starts_with(&bytes), "{name} cut at {cut}");
            if gaps.is_empty() {
                silent.push(cut);
            }
        }
        // A cut between two streams cannot be seen, one in the zeros behind them is no matter.
        let expect: Vec<usize> = match *name {
            "a.gz" => vec![473, 1078],
            "a.xz" => (688..=692).collect(),
            "a.bz2" => [409].into_iter().chain(908..1008).collect(),
            "a.zst" => vec![13, 25, 369],
            "a.lz4" => vec![915, 926, 1277, 1281],
            _ => vec![],
        };
        assert_eq!(silent, expect, "{name}");
    }
}

/// Of what has sums, no flip gives other bytes in silence.
#[test]
fn every_flip_is_survived_and_what_has_sums_does_not_lie() {
    let text = text();
    for (name, whole) in SAMPLES {
        for at in (0..whole.len()).step_by(5) {
            let mut data = whole.to_vec();
            data[at] ^= 0x10;
            let (bytes, gaps) = unpacked(name, &data, &Budget::default());
            let has_sum = match *name {
                "a.br" => false,
                // The last frame of three is a legacy one.
                "a.lz4" => at < 1277,
                _ => true,
            };
            assert!(bytes == text || !gaps.is_empty() || !has_sum, "{name} at {at}");
        }
    }
}

fn stream(name: &str, data: Vec<u8>, budget: &Budget) -> Arc<Stream> {
    let blob = Blob::from(data);
    let (_, ending) = name.rsplit_once('.').unwrap();
    let listing = registry::by_ending(ending).unwrap().list(&blob, "x", budget);
    match &listing.entries[0].data {
        Data::Stream(stream) => Arc::clone(stream),
        _ => panic!(),
    }
}

#[test]
fn of_an_xz_file_only_the_blocks_that_are_needed_are_decoded() {
    let budget = Budget::default();
    let text = text();
    let xz = stream("a.xz", SAMPLES[1].1.to_vec(), &budget);
    assert_eq!(xz.size(), text.len() as u64);
    let blob = &xz.open(&budget).blob;
    assert_eq!(budget.cache.decoded().times, 0);
    assert!(*blob.read("t", 2990..3010).unwrap() == text[2990..3010]);
    // The third block of the first stream, and the one of the second.
    assert_eq!(budget.cache.decoded().units, 2);
    assert!(*blob.read("t", 0..u64::MAX).unwrap() == text);
    assert_eq!(
        budget.cache.decoded(),
        crate::bytes::Decoded {
            times: 4,
            units: 4,
            bytes: text.len() as u64
        }
    );
    assert!(blob.origin_at(0) < blob.origin_at(1000) && blob.origin_at(1000) < blob.origin_at(5000));
}

#[test]
fn a_block_that_is_damaged_loses_no_other() {
    let budget = Budget::default();
    let text = text();
    let mut data = SAMPLES[1].1.to_vec();
    data[300] ^= 1;
    let blob = stream("a.xz", data, &budget).open(&budget).blob.clone();
    assert!(*blob.read("t", 0..1000).unwrap() == text[..1000]);
    let gap = blob.read("t", 1000..1001).unwrap_err();
    assert_eq!(gap.to_string(), "xz: part at 0xe4: invalid value 0xd8");
    assert!(*blob.read("t", 2000..u64::MAX).unwrap() == text[2000..]);
}

#[test]
fn an_index_that_lies_is_not_believed() {
    let budget = Budget::default();
    let whole = SAMPLES[1].1;
    // The number of records, their sizes, the sum: wherever it is touched, the stream is read from its start.
    let index = whole.len() - 12 - 12;
    for at in index..whole.len() {
        let mut data = whole.to_vec();
        data[at] ^= 2;
        let xz = stream("a.xz", data, &budget);
        assert_eq!(xz.claim, None, "{at}");
        assert!(all(xz.open(&budget)).iter().any(Gap::is_loss), "{at}");
    }
}

/// Numbers that nothing packs.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn of_lz4_frames_only_the_blocks_that_are_needed_are_decoded() {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    let mut text = noise(9 << 20);
    text.extend(text_of_words());
    let budget = Budget::default();
    for sums in [false, true] {
        let info = FrameInfo::new()
            .block_size(BlockSize::Max1MB)
            .block_mode(BlockMode::Independent)
            .block_checksums(sums)
            .content_checksum(sums);
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        // A writer may end a block before it is full.
        let (first, second) = text.split_at(1_500_000);
        encoder.write_all(first).unwrap();
        encoder.flush().unwrap();
        encoder.write_all(second).unwrap();
        let data = encoder.finish().unwrap();
        let before = budget.cache.decoded().units;
        let lz4 = stream("a.lz4", data.clone(), &budget);
        let opened = lz4.open(&budget);
        assert_eq!(opened.blob.len(), text.len() as u64);
        let range = 1_499_000..1_501_000;
        let got = opened.blob.read("t", range.clone()).unwrap();
        assert!(*got == text[range.start as usize..range.end as usize]);
        assert_eq!(budget.cache.decoded().units - before, 2);
        assert!(*opened.blob.read("t", 0..u64::MAX).unwrap() == text);
        assert!(*lz4.read(&budget).bytes == text);
        // A block of 1 MiB of noise is stored as it is: only its sum tells.
        let mut broken = data.clone();
        broken[3 << 20] ^= 1;
        let opened = stream("a.lz4", broken, &budget).open(&budget).clone();
        assert_eq!(opened.blob.read("t", 0..u64::MAX).is_err(), sums);
        assert!(opened.blob.read("t", 0..1 << 20).is_ok());
        // Cut: read from its start, with all that is there.
        let cut = stream("a.lz4", data[..data.len() - 9].to_vec(), &budget);
        let opened = cut.open(&budget);
        assert!(text.starts_with(&opened.blob.read("t", 0..u64::MAX).unwrap()));
        assert!(all(opened)[0].to_string().starts_with("lz4: lz4 frame at"));
    }
}

fn text_of_words() -> Vec<u8> {
    text().into_iter().cycle().take(3 << 20).collect()
}

/// A zstd frame of raw blocks: single segment, a size of four bytes.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut frame = b"\x28\xb5\x2f\xfd\xa0".to_vec();
    frame.extend((data.len() as u32).to_le_bytes());
    let mut blocks = data.chunks(128 << 10).peekable();
    while let Some(block) = blocks.next() {
        let last = u32::from(blocks.peek().is_none());
        frame.extend(&((block.len() as u32) << 3 | last).to_le_bytes()[..3]);
        frame.extend(block);
    }
    frame
}

#[test]
fn of_zstd_frames_only_those_that_are_needed_are_decoded() {
    let text = [noise(5 << 20), text_of_words(), noise(5 << 20)].concat();
    let mut data = Vec::new();
    for frame in text.chunks(3_000_000) {
        data.extend(0x184d_2a53_u32.to_le_bytes());
        data.extend([2, 0, 0, 0, 9, 9]);
        data.extend(stored(frame));
    }
    let budget = Budget::default();
    let zstd = stream("a.zst", data.clone(), &budget);
    let opened = zstd.open(&budget);
    assert_eq!(opened.blob.len(), text.len() as u64);
    assert!(*opened.blob.read("t", 2_999_990..3_000_010).unwrap() == text[2_999_990..3_000_010]);
    assert_eq!(budget.cache.decoded().units, 2);
    assert!(*opened.blob.read("t", 0..u64::MAX).unwrap() == text);
}

#[test]
fn a_large_part_is_decoded_once_and_kept_as_a_stream_is() {
    let budget = Budget::default();
    let text = noise(6 << 20);
    let mut data = [stored(&text), stored(&text)].concat();
    let opened = stream("a.zst", data.clone(), &budget).open(&budget).clone();
    let at = 7 << 20;
    assert!(*opened.blob.read("t", at..at + 100).unwrap() == text[1 << 20..(1 << 20) + 100]);
    assert!(opened.blob.read("t", 0..u64::MAX).unwrap().ends_with(&text));
    // The last frame says that it holds a byte more than it does.
    let second = data.len() / 2;
    let size = data[second + 5..].first_chunk_mut::<4>();
    let size = size.unwrap();
    *size = (u32::from_le_bytes(*size) + 1).to_le_bytes();
    let opened = stream("a.zst", data, &budget).open(&budget).clone();
    assert!(*opened.blob.read("t", 0..6 << 20).unwrap() == text);
    assert!(opened.blob.read("t", 0..u64::MAX).is_err());
}

#[test]
fn limits_hold_while_a_stream_is_decoded() {
    let gz = |data: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    };
    let small = Budget::new(Limits {
        item: 1000,
        ..Limits::default()
    });
    let read = stream("a.gz", gz(&text()), &small).read(&small);
    assert!(*read.bytes == text()[..1000]);
    assert!(matches!(
        read.gaps[0].kind,
        GapKind::OverLimit {
            option: "--max-item",
            ..
        }
    ));
    let exact = stream("a.gz", gz(&text()[..1000]), &small).read(&small);
    assert!(exact.bytes.len() == 1000 && exact.gaps.is_empty());
    // Of random access, only the ratio is a limit, and that from 256 MiB on.
    let strict = Budget::new(Limits {
        ratio: 10,
        ..Limits::default()
    });
    let bomb = stream("a.gz", gz(&vec![0; 258 << 20]), &strict);
    let opened = bomb.open(&strict);
    assert!(matches!(
        all(opened)[0].kind,
        GapKind::OverLimit {
            option: "--max-ratio",
            ..
        }
    ));
    assert_eq!(opened.blob.len(), 256 << 20);
    assert_eq!(strict.spill.written(), 0);
}

#[test]
fn what_the_layer_below_has_lost_is_told_as_it_says() {
    let mut below = crate::bytes::Extents::new("below", 10_000);
    let data = SAMPLES[3].1;
    below.push(0, 500, crate::bytes::Fill::From(Blob::from(data.to_vec())));
    below.push(
        500,
        500,
        crate::bytes::Fill::Lost(Gap::invalid("below", 7, "chunk", 1)),
    );
    let blob = below.into_blob();
    let budget = Budget::default();
    let listing = registry::by_ending("bz2").unwrap().list(&blob, "x", &budget);
    let Data::Stream(stream) = &listing.entries[0].data else {
        panic!()
    };
    let read = stream.read(&budget);
    // The first stream is whole, the second not.
    assert!(*read.bytes == text()[..3000]);
    assert_eq!(read.gaps[0].to_string(), "below: chunk at 0x7: invalid value 0x1");
}

fn hex(data: &[u8]) -> String {
    data.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn the_corpus_is_unpacked_as_the_tools_do() {
    use sha2::Digest as _;
    let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from) else {
        eprintln!("did not run: PHONEHOME_CORPUS is not set");
        return;
    };
    let images = corpus.join("images");
    // As xz 5.4, lz4 1.9 and others unpack them.
    for (name, expect) in [
        ("synth/ext4-android.img.br", "efc15460b5f0"),
        ("synth/ext4-android.img.bz2", "efc15460b5f0"),
        ("synth/ext4-android.img.gz", "efc15460b5f0"),
        ("synth/ext4-android.img.lz4", "efc15460b5f0"),
        ("synth/ext4-android.img.lz4legacy", "efc15460b5f0"),
        ("synth/ext4-android.img.lzma", "efc15460b5f0"),
        ("synth/ext4-android.img.xz", "efc15460b5f0"),
        ("synth/ext4-android.img.zst", "efc15460b5f0"),
        ("synth/f2fs-compr.img.lz4", "8e6748208d90"),
        ("synth/f2fs-inline-xattr.img.lz4", "d4272f1a04ee"),
        ("synth/f2fs.img.lz4", "8bfa62615cb1"),
        ("synth/super-raw.img.lz4", "a68a5da35084"),
        ("synth/super.img.0.lz4", "27d70d7297ab"),
        ("synth/super.img.1.lz4", "1554628b08c1"),
        ("synth/super.img.2.lz4", "a387634dbfc0"),
        ("synth/super.img.3.lz4", "a1dd5854c4a5"),
        ("samsung-lz4/dtbo.img.lz4", "e261a073d32e"),
        ("samsung-lz4/init_boot.img.lz4", "a50239315fe3"),
        ("samsung-lz4/vbmeta.img.lz4", "4d48f9dad688"),
        ("samsung-lz4/vbmeta_system.img.lz4", "b18c95587aad"),
    ] {
        let (bytes, gaps) = unpacked(name, &fs::read(images.join(name)).unwrap(), &Budget::default());
        assert_eq!(gaps, [], "{name}");
        assert!(hex(&sha2::Sha256::digest(&bytes)).starts_with(expect), "{name}");
    }
}

#[test]
fn the_corpus_is_walked_through_its_streams() {
    use sha2::Digest as _;
    let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from) else {
        eprintln!("did not run: PHONEHOME_CORPUS is not set");
        return;
    };
    let synth = corpus.join("images/synth");
    let files = |path: &std::path::Path| -> BTreeMap<String, (usize, String)> {
        let budget = Budget::default();
        let tree = crate::unpack::walk(path, &budget).unwrap();
        let leaves = tree.leaves.iter().map(|leaf| {
            let read = leaf.read(&budget);
            assert_eq!(read.gaps, [], "{}", leaf.place().physical());
            let sum = hex(&sha2::Sha256::digest(&*read.bytes));
            (leaf.place().physical().to_string(), (read.bytes.len(), sum))
        });
        leaves.collect()
    };
    let table = fs::read_to_string(synth.join("expected.tsv")).unwrap();
    for (name, inner) in [
        ("tree.tar", ""),
        ("tree.tgz", "/tree.tar"),
        ("tree.txz", "/tree.tar"),
    ] {
        let found = files(&synth.join(name));
        for line in table.lines() {
            let [path, size, sum] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!()
            };
            // A hard link is none of its own in a tar.
            if path != "tiny.txt" {
                let got = found.get(&format!("{name}{inner}/./{path}"));
                assert_eq!(
                    got,
                    Some(&(size.parse().unwrap(), sum.to_string())),
                    "{name} {path}"
                );
            }
        }
    }
    // A tar with a sum behind its end, in it a sparse image in LZ4.
    let name = "AP_SAMSUNGSTYLE.tar.md5";
    let found = files(&synth.join(name));
    for line in table.lines() {
        let [path, size, sum] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!()
        };
        let got = found.get(&format!(
            "{name}/system.img.ext4.lz4/system.img.ext4/system/{path}"
        ));
        assert_eq!(
            got,
            Some(&(size.parse().unwrap(), sum.to_string())),
            "{name} {path}"
        );
    }
}
