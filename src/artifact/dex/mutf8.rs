//! Modified UTF-8.
//!
//! Spec: *Dalvik executable format*, "MUTF-8 encoding": NUL is `C0 80`, characters beyond the basic plane
//! are two surrogates of three bytes each, and a surrogate may stand alone.

use std::borrow::Cow;

/// The text of a string, borrowed where MUTF-8 and UTF-8 agree. Lone surrogates and bytes that no
/// sequence accounts for become U+FFFD.
pub fn mutf8(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(decode(bytes)),
    }
}

fn decode(bytes: &[u8]) -> String {
    let units = Units { rest: bytes };
    let mut text = String::with_capacity(bytes.len());
    text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    text
}

/// The UTF-16 units of a string. Bytes that break the encoding are U+FFFD, one each.
pub fn units(bytes: &[u8]) -> impl Iterator<Item = u16> {
    Units { rest: bytes }
}

/// UTF-16 units as a string: what [`units`] reads again.
pub fn to_mutf8(units: &[u16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(units.len());
    for unit in units {
        let six = |shift: u32| {
            let [bits, _] = (unit.wrapping_shr(shift) & 0x3f).to_le_bytes();
            0x80 | bits
        };
        let [low, high] = unit.to_le_bytes();
        match unit {
            1..0x80 => out.push(low),
            0 | 0x80..0x800 => out.extend([0x40 | six(6), six(0)]),
            _ => out.extend([0xe0 | high.wrapping_shr(4), six(6), six(0)]),
        }
    }
    out
}

/// The UTF-16 units of a string. Bytes that break the encoding are U+FFFD, one each.
#[derive(Debug, Clone)]
pub(super) struct Units<'a> {
    pub(super) rest: &'a [u8],
}

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let (unit, len) = match *self.rest {
            [] => return None,
            [a @ 0..0x80, ..] => (u16::from(a), 1),
            [a @ 0xc0..0xe0, b @ 0x80..0xc0, ..] => (tail(u16::from(a & 0x1f), b), 2),
            [a @ 0xe0..0xf0, b @ 0x80..0xc0, c @ 0x80..0xc0, ..] => (tail(tail(u16::from(a & 0xf), b), c), 3),
            _ => (0xfffd, 1),
        };
        self.rest = self.rest.get(len..).unwrap_or_default();
        Some(unit)
    }
}

fn tail(head: u16, byte: u8) -> u16 {
    head.wrapping_shl(6) | u16::from(byte & 0x3f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_utf8_is_borrowed() {
        assert!(matches!(
            mutf8("https://grüße.example".as_bytes()),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn nul_and_surrogate_pairs_are_decoded() {
        assert_eq!(mutf8(b"a\xc0\x80b"), "a\0b");
        assert_eq!(mutf8(b"\xed\xa0\xbd\xed\xb8\x80!"), "\u{1f600}!");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        let bytes = to_mutf8(&all);
        assert_eq!(units(&bytes).collect::<Vec<_>>(), all);
        assert_eq!(
            to_mutf8(&[0x61, 0, 0xfc, 0xd83d, 0xde00]),
            b"a\xc0\x80\xc3\xbc\xed\xa0\xbd\xed\xb8\x80"
        );
    }

    #[test]
    fn a_lone_surrogate_and_a_stray_byte_are_replaced() {
        assert_eq!(mutf8(b"\xed\xa0\xbdx"), "\u{fffd}x");
        assert_eq!(mutf8(b"a\xffb\xc3"), "a\u{fffd}b\u{fffd}");
    }
}
