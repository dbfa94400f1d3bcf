//! Streams one after another, and what is behind the last.
//!
//! `cat a.xz b.xz` is a file that every tool reads as one. So a decoder ends with its stream and gives its
//! input back, and what comes next decides: another stream, padding, or something else.

use std::io::{self, BufRead, Read};
use std::mem;

use super::pull::Pull;
use super::{Codec, Refused, brotli, gzip, lz4, lzma, zstd};

/// Longest magic that is looked at.
const FRONT: usize = 8;
/// Ours: streams of one file. `bgzip` makes one of each 64 KiB; a million that are empty cost a few seconds.
const MOST: u32 = 1 << 20;

/// A decoder of one stream.
pub(super) trait One<R>: Read {
    /// The input, from behind the stream on, once that is at its end.
    fn rest(self: Box<Self>) -> Option<Peek<R>>;
}

/// Why a sum at the end of a stream is no reason to stop: its bytes are out, and the next one begins here.
#[derive(Debug)]
pub(in crate::unpack) struct Mismatch;

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the checksum is of other bytes")
    }
}

impl std::error::Error for Mismatch {}

impl From<Mismatch> for io::Error {
    fn from(mismatch: Mismatch) -> Self {
        Self::new(io::ErrorKind::InvalidData, mismatch)
    }
}

/// Input whose next bytes can be looked at before anyone reads them.
pub(in crate::unpack) struct Peek<R> {
    front: [u8; FRONT],
    from: usize,
    to: usize,
    data: R,
}

impl<R: BufRead> Peek<R> {
    fn new(data: R) -> Self {
        Self {
            front: [0; FRONT],
            from: 0,
            to: 0,
            data,
        }
    }

    /// The next `n` bytes, at most 8; fewer at the end.
    pub(super) fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        self.front.copy_within(self.from..self.to, 0);
        self.to = self.to.saturating_sub(self.from);
        self.from = 0;
        while self.to < n.min(FRONT) {
            let more = match self.data.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                more => more?,
            };
            let room = self.front.get_mut(self.to..n.min(FRONT)).unwrap_or_default();
            let got = more.len().min(room.len());
            if got == 0 {
                break;
            }
            if let (Some(to), Some(from)) = (room.get_mut(..got), more.get(..got)) {
                to.copy_from_slice(from);
            }
            self.data.consume(got);
            self.to = self.to.saturating_add(got);
        }
        Ok(self.front.get(..self.to.min(n)).unwrap_or_default())
    }

    /// Bytes that were looked at and that nobody has read yet.
    pub(in crate::unpack) fn held(&self) -> u64 {
        super::wide(self.to.saturating_sub(self.from))
    }

    /// Skips so many bytes.
    pub(super) fn skip(&mut self, mut n: u64) -> io::Result<()> {
        while n > 0 {
            let have = self.fill_buf()?.len();
            let step = usize::try_from(n).map_or(have, |n| n.min(have));
            if step == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.consume(step);
            n = n.saturating_sub(u64::try_from(step).unwrap_or(n));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Peek<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let have = self.fill_buf()?;
        let n = have.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), have.get(..n)) {
            to.copy_from_slice(from);
        }
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Peek<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.from < self.to {
            return Ok(self.front.get(self.from..self.to).unwrap_or_default());
        }
        self.data.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        let here = n.min(self.to.saturating_sub(self.from));
        self.from = self.from.saturating_add(here);
        if n > here {
            self.data.consume(n.saturating_sub(here));
        }
    }
}

enum State<'a, R> {
    /// Before the first stream, or behind one.
    Between(Peek<R>),
    In(Box<dyn One<R> + 'a>),
    /// Only while one is exchanged for the other.
    Nowhere,
}

/// The bytes of all streams, decoded as they are read.
///
/// An error is of the kind `UnexpectedEof` where the input ends within a stream, `OutOfMemory` where a
/// decoder would hold more than it may, `Unsupported` where a filter is not known; all else is damage.
/// After a [`Mismatch`] reading goes on.
pub(in crate::unpack) struct Streams<'a, R> {
    codec: Codec,
    state: State<'a, R>,
    /// Streams that were begun.
    count: u32,
}

impl<'a, R: BufRead + 'a> Streams<'a, R> {
    pub(super) fn new(codec: Codec, data: R) -> Self {
        Self {
            codec,
            state: State::Between(Peek::new(data)),
            count: 0,
        }
    }

    /// What is behind the last stream, once that is at its end.
    pub(in crate::unpack) fn behind(&mut self) -> Option<&mut Peek<R>> {
        match &mut self.state {
            State::Between(data) => Some(data),
            _ => None,
        }
    }

    /// Begins the next stream; `false` where there is none.
    fn begin(&mut self) -> io::Result<bool> {
        let first = self.count == 0;
        if let State::Between(data) = &mut self.state {
            self.codec.skip(data)?;
            if !first && !self.codec.follows(data)? {
                return Ok(false);
            }
        }
        self.count = self.count.saturating_add(1);
        if self.count > MOST {
            return Err(io::Error::other("more streams than are read"));
        }
        self.state = match mem::replace(&mut self.state, State::Nowhere) {
            State::Between(mut data) => State::In(open(self.codec.of(&mut data)?, data)),
            state => state,
        };
        Ok(true)
    }
}

impl<'a, R: BufRead + 'a> Read for Streams<'a, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !buf.is_empty() {
            match &mut self.state {
                State::In(one) => {
                    let n = one.read(buf).map_err(|e| self.codec.told(e))?;
                    if n > 0 {
                        return Ok(n);
                    }
                    self.state = match mem::replace(&mut self.state, State::Nowhere) {
                        State::In(one) => one.rest().map_or(State::Nowhere, State::Between),
                        state => state,
                    };
                }
                State::Between(_) => {
                    if !self.begin()? {
                        break;
                    }
                }
                State::Nowhere => break,
            }
        }
        Ok(0)
    }
}

fn open<'a, R: BufRead + 'a>(codec: Codec, data: Peek<R>) -> Box<dyn One<R> + 'a> {
    match codec {
        Codec::Deflate => Box::new(Pull::new(data, flate2::Decompress::new(false))),
        Codec::Zlib => Box::new(Pull::new(data, flate2::Decompress::new(true))),
        Codec::Gzip => Box::new(gzip::Member::new(data)),
        Codec::Bzip2 => Box::new(Pull::new(data, bzip2::Decompress::new(false))),
        Codec::Xz => lzma::xz(data),
        Codec::Lzma => lzma::alone(data),
        Codec::Zstd => zstd::frame(data),
        Codec::Lz4Frame => Box::new(lz4::Frame::new(data)),
        Codec::Lz4Legacy => Box::new(lz4::Legacy::new(data)),
        Codec::Brotli => Box::new(Pull::new(data, brotli::Decoder::new())),
        Codec::Lz4 | Codec::Lzo => Box::new(Refused(data)),
    }
}

impl Codec {
    /// Skips what may stand before a stream and holds nothing: padding of xz, frames for others.
    fn skip<R: BufRead>(self, data: &mut Peek<R>) -> io::Result<()> {
        match self {
            Self::Xz => {
                // *xz-file-format.txt* 2.2: a multiple of four.
                while data.peek(4)? == [0; 4] {
                    data.skip(4)?;
                }
            }
            Self::Zstd | Self::Lz4Frame | Self::Lz4Legacy => {
                while let Ok(head) = <[u8; 8]>::try_from(data.peek(8)?) {
                    let [a, b, c, d, size @ ..] = head;
                    if !SKIPPABLE.contains(&u32::from_le_bytes([a, b, c, d])) {
                        break;
                    }
                    let size = u64::from(u32::from_le_bytes(size));
                    data.skip(size.saturating_add(8))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether another stream begins here.
    fn follows<R: BufRead>(self, data: &mut Peek<R>) -> io::Result<bool> {
        Ok(match self {
            Self::Gzip => data.peek(3)? == gzip::MAGIC,
            Self::Bzip2 => matches!(data.peek(4)?, [b'B', b'Z', b'h', b'1'..=b'9']),
            Self::Xz => data.peek(6)? == lzma::MAGIC,
            Self::Zstd => data.peek(4)? == zstd::MAGIC,
            Self::Lz4Frame | Self::Lz4Legacy => {
                let magic = data.peek(4)?;
                magic == lz4::MAGIC || magic == lz4::LEGACY
            }
            _ => false,
        })
    }

    /// The codec of the stream that begins here: LZ4 has two kinds of frames, which its tools mix.
    fn of<R: BufRead>(self, data: &mut Peek<R>) -> io::Result<Self> {
        Ok(match self {
            Self::Lz4Frame if data.peek(4)? == lz4::LEGACY => Self::Lz4Legacy,
            Self::Lz4Legacy if data.peek(4)? == lz4::MAGIC => Self::Lz4Frame,
            codec => codec,
        })
    }

    /// A decoder's error, of the kind that [`Streams`] promises.
    fn told(self, e: io::Error) -> io::Error {
        match self {
            Self::Xz | Self::Lzma => lzma::told(e),
            Self::Zstd => zstd::told(e),
            _ => e,
        }
    }
}

/// Frames of zstd and LZ4 that are for other programs (RFC 8878 3.1.2).
const SKIPPABLE: std::ops::RangeInclusive<u32> = 0x184d_2a50..=0x184d_2a5f;

impl<R: BufRead> One<R> for Refused<R> {
    fn rest(self: Box<Self>) -> Option<Peek<R>> {
        Some(self.0)
    }
}
