//! Where an object has its fields.
//!
//! Spec: AOSP `dalvik/vm/oo/Class.cpp` (`computeFieldOffsets`, Android 4.2 to 4.4) and
//! `art/runtime/class_linker.cc` (`LinkFields`, Android 5 to 7).

use super::layout::{Field, Rules};

/// Bytes of a field's value; references have four.
pub(super) fn width(type_: &[u8]) -> u32 {
    match type_.first() {
        Some(b'J' | b'D') => 8,
        Some(b'S' | b'C') => 2,
        Some(b'Z' | b'B') => 1,
        _ => 4,
    }
}

fn is_reference(type_: &[u8]) -> bool {
    matches!(type_.first(), Some(b'L' | b'['))
}

/// Gives the fields of a class their offsets, from `start` on; returns where they end.
pub(super) fn place(fields: &mut [Field<'_>], start: u32, rules: Rules) -> u32 {
    match rules {
        Rules::Dalvik => place_dalvik(fields, start),
        Rules::Art5 => place_art5(fields, start),
        Rules::Art6 | Rules::Art7 => place_art(fields, start),
    }
}

/// Dalvik moves as few fields as it can: it swaps one that is in the way with the last one that fits.
fn place_dalvik(fields: &mut [Field<'_>], start: u32) -> u32 {
    let is_wide = |field: &Field<'_>| width(field.type_) == 8;
    let mut offset = start;
    let mut next = 0;
    let mut last = fields.len();
    while next < fields.len() {
        if !swap_from_end(fields, next, &mut last, |field| is_reference(field.type_)) {
            break;
        }
        put(fields, next, &mut offset, 4);
        next = next.saturating_add(1);
    }
    if next < fields.len() && offset & 4 != 0 {
        // One narrow field, so that the wide ones are aligned; or nothing.
        let mut last = fields.len();
        if swap_from_end(fields, next, &mut last, |field| !is_wide(field)) {
            put(fields, next, &mut offset, 4);
            next = next.saturating_add(1);
        } else {
            offset = offset.saturating_add(4);
        }
    }
    let mut last = fields.len();
    while next < fields.len() {
        swap_from_end(fields, next, &mut last, is_wide);
        let size = if fields.get(next).is_some_and(is_wide) {
            8
        } else {
            4
        };
        put(fields, next, &mut offset, size);
        next = next.saturating_add(1);
    }
    offset
}

/// Makes field `at` one that `wanted` takes, by a swap with the last such before `last`; whether it is one.
fn swap_from_end(
    fields: &mut [Field<'_>],
    at: usize,
    last: &mut usize,
    wanted: impl Fn(&Field<'_>) -> bool,
) -> bool {
    if fields.get(at).is_some_and(&wanted) {
        return true;
    }
    while let Some(candidate) = last.checked_sub(1).filter(|candidate| *candidate > at) {
        *last = candidate;
        if fields.get(candidate).is_some_and(&wanted) {
            fields.swap(at, candidate);
            return true;
        }
    }
    false
}

fn put(fields: &mut [Field<'_>], at: usize, offset: &mut u32, size: u32) {
    if let Some(field) = fields.get_mut(at) {
        field.offset = *offset;
    }
    *offset = offset.saturating_add(size);
}

/// References, then by size and type; within each in the order of the file, which is by name.
fn sort(fields: &mut [Field<'_>]) {
    let rank = |type_: &[u8]| match type_.first() {
        Some(b'L' | b'[') => 0,
        Some(b'J') => 1,
        Some(b'D') => 2,
        Some(b'I') => 3,
        Some(b'F') => 4,
        Some(b'C') => 5,
        Some(b'S') => 6,
        Some(b'Z') => 7,
        _ => 8,
    };
    fields.sort_by_key(|field| rank(field.type_));
}

/// Android 5: one narrow field goes in front of the wide ones where that aligns them.
fn place_art5(fields: &mut [Field<'_>], start: u32) -> u32 {
    fields.sort_by_key(|field| match is_reference(field.type_) {
        true => 0,
        false if width(field.type_) == 8 => 1,
        false => 2,
    });
    let references = fields.iter().filter(|field| is_reference(field.type_)).count();
    let mut offset = start;
    for at in 0..references {
        put(fields, at, &mut offset, 4);
    }
    let mut next = references;
    if next < fields.len() && offset & 4 != 0 {
        let narrow = fields.iter().skip(next).position(|field| width(field.type_) != 8);
        if let Some(narrow) = narrow {
            if let Some(range) = fields.get_mut(next..=next.saturating_add(narrow)) {
                range.rotate_right(1);
            }
            put(fields, next, &mut offset, 4);
            next = next.saturating_add(1);
        } else {
            offset = offset.saturating_add(4);
        }
    }
    for at in next..fields.len() {
        let size = fields.get(at).map_or(4, |field| width(field.type_).max(4));
        put(fields, at, &mut offset, size);
    }
    offset
}

/// Since Android 6: by size, and what alignment leaves is filled, largest gap first.
fn place_art(fields: &mut [Field<'_>], start: u32) -> u32 {
    sort(fields);
    let mut gaps: Vec<(u32, u32)> = Vec::new();
    let mut offset = start;
    for field in fields {
        let size = width(field.type_);
        let aligned = offset.checked_next_multiple_of(size).unwrap_or(offset);
        if aligned != offset {
            add_gap(&mut gaps, offset, aligned);
            offset = aligned;
        }
        // References are never put into a gap.
        let gap = match is_reference(field.type_) {
            true => None,
            false => widest(&gaps, size),
        };
        match gap.map(|i| gaps.swap_remove(i)) {
            Some((at, wide)) => {
                field.offset = at;
                let (from, to) = (at.saturating_add(size), at.saturating_add(wide));
                add_gap(&mut gaps, from, to);
            }
            None => {
                field.offset = offset;
                offset = offset.saturating_add(size);
            }
        }
    }
    offset
}

/// The widest gap that holds `size` bytes, of those the first.
fn widest(gaps: &[(u32, u32)], size: u32) -> Option<usize> {
    let best = gaps
        .iter()
        .enumerate()
        .max_by_key(|(_, (at, wide))| (*wide, u32::MAX.saturating_sub(*at)));
    best.filter(|(_, (_, wide))| *wide >= size).map(|(i, _)| i)
}

/// Adds what is between two offsets, in pieces that are as wide as they are aligned.
fn add_gap(gaps: &mut Vec<(u32, u32)>, from: u32, to: u32) {
    let mut at = from;
    while at < to {
        let left = to.saturating_sub(at);
        let wide = match () {
            () if left >= 4 && at & 3 == 0 => 4,
            () if left >= 2 && at & 1 == 0 => 2,
            () => 1,
        };
        gaps.push((at, wide));
        at = at.saturating_add(wide);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_fields(rules: Rules, start: u32, types: &[&str], expect: &[(&str, u32)], end: u32) {
        let names: Vec<String> = (0..types.len()).map(|i| format!("f{i}")).collect();
        let mut fields: Vec<Field<'_>> = names
            .iter()
            .zip(types)
            .map(|(name, type_)| Field {
                name: name.as_bytes(),
                type_: type_.as_bytes(),
                offset: 0,
            })
            .collect();
        assert_eq!(place(&mut fields, start, rules), end);
        let mut found: Vec<_> = fields
            .iter()
            .map(|field| (std::str::from_utf8(field.name).unwrap(), field.offset))
            .collect();
        found.sort_unstable();
        assert_eq!(found, expect);
    }

    #[test]
    fn dalvik_swaps_references_to_the_front_and_aligns_what_is_wide() {
        check_fields(
            Rules::Dalvik,
            8,
            &["Z", "J", "La;", "I", "[I"],
            // The last reference comes first. The boolean was swapped with it, so it is the last.
            &[("f0", 28), ("f1", 16), ("f2", 12), ("f3", 24), ("f4", 8)],
            32,
        );
        check_fields(Rules::Dalvik, 12, &["J"], &[("f0", 16)], 24);
        check_fields(Rules::Dalvik, 12, &["J", "I"], &[("f0", 16), ("f1", 12)], 24);
    }

    #[test]
    fn android_5_gives_every_field_four_bytes_at_least() {
        check_fields(
            Rules::Art5,
            8,
            &["Z", "J", "La;", "B"],
            &[("f0", 12), ("f1", 16), ("f2", 8), ("f3", 24)],
            28,
        );
    }

    #[test]
    fn android_6_packs_by_size_and_fills_gaps() {
        check_fields(
            Rules::Art6,
            8,
            &["Z", "J", "La;", "B", "S", "I"],
            &[
                ("f0", 26),
                ("f1", 16),
                ("f2", 8),
                ("f3", 27),
                ("f4", 24),
                ("f5", 12),
            ],
            28,
        );
        // A superclass that ends at an odd place leaves gaps of one and two bytes.
        check_fields(
            Rules::Art7,
            13,
            &["Z", "La;", "C", "B", "Z"],
            &[("f0", 13), ("f1", 16), ("f2", 14), ("f3", 21), ("f4", 20)],
            22,
        );
    }
}
