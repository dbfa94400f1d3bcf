//! The end record, and the one of zip64 before it: where the central directory is.

use crate::bytes::{Blob, Cursor, Gap, wide};

use super::super::registry::Listing;
use super::{END, NAME};

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

/// `MapCentralDirectory`: the last end record, whose comment must end with the file.
pub(super) fn find(blob: &Blob, listing: &mut Listing) -> Result<Span, Gap> {
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
