//! Where instructions lead to: which of them let data leave in the end, and what is asked before.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::super::super::hierarchy::{M, Type};
use super::super::super::package::index;
use super::super::life::Life;
use super::super::trace::Tracer;
use super::super::{Asked, Leak};
use super::shape::Shape;
use super::{Asks, At, Guards, Rows, bits};

/// Times over all methods until nothing new is reached.
const MAX_SWEEPS: u32 = 64;

/// Where an instruction leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Lead {
    /// Data leaves here, by a row, given by its bit.
    Leaves(u8),
    /// A method runs.
    Runs(M),
    /// The system may call an object of a class.
    Calls(Type),
    /// The system may start a component.
    Starts(Type),
    /// A handler of a class gets a message, of a kind if it is known.
    Message(Type, Option<i32>),
}

/// Rows by which data leaves in the end.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// Once a method runs.
    methods: Vec<Rows>,
    /// Once the system calls an object, or starts a component.
    classes: FxHashMap<Lead, Rows>,
}

impl Reached {
    fn method(&self, m: M) -> Rows {
        self.methods.get(index(m.0)).copied().unwrap_or(0)
    }

    fn of(&self, lead: Lead) -> Rows {
        match lead {
            Lead::Leaves(bit) => Rows::from(1_u8).checked_shl(u32::from(bit)).unwrap_or(0),
            Lead::Runs(m) => self.method(m),
            other => self.classes.get(&other).copied().unwrap_or(0),
        }
    }

    /// By the leads of those blocks that are marked.
    fn within(&self, shape: &Shape, leads: &[(u32, Lead)], blocks: &[bool]) -> Rows {
        leads
            .iter()
            .filter(|(pc, _)| blocks.get(shape.block_at(*pc)).copied().unwrap_or(false))
            .fold(0, |rows, (_, lead)| rows | self.of(*lead))
    }
}

impl Guards<'_> {
    fn leads(&self, m: M) -> &[(u32, Lead)] {
        self.leads.get(&m).map(Vec::as_slice).unwrap_or_default()
    }

    /// The methods that a lead to a class may run.
    fn run_by(&self, lead: Lead) -> Rc<[M]> {
        match lead {
            Lead::Calls(class) | Lead::Message(class, _) => {
                let known = self.callbacks.get(&class);
                known.map(|(runs, _)| Rc::clone(runs)).unwrap_or_default()
            }
            Lead::Starts(class) => {
                let life = self.lives.iter().find(|life| life.class == class);
                life.into_iter().flat_map(Life::all).collect()
            }
            Lead::Runs(_) | Lead::Leaves(_) => Rc::default(),
        }
    }
}

impl Tracer<'_, '_> {
    /// By which rows data leaves in the end, once a method runs.
    pub(super) fn closure(&mut self, guards: &Guards<'_>, methods: &[M]) -> Reached {
        let mut reached = Reached {
            methods: vec![0; self.hierarchy.len()],
            classes: FxHashMap::default(),
        };
        // Each class once, with the methods that run, and of those that get a message of one kind the blocks.
        let mut classes: Vec<(Lead, Vec<(M, Option<Vec<bool>>)>)> = Vec::new();
        for (_, lead) in methods.iter().flat_map(|m| guards.leads(*m)) {
            if matches!(lead, Lead::Runs(_) | Lead::Leaves(_)) || reached.classes.insert(*lead, 0).is_some() {
                continue;
            }
            let mut runs = Vec::new();
            for m in guards.run_by(*lead).iter() {
                let blocks = match (lead, guards.shapes.get(m)) {
                    (Lead::Message(_, Some(kind)), Some(shape)) if !shape.selects.is_empty() => {
                        self.charge(shape.len());
                        Some(shape.run_for(*kind))
                    }
                    _ => None,
                };
                runs.push((*m, blocks));
            }
            self.charge(runs.len());
            classes.push((*lead, runs));
            if self.is_spent() {
                return reached;
            }
        }
        for _ in 0..MAX_SWEEPS {
            let mut changed = false;
            for m in methods.iter().rev() {
                let rows = guards
                    .leads(*m)
                    .iter()
                    .fold(0, |rows, (_, lead)| rows | reached.of(*lead));
                if let Some(slot) = reached.methods.get_mut(index(m.0)) {
                    changed |= *slot != rows;
                    *slot = rows;
                }
            }
            for (lead, runs) in &classes {
                let rows = runs.iter().fold(0, |rows, (m, blocks)| {
                    rows | match (blocks, guards.shapes.get(m)) {
                        (Some(blocks), Some(shape)) => reached.within(shape, guards.leads(*m), blocks),
                        _ => reached.method(*m),
                    }
                });
                changed |= reached.classes.insert(*lead, rows) != Some(rows);
            }
            if !changed {
                break;
            }
        }
        reached
    }

    /// Counts so many blocks that were looked at.
    fn charge(&mut self, blocks: usize) {
        self.left = self
            .left
            .saturating_sub(u64::try_from(blocks).unwrap_or(u64::MAX));
    }

    /// Branches of which one side leads to a place where data leaves, and another does not.
    pub(super) fn decided_by(&mut self, guards: &Guards<'_>, methods: &[M], reached: &Reached) -> Vec<Asked> {
        let mut all = Vec::new();
        for m in methods {
            let (Some(shape), Some((dex, method))) = (guards.shapes.get(m), self.hierarchy.place(*m)) else {
                continue;
            };
            for branch in &shape.branches {
                let mut any: Rows = 0;
                let mut each = Rows::MAX;
                for to in shape.next(branch.block) {
                    self.charge(shape.len());
                    let rows = reached.within(shape, guards.leads(*m), &shape.side(branch, *to));
                    any |= rows;
                    each &= rows;
                }
                let at = At {
                    dex,
                    method,
                    pc: branch.pc,
                };
                let decided = any & !each;
                let rows = (0_u32..)
                    .zip(&guards.rows)
                    .filter(|(n, _)| decided.wrapping_shr(*n) & 1 != 0);
                all.extend(rows.map(|(_, row)| Asked {
                    row: *row,
                    questions: bits(branch.asks).collect(),
                    at,
                }));
            }
        }
        all
    }

    /// What is asked on every road to the places of each flow.
    pub(super) fn always(&mut self, guards: &Guards<'_>, methods: &[M], leaks: &mut [Leak]) {
        let mut local: FxHashMap<M, Vec<Asks>> = FxHashMap::default();
        let asking = methods.iter().filter_map(|m| Some((m, guards.shapes.get(m)?)));
        for (m, shape) in asking.filter(|(_, shape)| !shape.branches.is_empty()) {
            let sides = shape.branches.iter().map(|branch| shape.next(branch.block).len());
            self.charge(sides.sum::<usize>().saturating_mul(shape.len()));
            if self.is_spent() {
                return;
            }
            local.insert(*m, shape.asked());
        }
        let inside = |m: M, pc: u32| {
            let asked = local.get(&m).zip(guards.shapes.get(&m));
            let here = asked.and_then(|(asked, shape)| asked.get(shape.block_at(pc)));
            here.copied().unwrap_or(0)
        };
        let before = self.asked_before(guards, methods, &inside);
        for leak in leaks {
            let mut asks: Asks = 0;
            for stop in &leak.way {
                if let Some(m) = self.hierarchy.at(stop.at.dex, stop.at.method) {
                    let outer = before.get(index(m.0)).copied().unwrap_or(0);
                    asks |= outer | inside(m, stop.at.pc);
                }
            }
            leak.asks = bits(asks).collect();
        }
    }

    /// What is asked before a method runs at all, whoever calls it.
    fn asked_before(&self, guards: &Guards<'_>, methods: &[M], inside: &dyn Fn(M, u32) -> Asks) -> Vec<Asks> {
        // From here on each class stands for the methods that run.
        let mut classes: FxHashMap<Lead, Asks> = FxHashMap::default();
        let mut runs_by: Vec<(Lead, Rc<[M]>)> = Vec::new();
        let mut called = vec![false; self.hierarchy.len()];
        for (_, lead) in methods.iter().flat_map(|m| guards.leads(*m)) {
            let runs = match lead {
                Lead::Leaves(_) => continue,
                Lead::Runs(m) => Rc::from([*m]),
                other if classes.contains_key(other) => continue,
                other => {
                    let runs = guards.run_by(*other);
                    classes.insert(*other, Asks::MAX);
                    runs_by.push((*other, Rc::clone(&runs)));
                    runs
                }
            };
            for m in runs.iter() {
                if let Some(called) = called.get_mut(index(m.0)) {
                    *called = true;
                }
            }
        }
        // Whom nobody is seen to call, the system does.
        let uncalled = (0_u32..).zip(&called).filter(|(_, called)| !**called);
        let uncalled = uncalled.map(|(n, _)| M(n));
        let started = guards.lives.iter().flat_map(Life::all);
        let mut before = vec![Asks::MAX; self.hierarchy.len()];
        for m in uncalled.chain(started).chain(guards.open.iter().copied()) {
            if let Some(slot) = before.get_mut(index(m.0)) {
                *slot = 0;
            }
        }
        for _ in 0..MAX_SWEEPS {
            let mut changed = false;
            let mut less = |slot: &mut Asks, asks: Asks| {
                changed |= *slot & asks != *slot;
                *slot &= asks;
            };
            for m in methods {
                let outer = before.get(index(m.0)).copied().unwrap_or(0);
                for (pc, lead) in guards.leads(*m) {
                    let asks = outer | inside(*m, *pc);
                    match lead {
                        Lead::Leaves(_) => {}
                        Lead::Runs(to) => {
                            if let Some(slot) = before.get_mut(index(to.0)) {
                                less(slot, asks);
                            }
                        }
                        class => {
                            if let Some(slot) = classes.get_mut(class) {
                                less(slot, asks);
                            }
                        }
                    }
                }
            }
            for (class, runs) in &runs_by {
                let asks = classes.get(class).copied().unwrap_or(0);
                for m in runs.iter() {
                    if let Some(slot) = before.get_mut(index(m.0)) {
                        less(slot, asks);
                    }
                }
            }
            if !changed {
                return before;
            }
        }
        // Cut short, nothing is said.
        vec![0; before.len()]
    }
}
