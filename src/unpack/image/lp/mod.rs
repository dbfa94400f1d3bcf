//! Super partition: logical partitions and their metadata.
//!
//! Spec: AOSP `system/core/fs_mgr/liblp/include/liblp/metadata_format.h`, version 10.2; what is refused,
//! `reader.cpp` beside it. All fields little-endian and packed. Sectors are of 512 bytes whatever the
//! device has; table offsets count from the end of the header.
//!
//! Layout: 4096 bytes reserved, the geometry twice, the metadata of each slot, then a second copy of each,
//! then data. Slot 0 describes what boots from `_a`, slot 1 what boots from `_b`. A file of metadata alone
//! (`super_empty.img`) has the geometry at 0 and one copy of the metadata behind it.
//!
//! Devices that came without a super partition have it spread over several partitions, `system`, `vendor`
//! …: the metadata is in the first, the others have only data.

mod metadata;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::bytes::{Blob, Budget, Extents, Fill, Gap};

use super::super::name;
use super::super::registry::{Format, Holds, Listing, Peers};
use super::{believable, refuse, replaced, sparse, wide};
use metadata::{Extent, Geometry, Metadata, Partition};

/// Super partitions.
pub(in crate::unpack) struct Super;

const NAME: &str = "super";
/// `LP_METADATA_GEOMETRY_MAGIC`.
const GEOMETRY_MAGIC: [u8; 4] = *b"gDla";
/// `LP_PARTITION_RESERVED_BYTES`, and then two geometries of `LP_METADATA_GEOMETRY_SIZE`.
const PRIMARY: u64 = 4096;
const BACKUP: u64 = 8192;
const METADATA: u64 = 12288;
const SECTOR: u64 = 512;
const GEOMETRY_SIZE: u32 = 52;
/// `LP_PARTITION_ATTR_*`: read only, slot suffixed, updated, disabled.
const ATTRIBUTES: u32 = 0xf;
/// `LP_TARGET_TYPE_*`.
const LINEAR: u32 = 0;
const ZERO: u32 = 1;
/// Ours: slots that are looked at. Devices have up to three.
const MAX_SLOTS: u64 = 8;
/// Ours: block devices beside the first. Retrofitted phones have up to four.
const MAX_DEVICES: usize = 16;
/// Ours: bytes of one partition, 4 TiB: no phone has as many.
const MAX_PARTITION: u64 = 1 << 42;
/// Ours: extents of all partitions together; a table has 22 thousand at most, and partitions may share it.
const MAX_EXTENTS: u64 = 1 << 16;

impl Format for Super {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "super partition (LP metadata 10.0 to 10.2), on one block device or several"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let at = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
        let alone = at(0, &GEOMETRY_MAGIC) && at(4, &GEOMETRY_SIZE.to_le_bytes());
        alone || at(4096, &GEOMETRY_MAGIC) || at(8192, &GEOMETRY_MAGIC)
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn holds(&self) -> Holds {
        Holds::Volumes
    }

    fn list(&self, blob: &Blob, stem: &str, budget: &Budget) -> Listing {
        self.list_with(blob, stem, &|_| None, budget)
    }

    fn list_with(&self, blob: &Blob, _: &str, peers: Peers<'_>, budget: &Budget) -> Listing {
        let mut listing = Listing::default();
        match slots(blob, &mut listing) {
            Ok(slots) => volumes(&slots, blob, peers, budget, &mut listing),
            Err(gap) => refuse(&mut listing, gap, blob.len()),
        }
        listing
    }
}

/// The metadata of slots 0 and 1, none where both copies are broken; where that is so of both slots, the
/// first sound one of the others. There is one at least.
fn slots(blob: &Blob, listing: &mut Listing) -> Result<Vec<Option<Metadata>>, Gap> {
    let geometry = match Geometry::read(blob, PRIMARY) {
        Ok(geometry) => geometry,
        Err(gap) => match Geometry::read(blob, BACKUP) {
            Ok(geometry) => {
                listing.remark(replaced(gap));
                geometry
            }
            Err(_) => {
                // A file of metadata alone; where it is none, what is wrong with the first copy is said.
                let geometry = Geometry::read(blob, 0).map_err(|_| gap)?;
                return Ok(vec![Some(Metadata::read(blob, PRIMARY, &geometry)?)]);
            }
        },
    };
    let size = u64::from(geometry.metadata_max_size);
    let count = u64::from(geometry.metadata_slot_count);
    let mut slots = Vec::new();
    let mut broken = Vec::new();
    for slot in 0..count.min(MAX_SLOTS) {
        if slot > 1 && slots.iter().any(Option::is_some) {
            break;
        }
        let primary = METADATA.saturating_add(slot.saturating_mul(size));
        let backup = primary.saturating_add(count.saturating_mul(size));
        let metadata = match Metadata::read(blob, primary, &geometry) {
            Ok(metadata) => Some(metadata),
            Err(gap) => {
                let metadata = Metadata::read(blob, backup, &geometry).ok();
                broken.push(if metadata.is_some() { replaced(gap) } else { gap });
                metadata
            }
        };
        slots.push(metadata);
    }
    if slots.iter().all(Option::is_none) {
        let none = Gap::invalid(NAME, PRIMARY, "metadata_slot_count", count);
        return Err(broken.into_iter().next().unwrap_or(none));
    }
    for gap in broken {
        listing.remark(gap);
    }
    Ok(slots)
}

/// Lists the partitions that have data.
///
/// A name that ends in `_a` or `_b` is what the metadata of its own slot says, as on a device that boots
/// from it: after an update, what the other slot's metadata says of it is out of date. All else is what the
/// first sound slot says.
fn volumes(
    slots: &[Option<Metadata>],
    blob: &Blob,
    peers: Peers<'_>,
    budget: &Budget,
    listing: &mut Listing,
) {
    let base = slots.iter().position(Option::is_some);
    let sound = |slot: &usize| slots.get(*slot).is_some_and(Option::is_some);
    let mut found = Vec::new();
    let mut left = MAX_EXTENTS;
    for (slot, metadata) in slots.iter().enumerate() {
        let Some(metadata) = metadata else { continue };
        let mine = |partition: &&Partition| {
            let owner = suffix(&partition.name).map(|(_, slot)| slot).filter(sound);
            owner.or(base) == Some(slot) && partition.num_extents > 0
        };
        let mut partitions = metadata.partitions.iter().filter(mine).peekable();
        if partitions.peek().is_none() {
            continue;
        }
        let devices = devices(metadata, blob, peers, budget);
        for partition in partitions {
            match metadata.volume(partition, &devices, &mut left) {
                Ok(None) => {}
                Ok(Some(volume)) => found.push((&*partition.name, volume)),
                Err(gap) => listing.lost(&partition.name, gap, 0),
            }
        }
    }
    // Slot `a` filled and `b` empty is how super images are made: the suffix says nothing then.
    let filled: BTreeSet<&str> = found.iter().map(|(name, _)| *name).collect();
    let plain = |name: &str| {
        let (stem, slot) = suffix(name)?;
        let other = format!("{stem}{}", if slot == 0 { "_b" } else { "_a" });
        (!filled.contains(&*other) && !filled.contains(stem)).then(|| stem.to_string())
    };
    for (name, volume) in &found {
        let name = plain(name).unwrap_or_else(|| (*name).to_string());
        if name::leaves(name.as_bytes()) {
            listing.lost(&name, Gap::odd(NAME, METADATA, "name leaves its folder", 1), 0);
        }
        if let Some((gap, unread)) = &volume.lost {
            listing.lost(&name, gap.clone(), believable(*unread));
        }
        if let Err(gap) = budget.entries(NAME, 1) {
            return listing.remark(gap);
        }
        listing.blob(name, volume.blob.clone());
    }
}

/// A name without its slot suffix, and the number of the slot.
fn suffix(name: &str) -> Option<(&str, usize)> {
    let of = |end, slot| Some((name.strip_suffix(end).filter(|stem| !stem.is_empty())?, slot));
    of("_a", 0).or_else(|| of("_b", 1))
}

/// The block devices that the metadata names, as far as they are at hand. The first is the one with the
/// metadata; the others are called after their partition, or as `lpmake` calls its output.
fn devices(metadata: &Metadata, blob: &Blob, peers: Peers<'_>, budget: &Budget) -> Vec<Option<Blob>> {
    let rest = metadata.devices.iter().skip(1).take(MAX_DEVICES).map(|device| {
        let name = &*device.name;
        let stem = suffix(name).map_or(name, |(stem, _)| stem);
        let names = [
            name.to_string(),
            format!("super_{name}"),
            format!("{name}_a"),
            stem.to_string(),
            format!("super_{stem}"),
        ];
        let blob = names.iter().find_map(|name| peers(name))?;
        sparse::unwrap(blob, budget)
    });
    std::iter::once(Some(blob.clone())).chain(rest).collect()
}

/// The bytes of one partition.
struct Volume {
    blob: Blob,
    /// Why some of it cannot be read, the first cause, and how many bytes in all.
    lost: Option<(Gap, u64)>,
}

impl Metadata {
    /// The bytes of a partition; none where it has no data. `left` are the extents that all partitions
    /// may still have.
    fn volume(
        &self,
        partition: &Partition,
        devices: &[Option<Blob>],
        left: &mut u64,
    ) -> Result<Option<Volume>, Gap> {
        let invalid = |what, got| Gap::invalid(NAME, self.at, what, got);
        if partition.attributes & !ATTRIBUTES != 0 {
            let got = partition.attributes.into();
            return Err(Gap::unsupported(NAME, self.at, "attributes", got));
        }
        let index = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let first = index(partition.first_extent_index);
        let extents = first
            .checked_add(index(partition.num_extents))
            .and_then(|end| self.extents.get(first..end))
            .ok_or_else(|| invalid("num_extents", partition.num_extents.into()))?;
        let count = wide(extents.len());
        *left = left.checked_sub(count).ok_or_else(|| {
            let got = MAX_EXTENTS.saturating_sub(*left).saturating_add(count);
            Gap::over(NAME, self.at, "extents", got, MAX_EXTENTS, "")
        })?;
        let len = extents
            .iter()
            .try_fold(0_u64, |sum, extent| sum.checked_add(extent.num_sectors))
            .and_then(|sectors| sectors.checked_mul(SECTOR))
            .ok_or_else(|| invalid("num_sectors", u64::MAX))?;
        if len > MAX_PARTITION {
            return Err(Gap::over(NAME, self.at, "partition size", len, MAX_PARTITION, ""));
        }
        if len == 0 {
            return Ok(None);
        }
        let mut image = Extents::new(NAME, len);
        let mut lost: Option<(Gap, u64)> = None;
        let mut out = 0_u64;
        for extent in extents {
            let size = extent.num_sectors.saturating_mul(SECTOR);
            let (fill, have, gap) = self.extent(extent, size, devices);
            image.push(out, have, fill);
            if let Some(gap) = gap {
                let missing = size.saturating_sub(have);
                image.push(out.saturating_add(have), missing, Fill::Lost(gap.clone()));
                let (_, sum) = lost.get_or_insert((gap, 0));
                *sum = sum.saturating_add(missing);
            }
            out = out.saturating_add(size);
        }
        let blob = image.into_blob();
        Ok(Some(Volume { blob, lost }))
    }

    /// What an extent of `size` bytes is made of, how many bytes of it there are, and why not all.
    fn extent(&self, extent: &Extent, size: u64, devices: &[Option<Blob>]) -> (Fill, u64, Option<Gap>) {
        match extent.target_type {
            ZERO => (Fill::Zero, size, None),
            LINEAR => match self.linear(extent, size, devices) {
                Ok((part, gap)) => {
                    let have = part.len();
                    (Fill::From(part), have, gap)
                }
                Err(gap) => (Fill::Zero, 0, Some(gap)),
            },
            other => {
                let gap = Gap::unsupported(NAME, self.at, "target_type", other.into());
                (Fill::Zero, 0, Some(gap))
            }
        }
    }

    /// The part of a block device, and a gap where the file ends before it does.
    fn linear(
        &self,
        extent: &Extent,
        size: u64,
        devices: &[Option<Blob>],
    ) -> Result<(Blob, Option<Gap>), Gap> {
        let source = usize::try_from(extent.target_source).unwrap_or(usize::MAX);
        let device = self
            .devices
            .get(source)
            .ok_or_else(|| Gap::invalid(NAME, self.at, "target_source", extent.target_source.into()))?;
        let start = extent.target_data.checked_mul(SECTOR);
        let range = start.and_then(|start| Some((start, start.checked_add(size)?)));
        let (start, end) = range
            .filter(|(_, end)| *end <= device.size)
            .ok_or_else(|| Gap::invalid(NAME, self.at, "target_data", extent.target_data))?;
        let Some(blob) = devices.get(source).and_then(Option::as_ref) else {
            return Err(Gap::truncated(NAME, self.at, "block device", device.size, 0));
        };
        let part = blob.slice(start..end);
        let (need, have) = (device.size, blob.len());
        let gap = (part.len() < size).then(|| Gap::truncated(NAME, have, "block device", need, have));
        Ok((part, gap))
    }
}
