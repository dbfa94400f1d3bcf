//! Packages as LG makes them, of either kind of sector, and as they break.

use std::io::Write as _;

use super::super::tests::{check, field, sparse, survives};
use super::*;

/// Slice, its first sector, the chunk's first sector and their number, content.
type Row<'a> = (&'a str, u32, u32, u32, &'a [u8]);

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A frame of one raw block.
fn zstd(data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap();
    let mut out = ZSTD.to_vec();
    out.push(0xa0);
    out.extend(len.to_le_bytes());
    out.extend(&(len << 3 | 1).to_le_bytes()[..3]);
    out.extend(data);
    out
}

fn dz(ufs: u32, chunks: &[Row<'_>]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for word in [2, 1, 0] {
        out.extend(u32::to_le_bytes(word));
    }
    out.extend(field("h990", 32));
    out.extend(field("H99010b", 144));
    out.extend(u32::try_from(chunks.len()).unwrap().to_le_bytes());
    out.resize(337, 0);
    out.extend(ufs.to_le_bytes());
    out.resize(512, 0);
    for (number, (slice, slice_start, start, count, data)) in (0_u32..).zip(chunks) {
        let packed = if number % 2 == 0 { zlib(data) } else { zstd(data) };
        let at = out.len();
        out.extend(CHUNK);
        out.extend(field(slice, 32));
        out.extend(field(&format!("{slice}_{number}.bin"), 64));
        for len in [data.len(), packed.len()] {
            out.extend(u32::try_from(len).unwrap().to_le_bytes());
        }
        out.extend([0x5a; 16]);
        let sparse = u32::from(data.starts_with(&SPARSE));
        for word in [*start, *count, 0, 0x5a5a_5a5a, number, sparse, 0, *slice_start] {
            out.extend(word.to_le_bytes());
        }
        out.resize(at + 512, 0);
        out.extend(packed);
    }
    out
}

fn bytes(parts: &[(u8, usize)]) -> Vec<u8> {
    parts.iter().flat_map(|(byte, n)| vec![*byte; *n]).collect()
}

#[test]
fn chunks_are_put_where_their_slice_has_them() {
    let (a, b, c) = ([b'a'; 600], [b'b'; 512], [b'c'; 100]);
    let rows: &[Row<'_>] = &[
        ("system", 100, 101, 2, &a),
        ("boot", 50, 50, 1, &b),
        ("system", 100, 105, 1, &c),
    ];
    let system = bytes(&[(0, 512), (b'a', 600), (0, 1448), (b'c', 100), (0, 412)]);
    check(&Dz, &dz(0, rows), &[("boot", &b), ("system", &system)], &[]);
    let boot = bytes(&[(b'b', 512), (0, 3584)]);
    let rows: &[Row<'_>] = &[("boot", 0, 7, 1, &b)];
    check(&Dz, &dz(1, rows), &[("boot", &boot)], &[]);
}

#[test]
fn sectors_are_large_where_chunks_would_not_fit() {
    let a = [b'a'; 600];
    let expect = bytes(&[(b'a', 600), (0, 3496)]);
    check(&Dz, &dz(0, &[("boot", 0, 9, 1, &a)]), &[("boot", &expect)], &[]);
}

#[test]
fn the_table_among_the_slices_tells_where_they_begin_and_end() {
    let disk = gpt::tests::disk(4096, &[("boot", 5, 7), ("x", 8, 8)]);
    let rows: &[Row<'_>] = &[
        ("PrimaryGPT", 0, 0, 0, &disk[..4 * 4096]),
        ("boot", 0, 6, 0, b"b"),
    ];
    let boot = bytes(&[(0, 4096), (b'b', 1), (0, 8191)]);
    check(
        &Dz,
        &dz(0, rows),
        &[("PrimaryGPT", &disk[..4 * 4096]), ("boot", &boot)],
        &[],
    );
    // One that does not fit is not believed.
    let rows: &[Row<'_>] = &[
        ("PrimaryGPT", 0, 0, 4, &disk[..4 * 4096]),
        ("boot", 0, 4, 1, b"b"),
    ];
    let boot = bytes(&[(b'b', 1), (0, 4095)]);
    check(
        &Dz,
        &dz(1, rows),
        &[("PrimaryGPT", &disk[..4 * 4096]), ("boot", &boot)],
        &[],
    );
}

#[test]
fn a_chunk_that_is_not_understood_is_lost_alone() {
    let part = sparse(2, 0, b"abcd");
    let rows: &[Row<'_>] = &[("x", 0, 0, 1, &part), ("x", 0, 1, 1, b"b")];
    let gap = "dz: is sparse at 0x200: unsupported value 0x1";
    check(&Dz, &dz(0, rows), &[("x", gap.as_bytes())], &[gap]);
    let mut other = dz(0, &[("x", 0, 0, 1, b"aaaa"), ("y", 0, 1, 1, b"bbbb")]);
    other[1024] = b'P';
    let gap = "dz: compression at 0x400: unsupported value 0x4c4b0150";
    let y = bytes(&[(b'b', 4), (0, 508)]);
    check(&Dz, &other, &[("x", gap.as_bytes()), ("y", &y)], &[gap]);
}

#[test]
fn other_versions_are_told_from_this_one() {
    for (at, what) in [(4, "major"), (8, "minor")] {
        let mut data = dz(0, &[("x", 0, 0, 1, b"a")]);
        data[at] = 0;
        let gap = format!("dz: {what} version at {at:#x}: unsupported value 0x0");
        check(&Dz, &data, &[], &[&gap]);
    }
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    survives(
        &Dz,
        &dz(0, &[("boot", 1, 1, 1, b"aa"), ("x", 3, 4, 1, b"b")]),
        |_| false,
    );
}
