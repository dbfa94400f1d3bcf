//! Android Verified Boot: vbmeta images, and the same at the end of other images.
//!
//! Spec: AOSP `external/avb/libavb/avb_vbmeta_image.h`, `avb_footer.h`, `avb_*_descriptor.h`, version 1.3.
//! All fields big-endian; sizes and offsets in bytes. A vbmeta is a header of 256 bytes, an authentication
//! block (digest and signature) and an auxiliary block (descriptors and public key). A footer in the last 64
//! bytes of an image says where in it the vbmeta is and how long the image was before.
//!
//! The digest in the authentication block is checked, the signature over it is not: whose key it is only
//! the device knows. Digests of partitions are checked by [`Descriptor::verify`] when somebody asks.

use std::mem;

use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512};

use crate::bytes::{Blob, Budget, Bytes, Cursor, Gap};

use super::super::name;
use super::super::registry::{Format, Listing};
use super::{exact, lose, refuse, until_nul, wide};

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
/// Bytes of an image that are hashed at once.
const WINDOW: usize = 1 << 20;
/// Blocks of a hash tree, in bytes.
const BLOCKS: std::ops::RangeInclusive<u32> = 512..=64 << 10;

impl Format for Avb {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "verified boot metadata 1.x, as properties; its signature is not checked"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&MAGIC)
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
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
pub(crate) struct Vbmeta {
    /// `AvbAlgorithmType`, by name.
    pub(crate) algorithm: &'static str,
    /// The signer's key, as libavb keeps it; empty where nothing is signed.
    pub(crate) public_key: Bytes,
    /// `rollback_index`, where it is kept: `rollback_index_location`.
    pub(crate) rollback_index: u64,
    pub(crate) rollback_index_location: u32,
    /// 1: no hash trees are checked; 2: nothing is.
    pub(crate) flags: u32,
    /// What made it, `avbtool 1.3.0`.
    pub(crate) release: String,
    /// Key and value, in their order: `com.android.build.system.fingerprint` …
    pub(crate) properties: Vec<(String, String)>,
    /// All else that it describes, in its order.
    pub(crate) descriptors: Vec<Descriptor>,
    /// What of it could not be read, and what is odd.
    pub(crate) gaps: Vec<Gap>,
}

/// What a vbmeta says of a partition.
#[derive(Debug, Clone)]
pub(crate) enum Descriptor {
    /// It is one file whose digest is known.
    Hash(Hash),
    /// Its blocks are in a hash tree whose root is known.
    Hashtree(Hashtree),
    /// It has a vbmeta of its own, signed with this key.
    Chain {
        /// Without slot suffix.
        partition: String,
        rollback_index_location: u32,
        public_key: Bytes,
    },
    /// Added to the kernel's command line.
    Cmdline {
        /// 1: where hash trees are checked; 2: where they are not.
        flags: u32,
        text: String,
    },
}

/// `AvbHashDescriptor`.
#[derive(Debug, Clone)]
pub(crate) struct Hash {
    /// Without slot suffix.
    pub(crate) partition: String,
    /// Bytes from the partition's start that are hashed.
    pub(crate) image_size: u64,
    /// `sha256`, `sha1` …
    pub(crate) algorithm: String,
    pub(crate) salt: Bytes,
    /// Empty where the device has it elsewhere.
    pub(crate) digest: Bytes,
}

/// `AvbHashtreeDescriptor`, without what error correction needs.
#[derive(Debug, Clone)]
pub(crate) struct Hashtree {
    /// Without slot suffix.
    pub(crate) partition: String,
    /// Bytes from the partition's start that are hashed.
    pub(crate) image_size: u64,
    /// Where the tree is kept, in bytes.
    pub(crate) tree_offset: u64,
    pub(crate) tree_size: u64,
    /// Bytes.
    pub(crate) data_block_size: u32,
    pub(crate) hash_block_size: u32,
    /// `sha256`, `sha1` …
    pub(crate) algorithm: String,
    pub(crate) salt: Bytes,
    /// Empty where the device has it elsewhere.
    pub(crate) root_digest: Bytes,
}

/// Whether a partition is what its vbmeta says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Check {
    Same,
    Differs,
    /// Could not be found out, for this reason.
    NotChecked(Gap),
}

/// The vbmeta that the footer of an image leads to, and the bytes that the image had before it was added.
pub(crate) fn footer(blob: &Blob) -> Option<(Vbmeta, u64)> {
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
    pub(crate) fn read(blob: &Blob, at: u64) -> Result<Self, Gap> {
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
        part(&mut c, &auth, "signature", at)?;
        let public_key = part(&mut c, &aux, "public_key", at)?;
        part(&mut c, &aux, "public_key_metadata", at)?;
        let descriptors = part(&mut c, &aux, "descriptors", at)?;
        let mut vbmeta = Self {
            algorithm,
            public_key,
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
        if sum.is_some_and(|sum| sum != *hash) {
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
        let mut body = Body {
            c: Cursor::new(NAME, &body),
            bytes: &body,
        };
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
    pub(crate) fn text(&self) -> Blob {
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

/// A descriptor behind its tag and length.
struct Body<'a> {
    c: Cursor<'a>,
    bytes: &'a Bytes,
}

impl Body<'_> {
    fn property(&mut self) -> Result<(String, String), Gap> {
        let key = be64(&mut self.c, "key_num_bytes")?;
        let value = be64(&mut self.c, "value_num_bytes")?;
        let key = self.text("key", key)?;
        self.c.skip("NUL", 1)?;
        let value = self.text("value", value)?;
        Ok((key, value))
    }

    fn hashtree(&mut self) -> Result<Descriptor, Gap> {
        let c = &mut self.c;
        let version = be32(c, "dm_verity_version")?;
        if version > 1 {
            return Err(Gap::unsupported(NAME, 0, "dm_verity_version", version.into()));
        }
        let image_size = be64(c, "image_size")?;
        let tree_offset = be64(c, "tree_offset")?;
        let tree_size = be64(c, "tree_size")?;
        let data_block_size = be32(c, "data_block_size")?;
        let hash_block_size = be32(c, "hash_block_size")?;
        c.skip("fec_num_roots, fec_offset, fec_size", 20)?;
        let (algorithm, partition, salt, root_digest) = self.named()?;
        Ok(Descriptor::Hashtree(Hashtree {
            partition,
            image_size,
            tree_offset,
            tree_size,
            data_block_size,
            hash_block_size,
            algorithm,
            salt,
            root_digest,
        }))
    }

    fn hash(&mut self) -> Result<Descriptor, Gap> {
        let image_size = be64(&mut self.c, "image_size")?;
        let (algorithm, partition, salt, digest) = self.named()?;
        Ok(Descriptor::Hash(Hash {
            partition,
            image_size,
            algorithm,
            salt,
            digest,
        }))
    }

    /// What hash and hash tree end alike with: algorithm, partition, salt, digest.
    fn named(&mut self) -> Result<(String, String, Bytes, Bytes), Gap> {
        let algorithm = text(until_nul(self.c.take("hash_algorithm", 32)?));
        let name = be32(&mut self.c, "partition_name_len")?;
        let salt = be32(&mut self.c, "salt_len")?;
        let digest = be32(&mut self.c, "digest_len")?;
        self.c.skip("flags, reserved", 64)?;
        let name = self.text("partition_name", name.into())?;
        let salt = self.bytes("salt", salt.into())?;
        let digest = self.bytes("digest", digest.into())?;
        Ok((algorithm, name, salt, digest))
    }

    fn cmdline(&mut self) -> Result<Descriptor, Gap> {
        let flags = be32(&mut self.c, "flags")?;
        let len = be32(&mut self.c, "kernel_cmdline_length")?;
        let text = self.text("kernel_cmdline", len.into())?;
        Ok(Descriptor::Cmdline { flags, text })
    }

    fn chain(&mut self) -> Result<Descriptor, Gap> {
        let rollback_index_location = be32(&mut self.c, "rollback_index_location")?;
        let name = be32(&mut self.c, "partition_name_len")?;
        let key = be32(&mut self.c, "public_key_len")?;
        self.c.skip("flags, reserved", 64)?;
        Ok(Descriptor::Chain {
            rollback_index_location,
            partition: self.text("partition_name", name.into())?,
            public_key: self.bytes("public_key", key.into())?,
        })
    }

    fn text(&mut self, what: &'static str, len: u64) -> Result<String, Gap> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        self.c.take(what, len).map(text)
    }

    fn bytes(&mut self, what: &'static str, len: u64) -> Result<Bytes, Gap> {
        let start = self.c.position();
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        self.c.skip(what, len)?;
        Ok(self.bytes.slice(start..start.saturating_add(len)))
    }
}

impl Descriptor {
    /// Compares a partition with what is said of it. Reads all of it.
    pub(crate) fn verify(&self, image: &Blob) -> Check {
        let (algorithm, said, size) = match self {
            Self::Hash(hash) => (&hash.algorithm, &hash.digest, hash.image_size),
            Self::Hashtree(tree) => (&tree.algorithm, &tree.root_digest, tree.image_size),
            Self::Chain { .. } | Self::Cmdline { .. } => {
                return Check::NotChecked(Gap::unsupported(NAME, 0, "descriptor without digest", 0));
            }
        };
        if said.is_empty() {
            return Check::NotChecked(Gap::unsupported(NAME, 0, "digest kept by the device", 0));
        }
        if image.len() < size {
            return Check::NotChecked(Gap::truncated(NAME, 0, "image", size, image.len()));
        }
        let sum = match &**algorithm {
            "sha1" => self.digest::<Sha1>(image),
            "sha256" => self.digest::<Sha256>(image),
            "sha512" => self.digest::<Sha512>(image),
            other => Err(Gap::unsupported(NAME, 0, "hash_algorithm", wide(other.len()))),
        };
        match sum {
            Ok(sum) if sum == **said => Check::Same,
            Ok(_) => Check::Differs,
            Err(gap) => Check::NotChecked(gap),
        }
    }

    fn digest<D: Digest>(&self, image: &Blob) -> Result<Vec<u8>, Gap> {
        match self {
            Self::Hash(hash) => {
                let mut sum = D::new().chain_update(&*hash.salt);
                read(image, hash.image_size, WINDOW, |window| sum.update(window))?;
                Ok(sum.finalize().to_vec())
            }
            Self::Hashtree(tree) => tree.root::<D>(image),
            Self::Chain { .. } | Self::Cmdline { .. } => Ok(Vec::new()),
        }
    }
}

impl Hashtree {
    /// The root of the tree over an image (dm-verity format 1): the digest of each block with the salt
    /// before it, filled up to a power of two, and so on over the blocks of digests until there is one.
    fn root<D: Digest>(&self, image: &Blob) -> Result<Vec<u8>, Gap> {
        for block in [self.data_block_size, self.hash_block_size] {
            if !BLOCKS.contains(&block) || !block.is_power_of_two() {
                return Err(Gap::invalid(NAME, 0, "block size", block.into()));
            }
        }
        let index = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let (data, hash) = (index(self.data_block_size), index(self.hash_block_size));
        let mut tree = Levels {
            hash: &|block: &[u8]| {
                let sum = D::new().chain_update(&*self.salt).chain_update(block);
                sum.finalize().to_vec()
            },
            block: hash,
            step: <D as Digest>::output_size().next_power_of_two(),
            open: Vec::new(),
        };
        let mut leaves = 0_u64;
        let mut leaf = Vec::new();
        read(image, self.image_size, WINDOW.next_multiple_of(data), |window| {
            for block in window.chunks(data) {
                leaf = if block.len() == data {
                    (tree.hash)(block)
                } else {
                    let mut last = block.to_vec();
                    last.resize(data, 0);
                    (tree.hash)(&last)
                };
                leaves = leaves.saturating_add(1);
                tree.add(0, &leaf);
            }
        })?;
        Ok(if leaves > 1 { tree.root() } else { leaf })
    }
}

/// A hash tree of which only the block that is being filled is kept of each level.
struct Levels<'a> {
    hash: &'a dyn Fn(&[u8]) -> Vec<u8>,
    /// Bytes of a block, and of the room that each digest takes in it.
    block: usize,
    step: usize,
    open: Vec<Level>,
}

#[derive(Default)]
struct Level {
    block: Vec<u8>,
    /// Blocks that are done, and the digest of the last.
    done: u64,
    digest: Vec<u8>,
}

impl Levels<'_> {
    /// Adds a digest to a level, and what becomes full of it to the next.
    fn add(&mut self, mut level: usize, digest: &[u8]) {
        let mut digest = digest.to_vec();
        loop {
            if level >= self.open.len() {
                self.open.push(Level::default());
            }
            let Some(open) = self.open.get_mut(level) else {
                return;
            };
            let end = open.block.len().saturating_add(self.step);
            open.block.extend(&digest);
            open.block.resize(end, 0);
            if end < self.block {
                return;
            }
            digest = open.close(self.hash, self.block);
            level = level.saturating_add(1);
        }
    }

    /// The digest of the only block of the first level that has only one.
    fn root(mut self) -> Vec<u8> {
        let mut level = 0;
        while let Some(open) = self.open.get_mut(level) {
            let rest = (!open.block.is_empty()).then(|| open.close(self.hash, self.block));
            if open.done <= 1 {
                return mem::take(&mut open.digest);
            }
            level = level.saturating_add(1);
            if let Some(digest) = rest {
                self.add(level, &digest);
            }
        }
        Vec::new()
    }
}

impl Level {
    fn close(&mut self, hash: &dyn Fn(&[u8]) -> Vec<u8>, size: usize) -> Vec<u8> {
        self.block.resize(size, 0);
        self.digest = hash(&self.block);
        self.block.clear();
        self.done = self.done.saturating_add(1);
        self.digest.clone()
    }
}

/// Reads the first `len` bytes of an image, `window` at a time.
fn read(image: &Blob, len: u64, window: usize, mut each: impl FnMut(&[u8])) -> Result<(), Gap> {
    let mut at = 0_u64;
    while at < len {
        let end = at.saturating_add(wide(window)).min(len);
        let bytes = exact(NAME, image, at, end.saturating_sub(at), "image")?;
        each(&bytes);
        at = end;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unpack::leaf::Data;

    /// A descriptor: its tag, fields and what follows them.
    fn descriptor(tag: u64, parts: &[&[u8]]) -> Vec<u8> {
        let mut body = parts.concat();
        body.resize(body.len().next_multiple_of(8), 0);
        let mut out = tag.to_be_bytes().to_vec();
        out.extend(u64::try_from(body.len()).unwrap().to_be_bytes());
        out.extend(body);
        out
    }

    fn words(list: &[u64]) -> Vec<u8> {
        list.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn name32(text: &str) -> Vec<u8> {
        let mut out = text.as_bytes().to_vec();
        out.resize(32, 0);
        out
    }

    /// Partition name, salt and digest with their lengths before them.
    fn named(algorithm: &str, name: &str, digest: &[u8]) -> Vec<u8> {
        let mut out = name32(algorithm);
        for len in [name.len(), 4, digest.len()] {
            out.extend(u32::try_from(len).unwrap().to_be_bytes());
        }
        out.extend([0; 64]);
        out.extend([name.as_bytes(), b"salt", digest].concat());
        out
    }

    fn vbmeta(descriptors: &[Vec<u8>]) -> Vec<u8> {
        let mut aux = descriptors.concat();
        let size = u64::try_from(aux.len()).unwrap();
        aux.resize(aux.len().next_multiple_of(64), 0);
        let mut out = b"AVB0\0\0\0\x01\0\0\0\x02".to_vec();
        out.extend(words(&[64, u64::try_from(aux.len()).unwrap()]));
        out.extend([0, 0, 0, 2]);
        out.extend(words(&[0, 32, 32, 32, 0, 0, 0, 0, 0, size, 7]));
        out.extend([0, 0, 0, 2, 0, 0, 0, 0]);
        out.extend(b"avbtool 1.3.0");
        out.resize(256, 0);
        let sum = both::<Sha256>(&out, &aux);
        out.extend(sum);
        out.extend([9; 32]);
        out.extend(aux);
        out
    }

    fn tiny() -> Vec<u8> {
        vbmeta(&[
            descriptor(0, &[&words(&[3, 4]), b"a.b\0c\nd=\0"]),
            descriptor(2, &[&words(&[9]), &named("sha256", "boot", &[1; 32])]),
            descriptor(4, &[&[0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 2], &[0; 64], b"dtbokk"]),
            descriptor(3, &[&[0, 0, 0, 1, 0, 0, 0, 4], b"x=y "]),
        ])
    }

    #[test]
    fn properties_become_lines() {
        let listing = Avb.list(&Blob::from(tiny()), "", &Budget::default());
        let Data::Plain(blob) = &listing.entries[0].data else {
            panic!()
        };
        let text = blob.read("t", 0..999).unwrap();
        let expect = "avb.release=avbtool 1.3.0\navb.algorithm=SHA256_RSA4096\navb.flags=2\n\
                      avb.rollback_index=7\na.b=c d=\n";
        assert_eq!(str::from_utf8(&text).unwrap(), expect);
        assert!(listing.notices.is_empty());
    }

    #[test]
    fn descriptors_are_read_and_a_changed_byte_is_odd() {
        let mut data = tiny();
        let got = Vbmeta::read(&Blob::from(data.clone()), 0).unwrap();
        assert_eq!((got.descriptors.len(), got.gaps.len()), (3, 0));
        let Descriptor::Chain {
            partition,
            public_key,
            ..
        } = &got.descriptors[1]
        else {
            panic!()
        };
        assert_eq!((&**partition, &**public_key), ("dtbo", &b"kk"[..]));
        data[123] = 3;
        let got = Vbmeta::read(&Blob::from(data), 0).unwrap();
        assert_eq!(got.flags, 3);
        assert_eq!(
            got.gaps[0].to_string(),
            "vbmeta: digest at 0x100: odd value 0x2, read as Android reads it"
        );
    }

    #[test]
    fn a_footer_leads_to_the_vbmeta() {
        let mut data = b"an image".to_vec();
        data.resize(512, 0);
        data.extend(tiny());
        let size = u64::try_from(data.len() - 512).unwrap();
        data.resize(8192 - 64, 0);
        data.extend(b"AVBf\0\0\0\x01\0\0\0\0");
        data.extend(words(&[8, 512, size]));
        data.resize(8192, 0);
        let (got, len) = footer(&Blob::from(data.clone())).unwrap();
        assert_eq!((got.release.as_str(), len), ("avbtool 1.3.0", 8));
        for at in 8128..8168 {
            data[at] ^= 0x80;
            let _ = footer(&Blob::from(data.clone()));
            data[at] ^= 0x80;
        }
        assert!(footer(&Blob::from(data[1..].to_vec())).is_none());
    }

    #[test]
    fn a_partition_is_compared_with_its_digest() {
        let image = Blob::from(b"0123456789".to_vec());
        let sum = Sha256::digest(b"salt012345678");
        let of = |algorithm: &str, digest: &[u8], size: u64| {
            let data = vbmeta(&[descriptor(
                2,
                &[&words(&[size]), &named(algorithm, "boot", digest)],
            )]);
            let vbmeta = Vbmeta::read(&Blob::from(data), 0).unwrap();
            vbmeta.descriptors[0].verify(&image)
        };
        assert_eq!(of("sha256", &sum, 9), Check::Same);
        assert_eq!(of("sha256", &sum, 10), Check::Differs);
        for (algorithm, digest, size) in [
            ("blake2b-256", &sum[..], 9),
            ("sha256", &[], 9),
            ("sha256", &sum, 11),
        ] {
            assert!(matches!(of(algorithm, digest, size), Check::NotChecked(_)));
        }
    }

    #[test]
    fn a_tree_has_levels_until_there_is_one_block() {
        // Blocks of 512 bytes hold 16 digests: 20 blocks, two blocks of digests, one of these.
        let image: Vec<u8> = (0..20 * 512_u32)
            .map(|n| u8::try_from(n / 512).unwrap())
            .collect();
        let hash = |block: &[u8]| {
            let mut data = b"salt".to_vec();
            data.extend(block);
            data.resize(4 + 512, 0);
            Sha256::digest(&data).to_vec()
        };
        let leaves: Vec<u8> = image.chunks(512).flat_map(hash).collect();
        let level: Vec<u8> = leaves.chunks(512).flat_map(hash).collect();
        let tree = Hashtree {
            partition: String::new(),
            image_size: 20 * 512,
            tree_offset: 0,
            tree_size: 0,
            data_block_size: 512,
            hash_block_size: 512,
            algorithm: "sha256".into(),
            salt: b"salt".to_vec().into(),
            root_digest: hash(&level).into(),
        };
        let check = |tree: &Hashtree| Descriptor::Hashtree(tree.clone()).verify(&Blob::from(image.clone()));
        assert_eq!(check(&tree), Check::Same);
        for (blocks, root) in [
            (16, hash(&leaves[..512])),
            (1, hash(&image[..512])),
            (2, hash(&leaves[..64])),
        ] {
            let tree = Hashtree {
                image_size: blocks * 512,
                root_digest: root.into(),
                ..tree.clone()
            };
            assert_eq!(check(&tree), Check::Same, "{blocks} blocks");
        }
        let tree = Hashtree {
            data_block_size: 0,
            ..tree
        };
        assert!(matches!(check(&tree), Check::NotChecked(_)));
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        let whole = tiny();
        for cut in 0..whole.len() {
            Avb.list(&Blob::from(whole[..cut].to_vec()), "", &Budget::default());
        }
        for at in 0..whole.len() {
            let mut data = whole.clone();
            data[at] ^= 0x80;
            Avb.list(&Blob::from(data), "", &Budget::default());
        }
    }
}
