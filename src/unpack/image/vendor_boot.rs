//! Vendor boot images, header versions 3 and 4.
//!
//! Spec: AOSP `system/tools/mkbootimg/include/bootimg/bootimg.h`. Little-endian; sizes in bytes. The header,
//! then sections, each from the start of a page of `page_size` bytes: ramdisk, device tree, and in version 4
//! the table of ramdisks and the boot configuration. With the table, the ramdisk section is several
//! ramdisks, each compressed on its own.

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::super::name;
use super::super::registry::{Format, Holds, Listing};
use super::boot::{Pages, page_size, text_entry};
use super::{exact, refuse, until_nul};

/// Vendor boot images.
pub(in crate::unpack) struct VendorBoot;

const NAME: &str = "vendor-boot";
/// `VENDOR_BOOT_MAGIC`.
const MAGIC: [u8; 8] = *b"VNDRBOOT";
/// Bytes of the header in versions 3 and 4.
const HEADER_V3: u64 = 2112;
const HEADER_V4: u64 = 2128;
/// Bytes of `vendor_ramdisk_table_entry_v4`.
const ENTRY: u32 = 108;
/// Ours: ramdisks in the table. Real ones have two or three.
const MAX_RAMDISKS: u32 = 64;

impl Format for VendorBoot {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "vendor boot image, header versions 3 and 4"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&MAGIC)
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn holds(&self) -> Holds {
        Holds::Parts
    }

    fn list(&self, blob: &Blob, _: &str, _: &Budget) -> Listing {
        let mut listing = Listing::default();
        if let Err(gap) = sections(blob, &mut listing) {
            refuse(&mut listing, gap, blob.len());
        }
        listing
    }
}

fn sections(blob: &Blob, listing: &mut Listing) -> Result<(), Gap> {
    let bytes = exact(NAME, blob, 0, HEADER_V3, "header")?;
    let mut c = Cursor::at(NAME, &bytes, 8);
    let version = c.u32("header_version")?;
    if !(3..=4).contains(&version) {
        return Err(Gap::unsupported(NAME, 8, "header_version", version.into()));
    }
    let page_size = page_size(NAME, &mut c)?;
    c.skip("kernel_addr, ramdisk_addr", 8)?;
    let vendor_ramdisk_size = c.u32("vendor_ramdisk_size")?;
    let cmdline = c.take("cmdline", 2048)?;
    c.skip("tags_addr, name, header_size", 24)?;
    let dtb_size = c.u32("dtb_size")?;
    let v4 = if version >= 4 {
        let bytes = exact(
            NAME,
            blob,
            HEADER_V3,
            HEADER_V4.saturating_sub(HEADER_V3),
            "header",
        )?;
        let mut c = Cursor::new(NAME, &bytes);
        Some(V4 {
            table_size: c.u32("vendor_ramdisk_table_size")?,
            entry_num: c.u32("vendor_ramdisk_table_entry_num")?,
            entry_size: c.u32("vendor_ramdisk_table_entry_size")?,
            bootconfig_size: c.u32("bootconfig_size")?,
        })
    } else {
        None
    };
    let header = if v4.is_some() { HEADER_V4 } else { HEADER_V3 };
    let mut pages = Pages::new(NAME, blob, page_size, header);
    let ramdisk = pages.next("ramdisk", vendor_ramdisk_size.into(), listing);
    let dtb = pages.next("dtb", dtb_size.into(), listing);
    let mut bootconfig = None;
    let mut parts = Vec::new();
    if let Some(v4) = &v4 {
        let table = pages.next("ramdisk table", v4.table_size.into(), listing);
        bootconfig = pages.next("bootconfig", v4.bootconfig_size.into(), listing);
        if let (Some(table), Some(ramdisk)) = (table, &ramdisk) {
            match v4.ramdisks(&table, ramdisk, vendor_ramdisk_size) {
                Ok(found) => parts = found,
                Err(gap) => listing.remark(gap),
            }
        }
    }
    pages.end(listing);
    match (parts.is_empty(), ramdisk) {
        // Without a sound table, the section is at least the first of them.
        (true, Some(ramdisk)) => listing.blob("ramdisk", ramdisk),
        _ => parts
            .into_iter()
            .for_each(|(name, part)| listing.blob(name, part)),
    }
    for (name, part) in [("dtb", dtb), ("bootconfig", bootconfig)] {
        if let Some(part) = part {
            listing.blob(name, part);
        }
    }
    text_entry("cmdline", until_nul(cmdline), listing);
    Ok(())
}

/// What version 4 adds to the header.
struct V4 {
    table_size: u32,
    entry_num: u32,
    entry_size: u32,
    bootconfig_size: u32,
}

impl V4 {
    /// The ramdisks in the section, with their names. A broken table is refused as a whole, since then the
    /// section's parts are not known.
    fn ramdisks(&self, table: &Blob, section: &Blob, size: u32) -> Result<Vec<(String, Blob)>, Gap> {
        let at = 2116;
        if self.entry_num > MAX_RAMDISKS {
            let (got, limit) = (self.entry_num.into(), MAX_RAMDISKS.into());
            return Err(Gap::over(
                NAME,
                at,
                "vendor_ramdisk_table_entry_num",
                got,
                limit,
                "",
            ));
        }
        if self.entry_size < ENTRY {
            let got = self.entry_size.into();
            return Err(Gap::invalid(NAME, 2120, "vendor_ramdisk_table_entry_size", got));
        }
        let mut found = Vec::new();
        let mut end = 0_u64;
        for number in 0..u64::from(self.entry_num) {
            let at = number.saturating_mul(self.entry_size.into());
            let row = exact(NAME, table, at, ENTRY.into(), "ramdisk table")?;
            let mut c = Cursor::new(NAME, &row);
            let (len, start) = (c.u32("ramdisk_size")?, c.u32("ramdisk_offset")?);
            let kind = c.u32("ramdisk_type")?;
            let name = name::text(until_nul(c.take("ramdisk_name", 32)?));
            let start = u64::from(start);
            let stop = start.saturating_add(len.into());
            if start < end || stop > size.into() {
                return Err(Gap::invalid(NAME, at, "ramdisk_offset", start));
            }
            end = stop;
            let kind = match kind {
                1 => "platform",
                2 => "recovery",
                3 => "dlkm",
                _ => "none",
            };
            let name = if name.is_empty() { kind } else { &*name };
            let part = section.slice(start..stop);
            if !part.is_empty() {
                found.push((format!("ramdisk-{name}"), part));
            }
        }
        let covered = found
            .iter()
            .fold(0_u64, |sum, (_, part)| sum.saturating_add(part.len()));
        if covered < section.len() {
            let (need, have) = (section.len(), covered);
            return Err(Gap::truncated(NAME, at, "ramdisk table", need, have));
        }
        Ok(found)
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use super::*;
    use crate::unpack::leaf::Data;

    fn image(table: &[(u32, u32, u32, &str)]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.resize(4096, 0);
        let mut rows = Vec::new();
        for (size, offset, kind, name) in table {
            for word in [size, offset, kind] {
                rows.extend(word.to_le_bytes());
            }
            rows.extend(name.as_bytes());
            rows.resize(rows.len().next_multiple_of(108), 0);
        }
        let count = u32::try_from(table.len()).unwrap();
        let words = [
            (8, 4),
            (12, 2048),
            (24, 10),
            (2100, 3),
            (2112, count * 108),
            (2116, count),
            (2120, 108),
            (2124, 4),
        ];
        for (at, word) in words {
            out[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
        }
        out[28..31].copy_from_slice(b"a=b");
        for section in [b"0123456789".as_slice(), b"dtb", &rows, b"c=d\n"] {
            out.extend(section);
            out.resize(out.len().next_multiple_of(2048), 0);
        }
        out
    }

    fn list(data: Vec<u8>) -> (Vec<String>, Vec<String>) {
        let listing = VendorBoot.list(&Blob::from(data), "", &Budget::default());
        let entries = listing.entries.iter().map(|entry| {
            let Data::Plain(blob) = &entry.data else { panic!() };
            let bytes = blob.read("t", 0..u64::MAX).unwrap();
            format!("{}={}", entry.name, String::from_utf8_lossy(&bytes))
        });
        (
            entries.collect(),
            listing.notices.iter().map(|n| n.gap.to_string()).collect(),
        )
    }

    const TABLE: &[(u32, u32, u32, &str)] = &[(4, 0, 1, ""), (6, 4, 3, "wifi")];

    #[test]
    fn the_table_parts_the_ramdisk() {
        let (got, gaps) = list(image(TABLE));
        let expect = [
            "ramdisk-platform=0123",
            "ramdisk-wifi=456789",
            "dtb=dtb",
            "bootconfig=c=d\n",
            "cmdline=a=b",
        ];
        assert_eq!(got, expect);
        assert!(gaps.is_empty(), "{gaps:?}");
    }

    #[test]
    fn with_a_broken_table_the_ramdisk_is_one() {
        for table in [
            &[(4, 0, 1, ""), (7, 4, 3, "")][..],
            &[(4, 0, 1, "")],
            &[(6, 4, 1, ""), (6, 0, 1, "")],
        ] {
            let (got, gaps) = list(image(table));
            assert_eq!((&*got[0], gaps.len()), ("ramdisk=0123456789", 1));
        }
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        let whole = image(TABLE);
        for cut in (0..whole.len()).step_by(3) {
            list(whole[..cut].to_vec());
        }
        for at in 0..whole.len() {
            let mut data = whole.clone();
            data[at] ^= 0x80;
            list(data);
        }
    }
}
