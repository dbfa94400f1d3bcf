//! LEB128 numbers, as dex packs them.
//!
//! Spec: Android *Dalvik executable format*, "LEB128". A number has at most five bytes; the fifth is
//! the last one whatever its high bit says, as in ART's `DecodeUnsignedLeb128`.

/// Reads LEB128 numbers in place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leb<'a> {
    rest: &'a [u8],
    /// Length of the file that `rest` is the tail of, to tell offsets.
    len: usize,
}

impl<'a> Leb<'a> {
    /// A reader at byte `at` of `data`; beyond the end it has nothing to read.
    pub(super) fn at(data: &'a [u8], at: usize) -> Self {
        Self {
            rest: data.get(at..).unwrap_or_default(),
            len: data.len(),
        }
    }

    /// Bytes from the start of the file.
    pub(super) fn position(&self) -> usize {
        self.len.saturating_sub(self.rest.len())
    }

    /// What is left of the file.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next byte.
    #[inline]
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// The next `n` bytes.
    #[inline]
    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(head)
    }

    /// The next unsigned number. Bits beyond the 32nd are lost, as on the device.
    #[inline]
    pub(super) fn unsigned(&mut self) -> Option<u32> {
        let (&byte, rest) = self.rest.split_first()?;
        if byte < 0x80 {
            self.rest = rest;
            return Some(u32::from(byte));
        }
        self.long().map(|(value, _)| value)
    }

    /// The next signed number.
    #[inline]
    pub(super) fn signed(&mut self) -> Option<i32> {
        let (value, bits) = self.long()?;
        let spare = 32_u32.saturating_sub(bits);
        Some(value.wrapping_shl(spare).cast_signed().wrapping_shr(spare))
    }

    /// A number of any length, and how many bits were read (at most 32).
    fn long(&mut self) -> Option<(u32, u32)> {
        let mut value = 0_u32;
        let mut bits = 0_u32;
        loop {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f).wrapping_shl(bits);
            bits = bits.saturating_add(7);
            if byte < 0x80 || bits >= 35 {
                return Some((value, bits.min(32)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsigned(bytes: &[u8]) -> Option<(u32, usize)> {
        let mut leb = Leb::at(bytes, 0);
        leb.unsigned().map(|value| (value, leb.position()))
    }

    fn signed(bytes: &[u8]) -> Option<i32> {
        Leb::at(bytes, 0).signed()
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        assert_eq!(unsigned(&[0]), Some((0, 1)));
        assert_eq!(unsigned(&[0x7f]), Some((127, 1)));
        assert_eq!(unsigned(&[0x80, 0x7f]), Some((16256, 2)));
        assert_eq!(signed(&[0]), Some(0));
        assert_eq!(signed(&[1]), Some(1));
        assert_eq!(signed(&[0x7f]), Some(-1));
        assert_eq!(signed(&[0x80, 0x7f]), Some(-128));
        assert_eq!(signed(&[0x80, 0x80, 0x80, 0x80, 0x78]), Some(i32::MIN));
    }

    #[test]
    fn a_fifth_byte_is_the_last_one() {
        assert_eq!(
            unsigned(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            Some((u32::MAX, 5))
        );
    }

    #[test]
    fn a_number_that_is_cut_off_is_none() {
        assert_eq!(unsigned(&[]), None);
        assert_eq!(unsigned(&[0x80]), None);
    }
}
