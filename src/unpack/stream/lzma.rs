//! LZMA without a container, "LZMA alone": one stream.
//!
//! Spec: *lzma-file-format.txt* of XZ Utils, section 1.1: properties, a 32-bit dictionary size, a 64-bit
//! uncompressed size, all little-endian.

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::super::codec::Codec;
use super::super::registry::{Format, Holds, Listing};
use super::{Kind, whole};

/// LZMA streams.
pub(in crate::unpack) struct Lzma;

const NAME: &str = "lzma";
const KIND: Kind = Kind {
    name: NAME,
    codec: Codec::Lzma,
    claim,
    parts: whole,
};
/// `lc=3 lp=0 pb=2`, which all tools write.
const USUAL: u8 = 0x5d;
/// The first value of `Properties` that none has: `(pb * 5 + lp) * 9 + lc`.
const PROPERTIES: u8 = 9 * 5 * 5;
/// Dictionaries of streams that are known by their header alone, in bytes.
const DICTIONARY: std::ops::RangeInclusive<u32> = 4096..=128 << 20;
/// Ours, and that of XZ Utils when it has to guess: no stream holds more.
const SIZE: u64 = 1 << 38;

struct Header {
    properties: u8,
    dictionary: u32,
    size: Option<u64>,
}

impl Header {
    /// The header, where its fields and the first byte of the range coder are as they must be.
    fn read(head: &[u8]) -> Result<Self, Gap> {
        let mut c = Cursor::new(NAME, head);
        let properties = c.u8("properties")?;
        if properties >= PROPERTIES {
            return Err(Gap::invalid(NAME, 0, "properties", properties.into()));
        }
        let dictionary = c.u32("dictionary size")?;
        let size = c.u64("uncompressed size")?;
        let size = (size != u64::MAX).then_some(size);
        if let Some(size) = size.filter(|size| *size >= SIZE) {
            return Err(Gap::invalid(NAME, 5, "uncompressed size", size));
        }
        let first = c.u8("range coder")?;
        if first != 0 {
            return Err(Gap::invalid(NAME, 13, "range coder", first.into()));
        }
        Ok(Self {
            properties,
            dictionary,
            size,
        })
    }

    /// Whether a file that is not called so can be a stream: the dictionary is 2^n or 2^n + 2^(n-1).
    fn is_usual(&self) -> bool {
        let highest = 1 << self.dictionary.checked_ilog2().unwrap_or(0);
        let rest = self.dictionary ^ highest;
        self.properties == USUAL
            && DICTIONARY.contains(&self.dictionary)
            && (rest == 0 || rest == highest >> 1)
    }
}

impl Format for Lzma {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "LZMA alone, one stream"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        Header::read(head).is_ok_and(|header| header.is_usual())
    }

    fn endings(&self) -> &'static [&'static str] {
        &["lzma", "tlz"]
    }

    fn holds(&self) -> Holds {
        Holds::Stream
    }

    fn list(&self, blob: &Blob, stem: &str, _: &Budget) -> Listing {
        super::list(&KIND, header(blob).map(|_| ()), blob, stem)
    }
}

fn header(blob: &Blob) -> Result<Header, Gap> {
    Header::read(&blob.read(NAME, 0..14)?)
}

fn claim(blob: &Blob) -> Option<u64> {
    header(blob).ok()?.size
}
