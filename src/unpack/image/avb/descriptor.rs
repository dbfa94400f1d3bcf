//! What a vbmeta says of partitions.

use crate::bytes::{Bytes, Cursor, Gap};

use super::super::until_nul;
use super::{NAME, be32, be64, text};

/// What a vbmeta says of a partition.
#[derive(Debug, Clone)]
pub enum Descriptor {
    /// It is one file whose digest is known.
    Hash(Hash),
    /// Its blocks are in a hash tree whose root is known.
    Hashtree(Hashtree),
    /// It has a vbmeta of its own, signed with this key.
    Chain {
        /// Without slot suffix.
        partition: String,
        /// Where its rollback index is kept.
        rollback_index_location: u32,
        /// As libavb keeps it.
        public_key: Bytes,
    },
    /// Added to the kernel's command line.
    Cmdline {
        /// 1: where hash trees are checked; 2: where they are not.
        flags: u32,
        /// The words.
        text: String,
    },
}

/// `AvbHashDescriptor`.
#[derive(Debug, Clone)]
pub struct Hash {
    /// Without slot suffix.
    pub partition: String,
    /// Bytes from the partition's start that are hashed.
    pub image_size: u64,
    /// `sha256`, `sha1` …
    pub algorithm: String,
    /// Hashed before the bytes.
    pub salt: Bytes,
    /// Empty where the device has it elsewhere.
    pub digest: Bytes,
}

/// `AvbHashtreeDescriptor`, without what error correction needs.
#[derive(Debug, Clone)]
pub struct Hashtree {
    /// Without slot suffix.
    pub partition: String,
    /// Bytes from the partition's start that are hashed.
    pub image_size: u64,
    /// Where the tree is kept, in bytes.
    pub tree_offset: u64,
    /// Its bytes.
    pub tree_size: u64,
    /// Bytes of a block that is hashed.
    pub data_block_size: u32,
    /// Bytes of a block of the tree.
    pub hash_block_size: u32,
    /// `sha256`, `sha1` …
    pub algorithm: String,
    /// Hashed before the bytes.
    pub salt: Bytes,
    /// Empty where the device has it elsewhere.
    pub root_digest: Bytes,
}

/// A descriptor behind its tag and length.
pub(super) struct Body<'a> {
    c: Cursor<'a>,
    bytes: &'a Bytes,
}

impl<'a> Body<'a> {
    pub(super) fn new(bytes: &'a Bytes) -> Self {
        let c = Cursor::new(NAME, bytes);
        Self { c, bytes }
    }

    pub(super) fn property(&mut self) -> Result<(String, String), Gap> {
        let key = be64(&mut self.c, "key_num_bytes")?;
        let value = be64(&mut self.c, "value_num_bytes")?;
        let key = self.text("key", key)?;
        self.c.skip("NUL", 1)?;
        let value = self.text("value", value)?;
        Ok((key, value))
    }

    pub(super) fn hashtree(&mut self) -> Result<Descriptor, Gap> {
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

    pub(super) fn hash(&mut self) -> Result<Descriptor, Gap> {
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

    pub(super) fn cmdline(&mut self) -> Result<Descriptor, Gap> {
        let flags = be32(&mut self.c, "flags")?;
        let len = be32(&mut self.c, "kernel_cmdline_length")?;
        let text = self.text("kernel_cmdline", len.into())?;
        Ok(Descriptor::Cmdline { flags, text })
    }

    pub(super) fn chain(&mut self) -> Result<Descriptor, Gap> {
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
