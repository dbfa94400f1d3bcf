//! A stream as parts that decode alone: blocks of xz and LZ4, frames of zstd.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use crate::bytes::{Blob, Budget, Bytes, Cache, Gap, Source, Spill, Stored, wide};

use super::super::codec::{self, Codec};

/// Ours: parts of one stream, 32 GiB of blocks of 64 KiB. What has more is read from its start.
pub(in crate::unpack) const MOST: usize = 1 << 19;
/// Decoded bytes up to which a part is a unit of the cache. Larger ones would push all else out of it, so
/// each is decoded once, into the spill.
const UNIT: u64 = 4 << 20;

/// A part.
pub(in crate::unpack) struct Part {
    /// Its first byte, decoded, from the start of all.
    at: u64,
    /// Its length, decoded.
    pub(in crate::unpack) len: u64,
    /// Its first packed byte.
    pub(in crate::unpack) from: u64,
    /// Its packed bytes.
    pub(in crate::unpack) size: u64,
    /// What else its decoder has to know.
    pub(in crate::unpack) tag: [u8; 3],
    /// Where it is, once decoded, if it is too large for the cache.
    large: Option<Box<OnceLock<Stored>>>,
}

/// How parts are decoded.
pub(in crate::unpack) trait Unit: Send + Sync {
    /// The bytes of a part.
    fn open<'a>(&'a self, blob: &Blob, part: &Part) -> Result<Box<dyn Read + 'a>, Gap>;

    /// Whether that takes longer than to set a part aside.
    fn is_slow(&self) -> bool {
        false
    }
}

/// Parts that are packed by one codec, each alone.
pub(in crate::unpack) struct Coded {
    pub(in crate::unpack) format: &'static str,
    pub(in crate::unpack) codec: Codec,
}

/// Ours: decoded bytes of one LZ4 block without a frame, which has to be decoded in memory.
const BLOCK: u64 = 64 << 20;
/// Bytes that one of LZ4 can hold: a match is longer by 255 with each.
const BLOCK_RATIO: u64 = 255;

impl Unit for Coded {
    fn open<'a>(&'a self, blob: &Blob, part: &Part) -> Result<Box<dyn Read + 'a>, Gap> {
        let data = blob.slice(part.from..part.from.saturating_add(part.size));
        if self.codec != Codec::Lz4 {
            return Ok(codec::reader(self.codec, data.reader()));
        }
        let data = data.read(self.format, 0..u64::MAX)?;
        let len = usize::try_from(part.len).unwrap_or(usize::MAX);
        let bytes = codec::decode(Codec::Lz4, self.format, part.from, &data, len)?;
        Ok(Box::new(Blob::from(bytes).reader()))
    }

    fn is_slow(&self) -> bool {
        !matches!(self.codec, Codec::Lz4 | Codec::Zstd)
    }
}

impl Parts<Coded> {
    /// Puts the next part at the end, if it can hold what it is said to; where it is among the bytes of
    /// all.
    pub(in crate::unpack) fn add(
        &mut self,
        len: u64,
        from: u64,
        size: u64,
        budget: &Budget,
    ) -> Result<u64, Gap> {
        let format = self.format;
        if self.unit.codec == Codec::Lz4 {
            if len > BLOCK {
                return Err(Gap::over(format, from, "LZ4 block", len, BLOCK, ""));
            }
            if len > size.saturating_mul(BLOCK_RATIO) {
                return Err(Gap::invalid(format, from, "LZ4 block", len));
            }
        }
        budget.ratio(format, from, size, len)?;
        // Parts may share their bytes.
        budget.ratio(format, from, self.blob.len(), self.len.saturating_add(len))?;
        let at = self.len;
        self.push(len, from, size, [0; 3])
            .ok_or_else(|| Gap::over(format, from, "packed parts", wide(MOST), wide(MOST), ""))?;
        Ok(at)
    }
}

/// Parts one after another.
pub(in crate::unpack) struct Parts<U> {
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
    pub(in crate::unpack) fn new(format: &'static str, blob: &Blob, unit: U, budget: &Budget) -> Self {
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
    pub(in crate::unpack) fn push(&mut self, len: u64, from: u64, size: u64, tag: [u8; 3]) -> Option<()> {
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

    pub(in crate::unpack) fn count(&self) -> usize {
        self.parts.len()
    }

    /// Bytes of all parts, decoded.
    pub(in crate::unpack) fn total(&self) -> u64 {
        self.len
    }

    pub(in crate::unpack) fn into_blob(self) -> Blob {
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
            let unit = (self.number, wide(number));
            let bytes = match self.unit.is_slow() {
                true => self.cache.get_slow(unit, || self.small(part))?,
                false => self.cache.get(unit, || self.small(part))?,
            };
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
