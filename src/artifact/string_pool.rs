//! The string pool of binary XML and resource tables.
//!
//! Spec: `ResStringPool_header` of AOSP `ResourceTypes.h`; read as `ResStringPool` of androidfw
//! (Android 14) does: strings are decoded one by one, when somebody asks, by index. What a pool
//! declares for strings that nobody asks for does not matter.

use std::borrow::Cow;

use super::chunk::{Chunk, index, u16_at, u32_at, wide};
use crate::bytes::{Cursor, Gap};

/// Bytes of a `ResStringPool_header`.
const HEADER: usize = 28;
/// How often the length of a string may have overflowed its 15 bits: strings of up to 2 MiB.
const MAX_WRAPS: usize = 64;
/// How often over the bytes of a pool may be given as strings before overlaps are cut off. Sound pools
/// need 1; pools that share the ends of strings a little more.
const MAX_OVERLAP: usize = 8;
/// Characters of a name in a label; names are the input's, and may be as long as it likes.
const MAX_LABEL: usize = 200;
/// Strings are UTF-8, not UTF-16.
const FLAG_UTF8: u32 = 1 << 8;

/// A string pool: offsets and data, borrowed. Nothing is decoded until asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct StringPool<'a> {
    /// Offsets of the strings, four bytes each, from the start of `strings`.
    offsets: &'a [u8],
    strings: &'a [u8],
    /// Offset in bytes of `strings` from the start of the file.
    at: usize,
    utf8: bool,
    count: u32,
}

/// A string of a pool, borrowed and not yet decoded.
#[derive(Debug, Clone, Copy)]
pub struct PoolStr<'a> {
    data: &'a [u8],
    utf8: bool,
}

impl<'a> StringPool<'a> {
    /// Reads a pool's header. Where Android refuses the pool, a gap says so and what lies inside the
    /// chunk is read all the same.
    pub(super) fn read(format: &'static str, chunk: &Chunk<'a>, gaps: &mut Vec<Gap>) -> Self {
        let mut c = Cursor::at(format, chunk.data, super::chunk::HEADER);
        let mut field = |what| c.u32(what).unwrap_or_default();
        let count = field("stringCount");
        let styles = field("styleCount");
        let flags = field("flags");
        let strings_start = index(field("stringsStart"));
        let styles_start = index(field("stylesStart"));
        let size = chunk.data.len();
        let invalid = |what: &'static str, got: u64| Gap::invalid(format, wide(chunk.at), what, got);

        let before = gaps.len();
        if chunk.header < HEADER {
            gaps.push(invalid("string pool header size", wide(chunk.header)));
        }
        let utf8 = flags & FLAG_UTF8 != 0;
        let offsets_end = chunk.header.saturating_add(index(count).saturating_mul(4));
        if offsets_end > size {
            gaps.push(invalid("stringCount", u64::from(count)));
        }
        // Two bytes of length and terminator are the smallest string.
        if count > 0 && strings_start >= size.saturating_sub(2) {
            gaps.push(invalid("stringsStart", wide(strings_start)));
        }
        let mut strings_end = size;
        if styles > 0 {
            let style_offsets_end = offsets_end.saturating_add(index(styles).saturating_mul(4));
            if style_offsets_end > size {
                gaps.push(invalid("styleCount", u64::from(styles)));
            }
            if styles_start <= strings_start || styles_start >= size.saturating_sub(2) {
                gaps.push(invalid("stylesStart", wide(styles_start)));
            } else {
                strings_end = styles_start;
            }
        }
        let strings = chunk.data.get(strings_start..strings_end).unwrap_or_default();
        let terminated = if utf8 {
            strings.last().is_none_or(|b| *b == 0)
        } else {
            u16_at(strings, (strings.len() & !1).saturating_sub(2)).is_none_or(|u| u == 0)
        };
        if count > 0 && !terminated {
            gaps.push(invalid("terminator of the last string", 1));
        }
        if gaps.len() == before && offsets_end > strings_start && count > 0 {
            gaps.push(Gap::odd(format, wide(chunk.at), "stringCount", u64::from(count)));
        }
        Self {
            offsets: chunk
                .data
                .get(chunk.header..offsets_end.min(size))
                .unwrap_or_default(),
            strings,
            at: chunk.at.saturating_add(strings_start),
            utf8,
            count,
        }
    }

    /// `stringCount`: may be more than the pool holds.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Indices for which the pool has an offset, bounded by its bytes.
    pub fn len(&self) -> u32 {
        u32::try_from(self.offsets.len() >> 2)
            .unwrap_or(u32::MAX)
            .min(self.count)
    }

    /// Whether the pool has no string.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of string data.
    pub fn bytes(&self) -> usize {
        self.strings.len()
    }

    /// Offset in bytes of string `i` from the start of the pool's string data: two indices with the
    /// same offset are the same string.
    pub fn offset(&self, i: u32) -> Option<usize> {
        if i >= self.count {
            return None;
        }
        u32_at(self.offsets, index(i).checked_mul(4)?).map(index)
    }

    /// String `i` as Android reads it; `None` where Android finds no string.
    pub fn get(&self, i: u32) -> Option<PoolStr<'a>> {
        self.at_offset(self.offset(i)?)
    }

    /// String `i`, or why there is none.
    pub(super) fn check(&self, format: &'static str, i: u32) -> Result<PoolStr<'a>, Gap> {
        match self.offset(i) {
            // Reads as null on the device: there was nothing to lose.
            None => Err(Gap::odd(format, wide(self.at), "string index", u64::from(i))),
            Some(offset) => self.at_offset(offset).ok_or_else(|| {
                Gap::invalid(
                    format,
                    wide(self.at.saturating_add(offset)),
                    "string",
                    u64::from(i),
                )
            }),
        }
    }

    /// The string whose length field is `offset` bytes into the string data.
    fn at_offset(&self, offset: usize) -> Option<PoolStr<'a>> {
        let data = if self.utf8 {
            self.narrow(offset)
        } else {
            self.utf16(offset & !1)
        };
        Some(PoolStr {
            data: data?,
            utf8: self.utf8,
        })
    }

    fn narrow(&self, offset: usize) -> Option<&'a [u8]> {
        let (_, offset) = length8(self.strings, offset)?; // in UTF-16 units, of no use here
        let (len, offset) = length8(self.strings, offset)?;
        let rest = self.strings.get(offset..)?;
        if rest.get(len) == Some(&0) {
            return rest.get(..len);
        }
        // aapt cut lengths above 0x7fff to 15 bits: the terminator is some multiple of that further on.
        let real = (1..=MAX_WRAPS)
            .map(|k| len.saturating_add(k << 15))
            .find(|end| rest.get(*end) == Some(&0))?;
        rest.get(..real)
    }

    fn utf16(&self, offset: usize) -> Option<&'a [u8]> {
        let high = u16_at(self.strings, offset)?;
        let mut offset = offset.saturating_add(2);
        let mut units = usize::from(high);
        if high & 0x8000 != 0 {
            let low = u16_at(self.strings, offset)?;
            offset = offset.saturating_add(2);
            units = (usize::from(high & 0x7fff) << 16) | usize::from(low);
        }
        let end = offset.checked_add(units.checked_mul(2)?)?;
        if u16_at(self.strings, end)? != 0 {
            return None;
        }
        self.strings.get(offset..end)
    }
}

/// A one- or two-byte length, and the offset after it.
fn length8(data: &[u8], offset: usize) -> Option<(usize, usize)> {
    let high = *data.get(offset)?;
    let offset = offset.saturating_add(1);
    if high & 0x80 == 0 {
        return Some((usize::from(high), offset));
    }
    let low = *data.get(offset)?;
    Some((
        (usize::from(high & 0x7f) << 8) | usize::from(low),
        offset.saturating_add(1),
    ))
}

impl<'a> PoolStr<'a> {
    /// The string; what is not valid Unicode becomes U+FFFD.
    pub fn text(&self) -> Cow<'a, str> {
        if self.utf8 {
            return String::from_utf8_lossy(self.data);
        }
        let units = self
            .data
            .as_chunks::<2>()
            .0
            .iter()
            .map(|u| u16::from_le_bytes(*u));
        Cow::Owned(
            char::decode_utf16(units)
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
        )
    }

    /// The string's UTF-8 bytes: borrowed from the pool, or written to `scratch` when the pool is
    /// UTF-16.
    pub fn utf8<'s>(&self, scratch: &'s mut Vec<u8>) -> &'s [u8]
    where
        'a: 's,
    {
        if self.utf8 {
            return self.data;
        }
        scratch.clear();
        let units = self.data.as_chunks::<2>().0;
        if self.is_ascii() {
            scratch.extend(units.iter().map(|[low, _]| *low));
        } else {
            scratch.extend_from_slice(self.text().as_bytes());
        }
        scratch
    }

    /// Whether the string is well-formed: not so one of a UTF-8 pool that holds other bytes. Old tools wrote what is
    /// beyond 16 bits as two surrogates of three bytes each; those count as characters.
    pub fn is_sound(&self) -> bool {
        let mut rest = self.data;
        while self.utf8
            && let Err(e) = str::from_utf8(rest)
        {
            let bad = rest.get(e.valid_up_to()..).unwrap_or_default();
            match bad {
                [0xed, 0xa0..=0xbf, 0x80..=0xbf, after @ ..] => rest = after,
                _ => return false,
            }
        }
        true
    }

    /// Whether the string is `text`, without decoding it.
    pub fn is(&self, text: &str) -> bool {
        if self.utf8 {
            return self.data == text.as_bytes();
        }
        let units = self
            .data
            .as_chunks::<2>()
            .0
            .iter()
            .map(|u| u16::from_le_bytes(*u));
        units.eq(text.encode_utf16())
    }

    /// The string as part of a label, cut where it is long.
    pub fn label(&self) -> String {
        if self.size() <= MAX_LABEL {
            return self.text().into_owned();
        }
        let head = Self {
            data: self.data.get(..MAX_LABEL).unwrap_or_default(),
            utf8: self.utf8,
        };
        format!("{}…", head.text().trim_end_matches(char::REPLACEMENT_CHARACTER))
    }

    /// Bytes in the pool, without length and terminator.
    pub fn size(&self) -> usize {
        self.data.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    fn is_ascii(&self) -> bool {
        if self.utf8 {
            return self.data.is_ascii();
        }
        // No early exit, so that the compiler can use wide registers.
        self.data
            .as_chunks::<2>()
            .0
            .iter()
            .fold(0_u16, |acc, u| acc | u16::from_le_bytes(*u))
            < 0x80
    }
}

/// Gives each string of a pool once, however many values refer to it, and stops where strings overlap
/// so much that a short pool would be any amount of text.
#[derive(Debug, Clone)]
pub(super) struct Once<'a> {
    pool: StringPool<'a>,
    /// One bit for each byte of string data: set where a string begins that was given.
    seen: Vec<u64>,
    /// Bytes that may still be given.
    left: usize,
}

impl<'a> Once<'a> {
    pub(super) fn new(pool: StringPool<'a>) -> Self {
        let bytes = pool.bytes();
        Self {
            pool,
            seen: vec![0; bytes.div_ceil(64)],
            left: bytes.saturating_mul(MAX_OVERLAP),
        }
    }

    pub(super) fn pool(&self) -> &StringPool<'a> {
        &self.pool
    }

    /// String `i`, or why there is none; `None` when it was given before.
    pub(super) fn take(&mut self, format: &'static str, i: u32) -> Option<Result<PoolStr<'a>, Gap>> {
        let offset = self.pool.offset(i).unwrap_or(usize::MAX);
        if let Some(word) = self.seen.get_mut(offset >> 6) {
            let bit = 1 << (offset & 63);
            if *word & bit != 0 {
                return None;
            }
            *word |= bit;
        }
        Some(self.pool.check(format, i).and_then(|string| {
            // Two bytes at least, so that a million empty strings end, too.
            match self.left.checked_sub(string.size().max(2)) {
                Some(left) => {
                    self.left = left;
                    Ok(string)
                }
                None => {
                    let limit = wide(self.pool.bytes().saturating_mul(MAX_OVERLAP));
                    Err(Gap::over(
                        format,
                        0,
                        "overlapping strings",
                        limit.saturating_add(1),
                        limit,
                        "",
                    ))
                }
            }
        }))
    }
}
