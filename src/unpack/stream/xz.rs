//! xz: one stream, or several one after another.
//!
//! Spec: *The .xz File Format* 1.2.1 (*xz-file-format.txt* of XZ Utils). Integers are little-endian; a
//! "variable-length integer" has seven bits a byte, the lowest first. The index behind the blocks tells how
//! long each is, packed and decoded, and blocks decode alone: a file of several is at random access.

use std::io::{Cursor as Memory, Read};

use flate2::Crc;

use crate::bytes::{Blob, Budget, Cursor, Gap, wide};

use super::super::codec::{self, Codec};
use super::super::registry::{Format, Holds, Listing};
use super::parts::{MOST, Part, Parts, Unit};
use super::{Kind, magic};

/// xz streams.
pub(in crate::unpack) struct Xz;

const NAME: &str = "xz";
const KIND: Kind = Kind {
    name: NAME,
    codec: Codec::Xz,
    claim,
    parts,
};
/// `Header Magic Bytes` (2.1.1.1) and `Footer Magic Bytes` (2.1.2.4).
const MAGIC: [u8; 6] = *b"\xfd7zXZ\0";
const FOOTER: [u8; 2] = *b"YZ";
/// Bytes of a stream header, and of a stream footer.
const HEADER: u64 = 12;
/// Ours: bytes of an index. That of half a million blocks takes 4 MiB.
const INDEX: u64 = 8 << 20;
/// Ours: padding between streams that is skipped from behind.
const PADDING: u64 = 64 << 10;

impl Format for Xz {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "xz, several streams, with all filters; of several blocks only those that are needed"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&MAGIC)
    }

    fn endings(&self) -> &'static [&'static str] {
        &["xz", "txz"]
    }

    fn holds(&self) -> Holds {
        Holds::Stream
    }

    fn list(&self, blob: &Blob, stem: &str, _: &Budget) -> Listing {
        let head = blob.read(NAME, 0..6).unwrap_or_default();
        super::list(&KIND, magic(NAME, &head, self.sniff(&head)), blob, stem)
    }
}

/// A block, as the index has it. In bytes.
#[derive(Debug, Clone, Copy)]
struct Block {
    from: u64,
    /// `Unpadded Size` (4.3.1): header, data and check.
    unpadded: u64,
    /// `Uncompressed Size` (4.3.2).
    len: u64,
    flags: [u8; 2],
}

fn claim(blob: &Blob) -> Option<u64> {
    let blocks = blocks(blob).ok()?;
    blocks
        .iter()
        .try_fold(0_u64, |sum, block| sum.checked_add(block.len))
}

fn parts(blob: &Blob, budget: &Budget) -> Option<Blob> {
    let blocks = blocks(blob).ok().filter(|blocks| blocks.len() > 1)?;
    let mut parts = Parts::new(NAME, blob, Alone, budget);
    for block in blocks {
        parts.push(block.len, block.from, padded(block.unpadded)?, Alone::tag(block)?)?;
    }
    // What claims to hold more than it can is read from its start, which says so when it has come so far.
    budget.ratio(NAME, 0, blob.len(), parts.total()).ok()?;
    Some(parts.into_blob())
}

/// All blocks of all streams, found from the end of the file. They and what is known to be between them
/// take up every byte of it.
fn blocks(blob: &Blob) -> Result<Vec<Block>, Gap> {
    let mut streams = Vec::new();
    let mut count = 0_usize;
    let mut end = blob.len();
    while end > 0 {
        let (start, blocks) = stream(blob, end)?;
        count = count.saturating_add(blocks.len()).saturating_add(1);
        if count > MOST {
            return Err(Gap::over(NAME, start, "blocks", wide(count), wide(MOST), ""));
        }
        streams.push(blocks);
        end = start;
    }
    Ok(streams.into_iter().rev().flatten().collect())
}

/// The stream that ends at `end` at the latest: where it starts, and its blocks.
fn stream(blob: &Blob, mut end: u64) -> Result<(u64, Vec<Block>), Gap> {
    let lowest = end.saturating_sub(PADDING);
    while end > lowest
        && blob
            .read(NAME, end.saturating_sub(4)..end)?
            .iter()
            .all(|b| *b == 0)
    {
        end = end.saturating_sub(4);
    }
    let at = end.saturating_sub(HEADER);
    let footer = blob.read(NAME, at..end)?;
    let mut c = Cursor::new(NAME, &footer);
    let crc = c.u32("footer crc-32")?;
    let backward = c.u32("backward size")?;
    let flags = c.array::<2>("stream flags")?;
    let magic = c.array::<2>("footer magic")?;
    if magic != FOOTER || crc != crc32(footer.get(4..10).unwrap_or_default()) {
        return Err(Gap::invalid(NAME, at, "footer", u16::from_le_bytes(magic).into()));
    }
    let size = u64::from(backward).saturating_add(1).saturating_mul(4);
    let index_at = at
        .checked_sub(size)
        .filter(|_| size <= INDEX)
        .ok_or_else(|| Gap::invalid(NAME, at, "backward size", size))?;
    let sizes = index(&blob.read(NAME, index_at..at)?, index_at)?;
    let packed = sizes
        .iter()
        .try_fold(0_u64, |sum, (unpadded, _)| sum.checked_add(padded(*unpadded)?));
    let start = packed
        .and_then(|packed| index_at.checked_sub(packed)?.checked_sub(HEADER))
        .ok_or_else(|| Gap::invalid(NAME, index_at, "index", packed.unwrap_or(u64::MAX)))?;
    let header = blob.read(NAME, start..start.saturating_add(HEADER))?;
    if *header != header_of(flags) {
        return Err(Gap::invalid(NAME, start, "stream header", 0));
    }
    let mut from = start.saturating_add(HEADER);
    let blocks = sizes.into_iter().map(|(unpadded, len)| {
        let block = Block {
            from,
            unpadded,
            len,
            flags,
        };
        from = from.saturating_add(padded(unpadded).unwrap_or(0));
        block
    });
    Ok((start, blocks.collect()))
}

/// The records of an index (4): unpadded and uncompressed size of each block.
fn index(data: &[u8], at: u64) -> Result<Vec<(u64, u64)>, Gap> {
    let bad = |got| Gap::invalid(NAME, at, "index", got);
    let (body, crc) = data.split_last_chunk::<4>().ok_or_else(|| bad(0))?;
    if crc32(body) != u32::from_le_bytes(*crc) {
        return Err(bad(u32::from_le_bytes(*crc).into()));
    }
    let (indicator, mut rest) = body.split_first().ok_or_else(|| bad(0))?;
    let count = integer(&mut rest)
        .filter(|_| *indicator == 0)
        .ok_or_else(|| bad(1))?;
    // Two bytes are the smallest record.
    if count > wide(rest.len() / 2) || count > wide(MOST) {
        return Err(bad(count));
    }
    let mut records = Vec::new();
    for _ in 0..count {
        let record = integer(&mut rest).zip(integer(&mut rest));
        records.push(record.filter(|record| record.0 >= 5).ok_or_else(|| bad(count))?);
    }
    if rest.len() > 3 || rest.iter().any(|b| *b != 0) {
        return Err(bad(count));
    }
    Ok(records)
}

/// A variable-length integer (1.2).
fn integer(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return (*byte != 0 || shift == 0).then_some(value);
        }
    }
    None
}

fn put_integer(to: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        to.push(if value > 0 { low | 0x80 } else { low & 0x7f });
        if value == 0 {
            break;
        }
    }
}

/// With the padding behind a block (3.3).
fn padded(unpadded: u64) -> Option<u64> {
    unpadded.checked_next_multiple_of(4)
}

fn crc32(data: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(data);
    crc.sum()
}

/// A stream header (2.1.1).
fn header_of(flags: [u8; 2]) -> [u8; 12] {
    let [a, b, c, d, e, f] = MAGIC;
    let [g, h] = flags;
    let [i, j, k, l] = crc32(&flags).to_le_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l]
}

/// A block that is decoded alone.
struct Alone;

impl Alone {
    /// What is to be known of a block beside where it is: the padding behind it, and its stream's flags.
    fn tag(block: Block) -> Option<[u8; 3]> {
        let padding = padded(block.unpadded)?.checked_sub(block.unpadded)?;
        let [high, low] = block.flags;
        Some([u8::try_from(padding).ok()?, high, low])
    }
}

impl Unit for Alone {
    fn is_slow(&self) -> bool {
        true
    }

    /// A stream of this block alone, with a header before it and an index behind it: so the decoder checks
    /// all that it can.
    fn open<'a>(&'a self, blob: &Blob, part: &Part) -> Result<Box<dyn Read + 'a>, Gap> {
        let [padding, e, f] = part.tag;
        let mut tail = vec![0, 1];
        put_integer(&mut tail, part.size.saturating_sub(padding.into()));
        put_integer(&mut tail, part.len);
        while tail.len() % 4 != 0 {
            tail.push(0);
        }
        // Without the sum, and less one as the field is.
        let backward = u32::try_from(tail.len() / 4).unwrap_or(u32::MAX);
        let [a, b, c, d] = backward.to_le_bytes();
        tail.extend(crc32(&tail).to_le_bytes());
        tail.extend(crc32(&[a, b, c, d, e, f]).to_le_bytes());
        tail.extend([a, b, c, d, e, f]);
        tail.extend(FOOTER);
        let data = blob
            .slice(part.from..part.from.saturating_add(part.size))
            .reader();
        let all = Memory::new(header_of([e, f]))
            .chain(data)
            .chain(Memory::new(tail));
        Ok(codec::reader(Codec::Xz, all))
    }
}
