//! Sets that are kept once, and compared by their numbers.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use super::super::package::{count, index};

/// Members of all sets of one package.
const MAX_MEMBERS: usize = 1 << 23;
/// Slots of the first table.
const MIN_SLOTS: usize = 1 << 8;

/// Interned sets. There are some hundred thousand small ones: they lie one behind the other, and the table that finds
/// them holds their numbers alone.
#[derive(Debug)]
pub(super) struct Sets<T> {
    members: Vec<T>,
    /// Where each set ends.
    ends: Vec<u32>,
    /// Numbers of sets by the hash of their members, one more than the number; a power of two of slots, of which one
    /// in two at most is taken.
    slots: Vec<u32>,
}

impl<T: Copy + Eq + Hash> Sets<T> {
    pub(super) fn new() -> Self {
        let mut sets = Self {
            members: Vec::new(),
            ends: Vec::new(),
            slots: vec![0; MIN_SLOTS],
        };
        sets.intern(&[]);
        sets
    }

    pub(super) fn intern(&mut self, items: &[T]) -> u32 {
        let slot = match self.find(items) {
            Ok(id) => return id,
            Err(slot) => slot,
        };
        if self.members.len().saturating_add(items.len()) > MAX_MEMBERS {
            return 0;
        }
        let id = count(self.ends.len());
        self.members.extend_from_slice(items);
        self.ends.push(count(self.members.len()));
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = id.saturating_add(1);
        }
        if self.ends.len().saturating_mul(2) > self.slots.len() {
            self.grow();
        }
        id
    }

    /// The number of a set, or the slot that waits for it.
    fn find(&self, items: &[T]) -> Result<u32, usize> {
        let mask = self.slots.len().saturating_sub(1);
        let mut at = hash(items) & mask;
        loop {
            match self.slots.get(at).copied().unwrap_or(0).checked_sub(1) {
                None => return Err(at),
                Some(id) if self.get(id) == items => return Ok(id),
                Some(_) => at = at.wrapping_add(1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let len = self.slots.len().saturating_mul(2);
        let mask = len.saturating_sub(1);
        let mut slots = vec![0_u32; len];
        for id in 0..count(self.ends.len()) {
            let mut at = hash(self.get(id)) & mask;
            while slots.get(at).is_some_and(|taken| *taken != 0) {
                at = at.wrapping_add(1) & mask;
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = id.saturating_add(1);
            }
        }
        self.slots = slots;
    }

    pub(super) fn is_full(&self) -> bool {
        // With room for one more set of any size.
        self.members.len().saturating_add(1 << 10) > MAX_MEMBERS
    }

    pub(super) fn get(&self, id: u32) -> &[T] {
        let id = index(id);
        let end = self.ends.get(id).copied().map_or(0, index);
        let start = id.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = start.copied().map_or(0, index);
        self.members.get(start..end).unwrap_or_default()
    }
}

/// A hash of which the low bits are as good as the high ones.
fn hash<T: Hash>(items: &[T]) -> usize {
    let mut hasher = FxHasher::default();
    for item in items {
        item.hash(&mut hasher);
    }
    let hash = hasher.finish();
    let hash = hash ^ hash.wrapping_shr(32);
    usize::try_from(hash & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_one_number_however_many_there_are() {
        let mut sets = Sets::new();
        let of = |n: u32| vec![n; usize::try_from(n % 5).unwrap_or(0)];
        let numbers: Vec<u32> = (0..2000).map(|n| sets.intern(&of(n))).collect();
        for (n, number) in (0_u32..).zip(numbers) {
            assert_eq!(sets.intern(&of(n)), number);
            assert_eq!(sets.get(number), of(n));
        }
        assert_eq!(sets.intern(&[]), 0);
        assert!(sets.get(u32::MAX).is_empty());
    }
}
