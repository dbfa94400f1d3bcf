//! The central directory.

use rustc_hash::FxHashSet;

use crate::bytes::{Blob, Budget, Cursor, Gap, wide};

use super::super::name;
use super::super::registry::{Listing, Remark};
use super::end::{Span, find};
use super::salvage;
use super::{Archive, CENTRAL, LOCAL, NAME, Record};

/// Reads the directory: as Android does, or, when that refuses, whatever is there.
pub(super) fn read(blob: &Blob, budget: &Budget, listing: &mut Listing) -> Archive {
    let found = find(blob, listing).and_then(|span| strict(blob, span, budget, listing));
    let mut archive = match found {
        Ok(archive) => archive,
        Err(gap) => {
            listing.salvaged = true;
            listing.remark(gap);
            salvage::read(blob, budget, listing)
        }
    };
    mark_shared(&mut archive);
    archive
}

/// `ParseZipArchive`: exactly `count` records, names well-formed and all different.
///
/// A bad name or a duplicate makes Android refuse the archive, but costs us nothing: it is read on,
/// as salvaged. Only a broken chain is an error.
fn strict(blob: &Blob, span: Span, budget: &Budget, listing: &mut Listing) -> Result<Archive, Gap> {
    let mut first = [0; 4];
    let got = blob.read_at(0, &mut first).unwrap_or(0);
    if got < 4 || first != LOCAL {
        return Err(Gap::invalid(
            NAME,
            0,
            "local header at the start",
            u32::from_le_bytes(first).into(),
        ));
    }
    budget.item(NAME, span.start, span.size)?;
    let names = blob.read(NAME, span.start..span.start.saturating_add(span.size))?;
    let mut archive = Archive {
        blob: blob.clone(),
        end: span.start,
        base: 0,
        names: names.clone(),
        records: Vec::new(),
    };
    // A record has 46 bytes at least: the count cannot ask for more than is there.
    let room = span.size.checked_div(RECORD_LEN).unwrap_or(0).min(span.count);
    let listed = room.min(budget.limits.listed);
    budget.entries(NAME, listed)?;
    archive
        .records
        .reserve_exact(usize::try_from(listed).unwrap_or(0));
    let mut seen: FxHashSet<&[u8]> = FxHashSet::default();
    seen.reserve(usize::try_from(listed).unwrap_or(0));
    let mut refused = |entry: &[u8], gap: Gap| {
        listing.salvaged = true;
        // One reason is enough for Android; a few are enough for us.
        if listing.notices.len() < REASONS {
            listing.notices.push(Remark {
                entry: Some(name::text(entry)),
                gap,
                unread: 0,
            });
        }
    };
    let mut c = Cursor::new(NAME, &names);
    for i in 0..span.count {
        if i >= listed && listed < room {
            let limit = budget.limits.listed;
            listing.remark(Gap::over(
                NAME,
                span.start,
                "entries",
                span.count,
                limit,
                "--max-entries-per-file",
            ));
            return Ok(archive);
        }
        let at = span.start.saturating_add(wide(c.position()));
        let record = record(&mut c).map_err(|gap| Gap {
            at: gap.at.saturating_add(span.start),
            ..gap
        })?;
        let raw = names.get(record.range()).unwrap_or_default();
        if record.local >= span.start {
            refused(
                raw,
                Gap::invalid(NAME, at.saturating_add(42), "local header offset", record.local),
            );
        }
        if !well_formed(raw) {
            refused(
                raw,
                Gap::invalid(NAME, at.saturating_add(RECORD_LEN), "entry name", wide(raw.len())),
            );
        }
        if !seen.insert(raw) {
            refused(
                raw,
                Gap::invalid(NAME, at.saturating_add(RECORD_LEN), "duplicate entry name", i),
            );
        }
        archive.records.push(record);
    }
    if c.left() > 0 {
        let at = span.start.saturating_add(wide(c.position()));
        listing.remark(Gap::odd(
            NAME,
            at,
            "bytes after the last directory record",
            wide(c.left()),
        ));
    }
    let first = archive
        .records
        .iter()
        .map(|record| record.local)
        .min()
        .unwrap_or(0);
    if first > 0 {
        listing.remark(Gap::odd(NAME, 0, "bytes before the first entry", first));
    }
    Ok(archive)
}

/// Bytes of a directory record without name, extra field and comment (APPNOTE 4.3.12).
pub(super) const RECORD_LEN: u64 = 46;
/// Reasons for which Android refuses one archive that are listed.
const REASONS: usize = 64;

/// Reads one record; the cursor stands behind it afterwards.
pub(super) fn record(c: &mut Cursor<'_>) -> Result<Record, Gap> {
    let at = c.position();
    let head = c.array::<46>("directory record")?;
    let mut f = Cursor::new(NAME, &head);
    let gap = |gap: Gap| Gap {
        at: gap.at.saturating_add(wide(at)),
        ..gap
    };
    if f.array::<4>("signature").map_err(gap)? != CENTRAL {
        let got = head.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        return Err(Gap::invalid(
            NAME,
            wide(at),
            "directory record signature",
            got.into(),
        ));
    }
    f.seek(8);
    let flags = f.u16("flags").map_err(gap)?;
    let method = f.u16("compression method").map_err(gap)?;
    f.seek(16);
    let crc = f.u32("crc-32").map_err(gap)?;
    let packed = f.u32("compressed size").map_err(gap)?;
    let size = f.u32("uncompressed size").map_err(gap)?;
    let name_len = f.u16("file name length").map_err(gap)?;
    let extra_len = f.u16("extra field length").map_err(gap)?;
    let comment_len = f.u16("file comment length").map_err(gap)?;
    f.seek(40);
    let mode = f.u16("external file attributes").map_err(gap)?;
    let local = f.u32("local header offset").map_err(gap)?;
    let start = u32::try_from(c.position()).unwrap_or(u32::MAX);
    c.skip("file name", name_len.into())?;
    let extra = c.take("extra field", extra_len.into())?;
    // The comment may be cut off: libziparchive only checks where the next record starts.
    let comment = usize::from(comment_len).min(c.left());
    c.skip("file comment", comment)?;
    let (size, packed, local) = if size == u32::MAX || packed == u32::MAX || local == u32::MAX {
        zip64(extra, size, packed, local).map_err(gap)?
    } else {
        (size.into(), packed.into(), local.into())
    };
    let name = (start, name_len);
    Ok(Record {
        name,
        method,
        flags,
        crc,
        packed,
        size,
        local,
        mode,
        shared: false,
        salvaged: false,
    })
}

/// The zip64 extended information (APPNOTE 4.5.3): those fields, in this order, that are saturated.
pub(super) fn zip64(extra: &[u8], size: u32, packed: u32, local: u32) -> Result<(u64, u64, u64), Gap> {
    let mut c = Cursor::new(NAME, extra);
    while c.left() >= 4 {
        let id = c.u16("extra field id")?;
        let len = c.u16("extra field size")?;
        if id != 1 {
            c.skip("extra field", len.into())?;
            continue;
        }
        let mut field = |value: u32, what| {
            if value == u32::MAX {
                c.u64(what)
            } else {
                Ok(value.into())
            }
        };
        return Ok((
            field(size, "zip64 size")?,
            field(packed, "zip64 compressed size")?,
            field(local, "zip64 offset")?,
        ));
    }
    Err(Gap::invalid(NAME, 0, "zip64 extra field", 0))
}

/// `IsValidEntryName`: no NUL, and the shape of UTF-8; overlong forms pass.
fn well_formed(raw: &[u8]) -> bool {
    if raw.is_ascii() {
        return !raw.contains(&0);
    }
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        let more = match byte.leading_ones() {
            0 if byte != 0 => 0,
            n @ 2..=6 => n.saturating_sub(1),
            _ => return false,
        };
        for _ in 0..more {
            if bytes.next().is_none_or(|byte| byte & 0xc0 != 0x80) {
                return false;
            }
        }
    }
    true
}

/// Marks records that point at the local header of another: only one of them can be its owner.
fn mark_shared(archive: &mut Archive) {
    let mut order: Vec<(u64, u32)> = archive
        .records
        .iter()
        .zip(0_u32..)
        .map(|(record, i)| (record.local, i))
        .collect();
    if order.is_sorted_by(|a, b| a.0 < b.0) {
        return;
    }
    order.sort_unstable();
    let same = order.iter().zip(order.iter().skip(1)).filter(|(a, b)| a.0 == b.0);
    let shared: Vec<u32> = same.flat_map(|(a, b)| [a.1, b.1]).collect();
    for i in shared {
        if let Some(record) = usize::try_from(i).ok().and_then(|i| archive.records.get_mut(i)) {
            record.shared = true;
        }
    }
}
