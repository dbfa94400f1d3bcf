//! Full packages: what every operation puts out, and where.

use super::*;

#[test]
fn every_operation_of_a_full_package_is_read() {
    let (payload, image) = every_kind();
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
    let (payload, image) = every_kind();
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
fn an_extent_that_is_a_hole_takes_its_data_and_keeps_nothing() {
    let image = noise(3, 1);
    let mut payload = PayloadBuilder::new();
    let ops = vec![payload.op(REPLACE, &image, &[(0, 1), (u64::MAX, 1), (1, 1)])];
    let image = [&image[..BLOCK], &image[2 * BLOCK..]].concat();
    check(&one(&mut payload, ops, &image), &image, "==", &[]);
}

#[test]
fn the_filter_for_arm64_code_is_undone() {
    // 1024 calls to one function, which the filter makes equal, in `xz --arm64 --lzma2=preset=9 -C crc32`
    // (XZ Utils 5.4.1).
    const PACKED: &str = "fd377a585a0000016922de3602010a0021011c00f70fd0dfe00fff001e5d004404bc091d8de7b0da1165\
                          7ee6c855c6ffd2ea6949bbd3909e3cd712672c00000095c62ec90001368020000000c12fa2003e300d8b\
                          020000000001595a";
    let image: Vec<u8> = (0..1024_u32)
        .flat_map(|n| (0x9400_0000 | (5000 - n)).to_le_bytes())
        .collect();
    let digits = PACKED
        .as_bytes()
        .chunks(2)
        .map(|pair| str::from_utf8(pair).unwrap());
    let data: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
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
fn an_image_may_end_within_a_block() {
    let image = &noise(2, 1)[..BLOCK + 100];
    let mut payload = PayloadBuilder::new();
    let ops = vec![payload.op(REPLACE, image, &[(0, 2)])];
    let payload = one(&mut payload, ops, image);
    check(&payload, image, "==", &[]);
    assert_eq!(volumes_of(&payload, &Budget::default())[0].verify(), Ok(true));
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
