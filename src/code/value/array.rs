//! Arrays and the arguments of calls: chains of values, each link what was there before and one more.

use super::{Atom, AtomId, Meta, Val, Values, Why};

/// Elements of an array that are followed.
pub(crate) const MAX_ELEMENTS: u8 = 24;

impl Values<'_> {
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
            match values.atom(id) {
                Atom::Array(_) | Atom::Element(..) => {}
                Atom::Data(..) => return values.unknown(Why::Element),
                _ => return Val(id.0),
            }
            let parts = values.meta(id).parts;
            match index {
                Some(index) if parts < MAX_ELEMENTS => {
                    let meta = Meta {
                        parts: parts.saturating_add(1),
                        hot: values.is_hot(id) || values.any_hot(value),
                        symbolic: false,
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

    /// `array[index]`, or any element where the index is not known.
    pub(crate) fn element_at(&mut self, array: Val, index: Option<u8>) -> Val {
        let Some(index) = index else {
            return self.map(array, |values, id| {
                let elements = values.elements(id);
                let missing = match values.array_len(Val::one(id)) {
                    Some(len) => elements.len() < usize::from(len),
                    None => true,
                };
                let first = if missing {
                    values.unknown(Why::Element)
                } else {
                    Val::UNSET
                };
                elements
                    .into_iter()
                    .fold(first, |all, (_, val)| values.join(all, val))
            });
        };
        self.element(array, index)
    }

    /// The elements of an array that were set, in their order; none of what is no such array.
    pub(crate) fn elements(&self, array: AtomId) -> Vec<(u8, Val)> {
        let mut all: Vec<(u8, Val)> = Vec::new();
        let mut at = array;
        while let Atom::Element(before, i, val) = self.atom(at) {
            // The last one counts.
            if all.iter().all(|(other, _)| *other != i) {
                all.push((i, val));
            }
            at = before;
        }
        all.sort_unstable();
        all
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
}
