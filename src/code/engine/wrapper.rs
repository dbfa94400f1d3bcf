//! Methods around what is asked for: those that return an identifier or the content of a key, and those that
//! hand a parameter to a call of interest, whose callers say what it is.

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::interp::What;
use super::super::package::index;
use super::super::platform::{Access, Model};
use super::super::table::MAX_PARAMETERS;
use super::super::value::{Atom, Val, Why};
use super::{At, Engine, Returns, Wrapper};

/// Methods that hand parameters on, and their calls, that are followed.
const MAX_WRAPPERS: usize = 4096;
/// Calls of interest of one method that its callers answer.
const MAX_INNER: usize = 64;

impl Engine<'_, '_> {
    /// Remembers a method that returns an identifier.
    pub(super) fn wraps(&mut self, dex: u16, number: u32, result: Val) {
        let alternatives = self.values.alternatives(result);
        for id in alternatives.as_slice() {
            let returns = match self.values.atom(*id) {
                Atom::Call(d, callee, arguments) => {
                    let mark = self
                        .tables
                        .get(usize::from(d))
                        .and_then(|table| table.mark(callee));
                    match mark.map(|mark| mark.member) {
                        Some(member) if member.identifier.is_some() => member.identifier.map(Returns::Row),
                        Some(member) => match member.model {
                            Some(Model::Key(store, Access::Get)) => self
                                .values
                                .argument(arguments, 0)
                                .map(|key| Returns::Key(store, key)),
                            _ => None,
                        },
                        None => None,
                    }
                }
                Atom::Field(d, field) => {
                    let table = self.tables.get(usize::from(d));
                    table
                        .and_then(|table| table.identifier_fields.get(&field))
                        .map(|row| Returns::Row(*row))
                }
                _ => None,
            };
            if let Some(returns) = returns {
                self.wrappers.push(Wrapper {
                    dex,
                    method: number,
                    returns,
                });
            }
        }
    }

    /// Callers of methods that hand a parameter to a call of interest.
    pub(super) fn callers(&mut self) {
        let mut wrapped: FxHashMap<(u16, u32), Vec<usize>> = FxHashMap::default();
        for (n, record) in self.records.iter().enumerate() {
            let asks = matches!(
                record.what,
                What::Key(..) | What::Sink(_) | What::Use(_) | What::Member(_)
            );
            if asks
                && wrapped.len() < MAX_WRAPPERS
                && self.arguments(record).iter().any(|val| self.has_parameter(*val))
            {
                let inner = wrapped.entry((record.at.dex, record.at.method)).or_default();
                if inner.len() < MAX_INNER {
                    inner.push(n);
                }
            }
        }
        if wrapped.is_empty() {
            return;
        }
        // Most callees are turned down by their name alone.
        let names: FxHashSet<&[u8]> = wrapped
            .keys()
            .filter_map(|(dex, number)| self.name(*dex, *number))
            .collect();
        for (dex, walked) in self.numbered() {
            let mut callees = vec![false; walked.number_of.len()];
            let mut asked = vec![false; walked.number_of.len()];
            let mut callers: Vec<u32> = Vec::new();
            for edge in &walked.edges {
                let at = index(edge.what);
                if let Some(asked) = asked.get_mut(at).filter(|asked| !**asked) {
                    *asked = true;
                    let file = self.package.dex(dex);
                    let name = file.and_then(|file| self.package.text(dex, file.method(edge.what)?.name));
                    let wraps = name.is_some_and(|name| names.contains(name))
                        && self
                            .target(dex, edge.what)
                            .is_some_and(|m| wrapped.contains_key(&m));
                    if let Some(slot) = callees.get_mut(at) {
                        *slot = wraps;
                    }
                }
                if callees.get(at).copied().unwrap_or(false) {
                    callers.push(edge.by);
                }
            }
            callers.dedup();
            for number in callers {
                self.caller(dex, number, &callees, &wrapped);
            }
        }
    }

    fn caller(
        &mut self,
        dex: u16,
        number: u32,
        callees: &[bool],
        wrapped: &FxHashMap<(u16, u32), Vec<usize>>,
    ) {
        if !self.interpret(dex, number, callees, u32::MAX) {
            return;
        }
        let outcome = std::mem::take(&mut self.machine.outcome);
        for record in &outcome.records {
            let What::Call(d, callee) = record.what else {
                continue;
            };
            let given = outcome.arguments(record);
            let Some(target) = self.target(d, callee) else {
                continue;
            };
            for n in wrapped.get(&target).into_iter().flatten() {
                let Some(inner) = self.records.get(*n).copied() else {
                    continue;
                };
                let mut filled = [Val::UNSET; MAX_PARAMETERS + 1];
                let arguments = self.arguments(&inner).to_vec();
                for (slot, val) in filled.iter_mut().zip(&arguments) {
                    *slot = self.values.fill(*val, &mut |values, atom| match atom {
                        Atom::Param(i) => given
                            .get(usize::from(i))
                            .copied()
                            .or_else(|| Some(values.unknown(Why::Computed))),
                        _ => None,
                    });
                }
                let at = At {
                    dex,
                    method: number,
                    pc: record.pc,
                };
                let filled = filled
                    .get(..arguments.len().min(filled.len()))
                    .unwrap_or_default();
                self.keep(at, inner.what, Some(target), filled);
            }
        }
        self.machine.outcome = outcome;
    }

    fn has_parameter(&self, val: Val) -> bool {
        self.values.any_part(val, |atom| matches!(atom, Atom::Param(_)))
    }
}
