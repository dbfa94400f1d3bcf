//! The names in a directory.
//!
//! Spec: kernel documentation, `filesystems/ext4/directory.rst`, `inlinedata.rst`. Indexed directories
//! (htree) are read as the lists that they are too: their inner nodes look like empty entries.

use crate::bytes::{Budget, Cursor, Gap, Kind};

use super::inode::{INLINE, Image, Inode};
use super::map::To;
use super::{NAME, checksum, wide};

/// Bytes of a directory that are read at once.
const PIECE: u64 = 1 << 20;
/// `file_type` of what is no entry but the checksum at a block's end, 12 bytes long.
const CHECKSUM: u8 = 0xde;

/// An entry of a directory.
pub(super) struct Name {
    pub(super) inode: u32,
    pub(super) raw: Box<[u8]>,
    /// Where it is, in bytes of the image.
    pub(super) at: u64,
}

/// Reads a directory.
pub(super) struct Reader<'a> {
    pub(super) image: &'a Image<'a>,
    pub(super) inode: &'a Inode,
    pub(super) budget: &'a Budget,
    /// Told what is wrong, and how many bytes are lost by it.
    pub(super) note: &'a mut dyn FnMut(Gap, u64),
    /// Names of the image so far.
    pub(super) listed: u64,
    /// Those in this directory, but `.` and `..`.
    pub(super) names: Vec<Name>,
}

impl Reader<'_> {
    /// All names. `Err` is a limit that the whole has hit; what was found before is in `names`.
    pub(super) fn all(&mut self) -> Result<(), Gap> {
        let inode = self.inode;
        if inode.flags & INLINE != 0 {
            match self.image.inline(inode) {
                Ok((start, rest)) => {
                    // The first four bytes are the inode of the directory above.
                    let start = start.start.saturating_add(4)..start.end;
                    for range in [start, rest].into_iter().filter(|range| !range.is_empty()) {
                        let len = range.end.saturating_sub(range.start);
                        self.blocks(range.start, len, len)?;
                    }
                }
                Err(gap) => (self.note)(gap, inode.size),
            }
            return Ok(());
        }
        let size = self.image.superblock.block_size;
        for run in self.image.runs(inode) {
            let len = run.count.saturating_mul(size);
            match run.to {
                To::Block(block) => {
                    let at = block.saturating_mul(size);
                    self.blocks(at, len, size)?;
                }
                To::Lost(gap) => (self.note)(gap, len),
            }
        }
        Ok(())
    }

    /// `len` bytes of a directory from byte `at` of the image on, in blocks of `size`.
    fn blocks(&mut self, mut at: u64, len: u64, size: u64) -> Result<(), Gap> {
        let end = at.saturating_add(len);
        let memory = usize::try_from(size).unwrap_or(usize::MAX).max(1);
        // Block by block once something is lost: what is sound is kept.
        let mut step = PIECE.max(size);
        while at < end {
            let len = step.min(end.saturating_sub(at));
            let bytes = self.image.read("directory", at, len);
            self.image.spent(at)?;
            match bytes {
                Ok(bytes) => {
                    for block in bytes.chunks(memory) {
                        self.entries(block, at)?;
                        at = at.saturating_add(size);
                    }
                }
                Err(_) if len > size => step = size,
                Err(gap) if matches!(gap.kind, Kind::Truncated { .. }) => {
                    (self.note)(gap, end.saturating_sub(at));
                    return Ok(());
                }
                Err(gap) => {
                    (self.note)(gap, size);
                    at = at.saturating_add(size);
                }
            }
        }
        Ok(())
    }

    /// The entries of one block. One that breaks the rules hides those behind it.
    fn entries(&mut self, block: &[u8], at: u64) -> Result<(), Gap> {
        let before = self.names.len();
        let mut c = Cursor::new(NAME, block);
        while c.left() >= 8 {
            let start = c.position();
            let at = at.saturating_add(wide(start));
            let number = c.u32("inode")?;
            let said = c.u16("rec_len")?;
            let name_len = usize::from(c.u8("name_len")?);
            let kind = c.u8("file_type")?;
            let len = length(said, block.len());
            let rest = block.len().saturating_sub(start);
            if len < name_len.saturating_add(8).max(12) || !len.is_multiple_of(4) || len > rest {
                let gap = Gap::invalid(NAME, at.saturating_add(4), "rec_len", said.into());
                (self.note)(gap, wide(rest));
                break;
            }
            let raw = c.take("name", name_len)?;
            c.seek(start.saturating_add(len));
            if number == 0 {
                if kind == CHECKSUM && len == 12 && rest == 12 {
                    self.check(block, at);
                }
            } else if raw.is_empty() {
                (self.note)(Gap::invalid(NAME, at.saturating_add(6), "name_len", 0), 0);
            } else if raw != b"." && raw != b".." {
                let (inode, raw) = (number, raw.into());
                self.names.push(Name { inode, raw, at });
            }
        }
        let new = wide(self.names.len().saturating_sub(before));
        self.budget.entries(NAME, new)?;
        self.listed = self.listed.saturating_add(new);
        let limit = self.budget.limits.listed;
        if self.listed > limit {
            let (what, option) = ("entries", "--max-entries-per-file");
            return Err(Gap::over(NAME, at, what, self.listed, limit, option));
        }
        Ok(())
    }

    /// The last twelve bytes of a block may be its checksum, at `at` of the image.
    fn check(&self, block: &[u8], at: u64) {
        let Some((seed, (block, tail))) = self.inode.seed.zip(block.split_last_chunk::<12>()) else {
            return;
        };
        let [.., a, b, c, d] = *tail;
        let said = u32::from_le_bytes([a, b, c, d]);
        if said != checksum::crc32c(seed, block) {
            self.image
                .remark(Gap::odd(NAME, at.saturating_add(8), "det_checksum", said.into()));
        }
    }
}

/// The length of an entry. Of blocks of 64 KiB, which two bytes cannot say, the lowest two bits are the
/// highest, and 0 and 65535 are the whole.
fn length(said: u16, block: usize) -> usize {
    let said = usize::from(said);
    match said {
        _ if block < 1 << 16 => said,
        0 | 0xffff => block,
        _ => (said & 0xfffc) | ((said & 3) << 16),
    }
}
