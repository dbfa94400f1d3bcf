//! The two sums of the header: one that Android checks, and one that nobody does.

use sha1::{Digest, Sha1};

use crate::bytes::{Gap, wide};

use super::{Dex, FORMAT};

impl Dex<'_> {
    /// Whether the checksum of the header is right. Android checks it before it loads a dex from an
    /// APK; this reads every byte, so it is no part of [`Dex::open`]. A compact dex keeps the checksum of
    /// the dex that it was made from: there is nothing to compare it with.
    pub fn checksum(&self) -> Result<(), Gap> {
        if self.header.compact.is_some() {
            return Ok(());
        }
        let sum = adler32(self.bytes().get(12..).unwrap_or_default());
        if sum == self.header.checksum {
            return Ok(());
        }
        let at = wide(self.at).saturating_add(8);
        Err(Gap::odd(FORMAT, at, "checksum", u64::from(self.header.checksum)))
    }

    /// Whether the file is, byte for byte, what the signature of the header was made of. Android never
    /// asks; whoever compares two files does. Reads every byte.
    pub fn is_original(&self) -> bool {
        let signed = self.bytes().get(SIGNED_FROM..);
        let sum = |bytes| <[u8; 20]>::from(Sha1::digest(bytes));
        self.header.compact.is_none() && signed.is_some_and(|bytes| sum(bytes) == self.header.signature)
    }
}

/// Bytes before what the signature covers: magic, checksum and the signature itself.
const SIGNED_FROM: usize = 32;

/// Adler-32 (RFC 1950, section 8.2), sixteen bytes at a time: each lane sums every sixteenth byte, which
/// the compiler turns into vector instructions.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u64 = 65521;
    let (mut a, mut b) = (1_u64, 0_u64);
    // 347 blocks of 16 bytes: zlib's NMAX of 5552 bytes, for which no lane overflows.
    for run in bytes.chunks(5552) {
        let (blocks, tail) = run.as_chunks::<16>();
        let mut sums = [0_u32; 16];
        let mut sums_of_sums = [0_u32; 16];
        for block in blocks {
            for ((sum, sum_of_sums), &byte) in sums.iter_mut().zip(&mut sums_of_sums).zip(block) {
                *sum_of_sums = sum_of_sums.wrapping_add(*sum);
                *sum = sum.wrapping_add(u32::from(byte));
            }
        }
        b = b.wrapping_add(a.wrapping_mul(wide(blocks.len()).wrapping_mul(16)));
        for ((&sum, &sum_of_sums), weight) in sums.iter().zip(&sums_of_sums).zip((1..=16_u64).rev()) {
            a = a.wrapping_add(u64::from(sum));
            b = b.wrapping_add(u64::from(sum_of_sums).wrapping_mul(16));
            b = b.wrapping_add(u64::from(sum).wrapping_mul(weight));
        }
        for &byte in tail {
            a = a.wrapping_add(u64::from(byte));
            b = b.wrapping_add(a);
        }
        a = a.wrapping_rem(MODULUS);
        b = b.wrapping_rem(MODULUS);
    }
    // Both are below 2^16 here.
    u32::try_from(b.wrapping_shl(16) | a).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::adler32;

    #[test]
    fn adler_is_that_of_the_rfc() {
        assert_eq!(adler32(b""), 1);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        let long: Vec<u8> = (0..100_000_u32).map(|i| i.to_le_bytes()[0]).collect();
        let (mut a, mut b) = (1_u32, 0_u32);
        for &byte in &long {
            a = (a + u32::from(byte)) % 65521;
            b = (b + a) % 65521;
        }
        assert_eq!(adler32(&long), b << 16 | a);
    }
}
