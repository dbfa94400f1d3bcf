//! Chains of clusters, and the directories in them.

use std::ops::Range;

use crate::bytes::{Blob, Bytes, Cursor, Extents, Fill, Gap};

use super::super::tree::{Directory, Tree};
use super::name::{DIRECTORY, ENTRY, Entries, Step};
use super::{Boot, NAME, Width};

/// Bytes of a table that are read at once, and those behind them that an entry may reach into.
const WINDOW: u64 = 4096;
const REACH: u64 = 4;
/// A volume while it is being listed.
pub(super) struct Volume<'a> {
    blob: &'a Blob,
    pub(super) boot: Boot,
    /// A part of the table, and where it is.
    window: (u64, Bytes),
    /// A bit for each cluster whose entry is there: whether it is in a chain already.
    used: Vec<u64>,
}

/// Clusters that lie together.
struct Run {
    first: u32,
    len: u32,
    /// Whether the image goes that far; where it does not, these are any clusters.
    is_there: bool,
}

/// Clusters of a file or a directory, in order.
struct Chain {
    runs: Vec<Run>,
    clusters: u64,
    /// Why it ends early.
    gap: Option<Gap>,
}

impl<'a> Volume<'a> {
    pub(super) fn new(blob: &'a Blob, boot: Boot) -> Self {
        let there = blob.len().saturating_sub(boot.fat);
        let bits = there.min(boot.clusters).saturating_add(2);
        Self {
            blob,
            boot,
            window: (0, Bytes::default()),
            used: vec![0; usize::try_from(bits.div_ceil(64)).unwrap_or(0)],
        }
    }

    /// The entry of the table for a cluster: the next one, or `None` at the end of a chain.
    fn next(&mut self, cluster: u32) -> Result<Option<u32>, Gap> {
        let number = u64::from(cluster);
        let (offset, bits) = match self.boot.width {
            Width::Fat12 => (number.saturating_add(number >> 1), 12),
            Width::Fat16 => (number.saturating_mul(2), 16),
            // The upper four bits are reserved.
            Width::Fat32 => (number.saturating_mul(4), 28),
        };
        let at = self.boot.fat.saturating_add(offset);
        let start = at & !WINDOW.saturating_sub(1);
        if self.window.0 != start || self.window.1.is_empty() {
            let end = start.saturating_add(WINDOW).saturating_add(REACH);
            self.window = (start, self.blob.read(NAME, start..end)?);
        }
        let skip = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
        let mut c = Cursor::at(NAME, &self.window.1, skip);
        let word = match self.boot.width {
            Width::Fat32 => c.u32("FAT entry"),
            _ => c.u16("FAT entry").map(u32::from),
        };
        let word = word.map_err(|gap| Gap { at, ..gap })?;
        let odd = self.boot.width == Width::Fat12 && cluster & 1 != 0;
        let mask = (1_u32 << bits).saturating_sub(1);
        let value = if odd { word >> 4 } else { word } & mask;
        // The last eight values are ends.
        Ok((value < mask.saturating_sub(7)).then_some(value))
    }

    /// Follows a chain for so many clusters, or to its end.
    fn chain(&mut self, start: u32, want: u64) -> Chain {
        let mut chain = Chain {
            runs: Vec::new(),
            clusters: 0,
            gap: None,
        };
        let mut next = Some(start);
        while chain.clusters < want {
            let Some(cluster) = next else { break };
            if let Err(gap) = self.take(cluster) {
                chain.gap = Some(gap);
                break;
            }
            let is_there = self.boot.at(cluster) < self.blob.len();
            match chain.runs.last_mut() {
                Some(run)
                    if run.is_there == is_there
                        && (!is_there || run.first.saturating_add(run.len) == cluster) =>
                {
                    run.len = run.len.saturating_add(1);
                }
                _ => chain.runs.push(Run {
                    first: cluster,
                    len: 1,
                    is_there,
                }),
            }
            chain.clusters = chain.clusters.saturating_add(1);
            match self.next(cluster) {
                Ok(found) => next = found,
                Err(gap) if chain.clusters < want => {
                    chain.gap = Some(gap);
                    break;
                }
                Err(_) => break,
            }
        }
        chain
    }

    /// Marks a cluster as used. No cluster is in two chains, so no chain is in itself.
    fn take(&mut self, cluster: u32) -> Result<(), Gap> {
        let (number, at) = (u64::from(cluster), self.boot.at(cluster));
        if !(2..self.boot.clusters.saturating_add(2)).contains(&number) {
            return Err(Gap::invalid(NAME, self.boot.fat, "cluster", number));
        }
        let word = usize::try_from(number >> 6)
            .ok()
            .and_then(|word| self.used.get_mut(word));
        let word = word.ok_or_else(|| Gap::truncated(NAME, self.boot.fat, "FAT", number, 0))?;
        let bit = 1_u64 << (number & 63);
        if *word & bit != 0 {
            return Err(Gap::invalid(NAME, at, "cluster that is in two chains", number));
        }
        *word |= bit;
        Ok(())
    }

    fn missing(&self, run: &Run) -> Gap {
        let need = u64::from(run.len).saturating_mul(self.boot.cluster);
        Gap::truncated(NAME, self.boot.at(run.first), "clusters", need, 0)
    }

    /// Lists one directory. An error ends the listing.
    pub(super) fn directory(
        &mut self,
        directory: &Directory<u32>,
        tree: &mut Tree<'_, u32>,
    ) -> Result<(), Gap> {
        let mut entries = Entries::default();
        if directory.what == 0 {
            let range = self.boot.root.clone();
            self.entries(range, &mut entries, directory, tree)?;
            return Ok(());
        }
        let chain = self.chain(directory.what, u64::MAX);
        for run in chain.runs {
            if !run.is_there {
                tree.listing.lost(&directory.path, self.missing(&run), 0);
                continue;
            }
            for cluster in run.first..run.first.saturating_add(run.len) {
                let start = self.boot.at(cluster);
                let range = start..start.saturating_add(self.boot.cluster);
                if !self.entries(range, &mut entries, directory, tree)? {
                    return Ok(());
                }
            }
        }
        if let Some(gap) = chain.gap {
            tree.listing.lost(&directory.path, gap, 0);
        }
        Ok(())
    }

    /// Lists a part of a directory; whether it goes on behind it.
    fn entries(
        &mut self,
        range: Range<u64>,
        entries: &mut Entries,
        directory: &Directory<u32>,
        tree: &mut Tree<'_, u32>,
    ) -> Result<bool, Gap> {
        let bytes = match self.blob.read(NAME, range.clone()) {
            Ok(bytes) => bytes,
            Err(gap) => {
                tree.listing.lost(&directory.path, gap, 0);
                return Ok(true);
            }
        };
        let (found, _) = bytes.as_chunks::<ENTRY>();
        for (entry, at) in found.iter().zip((range.start..).step_by(ENTRY)) {
            match entries.next(entry) {
                Step::On => {}
                Step::End => return Ok(false),
                Step::Found(name) => {
                    if let Some(path) = tree.entry(directory, &name, at)? {
                        self.entry(entry, path, directory, tree, at);
                    }
                }
            }
        }
        let have = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let need = range.end.saturating_sub(range.start);
        if have < need {
            let gap = Gap::truncated(NAME, range.start, "directory", need, have);
            tree.listing.lost(&directory.path, gap, 0);
        }
        Ok(true)
    }

    fn entry(
        &mut self,
        entry: &[u8; ENTRY],
        path: String,
        directory: &Directory<u32>,
        tree: &mut Tree<'_, u32>,
        at: u64,
    ) {
        let mut fields = Cursor::at(NAME, entry, 20);
        let high = fields.u16("DIR_FstClusHI").unwrap_or(0);
        let mut fields = Cursor::at(NAME, entry, 26);
        let low = fields.u16("DIR_FstClusLO").unwrap_or(0);
        let size = fields.u32("DIR_FileSize").unwrap_or(0).into();
        let high = if self.boot.width == Width::Fat32 {
            u32::from(high) << 16
        } else {
            0
        };
        let start = high | u32::from(low);
        if entry[11] & DIRECTORY != 0 {
            if start == 0 {
                let gap = Gap::invalid(NAME, at, "first cluster of a directory", 0);
                return tree.listing.lost(&path, gap, 0);
            }
            return tree.enter(directory, path, start.into(), start, at);
        }
        let mut data = Extents::new(NAME, size);
        let chain = self.chain(start, size.div_ceil(self.boot.cluster.max(1)));
        let mut done = 0_u64;
        for run in chain.runs {
            let from = self.boot.at(run.first);
            let len = u64::from(run.len).saturating_mul(self.boot.cluster);
            let fill = if run.is_there {
                Fill::From(self.blob.slice(from..from.saturating_add(len)))
            } else {
                Fill::Lost(self.missing(&run))
            };
            data.push(done, len, fill);
            done = done.saturating_add(len);
        }
        let gap = chain
            .gap
            .unwrap_or_else(|| Gap::truncated(NAME, at, "chain of clusters", size, done));
        data.push(done, u64::MAX, Fill::Lost(gap));
        tree.file(path, data.into_blob());
    }
}
