//! Inodes, and the metadata that leads to them.
//!
//! Spec: kernel documentation, `filesystems/ext4/inodes.rst`, `group_descr.rst`, `attributes.rst`,
//! `inlinedata.rst`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;

use crate::bytes::{Blob, Bytes, Cursor, Gap};

use super::superblock::{EA_INODE, INLINE_DATA, LARGEDIR, Superblock, whole};
use super::{NAME, checksum, wide};

/// Bytes of metadata that are read at once: a thousand inodes. The layer below may be compressed.
const PAGE: u64 = 256 << 10;
/// Pages that are kept: 32 MiB, the inode tables of a large system partition.
const PAGES: usize = 128;
/// Ours: bytes of metadata that are read of one image. A system partition of 60 000 files has 20 MiB.
const METADATA: u64 = 2 << 30;
/// Ours: pieces of all files of an image that are kept. A file has one, seldom more than three.
const PIECES: u64 = 1 << 20;
/// Remarks about one file that are told: a thousand are one story.
const REMARKS: usize = 16;

/// Bytes of `i_block`.
pub(super) const BLOCK: usize = 60;
/// Offset of `i_block` in an inode.
const BLOCK_AT: usize = 0x28;
/// Bytes of an inode of the first revision.
const SMALL: u64 = 128;
/// First bytes of the extended attributes in an inode.
const XATTR: u32 = 0xea02_0000;
/// `e_name_index` of names that start with `system.`.
const SYSTEM: u8 = 7;

/// `i_flags`.
pub(super) const ENCRYPT: u32 = 0x800;
pub(super) const EXTENTS: u32 = 0x8_0000;
const IS_EA_INODE: u32 = 0x20_0000;
pub(super) const INLINE: u32 = 0x1000_0000;

/// The kind of file, the upper four bits of `i_mode`.
pub(super) const PIPE: u16 = 0x1000;
pub(super) const CHARACTER: u16 = 0x2000;
pub(super) const FOLDER: u16 = 0x4000;
pub(super) const BLOCKS: u16 = 0x6000;
pub(super) const FILE: u16 = 0x8000;
pub(super) const LINK: u16 = 0xa000;
pub(super) const SOCKET: u16 = 0xc000;

/// An image: its bytes, its superblock, and what was read of its metadata.
pub(super) struct Image<'a> {
    pub(super) blob: &'a Blob,
    pub(super) superblock: Superblock,
    pages: RefCell<BTreeMap<u64, Bytes>>,
    /// Where the inode tables of groups start, in bytes.
    tables: RefCell<BTreeMap<u32, u64>>,
    /// Bytes of metadata that may still be read.
    bytes: Cell<u64>,
    /// Pieces of files that may still be kept.
    pieces: Cell<u64>,
    /// What is wrong with metadata that was read all the same, to be told once it is known whose it is.
    remarks: RefCell<Vec<Gap>>,
}

/// An inode, as far as reading needs it.
#[derive(Debug, Clone)]
pub(super) struct Inode {
    pub(super) number: u32,
    /// Where it is, in bytes.
    pub(super) at: u64,
    /// `i_mode`: kind and permissions.
    pub(super) mode: u16,
    /// `i_links_count`: names that it has; 0 when it is deleted.
    pub(super) links: u16,
    /// Bytes of content.
    pub(super) size: u64,
    pub(super) flags: u32,
    /// Whether it has blocks beside those of its extended attributes. Links without are in `i_block`.
    pub(super) has_blocks: bool,
    /// What the checksums of its blocks start with, where there are any.
    pub(super) seed: Option<u32>,
    raw: Bytes,
}

impl<'a> Image<'a> {
    pub(super) fn new(blob: &'a Blob, superblock: Superblock) -> Self {
        Self {
            blob,
            superblock,
            pages: RefCell::default(),
            tables: RefCell::default(),
            bytes: Cell::new(METADATA),
            pieces: Cell::new(PIECES),
            remarks: RefCell::default(),
        }
    }

    /// Exactly these bytes of metadata.
    pub(super) fn read(&self, what: &'static str, at: u64, len: u64) -> Result<Bytes, Gap> {
        self.charge(at, len)?;
        let bytes = self.blob.read(NAME, at..at.saturating_add(len))?;
        whole(&bytes, what, at, len)?;
        Ok(bytes)
    }

    /// The same, of a table of which the neighbours will be asked for too. `len` is small, and what is
    /// asked for does not cross a page.
    fn of_table(&self, what: &'static str, at: u64, len: u64) -> Result<Bytes, Gap> {
        let number = at / PAGE;
        let start = number.saturating_mul(PAGE);
        let from = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
        let end = from.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        if let Some(page) = self.pages.borrow().get(&number) {
            let part = page.slice(from..end);
            whole(&part, what, at, len)?;
            return Ok(part);
        }
        self.charge(at, PAGE)?;
        let Ok(page) = self.blob.read(NAME, start..start.saturating_add(PAGE)) else {
            // A part of the page is lost in the layer below: maybe not this one.
            return self.read(what, at, len);
        };
        let part = page.slice(from..end);
        let mut pages = self.pages.borrow_mut();
        if pages.len() >= PAGES {
            pages.clear();
        }
        pages.insert(number, page);
        whole(&part, what, at, len)?;
        Ok(part)
    }

    fn charge(&self, at: u64, len: u64) -> Result<(), Gap> {
        self.spent(at)?;
        self.bytes.set(self.bytes.get().saturating_sub(len));
        Ok(())
    }

    /// Whether all the metadata that may be read was read.
    pub(super) fn spent(&self, at: u64) -> Result<(), Gap> {
        if self.bytes.get() == 0 {
            return Err(Gap::over(NAME, at, "bytes of metadata", METADATA, METADATA, ""));
        }
        Ok(())
    }

    /// Charges one piece of a file.
    pub(super) fn piece(&self, at: u64) -> Result<(), Gap> {
        let left = self.pieces.get();
        if left == 0 {
            return Err(Gap::over(NAME, at, "pieces of files", PIECES, PIECES, ""));
        }
        self.pieces.set(left.saturating_sub(1));
        Ok(())
    }

    /// Notes what is wrong with the metadata of what is being read.
    pub(super) fn remark(&self, gap: Gap) {
        let mut remarks = self.remarks.borrow_mut();
        if remarks.len() < REMARKS && !remarks.contains(&gap) {
            remarks.push(gap);
        }
    }

    /// What was noted since it was last asked.
    pub(super) fn take_remarks(&self) -> Vec<Gap> {
        self.remarks.take()
    }

    /// Where the inode table of a group starts, in bytes.
    fn table(&self, group: u32) -> Result<u64, Gap> {
        if let Some(at) = self.tables.borrow().get(&group) {
            return Ok(*at);
        }
        let superblock = &self.superblock;
        let at = superblock.descriptor_at(group.into());
        let raw = self.of_table("group descriptor", at, superblock.descriptor)?;
        let mut c = Cursor::at(NAME, &raw, 8);
        let low = c.u32("bg_inode_table_lo")?;
        let high = if raw.len() >= 64 {
            Cursor::at(NAME, &raw, 0x28).u32("bg_inode_table_hi")?
        } else {
            0
        };
        c.seek(0x1e);
        let said = c.u16("bg_checksum")?;
        if let Some(seed) = superblock.seed
            && said != checksum::descriptor(seed, group, &raw)
        {
            self.remark(Gap::odd(
                NAME,
                at.saturating_add(0x1e),
                "bg_checksum",
                said.into(),
            ));
        }
        let block = u64::from(low) | (u64::from(high) << 32);
        if !superblock.holds(block, 1) {
            return Err(Gap::invalid(NAME, at.saturating_add(8), "bg_inode_table", block));
        }
        let at = block.saturating_mul(superblock.block_size);
        self.tables.borrow_mut().insert(group, at);
        Ok(at)
    }

    /// An inode by its number; `at` is where the number was found.
    pub(super) fn inode(&self, number: u32, at: u64) -> Result<Inode, Gap> {
        let superblock = &self.superblock;
        let bad = || Gap::invalid(NAME, at, "inode number", number.into());
        let index = number.checked_sub(1).ok_or_else(bad)?;
        if number > superblock.inodes_count {
            return Err(bad());
        }
        let group = index.checked_div(superblock.inodes_per_group).ok_or_else(bad)?;
        let index = index.checked_rem(superblock.inodes_per_group).ok_or_else(bad)?;
        let size = superblock.inode_size;
        let at = self
            .table(group)?
            .saturating_add(u64::from(index).saturating_mul(size));
        let raw = self.of_table("inode", at, size)?;
        self.fields(number, at, raw).map_err(|mut gap| {
            gap.at = gap.at.saturating_add(at);
            gap
        })
    }

    fn fields(&self, number: u32, at: u64, raw: Bytes) -> Result<Inode, Gap> {
        let superblock = &self.superblock;
        let mut c = Cursor::new(NAME, &raw);
        let mode = c.u16("i_mode")?;
        c.skip("i_uid", 2)?;
        let size = c.u32("i_size_lo")?;
        c.seek(0x1a);
        let links = c.u16("i_links_count")?;
        let blocks = c.u32("i_blocks_lo")?;
        let flags = c.u32("i_flags")?;
        c.seek(0x64);
        let generation = c.u32("i_generation")?;
        let attributes = c.u32("i_file_acl_lo")?;
        let high = c.u32("i_size_high")?;
        c.seek(0x74);
        let blocks_high = c.u16("l_i_blocks_high")?;
        let attributes_high = c.u16("l_i_file_acl_high")?;
        let kind = mode & 0xf000;
        // Of directories it was an ACL once.
        let high = if kind == FILE || superblock.incompat & LARGEDIR != 0 {
            high
        } else {
            0
        };
        // In sectors of 512 bytes.
        let blocks = u64::from(blocks) | (u64::from(blocks_high) << 32);
        let of_attributes = if attributes == 0 && attributes_high == 0 {
            0
        } else {
            superblock.cluster_size / 512
        };
        let seed = superblock
            .seed
            .map(|seed| checksum::inode_seed(seed, number, generation));
        if let Some(seed) = seed {
            let (computed, said) = checksum::inode(seed, &raw);
            if computed != said && raw.iter().any(|b| *b != 0) {
                self.remark(Gap::odd(NAME, at, "i_checksum", said.into()));
            }
        }
        let in_attributes = superblock.incompat & EA_INODE != 0 && flags & IS_EA_INODE != 0;
        Ok(Inode {
            number,
            at,
            mode,
            links,
            size: u64::from(size) | (u64::from(high) << 32),
            flags,
            has_blocks: in_attributes || blocks != of_attributes,
            seed,
            raw,
        })
    }

    /// Where in the image the content of an inode is that has no blocks: the start in `i_block`, the rest
    /// in the extended attribute `system.data`.
    pub(super) fn inline(&self, inode: &Inode) -> Result<(Range<u64>, Range<u64>), Gap> {
        if self.superblock.incompat & INLINE_DATA == 0 {
            let flags = inode.at.saturating_add(0x20);
            return Err(Gap::invalid(NAME, flags, "i_flags", inode.flags.into()));
        }
        let start = inode.at.saturating_add(wide(BLOCK_AT));
        let rest = inode.system_data().map_err(|mut gap| {
            gap.at = gap.at.saturating_add(inode.at);
            gap
        })?;
        let rest = rest.map_or(start..start, |rest| {
            inode.at.saturating_add(wide(rest.start))..inode.at.saturating_add(wide(rest.end))
        });
        Ok((start..start.saturating_add(wide(BLOCK)), rest))
    }
}

impl Inode {
    /// `i_block`: the root of the extent tree, block numbers, or content.
    pub(super) fn block(&self) -> &[u8] {
        let end = BLOCK_AT.saturating_add(BLOCK);
        self.raw.get(BLOCK_AT..end).unwrap_or_default()
    }

    /// Where `i_block` is, in bytes of the image.
    pub(super) fn block_at(&self) -> u64 {
        self.at.saturating_add(wide(BLOCK_AT))
    }

    /// Where in the inode the value of its attribute `system.data` is, if it has one.
    fn system_data(&self) -> Result<Option<Range<usize>>, Gap> {
        if wide(self.raw.len()) <= SMALL {
            return Ok(None);
        }
        let mut c = Cursor::at(NAME, &self.raw, 0x80);
        let first = usize::from(c.u16("i_extra_isize")?).saturating_add(0x80);
        c.seek(first);
        if c.left() < 4 || c.u32("h_magic")? != XATTR {
            return Ok(None);
        }
        let first = c.position();
        // Each turn moves on by 16 bytes at least.
        while c.left() >= 4 && Cursor::new(NAME, c.rest()).u32("attribute")? != 0 {
            let at = wide(c.position());
            let len = usize::from(c.u8("e_name_len")?);
            let index = c.u8("e_name_index")?;
            let offset = usize::from(c.u16("e_value_offs")?);
            let inode = c.u32("e_value_inum")?;
            let size = c.u32("e_value_size")?;
            c.skip("e_hash", 4)?;
            let name = c.take("e_name", len)?;
            if index == SYSTEM && name == b"data" {
                if inode != 0 {
                    let at = at.saturating_add(4);
                    return Err(Gap::invalid(NAME, at, "e_value_inum", inode.into()));
                }
                let start = first.saturating_add(offset);
                let end = start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
                if end > self.raw.len() {
                    let at = at.saturating_add(8);
                    return Err(Gap::invalid(NAME, at, "e_value_size", size.into()));
                }
                return Ok(Some(start..end));
            }
            let padded = len.checked_next_multiple_of(4).unwrap_or(len);
            c.skip("e_name", padded.saturating_sub(len))?;
        }
        Ok(None)
    }
}
