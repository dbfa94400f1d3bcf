//! Payloads as they should not be: right bytes or a gap, never a wrong image.

use super::*;

#[test]
fn an_unknown_operation_is_refused_and_never_taken_for_another() {
    let image = noise(3, 1);
    for (kind, word) in [
        (77, "0x4d"),
        (15, "0xf"),
        (1 << 32, "0x100000000"),
        (u64::MAX, "0xffffffffffffffff"),
    ] {
        let mut payload = PayloadBuilder::new();
        let ops = vec![
            payload.op(REPLACE, &image[..BLOCK], &[(0, 1)]),
            payload.op(kind, &image[BLOCK..2 * BLOCK], &[(1, 1)]),
            payload.op(REPLACE, &image[2 * BLOCK..], &[(2, 1)]),
        ];
        let gap = format!("payload: operation type: unsupported value {word}");
        let gaps = [format!("system.img: {gap}, 4096 unread"), gap];
        let payload = one(&mut payload, ops, &image);
        check(&payload, &image, "=x=", &gaps.each_ref().map(|gap| gap.as_str()));
    }
    let mut payload = PayloadBuilder::new();
    let mut op = payload.op(REPLACE, &image[..BLOCK], &[(0, 1)]);
    op.kind = None;
    let gap = "payload: operation without a type: invalid value 0x0";
    let payload = one(&mut payload, vec![op], &image[..BLOCK]);
    check(
        &payload,
        &image[..BLOCK],
        "x",
        &[&format!("system.img: {gap}, 4096 unread"), gap],
    );
}

#[test]
fn wrong_data_is_lost_and_never_shown() {
    let (payload, image) = every_kind();
    let data = payload.len() - (BLOCK * 5 + 700);
    for at in (data..payload.len()).step_by(997) {
        let mut payload = payload.clone();
        payload[at] ^= 1;
        let budget = Budget::default();
        let volumes = volumes_of(&payload, &budget);
        let mut lost = 0;
        for (n, right) in image.chunks(BLOCK).enumerate() {
            let mut buf = vec![0; BLOCK];
            match volumes[0].image.read_at((n * BLOCK) as u64, &mut buf) {
                Ok(_) => assert!(buf == right),
                Err(e) => {
                    lost += 1;
                    assert_eq!(Gap::of(e, "io", 0).what, "data_sha256_hash");
                }
            }
        }
        assert!((1..=2).contains(&lost));
    }
}

#[test]
fn a_hash_of_another_length_is_none() {
    let image = noise(1, 1);
    let mut payload = PayloadBuilder::new();
    let mut op = payload.op(REPLACE, &image, &[(0, 1)]);
    op.data_hash = Some(vec![1; 20]);
    let gap = "payload: data_sha256_hash: invalid value 0x14";
    check(
        &one(&mut payload, vec![op], &image),
        &image,
        "x",
        &[&format!("system.img: {gap}, 4096 unread"), gap],
    );
}

#[test]
fn a_payload_that_is_cut_reads_what_is_whole() {
    let (payload, image) = every_kind();
    let cut = &payload[..payload.len() - 2 * BLOCK];
    let gap = "payload: operation data: truncated, needs 8248 bytes, 4164 left";
    let more = format!("system.img: {gap}, 12288 unread");
    let last = "payload: operation data: truncated, needs 4108 bytes, 0 left";
    check(cut, &image, "==xxx==", &[&more, last]);
}

#[test]
fn blocks_that_no_operation_writes_are_a_gap() {
    let image = noise(4, 1);
    let mut payload = PayloadBuilder::new();
    let ops = vec![payload.op(REPLACE, &image[BLOCK..2 * BLOCK], &[(1, 1)])];
    let gap = "payload: blocks that no operation writes: invalid value 0x3000";
    let payload = one(&mut payload, ops, &image);
    check(
        &payload,
        &image,
        "x=xx",
        &[&format!("system.img: {gap}, 12288 unread"), gap],
    );
}

#[test]
fn blocks_that_are_written_twice_are_the_last_ones_and_odd() {
    let image = noise(4, 1);
    let other = noise(3, 2);
    let mut payload = PayloadBuilder::new();
    let ops = vec![
        payload.op(REPLACE, &other, &[(0, 3)]),
        payload.op(REPLACE, &image[BLOCK..2 * BLOCK], &[(1, 1)]),
        payload.op(REPLACE, &image[..BLOCK], &[(0, 1)]),
        payload.op(REPLACE, &image[2 * BLOCK..], &[(2, 2)]),
    ];
    let gap =
        "system.img: payload: dst_extents written twice: odd value 0x1, read as Android reads it, 0 unread";
    check(&one(&mut payload, ops, &image), &image, "====", &[gap]);
}

#[test]
fn extents_beyond_the_image_or_beyond_all_numbers_are_not_written() {
    let image = noise(2, 1);
    let beyond = "system.img: payload: dst_extents beyond the image: invalid value";
    let invalid = "system.img: payload: dst_extents: invalid value";
    for (dst, gap) in [
        ((2, 1), format!("{beyond} 0x2, 0 unread")),
        ((1 << 28, 1), format!("{beyond} 0x10000000, 0 unread")),
        ((1 << 40, 1), format!("{beyond} 0x10000000000, 0 unread")),
        ((1 << 52, 1), format!("{invalid} 0x10000000000000, 0 unread")),
        (
            (u64::MAX - 1, u64::MAX),
            format!("{invalid} 0xffffffffffffffff, 0 unread"),
        ),
        (
            (0, u64::MAX - 4),
            format!("{invalid} 0xfffffffffffffffb, 0 unread"),
        ),
    ] {
        let mut payload = PayloadBuilder::new();
        let ops = vec![payload.op(REPLACE, &image, &[(0, 2)]), Op::new(ZERO, &[dst])];
        check(&one(&mut payload, ops, &image), &image, "==", &[&gap]);
    }
    // Of one that crosses the end, what is inside is there.
    let mut payload = PayloadBuilder::new();
    let ops = vec![
        payload.op(REPLACE, &image[..BLOCK], &[(0, 1)]),
        payload.op(REPLACE, &image[BLOCK..], &[(1, 9)]),
    ];
    check(
        &one(&mut payload, ops, &image),
        &image,
        "==",
        &[&format!("{beyond} 0x1, 0 unread")],
    );
}

#[test]
fn an_operation_without_extents_writes_nothing() {
    let image = noise(1, 1);
    for dst in [vec![], vec![(0, 0), (7, 0)]] {
        let mut payload = PayloadBuilder::new();
        let ops = vec![
            payload.op(REPLACE, &image, &[(0, 1)]),
            payload.op(REPLACE, b"0123456789", &dst),
        ];
        let gap = "system.img: payload: operation without dst_extents: invalid value 0x0, 10 unread";
        check(&one(&mut payload, ops, &image), &image, "=", &[gap]);
    }
}

#[test]
fn output_that_does_not_fit_its_extents_is_an_error_where_it_is_read() {
    let image = noise(3, 1);
    for (kind, data) in [
        (REPLACE_BZ, bz(&image)),
        (REPLACE_XZ, xz(&image)),
        (ZSTD, zstd(&image)),
    ] {
        // Longer, by a block: the device refuses it.
        let mut payload = PayloadBuilder::new();
        let ops = vec![payload.op(kind, &data, &[(0, 2)])];
        let gap = "payload: output beyond dst_extents: invalid value 0x2000";
        check(
            &one(&mut payload, ops, &image[..2 * BLOCK]),
            &image[..2 * BLOCK],
            "xx",
            &[gap],
        );
        // Shorter: what is there is right, the rest is not zeros.
        let mut payload = PayloadBuilder::new();
        let ops = vec![payload.op(kind, &data, &[(0, 5)])];
        let whole = [&image[..], &[0; 2 * BLOCK]].concat();
        let gap = "payload: operation output: truncated, needs 20480 bytes, 12288 left";
        check(&one(&mut payload, ops, &whole), &whole, "===xx", &[gap]);
    }
    let mut payload = PayloadBuilder::new();
    let ops = vec![payload.op(REPLACE, &image, &[(0, 2)])];
    let gap = "payload: output beyond dst_extents: invalid value 0x3000";
    let payload = one(&mut payload, ops, &image[..2 * BLOCK]);
    check(
        &payload,
        &image[..2 * BLOCK],
        "xx",
        &[&format!("system.img: {gap}, 8192 unread"), gap],
    );
}

#[test]
#[cfg(feature = "fast-c")]
fn a_bomb_of_xz_is_stopped_at_the_end_of_its_block() {
    use std::io::Write;
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
    for _ in 0..64 {
        encoder.write_all(&[0; 1 << 20]).unwrap();
    }
    // 2 GiB in 32 streams.
    let bomb = encoder.finish().unwrap().repeat(32);
    let mut payload = PayloadBuilder::new();
    let ops = vec![payload.op(REPLACE_XZ, &bomb, &[(0, 1)])];
    let payload = one(&mut payload, ops, &[0; BLOCK]);
    let start = std::time::Instant::now();
    let budget = Budget::default();
    let gap = "payload: output beyond dst_extents: invalid value 0x1000";
    check_with(&payload, &budget, &[0; BLOCK], "x", &[gap]);
    assert!(start.elapsed().as_secs() < 2);
    // Where it may write so much, it may still not hold it.
    let mut payload = PayloadBuilder::new();
    let ops = vec![payload.op(REPLACE_XZ, &bomb, &[(0, 1 << 19)])];
    let payload = one(&mut payload, ops, &[0; BLOCK]);
    let listing = list(&payload, &budget);
    let said: Vec<String> = listing.notices.iter().map(|remark| plain(&remark.gap)).collect();
    let beyond = "payload: dst_extents beyond the image: invalid value 0x0";
    let over = "payload: operation output: 2147483648 is over the limit of 268435456, see --max-item";
    assert_eq!(said, [beyond, over]);
}

#[test]
fn a_size_that_lies_or_is_not_there_is_said() {
    let image = noise(1, 1);
    let mut payload = PayloadBuilder::new();
    let mut system = PartitionBuilder::new("system");
    system.op(payload.op(REPLACE, &image, &[(0, 1)]));
    system.size = Some(1 << 50);
    payload.partition(system);
    let gap =
        "system.img: payload: partition size: 1125899906842624 is over the limit of 1099511627776, 0 unread";
    check(&payload.build(), &image, "=", &[gap]);
    let mut payload = PayloadBuilder::new();
    let mut system = PartitionBuilder::new("system");
    system.op(payload.op(REPLACE, &image, &[(0, 1)]));
    payload.partition(system);
    let gap = "system.img: payload: no new_partition_info: invalid value 0x0, 0 unread";
    check(&payload.build(), &image, "=", &[gap]);
    // A terabyte of zeros costs nothing, and is what was asked for.
    let mut payload = PayloadBuilder::new();
    let mut system = PartitionBuilder::new("system");
    system.op(Op::new(ZERO, &[(0, 1 << 28)]));
    system.size = Some(1 << 40);
    payload.partition(system);
    let volumes = volumes_of(&payload.build(), &Budget::default());
    assert_eq!(volumes[0].image.len(), 1 << 40);
    assert_eq!(
        &*volumes[0].image.read(NAME, 1 << 39..(1 << 39) + 4).unwrap(),
        [0; 4]
    );
}

#[test]
fn headers_that_are_not_read_say_why() {
    let image = noise(1, 1);
    let make = |change: fn(&mut PayloadBuilder)| {
        let mut payload = PayloadBuilder::new();
        let ops = vec![payload.op(REPLACE, &image, &[(0, 1)])];
        change(&mut payload);
        one(&mut payload, ops, &image)
    };
    let cases: [(Vec<u8>, &[&str]); 9] = [
        (
            make(|p| p.version = 1),
            &["-: payload: file_format_version: unsupported value 0x1, 0 unread"],
        ),
        (
            make(|p| p.version = 99),
            &["-: payload: file_format_version: unsupported value 0x63, 0 unread"],
        ),
        (
            make(|p| p.manifest_size = Some(1 << 40)),
            &["-: payload: manifest_size: 1099511627776 is over the limit of 33554432, 0 unread"],
        ),
        (
            make(|p| p.manifest_size = Some(u64::MAX)),
            &["-: payload: manifest_size: 18446744073709551615 is over the limit of 33554432, 0 unread"],
        ),
        (
            make(|p| p.manifest_size = Some(0)),
            &["-: payload: manifest without partitions: invalid value 0x0, 0 unread"],
        ),
        (
            make(|p| p.block_size = Some(0)),
            &["-: payload: block_size: invalid value 0x0, 0 unread"],
        ),
        (
            make(|p| p.block_size = Some(4095)),
            &["-: payload: block_size: invalid value 0xfff, 0 unread"],
        ),
        (
            b"CrAU".to_vec(),
            &["-: payload: file_format_version: truncated, needs 8 bytes, 0 left, 0 unread"],
        ),
        (
            make(|_| ())[..60].to_vec(),
            &[
                "-: payload: manifest: truncated, needs 103 bytes, 36 left, 0 unread",
                "-: payload: field: truncated, needs 96 bytes, 29 left, 0 unread",
            ],
        ),
    ];
    for (payload, expect) in cases {
        check(&payload, &[], "", expect);
    }
    let payload = make(|p| p.signature_size = Some(u32::MAX));
    let truncated = "payload: operation data: truncated, needs 4096 bytes, 0 left";
    check(
        &payload,
        &image,
        "x",
        &[
            "-: payload: metadata signature: truncated, needs 4294967295 bytes, 4096 left, 0 unread",
            &format!("system.img: {truncated}, 4096 unread"),
            truncated,
        ],
    );
}

#[test]
fn what_comes_before_damage_in_the_manifest_is_kept() {
    let image = noise(2, 1);
    // In an operation, in a partition, in the manifest.
    let mut payload = PayloadBuilder::new();
    let mut bad = payload.op(REPLACE, &image[..BLOCK], &[(0, 1)]);
    bad.tail = b"\x0b".to_vec();
    let ops = vec![bad, payload.op(REPLACE, &image[BLOCK..], &[(1, 1)])];
    let open = "payload: blocks that no operation writes: invalid value 0x1000";
    check(
        &one(&mut payload, ops, &image),
        &image,
        "x=",
        &[
            "system.img: payload: wire type: invalid value 0x3, 0 unread",
            &format!("system.img: {open}, 4096 unread"),
            open,
        ],
    );
    let mut payload = PayloadBuilder::new();
    let mut system = PartitionBuilder::new("system");
    system.op(payload.op(REPLACE, &image, &[(0, 2)]));
    system.tail = b"\x0a\xff\xff\x03".to_vec();
    payload.partition(system.image(&image));
    payload.tail = vec![0xff; 11];
    check(
        &payload.build(),
        &image,
        "==",
        &[
            "system.img: payload: field: truncated, needs 65535 bytes, 0 left, 0 unread",
            "-: payload: field tag: invalid value 0x7fffffffffffffff, 0 unread",
        ],
    );
}

#[test]
fn a_gap_says_where_its_operation_is() {
    let image = noise(1, 1);
    let mut payload = PayloadBuilder::new();
    let op = Op::new(77, &[(0, 1)]);
    let payload = one(&mut payload, vec![op], &image);
    let gap = &list(&payload, &Budget::default()).notices[0].gap;
    // Field 1, an integer, 77.
    assert_eq!(payload[gap.at as usize..][..2], [8, 77]);
}

#[test]
fn operations_and_partitions_are_counted_before_they_are_held() {
    let limits = Limits {
        listed: 10,
        ..Limits::default()
    };
    let mut payload = PayloadBuilder::new();
    let ops = (0..20).map(|n| Op::new(ZERO, &[(n, 1)])).collect();
    let payload = one(&mut payload, ops, &[0; 20 * BLOCK]);
    let open = "payload: blocks that no operation writes: invalid value 0x14000";
    check_with(
        &payload,
        &Budget::new(limits),
        &[0; 20 * BLOCK],
        "xxxxxxxxxxxxxxxxxxxx",
        &[
            "system.img: payload: dst_extents: 12 is over the limit of 10, see --max-entries-per-file, 0 unread",
            "system.img: payload: operations: 11 is over the limit of 10, see --max-entries-per-file, 0 unread",
            &format!("system.img: {open}, 81920 unread"),
            open,
        ],
    );
    let mut payload = PayloadBuilder::new();
    payload.tail = b"\x6a\x00".repeat(5000);
    let listing = list(&payload.build(), &Budget::default());
    assert_eq!(listing.entries.len(), 4096);
    assert!(
        listing
            .notices
            .last()
            .unwrap()
            .gap
            .to_string()
            .contains("4097 is over the limit of 4096")
    );
}

#[test]
fn countless_operations_of_one_block_are_one_gap() {
    let mut payload = PayloadBuilder::new();
    let zero = Op::new(ZERO, &[(1, 1)]);
    let mut ops = vec![zero.clone(); 100_000];
    ops.push(Op::new(ZERO, &vec![(0, 1); 100_000]));
    let start = std::time::Instant::now();
    let payload = one(&mut payload, ops, &[0; 2 * BLOCK]);
    let gap =
        "system.img: payload: dst_extents written twice: odd value 0x1, read as Android reads it, 0 unread";
    check(&payload, &[0; 2 * BLOCK], "==", &[gap]);
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    let image = [noise(1, 1), vec![0; BLOCK]].concat();
    let mut payload = PayloadBuilder::new();
    payload.signature = b"signature".to_vec();
    let ops = vec![
        payload.op(REPLACE_XZ, &xz(&image[..BLOCK]), &[(0, 1)]),
        Op::new(ZERO, &[(1, 1)]),
    ];
    let whole = one(&mut payload, ops, &image);
    let meta = whole.len() - payload.data.len();
    let cuts = (0..meta)
        .chain((meta..whole.len()).step_by(500))
        .map(|cut| whole[..cut].to_vec());
    let flips = (0..meta * 8).map(|bit| {
        let mut data = whole.clone();
        data[bit / 8] ^= 1 << (bit % 8);
        data
    });
    for data in cuts.chain(flips) {
        let budget = Budget::default();
        let listing = list(&data, &budget);
        for volume in volumes_of(&data, &budget).iter().take(3) {
            let mut buf = vec![0; BLOCK];
            for at in [0, 1, BLOCK as u64, volume.image.len().saturating_sub(1)] {
                let _ = (volume.image.read_at(at, &mut buf), volume.image.origin_at(at));
            }
        }
        // Whatever is not as it was is said, or does not show.
        let same = listing.entries.len() == 1 && volumes_of(&data, &budget)[0].verify() == Ok(true);
        let told = !listing.notices.is_empty();
        let lost = volumes_of(&data, &budget)
            .iter()
            .any(|volume| volume.verify() != Ok(true));
        assert!(same || told || lost || !data.starts_with(b"CrAU"));
    }
}

#[test]
fn the_same_data_for_countless_operations_is_refused() {
    let image = noise(40, 1);
    let mut payload = PayloadBuilder::new();
    let first = payload.op(REPLACE_XZ, &xz(&image[..BLOCK]), &[(0, 1)]);
    let ops = (0..40)
        .map(|n| Op {
            dst: vec![(n, 1)],
            ..first.clone()
        })
        .collect();
    let image = image[..BLOCK].repeat(40);
    let blocks = ["=".repeat(16), "x".repeat(24)].concat();
    let gap = |data: usize| format!("payload: data of all operations: {data} is over the limit of 66432");
    let (first, last) = (gap(17 * 4152), gap(40 * 4152));
    check(
        &one(&mut payload, ops, &image),
        &image,
        &blocks,
        &[&format!("system.img: {first}, 98304 unread"), &last],
    );
}
