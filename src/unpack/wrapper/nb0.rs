//! Nokia and others built by FIH: `.nb0`.
//!
//! No specification; as `nb0-extract` and its like read it. Little-endian. A number of files, then for each
//! where it is, how long, and its name; their data behind. Nothing at the start tells the format, so every
//! field of the table has to be sound.

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::super::registry::{Format, Holds, Listing};
use super::{Images, halves, text, wide};

/// Nokia's firmware.
pub(in crate::unpack) struct Nb0;

const NAME: &str = "nb0";
/// Bytes of a row.
const ROW: u64 = 64;
/// Bytes of a name.
const FILE: usize = 48;
/// Ours: files in one; real ones have a hundred.
const MOST: u32 = 4096;
/// Ours: bytes of a file.
const LARGEST: u64 = 1 << 40;

impl Format for Nb0 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "Nokia (FIH) NB0, known by its ending alone"
    }

    fn sniff(&self, _: &[u8]) -> bool {
        false
    }

    fn endings(&self) -> &'static [&'static str] {
        &["nb0"]
    }

    fn holds(&self) -> Holds {
        Holds::Volumes
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut images = Images::new(NAME, blob, budget);
        let read = table(&mut images);
        images.end(read)
    }
}

fn table(images: &mut Images<'_>) -> Result<(), Gap> {
    let bytes = images.exact(0, 4, "number of files")?;
    let count = Cursor::new(NAME, &bytes).u32("number of files")?;
    if count == 0 || count > MOST {
        return Err(Gap::invalid(NAME, 0, "number of files", count.into()));
    }
    let data = ROW.saturating_mul(count.into()).saturating_add(4);
    let bytes = images.exact(0, data, "table")?;
    let mut c = Cursor::at(NAME, &bytes, 4);
    let mut rows = Vec::new();
    for _ in 0..count {
        let (offset, size) = (c.u32("offset")?, c.u32("size")?);
        let offset = halves(c.u32("offset, high half")?, offset);
        let size = halves(c.u32("size, high half")?, size);
        let at = c.position();
        let field = c.take("name", FILE)?;
        let name = text(field);
        let sound = field.is_ascii() && !name.is_empty() && !name.bytes().any(|b| b.is_ascii_control());
        if !sound || offset > LARGEST || size > LARGEST {
            return Err(Gap::invalid(NAME, wide(at), "name", 0));
        }
        rows.push((wide(at), name, data.saturating_add(offset), size));
    }
    for (at, name, from, size) in rows {
        images.row(at)?;
        images.add(at, &name, from, size);
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use super::super::tests::{check, field, survives};
    use super::*;

    fn nb0(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = u32::try_from(files.len()).unwrap().to_le_bytes().to_vec();
        let mut from = 0_u32;
        for (name, data) in files {
            let size = u32::try_from(data.len()).unwrap();
            for word in [from, size, 0, 0] {
                out.extend(word.to_le_bytes());
            }
            out.extend(field(name, 48));
            from += size;
        }
        out.extend(files.iter().flat_map(|(_, data)| *data));
        out
    }

    const FILES: &[(&str, &[u8])] = &[("PLE-0-boot.img", b"boot"), ("PLE-0-system.img", b"system")];

    #[test]
    fn files_are_listed_and_one_may_be_there_twice() {
        check(&Nb0, &nb0(FILES), FILES, &[]);
        let twice = [FILES[0], FILES[0]];
        check(&Nb0, &nb0(&twice), &twice, &[]);
    }

    #[test]
    fn another_file_of_this_name_is_no_container() {
        let text = b"some notes, not a firmware at all";
        check(
            &Nb0,
            text,
            &[],
            &["nb0: number of files at 0x0: invalid value 0x656d6f73"],
        );
        let mut data = nb0(FILES);
        data[20] = 7;
        check(&Nb0, &data, &[], &["nb0: name at 0x14: invalid value 0x0"]);
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        survives(&Nb0, &nb0(FILES), |_| false);
    }
}
