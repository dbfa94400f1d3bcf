//! LZMA: .xz, .lzma, and LZMA without a header.
//!
//! liblzma where C is allowed: it is twice as fast as the decoder in Rust, which stands in for it.

use std::io::{BufRead, Read};

/// .lzma header: properties, dictionary, length (*lzma-file-format.txt* of XZ Utils, section 1.1).
const HEADER: usize = 13;
/// Ours: the dictionary of headerless LZMA. erofs allows 8 MiB; a cluster is never larger than 12.
const DICTIONARY: u32 = 16 << 20;

/// One piece of LZMA without a header, as XZ Utils' MicroLZMA: the first byte is inverted `lc/lp/pb`, and
/// stands where the range coder has a zero. As many bytes as `room` takes.
pub(super) fn micro(data: &[u8], room: &mut [u8]) -> Result<usize, usize> {
    let (properties, rest) = data.split_first().ok_or(0_usize)?;
    let size = u64::try_from(room.len()).unwrap_or(u64::MAX);
    // A header is put before it: the decoder then stops at the length, which no end mark tells.
    let mut header = Vec::with_capacity(HEADER.saturating_add(1));
    header.push(!properties);
    let dictionary = u32::try_from(room.len())
        .unwrap_or(u32::MAX)
        .clamp(4096, DICTIONARY);
    header.extend_from_slice(&dictionary.to_le_bytes());
    header.extend_from_slice(&size.to_le_bytes());
    header.push(0);
    super::fill(&mut *alone(header.as_slice().chain(rest)), room)
}

#[cfg(feature = "fast-c")]
mod imp {
    use super::{BufRead, Read};
    use crate::unpack::codec::{Refused, WINDOW};
    use liblzma::bufread::XzDecoder;
    use liblzma::stream::{CONCATENATED, Stream};

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
}

pub(super) use imp::{alone, xz};
