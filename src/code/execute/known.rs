//! What goes into a call and what comes out of it: constants of the values of others.

use super::super::package::index;
use super::super::text;
use super::super::value::{Atom, MAX_ELEMENTS, Val, Values};
use super::heap::{Object, Slot};
use super::worth::Candidate;
use super::{Executor, Stop};
use crate::artifact::dex::{to_mutf8, units};

/// Bytes of an argument or a result: what is longer is data.
const MAX_KNOWN: usize = 8 << 10;

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Known {
    /// Not known; the method may not look at it.
    Unknown,
    /// A number of any width, or `null`.
    Int(i64),
    /// MUTF-8.
    Text(Box<[u8]>),
    /// The elements of an array of numbers.
    Numbers(Box<[i64]>),
    /// The elements of an array of texts, where they are known; and how many there are, known or not.
    Texts(Box<[Option<Box<[u8]>>]>, usize),
}

impl<'a> Executor<'a, '_> {
    /// What a call of a method of the package returns, by the values of its arguments, one per parameter: `None`
    /// where it is no method that computes a text, or the result is not known.
    pub(crate) fn call(
        &mut self,
        values: &mut Values<'a>,
        dex: u16,
        callee: u32,
        arguments: &[Val],
    ) -> Option<Val> {
        let candidate = self.candidate(dex, callee)?;
        // Of one argument there may be several.
        let mut open = None;
        for (n, val) in arguments.iter().enumerate() {
            if candidate.asks(n) && values.single(*val).is_none() && open.replace(n).is_some() {
                return None;
            }
        }
        let Some(n) = open else {
            return self.call_one(values, &candidate, arguments);
        };
        let mut out = Val::UNSET;
        let mut arguments = arguments.to_vec();
        let alternatives = values.alternatives(*arguments.get(n)?);
        for id in alternatives.as_slice() {
            *arguments.get_mut(n)? = Val::one(*id);
            let one = self.call_one(values, &candidate, &arguments)?;
            out = values.join(out, one);
        }
        Some(out)
    }

    fn call_one(&mut self, values: &mut Values<'a>, candidate: &Candidate, arguments: &[Val]) -> Option<Val> {
        let mut known = Vec::with_capacity(candidate.parameters.len());
        for (n, (letter, element)) in candidate.parameters.iter().enumerate() {
            let constant = candidate
                .asks(n)
                .then(|| constant(values, *arguments.get(n)?, *letter, *element));
            known.push(match constant {
                Some(constant) => constant?,
                None => Known::Unknown,
            });
        }
        match self.result(candidate, known)? {
            Known::Text(bytes) => Some(Val::one(values.computed(&bytes, (self.hot)(&bytes)))),
            Known::Numbers(cells) => {
                let width = width(candidate.result.1)?;
                let mut bytes = Vec::with_capacity(cells.len().saturating_mul(width));
                for cell in cells {
                    bytes.extend(cell.to_le_bytes().get(..width)?);
                }
                Some(values.data(&bytes, u8::try_from(width).ok()?))
            }
            Known::Texts(texts, len) => {
                let mut array = values.array(u32::try_from(len).ok());
                for (i, text) in (0_i64..).zip(&texts) {
                    if let Some(bytes) = text {
                        let text = Val::one(values.computed(bytes, (self.hot)(bytes)));
                        let i = values.int(i);
                        array = values.set_element(array, i, text);
                    }
                }
                Some(array)
            }
            _ => None,
        }
    }

    /// Puts constants where a method finds its arguments.
    pub(super) fn enter(&mut self, candidate: &Candidate, arguments: &[Known]) -> Result<Vec<Slot>, Stop> {
        let mut ins = Vec::new();
        if !candidate.is_static {
            ins.push(Slot::Unknown);
        }
        for ((letter, element), known) in candidate.parameters.iter().zip(arguments) {
            ins.push(match known {
                // Arrays of texts come out, but do not go in.
                Known::Unknown | Known::Texts(..) => Slot::Unknown,
                Known::Int(n) if *letter == b'J' => Slot::Long(*n),
                Known::Int(n) => Slot::Int(i32::try_from(*n).map_err(|_| Stop::Unknown)?),
                Known::Text(bytes) => {
                    let units: Vec<u16> = units(bytes).collect();
                    self.heap.text(&units)?
                }
                Known::Numbers(cells) => self.heap.allocate(Object::Numbers(*element, cells.to_vec()))?,
            });
            if matches!(letter, b'J' | b'D') {
                ins.push(Slot::Unknown);
            }
        }
        Ok(ins)
    }

    /// What a method returned, as a constant.
    pub(super) fn leave(&self, slot: Slot, (letter, element): (u8, u8)) -> Option<Known> {
        match self.heap.get(slot)? {
            object @ Object::Text(_) if letter == b'S' => Some(Known::Text(written(object)?)),
            Object::Numbers(of, cells) if letter == b'[' && *of == element && cells.len() <= MAX_KNOWN => {
                Some(Known::Numbers(cells.as_slice().into()))
            }
            Object::Refs(slots) if letter == b'[' && element == b'L' => {
                let mut left = MAX_KNOWN;
                let mut text = |slot: &Slot| {
                    let bytes = written(self.heap.get(*slot)?)?;
                    left = left.checked_sub(bytes.len())?;
                    Some(bytes)
                };
                // No more are followed.
                let followed = slots.iter().take(usize::from(MAX_ELEMENTS));
                let texts: Box<[_]> = followed.map(&mut text).collect();
                let any = texts.iter().any(Option::is_some);
                any.then_some(Known::Texts(texts, slots.len()))
            }
            _ => None,
        }
    }
}

/// A text that somebody wrote, as MUTF-8.
fn written(object: &Object) -> Option<Box<[u8]>> {
    match object {
        Object::Text(units) if units.len() <= MAX_KNOWN && is_text(units) => Some(to_mutf8(units).into()),
        _ => None,
    }
}

/// Whether these are characters that somebody wrote. A key that is not known here, since it is set elsewhere, makes
/// control characters and halves of pairs.
fn is_text(units: &[u16]) -> bool {
    char::decode_utf16(units.iter().copied()).all(|c| {
        c.is_ok_and(|c| {
            matches!(c, '\t' | '\n' | '\r') || !c.is_control() && c != char::REPLACEMENT_CHARACTER
        })
    })
}

/// Bytes of an element of an array of this type.
pub(super) fn width(letter: u8) -> Option<usize> {
    Some(match letter {
        b'Z' | b'B' => 1,
        b'C' | b'S' => 2,
        b'I' => 4,
        b'J' => 8,
        _ => return None,
    })
}

/// A number of so many bytes, little-endian, as a type has it.
pub(super) fn number(letter: u8, bytes: &[u8]) -> i64 {
    let mut wide = [0_u8; 8];
    for (slot, byte) in wide.iter_mut().zip(bytes) {
        *slot = *byte;
    }
    let n = i64::from_le_bytes(wide);
    super::numbers::narrow(letter, n)
}

/// The value of an argument, where it is a constant of the type that the parameter has.
fn constant(values: &mut Values<'_>, val: Val, letter: u8, element: u8) -> Option<Known> {
    let [id] = *values.alternatives(val).as_slice() else {
        return None;
    };
    match (values.atom(id), letter) {
        (Atom::Int(0), b'S' | b'T' | b'[') => Some(Known::Int(0)),
        (Atom::Int(n), b'I' | b'C' | b'Z' | b'J') => Some(Known::Int(n)),
        (Atom::Lit(_) | Atom::Made(_) | Atom::Cat(..), b'S' | b'T') => {
            let bytes = match values.bytes(id) {
                Some(bytes) => bytes.to_vec(),
                None => text::whole(values, id)?,
            };
            (bytes.len() <= MAX_KNOWN).then(|| Known::Text(bytes.into()))
        }
        (Atom::Data(at, of), b'[') => {
            let width = width(element)?;
            let bytes = values.data_bytes(at)?;
            (width == usize::from(of)).then(|| {
                Known::Numbers(
                    bytes
                        .chunks_exact(width)
                        .map(|bytes| number(element, bytes))
                        .collect(),
                )
            })
        }
        (Atom::Array(_) | Atom::Element(..), b'[') => elements(values, val, element),
        _ => None,
    }
}

/// The elements of a small array that were set one by one.
fn elements(values: &mut Values<'_>, val: Val, element: u8) -> Option<Known> {
    width(element)?;
    let len = values.array_len(val)?;
    let mut cells = Vec::with_capacity(index(len.into()));
    for i in 0..len {
        let element = values.element(val, i);
        cells.push(values.single_int(element)?);
    }
    Some(Known::Numbers(cells.into()))
}
