//! What one run may hold and do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Blob, Cache, Gap, Spill};

/// The limits of a run. Each is ours, not a specification's; hitting one is a gap that names the
/// option which lifts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Containers inside containers, `--max-depth`. 16: the deepest real chain met (tgz → sparse →
    /// super → erofs → APEX → image → APK → nested APK) is 8.
    pub depth: u32,
    /// Output bytes per input byte of one compressed item, `--max-ratio`. Only looked at above
    /// [`RATIO_FROM`] bytes of output: small bombs are harmless, and sparse images compress a
    /// thousandfold in earnest.
    pub ratio: u64,
    /// Bytes of one item in memory, `--max-item`. The largest real one met is a 190 MB APK. Of an item
    /// that is larger, or lies about its size, an eighth of this is read.
    pub item: u64,
    /// Bytes decoded in all from one outermost item, an APK and everything nested in it,
    /// `--max-decoded`.
    pub task: u64,
    /// Entries in all directories of the run, `--max-entries`.
    pub entries: u64,
    /// Entries listed for one outermost item, `--max-entries-per-file`. They are all in memory at once.
    pub listed: u64,
    /// Packages nested in one outermost item, `--max-nested`. The most met in earnest is 9.
    pub nested: u64,
    /// Notices that are kept with their text; the rest is counted.
    pub notices: u64,
    /// Bytes of decoded layers kept in memory, `--memory`: a quarter of them as the units that were used last,
    /// half as pages of streams that can only be decoded from their start, and of units that listing decoded and
    /// reading needs again. Read in the order of the input, units are decoded once with a tenth of that; the rest is
    /// for what was freed and not given back.
    pub memory: u64,
}

/// Output from which on the ratio is looked at, in bytes.
pub const RATIO_FROM: u64 = 256 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 16,
            ratio: 1000,
            item: 256 << 20,
            task: 1 << 30,
            entries: 1 << 22,
            listed: 1 << 20,
            nested: 4096,
            notices: 10_000,
            memory: 256 << 20,
        }
    }
}

/// The limits and what of them is used up. Shared by all tasks; charged *before* the work.
#[derive(Debug)]
pub struct Budget {
    /// The limits that hold for this run.
    pub limits: Limits,
    /// Decoded units of all layers.
    pub cache: Arc<Cache>,
    /// Decoded streams.
    pub spill: Arc<Spill>,
    /// Images of the package that an incremental one was made from, `--base`, by partition: `system`,
    /// without an ending. Whoever opens that package fills it in before the other is listed; a format that
    /// holds changes looks here for what they are changes of.
    pub base: BTreeMap<Box<str>, Blob>,
    entries: AtomicU64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Budget {
    /// A fresh budget with these limits.
    pub fn new(limits: Limits) -> Self {
        let cache = Arc::new(Cache::new(limits.memory >> 2, limits.memory >> 1));
        Self {
            limits,
            spill: Arc::new(Spill::new(Arc::clone(&cache))),
            cache,
            base: BTreeMap::new(),
            entries: AtomicU64::new(0),
        }
    }

    /// Checks that `output` bytes, decoded from `input`, are not more than an honest stream holds.
    pub fn ratio(&self, format: &'static str, at: u64, input: u64, output: u64) -> Result<(), Gap> {
        let limit = input.max(1).saturating_mul(self.limits.ratio);
        if output > RATIO_FROM && output > limit {
            return Err(Gap::over(format, at, "expansion", output, limit, "--max-ratio"));
        }
        Ok(())
    }

    /// Charges `n` directory entries.
    pub fn entries(&self, format: &'static str, n: u64) -> Result<(), Gap> {
        let limit = self.limits.entries;
        let got = self.entries.fetch_add(n, Ordering::Relaxed).saturating_add(n);
        if got > limit {
            return Err(Gap::over(
                format,
                0,
                "directory entries",
                got,
                limit,
                "--max-entries",
            ));
        }
        Ok(())
    }

    /// Bytes that are read of an item that is over its limit, or that lies about its size.
    pub fn prefix(&self) -> u64 {
        self.limits.item >> 3
    }

    /// Checks that an item of `len` bytes may be held in memory.
    pub fn item(&self, format: &'static str, at: u64, len: u64) -> Result<(), Gap> {
        let limit = self.limits.item;
        if len > limit {
            return Err(Gap::over(format, at, "item size", len, limit, "--max-item"));
        }
        Ok(())
    }
}
