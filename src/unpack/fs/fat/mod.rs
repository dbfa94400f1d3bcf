//! FAT12, FAT16 and FAT32, with long names: partitions of modems and boot loaders.
//!
//! Spec: Microsoft, *FAT: General Overview of On-Disk Format*, version 1.03; where it leaves a choice, Linux'
//! `fs/fat`: which of the three it is, which table is read, the case of short names. Everything is
//! little-endian. Clusters are counted from 2, the first of the data area.
//!
//! A file's chain of clusters is followed when it is listed: the tables are small. exFAT is known and not
//! read.

mod name;
mod volume;

use std::ops::Range;

use crate::bytes::{Blob, Budget, Cursor, Gap, Kind};
use crate::unpack::registry::{Format, Holds, Listing, Remark};

use super::tree::Tree;
use volume::Volume;

/// FAT images.
pub(in crate::unpack) struct Fat;

const NAME: &str = "fat";
/// Bytes of a boot sector that are looked at.
const BOOT: u64 = 512;
/// `Signature_word`, at byte 510 of every boot sector.
const SIGNATURE: [u8; 2] = [0x55, 0xaa];
/// `FileSystemName` of exFAT, at byte 3.
const EXFAT: &[u8] = b"EXFAT   ";
/// Most clusters of a FAT12 volume (`MAX_FAT12`).
const MAX_FAT12: u64 = 0xff4;

impl Format for Fat {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "FAT12, FAT16, FAT32 with long names; exFAT is not read"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        // The signature alone stands at the end of every boot record.
        let jumps = matches!(head, [0xeb, _, 0x90, ..] | [0xe9, ..]);
        jumps
            && match Boot::read(head) {
                Ok(_) => true,
                Err(gap) => matches!(gap.kind, Kind::Unsupported { .. }),
            }
    }

    fn endings(&self) -> &'static [&'static str] {
        &["vfat"]
    }

    fn holds(&self) -> Holds {
        Holds::Partition
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let boot = blob.read(NAME, 0..BOOT).and_then(|head| Boot::read(&head));
        let boot = match boot {
            Ok(boot) => boot,
            Err(gap) => {
                let mut listing = Listing::default();
                let (entry, unread) = (None, blob.len());
                listing.notices.push(Remark { entry, gap, unread });
                return listing;
            }
        };
        let mut volume = Volume::new(blob, boot);
        let root = volume.boot.root_cluster;
        let mut tree = Tree::new(NAME, budget, root.into(), root);
        while let Some(directory) = tree.next() {
            if let Err(gap) = volume.directory(&directory, &mut tree) {
                tree.listing.remark(gap);
                break;
            }
        }
        tree.listing
    }
}

/// How wide an entry of the table is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Fat12,
    Fat16,
    Fat32,
}

/// The boot sector, checked. Positions and sizes are in bytes.
struct Boot {
    width: Width,
    /// The first table.
    fat: u64,
    /// The root directory of FAT12 and FAT16.
    root: Range<u64>,
    /// First cluster of the root directory of FAT32; else 0.
    root_cluster: u32,
    /// The data area.
    data: u64,
    cluster: u64,
    clusters: u64,
}

impl Boot {
    fn read(head: &[u8]) -> Result<Self, Gap> {
        let mut c = Cursor::new(NAME, head);
        if Cursor::at(NAME, head, 510).array("Signature_word")? != SIGNATURE {
            return Err(Gap::invalid(NAME, 510, "Signature_word", 0));
        }
        c.skip("BS_jmpBoot", 3)?;
        if c.take("BS_OEMName", 8)? == EXFAT {
            return Err(Gap::unsupported(NAME, 3, "exFAT", 1));
        }
        let sector = u64::from(c.u16("BPB_BytsPerSec")?);
        let per_cluster = u64::from(c.u8("BPB_SecPerClus")?);
        let reserved = u64::from(c.u16("BPB_RsvdSecCnt")?);
        let fats = u64::from(c.u8("BPB_NumFATs")?);
        let root_entries = u64::from(c.u16("BPB_RootEntCnt")?);
        let total16 = u64::from(c.u16("BPB_TotSec16")?);
        let media = c.u8("BPB_Media")?;
        let size16 = u64::from(c.u16("BPB_FATSz16")?);
        c.u16("BPB_SecPerTrk")?;
        c.u16("BPB_NumHeads")?;
        c.u32("BPB_HiddSec")?;
        let total32 = u64::from(c.u32("BPB_TotSec32")?);
        let size32 = u64::from(c.u32("BPB_FATSz32")?);
        c.u16("BPB_ExtFlags")?;
        c.u16("BPB_FSVer")?;
        let root_cluster = c.u32("BPB_RootClus")?;

        let sound = |good: bool, at, what, got| {
            if good {
                Ok(())
            } else {
                Err(Gap::invalid(NAME, at, what, got))
            }
        };
        sound(
            matches!(sector, 512 | 1024 | 2048 | 4096),
            11,
            "BPB_BytsPerSec",
            sector,
        )?;
        sound(per_cluster.is_power_of_two(), 13, "BPB_SecPerClus", per_cluster)?;
        sound(reserved > 0, 14, "BPB_RsvdSecCnt", reserved)?;
        sound(matches!(fats, 1 | 2), 16, "BPB_NumFATs", fats)?;
        sound(matches!(media, 0xf0 | 0xf8..), 21, "BPB_Media", media.into())?;
        let is_32 = size16 == 0;
        let fat_size = if is_32 { size32 } else { size16 };
        sound(fat_size > 0, 36, "BPB_FATSz32", fat_size)?;
        sound(is_32 || root_entries > 0, 17, "BPB_RootEntCnt", root_entries)?;
        let total = if total16 == 0 { total32 } else { total16 };
        // All are products of fields of at most 32 bits.
        let fat = reserved.saturating_mul(sector);
        let fat_bytes = fat_size.saturating_mul(sector);
        let root = fat.saturating_add(fats.saturating_mul(fat_bytes));
        let root_bytes = if is_32 { 0 } else { root_entries.saturating_mul(32) };
        let data = root.saturating_add(root_bytes.next_multiple_of(sector));
        let cluster = per_cluster.saturating_mul(sector);
        let room = total.saturating_mul(sector).checked_sub(data);
        let room = room.ok_or_else(|| Gap::invalid(NAME, 32, "BPB_TotSec32", total))?;
        let clusters = room.checked_div(cluster).unwrap_or(0);
        let width = match clusters {
            _ if is_32 => Width::Fat32,
            0..=MAX_FAT12 => Width::Fat12,
            _ => Width::Fat16,
        };
        let entries = match width {
            Width::Fat12 => fat_bytes.saturating_mul(2) / 3,
            Width::Fat16 => fat_bytes >> 1,
            Width::Fat32 => fat_bytes >> 2,
        };
        Ok(Self {
            width,
            fat,
            root: root..root.saturating_add(root_bytes),
            root_cluster: if is_32 { root_cluster } else { 0 },
            data,
            cluster,
            clusters: clusters.min(entries.saturating_sub(2)),
        })
    }

    /// Where a cluster is, in bytes.
    fn at(&self, cluster: u32) -> u64 {
        let number = u64::from(cluster).saturating_sub(2);
        self.data.saturating_add(number.saturating_mul(self.cluster))
    }
}

#[cfg(test)]
mod tests;
