//! The compact index: entries of 14 or 16 bits, in packs that end with a block number.

use crate::bytes::Gap;

use super::super::NAME;
use super::index::{D0_CBLKCNT, Entry, Head, HeadKind, Index, head_kind};
use super::{BIG_PCLUSTER_1, COMPACTED_2B};

/// Most bits of a logical cluster that packs have room for.
pub(super) const PACK_BITS: u32 = 14;
/// Bits of a number in an entry of a pack, at least: [`D0_CBLKCNT`] is the highest of them.
const LOW_BITS: u32 = 12;

impl Index<'_> {
    /// The compact index is in packs of two entries in 8 bytes. With `COMPACTED_2B`, as many as it takes
    /// to the next multiple of 32 bytes; then packs of 16 entries in 32 bytes, as many as are filled; then
    /// again of two.
    pub(super) fn slot(&self, number: u64) -> Slot {
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

    pub(super) fn compact_entry(&mut self, number: u64) -> Result<Entry, Gap> {
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

/// Where an entry of the compact index is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// The pack, in bytes.
    pub(super) at: u64,
    pub(super) pack: Pack,
    /// Which entry of the pack.
    slot: u32,
}

/// Entries one after another, without gaps between their bits, and a block number behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pack {
    Two,
    Sixteen,
}

impl Pack {
    /// Bytes.
    pub(super) fn size(self) -> u64 {
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
