//! LZMA: .xz, .lzma, and LZMA without a header.
//!
//! liblzma where C is allowed: it is twice as fast as the decoder in Rust, which stands in for it.

use std::io::{BufRead, Read};

/// .lzma header: properties, dictionary, length (*lzma-file-format.txt* of XZ Utils, section 1.1).
const HEADER: usize = 13;
/// Ours: the dictionary of headerless LZMA. erofs allows 8 MiB; a cluster is never larger than 12.
const DICTIONARY: u32 = 16 << 20;

/// One piece of LZMA without a header, as XZ Utils' MicroLZMA: the first byte is inverted `lc/lp/pb`, and
/// stands where the range coder has a zero. `room` is filled to its end where it is `exact`; else as far as
/// it goes, and then nothing tells where the data ended and what was made of no data begins.
pub(super) fn micro(data: &[u8], room: &mut [u8], exact: bool) -> Result<usize, usize> {
    let (properties, rest) = data.split_first().ok_or(0_usize)?;
    let size = match exact {
        true => u64::try_from(room.len()).unwrap_or(u64::MAX),
        false => u64::MAX,
    };
    // A header is put before it: the decoder then stops at the length, which no end mark tells.
    let mut all = Vec::with_capacity(data.len().saturating_add(HEADER));
    all.push(!properties);
    let dictionary = u32::try_from(room.len())
        .unwrap_or(u32::MAX)
        .clamp(4096, DICTIONARY);
    all.extend_from_slice(&dictionary.to_le_bytes());
    all.extend_from_slice(&size.to_le_bytes());
    all.push(0);
    all.extend_from_slice(rest);
    match whole(&all, room) {
        (done, true) => Ok(done),
        (done, false) if exact => Err(done),
        (done, false) => Ok(done),
    }
}

#[cfg(feature = "fast-c")]
mod imp {
    use super::{BufRead, Read};
    use crate::unpack::codec::{Refused, WINDOW};
    use liblzma::bufread::XzDecoder;
    use liblzma::stream::{Action, CONCATENATED, Status, Stream};

    pub(in crate::unpack::codec) fn xz<'a>(data: impl BufRead + 'a) -> Box<dyn Read + 'a> {
        match Stream::new_stream_decoder(WINDOW, CONCATENATED) {
            Ok(stream) => Box::new(XzDecoder::new_stream(data, stream)),
            Err(_) => Box::new(Refused),
        }
    }

    pub(in crate::unpack::codec) fn alone<'a>(data: impl BufRead + 'a) -> Box<dyn Read + 'a> {
        match Stream::new_lzma_decoder(WINDOW) {
            Ok(stream) => Box::new(XzDecoder::new_stream(data, stream)),
            Err(_) => Box::new(Refused),
        }
    }

    /// A .lzma stream; how many bytes came out, and whether it ended where it should.
    pub(in crate::unpack::codec) fn whole(data: &[u8], room: &mut [u8]) -> (usize, bool) {
        let Ok(mut stream) = Stream::new_lzma_decoder(WINDOW) else {
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
}

#[cfg(not(feature = "fast-c"))]
mod imp {
    use super::{BufRead, Read};
    use crate::unpack::codec::{Refused, WINDOW};
    use lzma_rust2::{LzmaReader, XzReader};

    pub(in crate::unpack::codec) fn xz<'a>(data: impl BufRead + 'a) -> Box<dyn Read + 'a> {
        Box::new(XzReader::new(data, true))
    }

    pub(in crate::unpack::codec) fn alone<'a>(data: impl BufRead + 'a) -> Box<dyn Read + 'a> {
        let limit = u32::try_from(WINDOW >> 10).unwrap_or(u32::MAX);
        match LzmaReader::new_mem_limit(data, limit, None) {
            Ok(reader) => Box::new(reader),
            Err(_) => Box::new(Refused),
        }
    }

    /// A .lzma stream; how many bytes came out, and whether it was sound to there.
    pub(in crate::unpack::codec) fn whole(data: &[u8], room: &mut [u8]) -> (usize, bool) {
        match super::super::fill(&mut *alone(data), room) {
            Ok(done) => (done, true),
            Err(done) => (done, false),
        }
    }
}

use imp::whole;
pub(super) use imp::{alone, xz};
