//! Which methods are looked at, and in which order: those that are called before those that call.

use rustc_hash::FxHashSet;

use super::super::hierarchy::{M, Type};
use super::super::package::index;
use super::reflect::descriptor;
use super::trace::Tracer;
use crate::artifact::dex::{Dex, Insn};
use crate::rule::model::{Member, Model};
use crate::rule::{Cell, Place, Spot};

/// Times over all calls, for objects that are made in what was found last.
const MAX_SCANS: u32 = 8;

/// What a method has to do with others.
pub(super) struct Seen {
    pub(super) m: M,
    /// Calls by opcode and method index.
    calls: Vec<(u8, u32)>,
    /// Classes that it knows by their names: reflection may call any method of them.
    named: Vec<Type>,
    /// Classes that it makes objects of.
    pub(super) made: Vec<Type>,
    /// Initialisers of classes that may run first here.
    first: Vec<M>,
    /// Fields by the number of their name.
    pub(super) reads: Vec<u32>,
    pub(super) writes: Vec<u32>,
}

/// Longest name of a class that is looked for in a text.
const MAX_NAME: usize = 256;
impl<'a> Tracer<'a, '_> {
    /// All methods that may run, and groups of those that may matter and call each other, from those that call nobody
    /// on.
    pub(super) fn groups(&mut self, entries: &[M]) -> (Vec<M>, Vec<Vec<M>>) {
        let (mut edges, seen) = self.edges(entries);
        self.set_aside(&edges, &seen, entries);
        for targets in edges.iter_mut().flatten() {
            targets.retain(|m| !self.is_aside(*m));
        }
        let methods = (0_u32..).zip(&edges).filter(|(_, edges)| edges.is_some());
        let methods = methods.map(|(n, _)| M(n)).collect();
        (methods, components(entries, &edges))
    }

    /// All methods that these may reach, with those that each calls. Which classes have objects is found
    /// on the way, so once more is looked at what was found with fewer.
    pub(super) fn edges(&mut self, entries: &[M]) -> (Vec<Option<Vec<M>>>, Vec<Seen>) {
        let mut edges: Vec<Option<Vec<M>>> = vec![None; self.hierarchy.len()];
        let mut waiting: Vec<M> = entries.to_vec();
        let mut known: FxHashSet<M> = waiting.iter().copied().collect();
        let mut open: Vec<Seen> = Vec::new();
        let mut scans = 0_u32;
        while !waiting.is_empty() && scans < MAX_SCANS {
            scans = scans.saturating_add(1);
            while let Some(m) = waiting.pop() {
                open.push(self.seen(m));
                let Some(seen) = open.last() else { continue };
                self.made.extend(seen.made.iter().copied());
                let targets = self.call_targets(seen);
                for target in &targets {
                    if known.insert(*target) {
                        waiting.push(*target);
                    }
                }
                if let Some(slot) = edges.get_mut(index(m.0)) {
                    *slot = Some(targets);
                }
            }
            // Objects made later may be reached by calls seen before.
            for seen in &open {
                let targets = self.call_targets(seen);
                for target in &targets {
                    if known.insert(*target) {
                        waiting.push(*target);
                    }
                }
                if let Some(slot) = edges.get_mut(index(seen.m.0)) {
                    *slot = Some(targets);
                }
            }
        }
        self.cut |= !waiting.is_empty();
        (edges, open)
    }

    /// What a method has to do with others.
    fn seen(&mut self, m: M) -> Seen {
        let mut all = Seen {
            m,
            calls: Vec::new(),
            named: Vec::new(),
            made: Vec::new(),
            first: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
        };
        let Some((dex_no, number)) = self.hierarchy.place(m) else {
            return all;
        };
        let Some(dex) = self.package.dex(dex_no).copied() else {
            return all;
        };
        let method = self
            .walked
            .get(usize::from(dex_no))
            .and_then(|w| w.method(number));
        let Some(code) = method.and_then(|method| dex.code(method.code_off).ok()) else {
            return all;
        };
        let pair = |insn: &Insn<'_>| Some((u8::try_from(insn.op.0).ok()?, insn.index()?));
        for insn in code.insns() {
            if let Some(class) = self.uses(dex_no, &insn) {
                all.first.extend(self.telling(class));
            }
            match insn.op.0 {
                0x22 => all
                    .made
                    .push(self.hierarchy.type_at(dex_no, insn.index().unwrap_or_default())),
                0x6e..=0x72 | 0x74..=0x78 => all.calls.extend(pair(&insn)),
                0x52..=0x58 | 0x60..=0x66 => all.reads.extend(self.field_name(dex_no, &dex, &insn)),
                0x59..=0x5f | 0x67..=0x6d => all.writes.extend(self.field_name(dex_no, &dex, &insn)),
                // A class that is known by its name may be made by its name.
                0x1a | 0x1b => {
                    let text = insn.string().and_then(|at| self.package.text(dex_no, at));
                    let named = text.and_then(|text| self.spelt(text));
                    all.named.extend(named);
                    all.made.extend(named);
                }
                _ => {}
            }
        }
        all.calls.sort_unstable();
        all.calls.dedup();
        // Who looks up members may do so in its own class.
        let table = self.tables.get(usize::from(dex_no));
        let looks_up = |(_, method): &(u8, u32)| {
            let model = table.and_then(|table| table.mark(*method)?.member.model);
            matches!(model, Some(Model::Member(Member::Method)))
        };
        if all.calls.iter().any(looks_up) {
            all.named.push(self.hierarchy.owner(m).0);
        }
        let world = self.domain.text(b"@world");
        // What another part of the app left may come with an intent, or with a message, and be left in one.
        let given = self.parameters(m);
        if given.iter().any(|(type_, _)| {
            self.interest
                .rules()
                .lifecycles
                .carries(self.hierarchy.name(*type_))
        }) {
            all.reads.push(world);
            all.writes.push(world);
        }
        for n in 0..all.calls.len() {
            let Some((_, method)) = all.calls.get(n).copied() else {
                break;
            };
            let Some(callee) = self.callee(dex_no, method) else {
                continue;
            };
            let shares = |place: &Place| place.spot == Spot::World || matches!(place.cell, Cell::Named(_));
            for flow in callee.flows.iter().flatten() {
                if shares(&flow.from) {
                    all.reads.push(world);
                }
                if shares(&flow.to) {
                    all.writes.push(world);
                }
            }
        }
        all
    }

    /// The number of a field's name.
    fn field_name(&mut self, dex_no: u16, dex: &Dex<'a>, insn: &Insn<'a>) -> Option<u32> {
        let id = dex.field(insn.index()?)?;
        let name = self.package.text(dex_no, id.name)?;
        Some(self.domain.text(name))
    }

    /// The class of the package that a text names.
    fn spelt(&self, text: &[u8]) -> Option<Type> {
        if !text.contains(&b'.') || text.len() > MAX_NAME || text.contains(&b' ') {
            return None;
        }
        self.hierarchy
            .named(&descriptor(text))
            .filter(|type_| self.hierarchy.is_inside(*type_))
    }

    fn call_targets(&self, seen: &Seen) -> Vec<M> {
        let m = seen.m;
        let Some((dex_no, _)) = self.hierarchy.place(m) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        all.extend(&seen.first);
        for named in &seen.named {
            all.extend(self.hierarchy.methods(*named).iter().map(|(_, m)| *m));
        }
        for (op, method) in &seen.calls {
            let Some(id) = self.package.dex(dex_no).and_then(|dex| dex.method(*method)) else {
                continue;
            };
            let class = self.hierarchy.type_at(dex_no, id.class);
            let selector = self.hierarchy.selector(dex_no, *method);
            match op {
                0x71 | 0x77 | 0x70 | 0x76 => all.extend(self.hierarchy.resolve(class, selector)),
                0x6f | 0x75 => {
                    let above = self.hierarchy.superclass(self.hierarchy.owner(m).0);
                    all.extend(above.and_then(|above| self.hierarchy.resolve(above, selector)));
                }
                _ => all.extend(self.hierarchy.targets(class, selector, &self.made)),
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Strongly connected components, in the order in which Tarjan's algorithm finds them: what is called
/// comes first. With a stack of our own.
pub(super) fn components(entries: &[M], edges: &[Option<Vec<M>>]) -> Vec<Vec<M>> {
    const UNSEEN: u32 = u32::MAX;
    let mut order = vec![UNSEEN; edges.len()];
    let mut low = vec![UNSEEN; edges.len()];
    let mut on_stack = vec![false; edges.len()];
    let mut stack: Vec<M> = Vec::new();
    let mut all = Vec::new();
    let mut next = 0_u32;
    let mut work: Vec<(M, u32)> = Vec::new();
    let get = |list: &[u32], m: M| list.get(index(m.0)).copied().unwrap_or(UNSEEN);
    for entry in entries {
        if get(&order, *entry) != UNSEEN {
            continue;
        }
        work.push((*entry, 0));
        while let Some((m, at)) = work.pop() {
            let i = index(m.0);
            if at == 0 {
                if let (Some(order), Some(low), Some(on)) =
                    (order.get_mut(i), low.get_mut(i), on_stack.get_mut(i))
                {
                    *order = next;
                    *low = next;
                    *on = true;
                }
                next = next.saturating_add(1);
                stack.push(m);
            }
            let callees = edges.get(i).and_then(Option::as_deref).unwrap_or_default();
            if let Some(last) = at.checked_sub(1).and_then(|last| callees.get(index(last))) {
                let below = get(&low, *last);
                if let Some(low) = low.get_mut(i) {
                    *low = (*low).min(below);
                }
            }
            let mut down = None;
            let mut n = at;
            while let Some(callee) = callees.get(index(n)) {
                n = n.saturating_add(1);
                let seen = get(&order, *callee);
                if seen == UNSEEN {
                    down = Some(*callee);
                    break;
                }
                if on_stack.get(index(callee.0)).copied().unwrap_or(false)
                    && let Some(low) = low.get_mut(i)
                {
                    *low = (*low).min(seen);
                }
            }
            if let Some(callee) = down {
                work.push((m, n));
                work.push((callee, 0));
                continue;
            }
            if get(&low, m) == get(&order, m) {
                let mut group = Vec::new();
                while let Some(top) = stack.pop() {
                    if let Some(on) = on_stack.get_mut(index(top.0)) {
                        *on = false;
                    }
                    if let Some(low) = low.get_mut(index(top.0)) {
                        *low = UNSEEN;
                    }
                    group.push(top);
                    if top == m {
                        break;
                    }
                }
                group.sort_unstable();
                all.push(group);
            }
        }
    }
    all
}
