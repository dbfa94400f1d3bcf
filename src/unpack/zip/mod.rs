//! Zip, and with it APK and jar, read the way Android reads it.
//!
//! Spec: PKWARE APPNOTE 6.3.10; where Android differs, Android: `system/libziparchive/zip_archive.cc`
//! of Android 14, for assets `frameworks/base/libs/androidfw/AssetsProvider.cpp`. The central directory
//! rules; flags, versions, dates, modes and checksums are not looked at. What Android refuses is
//! salvaged from whatever directory records and local headers there are, and says so.

mod directory;
mod end;
mod entry;
mod salvage;

use std::ops::Range;
use std::sync::Arc;

use crate::bytes::{Blob, Budget, Bytes, Gap};

use super::leaf::{Data, Read};
use super::name;
use super::registry::{Entry, Format, Listing, Remark};
use super::serial::Serial;

/// Zip archives.
pub(super) struct Zip;

const NAME: &str = "zip";
/// `PK\3\4`, the local file header (APPNOTE 4.3.7).
const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// `PK\1\2`, a central directory record (4.3.12).
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
/// `PK\5\6`, the end of central directory record (4.3.16).
const END: [u8; 4] = *b"PK\x05\x06";
/// `PK\7\8`, a data descriptor (4.3.9).
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// General purpose flag bit 0: encrypted. Android does not look at it.
const ENCRYPTED: u16 = 1;
/// Bit 3: the sizes in the local header are not known yet.
const DESCRIBED: u16 = 1 << 3;
/// Notices of one kind with their entry's name; the rest of that kind is one notice with a count.
const EACH: u64 = 16;

/// An archive whose directory has been read.
#[derive(Debug)]
pub(super) struct Archive {
    blob: Blob,
    /// Where entry data must end: the start of the central directory.
    end: u64,
    /// What offsets are relative to: 0 except in a salvaged archive with something in front.
    base: u64,
    /// Bytes that [`Record::name`] points into.
    names: Bytes,
    records: Vec<Record>,
}

/// What the central directory says of one entry.
#[derive(Debug, Clone)]
struct Record {
    /// Where the raw name is in [`Archive::names`]: start and length.
    name: (u32, u16),
    method: u16,
    flags: u16,
    crc: u32,
    /// Compressed bytes; [`UNSAID`] for a salvaged entry whose header does not say.
    packed: u64,
    /// Decoded bytes, or [`UNSAID`].
    size: u64,
    /// Offset of the local header, from [`Archive::base`].
    local: u64,
    /// `external file attributes`, the unix mode in its upper half.
    mode: u16,
    /// Another entry points at the same local header.
    shared: bool,
    /// Android would not see it.
    salvaged: bool,
}

/// A size that only the data itself can tell.
const UNSAID: u64 = u64::MAX;

impl Record {
    fn range(&self) -> Range<usize> {
        let start = usize::try_from(self.name.0).unwrap_or(usize::MAX);
        start..start.saturating_add(usize::from(self.name.1))
    }
}

impl Archive {
    fn record(&self, number: u32) -> Option<&Record> {
        self.records.get(usize::try_from(number).ok()?)
    }

    /// Compressed bytes of an entry.
    pub(super) fn packed(&self, number: u32) -> u64 {
        self.record(number).map_or(0, |record| record.packed)
    }

    /// Where an entry is in the input, see [`Blob::origin`].
    pub(super) fn origin(&self, number: u32) -> u64 {
        let local = self.record(number).map_or(0, |record| record.local);
        self.blob.origin_at(self.base.saturating_add(local))
    }

    /// Whether the first bytes of an entry are in memory, not compressed.
    pub(super) fn is_at_hand(&self, number: u32) -> bool {
        self.blob.memory().is_some()
            && self
                .record(number)
                .is_some_and(|record| record.method != DEFLATED)
    }

    fn name(&self, record: &Record) -> &[u8] {
        self.names.get(record.range()).unwrap_or_default()
    }
}

/// Reads an entry.
pub(super) fn read(archive: &Archive, number: u32, budget: &Budget) -> Read {
    archive
        .record(number)
        .map_or_else(Read::default, |record| entry::read(archive, record, budget))
}

/// The first bytes of an entry into `out`, without decoding the rest; how many.
pub(super) fn head(archive: &Archive, number: u32, out: &mut [u8]) -> usize {
    archive
        .record(number)
        .map_or(0, |record| entry::head(archive, record, out))
}

/// An entry at random access, where it is stored and in order.
pub(super) fn plain(archive: &Archive, number: u32) -> Option<Blob> {
    entry::plain(archive, archive.record(number)?)
}

/// The bytes of an entry in order, and what makes Android refuse it.
pub(super) fn serial<'a>(
    archive: &Archive,
    number: u32,
    budget: &'a Budget,
) -> Result<(Serial<'a>, Vec<Gap>), Gap> {
    let missing = || Gap::invalid(NAME, 0, "entry number", number.into());
    entry::serial(archive, archive.record(number).ok_or_else(missing)?, budget)
}

impl Format for Zip {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "zip, APK, jar: stored and deflated entries, zip64; damaged archives are salvaged"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&LOCAL) || head.starts_with(&END)
    }

    fn endings(&self) -> &'static [&'static str] {
        &[
            "apk", "jar", "zip", "apex", "capex", "xapk", "apks", "apkm", "aar", "mtz",
        ]
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut listing = Listing::default();
        let archive = directory::read(blob, budget, &mut listing);
        oddities(&archive, &mut listing);
        let archive = Arc::new(archive);
        listing.entries.reserve(archive.records.len());
        for (i, record) in archive.records.iter().enumerate() {
            let raw = archive.name(record);
            if raw.ends_with(b"/") && record.size == 0 {
                continue;
            }
            let name = name::text(raw);
            // S_IFLNK: an unpacked copy of the archive would hold a link.
            if record.mode & 0xf000 == 0xa000 && record.size <= LINK_MAX && !listing.salvaged {
                let target = entry::read(&archive, record, budget);
                if !target.bytes.starts_with(b"\x03\x00") && !target.bytes.contains(&0) {
                    listing
                        .links
                        .push((name.into(), name::text(&target.bytes).into()));
                    continue;
                }
            }
            let size = if record.size == UNSAID {
                record.packed
            } else {
                record.size
            };
            let size = if size == UNSAID { 0 } else { size };
            let data = Data::Zip(Arc::clone(&archive), u32::try_from(i).unwrap_or(u32::MAX));
            listing.entries.push(Entry { name, size, data });
        }
        in_front(blob, &archive, &mut listing);
        listing
    }
}

/// What stands before a salvaged archive is a file of its own: a dex file that an old Android would
/// have run in its place (CVE-2017-13156), the code of a self-extractor.
fn in_front(blob: &Blob, archive: &Archive, listing: &mut Listing) {
    let first = archive
        .records
        .iter()
        .map(|record| archive.base.saturating_add(record.local))
        .min()
        .unwrap_or(0);
    if listing.salvaged && first > 0 {
        let data = blob.slice(0..first);
        let entry = Entry {
            name: "(before the archive)".into(),
            size: data.len(),
            data: Data::Plain(data),
        };
        listing.entries.push(entry);
    }
}

/// Longest target of a symbolic link, PATH_MAX.
const LINK_MAX: u64 = 4096;

/// Notes what is odd in the directory, at most [`EACH`] of a kind by name.
fn oddities(archive: &Archive, listing: &mut Listing) {
    let mut counts = [0_u64; 4];
    let kinds = [
        "encryption flag",
        "compression method",
        "name leaves its folder",
        "empty name",
    ];
    for record in &archive.records {
        let raw = archive.name(record);
        let odd = [
            (record.flags & ENCRYPTED != 0).then(|| u64::from(record.flags)),
            (!matches!(record.method, STORED | DEFLATED) && !entry::is_code(raw))
                .then(|| u64::from(record.method)),
            name::leaves(raw).then_some(1),
            raw.is_empty().then_some(0),
        ];
        for ((got, count), what) in odd.into_iter().zip(&mut counts).zip(kinds) {
            let Some(got) = got else { continue };
            *count = count.saturating_add(1);
            if *count <= EACH {
                let gap = Gap::odd(NAME, archive.base.saturating_add(record.local), what, got);
                listing.notices.push(Remark {
                    entry: Some(name::text(raw)),
                    gap,
                    unread: 0,
                });
            }
        }
    }
    for (count, what) in counts.into_iter().zip([
        "more encryption flags",
        "more compression methods",
        "more such names",
        "more empty names",
    ]) {
        if count > EACH {
            listing.remark(Gap::odd(NAME, 0, what, count.saturating_sub(EACH)));
        }
    }
    overlaps(archive, listing);
}

/// Entries that share bytes. `libziparchive` does not look: they are read, and charged each time.
fn overlaps(archive: &Archive, listing: &mut Listing) {
    let spans = || {
        archive
            .records
            .iter()
            .filter(|record| record.packed != UNSAID && !record.shared)
            .map(|record| {
                let head = u64::from(record.name.1).saturating_add(entry::LOCAL_LEN);
                (
                    record.local,
                    record.local.saturating_add(head).saturating_add(record.packed),
                )
            })
    };
    let mut sorted: Vec<(u64, u64)> = spans().collect();
    sorted.sort_unstable();
    let mut reach = 0;
    let mut count: u64 = 0;
    for (start, end) in sorted {
        if start < reach {
            count = count.saturating_add(1);
        }
        reach = reach.max(end);
    }
    let shared = archive.records.iter().filter(|record| record.shared).count();
    let count = count.saturating_add(u64::try_from(shared).unwrap_or(u64::MAX));
    if count > 0 {
        listing.overlaps = true;
        listing.remark(Gap::odd(NAME, 0, "overlapping entries", count));
    }
}

#[cfg(test)]
mod tests;
