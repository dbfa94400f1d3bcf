//! Origins of values, and the ways that they took.

use super::super::hierarchy::M;
use super::super::package::{count, index};
use super::domain::{Domain, MAX_STEPS, ObjId, Root, RootId, Step, Taint, Way, What};

/// Origins kept for one value.
const MAX_ROOTS: usize = 16;
/// Identifiers kept for one value.
const MAX_SOURCES: usize = 64;

impl<'a> Domain<'a> {
    pub(super) fn root(&mut self, root: Root) -> RootId {
        if let Some(id) = self.root_ids.get(&root) {
            return *id;
        }
        let id = RootId(count(self.roots.len()));
        self.roots.push(root);
        self.root_ids.insert(root, id);
        id
    }

    /// An origin by number.
    pub(crate) fn root_of(&self, id: RootId) -> Root {
        self.roots
            .get(index(id.0))
            .copied()
            .unwrap_or(Root::Symbol(ObjId(0)))
    }

    /// One origin.
    pub(crate) fn taint(&mut self, root: Root, way: Way) -> Taint {
        let root = self.root(root);
        Taint(self.taints.intern(&[(root, way)]))
    }

    /// Whether an identifier that was read is among the origins.
    pub(crate) fn has_source(&self, taint: Taint) -> bool {
        self.roots(taint)
            .iter()
            .any(|(root, _)| matches!(self.root_of(*root), Root::Source(..)))
    }

    /// The origins of a set with their ways.
    pub(crate) fn roots(&self, taint: Taint) -> &[(RootId, Way)] {
        self.taints.get(taint.0)
    }

    /// A step by number.
    pub(crate) fn step(&self, way: Way) -> Step {
        self.steps.get(index(way.0)).copied().unwrap_or(Step::Start)
    }

    /// A way, one step longer.
    pub(crate) fn way(&mut self, step: Step) -> Way {
        if let Some(id) = self.step_ids.get(&step) {
            return *id;
        }
        if self.steps.len() >= MAX_STEPS {
            return Way::START;
        }
        let id = Way(count(self.steps.len()));
        self.steps.push(step);
        self.step_ids.insert(step, id);
        id
    }

    /// Every origin of a set with one more step.
    pub(crate) fn stepped(&mut self, taint: Taint, m: M, pc: u32, what: What) -> Taint {
        if taint == Taint::NONE {
            return taint;
        }
        let mut all = self.roots(taint).to_vec();
        self.charge(all.len());
        for (_, way) in &mut all {
            // Twice the same in a row, round a loop, says no more than once.
            if !matches!(self.step(*way), Step::At(_, at, p, w) if (at, p, w) == (m, pc, what)) {
                *way = self.way(Step::At(*way, m, pc, what));
            }
        }
        Taint(self.taints.intern(&all))
    }

    /// Only those origins for which `keep` holds.
    pub(crate) fn filtered(&mut self, taint: Taint, keep: impl Fn(Root) -> bool) -> Taint {
        let all: Vec<(RootId, Way)> = self
            .roots(taint)
            .iter()
            .copied()
            .filter(|(root, _)| keep(self.root_of(*root)))
            .collect();
        Taint(self.taints.intern(&all))
    }

    /// A set of origins from a list.
    pub(crate) fn collect(&mut self, mut roots: Vec<(RootId, Way)>) -> Taint {
        self.charge(roots.len());
        // Of two ways of one origin the first in the list counts.
        roots.sort_by_key(|(root, _)| *root);
        roots.dedup_by_key(|(root, _)| *root);
        self.trim(&mut roots);
        Taint(self.taints.intern(&roots))
    }

    /// Leaves out what is too much: symbols, not identifiers.
    pub(super) fn trim(&self, roots: &mut Vec<(RootId, Way)>) {
        let mut over = roots.len().saturating_sub(MAX_ROOTS);
        if over > 0 {
            roots.retain(|(root, _)| {
                let drop = over > 0 && !matches!(self.root_of(*root), Root::Source(..));
                over = over.saturating_sub(usize::from(drop));
                !drop
            });
            roots.truncate(MAX_SOURCES);
        }
    }

    /// Both; of an origin in both, the first one's way.
    pub(crate) fn mix(&mut self, a: Taint, b: Taint) -> Taint {
        if a == b || b == Taint::NONE {
            return a;
        }
        if a == Taint::NONE {
            return b;
        }
        if let Some(joined) = self.taint_joins.get(&(a, b)) {
            return *joined;
        }
        let mut all = self.roots(a).to_vec();
        self.charge(all.len());
        let before = all.len();
        for (root, way) in self.roots(b) {
            if all.iter().take(before).all(|(known, _)| known != root) {
                all.push((*root, *way));
            }
        }
        self.trim(&mut all);
        all.sort_unstable();
        let joined = Taint(self.taints.intern(&all));
        self.taint_joins.insert((a, b), joined);
        joined
    }
}
