//! Ciphers, digests and their keys: what `javax.crypto` and `java.security` make of bytes that are known.
//!
//! *Java Cryptography Architecture, Standard Algorithm Names*: AES, DES and DESede in ECB and CBC, with the padding of
//! PKCS #5 or none; MD5, SHA-1 and SHA-256, and HMAC (RFC 2104) by each. Other algorithms are not known. Where the
//! platform throws, at a key of the wrong length or bytes that are not padded, the execution ends. Only what is
//! deciphered is of use: what an app enciphers, it sends.

use std::rc::Rc;

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use des::{Des, TdesEde2, TdesEde3};

use super::super::platform::Compute;
use super::heap::{Object, Slot};
use super::platform::{Answer, DONE};
use super::{Executor, Stop};

/// `Cipher.DECRYPT_MODE`
const DECRYPT_MODE: i32 = 2;
/// What a cipher, a digest or a key costs beside a step for each byte.
const SETUP: u64 = 256;
/// Bytes that MD5, SHA-1 and SHA-256 take at a time, RFC 2104's `B`.
const HASH_BLOCK: usize = 64;
/// Of a `DESKeySpec` and of a `DESedeKeySpec`, whatever is behind them.
const DES_KEY: usize = 8;
const TRIPLE_DES_KEY: usize = 24;

/// A `javax.crypto.Cipher`.
#[derive(Debug, Clone)]
pub(super) struct Cipher {
    way: Transformation,
    /// Once it is initialised: the key, and the IV where there is one.
    keyed: Option<(Rc<[u8]>, Option<Rc<[u8]>>)>,
}

/// What `Cipher.getInstance` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Transformation {
    algorithm: Algorithm,
    /// CBC, or else ECB.
    chained: bool,
    padded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Aes,
    Des,
    TripleDes,
}

/// A `MessageDigest` or a `Mac`, and what it was given so far.
#[derive(Debug, Clone)]
pub(super) struct Digest {
    hash: Hash,
    /// Of a `Mac`: its key, once it has one.
    key: Option<Option<Rc<[u8]>>>,
    pub(super) data: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha1,
    Sha256,
}

impl Executor<'_, '_> {
    /// What a cipher, a digest or a key computes.
    pub(super) fn ciphered(&mut self, compute: Compute, this: Slot, letters: &[u8], args: &[Slot]) -> Answer {
        let arg = |i: usize| args.get(i).copied().unwrap_or(Slot::Unknown);
        match compute {
            Compute::Cipher => {
                let way = self.name(arg(0))?.and_then(|name| Transformation::named(&name));
                self.made(way.map(|way| Object::Cipher(Cipher { way, keyed: None })))
            }
            Compute::Digest => {
                let hash = self.name(arg(0))?.and_then(|name| Hash::named(&name));
                self.made(hash.map(|hash| Object::Digest(Digest::new(hash, None))))
            }
            Compute::Mac => {
                let name = self.name(arg(0))?;
                let hash = name.and_then(|name| Hash::named(name.strip_prefix("HMAC")?));
                self.made(hash.map(|hash| Object::Digest(Digest::new(hash, Some(None)))))
            }
            Compute::Key | Compute::DesKey | Compute::TripleDesKey | Compute::Iv => {
                self.specified(compute, this, letters, args)
            }
            // The key that a factory makes is that of the specification.
            Compute::SecretKey => match self.heap.get(arg(0)) {
                Some(Object::Key(_)) => Ok(Some(arg(0))),
                _ => Ok(None),
            },
            Compute::KeyBytes => match self.heap.get(this) {
                Some(Object::Key(bytes) | Object::Iv(bytes)) => {
                    let bytes = Rc::clone(bytes);
                    self.bytes(&bytes)
                }
                _ => Ok(None),
            },
            Compute::CipherInit => self.keyed(this, letters, args),
            Compute::CipherFinal => {
                let Some(mut data) = self.given(letters, args)? else {
                    return Ok(None);
                };
                let Some(Object::Cipher(Cipher {
                    way,
                    keyed: Some(keyed),
                })) = self.heap.get(this)
                else {
                    return Ok(None);
                };
                let plain = way
                    .decipher(&keyed.0, keyed.1.as_deref(), &mut data)
                    .ok_or(Stop::Unknown)?;
                self.bytes(plain)
            }
            Compute::MacInit => {
                let Some(Object::Key(bytes)) = self.heap.get(arg(0)) else {
                    return Ok(None);
                };
                let bytes = Rc::clone(bytes);
                match self.heap.get_mut(this)? {
                    Object::Digest(digest) if digest.key.is_some() => {
                        digest.key = Some(Some(bytes));
                        digest.data.clear();
                        DONE
                    }
                    _ => Ok(None),
                }
            }
            Compute::DigestUpdate => self.updated(this, letters, args),
            _ => self.digested(this, letters, args),
        }
    }

    fn made(&mut self, object: Option<Object>) -> Answer {
        self.spend(SETUP)?;
        match object {
            Some(object) => self.heap.allocate(object).map(Some),
            None => Ok(None),
        }
    }

    /// The name of an algorithm, in capitals.
    fn name(&mut self, slot: Slot) -> Result<Option<String>, Stop> {
        let units = self.units(slot)?;
        Ok(units
            .and_then(|units| String::from_utf16(&units).ok())
            .map(|name| name.to_ascii_uppercase()))
    }

    /// The bytes that a call hands over: an array, or a part of one.
    fn given(&mut self, letters: &[u8], args: &[Slot]) -> Result<Option<Vec<u8>>, Stop> {
        let arg = |i: usize| args.get(i).copied().unwrap_or(Slot::Unknown);
        let (from, n) = match letters {
            [b'['] | [b'[', b'S'] => (Slot::Int(0), None),
            [b'[', b'I'] => (arg(1), None),
            [b'[', b'I', b'I'] | [b'[', b'I', b'I', b'S'] => (arg(1), Some(arg(2))),
            _ => return Ok(None),
        };
        let bytes = self.bytes_of(arg(0), from, n)?;
        if let Some(bytes) = &bytes {
            self.heap.charge(bytes.len())?;
            let steps = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.spend(steps.saturating_add(SETUP))?;
        }
        Ok(bytes)
    }

    /// The constructor of a key or of the parameters of a cipher.
    fn specified(&mut self, compute: Compute, this: Slot, letters: &[u8], args: &[Slot]) -> Answer {
        let Some(bytes) = self.given(letters, args)? else {
            return Ok(None);
        };
        let len = match compute {
            Compute::DesKey => DES_KEY,
            Compute::TripleDesKey => TRIPLE_DES_KEY,
            _ => bytes.len(),
        };
        let bytes: Rc<[u8]> = bytes.get(..len).ok_or(Stop::Unknown)?.into();
        match self.heap.get_mut(this)? {
            object @ Object::Opaque => {
                *object = match compute {
                    Compute::Iv => Object::Iv(bytes),
                    _ => Object::Key(bytes),
                };
                DONE
            }
            _ => Ok(None),
        }
    }

    /// `Cipher.init`.
    fn keyed(&mut self, this: Slot, letters: &[u8], args: &[Slot]) -> Answer {
        let arg = |i: usize| args.get(i).copied().unwrap_or(Slot::Unknown);
        if !letters.starts_with(b"IL") || arg(0) != Slot::Int(DECRYPT_MODE) {
            return Ok(None);
        }
        let Some(Object::Key(key)) = self.heap.get(arg(1)) else {
            return Ok(None);
        };
        let iv = match (letters.get(2), self.heap.get(arg(2))) {
            (None, _) => None,
            (Some(_), Some(Object::Iv(iv))) => Some(Rc::clone(iv)),
            _ if arg(2) == Slot::Int(0) => None,
            _ => return Ok(None),
        };
        let keyed = Some((Rc::clone(key), iv));
        match self.heap.get_mut(this)? {
            Object::Cipher(cipher) => {
                cipher.keyed = keyed;
                DONE
            }
            _ => Ok(None),
        }
    }

    /// `update` of a digest: bytes, or one.
    fn updated(&mut self, this: Slot, letters: &[u8], args: &[Slot]) -> Answer {
        let data = match (letters, args) {
            (b"B" | b"I", [Slot::Int(n)]) => {
                let [byte, ..] = n.to_le_bytes();
                self.heap.charge(1)?;
                Some(vec![byte])
            }
            _ => self.given(letters, args)?,
        };
        match (self.heap.get_mut(this)?, data) {
            (Object::Digest(digest), Some(data)) => {
                digest.data.extend(data);
                DONE
            }
            _ => Ok(None),
        }
    }

    /// `digest` and `doFinal`, of what was given before and of what is given now.
    fn digested(&mut self, this: Slot, letters: &[u8], args: &[Slot]) -> Answer {
        if !letters.is_empty() && (letters != b"[" || self.updated(this, letters, args)?.is_none()) {
            return Ok(None);
        }
        let Some(Object::Digest(digest)) = self.heap.get(this) else {
            return Ok(None);
        };
        let steps = u64::try_from(digest.data.len()).unwrap_or(u64::MAX);
        let digest = match &digest.key {
            None => digest.hash.of(&[&digest.data]),
            Some(Some(key)) => digest.hash.keyed(key, &digest.data),
            // It throws.
            Some(None) => return Err(Stop::Unknown),
        };
        self.spend(steps.saturating_add(SETUP))?;
        if let Object::Digest(digest) = self.heap.get_mut(this)? {
            digest.data.clear();
        }
        self.bytes(&digest)
    }
}

impl Cipher {
    /// Bytes that it keeps.
    pub(super) fn size(&self) -> usize {
        self.keyed.as_ref().map_or(0, |(key, iv)| {
            key.len().saturating_add(iv.as_ref().map_or(0, |iv| iv.len()))
        })
    }
}

impl Transformation {
    /// By a name in capitals: `DES/CBC/PKCS5PADDING`, or `DES`, which is ECB with that padding.
    fn named(name: &str) -> Option<Self> {
        let mut parts = name.split('/');
        let algorithm = match parts.next()? {
            "AES" => Algorithm::Aes,
            "DES" => Algorithm::Des,
            "DESEDE" | "TRIPLEDES" => Algorithm::TripleDes,
            _ => return None,
        };
        let chained = match parts.next() {
            None | Some("ECB") => false,
            Some("CBC") => true,
            Some(_) => return None,
        };
        let padded = match parts.next() {
            None | Some("PKCS5PADDING" | "PKCS7PADDING") => true,
            Some("NOPADDING") => false,
            Some(_) => return None,
        };
        Some(Self {
            algorithm,
            chained,
            padded,
        })
    }

    /// What was enciphered; `None` where the platform throws.
    fn decipher<'d>(self, key: &[u8], iv: Option<&[u8]>, data: &'d mut [u8]) -> Option<&'d [u8]> {
        match (self.algorithm, key.len()) {
            (Algorithm::Aes, 16) => self.by::<Aes128>(key, iv, data),
            (Algorithm::Aes, 24) => self.by::<Aes192>(key, iv, data),
            (Algorithm::Aes, 32) => self.by::<Aes256>(key, iv, data),
            (Algorithm::Des, 8) => self.by::<Des>(key, iv, data),
            (Algorithm::TripleDes, 16) => self.by::<TdesEde2>(key, iv, data),
            (Algorithm::TripleDes, 24) => self.by::<TdesEde3>(key, iv, data),
            _ => None,
        }
    }

    fn by<'d, C: BlockCipherDecrypt + KeyInit>(
        self,
        key: &[u8],
        iv: Option<&[u8]>,
        data: &'d mut [u8],
    ) -> Option<&'d [u8]> {
        match (self.chained, iv) {
            (true, Some(iv)) => self.unpadded(cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?, data),
            (false, None) => self.unpadded(ecb::Decryptor::<C>::new_from_slice(key).ok()?, data),
            _ => None,
        }
    }

    fn unpadded(self, mode: impl BlockModeDecrypt, data: &mut [u8]) -> Option<&[u8]> {
        match self.padded {
            true => mode.decrypt_padded::<Pkcs7>(data).ok(),
            false => mode.decrypt_padded::<NoPadding>(data).ok(),
        }
    }
}

impl Digest {
    fn new(hash: Hash, key: Option<Option<Rc<[u8]>>>) -> Self {
        Self {
            hash,
            key,
            data: Vec::new(),
        }
    }
}

impl Hash {
    /// By a name in capitals, with or without its hyphen, as those of HMAC are.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "MD5" => Self::Md5,
            "SHA-1" | "SHA1" | "SHA" => Self::Sha1,
            "SHA-256" | "SHA256" => Self::Sha256,
            _ => return None,
        })
    }

    fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        fn by<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut hash = D::new();
            for part in parts {
                hash.update(part);
            }
            hash.finalize().to_vec()
        }
        match self {
            Self::Md5 => by::<md5::Md5>(parts),
            Self::Sha1 => by::<sha1::Sha1>(parts),
            Self::Sha256 => by::<sha2::Sha256>(parts),
        }
    }

    /// HMAC.
    fn keyed(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        let short = if key.len() > HASH_BLOCK {
            self.of(&[key])
        } else {
            key.to_vec()
        };
        let pad = |with: u8| -> [u8; HASH_BLOCK] {
            std::array::from_fn(|i| short.get(i).copied().unwrap_or(0) ^ with)
        };
        let inner = self.of(&[&pad(0x36), data]);
        self.of(&[&pad(0x5c), &inner])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text
            .chars()
            .filter_map(|c| c.to_digit(16))
            .filter_map(|digit| u8::try_from(digit).ok())
            .collect();
        digits
            .chunks(2)
            .map(|two| two.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect()
    }

    #[track_caller]
    fn check(name: &str, key: &str, iv: Option<&str>, data: &str, expect: Option<&str>) {
        let way = Transformation::named(name);
        let iv = iv.map(hex);
        let mut data = hex(data);
        let plain = way.and_then(|way| way.decipher(&hex(key), iv.as_deref(), &mut data));
        assert_eq!(plain, expect.map(hex).as_deref());
    }

    #[test]
    fn the_examples_of_the_standards_are_deciphered() {
        // NIST SP 800-38A, F.1.2, F.2.2 and F.2.6, their first blocks; SP 800-17, A.4.
        let plain = Some("6bc1bee22e409f96e93d7e117393172a");
        let key = "2b7e151628aed2a6abf7158809cf4f3c";
        let iv = Some("000102030405060708090a0b0c0d0e0f");
        check(
            "AES/ECB/NOPADDING",
            key,
            None,
            "3ad77bb40d7a3660a89ecaf32466ef97",
            plain,
        );
        check(
            "AES/CBC/NOPADDING",
            key,
            iv,
            "7649abac8119b246cee98e9b12e9197d",
            plain,
        );
        let key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
        check(
            "AES/CBC/NOPADDING",
            key,
            iv,
            "f58c4c04d6e5f1ba779eabfb5f7bfbd6",
            plain,
        );
        let plain = Some("8000000000000000");
        check(
            "DES/ECB/NOPADDING",
            "0101010101010101",
            None,
            "95f8a5e5dd31d900",
            plain,
        );
        // With three keys that are one, DESede is DES.
        check(
            "DESEDE/ECB/NOPADDING",
            &"01".repeat(24),
            None,
            "95f8a5e5dd31d900",
            plain,
        );
        check(
            "DESEDE/ECB/NOPADDING",
            &"01".repeat(16),
            None,
            "95f8a5e5dd31d900",
            plain,
        );
    }

    #[test]
    fn what_throws_is_not_known() {
        let block = "95f8a5e5dd31d900";
        let key = "0101010101010101";
        // The key is too short, or too long.
        check("DES/ECB/NOPADDING", "01010101010101", None, block, None);
        check("AES/ECB/NOPADDING", key, None, block, None);
        // Half a block; no padding where there must be one; an IV that is missing, too much or too short.
        check("DES/ECB/NOPADDING", key, None, "95f8a5e5", None);
        check("DES/ECB/PKCS5PADDING", key, None, block, None);
        check("DES", key, None, block, None);
        check("DES/CBC/NOPADDING", key, None, block, None);
        check("DES/ECB/NOPADDING", key, Some(key), block, None);
        check("DES/CBC/NOPADDING", key, Some("01"), block, None);
        check("AES/GCM/NOPADDING", key, Some(key), block, None);
        check("DES/ECB/ISO10126PADDING", key, None, block, None);
    }

    #[test]
    fn digests_are_those_of_the_standards() {
        let md5 = Hash::named("MD5").map(|hash| hash.of(&[b"a", b"bc"]));
        assert_eq!(md5, Some(hex("900150983cd24fb0d6963f7d28e17f72")));
        let sha = Hash::named("SHA-256").map(|hash| hash.of(&[b"abc"]));
        let expect = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha, Some(hex(expect)));
        // RFC 2202, 2.2 and, of a key longer than a block, 2.6.
        let short = Hash::Md5.keyed(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(short, hex("750c783e6ab0b503eaa86e310a5db738"));
        let long = Hash::Md5.keyed(
            &[0xaa; 80],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        assert_eq!(long, hex("6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"));
    }
}
