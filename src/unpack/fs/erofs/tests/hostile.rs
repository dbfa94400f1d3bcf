//! What is wrong with an image is told, and what is sound around it is read.

use super::corpus::sample;
use super::*;
use crate::bytes::Limits;

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
