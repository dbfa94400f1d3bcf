//! A blob from its start to its end.

use std::io::{self, BufRead, Read};

use super::Blob;

/// Bytes that are read at once. Large enough that a call costs nothing beside decoding what it gave.
const CHUNK: usize = 128 << 10;
/// Bytes that are read at once where more cannot be: the block of most layers.
const BLOCK: u64 = 4096;

/// Reads a [`Blob`] in order, a piece at a time. Where a layer below cannot give a byte, the error is
/// that layer's, after all bytes before that block.
#[derive(Debug)]
pub struct Reader {
    blob: Blob,
    /// Where the next piece starts.
    next: u64,
    /// This piece, and how much of it there is and was taken.
    piece: Vec<u8>,
    len: usize,
    taken: usize,
}

impl Blob {
    /// Its bytes in order.
    pub fn reader(&self) -> Reader {
        Reader {
            blob: self.clone(),
            next: 0,
            piece: Vec::new(),
            len: 0,
            taken: 0,
        }
    }
}

impl BufRead for Reader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken >= self.len && self.next < self.blob.len() {
            self.piece.resize(CHUNK, 0);
            self.len = match self.blob.read_at(self.next, &mut self.piece) {
                Ok(got) => got,
                Err(_) => {
                    let rest = BLOCK.saturating_sub(self.next % BLOCK);
                    let rest = usize::try_from(rest).unwrap_or(CHUNK);
                    let piece = self.piece.get_mut(..rest).unwrap_or_default();
                    self.blob.read_at(self.next, piece)?
                }
            };
            self.next = self
                .next
                .saturating_add(u64::try_from(self.len).unwrap_or(u64::MAX));
            self.taken = 0;
        }
        Ok(self.piece.get(self.taken..self.len).unwrap_or_default())
    }

    fn consume(&mut self, n: usize) {
        self.taken = self.taken.saturating_add(n).min(self.len);
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = self.fill_buf()?;
        let n = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.consume(n);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{Extents, Fill, Gap};

    #[test]
    fn every_byte_comes_once_and_in_order() {
        let whole: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut pieces = Extents::new("t", 1_200_000);
        pieces.push(0, 7, Fill::From(Blob::from(whole[..7].to_vec())));
        pieces.push(7, 1_199_993, Fill::From(Blob::from(whole[7..].to_vec())));
        for blob in [Blob::from(whole.clone()), pieces.into_blob()] {
            let mut got = Vec::new();
            blob.reader().read_to_end(&mut got).unwrap();
            assert!(got == whole);
        }
    }

    #[test]
    fn a_piece_that_is_lost_is_an_error_after_what_came_before() {
        let mut pieces = Extents::new("t", 400_000);
        pieces.push(204_800, 200_000, Fill::Lost(Gap::invalid("xz", 9, "block", 1)));
        let mut reader = pieces.into_blob().reader();
        let mut got = Vec::new();
        let error = reader.read_to_end(&mut got).unwrap_err();
        assert_eq!(Gap::of(error, "t", 0), Gap::invalid("xz", 9, "block", 1));
        assert_eq!(got.len(), 204_800);
    }
}
