//! Where the data of a file with records of extents is: what 48-bit images have instead of an index.
//!
//! Records of 16 or 32 bytes have their place in the file and are in its order. Those of 4 and 8 have
//! none, each is for one logical cluster; those of 4 have only a length, their data is one after another.

use crate::bytes::{Gap, wide};

use super::cluster::{Algorithm, Cluster};
use super::file::{Extent, Memo, Stored};
use super::map::{self, FRAGMENT_PCLUSTER, INTERLACED_PCLUSTER, MAX_EXTENT, MAX_PACKED};
use super::{Grain, NAME, Reader};

/// `plen`: the compressed bytes, 21 bits.
const PLEN_MASK: u32 = (1 << 21) - 1;
/// The data is of more than this extent.
const PLEN_PARTIAL: u32 = 1 << 27;
/// The algorithm plus one, or 0 for none, from this bit on.
const PLEN_FORMAT: u32 = 28;

/// Records of 4 bytes between two sums that are kept.
const STEP: u64 = 1024;
/// Ours: records of 4 bytes that are summed up, in one file. With blocks of 4 KiB, 64 GiB of it.
const SUMMED: u64 = 16 << 20;

/// A file's records, while it is looked things up in.
pub(super) struct Records<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) header: map::Records,
    pub(super) block: Grain,
    pub(super) size: u64,
    pub(super) memo: &'a Memo,
}

/// A record, and where its extent ends.
struct Record {
    plen: u32,
    /// Byte among those of all devices.
    pstart: u64,
    lstart: u64,
    end: u64,
    /// There is none behind it.
    last: bool,
}

impl Records<'_> {
    /// Bytes of a record.
    fn size(&self) -> u64 {
        4_u64.wrapping_shl(((self.header.advise >> 1) & 3).into())
    }

    /// Byte of the first record.
    fn start(&self) -> u64 {
        let size = self.size().wrapping_sub(1);
        self.header.end.saturating_add(size) & !size
    }

    /// The extent that byte `at` is in.
    pub(super) fn extent(&mut self, at: u64) -> Result<Extent, Gap> {
        let record = match self.size() {
            4 => self.length_only(at)?,
            8 => self.one_a_cluster(at)?,
            _ => match self.search(at)? {
                Ok(record) => record,
                // Nothing is before the first.
                Err(end) => {
                    return Ok(Extent {
                        start: at,
                        len: end.saturating_sub(at),
                        from: Stored::Hole,
                    });
                }
            },
        };
        let len = record.end.saturating_sub(record.lstart);
        let from = self.stored(&record, len)?;
        Ok(Extent {
            start: record.lstart,
            len,
            from,
        })
    }

    fn stored(&self, record: &Record, len: u64) -> Result<Stored, Gap> {
        let place = self.start();
        if record.last && self.header.advise & FRAGMENT_PCLUSTER != 0 {
            let high = if self.size() > 4 { record.pstart << 32 } else { 0 };
            return Ok(Stored::Fragment(u64::from(record.plen) | high));
        }
        let packed = u64::from(record.plen & PLEN_MASK);
        if packed == 0 {
            return Ok(Stored::Hole);
        }
        if packed > MAX_PACKED {
            return Err(Gap::unsupported(NAME, place, "plen", packed));
        }
        if len > MAX_EXTENT {
            return Err(Gap::over(NAME, place, "bytes of an extent", len, MAX_EXTENT, ""));
        }
        if record.pstart < self.block.size() {
            // The superblock is there, or before it.
            return Err(Gap::invalid(NAME, place, "pstart", record.pstart));
        }
        if let Some(number) = record.plen.wrapping_shr(PLEN_FORMAT).checked_sub(1) {
            return Ok(Stored::Cluster(Cluster {
                beside: None,
                at: record.pstart,
                len: packed,
                algorithm: Algorithm::new(number, place)?,
                partial: record.plen & PLEN_PARTIAL != 0,
            }));
        }
        if len > packed {
            return Err(Gap::invalid(NAME, place, "plain data", len));
        }
        let whole = self.block.offset(record.pstart | packed) == 0;
        if whole && self.header.advise & INTERLACED_PCLUSTER != 0 {
            let turn = self.block.offset(record.lstart);
            return Ok(Stored::turned(record.pstart, packed, turn, self.block));
        }
        Ok(Stored::Device {
            number: 0,
            at: record.pstart,
        })
    }

    /// The record of a logical cluster: where its extent starts and ends.
    fn cluster(&self, number: u64, plen: u32, pstart: u64) -> Record {
        let cluster = self.header.cluster;
        let lstart = cluster.at(number);
        let end = cluster.at(number.saturating_add(1));
        Record {
            plen,
            pstart,
            lstart,
            end: end.min(self.size),
            last: end >= self.size,
        }
    }

    fn one_a_cluster(&mut self, at: u64) -> Result<Record, Gap> {
        let number = self.header.cluster.number(at);
        let place = self.start().saturating_add(number.saturating_mul(8));
        let [a, b, c, d, e, f, g, h] = self.reader.bytes("extent record", place)?;
        let (plen, pstart) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        Ok(self.cluster(number, plen, pstart.into()))
    }

    fn length_only(&mut self, at: u64) -> Result<Record, Gap> {
        let number = self.header.cluster.number(at);
        if number >= SUMMED {
            let start = self.start();
            return Err(Gap::over(NAME, start, "extent records", number, SUMMED, ""));
        }
        let memo = self.memo;
        let pstart = memo.with(|found| self.sum(number, &mut found.sums))?;
        let plen = self.length(number)?;
        Ok(self.cluster(number, plen, pstart))
    }

    /// A record of 4 bytes. The first byte of all data is before the first.
    fn length(&mut self, number: u64) -> Result<u32, Gap> {
        let first = self.start().saturating_add(8);
        let at = first.saturating_add(number.saturating_mul(4));
        Ok(u32::from_le_bytes(self.reader.bytes("extent record", at)?))
    }

    /// Where the data of a record of 4 bytes starts. `sums` has that of every so many.
    fn sum(&mut self, number: u64, sums: &mut Vec<u64>) -> Result<u64, Gap> {
        if sums.is_empty() {
            let start = self.start();
            let mut half = |at: u64| Ok::<_, Gap>(u32::from_le_bytes(self.reader.bytes("pstart", at)?));
            let (low, high) = (half(start)?, half(start.saturating_add(4))?);
            sums.push(u64::from(low) | (u64::from(high) << 32));
        }
        let last = sums.len().saturating_sub(1);
        let known = usize::try_from(number / STEP).map_or(last, |known| known.min(last));
        let mut sum = sums.get(known).copied().unwrap_or(0);
        let mut next = wide(known).saturating_mul(STEP);
        while next < number {
            sum = sum.saturating_add((self.length(next)? & PLEN_MASK).into());
            next = next.saturating_add(1);
            if next == wide(sums.len()).saturating_mul(STEP) {
                sums.push(sum);
            }
        }
        Ok(sum)
    }

    /// The last record that starts at or before `at`, or where the first starts.
    fn search(&mut self, at: u64) -> Result<Result<Record, u64>, Gap> {
        let (size, start) = (self.size(), self.start());
        let (mut low, mut high) = (0, self.header.count);
        let (mut found, mut end) = (None, self.size);
        while low < high {
            let middle = low.midpoint(high);
            let place = start.saturating_add(middle.saturating_mul(size));
            let raw = self.reader.bytes::<16>("extent record", place)?;
            let [plen, pstart_lo, pstart_hi, lstart_lo] = words(raw);
            let lstart_hi = match size {
                16 => 0,
                _ => {
                    let place = place.saturating_add(16);
                    u32::from_le_bytes(self.reader.bytes("extent record", place)?)
                }
            };
            let lstart = u64::from(lstart_lo) | (u64::from(lstart_hi) << 32);
            if lstart > at {
                if lstart > end {
                    return Err(Gap::invalid(NAME, place, "lstart", lstart));
                }
                (high, end) = (middle, lstart);
            } else {
                low = middle.saturating_add(1);
                found = Some((plen, u64::from(pstart_lo) | (u64::from(pstart_hi) << 32), lstart));
            }
        }
        let last = low >= self.header.count;
        Ok(found.ok_or(end).map(|(plen, pstart, lstart)| Record {
            plen,
            pstart,
            lstart,
            end,
            last,
        }))
    }
}

/// Four numbers.
fn words(raw: [u8; 16]) -> [u32; 4] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = raw;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]].map(u32::from_le_bytes)
}
