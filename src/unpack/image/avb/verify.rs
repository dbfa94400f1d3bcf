//! Partitions against what a vbmeta says of them.

use std::mem;

use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512};

use crate::bytes::{Blob, Gap};

use super::super::{exact, wide};
use super::NAME;
use super::descriptor::{Descriptor, Hashtree};

/// Bytes of an image that are hashed at once.
const WINDOW: usize = 1 << 20;
/// Blocks of a hash tree, in bytes.
const BLOCKS: std::ops::RangeInclusive<u32> = 512..=64 << 10;

/// Whether a partition is what its vbmeta says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// The bytes are what the digest was made of.
    Same,
    /// They are not.
    Differs,
    /// Could not be found out, for this reason.
    NotChecked(Gap),
}

impl Descriptor {
    /// Compares a partition with what is said of it. Reads all of it.
    pub fn verify(&self, image: &Blob) -> Check {
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
