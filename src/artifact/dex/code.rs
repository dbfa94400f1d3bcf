//! Code items: registers, instructions, exception handlers.
//!
//! Spec: *Dalvik executable format*, "code_item", "try_item", "encoded_catch_handler_list".

use std::iter::FusedIterator;

use crate::bytes::{Cursor, Gap, Kind};

use super::compact::{self, Fields};
use super::leb::Leb;
use super::{Dex, Dialect, FORMAT, Insns, Payload, size, wide};

/// Bytes of a `code_item` before its instructions.
const HEADER: u32 = 16;

/// `code_item`: the body of a method.
#[derive(Debug, Clone, Copy)]
pub struct Code<'a> {
    /// Bytes from the start of the file.
    pub off: u32,
    /// Number of registers; the last `ins` of them hold the arguments.
    pub registers: u16,
    /// Number of argument registers, `this` included.
    pub ins: u16,
    /// Number of registers for the arguments of calls.
    pub outs: u16,
    /// Bytes to the debug info, 0 for none. May lead nowhere: Android reads it lazily. Always 0 in a
    /// compact dex: see [`Dex::debug_info_off`].
    pub debug_info_off: u32,
    /// The instructions: two bytes per code unit.
    pub insns: &'a [u8],
    /// Bytes from where offsets count from to the first instruction.
    start: u32,
    tries: u16,
    /// The file from the end of the instructions on.
    after: &'a [u8],
    dialect: Dialect,
}

impl<'a> Dex<'a> {
    /// The code at byte `off`, the `code_off` of a method.
    #[inline]
    pub fn code(&self, off: u32) -> Result<Code<'a>, Gap> {
        if self.header.compact.is_some() {
            return self.compact_code(off);
        }
        let rest = self.data.get(size(off)..).unwrap_or_default();
        let Some((head, rest)) = rest.split_first_chunk::<16>() else {
            return Err(self.cut_off(off));
        };
        let [a, b, c, d, e, f, g, h, i, j, k, l, units @ ..] = *head;
        let units = u32::from_le_bytes(units);
        let Some((insns, after)) = rest.split_at_checked(size(units).saturating_mul(2)) else {
            return Err(self.cut_off(off));
        };
        Ok(Code {
            off,
            registers: u16::from_le_bytes([a, b]),
            ins: u16::from_le_bytes([c, d]),
            outs: u16::from_le_bytes([e, f]),
            debug_info_off: u32::from_le_bytes([i, j, k, l]),
            insns,
            start: off.saturating_add(HEADER),
            tries: u16::from_le_bytes([g, h]),
            after,
            dialect: self.dialect,
        })
    }

    /// Which field of a code item the file's end cuts off.
    #[cold]
    fn cut_off(&self, off: u32) -> Gap {
        let mut c = Cursor::at(FORMAT, self.data, size(off));
        let mut read = || {
            for what in ["registers_size", "ins_size", "outs_size", "tries_size"] {
                c.u16(what)?;
            }
            c.u32("debug_info_off")?;
            let units = c.u32("insns_size")?;
            c.skip("insns", size(units).saturating_mul(2))
        };
        read().err().unwrap_or_else(|| c.gap("code_item", Kind::Bug))
    }

    /// The same in a compact dex. Kept out of the way of the plain one, which is read a hundred times as often.
    #[inline(never)]
    fn compact_code(&self, off: u32) -> Result<Code<'a>, Gap> {
        let fields = Fields::read(self.data, off)?;
        let start = off.saturating_add(compact::HEADER);
        let mut c = Cursor::at(FORMAT, self.data, size(start));
        let insns = c.take("insns", size(fields.units).saturating_mul(2))?;
        Ok(Code {
            off,
            registers: fields.registers,
            ins: fields.ins,
            outs: fields.outs,
            debug_info_off: 0,
            insns,
            start,
            tries: fields.tries,
            after: c.rest(),
            dialect: self.dialect,
        })
    }
}

impl<'a> Code<'a> {
    /// The instructions in the order of the file, payloads among them.
    #[inline]
    pub fn insns(&self) -> Insns<'a> {
        Insns::new(self.insns, self.start, self.dialect)
    }

    /// Bytes from where offsets count from to the first instruction.
    pub fn start(&self) -> u32 {
        self.start
    }

    /// The instructions from code unit `pc` on.
    pub fn insns_at(&self, pc: u32) -> Insns<'a> {
        self.insns().skip_to(pc)
    }

    /// Number of code units.
    pub fn units(&self) -> u32 {
        super::count(self.insns.len()).wrapping_shr(1)
    }

    /// The payload at code unit `pc`, the target of a switch or of `fill-array-data`.
    pub fn payload(&self, pc: u32) -> Result<Payload<'a>, Gap> {
        let mut insns = self.insns_at(pc);
        match insns.next().and_then(|insn| insn.payload()) {
            Some(payload) => Ok(payload),
            None => Err(insns.gap().unwrap_or_else(|| {
                Gap::invalid(FORMAT, u64::from(self.off), "payload offset", u64::from(pc))
            })),
        }
    }

    /// Number of the first argument register.
    pub fn first_in(&self) -> u16 {
        self.registers.saturating_sub(self.ins)
    }

    /// The ranges of code that have handlers.
    pub fn tries(&self) -> Tries<'a> {
        let end = u64::from(self.start).saturating_add(wide(self.insns.len()));
        // They are aligned; code of a compact dex need not be.
        let at = end.saturating_add(3) & !3;
        let padding = usize::try_from(at.saturating_sub(end)).unwrap_or(0);
        let rest = self.after.get(padding..).unwrap_or_default();
        let need = usize::from(self.tries).saturating_mul(8);
        match rest.split_at_checked(need) {
            Some((items, handlers)) => Tries {
                items: items.as_chunks::<8>().0,
                handlers,
                at,
                gap: None,
            },
            None => {
                let gap = Gap::truncated(FORMAT, at, "tries", wide(need), wide(rest.len()));
                Tries {
                    items: &[],
                    handlers: &[],
                    at,
                    gap: Some(gap),
                }
            }
        }
    }
}

/// Iterator over the [`Try`]s of a method.
#[derive(Debug, Clone)]
pub struct Tries<'a> {
    items: &'a [[u8; 8]],
    handlers: &'a [u8],
    at: u64,
    gap: Option<Gap>,
}

/// `try_item`: a range of code and its handlers. Units are code units from the start of the method.
#[derive(Debug, Clone)]
pub struct Try<'a> {
    /// First code unit.
    pub start: u32,
    /// Code unit after the last one.
    pub end: u32,
    /// Handlers, in the order in which they are tried.
    pub catches: Catches<'a>,
}

/// One handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Catch {
    /// Type that is caught; `None` catches everything.
    pub type_: Option<u32>,
    /// Code unit where it starts.
    pub pc: u32,
}

impl<'a> Iterator for Tries<'a> {
    type Item = Result<Try<'a>, Gap>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(gap) = self.gap.take() {
            return Some(Err(gap));
        }
        let (&[a, b, c, d, e, f, g, h], rest) = self.items.split_first()?;
        self.items = rest;
        let start = u32::from_le_bytes([a, b, c, d]);
        let end = start.saturating_add(u32::from(u16::from_le_bytes([e, f])));
        let mut leb = Leb::at(self.handlers, usize::from(u16::from_le_bytes([g, h])));
        let Some(count) = leb.signed() else {
            return Some(Err(Gap::truncated(
                FORMAT,
                self.at,
                "encoded_catch_handler",
                1,
                0,
            )));
        };
        let catches = Catches {
            leb,
            typed: count.unsigned_abs(),
            catch_all: count <= 0,
            at: self.at,
        };
        Some(Ok(Try { start, end, catches }))
    }
}

impl FusedIterator for Tries<'_> {}

/// Iterator over the [`Catch`]es of a try.
#[derive(Debug, Clone)]
pub struct Catches<'a> {
    leb: Leb<'a>,
    typed: u32,
    catch_all: bool,
    at: u64,
}

impl Iterator for Catches<'_> {
    type Item = Result<Catch, Gap>;

    fn next(&mut self) -> Option<Self::Item> {
        let catch = if let Some(left) = self.typed.checked_sub(1) {
            self.typed = left;
            let type_ = self.leb.unsigned();
            type_.zip(self.leb.unsigned()).map(|(type_, pc)| Catch {
                type_: Some(type_),
                pc,
            })
        } else if self.catch_all {
            self.catch_all = false;
            self.leb.unsigned().map(|pc| Catch { type_: None, pc })
        } else {
            return None;
        };
        Some(catch.ok_or_else(|| {
            self.typed = 0;
            self.catch_all = false;
            Gap::truncated(FORMAT, self.at, "encoded_catch_handler", 1, 0)
        }))
    }
}

impl FusedIterator for Catches<'_> {}
