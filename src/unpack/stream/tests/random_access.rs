//! Of streams in parts, only what is asked for is decoded.

use super::*;

#[test]
fn of_an_xz_file_only_the_blocks_that_are_needed_are_decoded() {
    let budget = Budget::default();
    let text = text();
    let xz = stream("a.xz", SAMPLES[1].1.to_vec(), &budget);
    assert_eq!(xz.size(), text.len() as u64);
    let blob = &xz.open(&budget).blob;
    assert_eq!(budget.cache.decoded().times, 0);
    assert!(*blob.read("t", 2990..3010).unwrap() == text[2990..3010]);
    // The third block of the first stream, and the one of the second.
    assert_eq!(budget.cache.decoded().units, 2);
    assert!(*blob.read("t", 0..u64::MAX).unwrap() == text);
    assert_eq!(
        budget.cache.decoded(),
        crate::bytes::Decoded {
            times: 4,
            units: 4,
            bytes: text.len() as u64
        }
    );
    assert!(blob.origin_at(0) < blob.origin_at(1000) && blob.origin_at(1000) < blob.origin_at(5000));
}

#[test]
fn a_block_that_is_damaged_loses_no_other() {
    let budget = Budget::default();
    let text = text();
    let mut data = SAMPLES[1].1.to_vec();
    data[300] ^= 1;
    let blob = stream("a.xz", data, &budget).open(&budget).blob.clone();
    assert!(*blob.read("t", 0..1000).unwrap() == text[..1000]);
    let gap = blob.read("t", 1000..1001).unwrap_err();
    assert_eq!(gap.to_string(), "xz: part at 0xe4: invalid value 0xd8");
    assert!(*blob.read("t", 2000..u64::MAX).unwrap() == text[2000..]);
}

#[test]
fn an_index_that_lies_is_not_believed() {
    let budget = Budget::default();
    let whole = SAMPLES[1].1;
    // The number of records, their sizes, the sum: wherever it is touched, the stream is read from its start.
    let index = whole.len() - 12 - 12;
    for at in index..whole.len() {
        let mut data = whole.to_vec();
        data[at] ^= 2;
        let xz = stream("a.xz", data, &budget);
        assert_eq!(xz.claim, None, "{at}");
        assert!(all(xz.open(&budget)).iter().any(Gap::is_loss), "{at}");
    }
}

/// Numbers that nothing packs.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn of_lz4_frames_only_the_blocks_that_are_needed_are_decoded() {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    let mut text = noise(9 << 20);
    text.extend(text_of_words());
    let budget = Budget::default();
    for sums in [false, true] {
        let info = FrameInfo::new()
            .block_size(BlockSize::Max1MB)
            .block_mode(BlockMode::Independent)
            .block_checksums(sums)
            .content_checksum(sums);
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        // A writer may end a block before it is full.
        let (first, second) = text.split_at(1_500_000);
        encoder.write_all(first).unwrap();
        encoder.flush().unwrap();
        encoder.write_all(second).unwrap();
        let data = encoder.finish().unwrap();
        let before = budget.cache.decoded().units;
        let lz4 = stream("a.lz4", data.clone(), &budget);
        let opened = lz4.open(&budget);
        assert_eq!(opened.blob.len(), text.len() as u64);
        let range = 1_499_000..1_501_000;
        let got = opened.blob.read("t", range.clone()).unwrap();
        assert!(*got == text[range.start as usize..range.end as usize]);
        assert_eq!(budget.cache.decoded().units - before, 2);
        assert!(*opened.blob.read("t", 0..u64::MAX).unwrap() == text);
        assert!(*lz4.read(&budget).bytes == text);
        // A block of 1 MiB of noise is stored as it is: only its sum tells.
        let mut broken = data.clone();
        broken[3 << 20] ^= 1;
        let opened = stream("a.lz4", broken, &budget).open(&budget).clone();
        assert_eq!(opened.blob.read("t", 0..u64::MAX).is_err(), sums);
        assert!(opened.blob.read("t", 0..1 << 20).is_ok());
        // Cut: read from its start, with all that is there.
        let cut = stream("a.lz4", data[..data.len() - 9].to_vec(), &budget);
        let opened = cut.open(&budget);
        assert!(text.starts_with(&opened.blob.read("t", 0..u64::MAX).unwrap()));
        assert!(all(opened)[0].to_string().starts_with("lz4: lz4 frame at"));
    }
}

fn text_of_words() -> Vec<u8> {
    text().into_iter().cycle().take(3 << 20).collect()
}

/// A zstd frame of raw blocks: single segment, a size of four bytes.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut frame = b"\x28\xb5\x2f\xfd\xa0".to_vec();
    frame.extend((data.len() as u32).to_le_bytes());
    let mut blocks = data.chunks(128 << 10).peekable();
    while let Some(block) = blocks.next() {
        let last = u32::from(blocks.peek().is_none());
        frame.extend(&((block.len() as u32) << 3 | last).to_le_bytes()[..3]);
        frame.extend(block);
    }
    frame
}

#[test]
fn of_zstd_frames_only_those_that_are_needed_are_decoded() {
    let text = [noise(5 << 20), text_of_words(), noise(5 << 20)].concat();
    let mut data = Vec::new();
    for frame in text.chunks(3_000_000) {
        data.extend(0x184d_2a53_u32.to_le_bytes());
        data.extend([2, 0, 0, 0, 9, 9]);
        data.extend(stored(frame));
    }
    let budget = Budget::default();
    let zstd = stream("a.zst", data.clone(), &budget);
    let opened = zstd.open(&budget);
    assert_eq!(opened.blob.len(), text.len() as u64);
    assert!(*opened.blob.read("t", 2_999_990..3_000_010).unwrap() == text[2_999_990..3_000_010]);
    assert_eq!(budget.cache.decoded().units, 2);
    assert!(*opened.blob.read("t", 0..u64::MAX).unwrap() == text);
}

#[test]
fn a_large_part_is_decoded_once_and_kept_as_a_stream_is() {
    let budget = Budget::default();
    let text = noise(6 << 20);
    let mut data = [stored(&text), stored(&text)].concat();
    let opened = stream("a.zst", data.clone(), &budget).open(&budget).clone();
    let at = 7 << 20;
    assert!(*opened.blob.read("t", at..at + 100).unwrap() == text[1 << 20..(1 << 20) + 100]);
    assert!(opened.blob.read("t", 0..u64::MAX).unwrap().ends_with(&text));
    // The last frame says that it holds a byte more than it does.
    let second = data.len() / 2;
    let size = data[second + 5..].first_chunk_mut::<4>();
    let size = size.unwrap();
    *size = (u32::from_le_bytes(*size) + 1).to_le_bytes();
    let opened = stream("a.zst", data, &budget).open(&budget).clone();
    assert!(*opened.blob.read("t", 0..6 << 20).unwrap() == text);
    assert!(opened.blob.read("t", 0..u64::MAX).is_err());
}
