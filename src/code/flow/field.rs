//! Fields, and what is read in them.

use super::super::hierarchy::Type;
use super::super::table;
use super::super::value::{Val, Why};
use super::domain::{Key, Obj, V, What};
use super::run::{Frame, Here};
use super::trace::Tracer;
use crate::artifact::dex::Insn;

impl<'a> Tracer<'a, '_> {
    /// The number of a field's name, and the class that has it.
    pub(super) fn field_key(&mut self, here: &Here<'a>, insn: &Insn<'a>) -> (Key, Type) {
        let Some(id) = insn.index().and_then(|i| here.dex.field(i)) else {
            return (Key::Any, Type::UNKNOWN);
        };
        let name = self.package.text(here.dex_no, id.name).unwrap_or_default();
        let name = self.domain.text(name);
        (Key::Field(name), self.hierarchy.type_at(here.dex_no, id.class))
    }

    pub(super) fn field(&mut self, here: &Here<'a>, frame: &Frame, insn: &Insn<'a>, base: V) -> V {
        let (key, _) = self.field_key(here, insn);
        let type_ = self.field_type(here, insn);
        let mut v = self.domain.read_all(&frame.heap, base.objs, key, type_);
        // What is tainted as a whole is so in each of its parts.
        let objs = self.domain.objs(base.objs).to_vec();
        let whole = self.domain.filtered(
            base.taint,
            |root| !matches!(root, super::domain::Root::Symbol(obj) if objs.contains(&obj)),
        );
        v.taint = self.domain.mix(v.taint, whole);
        for obj in objs {
            if let Some(content) = frame.heap.get(obj, Key::Content) {
                v.taint = self.domain.mix(v.taint, content.taint);
            }
        }
        if v.val == Val::UNSET {
            v.val = Val::ZERO;
        }
        v
    }

    pub(super) fn field_type(&self, here: &Here<'a>, insn: &Insn<'a>) -> Type {
        insn.index()
            .and_then(|i| here.dex.field(i))
            .map_or(Type::UNKNOWN, |id| self.hierarchy.type_at(here.dex_no, id.type_))
    }

    pub(super) fn static_field(&mut self, here: &mut Here<'a>, frame: &Frame, insn: &Insn<'a>) -> V {
        let (key, class) = self.field_key(here, insn);
        let type_ = self.field_type(here, insn);
        let field = insn.index().unwrap_or_default();
        let table: Option<&table::Table> = self.tables.get(usize::from(here.dex_no));
        if let Some(row) = table.and_then(|table| table.identifier_fields.get(&field).copied()) {
            return self.source(here, insn.pc, row, type_);
        }
        if let Some(text) = table.and_then(|table| table.constants.get(&field)) {
            return V::of(Val::one(self.domain.values.made(text.as_bytes())));
        }
        let class = self.declaring(class, key);
        let obj = self.domain.obj(Obj::Statics(class), class);
        let mut v = self.domain.read(&frame.heap, obj, key, type_);
        if self.hierarchy.home(class).is_none()
            && let Some(texts) = self.static_beyond(class, key)
        {
            v.val = texts;
        }
        if v.val == Val::UNSET {
            v.val = self.domain.values.unknown(Why::Object);
        }
        v
    }

    /// The class that declares a static field which a class has.
    pub(super) fn declaring(&mut self, class: Type, key: Key) -> Type {
        if let Some(known) = self.declaring.get(&(class, key)) {
            return *known;
        }
        let mut found = class;
        for above in self.hierarchy.ancestors(class) {
            if self.declares(above, key) {
                found = above;
                break;
            }
        }
        self.declaring.insert((class, key), found);
        found
    }

    pub(super) fn declares(&mut self, class: Type, key: Key) -> bool {
        let Some(home) = self
            .hierarchy
            .home(class)
            .and_then(|n| self.package.class(n))
            .copied()
        else {
            return false;
        };
        let Some(dex) = self.package.dex(home.dex).copied() else {
            return false;
        };
        let Ok(members) = dex.members(&home.def) else {
            return false;
        };
        let names: Vec<&[u8]> = members
            .static_fields()
            .filter_map(Result::ok)
            .filter_map(|field| self.package.text(home.dex, dex.field(field.index)?.name))
            .collect();
        names
            .into_iter()
            .any(|name| Key::Field(self.domain.text(name)) == key)
    }

    /// Something of interest is read at this instruction.
    pub(super) fn source(&mut self, here: &Here<'a>, pc: u32, row: u16, type_: Type) -> V {
        let obj = self.domain.obj(Obj::Handed(here.m, pc), type_);
        let root = super::domain::Root::Source(here.m, pc, row);
        let way = self.domain.way(super::domain::Step::At(
            super::domain::Way::START,
            here.m,
            pc,
            What::Read,
        ));
        let taint = self.domain.taint(root, way);
        V {
            taint,
            ..self.domain.object(obj)
        }
    }
}
