//! From a partition's operations to its image: what is written where, checked as far as that needs no data.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use crate::bytes::{Blob, Budget, Gap};

use super::NAME;
use super::action;
use super::image::{Image, Piece};
use super::manifest::{Count, Extent, Operation, Partition, SPARSE_HOLE};
use super::step::{Action, Base, Step, Store};

/// Ours: bytes of an image. The largest partition of a phone has an eighth of this.
const LARGEST: u64 = 1 << 40;

/// What all partitions of a payload share.
pub(super) struct Payload<'a> {
    /// The data of all operations: the payload from the end of its metadata on.
    pub(super) data: Blob,
    pub(super) block: u64,
    pub(super) snapshot: bool,
    pub(super) budget: &'a Budget,
}

/// What is wrong with a partition: of each kind the first, and the bytes that are lost by all of it.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<(Gap, u64)>);

impl Faults {
    pub(super) fn add(&mut self, gap: Gap, lost: u64) {
        let same = |(first, _): &&mut (Gap, u64)| {
            let kinds = [first.kind, gap.kind].map(|kind| std::mem::discriminant(&kind));
            first.what == gap.what && kinds.first() == kinds.last()
        };
        match self.0.iter_mut().find(same) {
            Some((_, sum)) => *sum = sum.saturating_add(lost),
            None => self.0.push((gap, lost)),
        }
    }
}

/// An image while its operations are laid down, one over another.
pub(super) struct Plan<'a> {
    pub(super) payload: &'a Payload<'a>,
    pub(super) count: &'a mut Count,
    pub(super) base: Option<Base>,
    /// Bytes of the old image that operations read, to make others of them.
    pub(super) sources: u64,
    /// Nothing can be written from this byte on.
    limit: u64,
    written: BTreeMap<u64, Piece>,
    steps: Vec<Step>,
    /// Steps that no operation stands for.
    implied: usize,
    faults: Faults,
}

/// Plans the image of a partition. It never fails: what cannot be had is lost where it is read.
pub(super) fn plan(
    partition: &Partition<'_>,
    payload: &Payload<'_>,
    base: Option<Blob>,
    count: &mut Count,
) -> (Image, Faults) {
    let mut faults = Faults::default();
    let size = match partition.new.size {
        Some(size) if size > LARGEST => {
            faults.add(
                Gap::over(NAME, partition.at, "partition size", size, LARGEST, ""),
                0,
            );
            None
        }
        None => {
            faults.add(Gap::invalid(NAME, partition.at, "no new_partition_info", 0), 0);
            None
        }
        size => size,
    };
    let whole = size.and_then(|size| size.checked_next_multiple_of(payload.block));
    let mut plan = Plan {
        payload,
        count,
        sources: 0,
        base: base.map(|blob| old(partition, blob, &mut faults)),
        limit: whole.unwrap_or(LARGEST),
        written: BTreeMap::new(),
        steps: Vec::new(),
        implied: 0,
        faults,
    };
    for (what, extent) in [
        ("hash tree", partition.hash_tree),
        ("error correction", partition.fec),
    ] {
        plan.by_device(what, extent, partition.at);
    }
    plan.implied = plan.steps.len();
    for message in &partition.operations {
        let at = message.at();
        match Operation::read(message.clone(), at, plan.count) {
            Ok(operation) => plan.operation(&operation),
            Err(gap) => plan.faults.add(gap, 0),
        }
    }
    if let Some(gap) = &partition.gap {
        plan.faults.add(gap.clone(), 0);
    }
    plan.finish(size, partition)
}

/// The image that a partition is made from.
fn old(partition: &Partition<'_>, blob: Blob, faults: &mut Faults) -> Base {
    let sum =
        action::sum("hash of old_partition_info", partition.old.hash, partition.at).unwrap_or_else(|gap| {
            faults.add(gap, 0);
            None
        });
    Base {
        size: partition.old.size.unwrap_or(blob.len()),
        blob,
        sum,
        at: partition.at,
        checked: OnceLock::new(),
    }
}

impl Plan<'_> {
    /// Blocks that the device computes from others. Only what no operation writes is left of them.
    fn by_device(&mut self, what: &'static str, extent: Extent, at: u64) {
        let Some(range) = extent.bytes(self.payload.block).filter(|range| !range.is_empty()) else {
            return;
        };
        let gap = Gap::unsupported(NAME, at, what, extent.start_block);
        self.push(at, 0, Action::Lost(Box::new(gap)));
        self.write(range, 0);
    }

    fn push(&mut self, at: u64, out: u64, action: Action) {
        self.steps.push(Step { at, out, action });
    }

    fn operation(&mut self, operation: &Operation<'_>) {
        let at = operation.at;
        let block = self.payload.block;
        let mut ranges = Vec::new();
        let mut out = 0_u64;
        for extent in &operation.dst_extents {
            let len = extent.num_blocks.checked_mul(block);
            let end = len.and_then(|len| out.checked_add(len));
            let (Some(end), Some(range)) = (end, place(*extent, block)) else {
                let gap = Gap::invalid(NAME, at, "dst_extents", extent.start_block.max(extent.num_blocks));
                return self.faults.add(gap, 0);
            };
            if let Some(range) = range {
                ranges.push((range, out));
            }
            out = end;
        }
        if out == 0 {
            let lost = operation.data_length.min(self.payload.data.len());
            return self
                .faults
                .add(Gap::invalid(NAME, at, "operation without dst_extents", 0), lost);
        }
        let action = self
            .action(operation, out)
            .unwrap_or_else(|gap| Action::Lost(Box::new(gap)));
        let lost = match &action {
            Action::Lost(gap) => Some((**gap).clone()),
            _ => None,
        };
        self.push(at, out, action);
        let mut written = 0_u64;
        for (range, skip) in ranges {
            if range.end > self.limit {
                let gap = Gap::invalid(
                    NAME,
                    at,
                    "dst_extents beyond the image",
                    range.start.checked_div(block).unwrap_or(0),
                );
                self.faults.add(gap, 0);
            }
            written = written.saturating_add(self.write(range, skip));
        }
        if let Some(gap) = lost {
            self.faults.add(gap, written);
        }
    }

    /// Writes the output of the last step from byte `skip` on to a range of the image; how many bytes.
    ///
    /// What was written before is written over, as on the device, and said: no package needs that.
    fn write(&mut self, range: Range<u64>, skip: u64) -> u64 {
        let step = self.steps.len().saturating_sub(1);
        let (start, end) = (range.start, range.end.min(self.limit));
        if start >= end {
            return 0;
        }
        for old in self.under(start..end).copied().collect::<Vec<_>>() {
            self.written.remove(&old.at);
            if old.step >= self.implied {
                let at = self.steps.get(step).map_or(0, |step| step.at);
                let block = old.at.max(start).checked_div(self.payload.block).unwrap_or(0);
                self.faults
                    .add(Gap::odd(NAME, at, "dst_extents written twice", block), 0);
            }
            let old_end = old.at.saturating_add(old.len);
            if old.at < start {
                let len = start.saturating_sub(old.at);
                self.written.insert(old.at, Piece { len, ..old });
            }
            if old_end > end {
                let skipped = end.saturating_sub(old.at);
                let tail = Piece {
                    at: end,
                    len: old_end.saturating_sub(end),
                    skip: old.skip.saturating_add(skipped),
                    ..old
                };
                self.written.insert(end, tail);
            }
        }
        let len = end.saturating_sub(start);
        self.written.insert(
            start,
            Piece {
                at: start,
                len,
                step,
                skip,
            },
        );
        len
    }

    /// The pieces that have bytes in a range, from its end on.
    fn under(&self, range: Range<u64>) -> impl Iterator<Item = &Piece> {
        let before = self.written.range(..range.end).rev();
        before
            .map(|(_, piece)| piece)
            .take_while(move |piece| piece.at.saturating_add(piece.len) > range.start)
    }

    /// Whether an operation has written to a range.
    pub(super) fn is_written(&self, range: Range<u64>) -> bool {
        self.under(range).any(|piece| piece.step >= self.implied)
    }

    /// Fills what nothing has written.
    fn finish(mut self, size: Option<u64>, partition: &Partition<'_>) -> (Image, Faults) {
        let last = self.written.last_key_value();
        let end = last.map_or(0, |(_, piece)| piece.at.saturating_add(piece.len));
        let len = size.unwrap_or(end);
        let mut pieces: Vec<Piece> = Vec::with_capacity(self.written.len());
        let rest = self.steps.len();
        let (mut at, mut open, mut first) = (0_u64, 0_u64, None);
        let end = Piece {
            at: len,
            len: 0,
            step: 0,
            skip: 0,
        };
        for piece in std::mem::take(&mut self.written).into_values().chain([end]) {
            let hole = piece.at.min(len).saturating_sub(at);
            if hole > 0 {
                first.get_or_insert(at);
                open = open.saturating_add(hole);
                pieces.push(Piece {
                    at,
                    len: hole,
                    step: rest,
                    skip: at,
                });
            }
            at = at.max(piece.at.saturating_add(piece.len));
            match pieces.last_mut() {
                Some(last) if self.joins(last, &piece) => last.len = last.len.saturating_add(piece.len),
                _ if piece.len > 0 => pieces.push(piece),
                _ => {}
            }
        }
        if let Some(first) = first {
            let action = self.unwritten(first, open, partition);
            self.push(partition.at, 0, action);
        }
        let store = Store::new(self.payload.budget);
        let image = Image::new((len, self.payload.block), pieces, self.steps, self.base, store);
        (image, self.faults)
    }

    /// Whether two pieces may be one: zeros do not care where they begin.
    fn joins(&self, a: &Piece, b: &Piece) -> bool {
        let zero = |piece: &Piece| {
            matches!(
                self.steps.get(piece.step),
                Some(Step {
                    action: Action::Zero,
                    ..
                })
            )
        };
        b.len > 0 && a.at.saturating_add(a.len) == b.at && zero(a) && zero(b)
    }

    /// What stands in blocks that no operation writes: `open` bytes, the first of them at `first`.
    fn unwritten(&mut self, first: u64, open: u64, partition: &Partition<'_>) -> Action {
        let delta = partition.old.size.is_some() || !partition.old.hash.is_empty();
        let gap = match &self.base {
            Some(_) if delta && self.payload.snapshot => return Action::Keep,
            None if delta && self.payload.snapshot => {
                Gap::unsupported(NAME, first, "blocks of the old package, see --base", open)
            }
            _ => Gap::invalid(NAME, first, "blocks that no operation writes", open),
        };
        self.faults.add(gap.clone(), open);
        Action::Lost(Box::new(gap))
    }
}

/// The bytes of the image that an extent of the destination stands for, none where its data is dropped. `None`
/// where it cannot be.
fn place(extent: Extent, block: u64) -> Option<Option<Range<u64>>> {
    if extent.start_block == SPARSE_HOLE || extent.num_blocks == 0 {
        return Some(None);
    }
    extent.bytes(block).map(Some)
}
