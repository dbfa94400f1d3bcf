//! Decoded units, kept while they fit.
//!
//! A compressed layer (an operation of a payload, a cluster of a file system) decodes as a whole or not
//! at all, and is asked for in pieces, from several threads. Each unit is decoded by one thread while the
//! others wait for it, and kept until the bytes are needed for others: the unit that was used longest ago
//! goes first. A unit that failed is remembered as its gap, so that it fails once.
//!
//! Listing a file system reads an inode here and a directory there, and with them nearly every unit of a large image;
//! then its files are read, each unit a second time. What is slow to decode is set aside, packed, if it has to go in
//! between, see [`Cache::expect`].

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::pages::{PAGE, Page, Pages};
use super::{Bytes, Gap, wide};

/// A unit: the number of its source (see [`Cache::source`]), and its own within that.
pub type Unit = (u64, u64);

/// Parts of the cache with a lock each, so that threads seldom meet.
const SHARDS: usize = 16;
/// What a unit costs beside its bytes.
const OVERHEAD: u64 = 128;

/// A bounded store of decoded units.
pub struct Cache {
    shards: [Mutex<Shard>; SHARDS],
    /// Bytes kept in all shards. What is in use elsewhere stays alive whatever is kept here.
    limit: u64,
    /// Bytes that are kept.
    held: AtomicU64,
    sources: AtomicU64,
    decoded: AtomicU64,
    bytes: AtomicU64,
    /// What is asked for now will be asked for again.
    again: AtomicBool,
    /// Units that went before they were asked for again, and where their pages are.
    aside: Mutex<FxHashMap<Unit, Aside>>,
    pages: Arc<Pages>,
}

/// A unit that was set aside: its bytes, and their pages.
type Aside = (usize, Arc<Vec<Page>>);

type Slot = Arc<OnceLock<Result<Bytes, Gap>>>;

/// A unit that is kept, or being decoded.
#[derive(Default)]
struct Kept {
    slot: Slot,
    /// When it was used last.
    used: u64,
    /// Bytes that it is counted with; 0 until it is decoded.
    cost: u64,
    /// It is slow to decode, and will be asked for again.
    again: bool,
}

#[derive(Default)]
struct Shard {
    units: FxHashMap<Unit, Kept>,
    /// Units in the order of use; only a unit's last place counts.
    order: VecDeque<(Unit, u64)>,
    clock: u64,
    /// Every unit that was ever decoded.
    seen: FxHashSet<Unit>,
}

/// What the cache has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Times that a unit was decoded.
    pub times: u64,
    /// Different units that were decoded. [`Decoded::times`] over this is 1 where each was decoded once.
    pub units: u64,
    /// Bytes that came out, in all.
    pub bytes: u64,
}

impl Cache {
    /// A cache that keeps about `limit` bytes, and about `pages` bytes of packed pages in memory.
    pub fn new(limit: u64, pages: u64) -> Self {
        Self {
            shards: Default::default(),
            limit,
            held: AtomicU64::new(0),
            sources: AtomicU64::new(0),
            decoded: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            again: AtomicBool::new(false),
            aside: Mutex::default(),
            pages: Arc::new(Pages::new(pages)),
        }
    }

    pub(super) fn pages(&self) -> &Arc<Pages> {
        &self.pages
    }

    /// Says whether what is asked for from now on will be asked for again: while an input is listed that is read
    /// as a whole afterwards.
    pub fn expect(&self, again: bool) {
        self.again.store(again, Ordering::Relaxed);
    }

    /// A number for one more source of units.
    pub fn source(&self) -> u64 {
        self.sources.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether anything is, or may be, decoded through it.
    pub fn is_used(&self) -> bool {
        self.sources.load(Ordering::Relaxed) > 0
    }

    /// The bytes of a unit, decoded now unless they are there. `decode` must not ask for the same unit.
    pub fn get(&self, unit: Unit, decode: impl FnOnce() -> Result<Bytes, Gap>) -> Result<Bytes, Gap> {
        self.find(unit, false, decode)
    }

    /// The same for a unit that takes longer to decode than to pack and unpack.
    pub fn get_slow(&self, unit: Unit, decode: impl FnOnce() -> Result<Bytes, Gap>) -> Result<Bytes, Gap> {
        self.find(unit, true, decode)
    }

    fn find(
        &self,
        unit: Unit,
        slow: bool,
        decode: impl FnOnce() -> Result<Bytes, Gap>,
    ) -> Result<Bytes, Gap> {
        let shard = self.shard(unit);
        let again = slow && self.again.load(Ordering::Relaxed);
        let slot = {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.touch(unit, again)
        };
        let mut fresh = false;
        let result = slot.get_or_init(|| {
            fresh = true;
            if slow && let Some(bytes) = self.take(unit, again) {
                return Ok(bytes);
            }
            let result = decode().map(Bytes::fitted);
            let size = result.as_ref().map_or(0, |bytes| wide(bytes.len()));
            self.decoded.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(size, Ordering::Relaxed);
            result
        });
        if fresh {
            let size = result.as_ref().map_or(0, |bytes| wide(bytes.len()));
            let gone = {
                let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
                shard.keep(unit, size, &self.held, self.limit)
            };
            for (unit, slot) in gone {
                if let Some(Ok(bytes)) = slot.get() {
                    self.set_aside(unit, bytes);
                }
            }
        }
        result.clone()
    }

    /// Packs a unit, unless that was done before. What cannot be kept is decoded again.
    fn set_aside(&self, unit: Unit, bytes: &Bytes) {
        let aside = || self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        if aside().contains_key(&unit) {
            return;
        }
        let pages: Result<Vec<Page>, _> = bytes.chunks(PAGE).map(|part| self.pages.put(part)).collect();
        if let Ok(pages) = pages {
            aside().insert(unit, (bytes.len(), Arc::new(pages)));
        }
    }

    /// A unit that was set aside; it stays there if it will be asked for `again`.
    fn take(&self, unit: Unit, again: bool) -> Option<Bytes> {
        let (len, pages) = {
            let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
            match again {
                true => aside.get(&unit).cloned()?,
                false => aside.remove(&unit)?,
            }
        };
        let mut buf = Bytes::buffer(len);
        let rooms = buf.get_mut(..len)?.chunks_mut(PAGE);
        let whole = rooms
            .zip(pages.iter())
            .try_for_each(|(room, page)| self.pages.fill(page, room));
        // Nothing is left of them where this was the last to hold them.
        self.pages.free(pages);
        whole.map(|()| Bytes::part(buf, len))
    }

    /// What it has done so far.
    pub fn decoded(&self) -> Decoded {
        let units = self.shards.iter().fold(0_u64, |sum, shard| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            sum.saturating_add(wide(shard.seen.len()))
        });
        Decoded {
            times: self.decoded.load(Ordering::Relaxed),
            units,
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    /// Forgets all units, for when nothing is asked for any more; what was counted stays.
    pub fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let units = std::mem::take(&mut shard.units);
            let costs = units.values().map(|kept| kept.cost);
            self.held
                .fetch_sub(costs.fold(0, u64::saturating_add), Ordering::Relaxed);
            shard.order = VecDeque::new();
        }
        let aside = std::mem::take(&mut *self.aside.lock().unwrap_or_else(PoisonError::into_inner));
        for (_, pages) in aside.into_values() {
            self.pages.free(pages);
        }
    }

    fn shard(&self, unit: Unit) -> &Mutex<Shard> {
        use std::hash::BuildHasher as _;
        let hash = FxBuildHasher.hash_one(unit);
        // Mixed once more: numbers that differ in their high bits only would share a few shards.
        let hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(20);
        let number = usize::try_from(hash & 0xffff).unwrap_or(0) % SHARDS;
        let [first, ..] = &self.shards;
        self.shards.get(number).unwrap_or(first)
    }
}

impl Shard {
    fn touch(&mut self, unit: Unit, again: bool) -> Slot {
        self.clock = self.clock.saturating_add(1);
        let kept = self.units.entry(unit).or_default();
        kept.used = self.clock;
        kept.again = again;
        let slot = Arc::clone(&kept.slot);
        self.order.push_back((unit, self.clock));
        // Each use leaves a place behind: what is out of date goes before it outweighs what is not.
        if self.order.len() > self.units.len().saturating_mul(4).saturating_add(64) {
            let units = &self.units;
            self.order
                .retain(|(unit, used)| units.get(unit).is_some_and(|kept| kept.used == *used));
        }
        slot
    }

    /// Counts a unit. If all shards together hold too much, the oldest of this one go: large units are few, and no
    /// shard has room for a share of them. The new one stays in any case, so that each shard may hold one too many.
    /// Returns those that are gone, and will be asked for again.
    fn keep(&mut self, unit: Unit, size: u64, held: &AtomicU64, limit: u64) -> Vec<(Unit, Slot)> {
        let mut gone = Vec::new();
        self.seen.insert(unit);
        // Forgotten meanwhile, or counted.
        let Some(kept) = self.units.get_mut(&unit).filter(|kept| kept.cost == 0) else {
            return gone;
        };
        kept.cost = size.saturating_add(OVERHEAD);
        held.fetch_add(kept.cost, Ordering::Relaxed);
        while held.load(Ordering::Relaxed) > limit {
            let Some((oldest, used)) = self.order.pop_front() else {
                break;
            };
            let Some(kept) = self.units.get(&oldest).filter(|kept| kept.used == used) else {
                continue;
            };
            // What is being decoded has not been counted yet.
            if oldest == unit || kept.cost == 0 {
                self.order.push_back((oldest, used));
                break;
            }
            held.fetch_sub(kept.cost, Ordering::Relaxed);
            if let Some(kept) = self.units.remove(&oldest).filter(|kept| kept.again) {
                gone.push((oldest, kept.slot));
            }
        }
        gone
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cache({:?})", self.decoded())
    }
}

#[cfg(test)]
mod tests;
