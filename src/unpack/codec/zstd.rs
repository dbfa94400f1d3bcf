//! Zstandard frames, RFC 8878.

use std::io::{self, BufRead};

use super::streams::{One, Peek};

/// What a frame begins with (3.1.1).
pub(in crate::unpack) const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

#[cfg(feature = "fast-c")]
mod imp {
    use std::io::{self, BufRead};

    use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation as _, OutBuffer};

    use super::super::pull::{Engine, Pull, Step};
    use super::{One, Peek};
    use crate::unpack::codec::{Refused, WINDOW};

    struct Frame(Decoder<'static>);

    impl Engine for Frame {
        fn step(&mut self, input: &[u8], out: &mut [u8], _: bool) -> Step {
            let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(out));
            let end = self.0.run(&mut from, &mut to).map(|left| left == 0);
            Step {
                used: from.pos(),
                made: to.pos(),
                end,
            }
        }
    }

    pub(in crate::unpack::codec) fn frame<'a, R: BufRead + 'a>(data: Peek<R>) -> Box<dyn One<R> + 'a> {
        let decoder = Decoder::new().and_then(|mut decoder| {
            decoder.set_parameter(DParameter::WindowLogMax(WINDOW.ilog2()))?;
            Ok(decoder)
        });
        match decoder {
            Ok(decoder) => Box::new(Pull::new(data, Frame(decoder))),
            Err(_) => Box::new(Refused(data)),
        }
    }

    pub(in crate::unpack::codec) fn told(e: io::Error) -> io::Error {
        // `ZSTD_error_frameParameter_windowTooLarge`; the crate hands on the text alone.
        if e.to_string().contains("too much memory") {
            return io::Error::new(io::ErrorKind::OutOfMemory, e);
        }
        e
    }
}

#[cfg(not(feature = "fast-c"))]
mod imp {
    use std::io::{self, BufRead, Read};

    use ruzstd::decoding::errors::FrameDecoderError;
    use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

    use super::{One, Peek};
    use crate::unpack::codec::WINDOW;

    /// A frame, whose header is read with its first byte.
    enum Frame<R: BufRead> {
        Before(Option<Peek<R>>),
        In(Box<StreamingDecoder<Peek<R>, FrameDecoder>>),
    }

    impl<R: BufRead> Read for Frame<R> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if let Self::Before(data) = self {
                let Some(data) = data.take() else { return Ok(0) };
                let decoder = StreamingDecoder::new_with_max_window_size(data, WINDOW);
                let decoder = decoder.map_err(|e| {
                    let kind = match &e {
                        FrameDecoderError::WindowSizeTooBig { .. } => io::ErrorKind::OutOfMemory,
                        _ => io::ErrorKind::InvalidData,
                    };
                    io::Error::new(kind, e)
                })?;
                *self = Self::In(Box::new(decoder));
            }
            let Self::In(decoder) = self else { return Ok(0) };
            let got = decoder.read(buf)?;
            if got == 0 && !buf.is_empty() {
                // The library only reckons it.
                let said = decoder.decoder.get_checksum_from_data();
                if said.is_some_and(|said| decoder.decoder.get_calculated_checksum() != Some(said)) {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "checksum"));
                }
            }
            Ok(got)
        }
    }

    impl<R: BufRead> One<R> for Frame<R> {
        fn rest(self: Box<Self>) -> Option<Peek<R>> {
            match *self {
                Self::Before(data) => data,
                Self::In(decoder) => Some(decoder.into_inner()),
            }
        }
    }

    pub(in crate::unpack::codec) fn frame<'a, R: BufRead + 'a>(data: Peek<R>) -> Box<dyn One<R> + 'a> {
        Box::new(Frame::Before(Some(data)))
    }

    pub(in crate::unpack::codec) fn told(e: io::Error) -> io::Error {
        e
    }
}

/// One frame.
pub(super) fn frame<'a, R: BufRead + 'a>(data: Peek<R>) -> Box<dyn One<R> + 'a> {
    imp::frame(data)
}

/// An error of the decoder, of the kind that is promised.
pub(super) fn told(e: io::Error) -> io::Error {
    imp::told(e)
}
