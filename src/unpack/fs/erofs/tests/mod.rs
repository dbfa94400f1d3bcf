//! Images written by hand, the smallest that show the point; images that mkfs.erofs writes.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

mod build;
mod corpus;
mod extent;
mod hostile;

use super::*;

use crate::unpack::leaf::Data;

use build::*;

fn list(image: Vec<u8>) -> Listing {
    Erofs.list(&Blob::from(image), "", &Budget::default())
}

fn blob<'a>(listing: &'a Listing, name: &str) -> &'a Blob {
    let entry = listing.entries.iter().find(|entry| &*entry.name == name);
    let Data::Plain(blob) = &entry.unwrap().data else {
        panic!("{name}")
    };
    blob
}

fn gaps(listing: &Listing) -> Vec<String> {
    listing
        .notices
        .iter()
        .map(|notice| notice.gap.to_string())
        .collect()
}

/// The root's one file is this, read at once and piece by piece.
#[track_caller]
fn check(image: Vec<u8>, expect: &[u8]) {
    let listing = list(image);
    assert_eq!(gaps(&listing), Vec::<String>::new());
    let file = blob(&listing, "f");
    assert!(*file.read("test", 0..u64::MAX).unwrap() == *expect);
    for start in (0..expect.len()).step_by(777) {
        let mut piece = [0; 1000];
        let got = file.read_at(start as u64, &mut piece).unwrap();
        assert!(piece[..got] == expect[start..expect.len().min(start + 1000)]);
    }
}

/// The root's one file cannot be read, for this reason.
#[track_caller]
fn check_gap(image: Vec<u8>, expect: &str) {
    let listing = list(image);
    let gap = blob(&listing, "f").read("test", 0..1 << 20).unwrap_err();
    assert_eq!(gap.to_string(), expect);
}

#[test]
fn files_directories_and_links_are_listed_in_their_layouts() {
    let mut image = Image::new(12);
    let long = text(10_000);
    let plain = image.plain(&long);
    let start = image.put(&long[..8192]);
    let inline = image.inode(FILE, INLINE, 10_000, start, &long[8192..]);
    let hole = image.inode(FILE, PLAIN, 5000, u32::MAX, &[]);
    let empty = image.inode(FILE, INLINE, 0, u32::MAX, &[]);
    let link = image.inode(LINK, INLINE, 4, u32::MAX, b"d/in");
    let pipe = image.inode(0o010_644, PLAIN, 0, 0, &[]);
    let dir = image.dir(&[("in", inline), ("same", inline)]);
    let names = [".", "d", "empty", "hole", "link", "pipe", "plain"];
    let entries: Vec<(&str, u64)> = names
        .into_iter()
        .zip([0, dir, empty, hole, link, pipe, plain])
        .collect();
    image.root = image.dir(&entries);
    let listing = list(image.finish());
    assert_eq!(gaps(&listing), Vec::<String>::new());
    let found: Vec<&str> = listing.entries.iter().map(|entry| &*entry.name).collect();
    assert_eq!(found, ["empty", "hole", "plain", "d/in", "d/same"]);
    assert_eq!(listing.links, [("link".to_string(), "d/in".to_string())]);
    for name in ["plain", "d/in", "d/same"] {
        assert!(*blob(&listing, name).read("test", 0..u64::MAX).unwrap() == *long);
    }
    assert!(*blob(&listing, "hole").read("test", 0..u64::MAX).unwrap() == [0; 5000]);
    assert_eq!(blob(&listing, "empty").len(), 0);
}
/// A file with one chunk on the second device, one on the first.
fn devices() -> (Image, u64) {
    let mut image = Image::new(12);
    let first = image.put(&text(4096));
    let mut table = Vec::new();
    for (device, block) in [(1_u16, 1_u32), (0, first)] {
        table.extend([0_u16, device].map(u16::to_le_bytes).concat());
        table.extend(block.to_le_bytes());
    }
    let nid = image.inode(FILE, CHUNKS, 8192, 0x20, &table);
    image.incompat |= 0xc;
    image.devices = 1;
    // The slot is in block 0, behind the superblock: at 10 * 128.
    image.data.resize(8192, 0);
    (image, nid)
}

fn with_slot(mut image: Vec<u8>, start: u32) -> Vec<u8> {
    image[1280..1290].copy_from_slice(b"extra.blob");
    image[1280 + 64..][..4].copy_from_slice(&2_u32.to_le_bytes());
    image[1280 + 68..][..4].copy_from_slice(&start.to_le_bytes());
    image
}

#[test]
fn another_device_is_another_image_or_behind_the_first_or_missing() {
    let extra = [noise(4096), text(5000)[904..].to_vec()].concat();
    let expect = [extra[4096..].to_vec(), text(4096)].concat();
    let (image, nid) = devices();
    let image = Blob::from(with_slot(image.with(nid), 0));
    let peers = |name: &str| (name == "extra").then(|| Blob::from(extra.clone()));
    let listing = Erofs.list_with(&image, "", &peers, &Budget::default());
    assert!(*blob(&listing, "f").read("test", 0..u64::MAX).unwrap() == *expect);

    let (image, nid) = devices();
    let mut flat = with_slot(image.with(nid), 100);
    flat.resize(100 << 12, 0);
    flat.extend(extra);
    check(flat, &expect);

    let (image, nid) = devices();
    let listing = list(with_slot(image.with(nid), 0));
    let missing = "erofs: device that is not at hand at 0x0: unsupported value 0x1";
    assert_eq!(gaps(&listing), [missing]);
    let file = blob(&listing, "f");
    assert_eq!(file.read("test", 0..1).unwrap_err().to_string(), missing);
    assert!(*file.read("test", 4096..8192).unwrap() == *text(4096));
}
