//! The checkpoint, and the node address table that it says is current.

use std::collections::BTreeMap;

use crate::bytes::{Blob, Bytes, Cursor, Gap};

use super::crc::crc32;
use super::superblock::Superblock;
use super::{BLOCK, MAGIC, NAME, SEGMENT, block, byte, wide};

/// Bits of `ckpt_flags`.
const UMOUNT: u32 = 0x1;
const COMPACT_SUM: u32 = 0x4;
const LARGE_NAT_BITMAP: u32 = 0x400;
/// Where in a checkpoint block the bitmaps start: the first place for its checksum.
const BITMAPS: u64 = 192;
/// The last, and usual, place for it.
const LAST_CHECKSUM: u64 = BLOCK - 4;
/// The first and the last block of a pack are the checkpoint.
const ENDS: u64 = 2;
/// Summary blocks at the end of a pack: of data logs, and of node logs where it was unmounted. The first of
/// them holds the journal.
const DATA_LOGS: u64 = 3;
const ALL_LOGS: u64 = 6;
/// Bytes of a journal, and where in a summary block it is: behind 512 summaries of 7 bytes.
const JOURNAL: usize = 507;
const SUMMARIES: usize = 7 * 512;
/// Entries of 13 bytes that a journal of the NAT has room for.
const JOURNAL_ENTRIES: u16 = 38;
/// Entries of 9 bytes in a block of the NAT.
const NAT_ENTRIES: u64 = 455;

/// Where nodes are.
pub(super) struct Nat {
    /// Address of its first block.
    start: u64,
    /// Blocks, one of each pair.
    blocks: u64,
    /// A bit a block, most significant first: whether the second of its pair holds.
    bitmap: Bytes,
    /// Entries that are newer than those in the blocks: nid → address.
    journal: BTreeMap<u32, u32>,
}

impl Nat {
    pub(super) fn read(blob: &Blob, superblock: &Superblock) -> Result<Self, Gap> {
        let start = superblock.checkpoint;
        let first = Pack::read(blob, start, superblock.payload);
        let second = Pack::read(blob, start.saturating_add(SEGMENT), superblock.payload);
        let pack = match (first, second) {
            // The version may have come round.
            (Ok(one), Ok(two)) if two.version.wrapping_sub(one.version).cast_signed() > 0 => two,
            (Ok(one), _) => one,
            (Err(_), Ok(two)) => two,
            (Err(gap), Err(_)) => return Err(gap),
        };
        Ok(Self {
            start: superblock.nat,
            blocks: superblock.nat_blocks,
            bitmap: pack.bitmap(blob, superblock)?,
            journal: pack.journal(blob)?,
        })
    }

    /// Address of the node with this number; where the table says so, for gaps.
    pub(super) fn find(&self, blob: &Blob, nid: u32) -> Result<(u32, u64), Gap> {
        if let Some(address) = self.journal.get(&nid) {
            return Ok((*address, byte(self.start)));
        }
        let (number, entry) = (u64::from(nid) / NAT_ENTRIES, u64::from(nid) % NAT_ENTRIES);
        if nid == 0 || number >= self.blocks {
            return Err(Gap::invalid(NAME, byte(self.start), "nid", nid.into()));
        }
        let bits = usize::try_from(number >> 3)
            .ok()
            .and_then(|at| self.bitmap.get(at));
        let second = bits.is_some_and(|bits| bits & (0x80 >> (number & 7)) != 0);
        // Segments of both copies take turns.
        let pair = (number & !(SEGMENT - 1)).saturating_add(number);
        let block = self.start.saturating_add(pair);
        let block = block.saturating_add(if second { SEGMENT } else { 0 });
        let at = byte(block).saturating_add(entry.saturating_mul(9));
        let bytes = blob.read(NAME, at..at.saturating_add(9))?;
        let mut c = Cursor::new(NAME, &bytes);
        let mut address = || {
            c.u8("version")?;
            c.u32("ino")?;
            c.u32("block_addr")
        };
        address()
            .map(|address| (address, at))
            .map_err(|gap| Gap { at, ..gap })
    }
}

/// One of the two checkpoint packs.
struct Pack {
    /// Address of its first block.
    start: u64,
    version: u64,
    flags: u32,
    /// Blocks.
    total: u64,
    summaries: u64,
    sit_bitmap: u64,
    nat_bitmap: u64,
    checksum: u64,
}

impl Pack {
    fn read(blob: &Blob, start: u64, payload: u64) -> Result<Self, Gap> {
        let pack = Self::half(blob, start)?;
        if pack.total > SEGMENT || pack.total <= payload.saturating_add(ENDS) {
            let at = byte(start).saturating_add(136);
            return Err(Gap::invalid(NAME, at, "cp_pack_total_block_count", pack.total));
        }
        let end = start.saturating_add(pack.total).saturating_sub(1);
        let half = Self::half(blob, end)?;
        if half.version != pack.version {
            // It was not written to its end.
            return Err(Gap::invalid(NAME, byte(end), "checkpoint_ver", half.version));
        }
        Ok(pack)
    }

    /// One of the two checkpoint blocks of a pack.
    fn half(blob: &Blob, start: u64) -> Result<Self, Gap> {
        let bytes = block(blob, start, "checkpoint")?;
        let mut c = Cursor::new(NAME, &bytes);
        let version = c.u64("checkpoint_ver")?;
        c.u64("user_block_count")?;
        c.u64("valid_block_count")?;
        c.u32("rsvd_segment_count")?;
        c.u32("overprov_segment_count")?;
        c.u32("free_segment_count")?;
        c.skip("cur_node_segno", 8 * 4)?;
        c.skip("cur_node_blkoff", 8 * 2)?;
        c.skip("cur_data_segno", 8 * 4)?;
        c.skip("cur_data_blkoff", 8 * 2)?;
        let flags = c.u32("ckpt_flags")?;
        let total = c.u32("cp_pack_total_block_count")?.into();
        let summaries = c.u32("cp_pack_start_sum")?.into();
        c.u32("valid_node_count")?;
        c.u32("valid_inode_count")?;
        c.u32("next_free_nid")?;
        let sit_bitmap = c.u32("sit_ver_bitmap_bytesize")?.into();
        let nat_bitmap = c.u32("nat_ver_bitmap_bytesize")?.into();
        let checksum = u64::from(c.u32("checksum_offset")?);
        let at = byte(start).saturating_add(164);
        if !(BITMAPS..=LAST_CHECKSUM).contains(&checksum) {
            return Err(Gap::invalid(NAME, at, "checksum_offset", checksum));
        }
        let offset = usize::try_from(checksum).unwrap_or(0);
        let expect = Cursor::at(NAME, &bytes, offset).u32("checksum")?;
        let before = bytes.get(..offset).unwrap_or_default();
        let behind = bytes.get(offset.saturating_add(4)..).unwrap_or_default();
        if crc32(crc32(MAGIC, before), behind) != expect {
            let at = byte(start).saturating_add(checksum);
            return Err(Gap::invalid(NAME, at, "checkpoint checksum", expect.into()));
        }
        Ok(Self {
            start,
            version,
            flags,
            total,
            summaries,
            sit_bitmap,
            nat_bitmap,
            checksum,
        })
    }

    /// Which copy of each NAT block holds.
    fn bitmap(&self, blob: &Blob, superblock: &Superblock) -> Result<Bytes, Gap> {
        let payload = superblock.payload;
        let skip = if self.flags & LARGE_NAT_BITMAP != 0 {
            // The checksum stands before it, except in what f2fs-tools before 1.13 wrote.
            if self.checksum == BITMAPS { 4 } else { 0 }
        } else if payload > 0 {
            0
        } else {
            self.sit_bitmap
        };
        let start = BITMAPS.saturating_add(skip);
        let end = start.saturating_add(self.nat_bitmap);
        let room = byte(payload.saturating_add(1));
        let at = byte(self.start);
        if end > room || self.nat_bitmap != superblock.nat_blocks >> 3 {
            let at = at.saturating_add(160);
            return Err(Gap::invalid(NAME, at, "nat_ver_bitmap_bytesize", self.nat_bitmap));
        }
        let range = at.saturating_add(start)..at.saturating_add(end);
        let bitmap = blob.read(NAME, range.clone())?;
        let have = wide(bitmap.len());
        if have < self.nat_bitmap {
            return Err(Gap::truncated(
                NAME,
                range.start,
                "NAT bitmap",
                self.nat_bitmap,
                have,
            ));
        }
        Ok(bitmap)
    }

    /// The newest entries of the NAT, which are not in its blocks yet.
    fn journal(&self, blob: &Blob) -> Result<BTreeMap<u32, u32>, Gap> {
        let (offset, skip) = if self.flags & COMPACT_SUM != 0 {
            (self.summaries, 0)
        } else {
            let logs = if self.flags & UMOUNT != 0 {
                ALL_LOGS
            } else {
                DATA_LOGS
            };
            (self.total.saturating_sub(1).saturating_sub(logs), SUMMARIES)
        };
        let address = self.start.saturating_add(offset);
        let bytes = block(blob, address, "summary")?;
        let journal = bytes.get(skip..).and_then(|rest| rest.get(..JOURNAL));
        let mut c = Cursor::new(NAME, journal.unwrap_or_default());
        let count = c.u16("n_nats")?;
        if count > JOURNAL_ENTRIES {
            // Older entries would be wrong ones.
            let at = byte(address).saturating_add(wide(skip));
            return Err(Gap::invalid(NAME, at, "n_nats", count.into()));
        }
        let mut entries = BTreeMap::new();
        for _ in 0..count {
            let nid = c.u32("nid")?;
            c.u8("version")?;
            c.u32("ino")?;
            entries.insert(nid, c.u32("block_addr")?);
        }
        Ok(entries)
    }
}
