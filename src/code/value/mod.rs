//! The value domain: what a register may hold.
//!
//! A value is a small set of alternatives, because both arms of a branch are kept. Alternatives are
//! interned atoms, so a value is four bytes, a copy of the registers is a `memcpy` and two values are
//! equal when their numbers are. An assembled string is a chain of atoms, each a literal or a hole;
//! a hole is what is not known from this method alone (a parameter, a field, the result of a call), or
//! not known at all, with the reason. Nothing is ever guessed.
//!
//! One arena serves one package: summaries of methods and fields stay valid in every other method. Here
//! is the arena; [`atom`], [`set`], [`string`] and `array` are what lies in it.

mod array;
mod atom;
mod set;
mod string;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use array::MAX_ELEMENTS;
pub(crate) use atom::{Atom, AtomId, Lit, Val, Why};

use rustc_hash::FxHashMap;

use atom::{Meta, WHYS};
use set::Set;
pub(crate) use string::is_hole;

/// Alternatives kept for one value. More become [`Why::TooMany`] beside the first seven.
pub(crate) const MAX_ALTERNATIVES: usize = 8;
/// Parts of one assembled string: a query of a dozen parameters has some 26.
pub(crate) const MAX_PARTS: usize = 32;
/// Atoms of one package, about 25 MB with their index. The largest app of the corpus needs 1/20.
const MAX_ATOMS: usize = 1 << 19;
/// Bytes of one string made here (formatted, replaced …), and of all of them.
pub(crate) const MAX_MADE: usize = 2 << 10;
const MAX_MADE_TOTAL: usize = 16 << 20;

/// The arena of one package.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    atoms: Vec<Atom>,
    meta: Vec<Meta>,
    ids: FxHashMap<Atom, AtomId>,
    sets: Vec<Set>,
    set_ids: FxHashMap<Set, u32>,
    joins: FxHashMap<(Val, Val), Val>,
    lits: Vec<Lit<'a>>,
    lit_ids: FxHashMap<(u16, u32), AtomId>,
    made: Vec<Box<[u8]>>,
    made_ids: FxHashMap<Box<[u8]>, AtomId>,
    made_total: usize,
    work: u64,
    full: bool,
}

impl Default for Values<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> Values<'a> {
    /// An arena with the numbers that [`Val`] fixes.
    pub(crate) fn new() -> Self {
        let mut values = Self {
            atoms: Vec::new(),
            meta: Vec::new(),
            ids: FxHashMap::default(),
            sets: Vec::new(),
            set_ids: FxHashMap::default(),
            joins: FxHashMap::default(),
            lits: Vec::new(),
            lit_ids: FxHashMap::default(),
            made: Vec::new(),
            made_ids: FxHashMap::default(),
            made_total: 0,
            work: 0,
            full: false,
        };
        values.intern(Atom::Unset, Meta::default());
        values.intern(Atom::Int(0), Meta::default());
        for why in WHYS {
            values.intern(Atom::Unknown(why), Meta::default());
        }
        values
    }

    /// Whether the arena had to refuse something: values made since are [`Why::Budget`].
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Bytes of strings made since this was asked last.
    pub(crate) fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }

    fn intern(&mut self, atom: Atom, meta: Meta) -> AtomId {
        if let Some(id) = self.ids.get(&atom) {
            return *id;
        }
        if self.atoms.len() >= MAX_ATOMS {
            self.full = true;
            return self
                .ids
                .get(&Atom::Unknown(Why::Budget))
                .copied()
                .unwrap_or(AtomId(0));
        }
        let id = AtomId(u32::try_from(self.atoms.len()).unwrap_or(0));
        self.atoms.push(atom);
        self.meta.push(meta);
        self.ids.insert(atom, id);
        id
    }

    /// What an atom is.
    pub(crate) fn atom(&self, id: AtomId) -> Atom {
        self.atoms.get(id.index()).copied().unwrap_or(Atom::Unset)
    }

    fn meta(&self, id: AtomId) -> Meta {
        self.meta.get(id.index()).copied().unwrap_or_default()
    }

    /// The value that is only `atom`. Strings and arrays have makers of their own.
    pub(crate) fn val(&mut self, atom: Atom) -> Val {
        let meta = Meta {
            symbolic: matches!(atom, Atom::Root(_)),
            ..Meta::default()
        };
        Val(self.intern(atom, meta).0)
    }

    /// An integer.
    pub(crate) fn int(&mut self, n: i64) -> Val {
        self.val(Atom::Int(n))
    }

    /// Not known, for this reason.
    pub(crate) fn unknown(&self, why: Why) -> Val {
        // Made first, in this order: see `new`.
        let place = match why {
            Why::Computed => 2,
            Why::Loop => 3,
            Why::Object => 4,
            Why::Element => 5,
            Why::TooMany => 6,
            Why::TooLong => 7,
            Why::Caught => 8,
            Why::Budget => 9,
        };
        Val(place)
    }

    /// A string of a dex file. `hot`: it may be, or begin, an endpoint.
    pub(crate) fn lit(&mut self, lit: Lit<'a>, hot: bool) -> Val {
        let key = (lit.dex, lit.string);
        if let Some(id) = self.lit_ids.get(&key) {
            return Val(id.0);
        }
        let index = u32::try_from(self.lits.len()).unwrap_or(u32::MAX);
        self.lits.push(lit);
        let id = self.intern(Atom::Lit(index), Meta::text(hot));
        self.lit_ids.insert(key, id);
        Val(id.0)
    }

    /// A string made here.
    pub(crate) fn made(&mut self, bytes: &[u8]) -> AtomId {
        self.work = self
            .work
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if let Some(id) = self.made_ids.get(bytes) {
            return *id;
        }
        let total = self.made_total.saturating_add(bytes.len());
        if bytes.len() > MAX_MADE || total > MAX_MADE_TOTAL {
            return self.intern(Atom::Unknown(Why::TooLong), Meta::default());
        }
        self.made_total = total;
        let index = u32::try_from(self.made.len()).unwrap_or(u32::MAX);
        self.made.push(bytes.into());
        let hot = bytes.windows(3).any(|part| part == b"://");
        let id = self.intern(Atom::Made(index), Meta::text(hot));
        self.made_ids.insert(bytes.into(), id);
        id
    }

    /// A text that code of the package computes. `hot`: it may be, or begin, an endpoint.
    pub(crate) fn computed(&mut self, bytes: &[u8], hot: bool) -> AtomId {
        let id = self.made(bytes);
        if hot && let Some(meta) = self.meta.get_mut(id.index()) {
            meta.hot |= matches!(self.atoms.get(id.index()), Some(Atom::Made(_)));
        }
        id
    }

    /// An array of numbers, `width` bytes each, little-endian.
    pub(crate) fn data(&mut self, bytes: &[u8], width: u8) -> Val {
        let id = self.made(bytes);
        match self.atom(id) {
            Atom::Made(index) => self.val(Atom::Data(index, width)),
            _ => Val::one(id),
        }
    }

    /// The bytes behind [`Atom::Data`].
    pub(crate) fn data_bytes(&self, index: u32) -> Option<&[u8]> {
        self.made
            .get(usize::try_from(index).unwrap_or(usize::MAX))
            .map(|bytes| &**bytes)
    }

    /// The literal behind [`Atom::Lit`].
    pub(crate) fn literal(&self, index: u32) -> Option<&Lit<'a>> {
        self.lits.get(usize::try_from(index).unwrap_or(usize::MAX))
    }

    /// The bytes of a one-part string.
    pub(crate) fn bytes(&self, id: AtomId) -> Option<&[u8]> {
        match self.atom(id) {
            Atom::Lit(index) => self.literal(index).map(|lit| lit.bytes),
            Atom::Made(index) => self.data_bytes(index),
            _ => None,
        }
    }
}
