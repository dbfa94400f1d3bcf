//! Archives in order, archives that Android reads all the same, and archives that are broken anywhere.

use std::io::{Cursor, Write};

use ::zip::ZipWriter;
use ::zip::write::SimpleFileOptions;
use proptest::prelude::*;

use super::*;
use crate::bytes::Kind;

fn archive() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Deflated);
    let stored = deflated.compression_method(::zip::CompressionMethod::Stored);
    writer.start_file("a.txt", deflated).unwrap();
    writer.write_all(&b"hello ".repeat(50)).unwrap();
    writer.start_file("b.bin", stored).unwrap();
    writer.write_all(b"plain").unwrap();
    writer.add_directory("folder", stored).unwrap();
    writer.finish().unwrap().into_inner()
}

/// The fields of the directory record of an entry, by APPNOTE 4.3.12 offsets.
fn patch(data: &mut [u8], name: &[u8], field: usize, value: &[u8]) {
    let at = memchr::memmem::rfind(data, name)
        .unwrap()
        .saturating_sub(46)
        .saturating_add(field);
    data[at..at.saturating_add(value.len())].copy_from_slice(value);
}

fn list(data: &[u8]) -> Listing {
    Zip.list(&Blob::from(data.to_vec()), "", &Budget::default())
}

fn read_all(listing: &Listing) -> Vec<(String, Vec<u8>, Vec<Gap>)> {
    let read = |entry: &Entry| {
        let Data::Zip(archive, number) = &entry.data else {
            return None;
        };
        let got = read(archive, *number, &Budget::default());
        Some((entry.name.to_string(), got.bytes.to_vec(), got.gaps))
    };
    listing.entries.iter().filter_map(read).collect()
}

#[track_caller]
fn check(data: &[u8], salvaged: bool) -> Vec<Gap> {
    let listing = list(data);
    assert_eq!(listing.salvaged, salvaged);
    let got = read_all(&listing);
    let bytes: Vec<(&str, &[u8])> = got.iter().map(|(name, bytes, _)| (&**name, &**bytes)).collect();
    assert_eq!(bytes, [("a.txt", &*b"hello ".repeat(50)), ("b.bin", b"plain")]);
    let notices = listing.notices.into_iter().map(|remark| remark.gap);
    notices.chain(got.into_iter().flat_map(|row| row.2)).collect()
}

#[test]
fn an_archive_in_order_has_nothing_to_remark() {
    assert_eq!(check(&archive(), false), []);
}

#[test]
fn the_directory_decides_the_method_and_an_unknown_one_means_stored() {
    let mut data = archive();
    patch(&mut data, b"b.bin", 10, &[0x77, 0x77]);
    let gaps = check(&data, false);
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].kind, Kind::Odd { got: 0x7777 });
}

#[test]
fn flags_versions_and_checksums_are_not_looked_at() {
    let mut data = archive();
    patch(&mut data, b"a.txt", 4, &[0xff, 0xff, 0xff, 0xff]);
    assert_eq!(check(&data, false), []);
    patch(&mut data, b"a.txt", 8, &[1, 0]);
    assert!(check(&data, false).iter().all(|gap| !gap.is_loss()));
}

#[test]
fn a_true_encryption_flag_is_told_from_a_false_one() {
    let mut data = archive();
    patch(&mut data, b"b.bin", 8, &[1, 0]);
    let at = memchr::memmem::find(&data, b"plain").unwrap();
    data[at] ^= 1;
    let got = read_all(&list(&data));
    assert_eq!(got[1].2[0].kind, Kind::Encrypted);
}

#[test]
fn what_is_around_an_archive_does_not_hide_it() {
    check(&[b"junk in front".as_slice(), &archive()].concat(), true);
    check(&[archive().as_slice(), b"junk behind"].concat(), true);
}

#[test]
fn without_its_directory_the_local_headers_are_read() {
    let data = archive();
    let directory = memchr::memmem::find(&data, &CENTRAL).unwrap();
    let gaps = check(&data[..directory], true);
    assert!(gaps.iter().any(Gap::is_loss));
}

#[test]
fn a_size_that_lies_is_named_and_costs_nothing() {
    for size in [[0; 4], [1, 0, 0, 0], [0xfe, 0xff, 0xff, 0xff]] {
        let mut data = archive();
        patch(&mut data, b"a.txt", 24, &size);
        let gaps = check(&data, false);
        assert!(gaps.iter().any(Gap::is_loss), "{size:?}");
    }
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    let whole = archive();
    for at in 0..whole.len() {
        read_all(&list(&whole[..at]));
        for bit in [1, 0x80] {
            let mut data = whole.clone();
            data[at] ^= bit;
            read_all(&list(&data));
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..600), seed in 0..4_usize) {
        let whole = [[].as_slice(), &LOCAL, &END, &CENTRAL].concat();
        let start = whole.get(..seed.saturating_mul(4)).unwrap_or_default();
        read_all(&list(&[start, &data, &whole].concat()));
    }
}
