//! Streams as tools write them, cut, flipped, and larger than they should be.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::print_stderr,
    reason = "offsets and lengths of data made here"
)]

mod corpus;
mod gzip;
mod random_access;

use std::io::Write as _;

use super::*;
use crate::bytes::{Kind as GapKind, Limits};
use crate::unpack::registry;

/// The text in the samples, and them.
fn text() -> Vec<u8> {
    (0..200_u32)
        .flat_map(|n| format!("line {n} of https://example.com/{}\n", n * 7919 % 1000).into_bytes())
        .collect()
}

const SAMPLES: &[(&str, &[u8])] = &[
    ("a.gz", include_bytes!("../../../../samples/gzip/members/in.bin")),
    ("a.xz", include_bytes!("../../../../samples/xz/blocks/in.bin")),
    ("a.lzma", include_bytes!("../../../../samples/lzma/alone/in.bin")),
    (
        "a.bz2",
        include_bytes!("../../../../samples/bzip2/streams/in.bin"),
    ),
    ("a.zst", include_bytes!("../../../../samples/zstd/frames/in.bin")),
    ("a.lz4", include_bytes!("../../../../samples/lz4/frames/in.bin")),
    (
        "a.br",
        include_bytes!("../../../../samples/brotli/text/in/text.txt.br"),
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

fn stream(name: &str, data: Vec<u8>, budget: &Budget) -> Arc<Stream> {
    let blob = Blob::from(data);
    let (_, ending) = name.rsplit_once('.').unwrap();
    let listing = registry::by_ending(ending).unwrap().list(&blob, "x", budget);
    match &listing.entries[0].data {
        Data::Stream(stream) => Arc::clone(stream),
        _ => panic!(),
    }
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
    let large = include_bytes!("../../../../samples/brotli/text/in/large.txt.br");
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
