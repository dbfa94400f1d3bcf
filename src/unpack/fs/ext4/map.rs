//! Which blocks hold a file: extent trees, and the block lists of ext2 and ext3.
//!
//! Spec: kernel documentation, `filesystems/ext4/ifork.rst`; what a node must obey besides: kernel 6.6,
//! `fs/ext4/extents.c`, `__ext4_ext_check`.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::bytes::{Cursor, Extents, Fill, Gap};

use super::inode::{BLOCK, EXTENTS, Image, Inode};
use super::{NAME, checksum, wide};

/// `eh_magic`.
const MAGIC: u16 = 0xf30a;
/// Levels of an extent tree, as the kernel has it.
const DEEPEST: u16 = 5;
/// Bytes of a header, and of an entry.
const ENTRY: usize = 12;
/// From here on, `ee_len` counts blocks that were reserved and not written: zeros.
const UNWRITTEN: u16 = 0x8000;
/// Blocks of a file are counted in 32 bits.
pub(super) const MOST_BLOCKS: u64 = 1 << 32;
/// Block numbers in `i_block` that lead to content at once.
const DIRECT: usize = 12;

/// Blocks of a file, one after another. What lies between two runs was never written: zeros.
#[derive(Debug)]
pub(super) struct Run {
    /// Block of the file that it starts with.
    pub(super) first: u64,
    /// Blocks.
    pub(super) count: u64,
    pub(super) to: To,
}

/// Where the blocks of a run are.
#[derive(Debug)]
pub(super) enum To {
    /// From this block of the image on.
    Block(u64),
    /// Nobody knows, for this reason.
    Lost(Gap),
}

/// A node of an extent tree that was not looked at yet: its block, the blocks of the file that it is
/// about, how many levels are below it.
type Branch = (u64, Range<u64>, u16);

/// The runs of a file, in its order, as they are found.
struct Runs<'a> {
    image: &'a Image<'a>,
    /// Blocks that the file has by its size.
    blocks: u64,
    found: Vec<Run>,
}

impl Image<'_> {
    /// The runs of an inode's content, in order; none starts beyond its size.
    pub(super) fn runs(&self, inode: &Inode) -> Vec<Run> {
        let mut runs = Runs {
            image: self,
            blocks: inode.size.div_ceil(self.superblock.block_size.max(1)),
            found: Vec::new(),
        };
        let done = if inode.flags & EXTENTS == 0 {
            runs.lists(inode)
        } else {
            runs.tree(inode)
        };
        if let Err(gap) = done {
            // A limit was hit: the rest is lost.
            let from = runs.end();
            runs.found.push(Run {
                first: from,
                count: runs.blocks.saturating_sub(from),
                to: To::Lost(gap),
            });
        }
        runs.found
    }

    /// The same as pieces of `size` bytes.
    pub(super) fn extents(&self, runs: Vec<Run>, size: u64) -> Extents {
        let block_size = self.superblock.block_size;
        let mut extents = Extents::new(NAME, size);
        for run in runs {
            let len = run.count.saturating_mul(block_size);
            let fill = match run.to {
                To::Block(block) => {
                    let start = block.saturating_mul(block_size);
                    Fill::From(self.blob.slice(start..start.saturating_add(len)))
                }
                To::Lost(gap) => Fill::Lost(gap),
            };
            extents.push(run.first.saturating_mul(block_size), len, fill);
        }
        extents
    }
}

impl Runs<'_> {
    /// The block behind the last run.
    fn end(&self) -> u64 {
        self.found
            .last()
            .map_or(0, |run| run.first.saturating_add(run.count))
    }

    /// Takes a run, together with the last one where it goes on with it. `Err` is a limit.
    fn push(&mut self, first: u64, count: u64, to: To, at: u64) -> Result<(), Gap> {
        let count = count.min(self.blocks.saturating_sub(first));
        if count == 0 {
            return Ok(());
        }
        if let Some(last) = self.found.last_mut()
            && last.first.saturating_add(last.count) == first
        {
            let follows = match (&last.to, &to) {
                (To::Block(a), To::Block(b)) => a.saturating_add(last.count) == *b,
                (To::Lost(a), To::Lost(b)) => a == b,
                _ => false,
            };
            if follows {
                last.count = last.count.saturating_add(count);
                return Ok(());
            }
        }
        self.image.piece(at)?;
        self.found.push(Run { first, count, to });
        Ok(())
    }

    /// An extent tree, from its root in `i_block` down. Each node is about other blocks of the file than
    /// its neighbours, and has a level less than its parent: none can be met twice and be sound each time.
    fn tree(&mut self, inode: &Inode) -> Result<(), Gap> {
        let at = inode.block_at();
        let all = 0..MOST_BLOCKS.max(self.blocks);
        let mut todo: Vec<Branch> = Vec::new();
        let root = entries(inode.block(), at, 0..MOST_BLOCKS, None);
        self.node(root, all, at, &mut todo)?;
        let size = self.image.superblock.block_size;
        while let Some((block, range, depth)) = todo.pop() {
            if range.start >= self.blocks {
                continue;
            }
            let at = block.saturating_mul(size);
            let node = self.image.read("extent block", at, size);
            self.image.spent(at)?;
            let found = node.and_then(|node| {
                self.check(inode, &node, at);
                entries(&node, at, range.clone(), Some(depth))
            });
            self.node(found, range, at, &mut todo)?;
        }
        Ok(())
    }

    /// One node: its runs are taken, its branches put on `todo` so that the first is popped first.
    fn node(
        &mut self,
        found: Result<(u16, Vec<Entry>), Gap>,
        range: Range<u64>,
        at: u64,
        todo: &mut Vec<Branch>,
    ) -> Result<(), Gap> {
        match found {
            Ok((0, leaves)) => {
                for leaf in leaves.into_iter().filter(|leaf| leaf.written) {
                    self.leaf(&leaf)?;
                }
                Ok(())
            }
            Ok((depth, branches)) => {
                let branches = branches.into_iter().rev();
                let below = depth.saturating_sub(1);
                todo.extend(branches.map(|branch| (branch.block, branch.range, below)));
                Ok(())
            }
            Err(gap) => {
                let count = range.end.saturating_sub(range.start);
                self.push(range.start, count, To::Lost(gap), at)
            }
        }
    }

    /// One extent. Of one that leads out of the file system, the file may need only what is in it.
    fn leaf(&mut self, leaf: &Entry) -> Result<(), Gap> {
        let Range { start, end } = leaf.range;
        let count = end.min(self.blocks).saturating_sub(start);
        let holds = |count| self.image.superblock.holds(leaf.block, count);
        let to = if holds(count) {
            if !holds(end.saturating_sub(start)) {
                let at = leaf.at.saturating_add(4);
                let gap = Gap::invalid(NAME, at, "ee_len", end.saturating_sub(start));
                self.image.remark(gap);
            }
            To::Block(leaf.block)
        } else {
            To::Lost(Gap::invalid(NAME, leaf.at, "ee_start", leaf.block))
        };
        self.push(start, count, to, leaf.at)
    }

    /// A node is followed by its checksum, behind room for `eh_max` entries.
    fn check(&self, inode: &Inode, node: &[u8], at: u64) {
        let Some(seed) = inode.seed else { return };
        let most = node.get(4..6).and_then(|rest| rest.first_chunk());
        let most = most.map_or(0, |bytes| u16::from_le_bytes(*bytes));
        let end = usize::from(most).saturating_add(1).saturating_mul(ENTRY);
        let Ok(said) = Cursor::at(NAME, node, end).u32("et_checksum") else {
            return;
        };
        if said != checksum::crc32c(seed, node.get(..end).unwrap_or_default()) {
            let at = at.saturating_add(wide(end));
            self.image.remark(Gap::odd(NAME, at, "et_checksum", said.into()));
        }
    }

    /// Block numbers: twelve of content, then one each of a block with numbers of content, of such blocks,
    /// of blocks of such. 0 is a hole.
    fn lists(&mut self, inode: &Inode) -> Result<(), Gap> {
        let size = self.image.superblock.block_size;
        let per_block = size / 4;
        let mut c = Cursor::new(NAME, inode.block());
        let mut first = 0_u64;
        let mut seen = BTreeSet::new();
        for number in 0..BLOCK / 4 {
            let at = inode.block_at().saturating_add(wide(c.position()));
            let block = u64::from(c.u32("i_block")?);
            let level = number.saturating_sub(DIRECT.saturating_sub(1));
            let span = (0..level).fold(1_u64, |span, _| span.saturating_mul(per_block));
            let mut todo = vec![(block, level, first, at)];
            first = first.saturating_add(span);
            while let Some((block, level, first, at)) = todo.pop() {
                if block == 0 || first >= self.blocks {
                    continue;
                }
                let span = (0..level).fold(1_u64, |span, _| span.saturating_mul(per_block));
                if !self.image.superblock.holds(block, 1) {
                    let gap = Gap::invalid(NAME, at, "block number", block);
                    self.push(first, span, To::Lost(gap), at)?;
                    continue;
                }
                let Some(below) = level.checked_sub(1) else {
                    self.push(first, 1, To::Block(block), at)?;
                    continue;
                };
                // A list that is in itself, or in two places, would never end.
                if !seen.insert(block) {
                    let gap = Gap::invalid(NAME, at, "block list seen before", block);
                    self.push(first, span, To::Lost(gap), at)?;
                    continue;
                }
                let start = block.saturating_mul(size);
                let list = self.image.read("block list", start, size);
                self.image.spent(start)?;
                match list {
                    Ok(list) => self.list(&list, start, first, below, per_block, &mut todo)?,
                    Err(gap) => self.push(first, span, To::Lost(gap), at)?,
                }
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        list: &[u8],
        start: u64,
        first: u64,
        level: usize,
        per_block: u64,
        todo: &mut Vec<(u64, usize, u64, u64)>,
    ) -> Result<(), Gap> {
        let span = (0..level).fold(1_u64, |span, _| span.saturating_mul(per_block));
        let left = self.blocks.saturating_sub(first).div_ceil(span.max(1));
        let used = usize::try_from(left).unwrap_or(usize::MAX);
        let (numbers, _) = list.as_chunks::<4>();
        let numbers = numbers.get(..used).unwrap_or(numbers);
        let entry = |(index, bytes): (usize, &[u8; 4])| {
            let index = wide(index);
            let first = first.saturating_add(index.saturating_mul(span));
            let at = start.saturating_add(index.saturating_mul(4));
            (u64::from(u32::from_le_bytes(*bytes)), level, first, at)
        };
        if level > 0 {
            let branches = numbers.iter().enumerate().map(entry);
            let depth = todo.len();
            todo.extend(branches.filter(|(block, ..)| *block != 0));
            todo.get_mut(depth..).unwrap_or_default().reverse();
            return Ok(());
        }
        for (block, _, first, at) in numbers.iter().enumerate().map(entry) {
            if block == 0 {
                continue;
            }
            let to = if self.image.superblock.holds(block, 1) {
                To::Block(block)
            } else {
                To::Lost(Gap::invalid(NAME, at, "block number", block))
            };
            self.push(first, 1, to, at)?;
        }
        Ok(())
    }
}

/// An entry of a node: blocks of the file, and the block that has them or leads to them.
struct Entry {
    range: Range<u64>,
    block: u64,
    written: bool,
    /// Where it is, in bytes of the image.
    at: u64,
}

/// The entries of a node, and the levels below it. What breaks a rule spoils the whole node, as it does
/// for the kernel.
fn entries(node: &[u8], at: u64, range: Range<u64>, depth: Option<u16>) -> Result<(u16, Vec<Entry>), Gap> {
    let (count, depth) = header(node, at, depth)?;
    let entries = node.get(ENTRY..).unwrap_or_default();
    let entries = entries.chunks_exact(ENTRY).take(count);
    let found = if depth == 0 {
        leaves(entries, at, range)?
    } else {
        branches(entries, at, range, depth)?
    };
    Ok((depth, found))
}

/// A node's header: the number of its entries, and levels below it.
fn header(node: &[u8], at: u64, expect: Option<u16>) -> Result<(usize, u16), Gap> {
    let bad = |field: u64, what: &'static str, got: u16| {
        Err(Gap::invalid(NAME, at.saturating_add(field), what, got.into()))
    };
    let mut c = Cursor::new(NAME, node);
    let magic = c.u16("eh_magic")?;
    if magic != MAGIC {
        return bad(0, "eh_magic", magic);
    }
    let entries = c.u16("eh_entries")?;
    let most = c.u16("eh_max")?;
    let room = node.len().saturating_sub(ENTRY) / ENTRY;
    if entries > most || usize::from(entries) > room {
        return bad(2, "eh_entries", entries);
    }
    let depth = c.u16("eh_depth")?;
    if depth > DEEPEST || expect.is_some_and(|expect| depth != expect) {
        return bad(6, "eh_depth", depth);
    }
    Ok((entries.into(), depth))
}

/// The entries of a leaf, which must be in order, without overlaps, and within `range`.
fn leaves<'a>(
    entries: impl Iterator<Item = &'a [u8]>,
    at: u64,
    range: Range<u64>,
) -> Result<Vec<Entry>, Gap> {
    let mut found = Vec::new();
    let (mut free, mut at) = (range.start, at);
    for entry in entries {
        at = at.saturating_add(wide(ENTRY));
        let mut c = Cursor::new(NAME, entry);
        let first = u64::from(c.u32("ee_block")?);
        let len = c.u16("ee_len")?;
        let high = c.u16("ee_start_hi")?;
        let low = c.u32("ee_start_lo")?;
        let written = len <= UNWRITTEN;
        let count = if written { len } else { len & !UNWRITTEN };
        let end = first.saturating_add(count.into());
        if count == 0 || end > range.end {
            return Err(Gap::invalid(NAME, at.saturating_add(4), "ee_len", len.into()));
        }
        if first < free {
            return Err(Gap::invalid(NAME, at, "ee_block", first));
        }
        free = end;
        found.push(Entry {
            range: first..end,
            block: u64::from(low) | (u64::from(high) << 32),
            written,
            at,
        });
    }
    Ok(found)
}

/// The entries of an index node: each is about the blocks up to the next.
fn branches<'a>(
    entries: impl Iterator<Item = &'a [u8]>,
    at: u64,
    range: Range<u64>,
    depth: u16,
) -> Result<Vec<Entry>, Gap> {
    let mut found: Vec<Entry> = Vec::new();
    let (mut free, mut at) = (range.start, at);
    for entry in entries {
        at = at.saturating_add(wide(ENTRY));
        let mut c = Cursor::new(NAME, entry);
        let first = u64::from(c.u32("ei_block")?);
        let low = c.u32("ei_leaf_lo")?;
        let high = c.u16("ei_leaf_hi")?;
        if first < free || first >= range.end {
            return Err(Gap::invalid(NAME, at, "ei_block", first));
        }
        free = first.saturating_add(1);
        if let Some(last) = found.last_mut() {
            last.range.end = first;
        }
        found.push(Entry {
            range: first..range.end,
            block: u64::from(low) | (u64::from(high) << 32),
            written: true,
            at,
        });
    }
    if found.is_empty() {
        return Err(Gap::invalid(NAME, at.saturating_add(6), "eh_depth", depth.into()));
    }
    Ok(found)
}
