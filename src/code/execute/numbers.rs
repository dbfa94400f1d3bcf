//! Arithmetic as the machine does it: it wraps, and a shift takes the low bits of its distance.

use super::Stop;
use super::heap::Slot;

/// A number as an element or a field of this type keeps it.
pub(super) fn narrow(letter: u8, n: i64) -> i64 {
    let [a, b, c, d, ..] = n.to_le_bytes();
    match letter {
        b'B' => i64::from(i8::from_le_bytes([a])),
        b'S' => i64::from(i16::from_le_bytes([a, b])),
        b'C' => i64::from(u16::from_le_bytes([a, b])),
        b'Z' => i64::from(a & 1),
        b'J' | b'D' => n,
        _ => i64::from(i32::from_le_bytes([a, b, c, d])),
    }
}

/// The low 32 bits of a number.
pub(super) fn low(n: i64) -> i32 {
    let [a, b, c, d, ..] = n.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// `neg-int` … `int-to-short`.
pub(super) fn unary(op: u16, slot: Slot) -> Result<Slot, Stop> {
    let int = |letter: u8, n: i32| Slot::Int(low(narrow(letter, i64::from(n))));
    Ok(match (op, slot) {
        // What floating-point numbers are is never asked.
        (0x7f | 0x80 | 0x82 | 0x83 | 0x85..=0x8c, _) | (_, Slot::Unknown) => Slot::Unknown,
        (0x7b, Slot::Int(n)) => Slot::Int(n.wrapping_neg()),
        (0x7c, Slot::Int(n)) => Slot::Int(!n),
        (0x7d, Slot::Long(n)) => Slot::Long(n.wrapping_neg()),
        (0x7e, Slot::Long(n)) => Slot::Long(!n),
        (0x81, Slot::Int(n)) => Slot::Long(i64::from(n)),
        (0x84, Slot::Long(n)) => Slot::Int(low(n)),
        (0x8d, Slot::Int(n)) => int(b'B', n),
        (0x8e, Slot::Int(n)) => int(b'C', n),
        (0x8f, Slot::Int(n)) => int(b'S', n),
        _ => return Err(Stop::Unknown),
    })
}

/// Arithmetic on two numbers; `op` counts from `add-int`: eleven for `int`, eleven for `long`, the rest on
/// floating-point numbers.
pub(super) fn binary(op: u16, a: Slot, b: Slot) -> Result<Slot, Stop> {
    if op >= 22 || a == Slot::Unknown || b == Slot::Unknown {
        return Ok(Slot::Unknown);
    }
    match (op.checked_sub(11), a, b) {
        (None, Slot::Int(a), Slot::Int(b)) => int(op, a, b).map(Slot::Int),
        // The distance of a shift is an `int`.
        (Some(op), Slot::Long(a), Slot::Int(b)) if op >= 8 => long(op, a, i64::from(b)).map(Slot::Long),
        (Some(op), Slot::Long(a), Slot::Long(b)) if op < 8 => long(op, a, b).map(Slot::Long),
        _ => None,
    }
    .ok_or(Stop::Unknown)
}

/// `add-int/lit16` … `ushr-int/lit8`.
pub(super) fn literal(op: u16, a: Slot, lit: i64) -> Result<Slot, Stop> {
    let lit = Slot::Int(low(lit));
    match op {
        // rsub-int
        0xd1 | 0xd9 => binary(1, lit, a),
        0xd0..=0xd7 => binary(op.wrapping_sub(0xd0), a, lit),
        0xd8..=0xdf => binary(op.wrapping_sub(0xd8), a, lit),
        _ => binary(op.wrapping_sub(0xe0).wrapping_add(8), a, lit),
    }
}

/// `op`: add, sub, mul, div, rem, and, or, xor, shl, shr, ushr. `None` where the machine throws.
fn int(op: u16, a: i32, b: i32) -> Option<i32> {
    let distance = b.cast_unsigned();
    Some(match op {
        0 => a.wrapping_add(b),
        1 => a.wrapping_sub(b),
        2 => a.wrapping_mul(b),
        // The smallest number by -1 is itself.
        3 if b == -1 => a.wrapping_neg(),
        4 if b == -1 => 0,
        3 => a.checked_div(b)?,
        4 => a.checked_rem(b)?,
        5 => a & b,
        6 => a | b,
        7 => a ^ b,
        8 => a.wrapping_shl(distance),
        9 => a.wrapping_shr(distance),
        _ => a.cast_unsigned().wrapping_shr(distance).cast_signed(),
    })
}

fn long(op: u16, a: i64, b: i64) -> Option<i64> {
    let distance = low(b).cast_unsigned();
    Some(match op {
        0 => a.wrapping_add(b),
        1 => a.wrapping_sub(b),
        2 => a.wrapping_mul(b),
        // The smallest number by -1 is itself.
        3 if b == -1 => a.wrapping_neg(),
        4 if b == -1 => 0,
        3 => a.checked_div(b)?,
        4 => a.checked_rem(b)?,
        5 => a & b,
        6 => a | b,
        7 => a ^ b,
        8 => a.wrapping_shl(distance),
        9 => a.wrapping_shr(distance),
        _ => a.cast_unsigned().wrapping_shr(distance).cast_signed(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_wraps_and_by_zero_it_throws() {
        assert_eq!(int(3, i32::MIN, -1), Some(i32::MIN));
        assert_eq!(int(4, i32::MIN, -1), Some(0));
        assert_eq!(long(3, i64::MIN, -1), Some(i64::MIN));
        assert_eq!(int(3, -7, 2), Some(-3));
        assert_eq!(int(4, -7, 2), Some(-1));
        assert_eq!(int(3, 1, 0), None);
        assert_eq!(long(4, 1, 0), None);
    }

    #[test]
    fn a_shift_takes_the_low_bits_of_its_distance() {
        assert_eq!(int(8, 1, 33), Some(2));
        assert_eq!(int(10, -1, 28), Some(15));
        assert_eq!(long(9, -8, 65), Some(-4));
    }

    #[test]
    fn numbers_are_cut_to_their_type() {
        assert_eq!(narrow(b'B', 0x1ff), -1);
        assert_eq!(narrow(b'C', -1), 0xffff);
        assert_eq!(narrow(b'S', 0x8000), -0x8000);
        assert_eq!(narrow(b'Z', 2), 0);
    }
}
