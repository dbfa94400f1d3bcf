//! Archives as writers make them, and archives whose numbers lie.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn list(data: Vec<u8>) -> Listing {
    Tar.list(&Blob::from(data), "", &Budget::default())
}

fn tiny() -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut header = ::tar::Header::new_gnu();
    header.set_size(5);
    builder
        .append_data(&mut header, "a/hello.txt", &b"hello"[..])
        .unwrap();
    let long = "long/".repeat(40) + "name";
    builder.append_data(&mut header, &long, &b"world"[..]).unwrap();
    header.set_size(0);
    header.set_entry_type(::tar::EntryType::Symlink);
    builder.append_link(&mut header, "link", "a/hello.txt").unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn members_long_names_and_links_are_listed() {
    let got = list(tiny());
    assert_eq!(got.entries.len(), 2);
    assert_eq!(&*got.entries[0].name, "a/hello.txt");
    assert!(got.entries[1].name.ends_with("long/name"));
    assert_eq!(got.links, [("link".into(), "a/hello.txt".into())]);
    assert!(got.notices.is_empty());
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    let whole = tiny();
    for cut in 0..whole.len() {
        list(whole[..cut].to_vec());
    }
    for at in 0..whole.len() {
        let mut data = whole.clone();
        data[at] ^= 0x80;
        list(data);
    }
}

#[test]
fn a_member_larger_than_the_archive_is_cut_and_says_so() {
    let got = list(tiny()[..515].to_vec());
    assert_eq!(got.entries[0].size, 3);
    assert_eq!(got.notices.len(), 1);
    assert_eq!(got.notices[0].unread, 2);
}

#[test]
fn a_pax_record_of_length_zero_ends_the_list() {
    let mut next = Next::default();
    pax(b"0 path=a\n", &mut next);
    pax(b"1 path=a\n", &mut next);
    assert!(next.name.is_none());
    pax(b"9 path=a\n", &mut next);
    assert_eq!(next.name.as_deref(), Some(&b"a"[..]));
}

#[test]
fn a_pax_record_that_is_none_is_told_by_where_it_starts() {
    let mut next = Next::default();
    let mut read = |text: &[u8]| pax(text, &mut next);
    assert_eq!(read(b""), None);
    assert_eq!(read(b"9 path=a\n\0\0\0"), None);
    // Its length leads behind its end, or into it; it says nothing of anything; a size that is none.
    assert_eq!(read(b"9 path=a\n11 path=b\n "), Some(9));
    assert_eq!(read(b"9 path=a\n8 path=b\n"), Some(9));
    assert_eq!(read(b"8 pathxx\n"), Some(0));
    assert_eq!(read(b"10 size=x\n"), Some(0));
    assert_eq!(next.size, None);
}

/// Lists it twice, and holds what is listed against what is there.
fn survive(data: Vec<u8>) {
    let len = wide(data.len());
    let (got, again) = (list(data.clone()), list(data));
    for (entry, same) in got.entries.iter().zip(&again.entries) {
        let Data::Plain(blob) = &entry.data else { panic!() };
        assert_eq!(entry.size, blob.len());
        assert!(entry.size <= len);
        assert_eq!(wide(blob.read(NAME, 0..len).unwrap().len()), entry.size);
        assert_eq!((&entry.name, entry.size), (&same.name, same.size));
    }
    assert_eq!(got.entries.len(), again.entries.len());
    assert!(got.links.iter().all(|(_, target)| !target.starts_with(HARD)));
}

proptest! {
    #[test]
    fn what_a_writer_packed_is_listed(
        files in vec(("[a-z]{1,60}(/[a-z0-9é][a-z0-9. é]{0,59}){0,4}", vec(any::<u8>(), 0..1200)), 0..5),
    ) {
        let mut builder = ::tar::Builder::new(Vec::new());
        for (name, bytes) in &files {
            let mut header = ::tar::Header::new_gnu();
            header.set_size(wide(bytes.len()));
            builder.append_data(&mut header, name, &**bytes).unwrap();
        }
        let got = list(builder.into_inner().unwrap());
        let read = |entry: &Entry| entry.data.blob().unwrap().read(NAME, 0..u64::MAX).unwrap().to_vec();
        let found: Vec<Vec<u8>> = got.entries.iter().map(read).collect();
        let expect: Vec<Vec<u8>> = files.into_iter().map(|(_, bytes)| bytes).collect();
        prop_assert_eq!(found, expect);
        prop_assert!(got.notices.is_empty());
    }

    /// The fields of any header, with a checksum that makes them count.
    #[test]
    fn any_fields_are_survived(
        header in 0..4_usize,
        changes in vec((0..512_usize, any::<u8>()), 0..4),
        size in prop_oneof!["[ 0-7]{11}\0".prop_map(String::into_bytes), vec(any::<u8>(), 12)],
        kind in prop_oneof![Just(b'0'), Just(b'1'), Just(b'L'), Just(b'x'), any::<u8>()],
    ) {
        let mut data = tiny();
        let start = header.saturating_mul(512);
        let fields = &mut data[start..start.saturating_add(512)];
        fields[124..136].copy_from_slice(&size);
        fields[156] = kind;
        for (at, byte) in changes {
            fields[at] = byte;
        }
        let sum = format!("{:06o}\0 ", checksum(fields));
        fields[148..156].copy_from_slice(sum.as_bytes());
        survive(data);
    }

    #[test]
    fn any_records_of_pax_are_survived(
        text in "([0-9]{1,20} (path|size|linkpath|x)=[a-z0-9/]{0,20}\n|\\PC){0,6}",
    ) {
        use ::tar::EntryType::{Regular, XHeader};
        let mut builder = ::tar::Builder::new(Vec::new());
        for (kind, bytes) in [(XHeader, text.as_bytes()), (Regular, b"hello")] {
            let mut header = ::tar::Header::new_ustar();
            header.set_size(wide(bytes.len()));
            header.set_entry_type(kind);
            builder.append_data(&mut header, "a", bytes).unwrap();
        }
        survive(builder.into_inner().unwrap());
    }

    #[test]
    fn any_bytes_are_survived(data in vec(any::<u8>(), 0..1500)) {
        survive(data);
    }
}
