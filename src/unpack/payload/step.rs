//! One operation of a partition: where its bytes come from, and how they are made.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::bytes::{Blob, Budget, Bytes, Cache, Gap, Spill, wide};
use crate::unpack::codec::{self, Codec};
use crate::unpack::delta::{Bsdiff, OTHER};

use super::{NAME, puffin};

/// SHA-256.
pub(super) type Sum = [u8; 32];

/// Operations that put out more are not kept in the cache as a whole, where one would displace all others,
/// but as pages. Full packages have operations of 2 MiB.
const LARGE: u64 = 8 << 20;
/// Bytes that are read at once to be hashed.
const PIECE: u64 = 1 << 20;

/// An operation that was checked as far as it can be without reading its data.
#[derive(Debug)]
pub(super) struct Step {
    /// Bytes from the payload's start to the operation in the manifest.
    pub(super) at: u64,
    /// Bytes of all its destination extents.
    pub(super) out: u64,
    pub(super) action: Action,
}

/// What an operation does.
#[derive(Debug)]
pub(super) enum Action {
    /// Its bytes cannot be had.
    Lost(Box<Gap>),
    Zero,
    /// No operation at all: the block is as it was in the old image.
    Keep,
    /// The bytes as they are, once they have this hash.
    Copy(Blob, Check),
    /// The compressed data, once it has this hash.
    Decode(Codec, Blob, Check),
    Patch(Box<Patch>),
}

/// Data that makes new bytes of old ones.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) kind: PatchKind,
    pub(super) data: Blob,
    pub(super) check: Check,
    pub(super) source: Blob,
    pub(super) source_check: Check,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatchKind {
    Bsdiff,
    Puffin,
}

/// How it is known that data is what the maker of the package had.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// The package does not say. Of its own data that is allowed.
    Unknown,
    Sum(&'static str, Sum),
    /// Old bytes without a hash of their own: the old image as a whole has the hash that it should.
    Base,
}

/// The image that a partition is made from.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) blob: Blob,
    /// `old_partition_info`: bytes, and the hash of so many.
    pub(super) size: u64,
    pub(super) sum: Option<Sum>,
    pub(super) at: u64,
    pub(super) checked: OnceLock<Result<(), Gap>>,
}

/// What decoding may use.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) number: u64,
    pub(super) cache: Arc<Cache>,
    pub(super) spill: Arc<Spill>,
    /// Bytes that may be held of one thing, `--max-item`.
    pub(super) item: u64,
}

impl Store {
    pub(super) fn new(budget: &Budget) -> Self {
        Self {
            number: budget.cache.source(),
            cache: Arc::clone(&budget.cache),
            spill: Arc::clone(&budget.spill),
            item: budget.limits.item,
        }
    }
}

impl Base {
    /// Whether this is the image that the package was made for.
    pub(super) fn check(&self) -> Result<(), Gap> {
        let check = || {
            let Some(sum) = self.sum else {
                return Err(Gap::unsupported(NAME, self.at, "old image without a hash", 0));
            };
            let check = Check::Sum(OTHER, sum);
            check.blob(&self.blob.slice(0..self.size), self.size, self.at, None)
        };
        self.checked.get_or_init(check).clone()
    }
}

impl Check {
    /// Checks `len` bytes that are read for it.
    fn blob(self, blob: &Blob, len: u64, at: u64, base: Option<&Base>) -> Result<(), Gap> {
        if blob.len() < len {
            return Err(Gap::truncated(NAME, at, "data", len, blob.len()));
        }
        let (what, sum) = match self {
            Self::Unknown => return Ok(()),
            Self::Base => return base.map_or(Ok(()), Base::check),
            Self::Sum(what, sum) => (what, sum),
        };
        let mut hash = Sha256::new();
        let mut done = 0_u64;
        while done < len {
            let bytes = blob.read(NAME, done..done.saturating_add(PIECE).min(len))?;
            if bytes.is_empty() {
                return Err(Gap::truncated(NAME, at, "data", len, done));
            }
            hash.update(&*bytes);
            done = done.saturating_add(wide(bytes.len()));
        }
        compare(what, sum, hash, at)
    }

    /// All of a blob, checked. The caller bounds its length.
    fn read(self, blob: &Blob, at: u64, base: Option<&Base>) -> Result<Bytes, Gap> {
        let bytes = blob.read(NAME, 0..blob.len())?;
        if wide(bytes.len()) < blob.len() {
            return Err(Gap::truncated(NAME, at, "data", blob.len(), wide(bytes.len())));
        }
        match self {
            Self::Unknown => {}
            Self::Base => base.map_or(Ok(()), Base::check)?,
            Self::Sum(what, sum) => compare(what, sum, Sha256::new_with_prefix(&*bytes), at)?,
        }
        Ok(bytes)
    }
}

/// A wrong hash is told by the first bytes of what it is.
fn compare(what: &'static str, sum: Sum, hash: Sha256, at: u64) -> Result<(), Gap> {
    let got = hash.finalize();
    if got.as_slice() == sum {
        return Ok(());
    }
    let first = got.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    Err(Gap::invalid(NAME, at, what, first))
}

/// Fills the front of a buffer with the bytes that come next; 0 at the end.
type Next<'a> = &'a mut dyn FnMut(&mut [u8]) -> Result<usize, Gap>;

impl Step {
    /// Whether its output is kept as pages.
    pub(super) fn is_large(&self) -> bool {
        self.out > LARGE && matches!(self.action, Action::Decode(..) | Action::Patch(_))
    }

    /// Whether its output is worth to be set aside. What is packed with zstd is decoded as fast as that is.
    pub(super) fn is_slow(&self) -> bool {
        !matches!(self.action, Action::Decode(Codec::Zstd, ..))
    }

    /// Checks bytes that are used as they are.
    pub(super) fn check(&self, base: Option<&Base>) -> Result<(), Gap> {
        match &self.action {
            Action::Copy(blob, check) => check.blob(blob, blob.len(), self.at, base),
            _ => Ok(()),
        }
    }

    /// Its output in memory.
    pub(super) fn decode(&self, store: &Store, base: Option<&Base>) -> Result<Bytes, Gap> {
        let len = usize::try_from(self.out.min(LARGE)).unwrap_or(0);
        self.produce(store, base, |next| {
            let mut buf = Bytes::buffer(len);
            let mut done = 0_usize;
            while let Some(rest) = buf.get_mut(done..len).filter(|rest| !rest.is_empty()) {
                match next(rest)? {
                    0 => return Ok(Bytes::part(buf, done)),
                    n => done = done.saturating_add(n),
                }
            }
            next(&mut [0])?;
            Ok(Bytes::part(buf, done))
        })?
    }

    /// Its output as pages.
    pub(super) fn pages(&self, store: &Store, base: Option<&Base>) -> Result<Blob, Gap> {
        let stored = self.produce(store, base, |next| store.spill.store(NAME, next))?;
        match stored.gap {
            // What came before may be no more right than the rest.
            Some(gap) => Err(gap),
            None => Ok(stored.blob),
        }
    }

    /// Hands out its output from the start. It ends where the destination extents end; what is longer is an
    /// error there, as it is for the device.
    fn produce<T>(
        &self,
        store: &Store,
        base: Option<&Base>,
        consume: impl FnOnce(Next<'_>) -> T,
    ) -> Result<T, Gap> {
        let mut left = self.out;
        let mut bounded = |buf: &mut [u8], raw: Next<'_>| -> Result<usize, Gap> {
            let room = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
            if room > 0 {
                let got = raw(buf.get_mut(..room).unwrap_or_default())?;
                left = left.saturating_sub(wide(got));
                return Ok(got);
            }
            match raw(&mut [0])? {
                0 => Ok(0),
                _ => Err(Gap::invalid(NAME, self.at, "output beyond dst_extents", self.out)),
            }
        };
        match &self.action {
            Action::Decode(codec, data, check) => {
                let data = check.read(data, self.at, base)?;
                let mut stream = codec::reader(*codec, &*data);
                let mut raw = |buf: &mut [u8]| loop {
                    match stream.read(buf) {
                        Ok(n) => return Ok(n),
                        Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                        Err(_) => return Err(Gap::invalid(NAME, self.at, word(*codec), 0)),
                    }
                };
                Ok(consume(&mut |buf| bounded(buf, &mut raw)))
            }
            Action::Patch(patch) => {
                let data = patch.check.read(&patch.data, self.at, base)?;
                let source = patch.source_check.read(&patch.source, self.at, base)?;
                match patch.kind {
                    PatchKind::Bsdiff => {
                        let mut new = Bsdiff::open(NAME, self.at, &data, &source)?;
                        let mut raw = |buf: &mut [u8]| new.read(buf);
                        Ok(consume(&mut |buf| bounded(buf, &mut raw)))
                    }
                    PatchKind::Puffin => {
                        let new = puffin::apply(self.at, &data, &source, store.item)?;
                        let mut rest = new.as_slice();
                        let mut raw = |buf: &mut [u8]| Ok(std::io::Read::read(&mut rest, buf).unwrap_or(0));
                        Ok(consume(&mut |buf| bounded(buf, &mut raw)))
                    }
                }
            }
            _ => Ok(consume(&mut |_| Ok(0))),
        }
    }
}

fn word(codec: Codec) -> &'static str {
    match codec {
        Codec::Bzip2 => "REPLACE_BZ data",
        Codec::Xz => "REPLACE_XZ data",
        _ => "ZSTD data",
    }
}
