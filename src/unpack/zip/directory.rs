//! The end record and the central directory.

use rustc_hash::FxHashSet;

use crate::bytes::{Blob, Budget, Cursor, Gap, wide};

use super::super::name;
use super::super::registry::{Listing, Remark};
use super::salvage;
use super::{Archive, CENTRAL, END, LOCAL, NAME, Record};

/// Bytes of an end record without its comment (APPNOTE 4.3.16).
const END_LEN: u64 = 22;
/// The last bytes of the file in which Android looks for it: the longest comment and the record.
const END_SEARCH: u64 = 65_535 + END_LEN;
/// Bytes of a zip64 locator (4.3.15) and of a zip64 end record (4.3.14).
const LOCATOR_LEN: u64 = 20;
const END64_LEN: u64 = 56;

/// Where the end records say that the directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// Entries.
    pub(super) count: u64,
    /// Bytes.
    pub(super) size: u64,
    /// Offset from the start of the archive.
    pub(super) start: u64,
    /// Offset of the end record.
    pub(super) end: u64,
}

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

/// `MapCentralDirectory`: the last end record, whose comment must end with the file.
fn find(blob: &Blob, listing: &mut Listing) -> Result<Span, Gap> {
    let len = blob.len();
    if len < END_LEN {
        return Err(Gap::truncated(NAME, 0, "end record", END_LEN, len));
    }
    let from = len.saturating_sub(END_SEARCH);
    let tail = blob.read(NAME, from..len)?;
    let last = usize::try_from(END_LEN).unwrap_or(usize::MAX);
    let searched = tail
        .get(..tail.len().saturating_sub(last).saturating_add(END.len()))
        .unwrap_or_default();
    let Some(at) = memchr::memmem::rfind(searched, &END) else {
        return Err(Gap::truncated(NAME, len, "end record", END_LEN, 0));
    };
    let end = from.saturating_add(wide(at));
    let fields = End::read(&tail, at)?;
    let comment = len.saturating_sub(end).saturating_sub(END_LEN);
    if comment != u64::from(fields.comment) {
        return Err(Gap::invalid(
            NAME,
            end.saturating_add(20),
            "comment length",
            fields.comment.into(),
        ));
    }
    let odd = [
        (4, "number of this disk", fields.disk),
        (6, "disk of the central directory", fields.start_disk),
        (
            8,
            "entries on this disk",
            if fields.here == fields.total {
                0
            } else {
                fields.here
            },
        ),
    ];
    for (offset, what, got) in odd.into_iter().filter(|row| row.2 != 0) {
        // A zip64 archive saturates these, as it must.
        if got != u16::MAX || fields.total != u16::MAX {
            listing.remark(Gap::odd(NAME, end.saturating_add(offset), what, got.into()));
        }
    }
    if fields.here == 0 && fields.total != 0 {
        listing.remark(Gap::odd(NAME, end.saturating_add(8), "entries on this disk", 0));
    }
    let span = if fields.total == u16::MAX || fields.size == u32::MAX || fields.start == u32::MAX {
        find64(blob, end)?
    } else {
        Span {
            count: fields.total.into(),
            size: fields.size.into(),
            start: fields.start.into(),
            end,
        }
    };
    let reach = span.start.saturating_add(span.size);
    if reach > end {
        return Err(Gap::invalid(
            NAME,
            end.saturating_add(12),
            "size of the central directory",
            span.size,
        ));
    }
    if span.count == 0 {
        return Err(Gap::invalid(NAME, end.saturating_add(10), "number of entries", 0));
    }
    if span.end == end && reach < end && fields.total != u16::MAX {
        let between = end.saturating_sub(reach);
        // Records of zip64 that nobody needs are no news.
        if between != LOCATOR_LEN.saturating_add(END64_LEN) {
            listing.remark(Gap::odd(
                NAME,
                reach,
                "bytes after the central directory",
                between,
            ));
        }
    }
    Ok(span)
}

/// `FindCentralDirectoryInfoForZip64`: the locator right before the end record, then what it points at.
pub(super) fn find64(blob: &Blob, end: u64) -> Result<Span, Gap> {
    let at = end
        .checked_sub(LOCATOR_LEN)
        .ok_or_else(|| Gap::truncated(NAME, 0, "zip64 locator", LOCATOR_LEN, end))?;
    let bytes = blob.read(NAME, at..end)?;
    let mut c = Cursor::new(NAME, &bytes);
    if c.array::<4>("zip64 locator")? != *b"PK\x06\x07" {
        return Err(Gap::invalid(NAME, at, "zip64 locator", 0));
    }
    c.skip("disk of the zip64 end record", 4)?;
    let end64 = c.u64("zip64 end record offset")?;
    if end64 > at.saturating_sub(END64_LEN) {
        return Err(Gap::invalid(
            NAME,
            at.saturating_add(8),
            "zip64 end record offset",
            end64,
        ));
    }
    let bytes = blob.read(NAME, end64..end64.saturating_add(END64_LEN))?;
    let mut c = Cursor::new(NAME, &bytes);
    if c.array::<4>("zip64 end record")? != *b"PK\x06\x06" {
        return Err(Gap::invalid(NAME, end64, "zip64 end record", 0));
    }
    c.seek(32);
    let count = c.u64("number of entries")?;
    let size = c.u64("size of the central directory")?;
    let start = c.u64("offset of the central directory")?;
    if start.checked_add(size).is_none_or(|reach| reach > end64) {
        return Err(Gap::invalid(
            NAME,
            end64.saturating_add(40),
            "size of the central directory",
            size,
        ));
    }
    Ok(Span {
        count,
        size,
        start,
        end: end64,
    })
}

/// The fields of an end record.
pub(super) struct End {
    disk: u16,
    start_disk: u16,
    here: u16,
    pub(super) total: u16,
    pub(super) size: u32,
    pub(super) start: u32,
    comment: u16,
}

impl End {
    /// The record at `at` of `data`, signature included.
    pub(super) fn read(data: &[u8], at: usize) -> Result<Self, Gap> {
        let mut c = Cursor::at(NAME, data, at);
        c.skip("end record", 4)?;
        Ok(Self {
            disk: c.u16("number of this disk")?,
            start_disk: c.u16("disk of the central directory")?,
            here: c.u16("entries on this disk")?,
            total: c.u16("number of entries")?,
            size: c.u32("size of the central directory")?,
            start: c.u32("offset of the central directory")?,
            comment: c.u16("comment length")?,
        })
    }
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
