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
        let sum = simd_adler32::adler32(&self.bytes().get(12..).unwrap_or_default());
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
