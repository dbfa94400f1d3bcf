//! From a partition's operations to its image: what is written where, checked as far as that needs no data.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use crate::bytes::{Blob, Budget, Extents, Fill, Gap};
use crate::unpack::codec::Codec;

use super::NAME;
use super::image::{Image, Piece};
use super::manifest::{Count, Extent, Operation, Partition, SPARSE_HOLE};
use super::step::{Action, Base, Check, Patch, PatchKind, Step, Store, Sum};

/// Ours: bytes of an image. The largest partition of a phone has an eighth of this.
const LARGEST: u64 = 1 << 40;

/// `InstallOperation.Type`.
mod kind {
    pub(super) const REPLACE: u64 = 0;
    pub(super) const REPLACE_BZ: u64 = 1;
    pub(super) const MOVE: u64 = 2;
    pub(super) const BSDIFF: u64 = 3;
    pub(super) const SOURCE_COPY: u64 = 4;
    pub(super) const SOURCE_BSDIFF: u64 = 5;
    pub(super) const ZERO: u64 = 6;
    pub(super) const DISCARD: u64 = 7;
    pub(super) const REPLACE_XZ: u64 = 8;
    pub(super) const PUFFDIFF: u64 = 9;
    pub(super) const BROTLI_BSDIFF: u64 = 10;
    pub(super) const ZUCCHINI: u64 = 11;
    pub(super) const LZ4DIFF_PUFFDIFF: u64 = 13;
    /// vivo and OPPO since 2024, `REPLACE_ZSTD` in newer AOSP.
    pub(super) const ZSTD: u64 = 14;
}

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
struct Plan<'a> {
    payload: &'a Payload<'a>,
    base: Option<Base>,
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
        match Operation::read(message.clone(), at, count) {
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
    let sum = sum("hash of old_partition_info", partition.old.hash, partition.at).unwrap_or_else(|gap| {
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

/// A hash, where there is one.
fn sum(what: &'static str, raw: &[u8], at: u64) -> Result<Option<Sum>, Gap> {
    match raw.first_chunk() {
        Some(sum) if raw.len() == sum.len() => Ok(Some(*sum)),
        _ if raw.is_empty() => Ok(None),
        _ => Err(Gap::invalid(NAME, at, what, wide(raw.len()))),
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
        for old in self.under(start..end) {
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

    /// The pieces that have bytes in a range.
    fn under(&self, range: Range<u64>) -> Vec<Piece> {
        let before = self.written.range(..range.end).rev();
        before
            .map(|(_, piece)| *piece)
            .take_while(|piece| piece.at.saturating_add(piece.len) > range.start)
            .collect()
    }

    /// What an operation does that puts out `out` bytes.
    fn action(&self, operation: &Operation<'_>, out: u64) -> Result<Action, Gap> {
        let at = operation.at;
        let kind = operation
            .kind
            .ok_or_else(|| Gap::invalid(NAME, at, "operation without a type", 0))?;
        let action = match kind {
            kind::ZERO | kind::DISCARD => Action::Zero,
            kind::REPLACE => {
                let (data, check) = self.data(operation)?;
                if data.len() > out {
                    return Err(Gap::invalid(NAME, at, "output beyond dst_extents", data.len()));
                }
                Action::Copy(data, check)
            }
            kind::REPLACE_BZ => self.decode(operation, out, Codec::Bzip2)?,
            kind::REPLACE_XZ => self.decode(operation, out, Codec::Xz)?,
            kind::ZSTD => self.decode(operation, out, Codec::Zstd)?,
            kind::SOURCE_COPY | kind::MOVE => {
                let (source, check) = self.source(operation, kind)?;
                if source.len() != out {
                    return Err(Gap::invalid(NAME, at, "src_extents", source.len()));
                }
                Action::Copy(source, check)
            }
            kind::SOURCE_BSDIFF | kind::BSDIFF | kind::BROTLI_BSDIFF => {
                self.patch(operation, out, kind, PatchKind::Bsdiff)?
            }
            kind::PUFFDIFF => self.patch(operation, out, kind, PatchKind::Puffin)?,
            kind::ZUCCHINI..=kind::LZ4DIFF_PUFFDIFF => {
                return Err(Gap::unsupported(NAME, at, "Zucchini or LZ4diff operation", kind));
            }
            kind => return Err(Gap::unsupported(NAME, at, "operation type", kind)),
        };
        Ok(action)
    }

    fn decode(&self, operation: &Operation<'_>, out: u64, codec: Codec) -> Result<Action, Gap> {
        let (data, check) = self.data(operation)?;
        self.hold(operation.at, "operation output", out)?;
        self.hold(operation.at, "data_length", data.len())?;
        Ok(Action::Decode(codec, data, check))
    }

    fn patch(
        &self,
        operation: &Operation<'_>,
        out: u64,
        number: u64,
        kind: PatchKind,
    ) -> Result<Action, Gap> {
        let (source, source_check) = self.source(operation, number)?;
        let (data, check) = self.data(operation)?;
        self.hold(operation.at, "operation output", out)?;
        self.hold(operation.at, "data_length", data.len())?;
        self.hold(operation.at, "src_extents", source.len())?;
        Ok(Action::Patch(Box::new(Patch {
            kind,
            data,
            check,
            source,
            source_check,
        })))
    }

    /// Whether so many bytes may be in memory at once.
    fn hold(&self, at: u64, what: &'static str, len: u64) -> Result<(), Gap> {
        let limit = self.payload.budget.limits.item;
        if len > limit {
            return Err(Gap::over(NAME, at, what, len, limit, "--max-item"));
        }
        Ok(())
    }

    /// The data of an operation in the payload.
    fn data(&self, operation: &Operation<'_>) -> Result<(Blob, Check), Gap> {
        let at = operation.at;
        let (start, len) = (operation.data_offset, operation.data_length);
        if len == 0 {
            return Err(Gap::invalid(NAME, at, "operation without data", 0));
        }
        let have = self.payload.data.len();
        let end = start.checked_add(len).filter(|end| *end <= have);
        let Some(end) = end else {
            return Err(Gap::truncated(
                NAME,
                at,
                "operation data",
                len,
                have.saturating_sub(start),
            ));
        };
        let what = "data_sha256_hash";
        let sum = sum(what, operation.data_sha256_hash, at)?;
        let check = sum.map_or(Check::Unknown, |sum| Check::Sum(what, sum));
        Ok((self.payload.data.slice(start..end), check))
    }

    /// The old bytes that an operation starts from.
    fn source(&self, operation: &Operation<'_>, kind: u64) -> Result<(Blob, Check), Gap> {
        let at = operation.at;
        let Some(base) = &self.base else {
            return Err(Gap::unsupported(
                NAME,
                at,
                "operation on the old package, see --base",
                kind,
            ));
        };
        let block = self.payload.block;
        let mut source = Vec::new();
        let mut len = 0_u64;
        for extent in &operation.src_extents {
            let bad = || Gap::invalid(NAME, at, "src_extents", extent.start_block.max(extent.num_blocks));
            let range = extent.bytes(block).ok_or_else(bad)?;
            if range.end > base.blob.len() {
                return Err(Gap::truncated(NAME, at, "old image", range.end, base.blob.len()));
            }
            // The two that work in place read what earlier operations have written.
            let in_place = matches!(kind, kind::MOVE | kind::BSDIFF);
            if in_place
                && self
                    .under(range.clone())
                    .iter()
                    .any(|piece| piece.step >= self.implied)
            {
                return Err(Gap::unsupported(
                    NAME,
                    at,
                    "operation on new blocks",
                    extent.start_block,
                ));
            }
            let size = range.end.saturating_sub(range.start);
            source.push((len, size, Fill::From(base.blob.slice(range))));
            len = len.checked_add(size).ok_or_else(bad)?;
        }
        let mut all = Extents::new(NAME, len);
        for (at, size, fill) in source {
            all.push(at, size, fill);
        }
        let what = "src_sha256_hash";
        let sum = sum(what, operation.src_sha256_hash, at)?;
        let check = sum.map_or(Check::Base, |sum| Check::Sum(what, sum));
        Ok((all.into_blob(), check))
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

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
