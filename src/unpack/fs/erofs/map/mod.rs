//! Where the data of a file in logical clusters is: the map header and the two kinds of index.
//!
//! A file is cut into logical clusters of one size. An extent starts in a *head*, at any byte of it, and
//! ends where the next begins; the clusters between have an entry that says how far the head is back.

mod index;
mod pack;

use crate::bytes::{Cursor, Gap};

use super::{Grain, NAME, Reader};
use pack::PACK_BITS;

pub(super) use index::Index;

/// `h_advise`: packs of 16 entries (compact), or records of extents instead of an index (full).
const COMPACTED_2B: u16 = 0x1;
const EXTENTS: u16 = 0x1;
/// Compressed data of a head of the first kind, and of all others, may be more than a block.
const BIG_PCLUSTER_1: u16 = 0x2;
const BIG_PCLUSTER_2: u16 = 0x4;
/// The compressed data of the last extent is behind the index.
const INLINE_PCLUSTER: u16 = 0x8;
/// What is not compressed is at the place in its block that it has in the file, its end before it.
pub(super) const INTERLACED_PCLUSTER: u16 = 0x10;
/// The last extent is a fragment.
pub(super) const FRAGMENT_PCLUSTER: u16 = 0x20;

/// The map header's top bit: the whole file is a fragment, and the other bits are its offset.
const FRAGMENT_INODE: u64 = 1 << 63;
/// `h_clusterbits`: the size of a logical cluster, in blocks, as a power of two.
const CLUSTER_BITS: u8 = 0xf;

/// `Z_EROFS_PCLUSTER_MAX_SIZE`: compressed bytes of an extent.
pub(super) const MAX_PACKED: u64 = 1 << 20;
/// `Z_EROFS_PCLUSTER_MAX_DSIZE`: bytes of an extent.
pub(super) const MAX_EXTENT: u64 = 12 << 20;

/// The map header, behind the inode.
#[derive(Debug, Clone, Copy)]
pub(super) enum Header {
    /// The whole file is a fragment, at this offset.
    Fragment(u64),
    /// There are records of extents.
    Records(Records),
    /// There is an index.
    Index(Indexed),
}

/// A header with records of extents behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Records {
    pub(super) advise: u16,
    /// Number of records, where each has its logical offset.
    pub(super) count: u64,
    /// Where each has not: the logical bytes of each.
    pub(super) cluster: Grain,
    /// Byte behind the header.
    pub(super) end: u64,
}

/// A header with an index behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indexed {
    advise: u16,
    /// Of heads of both kinds.
    algorithms: [u8; 2],
    /// Offset of the last extent, where that is a fragment: its lower half.
    fragment: u32,
    /// Compressed bytes of the last extent, where they are inline.
    inline: u16,
    /// A logical cluster.
    cluster: Grain,
    /// Byte behind the header.
    end: u64,
}

impl Header {
    /// Reads the header behind an inode that ends at `end`.
    pub(super) fn read(reader: &mut Reader<'_>, end: u64, compact: bool, block: Grain) -> Result<Self, Gap> {
        let at = end.checked_next_multiple_of(8).unwrap_or(u64::MAX);
        let raw = reader.bytes::<8>("map header", at)?;
        let whole = u64::from_le_bytes(raw);
        if whole & FRAGMENT_INODE != 0 {
            return Ok(Self::Fragment(whole & !FRAGMENT_INODE));
        }
        let moved = |gap: Gap| Gap {
            at: gap.at.saturating_add(at),
            ..gap
        };
        let mut c = Cursor::new(NAME, &raw);
        let first = c.u32("h_fragmentoff").map_err(moved)?;
        let advise = c.u16("h_advise").map_err(moved)?;
        let algorithms = c.u8("h_algorithmtype").map_err(moved)?;
        let clusterbits = c.u8("h_clusterbits").map_err(moved)?;
        let bits = block.bits().saturating_add((clusterbits & CLUSTER_BITS).into());
        let cluster = Grain::new(bits);
        let end = at.saturating_add(8);
        if !compact && advise & EXTENTS != 0 {
            // The upper bits of the number of records are where the algorithms of an index are.
            let high = u64::from(u16::from_le_bytes([algorithms, clusterbits]));
            let count = u64::from(first) | (high << 32);
            return Ok(Self::Records(Records {
                advise,
                count,
                cluster,
                end,
            }));
        }
        let big = |bit| advise & bit != 0;
        if compact && (bits > PACK_BITS || big(BIG_PCLUSTER_1) != big(BIG_PCLUSTER_2)) {
            return Err(Gap::invalid(NAME, at.saturating_add(4), "h_advise", whole >> 32));
        }
        let [_, _, low, high] = first.to_le_bytes();
        let fragment = advise & FRAGMENT_PCLUSTER != 0;
        let inline = match advise & INLINE_PCLUSTER != 0 && !fragment {
            true => u16::from_le_bytes([low, high]),
            false => 0,
        };
        Ok(Self::Index(Indexed {
            advise,
            algorithms: [algorithms & 0xf, algorithms >> 4],
            fragment: first,
            inline,
            cluster,
            end,
        }))
    }
}
