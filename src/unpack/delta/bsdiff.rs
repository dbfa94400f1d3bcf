//! BSDIFF patches: new bytes from old ones.
//!
//! Spec: AOSP `external/bsdiff`, `patch_reader.cc` (there is no other): `BSDIFF40`, with three bzip2 streams,
//! or `BSDF2` and one byte for each stream's compression. Then three lengths of 8 bytes, in sign and
//! magnitude, little-endian: control stream, diff stream, new file; then the three streams, the last to the
//! end. The control stream is a row of three such numbers: add so many bytes of the diff stream to old ones,
//! copy so many of the extra stream, move so far in the old bytes.

use std::io::{self, Read};

use crate::bytes::{Cursor, Gap, wide};
use crate::unpack::codec::{self, Codec};

/// Ours: control entries that put nothing out. `bsdiff` writes none or one; a stream of nothing else would
/// never end.
const IDLE: u32 = 1024;
/// Bytes by which a buffer grows.
const PIECE: usize = 64 << 10;

/// A patch being applied. Reads as the new file.
pub(in crate::unpack) struct Patch<'a> {
    format: &'static str,
    /// What the patch belongs to, in bytes from the start of what `format` reads.
    at: u64,
    control: Box<dyn Read + 'a>,
    diff: Box<dyn Read + 'a>,
    extra: Box<dyn Read + 'a>,
    old: &'a [u8],
    /// May point before the old bytes or behind them: what is not there counts as zero.
    old_at: i64,
    /// Bytes of the new file that are still to come.
    left: u64,
    /// What is still to do of the current control entry.
    add: u64,
    copy: u64,
    seek: i64,
    idle: u32,
}

impl<'a> Patch<'a> {
    /// The new file that `patch` makes of `old`. `format` and `at` are for gaps.
    pub(in crate::unpack) fn open(
        format: &'static str,
        at: u64,
        patch: &'a [u8],
        old: &'a [u8],
    ) -> Result<Self, Gap> {
        let mut c = Cursor::new(format, patch);
        let bad = |what: &'static str, got: u64| Gap::invalid(format, at, what, got);
        let short = |gap: Gap| Gap { at, ..gap };
        let magic: [u8; 8] = c.array("bsdiff magic").map_err(short)?;
        let kinds = match magic {
            [b'B', b'S', b'D', b'F', b'2', kinds @ ..] => kinds,
            _ if &magic == b"BSDIFF40" => [1; 3],
            _ => return Err(bad("bsdiff magic", u64::from_be_bytes(magic))),
        };
        let mut length = |what| -> Result<u64, Gap> {
            let number = signed(c.array(what).map_err(short)?);
            u64::try_from(number).map_err(|_| bad(what, number.unsigned_abs()))
        };
        let control = length("bsdiff control length")?;
        let diff = length("bsdiff diff length")?;
        let left = length("bsdiff new size")?;
        let mut part = |what, len: u64| {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            c.take(what, len).map_err(short)
        };
        let control = part("bsdiff control stream", control)?;
        let diff = part("bsdiff diff stream", diff)?;
        let [kind, of_diff, of_extra] = kinds;
        let open = |kind, data: &'a [u8]| -> Result<Box<dyn Read + 'a>, Gap> {
            match kind {
                0 => Ok(Box::new(data)),
                1 => Ok(codec::reader(Codec::Bzip2, data)),
                2 => Ok(codec::reader(Codec::Brotli, data)),
                kind => Err(Gap::unsupported(format, at, "bsdiff compression", kind.into())),
            }
        };
        Ok(Self {
            format,
            at,
            control: open(kind, control)?,
            diff: open(of_diff, diff)?,
            extra: open(of_extra, c.rest())?,
            old,
            old_at: 0,
            left,
            add: 0,
            copy: 0,
            seek: 0,
            idle: 0,
        })
    }

    /// Bytes that are still to come.
    pub(in crate::unpack) fn left(&self) -> u64 {
        self.left
    }

    /// Fills the front of `buf` with what comes next; 0 at the end.
    pub(in crate::unpack) fn read(&mut self, buf: &mut [u8]) -> Result<usize, Gap> {
        if buf.is_empty() {
            return Ok(0);
        }
        while self.left > 0 {
            let todo = if self.add > 0 { self.add } else { self.copy };
            if todo == 0 {
                self.entry()?;
                continue;
            }
            let n = usize::try_from(todo).map_or(buf.len(), |todo| todo.min(buf.len()));
            let out = buf.get_mut(..n).unwrap_or_default();
            let done = wide(n);
            if self.add > 0 {
                exact(&mut self.diff, out).map_err(|_| self.broken("bsdiff diff stream"))?;
                self.plus(out);
                self.add = self.add.saturating_sub(done);
                self.old_at = self.old_at.saturating_add(i64::try_from(n).unwrap_or(i64::MAX));
            } else {
                exact(&mut self.extra, out).map_err(|_| self.broken("bsdiff extra stream"))?;
                self.copy = self.copy.saturating_sub(done);
            }
            if self.add == 0 && self.copy == 0 {
                self.old_at = self.old_at.saturating_add(self.seek);
                self.seek = 0;
            }
            self.left = self.left.saturating_sub(done);
            return Ok(n);
        }
        Ok(0)
    }

    /// Appends what comes next, up to `len` bytes. Grown by what is there: lengths are only claimed.
    pub(in crate::unpack) fn fill(&mut self, len: u64, to: &mut Vec<u8>) -> Result<(), Gap> {
        let start = to.len();
        let end = usize::try_from(len).map_or(usize::MAX, |len| start.saturating_add(len));
        let mut done = start;
        while done < end {
            to.resize(done.saturating_add(PIECE).min(end), 0);
            match self.read(to.get_mut(done..).unwrap_or_default())? {
                0 => break,
                got => done = done.saturating_add(got),
            }
        }
        to.truncate(done);
        Ok(())
    }

    /// The next entry of the control stream.
    fn entry(&mut self) -> Result<(), Gap> {
        let mut entry = [0; 24];
        exact(&mut self.control, &mut entry).map_err(|_| self.broken("bsdiff control stream"))?;
        let mut c = Cursor::new(self.format, &entry);
        let add = signed(c.array("add")?);
        let copy = signed(c.array("copy")?);
        let seek = signed(c.array("seek")?);
        let both = u64::try_from(add)
            .ok()
            .zip(u64::try_from(copy).ok())
            .filter(|(add, copy)| add.checked_add(*copy).is_some_and(|both| both <= self.left));
        let Some((add, copy)) = both else {
            return Err(Gap::invalid(
                self.format,
                self.at,
                "bsdiff control entry",
                add.unsigned_abs(),
            ));
        };
        if add == 0 && copy == 0 {
            self.idle = self.idle.saturating_add(1);
            if self.idle > IDLE {
                let (got, limit) = (self.idle.into(), IDLE.into());
                return Err(Gap::over(
                    self.format,
                    self.at,
                    "empty bsdiff control entries",
                    got,
                    limit,
                    "",
                ));
            }
            self.old_at = self.old_at.saturating_add(seek);
            return Ok(());
        }
        (self.add, self.copy, self.seek) = (add, copy, seek);
        Ok(())
    }

    /// Adds the old bytes, as far as they are there.
    fn plus(&self, out: &mut [u8]) {
        let before = usize::try_from(self.old_at.min(0).unsigned_abs()).unwrap_or(usize::MAX);
        let from = usize::try_from(self.old_at.max(0)).unwrap_or(usize::MAX);
        let old = self.old.get(from..).unwrap_or_default();
        for (byte, old) in out.iter_mut().skip(before).zip(old) {
            *byte = byte.wrapping_add(*old);
        }
    }

    fn broken(&self, what: &'static str) -> Gap {
        Gap::invalid(self.format, self.at, what, self.left)
    }
}

fn exact(stream: &mut Box<dyn Read + '_>, out: &mut [u8]) -> io::Result<()> {
    stream.read_exact(out)
}

/// A number in sign and magnitude.
fn signed(bytes: [u8; 8]) -> i64 {
    let raw = u64::from_le_bytes(bytes);
    let magnitude = i64::try_from(raw & (u64::MAX >> 1)).unwrap_or(i64::MAX);
    if raw >> 63 == 0 {
        magnitude
    } else {
        magnitude.saturating_neg()
    }
}
