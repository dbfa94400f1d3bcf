//! Assembled strings: chains of parts, each a literal or a hole.

use super::super::text;
use super::set::Set;
use super::{Atom, AtomId, MAX_ALTERNATIVES, MAX_PARTS, Meta, Val, Values, Why};

/// Bytes of a text that is handed out; an address that is longer is data.
const MAX_RENDERED: usize = 8 << 10;

/// Whether an atom is what another method may tell.
pub(crate) fn is_hole(atom: Atom) -> bool {
    matches!(atom, Atom::Field(..) | Atom::FieldElement(..) | Atom::Call(..))
}

impl Values<'_> {
    /// Whether a value may be a text or a class.
    pub(crate) fn is_worth(&self, val: Val) -> bool {
        self.alternatives(val)
            .as_slice()
            .iter()
            .any(|id| self.is_text(*id) || matches!(self.atom(*id), Atom::Class(..)))
    }

    /// Whether an atom is a string, whole or in parts.
    pub(crate) fn is_text(&self, id: AtomId) -> bool {
        matches!(self.atom(id), Atom::Lit(_) | Atom::Made(_) | Atom::Cat(..))
    }

    /// Whether a literal in this atom may be, or begin, an endpoint.
    pub(crate) fn is_hot(&self, id: AtomId) -> bool {
        self.meta(id).hot
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
        let (before, last) = (self.meta(left), self.meta(part));
        self.intern(
            Atom::Cat(left, part),
            Meta {
                parts: have.saturating_add(1),
                hot: before.hot || last.hot,
                symbolic: before.symbolic || last.symbolic,
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
                if is_hole(atom) && !all.contains(&atom) {
                    all.push(atom);
                }
            }
        }
        all
    }

    /// Whether an object of the flows is among the alternatives or their parts.
    pub(crate) fn is_symbolic(&self, val: Val) -> bool {
        let alternatives = self.alternatives(val);
        alternatives.as_slice().iter().any(|id| self.meta(*id).symbolic)
    }

    /// The objects of the flows among the alternatives and their parts, each once.
    pub(crate) fn symbols(&self, val: Val) -> Vec<u32> {
        let mut all = Vec::new();
        if !self.is_symbolic(val) {
            return all;
        }
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
                values.whole_of_too_many(whole)
            }
            atom => f(values, atom).unwrap_or(Val(id.0)),
        })
    }

    /// Of more alternatives than are kept, what follows them is no text: it is that of all of them.
    fn whole_of_too_many(&mut self, val: Val) -> Val {
        let too_many = self.unknown(Why::TooMany);
        self.map(val, |values, id| {
            let mut parts = [AtomId(0); MAX_PARTS];
            values.parts(id, &mut parts);
            match parts {
                [first, ..] if Val::one(first) == too_many => too_many,
                _ => Val::one(id),
            }
        })
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
