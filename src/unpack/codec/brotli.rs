//! Brotli, RFC 7932.

use std::io;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::pull::{Engine, Step};

/// A decoder. "Large windows" (up to 1 GiB, no part of the RFC) are refused: nothing that a device reads
/// has them.
pub(super) struct Decoder {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    total: usize,
}

impl Decoder {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self {
            state: BrotliState::new_strict(alloc(), alloc(), alloc()),
            total: 0,
        }
    }
}

impl Engine for Decoder {
    fn step(&mut self, input: &[u8], out: &mut [u8], _: bool) -> Step {
        let (mut left, mut used) = (input.len(), 0);
        let (mut room, mut made) = (out.len(), 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut used,
            input,
            &mut room,
            &mut made,
            out,
            &mut self.total,
            &mut self.state,
        );
        let end = match result {
            BrotliResult::ResultSuccess => Ok(true),
            BrotliResult::ResultFailure => Err(io::ErrorKind::InvalidData.into()),
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(false),
        };
        Step { used, made, end }
    }
}
