//! Which blocks hold a file: extent trees, and the block lists of ext2 and ext3.
//!
//! Spec: kernel documentation, `filesystems/ext4/ifork.rst`; what a node must obey besides: kernel 6.6,
//! `fs/ext4/extents.c`, `__ext4_ext_check`.

mod node;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::bytes::{Cursor, Extents, Fill, Gap};

use super::inode::{BLOCK, EXTENTS, Image, Inode};
use super::{NAME, checksum, wide};
use node::{ENTRY, Entry, entries};

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
