//! Zstandard: one frame, or several one after another.
//!
//! Spec: RFC 8878, section 3.1.1. Integers are little-endian. A frame's header may tell its size, and each
//! block tells how long it is packed, so where frames begin is found without decoding them: a file of
//! several that all tell their size, as `pzstd` writes it, is at random access.

use std::io::Read;

use crate::bytes::{Blob, Budget, Bytes, Cursor, Gap};

use super::super::codec::{self, Codec};
use super::super::registry::{Format, Holds, Listing};
use super::parts::{Part, Parts, Unit};
use super::{Kind, magic};

/// Zstandard streams.
pub(in crate::unpack) struct Zstd;

const NAME: &str = "zstd";
const KIND: Kind = Kind {
    name: NAME,
    codec: Codec::Zstd,
    claim,
    parts,
};
/// `Magic_Number`.
const MAGIC: u32 = 0xfd2f_b528;
/// Magics of frames that hold nothing of the content (3.1.2).
const SKIPPABLE: std::ops::RangeInclusive<u32> = 0x184d_2a50..=0x184d_2a5f;
/// Bytes of magic, descriptor, window, dictionary and size at most.
const HEADER: u64 = 18;
/// Ours: packed bytes below which a stream is decoded at once, whatever it is made of.
const SMALL: u64 = 8 << 20;

impl Format for Zstd {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "zstd, several frames; windows up to 128 MiB, no dictionaries"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&MAGIC.to_le_bytes())
    }

    fn endings(&self) -> &'static [&'static str] {
        &["zst", "zstd", "tzst"]
    }

    fn holds(&self) -> Holds {
        Holds::Stream
    }

    fn list(&self, blob: &Blob, stem: &str, _: &Budget) -> Listing {
        let head = blob.read(NAME, 0..4).unwrap_or_default();
        let first = head.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let sound = first == MAGIC || SKIPPABLE.contains(&first);
        super::list(&KIND, magic(NAME, &head, sound), blob, stem)
    }
}

/// What stands before the blocks of a frame.
struct Header {
    /// Where the blocks begin.
    blocks: u64,
    /// `Frame_Content_Size`.
    size: Option<u64>,
    /// `Content_Checksum_Flag`.
    checksum: bool,
}

/// A frame, or one that is to be skipped: where its blocks begin, or where it ends.
enum Frame {
    Content(Header),
    Skip(u64),
}

/// What begins at `at`.
fn frame(blob: &Blob, at: u64) -> Result<Frame, Gap> {
    let head = blob.read(NAME, at..at.saturating_add(HEADER))?;
    let mut c = Cursor::new(NAME, &head);
    let magic = c.u32("magic")?;
    if SKIPPABLE.contains(&magic) {
        let size = u64::from(c.u32("frame size")?);
        return Ok(Frame::Skip(at.saturating_add(8).saturating_add(size)));
    }
    if magic != MAGIC {
        return Err(Gap::invalid(NAME, at, "magic", magic.into()));
    }
    let descriptor = c.u8("frame header descriptor")?;
    let single = descriptor & 0x20 != 0;
    if !single {
        c.skip("window descriptor", 1)?;
    }
    c.skip(
        "dictionary id",
        [0, 1, 2, 4]
            .get(usize::from(descriptor & 3))
            .copied()
            .unwrap_or(0),
    )?;
    let size = match descriptor >> 6 {
        0 if single => Some(u64::from(c.u8("frame content size")?)),
        0 => None,
        1 => Some(u64::from(c.u16("frame content size")?).saturating_add(256)),
        2 => Some(u64::from(c.u32("frame content size")?)),
        _ => Some(c.u64("frame content size")?),
    };
    Ok(Frame::Content(Header {
        blocks: at.saturating_add(u64::try_from(c.position()).unwrap_or(u64::MAX)),
        size,
        checksum: descriptor & 4 != 0,
    }))
}

/// The size of the first frame: of most files, there is no other.
fn claim(blob: &Blob) -> Option<u64> {
    match frame(blob, 0).ok()? {
        Frame::Content(header) => header.size,
        Frame::Skip(_) => None,
    }
}

fn parts(blob: &Blob, budget: &Budget) -> Option<Blob> {
    if blob.len() < SMALL {
        return None;
    }
    let mut parts = Parts::new(NAME, blob, Alone, budget);
    let mut blocks = Blocks {
        blob,
        chunk: Bytes::default(),
        from: 0,
    };
    let mut at = 0;
    while at < blob.len() {
        match frame(blob, at).ok()? {
            Frame::Skip(end) => at = end,
            Frame::Content(header) => {
                let end = blocks.end(&header)?;
                parts.push(header.size?, at, end.checked_sub(at)?, [0; 3])?;
                at = end;
            }
        }
    }
    budget.ratio(NAME, 0, blob.len(), parts.total()).ok()?;
    (at == blob.len() && parts.count() > 1).then(|| parts.into_blob())
}

/// Looks at the headers of blocks, of which there are many next to each other.
struct Blocks<'a> {
    blob: &'a Blob,
    chunk: Bytes,
    from: u64,
}

impl Blocks<'_> {
    /// Bytes that are read at once: small blocks are met several at a time.
    const CHUNK: u64 = 4096;

    /// Where a frame ends, by its blocks (3.1.1.2).
    fn end(&mut self, header: &Header) -> Option<u64> {
        let mut at = header.blocks;
        loop {
            let word = self.header(at)?;
            let size = u64::from(word >> 3);
            at = at.checked_add(3)?.checked_add(match (word >> 1) & 3 {
                // One byte, over and over.
                1 => 1,
                3 => return None,
                _ => size,
            })?;
            if word & 1 != 0 {
                return at.checked_add(if header.checksum { 4 } else { 0 });
            }
        }
    }

    /// The three bytes of a block header.
    fn header(&mut self, at: u64) -> Option<u32> {
        let skip = |from| at.checked_sub(from).and_then(|skip| usize::try_from(skip).ok());
        let find = |chunk: &Bytes, from| Some(*chunk.get(skip(from)?..)?.first_chunk::<3>()?);
        let [a, b, c] = match find(&self.chunk, self.from) {
            Some(word) => word,
            None => {
                self.chunk = self.blob.read(NAME, at..at.checked_add(Self::CHUNK)?).ok()?;
                self.from = at;
                find(&self.chunk, at)?
            }
        };
        Some(u32::from_le_bytes([a, b, c, 0]))
    }
}

/// A frame that is decoded alone.
struct Alone;

impl Unit for Alone {
    fn open<'a>(&'a self, blob: &Blob, part: &Part) -> Result<Box<dyn Read + 'a>, Gap> {
        let data = blob
            .slice(part.from..part.from.saturating_add(part.size))
            .reader();
        Ok(codec::reader(Codec::Zstd, data))
    }
}
