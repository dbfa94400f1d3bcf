//! Patches made by hand, whole and damaged.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::bytes::{Gap, wide};

const OLD: &[u8] = b"the quick brown fox";
const NEW: &[u8] = b"the quiet brown fox, and a dog";
/// No patch here may make more, whatever is done to it.
const MOST: u64 = 1 << 12;

fn number(n: i64) -> [u8; 8] {
    let sign = u64::from(n < 0) << 63;
    (n.unsigned_abs() | sign).to_le_bytes()
}

/// A patch whose three streams stand as they are.
fn bsdiff(control: &[[i64; 3]], diff: &[u8], extra: &[u8], size: i64) -> Vec<u8> {
    let control: Vec<u8> = control.concat().into_iter().flat_map(number).collect();
    let len = |bytes: &[u8]| number(bytes.len().try_into().unwrap());
    let mut patch = b"BSDF2\0\0\0".to_vec();
    patch.extend(len(&control));
    patch.extend(len(diff));
    patch.extend(number(size));
    patch.extend(control);
    patch.extend(diff);
    patch.extend(extra);
    patch
}

/// `NEW` of `OLD`: all of it, two letters of which are others, and an end of its own.
fn sound() -> Vec<u8> {
    let mut diff: Vec<u8> = NEW
        .iter()
        .zip(OLD)
        .map(|(new, old)| new.wrapping_sub(*old))
        .collect();
    diff.truncate(OLD.len());
    let (old, more) = (OLD.len().try_into().unwrap(), &NEW[OLD.len()..]);
    let control = [[0, 0, 0], [old, more.len().try_into().unwrap(), -3]];
    bsdiff(&control, &diff, more, NEW.len().try_into().unwrap())
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The old file of [`chunks`]: plain bytes, then the same deflated.
fn packed() -> Vec<u8> {
    [OLD, &deflated(OLD)].concat()
}

/// One chunk of each type.
fn chunks() -> Vec<u8> {
    let (old, patch) = (wide(OLD.len()), sound());
    let stream = wide(deflated(OLD).len());
    let head = 12 + (4 + 24) + (4 + 24 + 16 + 20) + (4 + 4 + 3);
    let mut all = b"IMGDIFF2".to_vec();
    all.extend(3_u32.to_le_bytes());
    all.extend(0_u32.to_le_bytes());
    for n in [0, old, head] {
        all.extend(n.to_le_bytes());
    }
    all.extend(2_u32.to_le_bytes());
    for n in [old, stream, head, old, wide(NEW.len())] {
        all.extend(n.to_le_bytes());
    }
    for n in [6_i32, 8, -15, 8, 0] {
        all.extend(n.to_le_bytes());
    }
    all.extend(3_u32.to_le_bytes());
    all.extend(3_u32.to_le_bytes());
    all.extend(b"end");
    assert_eq!(wide(all.len()), head);
    all.extend(patch);
    all
}

fn apply(patch: &[u8]) -> Result<Vec<u8>, Gap> {
    let mut out = Vec::new();
    let done = Bsdiff::open("test", 0, patch, OLD)?.fill(MOST, &mut out);
    assert!(wide(out.len()) <= MOST);
    done.map(|()| out)
}

fn apply_chunks(patch: &[u8]) -> Result<Vec<u8>, Gap> {
    let made = imgdiff("test", 0, patch, &packed(), (MOST, MOST));
    assert!(made.as_ref().is_ok_and(|made| wide(made.len()) <= MOST) || made.is_err());
    made
}

#[test]
fn a_patch_adds_to_old_bytes_and_brings_its_own() {
    assert_eq!(apply(&sound()).unwrap(), NEW);
}

#[test]
fn old_bytes_that_are_not_there_count_as_zero() {
    let patch = bsdiff(
        &[[0, 0, -2], [4, 0, 0], [0, 0, 100], [2, 0, 0]],
        b"ab\0\0cd",
        b"",
        6,
    );
    assert_eq!(apply(&patch).unwrap(), b"abthcd");
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let told = |patch: &[u8]| apply(patch).unwrap_err().what.into_owned();
    assert_eq!(told(&bsdiff(&[[-1, 0, 0]], b"", b"", 4)), "bsdiff control entry");
    assert_eq!(
        told(&bsdiff(&[[i64::MAX, i64::MAX, 0]], b"", b"", 4)),
        "bsdiff control entry"
    );
    assert_eq!(told(&bsdiff(&[], b"", b"", -1)), "bsdiff new size");
    assert_eq!(told(&bsdiff(&[[4, 0, 0]], b"abc", b"", 4)), "bsdiff diff stream");
    assert_eq!(told(&bsdiff(&[[0, 4, 0]], b"", b"abc", 4)), "bsdiff extra stream");
    assert_eq!(told(&bsdiff(&[], b"", b"", 4)), "bsdiff control stream");
    let idle = vec![[0, 0, 1]; 2000];
    assert_eq!(told(&bsdiff(&idle, b"", b"", 4)), "empty bsdiff control entries");
}

#[test]
fn chunks_of_every_type_are_put_together() {
    assert_eq!(
        apply_chunks(&chunks()).unwrap(),
        [NEW, &deflated(NEW), b"end"].concat()
    );
}

#[test]
fn a_patch_cut_short_makes_nothing_that_was_not_asked_for() {
    let patch = sound();
    for len in 0..patch.len() {
        assert!(apply(&patch[..len]).is_err(), "{len}");
    }
    let patch = chunks();
    for len in 0..patch.len() {
        assert!(apply_chunks(&patch[..len]).is_err(), "{len}");
    }
}

#[test]
fn any_flipped_byte_is_survived() {
    type Apply = fn(&[u8]) -> Result<Vec<u8>, Gap>;
    let all: [(Vec<u8>, Apply); 2] = [(sound(), apply), (chunks(), apply_chunks)];
    for (patch, apply) in all {
        for at in 0..patch.len() {
            for bits in [0x01, 0x10, 0x80, 0xff] {
                let mut patch = patch.clone();
                patch[at] ^= bits;
                drop(apply(&patch));
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        for magic in [&b"BSDIFF40"[..], b"BSDF2\0\0\0", b"BSDF2\x02\x01\0"] {
            drop(apply(&[magic, &bytes].concat()));
        }
        drop(apply_chunks(&[b"IMGDIFF2\x02\0\0\0", &bytes[..]].concat()));
    }
}
