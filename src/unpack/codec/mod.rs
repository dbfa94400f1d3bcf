//! Decompressors, behind one door.
//!
//! [`decode`] turns one unit (an operation of a payload, a cluster of a file system) into at most so many
//! bytes; [`reader`] reads a stream. All decoders are libraries; here is only which, and what they may
//! cost. Of each that is fast in C there is one in Rust, used without the feature `fast-c`.

mod brotli;
mod cluster;
mod gzip;
mod lz4;
mod lzma;
mod pull;
mod streams;
#[cfg(test)]
mod tests;
mod xxhash;
mod zstd;

use std::io::{self, BufRead, Read};

use crate::bytes::{Bytes, Gap, wide};

pub(in crate::unpack) use cluster::{lz4 as lz4_cluster, lz4_front, micro_lzma};
pub(in crate::unpack) use lz4::{
    Descriptor as Lz4Descriptor, LEGACY as LZ4_LEGACY, MAGIC as LZ4_MAGIC, size as lz4_size,
};
pub(in crate::unpack) use streams::{Mismatch, Streams};
pub(in crate::unpack) use xxhash::xxh32;

/// A kind of compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::unpack) enum Codec {
    /// Raw deflate, RFC 1951.
    Deflate,
    /// Deflate in a zlib frame, RFC 1950.
    Zlib,
    /// Deflate in gzip's members, RFC 1952, one after another.
    Gzip,
    /// bzip2, one stream after another.
    Bzip2,
    /// The .xz format, one stream after another, with the filters of liblzma.
    Xz,
    /// The .lzma format ("LZMA alone").
    Lzma,
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

/// Ours: bytes that a decoder may hold for its window; a power of two. `zstd --ultra -22` has 128 MiB, which
/// the reference decoder takes without being asked; `xz -9` needs 64.
const WINDOW: u64 = 128 << 20;

impl Codec {
    /// Its name in gaps.
    pub(in crate::unpack) fn word(self) -> &'static str {
        match self {
            Self::Deflate | Self::Zlib | Self::Gzip => "deflate stream",
            Self::Bzip2 => "bzip2 stream",
            Self::Xz => "xz stream",
            Self::Lzma => "lzma stream",
            Self::Zstd => "zstd frame",
            Self::Lz4 => "lz4 block",
            Self::Lz4Frame | Self::Lz4Legacy => "lz4 frame",
            Self::Lzo => "lzo block",
            Self::Brotli => "brotli stream",
        }
    }
}

/// How data is broken that was to be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Broken {
    kind: io::ErrorKind,
    /// Bytes that came out before.
    got: usize,
}

impl Broken {
    const BAD: Self = Self {
        kind: io::ErrorKind::InvalidData,
        got: 0,
    };
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
        Codec::Lzo => lzokay::decompress::decompress(data, room).map_err(|_| Broken::BAD),
        _ => match whole(codec, data, room) {
            Some(got) => Ok(got),
            None => fill(&mut *reader(codec, data), room),
        },
    };
    match got {
        Ok(got) => Ok(Bytes::part(out, got)),
        Err(broken) => Err(gap(codec, format, at, broken.kind, wide(broken.got), wide(len))),
    }
}

/// A deflate stream that is in order and fits, at once: twice as fast. `None` where it has to be read in
/// steps.
#[cfg(feature = "fast-c")]
fn whole(codec: Codec, data: &[u8], room: &mut [u8]) -> Option<usize> {
    use std::cell::RefCell;

    use libdeflater::Decompressor;

    thread_local! {
        static WHOLE: RefCell<Decompressor> = RefCell::new(Decompressor::new());
    }
    WHOLE.with_borrow_mut(|decoder| match codec {
        Codec::Deflate => decoder.deflate_decompress(data, room).ok(),
        Codec::Zlib => decoder.zlib_decompress(data, room).ok(),
        _ => None,
    })
}

#[cfg(not(feature = "fast-c"))]
fn whole(_: Codec, _: &[u8], _: &mut [u8]) -> Option<usize> {
    None
}

/// The gap of a stream that broke off after `got` of `need` bytes, by the kind of its error.
pub(in crate::unpack) fn gap(
    codec: Codec,
    format: &'static str,
    at: u64,
    kind: io::ErrorKind,
    got: u64,
    need: u64,
) -> Gap {
    let what = codec.word();
    match kind {
        io::ErrorKind::UnexpectedEof => {
            Gap::truncated(format, at, what, need.max(got.saturating_add(1)), got)
        }
        // A window, a filter, a dictionary that is not taken.
        io::ErrorKind::OutOfMemory => Gap::unsupported(format, at, "window of over 128 MiB", got),
        io::ErrorKind::Unsupported => Gap::unsupported(format, at, what, got),
        _ => Gap::invalid(format, at, what, got),
    }
}

/// A stream's bytes, decoded as they are read. Of a codec that has only blocks, every read is an error.
pub(in crate::unpack) fn reader<'a>(codec: Codec, data: impl BufRead + 'a) -> Box<dyn Read + 'a> {
    Box::new(streams(codec, data))
}

/// The same, with what is behind the last stream.
pub(in crate::unpack) fn streams<'a, R: BufRead + 'a>(codec: Codec, data: R) -> Streams<'a, R> {
    Streams::new(codec, data)
}

/// Reads until `room` is full or the stream ends.
fn fill(reader: &mut dyn Read, room: &mut [u8]) -> Result<usize, Broken> {
    let mut got = 0_usize;
    while let Some(rest) = room.get_mut(got..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(n) => got = got.saturating_add(n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Broken { kind: e.kind(), got }),
        }
    }
    Ok(got)
}

/// A codec that has no streams, or whose decoder could not be made.
struct Refused<R>(streams::Peek<R>);

impl<R> Read for Refused<R> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
