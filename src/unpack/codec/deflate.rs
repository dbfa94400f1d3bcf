//! Deflate streams, with zlib's frame or without.
//!
//! flate2's own readers take the end of the input for the end of the stream; here a stream that breaks
//! off is an error.

use std::io::{self, BufRead, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// Reads a stream: RFC 1951, or RFC 1950 where `zlib`.
pub(super) fn reader(data: impl BufRead, zlib: bool) -> impl Read {
    Inflate {
        data,
        decoder: Decompress::new(zlib),
        done: false,
    }
}

struct Inflate<R> {
    data: R,
    decoder: Decompress,
    done: bool,
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.done && !out.is_empty() {
            let input = self.data.fill_buf()?;
            let (before, given) = (self.decoder.total_in(), self.decoder.total_out());
            let end = input.is_empty();
            let status = self.decoder.decompress(input, out, FlushDecompress::None);
            let count = |now: u64, then| usize::try_from(now.saturating_sub(then)).unwrap_or(0);
            let used = count(self.decoder.total_in(), before);
            let got = count(self.decoder.total_out(), given);
            self.data.consume(used);
            self.done = matches!(status, Ok(Status::StreamEnd));
            if got > 0 {
                return Ok(got);
            }
            match status {
                Err(_) => return Err(io::ErrorKind::InvalidData.into()),
                Ok(_) if !self.done && end => return Err(io::ErrorKind::UnexpectedEof.into()),
                // Neither taken nor given, with room and input: it would never end.
                Ok(_) if !self.done && used == 0 => return Err(io::ErrorKind::InvalidData.into()),
                Ok(_) => {}
            }
        }
        Ok(0)
    }
}
