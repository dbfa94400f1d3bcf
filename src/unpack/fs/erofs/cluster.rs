//! Compressed data: decoded once, kept in the cache, shared by all extents that refer to it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::bytes::{Budget, Bytes, Gap, Unit, wide};
use crate::unpack::codec::{self, Codec};

use super::NAME;
use super::map::{MAX_EXTENT, MAX_PACKED};
use super::volume::Volume;

/// Ours: compressed bytes that are read at once, when what follows will be wanted too.
const AHEAD: u64 = 128 << 10;

/// Ours: the number of a unit has its upper bits for the length and so many others for the place, so that
/// no two clusters have the same. Images over 16 TiB have none.
const PLACE_BITS: u32 = 44;

/// Bytes from which on a buffer may be one that was used for something longer.
const SMALL: usize = 64 << 10;

/// `Z_EROFS_COMPRESSION_…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Lz4,
    Lzma,
    Deflate,
    Zstd,
}

impl Algorithm {
    /// By its number, found at `at`.
    pub(super) fn new(number: u32, at: u64) -> Result<Self, Gap> {
        match number {
            0 => Ok(Self::Lz4),
            1 => Ok(Self::Lzma),
            2 => Ok(Self::Deflate),
            3 => Ok(Self::Zstd),
            _ => Err(Gap::unsupported(NAME, at, "compression algorithm", number.into())),
        }
    }
}

/// Compressed data of one extent, or of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cluster {
    /// It is among the metadata: of the metabox, or not. Else on the devices.
    pub(super) beside: Option<bool>,
    /// First byte.
    pub(super) at: u64,
    /// Bytes, with the padding.
    pub(super) len: u64,
    pub(super) algorithm: Algorithm,
    /// It holds more than the extent that refers to it.
    pub(super) partial: bool,
}

/// Ours: bytes that may be decoded of an image beyond those that are asked for, for each of its bytes; and
/// some more, see [`Units::limit`].
const WASTE: u64 = 64;

/// An image's clusters in the cache: a source for each algorithm and way to be referred to.
pub(super) struct Units {
    /// Clusters on the devices, in the image's metadata, in the metabox.
    sources: [[u64; 4]; 3],
    /// The same, where a first use took too little of them.
    longer: [[u64; 4]; 3],
    /// Bytes decoded, and those of them that were asked for.
    decoded: AtomicU64,
    copied: AtomicU64,
    /// What may be decoded in vain: `--max-decoded` twice, and more in a large image. It takes an image made
    /// for it, of small files far apart in large clusters, to get there.
    limit: u64,
}

impl Units {
    /// Of an image of `len` bytes.
    pub(super) fn new(len: u64, budget: &Budget) -> Self {
        let numbers = || [(); 3].map(|()| [(); 4].map(|()| budget.cache.source()));
        let more = budget.limits.task.saturating_mul(2);
        Self {
            sources: numbers(),
            longer: numbers(),
            decoded: AtomicU64::new(0),
            copied: AtomicU64::new(0),
            limit: len.saturating_mul(WASTE).saturating_add(more),
        }
    }

    /// Counts bytes that were asked for.
    pub(super) fn copied(&self, len: usize) {
        self.copied.fetch_add(wide(len), Ordering::Relaxed);
    }

    /// Charges bytes that are decoded now, at `at`.
    fn charge(&self, at: u64, len: u64) -> Result<(), Gap> {
        let decoded = self.decoded.fetch_add(len, Ordering::Relaxed).saturating_add(len);
        let waste = decoded.saturating_sub(self.copied.load(Ordering::Relaxed));
        if waste > self.limit {
            let (what, option) = ("bytes decoded in vain", "--max-decoded");
            return Err(Gap::over(NAME, at, what, waste, self.limit, option));
        }
        Ok(())
    }

    fn unit(sources: &[[u64; 4]; 3], cluster: &Cluster) -> Option<Unit> {
        let [devices, beside, boxed] = sources;
        let [lz4, lzma, deflate, zstd] = match cluster.beside {
            None => devices,
            Some(false) => beside,
            Some(true) => boxed,
        };
        let source = match cluster.algorithm {
            Algorithm::Lz4 => lz4,
            Algorithm::Lzma => lzma,
            Algorithm::Deflate => deflate,
            Algorithm::Zstd => zstd,
        };
        let len = cluster.len.checked_sub(1).filter(|len| *len < MAX_PACKED)?;
        let fits = cluster.at.wrapping_shr(PLACE_BITS) == 0;
        fits.then(|| (*source, cluster.at | len.wrapping_shl(PLACE_BITS)))
    }
}

/// Compressed bytes that were read with those before them.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    start: u64,
    bytes: Bytes,
}

/// How much of a cluster is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Amount {
    /// So many bytes, which is all of it.
    All(usize),
    /// Whatever there is.
    Whole,
}

impl Volume {
    /// The first `len` bytes of a cluster, or more. `more` bytes of the file are wanted from here on.
    pub(super) fn decoded(
        &self,
        cluster: &Cluster,
        len: u64,
        more: u64,
        ahead: &mut Ahead,
    ) -> Result<Bytes, Gap> {
        let want = usize::try_from(len).unwrap_or(usize::MAX);
        let disk = &self.disk;
        let place = || Gap::invalid(NAME, cluster.at, "place of compressed data", cluster.len);
        let amount = match cluster.partial && !self.is_endless(cluster) {
            true => Amount::Whole,
            false => Amount::All(want),
        };
        let mut bytes = Bytes::default();
        // The second time where whoever was first said that it is shorter.
        for sources in [&disk.units.sources, &disk.units.longer] {
            let unit = Units::unit(sources, cluster).ok_or_else(place)?;
            let decode = || self.decode(cluster, amount, more, ahead);
            bytes = disk.cache.get(unit, decode)?;
            if bytes.len() >= want {
                return Ok(bytes);
            }
        }
        let have = wide(bytes.len());
        Err(Gap::truncated(NAME, cluster.at, "decoded data", len, have))
    }

    fn decode(&self, cluster: &Cluster, amount: Amount, more: u64, ahead: &mut Ahead) -> Result<Bytes, Gap> {
        let packed = self.packed_bytes(cluster, more, ahead)?;
        let endless = self.is_endless(cluster);
        // All but the first LZ4 images have their data at the end of the blocks.
        let start = match endless {
            true => 0,
            false => packed.iter().position(|b| *b != 0).unwrap_or(packed.len()),
        };
        let data = packed.get(start..).unwrap_or_default();
        let at = cluster.at.saturating_add(wide(start));
        if data.is_empty() {
            return Err(Gap::invalid(NAME, at, "compressed data of zeros", cluster.len));
        }
        let (len, all) = match amount {
            Amount::All(len) => (len, true),
            Amount::Whole => (usize::try_from(MAX_EXTENT).unwrap_or(usize::MAX), false),
        };
        if all {
            self.disk.units.charge(at, wide(len))?;
        }
        let bytes = unpack(cluster.algorithm, endless, all, at, data, len)?;
        if !all {
            self.disk.units.charge(at, wide(bytes.len()))?;
        } else if bytes.len() < len {
            let (need, have) = (wide(len), wide(bytes.len()));
            return Err(Gap::truncated(NAME, at, "decoded data", need, have));
        }
        if len < SMALL {
            return Ok(bytes);
        }
        // What is kept in the cache is as long as what it is counted as; the buffer may be longer.
        Ok(bytes.to_vec().into())
    }

    /// Without padding nothing tells where the data ends and what is behind it begins.
    fn is_endless(&self, cluster: &Cluster) -> bool {
        cluster.algorithm == Algorithm::Lz4 && !self.disk.sb.padded
    }

    /// The compressed bytes of a cluster. Those of the next few are read with them.
    fn packed_bytes(&self, cluster: &Cluster, more: u64, ahead: &mut Ahead) -> Result<Bytes, Gap> {
        let short = |have: &Bytes| {
            let have = wide(have.len());
            Gap::truncated(NAME, cluster.at, "compressed data", cluster.len, have)
        };
        let len = usize::try_from(cluster.len).unwrap_or(usize::MAX);
        if let Some(boxed) = cluster.beside {
            let blob = self.beside(boxed, cluster.at, cluster.len)?;
            let bytes = blob.read(NAME, 0..cluster.len)?;
            return if bytes.len() < len {
                Err(short(&bytes))
            } else {
                Ok(bytes)
            };
        }
        let part = |ahead: &Ahead| {
            let skip = usize::try_from(cluster.at.checked_sub(ahead.start)?).ok()?;
            let part = ahead.bytes.slice(skip..skip.saturating_add(len));
            (part.len() == len).then_some(part)
        };
        if let Some(part) = part(ahead) {
            return Ok(part);
        }
        let long = cluster.len.max(more.min(AHEAD));
        let blob = self.disk.blob(0, cluster.at, long)?;
        // Something behind it may be what cannot be read.
        let bytes = match blob.read(NAME, 0..long) {
            Ok(bytes) => bytes,
            Err(_) => blob.read(NAME, 0..cluster.len)?,
        };
        *ahead = Ahead {
            start: cluster.at,
            bytes,
        };
        part(ahead).ok_or_else(|| short(&ahead.bytes))
    }
}

/// At most the first `len` bytes of what `data`, found at `at`, holds. `all`: it holds no more.
fn unpack(
    algorithm: Algorithm,
    endless: bool,
    all: bool,
    at: u64,
    data: &[u8],
    len: usize,
) -> Result<Bytes, Gap> {
    let mut out = Bytes::buffer(len);
    let room = out.get_mut(..len).unwrap_or_default();
    let (what, got) = match algorithm {
        Algorithm::Lz4 if endless => ("lz4 block", codec::lz4_front(data, room)),
        Algorithm::Lz4 => ("lz4 block", codec::lz4_cluster(data, room)),
        Algorithm::Lzma => ("lzma stream", codec::micro_lzma(data, room, all)),
        Algorithm::Deflate => return codec::decode(Codec::Deflate, NAME, at, data, len),
        Algorithm::Zstd => return codec::decode(Codec::Zstd, NAME, at, data, len),
    };
    match got {
        Ok(got) => Ok(Bytes::part(out, got)),
        Err(got) => Err(Gap::invalid(NAME, at, what, wide(got))),
    }
}
