//! GUID partition table: a whole disk.
//!
//! Spec: UEFI 2.10, section 5.3. Little-endian; LBAs are blocks of 512 bytes, or of 4096 on UFS. The header
//! is in LBA 1, its copy in the last; entries are where each header says. Files such as Qualcomm's
//! `gpt_both0.bin` hold the table without the disk: nothing is missing from them, and nothing is listed.

use std::collections::BTreeMap;

use flate2::Crc;

use crate::bytes::{Blob, Budget, Bytes, Cursor, Gap};

use super::super::name;
use super::super::registry::{Format, Holds, Listing};
use super::{believable, exact, refuse, replaced, wide};

/// Disks with a GUID partition table.
pub(in crate::unpack) struct Gpt;

const NAME: &str = "gpt";
const MAGIC: [u8; 8] = *b"EFI PART";
/// Bytes of the header in revision 1.0, without what is reserved.
const HEADER: u32 = 92;
const BLOCKS: [u64; 2] = [512, 4096];
/// Bytes of an entry; larger ones are the same with something behind.
const ENTRY: u32 = 128;
/// Ours: bytes of all entries. Tables have 128 of 128 bytes.
const MAX_TABLE: u64 = 256 << 10;

impl Format for Gpt {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "disk with a GUID partition table, blocks of 512 or 4096 bytes"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let at = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
        // The protective MBR (5.2.3): where the first header is broken, only this is left.
        let protective = at(510, &[0x55, 0xaa]) && at(450, &[0xee]) && at(454, &[1, 0, 0, 0]);
        at(512, &MAGIC) || at(4096, &MAGIC) || protective
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn holds(&self) -> Holds {
        Holds::Volumes
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut listing = Listing::default();
        match Table::find(blob, &mut listing) {
            Ok(table) => partitions(&table, blob, budget, &mut listing),
            Err(gap) => refuse(&mut listing, gap, blob.len()),
        }
        listing
    }
}

fn partitions(table: &Table, blob: &Blob, budget: &Budget, listing: &mut Listing) {
    // The two headers with their entries, and the MBR.
    let alone = table.block.saturating_mul(3).saturating_add(
        wide(table.entries.len())
            .next_multiple_of(table.block)
            .saturating_mul(2),
    );
    if blob.len() <= alone {
        return;
    }
    for (number, row) in (1_u64..).zip(table.entries.chunks_exact(table.size)) {
        let at = table
            .at
            .saturating_add(wide(table.size).saturating_mul(number.saturating_sub(1)));
        let entry = match Entry::read(row) {
            Ok(Some(entry)) => entry,
            Ok(None) => continue,
            Err(gap) => {
                listing.remark(gap);
                continue;
            }
        };
        if let Err(gap) = budget.entries(NAME, 1) {
            return listing.remark(gap);
        }
        let name = if entry.name.is_empty() {
            format!("partition{number}").into()
        } else {
            entry.name
        };
        if name::leaves(name.as_bytes()) {
            listing.lost(&name, Gap::odd(NAME, at, "name leaves its folder", 1), 0);
        }
        let end = entry
            .last
            .checked_add(1)
            .and_then(|end| end.checked_mul(table.block));
        let start = entry.first.checked_mul(table.block);
        let (Some(start), Some(end)) = (start, end.filter(|_| entry.first <= entry.last)) else {
            listing.lost(&name, Gap::invalid(NAME, at, "ending LBA", entry.last), 0);
            continue;
        };
        let part = blob.slice(start..end);
        let (need, have) = (end.saturating_sub(start), part.len());
        if have < need {
            let gap = Gap::truncated(NAME, start, "partition", need, have);
            listing.lost(&name, gap, believable(need.saturating_sub(have)));
        }
        if have > 0 {
            listing.blob(name, part);
        }
    }
}

/// Where the partitions of a disk are, by a copy of its first blocks.
pub(in crate::unpack) struct Layout {
    /// Bytes of a logical block.
    pub(in crate::unpack) block: u64,
    /// First block, and how many there are, by name.
    pub(in crate::unpack) partitions: BTreeMap<Box<str>, (u64, u64)>,
}

/// What the table at the start of this says of a disk that is not behind it.
pub(in crate::unpack) fn layout(blob: &Blob) -> Option<Layout> {
    let table = Table::find(blob, &mut Listing::default()).ok()?;
    let rows = table.entries.chunks_exact(table.size);
    let partitions = rows.filter_map(|row| {
        let entry = Entry::read(row).ok()??;
        let count = entry.last.checked_sub(entry.first)?.checked_add(1)?;
        Some((entry.name, (entry.first, count)))
    });
    Some(Layout {
        block: table.block,
        partitions: partitions.collect(),
    })
}

/// A header and its entries, both checked.
struct Table {
    /// Bytes of a logical block.
    block: u64,
    /// Where the entries are, in bytes.
    at: u64,
    /// Bytes of an entry, at least 128.
    size: usize,
    entries: Bytes,
}

impl Table {
    /// The first table, or the second where that is broken.
    fn find(blob: &Blob, listing: &mut Listing) -> Result<Self, Gap> {
        let mut broken: Option<Gap> = None;
        for block in BLOCKS {
            match Self::read(blob, block, block) {
                Ok(table) => return Ok(table),
                // The gap of the one that has a magic says more.
                Err(gap) if gap.what != "signature" => broken = Some(gap),
                Err(gap) => broken = broken.or(Some(gap)),
            }
        }
        for block in BLOCKS {
            let last = blob.len().saturating_sub(block);
            if let Ok(table) = Self::read(blob, block, last) {
                if let Some(gap) = broken {
                    listing.remark(replaced(gap));
                }
                return Ok(table);
            }
        }
        Err(broken.unwrap_or_else(|| Gap::invalid(NAME, 512, "signature", 0)))
    }

    fn read(blob: &Blob, block: u64, at: u64) -> Result<Self, Gap> {
        let bytes = exact(NAME, blob, at, HEADER.into(), "header")?;
        let mut c = Cursor::new(NAME, &bytes);
        let magic: [u8; 8] = c.array("signature")?;
        if magic != MAGIC {
            return Err(Gap::invalid(NAME, at, "signature", u64::from_le_bytes(magic)));
        }
        let revision = c.u32("revision")?;
        if revision >> 16 != 1 {
            return Err(Gap::unsupported(NAME, at, "revision", revision.into()));
        }
        let header_size = c.u32("header size")?;
        if header_size < HEADER || u64::from(header_size) > block {
            return Err(Gap::invalid(NAME, at, "header size", header_size.into()));
        }
        let said = c.u32("header crc32")?;
        let header = exact(NAME, blob, at, header_size.into(), "header")?;
        let mut crc = Crc::new();
        crc.update(header.get(..16).unwrap_or_default());
        crc.update(&[0; 4]);
        crc.update(header.get(20..).unwrap_or_default());
        if crc.sum() != said {
            return Err(Gap::invalid(NAME, at, "header crc32", said.into()));
        }
        c.skip("reserved", 4)?;
        let mine = c.u64("my LBA")?;
        if mine.checked_mul(block) != Some(at) {
            return Err(Gap::invalid(NAME, at, "my LBA", mine));
        }
        c.skip("alternate LBA, first and last usable LBA, disk GUID", 40)?;
        let entries = c.u64("partition entry LBA")?;
        let count = c.u32("number of partition entries")?;
        let size = c.u32("size of a partition entry")?;
        if size < ENTRY || size % 8 != 0 {
            return Err(Gap::invalid(NAME, at, "size of a partition entry", size.into()));
        }
        let len = u64::from(count).saturating_mul(size.into());
        if len > MAX_TABLE {
            return Err(Gap::over(NAME, at, "partition entries", len, MAX_TABLE, ""));
        }
        let said = c.u32("partition entry array crc32")?;
        let start = entries
            .checked_mul(block)
            .ok_or_else(|| Gap::invalid(NAME, at, "partition entry LBA", entries))?;
        let entries = exact(NAME, blob, start, len, "partition entries")?;
        let mut crc = Crc::new();
        crc.update(&entries);
        if crc.sum() != said {
            return Err(Gap::invalid(NAME, at, "partition entry array crc32", said.into()));
        }
        Ok(Self {
            block,
            at: start,
            size: usize::try_from(size).unwrap_or(usize::MAX),
            entries,
        })
    }
}

struct Entry {
    name: Box<str>,
    /// LBAs, both part of it.
    first: u64,
    last: u64,
}

impl Entry {
    /// An entry, none where it is not used.
    fn read(row: &[u8]) -> Result<Option<Self>, Gap> {
        let mut c = Cursor::new(NAME, row);
        if c.take("partition type GUID", 16)?.iter().all(|b| *b == 0) {
            return Ok(None);
        }
        c.skip("unique partition GUID", 16)?;
        let (first, last) = (c.u64("starting LBA")?, c.u64("ending LBA")?);
        c.skip("attributes", 8)?;
        let units = c.take("partition name", 72)?.chunks_exact(2);
        let units: Vec<u16> = units
            .filter_map(|unit| unit.first_chunk().map(|bytes| u16::from_le_bytes(*bytes)))
            .take_while(|unit| *unit != 0)
            .collect();
        let name = String::from_utf16_lossy(&units);
        Ok(Some(Self {
            name: name.into(),
            first,
            last,
        }))
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
pub(in crate::unpack) mod tests {
    use super::*;
    use crate::unpack::leaf::Data;

    fn crc(bytes: &[u8]) -> [u8; 4] {
        let mut crc = Crc::new();
        crc.update(bytes);
        crc.sum().to_le_bytes()
    }

    /// A disk of 40 blocks, each filled with its number, with both tables of four entries.
    pub(in crate::unpack) fn disk(block: usize, parts: &[(&str, u64, u64)]) -> Vec<u8> {
        let mut out: Vec<u8> = (0..40_u8).flat_map(|n| vec![n; block]).collect();
        let mut entries = Vec::new();
        for (name, first, last) in parts {
            entries.extend([1; 32]);
            entries.extend(first.to_le_bytes());
            entries.extend(last.to_le_bytes());
            entries.extend([0; 8]);
            let mut text: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            text.resize(72, 0);
            entries.extend(text);
        }
        entries.resize(512, 0);
        for (mine, table) in [(1_u64, 2_u64), (39, 38)] {
            let mut header = MAGIC.to_vec();
            header.extend([0, 0, 1, 0, 92, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for lba in [mine, 40 - mine, 3, 37, 0, 0, table] {
                header.extend(lba.to_le_bytes());
            }
            header.extend([4, 0, 0, 0, 128, 0, 0, 0]);
            header.extend(crc(&entries));
            let sum = crc(&header);
            header[16..20].copy_from_slice(&sum);
            let at = usize::try_from(mine).unwrap() * block;
            out[at..at + 92].copy_from_slice(&header);
            let at = usize::try_from(table).unwrap() * block;
            out[at..at + 512].copy_from_slice(&entries);
        }
        out[510] = 0x55;
        out[511] = 0xaa;
        out[450] = 0xee;
        out[454..458].copy_from_slice(&[1, 0, 0, 0]);
        out
    }

    fn list(data: Vec<u8>) -> (Vec<(String, u64, u8)>, Vec<String>) {
        let listing = Gpt.list(&Blob::from(data), "", &Budget::default());
        let entries = listing.entries.iter().map(|entry| {
            let Data::Plain(blob) = &entry.data else { panic!() };
            let first = blob.read("t", 0..1).unwrap()[0];
            (entry.name.to_string(), entry.size, first)
        });
        let gaps = listing.notices.iter().map(|n| n.gap.to_string()).collect();
        (entries.collect(), gaps)
    }

    const PARTS: &[(&str, u64, u64)] = &[("boot_a", 10, 11), ("süper", 20, 20), ("", 30, 30)];

    #[test]
    fn partitions_are_named_and_cut_out_with_either_block_size() {
        for block in [512, 4096] {
            let data = disk(block, PARTS);
            assert!(Gpt.sniff(&data));
            let (got, gaps) = list(data);
            let size = wide(block);
            let expect = [
                ("boot_a", 2 * size, 10),
                ("süper", size, 20),
                ("partition3", size, 30),
            ];
            assert_eq!(
                got,
                expect.map(|(name, size, first)| (name.to_string(), size, first))
            );
            assert!(gaps.is_empty(), "{gaps:?}");
        }
    }

    #[test]
    fn a_broken_table_is_replaced_by_its_copy() {
        for at in [512, 600, 1050] {
            let mut data = disk(512, PARTS);
            data[at] ^= 1;
            assert!(Gpt.sniff(&data));
            let (got, gaps) = list(data);
            assert_eq!((got.len(), gaps.len()), (3, 1), "flip at {at}: {gaps:?}");
            assert!(gaps[0].contains("odd"), "{gaps:?}");
        }
    }

    #[test]
    fn a_cut_disk_keeps_what_is_there_and_a_table_alone_lists_nothing() {
        let (got, gaps) = list(disk(512, PARTS)[..11 * 512].to_vec());
        assert_eq!((got.len(), gaps.len()), (1, 3));
        assert_eq!(
            (got[0].1, &*gaps[0]),
            (
                512,
                "gpt: partition at 0x1400: truncated, needs 1024 bytes, 512 left"
            )
        );
        let (got, gaps) = list(disk(512, PARTS)[..5 * 512].to_vec());
        assert!(got.is_empty() && gaps.is_empty());
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        let whole = disk(512, PARTS);
        for cut in (0..whole.len()).step_by(5) {
            list(whole[..cut].to_vec());
        }
        for at in 0..2048 {
            let mut data = whole.clone();
            data[at] ^= 0x80;
            list(data);
        }
    }
}
