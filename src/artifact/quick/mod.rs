//! Optimised instructions, written back as they were.
//!
//! Spec: AOSP `art/runtime/dex_to_dex_decompiler.cc` and `quicken_info.h` (Android 8.0 to 11). ART replaces
//! the field or method of an instruction by what it found: the offset in the object, the slot in the table
//! of virtual methods. It keeps the opcode's kind and all registers, so the original is the same length and
//! can be put back in place, given the index. The index is in a table of the vdex.

mod class_path;
mod fields;
mod form;
mod layout;
mod slots;
mod types;

use std::borrow::Cow;

use rustc_hash::FxHashSet;

use crate::bytes::{Bytes, Gap, wide};

use super::dex::{Code, Dex, Insn, Op};

pub use class_path::ClassPath;
pub use form::is_form_of;
pub(super) use layout::{Layouts, Rules};
use types::Resolver;

/// What an instruction was: opcode and index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Real {
    op: u8,
    index: u32,
}

/// What is known of the instructions of one method.
#[derive(Debug, Clone, Copy)]
pub(super) enum Info<'a> {
    /// Nothing.
    None,
    /// Pairs of a code unit and an index, as LEB128: the instructions that were optimised.
    Pairs(&'a [u8]),
    /// Indices, little-endian: of every instruction that may have been optimised, in order, and of every
    /// `nop`: [`NOT_OPTIMISED`], or a register and a type if it was a `check-cast`.
    Indices(&'a [[u8; 2]]),
}

/// The index of a `nop` that always was one (`kDexNoIndex16`).
const NOT_OPTIMISED: u32 = 0xffff;

impl Info<'_> {
    /// The next index, if it is for the instruction at code unit `pc`.
    fn next(&mut self, pc: u32) -> Option<u32> {
        match self {
            Info::None => None,
            Info::Pairs(rest) => {
                let (at, after) = leb(rest)?;
                let (index, after) = leb(after)?;
                (at == pc).then(|| {
                    *rest = after;
                    index
                })
            }
            Info::Indices(rest) => {
                let (index, after) = rest.split_first()?;
                *rest = after;
                Some(u32::from(u16::from_le_bytes(*index)))
            }
        }
    }

    /// Register and type of the `check-cast` that the `nop` at `pc` was.
    fn next_cast(&mut self, pc: u32) -> Option<(u32, u32)> {
        let register = self.next(pc)?;
        // Only the list of all instructions tells of a nop that it was one.
        if register == NOT_OPTIMISED {
            return None;
        }
        Some((register, self.next(pc)?))
    }

    /// Bytes that were not asked for.
    fn left(&self) -> usize {
        match self {
            Info::None => 0,
            Info::Pairs(rest) => rest.len(),
            Info::Indices(rest) => rest.as_flattened().len(),
        }
    }
}

/// An unsigned LEB128 number, and what follows.
pub(super) fn leb(data: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0_u32;
    let mut rest = data;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        value |= u32::from(byte & 0x7f).wrapping_shl(shift);
        if byte < 0x80 {
            break;
        }
    }
    Some((value, rest))
}

/// What an instruction of ART's stood for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It is what it was.
    Plain,
    /// The same without an index, by this opcode.
    Opcode(u8),
    /// An access to a field, by this opcode.
    Field(u8),
    /// A call of a virtual method, by this opcode.
    Virtual(u8),
    /// A call of the superclass's method, by this opcode.
    Super(u8),
    /// A call of a method that Dalvik knows by number; the flag says whether its registers are a range.
    Inline(bool),
}

impl Kind {
    /// Whether it takes an index to write it back.
    fn needs_index(self) -> bool {
        !matches!(self, Self::Plain | Self::Opcode(_))
    }

    /// What `op` stood for, as ART wrote it and, from `0x100` on, as Dalvik did.
    fn of(op: Op) -> Self {
        let Ok(byte) = u8::try_from(op.0) else {
            return Self::of_dalvik(op);
        };
        match byte {
            0x73 => Self::Opcode(0x0e),
            // iget, iget-wide, iget-object
            0xe3..=0xe5 => Self::Field(byte.wrapping_sub(0xe3).wrapping_add(0x52)),
            // iput, iput-wide, iput-object
            0xe6..=0xe8 => Self::Field(byte.wrapping_sub(0xe6).wrapping_add(0x59)),
            0xe9 => Self::Virtual(0x6e),
            0xea => Self::Virtual(0x74),
            // iput-boolean, -byte, -char, -short
            0xeb..=0xee => Self::Field(byte.wrapping_sub(0xeb).wrapping_add(0x5c)),
            // iget-boolean, -byte, -char, -short
            0xef..=0xf2 => Self::Field(byte.wrapping_sub(0xef).wrapping_add(0x55)),
            _ => Self::Plain,
        }
    }

    fn of_dalvik(op: Op) -> Self {
        match op.0 {
            0x1ee => Self::Inline(false),
            0x1ef => Self::Inline(true),
            0x1f1 => Self::Opcode(0x0e),
            0x1f2 => Self::Field(0x52),
            0x1f3 => Self::Field(0x53),
            0x1f4 => Self::Field(0x54),
            0x1f5 => Self::Field(0x59),
            0x1f6 => Self::Field(0x5a),
            0x1f7 => Self::Field(0x5b),
            0x1f8 => Self::Virtual(0x6e),
            0x1f9 => Self::Virtual(0x74),
            0x1fa => Self::Super(0x6f),
            0x1fb => Self::Super(0x75),
            _ => Self::Plain,
        }
    }
}

/// Whether what some instruction of a dex stood for follows from classes.
pub(super) fn needs_classes(dex: &Dex<'_>) -> bool {
    let mut bodies = dex.bodies().flatten();
    bodies.any(|body| body.code.insns().any(|insn| Kind::of(insn.op).needs_index()))
}

/// A file with its optimised instructions written back.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The file; the same bytes where nothing had to be written back.
    pub bytes: Bytes,
    /// Instructions that are again what they were.
    pub undone: u64,
    /// Instructions whose field or method is still not known.
    pub left: u64,
    /// What could not be read of the tables.
    pub gaps: Vec<Gap>,
    /// That instructions are left, and how many.
    pub unknown: Option<Gap>,
}

impl Restored {
    /// A file that is as it was.
    pub(super) fn unchanged(file: &Bytes) -> Self {
        Self {
            bytes: file.clone(),
            undone: 0,
            left: 0,
            gaps: Vec::new(),
            unknown: None,
        }
    }
}

/// Writes a file back, method by method. Reads the original and copies it when the first change is made.
pub(super) struct Restorer<'a> {
    file: &'a Bytes,
    copy: Option<Vec<u8>>,
    format: &'static str,
    undone: u64,
    left: u64,
    /// Where the first instruction is that is left.
    first_left: u64,
    /// Offsets of indices that lead nowhere, counted.
    wrong: (u64, u64),
    /// Methods whose info was not used up, counted.
    unused: (u64, u64),
    /// Instructions that do not fit the class that they work on.
    refused: u64,
    /// Code that was written back: methods share it.
    seen: FxHashSet<usize>,
    gaps: Vec<Gap>,
}

impl<'a> Restorer<'a> {
    pub(super) fn new(file: &'a Bytes, format: &'static str) -> Self {
        Self {
            file,
            copy: None,
            format,
            undone: 0,
            left: 0,
            first_left: 0,
            wrong: (0, 0),
            unused: (0, 0),
            refused: 0,
            seen: FxHashSet::default(),
            gaps: Vec::new(),
        }
    }

    pub(super) fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    /// Writes one method back, of a dex that starts at byte `start` of the file.
    pub(super) fn method(&mut self, dex: &Dex<'_>, code: &Code<'_>, start: usize, mut info: Info<'_>) {
        let Some(at) = self.first_time(dex, code, start) else {
            return;
        };
        let mut cast = None;
        for insn in code.insns() {
            let pc = insn.pc;
            if cast.take() == Some(pc) {
                // The other half of a check-cast.
                continue;
            }
            let place = at.saturating_add(bytes(pc));
            match Kind::of(insn.op) {
                Kind::Plain => {
                    if insn.op == Op::NOP
                        && let Some((register, type_)) = info.next_cast(pc)
                    {
                        self.cast(dex, place, register, type_);
                        cast = Some(pc.saturating_add(1));
                    }
                }
                Kind::Opcode(op) => self.put(place, &[op]),
                Kind::Field(op) => {
                    let index = info.next(pc);
                    self.index(
                        place,
                        &insn,
                        index.map(|index| Real { op, index }),
                        dex.field_count(),
                    );
                }
                Kind::Virtual(op) => {
                    let index = info.next(pc);
                    self.index(
                        place,
                        &insn,
                        index.map(|index| Real { op, index }),
                        dex.method_count(),
                    );
                }
                Kind::Super(_) | Kind::Inline(_) => self.leave(place),
            }
        }
        if info.left() != 0 {
            note(&mut self.unused, at);
        }
    }

    /// Writes back a dex that starts at byte `start` of the file and has no table, by the classes that its
    /// instructions work on.
    pub(super) fn by_class<'d>(&mut self, dex: &Dex<'d>, start: usize, layouts: &mut Layouts<'d>) {
        let mut resolver = Resolver::new(layouts, *dex);
        for body in dex.bodies().flatten() {
            let Some(at) = self.first_time(dex, &body.code, start) else {
                continue;
            };
            let known = resolver.method(&body);
            for insn in body.code.insns() {
                let place = at.saturating_add(bytes(insn.pc));
                match Kind::of(insn.op) {
                    Kind::Plain => {}
                    Kind::Opcode(op) => self.put(place, &[op]),
                    _ => self.index(place, &insn, known.get(&insn.pc).copied(), u32::MAX),
                }
            }
        }
        self.refused = self.refused.saturating_add(resolver.refused());
    }

    /// Where the first instruction of a method is in the file, if it was not asked for yet.
    fn first_time(&mut self, dex: &Dex<'_>, code: &Code<'_>, start: usize) -> Option<usize> {
        let at = usize::try_from(code.start()).ok()?;
        let at = at.saturating_add(start).saturating_add(dex.base());
        self.seen.insert(at).then_some(at)
    }

    fn cast(&mut self, dex: &Dex<'_>, place: usize, register: u32, type_: u32) {
        match (u8::try_from(register), u16::try_from(type_)) {
            (Ok(register), Ok(index)) if type_ < dex.type_count() => {
                let [low, high] = index.to_le_bytes();
                self.put(place, &[0x1f, register, low, high]);
            }
            _ => note(&mut self.wrong, place),
        }
    }

    /// Writes back an instruction whose index is below `limit`, or counts it.
    fn index(&mut self, place: usize, insn: &Insn<'_>, real: Option<Real>, limit: u32) {
        let Some(Real { op, index }) = real else {
            return self.leave(place);
        };
        let Some(short) = u16::try_from(index).ok().filter(|_| index < limit) else {
            note(&mut self.wrong, place);
            return self.leave(place);
        };
        let [_, registers] = insn.unit(0).to_le_bytes();
        let [low, high] = short.to_le_bytes();
        self.put(place, &[op, registers, low, high]);
    }

    /// Counts an instruction that stays as it is.
    fn leave(&mut self, place: usize) {
        if self.left == 0 {
            self.first_left = wide(place);
        }
        self.left = self.left.saturating_add(1);
    }

    fn put(&mut self, place: usize, bytes: &[u8]) {
        let file: &[u8] = self.file;
        let copy = self.copy.get_or_insert_with(|| {
            let mut copy = Bytes::buffer(file.len());
            if let Some(to) = copy.get_mut(..file.len()) {
                to.copy_from_slice(file);
            }
            copy
        });
        let end = place.saturating_add(bytes.len());
        if let Some(to) = copy.get_mut(place..end) {
            to.copy_from_slice(bytes);
            self.undone = self.undone.saturating_add(1);
        }
    }

    /// Why the classes that were given are not those that the file was optimised with. One instruction in a
    /// hundred that does not fit is too many: where they are the same, all fit.
    pub(super) fn misfit(&self) -> Option<Gap> {
        let what = "optimised instructions that do not fit the boot class path";
        let many = self.refused.saturating_mul(100) > self.undone;
        many.then(|| Gap::invalid(self.format, 0, what, self.refused))
    }

    pub(super) fn finish(mut self) -> Restored {
        let counts = [
            (self.wrong, "optimised instructions whose index is out of range"),
            (
                self.unused,
                "methods whose quickening info does not fit their code",
            ),
            (
                (0, self.refused),
                "optimised instructions that do not fit the classes known",
            ),
        ];
        for ((at, times), what) in counts {
            if times > 0 {
                self.gaps.push(Gap::invalid(self.format, at, what, times));
            }
        }
        let what = Cow::Borrowed("optimised instructions whose field or method is not known");
        let unknown = Gap::unsupported(self.format, self.first_left, what, self.left);
        Restored {
            bytes: match self.copy {
                Some(copy) => Bytes::part(copy, self.file.len()),
                None => self.file.clone(),
            },
            undone: self.undone,
            left: self.left,
            gaps: self.gaps,
            unknown: (self.left > 0).then_some(unknown),
        }
    }
}

/// Code units in bytes.
fn bytes(pc: u32) -> usize {
    usize::try_from(pc).unwrap_or(usize::MAX).saturating_mul(2)
}

/// Counts, and remembers the first place.
fn note(count: &mut (u64, u64), place: usize) {
    if count.1 == 0 {
        count.0 = wide(place);
    }
    count.1 = count.1.saturating_add(1);
}
