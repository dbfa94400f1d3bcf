//! Clusters of compressed file systems: what has no frame, is cut before its end, or has something else
//! behind it.
//!
//! Spec: `lz4_Block_format.md` 1.6 of the LZ4 project; `lzma_microlzma_decoder` in `lzma/container.h` of
//! XZ Utils 5.4.

use lz4_flex::block;

/// Bytes of an LZ4 offset.
const OFFSET: usize = 2;
/// Shortest match of LZ4.
const MIN_MATCH: usize = 4;
/// .lzma header: properties, dictionary, length (*lzma-file-format.txt* of XZ Utils, section 1.1).
const HEADER: usize = 13;
/// Ours: the dictionary of headerless LZMA. erofs allows 8 MiB; a cluster is never larger than 12.
const DICTIONARY: u32 = 16 << 20;

/// One LZ4 block into the front of `room`; how many bytes. What comes out beyond it is not looked at.
pub(in crate::unpack) fn lz4(data: &[u8], room: &mut [u8]) -> Result<usize, usize> {
    block::decompress_into(data, room).or_else(|_| lz4_front(data, room))
}

/// One LZ4 block up to where `room` is full, whatever is behind that. The library's decoder has no such end.
pub(in crate::unpack) fn lz4_front(data: &[u8], room: &mut [u8]) -> Result<usize, usize> {
    let mut done = 0_usize;
    let mut rest = data;
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        let literals = length(&mut rest, token >> 4).ok_or(done)?;
        let left = room.get_mut(done..).unwrap_or_default();
        let n = literals.min(left.len());
        let (from, after) = rest.split_at_checked(n).ok_or(done)?;
        left.get_mut(..n).unwrap_or_default().copy_from_slice(from);
        done = done.saturating_add(n);
        rest = after;
        // The last sequence has no match.
        if done >= room.len() || rest.is_empty() {
            return Ok(done);
        }
        let (offset, after) = rest.split_first_chunk::<OFFSET>().ok_or(done)?;
        rest = after;
        let offset = usize::from(u16::from_le_bytes(*offset));
        let matched = length(&mut rest, token & 0xf).ok_or(done)?;
        let end = done
            .saturating_add(matched)
            .saturating_add(MIN_MATCH)
            .min(room.len());
        let from = done.checked_sub(offset).filter(|_| offset > 0).ok_or(done)?;
        while done < end {
            // What was just written is repeated: each round has twice as much to copy.
            let n = end.saturating_sub(done).min(done.saturating_sub(from));
            room.copy_within(from..from.saturating_add(n), done);
            done = done.saturating_add(n);
        }
        if done >= room.len() {
            return Ok(done);
        }
    }
    Err(done)
}

/// A length that starts with four bits of a token and goes on in bytes while those are 255.
fn length(data: &mut &[u8], bits: u8) -> Option<usize> {
    let mut sum = usize::from(bits);
    if bits < 0xf {
        return Some(sum);
    }
    loop {
        let (byte, rest) = data.split_first()?;
        *data = rest;
        sum = sum.saturating_add((*byte).into());
        if *byte < 0xff {
            return Some(sum);
        }
    }
}

/// One piece of LZMA without a header, as XZ Utils' MicroLZMA: the first byte is inverted `lc/lp/pb`, and
/// stands where the range coder has a zero. `room` is filled to its end where it is `exact`, and the data
/// has to end there too; else as far as it goes, and nothing tells where what the data held ends and what is
/// made of nothing begins.
pub(in crate::unpack) fn micro_lzma(data: &[u8], room: &mut [u8], exact: bool) -> Result<usize, usize> {
    let (properties, rest) = data.split_first().ok_or(0_usize)?;
    let size = match exact {
        true => u64::try_from(room.len()).unwrap_or(u64::MAX),
        false => u64::MAX,
    };
    // A header is put before it: the decoder then stops at the length, which no end mark tells.
    let mut all = Vec::with_capacity(data.len().saturating_add(HEADER));
    all.push(!properties);
    let dictionary = u32::try_from(room.len()).unwrap_or(u32::MAX);
    all.extend_from_slice(&dictionary.clamp(4096, DICTIONARY).to_le_bytes());
    all.extend_from_slice(&size.to_le_bytes());
    all.push(0);
    all.extend_from_slice(rest);
    match lzma(&all, room) {
        (done, true) => Ok(done),
        (done, false) if exact => Err(done),
        (done, false) => Ok(done),
    }
}

/// Ours: what a decoder may hold, the dictionary and its tables: bytes, of the one in Rust KiB.
#[cfg(feature = "fast-c")]
const MEMORY: u64 = 32 << 20;
#[cfg(not(feature = "fast-c"))]
const MEMORY: u32 = 32 << 10;

/// A .lzma stream; how many bytes came out, and whether it ended where it should.
#[cfg(feature = "fast-c")]
fn lzma(data: &[u8], room: &mut [u8]) -> (usize, bool) {
    use liblzma::stream::{Action, Status, Stream};

    let Ok(mut stream) = Stream::new_lzma_decoder(MEMORY) else {
        return (0, false);
    };
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    // Once for all of it, and once more to be told that it was all.
    for _ in 0..2 {
        let input = data.get(at(stream.total_in())..).unwrap_or_default();
        let rest = room.get_mut(at(stream.total_out())..).unwrap_or_default();
        match stream.process(input, rest, Action::Finish) {
            Ok(Status::Ok) => {}
            end => return (at(stream.total_out()), matches!(end, Ok(Status::StreamEnd))),
        }
    }
    (at(stream.total_out()), false)
}

/// A .lzma stream; how many bytes came out, and whether it ended where it should.
#[cfg(not(feature = "fast-c"))]
fn lzma(data: &[u8], room: &mut [u8]) -> (usize, bool) {
    use lzma_rust2::{Action, LzmaStream, Status};

    let mut stream = LzmaStream::new_mem_limit(MEMORY, None);
    let (mut used, mut done) = (0_usize, 0_usize);
    loop {
        let input = data.get(used..).unwrap_or_default();
        let rest = room.get_mut(done..).unwrap_or_default();
        let Ok(step) = stream.process(input, rest, Action::Finish) else {
            return (done, false);
        };
        used = used.saturating_add(step.bytes_consumed);
        done = done.saturating_add(step.bytes_produced);
        if step.status == Status::StreamEnd {
            return (done, true);
        }
        if step.bytes_consumed == 0 && step.bytes_produced == 0 {
            return (done, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text in which LZ4 finds matches near and far, and literals.
    fn text(len: usize) -> Vec<u8> {
        let words = (0_u32..).flat_map(|n| format!("{} ", n.wrapping_mul(n) % 97).into_bytes());
        words.take(len).collect()
    }

    #[test]
    fn an_lz4_block_is_cut_anywhere_and_may_have_anything_behind_it() {
        let all = text(70_000);
        let mut packed = block::compress(&all);
        for cut in [0, 1, 4, 5, 100, 4096, 65_535, 69_990, 70_000] {
            let mut room = vec![0; cut];
            assert_eq!(lz4(&packed, &mut room), Ok(cut));
            assert!(room == all[..cut]);
        }
        packed.extend([0xff; 50]);
        let mut room = vec![0; all.len()];
        assert_eq!(lz4_front(&packed, &mut room), Ok(all.len()));
        assert!(room == all);
    }

    #[test]
    fn an_lz4_block_that_repeats_one_byte_is_cut_too() {
        let all = vec![7; 5000];
        let packed = block::compress(&all);
        let mut room = vec![0; 3000];
        assert_eq!(lz4_front(&packed, &mut room), Ok(3000));
        assert!(room == all[..3000]);
    }

    #[test]
    fn a_broken_lz4_block_says_how_far_it_went() {
        // Two literals, then a match that goes back by three.
        assert_eq!(lz4_front(&[0x20, 1, 2, 3, 0], &mut [0; 9]), Err(2));
        assert_eq!(lz4_front(&[0x20, 1], &mut [0; 9]), Err(0));
        assert_eq!(lz4_front(&[], &mut [0; 9]), Err(0));
        for cut in 0..200 {
            let packed = block::compress(&text(4000));
            let _ = lz4_front(&packed[..cut], &mut [0; 4000]);
        }
    }
}
