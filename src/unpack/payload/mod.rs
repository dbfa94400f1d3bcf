//! payload.bin, the container of A/B updates.
//!
//! Spec: AOSP `system/update_engine`, `update_metadata.proto` and `payload_consumer/payload_metadata.cc`, major
//! version 2. A header of 24 bytes, numbers big-endian: `CrAU`, version (8), bytes of the manifest (8) and of
//! its signature (4). Then the manifest (Protocol Buffers), the signature, and the data of all operations,
//! whose offsets count from there. The manifest lists partitions, and of each the operations that write it, in
//! blocks. Signatures are not checked: whose key it should be is not known here.
//!
//! An incremental package has operations that start from the image that was there before. It is looked up in
//! [`Budget::base`](crate::bytes::Budget::base) by the partition's name; without it, what they write is lost,
//! and the rest is read.

mod action;
mod image;
mod manifest;
mod plan;
mod proto;
mod puffin;
mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::name;
use super::registry::{Format, Holds, Listing};
use manifest::{Count, Manifest, Partition};
use plan::Payload;

/// Payloads of A/B updates.
pub(super) struct PayloadBin;

const NAME: &str = "payload";
const MAGIC: [u8; 4] = *b"CrAU";
/// Bytes of the header (`kDeltaMagic` to `kDeltaMetadataSignatureSizeSize`).
const HEADER: u64 = 24;
/// The only version that Android ever had.
const VERSION: u64 = 2;
/// Ours: the largest manifest met has 1.05 MB.
const MANIFEST: u64 = 32 << 20;
/// Bytes of a block: 4096 everywhere, and whatever a block device may have.
const BLOCKS: std::ops::RangeInclusive<u64> = 512..=1 << 20;
/// Bytes that are hashed at once.
const PIECE: u64 = 4 << 20;

impl Format for PayloadBin {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "payload.bin: full packages; incremental ones with --base, but for Zucchini and LZ4diff"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&MAGIC)
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut listing = Listing::default();
        for volume in read(blob, budget, &mut listing) {
            if let Some(sum) = volume.sha256 {
                listing.sums.push((volume.name.clone(), sum));
            }
            listing.blob(volume.name, volume.image);
        }
        listing
    }

    fn holds(&self) -> Holds {
        Holds::Volumes
    }
}

/// A partition of a payload.
#[derive(Debug)]
pub struct Volume {
    /// `system.img`. Never a path, and no two are the same.
    pub name: Box<str>,
    /// Its image, decoded as it is read.
    pub image: Blob,
    /// The hash that the image has on the device, SHA-256, where the package says it.
    pub sha256: Option<[u8; 32]>,
}

impl Volume {
    /// Decodes the whole image, and says whether it is what the package says. Listing does not do that: it
    /// takes as long as unpacking.
    pub fn verify(&self) -> Result<bool, Gap> {
        let mut hash = Sha256::new();
        let mut at = 0_u64;
        while at < self.image.len() {
            let bytes = self.image.read(NAME, at..at.saturating_add(PIECE))?;
            if bytes.is_empty() {
                return Err(Gap::truncated(NAME, at, "image", self.image.len(), at));
            }
            hash.update(&*bytes);
            at = at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
        Ok(self.sha256.is_some_and(|sum| hash.finalize().as_slice() == sum))
    }
}

/// The partitions of a payload; none where it is not one.
pub fn volumes(blob: &Blob, budget: &Budget) -> Vec<Volume> {
    read(blob, budget, &mut Listing::default())
}

/// The bytes of a header's fields.
struct Header {
    manifest: u64,
    signature: u64,
}

impl Header {
    fn read(blob: &Blob) -> Result<Self, Gap> {
        let head = blob.read(NAME, 0..HEADER)?;
        let mut c = Cursor::new(NAME, &head);
        c.skip("magic", MAGIC.len())?;
        let version = u64::from_be_bytes(c.array("file_format_version")?);
        if version != VERSION {
            return Err(Gap::unsupported(NAME, 4, "file_format_version", version));
        }
        let manifest = u64::from_be_bytes(c.array("manifest_size")?);
        if manifest > MANIFEST {
            return Err(Gap::over(NAME, 12, "manifest_size", manifest, MANIFEST, ""));
        }
        let signature = u32::from_be_bytes(c.array("metadata_signature_size")?).into();
        Ok(Self { manifest, signature })
    }
}

fn read(blob: &Blob, budget: &Budget, listing: &mut Listing) -> Vec<Volume> {
    let mut volumes = Vec::new();
    if let Err(gap) = partitions(blob, budget, listing, &mut volumes) {
        listing.remark(gap);
    }
    volumes
}

fn partitions(
    blob: &Blob,
    budget: &Budget,
    listing: &mut Listing,
    volumes: &mut Vec<Volume>,
) -> Result<(), Gap> {
    let header = Header::read(blob)?;
    let end = HEADER.saturating_add(header.manifest);
    let data = end.saturating_add(header.signature);
    let raw = blob.read(NAME, HEADER..end)?;
    let have = blob.len();
    if data > have {
        let (what, at) = if end > have {
            ("manifest", HEADER)
        } else {
            ("metadata signature", end)
        };
        let need = data.saturating_sub(at).min(if end > have {
            header.manifest
        } else {
            header.signature
        });
        listing.remark(Gap::truncated(NAME, at, what, need, have.saturating_sub(at)));
    }
    let mut count = Count::new(budget.limits.listed);
    let manifest = Manifest::read(&raw, HEADER, &mut count);
    let block = manifest.block_size;
    if !block.is_power_of_two() || !BLOCKS.contains(&block) {
        return Err(Gap::invalid(NAME, HEADER, "block_size", block));
    }
    if manifest.partitions.is_empty() && manifest.gap.is_none() {
        return Err(Gap::invalid(
            NAME,
            HEADER,
            "manifest without partitions",
            header.manifest,
        ));
    }
    let payload = Payload {
        data: blob.slice(data..have),
        block,
        snapshot: manifest.snapshot,
        budget,
    };
    let mut names = Names::default();
    for partition in &manifest.partitions {
        budget.entries(NAME, 1)?;
        let (name, odd) = names.of(partition);
        let base = str::from_utf8(partition.name)
            .ok()
            .and_then(|name| budget.base.get(name));
        let (image, faults) = plan::plan(partition, &payload, base.cloned(), &mut count);
        for (gap, lost) in odd.into_iter().map(|gap| (gap, 0)).chain(faults.0) {
            listing.lost(&name, gap, lost);
        }
        volumes.push(Volume {
            name,
            image: Blob::new(Arc::new(image)),
            sha256: partition
                .new
                .hash
                .first_chunk()
                .filter(|_| partition.new.hash.len() == 32)
                .copied(),
        });
    }
    manifest.gap.map_or(Ok(()), Err)
}

/// File names for partitions: one part, none twice.
#[derive(Default)]
struct Names {
    /// How often each was wanted.
    seen: BTreeMap<String, u64>,
}

impl Names {
    fn of(&mut self, partition: &Partition<'_>) -> (Box<str>, Option<Gap>) {
        let raw = partition.name;
        let text = name::inert(&name::text(raw)).replace(['/', '\\', '\0'], "_");
        let stem = if text.is_empty() {
            "unnamed".to_string()
        } else {
            text
        };
        let mut odd = (stem.as_bytes() != raw).then(|| {
            Gap::odd(
                NAME,
                partition.at,
                "partition_name",
                u64::try_from(raw.len()).unwrap_or(0),
            )
        });
        let mut number = self.seen.get(&stem).copied().unwrap_or(0).saturating_add(1);
        let mut own = stem.clone();
        if number > 1 {
            odd = Some(Gap::odd(NAME, partition.at, "partition_name seen before", number));
            own = format!("{stem}#{number}");
            while self.seen.contains_key(&own) {
                number = number.saturating_add(1);
                own = format!("{stem}#{number}");
            }
            self.seen.insert(own.clone(), 1);
        }
        self.seen.insert(stem, number);
        (format!("{own}.img").into(), odd)
    }
}
