//! Decoded bytes that are kept for later: pages packed with LZ4, in memory while all together fit, the rest in one
//! temporary file, which no name leads to and which is gone with the process.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Bytes, wide};

/// Bytes of a page, decoded. Small enough that one file of a file system does not unpack much of others,
/// large enough that LZ4 finds what repeats.
pub(super) const PAGE: usize = 256 << 10;

/// The pages of a run.
#[derive(Debug)]
pub(super) struct Pages {
    /// Bytes of pages in memory.
    limit: u64,
    held: AtomicU64,
    file: Mutex<Option<(Arc<File>, u64)>>,
    written: AtomicU64,
}

/// Where a page is.
#[derive(Debug)]
pub(super) enum Page {
    /// Nothing but zeros.
    Zero,
    /// In memory.
    Memory(Box<[u8]>),
    /// In the file: offset and length.
    File(u64, u32),
}

impl Pages {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            held: AtomicU64::new(0),
            file: Mutex::new(None),
            written: AtomicU64::new(0),
        }
    }

    /// Bytes written to the temporary file so far.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Bytes of pages in memory.
    #[cfg(test)]
    pub(super) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Keeps up to [`PAGE`] bytes.
    pub(super) fn put(&self, data: &[u8]) -> io::Result<Page> {
        if data.iter().all(|b| *b == 0) {
            return Ok(Page::Zero);
        }
        let room = lz4_flex::block::get_maximum_output_size(data.len());
        let mut buf = Bytes::buffer(room);
        let len = lz4_flex::block::compress_into(data, &mut buf).unwrap_or(usize::MAX);
        let buf = Bytes::part(buf, len);
        // What LZ4 cannot pack stays as it is: its length tells.
        let packed: &[u8] = if buf.len() < data.len() { &buf } else { data };
        let size = wide(packed.len());
        let held = self.held.fetch_add(size, Ordering::Relaxed).saturating_add(size);
        if held <= self.limit {
            return Ok(Page::Memory(packed.into()));
        }
        self.held.fetch_sub(size, Ordering::Relaxed);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, end) = match &mut *file {
            Some(open) => open,
            none => none.insert((Arc::new(tempfile::tempfile()?), 0)),
        };
        let at = *end;
        file.write_all_at(packed, at)?;
        *end = at.saturating_add(size);
        self.written.fetch_add(size, Ordering::Relaxed);
        Ok(Page::File(at, u32::try_from(size).unwrap_or(u32::MAX)))
    }

    /// Fills `room`, which is as long as what was put there; `None` where the file does not have it any more.
    pub(super) fn fill(&self, page: &Page, room: &mut [u8]) -> Option<()> {
        let unpack = |packed: &[u8], room: &mut [u8]| {
            if packed.len() == room.len() {
                room.copy_from_slice(packed);
                return Some(());
            }
            let got = lz4_flex::block::decompress_into(packed, room).ok()?;
            (got == room.len()).then_some(())
        };
        match page {
            Page::Zero => {
                room.fill(0);
                Some(())
            }
            Page::Memory(packed) => unpack(packed, room),
            Page::File(at, len) => {
                let file = {
                    let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
                    Arc::clone(&file.as_ref()?.0)
                };
                // No longer than a page.
                let len = usize::try_from(*len).ok()?;
                if len == room.len() {
                    return file.read_exact_at(room, *at).ok();
                }
                let mut packed = Bytes::buffer(len);
                let part = packed.get_mut(..len)?;
                file.read_exact_at(part, *at).ok()?;
                let got = unpack(part, room);
                drop(Bytes::part(packed, len));
                got
            }
        }
    }

    /// Forgets pages, unless somebody else holds them. In the file, their place stays taken.
    pub(super) fn free(&self, pages: Arc<Vec<Page>>) {
        for page in Arc::into_inner(pages).into_iter().flatten() {
            if let Page::Memory(packed) = page {
                self.held.fetch_sub(wide(packed.len()), Ordering::Relaxed);
            }
        }
    }
}

/// A page of zeros, made once.
pub(super) fn zeros() -> Bytes {
    static ZEROS: OnceLock<Bytes> = OnceLock::new();
    ZEROS.get_or_init(|| Bytes::from(vec![0; PAGE])).clone()
}
