//! Sets that are kept once, and compared by their numbers.

use rustc_hash::FxHashMap;

use super::super::package::{count, index};

/// Members of all sets of one package.
const MAX_MEMBERS: usize = 1 << 23;

/// Interned sets.
#[derive(Debug)]
pub(super) struct Sets<T> {
    all: Vec<Box<[T]>>,
    ids: FxHashMap<Box<[T]>, u32>,
    /// Members of all sets together.
    members: usize,
}

impl<T: Copy + Eq + std::hash::Hash> Sets<T> {
    pub(super) fn new() -> Self {
        let mut sets = Self {
            all: Vec::new(),
            ids: FxHashMap::default(),
            members: 0,
        };
        sets.intern(&[]);
        sets
    }

    pub(super) fn intern(&mut self, items: &[T]) -> u32 {
        if let Some(id) = self.ids.get(items) {
            return *id;
        }
        let members = self.members.saturating_add(items.len());
        if members > MAX_MEMBERS {
            return 0;
        }
        self.members = members;
        let id = count(self.all.len());
        self.all.push(items.into());
        self.ids.insert(items.into(), id);
        id
    }

    pub(super) fn is_full(&self) -> bool {
        // With room for one more set of any size.
        self.members.saturating_add(1 << 10) > MAX_MEMBERS
    }

    pub(super) fn get(&self, id: u32) -> &[T] {
        self.all.get(index(id)).map(|b| &**b).unwrap_or_default()
    }
}
