//! Extents, wherever an inode may keep them: indices, records, fragments, the metabox, chunks.

use super::*;
use crate::bytes::Decoded;

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
pub(super) fn fragments() -> (Image, u64, Vec<u8>) {
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
pub(super) fn records(
    size: u32,
    header: [u32; 2],
    record: usize,
    fields: &[u32],
) -> impl Fn(&mut Image) -> u64 {
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
