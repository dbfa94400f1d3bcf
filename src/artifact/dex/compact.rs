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

#[cfg(test)]
mod tests {
    #![expect(clippy::as_conversions, reason = "offsets of a sample built here")]

    use super::super::build::{Annotation, DexBuilder, Ref, Value};
    use super::super::disassemble;
    use super::*;
    use crate::artifact::preopt::build::Compact;

    /// One of everything that is in another place or form than in a dex.
    fn sample() -> Vec<u8> {
        let mut dex = DexBuilder::new();
        dex.version(b"039");
        let link = Ref::Method("LF;".into(), "link".into(), "()V".into());
        let handle = dex.method_handle(4, link);
        let site = dex.call_site(handle, "make", "(I)V", vec![Value::string("recipe")]);
        let note = Annotation {
            type_: "LN;".into(),
            elements: vec![("v".into(), Value::string("w"))],
        };
        let class = dex.class("La;");
        class.annotation(note).interface("LI;");
        class.static_field("s", "Ljava/lang/String;", Some(Value::string("static")));
        // More registers, arguments and code units than the short fields hold.
        class.method("big", "(JJJJJJJJJ)V", 40, |m| {
            m.label("start");
            for _ in 0..1100 {
                m.const_string(0, "x");
            }
            m.label("end")
                .return_void()
                .label("catch")
                .move_exception(0)
                .return_void();
            m.try_("start", "end", &[(Some("LE;"), "catch"), (None, "catch")]);
        });
        class.method("small", "(I)V", 2, |m| {
            m.invoke_custom(site, &[1]).label("at").nop().nop().return_void();
            m.try_("at", "at", &[(None, "at")]);
        });
        class.virtual_method("far", "()V", 1, |m| {
            m.invoke_virtual("La;", "far", "()V", &[0]).return_void();
        });
        dex.build()
    }

    /// All that can be read, without offsets.
    fn text(dex: &Dex<'_>) -> Vec<String> {
        let mut out: Vec<String> = dex.strings().map(|s| format!("{:?}", s.unwrap())).collect();
        for i in 0..dex.method_count() {
            out.push(dex.method_text(i));
        }
        for class in dex.classes() {
            let interfaces: Vec<u32> = dex.interfaces(&class).unwrap().iter().collect();
            out.push(format!("{} {interfaces:?}", dex.type_text(class.class)));
        }
        for body in dex.bodies().map(Result::unwrap) {
            let code = body.code;
            out.push(format!("{} {} {}", code.registers, code.ins, code.outs));
            out.extend(code.insns().map(|insn| disassemble(dex, &insn)));
            for t in code.tries().map(Result::unwrap) {
                let catches: Vec<_> = t.catches.map(Result::unwrap).collect();
                out.push(format!("{} {} {catches:?}", t.start, t.end));
            }
        }
        let annotations = dex.all_annotations().map(Result::unwrap);
        out.extend(annotations.map(|a| format!("{} {:?}", a.type_, a.elements.count())));
        out.extend(dex.all_static_values().map(|v| format!("{:?}", v.unwrap().1)));
        for i in 0..dex.call_site_count() {
            let site = dex.call_site(i).unwrap();
            out.push(format!(
                "{:?} {}",
                dex.method_handle(site.handle),
                site.arguments.count()
            ));
        }
        out
    }

    #[test]
    fn a_compact_dex_says_what_the_dex_says() {
        let plain = sample();
        let compact = Compact::of(&plain).join();
        let opened = Dex::open(&compact);
        assert_eq!(opened.gaps, []);
        let [dex] = opened.dexes[..] else { panic!() };
        assert_eq!(dex.verify(), []);
        let (ours, theirs) = (text(&dex), text(&Dex::open(&plain).dexes[0]));
        assert_eq!(ours, theirs);
        assert!(ours.len() > 1100);
    }

    #[test]
    fn offsets_of_debug_infos_are_found_by_method() {
        let compact = Compact::of(&sample()).join();
        let dex = Dex::open(&compact).dexes[0];
        let body = dex.bodies().next().unwrap().unwrap();
        for i in 0..dex.method_count() {
            let expect = if i % 4 == 3 { 0 } else { 3 * i + 1 };
            assert_eq!(dex.debug_info_off(i, &body.code), expect);
        }
        assert_eq!(dex.debug_info_off(1 << 20, &body.code), 0);
    }

    #[test]
    fn large_numbers_are_in_front_of_the_code() {
        // units 0x12345, registers 0x20 + ins 0x11, outs 0x12, tries 0x13
        let units: [u16; 8] = [0x10, 0x10, 0x10, 0x20, 1, 0x2000, 0x0123, 0x345 << 5 | 0x1f];
        let mut data: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let fields = Fields::read(&data, 12).unwrap();
        assert_eq!(
            fields,
            Fields {
                registers: 0x31,
                ins: 0x11,
                outs: 0x12,
                tries: 0x13,
                units: 0x12345,
            }
        );
        data.drain(..2);
        let gap = Fields::read(&data, 10).unwrap_err();
        assert_eq!(
            gap.to_string(),
            "dex: preheader at 0xa: truncated, needs 2 bytes, 0 left"
        );
    }

    #[test]
    fn a_data_section_that_is_elsewhere_is_a_gap() {
        let mut bytes = Compact::of(&sample()).join();
        let len = bytes.len() as u32;
        bytes[0x6c..0x70].copy_from_slice(&len.to_le_bytes());
        let opened = Dex::open(&bytes);
        let whats: Vec<_> = opened.gaps.iter().map(|gap| gap.what.as_ref()).collect();
        assert_eq!(whats, ["data_off", "data_size", "map_off"]);
        assert_eq!(opened.dexes[0].class_count(), 1);
        let mut bytes = Compact::of(&sample()).join();
        bytes.truncate(bytes.len() - 8);
        assert_eq!(Dex::open(&bytes).gaps[0].what, "data_size");
    }
}
