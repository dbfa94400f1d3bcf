//! Boot images: boot, init_boot and recovery, header versions 0 to 4.
//!
//! Spec: AOSP `system/tools/mkbootimg/include/bootimg/bootimg.h`. Little-endian; sizes in bytes. After a page
//! with the header follow the sections, each from the start of a page. Pages are as long as the header says
//! up to version 2, and 4096 bytes from version 3 on.
//!
//! Before there were versions, Qualcomm put the size of a device tree where the version is now, and its tree
//! behind all else. MediaTek puts 512 bytes of its own before the kernel and the ramdisk.

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::super::registry::{Format, Holds, Listing};
use super::{believable, exact, refuse, until_nul, wide};

/// Boot images.
pub(in crate::unpack) struct Boot;

const NAME: &str = "boot";
/// `BOOT_MAGIC`.
const MAGIC: [u8; 8] = *b"ANDROID!";
/// Bytes that hold the header of any version.
const HEADER: u64 = 1660;
/// `mkbootimg` takes 2048 to 16384; NAND phones had more.
const PAGES: std::ops::RangeInclusive<u32> = 2048..=128 << 10;
/// Pages of version 3 and later.
const PAGE_V3: u64 = 4096;
/// Ours: what is at least so much is no version but the size of a device tree.
const DT_SIZE: u32 = 512;
/// MediaTek's header: magic, size of what follows it, a name of 32 bytes; filled up to 512 bytes.
const MTK_MAGIC: [u8; 4] = 0x5888_1688_u32.to_le_bytes();
const MTK_HEADER: u64 = 512;

impl Format for Boot {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "boot, init_boot and recovery image, header versions 0 to 4, Qualcomm's and MediaTek's own"
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
    let bytes = exact(NAME, blob, 0, HEADER, "header")?;
    let mut c = Cursor::at(NAME, &bytes, 40);
    match c.u32("header_version")? {
        version @ 0..=2 => old(blob, &bytes, version, 0, listing),
        version @ 3..=4 => new(blob, &bytes, version, listing),
        dt_size @ DT_SIZE.. => old(blob, &bytes, 0, dt_size, listing),
        version => Err(Gap::unsupported(NAME, 40, "header_version", version.into())),
    }
}

/// `boot_img_hdr_v0` to `_v2`, and Qualcomm's.
fn old(blob: &Blob, bytes: &[u8], version: u32, dt_size: u32, listing: &mut Listing) -> Result<(), Gap> {
    let mut c = Cursor::at(NAME, bytes, 8);
    let kernel_size = c.u32("kernel_size")?;
    c.skip("kernel_addr", 4)?;
    let ramdisk_size = c.u32("ramdisk_size")?;
    c.skip("ramdisk_addr", 4)?;
    let second_size = c.u32("second_size")?;
    c.skip("second_addr, tags_addr", 8)?;
    let page_size = page_size(NAME, &mut c)?;
    c.skip("header_version, os_version, name", 24)?;
    let cmdline = c.take("cmdline", 512)?;
    c.skip("id", 32)?;
    let extra_cmdline = c.take("extra_cmdline", 1024)?;
    let recovery_dtbo_size = c.u32("recovery_dtbo_size")?;
    c.skip("recovery_dtbo_offset, header_size", 12)?;
    let dtb_size = c.u32("dtb_size")?;
    let mut pages = Pages::new(NAME, blob, page_size, page_size);
    let kernel = pages.next("kernel", kernel_size.into(), listing);
    let ramdisk = pages.next("ramdisk", ramdisk_size.into(), listing);
    for (name, part) in [("kernel", kernel), ("ramdisk", ramdisk)] {
        if let Some(part) = part {
            let part = without_mtk(name, part, listing);
            listing.blob(name, part);
        }
    }
    let rest = [
        ("second", second_size),
        ("recovery_dtbo", if version >= 1 { recovery_dtbo_size } else { 0 }),
        ("dtb", if version >= 2 { dtb_size } else { 0 }),
        ("dt", dt_size),
    ];
    for (name, size) in rest {
        if let Some(part) = pages.next(name, size.into(), listing) {
            listing.blob(name, part);
        }
    }
    pages.end(listing);
    // The command line goes on in the second field where the first is full.
    let text = [until_nul(cmdline), until_nul(extra_cmdline)].concat();
    text_entry("cmdline", &text, listing);
    Ok(())
}

/// `boot_img_hdr_v3` and `_v4`.
fn new(blob: &Blob, bytes: &[u8], version: u32, listing: &mut Listing) -> Result<(), Gap> {
    let mut c = Cursor::at(NAME, bytes, 8);
    let kernel_size = c.u32("kernel_size")?;
    let ramdisk_size = c.u32("ramdisk_size")?;
    c.skip("os_version, header_size, reserved, header_version", 28)?;
    let cmdline = c.take("cmdline", 1536)?;
    let signature_size = c.u32("signature_size")?;
    let mut pages = Pages::new(NAME, blob, PAGE_V3, PAGE_V3);
    let sections = [
        ("kernel", kernel_size),
        ("ramdisk", ramdisk_size),
        ("boot_signature", if version >= 4 { signature_size } else { 0 }),
    ];
    for (name, size) in sections {
        if let Some(part) = pages.next(name, size.into(), listing) {
            listing.blob(name, part);
        }
    }
    pages.end(listing);
    text_entry("cmdline", until_nul(cmdline), listing);
    Ok(())
}

/// The size of a page, in bytes.
pub(super) fn page_size(format: &'static str, c: &mut Cursor<'_>) -> Result<u64, Gap> {
    let at = wide(c.position());
    let size = c.u32("page_size")?;
    if !PAGES.contains(&size) || !size.is_power_of_two() {
        return Err(Gap::invalid(format, at, "page_size", size.into()));
    }
    Ok(size.into())
}

/// What is behind MediaTek's header, or all where there is none.
fn without_mtk(name: &str, part: Blob, listing: &mut Listing) -> Blob {
    let mut head = [0; 8];
    let got = part.read_at(0, &mut head).unwrap_or(0);
    if got < head.len() || !head.starts_with(&MTK_MAGIC) {
        return part;
    }
    let size = head.last_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let size = u64::from(size);
    let inner = part.slice(MTK_HEADER..MTK_HEADER.saturating_add(size));
    if inner.len() < size {
        let gap = Gap::truncated(NAME, 4, "size in MediaTek's header", size, inner.len());
        listing.lost(name, gap, believable(size.saturating_sub(inner.len())));
    }
    inner
}

/// A text that the header holds.
pub(super) fn text_entry(name: &'static str, text: &[u8], listing: &mut Listing) {
    if !text.is_empty() {
        listing.blob(name, Blob::from(text.to_vec()));
    }
}

/// Sections one after another, each from the start of a page.
pub(super) struct Pages<'a> {
    format: &'static str,
    blob: &'a Blob,
    /// Bytes of a page, not 0.
    page: u64,
    at: u64,
    /// Where the last section ends; 0 where not all of it is there.
    last: u64,
}

impl<'a> Pages<'a> {
    pub(super) fn new(format: &'static str, blob: &'a Blob, page: u64, header: u64) -> Self {
        let at = header.checked_next_multiple_of(page).unwrap_or(u64::MAX);
        Self {
            format,
            blob,
            page,
            at,
            last: 0,
        }
    }

    /// The next section, as far as it is there; none where it is empty.
    pub(super) fn next(&mut self, name: &'static str, size: u64, listing: &mut Listing) -> Option<Blob> {
        let start = self.at;
        let end = start.saturating_add(size);
        self.at = end.checked_next_multiple_of(self.page).unwrap_or(u64::MAX);
        let part = self.blob.slice(start..end);
        let have = part.len();
        if have < size {
            let gap = Gap::truncated(self.format, start, name, size, have);
            listing.lost(name, gap, believable(size.saturating_sub(have)));
        }
        if size > 0 {
            self.last = if have < size { 0 } else { end };
        }
        (have > 0).then_some(part)
    }

    /// Whether the last page is all there: whoever makes an image fills it up, so that an image that ends within
    /// was cut off, though no section shows it.
    pub(super) fn end(&self, listing: &mut Listing) {
        let have = self.blob.len();
        if (self.last..self.at).contains(&have) && self.last > 0 {
            let need = self.at.saturating_sub(self.last);
            let gap = Gap::truncated(
                self.format,
                self.last,
                "rest of the last page",
                need,
                have.saturating_sub(self.last),
            );
            listing.remark(gap);
        }
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use super::*;
    use crate::unpack::leaf::Data;

    fn put(out: &mut [u8], at: usize, word: u32) {
        out[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }

    /// A header with these words, then pages.
    fn image(page: usize, words: &[(usize, u32)], sections: &[&[u8]]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.resize(page, 0);
        for (at, word) in words {
            put(&mut out, *at, *word);
        }
        for section in sections {
            out.extend(*section);
            out.resize(out.len().next_multiple_of(page), 0);
        }
        out
    }

    #[track_caller]
    fn check(data: Vec<u8>, entries: &[(&str, &str)], gaps: &[&str]) {
        let listing = Boot.list(&Blob::from(data), "", &Budget::default());
        let got: Vec<(String, String)> = listing
            .entries
            .iter()
            .map(|entry| {
                let Data::Plain(blob) = &entry.data else { panic!() };
                let bytes = blob.read("t", 0..u64::MAX).unwrap();
                (
                    entry.name.to_string(),
                    String::from_utf8_lossy(&bytes).into_owned(),
                )
            })
            .collect();
        let expect: Vec<(String, String)> = entries
            .iter()
            .map(|(name, text)| ((*name).to_string(), (*text).to_string()))
            .collect();
        assert_eq!(got, expect);
        let got: Vec<String> = listing.notices.iter().map(|n| n.gap.to_string()).collect();
        assert_eq!(got, gaps);
    }

    fn v2() -> Vec<u8> {
        let words = [
            (8, 6),
            (16, 7),
            (24, 3),
            (36, 2048),
            (40, 2),
            (1632, 4),
            (1648, 5),
        ];
        let mut out = image(2048, &words, &[b"kernel", b"ramdisk", b"2nd", b"dtbo", b"dtb.."]);
        out[64..67].copy_from_slice(b"a=b");
        out[608..612].copy_from_slice(b" c=d");
        out
    }

    #[test]
    fn sections_start_at_pages() {
        let expect = [
            ("kernel", "kernel"),
            ("ramdisk", "ramdisk"),
            ("second", "2nd"),
            ("recovery_dtbo", "dtbo"),
            ("dtb", "dtb.."),
            ("cmdline", "a=b c=d"),
        ];
        check(v2(), &expect, &[]);
        let v4 = image(4096, &[(12, 7), (40, 4), (1580, 3)], &[b"ramdisk", b"sig"]);
        check(v4, &[("ramdisk", "ramdisk"), ("boot_signature", "sig")], &[]);
    }

    #[test]
    fn a_size_where_the_version_is_now_is_that_of_a_device_tree() {
        let tree = "QCDT".repeat(128);
        let words = [(8, 6), (16, 7), (36, 2048), (40, 512), (1648, 99)];
        let data = image(2048, &words, &[b"kernel", b"ramdisk", tree.as_bytes()]);
        check(
            data,
            &[("kernel", "kernel"), ("ramdisk", "ramdisk"), ("dt", &tree)],
            &[],
        );
        let gap = "boot: header_version at 0x28: unsupported value 0x63";
        check(image(2048, &[(36, 2048), (40, 99)], &[]), &[], &[gap]);
    }

    #[test]
    fn mediateks_header_is_taken_off() {
        let mut kernel = MTK_MAGIC.to_vec();
        kernel.extend([6, 0, 0, 0]);
        kernel.extend(b"KERNEL");
        kernel.resize(512, 0xff);
        kernel.extend(b"kernel");
        let data = image(2048, &[(8, 518), (16, 7), (36, 2048)], &[&kernel, b"ramdisk"]);
        check(data, &[("kernel", "kernel"), ("ramdisk", "ramdisk")], &[]);
    }

    #[test]
    fn what_is_missing_is_said_and_what_is_there_is_kept() {
        let gaps = [
            "boot: kernel at 0x800: truncated, needs 4294967295 bytes, 10240 left",
            "boot: ramdisk at 0x100000800: truncated, needs 7 bytes, 0 left",
        ];
        let mut data = v2();
        put(&mut data, 8, u32::MAX);
        let listing = Boot.list(&Blob::from(data), "", &Budget::default());
        let got: Vec<String> = listing
            .notices
            .iter()
            .take(2)
            .map(|n| n.gap.to_string())
            .collect();
        assert_eq!(got, gaps);
        for page in [0, 1, 2047, 1 << 31] {
            let mut data = v2();
            put(&mut data, 36, page);
            let listing = Boot.list(&Blob::from(data), "", &Budget::default());
            assert!(listing.entries.is_empty() && listing.salvaged && listing.notices.len() == 1);
        }
    }

    #[test]
    fn an_image_that_ends_within_its_last_page_was_cut_off() {
        let whole = image(2048, &[(8, 6), (16, 7), (36, 2048)], &[b"kernel", b"ramdisk"]);
        let expect = [("kernel", "kernel"), ("ramdisk", "ramdisk")];
        let gap = "boot: rest of the last page at 0x1007: truncated, needs 2041 bytes, 1 left";
        check(whole[..0x1008].to_vec(), &expect, &[gap]);
        let mut more = whole.clone();
        more.extend(b"SEANDROIDENFORCE");
        check(more, &expect, &[]);
        // A section that is cut says so itself.
        let gap = "boot: ramdisk at 0x1000: truncated, needs 7 bytes, 6 left";
        check(
            whole[..0x1006].to_vec(),
            &[("kernel", "kernel"), ("ramdisk", "ramdis")],
            &[gap],
        );
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        let whole = v2();
        for cut in (0..whole.len()).step_by(3) {
            Boot.list(&Blob::from(whole[..cut].to_vec()), "", &Budget::default());
        }
        for at in 0..2048 {
            let mut data = whole.clone();
            data[at] ^= 0x80;
            Boot.list(&Blob::from(data), "", &Budget::default());
        }
    }
}
