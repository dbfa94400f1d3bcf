//! Where the data of a file in logical clusters is: the map header and the two kinds of index.
//!
//! A file is cut into logical clusters of one size. An extent starts in a *head*, at any byte of it, and
//! ends where the next begins; the clusters between have an entry that says how far the head is back.

use crate::bytes::{Cursor, Gap};

use super::cluster::{Algorithm, Cluster};
use super::file::{Extent, Memo, Stored};
use super::{Grain, NAME, Reader};

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

/// `di_advise` of an entry of the full index: the compressed data is of more than this extent.
const PARTIAL_REF: u16 = 0x8000;
/// In the first entry behind a head: the rest is the number of blocks of compressed data.
const D0_CBLKCNT: u16 = 0x800;
/// Most bits of a logical cluster that packs have room for.
const PACK_BITS: u32 = 14;
/// Bits of a number in an entry of a pack, at least: [`D0_CBLKCNT`] is the highest of them.
const LOW_BITS: u32 = 12;

/// Ours: entries that are followed back to a head. Each goes back by 2047 clusters where it has to: 13 times
/// in the longest extent.
const HOPS: u32 = 64;

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

/// A logical cluster, as its entry in the index tells.
#[derive(Debug, Clone, Copy)]
enum Entry {
    /// An extent starts in it.
    Head(Head),
    /// It belongs to a head, so many clusters back. In the first behind the head, the number of blocks
    /// of compressed data, where they are told.
    Rest { back: u64, blocks: Option<u64> },
}

#[derive(Debug, Clone, Copy)]
struct Head {
    kind: HeadKind,
    /// Byte of the cluster that the extent starts at.
    offset: u64,
    /// Block of the compressed data.
    block: u64,
    /// The compressed data is of more than this extent.
    partial: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeadKind {
    /// Not compressed.
    Plain,
    /// Compressed with the first algorithm.
    One,
    /// With the second.
    Two,
}

/// What an entry's lower two bits say.
fn head_kind(bits: u16) -> Option<HeadKind> {
    match bits & 3 {
        0 => Some(HeadKind::Plain),
        1 => Some(HeadKind::One),
        2 => None,
        _ => Some(HeadKind::Two),
    }
}

/// The last extent, where it is not in blocks of its own.
#[derive(Debug, Clone, Copy)]
struct Tail {
    /// The cluster of its head.
    head: u64,
    from: Stored,
}

/// A file's index, while it is looked things up in.
pub(super) struct Index<'a> {
    reader: Reader<'a>,
    header: Indexed,
    compact: bool,
    boxed: bool,
    block: Grain,
    size: u64,
    tail: Option<Tail>,
    memo: &'a Memo,
}

impl<'a> Index<'a> {
    pub(super) fn open(
        reader: Reader<'a>,
        header: Indexed,
        compact: bool,
        boxed: bool,
        block: Grain,
        size: u64,
        memo: &'a Memo,
    ) -> Result<Self, Gap> {
        let mut index = Self {
            reader,
            header,
            compact,
            boxed,
            block,
            size,
            tail: None,
            memo,
        };
        if header.inline > 0 || index.advises(FRAGMENT_PCLUSTER) {
            index.tail = Some(index.find_tail()?);
        }
        Ok(index)
    }

    fn advises(&self, bit: u16) -> bool {
        self.header.advise & bit != 0
    }

    /// What the last byte of the file is in.
    fn find_tail(&mut self) -> Result<Tail, Gap> {
        let last = self.size.saturating_sub(1);
        let (number, head) = self.head(last)?;
        if self.advises(FRAGMENT_PCLUSTER) {
            let low = u64::from(self.header.fragment);
            // The entry of a fragment has no use for a block number: in the full index, it is the rest
            // of the offset.
            let high = if self.compact { 0 } else { head.block << 32 };
            return Ok(Tail {
                head: number,
                from: Stored::Fragment(low | high),
            });
        }
        let (at, len) = (
            self.behind(self.header.cluster.number(last))?,
            self.header.inline.into(),
        );
        if self.block.offset(at).saturating_add(len) > self.block.size() {
            return Err(Gap::invalid(NAME, at, "inline cluster across blocks", len));
        }
        let from = match self.algorithm(head.kind)? {
            Some(algorithm) => Stored::Cluster(Cluster {
                beside: Some(self.boxed),
                at,
                len,
                algorithm,
                partial: head.partial,
            }),
            None => Stored::Beside(at),
        };
        Ok(Tail { head: number, from })
    }

    /// The extent that byte `at` is in.
    pub(super) fn extent(&mut self, at: u64) -> Result<Extent, Gap> {
        if let Some(tail) = self.tail
            && tail.head == 0
            && let Stored::Fragment(_) = tail.from
        {
            return Ok(Extent {
                start: 0,
                len: self.size,
                from: tail.from,
            });
        }
        let (number, head) = self.head(at)?;
        let memo = self.memo;
        let extent = memo.extent(number, || self.of(number, head))?;
        let end = extent.start.saturating_add(extent.len);
        if !(extent.start..end).contains(&at) {
            return Err(Gap::invalid(
                NAME,
                self.place(number),
                "extent of a head",
                extent.start,
            ));
        }
        Ok(extent)
    }

    /// The extent of a head.
    fn of(&mut self, number: u64, head: Head) -> Result<Extent, Gap> {
        let start = self.header.cluster.at(number).saturating_add(head.offset);
        let (end, blocks) = self.end(number)?;
        let len = end.saturating_sub(start);
        if let Some(tail) = self.tail.filter(|tail| tail.head == number) {
            if matches!(tail.from, Stored::Beside(_)) && len > self.header.inline.into() {
                return Err(Gap::invalid(NAME, self.place(number), "inline data", len));
            }
            return Ok(Extent {
                start,
                len,
                from: tail.from,
            });
        }
        let big = match head.kind {
            HeadKind::One => self.advises(BIG_PCLUSTER_1),
            HeadKind::Plain | HeadKind::Two => self.advises(BIG_PCLUSTER_2),
        };
        let blocks = blocks.filter(|blocks| big && *blocks > 0).unwrap_or(1);
        let packed = self.block.at(blocks);
        if packed > MAX_PACKED {
            let at = self.place(number);
            return Err(Gap::unsupported(NAME, at, "size of compressed data", packed));
        }
        if head.block == 0 {
            // The superblock is there, or before it.
            return Err(Gap::invalid(NAME, self.place(number), "block of an extent", 0));
        }
        let address = self.block.at(head.block);
        let from = match self.algorithm(head.kind)? {
            Some(algorithm) => Stored::Cluster(Cluster {
                beside: None,
                at: address,
                len: packed,
                algorithm,
                partial: head.partial,
            }),
            None if len > packed => {
                return Err(Gap::invalid(NAME, self.place(number), "plain data", len));
            }
            None if self.advises(INTERLACED_PCLUSTER) => {
                Stored::turned(address, packed, self.block.offset(start), self.block)
            }
            None => Stored::Device {
                number: 0,
                at: address,
            },
        };
        Ok(Extent { start, len, from })
    }

    /// `None` where it is not compressed.
    fn algorithm(&self, kind: HeadKind) -> Result<Option<Algorithm>, Gap> {
        let [one, two] = self.header.algorithms;
        let number = match kind {
            HeadKind::Plain => return Ok(None),
            HeadKind::One => one,
            HeadKind::Two => two,
        };
        Algorithm::new(number.into(), self.header.end).map(Some)
    }

    /// The head of the extent that byte `at` is in, and the cluster that it is in.
    fn head(&mut self, at: u64) -> Result<(u64, Head), Gap> {
        let cluster = self.header.cluster;
        let first = cluster.number(at);
        let mut number = first;
        let mut back = match self.entry(number)? {
            Entry::Head(head) if cluster.offset(at) >= head.offset => return Ok((number, head)),
            Entry::Head(_) => 1,
            Entry::Rest { back, .. } => back,
        };
        for _ in 0..HOPS {
            number = match number.checked_sub(back) {
                Some(before) if back > 0 => before,
                _ => break,
            };
            match self.entry(number)? {
                Entry::Head(head) => return Ok((number, head)),
                Entry::Rest { back: more, .. } => back = more,
            }
        }
        Err(Gap::invalid(
            NAME,
            self.place(first),
            "distance to the head",
            back,
        ))
    }

    /// The byte that the extent of a head ends at, and the number of its compressed blocks, where it is
    /// told. Each entry between must lead to this head, or what the kernel reads there is something else.
    fn end(&mut self, head: u64) -> Result<(u64, Option<u64>), Gap> {
        let cluster = self.header.cluster;
        let mut blocks = None;
        let mut number = head;
        loop {
            number = number.saturating_add(1);
            let start = cluster.at(number);
            if start >= self.size {
                return Ok((self.size, blocks));
            }
            let distance = number.saturating_sub(head);
            let place = self.place(number);
            match self.entry(number)? {
                Entry::Head(next) => return Ok((start.saturating_add(next.offset).min(self.size), blocks)),
                Entry::Rest { back, .. } if back == 0 || back > distance => {
                    return Err(Gap::invalid(NAME, place, "distance to the head", back));
                }
                Entry::Rest { blocks: told, .. } if distance == 1 => blocks = told,
                Entry::Rest { .. } => {}
            }
            // What begins in the last byte of a cluster may end in the first of the one behind.
            too_long(place, cluster.at(distance.saturating_sub(1)))?;
        }
    }

    fn entry(&mut self, number: u64) -> Result<Entry, Gap> {
        let entry = match self.compact {
            true => self.compact_entry(number)?,
            false => self.full_entry(number)?,
        };
        if let Entry::Head(head) = entry
            && head.offset >= self.header.cluster.size()
        {
            return Err(Gap::invalid(
                NAME,
                self.place(number),
                "di_clusterofs",
                head.offset,
            ));
        }
        Ok(entry)
    }

    /// Where the entry of a cluster is, for gaps.
    fn place(&self, number: u64) -> u64 {
        match self.compact {
            true => self.slot(number).at,
            false => self.full(number),
        }
    }

    /// The byte behind the entry of a cluster, or behind the pack that it is in.
    fn behind(&self, number: u64) -> Result<u64, Gap> {
        Ok(match self.compact {
            true => {
                let slot = self.slot(number);
                slot.at.saturating_add(slot.pack.size())
            }
            false => self.full(number).saturating_add(8),
        })
    }

    /// The full index has 8 bytes for each cluster, and 8 before it that nobody uses.
    fn full(&self, number: u64) -> u64 {
        let before = self.header.end.saturating_add(8);
        before.saturating_add(number.saturating_mul(8))
    }

    fn full_entry(&mut self, number: u64) -> Result<Entry, Gap> {
        let at = self.full(number);
        let raw = self.reader.bytes::<8>("index", at)?;
        let [a, b, c, d, e, f, g, h] = raw;
        let advise = u16::from_le_bytes([a, b]);
        let Some(kind) = head_kind(advise) else {
            return self.rest(u16::from_le_bytes([e, f]), at);
        };
        Ok(Entry::Head(Head {
            kind,
            offset: u16::from_le_bytes([c, d]).into(),
            block: u32::from_le_bytes([e, f, g, h]).into(),
            partial: advise & PARTIAL_REF != 0,
        }))
    }

    /// An entry that is no head, by its first number.
    fn rest(&self, delta: u16, at: u64) -> Result<Entry, Gap> {
        if delta & D0_CBLKCNT == 0 {
            return Ok(Entry::Rest {
                back: delta.into(),
                blocks: None,
            });
        }
        if !self.advises(BIG_PCLUSTER_1) && !self.advises(BIG_PCLUSTER_2) {
            return Err(Gap::invalid(NAME, at, "number of blocks", delta.into()));
        }
        Ok(Entry::Rest {
            back: 1,
            blocks: Some((delta & !D0_CBLKCNT).into()),
        })
    }

    /// The compact index is in packs of two entries in 8 bytes. With `COMPACTED_2B`, as many as it takes
    /// to the next multiple of 32 bytes; then packs of 16 entries in 32 bytes, as many as are filled; then
    /// again of two.
    fn slot(&self, number: u64) -> Slot {
        let base = self.header.end;
        let before = base.wrapping_neg() % 32 / 4;
        let total = self.block.count(self.size);
        let middle = match self.advises(COMPACTED_2B) && before < total {
            true => total.saturating_sub(before) & !15,
            false => 0,
        };
        let (pack, from, number) = match number.checked_sub(before) {
            None => (Pack::Two, base, number),
            Some(number) => {
                let base = base.saturating_add(before.saturating_mul(4));
                match number.checked_sub(middle) {
                    None => (Pack::Sixteen, base, number),
                    Some(rest) => (Pack::Two, base.saturating_add(middle.saturating_mul(2)), rest),
                }
            }
        };
        let (packs, slot) = match pack {
            Pack::Two => (number >> 1, number & 1),
            Pack::Sixteen => (number >> 4, number & 15),
        };
        Slot {
            at: from.saturating_add(packs.saturating_mul(pack.size())),
            pack,
            slot: u32::try_from(slot).unwrap_or(0),
        }
    }

    fn compact_entry(&mut self, number: u64) -> Result<Entry, Gap> {
        let slot = self.slot(number);
        if number >= self.block.count(self.size) || self.header.cluster.bits() > slot.pack.most() {
            return Err(Gap::invalid(NAME, slot.at, "index", number));
        }
        let mut raw = [0; 32];
        match slot.pack {
            Pack::Two => {
                let pack = self.reader.bytes::<8>("index", slot.at)?;
                if let Some(front) = raw.first_chunk_mut() {
                    *front = pack;
                }
            }
            Pack::Sixteen => raw = self.reader.bytes("index", slot.at)?,
        }
        let bits = self.header.cluster.bits().max(LOW_BITS);
        let read = |index: u32| slot.pack.entry(&raw, index, bits);
        let (kind, low) = read(slot.slot);
        let Some(kind) = kind else {
            // The last of a pack tells how far the next head is, so that the one before it has to be
            // asked.
            let last = slot.slot.saturating_add(1) == slot.pack.entries();
            if low & D0_CBLKCNT != 0 || !last {
                return self.rest(low, slot.at);
            }
            let back = match read(slot.slot.saturating_sub(1)) {
                (Some(_), _) => 1,
                (None, low) if low & D0_CBLKCNT != 0 => 2,
                (None, low) => u64::from(low).saturating_add(1),
            };
            return Ok(Entry::Rest { back, blocks: None });
        };
        let before = self.blocks_before(slot, read)?;
        Ok(Entry::Head(Head {
            kind,
            offset: low.into(),
            block: slot.pack.base(&raw).saturating_add(before),
            partial: false,
        }))
    }

    /// Blocks of compressed data between the number that a pack ends with and a head in it.
    fn blocks_before(&self, slot: Slot, read: impl Fn(u32) -> (Option<HeadKind>, u16)) -> Result<u64, Gap> {
        let big = self.advises(BIG_PCLUSTER_1);
        let mut blocks = u64::from(!big);
        let mut index = i64::from(slot.slot);
        while index > 0 {
            index = index.saturating_sub(1);
            let (kind, low) = read(u32::try_from(index).unwrap_or(0));
            let low_wide = i64::from(low);
            match (kind, big) {
                (None, false) => index = index.saturating_sub(low_wide),
                (None, true) if low & D0_CBLKCNT != 0 => {
                    index = index.saturating_sub(1);
                    blocks = blocks.saturating_add((low & !D0_CBLKCNT).into());
                }
                // The first behind a head has a number of blocks.
                (None, true) if low < 2 => {
                    return Err(Gap::invalid(NAME, slot.at, "distance to the head", low.into()));
                }
                (None, true) => index = index.saturating_sub(low_wide.saturating_sub(2)),
                (Some(_), true) => blocks = blocks.saturating_add(1),
                (Some(_), false) => {}
            }
            if !big && index >= 0 {
                blocks = blocks.saturating_add(1);
            }
        }
        Ok(blocks)
    }
}

fn too_long(at: u64, len: u64) -> Result<(), Gap> {
    if len > MAX_EXTENT {
        return Err(Gap::over(NAME, at, "bytes of an extent", len, MAX_EXTENT, ""));
    }
    Ok(())
}

/// Where an entry of the compact index is.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The pack, in bytes.
    at: u64,
    pack: Pack,
    /// Which entry of the pack.
    slot: u32,
}

/// Entries one after another, without gaps between their bits, and a block number behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pack {
    Two,
    Sixteen,
}

impl Pack {
    /// Bytes.
    fn size(self) -> u64 {
        match self {
            Self::Two => 8,
            Self::Sixteen => 32,
        }
    }

    fn entries(self) -> u32 {
        match self {
            Self::Two => 2,
            Self::Sixteen => 16,
        }
    }

    /// Bits of an entry.
    fn bits(self) -> u32 {
        match self {
            Self::Two => 16,
            Self::Sixteen => 14,
        }
    }

    /// Most bits of a logical cluster: two of an entry say what it is.
    fn most(self) -> u32 {
        match self {
            Self::Two => PACK_BITS,
            Self::Sixteen => LOW_BITS,
        }
    }

    /// What an entry is, and its number of `low` bits.
    fn entry(self, raw: &[u8; 32], index: u32, low: u32) -> (Option<HeadKind>, u16) {
        let bit = index.saturating_mul(self.bits());
        let byte = usize::try_from(bit / 8).unwrap_or(0);
        let word = raw.get(byte..).and_then(|rest| rest.first_chunk()).copied();
        let value = u32::from_le_bytes(word.unwrap_or_default()).wrapping_shr(bit % 8);
        let mask = u32::MAX.wrapping_shl(low);
        let kind = u16::try_from(value.wrapping_shr(low) & 3).unwrap_or(0);
        // At most 14 bits.
        (head_kind(kind), u16::try_from(value & !mask).unwrap_or(0))
    }

    /// The block number at the end.
    fn base(self, raw: &[u8; 32]) -> u64 {
        let end = usize::try_from(self.size()).unwrap_or(0);
        let word = raw.get(..end).and_then(|pack| pack.last_chunk()).copied();
        u32::from_le_bytes(word.unwrap_or_default()).into()
    }
}
