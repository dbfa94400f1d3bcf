//! The data of a file that is looked up piece by piece: compressed, or in chunks.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::bytes::{Blob, Gap, Source, wide};

use super::cluster::{Ahead, Cluster};
use super::inode::{Chunks, Inode, Layout};
use super::map::{Header, Index};
use super::records::Records;
use super::volume::Volume;
use super::{Grain, NAME, Reader};

/// Ours: bytes of chunks that lie together which are looked up as one.
const TOGETHER: u64 = 128 << 10;
/// Extents that are looked at for one that is not a hole, to tell where a file starts.
const HOLES: u32 = 8;

/// A file of which nothing but its inode has been read.
pub(super) struct File {
    volume: Arc<Volume>,
    inode: Inode,
    memo: Memo,
}

/// What was found out about where a file's data is: reading it piece by piece takes no longer than at once.
/// Of a file that is not read, which most are when a tree is listed, there is none.
#[derive(Default)]
pub(super) struct Memo(Mutex<Option<Box<Found>>>);

#[derive(Default)]
pub(super) struct Found {
    /// The extent that was looked up last, by the number of its head.
    last: Option<(u64, Result<Extent, Gap>)>,
    /// Bytes of compressed data before every so many records of extents.
    pub(super) sums: Vec<u64>,
}

impl Memo {
    /// Looks at it, or changes it.
    pub(super) fn with<T>(&self, f: impl FnOnce(&mut Found) -> T) -> T {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f(found.get_or_insert_default())
    }

    /// The extent of a head, looked up unless it was the last one.
    pub(super) fn extent(
        &self,
        head: u64,
        find: impl FnOnce() -> Result<Extent, Gap>,
    ) -> Result<Extent, Gap> {
        let known = self.with(|found| match &found.last {
            Some((last, extent)) if *last == head => Some(extent.clone()),
            _ => None,
        });
        known.unwrap_or_else(|| {
            let extent = find();
            self.with(|found| found.last = Some((head, extent.clone())));
            extent
        })
    }
}

/// A part of a file that is stored in one way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) start: u64,
    pub(super) len: u64,
    pub(super) from: Stored,
}

/// How an extent is stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stored {
    /// Not at all: zeros.
    Hole,
    /// As it is, on a device.
    Device { number: u16, at: u64 },
    /// As it is, among the metadata.
    Beside(u64),
    /// As it is, but what is first is at the end of the blocks: the first `front` bytes are at `at`, the
    /// others at `rest`.
    Turned { at: u64, front: u64, rest: u64 },
    /// Compressed.
    Cluster(Cluster),
    /// At this byte of the inode that holds fragments.
    Fragment(u64),
}

impl Stored {
    /// An extent of an interlaced cluster that starts `turn` bytes behind the start of a block.
    pub(super) fn turned(at: u64, packed: u64, turn: u64, block: Grain) -> Self {
        let front = block.size().saturating_sub(turn).min(packed);
        Self::Turned {
            at: at.saturating_add(packed.saturating_sub(front)),
            front,
            rest: at,
        }
    }
}

/// What says where the data is.
enum Map<'a> {
    Fragment(Extent),
    Index(Index<'a>),
    Records(Records<'a>),
    Chunks(ChunkTable<'a>),
}

impl Map<'_> {
    fn extent(&mut self, at: u64) -> Result<Extent, Gap> {
        match self {
            Self::Fragment(extent) => Ok(*extent),
            Self::Index(index) => index.extent(at),
            Self::Records(records) => records.extent(at),
            Self::Chunks(chunks) => chunks.extent(at),
        }
    }
}

impl File {
    pub(super) fn new(volume: Arc<Volume>, inode: Inode) -> Self {
        Self {
            volume,
            inode,
            memo: Memo::default(),
        }
    }

    fn map(&self) -> Result<Map<'_>, Gap> {
        let Inode { size, end, boxed, .. } = self.inode;
        let block = self.volume.disk.sb.block;
        let mut reader = self.volume.reader(boxed)?;
        let compact = matches!(self.inode.layout, Layout::Compact(_));
        if let Layout::Chunks(chunks) = self.inode.layout {
            return Ok(Map::Chunks(ChunkTable {
                reader,
                chunks,
                end,
                block,
                mask: self.volume.disk.sb.device_mask,
                size,
            }));
        }
        Ok(match Header::read(&mut reader, end, compact, block)? {
            Header::Fragment(offset) => Map::Fragment(Extent {
                start: 0,
                len: size,
                from: Stored::Fragment(offset),
            }),
            Header::Records(header) => Map::Records(Records {
                reader,
                header,
                block,
                size,
                memo: &self.memo,
            }),
            Header::Index(header) => Map::Index(Index::open(
                reader, header, compact, boxed, block, size, &self.memo,
            )?),
        })
    }

    /// Copies the part of an extent from byte `skip` of it on; how many bytes.
    fn copy(&self, extent: &Extent, skip: u64, to: &mut [u8], ahead: &mut Ahead) -> Result<usize, Gap> {
        let left = extent.len.saturating_sub(skip);
        let more = wide(to.len());
        let len = usize::try_from(left).map_or(to.len(), |left| left.min(to.len()));
        let to = to.get_mut(..len).unwrap_or_default();
        let disk = &self.volume.disk;
        match extent.from {
            Stored::Hole => {
                to.fill(0);
                Ok(len)
            }
            Stored::Device { number, at } => {
                plain(&disk.blob(number, at.saturating_add(skip), wide(len))?, at, to)
            }
            Stored::Beside(at) => {
                let at = at.saturating_add(skip);
                plain(&self.volume.beside(self.inode.boxed, at, wide(len))?, at, to)
            }
            Stored::Turned { at, front, rest } => {
                let (at, len) = match front.checked_sub(skip) {
                    Some(left) if left > 0 => (at.saturating_add(skip), left.min(wide(len))),
                    _ => (rest.saturating_add(skip.saturating_sub(front)), wide(len)),
                };
                let len_here = usize::try_from(len).unwrap_or(0);
                plain(
                    &disk.blob(0, at, len)?,
                    at,
                    to.get_mut(..len_here).unwrap_or_default(),
                )
            }
            Stored::Cluster(cluster) => {
                let all = self.volume.decoded(&cluster, extent.len, more, ahead)?;
                let from = usize::try_from(skip).unwrap_or(usize::MAX);
                let part = all.get(from..from.saturating_add(len));
                match part {
                    Some(part) => to.copy_from_slice(part),
                    None => return Err(Gap::truncated(NAME, cluster.at, "cluster", left, 0)),
                }
                disk.units.copied(len);
                Ok(len)
            }
            Stored::Fragment(at) => {
                let at = at.saturating_add(skip);
                let blob = self.volume.packed()?;
                plain(&blob.slice(at..at.saturating_add(wide(len))), at, to)
            }
        }
    }

    /// Where the bytes of an extent are in the layer below.
    fn below(&self, extent: &Extent, skip: u64) -> Option<u64> {
        let disk = &self.volume.disk;
        let device = |number, at| Some(disk.blob(number, at, 1).ok()?.origin());
        let beside = |boxed, at| Some(self.volume.beside(boxed, at, 1).ok()?.origin());
        match extent.from {
            Stored::Hole => None,
            Stored::Device { number, at } => device(number, at.saturating_add(skip)),
            Stored::Turned { rest, .. } => device(0, rest),
            Stored::Beside(at) => beside(self.inode.boxed, at.saturating_add(skip)),
            Stored::Cluster(cluster) => match cluster.beside {
                Some(boxed) => beside(boxed, cluster.at),
                None => device(0, cluster.at),
            },
            Stored::Fragment(at) => {
                let packed = self.volume.packed().ok()?;
                Some(packed.origin_at(at.saturating_add(skip)))
            }
        }
    }
}

/// Bytes as they are. Where there are none, it is because the device ends.
fn plain(blob: &Blob, at: u64, to: &mut [u8]) -> Result<usize, Gap> {
    let got = blob.read_at(0, to).map_err(|e| Gap::of(e, NAME, at))?;
    if got == 0 && !to.is_empty() {
        return Err(Gap::truncated(NAME, at, "data", wide(to.len()), 0));
    }
    Ok(got)
}

impl Source for File {
    fn len(&self) -> u64 {
        self.inode.size
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.inode.size.saturating_sub(at);
        let want = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        if want == 0 {
            return Ok(0);
        }
        let mut map = self.map()?;
        let mut ahead = Ahead::default();
        let mut done = 0_usize;
        while let Some(rest) = buf.get_mut(done..want).filter(|rest| !rest.is_empty()) {
            let at = at.saturating_add(wide(done));
            let copied = map.extent(at).and_then(|extent| {
                let skip = at.saturating_sub(extent.start);
                self.copy(&extent, skip, rest, &mut ahead)
            });
            match copied {
                Ok(0) => break,
                Ok(n) => done = done.saturating_add(n),
                // What came before is sound; the next read starts with what is not.
                Err(_) if done > 0 => break,
                Err(gap) => return Err(gap.into()),
            }
        }
        Ok(done)
    }

    fn origin(&self, at: u64) -> u64 {
        let inode = || {
            let beside = self.volume.beside(self.inode.boxed, self.inode.end, 1);
            beside.map_or(0, |blob| blob.origin())
        };
        let Ok(mut map) = self.map() else { return inode() };
        let mut at = at;
        for _ in 0..HOLES {
            let Ok(extent) = map.extent(at) else { break };
            if let Some(below) = self.below(&extent, at.saturating_sub(extent.start)) {
                return below;
            }
            // A hole: what comes next is read next.
            at = extent.start.saturating_add(extent.len);
            if at >= self.inode.size {
                break;
            }
        }
        inode()
    }
}

/// The chunks of a file.
struct ChunkTable<'a> {
    reader: Reader<'a>,
    chunks: Chunks,
    /// Byte behind the inode.
    end: u64,
    block: Grain,
    /// Bits of a device number that count.
    mask: u16,
    size: u64,
}

impl ChunkTable<'_> {
    /// The chunk that byte `at` is in, and those that go on where it ends.
    fn extent(&mut self, at: u64) -> Result<Extent, Gap> {
        let chunk = Grain::new(self.block.bits().saturating_add(self.chunks.bits));
        let first = chunk.number(at);
        let start = chunk.at(first);
        let from = self.chunk(first)?;
        let mut len = chunk.size();
        let mut number = first;
        let next = |len: u64| match from {
            Stored::Device { number, at } => Some((number, at.saturating_add(len))),
            _ => None,
        };
        while len < TOGETHER && start.saturating_add(len) < self.size {
            number = number.saturating_add(1);
            let more = match self.chunk(number) {
                Ok(Stored::Device { number, at }) => Some((number, at)),
                Ok(_) => None,
                // Told when it is its turn.
                Err(_) => break,
            };
            if more != next(len) {
                break;
            }
            len = len.saturating_add(chunk.size());
        }
        let len = len.min(self.size.saturating_sub(start));
        Ok(Extent { start, len, from })
    }

    fn chunk(&mut self, number: u64) -> Result<Stored, Gap> {
        let place = |unit: u64| {
            let table = self.end.checked_next_multiple_of(unit).unwrap_or(u64::MAX);
            table.saturating_add(number.saturating_mul(unit))
        };
        let (device, start, hole) = if self.chunks.indexes {
            let [a, b, c, d, e, f, g, h] = self.reader.bytes("chunk index", place(8))?;
            let low = u64::from(u32::from_le_bytes([e, f, g, h]));
            let device = u16::from_le_bytes([c, d]) & self.mask;
            match self.chunks.wide {
                true => {
                    let high = u64::from(u16::from_le_bytes([a, b]));
                    (device, low | (high << 32), (1 << 48) - 1)
                }
                false => (device, low, u32::MAX.into()),
            }
        } else {
            let raw = self.reader.bytes("block map", place(4))?;
            (0, u32::from_le_bytes(raw).into(), u32::MAX.into())
        };
        if start == hole {
            return Ok(Stored::Hole);
        }
        if start == 0 && device == 0 {
            // The superblock is there, or before it.
            return Err(Gap::invalid(NAME, self.end, "block of a chunk", 0));
        }
        Ok(Stored::Device {
            number: device,
            at: self.block.at(start),
        })
    }
}
