//! Spreadtrum, Unisoc: `.pac`.
//!
//! No specification; as *pacextractor* and the *unpac* of `spreadtrum_flash` read it. Little-endian, text in
//! UTF-16. A header of 2124 bytes, which says where the list of files is; each row of that begins with its own
//! length and says where its file is. The halves above 32 bits are zeros in version `BP_R1.0.0`. A row without
//! a file is an order to the tool, to erase something.

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::super::registry::{Format, Holds, Listing};
use super::{Images, halves};

/// Spreadtrum's firmware.
pub(in crate::unpack) struct Pac;

const NAME: &str = "pac";
const MAGIC: [u8; 4] = 0xfffa_fffa_u32.to_le_bytes();
/// Where the magic is, and how long the header.
const MAGIC_AT: usize = 2116;
const HEADER: u64 = 2124;
/// Bytes of a row: as it should be, and of those that are read.
const ROW: u32 = 2580;
const FIELDS: u64 = 1556;
/// Bytes of a text.
const TEXT: usize = 512;

impl Format for Pac {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "Spreadtrum and Unisoc PAC"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.get(MAGIC_AT..MAGIC_AT.saturating_add(4)) == Some(&MAGIC)
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn holds(&self) -> Holds {
        Holds::Volumes
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut images = Images::new(NAME, blob, budget);
        let read = files(&mut images);
        images.end(read)
    }
}

fn files(images: &mut Images<'_>) -> Result<(), Gap> {
    let bytes = images.exact(0, HEADER, "header")?;
    let mut c = Cursor::at(NAME, &bytes, 1076);
    let count = c.u32("number of files")?;
    let mut at = u64::from(c.u32("offset of the list")?);
    for _ in 0..count {
        images.row(at)?;
        let bytes = images.exact(at, FIELDS, "file")?;
        let mut c = Cursor::new(NAME, &bytes);
        let len = c.u32("length of the row")?;
        if len < ROW {
            return Err(Gap::invalid(NAME, at, "length of the row", len.into()));
        }
        let id = utf16(c.take("id", TEXT)?);
        let file = utf16(c.take("file name", TEXT)?);
        c.skip("file version", 504)?;
        let (size_high, from_high) = (c.u32("size, high half")?, c.u32("offset, high half")?);
        let size = halves(size_high, c.u32("size")?);
        let flag = c.u32("file flag")?;
        c.skip("check flag", 4)?;
        let from = halves(from_high, c.u32("offset")?);
        // The tools' own paths are met in names.
        let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = if name.is_empty() { &*id } else { name };
        if flag != 0 && size > 0 {
            images.add(at, name, from, size);
        }
        at = at.saturating_add(len.into());
    }
    Ok(())
}

/// The text up to its end.
fn utf16(field: &[u8]) -> String {
    let units = field.chunks_exact(2).filter_map(|unit| unit.first_chunk());
    let units: Vec<u16> = units
        .map(|unit| u16::from_le_bytes(*unit))
        .take_while(|unit| *unit != 0)
        .collect();
    String::from_utf16_lossy(&units).trim().into()
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use super::super::tests::{check, survives};
    use super::*;

    fn field(text: &str, len: usize) -> Vec<u8> {
        let mut out: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        out.resize(len, 0);
        out
    }

    fn pac(files: &[(&str, &str, &[u8])]) -> Vec<u8> {
        let data = 2124 + 2580 * files.len();
        let size = data + files.iter().map(|(.., data)| data.len()).sum::<usize>();
        let narrow = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let mut out = field("BP_R2.0.1", 44);
        out.extend(narrow(0));
        out.extend(narrow(size));
        out.extend(field("product", 512));
        out.extend(field("firmware", 512));
        out.extend(narrow(files.len()));
        out.extend(narrow(2124));
        out.resize(MAGIC_AT, 0);
        out.extend(MAGIC);
        out.extend([0x5a; 4]);
        let mut from = data;
        for (id, file, data) in files {
            let start = out.len();
            out.extend(narrow(2580));
            out.extend(field(id, 512));
            out.extend(field(file, 512));
            out.resize(start + 1532, 0);
            let flag = usize::from(!file.is_empty());
            for word in [0, 0, data.len(), flag, 1, if flag == 1 { from } else { 0 }] {
                out.extend(narrow(word));
            }
            out.resize(start + 2580, 0);
            from += data.len();
        }
        out.extend(files.iter().flat_map(|(.., data)| *data));
        out
    }

    const FILES: &[(&str, &str, &[u8])] = &[
        ("FLASH_NV", "", b""),
        ("BOOT", "boot.img", b"boot"),
        ("System", "D:\\out\\system.img", b"system"),
    ];

    #[test]
    fn files_are_listed_and_orders_are_not() {
        let expect: &[(&str, &[u8])] = &[("boot.img", b"boot"), ("system.img", b"system")];
        let data = pac(FILES);
        assert!(Pac.sniff(&data));
        check(&Pac, &data, expect, &[]);
    }

    #[test]
    fn a_row_that_is_too_short_ends_the_list() {
        let mut data = pac(FILES);
        data[2124 + 2 * 2580 + 1] = 9;
        let gap = "pac: length of the row at 0x1c74: invalid value 0x914";
        check(&Pac, &data, &[("boot.img", b"boot")], &[gap]);
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        survives(&Pac, &pac(&FILES[1..]), |_| false);
    }
}
