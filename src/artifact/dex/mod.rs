//! Dalvik executables, read in place.
//!
//! Spec: Android *Dalvik executable format* (<https://source.android.com/docs/core/runtime/dex-format>),
//! versions 035 to 041, and the optimised files of Dalvik (`dey\n036`), AOSP `dalvik/libdex/DexFile.h`.
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
mod class;
mod code;
mod disasm;
mod dynamic;
mod header;
mod ids;
mod insn;
mod leb;
mod mutf8;
pub mod opcode;
mod value;
mod verify;
mod walk;

#[cfg(test)]
#[path = "../../../tests/build/dex.rs"]
pub(crate) mod build;

use crate::bytes::{Cursor, Gap};

pub use annotation::{Annotation, Annotations, Target};
pub use class::{ClassDef, Field, Fields, Members, Method, Methods};
pub use code::{Catch, Catches, Code, Tries, Try};
pub use disasm::disassemble;
pub use dynamic::{CallSite, MethodHandle};
pub use header::{Header, Section};
pub use ids::{FieldId, MethodId, Proto, TypeList};
pub use insn::{Insn, Insns, Payload, Registers};
pub use mutf8::mutf8;
pub use opcode::{Dialect, Op};
pub use value::{AllStaticValues, Item, Value, Values};
pub use walk::{Bodies, Body, Meter};

use header::Tables;

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
    /// The container: what offsets count from.
    data: &'a [u8],
    header: Header,
    /// Bytes from the container's start to the header.
    at: usize,
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
                Ok(Some((dex, gap))) => {
                    opened.gaps.extend(gap);
                    opened.read(dex, Dialect::Odex);
                }
                Ok(None) => {}
                Err(gap) => opened.gaps.push(gap),
            }
        } else {
            opened.read(data, Dialect::Standard);
        }
        opened
    }

    /// The file that all offsets count from.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The header, as it is in the file.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Who wrote the bytecode.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether the checksum of the header is right. Android checks it before it loads a dex from an
    /// APK; this reads every byte, so it is no part of [`Dex::open`].
    pub fn checksum(&self) -> Result<(), Gap> {
        let len = self.header.len(self.data.len().saturating_sub(self.at));
        let file = self
            .data
            .get(self.at..self.at.saturating_add(len))
            .unwrap_or_default();
        let sum = adler32(file.get(12..).unwrap_or_default());
        if sum == self.header.checksum {
            return Ok(());
        }
        let at = wide(self.at).saturating_add(8);
        Err(Gap::invalid(
            FORMAT,
            at,
            "checksum",
            u64::from(self.header.checksum),
        ))
    }
}

impl<'a> Opened<'a> {
    fn read(&mut self, data: &'a [u8], dialect: Dialect) {
        let mut at = 0_usize;
        loop {
            let header = match Header::read(data, at, &mut self.gaps) {
                Ok(header) => header,
                Err(gap) => return self.gaps.push(gap),
            };
            let tables = Tables::cut(data, at, &header, &mut self.gaps);
            self.dexes.push(Dex {
                data,
                header,
                at,
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

/// The dex inside an odex: `DexOptHeader`, version 036, whose fields are magic, `dexOffset`, `dexLength`
/// and then those of the optimiser's own data. What is around the dex is not read.
fn inner(data: &[u8]) -> Result<Option<(&[u8], Option<Gap>)>, Gap> {
    const ODEX: &str = "odex";
    let mut c = Cursor::new(ODEX, data);
    let magic: [u8; 8] = c.array("magic")?;
    let [.., a, b, d, e] = magic;
    let version = (magic != *b"dey\n036\0")
        .then(|| Gap::invalid(ODEX, 4, "version", u64::from(u32::from_le_bytes([a, b, d, e]))));
    let off = c.u32("dex_offset")?;
    let len = c.u32("dex_length")?;
    let Some(rest) = data.get(size(off)..).filter(|rest| !rest.is_empty()) else {
        return Err(Gap::invalid(ODEX, 8, "dex_offset", u64::from(off)));
    };
    match rest.get(..size(len)) {
        Some(dex) => Ok(Some((dex, version))),
        None => {
            let gap = Gap::truncated(ODEX, 12, "dex_length", u64::from(len), wide(rest.len()));
            Ok(Some((rest, Some(gap))))
        }
    }
}

/// Adler-32 (RFC 1950, section 8.2).
fn adler32(bytes: &[u8]) -> u32 {
    // 5552: the longest run for which the sums of bytes stay below 2^32 (zlib's NMAX).
    let mut a = 1_u32;
    let mut b = 0_u32;
    for run in bytes.chunks(5552) {
        for &byte in run {
            a = a.wrapping_add(u32::from(byte));
            b = b.wrapping_add(a);
        }
        a %= 65521;
        b %= 65521;
    }
    b.wrapping_shl(16) | a
}

/// A 32-bit size or offset of the file as a memory index. Never loses a bit where `usize` has 32 or
/// more; elsewhere it leads outside of the file.
#[inline]
fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// A memory index as an offset in a gap.
#[inline]
fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// A number of items that came from a 32-bit field.
#[inline]
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
