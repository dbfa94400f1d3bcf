//! The names of a dex, as instructions refer to them and as classes do.

use rustc_hash::FxHashMap;

use super::super::fields::width;
use super::super::layout::{Layouts, Signature};
use crate::artifact::dex::Dex;

/// The types, prototypes, methods and fields of a dex, by number and by name.
#[derive(Default)]
pub(super) struct Names<'a> {
    types: Vec<Option<&'a [u8]>>,
    /// Registers that the parameters take, and the type of the result.
    protos: Vec<Option<(usize, &'a [u8])>>,
    pub(super) methods: FxHashMap<(&'a [u8], Signature<'a>), u32>,
    pub(super) fields: FxHashMap<(&'a [u8], &'a [u8], &'a [u8]), u32>,
}

impl<'a> Names<'a> {
    /// Reads them. Where that is more than a sound dex has, the rest is not known.
    pub(super) fn read(dex: &Dex<'a>, layouts: &mut Layouts<'a>) -> Self {
        let mut this = Self::default();
        for i in 0..dex.type_count() {
            this.types.push(layouts.name(dex.type_descriptor(i)));
        }
        let mut numbers = Vec::new();
        for i in 0..dex.proto_count() {
            numbers.push(layouts.proto_of(dex, i));
            this.protos.push(dex.proto(i).and_then(|proto| {
                let mut registers = 0_usize;
                for parameter in proto.parameters.iter() {
                    let wide = width(this.type_(parameter)?) == 8;
                    registers = registers.saturating_add(if wide { 2 } else { 1 });
                }
                Some((registers, this.type_(proto.return_type)?))
            }));
        }
        let at = |i: u32| usize::try_from(i).unwrap_or(usize::MAX);
        for i in 0..dex.method_count() {
            let Some(method) = dex.method(i) else { break };
            let name = layouts.name(dex.string(method.name));
            let proto = numbers.get(at(method.proto)).copied().flatten();
            if let (Some(class), Some(name), Some(proto)) = (this.type_(method.class), name, proto) {
                this.methods
                    .entry((class, Signature { name, proto }))
                    .or_insert(i);
            }
        }
        for i in 0..dex.field_count() {
            let Some(field) = dex.field(i) else { break };
            let name = layouts.name(dex.string(field.name));
            if let (Some(class), Some(name), Some(type_)) =
                (this.type_(field.class), name, this.type_(field.type_))
            {
                this.fields.entry((class, name, type_)).or_insert(i);
            }
        }
        this
    }

    /// The descriptor of type `i`.
    pub(super) fn type_(&self, i: u32) -> Option<&'a [u8]> {
        self.types.get(usize::try_from(i).ok()?).copied().flatten()
    }

    /// Registers that the parameters of prototype `i` take, and the type of its result.
    pub(super) fn proto(&self, i: u32) -> Option<(usize, &'a [u8])> {
        self.protos.get(usize::try_from(i).ok()?).copied().flatten()
    }
}
