//! Where methods that compute a text are called with constants.

use super::Executor;
use super::worth::Candidate;
use crate::artifact::dex::Insn;

/// Registers that are looked at where a method is called.
const MAX_REGISTERS: usize = 256;

impl Executor<'_, '_> {
    /// The methods of a file that call one of these with what looks like constants, near enough: the registers are
    /// followed from the start to the end of the code, whatever jumps there are.
    pub(crate) fn callers(&mut self, dex: u16) -> Vec<u32> {
        let walked = self.walked;
        let Some(walked) = walked.get(usize::from(dex)) else {
            return Vec::new();
        };
        let mut all: Vec<u32> = Vec::new();
        // Edges of one method follow one another.
        let mut last = None;
        for edge in walked.edges.iter() {
            if last == Some(edge.by) {
                continue;
            }
            if self.candidate(dex, edge.what).is_some() {
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
                    let Some(candidate) = insn.index().and_then(|callee| self.candidate(dex_no, callee))
                    else {
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
        let Some(register) = registers.next() else {
            return false;
        };
        if candidate.asks(n) && !get(register) {
            return false;
        }
        if matches!(letter, b'J' | b'D') {
            registers.next();
        }
    }
    true
}
