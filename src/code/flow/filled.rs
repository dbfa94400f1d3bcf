//! Arrays that are filled from the file: what a text made of one is, as long as one method alone has it.
//!
//! The registers of the array have its bytes beside the object, until an element is set, or somebody else is given it.

use super::super::value::{Atom, MAX_MADE, Val, Why};
use super::domain::{Objs, V};
use super::run::Frame;
use super::trace::Tracer;
use crate::rule::model::Model;

impl Tracer<'_, '_> {
    /// An array of elements of `width` bytes is filled.
    pub(super) fn fill_data(&mut self, frame: &mut Frame, array: V, width: u16, data: &[u8]) {
        let val = match u8::try_from(width) {
            Ok(width) if data.len() <= MAX_MADE => self.domain.values.data(data, width),
            _ => self.domain.values.unknown(Why::Element),
        };
        let [_] = self.domain.objs(array.objs) else {
            return;
        };
        set_all(frame, array.objs, val);
    }

    /// Whoever is given arrays may change them.
    pub(super) fn given_away(&mut self, frame: &mut Frame, model: Option<Model>, args: &[V]) {
        if !matches!(model, Some(Model::Wrap | Model::ValueOf)) {
            for arg in args {
                self.changed(frame, *arg);
            }
        }
    }

    /// An array is changed, or may be.
    pub(super) fn changed(&mut self, frame: &mut Frame, array: V) {
        if self.is_filled(array) {
            let val = self.domain.values.unknown(Why::Element);
            set_all(frame, array.objs, val);
        }
    }

    /// Whether a register has the bytes of an array.
    pub(super) fn is_filled(&self, v: V) -> bool {
        let values = &self.domain.values;
        v.objs != Objs::NONE && values.any_part(v.val, |atom| matches!(atom, Atom::Data(..)))
    }
}

fn set_all(frame: &mut Frame, objs: Objs, val: Val) {
    for v in frame.regs.iter_mut().filter(|v| v.objs == objs) {
        v.val = val;
    }
}
