//! Calls: of the package's own methods, which are run, and of all others.

use super::super::package::{NONE, index};
use super::super::resolve;
use super::super::table::method;
use super::heap::{Object, Slot};
use super::step::Frame;
use super::{Executor, Stop};
use crate::artifact::dex::Insn;

impl<'a> Executor<'a, '_> {
    /// A call, and what it returns.
    pub(super) fn invoke(&mut self, frame: &Frame<'a>, insn: &Insn<'a>) -> Result<Slot, Stop> {
        let callee = insn.index().ok_or(Stop::Unknown)?;
        let slots: Vec<Slot> = insn.registers().iter().map(|r| frame.get(r)).collect();
        let is_static = matches!(insn.op.0, 0x71 | 0x77);
        if !is_static && slots.first() == Some(&Slot::Int(0)) {
            return Err(Stop::Unknown);
        }
        let tables = self.tables;
        let table = tables.get(usize::from(frame.dex_no)).ok_or(Stop::Unknown)?;
        let bits = table.methods.get(index(callee)).copied().unwrap_or_default();
        if bits & method::OWN != 0 {
            // invoke-virtual, invoke-interface
            let on_object = matches!(insn.op.0, 0x6e | 0x72 | 0x74 | 0x78);
            let receiver = slots.first().copied().filter(|_| on_object);
            if let Some(target) = self.own(frame.dex_no, callee, receiver) {
                return self.run(target, &slots, frame.depth.saturating_add(1));
            }
        }
        let result = match table.mark(callee).copied() {
            Some(mark) => match mark.member.model {
                Some(model) => self.platform(model, mark.shape, is_static, &slots)?,
                None => None,
            },
            None => self.cloned(frame, callee, &slots)?,
        };
        match result {
            Some(slot) => Ok(slot),
            None => {
                self.heap.forget(&slots)?;
                Ok(Slot::Unknown)
            }
        }
    }

    /// The method with code that a call reaches: that of the object, where it is known, or else the only one.
    fn own(&mut self, dex_no: u16, callee: u32, receiver: Option<Slot>) -> Option<(u16, u32)> {
        match receiver.map(|slot| self.heap.get(slot)) {
            Some(Some(Object::Instance(class, _))) => {
                let class = *class;
                self.target(dex_no, callee, class)
            }
            Some(_) => {
                let (dex, number) = self.target(dex_no, callee, NONE)?;
                resolve::is_final(self.package, self.walked, dex, number).then_some((dex, number))
            }
            None => self.target(dex_no, callee, NONE),
        }
    }

    /// The method that objects of a class run, by its number; [`NONE`]: the class that the call names.
    pub(super) fn target(&mut self, dex_no: u16, callee: u32, class: u32) -> Option<(u16, u32)> {
        if class == NONE
            && let Some(found) = resolve::direct(self.walked, dex_no, callee)
        {
            return Some(found);
        }
        if let Some(known) = self.targets.get(&(dex_no, callee, class)) {
            return *known;
        }
        let from = match self.package.class(class) {
            Some(class) => Some((class.dex, class.def.class)),
            None => self
                .package
                .dex(dex_no)
                .and_then(|dex| dex.method(callee))
                .map(|id| (dex_no, id.class)),
        };
        let mut cost = 0;
        let found =
            from.and_then(|from| resolve::search(self.package, self.walked, from, dex_no, callee, &mut cost));
        self.left = self.left.saturating_sub(cost);
        self.targets.insert((dex_no, callee, class), found);
        found
    }

    /// `clone` of an array.
    fn cloned(&mut self, frame: &Frame<'a>, callee: u32, slots: &[Slot]) -> Result<Option<Slot>, Stop> {
        let id = frame.dex.method(callee).ok_or(Stop::Unknown)?;
        let array = self.package.type_name(frame.dex_no, id.class).unwrap_or_default();
        if !array.starts_with(b"[") || self.package.text(frame.dex_no, id.name) != Some(b"clone") {
            return Ok(None);
        }
        let object = slots.first().and_then(|slot| self.heap.get(*slot));
        match object {
            Some(object @ (Object::Numbers(..) | Object::Refs(_))) => {
                let object = object.clone();
                self.heap.allocate(object).map(Some)
            }
            _ => Ok(None),
        }
    }
}
