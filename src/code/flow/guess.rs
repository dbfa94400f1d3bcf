//! What lets one guess: a branch on an identifier decides what is done, and so tells of it.
//!
//! Apart from what carries an identifier itself, and only when it is asked for: a branch decides of much that
//! tells nothing. Whether there is a value at all is no such branch.

use super::super::cfg::Graph;
use super::super::package::index;
use super::super::value::Why;
use super::call::Call;
use super::domain::{Objs, Root, RootId, Taint, V, Way, What};
use super::run::{Frame, Here};
use super::summary::{Event, Exit};
use super::trace::Tracer;
use crate::artifact::dex::opcode;

/// Blocks of a method in which branches are looked at.
const MAX_BLOCKS: usize = 256;
/// Places where data leaves, of one method and those that it calls.
const MAX_EXITS: usize = 8;

/// What decides whether each block of a method runs.
#[derive(Debug, Default)]
pub(super) struct Control {
    taints: Vec<Taint>,
    /// Blocks that each block decides on.
    decided: Vec<Option<Vec<u32>>>,
}

impl Control {
    pub(super) fn new(blocks: usize) -> Self {
        Self {
            taints: vec![Taint::NONE; blocks],
            decided: vec![None; blocks],
        }
    }

    /// What decides whether a block runs.
    pub(super) fn at(&self, block: u32) -> Taint {
        self.taints.get(index(block)).copied().unwrap_or(Taint::NONE)
    }
}

impl<'a> Tracer<'a, '_> {
    /// What a value lets one guess, as origins; `symbols`: what it stands for too.
    fn guessed(&mut self, taint: Taint, symbols: bool) -> Taint {
        let mut all: Vec<(RootId, Way)> = Vec::new();
        for (root, way) in self.domain.roots(taint).to_vec() {
            let root = match self.domain.root_of(root) {
                Root::Source(m, pc, row) => Root::Guess(m, pc, row),
                Root::Symbol(obj) | Root::Whole(obj) => Root::GuessOf(obj),
                Root::Named(..) => continue,
                guess => guess,
            };
            if symbols || matches!(root, Root::Guess(..)) {
                all.push((self.domain.root(root), way));
            }
        }
        self.domain.collect(all)
    }

    /// At the end of a block: what it branches on decides which blocks run.
    pub(super) fn branch(
        &mut self,
        here: &Here<'a>,
        graph: &Graph<'a>,
        number: u32,
        frame: &Frame,
        control: &mut Control,
        dirty: &mut [bool],
    ) {
        if !self.guesses || graph.blocks.len() > MAX_BLOCKS {
            return;
        }
        let Some(block) = graph.blocks.get(index(number)) else {
            return;
        };
        let last = block.end.checked_sub(1);
        let Some(insn) = last.and_then(|last| graph.insns.get(index(last))) else {
            return;
        };
        if insn.info().flags & (opcode::BRANCHES | opcode::SWITCHES) == 0 {
            return;
        }
        let mut taint = Taint::NONE;
        match insn.op.0 {
            // if-eq … if-le
            0x32..=0x37 => {
                let (a, b) = (frame.get(insn.a()), frame.get(insn.b()));
                taint = self.domain.mix(a.taint, b.taint);
            }
            // if-eqz … if-lez, packed-switch, sparse-switch; of an object, whether there is one
            0x38..=0x3d | 0x2b | 0x2c => {
                let v = frame.get(insn.a());
                if v.objs == Objs::NONE {
                    taint = v.taint;
                }
            }
            _ => {}
        }
        let taint = self.guessed(taint, here.boolean);
        if taint == Taint::NONE {
            return;
        }
        let Some(slot) = control.decided.get_mut(index(number)) else {
            return;
        };
        let decided = slot.get_or_insert_with(|| decided(graph, number)).clone();
        self.domain.charge(decided.len());
        for to in decided {
            let (Some(slot), Some(dirty)) = (control.taints.get_mut(index(to)), dirty.get_mut(index(to)))
            else {
                continue;
            };
            let more = self.domain.mix(*slot, taint);
            *dirty |= more != *slot;
            *slot = more;
        }
    }

    /// A value that is made or put away where a branch decided that it is.
    pub(super) fn chosen(&mut self, here: &Here<'a>, mut v: V) -> V {
        v.taint = self.domain.mix(v.taint, here.guess);
        v
    }

    /// Data leaves here, whatever it is.
    pub(super) fn exit(&mut self, here: &mut Here<'a>, call: &Call<'_>, row: u16) {
        let exit = Exit {
            m: here.m,
            pc: call.pc,
            row,
        };
        if self.guesses {
            self.exits(here, here.guess, &[exit]);
        }
    }

    /// A method that is called lets data leave; of several, which one is called may tell.
    pub(super) fn called_exits(&mut self, here: &mut Here<'a>, exits: &[Exit], several: bool, args: &[V]) {
        if !self.guesses || exits.is_empty() {
            return;
        }
        let mut taint = here.guess;
        if let Some(this) = args.first().filter(|_| several) {
            let which = self
                .domain
                .filtered(this.taint, |root| matches!(root, Root::Guess(..)));
            taint = self.domain.mix(taint, which);
        }
        self.exits(here, taint, exits);
    }

    fn exits(&mut self, here: &mut Here<'a>, taint: Taint, exits: &[Exit]) {
        let taint = self
            .domain
            .filtered(taint, |root| matches!(root, Root::Guess(..)));
        for exit in exits {
            if here.exits.len() < MAX_EXITS && !here.exits.contains(exit) {
                here.exits.push(*exit);
            }
            if taint == Taint::NONE {
                continue;
            }
            let address = self.domain.values.unknown(Why::Computed);
            let taint = self.domain.stepped(taint, exit.m, exit.pc, What::Leaves);
            let event = Event {
                m: exit.m,
                pc: exit.pc,
                row: exit.row,
                taint,
                address,
            };
            self.event(here, exit.pc, event);
        }
    }
}

/// Blocks that run or not as the branch at the end of a block decides: those that it leads to, and that a way
/// to the end of the method leaves out.
pub(super) fn decided(graph: &Graph<'_>, from: u32) -> Vec<u32> {
    let (reached, _) = reach(graph, from, None);
    (0_u32..)
        .zip(&reached)
        .filter(|(block, reached)| **reached && *block != from && reach(graph, from, Some(*block)).1)
        .map(|(block, _)| block)
        .collect()
}

/// The blocks that a block leads to, without going through another, and whether the method can end there.
fn reach(graph: &Graph<'_>, from: u32, without: Option<u32>) -> (Vec<bool>, bool) {
    let mut reached = vec![false; graph.blocks.len()];
    let mut waiting = vec![from];
    let mut ends = false;
    while let Some(at) = waiting.pop() {
        let Some(block) = graph.blocks.get(index(at)) else {
            continue;
        };
        let next = graph.successors(block);
        ends |= next.is_empty();
        for to in next {
            if let Some(slot) = reached.get_mut(index(*to))
                && !*slot
                && Some(*to) != without
            {
                *slot = true;
                waiting.push(*to);
            }
        }
    }
    (reached, ends)
}
