//! Compressed single streams, each a container of one entry named after the file.
//!
//! What is in a stream is not known before it is decoded, and decoding is the dearest thing there is, so it
//! is put off: an entry is a [`Stream`], which is listed by its header alone, and whose first bytes tell
//! whether anyone wants the rest. Who only reads it from its start ([`Stream::read`], a file of a package)
//! has it decoded into memory, within the limits of one item. Who needs random access ([`Stream::open`], a
//! container of the outer layers) gets one of two things. Where the stream says where its parts are and they
//! decode alone, as the blocks of most LZ4 frames do, its [`Parts`](parts::Parts) are decoded when they are touched. All
//! else is decoded once, from its start, and kept as the pages of a [`Spill`](crate::bytes::Spill): the
//! length is then what came out, not what a trailer claims.

mod brotli;
mod bzip2;
mod gzip;
mod input;
mod lz4;
mod lzma;
pub(super) mod parts;
#[cfg(test)]
mod tests;
mod xz;
mod zstd;

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::bytes::{Blob, Budget, Bytes, Gap, wide};

use super::codec::Codec;
use super::leaf::{Data, Opened, Read};
use super::registry::{Entry, Listing};
use super::serial::{Claim, Packing, Serial};
use input::Decoding;

pub(super) use brotli::Brotli;
pub(super) use bzip2::Bzip2;
pub(super) use gzip::Gzip;
pub(super) use lz4::Lz4;
pub(super) use lzma::Lzma;
pub(super) use xz::Xz;
pub(super) use zstd::Zstd;

/// First guess of what a byte of input holds, where a stream does not say its size.
const GUESS: u64 = 4;
/// Most of that guess: buffers up to it are used again.
const FIRST: u64 = 16 << 20;

/// A kind of stream.
struct Kind {
    name: &'static str,
    codec: Codec,
    /// What the stream says that it holds, in bytes: no more than a hint.
    claim: fn(&Blob) -> Option<u64>,
    /// The stream as parts that decode alone, where it is worth the while.
    parts: fn(&Blob, &Budget) -> Option<Blob>,
}

/// A stream, decoded when someone asks.
pub(super) struct Stream {
    kind: &'static Kind,
    blob: Blob,
    claim: Option<u64>,
    opened: OnceLock<Opened>,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", self.kind.name, self.blob)
    }
}

/// Lists a stream. One that does not begin as it should is no container.
fn list(kind: &'static Kind, sound: Result<(), Gap>, blob: &Blob, stem: &str) -> Listing {
    if let Err(gap) = sound {
        let mut listing = Listing {
            salvaged: true,
            ..Listing::default()
        };
        listing.remark(gap);
        return listing;
    }
    let stream = Stream {
        kind,
        blob: blob.clone(),
        claim: (kind.claim)(blob),
        opened: OnceLock::new(),
    };
    Listing {
        entries: vec![Entry {
            name: stem.into(),
            size: stream.size(),
            data: Data::Stream(Arc::new(stream)),
        }],
        ..Listing::default()
    }
}

impl Stream {
    /// Bytes once decoded: as the stream says where that can be true, else at least those that it has.
    fn size(&self) -> u64 {
        self.claim.unwrap_or(self.blob.len())
    }

    /// Its compressed bytes.
    pub(super) fn packed(&self) -> u64 {
        self.blob.len()
    }

    fn decoding(&self) -> Decoding<'_> {
        Decoding::new(self.kind.codec, self.kind.name, &self.blob, self.claim)
    }

    /// Its first bytes, decoded into `out`; how many.
    pub(super) fn head(&self, out: &mut [u8]) -> usize {
        if let Some(opened) = self.opened.get() {
            return opened.blob.read_at(0, out).unwrap_or(0);
        }
        let mut decoding = self.decoding();
        let mut got = 0_usize;
        while let Some(rest) = out.get_mut(got..).filter(|rest| !rest.is_empty()) {
            match decoding.next(rest) {
                Ok(n) if n > 0 => got = got.saturating_add(n),
                _ => break,
            }
        }
        got
    }

    /// All of it, in memory, as far as the limit of one item allows.
    pub(super) fn read(&self, budget: &Budget) -> Read {
        let most = usize::try_from(budget.limits.item).unwrap_or(usize::MAX);
        let guess = self
            .claim
            .unwrap_or(self.blob.len().saturating_mul(GUESS))
            .min(FIRST);
        let guess = usize::try_from(guess).unwrap_or(usize::MAX);
        let mut buf = Bytes::buffer(guess.min(most).max(1));
        let mut decoding = self.decoding();
        let mut got = 0_usize;
        let mut lost = None;
        loop {
            if got >= most {
                // One byte more tells "exactly full" from "more to come".
                match decoding.within(&mut [0], budget) {
                    Ok(0) => {}
                    Ok(_) => lost = Some(self.over(&decoding, budget)),
                    Err(gap) => lost = Some(gap),
                }
                break;
            }
            if got >= buf.len() {
                let more = buf.len().saturating_mul(2).min(most);
                buf.resize(more.max(buf.len()), 0);
            }
            let end = buf.len().min(most);
            match decoding.within(buf.get_mut(got..end).unwrap_or_default(), budget) {
                Ok(0) => break,
                Ok(n) => got = got.saturating_add(n),
                Err(gap) => {
                    lost = Some(gap);
                    break;
                }
            }
        }
        let mut gaps = decoding.end(lost.is_none());
        let missing = self.claim.unwrap_or(0).saturating_sub(wide(got));
        let unread = if lost.is_some() { missing } else { 0 };
        gaps.extend(lost);
        Read {
            bytes: Bytes::part(buf, got),
            gaps,
            unread,
            salvaged: false,
        }
    }

    fn over(&self, decoding: &Decoding<'_>, budget: &Budget) -> Gap {
        let got = self.size().max(decoding.got());
        Gap::over(
            self.kind.name,
            0,
            "item size",
            got,
            budget.limits.item,
            "--max-item",
        )
    }

    /// Its bytes in order, decoded as they are read.
    pub(super) fn serial<'a>(&self, budget: &'a Budget) -> Serial<'a> {
        let packing = Packing::Codec(self.kind.codec);
        Serial::new(self.kind.name, 0, &self.blob, packing, Claim::default(), budget)
    }

    /// At random access, whatever its size. Decoded at most once; others wait for the one that does.
    pub(super) fn open(&self, budget: &Budget) -> &Opened {
        self.opened.get_or_init(|| {
            if let Some(blob) = (self.kind.parts)(&self.blob, budget) {
                return Opened::new(blob, Vec::new(), None);
            }
            let mut decoding = self.decoding();
            let stored = budget
                .spill
                .store(self.kind.name, |buf| decoding.within(buf, budget));
            let gaps = decoding.end(stored.gap.is_none());
            Opened::new(stored.blob, gaps, stored.gap)
        })
    }

    /// How many bytes it says that it holds.
    pub(super) fn claim(&self) -> Option<u64> {
        self.claim
    }

    /// Where its first byte is in the input.
    pub(super) fn origin(&self) -> u64 {
        self.blob.origin()
    }
}

/// Whether a stream begins with its magic.
fn magic(format: &'static str, head: &[u8], sound: bool) -> Result<(), Gap> {
    let first = head.iter().take(4).rev();
    let got = first.fold(0, |got: u64, byte| got << 8 | u64::from(*byte));
    if sound {
        Ok(())
    } else {
        Err(Gap::invalid(format, 0, "magic", got))
    }
}

/// Endings of tar in a stream, which stand for two; `sin` are those of Sony that are no format of its own.
const TARS: &[&str] = &[
    "sin", "tgz", "taz", "txz", "tlz", "tbz", "tbz2", "tb2", "tzst", "tlz4",
];
/// Endings of streams.
const ENDINGS: &[&str] = &["gz", "xz", "lzma", "bz2", "zst", "zstd", "lz4", "br", "lz4legacy"];

/// The name of what is in a stream called `name`: `x` for `x.gz`, `x.tar` for `x.tgz`.
pub(super) fn inner(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty())?;
    let is = |known: &&str| ending.eq_ignore_ascii_case(known);
    if TARS.iter().any(is) {
        return Some(format!("{stem}.tar"));
    }
    ENDINGS.iter().any(is).then(|| stem.to_string())
}

/// A stream that has no parts.
fn whole(_: &Blob, _: &Budget) -> Option<Blob> {
    None
}

/// A stream that does not say its size.
fn unsaid(_: &Blob) -> Option<u64> {
    None
}
