//! The value domain: what a register may hold.
//!
//! A value is a small set of alternatives, because both arms of a branch are kept. Alternatives are
//! interned atoms, so a value is four bytes, a copy of the registers is a `memcpy` and two values are
//! equal when their numbers are. An assembled string is a chain of atoms, each a literal or a hole;
//! a hole is what is not known from this method alone (a parameter, a field, the result of a call), or
//! not known at all, with the reason. Nothing is ever guessed.
//!
//! One arena serves one package: summaries of methods and fields stay valid in every other method.

use rustc_hash::FxHashMap;

use super::text;

/// Alternatives kept for one value (ENGINE §4). More become [`Why::TooMany`] beside the first seven.
pub(crate) const MAX_ALTERNATIVES: usize = 8;
/// Parts of one assembled string: a query of a dozen parameters has some 26.
pub(crate) const MAX_PARTS: usize = 32;
/// Atoms of one package, about 25 MB with their index. The largest app of the corpus needs 1/20.
const MAX_ATOMS: usize = 1 << 19;
/// Bytes of one string made here (formatted, replaced …), and of all of them.
pub(crate) const MAX_MADE: usize = 2 << 10;
const MAX_MADE_TOTAL: usize = 16 << 20;
/// Bytes of a text that is handed out; an address that is longer is data.
const MAX_RENDERED: usize = 8 << 10;
/// Elements of an array that are followed.
const MAX_ELEMENTS: u8 = 24;

/// A set of alternatives, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Val(u32);

/// Marks the number of a set of two or more alternatives.
const SET: u32 = 1 << 31;

impl Val {
    /// A register that was never written.
    pub(crate) const UNSET: Self = Self(0);
    /// The integer 0, `false` and `null`: the same bits to the machine.
    pub(crate) const ZERO: Self = Self(1);

    /// An atom of [`Values::arguments`] for a call whose arguments are of no use.
    pub(crate) const NO_ARGUMENTS: AtomId = AtomId(0);

    /// The value with only this alternative.
    pub(crate) fn one(atom: AtomId) -> Self {
        Self(atom.0)
    }
}

/// One alternative, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct AtomId(u32);

impl AtomId {
    fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Why a value is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Why {
    /// Computed in a way that is not modelled.
    Computed,
    /// Changes with each turn of a loop.
    Loop,
    /// An object that is not followed.
    Object,
    /// An element of an array or collection.
    Element,
    /// More than [`MAX_ALTERNATIVES`] alternatives.
    TooMany,
    /// More than [`MAX_PARTS`] parts.
    TooLong,
    /// A caught exception.
    Caught,
    /// The package's budget was spent.
    Budget,
}

const WHYS: [Why; 8] = [
    Why::Computed,
    Why::Loop,
    Why::Object,
    Why::Element,
    Why::TooMany,
    Why::TooLong,
    Why::Caught,
    Why::Budget,
];

/// One alternative of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Atom {
    /// Never written.
    Unset,
    /// An integer, a boolean or `null`.
    Int(i64),
    /// A string of a dex file, by index into the arena's literals.
    Lit(u32),
    /// A string made here, by index.
    Made(u32),
    /// An assembled string: all before, and the last part.
    Cat(AtomId, AtomId),
    /// A class constant: file and type index.
    Class(u16, u32),
    /// An object allocated in this method, by number; its content is part of the state.
    Object(u16),
    /// A parameter of this method, counted in registers from the first, `this` included.
    Param(u16),
    /// The content of a field: file and field index.
    Field(u16, u32),
    /// The result of a call: file, method index, and the arguments where they are of use.
    Call(u16, u32, AtomId),
    /// Arguments of a call: all before, and the last one.
    Argument(AtomId, Val),
    /// An array of so many elements, or [`u32::MAX`] when that is not known.
    Array(u32),
    /// An array after one element was set: before, index, value.
    Element(AtomId, u8, Val),
    /// Whatever an object of the flows is or was, by its number there.
    Root(u32),
    /// Not known.
    Unknown(Why),
}

/// What is asked of atoms so often that it is kept beside them.
#[derive(Debug, Clone, Copy, Default)]
struct Meta {
    /// Parts of a string; elements set in an array; 0 for the rest.
    parts: u8,
    /// A literal in it may be, or begin, an endpoint.
    hot: bool,
}

/// A literal of a dex file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lit<'a> {
    /// Which file.
    pub(crate) dex: u16,
    /// Index into its string table.
    pub(crate) string: u32,
    /// MUTF-8, without the NUL.
    pub(crate) bytes: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Set {
    len: u8,
    ids: [AtomId; MAX_ALTERNATIVES],
}

impl Set {
    fn as_slice(&self) -> &[AtomId] {
        self.ids.get(..usize::from(self.len)).unwrap_or_default()
    }
}

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
        Val(self.intern(atom, Meta::default()).0)
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
        let id = self.intern(Atom::Lit(index), Meta { parts: 1, hot });
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
        let id = self.intern(Atom::Made(index), Meta { parts: 1, hot });
        self.made_ids.insert(bytes.into(), id);
        id
    }

    /// The literal behind [`Atom::Lit`].
    pub(crate) fn literal(&self, index: u32) -> Option<&Lit<'a>> {
        self.lits.get(usize::try_from(index).unwrap_or(usize::MAX))
    }

    /// The bytes of a one-part string.
    pub(crate) fn bytes(&self, id: AtomId) -> Option<&[u8]> {
        match self.atom(id) {
            Atom::Lit(index) => self.literal(index).map(|lit| lit.bytes),
            Atom::Made(index) => self
                .made
                .get(usize::try_from(index).unwrap_or(usize::MAX))
                .map(|b| &**b),
            _ => None,
        }
    }

    /// Whether an atom is a string, whole or in parts.
    pub(crate) fn is_text(&self, id: AtomId) -> bool {
        matches!(self.atom(id), Atom::Lit(_) | Atom::Made(_) | Atom::Cat(..))
    }

    /// Whether a literal in this atom may be, or begin, an endpoint.
    pub(crate) fn is_hot(&self, id: AtomId) -> bool {
        self.meta(id).hot
    }

    /// Whether any alternative is hot.
    pub(crate) fn any_hot(&self, val: Val) -> bool {
        self.alternatives(val)
            .as_slice()
            .iter()
            .any(|id| self.is_hot(*id))
    }

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

    /// Adds to a set; the eighth alternative beyond seven known ones is [`Why::TooMany`].
    fn add(&mut self, set: &mut Set, id: AtomId) {
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

    fn seal(&mut self, mut set: Set) -> Val {
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

    /// A string with one more part, which may itself be a string of several parts.
    pub(crate) fn cat(&mut self, left: AtomId, right: AtomId) -> AtomId {
        if self.bytes(right).is_some_and(<[u8]>::is_empty) {
            return left;
        }
        if self.bytes(left).is_some_and(<[u8]>::is_empty) {
            return right;
        }
        let mut parts = [AtomId(0); MAX_PARTS];
        let n = self.parts(right, &mut parts);
        let mut whole = left;
        for part in parts.get(..n).unwrap_or_default() {
            whole = self.push(whole, *part);
        }
        whole
    }

    fn push(&mut self, left: AtomId, part: AtomId) -> AtomId {
        // A hole alone has no parts yet but counts as one.
        let have = self.meta(left).parts.max(1);
        let too_long = self.intern(Atom::Unknown(Why::TooLong), Meta::default());
        if matches!(self.atom(left), Atom::Cat(_, last) if last == too_long) {
            return left;
        }
        let full = usize::from(have).saturating_add(1) >= MAX_PARTS;
        let part = if full { too_long } else { part };
        let hot = self.meta(left).hot || self.meta(part).hot;
        self.intern(
            Atom::Cat(left, part),
            Meta {
                parts: have.saturating_add(1),
                hot,
            },
        )
    }

    /// The parts of a string, first to last; an atom that is no string is its own only part.
    pub(crate) fn parts(&self, id: AtomId, out: &mut [AtomId; MAX_PARTS]) -> usize {
        let mut n = usize::from(self.meta(id).parts).clamp(1, MAX_PARTS);
        let len = n;
        let mut at = id;
        while let Atom::Cat(left, part) = self.atom(at) {
            n = n.saturating_sub(1);
            if let Some(slot) = out.get_mut(n) {
                *slot = part;
            }
            at = left;
        }
        if let Some(slot) = out.first_mut() {
            *slot = at;
        }
        len
    }

    /// The bytes that a string begins with, when its first part is a literal.
    pub(crate) fn parts_first_bytes(&self, id: AtomId) -> Option<&[u8]> {
        let mut parts = [AtomId(0); MAX_PARTS];
        self.parts(id, &mut parts);
        parts.first().and_then(|first| self.bytes(*first))
    }

    /// Every pairing of two values, appended, up to [`MAX_ALTERNATIVES`].
    pub(crate) fn concat(&mut self, a: Val, b: Val) -> Val {
        let (left, right) = (self.alternatives(a), self.alternatives(b));
        if let ([x], [y]) = (left.as_slice(), right.as_slice()) {
            return Val(self.cat(*x, *y).0);
        }
        let mut set = Set {
            len: 0,
            ids: [AtomId(u32::MAX); MAX_ALTERNATIVES],
        };
        for x in left.as_slice() {
            for y in right.as_slice() {
                let whole = self.cat(*x, *y);
                self.add(&mut set, whole);
            }
        }
        self.seal(set)
    }

    /// Whether `f` holds for an alternative, or for a part of one.
    pub(crate) fn any_part(&self, val: Val, f: impl Fn(Atom) -> bool) -> bool {
        let alternatives = self.alternatives(val);
        alternatives.as_slice().iter().any(|id| {
            let mut at = *id;
            while let Atom::Cat(left, part) = self.atom(at) {
                if f(self.atom(part)) {
                    return true;
                }
                at = left;
            }
            f(self.atom(at))
        })
    }

    /// Fields and results of calls among the alternatives and their parts, each once.
    pub(crate) fn holes(&self, val: Val) -> Vec<Atom> {
        let mut all = Vec::new();
        for id in self.alternatives(val).as_slice() {
            let mut parts = [AtomId(0); MAX_PARTS];
            let n = self.parts(*id, &mut parts);
            for part in parts.get(..n).unwrap_or_default() {
                let atom = self.atom(*part);
                if matches!(atom, Atom::Field(..) | Atom::Call(..)) && !all.contains(&atom) {
                    all.push(atom);
                }
            }
        }
        all
    }

    /// The objects of the flows among the alternatives and their parts, each once.
    pub(crate) fn symbols(&self, val: Val) -> Vec<u32> {
        let mut all = Vec::new();
        for id in self.alternatives(val).as_slice() {
            let mut at = *id;
            loop {
                let (part, before) = match self.atom(at) {
                    Atom::Cat(left, part) => (part, Some(left)),
                    _ => (at, None),
                };
                if let Atom::Root(obj) = self.atom(part)
                    && !all.contains(&obj)
                {
                    all.push(obj);
                }
                match before {
                    Some(left) => at = left,
                    None => break,
                }
            }
        }
        all
    }

    /// Whether nothing at all is known.
    pub(crate) fn is_unknown(&self, val: Val) -> bool {
        let alternatives = self.alternatives(val);
        alternatives
            .as_slice()
            .iter()
            .all(|id| matches!(self.atom(*id), Atom::Unknown(_) | Atom::Unset))
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

    /// Fills holes: every atom and every part of a string for which `f` has something better.
    pub(crate) fn fill(&mut self, val: Val, f: &mut impl FnMut(&mut Self, Atom) -> Option<Val>) -> Val {
        self.map(val, |values, id| match values.atom(id) {
            Atom::Cat(..) => {
                let mut parts = [AtomId(0); MAX_PARTS];
                let n = values.parts(id, &mut parts);
                let mut whole = Val::UNSET;
                for part in parts.get(..n).unwrap_or_default() {
                    let atom = values.atom(*part);
                    let filled = match f(values, atom) {
                        Some(better) => text::of(values, better, text::As::Int),
                        None => Val(part.0),
                    };
                    whole = if whole == Val::UNSET {
                        filled
                    } else {
                        values.concat(whole, filled)
                    };
                }
                whole
            }
            atom => f(values, atom).unwrap_or(Val(id.0)),
        })
    }

    /// The arguments of a call, in order of their registers.
    pub(crate) fn arguments(&mut self, all: impl Iterator<Item = Val>) -> AtomId {
        all.fold(Val::NO_ARGUMENTS, |before, val| {
            self.intern(Atom::Argument(before, val), Meta::default())
        })
    }

    /// The `i`th of `n` arguments, as [`Values::arguments`] kept them.
    pub(crate) fn argument(&self, arguments: AtomId, i: usize) -> Option<Val> {
        let mut all = Vec::new();
        let mut at = arguments;
        while let Atom::Argument(before, val) = self.atom(at) {
            all.push(val);
            at = before;
        }
        all.iter().rev().nth(i).copied()
    }

    /// An array of `len` elements, none set.
    pub(crate) fn array(&mut self, len: Option<u32>) -> Val {
        self.val(Atom::Array(len.unwrap_or(u32::MAX)))
    }

    /// An array after `array[index] = value`. An index that is not known makes every element unknown.
    pub(crate) fn set_element(&mut self, array: Val, index: Val, value: Val) -> Val {
        let index = self.single_int(index).and_then(|n| u8::try_from(n).ok());
        self.map(array, |values, id| {
            if !matches!(values.atom(id), Atom::Array(_) | Atom::Element(..)) {
                return Val(id.0);
            }
            let parts = values.meta(id).parts;
            match index {
                Some(index) if parts < MAX_ELEMENTS => {
                    let meta = Meta {
                        parts: parts.saturating_add(1),
                        hot: false,
                    };
                    Val(values.intern(Atom::Element(id, index, value), meta).0)
                }
                _ => values.unknown(Why::Element),
            }
        })
    }

    /// `array[index]`, as far as it is known.
    pub(crate) fn element(&mut self, array: Val, index: u8) -> Val {
        self.map(array, |values, id| {
            let mut at = id;
            loop {
                match values.atom(at) {
                    Atom::Element(_, i, value) if i == index => return value,
                    Atom::Element(before, ..) => at = before,
                    _ => return values.unknown(Why::Element),
                }
            }
        })
    }

    /// How many elements an array has, when that is known and small.
    pub(crate) fn array_len(&self, array: Val) -> Option<u8> {
        let mut at = match self.alternatives(array).as_slice() {
            [one] => *one,
            _ => return None,
        };
        loop {
            match self.atom(at) {
                Atom::Element(before, ..) => at = before,
                Atom::Array(len) => return u8::try_from(len).ok().filter(|n| *n <= MAX_ELEMENTS),
                _ => return None,
            }
        }
    }

    /// Writes a string with `{}` for each hole; `None` when the atom is no string.
    pub(crate) fn render(&self, id: AtomId, out: &mut Vec<u8>) -> Option<()> {
        if !self.is_text(id) {
            return None;
        }
        let mut parts = [AtomId(0); MAX_PARTS];
        let n = self.parts(id, &mut parts);
        for part in parts.get(..n).unwrap_or_default() {
            match self.bytes(*part) {
                Some(bytes) => {
                    let room = MAX_RENDERED.saturating_sub(out.len());
                    out.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
                }
                // Two holes in a row say no more than one.
                None if out.ends_with(b"{}") => {}
                None => out.extend_from_slice(b"{}"),
            }
        }
        Some(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn made(values: &mut Values<'_>, s: &str) -> Val {
        Val::one(values.made(s.as_bytes()))
    }

    fn show(values: &Values<'_>, val: Val) -> Vec<String> {
        let mut all: Vec<String> = values
            .alternatives(val)
            .as_slice()
            .iter()
            .map(|id| {
                let mut out = Vec::new();
                match values.render(*id, &mut out) {
                    Some(()) => String::from_utf8(out).unwrap(),
                    None => format!("{:?}", values.atom(*id)),
                }
            })
            .collect();
        all.sort();
        all
    }

    #[test]
    fn both_arms_of_a_branch_are_kept() {
        let mut v = Values::new();
        let (a, b) = (v.int(0), v.int(1));
        let both = v.join(a, b);
        assert_eq!(show(&v, both), ["Int(0)", "Int(1)"]);
        assert_eq!(v.join(both, a), both);
        assert_eq!(v.join(b, a), both);
    }

    #[test]
    fn a_register_never_written_adds_nothing_to_a_join() {
        let mut v = Values::new();
        let one = v.int(1);
        assert_eq!(v.join(Val::UNSET, one), one);
        assert_eq!(v.join(one, Val::UNSET), one);
    }

    #[test]
    fn the_eighth_alternative_says_that_there_are_too_many() {
        let mut v = Values::new();
        let mut all = Val::UNSET;
        for n in 0..20 {
            let n = v.int(n);
            all = v.join(all, n);
        }
        let shown = show(&v, all);
        assert_eq!(shown.len(), MAX_ALTERNATIVES);
        assert!(shown.contains(&"Unknown(TooMany)".to_owned()), "{shown:?}");
    }

    #[test]
    fn strings_are_joined_part_by_part_with_holes_between() {
        let mut v = Values::new();
        let (a, b) = (made(&mut v, "http://"), made(&mut v, "/x?id="));
        let host = v.val(Atom::Field(0, 7));
        let url = v.concat(a, host);
        let url = v.concat(url, b);
        let id = v.val(Atom::Param(1));
        let url = v.concat(url, id);
        assert_eq!(show(&v, url), ["http://{}/x?id={}"]);
    }

    #[test]
    fn a_string_has_no_more_parts_than_are_allowed() {
        let mut v = Values::new();
        let mut url = made(&mut v, "a");
        for n in 0..100 {
            let part = made(&mut v, &format!("b{n}"));
            url = v.concat(url, part);
        }
        let Some(id) = v.alternatives(url).as_slice().first().copied() else {
            panic!()
        };
        assert_eq!(v.parts(id, &mut [AtomId(0); MAX_PARTS]), MAX_PARTS);
        assert!(show(&v, url)[0].ends_with("b29{}"));
    }

    #[test]
    fn a_string_that_grows_in_a_loop_keeps_its_beginning() {
        let mut v = Values::new();
        let base = made(&mut v, "http://a/?");
        let more = made(&mut v, "x=");
        let grown = v.concat(base, more);
        let widened = v.widen(base, grown);
        assert_eq!(show(&v, widened), ["http://a/?", "http://a/?{}"]);
        let again = v.concat(widened, more);
        assert_eq!(v.widen(widened, again), widened);
    }

    #[test]
    fn holes_are_filled_wherever_they_are() {
        let mut v = Values::new();
        let host = v.val(Atom::Param(0));
        let path = made(&mut v, "/p");
        let url = v.concat(host, path);
        let (a, b) = (made(&mut v, "http://a"), made(&mut v, "http://b"));
        let hosts = v.join(a, b);
        let filled = v.fill(url, &mut |_, atom| (atom == Atom::Param(0)).then_some(hosts));
        assert_eq!(show(&v, filled), ["http://a/p", "http://b/p"]);
    }

    #[test]
    fn the_last_value_set_is_the_element() {
        let mut v = Values::new();
        let array = v.array(Some(2));
        let (zero, one) = (v.int(0), v.int(1));
        let (x, y) = (made(&mut v, "x"), made(&mut v, "y"));
        let array = v.set_element(array, zero, x);
        let array = v.set_element(array, one, x);
        let array = v.set_element(array, zero, y);
        assert_eq!((v.element(array, 0), v.element(array, 1)), (y, x));
        assert_eq!(v.array_len(array), Some(2));
    }
}
