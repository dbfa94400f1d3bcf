//! Puts what is known back into a file, in place, and counts what is not.

use std::borrow::Cow;

use rustc_hash::FxHashSet;

use super::kind::Kind;
use super::layout::Layouts;
use super::types::Resolver;
use super::{Info, Real, bytes};
use crate::artifact::dex::{Code, Dex, Insn, Op};
use crate::bytes::{Bytes, Gap, wide};

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
    pub(in crate::artifact) fn unchanged(file: &Bytes) -> Self {
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
pub(in crate::artifact) struct Restorer<'a> {
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
    pub(in crate::artifact) fn new(file: &'a Bytes, format: &'static str) -> Self {
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

    pub(in crate::artifact) fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    /// Writes one method back, of a dex that starts at byte `start` of the file.
    pub(in crate::artifact) fn method(
        &mut self,
        dex: &Dex<'_>,
        code: &Code<'_>,
        start: usize,
        mut info: Info<'_>,
    ) {
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
    pub(in crate::artifact) fn by_class<'d>(
        &mut self,
        dex: &Dex<'d>,
        start: usize,
        layouts: &mut Layouts<'d>,
    ) {
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
    pub(in crate::artifact) fn misfit(&self) -> Option<Gap> {
        let what = "optimised instructions that do not fit the boot class path";
        let many = self.refused.saturating_mul(100) > self.undone;
        many.then(|| Gap::invalid(self.format, 0, what, self.refused))
    }

    pub(in crate::artifact) fn finish(mut self) -> Restored {
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

/// Counts, and remembers the first place.
fn note(count: &mut (u64, u64), place: usize) {
    if count.1 == 0 {
        count.0 = wide(place);
    }
    count.1 = count.1.saturating_add(1);
}
