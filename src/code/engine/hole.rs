//! Holes filled from other methods: a field by what it holds, a call by what the method returns. What a field
//! holds is in `field.rs`.

use super::super::package::index;
use super::super::table::method;
use super::super::value::{Atom, AtomId, Val, Why, is_hole};
use super::{Engine, Returns, Wrapper};

/// How far a hole is followed: a field that is set from a getter that reads a field.
const MAX_DEPTH: u32 = 3;
/// Code units of a method whose result is worth a look: getters and small helpers.
const MAX_SUMMARY: u32 = 256;

impl Engine<'_, '_> {
    /// Fills the holes of all records.
    pub(super) fn resolve_all(&mut self) {
        for n in 0..self.arguments.len() {
            let Some(val) = self.arguments.get(n).copied() else {
                break;
            };
            let resolved = self.resolve(val, 0);
            if let Some(slot) = self.arguments.get_mut(n) {
                *slot = resolved;
            }
        }
        for n in 0..self.wrappers.len() {
            let Some(Wrapper {
                returns: Returns::Key(store, key),
                ..
            }) = self.wrappers.get(n).copied()
            else {
                continue;
            };
            let resolved = self.resolve(key, 0);
            if let Some(wrapper) = self.wrappers.get_mut(n) {
                wrapper.returns = Returns::Key(store, resolved);
            }
        }
    }

    /// Replaces fields and results of the package's own by what they hold, where that is known.
    pub(super) fn resolve(&mut self, val: Val, depth: u32) -> Val {
        if depth > MAX_DEPTH || !self.values.any_part(val, is_hole) {
            return val;
        }
        let mut known: Vec<(Atom, Val)> = Vec::new();
        for atom in self.values.holes(val) {
            let better = match atom {
                Atom::Field(dex, field) => self.field(dex, field, depth),
                Atom::FieldElement(dex, field, i) => self
                    .field(dex, field, depth)
                    .map(|array| self.values.element_at(array, i))
                    .filter(|val| !self.values.is_unknown(*val)),
                Atom::Call(dex, callee, arguments) => self.result(dex, callee, arguments, depth),
                _ => None,
            };
            known.extend(better.map(|better| (atom, better)));
        }
        if known.is_empty() {
            return val;
        }
        self.values.fill(val, &mut |_, atom| {
            known.iter().find(|(hole, _)| *hole == atom).map(|(_, val)| *val)
        })
    }

    /// What a call of an own method returns, parameters filled in.
    fn result(&mut self, dex: u16, callee: u32, arguments: AtomId, depth: u32) -> Option<Val> {
        let bits = self
            .tables
            .get(usize::from(dex))?
            .methods
            .get(index(callee))
            .copied()?;
        if bits & method::OWN == 0 || bits & method::VALUE == 0 {
            return None;
        }
        if let Some(computed) = self.computed(dex, callee, arguments, depth) {
            return Some(computed);
        }
        let (dex, number) = self.target(dex, callee)?;
        if !self.is_final(dex, number) {
            return None;
        }
        let summary = match self.summaries.get(&(dex, number)) {
            Some(known) => *known,
            None => {
                // A method that is being looked at already is a circle.
                self.summaries.insert((dex, number), None);
                let result = self
                    .interpret(dex, number, &[], MAX_SUMMARY)
                    .then_some(self.machine.outcome.result)
                    .flatten();
                let result = result.map(|result| self.resolve(result, depth.saturating_add(1)));
                self.summaries.insert((dex, number), result);
                result
            }
        }?;
        if self.values.is_unknown(summary) {
            return None;
        }
        let filled = self.values.fill(summary, &mut |values, atom| match atom {
            Atom::Param(i) => values
                .argument(arguments, usize::from(i))
                .or_else(|| Some(values.unknown(Why::Computed))),
            _ => None,
        });
        Some(filled)
    }

    /// What a method computes of its arguments, where they turn out to be constants.
    fn computed(&mut self, dex: u16, callee: u32, arguments: AtomId, depth: u32) -> Option<Val> {
        let wide = self.machine.executor.wide_parameters(dex, callee)?;
        let is_static = self.machine.executor.is_static(dex, callee)?;
        let mut register = usize::from(!is_static);
        let mut vals = Vec::with_capacity(wide.len());
        for is_wide in wide {
            let val = self.values.argument(arguments, register)?;
            vals.push(self.resolve(val, depth.saturating_add(1)));
            register = register.saturating_add(if is_wide { 2 } else { 1 });
        }
        self.machine.executor.call(&mut self.values, dex, callee, &vals)
    }
}
