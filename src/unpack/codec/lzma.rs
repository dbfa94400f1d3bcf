//! LZMA: .xz and .lzma.
//!
//! liblzma where C is allowed: it is twice as fast as the decoder in Rust, which stands in for it.

/// What a .xz stream begins with (*xz-file-format.txt* 2.1.1.1).
pub(in crate::unpack) const MAGIC: [u8; 6] = *b"\xfd7zXZ\0";
/// What a decoder holds beside its dictionary: tables, and the slack of liblzma's own reckoning.
#[cfg(feature = "fast-c")]
const BESIDE: u64 = 1 << 20;

#[cfg(feature = "fast-c")]
mod imp {
    use std::io::{self, BufRead};

    use liblzma::stream::{Action, Error, Status, Stream};

    use super::BESIDE;
    use crate::unpack::codec::pull::{Engine, Pull, Step, counted};
    use crate::unpack::codec::streams::{One, Peek};
    use crate::unpack::codec::{Refused, WINDOW};

    impl Engine for Stream {
        fn step(&mut self, input: &[u8], out: &mut [u8], last: bool) -> Step {
            let before = (self.total_in(), self.total_out());
            let action = if last { Action::Finish } else { Action::Run };
            let end = match self.process(input, out, action) {
                Ok(status) => Ok(status == Status::StreamEnd),
                Err(e) => Err(e.into()),
            };
            counted(before, (self.total_in(), self.total_out()), end)
        }
    }

    fn open<'a, R: BufRead + 'a>(data: Peek<R>, stream: Result<Stream, Error>) -> Box<dyn One<R> + 'a> {
        match stream {
            Ok(stream) => Box::new(Pull::new(data, stream)),
            Err(_) => Box::new(Refused(data)),
        }
    }

    pub(in crate::unpack::codec) fn xz<'a, R: BufRead + 'a>(data: Peek<R>) -> Box<dyn One<R> + 'a> {
        open(data, Stream::new_stream_decoder(WINDOW.saturating_add(BESIDE), 0))
    }

    pub(in crate::unpack::codec) fn alone<'a, R: BufRead + 'a>(data: Peek<R>) -> Box<dyn One<R> + 'a> {
        open(data, Stream::new_lzma_decoder(WINDOW.saturating_add(BESIDE)))
    }

    pub(in crate::unpack::codec) fn told(e: io::Error) -> io::Error {
        let kind = match e.get_ref().and_then(|e| e.downcast_ref::<Error>()) {
            Some(Error::MemLimit | Error::Mem) => io::ErrorKind::OutOfMemory,
            Some(Error::Options | Error::UnsupportedCheck) => io::ErrorKind::Unsupported,
            _ => return e,
        };
        io::Error::new(kind, e)
    }
}

#[cfg(not(feature = "fast-c"))]
mod imp {
    use std::io::{self, BufRead};

    use lzma_rust2::{Action, LzmaStream, Status, XzReader};

    use crate::unpack::codec::WINDOW;
    use crate::unpack::codec::pull::{Engine, Pull, Step};
    use crate::unpack::codec::streams::{One, Peek};

    /// The limit in KiB, with what the decoder reckons beside the dictionary.
    fn limit() -> u32 {
        u32::try_from(WINDOW >> 10)
            .unwrap_or(u32::MAX)
            .saturating_add(1024)
    }

    impl<R: BufRead> One<R> for XzReader<Peek<R>> {
        fn rest(self: Box<Self>) -> Option<Peek<R>> {
            Some(self.into_inner())
        }
    }

    pub(in crate::unpack::codec) fn xz<'a, R: BufRead + 'a>(data: Peek<R>) -> Box<dyn One<R> + 'a> {
        Box::new(XzReader::new_mem_limit(data, false, limit()))
    }

    /// A .lzma stream. The decoder takes input ahead, so what is behind the stream is not known.
    impl Engine for LzmaStream {
        fn step(&mut self, input: &[u8], out: &mut [u8], last: bool) -> Step {
            let action = if last { Action::Finish } else { Action::Run };
            match self.process(input, out, action) {
                Ok(done) => Step {
                    used: done.bytes_consumed,
                    made: done.bytes_produced,
                    end: Ok(done.status == Status::StreamEnd),
                },
                Err(e) => Step {
                    used: 0,
                    made: 0,
                    end: Err(e),
                },
            }
        }
    }

    pub(in crate::unpack::codec) fn alone<'a, R: BufRead + 'a>(data: Peek<R>) -> Box<dyn One<R> + 'a> {
        Box::new(Pull::new(data, LzmaStream::new_mem_limit(limit(), None)))
    }

    pub(in crate::unpack::codec) fn told(e: io::Error) -> io::Error {
        e
    }
}

pub(super) use imp::{alone, told, xz};
