//! Blocks that a command makes from others, once they are read.

use std::io;
use std::sync::{Arc, OnceLock};

use sha1::{Digest, Sha1};

use crate::bytes::{Blob, Budget, Bytes, Cache, Gap, Source, Spill, wide};

use super::super::delta::{self, Bsdiff, OTHER};
use super::old::{compare, digest};
use super::transfer::{Kind, NAME, Sum};

/// What puts out more is not kept in the cache as a whole, where one would displace all others, but as pages.
const LARGE: u64 = 8 << 20;

/// What making blocks may use.
pub(super) struct Store {
    /// Of its units in the cache.
    number: u64,
    cache: Arc<Cache>,
    spill: Arc<Spill>,
    /// Bytes that may be held of one thing, `--max-item`.
    item: u64,
}

impl Store {
    pub(super) fn new(budget: &Budget) -> Arc<Self> {
        Arc::new(Self {
            number: budget.cache.source(),
            cache: Arc::clone(&budget.cache),
            spill: Arc::clone(&budget.spill),
            item: budget.limits.item,
        })
    }
}

/// What a command makes. Old bytes, patch and new bytes are bounded by whoever makes this.
pub(super) struct Made {
    /// The command, in bytes from the start of the list.
    pub(super) at: u64,
    pub(super) kind: Kind,
    /// Bytes of all blocks of the target.
    pub(super) out: u64,
    pub(super) source: Blob,
    pub(super) patch: Blob,
    /// Of the source and of what is made; from version 3 of the list on.
    pub(super) sums: Option<(Sum, Sum)>,
    pub(super) store: Arc<Store>,
    /// Its number in the store.
    pub(super) unit: u64,
    /// What is not in the cache: pages, or the source as it is, once it was checked.
    pub(super) kept: OnceLock<Result<Blob, Gap>>,
}

impl Made {
    /// All of what it makes.
    fn blob(&self) -> Result<Blob, Gap> {
        match self.kind {
            Kind::Move => self.kept.get_or_init(|| self.moved()).clone(),
            _ if self.out > LARGE => self.kept.get_or_init(|| self.pages()).clone(),
            _ => {
                let unit = (self.store.number, self.unit);
                let bytes = self.store.cache.get_slow(unit, || self.made().map(Bytes::from))?;
                Ok(bytes.into())
            }
        }
    }

    fn moved(&self) -> Result<Blob, Gap> {
        if let Some((sum, _)) = self.sums {
            let mut hash = Sha1::new();
            digest(&self.source, 0..self.source.len(), self.at, &mut hash)?;
            compare(OTHER, sum, hash, self.at)?;
        }
        Ok(self.source.clone())
    }

    fn pages(&self) -> Result<Blob, Gap> {
        let made = self.made()?;
        let mut rest = made.as_slice();
        let stored = self
            .store
            .spill
            .store(NAME, |buf| Ok(io::Read::read(&mut rest, buf).unwrap_or(0)));
        stored.gap.map_or(Ok(stored.blob), Err)
    }

    fn made(&self) -> Result<Vec<u8>, Gap> {
        let source = self.all(&self.source, "old blocks")?;
        if let Some((sum, _)) = self.sums {
            compare(OTHER, sum, Sha1::new_with_prefix(&*source), self.at)?;
        }
        let patch = self.all(&self.patch, "patch data")?;
        let new = if self.kind == Kind::Bsdiff {
            let mut new = Vec::new();
            // One more, where there is more: the device takes that for an error, too.
            Bsdiff::open(NAME, self.at, &patch, &source)?.fill(self.out.saturating_add(1), &mut new)?;
            new
        } else {
            delta::imgdiff(NAME, self.at, &patch, &source, (self.out, self.store.item))?
        };
        if wide(new.len()) != self.out {
            return Err(Gap::invalid(
                NAME,
                self.at,
                "length of new blocks",
                wide(new.len()),
            ));
        }
        if let Some((_, sum)) = self.sums {
            let what = match self.kind {
                Kind::Imgdiff => "hash of new blocks (the deflate encoder is not the one that made them)",
                _ => "hash of new blocks",
            };
            compare(what, sum, Sha1::new_with_prefix(&*new), self.at)?;
        }
        Ok(new)
    }

    fn all(&self, blob: &Blob, what: &'static str) -> Result<Bytes, Gap> {
        let (need, bytes) = (blob.len(), blob.read(NAME, 0..blob.len())?);
        let have = bytes.len();
        if have < need {
            return Err(Gap::truncated(NAME, self.at, what, need, have));
        }
        Ok(bytes)
    }
}

impl Source for Made {
    fn len(&self) -> u64 {
        self.out
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.blob()?.read_at(at, buf)
    }

    fn origin(&self, at: u64) -> u64 {
        match self.kind {
            Kind::Move => self.source.origin_at(at),
            _ => self.patch.origin(),
        }
    }
}
