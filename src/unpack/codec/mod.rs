//! Decompressors, behind one door.
//!
//! [`decode`] turns one unit (an operation of a payload, a cluster of a file system) into at most so many
//! bytes; [`reader`] reads a stream. All decoders are libraries; here is only which, and what they may
//! cost. Of each that is fast in C there is one in Rust, used without the feature `fast-c`.

mod cluster;
mod lz4;
mod lzma;
mod zstd;

use std::io::{self, BufRead, Read};

use crate::bytes::{Bytes, Gap};

pub(in crate::unpack) use cluster::{lz4 as lz4_cluster, lz4_front, micro_lzma};

/// A kind of compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::unpack) enum Codec {
    /// Raw deflate, RFC 1951.
    Deflate,
    /// Deflate in a zlib frame, RFC 1950.
    Zlib,
    /// bzip2, one stream after another.
    Bzip2,
    /// The .xz format, one stream after another, with the filters of liblzma.
    Xz,
    /// The .lzma format ("LZMA alone").
    Lzma,
    /// LZMA without a header, as erofs keeps it: its first byte is the properties, inverted.
    MicroLzma,
    /// Zstandard frames, RFC 8878.
    Zstd,
    /// One LZ4 block, without a frame.
    Lz4,
    /// LZ4 frames.
    Lz4Frame,
    /// LZ4 as the kernel's ramdisks have it: `lz4 -l`.
    Lz4Legacy,
    /// One LZO1X block.
    Lzo,
    /// Brotli, RFC 7932, without large windows.
    Brotli,
}

/// Ours: bytes that a decoder may hold for its window. `xz -9` needs 65 MB, which is the most that was met.
const WINDOW: u64 = 96 << 20;

impl Codec {
    /// Its name in gaps.
    pub(in crate::unpack) fn word(self) -> &'static str {
        match self {
            Self::Deflate | Self::Zlib => "deflate stream",
            Self::Bzip2 => "bzip2 stream",
            Self::Xz => "xz stream",
            Self::Lzma | Self::MicroLzma => "lzma stream",
            Self::Zstd => "zstd frame",
            Self::Lz4 => "lz4 block",
            Self::Lz4Frame | Self::Lz4Legacy => "lz4 frame",
            Self::Lzo => "lzo block",
            Self::Brotli => "brotli stream",
        }
    }
}

/// Decodes `data`, found at `at` of what `format` reads, into at most `len` bytes. What comes out beyond
/// `len` is not looked at; the result is shorter where the data ends earlier. The caller bounds `len`.
pub(in crate::unpack) fn decode(
    codec: Codec,
    format: &'static str,
    at: u64,
    data: &[u8],
    len: usize,
) -> Result<Bytes, Gap> {
    let mut out = Bytes::buffer(len);
    let room = out.get_mut(..len).unwrap_or_default();
    let got = match codec {
        Codec::Lz4 => lz4::block(data, room),
        Codec::Lzo => lzokay::decompress::decompress(data, room).map_err(|_| 0),
        Codec::MicroLzma => lzma::micro(data, room),
        _ => fill(&mut *reader(codec, data), room),
    };
    match got {
        Ok(got) => Ok(Bytes::part(out, got)),
        Err(got) => Err(Gap::invalid(format, at, codec.word(), wide(got))),
    }
}

/// A stream's bytes, decoded as they are read. Of a codec that has only blocks, every read is an error.
pub(in crate::unpack) fn reader<'a>(codec: Codec, data: impl BufRead + 'a) -> Box<dyn Read + 'a> {
    match codec {
        Codec::Deflate => Box::new(flate2::bufread::DeflateDecoder::new(data)),
        Codec::Zlib => Box::new(flate2::bufread::ZlibDecoder::new(data)),
        Codec::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(data)),
        Codec::Xz => lzma::xz(data),
        Codec::Lzma => lzma::alone(data),
        Codec::Zstd => zstd::frames(data),
        Codec::Lz4Frame => Box::new(lz4::frames(data)),
        Codec::Lz4Legacy => Box::new(lz4::legacy(data)),
        Codec::Brotli => Box::new(brotli_decompressor::Decompressor::new(data, BUFFER)),
        Codec::Lz4 | Codec::Lzo | Codec::MicroLzma => Box::new(Refused),
    }
}

/// Bytes that a stream decoder reads at once.
const BUFFER: usize = 64 << 10;

/// Reads until `room` is full or the stream ends. On an error, the bytes that were sound.
fn fill(reader: &mut dyn Read, room: &mut [u8]) -> Result<usize, usize> {
    let mut done = 0_usize;
    while let Some(rest) = room.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(n) => done = done.saturating_add(n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(done),
        }
    }
    Ok(done)
}

/// A codec that has no streams.
struct Refused;

impl Read for Refused {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
