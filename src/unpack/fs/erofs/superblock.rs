//! The superblock: what an image has, and where it starts.

use crate::bytes::{Blob, Cursor, Gap};

use super::{Grain, NAME};

/// Bytes before the superblock: room for a boot sector.
pub(super) const AT: u64 = 1024;
pub(super) const MAGIC: [u8; 4] = 0xe0f5_e1e2_u32.to_le_bytes();
/// Bytes of a superblock without slots, and of one slot behind it.
const SIZE: u64 = 128;
const SLOT: u64 = 16;
/// Bytes of a slot of the device table.
const DEVICE: u64 = 128;
/// Ours: devices beside the first. Images are spread over a handful.
const DEVICES: u16 = 256;
/// 512 bytes to 64 KiB, the page sizes that the kernel knows.
const BLOCK_BITS: std::ops::RangeInclusive<u8> = 9..=16;

/// `feature_compat`: `checksum` is to be looked at.
const SB_CHKSUM: u32 = 0x1;

/// `feature_incompat`: compressed data is at the end of its blocks, zeros before it.
const ZERO_PADDING: u32 = 0x1;
/// There are parameters of compression algorithms, and a set of those that are used.
const COMPR_CFGS: u32 = 0x2;
/// There is a table of more devices (the same bit says that a file may have two algorithms).
const DEVICE_TABLE: u32 = 0x8;
/// Ends of files are packed together in one inode.
const FRAGMENTS: u32 = 0x20;
/// Block numbers of 48 bits, and an inode number of the root of 64.
const BITS_48: u32 = 0x80;
/// Inodes may be in the data of another inode, the metabox.
const METABOX: u32 = 0x100;
/// All above, chunks 0x4, inline compressed tails 0x10, prefixes of attribute names 0x40.
const KNOWN: u32 = 0x1ff;

/// `available_compr_algs`: LZ4, LZMA, deflate, zstd.
const ALGORITHMS: u16 = 0xf;

/// In an inode number: the inode is in the metabox.
pub(super) const IN_METABOX: u64 = 1 << 63;

/// What the rest of the reader needs to know.
#[derive(Debug)]
pub(super) struct Superblock {
    /// A block.
    pub(super) block: Grain,
    /// Of the first device.
    pub(super) blocks: u64,
    /// Where inode 0 would be, in bytes.
    pub(super) meta: u64,
    /// Number of the root directory's inode.
    pub(super) root: u64,
    /// Of the inode that holds the fragments.
    pub(super) packed: Option<u64>,
    /// Of the inode that holds inodes.
    pub(super) metabox: Option<u64>,
    /// Compressed data is at the end of its blocks.
    pub(super) padded: bool,
    /// It says that there is compressed data. The first images that had some did not.
    pub(super) compressed: bool,
    /// The other devices; the first of them has the number 1.
    pub(super) devices: Vec<Slot>,
    /// The bits of a device number that count.
    pub(super) device_mask: u16,
}

/// A device besides the first.
#[derive(Debug)]
pub(super) struct Slot {
    /// Its name or digest, as written.
    pub(super) tag: Vec<u8>,
    pub(super) blocks: u64,
    /// Where it is among the blocks of all devices; 0 where it is only reached by its number.
    pub(super) start: u64,
}

impl Superblock {
    /// Reads and checks it. What is odd and no reason to stop goes to `odd`.
    pub(super) fn read(image: &Blob, odd: &mut Vec<Gap>) -> Result<Self, Gap> {
        // Offsets in gaps are those of the image.
        let data = image.read(NAME, 0..AT.saturating_add(SIZE).saturating_add(SLOT))?;
        let mut c = Cursor::at(NAME, &data, narrow(AT));
        let field = |at: u64| AT.saturating_add(at);
        let magic = c.array("magic")?;
        if magic != MAGIC {
            let got = u32::from_le_bytes(magic);
            return Err(Gap::invalid(NAME, AT, "magic", got.into()));
        }
        let checksum = c.u32("checksum")?;
        let compat = c.u32("feature_compat")?;
        let block_bits = c.u8("blkszbits")?;
        if !BLOCK_BITS.contains(&block_bits) {
            return Err(Gap::unsupported(NAME, field(12), "blkszbits", block_bits.into()));
        }
        let block = Grain::new(block_bits.into());
        let extslots = c.u8("sb_extslots")?;
        let high = c.u16("rootnid_2b")?;
        c.skip("inos, epoch, fixed_nsec", 20)?;
        let blocks = u64::from(c.u32("blocks_lo")?);
        let meta = u64::from(c.u32("meta_blkaddr")?);
        c.skip("xattr_blkaddr, uuid, volume_name", 36)?;
        let incompat = c.u32("feature_incompat")?;
        if incompat & !KNOWN != 0 {
            let got = u64::from(incompat & !KNOWN);
            return Err(Gap::unsupported(NAME, field(80), "feature_incompat", got));
        }
        let available_compr_algs = c.u16("available_compr_algs")?;
        if incompat & COMPR_CFGS != 0 && available_compr_algs & !ALGORITHMS != 0 {
            // What is compressed with others will say so itself.
            let got = available_compr_algs.into();
            odd.push(Gap::unsupported(NAME, field(84), "available_compr_algs", got));
        }
        let extra_devices = c.u16("extra_devices")?;
        let devt_slotoff = c.u16("devt_slotoff")?;
        let dirblkbits = c.u8("dirblkbits")?;
        if dirblkbits != 0 {
            return Err(Gap::unsupported(NAME, field(90), "dirblkbits", dirblkbits.into()));
        }
        c.skip("xattr_prefix_count, xattr_prefix_start", 5)?;
        let packed_nid = c.u64("packed_nid")?;
        c.skip("xattr_filter_reserved, build_time", 8)?;
        let rootnid_8b = c.u64("rootnid_8b")?;
        let wide = incompat & BITS_48 != 0;
        let (root, blocks) = match rootnid_8b {
            root if wide && root != 0 => (root, blocks | (u64::from(high) << 32)),
            _ => (u64::from(high), blocks),
        };
        let metabox = if incompat & METABOX == 0 {
            None
        } else if extslots == 0 {
            return Err(Gap::invalid(NAME, field(13), "sb_extslots", 0));
        } else {
            c.skip("reserved2", 8)?;
            let nid = c.u64("metabox_nid")?;
            if nid & IN_METABOX != 0 {
                return Err(Gap::invalid(NAME, field(128), "metabox_nid in the metabox", nid));
            }
            Some(nid)
        };
        if compat & SB_CHKSUM != 0 {
            odd.extend(verify(image, block, checksum).err());
        }
        let mut device_mask = 0;
        let mut devices = Vec::new();
        if incompat & DEVICE_TABLE != 0 && extra_devices != 0 {
            device_mask = u16::MAX.wrapping_shr(extra_devices.leading_zeros());
            let at = u64::from(devt_slotoff).saturating_mul(DEVICE);
            odd.extend(slots(image, at, extra_devices, wide, &mut devices).err());
        }
        Ok(Self {
            block,
            blocks,
            meta: block.at(meta),
            root,
            packed: Some(packed_nid).filter(|nid| incompat & FRAGMENTS != 0 && *nid != 0),
            metabox,
            padded: incompat & ZERO_PADDING != 0,
            // Without `COMPR_CFGS`, the field is the window of LZ4.
            compressed: incompat & ZERO_PADDING != 0 || available_compr_algs != 0,
            devices,
            device_mask,
        })
    }
}

/// CRC-32C over the rest of the block that the superblock is in, its own field counted as zero. The start
/// value is all ones and the end is not inverted.
fn verify(image: &Blob, block: Grain, said: u32) -> Result<(), Gap> {
    let len = match block.size() {
        size if size > AT => size.saturating_sub(AT),
        size => size,
    };
    let data = image.read(NAME, AT..AT.saturating_add(len))?;
    let mut crc = u32::MAX;
    for (at, byte) in data.iter().enumerate() {
        let byte = if (4..8).contains(&at) { 0 } else { *byte };
        crc ^= u32::from(byte);
        for _ in 0..8 {
            let carry = if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
            crc = (crc >> 1) ^ carry;
        }
    }
    if crc == said {
        return Ok(());
    }
    Err(Gap::invalid(NAME, AT.saturating_add(4), "checksum", said.into()))
}

/// The device table.
fn slots(image: &Blob, at: u64, count: u16, wide: bool, to: &mut Vec<Slot>) -> Result<(), Gap> {
    for number in 0..count {
        let at = at.saturating_add(u64::from(number).saturating_mul(DEVICE));
        if number >= DEVICES {
            let (got, limit) = (count.into(), DEVICES.into());
            return Err(Gap::over(NAME, at, "extra_devices", got, limit, ""));
        }
        let data = image.read(NAME, at..at.saturating_add(DEVICE))?;
        let mut c = Cursor::new(NAME, &data);
        let moved = |gap: Gap| Gap {
            at: gap.at.saturating_add(at),
            ..gap
        };
        let mut read = || {
            let tag = c.take("tag", 64)?;
            let blocks_lo = c.u32("blocks_lo")?;
            let uniaddr_lo = c.u32("uniaddr_lo")?;
            let blocks_hi = c.u32("blocks_hi")?;
            let uniaddr_hi = c.u16("uniaddr_hi")?;
            let join = |low: u32, high: u32| match wide {
                // Block numbers have 48 bits.
                true => u64::from(low) | (u64::from(high & 0xffff) << 32),
                false => u64::from(low),
            };
            let end = tag.iter().position(|b| *b == 0).unwrap_or(tag.len());
            Ok(Slot {
                tag: tag.get(..end).unwrap_or_default().to_vec(),
                blocks: join(blocks_lo, blocks_hi),
                start: join(uniaddr_lo, uniaddr_hi.into()),
            })
        };
        to.push(read().map_err(moved)?);
    }
    Ok(())
}

fn narrow(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}
