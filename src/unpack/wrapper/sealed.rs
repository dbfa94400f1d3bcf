//! Firmware that its maker has encrypted. It is told what it is, and nothing else is done: no keys are carried
//! here, and none are looked for.
//!
//! No specification; where their marks are is known from `oppo_ozip_decrypt`, `oppo_decrypt` and *RUU*
//! extractors.

use crate::bytes::{Blob, Budget, Cursor, Gap, Kind};

use super::super::image::lose;
use super::super::registry::{Format, Listing};

/// A kind of encrypted firmware.
pub(in crate::unpack) struct Sealed {
    name: &'static str,
    about: &'static str,
    /// First bytes; empty where its mark is elsewhere.
    magic: &'static [u8],
    endings: &'static [&'static str],
    /// What it is, in words for people, if it is of this kind at all.
    what: fn(&Blob) -> Option<&'static str>,
}

/// Oppo and Realme: an OTA of Android up to 10.
pub(in crate::unpack) const OZIP: Sealed = Sealed {
    name: "ozip",
    about: "Oppo OZIP: recognised; encrypted",
    magic: b"OPPOENCRYPT!",
    endings: &[],
    what: |_| Some("OTA package of Oppo or Realme, encrypted with a key of the device's model"),
};

/// Oppo and Realme: firmware of the service tools.
pub(in crate::unpack) const OFP: Sealed = Sealed {
    name: "ofp",
    about: "Oppo OFP, for Qualcomm and MediaTek: recognised; encrypted",
    magic: &[],
    endings: &["ofp"],
    what: ofp,
};

/// OnePlus: firmware of the service tools.
pub(in crate::unpack) const OPS: Sealed = Sealed {
    name: "ops",
    about: "OnePlus OPS: recognised; encrypted",
    magic: &[],
    endings: &["ops"],
    what: |blob| {
        let what = "service firmware of OnePlus, whose list of images is encrypted with a key of the tool";
        page(blob, 512).then_some(what)
    },
};

/// HTC: the zip archives in an RUU.
pub(in crate::unpack) const HTC: Sealed = Sealed {
    name: "htc",
    about: "HTC RUU, archives in one file: recognised; encrypted",
    magic: b"LaR@eZip",
    endings: &[],
    what: |_| Some("firmware of HTC in several archives, encrypted with a key of the device's model"),
};

impl Format for Sealed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn sniff(&self, head: &[u8]) -> bool {
        !self.magic.is_empty() && head.starts_with(self.magic)
    }

    fn endings(&self) -> &'static [&'static str] {
        self.endings
    }

    fn list(&self, blob: &Blob, _: &str, _: &Budget) -> Listing {
        let mut listing = Listing::default();
        match (self.what)(blob) {
            Some(what) => {
                let gap = Gap {
                    format: self.name,
                    at: 0,
                    what: what.into(),
                    kind: Kind::Encrypted,
                };
                lose(&mut listing, gap, blob.len());
            }
            // Something else of this name.
            None => listing.salvaged = true,
        }
        listing
    }
}

/// Magic of the last page of OFP and OPS, and where it is in that.
const PAGE: u32 = 0x7cef;
const PAGE_AT: usize = 16;

/// Whether the last page of `size` bytes is one of OFP or OPS.
fn page(blob: &Blob, size: u64) -> bool {
    let page = blob.slice(blob.len().saturating_sub(size)..blob.len());
    let bytes = page.read(OFP.name, 0..size).unwrap_or_default();
    let magic = Cursor::at(OFP.name, &bytes, PAGE_AT).u32("magic");
    page.len() == size && magic == Ok(PAGE)
}

fn ofp(blob: &Blob) -> Option<&'static str> {
    if page(blob, 512) || page(blob, 4096) {
        return Some("service firmware of Oppo or Realme for Qualcomm, encrypted with a key of the tool");
    }
    mediatek(blob)
        .then_some("service firmware of Oppo or Realme for MediaTek, encrypted with a key of the tool")
}

/// Bytes at the end of an OFP for MediaTek, and of each entry before them.
const TRAILER: u64 = 108;
const ENTRY: u64 = 96;
/// What hides the trailer: its halves of bytes are swapped, and this is laid over them.
const MASK: &[u8] = b"geyixue";

/// Whether the end is that of an OFP for MediaTek: nothing but text where the chip and the kind of flash are
/// named, and a number of entries that there is room for.
fn mediatek(blob: &Blob) -> bool {
    let start = blob.len().saturating_sub(TRAILER);
    let bytes = blob.read(OFP.name, start..blob.len()).unwrap_or_default();
    let clear: Vec<u8> = bytes
        .iter()
        .zip(MASK.iter().cycle())
        .map(|(byte, mask)| byte.rotate_left(4) ^ mask)
        .collect();
    let names = clear.get(60..72).unwrap_or_default();
    let text = names.iter().all(|byte| matches!(byte, 0 | b' '..=b'~'));
    let count = Cursor::at(OFP.name, &clear, 72).u16("entries").unwrap_or(0);
    let room = u64::from(count).saturating_mul(ENTRY);
    text && names.starts_with(b"MT") && count > 0 && room <= start
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use super::*;

    fn told(format: &Sealed, data: Vec<u8>) -> Option<String> {
        let len = u64::try_from(data.len()).unwrap();
        let listing = format.list(&Blob::from(data), "", &Budget::default());
        assert!(listing.entries.is_empty());
        let [remark] = &*listing.notices else {
            assert!(listing.notices.is_empty() && listing.salvaged);
            return None;
        };
        assert_eq!((remark.unread, remark.gap.kind), (len, Kind::Encrypted));
        assert!(!listing.salvaged);
        Some(remark.gap.what.to_string())
    }

    /// Firmware whose last page of so many bytes has the mark.
    fn marked(page: usize) -> Vec<u8> {
        let mut out = vec![0x5a; 1000 + page];
        out[1016..1020].copy_from_slice(&PAGE.to_le_bytes());
        out
    }

    fn hidden(chip: &[u8; 7], entries: u16) -> Vec<u8> {
        let mut clear = vec![0; 60];
        clear.extend(chip);
        clear.extend(b"eMMC\0");
        clear.extend(entries.to_le_bytes());
        clear.resize(108, 0);
        let mask = MASK.iter().cycle();
        let mut out = vec![0x5a; 500];
        out.extend(
            clear
                .iter()
                .zip(mask)
                .map(|(byte, mask)| (byte ^ mask).rotate_left(4)),
        );
        out
    }

    #[test]
    fn each_kind_is_told_in_words() {
        let says = |format, data, word: &str| assert!(told(format, data).unwrap().contains(word));
        says(&OZIP, b"OPPOENCRYPT!123".to_vec(), "Oppo");
        says(&HTC, b"LaR@eZip".to_vec(), "HTC");
        says(&OPS, marked(512), "OnePlus");
        says(&OFP, marked(512), "Qualcomm");
        says(&OFP, marked(4096), "Qualcomm");
        says(&OFP, hidden(b"MT6771\0", 5), "MediaTek");
        assert!(OZIP.sniff(b"OPPOENCRYPT!123") && HTC.sniff(b"LaR@eZip"));
        assert!(!OFP.sniff(b"") && !OPS.sniff(b"anything"));
    }

    #[test]
    fn another_file_with_one_of_the_endings_is_none_of_them() {
        for format in [&OFP, &OPS] {
            for data in [&b""[..], b"notes", &[0; 5000]] {
                assert_eq!(told(format, data.to_vec()), None);
            }
        }
        assert_eq!(told(&OPS, marked(4096)), None);
        assert_eq!(told(&OFP, hidden(b"MT67\x1171", 5)), None);
        assert_eq!(told(&OFP, hidden(b"MT6771\0", 6)), None);
    }
}
