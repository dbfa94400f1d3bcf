//! A stream as parts that decode alone: blocks of xz and LZ4, frames of zstd.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use crate::bytes::{Blob, Budget, Bytes, Cache, Gap, Source, Spill, Stored};

/// Ours: parts of one stream, 32 GiB of blocks of 64 KiB. What has more is read from its start.
pub(super) const MOST: usize = 1 << 19;
/// Decoded bytes up to which a part is a unit of the cache. Larger ones would push all else out of it, so
/// each is decoded once, into the spill.
const UNIT: u64 = 4 << 20;

/// A part.
pub(super) struct Part {
    /// Its first byte, decoded, from the start of all.
    at: u64,
    /// Its length, decoded.
    pub(super) len: u64,
    /// Its first packed byte.
    pub(super) from: u64,
    /// Its packed bytes.
    pub(super) size: u64,
    /// What else its decoder has to know.
    pub(super) tag: [u8; 3],
    /// Where it is, once decoded, if it is too large for the cache.
    large: Option<Box<OnceLock<Stored>>>,
}

/// How parts are decoded.
pub(super) trait Unit: Send + Sync {
    /// The bytes of a part.
    fn open<'a>(&'a self, blob: &Blob, part: &Part) -> Result<Box<dyn Read + 'a>, Gap>;
}

/// Parts one after another.
pub(super) struct Parts<U> {
    format: &'static str,
    blob: Blob,
    unit: U,
    parts: Vec<Part>,
    len: u64,
    number: u64,
    cache: Arc<Cache>,
    spill: Arc<Spill>,
}

impl<U: Unit + 'static> Parts<U> {
    pub(super) fn new(format: &'static str, blob: &Blob, unit: U, budget: &Budget) -> Self {
        Self {
            format,
            blob: blob.clone(),
            unit,
            parts: Vec::new(),
            len: 0,
            number: budget.cache.source(),
            cache: Arc::clone(&budget.cache),
            spill: Arc::clone(&budget.spill),
        }
    }

    /// Puts the next part at the end: `len` bytes, made of those packed in `from..from + size`. `None`
    /// where there are too many.
    pub(super) fn push(&mut self, len: u64, from: u64, size: u64, tag: [u8; 3]) -> Option<()> {
        if self.parts.len() >= MOST {
            return None;
        }
        let large = (len > UNIT).then(Box::default);
        if len > 0 {
            self.parts.push(Part {
                at: self.len,
                len,
                from,
                size,
                tag,
                large,
            });
        }
        self.len = self.len.checked_add(len)?;
        Some(())
    }

    pub(super) fn count(&self) -> usize {
        self.parts.len()
    }

    /// Bytes of all parts, decoded.
    pub(super) fn total(&self) -> u64 {
        self.len
    }

    pub(super) fn into_blob(self) -> Blob {
        Blob::new(Arc::new(self))
    }

    fn find(&self, at: u64) -> Option<(usize, &Part)> {
        let next = self.parts.partition_point(|part| part.at <= at);
        let number = next.checked_sub(1)?;
        self.parts.get(number).map(|part| (number, part))
    }

    /// A part that has not the length that it should have.
    fn uneven(&self, part: &Part, got: u64) -> Gap {
        Gap::invalid(self.format, part.from, "length of a part, decoded", got)
    }

    fn small(&self, part: &Part) -> Result<Bytes, Gap> {
        let len = usize::try_from(part.len).unwrap_or(usize::MAX);
        let mut reader = self.unit.open(&self.blob, part)?;
        let mut buf = Bytes::buffer(len);
        let mut got = 0_usize;
        // One byte more, so that the end is seen and its sum checked.
        let mut beyond = [0];
        loop {
            let room = buf.get_mut(got..len).filter(|room| !room.is_empty());
            let n = step(&mut reader, room.unwrap_or(&mut beyond)).map_err(|e| self.broken(part, e))?;
            got = got.saturating_add(n);
            if n == 0 {
                break;
            }
            if got > len {
                return Err(self.uneven(part, wide(got)));
            }
        }
        if got < len {
            return Err(self.uneven(part, wide(got)));
        }
        Ok(Bytes::part(buf, len))
    }

    fn large(&self, part: &Part) -> Stored {
        let mut reader = self.unit.open(&self.blob, part);
        let mut got = 0_u64;
        self.spill.store(self.format, |buf| {
            let reader = reader.as_mut().map_err(|gap| gap.clone())?;
            let left = usize::try_from(part.len.saturating_sub(got)).unwrap_or(usize::MAX);
            let room = buf.len().min(left.max(1));
            let n =
                step(reader, buf.get_mut(..room).unwrap_or_default()).map_err(|e| self.broken(part, e))?;
            got = got.saturating_add(wide(n));
            if got > part.len || n == 0 && got < part.len {
                return Err(self.uneven(part, got));
            }
            Ok(n)
        })
    }

    fn broken(&self, part: &Part, e: io::Error) -> Gap {
        match e.downcast::<Gap>() {
            Ok(gap) => gap,
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                Gap::truncated(self.format, part.from, "part", part.len, 0)
            }
            Err(_) => Gap::invalid(self.format, part.from, "part", part.size),
        }
    }
}

impl<U: Unit + 'static> Source for Parts<U> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let Some((number, part)) = self
            .find(at)
            .filter(|(_, part)| at < part.at.saturating_add(part.len))
        else {
            return Ok(0);
        };
        let skip = at.saturating_sub(part.at);
        let Some(large) = &part.large else {
            let bytes = self.cache.get((self.number, wide(number)), || self.small(part))?;
            return bytes.read_at(skip, buf);
        };
        let stored = large.get_or_init(|| self.large(part));
        let n = stored.blob.read_at(skip, buf)?;
        match &stored.gap {
            Some(gap) if n == 0 && !buf.is_empty() => Err(gap.clone().into()),
            _ => Ok(n),
        }
    }

    fn origin(&self, at: u64) -> u64 {
        let from = self.find(at).map_or(0, |(_, part)| part.from);
        self.blob.origin_at(from)
    }
}

fn step(reader: &mut dyn Read, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buf) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
