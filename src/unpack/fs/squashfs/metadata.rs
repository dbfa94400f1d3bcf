//! Metadata blocks: up to 8 KiB each, decoded, one behind another.

use crate::bytes::{Bytes, Gap};
use crate::unpack::codec;

use super::{Image, NAME, wide};

/// Bytes of a metadata block, decoded (`SQUASHFS_METADATA_SIZE`).
const METADATA: usize = 8192;
/// Bytes of the word before each block: its stored size, and in the top bit that it is not compressed.
const HEADER: u64 = 2;
const PLAIN: u16 = 0x8000;

/// Reads on through metadata blocks. The position of a gap is that of its block.
pub(super) struct Stream<'a> {
    image: &'a Image,
    /// Where the current block is, and where the next one is, in bytes.
    start: u64,
    next: u64,
    block: Bytes,
    /// Bytes read of the current block.
    at: usize,
}

impl<'a> Stream<'a> {
    /// At `offset` of the block that is `block` bytes behind `table`.
    pub(super) fn open(image: &'a Image, table: u64, block: u64, offset: usize) -> Result<Self, Gap> {
        let start = table.saturating_add(block);
        let (block, next) = metadata(image, start)?;
        if offset > block.len() {
            return Err(Gap::invalid(NAME, start, "offset in metadata", wide(offset)));
        }
        let at = offset;
        Ok(Self {
            image,
            start,
            next,
            block,
            at,
        })
    }

    /// Where the current block is, in bytes.
    pub(super) fn position(&self) -> u64 {
        self.start
    }

    /// Where it is, to go on from here later: block, and offset in it.
    pub(super) fn place(&self) -> (u64, usize) {
        (self.start, self.at)
    }

    pub(super) fn u16(&mut self, what: &'static str) -> Result<u16, Gap> {
        self.array(what).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self, what: &'static str) -> Result<u32, Gap> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, what: &'static str) -> Result<u64, Gap> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// The next `n` bytes; the caller bounds `n`.
    pub(super) fn bytes(&mut self, what: &'static str, n: usize) -> Result<Vec<u8>, Gap> {
        let mut out = vec![0; n];
        self.fill(what, &mut out)?;
        Ok(out)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Gap> {
        let mut out = [0; N];
        self.fill(what, &mut out)?;
        Ok(out)
    }

    fn fill(&mut self, what: &'static str, mut out: &mut [u8]) -> Result<(), Gap> {
        loop {
            let rest = self.block.get(self.at..).unwrap_or_default();
            let n = rest.len().min(out.len());
            let (now, later) = out.split_at_mut(n);
            now.copy_from_slice(rest.get(..n).unwrap_or_default());
            self.at = self.at.saturating_add(n);
            if later.is_empty() {
                return Ok(());
            }
            out = later;
            (self.block, self.next) = {
                let start = self.next;
                let found = metadata(self.image, start).map_err(|gap| Gap {
                    what: format!("{what}, {}", gap.what).into(),
                    ..gap
                })?;
                self.start = start;
                found
            };
            self.at = 0;
        }
    }
}

/// The metadata block at `at`, decoded, and where the one behind it is. Never empty.
fn metadata(image: &Image, at: u64) -> Result<(Bytes, u64), Gap> {
    let data = at.saturating_add(HEADER);
    let header = image.blob.read(NAME, at..data)?;
    let word = header
        .first_chunk()
        .map(|word| u16::from_le_bytes(*word))
        .ok_or_else(|| Gap::truncated(NAME, at, "metadata header", HEADER, wide(header.len())))?;
    // No size is the largest that there is.
    let size = match word & !PLAIN {
        0 => PLAIN,
        size => size,
    };
    if usize::from(size) > METADATA {
        return Err(Gap::invalid(NAME, at, "metadata size", size.into()));
    }
    let next = data.saturating_add(size.into());
    let block = image.cache.get((image.metadata, at), || {
        let raw = image.blob.read(NAME, data..next)?;
        if raw.len() < usize::from(size) {
            return Err(Gap::truncated(
                NAME,
                data,
                "metadata",
                size.into(),
                wide(raw.len()),
            ));
        }
        if word & PLAIN != 0 {
            return Ok(raw);
        }
        codec::decode(image.codec, NAME, data, &raw, METADATA)
    })?;
    if block.is_empty() {
        return Err(Gap::invalid(NAME, at, "metadata", 0));
    }
    Ok((block, next))
}
