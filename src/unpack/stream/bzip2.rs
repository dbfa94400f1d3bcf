//! bzip2: one stream, or several one after another.
//!
//! Spec: none was ever published; Joe Tsai, *BZIP2: Format Specification* (2016), section 2. Blocks begin at
//! any bit and do not say how long they are, so a stream is decoded from its start.

use crate::bytes::{Blob, Budget};

use super::super::codec::Codec;
use super::super::registry::{Format, Holds, Listing};
use super::{Kind, magic, unsaid, whole};

/// bzip2 streams.
pub(in crate::unpack) struct Bzip2;

const NAME: &str = "bzip2";
const KIND: Kind = Kind {
    name: NAME,
    codec: Codec::Bzip2,
    claim: unsaid,
    parts: whole,
};
/// `StreamMagic`, `Version`.
const MAGIC: [u8; 3] = *b"BZh";
/// Where the first block begins: its magic, or that of a stream without blocks (2.2.1).
const BLOCK: [u8; 6] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
const END: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];

impl Format for Bzip2 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "bzip2, several streams; tar in bzip2"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let first = head.get(4..10);
        head.starts_with(&MAGIC)
            && matches!(head.get(3), Some(b'1'..=b'9'))
            && (first == Some(&BLOCK) || first == Some(&END))
    }

    fn endings(&self) -> &'static [&'static str] {
        &["bz2", "tbz", "tbz2", "tb2"]
    }

    fn holds(&self) -> Holds {
        Holds::Stream
    }

    fn list(&self, blob: &Blob, stem: &str, _: &Budget) -> Listing {
        let head = blob.read(NAME, 0..10).unwrap_or_default();
        super::list(&KIND, magic(NAME, &head, self.sniff(&head)), blob, stem)
    }
}
