//! What was read, and what was not.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bytes::GapClass;

/// A gap or an oddity, as a fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct NoticeFact {
    /// Logical place.
    pub place: String,
    /// Physical place.
    pub physical: String,
    /// The format that was being read.
    pub format: String,
    /// Class of the gap.
    pub class: GapClass,
    /// Offset in bytes within that place.
    pub at: u64,
    /// The text, `zip: local header at 0x28: …`.
    pub text: String,
    /// Bytes that were not read because of it, 0 where nothing was lost or the loss is not known.
    pub unread: u64,
}

/// Bytes by what became of them. Sizes are those of the innermost items that were reached: a package
/// that was opened counts through its entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Understood by a reader of their format, by format.
    pub read: BTreeMap<String, u64>,
    /// Searched for hosts and identifiers as plain bytes, their format not being read.
    pub searched: BTreeMap<String, u64>,
    /// Left alone by class: images, sound, fonts, signatures' digests …
    pub skipped: BTreeMap<String, u64>,
    /// Could not be read.
    pub unread: u64,
    /// Items that could not be read, whole or in part.
    pub unread_items: u64,
}

impl Coverage {
    /// Adds another count to this one.
    pub fn add(&mut self, other: &Self) {
        for (to, from) in [
            (&mut self.read, &other.read),
            (&mut self.searched, &other.searched),
            (&mut self.skipped, &other.skipped),
        ] {
            for (format, n) in from {
                let sum = to.entry(format.clone()).or_default();
                *sum = sum.saturating_add(*n);
            }
        }
        self.unread = self.unread.saturating_add(other.unread);
        self.unread_items = self.unread_items.saturating_add(other.unread_items);
    }

    /// Share of the bytes seen that were read, searched or skipped knowingly, 0 to 1. Nothing seen
    /// is 0: an empty input was not understood.
    pub fn share(&self) -> f64 {
        let sum = |m: &BTreeMap<String, u64>| m.values().fold(0_u64, |a, n| a.saturating_add(*n));
        let known = sum(&self.read)
            .saturating_add(sum(&self.searched))
            .saturating_add(sum(&self.skipped));
        let seen = known.saturating_add(self.unread);
        if seen == 0 {
            return 0.0;
        }
        #[expect(
            clippy::as_conversions,
            reason = "a share needs no more than a double's 53 bits"
        )]
        let share = known as f64 / seen as f64;
        share
    }
}
