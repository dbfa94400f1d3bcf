//! LZ4 frames and legacy frames, one or several one after another.
//!
//! Spec: `lz4_Frame_format.md` 1.6 of the LZ4 project. Integers are little-endian. A frame is cut into blocks
//! of at most 4 MiB, each with its packed length before it, and mostly they do not refer to each other, as in
//! all that Samsung ships: such a file is at random access. How long a block is once decoded is nowhere said;
//! all but the last should be full, but a writer may end one early, so their sequences are gone through once,
//! which takes a third of the time of decoding them. The sum at the end of a frame is only checked when it is
//! decoded as a whole; those of blocks always are.

use std::io::{Cursor as Memory, Read};

use crate::bytes::{Blob, Budget, Gap};

use super::super::codec::{self, Codec, Lz4Descriptor as Descriptor};
use super::super::registry::{Format, Holds, Listing};
use super::parts::{Part, Parts, Unit};
use super::{Kind, magic, unsaid, whole};

/// LZ4 streams.
pub(in crate::unpack) struct Lz4;

const NAME: &str = "lz4";
const FRAME: Kind = Kind {
    name: NAME,
    codec: Codec::Lz4Frame,
    claim,
    parts,
};
const LEGACY: Kind = Kind {
    name: NAME,
    codec: Codec::Lz4Legacy,
    claim: unsaid,
    parts: whole,
};
/// Magics of frames that hold nothing of the content.
const SKIPPABLE: std::ops::RangeInclusive<u32> = 0x184d_2a50..=0x184d_2a5f;
/// Bytes of magic and descriptor, at most.
const HEADER: u64 = 19;
/// Ours: packed bytes below which a stream is decoded at once, sums and all.
const SMALL: u64 = 8 << 20;

impl Format for Lz4 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "lz4 frames and legacy frames; of independent blocks only those that are needed"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&codec::LZ4_MAGIC) || head.starts_with(&codec::LZ4_LEGACY)
    }

    fn endings(&self) -> &'static [&'static str] {
        &["lz4", "tlz4", "lz4legacy"]
    }

    fn holds(&self) -> Holds {
        Holds::Stream
    }

    fn list(&self, blob: &Blob, stem: &str, _: &Budget) -> Listing {
        let head = blob.read(NAME, 0..4).unwrap_or_default();
        let first = head.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let kind = if head.starts_with(&codec::LZ4_LEGACY) {
            &LEGACY
        } else {
            &FRAME
        };
        let sound = self.sniff(&head) || SKIPPABLE.contains(&first);
        super::list(kind, magic(NAME, &head, sound), blob, stem)
    }
}

/// The size of the first frame: of most files, there is no other.
fn claim(blob: &Blob) -> Option<u64> {
    descriptor(blob, 0).ok()?.0.content_size
}

/// The descriptor of the frame at `at`, and where its blocks begin.
fn descriptor(blob: &Blob, at: u64) -> Result<(Descriptor, u64), Gap> {
    let head = blob.read(NAME, at..at.saturating_add(HEADER))?;
    let mut memory = Memory::new(&*head);
    let descriptor =
        Descriptor::read(&mut memory).map_err(|_| Gap::invalid(NAME, at, "frame descriptor", 0))?;
    Ok((descriptor, at.saturating_add(memory.position())))
}

fn parts(blob: &Blob, budget: &Budget) -> Option<Blob> {
    if blob.len() < SMALL {
        return None;
    }
    let mut parts = Parts::new(NAME, blob, Alone, budget);
    let mut at = 0;
    while at < blob.len() {
        let head = blob.read(NAME, at..at.checked_add(8)?).ok()?;
        let (magic, size) = head.split_first_chunk::<4>()?;
        if SKIPPABLE.contains(&u32::from_le_bytes(*magic)) {
            let size = u32::from_le_bytes(*size.first_chunk()?);
            at = at.checked_add(8)?.checked_add(size.into())?;
            continue;
        }
        at = blocks(blob, at, &mut parts)?;
    }
    budget.ratio(NAME, 0, blob.len(), parts.total()).ok()?;
    (at == blob.len() && parts.count() > 1).then(|| parts.into_blob())
}

/// Takes the blocks of the frame at `at`, and says where it ends.
fn blocks(blob: &Blob, at: u64, parts: &mut Parts<Alone>) -> Option<u64> {
    let before = parts.total();
    let (descriptor, mut at) = descriptor(blob, at).ok().filter(|(d, _)| d.independent)?;
    let most = u64::try_from(descriptor.block).ok()?;
    let sum = if descriptor.block_checksum { 4 } else { 0 };
    loop {
        let word = blob.read(NAME, at..at.checked_add(4)?).ok()?;
        at = at.checked_add(4)?;
        let Some((size, is_packed)) = descriptor.length(*word.first_chunk()?).ok()? else {
            break;
        };
        let size = u64::try_from(size).ok()?;
        let data = blob.read(NAME, at..at.checked_add(size)?).ok()?;
        if u64::try_from(data.len()).ok()? < size {
            return None;
        }
        let len = if is_packed { codec::lz4_size(&data)? } else { size };
        if len > most {
            return None;
        }
        let tag = [u8::from(is_packed), u8::from(descriptor.block_checksum), 0];
        let size = size.checked_add(sum)?;
        parts.push(len, at, size, tag)?;
        at = at.checked_add(size)?;
    }
    let len = parts.total().checked_sub(before)?;
    if descriptor.content_size.is_some_and(|size| size != len) {
        return None;
    }
    at.checked_add(if descriptor.content_checksum { 4 } else { 0 })
}

/// A block that is decoded alone.
struct Alone;

impl Unit for Alone {
    fn open<'a>(&'a self, blob: &Blob, part: &Part) -> Result<Box<dyn Read + 'a>, Gap> {
        let [is_packed, has_sum, _] = part.tag;
        let mut data = blob.read(NAME, part.from..part.from.saturating_add(part.size))?;
        if has_sum != 0 {
            let (body, said) = data
                .split_last_chunk::<4>()
                .ok_or_else(|| Gap::truncated(NAME, part.from, "block", part.size, 0))?;
            if codec::xxh32(body) != u32::from_le_bytes(*said) {
                return Err(Gap::invalid(
                    NAME,
                    part.from,
                    "block checksum",
                    u32::from_le_bytes(*said).into(),
                ));
            }
            data = data.slice(0..body.len());
        }
        if is_packed != 0 {
            let len = usize::try_from(part.len).unwrap_or(usize::MAX);
            data = codec::decode(Codec::Lz4, NAME, part.from, &data, len)?;
        }
        Ok(Box::new(Blob::from(data).reader()))
    }
}
