//! Allwinner: `IMAGEWTY`, the image of its LiveSuit and PhoenixSuit.
//!
//! No specification; as *awimage* and *OpenixIMG* read it. Little-endian. Headers of 1024 bytes, one of the
//! image and one of each file. Of a file, the length that it has and the one that it is padded to are stored.
//! Images that the maker has encrypted have no magic, and are not known for what they are.

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::super::registry::{Format, Holds, Listing};
use super::{Images, halves, text};

/// Allwinner's firmware.
pub(in crate::unpack) struct Allwinner;

const NAME: &str = "allwinner";
const MAGIC: [u8; 8] = *b"IMAGEWTY";
/// Bytes of a header.
const HEADER: u64 = 1024;
/// Bytes of a header that are read.
const FIELDS: u64 = 316;
/// Bytes of a file's name.
const FILE: usize = 256;
/// Versions of the header.
const OLD: u32 = 0x100;
const NEW: u32 = 0x300;

impl Format for Allwinner {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "Allwinner IMAGEWTY, header versions 1.0 and 3.0, not encrypted"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&MAGIC)
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
    let bytes = images.exact(0, 64, "header")?;
    let mut c = Cursor::at(NAME, &bytes, MAGIC.len());
    let version = c.u32("header version")?;
    match version {
        OLD => c.seek(56),
        NEW => c.seek(60),
        version => return Err(Gap::unsupported(NAME, 8, "header version", version.into())),
    }
    let count = c.u32("number of files")?;
    for number in 1..=u64::from(count) {
        let at = HEADER.saturating_mul(number);
        images.row(at)?;
        let bytes = images.exact(at, FIELDS, "file header")?;
        let mut c = Cursor::at(NAME, &bytes, 16);
        let subtype = text(c.take("sub type", 16)?);
        c.skip("unknown", 4)?;
        let (name, stored, original, from);
        if version == OLD {
            stored = c.u32("stored length")?.into();
            original = u64::from(c.u32("original length")?);
            from = c.u32("offset")?.into();
            c.skip("unknown", 4)?;
            name = text(c.take("file name", FILE)?);
        } else {
            name = text(c.take("file name", FILE)?);
            let mut wide = |what| {
                let low = c.u32(what)?;
                Ok::<u64, Gap>(halves(c.u32(what)?, low))
            };
            stored = wide("stored length")?;
            original = wide("original length")?;
            from = wide("offset")?;
        }
        if original > stored {
            return Err(Gap::invalid(NAME, at, "original length", original));
        }
        // `/boot.fex` is the image of `boot`.
        let name = name.trim_start_matches('/');
        let name = name.strip_suffix(".fex").unwrap_or(name);
        let name = if name.is_empty() { &*subtype } else { name };
        images.add(at, name, from, original);
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use super::super::tests::{check, field, survives};
    use super::*;

    fn image(version: u32, files: &[(&str, &[u8])]) -> Vec<u8> {
        let narrow = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let mut out = MAGIC.to_vec();
        out.extend(version.to_le_bytes());
        out.resize(if version == OLD { 56 } else { 60 }, 0);
        out.extend(narrow(files.len()));
        out.resize(1024, 0);
        let mut from = 1024 * (files.len() + 1);
        for (name, data) in files {
            let start = out.len();
            let stored = data.len().next_multiple_of(16);
            out.extend(narrow(256));
            out.extend(narrow(1024));
            out.extend(field("RFSFAT16", 8));
            out.extend(field("BOOT_FEX00000000", 16));
            out.extend(narrow(0));
            if version == OLD {
                for word in [stored, data.len(), from, 0] {
                    out.extend(narrow(word));
                }
                out.extend(field(name, 256));
            } else {
                out.extend(field(name, 256));
                for word in [stored, data.len(), from] {
                    out.extend(narrow(word));
                    out.extend(narrow(0));
                }
            }
            out.resize(start + 1024, 0);
            from += stored;
        }
        for (_, data) in files {
            out.extend(*data);
            out.resize(out.len().next_multiple_of(16), 0);
        }
        out
    }

    const FILES: &[(&str, &[u8])] = &[("/boot.fex", b"kernel"), ("sys_config.bin", b"[product]")];
    const EXPECT: &[(&str, &[u8])] = &[("boot", b"kernel"), ("sys_config.bin", b"[product]")];

    #[test]
    fn files_of_both_versions_are_listed_without_what_pads_them() {
        for version in [OLD, NEW] {
            check(&Allwinner, &image(version, FILES), EXPECT, &[]);
        }
        let gap = "allwinner: header version at 0x8: unsupported value 0x200";
        check(&Allwinner, &image(0x200, FILES), &[], &[gap]);
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        for version in [OLD, NEW] {
            let data = image(version, FILES);
            // Padding.
            survives(&Allwinner, &data, |cut| cut + 7 >= data.len());
        }
    }
}
