//! Gzip: one member, or several one after another.
//!
//! Spec: RFC 1952. The file name in the header is not used; the content is named after the file. The size in
//! the trailer is that of the last member modulo 2^32, so it is a hint and the stream is decoded to know.
//! There are no check points to begin at within a stream: the decoders at hand do not say where a block of
//! deflate begins.

use crate::bytes::{Blob, Budget};

use super::super::codec::Codec;
use super::super::registry::{Format, Holds, Listing};
use super::{Kind, magic, whole};

/// Gzip streams.
pub(in crate::unpack) struct Gzip;

const NAME: &str = "gzip";
const KIND: Kind = Kind {
    name: NAME,
    codec: Codec::Gzip,
    claim,
    parts: whole,
};
/// `ID1`, `ID2`, and the only `CM` there ever was (2.3.1).
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// Bytes out per byte in that deflate can reach: 258 bytes for two bits, rounded up.
const MOST: u64 = 1032;

impl Format for Gzip {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "gzip, of any size, several members; tar in gzip"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&MAGIC)
    }

    fn endings(&self) -> &'static [&'static str] {
        &["gz", "tgz", "taz"]
    }

    fn holds(&self) -> Holds {
        Holds::Stream
    }

    fn list(&self, blob: &Blob, stem: &str, _: &Budget) -> Listing {
        let head = blob.read(NAME, 0..3).unwrap_or_default();
        super::list(&KIND, magic(NAME, &head, self.sniff(&head)), blob, stem)
    }
}

/// `ISIZE` of the last member, where it can be true.
fn claim(blob: &Blob) -> Option<u64> {
    let len = blob.len();
    let tail = blob.read(NAME, len.saturating_sub(4)..len).ok()?;
    let size = u64::from(u32::from_le_bytes(*tail.first_chunk()?));
    // More than 4 GiB, or several members: a stream seldom is smaller than what it packs.
    (size >= len && size <= len.saturating_mul(MOST)).then_some(size)
}
