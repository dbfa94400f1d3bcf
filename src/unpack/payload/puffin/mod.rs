//! Puffin patches: BSDIFF over deflate streams that were taken apart first.
//!
//! Spec: AOSP `external/puffin`, `README.md`, `puffin_stream.cc`, `puffin.proto`. A patch is `PUF1`, the
//! length of its header (4 bytes, big-endian), the header, and a BSDIFF patch. The header says where in the
//! old and the new bytes deflate streams are, in bits, and where their *puffs* are in the puffed form of the
//! same bytes: a puff holds a stream's symbols in whole bytes, so that a small change of the content stays
//! small. The old bytes are puffed, patched, and what comes out is *huffed* back into deflate streams, bit by
//! bit as they were.
//!
//! Between two puffs stand the bytes between the two streams; where a stream ends or begins within a byte,
//! the bits of that byte that are not its own are a byte of their own.

mod bits;
mod code;
mod huff;
mod puff;
#[cfg(test)]
mod tests;

use crate::bytes::{Cursor, Gap, wide};
use crate::unpack::delta::Bsdiff;

use super::NAME;
use super::proto::Message;
use bits::{Bits, Sink};

const MAGIC: [u8; 4] = *b"PUF1";
/// The only version there is (`kPuffinVersion`).
const VERSION: u64 = 1;

/// `PatchHeader`, and the BSDIFF patch after it.
struct Header<'a> {
    src: Stream,
    dst: Stream,
    patch: &'a [u8],
}

/// `StreamInfo`: where deflate streams and their puffs are.
#[derive(Default)]
struct Stream {
    /// Offset and length in bits.
    deflates: Vec<(u64, u64)>,
    /// Offset and length, in bytes of the puffed form. In the header they are in bits, too.
    puffs: Vec<(u64, u64)>,
    /// Bytes of the puffed form.
    puff_length: u64,
}

/// A part of a stream: bytes that are no deflate, or a deflate. In bits of the stream and bytes of its puffed
/// form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// From, to, and in how many bytes that is kept.
    Raw(u64, u64, u64),
    /// From, to, and the length of the puff.
    Deflate(u64, u64, u64),
}

/// What a patch makes of `old`. No more than `most` bytes are held of any form.
pub(super) fn apply(at: u64, patch: &[u8], old: &[u8], most: u64) -> Result<Vec<u8>, Gap> {
    let header = Header::read(at, patch)?;
    for length in [header.src.puff_length, header.dst.puff_length] {
        if length > most {
            return Err(Gap::over(NAME, at, "puff_length", length, most, "--max-item"));
        }
    }
    let bad = |what: &'static str| move |got: u64| Gap::invalid(NAME, at, what, got);
    let puffed = puffed(&header.src, old).map_err(bad("puffin source stream"))?;
    let mut patch = Bsdiff::open(NAME, at, header.patch, &puffed)?;
    if patch.left() != header.dst.puff_length {
        return Err(Gap::invalid(NAME, at, "bsdiff new size", patch.left()));
    }
    let mut out = Sink::default();
    let mut buf = Vec::new();
    for part in header.dst.parts(None).map_err(bad("puffin target stream"))? {
        let (Part::Raw(_, end, len) | Part::Deflate(_, end, len)) = part;
        if end >> 3 > most {
            return Err(Gap::over(NAME, at, "puffin target", end >> 3, most, "--max-item"));
        }
        buf.clear();
        patch.fill(len, &mut buf)?;
        let written = match part {
            Part::Raw(from, to, _) => raw_bits(&buf, from, to, &mut out),
            Part::Deflate(_, to, _) => huff::deflate(&buf, to, &mut out),
        };
        written.map_err(bad("puffin target stream"))?;
    }
    Ok(out.into_bytes())
}

impl<'a> Header<'a> {
    fn read(at: u64, data: &'a [u8]) -> Result<Self, Gap> {
        let mut c = Cursor::new(NAME, data);
        let short = |gap: Gap| Gap { at, ..gap };
        let magic: [u8; 4] = c.array("puffin magic").map_err(short)?;
        if magic != MAGIC {
            return Err(Gap::invalid(
                NAME,
                at,
                "puffin magic",
                u32::from_be_bytes(magic).into(),
            ));
        }
        let len = u32::from_be_bytes(c.array("puffin header length").map_err(short)?);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let header = c.take("puffin header", len).map_err(short)?;
        let (mut src, mut dst) = (Stream::default(), Stream::default());
        for field in Message::new(header, 0) {
            let field = field.map_err(short)?;
            let check =
                |field: Result<u64, Gap>, known: u64, what: &'static str| match field.map_err(short)? {
                    got if got == known => Ok(()),
                    got => Err(Gap::unsupported(NAME, at, what, got)),
                };
            match field.number {
                1 => check(field.int("version"), VERSION, "puffin version")?,
                2 => src.read(field.message("src").map_err(short)?).map_err(short)?,
                3 => dst.read(field.message("dst").map_err(short)?).map_err(short)?,
                // 0 is BSDIFF, 1 is Zucchini.
                4 => check(field.int("type"), 0, "puffin patch type")?,
                _ => {}
            }
        }
        Ok(Self {
            src,
            dst,
            patch: c.rest(),
        })
    }
}

impl Stream {
    fn read(&mut self, message: Message<'_>) -> Result<(), Gap> {
        for field in message {
            let field = field?;
            match field.number {
                1 => self.deflates.push(extent(field.message("deflates")?)?),
                2 => {
                    let (offset, length) = extent(field.message("puffs")?)?;
                    self.puffs.push((offset >> 3, length >> 3));
                }
                3 => self.puff_length = field.int("puff_length")?,
                _ => {}
            }
        }
        Ok(())
    }

    /// What the stream is made of, in order. `bits` is its length where that is known. On an error, a number
    /// that does not fit.
    fn parts(&self, bits: Option<u64>) -> Result<Vec<Part>, u64> {
        if self.deflates.len() != self.puffs.len() {
            return Err(wide(self.deflates.len()));
        }
        let mut parts = Vec::new();
        let (mut at, mut puffed) = (0_u64, 0_u64);
        for ((start, bits), (offset, length)) in self.deflates.iter().zip(&self.puffs) {
            let end = start.checked_add(*bits).ok_or(*start)?;
            let raw = offset.checked_sub(puffed).ok_or(*offset)?;
            if *start < at {
                return Err(*start);
            }
            // A byte that only the stream before it is in has none of its own.
            let whole = start.div_ceil(8).saturating_sub(at >> 3);
            if raw != whole && !(raw == 0 && *start == at) {
                return Err(*offset);
            }
            if raw > 0 {
                parts.push(Part::Raw(at, *start, raw));
            }
            parts.push(Part::Deflate(*start, end, *length));
            (at, puffed) = (end, offset.checked_add(*length).ok_or(*offset)?);
        }
        let raw = self.puff_length.checked_sub(puffed).ok_or(self.puff_length)?;
        let end = (at >> 3)
            .checked_add(raw)
            .and_then(|bytes| bytes.checked_mul(8))
            .ok_or(raw)?;
        // The length is that of whole blocks: the last of them may have more bytes than the stream.
        if end < at || bits.is_some_and(|bits| end > bits) {
            return Err(raw);
        }
        if raw > 0 {
            parts.push(Part::Raw(at, end, raw));
        }
        Ok(parts)
    }
}

/// The puffed form of `data`. On an error, the bit where the stream is broken.
fn puffed(stream: &Stream, data: &[u8]) -> Result<Vec<u8>, u64> {
    let mut out = Vec::new();
    for part in stream.parts(Some(wide(data.len()).saturating_mul(8)))? {
        match part {
            Part::Raw(from, to, len) => {
                let mut bits = Bits::new(data, from, to);
                for _ in 0..len {
                    let width = first_width(bits.at()).min(bits.left());
                    // A byte of no bits is one that lies wholly within streams.
                    out.push(u8::try_from(bits.take(width)?).unwrap_or(0));
                }
            }
            Part::Deflate(from, to, len) => {
                let start = out.len();
                puff::deflate(data, from, to, len, &mut out)?;
                if wide(out.len().saturating_sub(start)) != len {
                    return Err(from);
                }
            }
        }
    }
    Ok(out)
}

/// Writes bytes that are between deflate streams.
fn raw_bits(data: &[u8], from: u64, to: u64, out: &mut Sink) -> Result<(), u64> {
    if from != out.at() {
        return Err(from);
    }
    for byte in data {
        let width = first_width(out.at()).min(to.saturating_sub(out.at()));
        if u64::from(*byte) >> width != 0 {
            return Err(out.at());
        }
        out.put(u64::from(*byte), width);
    }
    Ok(())
}

/// Bits from `at` to the next byte.
fn first_width(at: u64) -> u64 {
    8_u64.saturating_sub(at & 7)
}

/// `BitExtent`: offset and length.
fn extent(message: Message<'_>) -> Result<(u64, u64), Gap> {
    let (mut offset, mut length) = (0, 0);
    for field in message {
        let field = field?;
        match field.number {
            1 => offset = field.int("offset")?,
            2 => length = field.int("length")?,
            _ => {}
        }
    }
    Ok((offset, length))
}
