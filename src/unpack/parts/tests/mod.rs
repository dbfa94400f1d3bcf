//! What belongs together is found, and reads as one.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test may overflow loudly, and says where it did not run"
)]

mod block_ota;
mod corpus;
mod split;

use std::io::Write as _;

use super::*;
use crate::bytes::Limits;
use crate::unpack::registry::{Entry, Remark};
use block_ota::LIST;
use split::sparse;

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

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
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
