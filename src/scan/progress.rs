//! How far a run has come.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::bytes::{Budget, Decoded};
use crate::unpack::Unit;

/// How far a scan has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all; 0 while the input is still being listed.
    pub units: u64,
    /// Bytes of the units done.
    pub bytes: u64,
    /// Bytes in all.
    pub total: u64,
    /// Units of the layers below that were decoded.
    pub decoded: Decoded,
    /// Bytes written to a temporary file.
    pub spilled: u64,
}

/// Counts units that are done, for the progress.
pub(super) struct Done<'p> {
    progress: &'p (dyn Fn(Progress) + Sync),
    budget: &'p Budget,
    units: u64,
    total: u64,
    done: AtomicU64,
    bytes: AtomicU64,
}

impl<'p> Done<'p> {
    pub(super) fn new(units: &[Unit], budget: &'p Budget, progress: &'p (dyn Fn(Progress) + Sync)) -> Self {
        Self {
            progress,
            budget,
            units: u64::try_from(units.len()).unwrap_or(u64::MAX),
            total: units.iter().fold(0, |sum, unit| sum.saturating_add(unit.size())),
            done: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    pub(super) fn unit(&self, unit: &Unit) {
        let done = self.done.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let size = unit.size();
        let bytes = self.bytes.fetch_add(size, Ordering::Relaxed).saturating_add(size);
        (self.progress)(Progress {
            done,
            units: self.units,
            bytes,
            total: self.total,
            decoded: self.budget.cache.decoded(),
            spilled: self.budget.spill.written(),
        });
    }
}
