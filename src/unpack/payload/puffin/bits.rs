//! Bits, the lowest of a byte first, as deflate has them (RFC 1951, section 3.1.1).

/// Reads bits. Positions are in bits from the start of the data.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: u64,
    end: u64,
}

impl<'a> Bits<'a> {
    /// The bits from `at` to `end`, as far as `data` has them.
    pub(super) fn new(data: &'a [u8], at: u64, end: u64) -> Self {
        let all = u64::try_from(data.len()).unwrap_or(u64::MAX).saturating_mul(8);
        Self {
            data,
            at,
            end: end.min(all),
        }
    }

    pub(super) fn at(&self) -> u64 {
        self.at
    }

    pub(super) fn left(&self) -> u64 {
        self.end.saturating_sub(self.at)
    }

    /// The next 16 bits or more, zeros where there are none.
    pub(super) fn peek(&self) -> u32 {
        let from = usize::try_from(self.at >> 3).unwrap_or(usize::MAX);
        let rest = self.data.get(from..).unwrap_or_default();
        let mut word = [0; 4];
        for (to, from) in word.iter_mut().zip(rest) {
            *to = *from;
        }
        u32::from_le_bytes(word) >> (self.at & 7)
    }

    /// Goes `n` bits on; where there are not so many, the position where they end.
    pub(super) fn skip(&mut self, n: u64) -> Result<(), u64> {
        if n > self.left() {
            return Err(self.end);
        }
        self.at = self.at.saturating_add(n);
        Ok(())
    }

    /// The next `n` bits, 16 at most.
    pub(super) fn take(&mut self, n: u64) -> Result<u32, u64> {
        let bits = self.peek();
        self.skip(n)?;
        let mask = u32::try_from(n)
            .ok()
            .and_then(|n| 1_u32.checked_shl(n))
            .unwrap_or(0);
        Ok(bits & mask.wrapping_sub(1))
    }

    /// The next `n` bytes; it stands at the start of one.
    pub(super) fn bytes(&mut self, n: u64) -> Result<&'a [u8], u64> {
        let from = usize::try_from(self.at >> 3).unwrap_or(usize::MAX);
        self.skip(n.saturating_mul(8))?;
        let len = usize::try_from(n).unwrap_or(usize::MAX);
        self.data.get(from..from.saturating_add(len)).ok_or(self.end)
    }
}

/// Writes bits.
#[derive(Default)]
pub(super) struct Sink {
    out: Vec<u8>,
    /// Bits that are not a whole byte yet.
    word: u64,
    count: u32,
}

impl Sink {
    /// Bits written so far.
    pub(super) fn at(&self) -> u64 {
        let bytes = u64::try_from(self.out.len()).unwrap_or(u64::MAX);
        bytes.saturating_mul(8).saturating_add(self.count.into())
    }

    /// Writes the `n` lowest bits, 16 at most.
    pub(super) fn put(&mut self, bits: u64, n: u64) {
        let n = u32::try_from(n).unwrap_or(0).min(16);
        let mask = 1_u64.checked_shl(n).unwrap_or(0).wrapping_sub(1);
        self.word |= (bits & mask).checked_shl(self.count).unwrap_or(0);
        self.count = self.count.saturating_add(n);
        while self.count >= 8 {
            let [low, ..] = self.word.to_le_bytes();
            self.out.push(low);
            self.word >>= 8;
            self.count = self.count.saturating_sub(8);
        }
    }

    /// Writes bytes; it stands at the start of one.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// What was written, the last byte filled up with zeros.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.put(0, u64::from(8_u32.saturating_sub(self.count)));
        }
        self.out
    }
}
