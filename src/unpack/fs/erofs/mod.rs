//! EROFS, the read-only file system of system partitions since Android 11.
//!
//! Spec: Linux, `Documentation/filesystems/erofs.rst` and `fs/erofs/erofs_fs.h` of 2026 (with 48-bit block
//! numbers, encoded extents and the metabox); where those are silent, what `fs/erofs/{super,inode,data,zmap,
//! decompressor}.c` do. All fields little-endian. Block numbers count blocks of `1 << blkszbits` bytes, inode
//! numbers slots of 32 bytes from the metadata area's start.
//!
//! `superblock` → `volume` (metadata, devices, the metabox, fragments) → `inode` → the data: as it is, or
//! a `file` whose extents are looked up in `map` or `records` and, where they are compressed, decoded in
//! `cluster`. Here is the walk through the directories. Listing reads metadata and directories only.
//!
//! Not read: extended attributes. Not known: dialects of before it was part of Linux, whose inodes have no
//! mode.

mod cluster;
mod file;
mod inode;
mod map;
mod records;
mod superblock;
#[cfg(test)]
mod tests;
mod volume;

use std::sync::Arc;

use crate::bytes::{Blob, Budget, Gap, RATIO_FROM};
use crate::unpack::registry::{Format, Holds, Listing, Peers, Remark};

use super::tree::{Directory, Tree};
use inode::{Inode, Kind, Layout};
use superblock::Superblock;
use volume::{Disk, Reader, Volume};

/// EROFS images.
pub(in crate::unpack) struct Erofs;

const NAME: &str = "erofs";
/// Bytes of a directory entry without its name.
const DIRENT: u16 = 12;
/// Longest target of a link (PATH_MAX).
const TARGET: u64 = 4096;
/// Ours: bytes of all targets of links, which are in memory at once.
const TARGETS: u64 = 64 << 20;
/// Ours: gaps that are told one by one.
const GAPS: u64 = 1000;
/// Ours: blocks of one directory that are no directory, until the rest is given up.
const BROKEN: u32 = 16;
/// Ours: bytes of directories for one entry, on average. With the longest names there are, it is 270.
const ENTRY: u64 = 512;

impl Format for Erofs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "erofs: every layout, lz4, lzma, deflate, zstd, fragments, several devices; attributes are skipped"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.get(1024..)
            .is_some_and(|rest| rest.starts_with(&superblock::MAGIC))
    }

    fn endings(&self) -> &'static [&'static str] {
        &["erofs"]
    }

    fn holds(&self) -> Holds {
        Holds::Partition
    }

    fn list(&self, blob: &Blob, stem: &str, budget: &Budget) -> Listing {
        self.list_with(blob, stem, &|_| None, budget)
    }

    fn list_with(&self, blob: &Blob, stem: &str, peers: Peers<'_>, budget: &Budget) -> Listing {
        let mut odd = Vec::new();
        let mut listing = list(blob, stem, peers, budget, &mut odd).unwrap_or_else(|gap| {
            let mut listing = Listing::default();
            let (entry, unread) = (None, blob.len());
            listing.notices.push(Remark { entry, gap, unread });
            listing
        });
        for gap in odd {
            listing.remark(gap);
        }
        listing
    }
}

/// What is odd and no reason to stop goes to `odd`.
fn list(
    blob: &Blob,
    stem: &str,
    peers: Peers<'_>,
    budget: &Budget,
    odd: &mut Vec<Gap>,
) -> Result<Listing, Gap> {
    let sb = Superblock::read(blob, odd)?;
    let (blocks, number) = (sb.block.at(sb.blocks), sb.root);
    if blocks > blob.len() {
        odd.push(Gap::truncated(NAME, 0, "blocks", blocks, blob.len()));
    }
    let volume = Volume::open(Disk::new(sb, blob, stem, peers, budget, odd));
    let root = volume.inode(number)?;
    if root.kind != Kind::Directory {
        return Err(Gap::invalid(NAME, root.end, "root_nid", number));
    }
    let mut walk = Walk {
        volume,
        budget,
        tree: Tree::new(NAME, budget, number, root),
        directories: 0,
        targets: 0,
        gaps: 0,
        sum: 0,
    };
    walk.all();
    let mut listing = walk.tree.listing;
    let limit = blob.len().saturating_mul(budget.limits.ratio);
    if walk.sum > RATIO_FROM && walk.sum > limit {
        // Files share their data: what is decoded of all of them has one bound.
        listing.overlaps = true;
        let gap = Gap::over(NAME, 0, "expansion", walk.sum, limit, "--max-ratio");
        listing.remark(gap);
    }
    Ok(listing)
}

/// A power of two that bytes are counted in: a block, a logical cluster, a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grain(u32);

impl Grain {
    /// Two to the power of `bits`; 63 at most.
    fn new(bits: u32) -> Self {
        Self(bits.min(63))
    }

    fn bits(self) -> u32 {
        self.0
    }

    /// Bytes of one.
    fn size(self) -> u64 {
        1_u64.wrapping_shl(self.0)
    }

    /// Which one byte `at` is in.
    fn number(self, at: u64) -> u64 {
        at.wrapping_shr(self.0)
    }

    /// How far byte `at` is in it.
    fn offset(self, at: u64) -> u64 {
        at & self.size().wrapping_sub(1)
    }

    /// First byte of number `number`; the highest offset there is where that is beyond all.
    fn at(self, number: u64) -> u64 {
        number.saturating_mul(self.size())
    }

    /// How many `len` bytes take.
    fn count(self, len: u64) -> u64 {
        let more = u64::from(self.offset(len) > 0);
        self.number(len).saturating_add(more)
    }
}

/// The walk through all directories.
struct Walk<'a> {
    volume: Arc<Volume>,
    budget: &'a Budget,
    tree: Tree<'a, Inode>,
    /// Bytes of directories.
    directories: u64,
    /// Bytes of targets of links.
    targets: u64,
    gaps: u64,
    /// Bytes of all files, none counted above what is read of one.
    sum: u64,
}

impl Walk<'_> {
    fn all(&mut self) {
        while let Some(next) = self.tree.next() {
            if let Err(gap) = self.directory(&next) {
                // A bound of ours: what is left would go over it too.
                self.tree.listing.remark(gap);
                break;
            }
        }
        if self.gaps > GAPS {
            let gap = Gap::over(NAME, 0, "gaps", self.gaps, GAPS, "");
            self.tree.listing.remark(gap);
        }
    }

    /// Tells a gap about a file or a directory; the root has no name.
    fn lost(&mut self, path: &str, gap: Gap) {
        self.gaps = self.gaps.saturating_add(1);
        match self.gaps > GAPS {
            true => {}
            false if path.is_empty() => self.tree.listing.remark(gap),
            false => self.tree.listing.lost(path, gap, 0),
        }
    }

    /// Lists a directory. An error is a bound that was reached.
    fn directory(&mut self, dir: &Directory<Inode>) -> Result<(), Gap> {
        let blob = self.volume.data(&dir.what);
        let (size, at) = (blob.len(), dir.what.end);
        let block = self.volume.disk.sb.block;
        let mut broken = 0_u32;
        for number in 0..block.count(size) {
            let start = block.at(number);
            let end = start.saturating_add(block.size()).min(size);
            self.directories = self.directories.saturating_add(end.saturating_sub(start));
            let limit = self.budget.limits.listed.saturating_mul(ENTRY);
            if self.directories > limit {
                let (got, option) = (self.directories, "--max-entries-per-file");
                return Err(Gap::over(NAME, at, "bytes of directories", got, limit, option));
            }
            let gap = match blob.read(NAME, start..end) {
                Ok(data) => {
                    let mut gap = None;
                    for entry in Dirents::new(&data, at) {
                        match entry {
                            Ok((_, b"." | b"..")) => {}
                            Ok((nid, name)) => {
                                if let Some(path) = self.tree.entry(dir, name, at)? {
                                    self.entry(dir, path, nid)?;
                                }
                            }
                            Err(e) => gap = Some(e),
                        }
                    }
                    gap
                }
                Err(gap) => Some(gap),
            };
            let Some(gap) = gap else { continue };
            self.lost(&dir.path, gap);
            broken = broken.saturating_add(1);
            if broken >= BROKEN {
                let left = size.saturating_sub(end);
                let gap = Gap::over(NAME, at, "broken directory blocks", left, 0, "");
                self.lost(&dir.path, gap);
                return Ok(());
            }
        }
        Ok(())
    }

    fn entry(&mut self, dir: &Directory<Inode>, path: String, nid: u64) -> Result<(), Gap> {
        let inode = match self.volume.inode(nid) {
            Ok(inode) => inode,
            Err(gap) => {
                self.lost(&path, gap);
                return Ok(());
            }
        };
        let (at, sb) = (inode.end, &self.volume.disk.sb);
        let room = self.volume.room(inode.boxed);
        let odd = match inode.layout {
            // Nothing is lost of a file whose data is elsewhere.
            _ if at > room => Some(Gap::truncated(NAME, at, "extended attributes", at, room)),
            Layout::Full(blocks) | Layout::Compact(blocks)
                if !sb.compressed && blocks > sb.block.count(inode.size) =>
            {
                // What it says of its layout is a lie, or what it says of its data.
                Some(Gap::invalid(NAME, at, "compressed_blocks", blocks))
            }
            _ => None,
        };
        if let Some(gap) = odd {
            self.lost(&path, gap);
        }
        match inode.kind {
            Kind::File => {
                self.sum = self.sum.saturating_add(inode.size.min(self.budget.limits.item));
                let data = self.volume.data(&inode);
                self.tree.file(path, data);
            }
            Kind::Link => self.link(path, &inode)?,
            Kind::Directory => self.tree.enter(dir, path, nid, inode, dir.what.end),
            Kind::Special => {}
        }
        Ok(())
    }

    fn link(&mut self, path: String, inode: &Inode) -> Result<(), Gap> {
        let size = inode.size;
        if size > TARGET {
            let gap = Gap::over(NAME, inode.end, "target of a link", size, TARGET, "");
            self.lost(&path, gap);
            return Ok(());
        }
        self.targets = self.targets.saturating_add(size);
        if self.targets > TARGETS {
            let (what, got) = ("bytes of targets of links", self.targets);
            return Err(Gap::over(NAME, inode.end, what, got, TARGETS, ""));
        }
        match self.volume.data(inode).read(NAME, 0..size) {
            Ok(target) => self.tree.link(path, &target),
            Err(gap) => self.lost(&path, gap),
        }
        Ok(())
    }
}

/// The entries of a block of a directory: inode numbers and names. All without their names come first, and
/// where the first name starts tells how many they are. A name goes to where the next begins, the last one
/// to a NUL or the end.
struct Dirents<'a> {
    data: &'a [u8],
    /// The directory, for gaps.
    at: u64,
    next: u16,
    count: u16,
}

impl<'a> Dirents<'a> {
    fn new(data: &'a [u8], at: u64) -> Self {
        let mut all = Self {
            data,
            at,
            next: 0,
            count: 1,
        };
        // One entry, which is found to be broken, where there is no number of them.
        all.count = (all.nameoff(0) / DIRENT).max(1);
        all
    }

    fn field<const N: usize>(&self, number: u16, at: usize) -> Option<[u8; N]> {
        let entry = usize::from(number).saturating_mul(DIRENT.into());
        let rest = self.data.get(entry.saturating_add(at)..)?;
        rest.first_chunk().copied()
    }

    /// Where a name starts; 0 where the entry is not there.
    fn nameoff(&self, number: u16) -> u16 {
        self.field(number, 8).map_or(0, u16::from_le_bytes)
    }
}

impl<'a> Iterator for Dirents<'a> {
    type Item = Result<(u64, &'a [u8]), Gap>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        if number >= self.count {
            return None;
        }
        self.next = number.saturating_add(1);
        let start = self.nameoff(number);
        let invalid = || Gap::invalid(NAME, self.at, "nameoff", start.into());
        let before = usize::from(self.count).saturating_mul(DIRENT.into());
        let Some(rest) = self
            .data
            .get(start.into()..)
            .filter(|_| usize::from(start) >= before)
        else {
            // Of a block that is none, once is enough.
            self.next = if number == 0 { self.count } else { self.next };
            return Some(Err(invalid()));
        };
        let len = match self.next < self.count {
            true => self.nameoff(self.next).checked_sub(start).map(usize::from),
            false => Some(memchr::memchr(0, rest).unwrap_or(rest.len())),
        };
        let nid = self.field(number, 0).map_or(0, u64::from_le_bytes);
        let name = len.and_then(|len| rest.get(..len));
        Some(name.map(|name| (nid, name)).ok_or_else(invalid))
    }
}
