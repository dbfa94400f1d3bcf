//! LZ4: blocks, frames, and the kernel's legacy frames.
//!
//! Spec: `lz4_Block_format.md` and `lz4_Frame_format.md` 1.6 of the LZ4 project. The library's frame reader
//! takes a frame that is cut between two blocks for a whole one, so frames are read here and only blocks
//! are decoded there.

use std::io::{self, BufRead, Read};

use lz4_flex::block;

use super::Broken;
use super::streams::{Mismatch, One, Peek};
use super::xxhash::{Xxh32, xxh32};

/// What a frame begins with.
pub(in crate::unpack) const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
/// What a legacy frame begins with; the next frame may follow right behind a block.
pub(in crate::unpack) const LEGACY: [u8; 4] = 0x184c_2102_u32.to_le_bytes();
/// Bytes of a block of a legacy frame, decoded.
const LEGACY_BLOCK: usize = 8 << 20;
/// Most bytes that an LZ4 block of so many decoded bytes has: one for 255, and a few.
const LEGACY_PACKED: usize = LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16;
/// Ours: bytes beyond those asked for, into which a block is decoded that holds more than is wanted.
/// erofs allows 12 MiB for one cluster.
const BEYOND: [usize; 3] = [64 << 10, 1 << 20, 12 << 20];
/// How far back a block may refer.
const WINDOW: usize = 64 << 10;
/// Of a block's length, the bit that says that it is not compressed.
const PLAIN: u32 = 1 << 31;

/// One block. A block that holds more than `room` is cut: file systems share the front of a block.
pub(super) fn block(data: &[u8], room: &mut [u8]) -> Result<usize, Broken> {
    let mut result = block::decompress_into(data, room);
    for beyond in BEYOND {
        if !matches!(result, Err(block::DecompressError::OutputTooSmall { .. })) {
            break;
        }
        let mut all = vec![0; room.len().saturating_add(beyond)];
        result = block::decompress_into(data, &mut all);
        if result.is_ok()
            && let Some(front) = all.get(..room.len())
        {
            room.copy_from_slice(front);
        }
    }
    result.map(|n| n.min(room.len())).map_err(|_| Broken::BAD)
}

/// How many bytes a block holds, by its sequences alone; `None` where they are not in order. A third of
/// the time of decoding it.
pub(in crate::unpack) fn size(block: &[u8]) -> Option<u64> {
    let mut rest = block.iter().as_slice();
    let mut size = 0_u64;
    loop {
        let (token, after) = rest.split_first()?;
        rest = after;
        let literals = length(token >> 4, &mut rest)?;
        rest = rest.get(literals..)?;
        size = size.checked_add(u64::try_from(literals).ok()?)?;
        let Some((_, after)) = rest.split_first_chunk::<2>() else {
            return rest.is_empty().then_some(size);
        };
        rest = after;
        let matched = length(token & 15, &mut rest)?.checked_add(4)?;
        size = size.checked_add(u64::try_from(matched).ok()?)?;
    }
}

/// A length of a sequence: four bits, and bytes of 255 until one is less.
fn length(short: u8, rest: &mut &[u8]) -> Option<usize> {
    let mut sum = usize::from(short);
    if short == 15 {
        loop {
            let (more, after) = rest.split_first()?;
            *rest = after;
            sum = sum.checked_add(usize::from(*more))?;
            if *more < 255 {
                break;
            }
        }
    }
    Some(sum)
}

/// The descriptor of a frame.
#[derive(Debug, Clone, Copy)]
pub(in crate::unpack) struct Descriptor {
    /// Blocks do not refer to those before them.
    pub(in crate::unpack) independent: bool,
    /// A sum of the packed bytes is behind each block.
    pub(in crate::unpack) block_checksum: bool,
    /// Bytes of the whole frame, decoded.
    pub(in crate::unpack) content_size: Option<u64>,
    /// A sum of all bytes is behind the end mark.
    pub(in crate::unpack) content_checksum: bool,
    /// Most bytes of a block, decoded: at most 4 MiB.
    pub(in crate::unpack) block: usize,
}

impl Descriptor {
    /// Reads a frame's magic and descriptor.
    pub(in crate::unpack) fn read(data: &mut impl Read) -> io::Result<Self> {
        let mut head = [0; 6];
        data.read_exact(&mut head)?;
        let [a, b, c, d, flags, limits] = head;
        if [a, b, c, d] != MAGIC || flags >> 6 != 1 || flags & 2 != 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if flags & 1 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a frame with a dictionary",
            ));
        }
        let block = match (limits >> 4) & 7 {
            4 => 64 << 10,
            5 => 256 << 10,
            6 => 1 << 20,
            7 => 4 << 20,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        let mut sum = Xxh32::new();
        sum.update(&[flags, limits]);
        let mut content_size = None;
        if flags & 8 != 0 {
            let mut size = [0; 8];
            data.read_exact(&mut size)?;
            sum.update(&size);
            content_size = Some(u64::from_le_bytes(size));
        }
        let mut said = [0];
        data.read_exact(&mut said)?;
        // The second byte of the sum.
        if sum.sum().to_le_bytes().get(1..2) != Some(said.as_slice()) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Self {
            independent: flags & 0x20 != 0,
            block_checksum: flags & 0x10 != 0,
            content_size,
            content_checksum: flags & 4 != 0,
            block,
        })
    }

    /// A block's packed length and whether it is packed at all; `None` for the end mark.
    pub(in crate::unpack) fn length(&self, word: [u8; 4]) -> io::Result<Option<(usize, bool)>> {
        let word = u32::from_le_bytes(word);
        let len = usize::try_from(word & !PLAIN).unwrap_or(usize::MAX);
        if word == 0 {
            return Ok(None);
        }
        // Whoever packs stores a block that does not become smaller.
        if len > self.block {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Some((len, word & PLAIN == 0)))
    }
}

/// One frame.
pub(super) struct Frame<R> {
    data: Peek<R>,
    descriptor: Option<Descriptor>,
    packed: Vec<u8>,
    /// What was decoded last, up to `end`, with up to 64 KiB of what came before it.
    block: Vec<u8>,
    /// The first byte in `block` that nobody has read.
    at: usize,
    end: usize,
    sum: Xxh32,
    total: u64,
    done: bool,
}

impl<R: BufRead> Frame<R> {
    pub(super) fn new(data: Peek<R>) -> Self {
        Self {
            data,
            descriptor: None,
            packed: Vec::new(),
            block: Vec::new(),
            at: 0,
            end: 0,
            sum: Xxh32::new(),
            total: 0,
            done: false,
        }
    }

    /// The next block.
    fn next(&mut self, descriptor: Descriptor) -> io::Result<()> {
        let mut word = [0; 4];
        self.data.read_exact(&mut word)?;
        let Some((len, is_packed)) = descriptor.length(word)? else {
            self.done = true;
            return self.finish(descriptor);
        };
        read(&mut self.data, len, &mut self.packed)?;
        if descriptor.block_checksum {
            let mut said = [0; 4];
            self.data.read_exact(&mut said)?;
            if xxh32(&self.packed) != u32::from_le_bytes(said) {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        let kept = if descriptor.independent {
            0
        } else {
            self.end.min(WINDOW)
        };
        self.block.copy_within(self.end.saturating_sub(kept)..self.end, 0);
        (self.at, self.end) = (kept, kept);
        let most = kept.saturating_add(descriptor.block);
        if self.block.len() < most {
            self.block.resize(most, 0);
        }
        let (window, room) = self.block.split_at_mut(kept);
        let got = if is_packed {
            block::decompress_into_with_dict(&self.packed, room, window)
                .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?
        } else {
            if let Some(room) = room.get_mut(..len) {
                room.copy_from_slice(&self.packed);
            }
            len
        };
        if got > descriptor.block {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.end = kept.saturating_add(got);
        let fresh = self.block.get(kept..self.end).unwrap_or_default();
        self.total = self.total.saturating_add(super::wide(fresh.len()));
        if descriptor.content_checksum {
            self.sum.update(fresh);
        }
        Ok(())
    }

    /// Behind the end mark.
    fn finish(&mut self, descriptor: Descriptor) -> io::Result<()> {
        let mut sound = descriptor.content_size.is_none_or(|size| size == self.total);
        if descriptor.content_checksum {
            let mut said = [0; 4];
            self.data.read_exact(&mut said)?;
            sound &= self.sum.sum() == u32::from_le_bytes(said);
        }
        if sound { Ok(()) } else { Err(Mismatch.into()) }
    }
}

impl<R: BufRead> Read for Frame<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.end && !self.done {
            match self.descriptor {
                Some(descriptor) => self.next(descriptor)?,
                None => self.descriptor = Some(Descriptor::read(&mut self.data)?),
            }
        }
        Ok(hand_out(&self.block, &mut self.at, self.end, buf))
    }
}

impl<R: BufRead> One<R> for Frame<R> {
    fn rest(self: Box<Self>) -> Option<Peek<R>> {
        Some(self.data)
    }
}

/// A legacy frame: blocks of 8 MiB, each with its packed length before it, to the end or the next magic.
pub(super) struct Legacy<R> {
    data: Peek<R>,
    begun: bool,
    packed: Vec<u8>,
    block: Vec<u8>,
    at: usize,
    end: usize,
}

impl<R: BufRead> Legacy<R> {
    pub(super) fn new(data: Peek<R>) -> Self {
        Self {
            data,
            begun: false,
            packed: Vec::new(),
            block: Vec::new(),
            at: 0,
            end: 0,
        }
    }

    /// The next block; `false` at the end.
    fn next(&mut self) -> io::Result<bool> {
        if !self.begun {
            let mut magic = [0; 4];
            self.data.read_exact(&mut magic)?;
            if magic != LEGACY {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.begun = true;
        }
        let word = self.data.peek(4)?;
        let Some(word) = word.first_chunk() else {
            // Less than a length: of a block that was cut, or zeros to fill a page.
            let cut = word.iter().any(|b| *b != 0);
            return if cut {
                Err(io::ErrorKind::UnexpectedEof.into())
            } else {
                Ok(false)
            };
        };
        let len = usize::try_from(u32::from_le_bytes(*word)).unwrap_or(usize::MAX);
        // Zeros are padding, and what is longer than a block can be is something else.
        if len == 0 || len > LEGACY_PACKED {
            return Ok(false);
        }
        self.data.skip(4)?;
        read(&mut self.data, len, &mut self.packed)?;
        self.block.resize(LEGACY_BLOCK, 0);
        (self.at, self.end) = (0, 0);
        self.end = block::decompress_into(&self.packed, &mut self.block)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        Ok(true)
    }
}

impl<R: BufRead> Read for Legacy<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.end {
            if !self.next()? {
                return Ok(0);
            }
        }
        Ok(hand_out(&self.block, &mut self.at, self.end, buf))
    }
}

impl<R: BufRead> One<R> for Legacy<R> {
    fn rest(self: Box<Self>) -> Option<Peek<R>> {
        Some(self.data)
    }
}

/// Reads `len` bytes into `to`, which grows with what is really there.
fn read(data: &mut impl BufRead, len: usize, to: &mut Vec<u8>) -> io::Result<()> {
    to.clear();
    data.take(super::wide(len)).read_to_end(to)?;
    if to.len() < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// Copies what of `block` is in `at..end` and fits into `buf`.
fn hand_out(block: &[u8], at: &mut usize, end: usize, buf: &mut [u8]) -> usize {
    let rest = block.get(*at..end).unwrap_or_default();
    let n = rest.len().min(buf.len());
    if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
        to.copy_from_slice(from);
    }
    *at = at.saturating_add(n);
    n
}
