//! EROFS, the read-only file system of system partitions since Android 11.
//!
//! Spec: Linux kernel 6.19, `Documentation/filesystems/erofs.rst` and `fs/erofs/erofs_fs.h`; where those
//! are silent, what `fs/erofs/{super,inode,data,zmap,decompressor}.c` do. All fields little-endian.
//! Addresses are in blocks of `1 << blkszbits` bytes from the image's start; inode numbers count slots of
//! 32 bytes from the metadata area's start.
//!
//! `superblock` → `volume` (metadata, devices, the metabox, fragments) → `inode` → the data: as it is, or
//! a `file` whose extents are looked up in `map` or `records` and, where they are compressed, decoded in
//! `cluster`. Here is the walk through the directories. Listing reads metadata and directories only.

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

use rustc_hash::FxHashSet;

use crate::bytes::{Blob, Budget, Gap, RATIO_FROM};
use crate::unpack::name;
use crate::unpack::registry::{Format, Holds, Listing, Peers};

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
/// Ours: directories in directories. Real ones are not deeper than twelve.
const DEPTH: usize = 256;
/// Ours: gaps that are told one by one.
const GAPS: u64 = 1000;
/// Ours: blocks of one directory that are no directory, until the rest is given up.
const BROKEN: u32 = 16;
/// Ours: bytes of directories for one entry, on average. With the longest names there are, it is 270.
const ENTRY: u64 = 512;
/// Ours: bytes of paths for one entry, on average. Real ones have 60.
const PATH: u64 = 128;
/// `EROFS_NAME_LEN`.
const NAME_LEN: usize = 255;

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
        let mut listing = Listing::default();
        let mut odd = Vec::new();
        match Superblock::read(blob, &mut odd) {
            Ok(sb) => {
                let (blocks, root) = (sb.block.at(sb.blocks), sb.root);
                if blocks > blob.len() {
                    odd.push(Gap::truncated(NAME, 0, "blocks", blocks, blob.len()));
                }
                let disk = Disk::new(sb, blob, stem, peers, budget, &mut odd);
                let tree = Tree {
                    volume: Volume::open(disk),
                    budget,
                    listing: &mut listing,
                    seen: FxHashSet::default(),
                    stack: Vec::new(),
                    listed: 0,
                    paths: 0,
                    directories: 0,
                    gaps: 0,
                    sum: 0,
                };
                tree.walk(root, blob.len());
            }
            Err(gap) => odd.push(gap),
        }
        for gap in odd {
            listing.remark(gap);
        }
        listing
    }
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

/// A directory that was found and not listed yet.
struct Pending {
    path: Vec<u8>,
    inode: Inode,
    depth: usize,
}

/// The walk through all directories.
struct Tree<'a> {
    volume: Arc<Volume>,
    budget: &'a Budget,
    listing: &'a mut Listing,
    /// Directories, by number.
    seen: FxHashSet<u64>,
    stack: Vec<Pending>,
    listed: u64,
    /// Bytes of paths and targets.
    paths: u64,
    /// Bytes of directories.
    directories: u64,
    gaps: u64,
    /// Bytes of all files, none counted above what is read of one.
    sum: u64,
}

impl Tree<'_> {
    fn walk(mut self, root: u64, len: u64) {
        match self.volume.inode(root) {
            Ok(inode) if inode.kind == Kind::Directory => {
                self.seen.insert(root);
                self.stack.push(Pending {
                    path: Vec::new(),
                    inode,
                    depth: 0,
                });
            }
            Ok(_) => self.lost(&[], Gap::invalid(NAME, 0, "root inode is no directory", root)),
            Err(gap) => self.lost(&[], gap),
        }
        while let Some(next) = self.stack.pop() {
            if let Err(gap) = self.directory(&next) {
                // A bound of ours: what is left would go over it too.
                self.lost(&next.path, gap);
                break;
            }
        }
        let unread = self.stack.len();
        if unread > 0 {
            let got = u64::try_from(unread).unwrap_or(u64::MAX);
            self.listing
                .remark(Gap::over(NAME, 0, "directories left", got, 0, ""));
        }
        if self.gaps > GAPS {
            self.listing
                .remark(Gap::over(NAME, 0, "gaps", self.gaps, GAPS, ""));
        }
        let limit = len.saturating_mul(self.budget.limits.ratio);
        if self.sum > RATIO_FROM && self.sum > limit {
            // Files share their data: what is decoded of all of them has one bound.
            self.listing.overlaps = true;
            let gap = Gap::over(NAME, 0, "expansion", self.sum, limit, "--max-ratio");
            self.listing.remark(gap);
        }
    }

    /// Tells a gap about a file, or about all for the empty path.
    fn lost(&mut self, path: &[u8], gap: Gap) {
        self.gaps = self.gaps.saturating_add(1);
        match self.gaps {
            n if n > GAPS => {}
            _ if path.is_empty() => self.listing.remark(gap),
            _ => self.listing.lost(&name::text(path), gap, 0),
        }
    }

    /// Lists a directory. An error is a bound that was reached.
    fn directory(&mut self, dir: &Pending) -> Result<(), Gap> {
        let blob = self.volume.data(&dir.inode);
        let size = blob.len();
        let block = self.volume.disk.sb.block;
        let mut broken = 0_u32;
        for number in 0..block.count(size) {
            let at = block.at(number);
            let end = at.saturating_add(block.size()).min(size);
            let len = end.saturating_sub(at);
            self.directories = self.directories.saturating_add(len);
            let limit = self.budget.limits.listed.saturating_mul(ENTRY);
            if self.directories > limit {
                let (got, option) = (self.directories, "--max-entries-per-file");
                return Err(Gap::over(NAME, at, "bytes of directories", got, limit, option));
            }
            let gap = match blob.read(NAME, at..end) {
                Ok(data) => {
                    let mut gap = None;
                    for entry in Dirents::new(&data, dir.inode.end) {
                        match entry {
                            Ok((nid, name)) => self.entry(dir, nid, name)?,
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
                let gap = Gap::over(NAME, dir.inode.end, "broken directory blocks", left, 0, "");
                self.lost(&dir.path, gap);
                return Ok(());
            }
        }
        Ok(())
    }

    fn entry(&mut self, dir: &Pending, nid: u64, name: &[u8]) -> Result<(), Gap> {
        self.listed = self.listed.saturating_add(1);
        let (limits, at) = (self.budget.limits, dir.inode.end);
        let over = |what, got, limit| Gap::over(NAME, at, what, got, limit, "--max-entries-per-file");
        if self.listed > limits.listed {
            return Err(over("entries", self.listed, limits.listed));
        }
        self.budget.entries(NAME, 1)?;
        if matches!(name, b"." | b"..") {
            return Ok(());
        }
        let mut path = Vec::with_capacity(dir.path.len().saturating_add(name.len()).saturating_add(1));
        path.extend_from_slice(&dir.path);
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        self.spend(path.len(), at)?;
        if name.is_empty() || name.len() > NAME_LEN || name.iter().any(|b| matches!(b, b'/' | 0)) {
            // Nobody can ask the kernel for it.
            let got = name.len().try_into().unwrap_or(u64::MAX);
            self.lost(&path, Gap::invalid(NAME, at, "name", got));
        }
        let inode = match self.volume.inode(nid) {
            Ok(inode) => inode,
            Err(gap) => {
                self.lost(&path, gap);
                return Ok(());
            }
        };
        let room = self.volume.room(inode.boxed);
        if inode.end > room {
            // Nothing is lost of a file whose data is elsewhere.
            self.lost(
                &path,
                Gap::truncated(NAME, at, "extended attributes", inode.end, room),
            );
        }
        if let Layout::Full(blocks) | Layout::Compact(blocks) = inode.layout
            && !self.volume.disk.sb.compressed
            && blocks > self.volume.disk.sb.block.count(inode.size)
        {
            // What it says of its layout is a lie, or what it says of its data.
            self.lost(&path, Gap::invalid(NAME, at, "compressed_blocks", blocks));
        }
        match inode.kind {
            Kind::File => {
                self.sum = self.sum.saturating_add(inode.size.min(limits.item));
                self.listing.blob(name::text(&path), self.volume.data(&inode));
            }
            Kind::Link => self.link(&path, &inode)?,
            Kind::Directory if !self.seen.insert(nid) => {
                self.lost(&path, Gap::invalid(NAME, at, "directory met twice", nid));
            }
            Kind::Directory if dir.depth >= DEPTH => {
                let (got, limit) = (dir.depth, DEPTH);
                let [got, limit] = [got, limit].map(|n| n.try_into().unwrap_or(u64::MAX));
                self.lost(
                    &path,
                    Gap::over(NAME, at, "directories in directories", got, limit, ""),
                );
            }
            Kind::Directory => self.stack.push(Pending {
                path,
                inode,
                depth: dir.depth.saturating_add(1),
            }),
            Kind::Special => {}
        }
        Ok(())
    }

    fn link(&mut self, path: &[u8], inode: &Inode) -> Result<(), Gap> {
        if inode.size > TARGET {
            let gap = Gap::over(NAME, inode.end, "target of a link", inode.size, TARGET, "");
            self.lost(path, gap);
            return Ok(());
        }
        match self.volume.data(inode).read(NAME, 0..inode.size) {
            Ok(target) => {
                self.spend(target.len(), inode.end)?;
                let link = (name::text(path).into(), name::text(&target).into());
                self.listing.links.push(link);
            }
            Err(gap) => self.lost(path, gap),
        }
        Ok(())
    }

    /// Charges bytes of a path: all of them are in memory at once.
    fn spend(&mut self, len: usize, at: u64) -> Result<(), Gap> {
        let limit = self.budget.limits.listed.saturating_mul(PATH);
        self.paths = self.paths.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        if self.paths > limit {
            let (got, option) = (self.paths, "--max-entries-per-file");
            return Err(Gap::over(NAME, at, "bytes of paths", got, limit, option));
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
