//! Sets of alternatives: both arms of a branch, the turns of a loop, and what a function makes of each.

use super::{Atom, AtomId, MAX_ALTERNATIVES, MAX_ATOMS, Meta, Val, Values, Why};

/// Marks the number of a set of two or more alternatives.
const SET: u32 = 1 << 31;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Set {
    pub(super) len: u8,
    pub(super) ids: [AtomId; MAX_ALTERNATIVES],
}

impl Set {
    pub(super) fn as_slice(&self) -> &[AtomId] {
        self.ids.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// The alternatives of one value, by copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alternatives(Set);

impl Alternatives {
    /// Sorted by number, without duplicates.
    pub(crate) fn as_slice(&self) -> &[AtomId] {
        self.0.as_slice()
    }
}

impl Values<'_> {
    /// The alternatives of a value, sorted by number.
    pub(crate) fn alternatives(&self, val: Val) -> Alternatives {
        if val.0 & SET == 0 {
            let mut ids = [AtomId(0); MAX_ALTERNATIVES];
            if let Some(first) = ids.first_mut() {
                *first = AtomId(val.0);
            }
            return Alternatives(Set { len: 1, ids });
        }
        let index = usize::try_from(val.0 & !SET).unwrap_or(usize::MAX);
        Alternatives(self.sets.get(index).copied().unwrap_or(Set {
            len: 0,
            ids: [AtomId(0); MAX_ALTERNATIVES],
        }))
    }

    /// The only alternative, when there is one.
    pub(crate) fn single(&self, val: Val) -> Option<Atom> {
        (val.0 & SET == 0).then(|| self.atom(AtomId(val.0)))
    }

    /// The only alternative as an integer.
    pub(crate) fn single_int(&self, val: Val) -> Option<i64> {
        match self.single(val) {
            Some(Atom::Int(n)) => Some(n),
            _ => None,
        }
    }

    /// Whether any alternative is hot.
    pub(crate) fn any_hot(&self, val: Val) -> bool {
        self.alternatives(val)
            .as_slice()
            .iter()
            .any(|id| self.is_hot(*id))
    }

    /// Whether nothing at all is known.
    pub(crate) fn is_unknown(&self, val: Val) -> bool {
        let alternatives = self.alternatives(val);
        alternatives
            .as_slice()
            .iter()
            .all(|id| matches!(self.atom(*id), Atom::Unknown(_) | Atom::Unset))
    }

    /// Adds to a set; the eighth alternative beyond seven known ones is [`Why::TooMany`].
    pub(super) fn add(&mut self, set: &mut Set, id: AtomId) {
        if matches!(self.atom(id), Atom::Unset) || set.as_slice().contains(&id) {
            return;
        }
        let len = usize::from(set.len);
        let id = if len.saturating_add(1) < MAX_ALTERNATIVES {
            id
        } else {
            self.intern(Atom::Unknown(Why::TooMany), Meta::default())
        };
        if set.as_slice().contains(&id) {
            return;
        }
        if let Some(slot) = set.ids.get_mut(len) {
            *slot = id;
            set.len = set.len.saturating_add(1);
        }
    }

    pub(super) fn seal(&mut self, mut set: Set) -> Val {
        match set.as_slice() {
            [] => return Val::UNSET,
            [one] => return Val(one.0),
            _ => {}
        }
        if let Some(used) = set.ids.get_mut(..usize::from(set.len)) {
            used.sort_unstable();
        }
        if let Some(id) = self.set_ids.get(&set) {
            return Val(*id | SET);
        }
        if self.sets.len() >= MAX_ATOMS {
            self.full = true;
            return self.unknown(Why::Budget);
        }
        let id = u32::try_from(self.sets.len()).unwrap_or(0);
        self.sets.push(set);
        self.set_ids.insert(set, id);
        Val(id | SET)
    }

    /// Either of two values.
    pub(crate) fn join(&mut self, a: Val, b: Val) -> Val {
        if a == b || b == Val::UNSET {
            return a;
        }
        if a == Val::UNSET {
            return b;
        }
        if let Some(joined) = self.joins.get(&(a, b)) {
            return *joined;
        }
        let mut set = self.alternatives(a).0;
        let other = self.alternatives(b);
        for id in other.as_slice() {
            self.add(&mut set, *id);
        }
        let joined = self.seal(set);
        if self.joins.len() < MAX_ATOMS {
            self.joins.insert((a, b), joined);
        }
        joined
    }

    /// What a value becomes that still changes after some turns of a loop: a string keeps its
    /// beginning, anything else is not known. Stable when applied again.
    pub(crate) fn widen(&mut self, old: Val, new: Val) -> Val {
        let joined = self.join(old, new);
        if joined == old {
            return old;
        }
        let alternatives = self.alternatives(old);
        let texts = alternatives.as_slice();
        let unknown = self.intern(Atom::Unknown(Why::Loop), Meta::default());
        if texts.is_empty() || !texts.iter().all(|id| self.is_text(*id)) {
            return Val(unknown.0);
        }
        let Some(first) = texts.iter().min_by_key(|id| self.meta(**id).parts).copied() else {
            return Val(unknown.0);
        };
        let more = self.cat(first, unknown);
        self.join(old, Val(more.0))
    }

    /// Each alternative through `f`.
    pub(crate) fn map(&mut self, val: Val, mut f: impl FnMut(&mut Self, AtomId) -> Val) -> Val {
        let alternatives = self.alternatives(val);
        if let [one] = alternatives.as_slice() {
            return f(self, *one);
        }
        let mut out = Val::UNSET;
        for id in alternatives.as_slice() {
            let mapped = f(self, *id);
            out = self.join(out, mapped);
        }
        out
    }
}
