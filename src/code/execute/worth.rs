//! Of which methods it is worth asking what they return: those that return a text or an array of characters or
//! bytes, and whose own code computes it from numbers. Anything else may be executed on the way, and is cheap to
//! refuse; this only keeps the number of calls small.

use std::rc::Rc;

use super::super::package::{NONE, index};
use super::super::platform::{Compute, Model};
use super::super::resolve;
use super::super::table::{letter, method};
use super::Executor;
use crate::artifact::dex::Insn;

/// Code units of a method that may be one: a switch with a thousand texts is longer, a parser, too.
const MAX_UNITS: u32 = 1 << 14;
/// Parameters of one.
const MAX_PARAMETERS: usize = 8;
/// Methods that only hand on to others that compute.
const MAX_HANDS: u32 = 3;
/// `ACC_STATIC`
const STATIC: u32 = 0x8;
/// Registers that are looked at where a method is called.
const MAX_REGISTERS: usize = 256;

/// A method that computes a text.
#[derive(Debug)]
pub(super) struct Candidate {
    /// File, and number among its methods.
    pub(super) method: (u16, u32),
    pub(super) is_static: bool,
    /// Letters of the parameters, and of the elements where they are arrays.
    pub(super) parameters: Vec<(u8, u8)>,
    /// The same of the result.
    pub(super) result: (u8, u8),
}

impl Candidate {
    /// Whether an argument must be a constant.
    pub(super) fn asks(&self, parameter: usize) -> bool {
        self.parameters
            .get(parameter)
            .is_some_and(|(letter, _)| matches!(letter, b'S' | b'I' | b'C' | b'Z' | b'J' | b'['))
    }
}

impl<'a> Executor<'a, '_> {
    /// Whether a call of a method of the package may be asked for its result.
    pub(crate) fn is_candidate(&mut self, dex: u16, callee: u32) -> bool {
        self.candidate(dex, callee).is_some()
    }

    /// Whether such a method has no object.
    pub(crate) fn is_static(&mut self, dex: u16, callee: u32) -> Option<bool> {
        self.candidate(dex, callee).map(|candidate| candidate.is_static)
    }

    /// Of each parameter of such a method, whether it takes two registers.
    pub(crate) fn wide_parameters(&mut self, dex: u16, callee: u32) -> Option<Vec<bool>> {
        let candidate = self.candidate(dex, callee)?;
        let parameters = candidate.parameters.iter();
        Some(
            parameters
                .map(|(letter, _)| matches!(letter, b'J' | b'D'))
                .collect(),
        )
    }

    /// The method that a call reaches, where it computes a text.
    pub(super) fn candidate(&mut self, dex: u16, callee: u32) -> Option<Rc<Candidate>> {
        if let Some(known) = self.candidates.get(&(dex, callee)) {
            return known.clone();
        }
        let found = self.find_candidate(dex, callee).map(Rc::new);
        self.candidates.insert((dex, callee), found.clone());
        found
    }

    fn find_candidate(&mut self, dex_no: u16, callee: u32) -> Option<Candidate> {
        let table = self.tables.get(usize::from(dex_no))?;
        if table.methods.get(index(callee))? & method::OWN == 0 {
            return None;
        }
        let dex = *self.package.dex(dex_no)?;
        let proto = dex.proto(dex.method(callee)?.proto)?;
        let shape = |type_: u32| {
            let name = self.package.type_name(dex_no, type_);
            let element = name.and_then(|name| name.get(1)).copied().unwrap_or_default();
            (letter(name), element)
        };
        let result = shape(proto.return_type);
        if !matches!(result, (b'S', _) | (b'[', b'B' | b'C')) || proto.parameters.len() > MAX_PARAMETERS {
            return None;
        }
        let parameters: Vec<(u8, u8)> = proto.parameters.iter().map(shape).collect();
        let (home, number) = self.target(dex_no, callee, NONE)?;
        let is_static = self.walked.get(usize::from(home))?.method(number)?.access & STATIC != 0;
        let candidate = Candidate {
            method: (home, number),
            is_static,
            parameters,
            result,
        };
        // What an object computes of nothing is computed of its fields.
        let given = (0..candidate.parameters.len()).any(|n| candidate.asks(n));
        if !is_static && !given || !resolve::is_final(self.package, self.walked, home, number) {
            return None;
        }
        self.computes(home, number, 0).then_some(candidate)
    }

    /// Whether a method makes texts of numbers, looks them up in a table, or hands on to one that does.
    fn computes(&mut self, dex_no: u16, number: u32, hands: u32) -> bool {
        if let Some(known) = self.computing.get(&(dex_no, number)) {
            return *known;
        }
        // One that is being looked at already is a circle.
        self.computing.insert((dex_no, number), false);
        let computes = self.find_computes(dex_no, number, hands).unwrap_or(false);
        self.computing.insert((dex_no, number), computes);
        computes
    }

    fn find_computes(&mut self, dex_no: u16, number: u32, hands: u32) -> Option<bool> {
        let (_, code) = self.code(dex_no, number)?;
        if code.units() > MAX_UNITS {
            return None;
        }
        let tables = self.tables;
        let table = tables.get(usize::from(dex_no))?;
        let (mut arithmetic, mut characters, mut texts, mut table_read) = (false, false, false, false);
        let mut called = Vec::new();
        for insn in code.insns() {
            match insn.op.0 {
                // and, or, xor, shifts, sums; of a register or a number
                0x90..=0x9a | 0x9b..=0xa5 | 0xb0..=0xc5 | 0xd0..=0xe2 => arithmetic = true,
                // int-to-byte, int-to-char
                0x8d | 0x8e => characters = true,
                // aget-byte, aget-char, aput-byte, aput-char
                0x48 | 0x49 | 0x4f | 0x50 => characters = true,
                // sget-object, then aget-object
                0x62 => table_read = true,
                0x46 if table_read => return Some(true),
                0x6e..=0x72 | 0x74..=0x78 => {
                    let callee = insn.index()?;
                    let bits = table.methods.get(index(callee)).copied().unwrap_or_default();
                    if bits & method::OWN != 0 {
                        called.push(callee);
                        continue;
                    }
                    let Some(mark) = table.mark(callee) else { continue };
                    let letters = mark.shape.letters();
                    match mark.member.model {
                        Some(Model::Compute(Compute::Base64Decode)) => return Some(true),
                        Some(Model::Compute(Compute::CharAt | Compute::Chars | Compute::Bytes)) => {
                            characters = true;
                        }
                        Some(Model::Wrap | Model::ValueOf) => texts |= letters.first() == Some(&b'['),
                        Some(Model::Append | Model::Insert) => texts |= letters.last() == Some(&b'C'),
                        Some(Model::Edit(_)) => texts = true,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        // An array that is handed back is made a text by the caller.
        if characters && arithmetic && (texts || self.returns_array(dex_no, number)) {
            return Some(true);
        }
        if hands >= MAX_HANDS {
            return None;
        }
        called.sort_unstable();
        called.dedup();
        Some(
            called
                .into_iter()
                .any(|callee| self.hands_to(dex_no, callee, hands)),
        )
    }

    fn returns_array(&self, dex_no: u16, number: u32) -> bool {
        let returned = || {
            let method = self.walked.get(usize::from(dex_no))?.method(number)?;
            let dex = self.package.dex(dex_no)?;
            let type_ = dex.proto(dex.method(method.method)?.proto)?.return_type;
            self.package.type_name(dex_no, type_)
        };
        matches!(returned(), Some(b"[B" | b"[C"))
    }

    /// Whether a call within a method leads to one that computes, and gives back what it does.
    fn hands_to(&mut self, dex_no: u16, callee: u32, hands: u32) -> bool {
        let returned = || {
            let dex = self.package.dex(dex_no)?;
            let type_ = dex.proto(dex.method(callee)?.proto)?.return_type;
            self.package.type_name(dex_no, type_)
        };
        if !matches!(returned(), Some(b"Ljava/lang/String;" | b"[B" | b"[C")) {
            return false;
        }
        match self.target(dex_no, callee, NONE) {
            Some((home, number)) => self.computes(home, number, hands.saturating_add(1)),
            // Of an interface: whoever implements it.
            None => true,
        }
    }

    /// The methods of a file that call one of these with what looks like constants, near enough: the registers are
    /// followed from the start to the end of the code, whatever jumps there are.
    pub(crate) fn callers(&mut self, dex: u16) -> Vec<u32> {
        let walked = self.walked;
        let Some(walked) = walked.get(usize::from(dex)) else {
            return Vec::new();
        };
        let mut all: Vec<u32> = Vec::new();
        let mut asked: Vec<Option<bool>> = vec![None; walked.number_of.len()];
        // Edges of one method follow one another.
        let mut last = None;
        for edge in walked.edges.iter() {
            if last == Some(edge.by) {
                continue;
            }
            let Some(slot) = asked.get_mut(index(edge.what)) else {
                continue;
            };
            let is = *slot.get_or_insert_with(|| self.is_candidate(dex, edge.what));
            if is {
                last = Some(edge.by);
                if self.gives_constants(dex, edge.by) {
                    all.push(edge.by);
                }
            }
        }
        all
    }

    fn gives_constants(&mut self, dex_no: u16, number: u32) -> bool {
        let Some((_, code)) = self.code(dex_no, number) else {
            return false;
        };
        let mut constant = [false; MAX_REGISTERS];
        let mut result = false;
        for insn in code.insns() {
            let get = |register: u16| constant.get(usize::from(register)).copied().unwrap_or(false);
            let written = match insn.op.0 {
                0x01..=0x09 => get(insn.b()),
                0x0a..=0x0c => result,
                // const*, arrays of them, fields
                0x12..=0x1b | 0x23 | 0x60..=0x66 => true,
                0x24 | 0x25 => {
                    result = true;
                    continue;
                }
                0x6e..=0x72 | 0x74..=0x78 => {
                    result = false;
                    let Some(candidate) = insn.index().and_then(|callee| self.candidate(dex_no, callee)) else {
                        continue;
                    };
                    if given(&candidate, &insn, get) {
                        return true;
                    }
                    continue;
                }
                _ => false,
            };
            if let Some(slot) = insn
                .writes()
                .and_then(|register| constant.get_mut(usize::from(register)))
            {
                *slot = written;
            }
        }
        false
    }
}

/// Whether all arguments that must be constants look like it.
fn given(candidate: &Candidate, insn: &Insn<'_>, get: impl Fn(u16) -> bool) -> bool {
    let mut registers = insn.registers().iter();
    if !matches!(insn.op.0, 0x71 | 0x77) {
        registers.next();
    }
    for (n, (letter, _)) in candidate.parameters.iter().enumerate() {
        let Some(register) = registers.next() else { return false };
        if candidate.asks(n) && !get(register) {
            return false;
        }
        if matches!(letter, b'J' | b'D') {
            registers.next();
        }
    }
    true
}
