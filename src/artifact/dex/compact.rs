//! Compact dex: what Android 9 keeps in a vdex, and the same until Android 13 where a maker asks for it.
//!
//! Spec: AOSP `art/libdexfile/dex/compact_dex_file.h` and `compact_offset_table.h` (Android 9 to 13),
//! version 001. Tables of ids and classes are those of a dex and their offsets count from the header.
//! All other offsets count from the data section, at `data_off` from the header, which the dex files of one
//! vdex share. Two things are smaller than in a dex: the header of a method's code, and where its debug
//! info is.

use crate::bytes::{Cursor, Gap};

use super::leb::Leb;
use super::{Code, Dex, FORMAT, Header, size, wide};

/// Bytes of a code item before its instructions: `fields_`, `insns_count_and_flags_`.
pub(super) const HEADER: u32 = 4;
/// Offsets in one block of an offset table (`kElementsPerIndex`).
const BLOCK: u32 = 16;

/// What a compact dex has after the fields of a dex. Offsets count from the data section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are those of the sources")]
pub struct CompactHeader {
    pub feature_flags: u32,
    /// Bytes to the table of debug infos.
    pub debug_info_offsets_pos: u32,
    /// Bytes from there to the offsets of its blocks.
    pub debug_info_offsets_table_offset: u32,
    /// The smallest offset in it.
    pub debug_info_base: u32,
    /// Bytes to the data that this dex does not share with the ones before it.
    pub owned_data_begin: u32,
    /// Bytes to their end.
    pub owned_data_end: u32,
}

impl CompactHeader {
    pub(super) fn read(c: &mut Cursor<'_>) -> Result<Self, Gap> {
        Ok(Self {
            feature_flags: c.u32("feature_flags")?,
            debug_info_offsets_pos: c.u32("debug_info_offsets_pos")?,
            debug_info_offsets_table_offset: c.u32("debug_info_offsets_table_offset")?,
            debug_info_base: c.u32("debug_info_base")?,
            owned_data_begin: c.u32("owned_data_begin")?,
            owned_data_end: c.u32("owned_data_end")?,
        })
    }
}

/// The main section, the data section, and where the latter starts.
pub(super) fn sections<'a>(
    data: &'a [u8],
    header: &Header,
    gaps: &mut Vec<Gap>,
) -> (&'a [u8], &'a [u8], usize) {
    let main = data.get(..header.len(data.len())).unwrap_or(data);
    let from = size(header.data.off);
    let rest = data.get(from..).unwrap_or_default();
    if rest.is_empty() || header.data.off < header.header_size {
        gaps.push(Gap::invalid(FORMAT, 0x6c, "data_off", u64::from(header.data.off)));
    }
    let section = rest.get(..size(header.data.size)).unwrap_or_else(|| {
        let (need, have) = (u64::from(header.data.size), wide(rest.len()));
        gaps.push(Gap::truncated(FORMAT, 0x68, "data_size", need, have));
        rest
    });
    let map = size(header.map_off);
    if map == 0 || map.saturating_add(4) > section.len() {
        gaps.push(Gap::odd(FORMAT, 0x34, "map_off", u64::from(header.map_off)));
    }
    (main, section, from)
}

/// `CompactDexFile::CodeItem`, unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) registers: u16,
    pub(super) ins: u16,
    pub(super) outs: u16,
    pub(super) tries: u16,
    /// Number of code units.
    pub(super) units: u32,
}

impl Fields {
    /// The fields at byte `off` of the data section. Of a number that needs more bits the upper ones are
    /// in front of the item, last field first: each field that is there moves the next one down.
    pub(super) fn read(data: &[u8], off: u32) -> Result<Self, Gap> {
        let mut c = Cursor::at(FORMAT, data, size(off));
        let fields = c.u16("fields")?;
        let count_and_flags = c.u16("insns_count_and_flags")?;
        let nibble = |shift: u32| fields.wrapping_shr(shift) & 0xf;
        let mut this = Self {
            registers: nibble(12),
            ins: nibble(8),
            outs: nibble(4),
            tries: nibble(0),
            units: u32::from(count_and_flags.wrapping_shr(5)),
        };
        if count_and_flags & 0x1f != 0 {
            this.add_preheader(data, off, count_and_flags)?;
        }
        // The difference is stored, since both are large in the same methods.
        this.registers = this.registers.saturating_add(this.ins);
        Ok(this)
    }

    #[cold]
    fn add_preheader(&mut self, data: &[u8], off: u32, flags: u16) -> Result<(), Gap> {
        let mut at = size(off);
        let mut before = || {
            let start = at.checked_sub(2);
            at = start.unwrap_or(0);
            let unit = start.and_then(|start| data.get(start..)?.first_chunk::<2>());
            let unit = unit.map(|unit| u16::from_le_bytes(*unit));
            unit.ok_or_else(|| Gap::truncated(FORMAT, u64::from(off), "preheader", 2, wide(at)))
        };
        if flags & 1 << 4 != 0 {
            let low = u32::from(before()?);
            let high = u32::from(before()?).wrapping_shl(16);
            self.units = self.units.saturating_add(low).saturating_add(high);
        }
        let fields = [
            &mut self.registers,
            &mut self.ins,
            &mut self.outs,
            &mut self.tries,
        ];
        for (bit, field) in (0_u32..).zip(fields) {
            if flags & 1_u16.wrapping_shl(bit) != 0 {
                *field = field.saturating_add(before()?);
            }
        }
        Ok(())
    }
}

impl Dex<'_> {
    /// Bytes to the debug info of method `i`, whose code is `code`; 0 for none.
    pub fn debug_info_off(&self, i: u32, code: &Code<'_>) -> u32 {
        let Some(header) = &self.header.compact else {
            return code.debug_info_off;
        };
        let table = OffsetTable {
            data: self
                .data
                .get(size(header.debug_info_offsets_pos)..)
                .unwrap_or_default(),
            minimum: header.debug_info_base,
            table: header.debug_info_offsets_table_offset,
        };
        table.get(i).unwrap_or(0)
    }
}

/// `CompactOffsetTable`: one offset per method, in blocks of sixteen. A block is a mask of the methods that
/// have one, high byte first, and the differences from each to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OffsetTable<'a> {
    /// From the first block on.
    data: &'a [u8],
    /// What the first offset of each block is added to.
    minimum: u32,
    /// Bytes to the offsets of the blocks.
    table: u32,
}

impl<'a> OffsetTable<'a> {
    /// The table whose minimum and table offset are in front of it.
    pub(crate) fn read(data: &'a [u8]) -> Option<Self> {
        let (minimum, rest) = data.split_first_chunk::<4>()?;
        let (table, data) = rest.split_first_chunk::<4>()?;
        Some(Self {
            data,
            minimum: u32::from_le_bytes(*minimum),
            table: u32::from_le_bytes(*table),
        })
    }

    /// The offset of number `i`, 0 where it has none; `None` where the table does not reach so far.
    pub(crate) fn get(&self, i: u32) -> Option<u32> {
        let number = i.checked_div(BLOCK)?;
        let at = size(self.table).checked_add(size(number).checked_mul(4)?)?;
        let block = u32::from_le_bytes(*self.data.get(at..)?.first_chunk::<4>()?);
        let (mask, rest) = self.data.get(size(block)..)?.split_first_chunk::<2>()?;
        let mask = u16::from_be_bytes(*mask);
        let bit = i.checked_rem(BLOCK)?;
        if mask.wrapping_shr(bit) & 1 == 0 {
            return Some(0);
        }
        // It and those below it: their differences add up.
        let below = mask & u16::MAX.wrapping_shr(15_u32.saturating_sub(bit));
        let mut leb = Leb::at(rest, 0);
        (0..below.count_ones()).try_fold(self.minimum, |sum, _| Some(sum.wrapping_add(leb.unsigned()?)))
    }
}
