//! The superblock.

use std::ops::Range;

use crate::bytes::{Blob, Cursor, Gap};

use super::crc::crc32;
use super::{LOG_BLOCK, MAGIC, NAME, SEGMENT, wide};

/// Bytes of `f2fs_super_block`, and where in it its checksum is.
const SUPERBLOCK: u64 = 3072;
const CHECKSUM: usize = 3068;
/// Feature bits that say how bytes are laid out.
pub(super) mod feature {
    pub(in super::super) const INODE_CHKSUM: u32 = 0x20;
    pub(in super::super) const FLEXIBLE_INLINE_XATTR: u32 = 0x40;
    pub(in super::super) const SB_CHKSUM: u32 = 0x800;
    pub(in super::super) const COMPRESSION: u32 = 0x2000;
    /// All that are known: up to `F2FS_FEATURE_PACKED_SSA`, which changes nothing in blocks of 4 KiB.
    pub(in super::super) const KNOWN: u32 = 0x1_ffff;
}

/// What is used of a superblock.
pub(super) struct Superblock {
    pub(super) features: u32,
    pub(super) uuid: [u8; 16],
    pub(super) checkpoint: u64,
    /// Blocks of a checkpoint pack that hold bitmaps, beside the first.
    pub(super) payload: u64,
    pub(super) nat: u64,
    /// Blocks of the node address table, one of each pair.
    pub(super) nat_blocks: u64,
    pub(super) main: Range<u64>,
    pub(super) root: u32,
}

impl Superblock {
    pub(super) fn read(blob: &Blob, at: u64) -> Result<Self, Gap> {
        let bytes = blob.read(NAME, at..at.saturating_add(SUPERBLOCK))?;
        let here = |offset: u64| at.saturating_add(offset);
        let mut c = Cursor::new(NAME, &bytes);
        let magic = c.u32("magic")?;
        if magic != MAGIC {
            return Err(Gap::invalid(NAME, at, "magic", magic.into()));
        }
        c.u16("major_ver")?;
        c.u16("minor_ver")?;
        c.u32("log_sectorsize")?;
        c.u32("log_sectors_per_block")?;
        let log_blocksize = c.u32("log_blocksize")?;
        let log_blocks_per_seg = c.u32("log_blocks_per_seg")?;
        c.u32("segs_per_sec")?;
        c.u32("secs_per_zone")?;
        let checksum_offset = c.u32("checksum_offset")?;
        c.u64("block_count")?;
        c.u32("section_count")?;
        c.u32("segment_count")?;
        c.u32("segment_count_ckpt")?;
        c.u32("segment_count_sit")?;
        let segment_count_nat = u64::from(c.u32("segment_count_nat")?);
        c.u32("segment_count_ssa")?;
        let segment_count_main = u64::from(c.u32("segment_count_main")?);
        c.u32("segment0_blkaddr")?;
        let checkpoint = c.u32("cp_blkaddr")?.into();
        c.u32("sit_blkaddr")?;
        let nat = c.u32("nat_blkaddr")?.into();
        c.u32("ssa_blkaddr")?;
        let main = u64::from(c.u32("main_blkaddr")?);
        let root = c.u32("root_ino")?;
        c.u32("node_ino")?;
        c.u32("meta_ino")?;
        let uuid = c.array("uuid")?;
        c.skip("volume_name", 2 * 512)?;
        c.u32("extension_count")?;
        c.skip("extension_list", 64 * 8)?;
        let payload = u64::from(c.u32("cp_payload")?);
        c.skip("version", 256)?;
        c.skip("init_version", 256)?;
        let features = c.u32("feature")?;
        c.u8("encryption_level")?;
        c.skip("encrypt_pw_salt", 16)?;
        let [device, ..] = c.array::<{ 8 * 68 }>("devs")?;

        if features & feature::SB_CHKSUM != 0 {
            let crc = Cursor::at(NAME, &bytes, CHECKSUM).u32("crc")?;
            let covered = bytes.get(..CHECKSUM).unwrap_or_default();
            let found = usize::try_from(checksum_offset) == Ok(CHECKSUM);
            if !found || crc32(MAGIC, covered) != crc {
                return Err(Gap::invalid(NAME, here(wide(CHECKSUM)), "crc", crc.into()));
            }
        }
        if log_blocksize != LOG_BLOCK {
            let got = log_blocksize.into();
            return Err(Gap::unsupported(NAME, here(16), "log_blocksize", got));
        }
        if u64::from(log_blocks_per_seg) != u64::from(SEGMENT.trailing_zeros()) {
            let got = log_blocks_per_seg.into();
            return Err(Gap::invalid(NAME, here(20), "log_blocks_per_seg", got));
        }
        if features & !feature::KNOWN != 0 {
            return Err(Gap::unsupported(NAME, here(2180), "feature", features.into()));
        }
        if device != 0 {
            // Its blocks are in images that lie elsewhere.
            return Err(Gap::unsupported(NAME, here(2201), "several devices", 1));
        }
        if payload >= SEGMENT {
            return Err(Gap::invalid(NAME, here(1664), "cp_payload", payload));
        }
        let blocks = segment_count_main.saturating_mul(SEGMENT);
        Ok(Self {
            features,
            uuid,
            checkpoint,
            payload,
            nat,
            nat_blocks: (segment_count_nat >> 1).saturating_mul(SEGMENT),
            main: main..main.saturating_add(blocks),
            root,
        })
    }
}
