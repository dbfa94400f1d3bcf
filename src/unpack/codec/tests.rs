#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "offsets and lengths of data made here"
)]

use super::*;
use crate::bytes::Kind;

use std::io::Write as _;

use flate2::Compression;

const XZ: &[u8] = include_bytes!("../../../samples/xz/blocks/in.bin");
const LZMA: &[u8] = include_bytes!("../../../samples/lzma/alone/in.bin");
const ZSTD: &[u8] = include_bytes!("../../../samples/zstd/frames/in.bin");
const BROTLI: &[u8] = include_bytes!("../../../samples/brotli/text/in/text.txt.br");
const LARGE: &[u8] = include_bytes!("../../../samples/brotli/text/in/large.txt.br");
const LZ4: &[u8] = include_bytes!("../../../samples/lz4/frames/in.bin");
/// Where the legacy frame begins in that.
const LEGACY: usize = 1277;

/// The text in the samples.
fn text() -> Vec<u8> {
    (0..200_u32)
        .flat_map(|n| format!("line {n} of https://example.com/{}\n", n * 7919 % 1000).into_bytes())
        .collect()
}

/// 17 + n literals, then the end mark (*Documentation/staging/lzo.rst* of Linux).
fn lzo(text: &[u8]) -> Vec<u8> {
    let mut data = vec![0];
    let mut left = text.len() - 18;
    while left > 255 {
        data.push(0);
        left -= 255;
    }
    data.push(left as u8);
    data.extend(text);
    data.extend([0x11, 0, 0]);
    data
}

fn framed(text: &[u8], linked: bool) -> Vec<u8> {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    let mode = if linked {
        BlockMode::Linked
    } else {
        BlockMode::Independent
    };
    let info = FrameInfo::new()
        .block_size(BlockSize::Max64KB)
        .block_mode(mode)
        .block_checksums(linked)
        .content_checksum(true)
        .content_size(Some(text.len() as u64));
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// The text packed by each codec: by an encoder of its own, or by its tool.
fn packed() -> Vec<(Codec, Vec<u8>)> {
    let text = text();
    let level = Compression::default();
    macro_rules! encoded {
        ($encoder:expr) => {{
            let mut encoder = $encoder;
            encoder.write_all(&text).unwrap();
            encoder.finish().unwrap()
        }};
    }
    vec![
        (
            Codec::Deflate,
            encoded!(flate2::write::DeflateEncoder::new(Vec::new(), level)),
        ),
        (
            Codec::Zlib,
            encoded!(flate2::write::ZlibEncoder::new(Vec::new(), level)),
        ),
        (
            Codec::Gzip,
            encoded!(flate2::write::GzEncoder::new(Vec::new(), level)),
        ),
        (
            Codec::Bzip2,
            encoded!(bzip2::write::BzEncoder::new(
                Vec::new(),
                bzip2::Compression::best()
            )),
        ),
        (Codec::Xz, XZ.to_vec()),
        (Codec::Lzma, LZMA.to_vec()),
        (Codec::Zstd, ZSTD.to_vec()),
        (
            Codec::Zstd,
            ruzstd::encoding::compress_to_vec(&text[..], ruzstd::encoding::CompressionLevel::Fastest),
        ),
        (Codec::Lz4, lz4_flex::block::compress(&text)),
        (Codec::Lz4Frame, LZ4.to_vec()),
        (Codec::Lz4Frame, framed(&text, false)),
        (Codec::Lz4Frame, framed(&text, true)),
        (Codec::Lz4Legacy, LZ4.to_vec()),
        (Codec::Lzo, lzo(&text)),
        (Codec::Brotli, BROTLI.to_vec()),
    ]
}

fn all(codec: Codec, data: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    reader(codec, data).read_to_end(&mut out).map(|_| out)
}

fn is_block(codec: Codec) -> bool {
    matches!(codec, Codec::Lz4 | Codec::Lzo)
}

#[test]
fn what_an_encoder_packed_comes_out_again() {
    let text = text();
    for (codec, data) in packed() {
        let got = decode(codec, "t", 0, &data, text.len()).unwrap();
        assert!(*got == text, "{codec:?}");
        if is_block(codec) {
            assert_eq!(all(codec, &data).unwrap_err().kind(), io::ErrorKind::Unsupported);
        } else {
            assert!(all(codec, &data).unwrap() == text, "{codec:?}");
        }
    }
}

#[test]
fn room_for_more_is_not_filled_and_for_less_cuts() {
    let text = text();
    for (codec, data) in packed() {
        let got = decode(codec, "t", 0, &data, text.len() + 1000).unwrap();
        assert!(*got == text, "{codec:?}");
        // LZO has no front: a block is decoded whole or not at all.
        for len in [0, 1, 100, text.len() - 1] {
            match decode(codec, "t", 0, &data, len) {
                Ok(got) => assert!(*got == text[..len], "{codec:?} {len}"),
                Err(gap) => assert!(codec == Codec::Lzo, "{codec:?} {len} {gap}"),
            }
        }
    }
}

#[test]
fn data_that_is_cut_gives_its_front_and_an_error() {
    let text = text();
    for (codec, data) in packed() {
        for cut in 0..data.len() {
            let data = &data[..cut];
            if let Ok(got) = decode(codec, "t", 0, data, text.len()) {
                assert!(text.starts_with(&got), "{codec:?} {cut}");
            }
            let mut out = Vec::new();
            let end = reader(codec, data).read_to_end(&mut out);
            assert!(text.starts_with(&out), "{codec:?} {cut}");
            match end {
                Ok(_) => {
                    let two = matches!(
                        codec,
                        Codec::Xz | Codec::Zstd | Codec::Lz4Frame | Codec::Lz4Legacy
                    );
                    // What is whole streams cannot be told from what is less than was.
                    assert!(two && text.len() > out.len(), "{codec:?} {cut}");
                }
                Err(e) => {
                    let is_short = e.kind() == io::ErrorKind::UnexpectedEof;
                    // The decoders in Rust do not all tell.
                    assert!(
                        is_short || is_block(codec) || cfg!(not(feature = "fast-c")),
                        "{codec:?} {cut} {e}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_flip_is_survived() {
    let text = text();
    for (codec, data) in packed() {
        for at in (0..data.len()).step_by(7) {
            for bit in [0x01, 0x10, 0x80] {
                let mut data = data.clone();
                data[at] ^= bit;
                let _ = decode(codec, "t", 0, &data, text.len());
                let mut out = Vec::new();
                let _ = reader(codec, &data[..]).take(1 << 20).read_to_end(&mut out);
            }
        }
    }
}

#[test]
fn what_is_behind_the_last_stream_is_left_there() {
    let text = text();
    for (codec, mut data) in packed() {
        if is_block(codec) {
            continue;
        }
        data.extend(b"\xff\xff\xff\xffbehind");
        let mut streams = streams(codec, &data[..]);
        let mut out = Vec::new();
        streams.read_to_end(&mut out).unwrap();
        assert!(out == text, "{codec:?}");
        let mut rest = Vec::new();
        streams.behind().unwrap().read_to_end(&mut rest).unwrap();
        // The decoder of .lzma in Rust reads ahead.
        if codec != Codec::Lzma || cfg!(feature = "fast-c") {
            assert_eq!(rest, b"\xff\xff\xff\xffbehind", "{codec:?}");
        }
    }
}

#[test]
fn a_wrong_sum_is_told_once_and_reading_goes_on() {
    let text = text();
    let gz = |data: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    };
    for (codec, mut first, second) in [
        (Codec::Gzip, gz(&text), gz(b"more")),
        (Codec::Lz4Frame, framed(&text, false), framed(b"more", false)),
    ] {
        let at = first.len() - 4;
        first[at] ^= 1;
        let data = [first, second].concat();
        let mut streams = streams(codec, &data[..]);
        let mut out = Vec::new();
        let e = streams.read_to_end(&mut out).unwrap_err();
        assert!(e.get_ref().unwrap().is::<Mismatch>(), "{codec:?}");
        streams.read_to_end(&mut out).unwrap();
        assert!(out == [&text[..], b"more"].concat(), "{codec:?}");
    }
}

#[test]
fn a_filter_for_arm64_is_undone() {
    let data = include_bytes!("../../../samples/xz/arm64/in.bin");
    let got = all(Codec::Xz, data).unwrap();
    // bl, each a word further from the same target.
    let expect: Vec<u8> = (0..600_u32)
        .flat_map(|n| (0x9400_0000 + 4096 - n).to_le_bytes())
        .collect();
    assert!(got == expect);
}

/// One xz block whose header asks for a dictionary of nearly 4 GiB.
fn greedy() -> Vec<u8> {
    let mut data = include_bytes!("../../../samples/xz/arm64/in.bin").to_vec();
    // Stream header 12; block header: size, flags, ARM64 (id, no properties), LZMA2 (id, 1, dictionary).
    let at = data[12..24]
        .windows(2)
        .position(|pair| pair == [0x21, 1])
        .unwrap()
        + 14;
    data[at] = 39;
    let mut crc = flate2::Crc::new();
    crc.update(&data[12..20]);
    data[20..24].copy_from_slice(&crc.sum().to_le_bytes());
    data
}

#[test]
fn windows_that_are_too_large_are_refused_before_they_are_made() {
    let mut lzma = LZMA.to_vec();
    lzma[1..5].copy_from_slice(&[0, 0, 0, 0x40]);
    // No single segment, no size; a window of 2^31.
    let zstd = b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00".to_vec();
    for (codec, data) in [(Codec::Xz, greedy()), (Codec::Lzma, lzma), (Codec::Zstd, zstd)] {
        let gap = decode(codec, "t", 0, &data, 1000).unwrap_err();
        assert!(matches!(gap.kind, Kind::Unsupported { .. }), "{codec:?} {gap}");
        assert_eq!(gap.what, "window of over 128 MiB");
    }
    let gap = decode(Codec::Brotli, "t", 0, LARGE, 1000).unwrap_err();
    assert!(matches!(gap.kind, Kind::Invalid { .. }));
}

#[test]
fn the_size_of_a_block_is_known_from_its_sequences() {
    let mut text = text();
    for len in [0, 1, 12, 13, 100, 6000] {
        let block = lz4_flex::block::compress(&text[..len]);
        assert_eq!(lz4_size(&block), Some(len as u64));
        for cut in 1..block.len() {
            let got = lz4_flex::block::decompress(&block[..cut], len).map(|all| all.len() as u64);
            if let Ok(got) = got {
                assert_eq!(lz4_size(&block[..cut]), Some(got));
            }
        }
    }
    text.extend(vec![0; 100_000]);
    let block = lz4_flex::block::compress(&text);
    assert_eq!(lz4_size(&block), Some(text.len() as u64));
    assert_eq!(lz4_size(b""), None);
}

#[test]
fn legacy_frames_end_at_padding_or_another_magic() {
    let legacy = &LZ4[LEGACY..];
    let want = all(Codec::Lz4Legacy, legacy).unwrap();
    let twice = [legacy, legacy].concat();
    assert_eq!(
        all(Codec::Lz4Legacy, &twice).unwrap(),
        [&want[..], &want].concat()
    );
    for pad in [1, 3, 4, 100] {
        let padded = [legacy, &vec![0; pad]].concat();
        assert!(all(Codec::Lz4Legacy, &padded).unwrap() == want);
    }
    let cut = [legacy, b"\x10\0"].concat();
    assert_eq!(
        all(Codec::Lz4Legacy, &cut).unwrap_err().kind(),
        io::ErrorKind::UnexpectedEof
    );
}

/// LZMA as erofs has it: the range coder's bytes alone, and for the first of them, which is always zero, the
/// properties.
#[test]
fn lzma_without_a_header_is_as_long_as_its_room() {
    let text = text();
    let mut data = LZMA[13..].to_vec();
    data[0] = !LZMA[0];
    for exact in [true, false] {
        let mut room = vec![0; text.len()];
        assert_eq!(micro_lzma(&data, &mut room, exact), Ok(text.len()));
        assert!(room == text);
        for cut in 0..data.len() {
            room.fill(0);
            let got = micro_lzma(&data[..cut], &mut room, exact);
            let (Ok(done) | Err(done)) = got;
            assert!(room[..done] == text[..done], "{cut} {exact}");
        }
    }
    // It may have to end within a match.
    for len in [1, 100, text.len() - 1] {
        let mut room = vec![0; len];
        assert_eq!(micro_lzma(&data, &mut room, false), Ok(len));
        assert!(room == text[..len]);
    }
    for at in 0..data.len() {
        let mut data = data.clone();
        data[at] ^= 0x41;
        let _ = micro_lzma(&data, &mut vec![0; text.len()], true);
    }
}
