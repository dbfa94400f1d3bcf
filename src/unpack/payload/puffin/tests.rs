//! Streams taken apart and put together, and what is broken on the way.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test may fail loudly"
)]

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::*;

fn deflated(data: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Text that compresses like code: words of a few, then bytes that repeat nothing.
fn text(seed: u32, words: usize) -> Vec<u8> {
    let mut state = seed;
    let mut out = Vec::new();
    for _ in 0..words {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let word = ["invoke-virtual ", "const/4 ", "move-result ", "v0", "\n"][(state >> 29) as usize % 5];
        out.extend_from_slice(word.as_bytes());
        if state >> 24 == 7 {
            out.extend((0..700_u32).map(|n| (n.wrapping_mul(state) >> 23) as u8));
        }
    }
    out
}

/// Bits of a stream, which its last byte may have more of.
fn length(stream: &[u8]) -> u64 {
    let end = wide(stream.len()) * 8;
    let fits = |to: &u64| puff::deflate(stream, 0, *to, u64::MAX, &mut Vec::new()).is_ok();
    (end - 7..=end).find(fits).unwrap()
}

/// Streams one after another, each `gap` bits after the one before, with ones between them. Those that are
/// not compressed stand at the start of a byte.
fn joined(streams: &[(Vec<u8>, bool)], gap: u64) -> (Vec<u8>, Vec<(u64, u64)>) {
    let mut out = Sink::default();
    let mut deflates = Vec::new();
    for (stream, stored) in streams {
        let gap = if *stored {
            gap + (8 - (out.at() + gap) % 8)
        } else {
            gap
        };
        for _ in 0..gap {
            out.put(1, 1);
        }
        let len = length(stream);
        deflates.push((out.at(), len));
        let mut bits = Bits::new(stream, 0, len);
        while bits.left() > 0 {
            out.put(bits.take(1).unwrap().into(), 1);
        }
    }
    let rest = 8 - (out.at() & 7) + 16;
    (0..rest).for_each(|_| out.put(1, 1));
    (out.into_bytes(), deflates)
}

/// The header's part for these streams, which is found by puffing them one by one.
fn stream(data: &[u8], deflates: &[(u64, u64)]) -> Stream {
    let mut stream = Stream::default();
    let (mut at, mut puffed) = (0_u64, 0_u64);
    for (start, len) in deflates {
        let mut out = Vec::new();
        puff::deflate(data, *start, start + len, u64::MAX, &mut out).unwrap();
        puffed += start.div_ceil(8) - at / 8;
        stream.deflates.push((*start, *len));
        stream.puffs.push((puffed, wide(out.len())));
        puffed += wide(out.len());
        at = start + len;
    }
    stream.puff_length = puffed + wide(data.len()) - at / 8;
    stream
}

fn huffed(stream: &Stream, puffed: &[u8]) -> Result<Vec<u8>, u64> {
    let mut out = Sink::default();
    let mut rest = puffed;
    for part in stream.parts(None)? {
        let (Part::Raw(_, _, len) | Part::Deflate(_, _, len)) = part;
        let (now, later) = rest.split_at_checked(len as usize).ok_or(len)?;
        match part {
            Part::Raw(from, to, _) => raw_bits(now, from, to, &mut out)?,
            Part::Deflate(_, to, _) => huff::deflate(now, to, &mut out)?,
        }
        rest = later;
    }
    Ok(out.into_bytes())
}

#[test]
fn a_puff_is_as_puffin_writes_it() {
    // "abc" five times with the fixed code, the rest of its last byte, and one more.
    let data = [0x4b, 0x4c, 0x4a, 0x4e, 0x44, 0x42, 0x00, 0x55];
    let stream = stream(&data, &[(0, 55)]);
    let puffed = puffed(&stream, &data).unwrap();
    let literals = [3, b'a', b'b', b'c', b'a'];
    let pair = [0x88, 0, 2];
    let expect = [&[0, 0, 0xa0][..], &literals, &pair, &[0xff, 0x81], &[0, 0x55]].concat();
    assert_eq!(puffed, expect);
    assert_eq!(huffed(&stream, &puffed).unwrap(), data);
    // Not compressed: the five bits that are skipped, and the bytes.
    let data = [1, 3, 0, 0xfc, 0xff, b'x', b'y', b'z'];
    let stream = self::stream(&data, &[(0, 64)]);
    let puffed = super::puffed(&stream, &data).unwrap();
    assert_eq!(puffed, *b"\0\0\x80\x02xyz\xff\x81");
    assert_eq!(huffed(&stream, &puffed).unwrap(), data);
}

#[test]
fn streams_of_every_kind_come_back_bit_by_bit() {
    let long = text(3, 8000);
    let zeros = vec![0; 300_000];
    let noise: Vec<u8> = (0..70_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let streams: Vec<(Vec<u8>, bool)> = [
        (&b""[..], 6),
        (b"a", 6),
        (&long, 1),
        (&noise, 0),
        (&long, 9),
        (&zeros, 6),
        (&noise, 9),
        (b"abc", 9),
    ]
    .into_iter()
    .map(|(data, level)| (deflated(data, level), data == noise))
    .collect();
    for gap in [0, 1, 5, 8, 13] {
        let (data, deflates) = joined(&streams, gap);
        let stream = stream(&data, &deflates);
        let puffed = puffed(&stream, &data).unwrap();
        assert_eq!(wide(puffed.len()), stream.puff_length);
        assert!(
            huffed(&stream, &puffed).unwrap() == data,
            "{gap} bits between them"
        );
    }
}

#[test]
fn a_run_of_literals_is_counted_in_one_byte_or_in_three() {
    for len in [1, 127, 128, 129, 65_535] {
        // Blocks that are not compressed are one run.
        let data = vec![7; len];
        let stream = [
            &[1][..],
            &(len as u16).to_le_bytes(),
            &(!(len as u16)).to_le_bytes(),
            &data,
        ]
        .concat();
        let bits = wide(stream.len()) * 8;
        let mut puffed = Vec::new();
        puff::deflate(&stream, 0, bits, u64::MAX, &mut puffed).unwrap();
        assert_eq!(puffed.len(), 3 + if len < 128 { 1 } else { 3 } + len + 2);
        let mut out = Sink::default();
        huff::deflate(&puffed, bits, &mut out).unwrap();
        assert!(out.into_bytes() == stream);
    }
}

#[test]
fn what_is_broken_is_an_error_and_nothing_else() {
    let data = deflated(&text(5, 300), 9);
    let bits = length(&data);
    let mut puffed = Vec::new();
    puff::deflate(&data, 0, bits, u64::MAX, &mut puffed).unwrap();
    assert!(puff::deflate(&data, 0, bits, wide(puffed.len()) - 1, &mut Vec::new()).is_err());
    for cut in 0..data.len() - 1 {
        let _ = puff::deflate(&data[..cut], 0, bits, 1 << 20, &mut Vec::new());
    }
    for bit in 0..bits as usize {
        let mut data = data.clone();
        data[bit / 8] ^= 1 << (bit % 8);
        let _ = puff::deflate(&data, 0, bits, 1 << 20, &mut Vec::new());
    }
    for at in 0..puffed.len() {
        let mut out = Sink::default();
        assert!(huff::deflate(&puffed[..at], bits, &mut out).is_err());
        for value in [0, 0x7f, 0x80, 0xff, puffed[at] ^ 1] {
            let mut puffed = puffed.clone();
            puffed[at] = value;
            let _ = huff::deflate(&puffed, bits, &mut Sink::default());
        }
    }
}

#[test]
fn extents_that_do_not_fit_are_refused() {
    let check = |deflates: &[(u64, u64)], puffs: &[(u64, u64)], puff_length| {
        let stream = Stream {
            deflates: deflates.to_vec(),
            puffs: puffs.to_vec(),
            puff_length,
        };
        stream.parts(Some(800)).is_ok()
    };
    assert!(check(&[(16, 50), (80, 10)], &[(2, 11), (15, 5)], 22));
    // Another number of them, one before the other, over each other, a byte too few or too many between them,
    // beyond the end, beyond all numbers.
    assert!(!check(&[(16, 50)], &[], 100));
    assert!(!check(&[(80, 10), (16, 50)], &[(10, 5), (11, 11)], 50));
    assert!(!check(&[(16, 50), (60, 10)], &[(2, 11), (13, 5)], 22));
    assert!(!check(&[(16, 50), (80, 10)], &[(2, 11), (14, 5)], 22));
    assert!(!check(&[(16, 50), (80, 10)], &[(2, 11), (16, 5)], 22));
    assert!(!check(&[(16, 50)], &[(2, 11)], 500));
    assert!(!check(&[(16, 50)], &[(2, 11)], 3));
    assert!(!check(&[(u64::MAX, 1)], &[(2, 11)], 500));
    assert!(!check(&[(16, u64::MAX)], &[(2, u64::MAX)], u64::MAX));
}
