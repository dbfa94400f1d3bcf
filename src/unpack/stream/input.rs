//! A stream while it is being decoded.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use crate::bytes::{Blob, Budget, Bytes, Gap, wide};

use super::super::codec::{self, Codec, Mismatch, Streams};

/// Bytes that are read of the layer below at once, and fewer where those cannot be read: the stream is
/// followed to the last byte that is there.
const CHUNKS: [u64; 5] = [256 << 10, 4096, 256, 16, 1];

/// A blob as a stream. What it tells besides its bytes outlives the decoder that it is given to.
struct Input {
    format: &'static str,
    blob: Blob,
    /// What was read last, from `at` on.
    chunk: Bytes,
    told: Rc<Told>,
}

/// How far a stream was read.
#[derive(Default)]
struct Told {
    /// Bytes that were taken.
    used: Cell<u64>,
    /// Why the layer below could not be read.
    gap: RefCell<Option<Gap>>,
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.chunk.is_empty() {
            let at = self.told.used.get();
            let mut lost = None;
            for len in CHUNKS {
                match self.blob.read(self.format, at..at.saturating_add(len)) {
                    Ok(bytes) => {
                        self.chunk = bytes;
                        return Ok(&self.chunk);
                    }
                    Err(gap) => lost = Some(gap),
                }
            }
            if let Some(gap) = lost {
                *self.told.gap.borrow_mut() = Some(gap.clone());
                return Err(gap.into());
            }
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, n: usize) {
        self.chunk = self.chunk.slice(n..usize::MAX);
        let used = self.told.used.get().saturating_add(wide(n));
        self.told.used.set(used);
    }
}

impl Read for Input {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let have = self.fill_buf()?;
        let n = have.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), have.get(..n)) {
            to.copy_from_slice(from);
        }
        self.consume(n);
        Ok(n)
    }
}

/// A stream that is being decoded, and what was wrong or odd with it so far.
pub(super) struct Decoding<'a> {
    codec: Codec,
    format: &'static str,
    streams: Streams<'a, Input>,
    told: Rc<Told>,
    len: u64,
    /// Bytes that came out.
    got: u64,
    /// What the stream says that it holds.
    claim: Option<u64>,
    /// Sums that were wrong; the bytes are kept.
    gaps: Vec<Gap>,
}

/// Gaps that are kept of one stream; a thousand are one story.
const GAPS: usize = 16;

impl Decoding<'_> {
    pub(super) fn new(codec: Codec, format: &'static str, blob: &Blob, claim: Option<u64>) -> Self {
        let told = Rc::<Told>::default();
        let input = Input {
            format,
            blob: blob.clone(),
            chunk: Bytes::default(),
            told: Rc::clone(&told),
        };
        Self {
            codec,
            format,
            streams: codec::streams(codec, input),
            told,
            len: blob.len(),
            got: 0,
            claim,
            gaps: Vec::new(),
        }
    }

    /// The same as [`Decoding::next`], of a stream that does not hold more than an honest one.
    pub(super) fn within(&mut self, buf: &mut [u8], budget: &Budget) -> Result<usize, Gap> {
        let n = self.next(buf)?;
        // Of the whole stream, not of what was taken so far: an image may begin with zeros.
        budget.ratio(self.format, 0, self.len, self.got)?;
        Ok(n)
    }

    /// The next bytes into the front of `buf`; none at the end.
    pub(super) fn next(&mut self, buf: &mut [u8]) -> Result<usize, Gap> {
        loop {
            match self.streams.read(buf) {
                Ok(n) => {
                    self.got = self.got.saturating_add(wide(n));
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    let gap = self.gap(&e);
                    let only_a_sum = e.get_ref().is_some_and(|e| e.is::<Mismatch>());
                    if !only_a_sum || self.gaps.len() >= GAPS {
                        return Err(gap);
                    }
                    self.gaps.push(gap);
                }
            }
        }
    }

    fn gap(&self, e: &io::Error) -> Gap {
        if let Some(gap) = self.told.gap.borrow().clone() {
            return gap;
        }
        let at = self.told.used.get();
        if e.get_ref().is_some_and(|e| e.is::<Mismatch>()) {
            return Gap::invalid(self.format, at, "checksum", self.got);
        }
        codec::gap(
            self.codec,
            self.format,
            at,
            e.kind(),
            self.got,
            self.claim.unwrap_or(0),
        )
    }

    /// What is to be told beside why it ended early: where it did not, what is behind it is looked at.
    pub(super) fn end(&mut self, is_whole: bool) -> Vec<Gap> {
        let mut gaps = std::mem::take(&mut self.gaps);
        if is_whole {
            gaps.extend(self.behind());
        }
        gaps
    }

    /// What is odd behind the last stream. Zeros are not, they fill a block or a tape.
    fn behind(&mut self) -> Option<Gap> {
        let used = self.told.used.get();
        let data = self.streams.behind()?;
        let at = used.saturating_sub(data.held());
        loop {
            let have = data.fill_buf().ok()?;
            if have.is_empty() {
                return None;
            }
            if have.iter().any(|b| *b != 0) {
                let left = self.len.saturating_sub(at);
                return Some(Gap::odd(self.format, at, "bytes behind the stream", left));
            }
            let all = have.len();
            data.consume(all);
        }
    }

    /// Bytes that came out so far.
    pub(super) fn got(&self) -> u64 {
        self.got
    }
}
