//! The signature of a vbmeta.
//!
//! Spec: AOSP `external/avb/libavb/avb_crypto.h` (`AvbRSAPublicKeyHeader`), `avb_rsa.c`; RFC 8017, section 8.2.2.
//! A key is its length in bits (4), a number that is computed from it (4), the modulus, and another such number;
//! the exponent is always 65537. The signature is PKCS #1 v1.5.

use num_bigint::BigUint;
use sha1::Sha1;
use sha2::digest::Digest;

use crate::bytes::{Cursor, Gap, wide};

use super::verify::Check;
use super::{NAME, Vbmeta, be32};

const EXPONENT: u32 = 65537;
/// What `DigestInfo` begins with, RFC 8017, section 9.2, note 1.
const SHA256: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];
const SHA512: &[u8] = &[
    0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00,
    0x04, 0x40,
];

impl Vbmeta {
    /// Whether it is signed by the key in it.
    pub fn verify(&self) -> Check {
        match self.signed() {
            Ok(true) => Check::Same,
            Ok(false) => Check::Differs,
            Err(gap) => Check::NotChecked(gap),
        }
    }

    fn signed(&self) -> Result<bool, Gap> {
        let bits = match self
            .algorithm
            .rsplit_once("RSA")
            .map(|(_, bits)| bits.parse::<u32>())
        {
            Some(Ok(bits)) => bits,
            _ => return Err(Gap::unsupported(NAME, 0, "vbmeta that is not signed", 0)),
        };
        let mut c = Cursor::new(NAME, &self.public_key);
        let got = be32(&mut c, "key_num_bits")?;
        if got != bits {
            return Err(Gap::invalid(NAME, 0, "key_num_bits", got.into()));
        }
        c.skip("n0inv", 4)?;
        let len = usize::try_from(bits >> 3).unwrap_or(0);
        let modulus = BigUint::from_bytes_be(c.take("modulus", len)?);
        if self.signature.len() != len {
            return Err(Gap::invalid(
                NAME,
                0,
                "signature size",
                wide(self.signature.len()),
            ));
        }
        // No product of two primes is even; nothing can be computed with zero.
        if !modulus.bit(0) {
            return Err(Gap::invalid(NAME, 0, "modulus", 0));
        }
        let signature = BigUint::from_bytes_be(&self.signature);
        if signature >= modulus {
            return Ok(false);
        }
        let info = if self.digest.len() == 32 { SHA256 } else { SHA512 };
        let tail = [&[0], info, &self.digest].concat();
        let mut expect = vec![0xff; len.saturating_sub(tail.len())];
        for (byte, value) in expect.iter_mut().zip([0, 1]) {
            *byte = value;
        }
        expect.extend(tail);
        let opened = signature.modpow(&EXPONENT.into(), &modulus);
        Ok(self.is_whole && opened == BigUint::from_bytes_be(&expect))
    }

    /// SHA-1 of the key as it is stored, lower-case hexadecimal: `avbtool` prints it so.
    pub fn key_sha1(&self) -> String {
        let sum = Sha1::digest(&*self.public_key);
        sum.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test may fail loudly"
)]
mod tests {
    use super::*;

    /// A key of several primes, all of the form 2^n − 1, and its private exponent.
    fn key() -> (BigUint, BigUint) {
        let one = BigUint::from(1_u32);
        let primes = [1279, 607, 127, 31].map(|n: u32| (&one << n) - &one);
        let modulus = primes.iter().fold(one.clone(), |product, prime| product * prime);
        let order = primes
            .iter()
            .fold(one.clone(), |product, prime| product * (prime - &one));
        (modulus, BigUint::from(EXPONENT).modinv(&order).unwrap())
    }

    fn fixed(number: &BigUint) -> Vec<u8> {
        let bytes = number.to_bytes_be();
        [vec![0; 256 - bytes.len()], bytes].concat()
    }

    #[test]
    fn a_signature_is_opened_with_the_key_beside_it() {
        let (modulus, private) = key();
        let digest = vec![7; 32];
        let mut message = vec![0, 1];
        message.resize(256 - 52, 0xff);
        message.extend([&[0], SHA256, &digest[..]].concat());
        let signature = BigUint::from_bytes_be(&message).modpow(&private, &modulus);
        let head = [2048_u32.to_be_bytes(), [0; 4]].concat();
        let vbmeta = Vbmeta {
            algorithm: "SHA256_RSA2048",
            public_key: [head, fixed(&modulus), vec![0; 256]].concat().into(),
            signature: fixed(&signature).into(),
            digest,
            is_whole: true,
            ..Vbmeta::default()
        };
        assert_eq!(vbmeta.verify(), Check::Same);
        let other = |change: &dyn Fn(&mut Vbmeta)| {
            let mut vbmeta = vbmeta.clone();
            change(&mut vbmeta);
            vbmeta.verify()
        };
        assert_eq!(other(&|vbmeta| vbmeta.digest = vec![8; 32]), Check::Differs);
        assert_eq!(other(&|vbmeta| vbmeta.is_whole = false), Check::Differs);
        assert_eq!(
            other(&|vbmeta| vbmeta.signature = vec![255; 256].into()),
            Check::Differs
        );
        for change in [
            &(|vbmeta: &mut Vbmeta| vbmeta.algorithm = "NONE") as &dyn Fn(&mut Vbmeta),
            &|vbmeta| vbmeta.algorithm = "SHA256_RSA4096",
            &|vbmeta| vbmeta.public_key = Vec::new().into(),
            &|vbmeta| vbmeta.public_key = [&[0, 0, 8, 0][..], &[0; 516]].concat().into(),
            &|vbmeta| vbmeta.signature = Vec::new().into(),
        ] {
            assert!(matches!(other(change), Check::NotChecked(_)));
        }
        let empty = Vbmeta::default().key_sha1();
        assert_eq!(empty, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }
}
