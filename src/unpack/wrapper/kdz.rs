//! LG: `.kdz`, which holds a `.dz` with the images, and libraries of the flashing tool.
//!
//! No specification; as the *kdztools* in their several forms read it. Little-endian. Eight bytes tell the
//! version; then come two records, a byte, and two more records in the later versions. A record is a name and
//! where its file is; one without a name is not used.

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::super::registry::{Format, Listing};
use super::{Images, text, wide};

/// LG's firmware.
pub(in crate::unpack) struct Kdz;

const NAME: &str = "kdz";
/// Bytes of the header and what tells versions apart.
const FIRST: [u8; 8] = [0x18, 0x05, 0, 0, 0x32, 0x79, 0x44, 0x50];
const SECOND: [u8; 8] = [0x28, 0x05, 0, 0, 0x34, 0x31, 0x25, 0x80];
const THIRD: [u8; 8] = [0x28, 0x05, 0, 0, 0x24, 0x38, 0x22, 0x25];
/// Bytes of a name.
const FILE: usize = 256;

impl Format for Kdz {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "LG KDZ of three versions: its files"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        [FIRST, SECOND, THIRD].iter().any(|magic| head.starts_with(magic))
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut images = Images::new(NAME, blob, budget);
        let read = records(&mut images);
        images.end(read)
    }
}

fn records(images: &mut Images<'_>) -> Result<(), Gap> {
    let head = images.exact(0, wide(FIRST.len()), "magic")?;
    let first = head.starts_with(&FIRST);
    let bytes = images.exact(0, if first { 536 } else { 1097 }, "records")?;
    let mut c = Cursor::at(NAME, &bytes, FIRST.len());
    for number in 0..if first { 2 } else { 4 } {
        if number == 2 {
            c.skip("whether more records come", 1)?;
        }
        let at = wide(c.position());
        let name = text(c.take("name", FILE)?);
        let (size, from) = if first {
            (c.u32("size")?.into(), c.u32("offset")?.into())
        } else {
            (c.u64("size")?, c.u64("offset")?)
        };
        if !name.is_empty() {
            images.row(at)?;
            images.add(at, &name, from, size);
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use super::super::tests::{check, field, survives};
    use super::*;

    fn kdz(magic: [u8; 8], files: &[(&str, &[u8])]) -> Vec<u8> {
        let header = usize::from(magic[0]) + 0x500;
        let mut out = magic.to_vec();
        let mut from = u64::try_from(header).unwrap();
        for number in 0..if magic == FIRST { 2 } else { 4 } {
            if number == 2 {
                out.push(if files.len() > 2 { 3 } else { 0 });
            }
            let (name, data) = files.get(number).copied().unwrap_or(("", b""));
            let size = u64::try_from(data.len()).unwrap();
            out.extend(field(name, 256));
            if magic == FIRST {
                out.extend(u32::try_from(size).unwrap().to_le_bytes());
                out.extend(u32::try_from(from).unwrap().to_le_bytes());
            } else {
                out.extend(size.to_le_bytes());
                out.extend(from.to_le_bytes());
            }
            from += size;
        }
        out.resize(header, 0);
        out.extend(files.iter().flat_map(|(_, data)| *data));
        out
    }

    const FILES: &[(&str, &[u8])] = &[
        ("LGUP_c.dll", b"code"),
        ("H990_10b.dz", b"images"),
        ("LGUP.dylib", b"x"),
    ];

    #[test]
    fn files_of_all_versions_are_listed() {
        check(&Kdz, &kdz(FIRST, &FILES[..2]), &FILES[..2], &[]);
        for magic in [SECOND, THIRD] {
            check(&Kdz, &kdz(magic, FILES), FILES, &[]);
            check(&Kdz, &kdz(magic, &FILES[..1]), &FILES[..1], &[]);
        }
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        survives(&Kdz, &kdz(THIRD, FILES), |_| false);
        survives(&Kdz, &kdz(FIRST, &FILES[..2]), |_| false);
    }
}
