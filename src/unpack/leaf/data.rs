//! Where the bytes of a leaf come from, and the ways to have them: all, the first, in order, anywhere.

use std::sync::Arc;

use crate::bytes::{Blob, Budget, Gap, wide};

use super::super::serial::{Claim, Packing, Serial};
use super::super::{stream, zip};
use super::Read;

/// Where the bytes of a leaf come from.
#[derive(Debug, Clone)]
pub(in crate::unpack) enum Data {
    /// As they are.
    Plain(Blob),
    /// An entry of a zip archive, by its number.
    Zip(Arc<zip::Archive>, u32),
    /// What is in a compressed stream.
    Stream(Arc<stream::Stream>),
}

impl Data {
    /// The first bytes into `out`, without decoding the rest; how many.
    pub(in crate::unpack) fn head(&self, out: &mut [u8]) -> usize {
        match self {
            Self::Plain(blob) => plain_head(blob, out),
            Self::Zip(archive, number) => zip::head(archive, *number, out),
            Self::Stream(stream) => stream.head(out),
        }
    }

    /// The bytes at random access, where they need no decoding.
    pub(in crate::unpack) fn blob(&self) -> Option<Blob> {
        match self {
            Self::Plain(blob) => Some(blob.clone()),
            Self::Zip(archive, number) => zip::plain(archive, *number),
            Self::Stream(_) => None,
        }
    }

    /// The bytes in order, however many they are, decoded as they are read; and what is wrong with
    /// them as far as that is known before the first.
    pub(in crate::unpack) fn serial<'a>(&self, budget: &'a Budget) -> Result<(Serial<'a>, Vec<Gap>), Gap> {
        let serial = match self {
            Self::Plain(blob) => Serial::new("file", 0, blob, Packing::Plain, Claim::default(), budget),
            Self::Zip(archive, number) => return zip::serial(archive, *number, budget),
            Self::Stream(stream) => stream.serial(budget),
        };
        Ok((serial, Vec::new()))
    }

    /// Bytes that all of it is decoded from, and that are really there.
    pub(in crate::unpack) fn input(&self, budget: &Budget) -> u64 {
        self.serial(budget).map_or(0, |(serial, _)| serial.input())
    }

    /// The bytes at random access. What can only be decoded from its start is decoded now, once, and
    /// kept in the store; `packing` is what they are packed in below their container, for `format`. `most`
    /// bytes are enough.
    pub(in crate::unpack) fn random_access(
        &self,
        format: &'static str,
        packing: Packing,
        most: u64,
        budget: &Budget,
    ) -> Opened {
        let plain = (packing == Packing::Plain).then(|| self.blob()).flatten();
        if let Some(blob) = plain {
            return match blob.hold() {
                Ok(blob) => blob.into(),
                Err(e) => Opened::new(Blob::from(Vec::new()), Vec::new(), Some(Gap::of(e, "file", 0))),
            };
        }
        if let (Self::Stream(stream), Packing::Plain) = (self, packing) {
            return stream.open(budget).clone();
        }
        let (mut serial, mut gaps) = match self.serial(budget) {
            Ok((serial, gaps)) => (serial.unpack(format, packing), gaps),
            Err(gap) => return Opened::new(Blob::from(Vec::new()), Vec::new(), Some(gap)),
        };
        let mut left = most;
        let next = |buf: &mut [u8]| {
            let room = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
            let got = serial.next(buf.get_mut(..room).unwrap_or_default())?;
            left = left.saturating_sub(wide(got));
            Ok(got)
        };
        let stored = budget.spill.store(format, next);
        gaps.extend(serial.notes());
        Opened::new(stored.blob, gaps, stored.gap)
    }
}

/// An entry at random access.
#[derive(Debug, Clone)]
pub(in crate::unpack) struct Opened {
    /// All that could be had.
    pub(in crate::unpack) blob: Blob,
    /// What is wrong with it, although the bytes came out.
    pub(in crate::unpack) gaps: Vec<Gap>,
    /// Why there are no more.
    pub(in crate::unpack) cut: Option<Gap>,
}

impl From<Blob> for Opened {
    fn from(blob: Blob) -> Self {
        Self::new(blob, Vec::new(), None)
    }
}

impl Opened {
    pub(in crate::unpack) fn new(blob: Blob, gaps: Vec<Gap>, cut: Option<Gap>) -> Self {
        Self { blob, gaps, cut }
    }
}

/// The first bytes, as far as they can be read.
fn plain_head(blob: &Blob, out: &mut [u8]) -> usize {
    /// Bytes that are given up together.
    const SECTOR: usize = 512;
    if let Ok(got) = blob.read_at(0, out) {
        return got;
    }
    let mut done = 0_usize;
    for piece in out.chunks_mut(SECTOR) {
        match blob.read_at(wide(done), piece) {
            Ok(got) => done = done.saturating_add(got),
            Err(_) => break,
        }
    }
    done
}

pub(super) fn plain(blob: &Blob, budget: &Budget) -> Read {
    let len = blob.len();
    let over = budget.item("file", 0, len).err();
    let end = if over.is_some() { budget.prefix() } else { len };
    let mut gaps: Vec<Gap> = over.into_iter().collect();
    let (bytes, lost) = match blob.read("file", 0..end) {
        Ok(bytes) => (bytes, 0),
        Err(_) => {
            // Once more, piece by piece: what is sound is kept.
            let (bytes, more, lost) = blob.salvage("file", 0..end);
            gaps.extend(more);
            (bytes, lost)
        }
    };
    let unread = len.saturating_sub(wide(bytes.len())).saturating_add(lost);
    if unread > 0 && gaps.is_empty() {
        // It has become shorter since it was listed.
        gaps.push(Gap::truncated(
            "file",
            wide(bytes.len()),
            "file",
            len,
            wide(bytes.len()),
        ));
    }
    Read {
        bytes,
        gaps,
        unread,
        salvaged: false,
    }
}
