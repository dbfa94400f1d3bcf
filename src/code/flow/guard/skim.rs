//! A first look at a method, without its registers: where it leads, and whether it has to do with what is asked.

use std::rc::Rc;

use super::super::super::hierarchy::{M, Type};
use super::super::call::Callee;
use super::super::domain::Key;
use super::super::trace::Tracer;
use super::Guards;
use super::lead::Lead;
use crate::artifact::dex::Insn;
use crate::rule::SinkKind;

impl<'a> Tracer<'a, '_> {
    /// Looks at a method. Most have nothing to do with what is asked: of these it is all.
    pub(super) fn skim(&mut self, guards: &mut Guards<'_>, m: M) {
        let Some((dex_no, code)) = self.code_of(m) else {
            return;
        };
        let mut leads: Vec<(u32, Lead)> = Vec::new();
        let mut wanted = false;
        for insn in code.insns() {
            self.left = self.left.saturating_sub(1);
            match insn.op.0 {
                // const-class
                0x1c => leads.extend(self.started(guards, dex_no, &insn)),
                // new-instance
                0x22 => {
                    let class = self.hierarchy.type_at(dex_no, insn.index().unwrap_or_default());
                    if self.hierarchy.is_inside(class) {
                        let (runs, handler) = self.called_back(guards, class);
                        wanted |= !runs.is_empty();
                        if !runs.is_empty() && !handler {
                            leads.push((insn.pc, Lead::Calls(class)));
                        }
                    }
                }
                // iget*, sget*
                0x52..=0x58 | 0x60..=0x66 => {
                    let (class, key) = self.key_of(dex_no, &insn);
                    wanted |= self.is_kind(class, key);
                    let readers = guards.readers.entry((class, key)).or_default();
                    if readers.last() != Some(&m) {
                        readers.push(m);
                    }
                }
                // invoke-*
                0x6e..=0x72 | 0x74..=0x78 => {
                    let Some(callee) = insn.index().and_then(|method| self.callee(dex_no, method)) else {
                        continue;
                    };
                    wanted |= self.question(guards, m, &callee, insn.pc) != 0;
                    let leaves = self.leaves(guards, &callee);
                    leads.extend(leaves.into_iter().map(|lead| (insn.pc, lead)));
                    for to in self.may_run(guards, m, dex_no, &insn, &callee).iter() {
                        leads.push((insn.pc, Lead::Runs(*to)));
                        let callers = guards.callers.entry(*to).or_default();
                        if callers.last() != Some(&m) {
                            callers.push(m);
                        }
                    }
                }
                _ => {}
            }
        }
        guards.size = guards.size.saturating_add(leads.len());
        if !leads.is_empty() {
            guards.leads.insert(m, leads);
        }
        if wanted {
            guards.want(m);
        }
    }

    /// Where the class of a component leads: it may be started by it.
    pub(super) fn started(&self, guards: &Guards<'_>, dex_no: u16, insn: &Insn<'a>) -> Option<(u32, Lead)> {
        let class = self.hierarchy.type_at(dex_no, insn.index().unwrap_or_default());
        let is_component = guards.lives.iter().any(|life| life.class == class);
        is_component.then_some((insn.pc, Lead::Starts(class)))
    }

    /// A field, by class and name.
    pub(super) fn key_of(&mut self, dex_no: u16, insn: &Insn<'a>) -> (Type, Key) {
        let dex = self.package.dex(dex_no);
        let Some(id) = insn.index().zip(dex).and_then(|(i, dex)| dex.field(i)) else {
            return (Type::UNKNOWN, Key::Any);
        };
        let name = self.package.text(dex_no, id.name).unwrap_or_default();
        let key = Key::Field(self.domain.text(name));
        (self.hierarchy.type_at(dex_no, id.class), key)
    }

    /// Whether a field holds the kind of a message.
    pub(super) fn is_kind(&self, class: Type, key: Key) -> bool {
        let Key::Field(name) = key else { return false };
        let lifecycles = &self.interest.rules().lifecycles;
        !self.hierarchy.is_inside(class)
            && lifecycles.is_kind(self.hierarchy.name(class), self.domain.text_of(name))
    }

    /// What the system calls of objects of a class, and whether they handle messages.
    pub(super) fn called_back(&self, guards: &mut Guards<'_>, class: Type) -> (Rc<[M]>, bool) {
        if let Some((runs, handler)) = guards.callbacks.get(&class) {
            return (Rc::clone(runs), *handler);
        }
        let lifecycles = &self.interest.rules().lifecycles;
        let above = self.hierarchy.ancestors(class);
        let handler = above
            .iter()
            .any(|type_| lifecycles.is_handler(self.hierarchy.name(*type_)));
        let runs: Rc<[M]> = self.callbacks(class).into();
        guards.callbacks.insert(class, (Rc::clone(&runs), handler));
        (runs, handler)
    }

    /// By which rows data leaves at a call.
    pub(super) fn leaves(&self, guards: &mut Guards<'_>, callee: &Callee) -> Vec<Lead> {
        let own = callee.mark.and_then(|mark| mark.member.sink);
        let offered = callee.offer.iter().flat_map(super::super::surface::Offer::rows);
        let rows = own.into_iter().chain(offered).filter(|row| {
            let sink = self.interest.sink(*row);
            sink.is_some_and(|sink| sink.kind == SinkKind::Sink && self.channels.contains(&&*sink.channel))
        });
        rows.filter_map(|row| guards.row(row)).map(Lead::Leaves).collect()
    }

    /// The package's own methods that a call may run.
    pub(super) fn may_run(
        &mut self,
        guards: &mut Guards<'_>,
        m: M,
        dex_no: u16,
        insn: &Insn<'a>,
        callee: &Callee,
    ) -> Rc<[M]> {
        let selector = callee.selector;
        match insn.op.0 {
            // invoke-direct, invoke-static
            0x70 | 0x71 | 0x76 | 0x77 => self
                .hierarchy
                .resolve(callee.class, selector)
                .into_iter()
                .collect(),
            // invoke-super
            0x6f | 0x75 => {
                let above = self.hierarchy.superclass(self.hierarchy.owner(m).0);
                let m = above.and_then(|above| self.hierarchy.resolve(above, selector));
                m.into_iter().collect()
            }
            _ => {
                let key = (dex_no, insn.index().unwrap_or(u32::MAX));
                if let Some(known) = guards.targets.get(&key) {
                    return Rc::clone(known);
                }
                let targets = self.declared_targets(callee.class, selector).to_vec();
                if targets.is_empty() {
                    let below = self.hierarchy.subtypes(callee.class);
                    let open = below
                        .iter()
                        .filter_map(|class| self.hierarchy.resolve(*class, selector));
                    guards.open.extend(open);
                }
                let targets: Rc<[M]> = targets.into();
                guards.targets.insert(key, Rc::clone(&targets));
                targets
            }
        }
    }
}
