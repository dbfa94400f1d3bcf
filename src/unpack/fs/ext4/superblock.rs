//! The superblock: what it says of the whole, and where the group descriptors are.
//!
//! Spec: kernel documentation, `filesystems/ext4/super.rst`, `group_descr.rst`, `blockgroup.rst`.

use crate::bytes::{Blob, Cursor, Gap};

use super::checksum::{self, START, crc32c};
use super::{NAME, wide};

/// Offset of the primary superblock in bytes; its length is the same.
pub(super) const PRIMARY: u64 = 1024;
/// `s_magic`, at 0x38.
const MAGIC: u16 = 0xef53;
/// Largest `s_log_block_size`: 64 KiB.
const LARGEST: u32 = 6;

/// `s_feature_compat`: backups are only in the two groups that `s_backup_bgs` names.
const SPARSE_SUPER2: u32 = 0x200;

/// `s_feature_incompat`: the journal has what was not written to its place yet.
pub(super) const RECOVER: u32 = 0x4;
const META_BG: u32 = 0x10;
const SIXTY_FOUR: u32 = 0x80;
pub(super) const EA_INODE: u32 = 0x400;
const CSUM_SEED: u32 = 0x2000;
pub(super) const LARGEDIR: u32 = 0x4000;
pub(super) const INLINE_DATA: u32 = 0x8000;
/// What is read, besides: file types in directories, extents, multi-mount protection, flexible groups,
/// encryption (of which only names and sizes are), case folding. Not read: compression (1), a journal
/// alone on a device (8), data in directory entries (0x1000).
const READ: u32 = RECOVER
    | META_BG
    | SIXTY_FOUR
    | EA_INODE
    | CSUM_SEED
    | LARGEDIR
    | INLINE_DATA
    | 0x2
    | 0x40
    | 0x100
    | 0x200
    | 0x10000
    | 0x20000;

/// `s_feature_ro_compat`: only some groups have a backup.
const SPARSE_SUPER: u32 = 0x1;
const METADATA_CSUM: u32 = 0x400;

/// What the superblock says, as far as reading needs it. Sizes in bytes, but where a field says blocks.
#[derive(Debug, Clone)]
pub(super) struct Superblock {
    /// Where it was read, in bytes.
    pub(super) at: u64,
    pub(super) inodes_count: u32,
    /// Blocks of the file system.
    pub(super) blocks_count: u64,
    /// Block of group 0: 1 where blocks are 1 KiB, else 0.
    first_data_block: u64,
    pub(super) block_size: u64,
    /// Unit of allocation; extents are in blocks all the same.
    pub(super) cluster_size: u64,
    blocks_per_group: u64,
    pub(super) inodes_per_group: u32,
    pub(super) inode_size: u64,
    pub(super) incompat: u32,
    compat: u32,
    ro_compat: u32,
    /// Inode of the journal, 0 where there is none.
    pub(super) journal: u32,
    /// Bytes of a group descriptor.
    pub(super) descriptor: u64,
    first_meta_bg: u64,
    backup_bgs: [u32; 2],
    /// What the checksums of metadata start with, where there are any.
    pub(super) seed: Option<u32>,
}

/// Whether these are the first bytes of a file system. The magic has only two bytes, so three of four
/// other fields must be possible too: one that is broken is told, and read by a backup.
pub(super) fn sniff(head: &[u8]) -> bool {
    let number = |at: usize| {
        let bytes = head.get(at..).and_then(|rest| rest.first_chunk());
        bytes.map_or(u32::MAX, |bytes| u32::from_le_bytes(*bytes))
    };
    let per_group = 1..=(8 << 16);
    let fields = [
        number(1024 + 0x18) <= LARGEST,
        per_group.contains(&number(1024 + 0x20)),
        per_group.contains(&number(1024 + 0x28)),
        number(1024 + 0x4c) <= 1,
    ];
    head.get(1080..1082) == Some(&MAGIC.to_le_bytes()) && fields.iter().filter(|field| **field).count() >= 3
}

/// Where backups of the superblock may be: at the start of group 1, for each block size. A group has as
/// many blocks as one block has bits.
pub(super) fn backups() -> impl Iterator<Item = u64> {
    (0..=LARGEST).map(|log| {
        let size = 1024_u64 << log;
        let start = size.saturating_mul(size).saturating_mul(8);
        if log == 0 {
            start.saturating_add(1024)
        } else {
            start
        }
    })
}

impl Superblock {
    /// The superblock at byte `at` of the image, and what is odd about it.
    pub(super) fn read(blob: &Blob, at: u64) -> Result<(Self, Option<Gap>), Gap> {
        let raw = blob.read(NAME, at..at.saturating_add(PRIMARY))?;
        let mut c = Cursor::new(NAME, &raw);
        let read = Self::fields(&mut c, at).map_err(|mut gap| {
            gap.at = gap.at.saturating_add(at);
            gap
        })?;
        let mut odd = None;
        if read.seed.is_some() {
            let said = Cursor::at(NAME, &raw, 0x3fc).u32("s_checksum")?;
            if said != checksum::superblock(&raw) {
                let at = at.saturating_add(0x3fc);
                odd = Some(Gap::odd(NAME, at, "s_checksum", said.into()));
            }
        }
        Ok((read, odd))
    }

    fn fields(c: &mut Cursor<'_>, at: u64) -> Result<Self, Gap> {
        let bad = |field: u64, what: &'static str, got: u64| Gap::invalid(NAME, field, what, got);
        let magic = Cursor::at(NAME, c.rest(), 0x38).u16("s_magic")?;
        if magic != MAGIC {
            return Err(bad(0x38, "s_magic", magic.into()));
        }
        let inodes_count = c.u32("s_inodes_count")?;
        let blocks_lo = c.u32("s_blocks_count_lo")?;
        c.seek(0x14);
        let first_data_block = c.u32("s_first_data_block")?;
        let log = c.u32("s_log_block_size")?;
        if log > LARGEST {
            return Err(bad(0x18, "s_log_block_size", log.into()));
        }
        let block_size = 1024_u64 << log;
        let log_cluster = c.u32("s_log_cluster_size")?;
        let blocks_per_group = c.u32("s_blocks_per_group")?;
        if blocks_per_group == 0 {
            return Err(bad(0x20, "s_blocks_per_group", 0));
        }
        c.skip("s_clusters_per_group", 4)?;
        let inodes_per_group = c.u32("s_inodes_per_group")?;
        // One block is the bitmap of a group's inodes.
        if inodes_per_group == 0 || u64::from(inodes_per_group) > block_size.saturating_mul(8) {
            return Err(bad(0x28, "s_inodes_per_group", inodes_per_group.into()));
        }
        c.seek(0x4c);
        let dynamic = c.u32("s_rev_level")? > 0;
        c.seek(0x58);
        // Revision 0 has neither inode sizes nor features: the fields are not in use.
        let inode_size = u64::from(c.u16("s_inode_size")?);
        let inode_size = if dynamic { inode_size } else { 128 };
        if !inode_size.is_power_of_two() || inode_size < 128 || inode_size > block_size {
            return Err(bad(0x58, "s_inode_size", inode_size));
        }
        c.skip("s_block_group_nr", 2)?;
        let compat = c.u32("s_feature_compat")?;
        let incompat = c.u32("s_feature_incompat")?;
        let ro_compat = c.u32("s_feature_ro_compat")?;
        let in_use = |features| if dynamic { features } else { 0 };
        let (compat, incompat, ro_compat) = (in_use(compat), in_use(incompat), in_use(ro_compat));
        if incompat & !READ != 0 {
            let unknown = u64::from(incompat & !READ);
            return Err(Gap::unsupported(NAME, 0x60, "s_feature_incompat", unknown));
        }
        let uuid = c.array::<16>("s_uuid")?;
        c.seek(0xe0);
        let journal = c.u32("s_journal_inum")?;
        c.seek(0xfe);
        let sixty_four = incompat & SIXTY_FOUR != 0;
        let descriptor = u64::from(c.u16("s_desc_size")?);
        let descriptor = if sixty_four { descriptor } else { 32 };
        if sixty_four && (!descriptor.is_power_of_two() || descriptor < 64 || descriptor > block_size) {
            return Err(bad(0xfe, "s_desc_size", descriptor));
        }
        c.seek(0x104);
        let first_meta_bg = c.u32("s_first_meta_bg")?;
        c.seek(0x150);
        let blocks_hi = c.u32("s_blocks_count_hi")?;
        let blocks_hi = if sixty_four { u64::from(blocks_hi) } else { 0 };
        c.seek(0x24c);
        let backup_bgs = [c.u32("s_backup_bgs")?, c.u32("s_backup_bgs")?];
        c.seek(0x270);
        let written = c.u32("s_checksum_seed")?;
        let seed = if incompat & CSUM_SEED == 0 {
            crc32c(START, &uuid)
        } else {
            written
        };
        Ok(Self {
            at,
            inodes_count,
            blocks_count: u64::from(blocks_lo) | (blocks_hi << 32),
            first_data_block: first_data_block.into(),
            block_size,
            cluster_size: 1024_u64.checked_shl(log_cluster).unwrap_or(block_size),
            blocks_per_group: blocks_per_group.into(),
            inodes_per_group,
            inode_size,
            incompat,
            compat,
            ro_compat,
            journal,
            descriptor,
            first_meta_bg: first_meta_bg.into(),
            backup_bgs,
            seed: (ro_compat & METADATA_CSUM != 0).then_some(seed),
        })
    }

    /// Where group 1 starts in bytes, which has a backup of this.
    pub(super) fn backup(&self) -> u64 {
        self.group_start(1).saturating_mul(self.block_size)
    }

    /// Bytes of the whole file system.
    pub(super) fn len(&self) -> u64 {
        self.blocks_count.saturating_mul(self.block_size)
    }

    /// Whether these blocks are in the file system. The first one never holds anything else than itself.
    pub(super) fn holds(&self, block: u64, count: u64) -> bool {
        block > self.first_data_block && block.saturating_add(count) <= self.blocks_count
    }

    /// Where the descriptor of a group is, in bytes.
    ///
    /// They all follow the superblock, but for meta groups (`META_BG`): as many groups as one block has
    /// descriptors have theirs in the first of them.
    pub(super) fn descriptor_at(&self, group: u64) -> u64 {
        let per_block = self.block_size.checked_div(self.descriptor).unwrap_or(1).max(1);
        let number = group.checked_div(per_block).unwrap_or(0);
        let within = group.checked_rem(per_block).unwrap_or(0);
        let block = if self.incompat & META_BG == 0 || number < self.first_meta_bg {
            let superblock = self.at.checked_div(self.block_size).unwrap_or(0);
            superblock.saturating_add(1).saturating_add(number)
        } else {
            let first = number.saturating_mul(per_block);
            let mut skip = u64::from(self.has_backup(first));
            // The superblock is in block 1 then, even where group 0 starts at block 0 (bigalloc).
            if self.block_size == PRIMARY && number == 0 && self.first_data_block == 0 {
                skip = skip.saturating_add(1);
            }
            self.group_start(first).saturating_add(skip)
        };
        let at = block.saturating_mul(self.block_size);
        at.saturating_add(within.saturating_mul(self.descriptor))
    }

    /// The first block of a group.
    fn group_start(&self, group: u64) -> u64 {
        let start = group.saturating_mul(self.blocks_per_group);
        start.saturating_add(self.first_data_block)
    }

    /// Whether a group starts with the superblock or a backup.
    fn has_backup(&self, group: u64) -> bool {
        if self.compat & SPARSE_SUPER2 != 0 {
            return group == 0 || self.backup_bgs.iter().any(|backup| u64::from(*backup) == group);
        }
        if group <= 1 || self.ro_compat & SPARSE_SUPER == 0 {
            return true;
        }
        [3_u64, 5, 7].iter().any(|base| {
            let mut power = *base;
            while power < group {
                power = power.saturating_mul(*base);
            }
            power == group
        })
    }
}

/// A read past the end is a gap, even of a blob that ends early.
pub(super) fn whole(bytes: &[u8], what: &'static str, at: u64, need: u64) -> Result<(), Gap> {
    let have = wide(bytes.len());
    if have < need {
        return Err(Gap::truncated(NAME, at, what, need, have));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_with_the_magic_by_chance_are_not_taken_for_a_file_system() {
        let mut head = vec![0; 8196];
        head[1080..1082].copy_from_slice(&MAGIC.to_le_bytes());
        assert!(!sniff(&head));
        head[1024 + 0x28] = 16;
        assert!(sniff(&head));
    }
}
