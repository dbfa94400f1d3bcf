//! What can still be listed of an archive that Android refuses.
//!
//! First the directory: every end record that has a chain of directory records where it says, or
//! right before itself; the longest chain wins. Where the chain is broken or there is none, the local
//! headers from the start on, jumping over the data of those that say how long it is.

use rustc_hash::FxHashSet;

use crate::bytes::{Blob, Budget, Bytes, Cursor, Gap, wide};

use super::super::registry::Listing;
use super::directory::{self, RECORD_LEN};
use super::end::{End, find64};
use super::entry::LOCAL_LEN;
use super::{Archive, CENTRAL, DESCRIBED, DESCRIPTOR, END, LOCAL, NAME, Record, UNSAID};

/// How far from the end an end record is looked for. Android: 64 KiB; beyond that, junk was appended.
const TAIL: u64 = 4 << 20;
/// End records that are tried. More than one is an archive that plays games.
const ENDS: usize = 64;
/// Bytes searched at a time.
const WINDOW: u64 = 1 << 20;

/// Lists what is there. `listing` has the reason why it must be salvaged already.
pub(super) fn read(blob: &Blob, budget: &Budget, listing: &mut Listing) -> Archive {
    let mut best = chains(blob, budget);
    if best.whole {
        return archive(blob, best);
    }
    let known: FxHashSet<u64> = best
        .records
        .iter()
        .map(|record| record.local.saturating_add(best.base))
        .collect();
    let stop = if best.records.is_empty() {
        blob.len()
    } else {
        best.start
    };
    if let Err(gap) = locals(blob, stop, &known, budget, &mut best) {
        listing.remark(gap);
    }
    archive(blob, best)
}

fn archive(blob: &Blob, chain: Chain) -> Archive {
    let end = if chain.records.is_empty() || chain.start == 0 {
        blob.len()
    } else {
        chain.start
    };
    Archive {
        blob: blob.clone(),
        end,
        base: chain.base,
        names: Bytes::from(chain.names),
        records: chain.records,
    }
}

/// Directory records in a row.
#[derive(Default)]
struct Chain {
    records: Vec<Record>,
    names: Vec<u8>,
    /// Offset of the first in the file.
    start: u64,
    /// What their offsets are relative to.
    base: u64,
    /// As many as the end record says, without a break.
    whole: bool,
}

impl Chain {
    /// Adds a record with its name copied, since it may come from anywhere.
    fn push(&mut self, mut record: Record, name: &[u8]) {
        let start = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        record.name = (start, u16::try_from(name.len()).unwrap_or(u16::MAX));
        record.salvaged = true;
        self.names.extend_from_slice(name);
        self.records.push(record);
    }
}

/// The best chain of all end records in the tail, the last one first.
fn chains(blob: &Blob, budget: &Budget) -> Chain {
    let len = blob.len();
    let from = len.saturating_sub(TAIL);
    let mut best = Chain::default();
    let Ok(tail) = blob.read(NAME, from..len) else {
        return best;
    };
    let ends = memchr::memmem::rfind_iter(&tail, &END).take(ENDS);
    for at in ends {
        let Ok(fields) = End::read(&tail, at) else {
            continue;
        };
        let end = from.saturating_add(wide(at));
        let (count, size, start) = (
            u64::from(fields.total),
            u64::from(fields.size),
            u64::from(fields.start),
        );
        let span64 = find64(blob, end).ok();
        // Where it says; where it would be if something was put in front; and what zip64 says.
        let before = end.saturating_sub(size);
        let places = [
            Some((start, 0)),
            Some((before, front(blob, before, before.saturating_sub(start)))),
            span64.map(|s| (s.start, 0)),
        ];
        for (start, base) in places.into_iter().flatten() {
            let count = span64.map_or(count, |span| span.count);
            let found = chain(blob, start, base, end, count, budget);
            if found.records.len() > best.records.len() {
                best = found;
            }
            if best.whole {
                return best;
            }
        }
    }
    if best.records.is_empty() {
        // No end record points at a directory: the first record in the tail may start one.
        if let Some(at) = memchr::memmem::find(&tail, &CENTRAL) {
            best = chain(blob, from.saturating_add(wide(at)), 0, len, 0, budget);
            best.whole = false;
        }
    }
    best
}

/// What the offsets of a directory at `start` are relative to: `base` if something was put in front
/// of the archive, 0 if it is only the end record that lies. The first record's local header tells.
fn front(blob: &Blob, start: u64, base: u64) -> u64 {
    let header = |base: u64| -> Option<bool> {
        let head = blob.read(NAME, start..start.saturating_add(RECORD_LEN)).ok()?;
        let local = head
            .get(42..)
            .and_then(|rest| rest.first_chunk())
            .map(|bytes| u32::from_le_bytes(*bytes))?;
        let mut found = [0; 4];
        blob.read_at(base.saturating_add(local.into()), &mut found).ok()?;
        Some(found == LOCAL)
    };
    if header(base) != Some(true) && header(0) == Some(true) {
        0
    } else {
        base
    }
}

/// The records from `start` on, none beyond `end`; after a broken one, from the next signature on.
fn chain(blob: &Blob, start: u64, base: u64, end: u64, count: u64, budget: &Budget) -> Chain {
    let mut found = Chain {
        start,
        base,
        ..Chain::default()
    };
    let mut signature = [0; 4];
    if start >= end || blob.read_at(start, &mut signature).is_err() || signature != CENTRAL {
        return found;
    }
    let reach = end.min(start.saturating_add(budget.limits.item));
    let Ok(bytes) = blob.read(NAME, start..reach) else {
        return found;
    };
    let mut c = Cursor::new(NAME, &bytes);
    let mut broken = false;
    while wide(c.left()) >= RECORD_LEN && wide(found.records.len()) < budget.limits.listed {
        let at = c.position();
        match directory::record(&mut c) {
            Ok(record) => {
                let name = bytes.get(record.range()).unwrap_or_default();
                found.push(record, name);
            }
            Err(_) => {
                broken = true;
                let rest = bytes.get(at.saturating_add(1)..).unwrap_or_default();
                let Some(skip) = memchr::memmem::find(rest, &CENTRAL) else {
                    break;
                };
                c.seek(at.saturating_add(1).saturating_add(skip));
            }
        }
    }
    let listed = wide(found.records.len());
    // Bytes after the directory (zip64 records, a gap) are no break.
    let tail_only = broken && listed >= count && count > 0;
    found.whole = listed > 0 && (!broken || tail_only) && budget.entries(NAME, listed).is_ok();
    found
}

/// Local headers from the start of the file up to `stop`, but for those the directory knows.
fn locals(
    blob: &Blob,
    stop: u64,
    known: &FxHashSet<u64>,
    budget: &Budget,
    chain: &mut Chain,
) -> Result<(), Gap> {
    let mut at = 0;
    // A file of a file system may say any size, and be one long hole.
    let mut left = budget.limits.task;
    while let Some(found) = next(blob, at, stop, &[LOCAL], &mut left)? {
        let header = local(blob, found, chain.base)?;
        let Some((record, name, data)) = header else {
            at = found.saturating_add(4);
            continue;
        };
        if !known.contains(&found) {
            let listed = wide(chain.records.len());
            if listed >= budget.limits.listed {
                let limit = budget.limits.listed;
                return Err(Gap::over(
                    NAME,
                    found,
                    "entries",
                    listed,
                    limit,
                    "--max-entries-per-file",
                ));
            }
            budget.entries(NAME, 1)?;
            let mut record = record.clone();
            if record.packed == UNSAID || data.saturating_add(record.packed) > stop {
                // The data ends where something else begins, or with the file.
                let until = next(blob, data, stop, &[LOCAL, CENTRAL, DESCRIPTOR], &mut left)?;
                let until = until.unwrap_or(stop);
                if record.packed == UNSAID {
                    record.packed = until.saturating_sub(data);
                }
            }
            chain.push(record, &name);
        }
        let after = data.saturating_add(record.packed);
        at = if record.packed == UNSAID || after > stop {
            data
        } else {
            after
        };
    }
    Ok(())
}

/// The local header at `at` (APPNOTE 4.3.7), its name, and where its data begins.
fn local(blob: &Blob, at: u64, base: u64) -> Result<Option<(Record, Vec<u8>, u64)>, Gap> {
    let head = blob.read(NAME, at..at.saturating_add(LOCAL_LEN))?;
    let mut c = Cursor::new(NAME, &head);
    let read = |c: &mut Cursor<'_>| -> Result<(Record, u16, u16), Gap> {
        c.seek(6);
        let flags = c.u16("flags")?;
        let method = c.u16("compression method")?;
        c.skip("time and date", 4)?;
        let crc = c.u32("crc-32")?;
        let packed = c.u32("compressed size")?;
        let size = c.u32("uncompressed size")?;
        let (name, extra) = (c.u16("file name length")?, c.u16("extra field length")?);
        let unsaid = flags & DESCRIBED != 0 && packed == 0 || packed == u32::MAX;
        let (packed, size) = if unsaid {
            (UNSAID, UNSAID)
        } else {
            (packed.into(), size.into())
        };
        let local = at.saturating_sub(base);
        let (mode, shared, salvaged) = (0, false, true);
        Ok((
            Record {
                name: (0, 0),
                method,
                flags,
                crc,
                packed,
                size,
                local,
                mode,
                shared,
                salvaged,
            },
            name,
            extra,
        ))
    };
    let Ok((record, name_len, extra_len)) = read(&mut c) else {
        return Ok(None);
    };
    let start = at.saturating_add(LOCAL_LEN);
    let name_end = start.saturating_add(name_len.into());
    let name = blob.read(NAME, start..name_end)?;
    if name.len() < usize::from(name_len) {
        return Ok(None);
    }
    Ok(Some((
        record,
        name.to_vec(),
        name_end.saturating_add(extra_len.into()),
    )))
}

/// The first of these signatures at or after `from` and before `stop`; `left` is how many bytes may still
/// be searched.
fn next(
    blob: &Blob,
    from: u64,
    stop: u64,
    signatures: &[[u8; 4]],
    left: &mut u64,
) -> Result<Option<u64>, Gap> {
    let mut at = from;
    while at < stop {
        // The signature is very often right here.
        let window = if at == from { 4096 } else { WINDOW };
        if *left == 0 {
            let (what, option) = ("bytes to search", "--max-decoded");
            return Err(Gap::over(NAME, at, what, stop, at, option));
        }
        let bytes = blob.read(NAME, at..at.saturating_add(window).min(stop))?;
        let finder = memchr::memmem::find_iter(&bytes, b"PK");
        for hit in finder {
            let found = bytes.get(hit..).and_then(|rest| rest.first_chunk::<4>());
            if found.is_some_and(|found| signatures.contains(found)) {
                *left = left.saturating_sub(wide(hit));
                return Ok(Some(at.saturating_add(wide(hit))));
            }
        }
        *left = left.saturating_sub(wide(bytes.len()));
        if bytes.len() < 4 {
            break;
        }
        // Three bytes back: a signature may lie across the border.
        at = at.saturating_add(wide(bytes.len())).saturating_sub(3);
        if at.saturating_add(3) >= stop {
            break;
        }
    }
    Ok(None)
}
