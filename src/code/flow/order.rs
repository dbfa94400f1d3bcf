//! Which methods are looked at, and in which order: those that are called before those that call.

use rustc_hash::FxHashSet;

use super::super::hierarchy::{M, Type};
use super::super::package::{count, index};
use super::trace::Tracer;
use crate::artifact::dex::Insn;

impl<'a> Tracer<'a, '_> {
    /// Groups of methods that call each other, from those that call nobody on.
    pub(super) fn groups(&mut self, entries: &[M]) -> Vec<Vec<M>> {
        let edges = self.edges(entries);
        components(entries, &edges)
    }

    /// All methods that these may reach, with those that each calls. Which classes have objects is found
    /// on the way, so once more is looked at what was found with fewer.
    fn edges(&mut self, entries: &[M]) -> Vec<Option<Vec<M>>> {
        let mut edges: Vec<Option<Vec<M>>> = vec![None; self.hierarchy.len()];
        let mut waiting: Vec<M> = entries.to_vec();
        let mut known: FxHashSet<M> = waiting.iter().copied().collect();
        let mut open: Vec<(M, Vec<(u8, u32)>)> = Vec::new();
        let mut fresh: Vec<Type> = Vec::new();
        while !waiting.is_empty() {
            while let Some(m) = waiting.pop() {
                let calls = self.calls(m, &mut fresh);
                for type_ in fresh.drain(..) {
                    self.made.insert(type_);
                }
                open.push((m, calls));
                let Some((_, calls)) = open.last() else { continue };
                let targets = self.call_targets(m, calls);
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
            for (m, calls) in &open {
                let targets = self.call_targets(*m, calls);
                for target in &targets {
                    if known.insert(*target) {
                        waiting.push(*target);
                    }
                }
                if let Some(slot) = edges.get_mut(index(m.0)) {
                    *slot = Some(targets);
                }
            }
        }
        edges
    }

    /// The calls of a method by opcode and index, and the classes that it makes objects of.
    fn calls(&self, m: M, made: &mut Vec<Type>) -> Vec<(u8, u32)> {
        let mut all = Vec::new();
        let Some((dex_no, number)) = self.hierarchy.place(m) else {
            return all;
        };
        let Some(dex) = self.package.dex(dex_no) else {
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
            match insn.op.0 {
                0x22 => made.push(self.hierarchy.type_at(dex_no, insn.index().unwrap_or_default())),
                0x6e..=0x72 | 0x74..=0x78 => all.extend(pair(&insn)),
                _ => {}
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    fn call_targets(&self, m: M, calls: &[(u8, u32)]) -> Vec<M> {
        let Some((dex_no, _)) = self.hierarchy.place(m) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for (op, method) in calls {
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
fn components(entries: &[M], edges: &[Option<Vec<M>>]) -> Vec<Vec<M>> {
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
    let _ = count(all.len());
    all
}
