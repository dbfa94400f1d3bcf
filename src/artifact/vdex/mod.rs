//! Vdex: the dex files of a package or a jar, checked and optimised when the ROM was built.
//!
//! Spec: AOSP `art/runtime/vdex_file.h`. The versions that were released, each with a header of its own:
//! 006 (Android 8.0), 010 (8.1), 019 (9), 021 (10 and 11), 027 (12 and later). All fields are little-endian
//! and in bytes. The dex files follow each other, aligned to four; before each of them stands, in 019 and
//! 021, where its table of optimised instructions starts. A compact dex keeps its items behind the last dex.
//! What the verifier found out about classes is not read: it repeats what the code says.
//!
//! A vdex without a dex section is whole: the package beside it was left as it is.

mod header;
mod infos;
mod section;
#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;

use super::dex::{Dex, Opened};
use crate::bytes::Gap;
use infos::Infos;

/// The name under which gaps of this reader are reported.
pub const FORMAT: &str = "vdex";

/// A vdex, borrowed.
#[derive(Debug)]
pub struct Vdex<'a> {
    data: &'a [u8],
    /// The three digits, 10 for `010`; 0 when they are not digits.
    pub version: u32,
    /// The dex files, in the order of the file.
    pub files: Vec<File>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    quickening: Quickening<'a>,
}

/// Where a dex file is in a vdex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Bytes from the start of the vdex to the dex.
    pub start: usize,
    /// Bytes from the start of the vdex to the dex's end; of a compact dex, to the end of all data.
    pub end: usize,
    /// CRC-32 of the entry of the package that it was; `None` where the table of them is cut off.
    pub checksum: Option<u32>,
    /// Whether it is a compact dex.
    pub compact: bool,
    /// Bytes from the start of the quickening info to this dex's part of it, in 019 and 021.
    table: u32,
}

/// How a version tells what the optimised instructions were.
#[derive(Debug, Clone, Copy)]
enum Quickening<'a> {
    /// It has none.
    None,
    /// 006: of each method that has code a size in four bytes and that many bytes, in the order of classes
    /// and their methods.
    Sequence(&'a [u8]),
    /// 010: of each dex pairs of a code offset and where its info is; at the very end, where the pairs of
    /// each dex start.
    Pairs(&'a [u8]),
    /// 019, 021: of each dex a table by method index.
    Tables(&'a [u8]),
}

impl<'a> Vdex<'a> {
    /// Whether these bytes claim to be a vdex.
    pub fn sniff(head: &[u8]) -> bool {
        head.starts_with(b"vdex")
    }

    /// Finds the dex files. Never fails: what is broken is in [`gaps`](Self::gaps).
    pub fn open(data: &'a [u8]) -> Self {
        let mut this = Self {
            data,
            version: 0,
            files: Vec::new(),
            gaps: Vec::new(),
            quickening: Quickening::None,
        };
        if let Err(gap) = this.read() {
            this.gaps.push(gap);
        }
        this
    }

    /// The dex files themselves; offsets in gaps count from the start of each.
    pub fn dexes(&self) -> Opened<'a> {
        let mut all = Opened::default();
        for file in &self.files {
            let Opened { dexes, gaps } = self.dex(file);
            all.dexes.extend(dexes);
            all.gaps.extend(gaps);
        }
        all
    }

    pub(super) fn dex(&self, file: &File) -> Opened<'a> {
        Dex::open(self.data.get(file.start..file.end).unwrap_or_default())
    }

    /// Whether some of the instructions may be optimised: where there is no quickening info, none are.
    pub(super) fn may_be_quickened(&self) -> bool {
        let known = matches!(self.version, 6 | 10 | 19 | 21 | 27);
        !known || !matches!(self.quickening, Quickening::None)
    }

    /// What the optimised instructions of all methods were. Ask for dex after dex, method after method,
    /// in the order of the file.
    pub(super) fn infos(&self) -> Infos<'a> {
        Infos {
            quickening: self.quickening,
            files: self.files.len(),
            pairs: FxHashMap::default(),
            table: None,
            broken: false,
        }
    }
}

/// A 32-bit number at byte `at`, 0 where the file ends before.
fn word(data: &[u8], at: usize) -> u32 {
    let bytes = data.get(at..).and_then(|rest| rest.first_chunk::<4>());
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
