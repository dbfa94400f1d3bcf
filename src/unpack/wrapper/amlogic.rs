//! Amlogic: the image of its USB burning tool.
//!
//! No specification; as *ampack* and *aml-upgrade-package-extract* read it. Little-endian. A header of 64
//! bytes, then items of 128 bytes, of 576 in version 2, whose kind and name are text: `PARTITION` `boot`. The
//! sum of all is not checked. Sparse items are Android's sparse images. `VERIFY` items are sums as text.

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::super::registry::{Format, Holds, Listing};
use super::{Images, text, wide};

/// Amlogic's firmware.
pub(in crate::unpack) struct Amlogic;

const NAME: &str = "amlogic";
const MAGIC: [u8; 4] = 0x27b5_1956_u32.to_le_bytes();
const MAGIC_AT: usize = 8;
const HEADER: u64 = 64;
/// Kind of the items that are images.
const PARTITION: &str = "PARTITION";

impl Format for Amlogic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "Amlogic burning image, versions 1 and 2"
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
        let read = items(&mut images);
        images.end(read)
    }
}

fn items(images: &mut Images<'_>) -> Result<(), Gap> {
    let bytes = images.exact(0, HEADER, "header")?;
    let mut c = Cursor::new(NAME, &bytes);
    c.skip("crc", 4)?;
    let version = c.u32("version")?;
    let text_len = match version {
        1 => 32,
        2 => 256,
        version => return Err(Gap::unsupported(NAME, 4, "version", version.into())),
    };
    c.skip("magic, size, alignment", 16)?;
    let count = c.u32("number of items")?;
    let size = wide(text_len).saturating_mul(2).saturating_add(64);
    for number in 0..u64::from(count) {
        let at = size.saturating_mul(number).saturating_add(HEADER);
        images.row(at)?;
        let bytes = images.exact(at, size, "item")?;
        let mut c = Cursor::new(NAME, &bytes);
        c.skip("id, file type, offset in item", 16)?;
        let (from, size) = (c.u64("offset in image")?, c.u64("size")?);
        let kind = text(c.take("main type", text_len)?);
        let name = text(c.take("sub type", text_len)?);
        if &*kind == PARTITION {
            images.add(at, &name, from, size);
        } else {
            images.add(at, &format!("{name}.{kind}"), from, size);
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use super::super::tests::{check, field, survives};
    use super::*;

    fn image(version: u32, items: &[(&str, &str, &[u8])]) -> Vec<u8> {
        let len = if version == 1 { 32 } else { 256 };
        let mut from = 64 + items.len() * (64 + 2 * len);
        let size = from + items.iter().map(|(.., data)| data.len()).sum::<usize>();
        let narrow = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let mut out = vec![0x5a; 4];
        out.extend(version.to_le_bytes());
        out.extend(MAGIC);
        out.extend(wide(size).to_le_bytes());
        out.extend(narrow(4));
        out.extend(narrow(items.len()));
        out.resize(64, 0);
        for (number, (kind, name, data)) in items.iter().enumerate() {
            out.extend(narrow(number));
            out.extend(narrow(0));
            for word in [0, from, data.len()] {
                out.extend(wide(word).to_le_bytes());
            }
            out.extend(field(kind, len));
            out.extend(field(name, len));
            out.extend(narrow(1));
            out.extend([0; 28]);
            from += data.len();
        }
        out.extend(items.iter().flat_map(|(.., data)| *data));
        out
    }

    const ITEMS: &[(&str, &str, &[u8])] = &[
        ("USB", "DDR", b"loader"),
        ("PARTITION", "boot", b"kernel"),
        ("VERIFY", "boot", b"sha1sum 00"),
    ];
    const EXPECT: &[(&str, &[u8])] = &[
        ("DDR.USB", b"loader"),
        ("boot", b"kernel"),
        ("boot.VERIFY", b"sha1sum 00"),
    ];

    #[test]
    fn items_of_both_versions_are_listed() {
        for version in [1, 2] {
            let data = image(version, ITEMS);
            assert!(Amlogic.sniff(&data));
            check(&Amlogic, &data, EXPECT, &[]);
        }
        let gap = "amlogic: version at 0x4: unsupported value 0x3";
        check(&Amlogic, &image(3, ITEMS), &[], &[gap]);
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        survives(&Amlogic, &image(1, ITEMS), |_| false);
    }
}
