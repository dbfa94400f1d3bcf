//! Dalvik executables, read in place.
//!
//! Spec: Android *Dalvik executable format* (<https://source.android.com/docs/core/runtime/dex-format>),
//! versions 035 to 041, the compact dex of Android 9 (`cdex001`, see [`compact`]), and the optimised files
//! of Dalvik (`dey\n036`), AOSP `dalvik/libdex/DexFile.h`.
//!
//! [`Dex::open`] reads the header and finds the tables; everything else is read on demand, borrows the
//! file and allocates nothing. Errors are per item: an index that leads nowhere is `None`, an item that
//! cannot be read is a [`Gap`], and the items beside it are not touched by it. A wrong checksum or
//! signature, an unknown map item, a string that is no MUTF-8 never hide anything.
//!
//! Items may share bytes, and a hostile file makes thousands of classes share one huge method. Readers
//! of one item do not know of each other; whoever reads the whole file takes the walks that do:
//! [`Dex::strings`], [`Dex::bodies`], [`Dex::all_annotations`], [`Dex::all_static_values`].

mod annotation;
mod checksum;
mod class;
mod code;
pub mod compact;
mod disasm;
mod dynamic;
mod header;
mod ids;
mod insn;
mod leb;
mod map;
mod mutf8;
mod odex;
pub mod opcode;
mod payload;
mod value;
mod verify;
mod walk;

#[cfg(test)]
#[path = "../../../tests/build/dex.rs"]
pub(crate) mod build;

use crate::bytes::{Gap, wide};

pub use annotation::{Annotation, Annotations, Target};
pub use class::{ClassDef, Field, Fields, Members, Method, Methods};
pub use code::{Catch, Catches, Code, Tries, Try};
pub use disasm::{disassemble, write_insn};
pub use dynamic::{CallSite, MethodHandle};
pub use header::{Header, Section};
pub use ids::{FieldId, MethodId, Proto, TypeList};
pub use insn::{Insn, Insns, Registers};
pub use mutf8::{mutf8, to_mutf8, units};
pub use opcode::{Dialect, Op};
pub use payload::Payload;
pub use value::{AllStaticValues, Item, Value, Values};
pub use walk::{Bodies, Body, Meter};

use header::Tables;
use odex::{Inner, inner};

/// The name under which gaps of this reader are reported.
pub const FORMAT: &str = "dex";

/// Index that means "none" (`NO_INDEX`).
const NO_INDEX: u32 = u32::MAX;

/// Ours: logical files in one container of version 041. A header has 0x78 bytes; real containers hold
/// as many files as an APK has `classes*.dex`, the largest met 36.
const MAX_DEXES: usize = 4096;

/// One logical dex. Cheap to copy; borrows the file.
#[derive(Debug, Clone, Copy)]
pub struct Dex<'a> {
    /// What the offsets of items count from: the container; of a compact dex its data section.
    data: &'a [u8],
    /// What the offsets of the tables of ids and classes count from: the container, always.
    file: &'a [u8],
    header: Header,
    /// Bytes from the container's start to the header.
    at: usize,
    /// Bytes from the start of what was opened to `data`.
    base: usize,
    tables: Tables<'a>,
    dialect: Dialect,
}

/// What [`Dex::open`] found.
#[derive(Debug, Default)]
pub struct Opened<'a> {
    /// The logical files, in the order of the container; one before version 041.
    pub dexes: Vec<Dex<'a>>,
    /// What is wrong with headers and tables. Offsets count from the start of the dex, or of the odex
    /// where its own header is meant.
    pub gaps: Vec<Gap>,
}

impl<'a> Dex<'a> {
    /// Opens a dex, a container of several, or the dex inside an odex.
    pub fn open(data: &'a [u8]) -> Opened<'a> {
        let mut opened = Opened::default();
        if data.starts_with(b"dey\n") {
            match inner(data) {
                Ok(Inner { dex, at, gap }) => {
                    opened.gaps.extend(gap);
                    opened.read(dex, at, Dialect::Odex);
                }
                Err(gap) => opened.gaps.push(gap),
            }
        } else {
            opened.read(data, 0, Dialect::Standard);
        }
        opened
    }

    /// What the offsets of items count from: the file; of a compact dex its data section.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The file itself, by the size in its header; not of use for a compact dex, whose parts lie apart.
    pub fn bytes(&self) -> &'a [u8] {
        let len = self.header.len(self.data.len().saturating_sub(self.at));
        let end = self.at.saturating_add(len);
        self.data.get(self.at..end).unwrap_or_default()
    }

    /// Bytes from the start of what was opened to [`Dex::data`].
    pub fn base(&self) -> usize {
        self.base
    }

    /// The header, as it is in the file.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Who wrote the bytecode.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }
}

impl<'a> Opened<'a> {
    /// Reads the dex files of `data`, which starts at byte `from` of what was opened.
    fn read(&mut self, data: &'a [u8], from: usize, dialect: Dialect) {
        let mut at = 0_usize;
        loop {
            let header = match Header::read(data, at, &mut self.gaps) {
                Ok(header) => header,
                Err(gap) => return self.gaps.push(gap),
            };
            let (file, section, offset) = match header.compact {
                Some(_) => compact::sections(data, &header, &mut self.gaps),
                None => (data, data, 0),
            };
            let tables = Tables::cut(file, at, &header, &mut self.gaps);
            self.dexes.push(Dex {
                data: section,
                file,
                header,
                at,
                base: from.saturating_add(offset),
                tables,
                dialect,
            });
            if !header.in_container() {
                return;
            }
            let left = data.len().saturating_sub(at);
            let next = at.saturating_add(header.len(left));
            if next >= data.len() || next <= at {
                return;
            }
            if self.dexes.len() >= MAX_DEXES {
                let got = wide(self.dexes.len());
                return self
                    .gaps
                    .push(Gap::over(FORMAT, wide(at), "dex container", got, got, ""));
            }
            at = next;
        }
    }
}

/// A 32-bit size or offset of the file as a memory index. Never loses a bit where `usize` has 32 or
/// more; elsewhere it leads outside of the file.
#[inline]
fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// A number of items that came from a 32-bit field.
#[inline]
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests;
