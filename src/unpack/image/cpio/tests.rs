//! Archives as they are and as they break.

use super::*;

fn member(out: &mut Vec<u8>, name: &str, mode: u32, ino: u32, nlink: u32, data: &[u8]) {
    let size = |n: usize| u32::try_from(n).unwrap();
    let fields = [
        ino,
        mode,
        0,
        0,
        nlink,
        0,
        size(data.len()),
        0,
        0,
        0,
        0,
        size(name.len() + 1),
        0,
    ];
    out.extend(b"070701");
    for field in fields {
        out.extend(format!("{field:08X}").into_bytes());
    }
    for part in [name.as_bytes(), b"\0", &[]] {
        out.extend(part);
    }
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(data);
    out.resize(out.len().next_multiple_of(4), 0);
}

fn tiny() -> Vec<u8> {
    let mut out = Vec::new();
    member(&mut out, "system", 0o040_755, 1, 2, b"");
    member(&mut out, "./a", 0o100_644, 2, 2, b"");
    member(&mut out, "/b", 0o100_644, 2, 2, b"hello");
    member(&mut out, "system/bin", 0o120_777, 3, 1, b"/system/bin");
    member(&mut out, "dev/null", 0o020_666, 4, 1, b"");
    member(&mut out, "TRAILER!!!", 0, 0, 1, b"");
    out.resize(out.len().next_multiple_of(512), 0);
    member(&mut out, "c", 0o100_644, 2, 2, b"");
    member(&mut out, "TRAILER!!!", 0, 0, 1, b"");
    out
}

fn list(data: Vec<u8>) -> (Vec<String>, Vec<String>, Listing) {
    let listing = Cpio.list(&Blob::from(data), "", &Budget::default());
    let entries = listing.entries.iter().map(|entry| {
        let Data::Plain(blob) = &entry.data else { panic!() };
        let bytes = blob.read("t", 0..u64::MAX).unwrap();
        format!("{}={}", entry.name, String::from_utf8_lossy(&bytes))
    });
    let entries = entries.collect();
    let gaps = listing.notices.iter().map(|n| n.gap.to_string()).collect();
    (entries, gaps, listing)
}

#[test]
fn archives_follow_one_another_and_names_share_data_within_one() {
    let (got, gaps, listing) = list(tiny());
    assert_eq!(got, ["a=hello", "b=hello", "c="]);
    assert_eq!(listing.links, [("system/bin".into(), "/system/bin".into())]);
    assert!(gaps.is_empty(), "{gaps:?}");
}

#[test]
fn what_follows_and_is_no_archive_is_an_entry() {
    let mut data = tiny();
    data.extend(b"\0\0\0\0\x1f\x8b\x08...");
    assert_eq!(list(data).0[3], "segment3=\x1f\u{fffd}\x08...");
}

#[test]
fn a_member_larger_than_the_archive_is_cut_and_says_so() {
    let mut data = Vec::new();
    member(&mut data, "a", 0o100_644, 1, 1, b"hello");
    let (got, gaps, _) = list(data[..114].to_vec());
    assert_eq!(
        (&*got[0], &*gaps[0]),
        ("a=he", "cpio: file at 0x70: truncated, needs 5 bytes, 2 left")
    );
    let (got, gaps, _) = list(data[..117].to_vec());
    assert_eq!((&*got[0], gaps.len()), ("a=hello", 0));
}

#[test]
fn zeros_in_place_of_a_trailer_are_filling() {
    let mut data = Vec::new();
    member(&mut data, "a", 0o100_644, 1, 1, b"hello");
    data.resize(512, 0);
    let (got, gaps, _) = list(data);
    assert_eq!((&*got[0], gaps.len()), ("a=hello", 0));
}

#[test]
fn a_broken_header_ends_the_archive_and_keeps_what_was_read() {
    let mut data = Vec::new();
    member(&mut data, "a", 0o100_644, 1, 1, b"hello");
    let end = data.len();
    member(&mut data, "b", 0o100_644, 1, 1, b"");
    data[end + 7] = b'z';
    let (got, gaps, _) = list(data);
    assert_eq!((&*got[0], got.len(), gaps.len()), ("a=hello", 1, 1));
    assert!(
        gaps[0].starts_with("cpio: ino at 0x7e: invalid value"),
        "{gaps:?}"
    );
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
