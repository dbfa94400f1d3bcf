//! What the string methods of the platform do to values.
//!
//! Java SE `String`, `StringBuilder`, `java.util.Formatter`; Android `Uri`, `Uri.Builder`. Only what
//! decides an endpoint, a key or a path is modelled; the rest is a hole with its reason.
//!
//! Here is how a value becomes text and what is done to a text; [`assemble`] puts texts together.

mod assemble;
#[cfg(test)]
mod tests;

pub(crate) use assemble::{below, format, query, recipe, resolve};

use crate::artifact::dex::to_mutf8;

use super::value::{Atom, AtomId, MAX_MADE, MAX_PARTS, Val, Values, Why};

/// How a value is written when it becomes text, by the type of the parameter that takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    /// `byte`, `short`, `int`, `long`: decimal.
    Int,
    /// `char`: one UTF-16 unit.
    Char,
    /// `boolean`: `true` or `false`.
    Bool,
    /// An object: strings are themselves, `null` is `null`.
    Object,
}

impl As {
    /// By the first letter of a type descriptor.
    pub(crate) fn of_descriptor(first: u8) -> Self {
        match first {
            b'Z' => Self::Bool,
            b'C' => Self::Char,
            b'L' | b'[' => Self::Object,
            _ => Self::Int,
        }
    }
}

/// A value as text. Strings stay, numbers are written, holes stay holes.
pub(crate) fn of(values: &mut Values<'_>, val: Val, how: As) -> Val {
    values.map(val, |values, id| match (values.atom(id), how) {
        (Atom::Int(0), As::Object) => Val::one(values.made(b"null")),
        (Atom::Int(n), As::Bool) => Val::one(values.made(if n == 0 { b"false" } else { b"true" })),
        (Atom::Int(n), As::Char) => {
            let unit = u32::try_from(n)
                .ok()
                .and_then(char::from_u32)
                .unwrap_or(char::REPLACEMENT_CHARACTER);
            Val::one(values.made(unit.encode_utf8(&mut [0; 4]).as_bytes()))
        }
        (Atom::Int(n), As::Int | As::Object) => Val::one(values.made(n.to_string().as_bytes())),
        (Atom::Array(_) | Atom::Element(..) | Atom::Data(..), _) => values.unknown(Why::Element),
        _ => Val::one(id),
    })
}

/// The text that `new String` makes of an array of bytes or characters, where its content is known. `plain`: whatever
/// the charset is, so that only ASCII is.
pub(crate) fn of_array(values: &mut Values<'_>, val: Val, plain: bool) -> Val {
    values.map(val, |values, id| {
        let bytes = match values.atom(id) {
            Atom::Data(at, 1) => values
                .data_bytes(at)
                .filter(|bytes| {
                    if plain {
                        bytes.is_ascii()
                    } else {
                        std::str::from_utf8(bytes).is_ok()
                    }
                })
                .map(<[u8]>::to_vec),
            Atom::Data(at, 2) => values.data_bytes(at).map(|bytes| {
                let (units, _) = bytes.as_chunks::<2>();
                let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
                to_mutf8(&units)
            }),
            _ => None,
        };
        match bytes.filter(|bytes| !bytes.contains(&0)) {
            Some(bytes) => Val::one(values.made(&bytes)),
            None => values.unknown(Why::Object),
        }
    })
}

/// The bytes of a string without holes, when they are few enough to work on.
pub(crate) fn whole(values: &Values<'_>, id: AtomId) -> Option<Vec<u8>> {
    if !values.is_text(id) {
        return None;
    }
    let mut parts = [id; MAX_PARTS];
    let n = values.parts(id, &mut parts);
    let mut out = Vec::new();
    for part in parts.get(..n).unwrap_or_default() {
        let bytes = values.bytes(*part)?;
        if out.len().saturating_add(bytes.len()) > MAX_MADE {
            return None;
        }
        out.extend_from_slice(bytes);
    }
    Some(out)
}

/// Applies a function to each alternative that is a string without holes; the rest is computed.
fn each(values: &mut Values<'_>, val: Val, f: impl Fn(&[u8]) -> Vec<u8>) -> Val {
    values.map(val, |values, id| match whole(values, id) {
        Some(bytes) => Val::one(values.made(&f(&bytes))),
        None => values.unknown(Why::Computed),
    })
}

/// Applies a function to each literal part, where it does the same to the parts as to the whole.
fn each_part(values: &mut Values<'_>, val: Val, f: impl Fn(&[u8]) -> Vec<u8>) -> Val {
    values.map(val, |values, id| {
        let mut parts = [id; MAX_PARTS];
        let n = values.parts(id, &mut parts);
        let mut out = Val::UNSET;
        for part in parts.get(..n).unwrap_or_default() {
            // What is too long to work on is too long to be a host or a key.
            let mapped = values
                .bytes(*part)
                .filter(|bytes| bytes.len() <= MAX_MADE)
                .map(&f);
            let part = match mapped {
                Some(bytes) => values.made(&bytes),
                None => *part,
            };
            out = if out == Val::UNSET {
                Val::one(part)
            } else {
                values.concat(out, Val::one(part))
            };
        }
        out
    })
}

/// `toLowerCase`. ASCII only: hosts and keys are.
pub(crate) fn lower(values: &mut Values<'_>, val: Val) -> Val {
    each_part(values, val, <[u8]>::to_ascii_lowercase)
}

/// `toUpperCase`. ASCII only.
pub(crate) fn upper(values: &mut Values<'_>, val: Val) -> Val {
    each_part(values, val, <[u8]>::to_ascii_uppercase)
}

/// `reverse`. Only of plain text: a character of several bytes would be turned into none.
pub(crate) fn reverse(values: &mut Values<'_>, val: Val) -> Val {
    values.map(val, |values, id| {
        let bytes = values.bytes(id).filter(|b| b.len() <= MAX_MADE && b.is_ascii());
        match bytes.map(|b| b.iter().rev().copied().collect::<Vec<u8>>()) {
            Some(bytes) => Val::one(values.made(&bytes)),
            None => values.unknown(Why::Computed),
        }
    })
}

/// `trim`. Of an assembled string only the outer parts lose anything; those are left as they are.
pub(crate) fn trim(values: &mut Values<'_>, val: Val) -> Val {
    values.map(val, |values, id| {
        match values
            .bytes(id)
            .filter(|b| b.len() <= MAX_MADE)
            .map(|b| b.trim_ascii().to_vec())
        {
            Some(bytes) => Val::one(values.made(&bytes)),
            None => Val::one(id),
        }
    })
}

/// `replace(from, to)` with strings or chars. In an assembled string, a match across two parts would be
/// missed: then the pattern holds no hole and each literal part is replaced for itself.
pub(crate) fn replace(values: &mut Values<'_>, val: Val, from: Val, to: Val) -> Val {
    let single = |values: &Values<'_>, v: Val| match values.alternatives(v).as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    let pattern = single(values, from)
        .and_then(|id| whole(values, id))
        .filter(|p| !p.is_empty());
    let with = single(values, to).map(|id| (id, whole(values, id)));
    match (pattern, with) {
        (Some(pattern), Some((_, Some(with)))) => {
            each_part(values, val, |b| replace_bytes(b, &pattern, &with))
        }
        (Some(pattern), Some((hole, None))) => split_by(values, val, &pattern, hole),
        _ => values.unknown(Why::Computed),
    }
}

/// Replaces a placeholder by a hole: `"http://host/{id}".replace("{id}", id)`.
fn split_by(values: &mut Values<'_>, val: Val, pattern: &[u8], hole: AtomId) -> Val {
    values.map(val, |values, id| {
        let Some(bytes) = whole(values, id) else {
            return values.unknown(Why::Computed);
        };
        let mut out = Val::one(values.made(b""));
        let mut at = 0_usize;
        for found in memchr::memmem::find_iter(&bytes, pattern).take(MAX_PARTS) {
            let piece = values.made(bytes.get(at..found).unwrap_or_default());
            out = values.concat(out, Val::one(piece));
            out = values.concat(out, Val::one(hole));
            at = found.saturating_add(pattern.len());
        }
        let rest = values.made(bytes.get(at..).unwrap_or_default());
        values.concat(out, Val::one(rest))
    })
}

fn replace_bytes(bytes: &[u8], pattern: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0_usize;
    for found in memchr::memmem::find_iter(bytes, pattern) {
        out.extend_from_slice(bytes.get(at..found).unwrap_or_default());
        out.extend_from_slice(with);
        at = found.saturating_add(pattern.len());
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}

/// `substring(begin)` and `substring(begin, end)` of strings without holes. Indices count UTF-16 units:
/// only ASCII strings are cut.
pub(crate) fn substring(values: &mut Values<'_>, val: Val, begin: Val, end: Option<Val>) -> Val {
    let bound = |values: &Values<'_>, v: Val| values.single_int(v).and_then(|n| usize::try_from(n).ok());
    let begin = bound(values, begin);
    let end = match end {
        None => Some(usize::MAX),
        Some(end) => bound(values, end),
    };
    let (Some(begin), Some(end)) = (begin, end) else {
        return values.unknown(Why::Computed);
    };
    let mut ascii = true;
    for id in values.alternatives(val).as_slice() {
        ascii &= values.bytes(*id).is_some_and(<[u8]>::is_ascii);
    }
    if !ascii {
        return values.unknown(Why::Computed);
    }
    each(values, val, |b| {
        b.get(begin..end.min(b.len())).unwrap_or_default().to_vec()
    })
}

/// `Integer.parseInt`, `Boolean.parseBoolean`.
pub(crate) fn parse(values: &mut Values<'_>, val: Val) -> Val {
    values.map(val, |values, id| {
        let number = match values.bytes(id) {
            Some(bytes) if bytes.eq_ignore_ascii_case(b"true") => Some(1),
            Some(bytes) if bytes.eq_ignore_ascii_case(b"false") => Some(0),
            Some(bytes) => std::str::from_utf8(bytes)
                .ok()
                .and_then(|s| s.parse::<i64>().ok()),
            None => None,
        };
        match number {
            Some(n) => values.int(n),
            None => values.unknown(Why::Computed),
        }
    })
}
