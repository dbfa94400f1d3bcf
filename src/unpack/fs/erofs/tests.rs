#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use std::path::Path;

use super::*;
use crate::bytes::{Decoded, Limits};
use crate::unpack::fs::corpus;
use crate::unpack::leaf::Data;

const FILE: u16 = 0o100_644;
const DIR: u16 = 0o040_755;
const LINK: u16 = 0o120_777;

/// Layouts, as `i_format` of a compact inode.
const PLAIN: u16 = 0;
const FULL: u16 = 1 << 1;
const INLINE: u16 = 2 << 1;
const COMPACT: u16 = 3 << 1;
const CHUNKS: u16 = 4 << 1;

/// Writes an image: the superblock in block 0, metadata in blocks 1 to 15, data behind it.
struct Image {
    bits: u8,
    meta: Vec<u8>,
    data: Vec<u8>,
    incompat: u32,
    root: u64,
    packed: u64,
    metabox: u64,
    devices: u16,
}

impl Image {
    fn new(bits: u8) -> Self {
        Self {
            bits,
            // The first inode has the number 1: 0 is none in some fields.
            meta: vec![0; 32],
            data: Vec::new(),
            incompat: 1,
            root: 0,
            packed: 0,
            metabox: 0,
            devices: 0,
        }
    }

    fn block(&self) -> usize {
        1 << self.bits
    }

    /// Puts data into blocks of its own; the number of the first.
    fn put(&mut self, data: &[u8]) -> u32 {
        let number = 16 + self.data.len() / self.block();
        self.data.extend_from_slice(data);
        self.data
            .resize(self.data.len().next_multiple_of(self.block()), 0);
        number as u32
    }

    /// The same, as compressed data is put: at the end of the blocks.
    fn put_packed(&mut self, packed: &[u8]) -> u32 {
        let len = packed.len().next_multiple_of(self.block());
        self.put(&[vec![0; len - packed.len()], packed.to_vec()].concat())
    }

    /// A compact inode with something behind it; its number.
    fn inode(&mut self, mode: u16, format: u16, size: u32, union: u32, behind: &[u8]) -> u64 {
        self.meta.resize(self.meta.len().next_multiple_of(32), 0);
        let nid = self.meta.len() / 32;
        for field in [format, 0, mode, 1] {
            self.meta.extend(field.to_le_bytes());
        }
        for field in [size, 0, union, 0, 0, 0] {
            self.meta.extend(field.to_le_bytes());
        }
        self.meta.extend_from_slice(behind);
        nid as u64
    }

    /// A file with a full index: the map header's first and last words, and entries of 8 bytes.
    fn indexed(&mut self, size: u32, header: (u32, u32), entries: &[[u8; 8]]) -> u64 {
        let mut behind = [header.0, header.1, 0, 0].map(u32::to_le_bytes).concat();
        behind.extend(entries.concat());
        self.inode(FILE, FULL, size, 1, &behind)
    }

    /// Files as they are, each in blocks of its own.
    fn plain(&mut self, data: &[u8]) -> u64 {
        let start = self.put(data);
        self.inode(FILE, PLAIN, data.len() as u32, start, &[])
    }

    /// A directory in a block of its own.
    fn dir(&mut self, entries: &[(&str, u64)]) -> u64 {
        let mut block = Vec::new();
        let mut at = entries.len() * 12;
        for (name, nid) in entries {
            block.extend(nid.to_le_bytes());
            block.extend((at as u16).to_le_bytes());
            block.extend([0, 0]);
            at += name.len();
        }
        block.extend(entries.iter().flat_map(|(name, _)| name.bytes()));
        let start = self.put(&block);
        self.inode(DIR, PLAIN, block.len() as u32, start, &[])
    }

    /// With this one file in its root.
    fn with(mut self, nid: u64) -> Vec<u8> {
        self.root = self.dir(&[(".", 0), ("..", 0), ("f", nid)]);
        self.finish()
    }

    fn finish(self) -> Vec<u8> {
        let block = self.block();
        let mut image = vec![0; block.max(2048)];
        let mut put = |at: usize, bytes: &[u8]| image[1024 + at..][..bytes.len()].copy_from_slice(bytes);
        put(0, &superblock::MAGIC);
        put(12, &[self.bits, 1]);
        put(14, &(self.root as u16).to_le_bytes());
        let first = if self.bits == 9 { 4_u32 } else { 1 };
        put(40, &first.to_le_bytes());
        put(80, &self.incompat.to_le_bytes());
        put(86, &self.devices.to_le_bytes());
        put(88, &10_u16.to_le_bytes());
        put(96, &self.packed.to_le_bytes());
        put(128, &self.metabox.to_le_bytes());
        image.resize(first as usize * block, 0);
        image.extend(self.meta);
        assert!(image.len() <= 16 * block);
        image.resize(16 * block, 0);
        image.extend(self.data);
        image
    }
}

/// A head in a full index: what it is, where in its cluster it starts, the block.
fn head(kind: u16, offset: u16, block: u32) -> [u8; 8] {
    let [a, b] = kind.to_le_bytes();
    let [c, d] = offset.to_le_bytes();
    let [e, f, g, h] = block.to_le_bytes();
    [a, b, c, d, e, f, g, h]
}

/// What is no head: clusters back to it, and on to the next.
fn rest(back: u16, next: u16) -> [u8; 8] {
    let [e, f] = back.to_le_bytes();
    let [g, h] = next.to_le_bytes();
    [2, 0, 0, 0, e, f, g, h]
}

/// The map header's second word: flags and the two algorithms.
fn flags(advise: u16, algorithms: u8) -> u32 {
    u32::from(advise) | u32::from(algorithms) << 16
}

fn text(len: usize) -> Vec<u8> {
    let words = (0_u32..).flat_map(|n| format!("{} ", n.wrapping_mul(n) % 97).into_bytes());
    words.take(len).collect()
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let next = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    next.take(len).collect()
}

fn lz4(data: &[u8]) -> Vec<u8> {
    lz4_flex::block::compress(data)
}

fn deflate(data: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

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

#[test]
fn heads_of_both_kinds_and_plain_ones_start_at_any_byte() {
    let mut image = Image::new(12);
    let all = [text(9000), noise(3500), text(8000)].concat();
    let one = image.put_packed(&lz4(&all[..9000]));
    let two = image.put(&all[9000..12_500]);
    let three = image.put_packed(&deflate(&all[12_500..]));
    let entries = [
        head(1, 0, one),
        rest(1, 1),
        head(0, 9000 - 8192, two),
        head(3, 12_500 - 12_288, three),
        rest(1, 2),
        rest(2, 1),
    ];
    let nid = image.indexed(20_500, (0, flags(0, 0x20)), &entries);
    check(image.with(nid), &all);
}

#[test]
fn the_first_images_have_data_before_whatever_fills_the_block() {
    let mut image = Image::new(12);
    let all = text(9000);
    let mut packed = lz4(&all);
    packed.resize(4096, 0xa5);
    let block = image.put(&packed);
    image.incompat = 0;
    let nid = image.indexed(9000, (0, 0), &[head(1, 0, block), rest(1, 2), rest(2, 1)]);
    check(image.with(nid), &all);
}

#[test]
fn what_is_not_compressed_may_be_turned_within_its_block() {
    let mut image = Image::new(12);
    let all = [text(9000), noise(3000)].concat();
    let one = image.put_packed(&lz4(&all[..9000]));
    // From where it is in the file to the end of the block, then from the start of the block.
    let turn = 9000 - 8192;
    let mut block = vec![0; 4096];
    block[turn..turn + 3000].copy_from_slice(&all[9000..]);
    let straight = image.put(&block);
    let late = [text(11_000), noise(4000)].concat();
    let other = image.put_packed(&lz4(&late[..11_000]));
    let turn = 11_000 - 8192;
    let mut block = vec![0; 4096];
    block[turn..].copy_from_slice(&late[11_000..][..4096 - turn]);
    block[..4000 - (4096 - turn)].copy_from_slice(&late[11_000..][4096 - turn..]);
    let turned = image.put(&block);
    let advise = flags(map::INTERLACED_PCLUSTER, 0);
    let first = [head(1, 0, one), rest(1, 1), head(0, 9000 - 8192, straight)];
    let first = image.indexed(12_000, (0, advise), &first);
    let second = [
        head(1, 0, other),
        rest(1, 1),
        head(0, 11_000 - 8192, turned),
        rest(1, 1),
    ];
    let second = image.indexed(15_000, (0, advise), &second);
    image.root = image.dir(&[("a", first), ("b", second)]);
    let listing = list(image.finish());
    assert!(*blob(&listing, "a").read("test", 0..u64::MAX).unwrap() == *all);
    assert!(*blob(&listing, "b").read("test", 0..u64::MAX).unwrap() == *late);
}

#[test]
fn a_cluster_of_several_blocks_is_decoded_once_for_all_that_share_it() {
    let mut image = Image::new(12);
    let all = [noise(6000), text(4000)].concat();
    let packed = lz4(&all);
    assert!(packed.len() > 4096 && packed.len() < 8192);
    let block = image.put_packed(&packed);
    let big = flags(2, 0);
    let whole = [head(1, 0, block), rest(0x800 | 2, 2), rest(2, 1)];
    let whole = image.indexed(10_000, (0, big), &whole);
    let front = [head(0x8001, 0, block), rest(0x800 | 2, 1)];
    let front = image.indexed(5000, (0, big), &front);
    image.root = image.dir(&[("front", front), ("whole", whole)]);
    let budget = Budget::default();
    let listing = Erofs.list(&Blob::from(image.finish()), "", &budget);
    let before = budget.cache.decoded();
    for (name, len) in [("front", 5000), ("whole", 10_000), ("front", 5000)] {
        assert!(*blob(&listing, name).read("test", 0..u64::MAX).unwrap() == all[..len]);
    }
    let expect = Decoded {
        times: before.times + 1,
        units: before.units + 1,
        bytes: before.bytes + 10_000,
    };
    assert_eq!(budget.cache.decoded(), expect);
}

#[test]
fn the_last_extent_may_be_behind_the_index() {
    let mut image = Image::new(12);
    let all = [text(9000), text(100)].concat();
    let block = image.put_packed(&lz4(&all[..9000]));
    let tail = lz4(&all[9000..]);
    let mut behind = [(tail.len() as u32) << 16, flags(8, 0), 0, 0]
        .map(u32::to_le_bytes)
        .concat();
    behind.extend([head(1, 0, block), rest(1, 1), head(1, 9000 - 8192, 0)].concat());
    behind.extend(tail);
    let nid = image.inode(FILE, FULL, 9100, 1, &behind);
    check(image.with(nid), &all);
}

/// A packed inode, and a file whose end is in it.
fn fragments() -> (Image, u64, Vec<u8>) {
    let mut image = Image::new(12);
    let all = [text(9000), text(500)].concat();
    let shared = [text(50), all[9000..].to_vec(), text(70)].concat();
    let block = image.put_packed(&lz4(&shared));
    image.packed = image.indexed(620, (0, 0), &[head(1, 0, block)]);
    image.incompat |= 0x20;
    let block = image.put_packed(&lz4(&all[..9000]));
    let entries = [head(1, 0, block), rest(1, 1), head(1, 9000 - 8192, 0)];
    let nid = image.indexed(9500, (50, flags(map::FRAGMENT_PCLUSTER, 0)), &entries);
    (image, nid, all)
}

#[test]
fn the_last_extent_or_all_of_a_file_may_be_a_fragment() {
    let (image, nid, all) = fragments();
    check(image.with(nid), &all);
    let (mut image, _, _) = fragments();
    let behind = (60_u64 | 1 << 63).to_le_bytes();
    let nid = image.inode(FILE, COMPACT, 400, 0, &behind);
    check(image.with(nid), &text(500)[10..410]);
}

#[test]
fn fragments_and_the_metabox_are_not_in_themselves() {
    let mut image = Image::new(12);
    let fragment = (1_u64 << 63).to_le_bytes();
    image.packed = image.inode(FILE, COMPACT, 400, 0, &fragment);
    image.incompat |= 0x20;
    let nid = image.inode(FILE, COMPACT, 400, 0, &fragment);
    let none = "erofs: fragment where there can be none at 0x0: invalid value 0x1";
    check_gap(image.with(nid), none);

    let mut image = Image::new(12);
    let nid = image.inode(FILE, COMPACT, 400, 0, &fragment);
    let none = "erofs: fragment where there can be none at 0x0: invalid value 0x0";
    check_gap(image.with(nid), none);

    let mut image = Image::new(12);
    image.incompat |= 0x100;
    image.metabox = 1 << 63 | 1;
    let got = list(image.with(0));
    assert_eq!(
        gaps(&got),
        ["erofs: metabox_nid in the metabox at 0x480: invalid value 0x8000000000000001"]
    );

    // A metabox that is a fragment, with the fragments in it.
    let mut image = Image::new(12);
    image.incompat |= 0x120;
    image.metabox = image.inode(FILE, COMPACT, 4000, 0, &fragment);
    image.packed = 1 << 63 | 1;
    let got = list(image.with(1 << 63 | 2));
    assert!(gaps(&got)[0].contains("fragment where there can be none"));
}

#[test]
fn inodes_may_be_in_the_metabox() {
    let mut inner = Image::new(12);
    let nid = inner.inode(FILE, INLINE, 5, u32::MAX, b"hello") | 1 << 63;
    let mut image = Image::new(12);
    let block = image.put_packed(&lz4(&inner.meta));
    let size = inner.meta.len() as u32;
    image.metabox = image.indexed(size, (0, 0), &[head(1, 0, block)]);
    image.incompat |= 0x100;
    check(image.with(nid), b"hello");
}

/// A file with records of extents of so many bytes.
fn records(size: u32, header: [u32; 2], record: usize, fields: &[u32]) -> impl Fn(&mut Image) -> u64 {
    let mut behind = header.map(u32::to_le_bytes).concat();
    behind.resize(8_usize.next_multiple_of(record), 0);
    behind.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    move |image| image.inode(FILE, FULL, size, 1, &behind)
}

#[test]
fn records_of_all_sizes_say_where_extents_are() {
    let all = [text(9000), vec![0; 4000], noise(1000), text(3000)].concat();
    let (one, two) = (lz4(&all[..9000]), lz4(&all[14_000..]));
    let lengths = [one.len() as u32 | 1 << 28, 0, 1000, two.len() as u32 | 1 << 28];
    let starts = [0_u32, 9000, 13_000, 14_000];
    for (record, advise) in [(16, 0b101), (32, 0b111)] {
        let mut image = Image::new(12);
        // Not aligned, one right behind the other.
        let first = image.put(&[one.clone(), noise(1000), two.clone()].concat()) << 12;
        let noise_at = first + one.len() as u32;
        let places = [first, 0, noise_at, noise_at + 1000];
        image.data[one.len()..][..1000].copy_from_slice(&all[13_000..14_000]);
        let mut fields = Vec::new();
        for n in 0..4 {
            fields.extend([lengths[n], places[n], 0, starts[n]]);
            fields.extend(vec![0; record / 4 - 4]);
        }
        let nid = records(17_000, [4, advise], record, &fields)(&mut image);
        check(image.with(nid), &all);
    }
    // One record for each logical cluster of 8 KiB.
    let all = [text(8192), vec![0; 8192], text(3000)].concat();
    let (one, two) = (lz4(&all[..8192]), lz4(&all[16_384..]));
    let (long, short) = (one.len() as u32 | 1 << 28, two.len() as u32 | 1 << 28);
    let mut image = Image::new(12);
    let first = image.put(&[one.clone(), two].concat()) << 12;
    let fields = [long, first, 0, 0, short, first + one.len() as u32];
    let nid = records(19_384, [0, 0b011 | 1 << 24], 8, &fields)(&mut image);
    check(image.with(nid), &all);
    let mut image = Image::new(12);
    let first = image.put(&[one, lz4(&all[16_384..])].concat()) << 12;
    let nid = records(19_384, [0, 0b001 | 1 << 24], 4, &[first, 0, long, 0, short])(&mut image);
    check(image.with(nid), &all);
}

#[test]
fn the_last_record_may_be_a_fragment() {
    let (mut image, _, all) = fragments();
    let first = image.put(&lz4(&all[..9000])) << 12;
    let fields = [
        lz4(&all[..9000]).len() as u32 | 1 << 28,
        first,
        0,
        0,
        50,
        0,
        0,
        9000,
    ];
    let advise = u32::from(0b101 | map::FRAGMENT_PCLUSTER);
    let nid = records(9500, [2, advise], 16, &fields)(&mut image);
    check(image.with(nid), &all);
}

#[test]
fn chunks_are_anywhere_or_nowhere() {
    let all = text(4096 * 3 + 100);
    let mut image = Image::new(12);
    let late = image.put(&all[4096..]);
    let first = image.put(&all[..4096]);
    let table = [first, late, late + 1, late + 2].map(u32::to_le_bytes).concat();
    let nid = image.inode(FILE, CHUNKS, all.len() as u32, 0, &table);
    check(image.with(nid), &all);
    let mut image = Image::new(12);
    let start = image.put(&all[8192..]);
    let table = [u32::MAX, start].map(u32::to_le_bytes).concat();
    let nid = image.inode(FILE, CHUNKS, all.len() as u32, 1, &table);
    check(image.with(nid), &[vec![0; 8192], all[8192..].to_vec()].concat());
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

#[test]
fn an_index_that_leads_nowhere_is_a_gap() {
    let mut image = Image::new(12);
    let nid = image.indexed(9000, (0, 0), &[rest(1, 1), rest(0, 1), rest(1, 1)]);
    check_gap(
        image.with(nid),
        "erofs: distance to the head at 0x1050: invalid value 0x1",
    );

    // The second leads to no head of this extent.
    let mut image = Image::new(12);
    let block = image.put_packed(&lz4(&text(9000)));
    let nid = image.indexed(9000, (0, 0), &[head(1, 0, block), rest(1, 1), rest(0, 1)]);
    check_gap(
        image.with(nid),
        "erofs: distance to the head at 0x1060: invalid value 0x0",
    );

    let mut image = Image::new(12);
    let nid = image.indexed(9000, (0, 0), &[head(1, 4095, 16), head(1, 0, 16), head(1, 0, 16)]);
    check_gap(
        image.with(nid),
        "erofs: distance to the head at 0x1050: invalid value 0x1",
    );

    let mut image = Image::new(12);
    let nid = image.indexed(4000, (0, 0), &[head(1, 0, 0)]);
    check_gap(
        image.with(nid),
        "erofs: block of an extent at 0x1050: invalid value 0x0",
    );

    let mut image = Image::new(12);
    let nid = image.indexed(4000, (0, flags(0, 9)), &[head(1, 0, 16)]);
    check_gap(
        image.with(nid),
        "erofs: compression algorithm at 0x1048: unsupported value 0x9",
    );
}

#[test]
fn an_extent_is_not_longer_than_what_its_cluster_holds() {
    let mut image = Image::new(12);
    let block = image.put_packed(&lz4(&text(8000)));
    let entries = [head(1, 0, block), rest(1, 2), rest(2, 1)];
    let nid = image.indexed(9000, (0, 0), &entries);
    let at = (u64::from(block) << 12) + 4096 - lz4(&text(8000)).len() as u64;
    check_gap(
        image.with(nid),
        &format!("erofs: decoded data at {at:#x}: truncated, needs 9000 bytes, 8000 left"),
    );
    // 13 MiB of one extent.
    let clusters = 13 << 8;
    let mut image = Image::new(16);
    let block = image.put_packed(&lz4(&text(8000)));
    let mut entries = vec![head(1, 0, block)];
    entries.extend((1..clusters).map(|n: u16| rest(n.min(2047), 1)));
    let size = u32::from(clusters) << 16;
    let nid = image.indexed(size, (0, 0), &entries);
    let gap = blob(&list(image.with(nid)), "f").read("test", 0..1).unwrap_err();
    assert!(gap.to_string().contains("is over the limit of 12582912"));
}

#[test]
fn what_can_be_read_of_a_file_is_read() {
    let mut image = Image::new(12);
    let all = text(20_000);
    let one = image.put_packed(&lz4(&all[..8192]));
    let two = image.put_packed(&[0xff; 4096]);
    let three = image.put_packed(&lz4(&all[16_384..]));
    let entries = [
        head(1, 0, one),
        rest(1, 1),
        head(1, 0, two),
        rest(1, 1),
        head(1, 0, three),
    ];
    let nid = image.indexed(20_000, (0, 0), &entries);
    let listing = list(image.with(nid));
    let (bytes, gaps, lost) = blob(&listing, "f").salvage("test", 0..u64::MAX);
    assert_eq!((gaps.len(), lost), (1, 8192));
    assert!(bytes[..8192] == all[..8192] && bytes[16_384..] == all[16_384..]);
}

#[test]
fn directories_that_lead_back_or_are_broken_are_told_and_passed() {
    let mut image = Image::new(12);
    let file = image.plain(b"here");
    let bad = image.put(&[0xff; 4096]);
    let broken = image.inode(DIR, PLAIN, 4096, bad, &[]);
    let endless = image.inode(DIR, PLAIN, u32::MAX, u32::MAX, &[]);
    let root = (image.meta.len() as u64).div_ceil(32);
    image.root = image.dir(&[
        ("a", root),
        ("b", broken),
        ("c", endless),
        ("d", 999),
        ("f", file),
    ]);
    assert_eq!(image.root, root);
    let listing = list(image.finish());
    assert_eq!(&*blob(&listing, "f").read("test", 0..9).unwrap(), b"here");
    let told = gaps(&listing);
    assert!(told[0].contains("in two places"), "{told:?}");
    assert!(
        told[1].starts_with("erofs: inode at 0x8ce0") || told[1].contains("i_mode"),
        "{told:?}"
    );
    assert_eq!(told.iter().filter(|gap| gap.contains("nameoff")).count(), 17);
    assert!(told.iter().any(|gap| gap.contains("broken directory blocks")));
}

#[test]
fn what_is_not_known_is_refused() {
    let mut image = Image::new(12);
    let file = image.plain(b"x");
    image.incompat |= 0x400;
    let listing = list(image.with(file));
    assert_eq!(
        gaps(&listing),
        ["erofs: feature_incompat at 0x450: unsupported value 0x400"]
    );
    assert!(listing.notices[0].unread > 0);
    let mut image = Image::new(12);
    let odd = image.inode(FILE, 5 << 1, 1, 0, &[]);
    let listing = list(image.with(odd));
    assert_eq!(
        gaps(&listing),
        ["erofs: data layout at 0x1020: unsupported value 0x5"]
    );
}

#[test]
fn a_wrong_checksum_is_told_and_the_image_read() {
    let mut data = sample("plain");
    data[1028] ^= 1;
    let listing = list(data);
    assert_eq!(gaps(&listing).len(), 1);
    assert!(gaps(&listing)[0].starts_with("erofs: checksum at 0x404"));
    assert_eq!(
        &*blob(&listing, "hello.txt").read("test", 0..9).unwrap(),
        b"hello\n"
    );
}

#[test]
fn what_is_decoded_in_vain_has_a_bound() {
    let mut image = Image::new(12);
    let names: Vec<String> = (10..90).map(|n| format!("f{n}")).collect();
    let mut entries = Vec::new();
    for (name, byte) in names.iter().zip(0_u8..) {
        // 5000 of 1 MiB are wanted.
        let block = image.put_packed(&lz4(&vec![byte; 1 << 20]));
        let index = [head(0x8001, 0, block), rest(0x800 | 2, 1)];
        entries.push((name.as_str(), image.indexed(5000, (0, flags(2, 0)), &index)));
    }
    image.root = image.dir(&entries);
    let limits = Limits {
        task: 4 << 20,
        ..Limits::default()
    };
    let listing = Erofs.list(&Blob::from(image.finish()), "", &Budget::new(limits));
    let read = names
        .iter()
        .map(|name| blob(&listing, name).read("test", 0..5000));
    let lost: Vec<String> = read.filter_map(|read| Some(read.err()?.to_string())).collect();
    assert!((1..70).contains(&lost.len()), "{}", lost.len());
    assert!(lost.iter().all(|gap| gap.contains("--max-decoded")));
}

/// A checked-in image; all of them hold the same tree.
fn sample(case: &str) -> Vec<u8> {
    match case {
        "plain" => include_bytes!("../../../../samples/erofs/plain/in.bin").to_vec(),
        "chunks" => include_bytes!("../../../../samples/erofs/chunks/in.bin").to_vec(),
        "lz4" => include_bytes!("../../../../samples/erofs/lz4/in.bin").to_vec(),
        "full" => include_bytes!("../../../../samples/erofs/full/in.bin").to_vec(),
        "dedupe" => include_bytes!("../../../../samples/erofs/dedupe/in.bin").to_vec(),
        "fragments" => include_bytes!("../../../../samples/erofs/fragments/in.bin").to_vec(),
        _ => include_bytes!("../../../../samples/erofs/metabox/in.bin").to_vec(),
    }
}

const SAMPLES: [&str; 7] = ["plain", "chunks", "lz4", "full", "dedupe", "fragments", "metabox"];

#[test]
fn every_layout_holds_the_same_files() {
    let plain = list(sample("plain"));
    let expect = corpus::hashes(&plain);
    assert_eq!(expect.len(), 14);
    for case in SAMPLES {
        let listing = list(sample(case));
        assert_eq!(gaps(&listing), Vec::<String>::new(), "{case}");
        assert_eq!(corpus::hashes(&listing), expect, "{case}");
        assert_eq!(listing.links, plain.links, "{case}");
    }
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    for case in SAMPLES {
        let whole = sample(case);
        for cut in (0..whole.len()).step_by(61) {
            corpus::survive(&Erofs, whole[..cut].to_vec());
        }
        let step = (whole.len() / 500).max(1);
        for at in (1024..whole.len()).step_by(step) {
            for bit in [0x80, 0x01] {
                let mut data = whole.clone();
                data[at] ^= bit;
                corpus::survive(&Erofs, data);
            }
        }
    }
}

#[test]
fn the_images_of_the_corpus_hold_their_tree() {
    let Some(synth) = corpus::synth() else { return };
    let mut found = 0;
    for entry in std::fs::read_dir(&synth).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("erofs-") && name.ends_with(".img") {
            corpus::compare(&Erofs, Blob::open(&path).unwrap(), &synth);
            found += 1;
        }
    }
    assert!(found >= 16);
}

/// The tree as mkfs.erofs, of whatever version there is, packs it.
#[test]
fn what_mkfs_writes_is_read_back() {
    let root = corpus::tree();
    let expect = corpus::folder(root.path());
    let temp = tempfile::tempdir().unwrap();
    let image = temp.path().join("image");
    let cases: [&[&str]; 5] = [
        &[],
        &["--chunksize=4096"],
        &["-zlz4"],
        &["-zlz4hc,9", "-C65536"],
        &["-zlz4hc,9", "-Elegacy-compress"],
    ];
    for options in cases {
        let _ = std::fs::remove_file(&image);
        let ends: [&Path; 2] = [&image, root.path()];
        let ends = ends.map(|path| path.to_str().unwrap());
        let arguments = [&["-T0"], options, &ends].concat();
        if !corpus::run("mkfs.erofs", &arguments, &[0]) {
            return;
        }
        let listing = list(std::fs::read(&image).unwrap());
        assert_eq!(gaps(&listing), Vec::<String>::new(), "{options:?}");
        assert_eq!(corpus::hashes(&listing), expect, "{options:?}");
    }
}
