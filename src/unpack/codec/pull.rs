//! Decoders that are fed buffers, made into readers.
//!
//! The libraries' own readers drop what came out of the call that failed; here those bytes come first and
//! the error after them.

use std::io::{self, BufRead, Read};

use super::streams::{One, Peek};

/// What one step of a decoder did.
pub(super) struct Step {
    /// Bytes of input that it took.
    pub(super) used: usize,
    /// Bytes of output that it made.
    pub(super) made: usize,
    /// Whether the stream is at its end.
    pub(super) end: io::Result<bool>,
}

/// A decoder of one stream.
pub(super) trait Engine {
    /// Goes on. `last`: there is no more input than this.
    fn step(&mut self, input: &[u8], out: &mut [u8], last: bool) -> Step;
}

/// A decoder and its input.
pub(super) struct Pull<R, E> {
    data: Peek<R>,
    engine: E,
    end: Option<io::Result<()>>,
}

impl<R: BufRead, E: Engine> Pull<R, E> {
    pub(super) fn new(data: Peek<R>, engine: E) -> Self {
        Self {
            data,
            engine,
            end: None,
        }
    }

    pub(super) fn into_inner(self) -> Peek<R> {
        self.data
    }
}

impl<R: BufRead, E: Engine> Read for Pull<R, E> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !buf.is_empty() {
            match &mut self.end {
                Some(Ok(())) => break,
                Some(end) => return std::mem::replace(end, Ok(())).map(|()| 0),
                None => {}
            }
            let input = match self.data.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                input => input?,
            };
            let last = input.is_empty();
            let step = self.engine.step(input, buf, last);
            self.data.consume(step.used);
            self.end = match step.end {
                Ok(true) => Some(Ok(())),
                Ok(false) if step.made > 0 || step.used > 0 => None,
                Ok(false) if last => Some(Err(io::ErrorKind::UnexpectedEof.into())),
                Ok(false) => Some(Err(io::ErrorKind::InvalidData.into())),
                Err(e) => Some(Err(e)),
            };
            if step.made > 0 {
                return Ok(step.made);
            }
        }
        Ok(0)
    }
}

impl<R: BufRead, E: Engine> One<R> for Pull<R, E> {
    fn rest(self: Box<Self>) -> Option<Peek<R>> {
        Some(self.data)
    }
}

/// How far two counters have come, as a step.
pub(super) fn counted(before: (u64, u64), after: (u64, u64), end: io::Result<bool>) -> Step {
    let diff = |after: u64, before: u64| usize::try_from(after.saturating_sub(before)).unwrap_or(0);
    Step {
        used: diff(after.0, before.0),
        made: diff(after.1, before.1),
        end,
    }
}

impl Engine for flate2::Decompress {
    fn step(&mut self, input: &[u8], out: &mut [u8], _: bool) -> Step {
        let before = (self.total_in(), self.total_out());
        let end = match self.decompress(input, out, flate2::FlushDecompress::None) {
            Ok(status) => Ok(status == flate2::Status::StreamEnd),
            Err(e) => Err(io::Error::new(io::ErrorKind::InvalidData, e)),
        };
        counted(before, (self.total_in(), self.total_out()), end)
    }
}

impl Engine for bzip2::Decompress {
    fn step(&mut self, input: &[u8], out: &mut [u8], _: bool) -> Step {
        let before = (self.total_in(), self.total_out());
        let end = match self.decompress(input, out) {
            Ok(status) => Ok(status == bzip2::Status::StreamEnd),
            Err(e) => Err(io::Error::new(io::ErrorKind::InvalidData, e)),
        };
        counted(before, (self.total_in(), self.total_out()), end)
    }
}
