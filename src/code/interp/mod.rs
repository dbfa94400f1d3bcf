//! One method, interpreted over its basic blocks.
//!
//! Blocks are visited in reverse post-order, again where a loop changed what they start with; the third
//! time round what still changes is widened, so it ends. Both arms of every branch are taken. A handler
//! starts with whatever a register held anywhere in the blocks that it covers.
//!
//! Here are the machine and its way through the blocks; [`step`] is one instruction, [`call`] one call,
//! [`arithmetic`] the numbers, [`outcome`] what comes of it all.

mod arithmetic;
mod call;
mod outcome;
mod step;

pub(crate) use arithmetic::{binary, literal, unary};
pub(crate) use call::Call;
pub(crate) use outcome::{Outcome, What};

use rustc_hash::FxHashMap;

use crate::artifact::dex::{Code, Dex};

use super::cfg::{Block, Graph};
use super::execute::Executor;
use super::frame::{MAX_OBJECTS, Meet, State, States};
use super::interest::Carrier;
use super::live::{self, Live};
use super::package::{Package, index};
use super::table::Table;
use super::value::{Atom, Val, Values, Why};

/// Times over all blocks of a method before what still changes is given up, and before the end.
const WIDEN_AFTER: u32 = 1;
const GIVE_UP_AFTER: u32 = 4;
const MAX_ROUNDS: u32 = 8;
/// Instructions interpreted in one method, all rounds together.
const MAX_METHOD_STEPS: u64 = 400_000;
/// Registers of all blocks of one method together, four bytes each.
const MAX_CELLS: usize = 1 << 22;

/// What the interpreter asks about the method's surroundings.
pub(crate) struct Surroundings<'s, 'a> {
    /// The package, for its strings.
    pub(crate) package: &'s Package<'a>,
    /// Number of the file.
    pub(crate) dex: u16,
    /// Its tables.
    pub(crate) table: &'s Table,
    /// By method index: calls to be recorded with all arguments, when not empty.
    pub(crate) callees: &'s [bool],
}

/// The interpreter; its memory is reused from method to method.
pub(crate) struct Machine<'a, 'p> {
    /// Executes what methods of the package compute of constants.
    pub(crate) executor: Executor<'a, 'p>,
    graph: Graph<'a>,
    live: Live,
    states: States,
    objects: FxHashMap<u32, (u16, Carrier)>,
    carriers: Vec<Carrier>,
    writes: Vec<(u16, Val)>,
    object_writes: Vec<(u16, Val)>,
    tracking: bool,
    again: bool,
    result: Option<Val>,
    /// What the last method gave.
    pub(crate) outcome: Outcome,
}

impl<'a, 'p> Machine<'a, 'p> {
    pub(crate) fn new(executor: Executor<'a, 'p>) -> Self {
        Self {
            executor,
            graph: Graph::default(),
            live: Live::default(),
            states: States::default(),
            objects: FxHashMap::default(),
            carriers: Vec::new(),
            writes: Vec::new(),
            object_writes: Vec::new(),
            tracking: false,
            again: false,
            result: None,
            outcome: Outcome::default(),
        }
    }

    /// Interprets a method. Returns the steps that it took.
    pub(crate) fn run(
        &mut self,
        values: &mut Values<'a>,
        dex: &Dex<'a>,
        code: &Code<'a>,
        around: &Surroundings<'_, 'a>,
    ) -> u64 {
        self.outcome.clear();
        self.objects.clear();
        self.carriers.clear();
        let large = |blocks: usize| blocks.saturating_mul(usize::from(code.registers)) > MAX_CELLS;
        if !self.graph.build(code) || large(self.graph.blocks.len()) {
            self.outcome.cut = true;
            return u64::from(code.units());
        }
        let keep = self.has_loop();
        self.live.build(&self.graph, code.registers, keep, false);
        self.states.reset(self.graph.blocks.len());
        self.enter(values, code);
        let mut steps = u64::from(code.units());
        for round in 0..MAX_ROUNDS {
            self.again = round > 0;
            let mut any = false;
            for place in 0..self.graph.order.len() {
                let Some(number) = self.graph.order.get(place).copied() else {
                    break;
                };
                let Some(mut state) = self.states.take(number, keep) else {
                    continue;
                };
                any = true;
                let Some(block) = self.graph.blocks.get(index(number)).copied() else {
                    continue;
                };
                steps = steps.saturating_add(self.cost(&block, &state));
                if steps > MAX_METHOD_STEPS {
                    self.outcome.cut = true;
                    return steps;
                }
                self.block(values, dex, code, around, &block, &mut state, round);
                self.states.recycle(state);
            }
            if !any {
                return steps;
            }
        }
        self.outcome.cut = self.graph.order.iter().any(|n| self.states.is_dirty(*n));
        steps
    }

    /// What a visit costs: its instructions, and the registers that go along each edge.
    fn cost(&self, block: &Block, state: &State) -> u64 {
        let wide = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let insns = u64::from(block.end.saturating_sub(block.start));
        let handlers = wide(self.graph.handlers(block).len());
        let edges = wide(self.graph.successors(block).len()).saturating_add(handlers);
        let copies = wide(state.len() >> 4).saturating_mul(edges.saturating_add(1));
        insns
            .saturating_add(insns.saturating_mul(handlers) >> 2)
            .saturating_add(copies)
    }

    fn enter(&mut self, values: &mut Values<'a>, code: &Code<'a>) {
        let mut state = self.states.fresh();
        state.objects.clear();
        state.registers.clear();
        state.registers.resize(usize::from(code.registers), Val::UNSET);
        let first = code.first_in();
        for n in 0..code.ins {
            let val = values.val(Atom::Param(n));
            if let Some(slot) = state.registers.get_mut(usize::from(first.saturating_add(n))) {
                *slot = val;
            }
        }
        self.states.meet(values, 0, &state, self.live.at(0), Meet::Join);
        self.states.recycle(state);
    }

    fn has_loop(&self) -> bool {
        self.graph.blocks.iter().any(|block| {
            let mut to = self
                .graph
                .successors(block)
                .iter()
                .chain(self.graph.handlers(block));
            to.any(|to| {
                self.graph
                    .blocks
                    .get(index(*to))
                    .is_some_and(|to| to.order <= block.order)
            })
        })
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one visit")]
    fn block(
        &mut self,
        values: &mut Values<'a>,
        dex: &Dex<'a>,
        code: &Code<'a>,
        around: &Surroundings<'_, 'a>,
        block: &Block,
        state: &mut State,
        round: u32,
    ) {
        let how = |back: bool| match round {
            _ if !back => Meet::Join,
            0..WIDEN_AFTER => Meet::Join,
            WIDEN_AFTER..GIVE_UP_AFTER => Meet::Widen,
            _ => Meet::GiveUp,
        };
        self.tracking = !self.graph.handlers(block).is_empty();
        self.writes.clear();
        self.object_writes.clear();
        if self.tracking {
            for to in self.graph.handlers(block) {
                let how = how(self.is_back(block, *to));
                self.states.meet(values, *to, state, self.live.at(*to), how);
            }
        }
        self.result = None;
        for n in block.start..block.end {
            let Some(insn) = self.graph.insns.get(index(n)).copied() else {
                break;
            };
            self.step(values, dex, code, around, n, &insn, state);
        }
        for to in self.graph.successors(block) {
            let how = how(self.is_back(block, *to));
            self.states.meet(values, *to, state, self.live.at(*to), how);
        }
        if self.tracking {
            for to in self.graph.handlers(block) {
                let how = how(self.is_back(block, *to));
                let live = self.live.at(*to);
                for (register, val) in &self.writes {
                    if !live::is_live(live, *register) {
                        continue;
                    }
                    self.states.meet_register(values, *to, *register, *val, how);
                }
                for (object, val) in &self.object_writes {
                    self.states.meet_object(values, *to, *object, *val, how);
                }
            }
        }
    }

    fn is_back(&self, from: &Block, to: u32) -> bool {
        self.graph
            .blocks
            .get(index(to))
            .is_some_and(|to| to.order <= from.order)
    }

    #[inline]
    fn set(&mut self, state: &mut State, register: u16, val: Val) {
        if let Some(slot) = state.registers.get_mut(usize::from(register)) {
            *slot = val;
        }
        if self.tracking {
            self.writes.push((register, val));
        }
    }

    /// Sets what objects stand for. With several alternatives, each may be the one that is meant.
    pub(super) fn set_content(
        &mut self,
        values: &mut Values<'a>,
        state: &mut State,
        object: Val,
        content: Val,
    ) {
        let alternatives = values.alternatives(object);
        let only = alternatives.as_slice().len() == 1;
        for id in alternatives.as_slice() {
            let Atom::Object(number) = values.atom(*id) else {
                continue;
            };
            let at = usize::from(number);
            if state.objects.len() <= at {
                state.objects.resize(at.saturating_add(1), Val::UNSET);
            }
            let Some(slot) = state.objects.get_mut(at) else {
                continue;
            };
            *slot = if only {
                content
            } else {
                values.join(*slot, content)
            };
            if self.tracking {
                self.object_writes.push((number, *slot));
            }
        }
    }

    /// What a value stands for: objects are replaced by their content.
    #[inline]
    pub(super) fn content(&self, values: &mut Values<'a>, state: &State, val: Val) -> Val {
        if values
            .single(val)
            .is_some_and(|atom| !matches!(atom, Atom::Object(_)))
        {
            return val;
        }
        values.map(val, |values, id| match values.atom(id) {
            Atom::Object(number) => match state.object(number) {
                Val::UNSET => values.unknown(Why::Object),
                content => content,
            },
            _ => Val::one(id),
        })
    }

    /// An object that is allocated by instruction `n`.
    pub(super) fn allocate(&mut self, values: &mut Values<'a>, n: u32, carrier: Carrier) -> Val {
        if let Some((number, _)) = self.objects.get(&n) {
            return values.val(Atom::Object(*number));
        }
        let next = self.carriers.len();
        if next >= MAX_OBJECTS {
            return values.unknown(Why::Object);
        }
        let number = u16::try_from(next).unwrap_or(u16::MAX);
        self.carriers.push(carrier);
        self.objects.insert(n, (number, carrier));
        values.val(Atom::Object(number))
    }

    pub(super) fn record(&mut self, what: What, pc: u32, arguments: &[Val]) {
        self.outcome.record(what, pc, arguments, self.again);
    }
}
