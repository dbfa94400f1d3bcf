//! The data of files: which blocks of a file are where.
//!
//! The map of a file is a unit of the cache: sixteen bytes for each [`Run`], in the file's order.

use std::io;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::bytes::{Blob, Bytes, Gap, Source};

use super::node::{Inode, NODE_ADDRESSES};
use super::{BLOCK, Image, LOG_BLOCK, NAME, byte, cluster, wide};

/// Values of an address that are none: a hole, a block that was to be written, the start of a cluster.
const NULL: u32 = 0;
const NEW: u32 = u32::MAX;
const COMPRESS: u32 = u32::MAX - 1;
/// Ours: runs of one file, 8 MiB of map. Two for each cluster of 16 KiB, these are 4 GiB.
const RUNS: usize = 1 << 19;
/// Bytes of a run in a map.
const RUN: usize = 16;

/// Blocks of a file that lie together.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// The first of them: blocks from the file's start.
    pub(super) index: u32,
    /// Blocks. Of a cluster, blocks as stored.
    pub(super) len: u32,
    pub(super) place: Place,
}

/// Where they are.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// From this address on.
    At(u32),
    /// From this address on, a part of a compressed cluster: those of one cluster have the same index.
    Packed(u32),
    /// This is no address of a block.
    Invalid(u32),
    /// The node with their addresses has this number and cannot be read.
    Lost(u32),
    /// The file has more runs than we look at.
    Over,
}

impl Run {
    fn put(self, map: &mut Vec<u8>) {
        let (kind, value) = match self.place {
            Place::At(address) => (0, address),
            Place::Packed(address) => (1, address),
            Place::Invalid(address) => (2, address),
            Place::Lost(nid) => (3, nid),
            Place::Over => (4, 0),
        };
        for word in [self.index, self.len, kind, value] {
            map.extend_from_slice(&u32::to_le_bytes(word));
        }
    }

    fn get(bytes: &[u8; RUN]) -> Self {
        let (words, _) = bytes.as_chunks::<4>();
        let word = |n: usize| words.get(n).map_or(0, |word| u32::from_le_bytes(*word));
        let value = word(3);
        let place = match word(2) {
            0 => Place::At(value),
            1 => Place::Packed(value),
            2 => Place::Invalid(value),
            3 => Place::Lost(value),
            _ => Place::Over,
        };
        Self {
            index: word(0),
            len: word(1),
            place,
        }
    }

    /// Why it cannot be read.
    pub(super) fn gap(self, image: &Image, owner: u32) -> Gap {
        let at = byte(self.index.into());
        match self.place {
            Place::At(address) | Place::Packed(address) | Place::Invalid(address) => {
                Gap::invalid(NAME, at, "block address in a file", address.into())
            }
            Place::Lost(nid) => match image.node(nid, owner) {
                Ok(_) => Gap::invalid(NAME, at, "node that is in a file twice", nid.into()),
                Err(gap) => gap,
            },
            Place::Over => {
                let (got, limit) = (wide(RUNS).saturating_add(1), wide(RUNS));
                Gap::over(NAME, at, "runs of a file", got, limit, "")
            }
        }
    }
}

/// The runs of a map.
pub(super) fn runs(map: &[u8]) -> impl Iterator<Item = Run> {
    map.as_chunks().0.iter().map(Run::get)
}

/// Where the blocks of a file are.
pub(super) fn map(image: &Image, inode: &Inode) -> Result<Bytes, Gap> {
    let end = inode.size.div_ceil(BLOCK);
    let mut mapper = Mapper {
        image,
        inode,
        end: u32::try_from(end).unwrap_or(u32::MAX),
        index: 0,
        seen: FxHashSet::default(),
        map: Vec::new(),
        last: None,
    };
    mapper.addresses(inode.addresses());
    let [direct, another, indirect, fourth, double] = inode.nids();
    for (nid, level) in [(direct, 0), (another, 0), (indirect, 1), (fourth, 1), (double, 2)] {
        mapper.node(nid, level);
    }
    if mapper.index < mapper.end {
        let rest = mapper.end.saturating_sub(mapper.index);
        mapper.push(mapper.index, rest, Place::Invalid(NULL));
    }
    mapper.flush();
    Ok(mapper.map.into())
}

/// Follows the addresses of a file.
struct Mapper<'a> {
    image: &'a Image,
    inode: &'a Inode,
    /// Blocks of the file.
    end: u32,
    /// The next block of the file.
    index: u32,
    seen: FxHashSet<u32>,
    map: Vec<u8>,
    last: Option<Run>,
}

impl Mapper<'_> {
    /// Follows a node: of addresses at level 0, above of nodes of the level below.
    fn node(&mut self, nid: u32, level: u8) {
        if self.index >= self.end {
            return;
        }
        let per_node = self.inode.aligned(NODE_ADDRESSES);
        let nodes = wide(NODE_ADDRESSES).saturating_pow(level.into());
        let span = u32::try_from(wide(per_node).saturating_mul(nodes)).unwrap_or(u32::MAX);
        if nid == NULL {
            self.index = self.index.saturating_add(span);
            return;
        }
        // A node that is met twice would be followed over and over.
        let fresh = self.seen.insert(nid);
        let node = self.image.node(nid, self.inode.number);
        let (Ok((block, _)), true) = (node, fresh) else {
            let len = span.min(self.end.saturating_sub(self.index));
            self.push(self.index, len, Place::Lost(nid));
            self.index = self.index.saturating_add(span);
            return;
        };
        let words = block.as_chunks().0;
        if level == 0 {
            return self.addresses(words.get(..per_node).unwrap_or_default());
        }
        for word in words.iter().take(NODE_ADDRESSES) {
            self.node(u32::from_le_bytes(*word), level.saturating_sub(1));
        }
    }

    fn addresses(&mut self, words: &[[u8; 4]]) {
        let cluster = self.inode.compression.map_or(1, |(_, log)| 1_usize << log);
        for group in words.chunks(cluster) {
            if self.index >= self.end {
                return;
            }
            let mut group = group.iter().map(|word| u32::from_le_bytes(*word));
            let next = self.index.saturating_add(u32::try_from(cluster).unwrap_or(1));
            if cluster > 1 && group.clone().next() == Some(COMPRESS) {
                let image = self.image;
                let stored = group
                    .skip(1)
                    .take_while(|address| image.main.contains(&(*address).into()));
                let mut empty = true;
                for address in stored {
                    empty = false;
                    self.push(self.index, 1, Place::Packed(address));
                }
                if empty {
                    self.push(self.index, 1, Place::Invalid(COMPRESS));
                }
            } else {
                for index in self.index..next.min(self.end) {
                    match group.next() {
                        None | Some(NULL | NEW) => {}
                        Some(address) if self.is_block(address) => self.push(index, 1, Place::At(address)),
                        Some(address) => self.push(index, 1, Place::Invalid(address)),
                    }
                }
            }
            self.index = next;
        }
    }

    fn is_block(&self, address: u32) -> bool {
        self.image.main.contains(&address.into())
    }

    /// Puts a run behind the others, or makes the last one longer.
    fn push(&mut self, index: u32, len: u32, place: Place) {
        if let Some(last) = &mut self.last {
            let (end, behind) = (last.index.saturating_add(last.len), |start: u32| {
                start.saturating_add(last.len)
            });
            let follows = match (last.place, place) {
                (Place::At(start), Place::At(next)) => end == index && behind(start) == next,
                (Place::Packed(start), Place::Packed(next)) => last.index == index && behind(start) == next,
                (Place::Invalid(_), Place::Invalid(_)) => end == index,
                _ => false,
            };
            if follows {
                last.len = last.len.saturating_add(len);
                return;
            }
        }
        self.flush();
        self.last = Some(Run { index, len, place });
        if self.map.len() >= RUNS.saturating_mul(RUN) {
            let (len, place) = (self.end.saturating_sub(index), Place::Over);
            self.last = Some(Run { index, len, place });
            self.index = self.end;
        }
    }

    fn flush(&mut self) {
        if let Some(run) = self.last.take() {
            run.put(&mut self.map);
        }
    }
}

/// The data of a file, which is read when it is asked for.
pub(super) fn blob(image: &Arc<Image>, inode: &Inode) -> Blob {
    let addresses = inode.addresses().iter().map(|word| u32::from_le_bytes(*word));
    let mut stored = addresses.filter(|address| image.main.contains(&(*address).into()));
    Blob::new(Arc::new(Data {
        number: inode.number,
        size: inode.size,
        compression: inode.compression,
        first: byte(stored.next().unwrap_or(0).into()),
        image: Arc::clone(image),
    }))
}

struct Data {
    image: Arc<Image>,
    number: u32,
    size: u64,
    compression: Option<(u8, u8)>,
    /// Where its first block is, in bytes.
    first: u64,
}

/// What is at a block of a file.
enum Found {
    /// Nothing, up to this block.
    Hole(u64),
    Run(Run),
    /// A cluster: its first block, and where its parts are.
    Cluster(u32, Vec<Run>),
}

impl Data {
    fn map(&self) -> Result<Bytes, Gap> {
        let image = &self.image;
        let unit = (image.maps, self.number.into());
        image.cache.get(unit, || map(image, &image.inode(self.number)?))
    }

    fn find(&self, index: u64) -> Result<Found, Gap> {
        let map = self.map()?;
        let (runs, _) = map.as_chunks::<RUN>();
        let next = runs.partition_point(|run| u64::from(Run::get(run).index) <= index);
        let (before, behind) = runs.split_at_checked(next).unwrap_or_default();
        let hole = || Found::Hole(behind.first().map_or(u64::MAX, |run| Run::get(run).index.into()));
        let Some(run) = before.last().map(Run::get) else {
            return Ok(hole());
        };
        let len = match (run.place, self.compression) {
            (Place::Packed(_), Some((_, log))) => 1_u64 << log,
            _ => run.len.into(),
        };
        if index >= u64::from(run.index).saturating_add(len) {
            return Ok(hole());
        }
        if !matches!(run.place, Place::Packed(_)) {
            return Ok(Found::Run(run));
        }
        let same = before.iter().rev().map(Run::get);
        let mut parts: Vec<Run> = same.take_while(|part| part.index == run.index).collect();
        parts.reverse();
        Ok(Found::Cluster(run.index, parts))
    }

    /// A cluster, decoded.
    fn cluster(&self, index: u32, parts: &[Run]) -> Result<Bytes, Gap> {
        let number = u64::from(self.number) << 32 | u64::from(index);
        let image = &self.image;
        let compression = self.compression.unwrap_or_default();
        let unit = (image.clusters, number);
        image
            .cache
            .get(unit, || cluster::decode(&image.blob, compression, parts))
    }
}

impl Source for Data {
    fn len(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(at);
        let want = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let (index, skip) = (at >> LOG_BLOCK, at & BLOCK.saturating_sub(1));
        // Up to the end of what is there.
        let room = |end: u64| {
            let room = byte(end).saturating_sub(at);
            usize::try_from(room).map_or(want, |room| room.min(want))
        };
        match self.find(index)? {
            Found::Hole(end) => {
                let n = room(end);
                buf.get_mut(..n).unwrap_or_default().fill(0);
                Ok(n)
            }
            Found::Run(run) => {
                let Place::At(address) = run.place else {
                    return Err(run.gap(&self.image, self.number).into());
                };
                let n = room(u64::from(run.index).saturating_add(run.len.into()));
                let behind = index.saturating_sub(run.index.into());
                let from = byte(u64::from(address).saturating_add(behind)).saturating_add(skip);
                let got = self
                    .image
                    .blob
                    .read_at(from, buf.get_mut(..n).unwrap_or_default())?;
                if got == 0 && n > 0 {
                    let have = self.image.blob.len().saturating_sub(from);
                    return Err(Gap::truncated(NAME, from, "block", BLOCK, have).into());
                }
                Ok(got)
            }
            Found::Cluster(first, parts) => {
                let cluster = self.cluster(first, &parts)?;
                let skip = usize::try_from(at.saturating_sub(byte(first.into()))).unwrap_or(usize::MAX);
                let from = cluster.get(skip..).unwrap_or_default();
                let n = from.len().min(want);
                if let (Some(to), Some(from)) = (buf.get_mut(..n), from.get(..n)) {
                    to.copy_from_slice(from);
                }
                Ok(n)
            }
        }
    }

    fn origin(&self, at: u64) -> u64 {
        let address = |place, behind| match place {
            Place::At(address) => Some(byte(u64::from(address).saturating_add(behind))),
            Place::Packed(address) => Some(byte(address.into())),
            _ => None,
        };
        // Most are asked for their first byte: the map is not read for that.
        let index = at >> LOG_BLOCK;
        let found = if index == 0 { None } else { self.find(index).ok() };
        let found = found.and_then(|found| match found {
            Found::Hole(_) => None,
            Found::Run(run) => address(run.place, index.saturating_sub(run.index.into())),
            Found::Cluster(_, parts) => parts.first().and_then(|part| address(part.place, 0)),
        });
        self.image.blob.origin_at(found.unwrap_or(self.first))
    }
}
