//! Sparse images as they are and as they break.

use super::*;
use crate::unpack::leaf::Data;

/// Header and chunks of an image with blocks of 8 bytes.
fn tiny() -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for field in [1_u16, 0, 30, 14] {
        out.extend(field.to_le_bytes());
    }
    for field in [8_u32, 7, 4, 0] {
        out.extend(field.to_le_bytes());
    }
    out.extend(b"??");
    chunk(&mut out, RAW, 2, b"abcdefghijklmnop");
    chunk(&mut out, FILL, 2, b"wxyz");
    chunk(&mut out, CRC32, 0, b"0000");
    chunk(&mut out, DONT_CARE, 3, b"");
    out
}

fn chunk(out: &mut Vec<u8>, kind: u16, blocks: u32, data: &[u8]) {
    let total = u32::try_from(14 + data.len()).unwrap();
    out.extend(kind.to_le_bytes());
    out.extend([0, 0]);
    out.extend(blocks.to_le_bytes());
    out.extend(total.to_le_bytes());
    out.extend(b"??");
    out.extend(data);
}

fn list(data: Vec<u8>) -> (Blob, Vec<String>) {
    let listing = Sparse.list(&Blob::from(data), "x.img", &Budget::default());
    let gaps = listing.notices.iter().map(|n| n.gap.to_string()).collect();
    let blob = match listing.entries.first().map(|entry| &entry.data) {
        Some(Data::Plain(blob)) => blob.clone(),
        _ => Blob::from(Vec::new()),
    };
    (blob, gaps)
}

#[test]
fn chunks_are_laid_out_and_words_repeat() {
    let (blob, gaps) = list(tiny());
    assert!(gaps.is_empty(), "{gaps:?}");
    let expect = b"abcdefghijklmnopwxyzwxyzwxyzwxyz";
    let all = blob.read("t", 0..100).unwrap();
    assert_eq!(&all[..32], expect);
    assert_eq!(&all[32..], [0; 24]);
}

#[test]
fn what_is_not_understood_ends_the_image_and_is_lost() {
    let mut data = tiny();
    data[60] = 0x11;
    let (blob, gaps) = list(data);
    assert_eq!(gaps, ["sparse: chunk_type at 0x3c: unsupported value 0xca11"]);
    assert_eq!(blob.len(), 56);
    assert_eq!(&*blob.read("t", 0..16).unwrap(), b"abcdefghijklmnop");
    assert!(blob.read("t", 16..17).is_err());
}

#[test]
fn a_cut_file_keeps_what_is_there() {
    let (blob, gaps) = list(tiny()[..49].to_vec());
    assert_eq!(
        gaps,
        ["sparse: raw chunk at 0x2c: truncated, needs 16 bytes, 5 left"]
    );
    assert_eq!((blob.len(), &*blob.read("t", 0..5).unwrap()), (56, &b"abcde"[..]));
    assert!(blob.read("t", 0..6).is_err());
}

#[test]
fn a_chunk_that_is_packed_is_decoded_where_it_is_read() {
    let mut data = tiny()[..30].to_vec();
    let text = b"abcdefghabcdefghabcdefghabcdefgh";
    chunk(&mut data, LZ4, 4, &lz4_flex::block::compress(text));
    chunk(&mut data, RAW, 1, b"ABCDEFGH");
    chunk(&mut data, LZ4, 1, &[0]);
    chunk(&mut data, LZ4, 1 << 29, &[0]);
    data[16..20].copy_from_slice(&(6_u32 + (1 << 29)).to_le_bytes());
    data[20..24].copy_from_slice(&4_u32.to_le_bytes());
    let (blob, gaps) = list(data);
    assert_eq!(
        gaps,
        ["sparse: LZ4 block at 0x71: 4294967296 is over the limit of 67108864"]
    );
    assert_eq!(&*blob.read("t", 0..32).unwrap(), text);
    assert_eq!(&*blob.read("t", 30..36).unwrap(), b"ghABCD");
    let gap = blob.read("t", 40..41).unwrap_err().to_string();
    assert_eq!(
        gap,
        "sparse: length of a part, decoded at 0x62: invalid value 0x0"
    );
}

#[test]
fn a_wrong_total_hides_nothing() {
    for (total, len) in [(0_u32, 56), (9, 72)] {
        let mut data = tiny();
        data[16..20].copy_from_slice(&total.to_le_bytes());
        let (blob, gaps) = list(data);
        assert_eq!((blob.len(), gaps.len()), (len, 1));
        assert_eq!(&*blob.read("t", 0..3).unwrap(), b"abc");
    }
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    let whole = tiny();
    let sound = list(whole.clone()).0.read("t", 0..100).unwrap();
    for cut in 0..whole.len() {
        let (blob, gaps) = list(whole[..cut].to_vec());
        // The last chunk stores nothing: its header may miss the bytes that nobody reads.
        assert_eq!(gaps.is_empty(), cut >= whole.len() - 2, "cut at {cut}");
        for at in 0..blob.len() {
            if let Ok(byte) = blob.read("t", at..at + 1) {
                assert_eq!(
                    byte[0],
                    sound[usize::try_from(at).unwrap()],
                    "cut at {cut}, byte {at}"
                );
            }
        }
    }
    for at in 0..whole.len() {
        let mut data = whole.clone();
        data[at] ^= 0x80;
        let (blob, _) = list(data);
        let _ = blob.read("t", 0..100);
    }
}
