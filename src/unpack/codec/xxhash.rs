//! xxHash, 32 bits, seed 0: the sums in LZ4 frames.
//!
//! Spec: `xxhash_spec.md` 0.1.1 of the xxHash project, "XXH32 algorithm description".

const PRIMES: [u32; 5] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1];
/// Bytes that the four lanes take at once.
const STRIPE: usize = 16;

/// The sum of `data`.
pub(in crate::unpack) fn xxh32(data: &[u8]) -> u32 {
    let mut sum = Xxh32::new();
    sum.update(data);
    sum.sum()
}

/// A sum that is being made.
pub(super) struct Xxh32 {
    lanes: [u32; 4],
    /// What does not fill a stripe yet.
    rest: [u8; STRIPE],
    filled: usize,
    total: u64,
}

impl Xxh32 {
    pub(super) fn new() -> Self {
        let [first, second, ..] = PRIMES;
        Self {
            lanes: [first.wrapping_add(second), second, 0, 0_u32.wrapping_sub(first)],
            rest: [0; STRIPE],
            filled: 0,
            total: 0,
        }
    }

    pub(super) fn update(&mut self, mut data: &[u8]) {
        self.total = self.total.wrapping_add(super::wide(data.len()));
        if self.filled > 0 {
            let room = self.rest.get_mut(self.filled..).unwrap_or_default();
            let n = room.len().min(data.len());
            let (now, later) = data.split_at(n);
            if let Some(room) = room.get_mut(..n) {
                room.copy_from_slice(now);
            }
            data = later;
            self.filled = self.filled.saturating_add(n);
            if self.filled < STRIPE {
                return;
            }
            let stripe = self.rest;
            self.stripe(&stripe);
            self.filled = 0;
        }
        let (stripes, rest) = data.as_chunks::<STRIPE>();
        for stripe in stripes {
            self.stripe(stripe);
        }
        if let Some(to) = self.rest.get_mut(..rest.len()) {
            to.copy_from_slice(rest);
        }
        self.filled = rest.len();
    }

    fn stripe(&mut self, stripe: &[u8; STRIPE]) {
        let [first, second, ..] = PRIMES;
        for (lane, word) in self.lanes.iter_mut().zip(stripe.as_chunks::<4>().0) {
            let word = u32::from_le_bytes(*word);
            *lane = lane
                .wrapping_add(word.wrapping_mul(second))
                .rotate_left(13)
                .wrapping_mul(first);
        }
    }

    pub(super) fn sum(&self) -> u32 {
        let [first, second, third, fourth, fifth] = PRIMES;
        let mut sum = if self.total >= super::wide(STRIPE) {
            let [a, b, c, d] = self.lanes;
            a.rotate_left(1)
                .wrapping_add(b.rotate_left(7))
                .wrapping_add(c.rotate_left(12))
                .wrapping_add(d.rotate_left(18))
        } else {
            fifth
        };
        // The length counts modulo 2^32.
        let [a, b, c, d, ..] = self.total.to_le_bytes();
        sum = sum.wrapping_add(u32::from_le_bytes([a, b, c, d]));
        let (words, bytes) = self.rest.get(..self.filled).unwrap_or_default().as_chunks::<4>();
        for word in words {
            sum = sum
                .wrapping_add(u32::from_le_bytes(*word).wrapping_mul(third))
                .rotate_left(17)
                .wrapping_mul(fourth);
        }
        for byte in bytes {
            sum = sum
                .wrapping_add(u32::from(*byte).wrapping_mul(fifth))
                .rotate_left(11)
                .wrapping_mul(first);
        }
        sum ^= sum >> 15;
        sum = sum.wrapping_mul(second);
        sum ^= sum >> 13;
        sum = sum.wrapping_mul(third);
        sum ^ (sum >> 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(data: &[u8], step: usize) -> u32 {
        let mut sum = Xxh32::new();
        for part in data.chunks(step) {
            sum.update(part);
        }
        sum.sum()
    }

    #[test]
    fn sums_are_those_of_the_specification() {
        assert_eq!(sum(b"", 1), 0x02cc_5d05);
        assert_eq!(sum(b"a", 1), 0x550d_7456);
        assert_eq!(sum(b"abc", 1), 0x32d1_53ff);
        assert_eq!(sum(b"Nobody inspects the spammish repetition", 100), 0xe229_3b2f);
    }

    #[test]
    fn a_sum_does_not_depend_on_how_it_was_fed() {
        let data: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for step in [1, 3, 15, 16, 17, 999] {
            assert_eq!(sum(&data, step), sum(&data, 1000), "{step}");
        }
    }
}
