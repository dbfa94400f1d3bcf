//! Initialisers of classes that change more than their own class: they run where the class is used first, in the
//! middle of a method. All others may as well have run before.

use super::super::hierarchy::{M, Type};
use super::run::{Frame, Here};
use super::trace::Tracer;
use crate::artifact::dex::Insn;

impl<'a> Tracer<'a, '_> {
    /// The class that an instruction may be the first to use.
    pub(super) fn uses(&self, dex_no: u16, insn: &Insn<'a>) -> Option<Type> {
        let dex = self.package.dex(dex_no)?;
        let class = match insn.op.0 {
            // new-instance
            0x22 => insn.index()?,
            // invoke-static
            0x71 | 0x77 => dex.method(insn.index()?)?.class,
            // sget*, sput*
            0x60..=0x6d => dex.field(insn.index()?)?.class,
            _ => return None,
        };
        Some(self.hierarchy.type_at(dex_no, class))
    }

    /// The initialiser of a class, if it changes more than the class itself.
    pub(super) fn telling(&mut self, class: Type) -> Option<M> {
        if let Some(known) = self.initialisers.get(&class) {
            return *known;
        }
        let m = self.initialiser(class).filter(|m| self.reaches_out(*m, class));
        self.initialisers.insert(class, m);
        m
    }

    /// Whether a method writes fields of objects, or of other classes.
    fn reaches_out(&self, m: M, class: Type) -> bool {
        let Some((dex_no, number)) = self.hierarchy.place(m) else {
            return false;
        };
        let walked = self.walked.get(usize::from(dex_no));
        let method = walked.and_then(|walked| walked.method(number));
        let dex = self.package.dex(dex_no);
        let Some(code) = dex
            .zip(method)
            .and_then(|(dex, method)| dex.code(method.code_off).ok())
        else {
            return false;
        };
        code.insns().any(|insn| match insn.op.0 {
            // iput*
            0x59..=0x5f => true,
            // sput*
            0x67..=0x6d => self.uses(dex_no, &insn).is_some_and(|other| other != class),
            _ => false,
        })
    }

    /// Runs the initialiser of the class that an instruction uses, or not: it may have run before.
    pub(super) fn first_use(&mut self, here: &mut Here<'a>, frame: &mut Frame, insn: &Insn<'a>) {
        let Some(class) = self.uses(here.dex_no, insn).filter(|class| *class != here.class) else {
            return;
        };
        if let Some(m) = self.telling(class).filter(|m| !self.is_aside(*m)) {
            let before = frame.heap.clone();
            self.own(here, frame, insn.pc, &[m], &[]);
            self.domain.meet(&mut frame.heap, &before);
        }
    }
}
