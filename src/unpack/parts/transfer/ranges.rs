//! The lines of a list, and the range sets in them.

use crate::bytes::{Gap, wide};

use super::NAME;

/// Highest block number (`INT_MAX`, `RangeSet::Parse`).
pub(super) const LAST: u64 = 0x7fff_ffff;
/// Ours: ranges of one list. The most met are 300, of a full image; changes have some for each file.
const RANGES: usize = 1 << 18;

/// Half-open pairs, in blocks.
pub(in crate::unpack::parts) type Ranges = Vec<(u64, u64)>;

/// Blocks of a range set.
pub(in crate::unpack::parts) fn blocks(ranges: &[(u64, u64)]) -> u64 {
    let len = |(start, end): &(u64, u64)| end.saturating_sub(*start);
    ranges.iter().map(len).fold(0, u64::saturating_add)
}

/// The gap of a list with more ranges than any has.
pub(super) fn many(ranges: usize, at: u64) -> Option<Gap> {
    let (got, limit) = (wide(ranges), wide(RANGES));
    (got > limit).then(|| Gap::over(NAME, at, "ranges", got, limit, ""))
}

/// The pairs of a range set.
pub(in crate::unpack::parts) fn ranges(word: &[u8], at: u64) -> Result<Ranges, Gap> {
    let mut numbers = word.split(|b| *b == b',').map(decimal);
    let mut next = |what: &'static str| match numbers.next() {
        None => Ok(None),
        Some(Some(number)) if number <= LAST => Ok(Some(number)),
        Some(number) => Err(Gap::invalid(NAME, at, what, number.unwrap_or(u64::MAX))),
    };
    let count = next("range count")?.unwrap_or(0);
    let mut pairs = Vec::new();
    while let Some(start) = next("range start")? {
        let Some(end) = next("range end")? else {
            return Err(Gap::invalid(NAME, at, "range count", count));
        };
        if end <= start {
            return Err(Gap::invalid(NAME, at, "range end", end));
        }
        pairs.push((start, end));
        if let Some(gap) = many(pairs.len(), at) {
            return Err(gap);
        }
    }
    if count == 0 || wide(pairs.len()).saturating_mul(2) != count {
        return Err(Gap::invalid(NAME, at, "range count", count));
    }
    Ok(pairs)
}

/// A decimal number and nothing else.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, b| {
        let digit = b.checked_sub(b'0').filter(|digit| *digit < 10)?;
        sum.checked_mul(10)?.checked_add(digit.into())
    })
}

/// SHA-1, in hexadecimal digits.
pub(in crate::unpack::parts) fn sum(text: &[u8]) -> Option<[u8; 20]> {
    let mut sum = [0; 20];
    if text.len() != 40 {
        return None;
    }
    for (byte, pair) in sum.iter_mut().zip(text.chunks(2)) {
        let digit = |n: usize| pair.get(n).and_then(|b| char::from(*b).to_digit(16));
        let value = digit(0)?.checked_mul(16)?.checked_add(digit(1)?)?;
        *byte = u8::try_from(value).ok()?;
    }
    Some(sum)
}

/// Lines of a text, and where they begin.
pub(super) struct Lines<'a> {
    pub(super) text: &'a [u8],
    next: usize,
    pub(super) line: &'a [u8],
    pub(super) at: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            next: 0,
            line: &[],
            at: 0,
        }
    }

    /// Goes to the next line; `false` at the end.
    pub(super) fn next(&mut self) -> bool {
        let rest = self.text.get(self.next..).unwrap_or_default();
        if rest.is_empty() {
            return false;
        }
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.line = rest.get(..len).unwrap_or_default();
        self.line = self.line.strip_suffix(b"\r").unwrap_or(self.line);
        self.at = wide(self.next);
        self.next = self.next.saturating_add(len).saturating_add(1);
        true
    }

    /// Back to the start of this line.
    pub(super) fn back(&mut self) {
        self.next = usize::try_from(self.at).unwrap_or(self.next);
    }

    pub(super) fn number(&mut self, what: &'static str) -> Result<u64, Gap> {
        if !self.next() {
            let at = wide(self.text.len());
            self.at = at;
            return Err(Gap::truncated(NAME, at, what, 1, 0));
        }
        let first = self.line.first().copied().unwrap_or(0);
        decimal(self.line).ok_or_else(|| Gap::invalid(NAME, self.at, what, first.into()))
    }
}
