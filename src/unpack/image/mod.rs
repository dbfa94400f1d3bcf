//! Images of partitions and what is wrapped around them: sparse images, super partitions, disks, boot
//! images, ramdisks, verified boot metadata.
//!
//! Each lists what is in it as ranges of its own bytes; nothing is decoded here, and nothing here knows a
//! file system.

pub(super) mod avb;
mod boot;
mod cpio;
mod gpt;
mod lp;
pub(super) mod sparse;
mod vendor_boot;

pub(super) use avb::Avb;
pub(super) use boot::Boot;
pub(super) use cpio::Cpio;
pub(super) use gpt::Gpt;
pub(super) use lp::Super;
pub(super) use sparse::Sparse;
pub(super) use vendor_boot::VendorBoot;

use crate::bytes::{Blob, Bytes, Gap, Kind};

use super::registry::{Listing, Remark};

/// Exactly the bytes in a range, or the gap that says how many there are.
fn exact(format: &'static str, blob: &Blob, at: u64, len: u64, what: &'static str) -> Result<Bytes, Gap> {
    let bytes = blob.read(format, at..at.saturating_add(len))?;
    let have = wide(bytes.len());
    if have < len {
        return Err(Gap::truncated(format, at, what, len, have));
    }
    Ok(bytes)
}

/// A copy of something was broken, and another one was read in its place, as Android does.
fn replaced(gap: Gap) -> Gap {
    let got = match gap.kind {
        Kind::Invalid { got } | Kind::Unsupported { got } | Kind::OverLimit { got, .. } => got,
        Kind::Truncated { have, .. } => have,
        _ => return gap,
    };
    Gap {
        kind: Kind::Odd { got },
        ..gap
    }
}

/// Nothing could be listed: the container's bytes are searched as they are.
fn refuse(listing: &mut Listing, gap: Gap, unread: u64) {
    listing.salvaged = true;
    lose(listing, gap, unread);
}

/// A gap about the whole, and the bytes that were not read because of it.
fn lose(listing: &mut Listing, gap: Gap, unread: u64) {
    listing.notices.push(Remark {
        entry: None,
        gap,
        unread: believable(unread),
    });
}

/// A loss that nobody believes counts as not known.
fn believable(size: u64) -> u64 {
    if size > 1 << 40 { 0 } else { size }
}

/// The text before the first NUL.
fn until_nul(field: &[u8]) -> &[u8] {
    memchr::memchr(0, field)
        .and_then(|end| field.get(..end))
        .unwrap_or(field)
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
