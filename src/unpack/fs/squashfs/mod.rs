//! Squashfs 4.0.
//!
//! Spec: Linux `Documentation/filesystems/squashfs.rst` and `fs/squashfs/squashfs_fs.h`; which values are
//! refused is as in `fs/squashfs/*.c`. Everything is little-endian. Positions are bytes from the image's
//! start; tables (inodes, directories, fragments) are metadata blocks of 8 KiB, decoded, and a *reference*
//! into one is the position of a block, from the table's start, and an offset in it once decoded.
//!
//! Data blocks and metadata blocks are units of the cache: each is decoded once while it fits. The list of
//! a file's blocks is read when the file is. Attributes, owners and the export table are passed over.

mod file;
mod inode;
mod metadata;

use std::sync::Arc;

use crate::bytes::{Blob, Budget, Cache, Cursor, Gap, wide};
use crate::unpack::codec::Codec;
use crate::unpack::registry::{Format, Holds, Listing, Remark};

use super::tree::{Directory, Tree};
use inode::{Inode, Region};
use metadata::Stream;

/// Squashfs images.
pub(in crate::unpack) struct Squashfs;

const NAME: &str = "squashfs";
const MAGIC: [u8; 4] = *b"hsqs";
/// The same of a big-endian image, which no version since 4.0 (2009) writes.
const SWAPPED: [u8; 4] = *b"sqsh";
/// Bytes of `squashfs_super_block`.
const SUPERBLOCK: u64 = 96;
/// Where every version since 2.0 keeps `s_major`.
const MAJOR: usize = 28;
/// Data blocks are 4 KiB to 1 MiB (`SQUASHFS_FILE_MAX_LOG`).
const BLOCK_LOG: std::ops::RangeInclusive<u16> = 12..=20;
/// Before the entries of a directory's listing, its size counts `.` and `..`, which are not stored.
const DOTS: u32 = 3;
/// Entries behind one header of a directory (`SQUASHFS_DIR_COUNT`).
const DIR_COUNT: u32 = 256;

impl Format for Squashfs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "squashfs 4.0: gzip, lzma, lzo, xz, lz4, zstd; older versions and big-endian images are not read"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&MAGIC) || head.starts_with(&SWAPPED)
    }

    fn endings(&self) -> &'static [&'static str] {
        &["squashfs", "sqfs"]
    }

    fn holds(&self) -> Holds {
        Holds::Partition
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let (image, root, used) = match superblock(blob, budget) {
            Ok(found) => found,
            Err(gap) => return refused(gap, blob.len()),
        };
        let image = Arc::new(image);
        let region = match inode::read(&image, root) {
            Ok(Inode::Directory(region)) => region,
            Ok(_) => return refused(Gap::invalid(NAME, 32, "root_inode", root), blob.len()),
            Err(gap) => return refused(gap, blob.len()),
        };
        let mut tree = Tree::new(NAME, budget, root, region);
        if used > blob.len() {
            let gap = Gap::truncated(NAME, 40, "bytes_used", used, blob.len());
            tree.listing.remark(gap);
        }
        while let Some(directory) = tree.next() {
            match entries(&image, &directory, &mut tree) {
                Ok(()) => {}
                Err(Stop::Here(gap)) => tree.listing.lost(&directory.path, gap, 0),
                Err(Stop::All(gap)) => {
                    tree.listing.remark(gap);
                    break;
                }
            }
        }
        tree.listing
    }
}

/// Nothing could be listed: all bytes are lost.
fn refused(gap: Gap, unread: u64) -> Listing {
    let mut listing = Listing::default();
    let entry = None;
    listing.notices.push(Remark { entry, gap, unread });
    listing
}

/// How far an error reaches.
enum Stop {
    /// The rest of a directory.
    Here(Gap),
    /// The rest of the image: a limit of the run.
    All(Gap),
}

impl From<Gap> for Stop {
    fn from(gap: Gap) -> Self {
        Self::Here(gap)
    }
}

/// What all parts of an image need to be read.
struct Image {
    blob: Blob,
    codec: Codec,
    /// Bytes of a data block, at most 1 MiB, and their logarithm.
    block_size: u64,
    block_log: u16,
    /// Where the tables start, in bytes.
    inode_table: u64,
    directory_table: u64,
    fragment_table: u64,
    /// Entries of the fragment table.
    fragments: u32,
    cache: Arc<Cache>,
    /// Numbers of sources in the cache: of metadata blocks by position, of data blocks by
    /// [`file::Stored`], of lists of blocks by the inode's reference.
    metadata: u64,
    data: u64,
    lists: u64,
}

impl Image {
    /// The bits of a position that say where in its block it is.
    fn mask(&self) -> u64 {
        self.block_size.saturating_sub(1)
    }
}

/// The superblock: the image, the root's inode, and the bytes that are used.
fn superblock(blob: &Blob, budget: &Budget) -> Result<(Image, u64, u64), Gap> {
    let head = blob.read(NAME, 0..SUPERBLOCK)?;
    let mut c = Cursor::new(NAME, &head);
    if c.array::<4>("s_magic")? == SWAPPED {
        return Err(Gap::unsupported(NAME, 0, "big-endian image", 1));
    }
    let major = Cursor::at(NAME, &head, MAJOR).u16("s_major")?;
    if major != 4 {
        return Err(Gap::unsupported(NAME, wide(MAJOR), "s_major", major.into()));
    }
    c.u32("inodes")?;
    c.u32("mkfs_time")?;
    let block_size = u64::from(c.u32("block_size")?);
    let fragments = c.u32("fragments")?;
    let compression = c.u16("compression")?;
    let codec = match compression {
        1 => Codec::Zlib,
        2 => Codec::Lzma,
        3 => Codec::Lzo,
        4 => Codec::Xz,
        5 => Codec::Lz4,
        6 => Codec::Zstd,
        other => return Err(Gap::unsupported(NAME, 20, "compression", other.into())),
    };
    let block_log = c.u16("block_log")?;
    if !BLOCK_LOG.contains(&block_log) || 1_u64 << block_log != block_size {
        return Err(Gap::invalid(NAME, 12, "block_size", block_size));
    }
    c.u16("flags")?;
    c.u16("no_ids")?;
    c.u16("s_major")?;
    let minor = c.u16("s_minor")?;
    if minor != 0 {
        return Err(Gap::unsupported(NAME, 30, "s_minor", minor.into()));
    }
    let root = c.u64("root_inode")?;
    let used = c.u64("bytes_used")?;
    c.u64("id_table_start")?;
    c.u64("xattr_id_table_start")?;
    let cache = &budget.cache;
    let image = Image {
        blob: blob.clone(),
        codec,
        block_size,
        block_log,
        inode_table: c.u64("inode_table_start")?,
        directory_table: c.u64("directory_table_start")?,
        fragment_table: c.u64("fragment_table_start")?,
        fragments,
        cache: Arc::clone(cache),
        metadata: cache.source(),
        data: cache.source(),
        lists: cache.source(),
    };
    c.u64("lookup_table_start")?;
    Ok((image, root, used))
}

/// Lists one directory.
fn entries(
    image: &Arc<Image>,
    directory: &Directory<Region>,
    tree: &mut Tree<'_, Region>,
) -> Result<(), Stop> {
    let region = &directory.what;
    let mut left = region.size.saturating_sub(DOTS);
    if left == 0 {
        return Ok(());
    }
    let mut stream = Stream::open(image, image.directory_table, region.block, region.offset)?;
    while left > 0 {
        let at = stream.position();
        let count = stream.u32("count")?;
        if count >= DIR_COUNT {
            return Err(Gap::invalid(NAME, at, "count", count.into()).into());
        }
        let block = u64::from(stream.u32("start_block")?);
        stream.u32("inode_number")?;
        left = left.saturating_sub(12);
        for _ in 0..=count {
            let at = stream.position();
            let offset = u64::from(stream.u16("offset")?);
            stream.u16("inode_number")?;
            stream.u16("type")?;
            let size = stream.u16("size")?;
            if u32::from(size) >= DIR_COUNT {
                return Err(Gap::invalid(NAME, at, "size", size.into()).into());
            }
            let name = stream.bytes("name", usize::from(size).saturating_add(1))?;
            left = left.saturating_sub(9).saturating_sub(size.into());
            let reference = block << 16 | offset;
            if let Some(path) = tree.entry(directory, &name, at).map_err(Stop::All)? {
                entry(image, directory, path, reference, tree, at);
            }
        }
    }
    Ok(())
}

fn entry(
    image: &Arc<Image>,
    parent: &Directory<Region>,
    path: String,
    reference: u64,
    tree: &mut Tree<'_, Region>,
    at: u64,
) {
    match inode::read(image, reference) {
        Ok(Inode::Directory(region)) => tree.enter(parent, path, reference, region, at),
        Ok(Inode::File(file)) => tree.file(path, file::blob(image, file)),
        Ok(Inode::Symlink(target)) => tree.link(path, &target),
        Ok(Inode::Special) => {}
        Err(gap) => tree.listing.lost(&path, gap, 0),
    }
}

#[cfg(test)]
mod tests;
