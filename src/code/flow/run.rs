//! One method, looked at once for all its callers.

use super::super::cfg::Block;
use super::super::hierarchy::{M, Selector, Type};
use super::super::package::index;
use super::super::table::string;
use super::super::value::{Atom, Lit, Val, Why};
use super::super::{interp, table};
use super::domain::{Key, Obj, Objs, Taint, V, What};
use super::heap::Heap;
use super::summary::{ANY, Event, Summary};
use super::trace::Tracer;
use crate::artifact::dex::{Code, Dex, Insn, Payload, opcode};

/// Times over all blocks of a method; texts that still change after the first few are widened.
const WIDEN_AFTER: u32 = 2;
const MAX_ROUNDS: u32 = 8;
/// Registers of all blocks of one method together.
const MAX_CELLS: usize = 1 << 20;

/// Registers and cells at one place.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    pub(super) regs: Vec<V>,
    pub(super) heap: Heap,
}

impl Frame {
    pub(super) fn get(&self, register: u16) -> V {
        self.regs.get(usize::from(register)).copied().unwrap_or(V::UNSET)
    }

    fn set(&mut self, register: u16, v: V) {
        if let Some(slot) = self.regs.get_mut(usize::from(register)) {
            *slot = v;
        }
    }
}

/// The method that is being looked at.
pub(super) struct Here<'a> {
    pub(super) m: M,
    pub(super) dex_no: u16,
    pub(super) dex: Dex<'a>,
    pub(super) class: Type,
    pub(super) result: Option<V>,
    pub(super) thrown: Option<V>,
    pub(super) events: Vec<Event>,
    pending: Option<V>,
    end: Heap,
    ended: bool,
}

impl<'a> Tracer<'a, '_> {
    /// What a method does, with what is known by now of those that it calls.
    pub(super) fn analyse(&mut self, m: M) -> Summary {
        let Some((dex_no, number)) = self.hierarchy.place(m) else {
            return Summary::default();
        };
        let Some(dex) = self.package.dex(dex_no).copied() else {
            return Summary::default();
        };
        let method = self
            .walked
            .get(usize::from(dex_no))
            .and_then(|w| w.method(number))
            .copied();
        let Some(code) = method.and_then(|method| dex.code(method.code_off).ok()) else {
            return Summary::default();
        };
        let mut graph = std::mem::take(&mut self.graph);
        let large =
            !graph.build(&code) || graph.blocks.len().saturating_mul(usize::from(code.registers)) > MAX_CELLS;
        let mut here = Here {
            m,
            dex_no,
            dex,
            class: self.hierarchy.owner(m).0,
            result: None,
            thrown: None,
            events: Vec::new(),
            pending: None,
            end: Heap::default(),
            ended: false,
        };
        let mut cut = large;
        if !large {
            self.live.build(&graph, code.registers, true, true);
            let mut frames: Vec<Option<Frame>> = vec![None; graph.blocks.len()];
            let mut dirty = vec![false; graph.blocks.len()];
            if let (Some(frame), Some(dirty)) = (frames.first_mut(), dirty.first_mut()) {
                *frame = Some(self.enter(&here, &code));
                *dirty = true;
            }
            for round in 0..MAX_ROUNDS {
                let mut any = false;
                for number in graph.order.clone() {
                    let at = index(number);
                    let Some(flag) = dirty.get_mut(at) else { continue };
                    if !std::mem::take(flag) {
                        continue;
                    }
                    let (Some(Some(frame)), Some(block)) = (frames.get(at), graph.blocks.get(at)) else {
                        continue;
                    };
                    let mut frame = frame.clone();
                    any = true;
                    let handlers = graph.handlers(block).to_vec();
                    for to in &handlers {
                        self.flow(&mut frames, &mut dirty, *to, &frame, round, false);
                    }
                    let ways = self.block(&mut here, &code, block, &graph.insns, &mut frame);
                    for to in &handlers {
                        self.flow(&mut frames, &mut dirty, *to, &frame, round, false);
                    }
                    if ways {
                        for to in graph.successors(block).to_vec() {
                            self.flow(&mut frames, &mut dirty, to, &frame, round, true);
                        }
                    }
                    if self.left == 0 {
                        break;
                    }
                }
                if !any || self.left == 0 {
                    break;
                }
            }
            cut |= dirty.iter().any(|dirty| *dirty);
        }
        self.graph = graph;
        let carries = |key| match key {
            Key::Field(name) => self.fields.contains(&name),
            _ => true,
        };
        let mut summary = Summary::new(
            &self.domain,
            &here.end,
            here.result,
            here.thrown,
            here.events,
            &carries,
        );
        summary.cut |= cut;
        summary
    }

    fn flow(
        &mut self,
        frames: &mut [Option<Frame>],
        dirty: &mut [bool],
        to: u32,
        frame: &Frame,
        round: u32,
        _straight: bool,
    ) {
        let (Some(slot), Some(dirty)) = (frames.get_mut(index(to)), dirty.get_mut(index(to))) else {
            return;
        };
        let Some(old) = slot else {
            *slot = Some(frame.clone());
            *dirty = true;
            return;
        };
        for register in super::super::live::registers(self.live.at(to)) {
            let (Some(slot), Some(v)) = (old.regs.get_mut(register), frame.regs.get(register)) else {
                continue;
            };
            if slot == v {
                continue;
            }
            let mut joined = self.domain.join(*slot, *v);
            if round >= WIDEN_AFTER && joined.val != slot.val && slot.val != Val::UNSET {
                joined.val = self.domain.values.widen(slot.val, v.val);
            }
            *dirty |= joined != *slot;
            *slot = joined;
        }
        *dirty |= self.domain.meet(&mut old.heap, &frame.heap);
    }

    /// The parameters of the method, as symbols.
    fn enter(&mut self, here: &Here<'a>, code: &Code<'a>) -> Frame {
        let mut frame = Frame {
            regs: vec![V::UNSET; usize::from(code.registers)],
            heap: Heap::default(),
        };
        let mut register = code.first_in();
        for (i, (type_, wide)) in (0_u8..).zip(self.parameters(here.m)) {
            let obj = self.domain.obj(Obj::Param(i), Type::UNKNOWN);
            let v = self.domain.symbol(obj);
            let _ = type_;
            frame.set(register, v);
            register = register.saturating_add(if wide { 2 } else { 1 });
        }
        frame
    }

    /// Runs a block. `false`: it ends the method.
    fn block(
        &mut self,
        here: &mut Here<'a>,
        code: &Code<'a>,
        block: &Block,
        insns: &[Insn<'a>],
        frame: &mut Frame,
    ) -> bool {
        here.pending = None;
        let insns = insns
            .get(index(block.start)..index(block.end))
            .unwrap_or_default();
        for insn in insns {
            self.left = self.left.saturating_sub(1);
            self.insn(here, code, insn, frame);
        }
        true
    }

    fn end(&mut self, here: &mut Here<'a>, frame: &Frame) {
        if here.ended {
            let mut end = std::mem::take(&mut here.end);
            self.domain.meet(&mut end, &frame.heap);
            here.end = end;
        } else {
            here.ended = true;
            here.end = frame.heap.clone();
        }
    }

    fn insn(&mut self, here: &mut Here<'a>, code: &Code<'a>, insn: &Insn<'a>, frame: &mut Frame) {
        match insn.op.0 {
            // move*
            0x01..=0x09 => frame.set(insn.a(), frame.get(insn.b())),
            // move-result*
            0x0a..=0x0c => {
                let v = here.pending.take().unwrap_or_else(|| self.domain.unknown());
                frame.set(insn.a(), v);
            }
            // move-exception
            0x0d => {
                let v = here.thrown.unwrap_or_else(|| self.domain.unknown());
                frame.set(insn.a(), v);
            }
            // return-void
            0x0e => self.end(here, frame),
            // return*
            0x0f..=0x11 => {
                let v = frame.get(insn.a());
                let before = here.result.unwrap_or(V::UNSET);
                here.result = Some(self.domain.join(before, v));
                self.end(here, frame);
            }
            // throw
            0x27 => {
                let v = frame.get(insn.a());
                let before = here.thrown.unwrap_or(V::UNSET);
                here.thrown = Some(self.domain.join(before, v));
                self.end(here, frame);
            }
            // const*
            0x12..=0x19 => {
                let val = self.domain.values.int(insn.literal().unwrap_or_default());
                frame.set(insn.a(), V::of(val));
            }
            // const-string
            0x1a | 0x1b => {
                let val = self.string(here, insn);
                frame.set(insn.a(), V::of(val));
            }
            // const-class
            0x1c => {
                let atom = Atom::Class(here.dex_no, insn.index().unwrap_or_default());
                let val = self.domain.values.val(atom);
                frame.set(insn.a(), V::of(val));
            }
            // instance-of, array-length, comparisons of numbers
            0x20 | 0x21 => frame.set(insn.a(), self.domain.unknown()),
            // new-instance, new-array
            0x22 | 0x23 => {
                let type_ = self
                    .hierarchy
                    .type_at(here.dex_no, insn.index().unwrap_or_default());
                let obj = self.domain.obj(Obj::New(here.m, insn.pc), type_);
                frame.heap.forget(obj);
                let v = self.domain.object(obj);
                frame.set(insn.a(), v);
            }
            // filled-new-array
            0x24 | 0x25 => {
                let obj = self.domain.obj(Obj::New(here.m, insn.pc), ANY);
                frame.heap.forget(obj);
                for (i, register) in (0_u16..).zip(insn.registers().iter()) {
                    frame.heap.put(obj, Key::Index(i), frame.get(register));
                }
                here.pending = Some(self.domain.object(obj));
            }
            // aget*
            0x44..=0x4a => {
                let array = frame.get(insn.b());
                let key = self.index_key(frame.get(insn.c()));
                let v = self.element(frame, array, key);
                frame.set(insn.a(), v);
            }
            // aput*
            0x4b..=0x51 => {
                let key = self.index_key(frame.get(insn.c()));
                let v = self.stored(here, insn.pc, frame.get(insn.a()));
                let array = frame.get(insn.b());
                self.domain.write(&mut frame.heap, array.objs, key, v, true);
            }
            // iget*
            0x52..=0x58 => {
                let base = frame.get(insn.b());
                let v = self.field(here, frame, insn, base);
                frame.set(insn.a(), v);
            }
            // iput*
            0x59..=0x5f => {
                let (key, _) = self.field_key(here, insn);
                let v = self.stored(here, insn.pc, frame.get(insn.a()));
                let base = frame.get(insn.b());
                self.domain.write(&mut frame.heap, base.objs, key, v, true);
            }
            // sget*
            0x60..=0x66 => {
                let v = self.static_field(here, frame, insn);
                frame.set(insn.a(), v);
            }
            // sput*
            0x67..=0x6d => {
                let (key, class) = self.field_key(here, insn);
                let class = self.declaring(class, key);
                let v = self.stored(here, insn.pc, frame.get(insn.a()));
                let obj = self.domain.obj(Obj::Statics(class), class);
                frame.heap.put(obj, key, v);
            }
            // invoke-*
            0x6e..=0x72 | 0x74..=0x78 => {
                let result = self.invoke(here, insn, frame);
                here.pending = Some(result);
            }
            // invoke-custom: the parts of a text
            0xfc | 0xfd => {
                let mut v = self.domain.unknown();
                for register in insn.registers().iter() {
                    let whole = self.domain.whole(&frame.heap, frame.get(register));
                    v.taint = self.domain.mix(v.taint, whole);
                }
                v.taint = self.domain.stepped(v.taint, here.m, insn.pc, What::Mixed);
                here.pending = Some(v);
            }
            // cmp*
            0x2d..=0x31 => {
                let v = self.mixed(frame.get(insn.b()), frame.get(insn.c()));
                frame.set(insn.a(), v);
            }
            // neg-int … int-to-short
            0x7b..=0x8f => {
                let v = frame.get(insn.b());
                let val = interp::unary(&mut self.domain.values, insn.op.0, v.val);
                frame.set(
                    insn.a(),
                    V {
                        objs: Objs::NONE,
                        val,
                        ..v
                    },
                );
            }
            // add-int … rem-double
            0x90..=0xaf => {
                let (b, c) = (frame.get(insn.b()), frame.get(insn.c()));
                let mut v = self.mixed(b, c);
                v.val = interp::binary(
                    &mut self.domain.values,
                    insn.op.0.wrapping_sub(0x90),
                    b.val,
                    c.val,
                );
                frame.set(insn.a(), v);
            }
            // add-int/2addr … rem-double/2addr
            0xb0..=0xcf => {
                let (a, b) = (frame.get(insn.a()), frame.get(insn.b()));
                let mut v = self.mixed(a, b);
                v.val = interp::binary(
                    &mut self.domain.values,
                    insn.op.0.wrapping_sub(0xb0),
                    a.val,
                    b.val,
                );
                frame.set(insn.a(), v);
            }
            // add-int/lit16 … ushr-int/lit8
            0xd0..=0xe2 => {
                let b = frame.get(insn.b());
                let lit = self.domain.values.int(insn.literal().unwrap_or_default());
                let val = interp::literal(&mut self.domain.values, insn.op.0, b.val, lit);
                frame.set(
                    insn.a(),
                    V {
                        objs: Objs::NONE,
                        val,
                        ..b
                    },
                );
            }
            // fill-array-data
            0x26 => {
                let data = insn.target().and_then(|pc| code.payload(pc).ok());
                if let Some(Payload::Array { .. }) = data {
                    let v = self.domain.unknown();
                    let array = frame.get(insn.a());
                    self.domain.write(&mut frame.heap, array.objs, Key::Any, v, false);
                }
            }
            _ => {
                if insn.op.is(opcode::INVOKES) {
                    here.pending = None;
                }
                if let Some(register) = insn.writes().filter(|_| insn.op.0 != 0x1f) {
                    frame.set(register, self.domain.unknown());
                }
            }
        }
    }

    fn string(&mut self, here: &Here<'a>, insn: &Insn<'a>) -> Val {
        let Some(at) = insn.string() else {
            return self.domain.values.unknown(Why::Computed);
        };
        let Some(bytes) = self.package.text(here.dex_no, at) else {
            return self.domain.values.unknown(Why::Computed);
        };
        let hot = self
            .tables
            .get(usize::from(here.dex_no))
            .is_some_and(|table| table.string(at) & string::HOT != 0);
        let lit = Lit {
            dex: here.dex_no,
            string: at,
            bytes,
        };
        self.domain.values.lit(lit, hot)
    }

    fn mixed(&mut self, a: V, b: V) -> V {
        V {
            taint: self.domain.mix(a.taint, b.taint),
            ..self.domain.unknown()
        }
    }

    /// A value that is put away: its way shows where.
    pub(super) fn stored(&mut self, here: &Here<'a>, pc: u32, mut v: V) -> V {
        if v.taint != Taint::NONE {
            v.taint = self.domain.stepped(v.taint, here.m, pc, What::Stored);
        }
        v
    }

    /// The key of an element by its position.
    pub(super) fn index_key(&self, position: V) -> Key {
        self.domain
            .values
            .single_int(position.val)
            .and_then(|n| u16::try_from(n).ok())
            .map_or(Key::Any, Key::Index)
    }

    fn element(&mut self, frame: &Frame, array: V, key: Key) -> V {
        let mut v = self.domain.read_all(&frame.heap, array.objs, key, ANY);
        let content = self.domain.read_all(&frame.heap, array.objs, Key::Content, ANY);
        v.taint = self.domain.mix(v.taint, array.taint);
        v.taint = self.domain.mix(v.taint, content.taint);
        if v.val == Val::UNSET {
            v.val = self.domain.values.unknown(Why::Element);
        }
        v
    }

    /// The number of a field's name, and the class that has it.
    fn field_key(&mut self, here: &Here<'a>, insn: &Insn<'a>) -> (Key, Type) {
        let Some(id) = insn.index().and_then(|i| here.dex.field(i)) else {
            return (Key::Any, Type::UNKNOWN);
        };
        let name = self.package.text(here.dex_no, id.name).unwrap_or_default();
        let name = self.domain.text(name);
        (Key::Field(name), self.hierarchy.type_at(here.dex_no, id.class))
    }

    fn field(&mut self, here: &Here<'a>, frame: &Frame, insn: &Insn<'a>, base: V) -> V {
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

    fn field_type(&self, here: &Here<'a>, insn: &Insn<'a>) -> Type {
        insn.index()
            .and_then(|i| here.dex.field(i))
            .map_or(Type::UNKNOWN, |id| self.hierarchy.type_at(here.dex_no, id.type_))
    }

    fn static_field(&mut self, here: &mut Here<'a>, frame: &Frame, insn: &Insn<'a>) -> V {
        let (key, class) = self.field_key(here, insn);
        let type_ = self.field_type(here, insn);
        let field = insn.index().unwrap_or_default();
        let table: Option<&table::Table> = self.tables.get(usize::from(here.dex_no));
        if let Some(row) = table.and_then(|table| table.identifier_fields.get(&field).copied()) {
            return self.source(here, insn.pc, row, type_);
        }
        let class = self.declaring(class, key);
        let obj = self.domain.obj(Obj::Statics(class), class);
        let mut v = self.domain.read(&frame.heap, obj, key, type_);
        if v.val == Val::UNSET {
            v.val = self.domain.values.unknown(Why::Object);
        }
        v
    }

    /// The class that declares a static field which a class has.
    fn declaring(&mut self, class: Type, key: Key) -> Type {
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

    fn declares(&mut self, class: Type, key: Key) -> bool {
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

    /// Types of the parameters, `this` first, and whether each takes two registers.
    pub(super) fn parameters(&self, m: M) -> Vec<(Type, bool)> {
        let Some((dex_no, number)) = self.hierarchy.place(m) else {
            return Vec::new();
        };
        let Some(dex) = self.package.dex(dex_no) else {
            return Vec::new();
        };
        let Some(method) = self
            .walked
            .get(usize::from(dex_no))
            .and_then(|w| w.method(number))
        else {
            return Vec::new();
        };
        let mut all = Vec::new();
        // ACC_STATIC
        if method.access & 0x8 == 0 {
            all.push((self.hierarchy.owner(m).0, false));
        }
        let proto = dex.method(method.method).and_then(|id| dex.proto(id.proto));
        for type_ in proto.iter().flat_map(|proto| proto.parameters.iter()).take(255) {
            let wide = matches!(self.package.type_name(dex_no, type_), Some(b"J" | b"D"));
            all.push((self.hierarchy.type_at(dex_no, type_), wide));
        }
        all
    }

    /// Name and descriptor of a method.
    pub(super) fn selector_of(&self, m: M) -> Selector {
        self.hierarchy.owner(m).1
    }
}
