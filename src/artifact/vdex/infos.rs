//! What the optimised instructions of each method were, in the three forms that there are of telling it.

use rustc_hash::FxHashMap;

use super::super::dex::Body;
use super::super::dex::compact::OffsetTable;
use super::super::quick::{self, Info};
use super::{FORMAT, File, Quickening, size, word};
use crate::bytes::{Gap, wide};

/// What the optimised instructions of each method were; see `Vdex::infos`.
pub(in crate::artifact) struct Infos<'a> {
    pub(super) quickening: Quickening<'a>,
    /// Number of dex files.
    pub(super) files: usize,
    /// 010: where the info of the code at an offset is.
    pub(super) pairs: FxHashMap<u32, u32>,
    /// 019, 021: the table of the dex.
    pub(super) table: Option<OffsetTable<'a>>,
    /// 006: a method could not be read, so which info belongs to the next one is not known.
    pub(super) broken: bool,
}

impl<'a> Infos<'a> {
    /// Goes on to dex number `i`, which is `file`.
    pub(in crate::artifact) fn dex(&mut self, i: usize, file: &File) -> Result<(), Gap> {
        self.table = None;
        match self.quickening {
            Quickening::None | Quickening::Sequence(_) => Ok(()),
            Quickening::Pairs(info) => self.read_pairs(info, i),
            Quickening::Tables(info) => {
                let at = size(file.table);
                self.table = info.get(at..).and_then(OffsetTable::read);
                match self.table {
                    Some(_) => Ok(()),
                    None => Err(lost("quicken_table_off", file.start, u64::from(file.table))),
                }
            }
        }
    }

    fn read_pairs(&mut self, info: &[u8], i: usize) -> Result<(), Gap> {
        let ends = info.len().checked_sub(self.files.saturating_mul(4));
        let start = |i: usize| match i < self.files {
            true => Some(size(word(info, ends?.saturating_add(i.saturating_mul(4))))),
            false => ends,
        };
        let range = start(i).zip(start(i.saturating_add(1)));
        let items = range.and_then(|(start, end)| info.get(start..end));
        self.pairs.clear();
        let Some(items) = items else {
            return Err(lost(
                "dex_file_indices",
                i,
                range.map_or(0, |(start, _)| wide(start)),
            ));
        };
        self.pairs
            .extend(items.as_chunks::<8>().0.iter().map(|[a, b, c, d, e, f, g, h]| {
                let code = u32::from_le_bytes([*a, *b, *c, *d]);
                (code, u32::from_le_bytes([*e, *f, *g, *h]))
            }));
        Ok(())
    }

    /// What the optimised instructions of `body` were. Where a method of the dex could not be read, tell
    /// [`skip`](Self::skip).
    pub(in crate::artifact) fn of(&mut self, body: &Body<'a>) -> Info<'a> {
        match &mut self.quickening {
            Quickening::Sequence(rest) if !self.broken => match sized(rest, 0) {
                Some((info, after)) => {
                    *rest = after;
                    Info::Pairs(info)
                }
                None => {
                    self.broken = true;
                    Info::None
                }
            },
            Quickening::None | Quickening::Sequence(_) => Info::None,
            Quickening::Pairs(info) => {
                let at = self.pairs.get(&body.method.code_off);
                let found = at.and_then(|at| sized(info, size(*at)));
                found.map_or(Info::None, |(info, _)| Info::Indices(info.as_chunks().0))
            }
            Quickening::Tables(info) => {
                let at = self.table.and_then(|table| table.get(body.method.index));
                // One more than where it is, since 0 is none.
                let at = at.and_then(|at| at.checked_sub(1));
                let found = at.and_then(|at| counted(info.get(size(at)..)?));
                found.map_or(Info::None, Info::Indices)
            }
        }
    }

    /// A method was not read.
    pub(in crate::artifact) fn skip(&mut self) {
        self.broken = true;
    }
}

/// A size in four bytes and that many bytes at `at`, and what follows.
fn sized(data: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    let (len, rest) = data.get(at..)?.split_first_chunk::<4>()?;
    rest.split_at_checked(size(u32::from_le_bytes(*len)))
}

/// A number of indices as LEB128, and the indices.
fn counted(data: &[u8]) -> Option<&[[u8; 2]]> {
    let (count, rest) = quick::leb(data)?;
    Some(rest.get(..size(count).checked_mul(2)?)?.as_chunks().0)
}

fn lost(what: &'static str, at: usize, got: u64) -> Gap {
    Gap::invalid(FORMAT, wide(at), what, got)
}
