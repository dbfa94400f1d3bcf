//! Brotli: one stream.
//!
//! Spec: RFC 7932. There is no magic: only the name tells, and that the first bytes decode. A stream says
//! neither its size nor where its meta-blocks begin, so it is decoded from its start.

use crate::bytes::{Blob, Budget};

use super::super::codec::Codec;
use super::super::registry::{Format, Holds, Listing};
use super::input::Decoding;
use super::{Kind, unsaid, whole};

/// Brotli streams.
pub(in crate::unpack) struct Brotli;

const NAME: &str = "brotli";
const KIND: Kind = Kind {
    name: NAME,
    codec: Codec::Brotli,
    claim: unsaid,
    parts: whole,
};

impl Format for Brotli {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "brotli, by its ending alone; large windows are not read"
    }

    fn sniff(&self, _: &[u8]) -> bool {
        false
    }

    fn endings(&self) -> &'static [&'static str] {
        &["br"]
    }

    fn holds(&self) -> Holds {
        Holds::Stream
    }

    fn list(&self, blob: &Blob, stem: &str, _: &Budget) -> Listing {
        let sound = Decoding::new(KIND.codec, NAME, blob, None)
            .next(&mut [0])
            .map(|_| ());
        super::list(&KIND, sound, blob, stem)
    }
}
