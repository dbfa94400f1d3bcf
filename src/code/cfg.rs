//! Basic blocks of one method, in reverse post-order.
//!
//! A block ends before a branch target, a handler, the border of a `try`, and after whatever does not go
//! on with the next instruction. An instruction that throws may go to each handler around it.

use crate::artifact::dex::{Code, Insn, opcode};

use super::package::{count, index};

/// Instructions of one method that are looked at. The largest real ones, initialisers of tables, have
/// some 30 000.
const MAX_INSNS: usize = 1 << 16;
/// Edges of one method: a switch of every method of a hostile file may have as many as its payload.
const MAX_EDGES: usize = 1 << 17;
/// `try` items of one method that are looked at.
const MAX_TRIES: usize = 1 << 12;
/// Pairs of a block and a handler that are compared; the largest real method has some 100 000.
const MAX_PAIRS: usize = 1 << 21;

/// A basic block: a run of instructions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Block {
    /// First instruction, by number in [`Graph::insns`], and the one after the last.
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Where it goes on: a range of [`Graph::edges`], ordinary ones first.
    first_edge: u32,
    first_handler: u32,
    last_edge: u32,
    /// Place in the reverse post-order; [`UNREACHED`] when nothing leads here.
    pub(crate) order: u32,
}

/// A block that is not reached from the start.
pub(crate) const UNREACHED: u32 = u32::MAX;

/// The control flow of one method. Reused from method to method: see [`Graph::build`].
#[derive(Debug, Default)]
pub(crate) struct Graph<'a> {
    /// The instructions, without payloads.
    pub(crate) insns: Vec<Insn<'a>>,
    /// The blocks, in the order of the file.
    pub(crate) blocks: Vec<Block>,
    /// Numbers of the blocks in reverse post-order.
    pub(crate) order: Vec<u32>,
    edges: Vec<u32>,
    /// By code unit: 1 + number of the instruction that starts here.
    at: Vec<u32>,
    leaders: Vec<bool>,
    tries: Vec<(u32, u32, u32)>,
    stack: Vec<(u32, u32)>,
    seen: Vec<bool>,
}

impl<'a> Graph<'a> {
    /// Reads a method. `false` when it is larger than what is looked at.
    pub(crate) fn build(&mut self, code: &Code<'a>) -> bool {
        self.insns.clear();
        self.blocks.clear();
        self.order.clear();
        self.edges.clear();
        self.tries.clear();
        let units = index(code.units());
        self.at.clear();
        self.at.resize(units, 0);
        for insn in code.insns() {
            if insn.is_payload() {
                continue;
            }
            if self.insns.len() >= MAX_INSNS {
                return false;
            }
            self.insns.push(insn);
            if let Some(slot) = self.at.get_mut(index(insn.pc)) {
                *slot = count(self.insns.len());
            }
        }
        self.read_tries(code);
        self.find_leaders(code);
        self.cut();
        if self.blocks.len().saturating_mul(self.tries.len()) > MAX_PAIRS || !self.link(code) {
            return false;
        }
        self.sort();
        true
    }

    /// The instruction that starts at a code unit.
    fn insn_at(&self, pc: u32) -> Option<u32> {
        self.at.get(index(pc)).copied()?.checked_sub(1)
    }

    fn lead(&mut self, pc: Option<u32>) {
        if let Some(slot) = pc
            .and_then(|pc| self.insn_at(pc))
            .and_then(|n| self.leaders.get_mut(index(n)))
        {
            *slot = true;
        }
    }

    /// The border of a `try`. Compilers let it end between a call and the `move-result` that belongs to it: the two stay
    /// together, since a `move-result` throws nothing.
    fn lead_border(&mut self, pc: u32) {
        let Some(n) = self.insn_at(pc) else { return };
        let takes = self
            .insns
            .get(index(n))
            .is_some_and(|insn| matches!(insn.op.0, 0x0a..=0x0c));
        let n = index(n).saturating_add(usize::from(takes));
        if let Some(slot) = self.leaders.get_mut(n) {
            *slot = true;
        }
    }

    fn read_tries(&mut self, code: &Code<'a>) {
        let mut handlers = 0_usize;
        for item in code.tries().take(MAX_TRIES).filter_map(Result::ok) {
            for catch in item.catches.filter_map(Result::ok) {
                handlers = handlers.saturating_add(1);
                if handlers > MAX_TRIES {
                    return;
                }
                self.tries.push((item.start, item.end, catch.pc));
            }
        }
    }

    fn find_leaders(&mut self, code: &Code<'a>) {
        self.leaders.clear();
        self.leaders.resize(self.insns.len(), false);
        if let Some(first) = self.leaders.first_mut() {
            *first = true;
        }
        for n in 0..self.insns.len() {
            let Some(insn) = self.insns.get(n).copied() else {
                break;
            };
            let flags = insn.info().flags;
            let ends = flags & (opcode::BRANCHES | opcode::SWITCHES) != 0 || flags & opcode::CONTINUES == 0;
            if !ends {
                continue;
            }
            if let Some(next) = self.leaders.get_mut(n.saturating_add(1)) {
                *next = true;
            }
            if flags & opcode::BRANCHES != 0 {
                self.lead(insn.target());
            }
            if flags & opcode::SWITCHES != 0 {
                for target in cases(code, &insn) {
                    self.lead(Some(target));
                }
            }
        }
        for n in 0..self.tries.len() {
            let Some((start, end, handler)) = self.tries.get(n).copied() else {
                break;
            };
            self.lead_border(start);
            self.lead_border(end);
            self.lead(Some(handler));
        }
    }

    fn cut(&mut self) {
        for (n, _) in self.leaders.iter().enumerate().filter(|(_, leads)| **leads) {
            let n = count(n);
            if let Some(last) = self.blocks.last_mut() {
                last.end = n;
            }
            self.blocks.push(Block {
                start: n,
                order: UNREACHED,
                ..Block::default()
            });
        }
        if let Some(last) = self.blocks.last_mut() {
            last.end = count(self.insns.len());
        }
    }

    /// The block that starts at a code unit.
    fn block_at(&self, pc: u32) -> Option<u32> {
        let insn = self.insn_at(pc)?;
        self.blocks
            .binary_search_by_key(&insn, |block| block.start)
            .ok()
            .map(count)
    }

    fn link(&mut self, code: &Code<'a>) -> bool {
        for n in 0..self.blocks.len() {
            let Some(block) = self.blocks.get(n).copied() else {
                break;
            };
            let first_edge = count(self.edges.len());
            let last = block
                .end
                .checked_sub(1)
                .and_then(|last| self.insns.get(index(last)))
                .copied();
            if let Some(insn) = last {
                let flags = insn.info().flags;
                if flags & opcode::CONTINUES != 0 && n.saturating_add(1) < self.blocks.len() {
                    self.edges.push(count(n.saturating_add(1)));
                }
                if flags & opcode::BRANCHES != 0 {
                    let target = insn.target().and_then(|pc| self.block_at(pc));
                    self.edges.extend(target);
                }
                if flags & opcode::SWITCHES != 0 {
                    for target in cases(code, &insn) {
                        let target = self.block_at(target);
                        self.edges.extend(target);
                    }
                }
            }
            let first_handler = count(self.edges.len());
            let pc = self.insns.get(index(block.start)).map_or(0, |insn| insn.pc);
            if !self.tries.is_empty() && self.throws(block) {
                for t in 0..self.tries.len() {
                    let Some((start, end, handler)) = self.tries.get(t).copied() else {
                        break;
                    };
                    if start <= pc && pc < end {
                        let target = self.block_at(handler);
                        self.edges.extend(target);
                    }
                }
            }
            if self.edges.len() > MAX_EDGES {
                return false;
            }
            let last_edge = count(self.edges.len());
            if let Some(block) = self.blocks.get_mut(n) {
                (block.first_edge, block.first_handler, block.last_edge) =
                    (first_edge, first_handler, last_edge);
            }
        }
        true
    }

    fn throws(&self, block: Block) -> bool {
        let insns = self
            .insns
            .get(index(block.start)..index(block.end))
            .unwrap_or_default();
        insns.iter().any(|insn| insn.op.is(opcode::THROWS))
    }

    /// Blocks that a block goes on to, handlers not among them.
    pub(crate) fn successors(&self, block: &Block) -> &[u32] {
        self.edges
            .get(index(block.first_edge)..index(block.first_handler))
            .unwrap_or_default()
    }

    /// Handlers of a block.
    pub(crate) fn handlers(&self, block: &Block) -> &[u32] {
        self.edges
            .get(index(block.first_handler)..index(block.last_edge))
            .unwrap_or_default()
    }

    /// Numbers the blocks: depth first with a stack of our own.
    fn sort(&mut self) {
        self.seen.clear();
        self.seen.resize(self.blocks.len(), false);
        self.stack.clear();
        if let Some(first) = self.seen.first_mut() {
            *first = true;
            self.stack.push((0, 0));
        }
        while let Some((n, next)) = self.stack.last_mut() {
            let n = *n;
            let Some(block) = self.blocks.get(index(n)) else {
                break;
            };
            let edges = self
                .edges
                .get(index(block.first_edge)..index(block.last_edge))
                .unwrap_or_default();
            match edges.get(index(*next)).copied() {
                Some(to) => {
                    *next = next.saturating_add(1);
                    if let Some(seen) = self.seen.get_mut(index(to)).filter(|seen| !**seen) {
                        *seen = true;
                        self.stack.push((to, 0));
                    }
                }
                None => {
                    self.order.push(n);
                    self.stack.pop();
                }
            }
        }
        self.order.reverse();
        for (place, n) in self.order.iter().enumerate() {
            if let Some(block) = self.blocks.get_mut(index(*n)) {
                block.order = count(place);
            }
        }
    }
}

/// Targets of a switch.
fn cases<'a>(code: &Code<'a>, insn: &Insn<'a>) -> impl Iterator<Item = u32> + use<'a> {
    let payload = insn.target().and_then(|pc| code.payload(pc).ok());
    let pc = insn.pc;
    payload.into_iter().flat_map(move |payload| {
        payload
            .cases()
            .map(move |(_, offset)| pc.wrapping_add_signed(offset))
    })
}
