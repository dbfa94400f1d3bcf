//! Which blocks of a method lead to which, of a method that branches on what was asked or on the kind of a message.

use super::super::super::cfg::Graph;
use super::super::super::package::index;
use super::Asks;

/// A branch on what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Branch {
    pub(super) block: u32,
    /// The instruction at its end.
    pub(super) pc: u32,
    pub(super) asks: Asks,
}

/// A branch on the kind of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Select {
    pub(super) block: u32,
    /// Kinds, with the block that runs for each.
    pub(super) cases: Vec<(i32, u32)>,
    /// The block that runs for others.
    pub(super) other: u32,
}

/// The blocks of a method.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// The code unit that each begins with, ascending.
    starts: Vec<u32>,
    /// Where each goes on.
    next: Vec<Box<[u32]>>,
    /// Its handlers.
    handlers: Vec<Box<[u32]>>,
    pub(super) branches: Vec<Branch>,
    pub(super) selects: Vec<Select>,
}

impl Shape {
    pub(super) fn new(graph: &Graph<'_>, branches: Vec<Branch>, selects: Vec<Select>) -> Self {
        let start = |start: u32| graph.insns.get(index(start)).map_or(u32::MAX, |insn| insn.pc);
        let blocks = &graph.blocks;
        Self {
            starts: blocks.iter().map(|block| start(block.start)).collect(),
            next: blocks
                .iter()
                .map(|block| graph.successors(block).into())
                .collect(),
            handlers: blocks.iter().map(|block| graph.handlers(block).into()).collect(),
            branches,
            selects,
        }
    }

    /// How many blocks there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The block that holds an instruction.
    pub(super) fn block_at(&self, pc: u32) -> usize {
        self.starts
            .partition_point(|start| *start <= pc)
            .saturating_sub(1)
    }

    /// Where a block goes on, handlers apart.
    pub(super) fn next(&self, block: u32) -> &[u32] {
        self.next.get(index(block)).map(AsRef::as_ref).unwrap_or_default()
    }

    /// The blocks that a block leads to, itself included, by steps that are allowed.
    fn reach(&self, from: u32, handled: bool, allowed: impl Fn(u32, u32) -> bool) -> Vec<bool> {
        let mut reached = vec![false; self.starts.len()];
        let mut waiting = vec![from];
        while let Some(at) = waiting.pop() {
            let Some(slot) = reached.get_mut(index(at)).filter(|reached| !**reached) else {
                continue;
            };
            *slot = true;
            let handlers = self.handlers.get(index(at)).filter(|_| handled);
            let next = self.next(at).iter().filter(|to| allowed(at, **to));
            waiting.extend(next.chain(handlers.into_iter().flatten()));
        }
        reached
    }

    /// The blocks that one side of a branch leads to, until it comes back to the branch.
    pub(super) fn side(&self, branch: &Branch, to: u32) -> Vec<bool> {
        self.reach(to, false, |_, next| next != branch.block)
    }

    /// The blocks that are reached without taking one side of a branch.
    fn without(&self, branch: &Branch, to: u32) -> Vec<bool> {
        self.reach(0, true, |at, next| at != branch.block || next != to)
    }

    /// What is asked before each block on every way to it.
    pub(super) fn asked(&self) -> Vec<Asks> {
        let mut asked: Vec<Asks> = vec![0; self.starts.len()];
        for branch in &self.branches {
            for to in self.next(branch.block) {
                let without = self.without(branch, *to);
                for (slot, reached) in asked.iter_mut().zip(without) {
                    *slot |= if reached { 0 } else { branch.asks };
                }
            }
        }
        asked
    }

    /// The blocks that may run for one kind of message.
    pub(super) fn run_for(&self, kind: i32) -> Vec<bool> {
        self.reach(0, true, |at, next| {
            let select = self.selects.iter().find(|select| select.block == at);
            select.is_none_or(|select| {
                let case = select.cases.iter().find(|(case, _)| *case == kind);
                next == case.map_or(select.other, |(_, block)| *block)
            })
        })
    }
}
