//! What a user types: views of a layout that code finds by their resource id.

use rustc_hash::FxHashMap;

use super::super::hierarchy::{M, Type};
use super::super::interest::Interest;
use super::Field;
use super::call::Call;
use super::domain::{Key, Objs, V};
use super::run::{Frame, Here};
use super::trace::Tracer;

/// Rows by resource id, of the fields that the signatures know.
pub(super) fn rows(fields: &[Field], interest: &Interest<'_>) -> FxHashMap<i64, u16> {
    let mut all = FxHashMap::default();
    for field in fields {
        let row = interest.rules().identifiers.input(field.input);
        if let Some(row) = row.and_then(|row| interest.number_of(row)) {
            // As code has it: 32 bits with a sign.
            all.insert(i64::from(field.id.cast_signed()), row);
        }
    }
    all
}

impl<'a> Tracer<'a, '_> {
    /// A view that is found holds what is typed into it.
    pub(super) fn typed(
        &mut self,
        here: &Here<'a>,
        frame: &mut Frame,
        call: &Call<'_>,
        args: &[V],
        result: V,
    ) {
        let finds = |name: &[u8]| self.interest.rules().lifecycles.is_finder(name);
        if self.typed.is_empty() || result.objs == Objs::NONE || !finds(&call.callee.name) {
            return;
        }
        let given = args.iter().rev();
        let ids = given.filter_map(|v| self.domain.values.single_int(v.val));
        let Some(row) = ids.filter_map(|id| self.typed.get(&id).copied()).next() else {
            return;
        };
        let text = V {
            objs: Objs::NONE,
            ..self.source(here, call.pc, row, Type::UNKNOWN)
        };
        self.domain
            .write(&mut frame.heap, result.objs, Key::Typed, text, true);
    }

    /// Methods that know such a view by its id.
    pub(super) fn finding(&self) -> Vec<M> {
        let mut all = Vec::new();
        if self.typed.is_empty() {
            return all;
        }
        for (dex_no, walked) in (0_u16..).zip(self.walked) {
            let Some(dex) = self.package.dex(dex_no) else {
                continue;
            };
            for (number, method) in (0_u32..).zip(&walked.methods) {
                let Ok(code) = dex.code(method.code_off) else {
                    continue;
                };
                let knows = code.insns().any(|insn| {
                    // const, const/high16
                    matches!(insn.op.0, 0x14 | 0x15)
                        && insn.literal().is_some_and(|id| self.typed.contains_key(&id))
                });
                if knows {
                    all.extend(self.hierarchy.at(dex_no, number));
                }
            }
        }
        all
    }
}
