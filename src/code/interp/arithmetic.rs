//! Arithmetic on the numbers that a value may be. What does not fit its type, or meets what is not known,
//! is computed: never a guess.

use super::super::value::{Atom, AtomId, Val, Values, Why};

pub(crate) fn unary(values: &mut Values<'_>, op: u16, val: Val) -> Val {
    values.map(val, |values, id| match (op, values.atom(id)) {
        // neg-int, neg-long
        (0x7b | 0x7d, Atom::Int(n)) => values.int(n.wrapping_neg()),
        // not-int, not-long
        (0x7c | 0x7e, Atom::Int(n)) => values.int(!n),
        // int-to-long, long-to-int and the narrowing ones: a number that does not fit is not known.
        (0x81, _) => Val::one(id),
        (0x84, Atom::Int(n)) if i32::try_from(n).is_ok() => Val::one(id),
        (0x8d, Atom::Int(n)) if i8::try_from(n).is_ok() => Val::one(id),
        (0x8e, Atom::Int(n)) if u16::try_from(n).is_ok() => Val::one(id),
        (0x8f, Atom::Int(n)) if i16::try_from(n).is_ok() => Val::one(id),
        _ => values.unknown(Why::Computed),
    })
}

/// Arithmetic on numbers that are known. `op` counts from `add-int`: 11 for `int`, 11 for `long`.
pub(crate) fn binary(values: &mut Values<'_>, op: u16, a: Val, b: Val) -> Val {
    let wide = op >= 11;
    let op = op.checked_sub(11).unwrap_or(op);
    if op >= 11 {
        return values.unknown(Why::Computed);
    }
    arithmetic(values, op, wide, a, b)
}

pub(crate) fn literal(values: &mut Values<'_>, op: u16, a: Val, lit: Val) -> Val {
    let op = match op {
        0xd0 | 0xd8 => 0,
        // rsub-int
        0xd1 | 0xd9 => return arithmetic(values, 1, false, lit, a),
        0xd2..=0xd7 => op.wrapping_sub(0xd0),
        0xda..=0xdf => op.wrapping_sub(0xd8),
        _ => op.wrapping_sub(0xe0).wrapping_add(8),
    };
    arithmetic(values, op, false, a, lit)
}

/// `op`: add, sub, mul, div, rem, and, or, xor, shl, shr, ushr.
fn arithmetic(values: &mut Values<'_>, op: u16, wide: bool, a: Val, b: Val) -> Val {
    let Some(right) = values.single_int(b) else {
        return values.unknown(Why::Computed);
    };
    values.map(a, |values, id: AtomId| {
        let Atom::Int(left) = values.atom(id) else {
            return values.unknown(Why::Computed);
        };
        let result = match op {
            0 => left.checked_add(right),
            1 => left.checked_sub(right),
            2 => left.checked_mul(right),
            3 => left.checked_div(right),
            4 => left.checked_rem(right),
            5 => Some(left & right),
            6 => Some(left | right),
            7 => Some(left ^ right),
            _ => None,
        };
        match result.filter(|n| wide || i32::try_from(*n).is_ok()) {
            Some(n) => values.int(n),
            None => values.unknown(Why::Computed),
        }
    })
}
