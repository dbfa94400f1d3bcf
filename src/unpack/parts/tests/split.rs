//! Images and packages that were cut into several files.

use super::*;

/// A sparse image of `blocks` blocks, with chunks (block, text).
pub(super) fn sparse(blocks: u32, chunks: &[(u32, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut count = 0_u32;
    let mut chunk = |kind: u16, blocks: u32, data: &[u8]| {
        count += 1;
        body.extend(kind.to_le_bytes());
        body.extend([0, 0]);
        body.extend(blocks.to_le_bytes());
        body.extend(u32::try_from(12 + data.len()).unwrap().to_le_bytes());
        body.extend(data);
    };
    let mut at = 0;
    for (block, text) in chunks {
        chunk(0xcac3, block - at, b"");
        let len = u32::try_from(text.len()).unwrap();
        chunk(0xcac1, len, &data(text));
        at = block + len;
    }
    chunk(0xcac3, blocks - at, b"");
    let mut all = vec![0x3a, 0xff, 0x26, 0xed, 1, 0, 0, 0, 28, 0, 12, 0];
    for field in [4096, blocks, count, 0] {
        all.extend(field.to_le_bytes());
    }
    all.extend(body);
    all
}

#[test]
fn sparse_parts_are_laid_over_each_other() {
    let parts = [
        sparse(8, &[(0, "ab")]),
        sparse(8, &[(2, "cd"), (5, "e")]),
        sparse(8, &[(7, "f")]),
    ];
    let names = [
        [
            "a/x.img_sparsechunk.0",
            "a/x.img_sparsechunk.1",
            "a/x.img_sparsechunk.2",
        ],
        [
            "a/x.img_sparsechunk1",
            "a/x.img_sparsechunk2",
            "a/x.img_sparsechunk3",
        ],
        ["a/x.img.0", "a/x.img.1", "a/x.img.2"],
        ["a/x.0.img", "a/x.1.img", "a/x.2.img"],
        ["a/x.0.1a2b3c4d.img", "a/x.1.99999999.img", "a/x.2.aaaaaaaa.img"],
        ["a/x.img.000", "a/x.img.001", "a/x.img.002"],
    ];
    for names in names {
        let mut files: Vec<(&str, &[u8])> = names
            .iter()
            .copied()
            .zip(parts.iter().map(|part| &**part))
            .collect();
        files.reverse();
        check(&files, &[("a/x.img", "abcd.e.f")], &[]);
    }
    check(&[("x.000", &parts[0])], &[("x", "ab......")], &[]);
}

#[test]
fn what_a_missing_part_would_have_held_is_lost() {
    let (a, b, c) = (
        sparse(8, &[(0, "ab")]),
        sparse(8, &[(4, "c")]),
        sparse(8, &[(6, "d")]),
    );
    let mut broken = c.clone();
    broken[8] = 0;
    let check = |files: &[(&str, &[u8])], expect: &str, gap: &str| {
        let mut listing = Listing::default();
        for (name, bytes) in files {
            listing.blob(*name, Blob::from(bytes.to_vec()));
        }
        join(&mut listing, &Budget::default());
        let image = listing.entries[0].data.blob().unwrap();
        let state = |block: u64| match image.read("t", block * 4096..block * 4096 + 1) {
            Ok(byte) if byte[0] == 0 => '.',
            Ok(byte) => char::from(byte[0]),
            Err(_) => '?',
        };
        let told: Vec<String> = listing.notices.iter().map(|n| n.gap.to_string()).collect();
        assert_eq!((0..8).map(state).collect::<String>(), expect);
        assert!(told.len() == 1 && told[0].starts_with(gap), "{told:?}");
    };
    let gap = "split: part 1 at 0x2000: truncated, needs 16384 bytes, 0 left";
    check(&[("x.img.0", &a), ("x.img.2", &c)], "ab????d.", gap);
    let gap = "split: part 0 at 0x0: truncated, needs 16384 bytes, 0 left";
    check(&[("x.img.1", &b), ("x.img.2", &c)], "????c.d.", gap);
    check(&[("x.img.1", &b)], "????c...", gap);
    // One that is no image is as good as missing, wherever it is.
    let gap = "sparse: ";
    check(
        &[("x.img.0", &a), ("x.img.1", &broken), ("x.img.2", &c)],
        "ab????d.",
        gap,
    );
    check(
        &[("x.img.0", &a), ("x.img.1", &b), ("x.img.2", &broken)],
        "ab..c???",
        gap,
    );
}

#[test]
fn other_parts_stand_one_after_another_up_to_the_first_that_is_missing() {
    let all = data("abcdef");
    let parts: Vec<&[u8]> = all.chunks(9000).collect();
    check(
        &[
            ("x.img.2", parts[2]),
            ("x.img.1", parts[1]),
            ("x.img.0", parts[0]),
        ],
        &[("x.img", "abcdef")],
        &[],
    );
    check(
        &[("x.img.1", parts[0]), ("x.img.3", parts[2])],
        &[("x.img", "abc")],
        &["x.img: split: part 2 at 0x2328: truncated, needs 1 bytes, 0 left, 6576 unread"],
    );
    // A part that decodes to less than it should: nobody knows where the next begins.
    let packed = [gz(parts[0]), gz(parts[1]), gz(parts[2])];
    let cut = &packed[1][..packed[1].len() - 12];
    let (got, told) = joined(&[
        ("x.img.0.gz", &packed[0]),
        ("x.img.1.gz", cut),
        ("x.img.2.gz", &packed[2]),
    ]);
    assert!(
        all.starts_with(&got[0].1) && got[0].1.len() >= 9000,
        "{}",
        got[0].1.len()
    );
    assert_eq!(told.len(), 2);
    // A sparse image that was cut.
    let whole = sparse(8, &[(0, "ab")]);
    let (front, back) = whole.split_at(5000);
    let (got, told) = joined(&[("x.img.0", front), ("x.img.1", back)]);
    assert_eq!((got, told), (vec![("x.img".to_string(), whole.clone())], vec![]));
}

#[test]
fn numbers_behind_other_names_mean_nothing() {
    for files in [
        [("lib.so.001", "ab"), ("lib.so.002", "cd")],
        [("a.1.img", "ab"), ("a.2.img", "cd")],
        [("x.img.0", "ab"), ("y.img.1", "cd")],
        [("1e8e7201.0", "ab"), ("1e8e7201.1", "cd")],
    ] {
        let bytes = files.map(|(name, text)| (name, data(text)));
        let listed: Vec<(&str, &[u8])> = bytes.iter().map(|(name, bytes)| (*name, &**bytes)).collect();
        let (got, _) = joined(&listed);
        assert_eq!(got[0].0, *files[0].0, "{files:?}");
    }
}

#[test]
fn a_package_that_was_cut_is_put_together() {
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer
        .start_file("a", ::zip::write::SimpleFileOptions::default())
        .unwrap();
    writer.write_all(&data("abc")).unwrap();
    let whole = writer.finish().unwrap().into_inner();
    let (front, back) = whole.split_at(100);
    let (got, told) = joined(&[("ota.zip.001", front), ("ota.zip.002", back)]);
    assert_eq!(
        (got, told),
        (vec![("ota.zip".to_string(), whole.clone())], vec![])
    );
}
