//! Streams that can only be decoded from their start, decoded once and kept for random access.
//!
//! The stream is cut into pages, each packed. Of a long stream, a second thread packs while the
//! first decodes: packing costs as much as inflating, and two thirds of what brotli does.

use std::io;
use std::sync::{Arc, mpsc};
use std::thread;

use super::pages::{PAGE, Page, Pages, zeros};
use super::{Blob, Bytes, Cache, Gap, Kind, Source, wide};

/// [`PAGE`], as an offset.
const PAGE_LEN: u64 = 256 << 10;
/// Pages of a stream from which on it is worth a second thread.
const SHORT: usize = 8;
/// Pages that wait for the thread that packs.
const AHEAD: usize = 4;

/// Keeps the pages of all streams of a run.
#[derive(Debug)]
pub struct Spill {
    cache: Arc<Cache>,
    pages: Arc<Pages>,
}

/// A stream, as far as it could be decoded.
#[derive(Debug)]
pub struct Stored {
    /// Its bytes.
    pub blob: Blob,
    /// Why it ends early.
    pub gap: Option<Gap>,
}

impl Spill {
    /// Keeps packed pages where `cache` keeps what it sets aside. Unpacked ones are units of it.
    pub fn new(cache: Arc<Cache>) -> Self {
        let pages = Arc::clone(cache.pages());
        Self { cache, pages }
    }

    /// Decodes a stream to its end. `next` fills the front of its buffer and says how many bytes it put
    /// there, 0 at the end; a gap ends the stream, and what came before is kept. `format` names the
    /// stream in gaps.
    pub fn store(
        &self,
        format: &'static str,
        mut next: impl FnMut(&mut [u8]) -> Result<usize, Gap>,
    ) -> Stored {
        let mut gap = None;
        let mut packed = Packed {
            spill: self,
            pages: Vec::new(),
            len: 0,
            failed: false,
        };
        let mut buf = vec![0; PAGE];
        let mut more = true;
        while more {
            if packed.pages.len() == SHORT && packed.beside(&mut next, &mut gap) {
                break;
            }
            let filled = fill(&mut next, &mut buf, &mut gap);
            more = packed.push(buf.get(..filled).unwrap_or_default()) && filled == PAGE && gap.is_none();
        }
        if packed.failed && gap.is_none() {
            gap = Some(Gap {
                format,
                at: packed.len,
                what: "temporary file".into(),
                kind: Kind::Io,
            });
        }
        let stream = Stream {
            format,
            len: packed.len,
            pages: packed.pages,
            kept: Arc::clone(&self.pages),
            number: self.cache.source(),
            cache: Arc::clone(&self.cache),
        };
        Stored {
            blob: Blob::new(Arc::new(stream)),
            gap,
        }
    }

    /// Bytes written to the temporary file so far.
    pub fn written(&self) -> u64 {
        self.pages.written()
    }
}

/// Fills a page as far as the stream goes.
fn fill(
    next: &mut impl FnMut(&mut [u8]) -> Result<usize, Gap>,
    buf: &mut [u8],
    gap: &mut Option<Gap>,
) -> usize {
    let mut filled = 0_usize;
    while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match next(rest) {
            Ok(0) => break,
            Ok(n) => filled = filled.saturating_add(n).min(PAGE),
            Err(e) => {
                *gap = Some(e);
                break;
            }
        }
    }
    filled
}

/// The pages of a stream so far.
struct Packed<'a> {
    spill: &'a Spill,
    pages: Vec<Page>,
    len: u64,
    /// The temporary file could not be written: there are no more.
    failed: bool,
}

impl Packed<'_> {
    /// Packs a page; `false` where it could not be kept.
    fn push(&mut self, data: &[u8]) -> bool {
        if data.is_empty() || self.failed {
            return !self.failed;
        }
        match self.spill.pages.put(data) {
            Ok(page) => self.pages.push(page),
            Err(_) => {
                self.failed = true;
                return false;
            }
        }
        self.len = self.len.saturating_add(wide(data.len()));
        true
    }

    /// Takes the rest of a stream, packed by a thread beside the one that decodes; `false` where there can
    /// be no such thread.
    fn beside(
        &mut self,
        next: &mut impl FnMut(&mut [u8]) -> Result<usize, Gap>,
        gap: &mut Option<Gap>,
    ) -> bool {
        thread::scope(|scope| {
            let (full, pages) = mpsc::sync_channel::<(Vec<u8>, usize)>(AHEAD);
            let (used, spare) = mpsc::channel();
            let pack = move || {
                for (buf, filled) in pages {
                    if !self.push(buf.get(..filled).unwrap_or_default()) {
                        break;
                    }
                    // Nobody wants it any more: the stream is at its end.
                    let _ = used.send(buf);
                }
            };
            if thread::Builder::new().spawn_scoped(scope, pack).is_err() {
                return false;
            }
            let mut more = true;
            while more {
                let mut buf = spare.try_recv().unwrap_or_else(|_| vec![0; PAGE]);
                let filled = fill(next, &mut buf, gap);
                more = full.send((buf, filled)).is_ok() && filled == PAGE && gap.is_none();
            }
            true
        })
    }
}

/// A decoded stream.
#[derive(Debug)]
struct Stream {
    format: &'static str,
    pages: Vec<Page>,
    len: u64,
    kept: Arc<Pages>,
    number: u64,
    cache: Arc<Cache>,
}

impl Stream {
    fn page(&self, number: u64) -> Result<Bytes, Gap> {
        let page = usize::try_from(number).ok().and_then(|n| self.pages.get(n));
        let size = self.len.saturating_sub(number.saturating_mul(PAGE_LEN));
        let size = usize::try_from(size).map_or(PAGE, |size| size.min(PAGE));
        let lost = || Gap {
            format: self.format,
            at: number.saturating_mul(PAGE_LEN),
            what: "temporary file".into(),
            kind: Kind::Io,
        };
        let Some(page) = page else {
            return Ok(Bytes::default());
        };
        let mut out = Bytes::buffer(size);
        let room = out.get_mut(..size).unwrap_or_default();
        self.kept.fill(page, room).ok_or_else(lost)?;
        Ok(Bytes::part(out, size))
    }
}

impl Source for Stream {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let number = at / PAGE_LEN;
        let zero = matches!(
            usize::try_from(number).ok().and_then(|n| self.pages.get(n)),
            Some(Page::Zero)
        );
        let bytes = if zero {
            zeros()
        } else {
            self.cache.get((self.number, number), || self.page(number))?
        };
        let skip = usize::try_from(at % PAGE_LEN).unwrap_or(0);
        let left = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        let from = bytes.get(skip..).unwrap_or_default();
        let n = from.len().min(buf.len()).min(left);
        if let (Some(to), Some(from)) = (buf.get_mut(..n), from.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 600 KiB of numbers that LZ4 cannot pack well, zeros, and again numbers: more than one thread packs.
    fn sample() -> Vec<u8> {
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        });
        let mut all: Vec<u8> = noise.take(600 << 10).collect();
        all.extend(vec![0; 3 << 20]);
        all.extend_from_within(..1000);
        all
    }

    #[track_caller]
    fn check(limit: u64, spills: bool) {
        let spill = Spill::new(Arc::new(Cache::new(1 << 20, limit)));
        let all = sample();
        let mut rest = &*all;
        let next = |buf: &mut [u8]| {
            let n = buf.len().min(10_000).min(rest.len());
            let (now, later) = rest.split_at(n);
            buf[..n].copy_from_slice(now);
            rest = later;
            Ok(n)
        };
        let stored = spill.store("t", next);
        assert!(stored.gap.is_none());
        assert_eq!(stored.blob.len(), wide(all.len()));
        let got = stored.blob.read("t", 0..u64::MAX).unwrap();
        assert!(*got == *all);
        let part = stored.blob.read("t", 262_140..262_150).unwrap();
        assert_eq!(*part, all[262_140..262_150]);
        assert_eq!(spill.written() > 0, spills);
    }

    #[test]
    fn a_stream_that_fits_stays_in_memory() {
        check(64 << 20, false);
    }

    #[test]
    fn a_stream_that_does_not_fit_goes_to_a_file_without_a_name() {
        check(300 << 10, true);
    }

    #[test]
    fn a_stream_that_breaks_off_keeps_what_came_before() {
        let spill = Spill::new(Arc::new(Cache::new(1 << 20, 1 << 20)));
        let mut values = [1, 2].into_iter();
        let stored = spill.store("t", |buf| {
            buf[0] = values.next().ok_or_else(|| Gap::invalid("t", 7, "block", 1))?;
            Ok(1)
        });
        assert_eq!(&*stored.blob.read("t", 0..9).unwrap(), [1, 2]);
        assert_eq!(stored.gap.unwrap().what, "block");
    }
}
