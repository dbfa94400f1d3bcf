//! Android Verified Boot: vbmeta images, and the same at the end of other images.
//!
//! Spec: AOSP `external/avb/libavb/avb_vbmeta_image.h`, `avb_footer.h`, `avb_*_descriptor.h`, version 1.3.
//! All fields big-endian; sizes and offsets in bytes. A vbmeta is a header of 256 bytes, an authentication
//! block (digest and signature) and an auxiliary block (descriptors and public key). A footer in the last 64
//! bytes of an image says where in it the vbmeta is and how long the image was before.
//!
//! The digest in the authentication block is checked, and, when somebody asks, the signature over it
//! ([`Vbmeta::verify`]) and the digests of partitions ([`Descriptor::verify`]). Whether the key is one that the
//! device trusts only the device knows.

pub mod descriptor;
mod signature;
#[cfg(test)]
mod tests;
pub mod verify;

use sha2::digest::Digest;
use sha2::{Sha256, Sha512};

use crate::bytes::{Blob, Budget, Bytes, Cursor, Gap};

use super::super::name;
use super::super::registry::{Format, Holds, Listing};
use super::{exact, lose, refuse, until_nul, wide};
use descriptor::{Body, Descriptor};

/// vbmeta images.
pub(in crate::unpack) struct Avb;

const NAME: &str = "vbmeta";
/// `AVB_MAGIC`, `AVB_FOOTER_MAGIC`.
const MAGIC: [u8; 4] = *b"AVB0";
const FOOTER_MAGIC: [u8; 4] = *b"AVBf";
/// Bytes of header and footer.
const HEADER: u64 = 256;
const FOOTER: u64 = 64;
/// `VBMETA_MAX_SIZE` in `avb_slot_verify.c`: header and both blocks.
const MAX_SIZE: u64 = 64 << 10;
/// The entry that stands for the whole.
const ENTRY: &str = "avb.properties";
/// `AvbAlgorithmType`, by number.
const ALGORITHMS: [&str; 7] = [
    "NONE",
    "SHA256_RSA2048",
    "SHA256_RSA4096",
    "SHA256_RSA8192",
    "SHA512_RSA2048",
    "SHA512_RSA4096",
    "SHA512_RSA8192",
];

impl Format for Avb {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "verified boot metadata 1.x, as properties; signatures and digests with `ls --verify`"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&MAGIC)
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn holds(&self) -> Holds {
        Holds::Parts
    }

    fn list(&self, blob: &Blob, _: &str, _: &Budget) -> Listing {
        let mut listing = Listing::default();
        match Vbmeta::read(blob, 0) {
            Ok(vbmeta) => {
                for gap in &vbmeta.gaps {
                    lose(&mut listing, gap.clone(), 0);
                }
                listing.blob(ENTRY, vbmeta.text());
            }
            Err(gap) => refuse(&mut listing, gap, blob.len()),
        }
        listing
    }
}

/// A vbmeta.
#[derive(Debug, Clone, Default)]
pub struct Vbmeta {
    /// `AvbAlgorithmType`, by name.
    pub algorithm: &'static str,
    /// The signer's key, as libavb keeps it; empty where nothing is signed.
    pub public_key: Bytes,
    /// Of the digest, by that key.
    pub signature: Bytes,
    /// Of header and auxiliary block, by the algorithm; empty where nothing is signed.
    pub digest: Vec<u8>,
    /// Whether that is the digest that stands in it.
    pub is_whole: bool,
    /// The device takes no image with a lower one.
    pub rollback_index: u64,
    /// Where the device keeps it.
    pub rollback_index_location: u32,
    /// 1: no hash trees are checked; 2: nothing is.
    pub flags: u32,
    /// What made it, `avbtool 1.3.0`.
    pub release: String,
    /// Key and value, in their order: `com.android.build.system.fingerprint` …
    pub properties: Vec<(String, String)>,
    /// All else that it describes, in its order.
    pub descriptors: Vec<Descriptor>,
    /// What of it could not be read, and what is odd.
    pub gaps: Vec<Gap>,
}

/// The vbmeta that the footer of an image leads to, and the bytes that the image had before it was added.
pub fn footer(blob: &Blob) -> Option<(Vbmeta, u64)> {
    let at = blob.len().checked_sub(FOOTER)?;
    let bytes = exact(NAME, blob, at, FOOTER, "footer").ok()?;
    let mut c = Cursor::new(NAME, &bytes);
    let magic: [u8; 4] = c.array("magic").ok()?;
    if magic != FOOTER_MAGIC || be32(&mut c, "version_major").ok()? != 1 {
        return None;
    }
    c.skip("version_minor", 4).ok()?;
    let original_image_size = be64(&mut c, "original_image_size").ok()?;
    let vbmeta_offset = be64(&mut c, "vbmeta_offset").ok()?;
    let vbmeta_size = be64(&mut c, "vbmeta_size").ok()?;
    let end = vbmeta_offset.checked_add(vbmeta_size)?;
    if original_image_size > vbmeta_offset || end > at {
        return None;
    }
    let vbmeta = Vbmeta::read(&blob.slice(0..end), vbmeta_offset).ok()?;
    Some((vbmeta, original_image_size))
}

impl Vbmeta {
    /// Reads what is at byte `at`.
    pub fn read(blob: &Blob, at: u64) -> Result<Self, Gap> {
        let header = exact(NAME, blob, at, HEADER, "header")?;
        let mut c = Cursor::new(NAME, &header);
        let magic: [u8; 4] = c.array("magic")?;
        if magic != MAGIC {
            return Err(Gap::invalid(NAME, at, "magic", u32::from_be_bytes(magic).into()));
        }
        let major = be32(&mut c, "required_libavb_version_major")?;
        if major != 1 {
            return Err(Gap::unsupported(
                NAME,
                at,
                "required_libavb_version_major",
                major.into(),
            ));
        }
        c.skip("required_libavb_version_minor", 4)?;
        let authentication = be64(&mut c, "authentication_data_block_size")?;
        let auxiliary = be64(&mut c, "auxiliary_data_block_size")?;
        let size = HEADER.saturating_add(authentication).saturating_add(auxiliary);
        if size > MAX_SIZE {
            return Err(Gap::over(NAME, at, "vbmeta size", size, MAX_SIZE, ""));
        }
        let number = be32(&mut c, "algorithm_type")?;
        let algorithm = usize::try_from(number).ok().and_then(|n| ALGORITHMS.get(n));
        let algorithm =
            algorithm.ok_or_else(|| Gap::unsupported(NAME, at, "algorithm_type", number.into()))?;
        let auth_at = at.saturating_add(HEADER);
        let auth = exact(NAME, blob, auth_at, authentication, "authentication data block")?;
        let aux_at = auth_at.saturating_add(authentication);
        let aux = exact(NAME, blob, aux_at, auxiliary, "auxiliary data block")?;
        let hash = part(&mut c, &auth, "hash", at)?;
        let signature = part(&mut c, &auth, "signature", at)?;
        let public_key = part(&mut c, &aux, "public_key", at)?;
        part(&mut c, &aux, "public_key_metadata", at)?;
        let descriptors = part(&mut c, &aux, "descriptors", at)?;
        let mut vbmeta = Self {
            algorithm,
            public_key,
            signature,
            rollback_index: be64(&mut c, "rollback_index")?,
            flags: be32(&mut c, "flags")?,
            rollback_index_location: be32(&mut c, "rollback_index_location")?,
            release: text(until_nul(c.take("release_string", 48)?)),
            ..Self::default()
        };
        let sum = match number {
            0 => None,
            1..=3 => Some(both::<Sha256>(&header, &aux)),
            _ => Some(both::<Sha512>(&header, &aux)),
        };
        vbmeta.digest = sum.unwrap_or_default();
        vbmeta.is_whole = vbmeta.digest == *hash;
        if number > 0 && !vbmeta.is_whole {
            // Unlocked devices start it all the same; so do tools that set the flags without the key.
            vbmeta.gaps.push(Gap::odd(NAME, auth_at, "digest", number.into()));
        }
        vbmeta.describe(&descriptors, aux_at);
        Ok(vbmeta)
    }

    /// Reads the descriptors, which follow one another; a broken one ends them.
    fn describe(&mut self, descriptors: &Bytes, at: u64) {
        let mut c = Cursor::new(NAME, descriptors);
        while c.left() > 0 {
            if let Err(gap) = self.descriptor(&mut c, descriptors, at) {
                return self.gaps.push(gap);
            }
        }
    }

    fn descriptor(&mut self, c: &mut Cursor<'_>, all: &Bytes, at: u64) -> Result<(), Gap> {
        let place = at.saturating_add(wide(c.position()));
        let tag = be64(c, "descriptor tag")?;
        let len = be64(c, "num_bytes_following")?;
        if len % 8 != 0 {
            return Err(Gap::invalid(NAME, place, "num_bytes_following", len));
        }
        let start = c.position();
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        c.skip("descriptor", len)?;
        let body = all.slice(start..start.saturating_add(len));
        let mut body = Body::new(&body);
        let read = match tag {
            0 => body.property().map(|property| self.properties.push(property)),
            1 => body.hashtree().map(|tree| self.descriptors.push(tree)),
            2 => body.hash().map(|hash| self.descriptors.push(hash)),
            3 => body.cmdline().map(|line| self.descriptors.push(line)),
            4 => body.chain().map(|chain| self.descriptors.push(chain)),
            tag => Err(Gap::unsupported(NAME, place, "descriptor tag", tag)),
        };
        // One that is broken inside does not hide the next.
        if let Err(gap) = read {
            self.gaps.push(Gap { at: place, ..gap });
        }
        Ok(())
    }

    /// Its properties and what its header says, `key=value` a line.
    pub fn text(&self) -> Blob {
        let header = [
            ("avb.release", self.release.clone()),
            ("avb.algorithm", self.algorithm.to_string()),
            ("avb.flags", self.flags.to_string()),
            ("avb.rollback_index", self.rollback_index.to_string()),
        ];
        let mut text = String::new();
        let properties = self.properties.iter().map(|(key, value)| (&**key, value));
        for (key, value) in header.iter().map(|(key, value)| (*key, value)).chain(properties) {
            for part in [key, "=", &**value] {
                // A value is one line, whatever is in it.
                text.extend(part.chars().map(|c| if c.is_control() { ' ' } else { c }));
            }
            text.push('\n');
        }
        Blob::from(text.into_bytes())
    }
}

/// The digest of header and auxiliary block.
fn both<D: Digest>(header: &[u8], aux: &[u8]) -> Vec<u8> {
    D::new()
        .chain_update(header)
        .chain_update(aux)
        .finalize()
        .to_vec()
}

/// The part of a block whose offset and size come next.
fn part(c: &mut Cursor<'_>, block: &Bytes, what: &'static str, at: u64) -> Result<Bytes, Gap> {
    let (offset, size) = (be64(c, "offset")?, be64(c, "size")?);
    let end = offset.checked_add(size).filter(|end| *end <= wide(block.len()));
    let end = end.ok_or_else(|| Gap::invalid(NAME, at, what, size))?;
    let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(block.slice(index(offset)..index(end)))
}

fn text(raw: &[u8]) -> String {
    name::text(raw).into()
}

fn be32(c: &mut Cursor<'_>, what: &'static str) -> Result<u32, Gap> {
    c.array(what).map(u32::from_be_bytes)
}

fn be64(c: &mut Cursor<'_>, what: &'static str) -> Result<u64, Gap> {
    c.array(what).map(u64::from_be_bytes)
}
