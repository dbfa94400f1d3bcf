//! Firmware as the flashing tools of makers take it: images behind a table, one file for each kind.
//!
//! No maker has published a specification. What is known comes from parsers that others have published; each
//! file names them, and what they do not agree on is not read. The images are listed as ranges of the file,
//! or, where they are stored in pieces, as the pieces put together; sums are not checked, since that would
//! take reading all. What needs a key is recognised and told, in [`sealed`], and nothing else is done with it.

mod allwinner;
mod amlogic;
mod dz;
mod kdz;
mod nb0;
mod pac;
mod rockchip;
mod sealed;
mod sin;
#[cfg(test)]
mod tests;
mod update_app;

use crate::bytes::{Blob, Budget, Bytes, Gap};

use super::image::{believable, exact, lose, until_nul, wide};
use super::name;
use super::registry::Listing;

pub(super) use allwinner::Allwinner;
pub(super) use amlogic::Amlogic;
pub(super) use dz::Dz;
pub(super) use kdz::Kdz;
pub(super) use nb0::Nb0;
pub(super) use pac::Pac;
pub(super) use rockchip::Rockchip;
pub(super) use sealed::{HTC, OFP, OPS, OZIP};
pub(super) use sin::Sin;
pub(super) use update_app::UpdateApp;

/// A file whose table is being read, and what was found so far.
struct Images<'a> {
    format: &'static str,
    blob: &'a Blob,
    budget: &'a Budget,
    listing: Listing,
    /// Rows of the table so far.
    rows: u64,
}

impl<'a> Images<'a> {
    fn new(format: &'static str, blob: &'a Blob, budget: &'a Budget) -> Self {
        Self {
            format,
            blob,
            budget,
            listing: Listing::default(),
            rows: 0,
        }
    }

    /// What was found. Where that is nothing and the table is broken, this is no container.
    fn end(mut self, read: Result<(), Gap>) -> Listing {
        if let Err(gap) = read {
            self.listing.salvaged = self.listing.entries.is_empty();
            self.listing.remark(gap);
        }
        self.listing
    }

    /// Exactly these bytes of the file.
    fn exact(&self, at: u64, len: u64, what: &'static str) -> Result<Bytes, Gap> {
        exact(self.format, self.blob, at, len, what)
    }

    /// Charges a row of the table, which is at `at`.
    fn row(&mut self, at: u64) -> Result<(), Gap> {
        self.rows = self.rows.saturating_add(1);
        let (got, limit) = (self.rows, self.budget.limits.listed);
        if got > limit {
            let option = "--max-entries-per-file";
            return Err(Gap::over(self.format, at, "entries", got, limit, option));
        }
        self.budget.entries(self.format, 1)
    }

    /// Lists `size` bytes from `from` on; `at` is where the table says so.
    fn add(&mut self, at: u64, name: &str, from: u64, size: u64) {
        let part = self.blob.slice(from..from.saturating_add(size));
        let have = part.len();
        if have < size {
            let gap = Gap::truncated(self.format, from, "image", size, have);
            self.listing
                .lost(name, gap, believable(size).saturating_sub(have));
        }
        self.put(at, name, part);
    }

    /// Lists an image.
    fn put(&mut self, at: u64, name: &str, image: Blob) {
        if name::leaves(name.as_bytes()) {
            let gap = Gap::odd(self.format, at, "name leaves its folder", 1);
            self.listing.lost(name, gap, 0);
        }
        if !image.is_empty() {
            self.listing.blob(name, image);
        }
    }

    /// The rest of the file from `at` on is not understood.
    fn lose(&mut self, gap: Gap, at: u64) {
        lose(&mut self.listing, gap, self.blob.len().saturating_sub(at));
    }
}

/// The text in a field of fixed length.
fn text(field: &[u8]) -> Box<str> {
    name::text(until_nul(field).trim_ascii())
}

/// An unsigned number that was stored as two halves.
fn halves(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}
