//! Random-access ranges of bytes, and pieces of them in memory.

use std::fs::File;
use std::ops::{Deref, Range};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, io, mem};

use super::{Gap, pool};

/// Bytes that are given up at once where they cannot be read: a block of most file systems.
const PIECE: usize = 4096;
/// Gaps that are told one by one of one read; a thousand are one story.
const MAX_LOST: usize = 16;

/// Something that bytes can be read from at any offset, by several threads at once.
pub trait Source: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Whether there is nothing in it.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from byte `at` on and returns how many bytes were there (fewer only at the end).
    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// The bytes themselves, where they already are in memory.
    fn memory(&self) -> Option<&Bytes> {
        None
    }

    /// The file to open before many reads.
    fn path(&self) -> Option<&Path> {
        None
    }

    /// Where byte `at` is in the layer below all others: reading in this order reads each decoded unit
    /// once. Only for ordering: two files that a layer is made of may have the same numbers.
    fn origin(&self, at: u64) -> u64 {
        at
    }
}

/// A range of a [`Source`]: cheap to clone and to slice, nothing is read until asked.
#[derive(Clone)]
pub struct Blob {
    source: Arc<dyn Source>,
    start: u64,
    len: u64,
}

impl Blob {
    /// Opens an input file. The only place in the program that does.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self::new(Arc::new(OpenFile { file, len })))
    }

    /// A file that is opened for each read: a folder may hold more files than a process may open.
    /// `len` is what the folder says; where the file has become shorter, reads end early.
    pub fn lazy(path: PathBuf, len: u64) -> Self {
        Self::new(Arc::new(ClosedFile { path, len }))
    }

    /// The same range, with the file behind it held open until this is dropped.
    pub fn hold(&self) -> io::Result<Self> {
        match self.source.path() {
            Some(path) => Ok(Self {
                source: Self::open(path)?.source,
                start: self.start,
                len: self.len,
            }),
            None => Ok(self.clone()),
        }
    }

    /// All of a source.
    pub fn new(source: Arc<dyn Source>) -> Self {
        let len = source.len();
        Self {
            source,
            start: 0,
            len,
        }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The part of this blob in `range` (bytes from its start), cut to what is there.
    pub fn slice(&self, range: Range<u64>) -> Self {
        let start = range.start.min(self.len);
        let end = range.end.clamp(start, self.len);
        Self {
            source: Arc::clone(&self.source),
            start: self.start.saturating_add(start),
            len: end.saturating_sub(start),
        }
    }

    /// Reads from byte `at` on into `buf`; returns how many bytes were there.
    pub fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(at);
        let want = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let mut done = 0_usize;
        while let Some(rest) = buf.get_mut(done..want).filter(|rest| !rest.is_empty()) {
            let from = self
                .start
                .saturating_add(at)
                .saturating_add(u64::try_from(done).unwrap_or(u64::MAX));
            match self.source.read_at(from, rest) {
                Ok(0) => break,
                Ok(n) => done = done.saturating_add(n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }

    /// The bytes in `range`, read into memory (borrowed where they are there already). Never more
    /// than the blob holds: the caller bounds the length by its [`Budget`](super::Budget) first.
    pub fn read(&self, format: &'static str, range: Range<u64>) -> Result<Bytes, Gap> {
        let part = self.slice(range.clone());
        if let Some(bytes) = part.memory() {
            return Ok(bytes);
        }
        let io = |e| Gap::of(e, format, range.start);
        let len = usize::try_from(part.len).unwrap_or(usize::MAX);
        let mut buf = pool::take(len);
        let got = part
            .read_at(0, buf.get_mut(..len).unwrap_or_default())
            .map_err(io)?;
        Ok(Bytes::part(buf, got))
    }

    /// The bytes in `range` as far as they can be read, what cannot be is zeros; with one gap for each
    /// run of bytes that was lost, and how many bytes that are.
    pub fn salvage(&self, format: &'static str, range: Range<u64>) -> (Bytes, Vec<Gap>, u64) {
        let part = self.slice(range.clone());
        let len = usize::try_from(part.len).unwrap_or(usize::MAX);
        let mut buf = pool::take(len);
        let (mut gaps, mut lost, mut done) = (Vec::new(), 0_u64, 0_usize);
        while done < len {
            let end = done.saturating_add(PIECE).min(len);
            let piece = buf.get_mut(done..end).unwrap_or_default();
            let at = u64::try_from(done).unwrap_or(u64::MAX);
            match part.read_at(at, piece) {
                Ok(0) => break,
                Ok(got) => done = done.saturating_add(got),
                Err(e) => {
                    piece.fill(0);
                    let gap = Gap::of(e, format, range.start.saturating_add(at));
                    if gaps.last() != Some(&gap) && gaps.len() < MAX_LOST {
                        gaps.push(gap);
                    }
                    lost = lost.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                    done = end;
                }
            }
        }
        (Bytes::part(buf, done), gaps, lost)
    }

    /// Where its first byte is in the layer below all others, see [`Source::origin`].
    pub fn origin(&self) -> u64 {
        self.source.origin(self.start)
    }

    /// The same for byte `at`.
    pub fn origin_at(&self, at: u64) -> u64 {
        self.source.origin(self.start.saturating_add(at))
    }

    /// The bytes, where they already are in memory.
    pub fn memory(&self) -> Option<Bytes> {
        let memory = self.source.memory()?;
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(self.len).unwrap_or(usize::MAX));
        Some(memory.slice(start..end))
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({:#x}+{:#x})", self.start, self.len)
    }
}

impl From<Bytes> for Blob {
    fn from(bytes: Bytes) -> Self {
        Self::new(Arc::new(bytes))
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

struct OpenFile {
    file: File,
    len: u64,
}

impl Source for OpenFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(buf, at)
    }
}

/// A file that is opened for each read.
struct ClosedFile {
    path: PathBuf,
    len: u64,
}

impl Source for ClosedFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        File::open(&self.path)?.read_at(buf, at)
    }

    fn path(&self) -> Option<&Path> {
        Some(&self.path)
    }
}

/// Bytes in memory, shared: cheap to clone and to slice. A big buffer goes back to the thread's
/// pool when the last of its holders is dropped.
#[derive(Clone, Default)]
pub struct Bytes {
    data: Arc<Buffer>,
    start: usize,
    end: usize,
}

#[derive(Default)]
struct Buffer(Vec<u8>);

impl Drop for Buffer {
    fn drop(&mut self) {
        pool::give(mem::take(&mut self.0));
    }
}

impl Bytes {
    /// A buffer of at least `len` bytes to write into, whatever is in them; see [`Bytes::part`].
    /// The caller bounds `len` by what is there.
    pub fn buffer(len: usize) -> Vec<u8> {
        pool::take(len)
    }

    /// The first `len` bytes of a buffer.
    pub fn part(data: Vec<u8>, len: usize) -> Self {
        let end = len.min(data.len());
        Self {
            data: Arc::new(Buffer(data)),
            start: 0,
            end,
        }
    }

    /// The same bytes in a buffer of their size, where they are in a much larger one: what is kept for long
    /// should hold no more than it shows.
    #[must_use]
    pub fn fitted(self) -> Self {
        if self.data.0.len() >> 1 <= self.deref().len() {
            return self;
        }
        Self::from(self.to_vec())
    }

    /// The part in `range`, cut to what is there.
    pub fn slice(&self, range: Range<usize>) -> Self {
        let start = self.start.saturating_add(range.start).min(self.end);
        let end = self.start.saturating_add(range.end).clamp(start, self.end);
        Self {
            data: Arc::clone(&self.data),
            start,
            end,
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.data.0.get(self.start..self.end).unwrap_or_default()
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(data: Vec<u8>) -> Self {
        let end = data.len();
        Self::part(data, end)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.len())
    }
}

impl Source for Bytes {
    fn len(&self) -> u64 {
        u64::try_from(self.deref().len()).unwrap_or(u64::MAX)
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(at).unwrap_or(usize::MAX);
        let rest = self.deref().get(from..).unwrap_or_default();
        let n = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }

    fn memory(&self) -> Option<&Bytes> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_of_a_slice_is_cut_to_what_is_there() {
        let blob = Blob::from(b"0123456789".to_vec());
        let part = blob.slice(2..8).slice(4..100);
        assert_eq!(&*part.read("t", 0..u64::MAX).unwrap(), b"67");
        assert_eq!(blob.slice(20..30).len(), 0);
    }

    #[test]
    fn a_file_is_read_in_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, b"abcdef").unwrap();
        let blob = Blob::open(&path).unwrap();
        assert_eq!(&*blob.slice(1..3).read("t", 0..9).unwrap(), b"bc");
        assert_eq!(&*blob.read("t", 4..u64::MAX).unwrap(), b"ef");
    }
}
