//! One method, instruction by instruction.

use super::super::package::index;
use super::heap::{Object, Slot};
use super::known::number;
use super::numbers::{binary, literal, low, narrow, unary};
use super::{Executor, MAX_DEPTH, Stop};
use crate::artifact::dex::{Code, Dex, Insn, Payload};

/// Ours: registers of a method that is executed.
const MAX_REGISTERS: u16 = 256;

/// A method that runs.
pub(super) struct Frame<'a> {
    pub(super) dex: Dex<'a>,
    pub(super) dex_no: u16,
    code: Code<'a>,
    registers: Vec<Slot>,
    /// What the last call returned.
    result: Slot,
    pub(super) depth: u32,
}

impl Frame<'_> {
    pub(super) fn get(&self, register: u16) -> Slot {
        self.registers
            .get(usize::from(register))
            .copied()
            .unwrap_or(Slot::Unknown)
    }

    fn set(&mut self, register: u16, slot: Slot) -> Next {
        if let Some(place) = self.registers.get_mut(usize::from(register)) {
            *place = slot;
        }
        Next::On
    }
}

/// Where it goes on.
enum Next {
    On,
    To(u32),
    Return(Slot),
}

impl<'a> Executor<'a, '_> {
    /// Runs a method; `ins` are its argument registers.
    pub(super) fn run(&mut self, method: (u16, u32), ins: &[Slot], depth: u32) -> Result<Slot, Stop> {
        let (dex_no, number) = method;
        if depth >= MAX_DEPTH {
            return Err(Stop::Unknown);
        }
        let (dex, code) = self.code(dex_no, number).ok_or(Stop::Unknown)?;
        if code.registers > MAX_REGISTERS || usize::from(code.ins) != ins.len() {
            return Err(Stop::Unknown);
        }
        let mut registers = vec![Slot::Unknown; usize::from(code.registers)];
        let first = usize::from(code.first_in());
        for (place, slot) in registers.iter_mut().skip(first).zip(ins) {
            *place = *slot;
        }
        let mut frame = Frame {
            dex,
            dex_no,
            code,
            registers,
            result: Slot::Unknown,
            depth,
        };
        let mut pc = 0;
        loop {
            self.spend(1)?;
            let insn = code.insns_at(pc).next().ok_or(Stop::Unknown)?;
            match self.step(&mut frame, &insn)? {
                Next::On => pc = insn.next_pc(),
                Next::To(target) => pc = target,
                Next::Return(slot) => return Ok(slot),
            }
        }
    }

    /// The code of a method of a file, by its number there.
    pub(super) fn code(&self, dex_no: u16, number: u32) -> Option<(Dex<'a>, Code<'a>)> {
        let dex = *self.package.dex(dex_no)?;
        let method = self.walked.get(usize::from(dex_no))?.method(number)?;
        Some((dex, dex.code(method.code_off).ok()?))
    }

    fn step(&mut self, frame: &mut Frame<'a>, insn: &Insn<'a>) -> Result<Next, Stop> {
        let (a, b, c) = (insn.a(), insn.b(), insn.c());
        let op = insn.op.0;
        Ok(match op {
            // nop, monitor-enter, monitor-exit, check-cast
            0x00 if insn.is_payload() => return Err(Stop::Unknown),
            0x00 | 0x1d | 0x1e | 0x1f => Next::On,
            // move*
            0x01..=0x09 => frame.set(a, frame.get(b)),
            // move-result*
            0x0a..=0x0c => frame.set(a, frame.result),
            // return-void, return*
            0x0e => Next::Return(Slot::Unknown),
            0x0f..=0x11 => Next::Return(frame.get(a)),
            // const*
            0x12..=0x15 => frame.set(a, Slot::Int(low(insn.literal().unwrap_or_default()))),
            0x16..=0x19 => frame.set(a, Slot::Long(insn.literal().unwrap_or_default())),
            // const-string*
            0x1a | 0x1b => {
                let slot = self.literal_text(frame.dex_no, insn.string().ok_or(Stop::Unknown)?)?;
                frame.set(a, slot)
            }
            // const-class, instance-of
            0x1c | 0x20 => frame.set(a, Slot::Unknown),
            // array-length
            0x21 => {
                let len = match (frame.get(b), self.heap.get(frame.get(b))) {
                    (_, Some(Object::Numbers(_, cells))) => Slot::Int(len(cells.len())?),
                    (_, Some(Object::Refs(slots))) => Slot::Int(len(slots.len())?),
                    (_, Some(Object::Opaque)) | (Slot::Unknown, _) => Slot::Unknown,
                    _ => return Err(Stop::Unknown),
                };
                frame.set(a, len)
            }
            // new-instance
            0x22 => {
                let slot = self.new_instance(frame.dex_no, insn.index().ok_or(Stop::Unknown)?)?;
                frame.set(a, slot)
            }
            // new-array
            0x23 => {
                let Slot::Int(n) = frame.get(b) else {
                    return Err(Stop::Unknown);
                };
                let letter = self.element(frame.dex_no, insn.index()).ok_or(Stop::Unknown)?;
                let slot = self.heap.array(letter, n)?;
                self.spend_on(usize::try_from(n).unwrap_or(0))?;
                frame.set(a, slot)
            }
            // filled-new-array*
            0x24 | 0x25 => {
                let letter = self.element(frame.dex_no, insn.index()).ok_or(Stop::Unknown)?;
                let registers = insn.registers();
                frame.result = self.heap.array(letter, len(registers.len())?)?;
                for (i, register) in (0_i32..).zip(registers.iter()) {
                    self.put(frame.result, Slot::Int(i), frame.get(register))?;
                }
                self.spend_on(registers.len())?;
                Next::On
            }
            // fill-array-data
            0x26 => {
                self.fill(frame, insn)?;
                Next::On
            }
            // goto*
            0x28..=0x2a => Next::To(insn.target().ok_or(Stop::Unknown)?),
            // packed-switch, sparse-switch
            0x2b | 0x2c => self.switch(frame, insn)?,
            // cmpl-float … cmpg-double
            0x2d..=0x30 => frame.set(a, Slot::Unknown),
            // cmp-long
            0x31 => {
                let slot = match (frame.get(b), frame.get(c)) {
                    (Slot::Long(a), Slot::Long(b)) => Slot::Int(match a.cmp(&b) {
                        std::cmp::Ordering::Less => -1,
                        std::cmp::Ordering::Equal => 0,
                        std::cmp::Ordering::Greater => 1,
                    }),
                    _ => Slot::Unknown,
                };
                frame.set(a, slot)
            }
            // if-eq … if-le, if-eqz … if-lez
            0x32..=0x37 => jump(insn, holds(op.wrapping_sub(0x32), frame.get(a), frame.get(b))?)?,
            0x38..=0x3d => jump(insn, holds(op.wrapping_sub(0x38), frame.get(a), Slot::Int(0))?)?,
            // aget*, aput*
            0x44..=0x4a => {
                let slot = self.element_of(frame.get(b), frame.get(c))?;
                frame.set(a, slot)
            }
            0x4b..=0x51 => {
                self.put(frame.get(b), frame.get(c), frame.get(a))?;
                Next::On
            }
            // iget*, iput*, sget*, sput*
            0x52..=0x58 => {
                let slot = self.instance_field(frame.dex_no, insn, frame.get(b))?;
                frame.set(a, slot)
            }
            0x59..=0x5f => {
                self.set_instance_field(frame.dex_no, insn, frame.get(b), frame.get(a))?;
                Next::On
            }
            0x60..=0x66 => {
                let slot = self.static_field(frame.dex_no, insn.index().ok_or(Stop::Unknown)?)?;
                frame.set(a, slot)
            }
            0x67..=0x6d => {
                self.set_static_field(frame.dex_no, insn.index().ok_or(Stop::Unknown)?, frame.get(a))?;
                Next::On
            }
            // invoke-*
            0x6e..=0x72 | 0x74..=0x78 => {
                frame.result = self.invoke(frame, insn)?;
                Next::On
            }
            // neg-int … int-to-short
            0x7b..=0x8f => frame.set(a, unary(op, frame.get(b))?),
            // add-int … rem-double, add-int/2addr … rem-double/2addr
            0x90..=0xaf => frame.set(a, binary(op.wrapping_sub(0x90), frame.get(b), frame.get(c))?),
            0xb0..=0xcf => frame.set(a, binary(op.wrapping_sub(0xb0), frame.get(a), frame.get(b))?),
            // add-int/lit16 … ushr-int/lit8
            0xd0..=0xe2 => {
                let lit = insn.literal().unwrap_or_default();
                frame.set(a, literal(op, frame.get(b), lit)?)
            }
            // throw, calls by handles, what an optimiser wrote
            _ => return Err(Stop::Unknown),
        })
    }

    pub(super) fn literal_text(&mut self, dex_no: u16, string: u32) -> Result<Slot, Stop> {
        let bytes = self.package.text(dex_no, string).ok_or(Stop::Unknown)?;
        self.heap.charge(bytes.len())?;
        self.spend_on(bytes.len())?;
        let units: Vec<u16> = crate::artifact::dex::units(bytes).collect();
        self.heap.text(&units)
    }

    /// The letter of the elements of an array type; `None` for no array.
    fn element(&self, dex_no: u16, type_: Option<u32>) -> Option<u8> {
        match self.package.type_name(dex_no, type_?)? {
            [b'[', element, ..] => Some(*element),
            _ => None,
        }
    }

    fn element_of(&mut self, array: Slot, i: Slot) -> Result<Slot, Stop> {
        let at = |i: i32, len: usize| usize::try_from(i).ok().filter(|i| *i < len);
        match (self.heap.get(array), array, i) {
            (None, Slot::Unknown, _) | (Some(_), _, Slot::Unknown) | (Some(Object::Opaque), ..) => {
                Ok(Slot::Unknown)
            }
            (Some(Object::Numbers(letter, cells)), _, Slot::Int(i)) => at(i, cells.len())
                .and_then(|i| cells.get(i))
                .map(|cell| match letter {
                    b'J' | b'D' => Slot::Long(*cell),
                    _ => Slot::Int(low(*cell)),
                })
                .ok_or(Stop::Unknown),
            (Some(Object::Refs(slots)), _, Slot::Int(i)) => at(i, slots.len())
                .and_then(|i| slots.get(i))
                .copied()
                .ok_or(Stop::Unknown),
            _ => Err(Stop::Unknown),
        }
    }

    fn put(&mut self, array: Slot, i: Slot, slot: Slot) -> Result<(), Stop> {
        let i = match i {
            Slot::Int(i) => Some(usize::try_from(i).map_err(|_| Stop::Unknown)?),
            _ => None,
        };
        let object = self.heap.get_mut(array)?;
        match (&mut *object, i) {
            (Object::Opaque, _) => {}
            (Object::Numbers(letter, cells), Some(i)) => {
                let cell = cells.get_mut(i).ok_or(Stop::Unknown)?;
                match slot {
                    Slot::Int(n) => *cell = narrow(*letter, i64::from(n)),
                    Slot::Long(n) => *cell = n,
                    _ => *object = Object::Opaque,
                }
            }
            (Object::Refs(slots), Some(i)) => *slots.get_mut(i).ok_or(Stop::Unknown)? = slot,
            (Object::Numbers(..) | Object::Refs(_), None) => *object = Object::Opaque,
            _ => return Err(Stop::Unknown),
        }
        Ok(())
    }

    fn fill(&mut self, frame: &Frame<'a>, insn: &Insn<'a>) -> Result<(), Stop> {
        let target = insn.target().ok_or(Stop::Unknown)?;
        let Ok(Payload::Array { width, data }) = frame.code.payload(target) else {
            return Err(Stop::Unknown);
        };
        self.spend_on(data.len())?;
        let Object::Numbers(letter, cells) = self.heap.get_mut(frame.get(insn.a()))? else {
            return Err(Stop::Unknown);
        };
        let width = usize::from(width).max(1);
        if data.len().checked_div(width).is_none_or(|n| n > cells.len()) {
            return Err(Stop::Unknown);
        }
        for (cell, bytes) in cells.iter_mut().zip(data.chunks_exact(width)) {
            *cell = number(*letter, bytes);
        }
        Ok(())
    }

    fn switch(&mut self, frame: &Frame<'a>, insn: &Insn<'a>) -> Result<Next, Stop> {
        let Slot::Int(key) = frame.get(insn.a()) else {
            return Err(Stop::Unknown);
        };
        let target = insn.target().ok_or(Stop::Unknown)?;
        let payload = frame.code.payload(target).map_err(|_| Stop::Unknown)?;
        let mut looked = 0_usize;
        let case = payload
            .cases()
            .inspect(|_| looked = looked.saturating_add(1))
            .find(|(k, _)| *k == key);
        self.spend_on(looked)?;
        Ok(match case {
            Some((_, offset)) => Next::To(insn.pc.wrapping_add_signed(offset)),
            None => Next::On,
        })
    }
}

/// A length as the machine has it.
pub(super) fn len(n: usize) -> Result<i32, Stop> {
    i32::try_from(n).map_err(|_| Stop::Unknown)
}

/// An index as memory has it; `None` for what is not known or negative.
pub(super) fn at(slot: Slot) -> Result<usize, Stop> {
    match slot {
        Slot::Int(n) => u32::try_from(n).map(index).map_err(|_| Stop::Unknown),
        _ => Err(Stop::Unknown),
    }
}

/// Whether a test holds: eq, ne, lt, ge, gt, le.
fn holds(test: u16, a: Slot, b: Slot) -> Result<bool, Stop> {
    let equal = |same: bool| match test {
        0 => Ok(same),
        1 => Ok(!same),
        _ => Err(Stop::Unknown),
    };
    match (a, b) {
        (Slot::Int(a), Slot::Int(b)) => Ok(match test {
            0 => a == b,
            1 => a != b,
            2 => a < b,
            3 => a >= b,
            4 => a > b,
            _ => a <= b,
        }),
        // An object is not `null`. Whether two texts that look alike are one object is not known.
        (Slot::Ref(_), Slot::Int(0)) | (Slot::Int(0), Slot::Ref(_)) => equal(false),
        (Slot::Ref(a), Slot::Ref(b)) if a == b => equal(true),
        _ => Err(Stop::Unknown),
    }
}

fn jump(insn: &Insn<'_>, holds: bool) -> Result<Next, Stop> {
    Ok(match (holds, insn.target()) {
        (true, Some(target)) => Next::To(target),
        (true, None) => return Err(Stop::Unknown),
        (false, _) => Next::On,
    })
}
