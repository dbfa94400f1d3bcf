//! Zstandard frames, RFC 8878.

use std::io::{BufRead, Read};

#[cfg(feature = "fast-c")]
pub(super) fn frames<'a>(data: impl BufRead + 'a) -> Box<dyn Read + 'a> {
    /// Window of `zstd --ultra -22`: 128 MiB, as the reference decoder takes without being asked.
    const LOG: u32 = 27;
    match zstd::stream::read::Decoder::with_buffer(data) {
        Ok(mut decoder) => match decoder.window_log_max(LOG) {
            Ok(()) => Box::new(decoder),
            Err(_) => Box::new(super::Refused),
        },
        Err(_) => Box::new(super::Refused),
    }
}

#[cfg(not(feature = "fast-c"))]
pub(super) fn frames<'a>(data: impl BufRead + 'a) -> Box<dyn Read + 'a> {
    Box::new(Frames {
        decoder: None,
        data: Some(data),
    })
}

/// Frames, one after another; the decoder in Rust ends with the first.
#[cfg(not(feature = "fast-c"))]
struct Frames<R: BufRead> {
    decoder: Option<ruzstd::decoding::StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>,
    data: Option<R>,
}

#[cfg(not(feature = "fast-c"))]
impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                let n = decoder.read(buf)?;
                if n > 0 || buf.is_empty() {
                    return Ok(n);
                }
                self.data = self.decoder.take().map(|decoder| decoder.into_inner());
            }
            let Some(mut data) = self.data.take() else {
                return Ok(0);
            };
            if data.fill_buf()?.is_empty() {
                return Ok(0);
            }
            let decoder = ruzstd::decoding::StreamingDecoder::new(data).map_err(std::io::Error::other)?;
            self.decoder = Some(decoder);
        }
    }
}
