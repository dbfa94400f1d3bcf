//! Decoded units, kept while they fit.
//!
//! A compressed layer (an operation of a payload, a cluster of a file system) decodes as a whole or not
//! at all, and is asked for in pieces, from several threads. Each unit is decoded by one thread while the
//! others wait for it, and kept until the bytes are needed for others: the unit that was used longest ago
//! goes first. A unit that failed is remembered as its gap, so that it fails once.

use super::wide;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::{Bytes, Gap};

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
}

type Slot = Arc<OnceLock<Result<Bytes, Gap>>>;

/// A unit that is kept, or being decoded.
#[derive(Default)]
struct Kept {
    slot: Slot,
    /// When it was used last.
    used: u64,
    /// Bytes that it is counted with; 0 until it is decoded.
    cost: u64,
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
    /// A cache that keeps about `limit` bytes.
    pub fn new(limit: u64) -> Self {
        Self {
            shards: Default::default(),
            limit,
            held: AtomicU64::new(0),
            sources: AtomicU64::new(0),
            decoded: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
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
        let shard = self.shard(unit);
        let slot = {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.touch(unit)
        };
        let mut fresh = false;
        let result = slot.get_or_init(|| {
            fresh = true;
            decode().map(Bytes::fitted)
        });
        if fresh {
            let size = result.as_ref().map_or(0, |bytes| wide(bytes.len()));
            self.decoded.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(size, Ordering::Relaxed);
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.keep(unit, size, &self.held, self.limit);
        }
        result.clone()
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
    fn touch(&mut self, unit: Unit) -> Slot {
        self.clock = self.clock.saturating_add(1);
        let kept = self.units.entry(unit).or_default();
        kept.used = self.clock;
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
    fn keep(&mut self, unit: Unit, size: u64, held: &AtomicU64, limit: u64) {
        self.seen.insert(unit);
        // Forgotten meanwhile, or counted.
        let Some(kept) = self.units.get_mut(&unit).filter(|kept| kept.cost == 0) else {
            return;
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
            self.units.remove(&oldest);
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cache({:?})", self.decoded())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_decoded_once_while_it_fits() {
        let cache = Cache::new(1 << 20);
        let source = cache.source();
        for _ in 0..3 {
            let bytes = cache.get((source, 7), || Ok(vec![1, 2, 3].into())).unwrap();
            assert_eq!(&*bytes, [1, 2, 3]);
        }
        let expect = Decoded {
            times: 1,
            units: 1,
            bytes: 3,
        };
        assert_eq!(cache.decoded(), expect);
    }

    #[test]
    fn what_was_forgotten_is_decoded_again_and_counted_as_such() {
        let cache = Cache::new(1 << 20);
        let get = || cache.get((0, 7), || Ok(vec![1, 2, 3].into())).unwrap();
        assert_eq!(&*get(), [1, 2, 3]);
        cache.clear();
        assert_eq!(&*get(), [1, 2, 3]);
        assert_eq!((cache.decoded().times, cache.decoded().units), (2, 1));
    }

    #[test]
    fn the_unit_that_was_used_longest_ago_goes_first() {
        // All units are of one shard, and there is room for three of them.
        let cache = Cache::new(3 * (1000 + OVERHEAD));
        let mut same = (0_u64..).filter(|n| std::ptr::eq(cache.shard((0, *n)), cache.shard((0, 0))));
        let units: Vec<u64> = same.by_ref().take(4).collect();
        let get = |n: u64| cache.get((0, n), || Ok(vec![0; 1000].into())).unwrap();
        for n in &units[..3] {
            get(*n);
        }
        get(units[0]);
        get(units[3]);
        get(units[0]);
        assert_eq!(cache.decoded().times, 4);
        get(units[1]);
        assert_eq!(cache.decoded().times, 5);
        assert_eq!(cache.decoded().units, 4);
    }

    #[test]
    fn a_few_large_units_use_all_of_the_room() {
        // Of four, some are of the same shard.
        for first in 0..32 {
            let cache = Cache::new(4 * (1000 + OVERHEAD));
            for n in (first..first + 4).cycle().take(12) {
                cache.get((0, n), || Ok(vec![0; 1000].into())).unwrap();
            }
            assert_eq!(cache.decoded().times, 4);
        }
    }

    #[test]
    fn no_more_than_one_unit_of_each_shard_is_too_many() {
        let cache = Cache::new(10 * (1000 + OVERHEAD));
        for n in 0..1000 {
            cache.get((0, n), || Ok(vec![0; 1000].into())).unwrap();
        }
        let held = cache.held.load(Ordering::Relaxed);
        assert!(held <= (10 + 16) * (1000 + OVERHEAD), "{held}");
        cache.clear();
        assert_eq!(cache.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_unit_that_failed_is_not_tried_again() {
        let cache = Cache::new(1 << 20);
        let gap = Gap::invalid("xz", 3, "index", 1);
        let got = cache.get((0, 0), || Err(gap.clone()));
        assert_eq!(got.unwrap_err(), gap);
        assert_eq!(cache.get((0, 0), || Ok(Bytes::default())).unwrap_err(), gap);
    }

    #[test]
    fn threads_wait_for_the_one_that_decodes() {
        let cache = Cache::new(1 << 20);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let got = cache.get((1, 1), || {
                        std::thread::sleep(std::time::Duration::from_millis(20));
                        Ok(vec![9].into())
                    });
                    assert_eq!(&*got.unwrap(), [9]);
                });
            }
        });
        assert_eq!(cache.decoded().times, 1);
    }
}
