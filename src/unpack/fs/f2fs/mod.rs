//! F2FS, the flash-friendly file system.
//!
//! Spec: Linux `include/linux/f2fs_fs.h`, and `fs/f2fs/` for what is refused there: feature bits in
//! `f2fs.h`, which checkpoint wins in `checkpoint.c`, address trees in `node.c`, clusters in `compress.c`.
//! Everything is little-endian and in blocks of 4 KiB; addresses are blocks from the image's start. A node
//! (an inode, or a block of addresses) has a number, its *nid*; the node address table (NAT) says where it
//! is, and the checkpoint says which of two copies of each block of that table holds.
//!
//! Listing reads the inodes. Where a file's data is, and the data of compressed clusters, are units of the
//! cache, read when the file is. What was written after the last checkpoint is not looked at: the kernel
//! rolls it forward only for a file system that was not unmounted, which no image in a package is.

mod checkpoint;
mod cluster;
mod crc;
mod dentry;
mod file;
mod node;
mod superblock;

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use crate::bytes::{Blob, Budget, Bytes, Cache, Extents, Fill, Gap, Kind, wide};
use crate::unpack::registry::{Format, Holds, Listing, Remark};

use super::tree::{Directory, Tree};
use checkpoint::Nat;
use node::Inode;
use superblock::Superblock;

/// F2FS images.
pub(in crate::unpack) struct F2fs;

const NAME: &str = "f2fs";
const MAGIC: u32 = 0xf2f5_2010;
/// Where the superblock and its copy are, in bytes: at this offset of the first two blocks.
const SUPERBLOCKS: [u64; 2] = [1024, BLOCK + 1024];
/// Bytes of a block, and their logarithm. Kernels with pages of 16 KiB write blocks of that size.
const BLOCK: u64 = 4096;
const LOG_BLOCK: u32 = 12;
/// Blocks of a segment.
const SEGMENT: u64 = 512;
/// Longest target of a symbolic link: PATH_MAX.
const TARGET: u64 = 4096;

impl Format for F2fs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "f2fs: compressed files (lz4, zstd, lzo), inline data; encrypted files and several devices are not read"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.get(1024..1028) == Some(&MAGIC.to_le_bytes())
    }

    fn endings(&self) -> &'static [&'static str] {
        &["f2fs"]
    }

    fn holds(&self) -> Holds {
        Holds::Partition
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let image = open(blob, budget).and_then(|(image, root, odd)| {
            if !image.inode(root)?.is_directory() {
                return Err(Gap::invalid(NAME, 1024 + 96, "root_ino", root.into()));
            }
            Ok((Arc::new(image), root, odd))
        });
        let (image, root, odd) = match image {
            Ok(found) => found,
            Err(gap) => return refused(gap, blob.len()),
        };
        let mut walk = Walk {
            blocks: blob.len() >> LOG_BLOCK,
            tree: Tree::new(NAME, budget, root.into(), root),
            image,
        };
        if let Some(gap) = odd {
            walk.tree.listing.remark(gap);
        }
        while let Some(directory) = walk.tree.next() {
            if let Err(gap) = walk.directory(&directory) {
                walk.tree.listing.remark(gap);
                break;
            }
        }
        walk.tree.listing
    }
}

/// Nothing could be listed: all bytes are lost.
fn refused(gap: Gap, unread: u64) -> Listing {
    let mut listing = Listing::default();
    let entry = None;
    listing.notices.push(Remark { entry, gap, unread });
    listing
}

/// What all parts of an image need to be read.
struct Image {
    blob: Blob,
    features: u32,
    /// Of all inode checksums.
    checksum_seed: u32,
    /// The main area: blocks of nodes and of data.
    main: Range<u64>,
    nat: Nat,
    cache: Arc<Cache>,
    /// Numbers of sources in the cache: of files' maps by inode, of clusters by inode and first block.
    maps: u64,
    clusters: u64,
}

/// Superblock, checkpoint, NAT: the image, the root's inode, and what is odd.
fn open(blob: &Blob, budget: &Budget) -> Result<(Image, u32, Option<Gap>), Gap> {
    let [first, second] = SUPERBLOCKS;
    let (superblock, odd) = match Superblock::read(blob, first) {
        Ok(superblock) => (superblock, None),
        Err(gap) => match Superblock::read(blob, second) {
            Ok(copy) => (
                copy,
                Some(Gap::odd(NAME, first, "superblock, its copy is read", 0)),
            ),
            Err(_) => return Err(gap),
        },
    };
    let nat = Nat::read(blob, &superblock)?;
    let cache = Arc::clone(&budget.cache);
    let image = Image {
        blob: blob.clone(),
        features: superblock.features,
        checksum_seed: crc::crc32(u32::MAX, &superblock.uuid),
        main: superblock.main,
        nat,
        maps: cache.source(),
        clusters: cache.source(),
        cache,
    };
    Ok((image, superblock.root, odd))
}

impl Image {
    /// A block of the main area.
    fn block(&self, address: u32, what: &'static str, at: u64) -> Result<Bytes, Gap> {
        if !self.main.contains(&address.into()) {
            return Err(Gap::invalid(NAME, at, what, address.into()));
        }
        block(&self.blob, address.into(), what)
    }
}

/// The block at this address.
fn block(blob: &Blob, address: u64, what: &'static str) -> Result<Bytes, Gap> {
    let at = byte(address);
    let bytes = blob.read(NAME, at..at.saturating_add(BLOCK))?;
    let have = wide(bytes.len());
    if have < BLOCK {
        return Err(Gap::truncated(NAME, at, what, BLOCK, have));
    }
    Ok(bytes)
}

/// Where a block starts, in bytes. Addresses have 32 bits, and what is added to them is far less.
fn byte(address: u64) -> u64 {
    address.saturating_mul(BLOCK)
}

/// The image while it is being listed.
struct Walk<'a> {
    image: Arc<Image>,
    tree: Tree<'a, u32>,
    /// Blocks of directories that may still be read. No block is in two of them: more than the image has
    /// are never needed.
    blocks: u64,
}

impl Walk<'_> {
    /// Lists one directory. An error ends the listing.
    fn directory(&mut self, directory: &Directory<u32>) -> Result<(), Gap> {
        let image = Arc::clone(&self.image);
        let found = image.inode(directory.what);
        let found = found.and_then(|inode| Ok((file::map(&image, &inode)?, inode)));
        let (map, inode) = match found {
            Ok(found) => found,
            Err(gap) => {
                self.tree.listing.lost(&directory.path, gap, 0);
                return Ok(());
            }
        };
        if inode.has_inline_dentries() {
            let (at, area) = inode.inline();
            return self.dentries(directory, &inode, dentry::inline(area), at);
        }
        for run in file::runs(&map) {
            let file::Place::At(start) = run.place else {
                let gap = run.gap(&image, inode.number);
                self.tree.listing.lost(&directory.path, gap, 0);
                continue;
            };
            for address in start..start.saturating_add(run.len) {
                let Some(left) = self.blocks.checked_sub(1) else {
                    let (got, at) = (inode.size, inode.at);
                    return Err(Gap::invalid(NAME, at, "blocks of directories", got));
                };
                self.blocks = left;
                match image.block(address, "directory block", inode.at) {
                    Ok(block) => {
                        self.dentries(directory, &inode, dentry::block(&block), byte(address.into()))?;
                    }
                    Err(gap) => self.tree.listing.lost(&directory.path, gap, 0),
                }
            }
        }
        Ok(())
    }

    fn dentries(
        &mut self,
        directory: &Directory<u32>,
        inode: &Inode,
        dentries: dentry::Dentries<'_>,
        at: u64,
    ) -> Result<(), Gap> {
        for found in dentries {
            match found {
                Ok((b"." | b"..", _)) => {}
                Ok((name, number)) => {
                    let path = if inode.is_encrypted() {
                        self.tree.entry(directory, hex(name).as_bytes(), at)?
                    } else {
                        self.tree.entry(directory, name, at)?
                    };
                    if let Some(path) = path {
                        self.entry(directory, path, number, at);
                    }
                }
                Err(mut gap) => {
                    gap.at = gap.at.saturating_add(at);
                    self.tree.listing.lost(&directory.path, gap, 0);
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, parent: &Directory<u32>, path: String, number: u32, at: u64) {
        let data = |inode: &Inode| data(&self.image, inode);
        let listing = &mut self.tree.listing;
        let inode = match self.image.inode(number) {
            Ok(inode) => inode,
            Err(gap) => return listing.lost(&path, gap, 0),
        };
        let encrypted = || Gap {
            format: NAME,
            at: inode.at,
            what: "file".into(),
            kind: Kind::Encrypted,
        };
        match inode.kind() {
            node::Kind::Directory => self.tree.enter(parent, path, number.into(), number, at),
            node::Kind::Special => {}
            _ if inode.is_encrypted() => listing.lost(&path, encrypted(), inode.size),
            _ if inode.is_device() => {
                let gap = Gap::unsupported(NAME, inode.at, "i_flags, a file that is a device", 1);
                listing.lost(&path, gap, inode.size);
            }
            node::Kind::File => {
                self.tree.file(path, data(&inode));
            }
            node::Kind::Symlink if inode.size > TARGET => {
                let gap = Gap::invalid(NAME, inode.at, "i_size", inode.size);
                listing.lost(&path, gap, 0);
            }
            node::Kind::Symlink => match data(&inode).read(NAME, 0..TARGET) {
                Ok(target) => self.tree.link(path, &target),
                Err(gap) => listing.lost(&path, gap, 0),
            },
        }
    }
}

/// The data of a file, which is read when it is asked for.
fn data(image: &Arc<Image>, inode: &Inode) -> Blob {
    if !inode.has_inline_data() {
        return file::blob(image, inode);
    }
    let (at, area) = inode.inline();
    let len = wide(area.len());
    let mut data = Extents::new(NAME, inode.size);
    let area = image.blob.slice(at..at.saturating_add(len));
    data.push(0, len, Fill::From(area));
    let gap = Gap::invalid(NAME, inode.at, "i_size", inode.size);
    data.push(len, u64::MAX, Fill::Lost(gap));
    data.into_blob()
}

/// An encrypted name.
fn hex(name: &[u8]) -> String {
    name.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests;
