//! Which registers are read again: the others need not be kept at the start of a block.
//!
//! A register is live where its value may still reach what the interpreter looks at: an argument, a
//! field, an element, a result. A copy or a sum of it counts only where that is itself live, so a loop
//! counter that nobody is given costs nothing. Reads that the interpreter takes no notice of (the
//! object of an `iget`, the sides of a comparison) do not count.

use crate::artifact::dex::{Insn, opcode};

use super::cfg::{Block, Graph};
use super::package::index;

/// Times over all blocks: nested loops need one more each. Whoever needs more keeps all registers.
const MAX_PASSES: u32 = 12;

/// Live registers at the start of each block, a bit each. Reused from method to method.
#[derive(Debug)]
pub(crate) struct Live {
    kinds: &'static [Kind; 256],
    /// Words of one row.
    words: usize,
    /// By block: what is live at its start, what its handlers read, what is live at its end.
    rows: Vec<u64>,
    /// The rows of the block that is being worked on.
    row: Vec<u64>,
    handled: Vec<u64>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            kinds: &KINDS,
            words: 0,
            rows: Vec::new(),
            row: Vec::new(),
            handled: Vec::new(),
        }
    }
}

impl Live {
    /// Looks through a method of so many registers. `looped`: some block leads back to an earlier one.
    /// `objects`: it counts as well of which object a field is.
    pub(crate) fn build(&mut self, graph: &Graph<'_>, registers: u16, looped: bool, objects: bool) {
        self.kinds = if objects { &OBJECT_KINDS } else { &KINDS };
        self.words = usize::from(registers).div_ceil(64);
        self.rows.clear();
        let rows = graph.blocks.len().saturating_mul(3);
        self.rows.resize(rows.saturating_mul(self.words), 0);
        // Later blocks first: without a loop all successors of a block are done before it.
        for pass in 0..MAX_PASSES {
            let mut changed = false;
            for number in graph.order.iter().rev() {
                if let Some(block) = graph.blocks.get(index(*number)) {
                    changed |= self.visit(graph, *number, block, pass == 0);
                }
            }
            if !changed || !looped {
                return;
            }
        }
        self.rows.fill(u64::MAX);
    }

    /// The registers that are live at the start of a block.
    #[inline]
    pub(crate) fn at(&self, block: u32) -> &[u64] {
        let first = index(block).saturating_mul(self.words.saturating_mul(3));
        self.rows
            .get(first..first.saturating_add(self.words))
            .unwrap_or_default()
    }

    fn visit(&mut self, graph: &Graph<'_>, number: u32, block: &Block, first: bool) -> bool {
        self.union(graph.handlers(block), true);
        self.union(graph.successors(block), false);
        let words = self.words;
        let at = index(number).saturating_mul(words.saturating_mul(3));
        let range = at..at.saturating_add(words.saturating_mul(3));
        let rows = self.rows.get(range.clone()).unwrap_or_default();
        let (_, ends) = rows.split_at(words.min(rows.len()));
        let (handled, end) = ends.split_at(words.min(ends.len()));
        if !first && handled == self.handled && end == self.row {
            return false;
        }
        if let Some(ends) = self
            .rows
            .get_mut(range.clone())
            .and_then(|rows| rows.get_mut(words..))
        {
            let (handled, end) = ends.split_at_mut(words.min(ends.len()));
            handled.copy_from_slice(&self.handled);
            end.copy_from_slice(&self.row);
        }
        let insns = graph.insns.get(index(block.start)..index(block.end));
        for insn in insns.unwrap_or_default().iter().rev() {
            self.before(insn);
        }
        let Some(start) = self.rows.get_mut(range).and_then(|rows| rows.get_mut(..words)) else {
            return false;
        };
        let changed = start != self.row.as_slice();
        start.copy_from_slice(&self.row);
        changed
    }

    /// What is live at the starts of some blocks; of handlers it stays so all the way.
    fn union(&mut self, blocks: &[u32], handlers: bool) {
        if handlers {
            self.handled.clear();
            self.handled.resize(self.words, 0);
        } else {
            self.row.clone_from(&self.handled);
        }
        let row = if handlers {
            &mut self.handled
        } else {
            &mut self.row
        };
        for block in blocks {
            let first = index(*block).saturating_mul(self.words.saturating_mul(3));
            let more = self.rows.get(first..).unwrap_or_default();
            for (word, more) in row.iter_mut().zip(more) {
                *word |= more;
            }
        }
    }

    /// From the registers that are live after an instruction to those before it. The cases are those of
    /// [`Machine::step`](super::interp::Machine).
    fn before(&mut self, insn: &Insn<'_>) {
        match self.kinds.get(usize::from(insn.op.0)).copied().unwrap_or(Kind::Write) {
            Kind::Nothing => {}
            Kind::Write => {
                if insn.op.is(opcode::WRITES) {
                    self.write(insn.a());
                }
            }
            Kind::Read => self.read(insn.a()),
            Kind::Arguments => {
                for register in insn.registers().iter() {
                    self.read(register);
                }
            }
            Kind::Copy => {
                if self.write(insn.a()) {
                    self.read(insn.b());
                }
            }
            Kind::Two => {
                if self.write(insn.a()) {
                    self.read(insn.b());
                    self.read(insn.c());
                }
            }
            Kind::TwoAddr => {
                if self.write(insn.a()) {
                    self.read(insn.a());
                    self.read(insn.b());
                }
            }
            Kind::NewArray => {
                self.write(insn.a());
                self.read(insn.b());
            }
            Kind::Put => {
                self.read(insn.a());
                self.read(insn.b());
                self.read(insn.c());
            }
        }
    }

    #[inline]
    fn read(&mut self, register: u16) {
        let (word, bit) = place(register);
        if let Some(word) = self.row.get_mut(word) {
            *word |= bit;
        }
    }

    /// Whether what is written is live. A handler may see what was there before, or after.
    #[inline]
    fn write(&mut self, register: u16) -> bool {
        let (at, bit) = place(register);
        let Some(word) = self.row.get_mut(at) else {
            return false;
        };
        let live = *word & bit != 0;
        *word &= !bit | self.handled.get(at).copied().unwrap_or_default();
        live
    }
}

/// What an instruction does to registers, as far as the interpreter takes notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    /// Writes A, if anything.
    Write,
    /// Reads A.
    Read,
    /// Reads the arguments of a call.
    Arguments,
    /// Makes A of B.
    Copy,
    /// Makes A of B and C.
    Two,
    /// Makes A of A and B.
    TwoAddr,
    /// Makes A, an array of B elements.
    NewArray,
    /// Reads A, B and C.
    Put,
}

/// By opcode; those of an odex above 255 write at most.
static KINDS: [Kind; 256] = kinds(false);
static OBJECT_KINDS: [Kind; 256] = kinds(true);

const fn kinds(objects: bool) -> [Kind; 256] {
    let mut kinds = [Kind::Write; 256];
    let mut left: &mut [Kind] = &mut kinds;
    let mut op = 0_u16;
    while let Some((slot, rest)) = left.split_first_mut() {
        *slot = match op {
            // throw, fill-array-data
            0x26 | 0x27 if objects => Kind::Read,
            // cmp*
            0x2d..=0x31 if objects => Kind::Two,
            // iget*
            0x52..=0x58 if objects => Kind::Copy,
            // iput*
            0x59..=0x5f if objects => Kind::Put,
            op => kind(op),
        };
        left = rest;
        op = op.wrapping_add(1);
    }
    kinds
}

const fn kind(op: u16) -> Kind {
    match op {
        // check-cast leaves its register as it is.
        0x1f => Kind::Nothing,
        // return*, iput*, sput*
        0x0f..=0x11 | 0x59..=0x5f | 0x67..=0x6d => Kind::Read,
        // filled-new-array, invoke-*, invoke-custom
        0x24 | 0x25 | 0x6e..=0x72 | 0x74..=0x78 | 0xfc | 0xfd => Kind::Arguments,
        // move*, array-length, neg-int … int-to-short, add-int/lit16 … ushr-int/lit8
        0x01..=0x09 | 0x21 | 0x7b..=0x8f | 0xd0..=0xe2 => Kind::Copy,
        // aget*, add-int … rem-double
        0x44..=0x4a | 0x90..=0xaf => Kind::Two,
        // add-int/2addr … rem-double/2addr
        0xb0..=0xcf => Kind::TwoAddr,
        0x23 => Kind::NewArray,
        // aput*
        0x4b..=0x51 => Kind::Put,
        _ => Kind::Write,
    }
}

/// Word and bit of a register.
#[inline]
fn place(register: u16) -> (usize, u64) {
    (
        usize::from(register.wrapping_shr(6)),
        1_u64.wrapping_shl(u32::from(register)),
    )
}

/// Whether a register is live in a row.
#[inline]
pub(crate) fn is_live(row: &[u64], register: u16) -> bool {
    let (word, bit) = place(register);
    row.get(word).is_some_and(|word| word & bit != 0)
}

/// The registers of a row, in order.
pub(crate) fn registers(row: &[u64]) -> impl Iterator<Item = usize> + '_ {
    row.iter().zip((0_usize..).step_by(64)).flat_map(|(word, first)| {
        let mut left = *word;
        std::iter::from_fn(move || {
            let bit = left.checked_ilog2()?;
            left &= !1_u64.wrapping_shl(bit);
            Some(first.saturating_add(index(bit)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::package::count;
    use super::*;
    use crate::artifact::dex::Dex;
    use crate::artifact::dex::build::{Asm, DexBuilder};

    /// The registers that are live at the start of each block.
    fn live(code: impl FnOnce(&mut Asm), registers: u16) -> Vec<Vec<usize>> {
        let mut dex = DexBuilder::new();
        dex.class("La/B;").method("f", "()V", 9, code);
        let bytes = dex.build();
        let opened = Dex::open(&bytes);
        let body = opened.dexes[0].bodies().next().unwrap().unwrap();
        let mut graph = Graph::default();
        assert!(graph.build(&body.code));
        let mut live = Live::default();
        live.build(&graph, registers, true, false);
        let at = |block| {
            let mut all: Vec<usize> = super::registers(live.at(block)).collect();
            all.sort_unstable();
            all
        };
        (0..count(graph.blocks.len())).map(at).collect()
    }

    #[test]
    fn a_loop_counter_that_nobody_is_given_is_dead_and_what_a_call_is_given_is_live() {
        let live = live(
            |m| {
                m.const_int(0, 0).const_string(1, "u");
                m.label("again").raw(&[0x00d8, 0x0100]);
                m.invoke_static("La/C;", "g", "(Ljava/lang/String;)V", &[1]);
                m.if_cmp(0x35, 0, 2, "again").return_void();
            },
            3,
        );
        assert_eq!(live, [vec![], vec![1], vec![]]);
    }
}
