//! Nodes: inodes, and blocks of addresses.

use crate::bytes::{Bytes, Cursor, Gap};

use super::crc::crc32;
use super::superblock::feature;
use super::{Image, NAME, byte, wide};

/// Where the address table of an inode starts, and how many addresses it has (`DEF_ADDRS_PER_INODE`).
/// Further attributes take the first of them, inline attributes the last.
const TABLE: usize = 360;
const ADDRESSES: usize = 923;
/// Nids behind it: two direct, two indirect, one double indirect.
const NIDS: usize = TABLE + 4 * ADDRESSES;
/// Where the footer of a node is.
const FOOTER: usize = 4072;
/// Addresses, or nids, in a node that is no inode.
pub(super) const NODE_ADDRESSES: usize = 1018;
/// Where in an inode its checksum is.
const CHECKSUM: usize = 368;
/// Bytes of all further attributes that are known (`F2FS_TOTAL_EXTRA_ATTR_SIZE`): those of compression are
/// the last.
const EXTRA: u16 = 36;
/// Words that inline attributes take (`DEFAULT_INLINE_XATTR_ADDRS`), and the most that they may
/// (`MAX_INLINE_XATTR_SIZE`).
const INLINE_XATTR: u16 = 50;
const MAX_INLINE_XATTR: u16 = 903;
/// Words before inline data (`DEF_INLINE_RESERVED_SIZE`).
const RESERVED: usize = 1;
/// Logarithms of the blocks of a cluster (`MIN_COMPRESS_LOG_SIZE`, `MAX_COMPRESS_LOG_SIZE`).
const CLUSTER_LOG: std::ops::RangeInclusive<u8> = 2..=8;

/// Bits of `i_inline`.
mod inline {
    pub(super) const XATTR: u8 = 0x1;
    pub(super) const DATA: u8 = 0x2;
    pub(super) const DENTRY: u8 = 0x4;
    pub(super) const EXTRA_ATTR: u8 = 0x20;
}

/// Bits of `i_advise` (`FADVISE_ENCRYPT_BIT`) and of `i_flags`.
const ENCRYPTED: u8 = 0x4;
const COMPRESSED: u32 = 0x4;
const DEVICE_ALIAS: u32 = 0x8000_0000;

/// What an inode is, by its mode.
pub(super) enum Kind {
    Directory,
    File,
    Symlink,
    /// A device, a pipe or a socket.
    Special,
}

/// An inode.
pub(super) struct Inode {
    pub(super) number: u32,
    /// Where its block is, in bytes.
    pub(super) at: u64,
    /// Bytes of the file.
    pub(super) size: u64,
    mode: u16,
    advise: u8,
    inline: u8,
    flags: u32,
    /// Words of the address table that are in use for other things: at its start, and at its end.
    extra: usize,
    xattr: usize,
    /// Algorithm, and logarithm of the blocks of a cluster.
    pub(super) compression: Option<(u8, u8)>,
    block: Bytes,
}

impl Image {
    /// The node with this number, which belongs to inode `owner`.
    pub(super) fn node(&self, nid: u32, owner: u32) -> Result<(Bytes, u64), Gap> {
        let (address, entry) = self.nat.find(&self.blob, nid)?;
        let block = self.block(address, "block_addr", entry)?;
        let at = byte(address.into());
        let mut footer = Cursor::at(NAME, &block, FOOTER);
        if footer.u32("nid")? != nid || footer.u32("ino")? != owner {
            let at = at.saturating_add(wide(FOOTER));
            return Err(Gap::invalid(NAME, at, "footer of the node", nid.into()));
        }
        Ok((block, at))
    }

    /// The inode with this number.
    pub(super) fn inode(&self, number: u32) -> Result<Inode, Gap> {
        let (block, at) = self.node(number, number)?;
        let mut c = Cursor::new(NAME, &block);
        let mode = c.u16("i_mode")?;
        let advise = c.u8("i_advise")?;
        let inline = c.u8("i_inline")?;
        c.skip("i_uid, i_gid, i_links", 3 * 4)?;
        let size = c.u64("i_size")?;
        let mut c = Cursor::at(NAME, &block, 80);
        let flags = c.u32("i_flags")?;
        let mut c = Cursor::at(NAME, &block, TABLE);
        let mut extra = c.u16("i_extra_isize")?;
        let mut xattr = c.u16("i_inline_xattr_size")?;
        let mut c = Cursor::at(NAME, &block, 392);
        let algorithm = c.u8("i_compress_algorithm")?;
        let log = c.u8("i_log_cluster_size")?;

        let has_extra = inline & inline::EXTRA_ATTR != 0;
        if !has_extra {
            extra = 0;
        }
        let invalid = |offset: u64, what, got| Gap::invalid(NAME, at.saturating_add(offset), what, got);
        if extra % 4 != 0 || extra > EXTRA || (has_extra && extra == 0) {
            return Err(invalid(360, "i_extra_isize", extra.into()));
        }
        if self.features & feature::FLEXIBLE_INLINE_XATTR == 0 {
            let used = inline & (inline::XATTR | inline::DENTRY) != 0;
            xattr = if used { INLINE_XATTR } else { 0 };
        } else if !has_extra {
            return Err(invalid(3, "i_inline", inline.into()));
        } else if xattr > MAX_INLINE_XATTR {
            return Err(invalid(362, "i_inline_xattr_size", xattr.into()));
        }
        let checked =
            self.features & feature::INODE_CHKSUM != 0 && usize::from(extra) + TABLE >= CHECKSUM + 4;
        if checked && let Err(got) = self.checksum(number, &block) {
            return Err(invalid(368, "i_inode_checksum", got.into()));
        }
        let compressed = self.features & feature::COMPRESSION != 0
            && flags & COMPRESSED != 0
            && extra >= EXTRA
            && mode >> 12 == 8;
        if compressed && !CLUSTER_LOG.contains(&log) {
            return Err(invalid(393, "i_log_cluster_size", log.into()));
        }
        let kind = mode >> 12;
        if !matches!(kind, 1 | 2 | 4 | 6 | 8 | 10 | 12) {
            return Err(invalid(0, "i_mode", mode.into()));
        }
        Ok(Inode {
            number,
            at,
            size,
            mode,
            advise,
            inline,
            flags,
            extra: usize::from(extra >> 2),
            xattr: usize::from(xattr),
            compression: compressed.then_some((algorithm, log)),
            block,
        })
    }

    /// Checks an inode's checksum: of its number, its generation, and itself with a zero for the checksum.
    fn checksum(&self, number: u32, block: &[u8]) -> Result<(), u32> {
        let expect = Cursor::at(NAME, block, CHECKSUM)
            .u32("i_inode_checksum")
            .unwrap_or(0);
        let crc = crc32(self.checksum_seed, &number.to_le_bytes());
        let crc = crc32(crc, block.get(68..72).unwrap_or_default());
        let crc = crc32(crc, block.get(..CHECKSUM).unwrap_or_default());
        let crc = crc32(crc, &[0; 4]);
        let crc = crc32(crc, block.get(CHECKSUM + 4..).unwrap_or_default());
        if crc == expect { Ok(()) } else { Err(expect) }
    }
}

impl Inode {
    pub(super) fn kind(&self) -> Kind {
        match self.mode >> 12 {
            4 => Kind::Directory,
            8 => Kind::File,
            10 => Kind::Symlink,
            _ => Kind::Special,
        }
    }

    pub(super) fn is_directory(&self) -> bool {
        matches!(self.kind(), Kind::Directory)
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.advise & ENCRYPTED != 0
    }

    /// Whether it stands for a whole device, which is not in the image.
    pub(super) fn is_device(&self) -> bool {
        self.flags & DEVICE_ALIAS != 0
    }

    pub(super) fn has_inline_data(&self) -> bool {
        self.inline & inline::DATA != 0
    }

    pub(super) fn has_inline_dentries(&self) -> bool {
        self.inline & inline::DENTRY != 0
    }

    /// The area for inline data or entries, and where it is, in bytes.
    pub(super) fn inline(&self) -> (u64, &[u8]) {
        let used = self.extra.saturating_add(RESERVED);
        let start = used.saturating_mul(4).saturating_add(TABLE);
        let words = ADDRESSES.saturating_sub(used).saturating_sub(self.xattr);
        let rest = self.block.get(start..).unwrap_or_default();
        let area = rest.get(..words.saturating_mul(4)).unwrap_or_default();
        (self.at.saturating_add(wide(start)), area)
    }

    /// Its own addresses, four bytes each. A cluster never stands in two nodes.
    pub(super) fn addresses(&self) -> &[[u8; 4]] {
        let words = ADDRESSES.saturating_sub(self.extra).saturating_sub(self.xattr);
        let start = self.extra.saturating_mul(4).saturating_add(TABLE);
        let (words_there, _) = self.block.get(start..).unwrap_or_default().as_chunks();
        words_there.get(..self.aligned(words)).unwrap_or_default()
    }

    /// As many of so many addresses as are used.
    pub(super) fn aligned(&self, words: usize) -> usize {
        let log = self.compression.map_or(0, |(_, log)| log);
        words >> log << log
    }

    /// The nodes with further addresses.
    pub(super) fn nids(&self) -> [u32; 5] {
        let (words, _) = self.block.get(NIDS..).unwrap_or_default().as_chunks();
        let mut nids = [0; 5];
        for (nid, word) in nids.iter_mut().zip(words) {
            *nid = u32::from_le_bytes(*word);
        }
        nids
    }
}
