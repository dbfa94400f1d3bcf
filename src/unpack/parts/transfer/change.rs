//! Commands that make blocks from those of the old build.
//!
//! | version | |
//! | --- | --- |
//! | 1 | `move SOURCE TARGET`, `bsdiff OFFSET LENGTH SOURCE TARGET` |
//! | 2 | `move TARGET FROM`, `bsdiff OFFSET LENGTH TARGET FROM` |
//! | 3, 4 | `move HASH TARGET FROM`, `bsdiff OFFSET LENGTH HASH HASH TARGET FROM`: of source and target, SHA-1 |
//!
//! `imgdiff` has the words of `bsdiff`; offset and length are bytes of the patch data. FROM is the number of
//! blocks and where they come from: `BLOCKS R`, blocks of the image one after another; `BLOCKS R R S:R…`, where
//! the second set says where in the source each goes, and each S is a stash with the same; `BLOCKS - S:R…`.

use crate::bytes::Gap;

use super::ranges::{Ranges, blocks, decimal, ranges, sum};
use super::{NAME, range_set};

/// SHA-1.
pub(in crate::unpack::parts) type Sum = [u8; 20];

/// What a command makes of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::unpack::parts) enum Kind {
    Move,
    Bsdiff,
    Imgdiff,
}

/// A command that makes blocks from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::unpack::parts) struct Change {
    /// Bytes from the start of the list.
    pub(in crate::unpack::parts) at: u64,
    pub(in crate::unpack::parts) kind: Kind,
    pub(in crate::unpack::parts) target: Ranges,
    /// What it is made from, or why that cannot be told.
    pub(in crate::unpack::parts) from: Result<Sources, Gap>,
}

/// What blocks are made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::unpack::parts) struct Sources {
    /// Start and length of the patch, in bytes of the patch data.
    pub(in crate::unpack::parts) patch: (u64, u64),
    /// Of the source and of the target.
    pub(in crate::unpack::parts) sums: Option<(Sum, Sum)>,
    /// Blocks of the source.
    pub(in crate::unpack::parts) blocks: u64,
    /// Blocks of the image, one after another.
    pub(in crate::unpack::parts) image: Ranges,
    /// Where in the source these go; none where they are all of it.
    pub(in crate::unpack::parts) places: Option<Ranges>,
    /// Stashes, and where in the source each goes.
    pub(in crate::unpack::parts) stashes: Vec<(Box<[u8]>, Ranges)>,
}

impl Change {
    /// Reads the words behind the verb. Without a target, nobody knows what it changes.
    pub(super) fn read(kind: Kind, version: u64, words: &[&[u8]], at: u64) -> Result<Self, Gap> {
        let patch = if kind == Kind::Move { 0 } else { 2 };
        let sums = match (version, kind) {
            (1 | 2, _) => 0,
            (_, Kind::Move) => 1,
            _ => 2,
        };
        let rest = usize::saturating_add(patch, sums);
        let (target, from) = if version == 1 {
            (range_set(words, rest.saturating_add(1), at)?, rest)
        } else {
            (range_set(words, rest, at)?, rest.saturating_add(1))
        };
        let from = words.get(from..).unwrap_or_default();
        let read = || -> Result<Sources, Gap> {
            let mut all = if version == 1 {
                let image = range_set(from, 0, at)?;
                Sources {
                    blocks: blocks(&image),
                    image,
                    ..Sources::default()
                }
            } else {
                Sources::read(from, at)?
            };
            if patch > 0 {
                all.patch = (
                    number(words, 0, "patch offset", at)?,
                    number(words, 1, "patch length", at)?,
                );
            }
            let hash = |number: usize| {
                let word = words.get(number).copied().unwrap_or_default();
                let first = word.first().copied().unwrap_or(0);
                sum(word).ok_or_else(|| Gap::invalid(NAME, at, "hash of blocks", first.into()))
            };
            if sums > 0 {
                let source = hash(patch)?;
                let last = rest.saturating_sub(1);
                all.sums = Some((source, hash(last)?));
            }
            Ok(all)
        };
        Ok(Self {
            at,
            kind,
            target,
            from: read(),
        })
    }

    /// Range sets take memory by their ranges.
    pub(super) fn ranges(&self) -> usize {
        let from = self.from.as_ref().map_or(0, |from| {
            let stashes = from
                .stashes
                .iter()
                .map(|(_, ranges)| ranges.len().saturating_add(1));
            let places = from.places.as_ref().map_or(0, Vec::len);
            stashes
                .fold(places, usize::saturating_add)
                .saturating_add(from.image.len())
        });
        self.target.len().saturating_add(from)
    }
}

impl Sources {
    fn read(words: &[&[u8]], at: u64) -> Result<Self, Gap> {
        let mut all = Self {
            blocks: number(words, 0, "source blocks", at)?,
            ..Self::default()
        };
        let mut rest = words.get(1..).unwrap_or_default();
        if let Some((b"-", stashes)) = rest.split_first().map(|(word, rest)| (*word, rest)) {
            rest = stashes;
        } else {
            all.image = range_set(rest, 0, at)?;
            rest = rest.get(1..).unwrap_or_default();
            if let Some((places, stashes)) = rest.split_first() {
                all.places = Some(ranges(places, at)?);
                rest = stashes;
            }
        }
        for word in rest {
            let mut parts = word.splitn(2, |b| *b == b':');
            let name = parts.next().unwrap_or_default();
            let places = parts.next().unwrap_or_default();
            all.stashes.push((name.into(), ranges(places, at)?));
        }
        Ok(all)
    }
}

fn number(words: &[&[u8]], number: usize, what: &'static str, at: u64) -> Result<u64, Gap> {
    let word = words.get(number).copied().unwrap_or_default();
    let first = word.first().copied().unwrap_or(0);
    decimal(word).ok_or_else(|| Gap::invalid(NAME, at, what, first.into()))
}
