//! Schemes 2, 3 and 3.1: the APK Signing Block.
//!
//! Spec: `source.android.com/docs/security/features/apksigning/v2`, "APK Signing Block", and `…/v3`. The
//! block lies right before the central directory: size (8 bytes), pairs, size again (8), magic (16);
//! a size counts all but itself once. All little-endian.

use super::{FORMAT, MAX_SIGNERS, Signers, too_many};
use crate::bytes::{Blob, Bytes, Cursor, Gap};

const MAGIC: &[u8] = b"APK Sig Block 42";
const FOOTER: u64 = 24;
/// End of central directory record, with the longest comment.
const MAX_TAIL: u64 = 22 + 0xffff;
const END: &[u8] = b"PK\x05\x06";
/// Pairs looked at. Real blocks have up to eight.
const MAX_PAIRS: usize = 256;
/// Bytes of one scheme's signers. Real ones are under 20 KB.
const MAX_VALUE: u64 = 4 << 20;

/// Ids of pairs and the schemes they stand for, in the schemes' order.
const SCHEMES: [(u32, u8); 3] = [(0x7109_871a, 2), (0xf053_68c0, 3), (0x1b93_ad61, 31)];

/// Adds the certificates of the signing block, if there is one.
pub(super) fn signers(apk: &Blob, directory: Option<u64>, out: &mut Signers) {
    let Some(directory) = directory.or_else(|| find_directory(apk)) else {
        return;
    };
    let read = |from: u64, to: u64| apk.read(FORMAT, from..to);
    let Some(footer_at) = directory.checked_sub(FOOTER) else {
        return;
    };
    let Ok(footer) = read(footer_at, directory) else {
        return;
    };
    if footer.get(8..) != Some(MAGIC) {
        return;
    }
    let size = Cursor::new(FORMAT, &footer).u64("block size").unwrap_or_default();
    let start = directory
        .checked_sub(size.saturating_add(8))
        .filter(|_| size >= FOOTER);
    let head = start.and_then(|start| read(start, start.saturating_add(8)).ok());
    let again = head.and_then(|h| Cursor::new(FORMAT, &h).u64("block size").ok());
    let (Some(start), true) = (start, again == Some(size)) else {
        out.gaps
            .push(Gap::invalid(FORMAT, footer_at, "signing block size", size));
        return;
    };
    let mut values: Vec<(u8, u64, Bytes)> = Vec::new();
    if let Err(gap) = pairs(apk, start.saturating_add(8), footer_at, &mut values) {
        out.gaps.push(gap);
    }
    values.sort_by_key(|(scheme, at, _)| (*scheme, *at));
    for (scheme, at, value) in values {
        if let Err(gap) = scheme_signers(scheme, at, &value, out) {
            out.gaps.push(gap);
        }
    }
}

/// Walks the pairs between `at` and `end`, and reads those of known schemes.
fn pairs(apk: &Blob, mut at: u64, end: u64, values: &mut Vec<(u8, u64, Bytes)>) -> Result<(), Gap> {
    for _ in 0..MAX_PAIRS {
        if at >= end {
            return Ok(());
        }
        let head = apk.read(FORMAT, at..at.saturating_add(12).min(end))?;
        let mut c = Cursor::new(FORMAT, &head);
        let here = |gap: Gap| Gap {
            at: gap.at.saturating_add(at),
            ..gap
        };
        let len = c.u64("pair size").map_err(here)?;
        let id = c.u32("pair id").map_err(here)?;
        let next = at.saturating_add(8).saturating_add(len);
        if len < 4 || next > end {
            return Err(Gap::invalid(FORMAT, at, "pair size", len));
        }
        if let Some((_, scheme)) = SCHEMES.iter().find(|s| s.0 == id) {
            if len > MAX_VALUE {
                return Err(Gap::over(FORMAT, at, "signers", len, MAX_VALUE, ""));
            }
            let value = at.saturating_add(12);
            values.push((*scheme, value, apk.read(FORMAT, value..next)?));
        }
        at = next;
    }
    let limit = u64::try_from(MAX_PAIRS).unwrap_or(u64::MAX);
    Err(Gap::over(
        FORMAT,
        at,
        "pairs in the signing block",
        limit.saturating_add(1),
        limit,
        "",
    ))
}

/// The first certificate of every signer: the others are its chain.
fn scheme_signers(scheme: u8, at: u64, value: &[u8], out: &mut Signers) -> Result<(), Gap> {
    let here = |gap: Gap| Gap {
        at: gap.at.saturating_add(at),
        ..gap
    };
    let mut value = Cursor::new(FORMAT, value);
    let mut signers = Cursor::new(FORMAT, sized(&mut value, "signers").map_err(here)?);
    let mut count = 0_usize;
    while signers.left() > 0 {
        count = count.saturating_add(1);
        if count > MAX_SIGNERS {
            return Err(too_many("signers", count));
        }
        let mut signer = Cursor::new(FORMAT, sized(&mut signers, "signer").map_err(here)?);
        let mut signed = Cursor::new(FORMAT, sized(&mut signer, "signed data").map_err(here)?);
        sized(&mut signed, "digests").map_err(here)?;
        let mut certificates = Cursor::new(FORMAT, sized(&mut signed, "certificates").map_err(here)?);
        out.add(scheme, at, sized(&mut certificates, "certificate").map_err(here)?);
    }
    Ok(())
}

/// Bytes with their length before them in 32 bits.
fn sized<'a>(c: &mut Cursor<'a>, what: &'static str) -> Result<&'a [u8], Gap> {
    let len = c.u32(what)?;
    c.take(what, usize::try_from(len).unwrap_or(usize::MAX))
}

/// Offset of the central directory by the last end record whose comment reaches to the end.
fn find_directory(apk: &Blob) -> Option<u64> {
    let from = apk.len().saturating_sub(MAX_TAIL);
    let tail = apk.read(FORMAT, from..apk.len()).ok()?;
    let at = memchr::memmem::rfind_iter(&tail, END).find(|at| {
        let mut c = Cursor::at(FORMAT, &tail, at.saturating_add(20));
        c.u16("comment size")
            .is_ok_and(|len| usize::from(len) == c.left())
    })?;
    let offset = Cursor::at(FORMAT, &tail, at.saturating_add(16))
        .u32("directory offset")
        .ok()?;
    Some(u64::from(offset))
}
