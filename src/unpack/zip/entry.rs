//! The data of one entry.

use flate2::Crc;

use crate::bytes::{Blob, Budget, Bytes, Cursor, Gap, Kind, wide};

use super::super::codec::Codec;
use super::super::inflate;
use super::super::leaf::Read;
use super::super::serial::{Claim, Packing, Serial};
use super::{Archive, DEFLATED, DESCRIBED, ENCRYPTED, LOCAL, NAME, Record, STORED, UNSAID};

/// Bytes of a local header without name and extra field (APPNOTE 4.3.7).
pub(super) const LOCAL_LEN: u64 = 30;
/// Extra field bytes that are read along with the header: alignment padding seldom takes more.
const EXTRA: u64 = 64;

/// Where the data of an entry is, and what its local header says against the directory.
struct Span {
    /// First byte, in the file.
    start: u64,
    /// Where it may begin instead, if what is at `start` makes no sense.
    other: Option<u64>,
    /// What makes Android refuse it.
    gaps: Vec<Gap>,
    /// Where data ends at the latest.
    end: u64,
}

/// `FindEntry`: the local header must agree with the directory, except where bit 3 excuses it.
fn locate(archive: &Archive, record: &Record) -> Result<Span, Gap> {
    let at = archive.base.saturating_add(record.local);
    let raw = archive.name(record);
    let head_len = LOCAL_LEN.saturating_add(u64::from(record.name.1));
    let head = archive.blob.read(NAME, at..at.saturating_add(head_len))?;
    let mut c = Cursor::new(NAME, &head);
    let mut gaps = Vec::new();
    let relative = |gap: Gap| Gap {
        at: gap.at.saturating_add(at),
        ..gap
    };
    let signature = c.array::<4>("local header").map_err(relative)?;
    if signature != LOCAL {
        gaps.push(Gap::invalid(
            NAME,
            at,
            "local header signature",
            u32::from_le_bytes(signature).into(),
        ));
    }
    c.seek(6);
    let flags = c.u16("flags").map_err(relative)?;
    c.seek(14);
    let crc = c.u32("crc-32").map_err(relative)?;
    let packed = c.u32("compressed size").map_err(relative)?;
    let size = c.u32("uncompressed size").map_err(relative)?;
    let name_len = c.u16("file name length").map_err(relative)?;
    let extra_len = c.u16("extra field length").map_err(relative)?;
    if flags & DESCRIBED == 0 && !record.salvaged && signature == LOCAL {
        // Saturated sizes are in the zip64 extra field, which says the same or the data is broken.
        let same = |here: u32, there: u64| here == u32::MAX || u64::from(here) == there;
        if !same(packed, record.packed) || !same(size, record.size) {
            let got = if same(packed, record.packed) { size } else { packed };
            gaps.push(Gap::invalid(
                NAME,
                at.saturating_add(18),
                "sizes in the local header",
                got.into(),
            ));
        }
        if crc != record.crc {
            gaps.push(Gap::invalid(
                NAME,
                at.saturating_add(14),
                "crc-32 in the local header",
                crc.into(),
            ));
        }
    }
    if name_len != record.name.1 || c.rest() != raw {
        gaps.push(Gap::invalid(
            NAME,
            at.saturating_add(26),
            "name in the local header",
            name_len.into(),
        ));
    }
    let after = |name_len: u16| {
        at.saturating_add(LOCAL_LEN)
            .saturating_add(name_len.into())
            .saturating_add(extra_len.into())
    };
    let start = after(name_len);
    let other = (name_len != record.name.1).then(|| after(record.name.1));
    Ok(Span {
        start,
        other,
        gaps,
        end: archive.end,
    })
}

/// Reads an entry the way Android does; what Android would refuse comes with the gap that says why.
pub(super) fn read(archive: &Archive, record: &Record, budget: &Budget) -> Read {
    let size = if record.size == UNSAID { 0 } else { record.size };
    let mut span = match locate(archive, record) {
        Ok(span) => span,
        Err(gap) => {
            return Read {
                gaps: vec![gap],
                unread: size,
                salvaged: true,
                ..Read::default()
            };
        }
    };
    let refused = !span.gaps.is_empty() || record.salvaged;
    if record.shared && !span.gaps.is_empty() {
        // Its header belongs to another entry, under whose name the data is read.
        return Read {
            gaps: span.gaps,
            unread: size,
            salvaged: true,
            ..Read::default()
        };
    }
    let mut read = data(archive, record, span.start, span.end, budget);
    if let Some(other) = span.other.filter(|_| read.gaps.iter().any(Gap::is_loss)) {
        let again = data(archive, record, other, span.end, budget);
        if again.bytes.len() > read.bytes.len() {
            read = again;
        }
    }
    span.gaps.append(&mut read.gaps);
    read.salvaged = refused || span.gaps.iter().any(Gap::is_loss);
    read.gaps = span.gaps;
    read
}

fn data(archive: &Archive, record: &Record, start: u64, end: u64, budget: &Budget) -> Read {
    let mut read = match record.method {
        DEFLATED => deflated(archive, record, start, end, budget),
        _ => stored(archive, record, start, end, budget),
    };
    if record.flags & ENCRYPTED != 0 {
        // The flag alone means nothing to Android; data that makes no sense means that it is true.
        let broken = match record.method {
            DEFLATED => read.gaps.iter().any(Gap::is_loss),
            _ => {
                let mut crc = Crc::new();
                crc.update(&read.bytes);
                crc.sum() != record.crc
            }
        };
        if broken {
            read.gaps = vec![Gap {
                format: NAME,
                at: start,
                what: "entry data".into(),
                kind: Kind::Encrypted,
            }];
            read.unread = if record.size == UNSAID {
                record.packed
            } else {
                record.size
            };
        }
    }
    read
}

fn deflated(archive: &Archive, record: &Record, start: u64, end: u64, budget: &Budget) -> Read {
    let mut gaps = Vec::new();
    let until = start.saturating_add(record.packed);
    if until > end {
        gaps.push(Gap::invalid(NAME, start, "compressed size", record.packed));
    }
    // What Android refuses may still be in the file.
    let until = until.min(archive.blob.len());
    let len = until.saturating_sub(start);
    if let Err(gap) = budget.item(NAME, start, len) {
        return Read {
            gaps: vec![gap],
            unread: record.size,
            ..Read::default()
        };
    }
    let input = match archive.blob.read(NAME, start..until) {
        Ok(input) => input,
        Err(gap) => {
            return Read {
                gaps: vec![gap],
                unread: record.size,
                ..Read::default()
            };
        }
    };
    let claim = (record.size != UNSAID).then_some(record.size);
    let out = inflate::inflate(NAME, start, &input, claim, budget);
    let got = wide(out.bytes.len());
    let unread = if !out.done {
        claim.unwrap_or(0).saturating_sub(got)
    } else {
        0
    };
    gaps.extend(out.gap);
    Read {
        bytes: out.bytes,
        gaps,
        unread,
        salvaged: false,
    }
}

/// Stored, or any method that Android does not know: `uncompressed size` bytes as they are. Dex files
/// alone must be method 0 or 8 for it (`ExtractToMemory`).
fn stored(archive: &Archive, record: &Record, start: u64, end: u64, budget: &Budget) -> Read {
    let mut gaps = Vec::new();
    let size = if record.size == UNSAID {
        record.packed
    } else {
        record.size
    };
    if record.method != STORED && is_code(archive.name(record)) {
        gaps.push(Gap::unsupported(
            NAME,
            start,
            "compression method",
            record.method.into(),
        ));
    }
    if record.method == STORED && record.packed != size {
        gaps.push(Gap::odd(NAME, start, "compressed size", record.packed));
    }
    let mut until = start.saturating_add(size);
    if until > end {
        let have = end.saturating_sub(start);
        gaps.push(Gap::truncated(NAME, start, "stored data", size, have));
        until = until.min(archive.blob.len());
    }
    if let Err(gap) = budget.item(NAME, start, until.saturating_sub(start)) {
        gaps.push(gap);
        until = start.saturating_add(budget.prefix()).min(until);
    }
    let bytes = archive
        .blob
        .read(NAME, start..until.max(start))
        .unwrap_or_else(|gap| {
            gaps.push(gap);
            Bytes::default()
        });
    let unread = size.saturating_sub(wide(bytes.len()));
    Read {
        bytes,
        gaps,
        unread,
        salvaged: false,
    }
}

/// Whether this is a dex file that the runtime loads by its name.
pub(super) fn is_code(name: &[u8]) -> bool {
    name.starts_with(b"classes") && name.ends_with(b".dex")
}

/// The first bytes of an entry into `out`, cheaply; how many.
pub(super) fn head(archive: &Archive, record: &Record, out: &mut [u8]) -> usize {
    let Ok(span) = locate(archive, record) else {
        return 0;
    };
    let size = if record.size == UNSAID {
        record.packed
    } else {
        record.size
    };
    if record.method != DEFLATED {
        let cut = usize::try_from(size).unwrap_or(usize::MAX).min(out.len());
        return archive
            .blob
            .read_at(span.start, out.get_mut(..cut).unwrap_or_default())
            .unwrap_or(0);
    }
    // Deflate may take more bytes than it gives, though hardly by the size of a block header.
    let want = wide(out.len())
        .saturating_add(EXTRA.saturating_mul(8))
        .min(record.packed);
    let input = archive
        .blob
        .read(NAME, span.start..span.start.saturating_add(want))
        .unwrap_or_default();
    inflate::head(&input, out)
}

/// The entry's bytes in order, however many they are; and what makes Android refuse it.
pub(super) fn serial<'a>(
    archive: &Archive,
    record: &Record,
    budget: &'a Budget,
) -> Result<(Serial<'a>, Vec<Gap>), Gap> {
    let span = locate(archive, record)?;
    if let (true, Some(gap)) = (record.shared, span.gaps.first()) {
        // Its header belongs to another entry, under whose name the data is read.
        return Err(gap.clone());
    }
    let said = |size: u64| (size != UNSAID).then_some(size);
    let deflated = record.method == DEFLATED;
    let (packing, len) = if deflated {
        (Packing::Codec(Codec::Deflate), said(record.packed))
    } else {
        (Packing::Plain, said(record.size).or(said(record.packed)))
    };
    // What Android refuses may still be in the file.
    let until = len.map_or(span.end, |len| span.start.saturating_add(len));
    let data = archive.blob.slice(span.start..until);
    let crc = (!record.salvaged).then_some(record.crc);
    let claim = Claim::new(said(record.size), crc, record.flags & ENCRYPTED != 0);
    Ok((
        Serial::new(NAME, span.start, &data, packing, claim, budget),
        span.gaps,
    ))
}

/// A blob of the entry's data where it needs no decoding and Android would read it so.
pub(super) fn plain(archive: &Archive, record: &Record) -> Option<Blob> {
    if record.method != STORED
        || record.packed != record.size
        || record.flags & ENCRYPTED != 0
        || record.salvaged
    {
        return None;
    }
    let span = locate(archive, record).ok().filter(|span| span.gaps.is_empty())?;
    let until = span
        .start
        .checked_add(record.size)
        .filter(|until| *until <= span.end)?;
    Some(archive.blob.slice(span.start..until))
}
