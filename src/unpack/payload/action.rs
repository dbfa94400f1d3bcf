//! What an operation does: checked as far as that needs no data.

use crate::bytes::{Blob, Extents, Fill, Gap, wide};
use crate::unpack::codec::Codec;
use crate::unpack::delta::OTHER;

use super::NAME;
use super::manifest::{Operation, shared};
use super::plan::Plan;
use super::step::{Action, Check, Patch, PatchKind, Sum};

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

impl Plan<'_> {
    /// What an operation does that puts out `out` bytes.
    pub(super) fn action(&mut self, operation: &Operation<'_>, out: u64) -> Result<Action, Gap> {
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

    fn decode(&mut self, operation: &Operation<'_>, out: u64, codec: Codec) -> Result<Action, Gap> {
        let (data, check) = self.data(operation)?;
        self.hold(operation.at, "operation output", out)?;
        self.hold(operation.at, "data_length", data.len())?;
        Ok(Action::Decode(codec, data, check))
    }

    fn patch(
        &mut self,
        operation: &Operation<'_>,
        out: u64,
        number: u64,
        kind: PatchKind,
    ) -> Result<Action, Gap> {
        let (source, source_check) = self.source(operation, number)?;
        self.sources = self.sources.saturating_add(source.len());
        let all = self.base.as_ref().map_or(0, |base| base.blob.len());
        shared(operation.at, "old bytes of all operations", self.sources, all)?;
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
    fn data(&mut self, operation: &Operation<'_>) -> Result<(Blob, Check), Gap> {
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
        self.count.data(at, len, have)?;
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
            if in_place && self.is_written(range.clone()) {
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
        let sum = sum("src_sha256_hash", operation.src_sha256_hash, at)?;
        let check = sum.map_or(Check::Base, |sum| Check::Sum(OTHER, sum));
        Ok((all.into_blob(), check))
    }
}

/// A hash, where there is one.
pub(super) fn sum(what: &'static str, raw: &[u8], at: u64) -> Result<Option<Sum>, Gap> {
    match raw.first_chunk() {
        Some(sum) if raw.len() == sum.len() => Ok(Some(*sum)),
        _ if raw.is_empty() => Ok(None),
        _ => Err(Gap::invalid(NAME, at, what, wide(raw.len()))),
    }
}
