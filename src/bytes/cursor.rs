//! A reader of fields that cannot panic.

use super::wide;
use super::{Gap, Kind};

/// Reads little-endian fields in file order; every read names its field, which is the error text.
///
/// Offsets are bytes from the start of the slice it was made with. A read past the end returns
/// [`Kind::Truncated`] and leaves the position where it was.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    format: &'static str,
    data: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `data`; `format` names the format in its gaps.
    pub fn new(format: &'static str, data: &'a [u8]) -> Self {
        Self { format, data, at: 0 }
    }

    /// A cursor at byte `at` of `data`. Beyond the end, every read is a gap.
    pub fn at(format: &'static str, data: &'a [u8], at: usize) -> Self {
        Self { format, data, at }
    }

    /// Bytes from the start of the slice.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.data.len().saturating_sub(self.at)
    }

    /// The rest of the slice, from here on.
    pub fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    /// Moves to byte `at`, which may lie beyond the end: the next read says so.
    pub fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// The next `n` bytes, borrowed.
    pub fn take(&mut self, what: &'static str, n: usize) -> Result<&'a [u8], Gap> {
        let end = self.at.saturating_add(n);
        match self.data.get(self.at..end) {
            Some(bytes) => {
                self.at = end;
                Ok(bytes)
            }
            None => Err(self.short(what, n)),
        }
    }

    /// Skips `n` bytes.
    pub fn skip(&mut self, what: &'static str, n: usize) -> Result<(), Gap> {
        self.take(what, n).map(|_| ())
    }

    /// The next `N` bytes, by value.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Gap> {
        match self.data.get(self.at..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(bytes) => {
                self.at = self.at.saturating_add(N);
                Ok(*bytes)
            }
            None => Err(self.short(what, N)),
        }
    }

    /// An unsigned byte.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, Gap> {
        self.array::<1>(what).map(|[b]| b)
    }

    /// An unsigned 16-bit field.
    pub fn u16(&mut self, what: &'static str) -> Result<u16, Gap> {
        self.array(what).map(u16::from_le_bytes)
    }

    /// An unsigned 32-bit field.
    pub fn u32(&mut self, what: &'static str) -> Result<u32, Gap> {
        self.array(what).map(u32::from_le_bytes)
    }

    /// An unsigned 64-bit field.
    pub fn u64(&mut self, what: &'static str) -> Result<u64, Gap> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A signed 32-bit field.
    pub fn i32(&mut self, what: &'static str) -> Result<i32, Gap> {
        self.array(what).map(i32::from_le_bytes)
    }

    /// A gap at the current position.
    pub fn gap(&self, what: &'static str, kind: Kind) -> Gap {
        Gap {
            format: self.format,
            at: wide(self.at),
            what: what.into(),
            kind,
        }
    }

    fn short(&self, what: &'static str, need: usize) -> Gap {
        self.gap(
            what,
            Kind::Truncated {
                need: wide(need),
                have: wide(self.left()),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_little_endian_and_in_order() {
        let mut c = Cursor::new("t", &[1, 2, 0, 4, 0, 0, 0, 9]);
        assert_eq!(c.u8("a"), Ok(1));
        assert_eq!(c.u16("b"), Ok(2));
        assert_eq!(c.u32("c"), Ok(4));
        assert_eq!(c.left(), 1);
    }

    #[test]
    fn a_read_past_the_end_names_the_field_and_moves_nothing() {
        let mut c = Cursor::new("t", &[1, 2, 3]);
        c.skip("x", 1).unwrap();
        assert_eq!(
            c.u32("size").unwrap_err().to_string(),
            "t: size at 0x1: truncated, needs 4 bytes, 2 left"
        );
        assert_eq!(c.position(), 1);
    }

    #[test]
    fn a_seek_beyond_the_end_is_a_gap_at_the_next_read() {
        let mut c = Cursor::new("t", &[1]);
        c.seek(usize::MAX);
        assert!(c.u8("x").is_err());
        assert_eq!(c.rest(), b"");
    }
}
