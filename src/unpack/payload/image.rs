//! A partition's image, of which nothing is there until it is read.

use std::collections::BTreeMap;
use std::io;
use std::sync::OnceLock;

use crate::bytes::{Blob, Bytes, Gap, Source};

use super::NAME;
use super::step::{Action, Base, Step, Store};

/// A run of bytes of an image that come from one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// Bytes from the image's start.
    pub(super) at: u64,
    pub(super) len: u64,
    /// Its number in [`Image::steps`].
    pub(super) step: usize,
    /// Bytes from the start of what the step puts out.
    pub(super) skip: u64,
}

/// Pieces that looking for the next one with data goes over: zeros and losses are one piece each.
const AHEAD: usize = 8;

/// An image as its operations make it.
pub(super) struct Image {
    len: u64,
    /// Bytes of a block.
    block: u64,
    /// By place. They cover all, and none overlaps another.
    pieces: Vec<Piece>,
    steps: Vec<Step>,
    base: Option<Base>,
    store: Store,
    /// What is kept as pages, by step.
    large: BTreeMap<usize, OnceLock<Result<Blob, Gap>>>,
}

impl Image {
    pub(super) fn new(
        (len, block): (u64, u64),
        pieces: Vec<Piece>,
        steps: Vec<Step>,
        base: Option<Base>,
        store: Store,
    ) -> Self {
        let large = steps.iter().enumerate().filter(|(_, step)| step.is_large());
        Self {
            len,
            block,
            large: large.map(|(number, _)| (number, OnceLock::new())).collect(),
            pieces,
            steps,
            base,
            store,
        }
    }

    /// The piece at a byte, and its number.
    fn find(&self, at: u64) -> Option<(usize, &Piece)> {
        let number = self
            .pieces
            .partition_point(|piece| piece.at <= at)
            .checked_sub(1)?;
        self.pieces.get(number).map(|piece| (number, piece))
    }

    /// Fills the front of `buf` from byte `skip` of a step on; `at` is the same byte of the image.
    fn read(&self, number: usize, skip: u64, at: u64, buf: &mut [u8]) -> Result<usize, Gap> {
        let Some(step) = self.steps.get(number) else {
            return Ok(0);
        };
        let base = self.base.as_ref();
        let unit = (self.store.number, u64::try_from(number).unwrap_or(u64::MAX));
        match &step.action {
            Action::Lost(gap) => Err((**gap).clone()),
            Action::Zero => {
                buf.fill(0);
                Ok(buf.len())
            }
            Action::Keep => {
                let Some(base) = base else { return Ok(0) };
                base.check()?;
                self.copy(&base.blob.slice(0..base.size), step, at, buf)
            }
            Action::Copy(blob, _) => {
                // Nothing is kept but that it is right.
                let check = || step.check(base).map(|()| Bytes::default());
                self.store.cache.get(unit, check)?;
                self.copy(blob, step, skip, buf)
            }
            Action::Decode(..) | Action::Patch(_) => match self.large.get(&number) {
                Some(pages) => {
                    let pages = pages.get_or_init(|| step.pages(&self.store, base)).clone()?;
                    self.copy(&pages, step, skip, buf)
                }
                None => {
                    let decode = || step.decode(&self.store, base);
                    let bytes = match step.is_slow() {
                        true => self.store.cache.get_slow(unit, decode)?,
                        false => self.store.cache.get(unit, decode)?,
                    };
                    self.copy(&Blob::from(bytes), step, skip, buf)
                }
            },
        }
    }

    /// Copies from what a step has put out. To the end of a block it is filled up with zeros; blocks behind
    /// that should be there, and are not.
    fn copy(&self, blob: &Blob, step: &Step, skip: u64, buf: &mut [u8]) -> Result<usize, Gap> {
        let got = blob.read_at(skip, buf).map_err(|e| Gap::of(e, NAME, step.at))?;
        if got > 0 {
            return Ok(got);
        }
        let have = blob.len();
        let padded = have.checked_next_multiple_of(self.block).unwrap_or(have);
        let zeros = padded.saturating_sub(skip.max(have));
        if zeros == 0 || skip < have {
            return Err(Gap::truncated(NAME, step.at, "operation output", step.out, have));
        }
        let n = usize::try_from(zeros).map_or(buf.len(), |zeros| zeros.min(buf.len()));
        buf.get_mut(..n).unwrap_or_default().fill(0);
        Ok(n)
    }
}

impl Source for Image {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(at);
        let Some((_, piece)) = self.find(at).filter(|_| left > 0 && !buf.is_empty()) else {
            return Ok(0);
        };
        let within = at.saturating_sub(piece.at);
        let n = piece.len.saturating_sub(within).min(left);
        let n = usize::try_from(n).map_or(buf.len(), |n| n.min(buf.len()));
        let skip = piece.skip.saturating_add(within);
        Ok(self.read(piece.step, skip, at, buf.get_mut(..n).unwrap_or_default())?)
    }

    fn origin(&self, at: u64) -> u64 {
        let Some((number, _)) = self.find(at) else {
            return 0;
        };
        let ahead = self.pieces.get(number..).unwrap_or_default().iter().take(AHEAD);
        let mut origins = ahead.filter_map(|piece| {
            let step = self.steps.get(piece.step)?;
            let at = at.max(piece.at);
            let skip = piece.skip.saturating_add(at.saturating_sub(piece.at));
            match &step.action {
                Action::Lost(_) | Action::Zero => None,
                Action::Keep => self.base.as_ref().map(|base| base.blob.origin_at(at)),
                Action::Copy(blob, _) => Some(blob.origin_at(skip)),
                Action::Decode(_, data, _) => Some(data.origin_at(scaled(skip, step.out, data.len()))),
                Action::Patch(patch) => Some(patch.data.origin_at(scaled(skip, step.out, patch.data.len()))),
            }
        });
        origins.next().unwrap_or(0)
    }
}

/// Where byte `skip` of `out` is about in `len` bytes: what is read one after another is ordered so.
fn scaled(skip: u64, out: u64, len: u64) -> u64 {
    let product = u128::from(skip).saturating_mul(u128::from(len));
    let at = product.checked_div(u128::from(out)).unwrap_or(0);
    u64::try_from(at).unwrap_or(len).min(len.saturating_sub(1))
}
