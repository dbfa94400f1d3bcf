//! Inodes: what a file is, how long, and in which of five layouts its data is.

use crate::bytes::{Cursor, Gap};

use super::{NAME, Reader, Superblock, superblock::IN_METABOX};

/// Inode numbers count these, from the start of the metadata area on. A compact inode is as long, an
/// extended one twice.
const SLOT: u64 = 32;

/// `i_format`: the inode is an extended one.
const EXTENDED: u16 = 0x1;
/// The layout of the data, three bits from here on.
const LAYOUT: u16 = 0xe;
/// There is one link, and its count holds the upper bits of a block number (compact; files only). Of a
/// directory: there is no `.` in it.
const NLINK_1: u16 = 0x10;

/// `i_u.c.format`: a chunk has two to the power of this many blocks.
const CHUNK_BITS: u16 = 0x1f;
/// Each chunk has an index of 8 bytes, with a device, instead of a block number of 4.
const CHUNK_INDEXES: u16 = 0x20;
/// Block numbers in indexes have 48 bits.
const CHUNK_48: u16 = 0x40;

/// Bytes before extended attributes, where there are any.
const XATTR_HEADER: u64 = 12;

/// What a file is, by the upper bits of its mode (`S_IFMT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Link,
    /// A device, a pipe or a socket.
    Special,
}

/// Where the data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// In blocks from this one on; `None` where all is a hole.
    Plain(Option<u64>),
    /// The same, but the last block is behind the inode.
    Inline(u64),
    /// Compressed, with an index of 8 bytes for each logical cluster, or with records of extents. So many
    /// blocks, as is said.
    Full(u64),
    /// Compressed, with a packed index.
    Compact(u64),
    /// In chunks, each anywhere.
    Chunks(Chunks),
}

/// Of a file in chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    /// Blocks of a chunk, as a power of two.
    pub(super) bits: u32,
    /// Indexes of 8 bytes instead of block numbers of 4.
    pub(super) indexes: bool,
    /// Block numbers have 48 bits.
    pub(super) wide: bool,
}

/// An inode, checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inode {
    pub(super) kind: Kind,
    /// Bytes of the data.
    pub(super) size: u64,
    pub(super) layout: Layout,
    /// Byte behind the inode and its extended attributes: what describes the data is here.
    pub(super) end: u64,
    /// It is in the metabox, and so is what describes its data.
    pub(super) boxed: bool,
}

/// Where an inode is: in the metabox or not, and the byte.
pub(super) fn locate(sb: &Superblock, nid: u64) -> (bool, u64) {
    let slot = (nid & !IN_METABOX).wrapping_mul(SLOT);
    if nid & IN_METABOX != 0 {
        return (true, slot);
    }
    // Numbers of inodes before the metadata area wrap around, as the kernel computes them.
    (false, sb.meta.wrapping_add(slot))
}

impl Inode {
    /// Reads the inode at byte `at` of what `reader` reads.
    pub(super) fn read(reader: &mut Reader<'_>, boxed: bool, at: u64) -> Result<Self, Gap> {
        let first = reader.bytes::<32>("inode", at)?;
        let mut c = Cursor::new(NAME, &first);
        let moved = |gap: Gap| Gap {
            at: gap.at.saturating_add(at),
            ..gap
        };
        let field = |offset: u64| at.saturating_add(offset);
        let format = c.u16("i_format").map_err(moved)?;
        if format & !(EXTENDED | LAYOUT | NLINK_1) != 0 {
            return Err(Gap::unsupported(NAME, at, "i_format", format.into()));
        }
        let xattrs = u64::from(c.u16("i_xattr_icount").map_err(moved)?);
        let mode = c.u16("i_mode").map_err(moved)?;
        let high = c.u16("i_nb").map_err(moved)?;
        let low = c.u32("i_size").map_err(moved)?;
        let extended = format & EXTENDED != 0;
        let upper = c.u32("i_size or i_mtime").map_err(moved)?;
        let union = c.u32("i_u").map_err(moved)?;
        let (size, len) = if extended {
            // The second half may be in another block.
            reader.bytes::<32>("inode", field(SLOT))?;
            (u64::from(low) | (u64::from(upper) << 32), SLOT << 1)
        } else {
            (low.into(), SLOT)
        };
        if i64::try_from(size).is_err() {
            return Err(Gap::invalid(NAME, field(8), "i_size", size));
        }
        let kind = match mode >> 12 {
            0o10 => Kind::File,
            0o04 => Kind::Directory,
            0o12 => Kind::Link,
            0o01 | 0o02 | 0o06 | 0o14 => Kind::Special,
            _ => return Err(Gap::invalid(NAME, field(4), "i_mode", mode.into())),
        };
        // A compact inode with a count of links has no room for more than 32 bits of a block number.
        let wide = extended || (kind != Kind::Directory && format & NLINK_1 != 0);
        let start = match wide {
            true => u64::from(union) | (u64::from(high) << 32),
            false => u64::from(union),
        };
        let hole = if wide { (1 << 48) - 1 } else { (1 << 32) - 1 };
        let layout = match (format & LAYOUT) >> 1 {
            0 => Layout::Plain(Some(start).filter(|start| *start != hole)),
            1 => Layout::Full(start),
            2 => Layout::Inline(start),
            3 => Layout::Compact(start),
            4 => Layout::Chunks(chunks(union, field(16))?),
            other => return Err(Gap::unsupported(NAME, at, "data layout", other.into())),
        };
        let xattr_size = match xattrs.checked_sub(1) {
            Some(more) => more.saturating_mul(4).saturating_add(XATTR_HEADER),
            None => 0,
        };
        Ok(Self {
            kind,
            size,
            layout,
            end: at.saturating_add(len).saturating_add(xattr_size),
            boxed,
        })
    }
}

fn chunks(union: u32, at: u64) -> Result<Chunks, Gap> {
    let [low, high, ..] = union.to_le_bytes();
    let format = u16::from_le_bytes([low, high]);
    if format & !(CHUNK_BITS | CHUNK_INDEXES | CHUNK_48) != 0 {
        return Err(Gap::unsupported(NAME, at, "chunk format", format.into()));
    }
    Ok(Chunks {
        bits: (format & CHUNK_BITS).into(),
        indexes: format & CHUNK_INDEXES != 0,
        wide: format & CHUNK_48 != 0,
    })
}
