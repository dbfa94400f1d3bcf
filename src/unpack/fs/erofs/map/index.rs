//! The index: which extent a byte is in, by the entries around it.

use crate::bytes::Gap;

use super::super::cluster::{Algorithm, Cluster};
use super::super::file::{Extent, Memo, Stored};
use super::super::{Grain, NAME, Reader};
use super::{
    BIG_PCLUSTER_1, BIG_PCLUSTER_2, FRAGMENT_PCLUSTER, INTERLACED_PCLUSTER, Indexed, MAX_EXTENT, MAX_PACKED,
};

/// `di_advise` of an entry of the full index: the compressed data is of more than this extent.
const PARTIAL_REF: u16 = 0x8000;
/// In the first entry behind a head: the rest is the number of blocks of compressed data.
pub(super) const D0_CBLKCNT: u16 = 0x800;

/// Ours: entries that are followed back to a head. Each goes back by 2047 clusters where it has to: 13 times
/// in the longest extent.
const HOPS: u32 = 64;

/// A logical cluster, as its entry in the index tells.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry {
    /// An extent starts in it.
    Head(Head),
    /// It belongs to a head, so many clusters back. In the first behind the head, the number of blocks
    /// of compressed data, where they are told.
    Rest { back: u64, blocks: Option<u64> },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) kind: HeadKind,
    /// Byte of the cluster that the extent starts at.
    pub(super) offset: u64,
    /// Block of the compressed data.
    pub(super) block: u64,
    /// The compressed data is of more than this extent.
    pub(super) partial: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadKind {
    /// Not compressed.
    Plain,
    /// Compressed with the first algorithm.
    One,
    /// With the second.
    Two,
}

/// What an entry's lower two bits say.
pub(super) fn head_kind(bits: u16) -> Option<HeadKind> {
    match bits & 3 {
        0 => Some(HeadKind::Plain),
        1 => Some(HeadKind::One),
        2 => None,
        _ => Some(HeadKind::Two),
    }
}

/// The last extent, where it is not in blocks of its own.
#[derive(Debug, Clone, Copy)]
struct Tail {
    /// The cluster of its head.
    head: u64,
    from: Stored,
}

/// A file's index, while it is looked things up in.
pub(in crate::unpack::fs::erofs) struct Index<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) header: Indexed,
    pub(super) compact: bool,
    boxed: bool,
    pub(super) block: Grain,
    pub(super) size: u64,
    tail: Option<Tail>,
    memo: &'a Memo,
}

impl<'a> Index<'a> {
    pub(in crate::unpack::fs::erofs) fn open(
        reader: Reader<'a>,
        header: Indexed,
        compact: bool,
        boxed: bool,
        block: Grain,
        size: u64,
        memo: &'a Memo,
    ) -> Result<Self, Gap> {
        let mut index = Self {
            reader,
            header,
            compact,
            boxed,
            block,
            size,
            tail: None,
            memo,
        };
        if header.inline > 0 || index.advises(FRAGMENT_PCLUSTER) {
            index.tail = Some(index.find_tail()?);
        }
        Ok(index)
    }

    pub(super) fn advises(&self, bit: u16) -> bool {
        self.header.advise & bit != 0
    }

    /// What the last byte of the file is in.
    fn find_tail(&mut self) -> Result<Tail, Gap> {
        let last = self.size.saturating_sub(1);
        let (number, head) = self.head(last)?;
        if self.advises(FRAGMENT_PCLUSTER) {
            let low = u64::from(self.header.fragment);
            // The entry of a fragment has no use for a block number: in the full index, it is the rest
            // of the offset.
            let high = if self.compact { 0 } else { head.block << 32 };
            return Ok(Tail {
                head: number,
                from: Stored::Fragment(low | high),
            });
        }
        let (at, len) = (
            self.behind(self.header.cluster.number(last))?,
            self.header.inline.into(),
        );
        if self.block.offset(at).saturating_add(len) > self.block.size() {
            return Err(Gap::invalid(NAME, at, "inline cluster across blocks", len));
        }
        let from = match self.algorithm(head.kind)? {
            Some(algorithm) => Stored::Cluster(Cluster {
                beside: Some(self.boxed),
                at,
                len,
                algorithm,
                partial: head.partial,
            }),
            None => Stored::Beside(at),
        };
        Ok(Tail { head: number, from })
    }

    /// The extent that byte `at` is in.
    pub(in crate::unpack::fs::erofs) fn extent(&mut self, at: u64) -> Result<Extent, Gap> {
        if let Some(tail) = self.tail
            && tail.head == 0
            && let Stored::Fragment(_) = tail.from
        {
            return Ok(Extent {
                start: 0,
                len: self.size,
                from: tail.from,
            });
        }
        let (number, head) = self.head(at)?;
        let memo = self.memo;
        let extent = memo.extent(number, || self.of(number, head))?;
        let end = extent.start.saturating_add(extent.len);
        if !(extent.start..end).contains(&at) {
            return Err(Gap::invalid(
                NAME,
                self.place(number),
                "extent of a head",
                extent.start,
            ));
        }
        Ok(extent)
    }

    /// The extent of a head.
    fn of(&mut self, number: u64, head: Head) -> Result<Extent, Gap> {
        let start = self.header.cluster.at(number).saturating_add(head.offset);
        let (end, blocks) = self.end(number)?;
        let len = end.saturating_sub(start);
        if let Some(tail) = self.tail.filter(|tail| tail.head == number) {
            if matches!(tail.from, Stored::Beside(_)) && len > self.header.inline.into() {
                return Err(Gap::invalid(NAME, self.place(number), "inline data", len));
            }
            return Ok(Extent {
                start,
                len,
                from: tail.from,
            });
        }
        let big = match head.kind {
            HeadKind::One => self.advises(BIG_PCLUSTER_1),
            HeadKind::Plain | HeadKind::Two => self.advises(BIG_PCLUSTER_2),
        };
        let blocks = blocks.filter(|blocks| big && *blocks > 0).unwrap_or(1);
        let packed = self.block.at(blocks);
        if packed > MAX_PACKED {
            let at = self.place(number);
            return Err(Gap::unsupported(NAME, at, "size of compressed data", packed));
        }
        if head.block == 0 {
            // The superblock is there, or before it.
            return Err(Gap::invalid(NAME, self.place(number), "block of an extent", 0));
        }
        let address = self.block.at(head.block);
        let from = match self.algorithm(head.kind)? {
            Some(algorithm) => Stored::Cluster(Cluster {
                beside: None,
                at: address,
                len: packed,
                algorithm,
                partial: head.partial,
            }),
            None if len > packed => {
                return Err(Gap::invalid(NAME, self.place(number), "plain data", len));
            }
            None if self.advises(INTERLACED_PCLUSTER) => {
                Stored::turned(address, packed, self.block.offset(start), self.block)
            }
            None => Stored::Device {
                number: 0,
                at: address,
            },
        };
        Ok(Extent { start, len, from })
    }

    /// `None` where it is not compressed.
    fn algorithm(&self, kind: HeadKind) -> Result<Option<Algorithm>, Gap> {
        let [one, two] = self.header.algorithms;
        let number = match kind {
            HeadKind::Plain => return Ok(None),
            HeadKind::One => one,
            HeadKind::Two => two,
        };
        Algorithm::new(number.into(), self.header.end).map(Some)
    }

    /// The head of the extent that byte `at` is in, and the cluster that it is in.
    fn head(&mut self, at: u64) -> Result<(u64, Head), Gap> {
        let cluster = self.header.cluster;
        let first = cluster.number(at);
        let mut number = first;
        let mut back = match self.entry(number)? {
            Entry::Head(head) if cluster.offset(at) >= head.offset => return Ok((number, head)),
            Entry::Head(_) => 1,
            Entry::Rest { back, .. } => back,
        };
        for _ in 0..HOPS {
            number = match number.checked_sub(back) {
                Some(before) if back > 0 => before,
                _ => break,
            };
            match self.entry(number)? {
                Entry::Head(head) => return Ok((number, head)),
                Entry::Rest { back: more, .. } => back = more,
            }
        }
        Err(Gap::invalid(
            NAME,
            self.place(first),
            "distance to the head",
            back,
        ))
    }

    /// The byte that the extent of a head ends at, and the number of its compressed blocks, where it is
    /// told. Each entry between must lead to this head, or what the kernel reads there is something else.
    fn end(&mut self, head: u64) -> Result<(u64, Option<u64>), Gap> {
        let cluster = self.header.cluster;
        let mut blocks = None;
        let mut number = head;
        loop {
            number = number.saturating_add(1);
            let start = cluster.at(number);
            if start >= self.size {
                return Ok((self.size, blocks));
            }
            let distance = number.saturating_sub(head);
            let place = self.place(number);
            match self.entry(number)? {
                Entry::Head(next) => return Ok((start.saturating_add(next.offset).min(self.size), blocks)),
                Entry::Rest { back, .. } if back == 0 || back > distance => {
                    return Err(Gap::invalid(NAME, place, "distance to the head", back));
                }
                Entry::Rest { blocks: told, .. } if distance == 1 => blocks = told,
                Entry::Rest { .. } => {}
            }
            // What begins in the last byte of a cluster may end in the first of the one behind.
            too_long(place, cluster.at(distance.saturating_sub(1)))?;
        }
    }

    fn entry(&mut self, number: u64) -> Result<Entry, Gap> {
        let entry = match self.compact {
            true => self.compact_entry(number)?,
            false => self.full_entry(number)?,
        };
        if let Entry::Head(head) = entry
            && head.offset >= self.header.cluster.size()
        {
            return Err(Gap::invalid(
                NAME,
                self.place(number),
                "di_clusterofs",
                head.offset,
            ));
        }
        Ok(entry)
    }

    /// Where the entry of a cluster is, for gaps.
    fn place(&self, number: u64) -> u64 {
        match self.compact {
            true => self.slot(number).at,
            false => self.full(number),
        }
    }

    /// The byte behind the entry of a cluster, or behind the pack that it is in.
    fn behind(&self, number: u64) -> Result<u64, Gap> {
        Ok(match self.compact {
            true => {
                let slot = self.slot(number);
                slot.at.saturating_add(slot.pack.size())
            }
            false => self.full(number).saturating_add(8),
        })
    }

    /// The full index has 8 bytes for each cluster, and 8 before it that nobody uses.
    fn full(&self, number: u64) -> u64 {
        let before = self.header.end.saturating_add(8);
        before.saturating_add(number.saturating_mul(8))
    }

    fn full_entry(&mut self, number: u64) -> Result<Entry, Gap> {
        let at = self.full(number);
        let raw = self.reader.bytes::<8>("index", at)?;
        let [a, b, c, d, e, f, g, h] = raw;
        let advise = u16::from_le_bytes([a, b]);
        let Some(kind) = head_kind(advise) else {
            return self.rest(u16::from_le_bytes([e, f]), at);
        };
        Ok(Entry::Head(Head {
            kind,
            offset: u16::from_le_bytes([c, d]).into(),
            block: u32::from_le_bytes([e, f, g, h]).into(),
            partial: advise & PARTIAL_REF != 0,
        }))
    }

    /// An entry that is no head, by its first number.
    pub(super) fn rest(&self, delta: u16, at: u64) -> Result<Entry, Gap> {
        if delta & D0_CBLKCNT == 0 {
            return Ok(Entry::Rest {
                back: delta.into(),
                blocks: None,
            });
        }
        if !self.advises(BIG_PCLUSTER_1) && !self.advises(BIG_PCLUSTER_2) {
            return Err(Gap::invalid(NAME, at, "number of blocks", delta.into()));
        }
        Ok(Entry::Rest {
            back: 1,
            blocks: Some((delta & !D0_CBLKCNT).into()),
        })
    }
}

fn too_long(at: u64, len: u64) -> Result<(), Gap> {
    if len > MAX_EXTENT {
        return Err(Gap::over(NAME, at, "bytes of an extent", len, MAX_EXTENT, ""));
    }
    Ok(())
}
