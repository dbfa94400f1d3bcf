//! LZ4: blocks, frames, and the kernel's legacy frames.
//!
//! Spec: `lz4_Block_format.md` and `lz4_Frame_format.md` 1.6 of the LZ4 project.

use std::io::{self, BufRead, Read};

use lz4_flex::block;

/// What a legacy frame begins with; the next frame may follow right behind a block.
pub(in crate::unpack) const LEGACY: [u8; 4] = 0x184c_2102_u32.to_le_bytes();
/// Bytes of a block of a legacy frame, decoded.
const LEGACY_BLOCK: usize = 8 << 20;
/// Most bytes that an LZ4 block of so many decoded bytes has: one for 255, and a few.
const LEGACY_PACKED: usize = LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16;
/// Ours: bytes beyond those asked for, into which a block is decoded that holds more than is wanted.
/// erofs allows 12 MiB for one cluster.
const BEYOND: [usize; 3] = [64 << 10, 1 << 20, 12 << 20];

/// One block. A block that holds more than `room` is cut: file systems share the front of a block.
pub(super) fn block(data: &[u8], room: &mut [u8]) -> Result<usize, usize> {
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
    result.map(|n| n.min(room.len())).map_err(|_| 0)
}

/// Frames, one after another.
pub(super) fn frames(data: impl BufRead) -> impl Read {
    Frames {
        decoder: lz4_flex::frame::FrameDecoder::new(data),
    }
}

struct Frames<R: BufRead> {
    decoder: lz4_flex::frame::FrameDecoder<R>,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.decoder.read(buf) {
            // The end of a frame: what follows may be another one.
            Ok(0) if !buf.is_empty() && !self.decoder.get_mut().fill_buf()?.is_empty() => {
                self.decoder.read(buf)
            }
            other => other,
        }
    }
}

/// Legacy frames: blocks of 8 MiB, each with its packed length before it.
pub(super) fn legacy(data: impl BufRead) -> impl Read {
    Legacy {
        data,
        block: Vec::new(),
        at: 0,
    }
}

struct Legacy<R> {
    data: R,
    block: Vec<u8>,
    at: usize,
}

impl<R: BufRead> Legacy<R> {
    /// The next block; `false` at the end.
    fn next(&mut self) -> io::Result<bool> {
        self.block.clear();
        self.at = 0;
        let mut word = [0; 4];
        loop {
            if self.data.fill_buf()?.is_empty() {
                return Ok(false);
            }
            self.data.read_exact(&mut word)?;
            if word != LEGACY {
                break;
            }
        }
        let len = usize::try_from(u32::from_le_bytes(word)).unwrap_or(usize::MAX);
        // Zeros are padding, and what is longer than a block can be is something else.
        if len == 0 || len > LEGACY_PACKED {
            return Ok(false);
        }
        let mut packed = Vec::new();
        let limit = u64::try_from(len).unwrap_or(0);
        (&mut self.data).take(limit).read_to_end(&mut packed)?;
        if packed.len() < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.block.resize(LEGACY_BLOCK, 0);
        let n = block::decompress_into(&packed, &mut self.block).map_err(io::Error::other)?;
        self.block.truncate(n);
        Ok(true)
    }
}

impl<R: BufRead> Read for Legacy<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.block.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let rest = self.block.get(self.at..).unwrap_or_default();
        let n = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.at = self.at.saturating_add(n);
        Ok(n)
    }
}
