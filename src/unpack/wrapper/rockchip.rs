//! Rockchip: `update.img`, that is `RKAF`, mostly in `RKFW` with a boot loader before it.
//!
//! No specification; as *rkdeveloptool*, *afptool* and *rk2918_tools* read it. Little-endian. Positions and
//! sizes have 32 bits, and firmware may be larger: of those only the low halves are stored. Parts stand one
//! after another, so positions can be told; the size of a part of 4 GiB or more can where only one has the
//! room for it on the device (`nand_size`, in sectors of 512 bytes). Where it cannot, what is behind is lost.
//! `RKFW` ends with the MD5 of itself as text. `parameter` has a header and a sum of its own.

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::super::registry::{Format, Holds, Listing};
use super::{Images, text, wide};

/// Rockchip's firmware.
pub(in crate::unpack) struct Rockchip;

const NAME: &str = "rockchip";
const OUTER: [u8; 4] = *b"RKFW";
const INNER: [u8; 4] = *b"RKAF";
const PARAMETER: [u8; 4] = *b"PARM";
/// Bytes of the outer header up to the last field that is read.
const OUTER_HEADER: u64 = 0x29;
/// Bytes of the inner header before its parts, and of each part.
const INNER_HEADER: u64 = 140;
const PART: usize = 112;
/// Parts that there is room for in a header of 4096 bytes.
const MOST: u32 = 35;
/// Bytes of an MD5 as text.
const MD5: u64 = 32;
/// What does not fit in a field of 32 bits.
const WRAP: u64 = 1 << 32;
const SECTOR: u64 = 512;

impl Format for Rockchip {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "Rockchip RKFW and RKAF"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&OUTER) || head.starts_with(&INNER)
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn holds(&self) -> Holds {
        Holds::Volumes
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut images = Images::new(NAME, blob, budget);
        let read = outer(&mut images).and_then(|(at, len)| inner(&mut images, at, len));
        images.end(read)
    }
}

/// Where `RKAF` begins, and how long it is.
fn outer(images: &mut Images<'_>) -> Result<(u64, u64), Gap> {
    let bytes = images.exact(0, OUTER_HEADER, "header")?;
    let mut c = Cursor::new(NAME, &bytes);
    if c.array("magic")? == INNER {
        return Ok((0, images.blob.len()));
    }
    c.seek(0x19);
    let (loader, loader_len) = (c.u32("loader offset")?, c.u32("loader length")?);
    images.row(0x19)?;
    images.add(0x19, "loader", loader.into(), loader_len.into());
    let at = u64::from(c.u32("image offset")?);
    let low = u64::from(c.u32("image length")?);
    // The largest length with this lower half that there is room for.
    let room = images.blob.len().saturating_sub(at).saturating_sub(MD5);
    let wraps = room.saturating_sub(low) / WRAP;
    Ok((at, low.saturating_add(wraps.saturating_mul(WRAP))))
}

/// A part, its numbers as they are stored.
struct Part {
    /// Where it is told of.
    at: u64,
    name: Box<str>,
    nand_size: u64,
    pos: u64,
    size: u64,
}

fn inner(images: &mut Images<'_>, start: u64, len: u64) -> Result<(), Gap> {
    let bytes = images.exact(start, INNER_HEADER, "RKAF header")?;
    let mut c = Cursor::new(NAME, &bytes);
    let magic: [u8; 4] = c.array("RKAF magic")?;
    if magic != INNER {
        let got = u32::from_le_bytes(magic).into();
        return Err(Gap::invalid(NAME, start, "RKAF magic", got));
    }
    c.seek(136);
    let count = c.u32("number of parts")?;
    if count > MOST {
        let at = start.saturating_add(136);
        return Err(Gap::invalid(NAME, at, "number of parts", count.into()));
    }
    let mut parts = Vec::new();
    for number in 0..u64::from(count) {
        let row = wide(PART).saturating_mul(number).saturating_add(INNER_HEADER);
        let at = start.saturating_add(row);
        images.row(at)?;
        let bytes = images.exact(at, wide(PART), "part")?;
        let mut c = Cursor::new(NAME, &bytes);
        let name = text(c.take("name", 32)?);
        let file = text(c.take("file", 60)?);
        let nand_size = u64::from(c.u32("nand_size")?).saturating_mul(SECTOR);
        let pos = c.u32("pos")?.into();
        c.skip("nand_addr, padded size", 8)?;
        let size = c.u32("size")?.into();
        // A place in the partition table without a file, and the file itself.
        if size > 0 && !matches!(&*file, "RESERVED" | "SELF") {
            parts.push(Part {
                at,
                name,
                nand_size,
                pos,
                size,
            });
        }
    }
    if len >= WRAP {
        unwrap(&mut parts, len, images);
    }
    for part in parts {
        place(images, start, &part);
    }
    Ok(())
}

/// Lists a part, with its numbers as they really are.
fn place(images: &mut Images<'_>, start: u64, part: &Part) {
    let from = start.saturating_add(part.pos);
    let mut head = [0; 8];
    let got = images.blob.read_at(from, &mut head).unwrap_or(0);
    if got == head.len() && head.first_chunk() == Some(&PARAMETER) {
        let len = head.last_chunk().copied().map_or(0, u32::from_le_bytes);
        // The header, the text, and its sum.
        if u64::from(len).saturating_add(12) <= part.size {
            return images.add(part.at, &part.name, from.saturating_add(8), len.into());
        }
    }
    if got < head.len() && part.size > wide(got) && &*part.name == "parameter" {
        // Nothing of the text is there.
        let gap = Gap::truncated(NAME, from, "image", part.size, wide(got));
        return images.listing.lost(&part.name, gap, part.size);
    }
    images.add(part.at, &part.name, from, part.size);
}

/// Positions and sizes in a file of `len` bytes that have more than 32 bits. Parts of which they cannot be
/// told are taken out.
fn unwrap(parts: &mut Vec<Part>, len: u64, images: &mut Images<'_>) {
    let (mut last, mut high) = (0, 0_u64);
    for part in &mut *parts {
        if part.pos < last {
            high = high.saturating_add(WRAP);
        }
        last = part.pos;
        part.pos = part.pos.saturating_add(high);
    }
    let end = parts.last().map_or(0, |part| part.pos.saturating_add(part.size));
    // What is missing is in one part, or in several.
    let missing = (len.saturating_sub(end) / WRAP).saturating_mul(WRAP);
    if missing == 0 {
        return;
    }
    let large = |part: &Part, size: u64| part.nand_size >= part.size.saturating_add(size);
    let mut all = (0_usize..).zip(&*parts).filter(|(_, part)| large(part, WRAP));
    let first = all.next();
    let one = first.filter(|(_, part)| large(part, missing) && all.next().is_none());
    if let Some((number, _)) = one {
        let (_, rest) = parts.split_at_mut(number);
        if let Some((part, behind)) = rest.split_first_mut() {
            part.size = part.size.saturating_add(missing);
            for part in behind {
                part.pos = part.pos.saturating_add(missing);
            }
        }
        return;
    }
    let number = first.map_or(0, |(number, _)| number);
    for part in parts.drain(number..) {
        let gap = Gap::unsupported(NAME, part.at, "sizes of more than 32 bits", missing);
        images.listing.lost(&part.name, gap, part.size);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::leaf::Data;
    use super::super::tests::{check, field, survives};
    use super::*;
    use crate::bytes::{Extents, Fill};

    /// Name, file, sectors, position, size.
    type Row<'a> = (&'a str, &'a str, u32, u32, u32);

    fn header(rows: &[Row<'_>]) -> Vec<u8> {
        let mut out = INNER.to_vec();
        out.extend([0; 4]);
        out.extend(field("MODEL", 34 + 30 + 56));
        out.resize(136, 0);
        out.extend(u32::try_from(rows.len()).unwrap().to_le_bytes());
        for (name, file, sectors, pos, size) in rows {
            out.extend(field(name, 32));
            out.extend(field(file, 60));
            for word in [*sectors, *pos, 0, size.next_multiple_of(2048), *size] {
                out.extend(word.to_le_bytes());
            }
        }
        out.resize(2048, 0);
        out
    }

    fn rkaf() -> Vec<u8> {
        let mut out = header(&[
            ("package-file", "package-file", 0, 2048, 5),
            ("parameter", "parameter.txt", 0, 2056, 16),
            ("boot", "Image/boot.img", 64, 2072, 6),
            ("backup", "RESERVED", 64, 0, 9),
            ("update", "SELF", 64, 0, 9),
        ]);
        out.extend(b"names\0\0\0PARM\x04\0\0\0text\x5a\x5a\x5a\x5akernel");
        out
    }

    const PARTS: &[(&str, &[u8])] = &[
        ("package-file", b"names"),
        ("parameter", b"text"),
        ("boot", b"kernel"),
    ];

    fn rkfw() -> Vec<u8> {
        let inner = rkaf();
        let mut out = OUTER.to_vec();
        out.resize(0x19, 0x5a);
        for word in [0x66, 6, 0x6c, inner.len()] {
            out.extend(u32::try_from(word).unwrap().to_le_bytes());
        }
        out.resize(0x66, 0);
        out.extend(b"loader");
        out.extend(inner);
        out.extend([b'0'; 32]);
        out
    }

    #[test]
    fn parts_are_listed_with_and_without_the_outer_header() {
        check(&Rockchip, &rkaf(), PARTS, &[]);
        let all = [&[("loader", &b"loader"[..])], PARTS].concat();
        check(&Rockchip, &rkfw(), &all, &[]);
    }

    /// What is listed of firmware of `len` bytes, with this text at these places: name, size, first bytes.
    fn large(rows: &[Row<'_>], len: u64, marks: &[u64]) -> (Vec<(String, u64, String)>, Vec<String>) {
        let mut all = Extents::new("t", len);
        let part = |bytes: Vec<u8>| Fill::From(Blob::from(bytes));
        all.push(0, 2048, part(header(rows)));
        for (name, at) in rows.iter().map(|row| row.0).zip(marks) {
            all.push(*at, 8, part(field(name, 8)));
        }
        let listing = Rockchip.list(&all.into_blob(), "", &Budget::default());
        let entries = listing.entries.iter().map(|entry| {
            let Data::Plain(blob) = &entry.data else { panic!() };
            let first = text(&blob.read("t", 0..8).unwrap());
            (entry.name.to_string(), entry.size, first.to_string())
        });
        let gaps = listing.notices.iter().map(|notice| notice.gap.to_string());
        (entries.collect(), gaps.collect())
    }

    const GIB: u32 = 1 << 30;

    #[test]
    fn positions_beyond_four_gib_are_told_from_their_order() {
        let rows: &[Row<'_>] = &[
            ("a", "a", 0, 2048, 3 * GIB),
            ("b", "b", 0, 3 * GIB + 2048, 2 * GIB),
            ("c", "c", 0, GIB + 2048, 9),
        ];
        let gib = u64::from(GIB);
        let marks = [2048, 3 * gib + 2048, 5 * gib + 2048];
        let (got, gaps) = large(rows, 5 * gib + 4096, &marks);
        let expect = [("a", 3 * gib), ("b", 2 * gib), ("c", 9)].map(|(n, size)| (n.into(), size, n.into()));
        assert_eq!((got, gaps), (expect.to_vec(), Vec::new()));
    }

    #[test]
    fn the_one_part_that_has_room_for_it_is_the_large_one() {
        let sectors = 2 * (5 << 20);
        let rows: &[Row<'_>] = &[
            ("boot", "b", 100, 2048, 2048),
            ("super", "s", sectors, 4096, GIB),
            ("vbmeta", "v", 8, GIB + 4096, 9),
        ];
        let gib = u64::from(GIB);
        let (got, gaps) = large(rows, 5 * gib + 4096 + 13, &[2048, 4096, 5 * gib + 4096]);
        let expect = [("boot", 2048), ("super", 5 * gib), ("vbmeta", 9)];
        let expect = expect.map(|(n, size)| (n.to_string(), size, n.to_string()));
        assert_eq!((got, gaps), (expect.to_vec(), Vec::new()));

        let mut two = rows.to_vec();
        two[2].2 = sectors;
        let (got, gaps) = large(&two, 5 * gib + 4096 + 13, &[2048, 4096, 5 * gib + 4096]);
        assert_eq!(got.iter().map(|(name, ..)| &**name).collect::<Vec<_>>(), ["boot"]);
        let gap = |at| format!("rockchip: sizes of more than 32 bits at {at}: unsupported value 0x100000000");
        assert_eq!(gaps, [gap("0xfc"), gap("0x16c")]);
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        survives(&Rockchip, &rkaf(), |_| false);
        let len = rkfw().len();
        survives(&Rockchip, &rkfw(), |cut| cut + 32 >= len);
    }
}
