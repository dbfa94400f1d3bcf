//! Payloads as they are, and as they should not be: right bytes or a gap, never a wrong image.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use super::*;
use crate::bytes::Limits;

#[path = "../../../tests/build/payload.rs"]
mod build;

use build::*;

fn budget(base: &[(&str, &[u8])]) -> Budget {
    let mut budget = Budget::default();
    for (name, image) in base {
        budget.base.insert((*name).into(), Blob::from(image.to_vec()));
    }
    budget
}

/// A gap without its offset, which depends on how the manifest was written.
fn plain(gap: &Gap) -> String {
    gap.to_string().replace(&format!(" at {:#x}", gap.at), "")
}

fn list(payload: &[u8], budget: &Budget) -> Listing {
    PayloadBin.list(&Blob::from(payload.to_vec()), "payload", budget)
}

fn volumes_of(payload: &[u8], budget: &Budget) -> Vec<Volume> {
    volumes(&Blob::from(payload.to_vec()), budget)
}

/// For each block of the first image, whether it is the one of `image` (`=`), a gap (`x`), or wrong (`!`);
/// then every remark, and what was said of the last gap.
#[track_caller]
fn check_with(payload: &[u8], budget: &Budget, image: &[u8], blocks: &str, expect: &[&str]) {
    let listing = list(payload, budget);
    let volumes = volumes_of(payload, budget);
    let (mut got, mut last) = (String::new(), None);
    if let Some(volume) = volumes.first() {
        let mut at = 0;
        while at < volume.image.len().max(image.len() as u64) {
            let mut buf = vec![7; BLOCK];
            let right = &image[image.len().min(at as usize)..image.len().min(at as usize + BLOCK)];
            match volume.image.read_at(at, &mut buf) {
                Ok(n) if buf[..n] == *right => got.push('='),
                Ok(_) => got.push('!'),
                Err(e) => {
                    got.push('x');
                    last = Some(plain(&Gap::of(e, "io", at)));
                }
            }
            at += BLOCK as u64;
        }
    }
    let said = listing.notices.iter().map(|remark| {
        let entry = remark.entry.as_deref().unwrap_or("-");
        format!("{entry}: {}, {} unread", plain(&remark.gap), remark.unread)
    });
    let said: Vec<String> = said.chain(last).collect();
    assert_eq!(got, blocks, "{said:#?}");
    assert_eq!(said, expect);
}

#[track_caller]
fn check(payload: &[u8], image: &[u8], blocks: &str, expect: &[&str]) {
    check_with(payload, &Budget::default(), image, blocks, expect);
}

/// A payload of one partition.
fn one(payload: &mut PayloadBuilder, ops: Vec<Op>, image: &[u8]) -> Vec<u8> {
    let mut system = PartitionBuilder::new("system");
    ops.into_iter().for_each(|op| system.op(op));
    payload.partition(system.image(image));
    payload.build()
}

/// One operation of each kind that a full package may have.
fn full() -> (Vec<u8>, Vec<u8>) {
    let image = [noise(5, 1), vec![0; 2 * BLOCK]].concat();
    let block = |n: usize| &image[n * BLOCK..(n + 1) * BLOCK];
    let mut payload = PayloadBuilder::new();
    let ops = vec![
        payload.op(REPLACE, block(0), &[(0, 1)]),
        payload.op(REPLACE_BZ, &bz(block(1)), &[(1, 1)]),
        payload.op(REPLACE_XZ, &xz(&image[2 * BLOCK..4 * BLOCK]), &[(2, 2)]),
        payload.op(ZSTD, &zstd(block(4)), &[(4, 1)]),
        Op::new(ZERO, &[(5, 1)]),
        Op::new(DISCARD, &[(6, 1)]),
    ];
    (one(&mut payload, ops, &image), image)
}

#[test]
fn every_operation_of_a_full_package_is_read() {
    let (payload, image) = full();
    check(&payload, &image, "=======", &[]);
    let volumes = volumes_of(&payload, &Budget::default());
    assert_eq!(&*volumes[0].name, "system.img");
    assert_eq!(volumes[0].verify(), Ok(true));
}

#[test]
fn an_operation_fills_its_extents_in_their_order_and_the_last_block_with_zeros() {
    let text = noise(2, 3);
    let text = &text[..2 * BLOCK - 100];
    let image = [&text[BLOCK..], &[0; 100], &vec![0; BLOCK], &text[..BLOCK]].concat();
    for (kind, data) in [
        (REPLACE, text.to_vec()),
        (REPLACE_XZ, xz(text)),
        (ZSTD, zstd(text)),
    ] {
        let mut payload = PayloadBuilder::new();
        let ops = vec![
            payload.op(kind, &data, &[(2, 1), (0, 1)]),
            Op::new(ZERO, &[(1, 1)]),
        ];
        check(&one(&mut payload, ops, &image), &image, "===", &[]);
    }
}

#[test]
fn pieces_of_any_size_are_read_at_any_place() {
    let (payload, image) = full();
    let volumes = volumes_of(&payload, &Budget::default());
    for (at, len) in [
        (0, 1),
        (4095, 2),
        (BLOCK * 2 - 1, BLOCK * 3),
        (BLOCK * 4 + 7, 99_999),
    ] {
        let got = volumes[0].image.read(NAME, at as u64..(at + len) as u64).unwrap();
        assert!(*got == image[at..image.len().min(at + len)]);
    }
}

#[test]
fn data_is_where_64_bits_say() {
    /// A payload with 5 GiB of nothing before its last data.
    struct Sparse(Vec<u8>, u64, Vec<u8>);
    impl crate::bytes::Source for Sparse {
        fn len(&self) -> u64 {
            self.1 + self.2.len() as u64
        }
        fn read_at(&self, at: u64, buf: &mut [u8]) -> std::io::Result<usize> {
            let (from, start) = if at >= self.1 {
                (&self.2, self.1)
            } else {
                (&self.0, 0)
            };
            let rest = from.get((at - start) as usize..).unwrap_or_default();
            let n = rest.len().min(buf.len());
            buf[..n].copy_from_slice(&rest[..n]);
            Ok(n)
        }
    }
    let image = noise(1, 1);
    let mut payload = PayloadBuilder::new();
    let mut op = payload.op(REPLACE, &image, &[(0, 1)]);
    op.data = Some((5 << 30, BLOCK as u64));
    payload.data.clear();
    let head = one(&mut payload, vec![op], &image);
    let end = head.len() as u64 + (5 << 30);
    let blob = Blob::new(Arc::new(Sparse(head, end, image)));
    let volumes = volumes(&blob, &Budget::default());
    assert_eq!(volumes[0].verify(), Ok(true));
    assert_eq!(volumes[0].image.origin(), end);
}

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
    let (payload, image) = full();
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
fn data_without_a_hash_is_read_and_checked_by_its_own_checksum() {
    let image = noise(2, 1);
    let mut payload = PayloadBuilder::new();
    let mut op = payload.op(REPLACE_XZ, &xz(&image), &[(0, 2)]);
    op.data_hash = None;
    let mut payload = one(&mut payload, vec![op], &image);
    check(&payload, &image, "==", &[]);
    let at = payload.len() - 5000;
    payload[at] ^= 1;
    check(
        &payload,
        &image,
        "xx",
        &["payload: REPLACE_XZ data: invalid value 0x0"],
    );
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
    let (payload, image) = full();
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
fn an_extent_that_is_a_hole_takes_its_data_and_keeps_nothing() {
    let image = noise(3, 1);
    let mut payload = PayloadBuilder::new();
    let ops = vec![payload.op(REPLACE, &image, &[(0, 1), (u64::MAX, 1), (1, 1)])];
    let image = [&image[..BLOCK], &image[2 * BLOCK..]].concat();
    check(&one(&mut payload, ops, &image), &image, "==", &[]);
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
#[cfg(feature = "fast-c")]
fn the_filter_for_arm64_code_is_undone() {
    use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
    use std::io::Write;
    // Calls to one function, which the filter makes equal.
    let code = (0..1024_u32).flat_map(|n| (0x9400_0000 | (5000 - n)).to_le_bytes());
    let image: Vec<u8> = code.collect();
    let mut filters = Filters::new();
    filters.arm64().lzma2(&LzmaOptions::new_preset(6).unwrap());
    let stream = Stream::new_stream_encoder(&filters, Check::Crc32).unwrap();
    let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(&image).unwrap();
    let data = encoder.finish().unwrap();
    assert!(data.len() < 200);
    let mut payload = PayloadBuilder::new();
    let ops = vec![payload.op(REPLACE_XZ, &data, &[(0, 1)])];
    check(&one(&mut payload, ops, &image), &image, "=", &[]);
}

#[test]
fn large_operations_are_decoded_once() {
    let image = noise(2304, 1);
    let old = noise(2304, 2);
    let diff: Vec<u8> = image
        .iter()
        .zip(&old)
        .map(|(new, old)| new.wrapping_sub(*old))
        .collect();
    let patch = bsdiff(Some([0; 3]), &[(image.len() as i64, 0, 0)], &diff, &[]);
    for (kind, data) in [(ZSTD, zstd(&image)), (SOURCE_BSDIFF, patch)] {
        let mut payload = PayloadBuilder::new();
        let mut op = payload.op(kind, &data, &[(0, 2304)]);
        if kind == SOURCE_BSDIFF {
            op = op.from(&old, &[(0, 2304)]);
        }
        let payload = one(&mut payload, vec![op], &image);
        let budget = budget(&[("system", &old)]);
        let volumes = volumes_of(&payload, &budget);
        let start = std::time::Instant::now();
        for n in (0..2304).rev() {
            let at = n * BLOCK;
            let mut buf = vec![0; BLOCK];
            volumes[0].image.read_at(at as u64, &mut buf).unwrap();
            assert!(buf == image[at..at + BLOCK]);
        }
        assert!(start.elapsed().as_secs() < 20);
        assert_eq!(volumes[0].verify(), Ok(true));
    }
}

#[test]
fn units_are_decoded_once_and_in_the_order_of_their_data() {
    let image = noise(64, 1);
    let mut payload = PayloadBuilder::new();
    let mut ops = Vec::new();
    for n in 0..32 {
        let data = xz(&image[n * 2 * BLOCK..(n + 1) * 2 * BLOCK]);
        ops.push(payload.op(REPLACE_XZ, &data, &[(n as u64 * 2, 2)]));
    }
    ops.reverse();
    let payload = one(&mut payload, ops, &image);
    let budget = Budget::default();
    let volumes = volumes_of(&payload, &budget);
    let origins: Vec<u64> = (0..128).map(|n| volumes[0].image.origin_at(n * 2048)).collect();
    assert!(origins.is_sorted());
    assert_eq!(volumes[0].verify(), Ok(true));
    assert_eq!(volumes[0].verify(), Ok(true));
    let decoded = budget.cache.decoded();
    assert_eq!(
        (decoded.times, decoded.units, decoded.bytes),
        (32, 32, image.len() as u64)
    );
}

#[test]
fn names_are_one_part_and_none_is_twice() {
    let image = noise(1, 1);
    let names: [&[u8]; 9] = [
        b"../../../tmp/x",
        b"/tmp/x",
        b"",
        b"system",
        b"system",
        b"system#2",
        b"system",
        b"a\\b\xff",
        b"..",
    ];
    let mut payload = PayloadBuilder::new();
    for name in names {
        let mut partition = PartitionBuilder::new(name);
        partition.op(payload.op(REPLACE, &image, &[(0, 1)]));
        payload.partition(partition.image(&image));
    }
    let listing = list(&payload.build(), &Budget::default());
    let got: Vec<&str> = listing.entries.iter().map(|entry| &*entry.name).collect();
    let expect = [
        "tmp_x.img",
        "tmp_x#2.img",
        "unnamed.img",
        "system.img",
        "system#2.img",
        "system#2#2.img",
        "system#3.img",
        "a_b_xff.img",
        "unnamed#2.img",
    ];
    assert_eq!(got, expect);
    let odd: Vec<&str> = listing
        .notices
        .iter()
        .filter_map(|remark| remark.entry.as_deref())
        .collect();
    assert_eq!(
        odd,
        expect
            .iter()
            .copied()
            .filter(|name| *name != "system.img")
            .collect::<Vec<_>>()
    );
    assert!(listing.notices.iter().all(|remark| !remark.gap.is_loss()));
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
fn an_image_may_end_within_a_block() {
    let image = &noise(2, 1)[..BLOCK + 100];
    let mut payload = PayloadBuilder::new();
    let ops = vec![payload.op(REPLACE, image, &[(0, 2)])];
    let payload = one(&mut payload, ops, image);
    check(&payload, image, "==", &[]);
    assert_eq!(volumes_of(&payload, &Budget::default())[0].verify(), Ok(true));
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
            Err(e) => assert!(lost && Gap::of(e, "io", 0).what == "src_sha256_hash"),
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
    assert_eq!(gap.what, "hash of old_partition_info");
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

/// The folder of real packages, where it is there.
fn corpus() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("PHONEHOME_CORPUS").map(std::path::PathBuf::from);
    if folder.is_none() {
        println!("no test on real packages ran: PHONEHOME_CORPUS is not set");
    }
    folder
}

#[test]
fn images_of_payloads_written_by_others_are_as_they_say() {
    let Some(corpus) = corpus() else { return };
    let mut count = 0;
    for file in ["raw", "xz", "bz", "mixed"] {
        let path = corpus.join(format!("images/synth/payload-{file}.bin"));
        let blob = Blob::open(&path).unwrap();
        let listing = PayloadBin.list(&blob, "", &Budget::default());
        assert!(listing.notices.is_empty());
        for volume in volumes(&blob, &Budget::default()) {
            assert_eq!(volume.verify(), Ok(true), "{file}: {}", volume.name);
            count += 1;
        }
    }
    assert!(count > 4);
}

#[test]
fn images_of_a_real_package_have_their_hashes() {
    let Some(corpus) = corpus() else { return };
    let zip = Blob::open(&corpus.join("roms/mix2s-20.4.30-payload.zip")).unwrap();
    let expect =
        std::fs::read_to_string(corpus.join("roms/expected/mix2s-20.4.30-payload.zip.images.tsv")).unwrap();
    // The payload is stored as it is in the zip.
    let budget = Budget::default();
    let mut listing = crate::unpack::zip::Zip.list(&zip, "", &budget);
    let entry = listing
        .entries
        .iter_mut()
        .find(|entry| &*entry.name == "payload.bin")
        .unwrap();
    let crate::unpack::leaf::Data::Zip(archive, number) = &entry.data else {
        panic!("not in a zip");
    };
    let blob = crate::unpack::zip::plain(archive, *number).unwrap();
    let volumes = volumes(&blob, &budget);
    assert!(PayloadBin.list(&blob, "", &budget).notices.is_empty());
    assert_eq!(volumes.len(), expect.lines().count());
    for line in expect.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, size, hash] = fields[..] else {
            panic!("{line}")
        };
        let volume = volumes.iter().find(|volume| &*volume.name == name).unwrap();
        assert_eq!(volume.image.len().to_string(), size);
        let said: String = volume
            .sha256
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!((said.as_str(), volume.verify()), (hash, Ok(true)));
    }
    let decoded = budget.cache.decoded();
    assert_eq!(decoded.times, decoded.units);
}
