//! The data of files: blocks, holes, and the end in a fragment.

use std::io;
use std::sync::Arc;

use crate::bytes::{Blob, Bytes, Gap, Source};
use crate::unpack::codec;

use super::metadata::Stream;
use super::{Image, NAME};

/// Ours: blocks of one file. Their list is one unit of the cache, of 8 bytes each: these are 128 GiB of the
/// usual 128 KiB.
const BLOCKS: u64 = 1 << 20;
/// Bits of a block's size word: 24 of size, and one that it is not compressed
/// (`SQUASHFS_COMPRESSED_BIT_BLOCK`).
const WORD: u32 = 25;
const PLAIN: u64 = 1 << 24;

/// A file, as its inode says.
pub(super) struct File {
    pub(super) reference: u64,
    /// Where its first block is, in bytes. They stand one behind another.
    pub(super) start: u64,
    pub(super) size: u64,
    pub(super) tail: Tail,
    /// Where in the metadata the list of its blocks is.
    pub(super) list: (u64, usize),
}

/// The end of a file, which is no whole block.
pub(super) enum Tail {
    /// The last block is shorter.
    None,
    /// It is in a block that several files share, from this byte on.
    In(Stored, u32),
    /// It is in such a block, which cannot be found.
    Lost(Gap),
}

/// Where a block is stored: position and size word, in one number that tells blocks apart.
#[derive(Clone, Copy)]
pub(super) struct Stored(u64);

impl Stored {
    /// A position beyond all images, or a size that no block has.
    const INVALID: Self = Self(u64::MAX);

    pub(super) fn new(image: &Image, start: u64, word: u32) -> Self {
        let found = Self(start << WORD | u64::from(word));
        let sound = word >> WORD == 0 && found.start() == start && found.size() <= image.block_size;
        if sound { found } else { Self::INVALID }
    }

    fn start(self) -> u64 {
        self.0 >> WORD
    }

    /// Bytes as stored; none is a hole.
    fn size(self) -> u64 {
        self.0 & (PLAIN - 1)
    }

    /// Its bytes, decoded, and how many those should be. Of a block that is not compressed, fewer are there
    /// where the image is cut.
    fn open(self, image: &Image) -> Result<(Blob, u64), Gap> {
        let (start, size) = (self.start(), self.size());
        if self.0 == Self::INVALID.0 {
            return Err(Gap::invalid(NAME, image.inode_table, "block_list", size));
        }
        let end = start.saturating_add(size);
        if self.0 & PLAIN != 0 {
            return Ok((image.blob.slice(start..end), size));
        }
        let block = image.cache.get((image.data, self.0), || {
            let raw = image.blob.read(NAME, start..end)?;
            if raw.len() < size {
                return Err(Gap::truncated(NAME, start, "block", size, raw.len()));
            }
            let room = usize::try_from(image.block_size).unwrap_or(0);
            codec::decode(image.codec, NAME, start, &raw, room)
        })?;
        let len = block.len();
        Ok((Blob::from(block), len))
    }
}

/// The data of a file, which is read when it is asked for.
pub(super) fn blob(image: &Arc<Image>, file: File) -> Blob {
    let (size, block) = (file.size, image.block_size);
    let blocks = match file.tail {
        Tail::None => size.div_ceil(block),
        Tail::In(..) | Tail::Lost(_) => size >> image.block_log,
    };
    let image = Arc::clone(image);
    Blob::new(Arc::new(Data { image, file, blocks }))
}

struct Data {
    image: Arc<Image>,
    file: File,
    /// Blocks in its list.
    blocks: u64,
}

impl Data {
    /// The block with this number.
    fn block(&self, number: u64) -> Result<Stored, Gap> {
        let list = self.list()?;
        let at = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(8);
        let word = list.get(at..).and_then(|rest| rest.first_chunk());
        Ok(word.map_or(Stored::INVALID, |word| Stored(u64::from_le_bytes(*word))))
    }

    /// All its blocks: eight bytes each, [`Stored`].
    fn list(&self) -> Result<Bytes, Gap> {
        let (image, file) = (&*self.image, &self.file);
        if self.blocks > BLOCKS {
            let (got, limit) = (self.blocks, BLOCKS);
            return Err(Gap::over(NAME, file.list.0, "blocks of a file", got, limit, ""));
        }
        image.cache.get((image.lists, file.reference), || {
            let mut stream = Stream::open(image, file.list.0, 0, file.list.1)?;
            let mut list = Vec::new();
            let mut start = file.start;
            for _ in 0..self.blocks {
                let stored = Stored::new(image, start, stream.u32("block_list")?);
                if stored.0 == Stored::INVALID.0 {
                    // Nobody knows where the next one would be.
                    break;
                }
                list.extend_from_slice(&stored.0.to_le_bytes());
                start = start.saturating_add(stored.size());
            }
            Ok(list.into())
        })
    }

    fn tail(&self, skip: u64, buf: &mut [u8]) -> io::Result<usize> {
        let (stored, offset) = match &self.file.tail {
            Tail::In(stored, offset) => (stored, u64::from(*offset)),
            Tail::Lost(gap) => return Err(gap.clone().into()),
            Tail::None => return Ok(0),
        };
        let len = self.file.size & self.image.mask();
        let (data, have) = stored.open(&self.image)?;
        let end = offset.saturating_add(len);
        if have < end {
            return Err(Gap::truncated(NAME, stored.start(), "fragment", end, have).into());
        }
        copy(*stored, &data.slice(offset..end), skip, len, buf)
    }
}

impl Source for Data {
    fn len(&self) -> u64 {
        self.file.size
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.file.size.saturating_sub(at);
        if left == 0 || buf.is_empty() {
            return Ok(0);
        }
        let block = self.image.block_size;
        let (number, skip) = (at >> self.image.block_log, at & self.image.mask());
        if number >= self.blocks {
            return self.tail(skip, buf);
        }
        let len = left.saturating_add(skip).min(block);
        let stored = self.block(number)?;
        if stored.size() == 0 {
            let n = usize::try_from(len.saturating_sub(skip)).map_or(buf.len(), |n| n.min(buf.len()));
            buf.get_mut(..n).unwrap_or_default().fill(0);
            return Ok(n);
        }
        let (data, have) = stored.open(&self.image)?;
        if have != len {
            return Err(Gap::invalid(NAME, stored.start(), "block length", have).into());
        }
        copy(stored, &data, skip, len, buf)
    }

    fn origin(&self, at: u64) -> u64 {
        let number = at >> self.image.block_log;
        let start = match &self.file.tail {
            Tail::In(stored, _) if number >= self.blocks => stored.start(),
            // Most are asked for their first byte: the list is not read for that.
            _ if number == 0 => self.file.start,
            _ => self.block(number).map_or(self.file.start, Stored::start),
        };
        self.image.blob.origin_at(start)
    }
}

/// Copies from byte `skip` of a block of `len` bytes: at least one, or an error.
fn copy(stored: Stored, data: &Blob, skip: u64, len: u64, buf: &mut [u8]) -> io::Result<usize> {
    let n = usize::try_from(len.saturating_sub(skip)).map_or(buf.len(), |n| n.min(buf.len()));
    let got = data.read_at(skip, buf.get_mut(..n).unwrap_or_default())?;
    if got == 0 {
        return Err(Gap::truncated(NAME, stored.start(), "block", len, data.len()).into());
    }
    Ok(got)
}
