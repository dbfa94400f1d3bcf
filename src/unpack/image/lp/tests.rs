//! Small devices, built here.
#![expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]

use sha2::{Digest, Sha256};

use super::*;
use crate::unpack::leaf::Data;

/// Partitions: name and extents; an extent: sectors, type, sector, device.
type Parts<'a> = &'a [(&'a str, &'a [(u64, u32, u64, u32)])];

fn padded(text: &str) -> Vec<u8> {
    let mut out = text.as_bytes().to_vec();
    out.resize(36, 0);
    out
}

fn words(out: &mut Vec<u8>, words: &[u32]) {
    for word in words {
        out.extend(word.to_le_bytes());
    }
}

fn geometry(slots: u32) -> Vec<u8> {
    let mut out = b"gDla".to_vec();
    words(&mut out, &[52, 0, 0, 0, 0, 0, 0, 0, 0, 1024, slots, 4096]);
    let sum = Sha256::digest(&out);
    out[8..40].copy_from_slice(&sum);
    out
}

fn metadata(parts: Parts<'_>, devices: &[&str]) -> Vec<u8> {
    let (mut rows, mut extents, mut groups, mut blocks) = (vec![], vec![], vec![], vec![]);
    for (name, list) in parts {
        rows.extend(padded(name));
        let first = u32::try_from(extents.len() / 24).unwrap();
        words(&mut rows, &[1, first, u32::try_from(list.len()).unwrap(), 0]);
        for (sectors, kind, at, device) in *list {
            extents.extend(sectors.to_le_bytes());
            extents.extend(kind.to_le_bytes());
            extents.extend(at.to_le_bytes());
            extents.extend(device.to_le_bytes());
        }
    }
    groups.extend(padded("default"));
    groups.extend([0; 12]);
    for name in devices {
        blocks.extend(40_u64.to_le_bytes());
        blocks.extend([0; 8]);
        blocks.extend((64 * 512_u64).to_le_bytes());
        blocks.extend(padded(name));
        blocks.extend([0; 4]);
    }
    let mut out = b"0PLA\x0a\0\0\0".to_vec();
    words(&mut out, &[128]);
    out.extend([0; 32]);
    let mut at = 0;
    let mut tables = Vec::new();
    let mut table = Vec::new();
    for (bytes, size) in [(rows, 52), (extents, 24), (groups, 48), (blocks, 64)] {
        let count = u32::try_from(bytes.len()).unwrap() / size;
        words(&mut table, &[at, count, size]);
        at += count * size;
        tables.extend(bytes);
    }
    words(&mut out, &[at]);
    out.extend(Sha256::digest(&tables));
    out.extend(table);
    let sum = Sha256::digest(&out);
    out[12..44].copy_from_slice(&sum);
    out.extend(tables);
    out.resize(1024, 0);
    out
}

/// A device of 64 sectors, each filled with its number; the metadata of each slot twice.
fn device(slots: &[Vec<u8>]) -> Vec<u8> {
    let mut out: Vec<u8> = (0..64_u8).flat_map(|n| [n; 512]).collect();
    out[..12288].fill(0);
    let geometry = geometry(u32::try_from(slots.len()).unwrap());
    out[4096..4148].copy_from_slice(&geometry);
    out[8192..8244].copy_from_slice(&geometry);
    let all: Vec<u8> = [slots.concat(), slots.concat()].concat();
    out[12288..12288 + all.len()].copy_from_slice(&all);
    out
}

fn list(data: Vec<u8>) -> Listing {
    Super.list(&Blob::from(data), "", &Budget::default())
}

/// Names with the first byte of each sector; then the gaps.
#[track_caller]
fn check(listing: &Listing, entries: &[(&str, &[u8])], gaps: &[&str]) {
    let got: Vec<(&str, Vec<u8>)> = listing
        .entries
        .iter()
        .map(|entry| {
            let Data::Plain(blob) = &entry.data else { panic!() };
            let sectors = (0..blob.len() / 512).map(|n| blob.read("t", n * 512..n * 512 + 1));
            (
                &*entry.name,
                sectors.map(|byte| byte.map_or(0, |byte| byte[0])).collect(),
            )
        })
        .collect();
    let expect: Vec<(&str, Vec<u8>)> = entries
        .iter()
        .map(|(name, bytes)| (*name, bytes.to_vec()))
        .collect();
    assert_eq!(got, expect);
    let got: Vec<String> = listing.notices.iter().map(|n| n.gap.to_string()).collect();
    assert_eq!(got, gaps);
}

const TWO: Parts<'_> = &[
    (
        "system_a",
        &[(2, LINEAR, 50, 0), (1, ZERO, 0, 0), (1, LINEAR, 41, 0)],
    ),
    ("system_b", &[]),
    ("vendor_a", &[(1, LINEAR, 42, 0)]),
    ("vendor_b", &[(1, LINEAR, 43, 0)]),
];

#[test]
fn extents_are_put_together_and_a_lone_slot_is_not_named() {
    let slot = metadata(TWO, &["super"]);
    let entries: &[(&str, &[u8])] = &[
        ("system", &[50, 51, 0, 41]),
        ("vendor_a", &[42]),
        ("vendor_b", &[43]),
    ];
    check(&list(device(std::slice::from_ref(&slot))), entries, &[]);
    let alone = [geometry(1), vec![0; 4096 - 52], slot].concat();
    assert!(Super.sniff(&alone));
    assert_eq!(list(alone).entries.len(), 3);
}

#[test]
fn each_slot_speaks_for_its_own_partitions() {
    let a = metadata(
        &[("s_a", &[(1, LINEAR, 50, 0)]), ("s_b", &[(1, LINEAR, 51, 0)])],
        &["super"],
    );
    let b = metadata(
        &[("s_a", &[(1, LINEAR, 52, 0)]), ("s_b", &[(1, LINEAR, 53, 0)])],
        &["super"],
    );
    check(&list(device(&[a, b])), &[("s_a", &[50]), ("s_b", &[53])], &[]);
}

#[test]
fn a_broken_copy_is_replaced_by_the_other() {
    let mut data = device(&[metadata(TWO, &["super"])]);
    data[4096] = 0;
    data[12300] ^= 1;
    let got = list(data);
    assert_eq!(got.entries.len(), 3);
    assert!(got.notices.iter().all(|n| !n.gap.is_loss()) && got.notices.len() == 2);
}

#[test]
fn two_broken_copies_list_nothing() {
    let mut data = device(&[metadata(TWO, &["super"])]);
    data[12300] ^= 1;
    data[13324] ^= 1;
    let got = list(data);
    assert!(got.entries.is_empty() && got.salvaged);
    assert_eq!(got.notices.len(), 1);
}

#[test]
fn other_block_devices_are_asked_for_by_name() {
    let slot = metadata(
        &[("system_a", &[(1, LINEAR, 50, 0), (1, LINEAR, 3, 1)])],
        &["system", "vendor_a"],
    );
    let data = Blob::from(device(&[slot]));
    let vendor: Vec<u8> = (100..164_u8).flat_map(|n| [n; 512]).collect();
    let peers = |name: &str| (name == "vendor").then(|| Blob::from(vendor.clone()));
    let got = Super.list_with(&data, "", &peers, &Budget::default());
    check(&got, &[("system", &[50, 103])], &[]);
    let gap = "super: block device at 0x3000: truncated, needs 32768 bytes, 0 left";
    check(
        &Super.list(&data, "", &Budget::default()),
        &[("system", &[50, 0])],
        &[gap],
    );
}

#[test]
fn an_extent_outside_is_lost_and_the_rest_is_not() {
    let parts: Parts<'_> = &[(
        "x",
        &[
            (1, LINEAR, 50, 0),
            (1, LINEAR, 64, 0),
            (1, 7, 0, 0),
            (1, LINEAR, 51, 0),
        ],
    )];
    let got = list(device(&[metadata(parts, &["super"])]));
    check(
        &got,
        &[("x", &[50, 0, 0, 51])],
        &["super: target_data at 0x3000: invalid value 0x40"],
    );
    assert_eq!(got.notices[0].unread, 1024);
    let parts: Parts<'_> = &[
        ("x", &[(u64::MAX, LINEAR, 8, 0)]),
        ("y", &[(1 << 50, ZERO, 0, 0)]),
    ];
    let got = list(device(&[metadata(parts, &["super"])]));
    assert_eq!((got.entries.len(), got.notices.len()), (0, 2));
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    let whole = device(&[metadata(TWO, &["super"])]);
    for cut in (0..whole.len()).step_by(7) {
        for entry in list(whole[..cut].to_vec()).entries {
            let Data::Plain(blob) = entry.data else { panic!() };
            let _ = blob.read("t", 0..1 << 20);
        }
    }
    for at in 4096..14336 {
        let mut data = whole.clone();
        data[at] ^= 0x80;
        let got = list(data);
        assert!(got.entries.len() == 3, "flip at {at}");
    }
}
