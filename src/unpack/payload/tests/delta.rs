//! Incremental packages: what is made of old bytes, and from which.

use super::*;
use crate::unpack::delta::OTHER;

/// An incremental package: a new image of 8 blocks, from an old one of 6.
struct Delta {
    old: Vec<u8>,
    new: Vec<u8>,
    payload: Vec<u8>,
}

fn delta() -> Delta {
    let old = noise(6, 5);
    let mut new = [
        &old[4 * BLOCK..],
        &old[..2 * BLOCK],
        &noise(2, 9),
        &[0; 2 * BLOCK][..],
    ]
    .concat();
    new[3 * BLOCK] ^= 1;
    new[4 * BLOCK..6 * BLOCK]
        .iter_mut()
        .zip(&old[BLOCK..3 * BLOCK])
        .for_each(|(new, old)| *new = old.wrapping_add(3));
    let mut payload = PayloadBuilder::new();
    payload.minor_version = Some(6);
    let diff = |n: usize, from: usize, len: usize| -> Vec<u8> {
        let (new, old) = (
            &new[n * BLOCK..(n + len) * BLOCK],
            &old[from * BLOCK..(from + len) * BLOCK],
        );
        new.iter()
            .zip(old)
            .map(|(new, old)| new.wrapping_sub(*old))
            .collect()
    };
    let size = BLOCK as i64;
    let bz = bsdiff(None, &[(size, 0, 0)], &diff(3, 1, 1), &[]);
    let brotli = bsdiff(
        Some([2, 2, 2]),
        &[(0, size, size), (size, 0, 0)],
        &diff(5, 2, 1),
        &new[4 * BLOCK..5 * BLOCK],
    );
    let ops = vec![
        Op::new(MOVE, &[(2, 1)]).from(&old, &[(0, 1)]),
        Op::new(SOURCE_COPY, &[(1, 1), (0, 1)]).from(&old, &[(5, 1), (4, 1)]),
        payload.op(SOURCE_BSDIFF, &bz, &[(3, 1)]).from(&old, &[(1, 1)]),
        payload
            .op(BROTLI_BSDIFF, &brotli, &[(4, 2)])
            .from(&old, &[(1, 2)]),
        Op::new(ZERO, &[(6, 2)]),
    ];
    let mut system = PartitionBuilder::new("system");
    ops.into_iter().for_each(|op| system.op(op));
    payload.partition(system.image(&new).old(&old));
    Delta {
        payload: payload.build(),
        old,
        new,
    }
}

#[test]
fn changes_are_applied_to_the_old_image() {
    let Delta { old, new, payload } = delta();
    let budget = budget(&[("system", &old)]);
    check_with(&payload, &budget, &new, "========", &[]);
    assert_eq!(volumes_of(&payload, &budget)[0].verify(), Ok(true));
}

#[test]
fn without_the_old_package_only_what_is_new_is_read() {
    let Delta { new, payload, .. } = delta();
    let gap =
        |kind: &str| format!("payload: operation on the old package, see --base: unsupported value {kind}");
    let first = format!("system.img: {}, 24576 unread", gap("0x2"));
    check(&payload, &new, "xxxxxx==", &[&first, &gap("0xa")]);
}

#[test]
fn another_old_image_is_never_taken_for_the_right_one() {
    let Delta {
        mut old,
        new,
        payload,
    } = delta();
    old[BLOCK + 5] ^= 1;
    let budget1 = budget(&[("system", &old)]);
    let listing = list(&payload, &budget1);
    assert!(listing.notices.is_empty());
    let volumes = volumes_of(&payload, &budget1);
    for (n, lost) in [false, false, false, true, true, true, false, false]
        .into_iter()
        .enumerate()
    {
        let mut buf = vec![0; BLOCK];
        let got = volumes[0].image.read_at((n * BLOCK) as u64, &mut buf);
        match got {
            Ok(_) => assert!(!lost && buf == new[n * BLOCK..(n + 1) * BLOCK]),
            Err(e) => assert!(lost && Gap::of(e, "io", 0).what == OTHER),
        }
    }
    // One that is too short.
    let budget = budget(&[("system", &old[..3 * BLOCK])]);
    let listing = list(&payload, &budget);
    assert_eq!(
        plain(&listing.notices[0].gap),
        "payload: old image: truncated, needs 24576 bytes, 12288 left"
    );
}

#[test]
fn old_bytes_without_a_hash_need_the_whole_old_image_to_be_right() {
    let old = noise(3, 5);
    let make = |hash: bool| {
        let mut payload = PayloadBuilder::new();
        let mut op = Op::new(SOURCE_COPY, &[(0, 1)]).from(&old, &[(1, 1)]);
        op.src_hash = None;
        let mut system = PartitionBuilder::new("system");
        system.op(op);
        let mut system = system.image(&old[BLOCK..2 * BLOCK]).old(&old);
        if !hash {
            system.old_hash = None;
        }
        payload.partition(system);
        payload.build()
    };
    let new = &old[BLOCK..2 * BLOCK];
    let budget1 = budget(&[("system", &old)]);
    check_with(&make(true), &budget1, new, "=", &[]);
    let gap = "payload: old image without a hash: unsupported value 0x0";
    check_with(&make(false), &budget1, new, "x", &[gap]);
    let mut other = old.clone();
    other[0] ^= 1;
    let volumes = volumes_of(&make(true), &budget(&[("system", &other)]));
    let gap = volumes[0].verify().unwrap_err();
    assert_eq!(gap.what, OTHER);
}

#[test]
fn blocks_that_stay_are_read_from_the_old_image_and_those_of_the_device_are_not() {
    let old = noise(4, 5);
    let new = [
        &old[..BLOCK],
        &noise(1, 6),
        &old[2 * BLOCK..3 * BLOCK],
        &noise(1, 7),
    ]
    .concat();
    let make = |snapshot: bool| {
        let mut payload = PayloadBuilder::new();
        payload.snapshot = snapshot;
        let mut system = PartitionBuilder::new("system");
        system.op(payload.op(REPLACE, &new[BLOCK..2 * BLOCK], &[(1, 1)]));
        system.hash_tree = Some((3, 1));
        payload.partition(system.image(&new).old(&old));
        payload.build()
    };
    let tree = "payload: hash tree: unsupported value 0x3";
    let budget1 = budget(&[("system", &old)]);
    check_with(&make(true), &budget1, &new, "===x", &[tree]);
    let gap =
        "system.img: payload: blocks of the old package, see --base: unsupported value 0x2000, 8192 unread";
    check(&make(true), &new, "x=xx", &[gap, tree]);
    let gap = "system.img: payload: blocks that no operation writes: invalid value 0x2000, 8192 unread";
    let tree = "payload: hash tree: unsupported value 0x3";
    check_with(&make(false), &budget1, &new, "x=xx", &[gap, tree]);
}

#[test]
fn an_operation_in_place_does_not_start_from_what_was_written() {
    let old = noise(2, 5);
    let mut payload = PayloadBuilder::new();
    let ops = vec![
        payload.op(REPLACE, &noise(1, 6), &[(0, 1)]),
        Op::new(MOVE, &[(1, 1)]).from(&old, &[(0, 1)]),
    ];
    let image = [noise(1, 6), old[..BLOCK].to_vec()].concat();
    let gap = "payload: operation on new blocks: unsupported value 0x0";
    let payload = one(&mut payload, ops, &image);
    let budget = budget(&[("system", &old)]);
    check_with(
        &payload,
        &budget,
        &image,
        "=x",
        &[&format!("system.img: {gap}, 4096 unread"), gap],
    );
}

#[test]
fn patches_that_are_not_read_say_so() {
    let old = noise(1, 5);
    let budget = budget(&[("system", &old)]);
    for (kind, patch, gap) in [
        (
            ZUCCHINI,
            b"x".to_vec(),
            "Zucchini or LZ4diff operation: unsupported value 0xb",
        ),
        (
            SOURCE_BSDIFF,
            b"BSDIFF41".to_vec(),
            "bsdiff magic: invalid value 0x4253444946463431",
        ),
        (
            SOURCE_BSDIFF,
            bsdiff(Some([0, 7, 0]), &[], &[], &[]),
            "bsdiff compression: unsupported value 0x7",
        ),
        (
            SOURCE_BSDIFF,
            bsdiff(None, &[(1, 0, 0)], &[], &[]),
            "bsdiff diff stream: invalid value 0x1",
        ),
        (
            SOURCE_BSDIFF,
            bsdiff(None, &[(-1, 2, 0)], &[], &[1, 2]),
            "bsdiff control entry: invalid value 0x1",
        ),
        (
            PUFFDIFF,
            b"PUF2".to_vec(),
            "puffin magic: invalid value 0x50554632",
        ),
        (
            PUFFDIFF,
            puffin(1, (&[], &[], 4096), (&[], &[], 0), b""),
            "puffin patch type: unsupported value 0x1",
        ),
        (
            PUFFDIFF,
            puffin(0, (&[], &[], 1 << 40), (&[], &[], 0), b""),
            "puff_length: 1099511627776 is over the limit of 268435456, see --max-item",
        ),
        (
            PUFFDIFF,
            puffin(0, (&[(0, 8)], &[], 9), (&[], &[], 0), b""),
            "puffin source stream: invalid value 0x1",
        ),
    ] {
        let mut payload = PayloadBuilder::new();
        let ops = vec![payload.op(kind, &patch, &[(0, 1)]).from(&old, &[(0, 1)])];
        let payload = one(&mut payload, ops, &old);
        let volumes = volumes_of(&payload, &budget);
        assert_eq!(
            plain(&volumes[0].verify().unwrap_err()),
            format!("payload: {gap}")
        );
    }
    // A control stream that never puts anything out.
    let idle = bsdiff(None, &vec![(0, 0, 1); 5000], &[], &[]);
    let mut idle = idle;
    idle[24] = 1;
    let mut payload = PayloadBuilder::new();
    let ops = vec![payload.op(SOURCE_BSDIFF, &idle, &[(0, 1)]).from(&old, &[(0, 1)])];
    let gap = volumes_of(&one(&mut payload, ops, &old), &budget)[0]
        .verify()
        .unwrap_err();
    assert_eq!(
        plain(&gap),
        "payload: empty bsdiff control entries: 1025 is over the limit of 1024"
    );
}

#[test]
fn old_bytes_that_a_patch_points_beyond_count_as_zero() {
    let old = noise(1, 5);
    let mut diff = vec![1; BLOCK];
    diff[..4].copy_from_slice(b"abcd");
    let size = BLOCK as i64;
    let patch = bsdiff(None, &[(0, 4, -2), (size - 4, 0, 0)], &diff[4..], b"abcd");
    let mut new = vec![1; BLOCK];
    new[..4].copy_from_slice(b"abcd");
    for (new, old) in new[6..].iter_mut().zip(&old) {
        *new = new.wrapping_add(*old);
    }
    let mut payload = PayloadBuilder::new();
    let ops = vec![payload.op(SOURCE_BSDIFF, &patch, &[(0, 1)]).from(&old, &[(0, 1)])];
    check_with(
        &one(&mut payload, ops, &new),
        &budget(&[("system", &old)]),
        &new,
        "=",
        &[],
    );
}

#[test]
fn deflate_streams_are_changed_in_their_puffed_form() {
    // Three streams of the fixed code, with bytes between them; then other bytes, a stream that is not
    // compressed, and one that begins where the one before ends.
    let mut old = [
        &[9, 8][..],
        &[0x4b, 0x04, 0x00],
        &[7],
        &[0x03, 0x00],
        &[0x4b, 0x04, 0x00],
    ]
    .concat();
    let mut new = [
        &[0x4b, 0x04, 0x00, 6][..],
        &[1, 1, 0, 0xfe, 0xff, b'b'],
        &[0x4b, 0x04, 0x00],
    ]
    .concat();
    old.resize(BLOCK, 5);
    new.resize(BLOCK, 4);
    let puff = *b"\0\0\xa0\0a\xff\x81";
    let puffed_old = [
        &[9, 8][..],
        &puff,
        &[0, 7],
        b"\0\0\xa0\xff\x81",
        &[0],
        &puff,
        &[0],
        &old[11..],
    ]
    .concat();
    let puffed_new = [
        &puff[..],
        &[0, 6],
        b"\0\0\x80\0b\xff\x81",
        &puff,
        &[0],
        &new[13..],
    ]
    .concat();
    let src: Puffs<'_> = (
        &[(16, 18), (48, 10), (64, 18)],
        &[(2, 7), (11, 5), (17, 7)],
        puffed_old.len() as u64,
    );
    let dst: Puffs<'_> = (
        &[(0, 18), (32, 48), (80, 18)],
        &[(0, 7), (9, 7), (16, 7)],
        puffed_new.len() as u64,
    );
    // All new bytes are said; a puff that is the same is taken from the old ones.
    let (puff, rest) = (puff.len() as i64, puffed_new.len() as i64 - 7);
    let control = [(0, 0, 2), (puff, rest, 0)];
    let patch = bsdiff(Some([1, 2, 1]), &control, &[0; 7], &puffed_new[7..]);
    let mut payload = PayloadBuilder::new();
    let patch = puffin(0, src, dst, &patch);
    let ops = vec![payload.op(PUFFDIFF, &patch, &[(0, 1)]).from(&old, &[(0, 1)])];
    let payload = one(&mut payload, ops, &new);
    check_with(&payload, &budget(&[("system", &old)]), &new, "=", &[]);
}

#[test]
fn every_byte_of_a_patch_may_be_another() {
    let old = noise(1, 5);
    let diff = [1; 32];
    let bsdiffs = [[0; 3], [1; 3], [2; 3]].map(|kinds| {
        (
            SOURCE_BSDIFF,
            bsdiff(Some(kinds), &[(16, 4, -9), (16, 4, 40)], &diff, b"abcdefgh"),
        )
    });
    let puff = *b"\0\0\xa0\0a\xff\x81";
    let stream: Puffs<'_> = (&[(0, 18)], &[(0, 7)], 9);
    let inner = bsdiff(Some([0; 3]), &[(0, 9, 0)], &[], &[&puff[..], &[0, 1]].concat());
    let none: Puffs<'_> = (&[], &[], 4096);
    let puffins = [(PUFFDIFF, puffin(0, none, stream, &inner))];
    for (kind, patch) in bsdiffs.into_iter().chain(puffins) {
        for at in 0..patch.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, patch[at] ^ 0x10] {
                let mut patch = patch.clone();
                patch[at] = value;
                let mut payload = PayloadBuilder::new();
                let mut op = payload.op(kind, &patch, &[(0, 1)]).from(&old, &[(0, 1)]);
                op.data_hash = None;
                let payload = one(&mut payload, vec![op], &old);
                let _ = volumes_of(&payload, &budget(&[("system", &old)]))[0].verify();
            }
            let mut payload = PayloadBuilder::new();
            let mut op = payload.op(kind, &patch[..at], &[(0, 1)]).from(&old, &[(0, 1)]);
            op.data_hash = None;
            let payload = one(&mut payload, vec![op], &old);
            assert_ne!(
                volumes_of(&payload, &budget(&[("system", &old)]))[0].verify(),
                Ok(true)
            );
        }
    }
}
