//! Cpio archives, as ramdisks are: the new ASCII format, with or without checksums.
//!
//! Spec: Linux `Documentation/driver-api/early-userspace/buffer-format.rst` and `init/initramfs.c`. Headers
//! of 110 ASCII characters, numbers of eight hexadecimal digits; name and data each filled up to four bytes
//! from the header's start. An archive ends with the name `TRAILER!!!`; after zeros another may follow, and
//! so may something compressed, which is an entry of its own: `segment2` where it comes second. The
//! checksums of 070702 are not looked at, as in the kernel.

use std::collections::BTreeMap;

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::super::leaf::Data;
use super::super::name;
use super::super::registry::{Entry, Format, Holds, Listing};
use super::{believable, lose, refuse, until_nul, wide};

/// Cpio archives.
pub(in crate::unpack) struct Cpio;

const NAME: &str = "cpio";
const MAGICS: [&[u8; 6]; 2] = [b"070701", b"070702"];
const TRAILER: &[u8] = b"TRAILER!!!";
/// Bytes of a header.
const HEADER: u64 = 110;
/// `PATH_MAX`, the NUL included: the kernel skips what has a longer name, or a longer link target.
const PATH: u64 = 4096;
/// `S_IFMT` and what of it is looked at.
const KIND: u32 = 0o170_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const FOLDER: u32 = 0o040_000;
/// Ours: zeros skipped in search of another archive. Archives are filled up to 512 bytes, or to a page.
const MAX_ZEROS: u64 = 16 << 20;

impl Format for Cpio {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "cpio archive (newc), several in a row as in ramdisks; links are noted, devices are not opened"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        MAGICS.iter().any(|magic| head.starts_with(*magic))
    }

    fn endings(&self) -> &'static [&'static str] {
        &["cpio"]
    }

    fn holds(&self) -> Holds {
        Holds::Ramdisk
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut archive = Archive {
            blob,
            budget,
            at: 0,
            count: 0,
            inodes: BTreeMap::new(),
            listing: Listing::default(),
        };
        if let Err(gap) = archive.members() {
            let unread = blob.len().saturating_sub(archive.at);
            if archive.listing.entries.is_empty() && archive.listing.links.is_empty() {
                refuse(&mut archive.listing, gap, unread);
            } else {
                lose(&mut archive.listing, gap, unread);
            }
        }
        archive.listing
    }
}

/// Archives while they are being listed.
struct Archive<'a> {
    blob: &'a Blob,
    budget: &'a Budget,
    /// Bytes, of the next header.
    at: u64,
    /// Members so far.
    count: u64,
    /// Files with several names, of the archive at hand: their data, or the entries that wait for it, since
    /// any one of the names may have it.
    inodes: BTreeMap<Inode, Shared>,
    listing: Listing,
}

/// Device, major and minor, and inode number.
type Inode = (u32, u32, u32);

enum Shared {
    Known(Blob),
    Waiting(Vec<usize>),
}

/// What of a header is used.
struct Header {
    ino: u32,
    mode: u32,
    nlink: u32,
    filesize: u64,
    device: (u32, u32),
    namesize: u64,
}

impl Archive<'_> {
    fn members(&mut self) -> Result<(), Gap> {
        let mut segment = 1_u64;
        loop {
            let at = self.at;
            let raw = self
                .blob
                .read(NAME, at..at.saturating_add(HEADER).saturating_add(PATH))?;
            if raw.is_empty() {
                // No trailer: common, and harmless.
                return Ok(());
            }
            if raw.first() == Some(&0) {
                // Filled up without a trailer.
                if !self.another(&mut segment)? {
                    return Ok(());
                }
                continue;
            }
            self.count = self.count.saturating_add(1);
            let limit = self.budget.limits.listed;
            if self.count > limit {
                let option = "--max-entries-per-file";
                return Err(Gap::over(NAME, at, "entries", self.count, limit, option));
            }
            let header = Header::read(&raw, at)?;
            self.budget.entries(NAME, 1)?;
            let data = at.saturating_add(padded(HEADER.saturating_add(header.namesize)));
            self.at = data.saturating_add(padded(header.filesize));
            let named = raw
                .get(usize::try_from(HEADER).unwrap_or(usize::MAX)..)
                .unwrap_or_default();
            let size = usize::try_from(header.namesize).unwrap_or(usize::MAX);
            if header.namesize == 0 || header.namesize > PATH {
                // The kernel goes on behind it, too.
                let gap = Gap::invalid(NAME, at.saturating_add(94), "namesize", header.namesize);
                let left = self.blob.len().saturating_sub(at);
                lose(&mut self.listing, gap, self.at.saturating_sub(at).min(left));
            } else {
                let Some(raw) = named.get(..size) else {
                    let (need, have) = (header.namesize, wide(named.len()));
                    return Err(Gap::truncated(
                        NAME,
                        at.saturating_add(HEADER),
                        "name",
                        need,
                        have,
                    ));
                };
                let raw = until_nul(raw);
                if raw == TRAILER {
                    if !self.another(&mut segment)? {
                        return Ok(());
                    }
                    continue;
                }
                self.member(raw, &header, at, data);
            }
            if self.at > self.blob.len() {
                // What is missing of the last one has been said.
                return Ok(());
            }
        }
    }

    fn member(&mut self, raw: &[u8], header: &Header, at: u64, data: u64) {
        let raw = raw.strip_prefix(b"./").unwrap_or(raw);
        let start = raw.iter().position(|b| *b != b'/').unwrap_or(raw.len());
        let raw = raw.get(start..).unwrap_or_default();
        let name = name::text(raw);
        if name::leaves(raw) {
            let gap = Gap::odd(NAME, at, "name leaves its folder", 1);
            self.listing.lost(&name, gap, 0);
        }
        let part = self.blob.slice(data..data.saturating_add(header.filesize));
        let have = part.len();
        let kind = header.mode & KIND;
        if have < header.filesize && kind != FOLDER {
            let gap = Gap::truncated(NAME, data, "file", header.filesize, have);
            let unread = believable(header.filesize.saturating_sub(have));
            self.listing.lost(&name, gap, unread);
        }
        match kind {
            FILE => self.file(name, header, part),
            LINK if header.filesize <= PATH => {
                let target = part.read(NAME, 0..PATH).unwrap_or_default();
                self.listing.links.push((name.into(), name::text(&target).into()));
            }
            LINK => {
                let gap = Gap::invalid(NAME, at.saturating_add(54), "filesize", header.filesize);
                self.listing.lost(&name, gap, 0);
            }
            // Folders, devices, pipes, sockets.
            _ => {}
        }
    }

    fn file(&mut self, name: Box<str>, header: &Header, part: Blob) {
        let entry = self.listing.entries.len();
        let mut data = part;
        if header.nlink > 1 {
            let key = (header.device.0, header.device.1, header.ino);
            let shared = self.inodes.entry(key).or_insert(Shared::Waiting(Vec::new()));
            match shared {
                Shared::Known(known) if data.is_empty() => data = known.clone(),
                Shared::Known(_) => {}
                Shared::Waiting(entries) if data.is_empty() => entries.push(entry),
                Shared::Waiting(entries) => {
                    for waiting in entries.drain(..) {
                        if let Some(entry) = self.listing.entries.get_mut(waiting) {
                            entry.size = data.len();
                            entry.data = Data::Plain(data.clone());
                        }
                    }
                    *shared = Shared::Known(data.clone());
                }
            }
        }
        self.listing.entries.push(Entry {
            name,
            size: data.len(),
            data: Data::Plain(data),
        });
    }

    /// Skips the zeros after an archive. Whether another one follows; what is none is an entry.
    fn another(&mut self, segment: &mut u64) -> Result<bool, Gap> {
        self.inodes.clear();
        *segment = segment.saturating_add(1);
        let limit = self.at.saturating_add(MAX_ZEROS);
        loop {
            let bytes = self.blob.read(NAME, self.at..self.at.saturating_add(64 << 10))?;
            let zeros = bytes.iter().position(|b| *b != 0);
            self.at = self.at.saturating_add(wide(zeros.unwrap_or(bytes.len())));
            if zeros.is_some() {
                break;
            }
            if bytes.is_empty() {
                return Ok(false);
            }
            if self.at > limit {
                let got = self.blob.len();
                return Err(Gap::over(NAME, self.at, "zeros", got, MAX_ZEROS, ""));
            }
        }
        let mut magic = [0; 6];
        let got = self.blob.read_at(self.at, &mut magic).unwrap_or(0);
        if got == magic.len() && MAGICS.contains(&&magic) {
            return Ok(true);
        }
        let rest = self.blob.slice(self.at..self.blob.len());
        self.listing.blob(format!("segment{segment}"), rest);
        self.at = self.blob.len();
        Ok(false)
    }
}

impl Header {
    fn read(raw: &[u8], at: u64) -> Result<Self, Gap> {
        let mut c = Cursor::new(NAME, raw);
        let have = wide(raw.len());
        if have < HEADER {
            return Err(Gap::truncated(NAME, at, "header", HEADER, have));
        }
        let magic: [u8; 6] = c.array("magic")?;
        if !MAGICS.contains(&&magic) {
            let got = u64::from_be_bytes([0, 0, magic[0], magic[1], magic[2], magic[3], magic[4], magic[5]]);
            return Err(Gap::invalid(NAME, at, "magic", got));
        }
        let mut number = |what: &'static str| {
            let place = at.saturating_add(wide(c.position()));
            let digits: [u8; 8] = c.array(what)?;
            let plain = digits.iter().all(u8::is_ascii_hexdigit);
            str::from_utf8(&digits)
                .ok()
                .filter(|_| plain)
                .and_then(|text| u32::from_str_radix(text, 16).ok())
                .ok_or_else(|| Gap::invalid(NAME, place, what, u64::from_be_bytes(digits)))
        };
        let (ino, mode) = (number("ino")?, number("mode")?);
        let (_, _, nlink) = (number("uid")?, number("gid")?, number("nlink")?);
        let (_, filesize) = (number("mtime")?, number("filesize")?);
        let device = (number("devmajor")?, number("devminor")?);
        let (_, _, namesize) = (number("rdevmajor")?, number("rdevminor")?, number("namesize")?);
        Ok(Self {
            ino,
            mode,
            nlink,
            filesize: filesize.into(),
            device,
            namesize: namesize.into(),
        })
    }
}

/// Filled up to four bytes.
fn padded(len: u64) -> u64 {
    len.checked_next_multiple_of(4).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests;
