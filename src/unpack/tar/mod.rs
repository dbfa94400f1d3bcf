//! Tar: ustar, GNU and pax.
//!
//! Spec: POSIX.1-2017 `pax`, section "ustar Interchange Format" and "pax Extended Header"; GNU tar
//! manual, "Basic Tar Format". Blocks of 512 bytes; numbers are octal text, or base-256 in GNU.

use std::collections::BTreeMap;

use crate::bytes::{Blob, Budget, Gap, wide};

use super::leaf::Data;
use super::name;
use super::registry::{Entry, Format, Listing, Remark, believable};

/// Tar archives.
pub(super) struct Tar;

const NAME: &str = "tar";
const BLOCK: u64 = 512;
/// Longest extended header or long name that is read: PATH_MAX, many times over.
const LONG: u64 = 64 << 10;

impl Format for Tar {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "tar: ustar, GNU, pax; links are noted, devices are not opened"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.get(257..262) == Some(b"ustar")
    }

    fn endings(&self) -> &'static [&'static str] {
        &["tar", "md5"]
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut listing = Listing::default();
        if let Err(gap) = members(blob, budget, &mut listing) {
            listing.remark(gap);
        }
        hard_links(&mut listing);
        listing
    }
}

/// What stands before the target of a hard link until all members are listed. No path has a NUL.
const HARD: &str = "\0";

/// A hard link is one more name of a file: of a member with that name, else it stays a link.
fn hard_links(listing: &mut Listing) {
    if !listing.links.iter().any(|(_, target)| target.starts_with(HARD)) {
        return;
    }
    let files: BTreeMap<&str, &Entry> = listing
        .entries
        .iter()
        .map(|entry| (&*entry.name, entry))
        .collect();
    let mut more = Vec::new();
    listing.links.retain_mut(|(name, target)| {
        let Some(path) = target.strip_prefix(HARD) else {
            return true;
        };
        match files.get(path) {
            Some(file) => more.push(Entry {
                name: name.as_str().into(),
                size: file.size,
                data: file.data.clone(),
            }),
            None => *target = path.to_string(),
        }
        more.last().is_none_or(|entry| *entry.name != **name)
    });
    listing.entries.extend(more);
}

/// What extended headers said of the next member.
#[derive(Default)]
struct Next {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

fn members(blob: &Blob, budget: &Budget, listing: &mut Listing) -> Result<(), Gap> {
    let mut at = 0;
    let mut next = Next::default();
    let mut listed: u64 = 0;
    while at < blob.len() {
        let header = blob.read(NAME, at..at.saturating_add(BLOCK))?;
        if wide(header.len()) < BLOCK {
            return Err(Gap::truncated(NAME, at, "header", BLOCK, wide(header.len())));
        }
        if header.iter().all(|&b| b == 0) {
            return Ok(());
        }
        let said = number(header.get(148..156)).unwrap_or(0);
        if said != checksum(&header) {
            return Err(Gap::invalid(
                NAME,
                at.saturating_add(148),
                "header checksum",
                said,
            ));
        }
        let field = |range| header.get(range).map(until_nul).unwrap_or_default();
        let kind = header.get(156).copied().unwrap_or(0);
        let written = number(header.get(124..136));
        let size = next
            .size
            .or(written)
            .ok_or_else(|| Gap::invalid(NAME, at.saturating_add(124), "size", 0))?;
        let data = at.saturating_add(BLOCK);
        let after = size
            .checked_next_multiple_of(BLOCK)
            .and_then(|size| data.checked_add(size));
        let whole = blob.slice(data..data.saturating_add(size));
        if matches!(kind, b'L' | b'K' | b'x') {
            let text = whole.read(NAME, 0..size.min(LONG))?;
            match kind {
                b'L' => next.name = Some(until_nul(&text).to_vec()),
                b'K' => next.link = Some(until_nul(&text).to_vec()),
                _ => {
                    if let Some(bad) = pax(&text, &mut next) {
                        let gap = Gap::invalid(NAME, data.saturating_add(wide(bad)), "pax record", wide(bad));
                        listing.remark(gap);
                    }
                }
            }
        } else if kind != b'g' {
            listed = listed.saturating_add(1);
            if listed > budget.limits.listed {
                let limit = budget.limits.listed;
                return Err(Gap::over(
                    NAME,
                    at,
                    "entries",
                    listed,
                    limit,
                    "--max-entries-per-file",
                ));
            }
            budget.entries(NAME, 1)?;
            let raw = next.name.take().unwrap_or_else(|| {
                let prefix = if header.get(257..263) == Some(b"ustar\0") {
                    field(345..500)
                } else {
                    &[]
                };
                let name = field(0..100);
                if prefix.is_empty() {
                    name.to_vec()
                } else {
                    [prefix, b"/", name].concat()
                }
            });
            let link = next.link.take().unwrap_or_else(|| field(157..257).to_vec());
            next = Next::default();
            member(kind, &raw, &link, whole, size, at, listing);
        }
        let Some(after) = after.filter(|after| *after <= blob.len().saturating_add(BLOCK)) else {
            return Ok(());
        };
        at = after;
    }
    // No empty block at the end: common, and harmless.
    Ok(())
}

fn member(kind: u8, raw: &[u8], link: &[u8], data: Blob, size: u64, at: u64, listing: &mut Listing) {
    let name = name::text(raw);
    let remark = |gap, unread| Remark {
        entry: Some(name.clone()),
        gap,
        unread,
    };
    if name::leaves(raw) {
        listing
            .notices
            .push(remark(Gap::odd(NAME, at, "name leaves its folder", 1), 0));
    }
    match kind {
        b'0' | 0 | b'7' if raw.ends_with(b"/") => {}
        b'0' | 0 | b'7' => {
            let have = data.len();
            if have < size {
                let gap = Gap::truncated(NAME, at.saturating_add(BLOCK), "file", size, have);
                listing
                    .notices
                    .push(remark(gap, believable(size).saturating_sub(have)));
            }
            listing.entries.push(Entry {
                name,
                size: have,
                data: Data::Plain(data),
            });
        }
        b'1' => listing
            .links
            .push((name.into(), format!("{HARD}{}", name::text(link)))),
        b'2' => listing.links.push((name.into(), name::text(link).into())),
        b'3' | b'4' | b'6' => listing
            .notices
            .push(remark(Gap::odd(NAME, at, "device or pipe", kind.into()), 0)),
        b'5' => {}
        kind => {
            let gap = Gap::unsupported(NAME, at.saturating_add(156), "member type", kind.into());
            listing.notices.push(remark(gap, believable(size)));
        }
    }
}

/// `length key=value\n` records (pax Extended Header). Where the first one starts that is none; nothing behind it
/// is read, since nobody knows where it ends.
fn pax(text: &[u8], next: &mut Next) -> Option<usize> {
    let mut rest = text;
    let at = |rest: &[u8]| Some(text.len().saturating_sub(rest.len()));
    while let Some(space) = memchr::memchr(b' ', rest) {
        let (len, _) = rest.split_at_checked(space).unwrap_or_default();
        let len = str::from_utf8(len).ok().and_then(|len| len.parse::<usize>().ok());
        // The length counts its own digits: a smaller one would be read again for ever.
        let len = len.filter(|len| *len > space);
        let Some((record, after)) = len.and_then(|len| rest.split_at_checked(len)) else {
            return at(rest);
        };
        let record = record.get(space.saturating_add(1)..).unwrap_or_default();
        let Some(record) = record.strip_suffix(b"\n") else {
            return at(rest);
        };
        let Some((key, value)) = memchr::memchr(b'=', record).and_then(|at| record.split_at_checked(at))
        else {
            return at(rest);
        };
        let value = value.get(1..).unwrap_or_default();
        match key {
            b"path" => next.name = Some(value.to_vec()),
            b"linkpath" => next.link = Some(value.to_vec()),
            b"size" => match str::from_utf8(value).ok().and_then(|text| text.parse().ok()) {
                Some(size) => next.size = Some(size),
                None => return at(rest),
            },
            _ => {}
        }
        rest = after;
    }
    // Some writers fill up with zeros.
    rest.iter().any(|&byte| byte != 0).then(|| at(rest)).flatten()
}

/// A numeric field: octal digits between spaces and NULs, or base-256 when the top bit is set.
fn number(field: Option<&[u8]>) -> Option<u64> {
    let field = field?;
    if field.first().is_some_and(|b| b & 0x80 != 0) {
        let tail = field.last_chunk::<8>()?;
        let high = field.get(1..field.len().saturating_sub(8)).unwrap_or_default();
        return high.iter().all(|&b| b == 0).then(|| u64::from_be_bytes(*tail));
    }
    let mut digits = field
        .iter()
        .skip_while(|b| **b == b' ')
        .take_while(|b| b.is_ascii_digit());
    digits.try_fold(0_u64, |sum, b| {
        sum.checked_mul(8)?.checked_add(u64::from(b.wrapping_sub(b'0')))
    })
}

/// The sum of all header bytes, its own field counted as spaces.
fn checksum(header: &[u8]) -> u64 {
    let sum = |bytes: Option<&[u8]>| {
        bytes
            .unwrap_or_default()
            .iter()
            .fold(0_u64, |sum, b| sum.saturating_add(u64::from(*b)))
    };
    sum(header.get(..148))
        .saturating_add(sum(header.get(156..)))
        .saturating_add(8 * 32)
}

fn until_nul(field: &[u8]) -> &[u8] {
    memchr::memchr(0, field)
        .and_then(|end| field.get(..end))
        .unwrap_or(field)
}

#[cfg(test)]
mod tests;
