//! What strings must be: how they are encoded and sorted, and which of them can name a type.

use std::cmp::Ordering;
use std::sync::LazyLock;

use super::super::mutf8::Units;

/// Whether all bytes are ASCII but NUL. Without a branch per byte, so that it runs in vectors.
pub(super) fn is_plain(text: &[u8]) -> bool {
    let (blocks, tail) = text.as_chunks::<16>();
    let mut right = true;
    for block in blocks {
        right &= block
            .iter()
            .fold(true, |right, byte| right & (byte.wrapping_sub(1) < 0x7f));
    }
    tail.iter()
        .fold(right, |right, byte| right & (byte.wrapping_sub(1) < 0x7f))
}

/// Number of UTF-16 units, and whether the encoding is what Android takes: no four-byte sequences, no
/// stray bytes, no character in more bytes than it needs (NUL in two is right).
pub(super) fn measure(bytes: &[u8]) -> (usize, bool) {
    let mut count = 0_usize;
    let mut valid = true;
    let mut units = Units { rest: bytes };
    loop {
        let before = units.rest;
        let Some(unit) = units.next() else {
            return (count, valid);
        };
        count = count.saturating_add(1);
        let len = before.len().saturating_sub(units.rest.len());
        valid &= match len {
            1 => unit < 0x80,
            2 => unit == 0 || unit >= 0x80,
            _ => unit >= 0x800,
        };
    }
}

/// Whether `a` sorts before `b` by UTF-16 units.
pub(super) fn ascends(a: &[u8], b: &[u8]) -> bool {
    let shared = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let differ = a.get(shared).zip(b.get(shared));
    match differ {
        None => a.len() < b.len(),
        Some((&x, &y)) if x < 0x80 && y < 0x80 => x < y,
        // Lead bytes rise with the unit, except that NUL is written as C0 80; and a difference inside a
        // sequence is one of bits of the same weight.
        Some((&x, &y)) if x != 0xc0 && y != 0xc0 => x < y,
        Some(_) => Units { rest: a }.cmp(Units { rest: b }) == Ordering::Less,
    }
}

/// Whether a type descriptor has the form that the format wants: a letter, or a class name in simple
/// parts, with at most 255 dimensions.
pub(super) fn is_descriptor(text: &[u8]) -> bool {
    let dims = text.iter().take_while(|&&byte| byte == b'[').count();
    match text.get(dims..).unwrap_or_default() {
        [b'V'] => dims == 0,
        [b'Z' | b'B' | b'S' | b'C' | b'I' | b'J' | b'F' | b'D'] => dims <= 255,
        [b'L', name @ .., b';'] => dims <= 255 && is_name(name),
        _ => false,
    }
}

/// "FullClassName": "SimpleName"s with `/` between them. No punctuation that a path, a signature or a
/// terminal gives a meaning to.
fn is_name(name: &[u8]) -> bool {
    // One look-up per byte, and no branch: names are half of what there is to check.
    let classes = name
        .iter()
        .fold(0, |all, byte| all | CLASS.get(usize::from(*byte)).unwrap_or(&BAD));
    if classes & BAD != 0 {
        return false;
    }
    let after = name.iter().skip(1);
    let empty_part = name
        .iter()
        .zip(after)
        .fold(false, |any, pair| any | (pair == (&b'/', &b'/')));
    let whole = !matches!(name, [] | [b'/', ..] | [.., b'/']) && !empty_part;
    whole && (classes & BEYOND == 0 || Units { rest: name }.all(is_simple_unit))
}

/// Not allowed in a name.
const BAD: u8 = 1;
/// Beyond ASCII.
const BEYOND: u8 = 2;

/// What a byte may be in a name.
static CLASS: LazyLock<[u8; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| match u8::try_from(byte) {
        Ok(b'/' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'$' | b'-' | b'_' | b' ') => 0,
        Ok(0x80..) => BEYOND,
        _ => BAD,
    })
});

/// The part of "SimpleNameChar" beyond ASCII.
fn is_simple_unit(unit: u16) -> bool {
    !matches!(unit, 0x80..=0x9f | 0x200b..=0x200f | 0x2011..=0x2026 | 0x2028..=0x202e | 0x2030..=0x206f | 0xfff0..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_that_look_like_paths_or_hide_text_are_invalid() {
        for right in ["V", "[[I", "La;", "La/b$1;", "[L-$$Lambda$x;", "Lü/ñ;"] {
            assert!(is_descriptor(right.as_bytes()), "{right}");
        }
        for wrong in [
            "",
            "[V",
            "L;",
            "L../../x;",
            "L/tmp/x;",
            "La",
            "Q",
            "La\u{1b};",
            "La\u{202e}b;",
            "La.b;",
        ] {
            assert!(!is_descriptor(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn encodings_that_android_refuses_are_told_apart() {
        assert_eq!(measure(b"a\xc0\x80"), (2, true));
        assert_eq!(measure(b"\xed\xa0\x80"), (1, true));
        assert!(!measure(b"\xff").1);
        assert!(!measure(b"\xc3").1);
        assert!(!measure(b"\xc1\x81").1);
        assert!(!measure("\u{1f600}".as_bytes()).1);
    }

    #[test]
    fn order_is_that_of_utf16_units() {
        assert!(ascends(b"a", b"ab"));
        assert!(!ascends(b"ab", b"ab"));
        assert!(ascends(b"\xc0\x80", b"a"));
        // U+1F600 is D83D DE00, before U+FF5E.
        assert!(ascends(b"\xed\xa0\xbd\xed\xb8\x80", "\u{ff5e}".as_bytes()));
    }
}
