//! The section of dex files, and the search for them where nothing tells where it is.

use super::{FORMAT, File, Vdex, size, word};
use crate::bytes::{Cursor, Gap, wide};

/// Dex files follow each other at multiples of it.
const ALIGNMENT: usize = 4;
/// Ours: dex files of one vdex. A package has as many as `classes*.dex`, 36 at most were met.
const MAX_FILES: usize = 1024;
/// Ours: compact dex files of one vdex. They may all refer to the same data, so a walk over all of them
/// costs the product.
const MAX_COMPACT: usize = 64;

impl Vdex<'_> {
    /// The dex files between `start` and `end`; `shared` bytes of data for compact ones follow.
    pub(super) fn dex_section(
        &mut self,
        start: usize,
        end: usize,
        shared: usize,
        count: u32,
        checksums: &[[u8; 4]],
    ) {
        let prefix = if matches!(self.version, 19 | 21) { 4 } else { 0 };
        let mut at = start;
        for i in 0..size(count) {
            if at >= end {
                // Where a package's dex files were left in it there is not one of them here.
                if i > 0 || start < end {
                    let left = u64::from(count).saturating_sub(wide(i));
                    self.gaps
                        .push(Gap::invalid(FORMAT, wide(at), "dex files missing", left));
                }
                return;
            }
            if i >= MAX_FILES {
                let (got, limit) = (u64::from(count), wide(MAX_FILES));
                self.gaps
                    .push(Gap::over(FORMAT, wide(at), "number_of_dex_files", got, limit, ""));
                return;
            }
            let table = match prefix {
                0 => 0,
                _ => word(self.data, at),
            };
            let found = self.file(at.saturating_add(prefix), end, shared);
            let (mut file, next) = match found {
                Ok(found) => found,
                Err(gap) => return self.gaps.push(gap),
            };
            file.checksum = checksums.get(i).map(|sum| u32::from_le_bytes(*sum));
            file.table = table;
            self.files.push(file);
            at = next;
        }
        let data_follows = self.files.iter().any(|file| file.compact);
        let left_over = at.checked_next_multiple_of(16).is_some_and(|at| at < end);
        if left_over && !data_follows {
            // More than padding: what was the count for?
            let left = wide(end.saturating_sub(at));
            self.gaps
                .push(Gap::invalid(FORMAT, wide(at), "bytes after the last dex", left));
        }
    }

    /// The dex at `start`, and where the next one starts.
    fn file(&self, start: usize, end: usize, shared: usize) -> Result<(File, usize), Gap> {
        let mut c = Cursor::at(FORMAT, self.data, start);
        let magic: [u8; 4] = c.array("dex")?;
        let compact = magic == *b"cdex";
        if magic != *b"dex\n" && !compact {
            let got = u64::from(u32::from_le_bytes(magic));
            return Err(Gap::invalid(FORMAT, wide(start), "dex magic", got));
        }
        if compact && self.files.len() >= MAX_COMPACT {
            let limit = wide(MAX_COMPACT);
            let got = limit.saturating_add(1);
            return Err(Gap::over(
                FORMAT,
                wide(start),
                "compact dex files",
                got,
                limit,
                "",
            ));
        }
        let len = size(word(self.data, start.saturating_add(0x20)));
        let own = start.saturating_add(len);
        let next = own.checked_next_multiple_of(ALIGNMENT).unwrap_or(usize::MAX);
        let last = if compact {
            end.saturating_add(shared)
        } else {
            own.min(end)
        };
        let file = File {
            start,
            end: last,
            checksum: None,
            compact,
            table: 0,
        };
        // A size of nothing would have the next one at the same place; the dex reader tells what is wrong.
        Ok((file, if len == 0 { usize::MAX } else { next }))
    }

    /// Looks for dex files where the version does not tell where they are.
    pub(super) fn search(&mut self) {
        let mut at = 0;
        while let Some(found) = self
            .data
            .get(at..)
            .and_then(|rest| memchr::memmem::find(rest, b"dex\n0"))
        {
            let start = at.saturating_add(found);
            at = start.saturating_add(5);
            let len = size(word(self.data, start.saturating_add(0x20)));
            let endian = word(self.data, start.saturating_add(0x28));
            let end = start.saturating_add(len);
            if endian != 0x1234_5678 || len < 0x70 || end > self.data.len() || self.files.len() >= MAX_FILES {
                continue;
            }
            self.files.push(File {
                start,
                end,
                checksum: None,
                compact: false,
                table: 0,
            });
            at = end;
        }
    }
}
