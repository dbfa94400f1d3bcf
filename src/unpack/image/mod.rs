//! Images of partitions and what is wrapped around them: sparse images, super partitions, disks, boot
//! images, ramdisks, verified boot metadata.
//!
//! Each lists what is in it as ranges of its own bytes; nothing is decoded here, and nothing here knows a
//! file system.

pub mod avb;
mod boot;
mod cpio;
pub(super) mod gpt;
mod lp;
#[cfg(test)]
mod made;
pub(super) mod sparse;
mod vendor_boot;

pub(super) use avb::Avb;
pub(super) use boot::Boot;
pub(super) use cpio::Cpio;
pub(super) use gpt::Gpt;
pub(super) use lp::Super;
pub(super) use sparse::Sparse;
pub(super) use vendor_boot::VendorBoot;

pub(super) use crate::bytes::wide;
use crate::bytes::{Blob, Bytes, Gap, Kind};

pub(super) use super::registry::believable;
use super::registry::{Listing, Remark};

/// Exactly the bytes in a range, or the gap that says how many there are.
pub(super) fn exact(
    format: &'static str,
    blob: &Blob,
    at: u64,
    len: u64,
    what: &'static str,
) -> Result<Bytes, Gap> {
    let bytes = blob.read(format, at..at.saturating_add(len))?;
    let have = wide(bytes.len());
    if have < len {
        return Err(Gap::truncated(format, at, what, len, have));
    }
    Ok(bytes)
}

/// A copy of something was broken, and another one was read in its place, as Android does.
fn replaced(gap: Gap) -> Gap {
    let got = match gap.kind {
        Kind::Invalid { got } | Kind::Unsupported { got } | Kind::OverLimit { got, .. } => got,
        Kind::Truncated { have, .. } => have,
        _ => return gap,
    };
    Gap {
        kind: Kind::Odd { got },
        ..gap
    }
}

/// Nothing could be listed: the container's bytes are searched as they are.
fn refuse(listing: &mut Listing, gap: Gap, unread: u64) {
    listing.salvaged = true;
    lose(listing, gap, unread);
}

/// A gap about the whole, and the bytes that were not read because of it.
pub(super) fn lose(listing: &mut Listing, gap: Gap, unread: u64) {
    listing.notices.push(Remark {
        entry: None,
        gap,
        unread: believable(unread),
    });
}

/// The text before the first NUL.
pub(super) fn until_nul(field: &[u8]) -> &[u8] {
    memchr::memchr(0, field)
        .and_then(|end| field.get(..end))
        .unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use sha2::{Digest, Sha256};

    use super::avb::descriptor::Descriptor;
    use super::avb::verify::Check;
    use super::avb::{Vbmeta, footer};
    use super::*;
    use crate::bytes::Budget;
    use crate::unpack::codec::{Codec, decode};
    use crate::unpack::leaf::Data;
    use crate::unpack::registry::Format;
    use crate::unpack::zip::Zip;

    /// The folder with real images.
    #[expect(clippy::print_stdout, reason = "says that it did not run")]
    fn corpus() -> Option<PathBuf> {
        let folder = std::env::var_os("PHONEHOME_CORPUS").map(|path| PathBuf::from(path).join("images"));
        if folder.is_none() {
            println!("PHONEHOME_CORPUS is not set: no real image is read");
        }
        folder
    }

    fn list(format: &dyn Format, blob: &Blob) -> Vec<(String, Blob)> {
        let listing = format.list(blob, "image", &Budget::default());
        assert!(listing.notices.is_empty());
        let entries = listing.entries.into_iter().map(|entry| match entry.data {
            Data::Plain(blob) => (entry.name.into(), blob),
            Data::Zip(archive, number) => {
                let blob = crate::unpack::zip::plain(&archive, number);
                (entry.name.into(), blob.unwrap_or_else(|| Blob::from(Vec::new())))
            }
            Data::Stream(_) => panic!("a stream"),
        });
        entries.collect()
    }

    fn sum(blob: &Blob) -> Vec<u8> {
        Sha256::digest(&*blob.read("t", 0..u64::MAX).unwrap()).to_vec()
    }

    #[test]
    fn the_partitions_of_a_super_image_are_what_it_was_made_of() {
        let Some(folder) = corpus().map(|folder| folder.join("synth")) else {
            return;
        };
        for name in ["super-sparse.img", "super-vab-sparse.img"] {
            let file = Blob::open(&folder.join(name)).unwrap();
            let image = list(&Sparse, &file).remove(0).1;
            let got = list(&Super, &image);
            let expect = [
                ("system", "erofs-lz4hc.img"),
                ("vendor", "ext4-android.img"),
                ("product", "erofs-lzma.img"),
            ];
            assert_eq!(got.len(), expect.len());
            for ((name, blob), (partition, file)) in got.iter().zip(expect) {
                let file = Blob::open(&folder.join(file)).unwrap();
                assert_eq!((&**name, sum(blob)), (partition, sum(&file)));
            }
        }
    }

    #[test]
    fn the_sections_of_boot_images_are_what_they_were_made_of() {
        let Some(folder) = corpus() else { return };
        let ramdisk = sum(&Blob::open(&folder.join("dandelion-GLOBAL-V12.5.6.0.RCDMIXM.cpio.gz")).unwrap());
        for version in 0..4 {
            let file = Blob::open(&folder.join(format!("synth/boot-v{version}.img"))).unwrap();
            let sections = list(&Boot, &file);
            assert_eq!(
                (&*sections[1].0, sum(&sections[1].1)),
                ("ramdisk", ramdisk.clone())
            );
        }
        let new = list(&Boot, &Blob::open(&folder.join("synth/boot-v4.img")).unwrap());
        let vendor = list(
            &VendorBoot,
            &Blob::open(&folder.join("synth/vendor_boot-v4.img")).unwrap(),
        );
        assert_eq!(sum(&vendor[0].1), sum(&new[1].1));
        assert_eq!((&*vendor[1].0, sum(&vendor[1].1)), ("ramdisk-dlkm", ramdisk));
    }

    #[test]
    fn what_a_footer_says_of_a_real_image_is_true() {
        let Some(folder) = corpus() else { return };
        let apex = Blob::open(&folder.join("apex/com.android.apex.cts.shim.apex")).unwrap();
        let payload = list(&Zip, &apex)
            .into_iter()
            .find(|(name, _)| name == "apex_payload.img");
        let packed = fs::read(folder.join("samsung-lz4/init_boot.img.lz4")).unwrap();
        let boot = decode(Codec::Lz4Frame, "t", 0, &packed, 8 << 20).unwrap();
        for image in [payload.unwrap().1, Blob::from(boot)] {
            let (vbmeta, len) = footer(&image).unwrap();
            assert!(vbmeta.gaps.is_empty() && len < image.len());
            let checked = vbmeta.descriptors.iter().map(|what| what.verify(&image));
            let same = checked.filter(|check| *check == Check::Same).count();
            assert_eq!(same, 1, "{:?}", vbmeta.descriptors);
        }
        let folder = folder.join("blockota-iris-hp4024");
        let vbmeta = Vbmeta::read(&Blob::open(&folder.join("vbmeta.img")).unwrap(), 0).unwrap();
        let dtbo = Blob::open(&folder.join("dtbo.img")).unwrap();
        let checked = vbmeta.descriptors.iter().filter_map(|what| match what {
            Descriptor::Hash(hash) if hash.partition == "dtbo" => Some(what.verify(&dtbo)),
            _ => None,
        });
        assert_eq!(checked.collect::<Vec<_>>(), [Check::Same]);
    }
}
