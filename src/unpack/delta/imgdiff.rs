//! IMGDIFF patches: BSDIFF patches for the parts of a file, those that are deflated taken in their inflated form.
//!
//! Spec: AOSP `bootable/recovery/applypatch/imgdiff.cpp` and `imgpatch.cpp`, version 2. `IMGDIFF2`, number of
//! chunks (4), then for each chunk its type (4) and header; all numbers little-endian, offsets of patches from
//! the start of the whole:
//!
//! | type | header |
//! | --- | --- |
//! | 0 normal | old start, old length, patch offset (8 each) |
//! | 2 deflate | the same, old and new length inflated (8 each); level, method, window bits, memory level, strategy of the new stream (4 each) |
//! | 3 raw | length (4), then the bytes themselves |
//!
//! A deflate chunk is deflated again, by zlib with these parameters, see [`deflate`](super::deflate). Whether ours gave
//! the same bytes as the maker's is told by the hash of the whole, which the caller checks.

use flate2::{Decompress, FlushDecompress, Status};

use crate::bytes::{Cursor, Gap, wide};

use super::deflate::deflate;
use super::{Bsdiff, PIECE};

const MAGIC: [u8; 8] = *b"IMGDIFF2";
/// Ours: chunks of a patch. A zip has two for each entry.
const CHUNKS: u32 = 1 << 17;
/// Ours: how many times the bytes that may be held may be inflated and deflated for one patch.
const UNPACKED: u64 = 2;

/// What `patch` makes of `old`: no more than `out` bytes, with no more than `most` bytes held of any form.
pub(in crate::unpack) fn apply(
    format: &'static str,
    at: u64,
    patch: &[u8],
    old: &[u8],
    (out, most): (u64, u64),
) -> Result<Vec<u8>, Gap> {
    let mut job = Job {
        format,
        at,
        patch,
        old,
        most,
        unpacked: 0,
        out: Vec::new(),
    };
    let mut c = Cursor::new(format, patch);
    let magic: [u8; 8] = c.array("imgdiff magic").map_err(|gap| job.here(gap))?;
    if magic != MAGIC {
        return Err(job.bad("imgdiff magic", u64::from_be_bytes(magic)));
    }
    let count = c.u32("imgdiff chunks").map_err(|gap| job.here(gap))?;
    if count > CHUNKS {
        let (got, limit) = (count.into(), CHUNKS.into());
        return Err(Gap::over(format, at, "imgdiff chunks", got, limit, ""));
    }
    for _ in 0..count {
        job.chunk(&mut c).map_err(|gap| job.here(gap))?;
        if wide(job.out.len()) > out {
            return Err(job.bad("imgdiff output beyond the target", wide(job.out.len())));
        }
    }
    Ok(job.out)
}

/// A patch being applied.
struct Job<'a> {
    format: &'static str,
    at: u64,
    patch: &'a [u8],
    old: &'a [u8],
    most: u64,
    /// Bytes inflated and deflated so far.
    unpacked: u64,
    out: Vec<u8>,
}

impl<'a> Job<'a> {
    /// A gap of the patch, told where the patch belongs to.
    fn here(&self, gap: Gap) -> Gap {
        Gap { at: self.at, ..gap }
    }

    fn bad(&self, what: &'static str, got: u64) -> Gap {
        Gap::invalid(self.format, self.at, what, got)
    }

    fn chunk(&mut self, c: &mut Cursor<'a>) -> Result<(), Gap> {
        match c.u32("imgdiff chunk type")? {
            0 => {
                let (old, patch) = self.parts(c)?;
                let mut new = Bsdiff::open(self.format, self.at, patch, old)?;
                new.fill(self.most, &mut self.out)
            }
            2 => {
                let (old, patch) = self.parts(c)?;
                let inflated = c.u64("imgdiff src_expanded_len")?;
                let target = c.u64("imgdiff target_expanded_len")?;
                let stream = Stream::read(self, c)?;
                self.unpacked = self.unpacked.saturating_add(inflated).saturating_add(target);
                let limit = self.most.saturating_mul(UNPACKED);
                if self.unpacked > limit {
                    let (got, what) = (self.unpacked, "inflated bytes of imgdiff chunks");
                    return Err(Gap::over(self.format, self.at, what, got, limit, "--max-item"));
                }
                let old = self.inflate(old, inflated)?;
                let mut new = Vec::new();
                Bsdiff::open(self.format, self.at, patch, &old)?.fill(target.saturating_add(1), &mut new)?;
                if wide(new.len()) != target {
                    return Err(self.bad("imgdiff target_expanded_len", target));
                }
                self.deflate(&stream, &new)
            }
            3 => {
                let len = c.u32("imgdiff data_len")?;
                let len = usize::try_from(len).unwrap_or(usize::MAX);
                self.out.extend_from_slice(c.take("imgdiff raw data", len)?);
                Ok(())
            }
            kind => Err(Gap::unsupported(
                self.format,
                self.at,
                "imgdiff chunk type",
                kind.into(),
            )),
        }
    }

    /// The old bytes of a chunk, and its patch, which ends where it says itself.
    fn parts(&self, c: &mut Cursor<'a>) -> Result<(&'a [u8], &'a [u8]), Gap> {
        let start = c.u64("imgdiff src_start")?;
        let len = c.u64("imgdiff src_len")?;
        let patch = c.u64("imgdiff patch_offset")?;
        let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let end = start.saturating_add(len);
        let old = self.old.get(index(start)..index(end));
        let old = old.ok_or_else(|| self.bad("imgdiff src_len", end))?;
        let patch = self.patch.get(index(patch)..);
        let patch = patch.ok_or_else(|| self.bad("imgdiff patch_offset", wide(self.patch.len())))?;
        Ok((old, patch))
    }

    fn inflate(&self, old: &[u8], len: u64) -> Result<Vec<u8>, Gap> {
        let bad = || self.bad("imgdiff source stream", len);
        let mut stream = Decompress::new(false);
        let mut out = Vec::new();
        while wide(out.len()) <= len {
            out.reserve(PIECE);
            let (input, before) = (stream.total_in(), stream.total_out());
            let rest = usize::try_from(input).ok().and_then(|n| old.get(n..));
            let status = stream.decompress_vec(rest.unwrap_or_default(), &mut out, FlushDecompress::None);
            let idle = stream.total_in() == input && stream.total_out() == before;
            match status {
                Ok(Status::StreamEnd) if wide(out.len()) == len => return Ok(out),
                Ok(Status::StreamEnd) | Err(_) => return Err(bad()),
                Ok(_) if idle => return Err(bad()),
                Ok(_) => {}
            }
        }
        Err(bad())
    }

    fn deflate(&mut self, stream: &Stream, new: &[u8]) -> Result<(), Gap> {
        let done = deflate(new, stream.level, &mut self.out);
        done.ok_or_else(|| self.bad("imgdiff target stream", wide(new.len())))
    }
}

/// How a stream was deflated.
struct Stream {
    level: u32,
}

impl Stream {
    /// What imgdiff itself gives is all that there is: raw deflate, the usual window, memory level and strategy.
    fn read(job: &Job<'_>, c: &mut Cursor<'_>) -> Result<Self, Gap> {
        let level = c.u32("imgdiff level")?;
        for (what, usual) in [
            ("imgdiff method", 8),
            ("imgdiff windowBits", -15),
            ("imgdiff memLevel", 8),
            ("imgdiff strategy", 0),
        ] {
            let got = i32::from_le_bytes(c.array(what)?);
            if got != usual {
                let got = got.unsigned_abs().into();
                return Err(Gap::unsupported(job.format, job.at, what, got));
            }
        }
        // Z_DEFAULT_COMPRESSION, -1, is 6.
        let level = if level == u32::MAX { 6 } else { level };
        if level > 9 {
            return Err(job.bad("imgdiff level", level.into()));
        }
        Ok(Self { level })
    }
}
