//! Inodes.

use crate::bytes::Gap;

use super::file::{File, Tail};
use super::metadata::Stream;
use super::{Image, NAME};

/// Longest target of a symbolic link: PATH_MAX.
const TARGET: u32 = 4096;
/// No fragment (`SQUASHFS_INVALID_FRAG`).
const NO_FRAGMENT: u32 = u32::MAX;
/// Entries of the fragment table in one metadata block: 16 bytes each.
const FRAGMENTS: u32 = 512;

/// What an inode is.
pub(super) enum Inode {
    Directory(Region),
    File(File),
    Symlink(Vec<u8>),
    /// A device, a pipe or a socket.
    Special,
}

/// Where the listing of a directory is in the directory table.
pub(super) struct Region {
    /// Position of the metadata block, from the table's start.
    pub(super) block: u64,
    /// Offset in it, decoded.
    pub(super) offset: usize,
    /// Bytes, and 3.
    pub(super) size: u32,
}

/// The inode with this reference: 48 bits of position from the table's start, 16 of offset.
pub(super) fn read(image: &Image, reference: u64) -> Result<Inode, Gap> {
    let offset = usize::try_from(reference & 0xffff).unwrap_or(0);
    let mut s = Stream::open(image, image.inode_table, reference >> 16, offset)?;
    let at = s.position();
    let kind = s.u16("inode_type")?;
    s.u16("mode")?;
    s.u16("uid")?;
    s.u16("guid")?;
    s.u32("mtime")?;
    s.u32("inode_number")?;
    Ok(match kind {
        1 => {
            let block = s.u32("start_block")?.into();
            s.u32("nlink")?;
            let size = s.u16("file_size")?.into();
            let offset = s.u16("offset")?.into();
            Inode::Directory(Region { block, offset, size })
        }
        8 => {
            s.u32("nlink")?;
            let size = s.u32("file_size")?;
            let block = s.u32("start_block")?.into();
            s.u32("parent_inode")?;
            s.u16("i_count")?;
            let offset = s.u16("offset")?.into();
            Inode::Directory(Region { block, offset, size })
        }
        2 => {
            let start = s.u32("start_block")?.into();
            let fragment = s.u32("fragment")?;
            let offset = s.u32("offset")?;
            let size = s.u32("file_size")?.into();
            let tail = tail(image, fragment, offset);
            Inode::File(File {
                reference,
                start,
                size,
                tail,
                list: s.place(),
            })
        }
        9 => {
            let start = s.u64("start_block")?;
            let size = s.u64("file_size")?;
            s.u64("sparse")?;
            s.u32("nlink")?;
            let fragment = s.u32("fragment")?;
            let offset = s.u32("offset")?;
            s.u32("xattr")?;
            let tail = tail(image, fragment, offset);
            Inode::File(File {
                reference,
                start,
                size,
                tail,
                list: s.place(),
            })
        }
        3 | 10 => {
            s.u32("nlink")?;
            let size = s.u32("symlink_size")?;
            if size > TARGET {
                return Err(Gap::invalid(NAME, at, "symlink_size", size.into()));
            }
            Inode::Symlink(s.bytes("symlink", usize::try_from(size).unwrap_or(0))?)
        }
        4..=7 | 11..=14 => Inode::Special,
        other => return Err(Gap::invalid(NAME, at, "inode_type", other.into())),
    })
}

/// Where the end of a file is that is kept in a fragment.
fn tail(image: &Image, fragment: u32, offset: u32) -> Tail {
    if fragment == NO_FRAGMENT {
        return Tail::None;
    }
    let entry = || {
        let table = image.fragment_table;
        if fragment >= image.fragments {
            return Err(Gap::invalid(NAME, table, "fragment", fragment.into()));
        }
        let at = table.saturating_add(u64::from(fragment / FRAGMENTS).saturating_mul(8));
        let word = image.blob.read(NAME, at..at.saturating_add(8))?;
        let block = word
            .first_chunk()
            .map(|word| u64::from_le_bytes(*word))
            .ok_or_else(|| Gap::truncated(NAME, at, "fragment_table", 8, super::wide(word.len())))?;
        let skip = usize::try_from(fragment % FRAGMENTS)
            .unwrap_or(0)
            .saturating_mul(16);
        let mut s = Stream::open(image, block, 0, skip)?;
        let start = s.u64("start_block")?;
        let size = s.u32("size")?;
        Ok(super::file::Stored::new(image, start, size))
    };
    match entry() {
        Ok(stored) => Tail::In(stored, offset),
        Err(gap) => Tail::Lost(gap),
    }
}
