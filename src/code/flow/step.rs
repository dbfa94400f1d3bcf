//! One instruction.

use super::super::hierarchy::Type;
use super::super::interp;
use super::super::table::string;
use super::super::value::{Atom, Lit, Val, Why};
use super::domain::{Key, Obj, Objs, Taint, V, What};
use super::run::{Frame, Here};
use super::trace::Tracer;
use crate::artifact::dex::{Code, Insn, Payload, opcode};

impl<'a> Tracer<'a, '_> {
    pub(super) fn insn(&mut self, here: &mut Here<'a>, code: &Code<'a>, insn: &Insn<'a>, frame: &mut Frame) {
        self.first_use(here, frame, insn);
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
                let v = self.chosen(here, frame.get(insn.a()));
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
                let v = self.chosen(here, V::of(val));
                frame.set(insn.a(), v);
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
                if insn.op.0 == 0x23 {
                    self.sized(here, obj, frame.get(insn.b()));
                }
                let v = self.domain.object(obj);
                let v = self.chosen(here, v);
                frame.set(insn.a(), v);
            }
            // filled-new-array
            0x24 | 0x25 => {
                let obj = self.domain.obj(Obj::New(here.m, insn.pc), Type::UNKNOWN);
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
                self.changed(frame, array);
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
                let v = V {
                    objs: Objs::NONE,
                    val,
                    ..b
                };
                let v = self.chosen(here, v);
                frame.set(insn.a(), v);
            }
            // fill-array-data
            0x26 => {
                let data = insn.target().and_then(|pc| code.payload(pc).ok());
                if let Some(Payload::Array { width, data }) = data {
                    let v = self.domain.unknown();
                    let array = frame.get(insn.a());
                    self.domain.write(&mut frame.heap, array.objs, Key::Any, v, false);
                    self.fill_data(frame, array, width, data);
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

    pub(super) fn string(&mut self, here: &Here<'a>, insn: &Insn<'a>) -> Val {
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

    pub(super) fn mixed(&mut self, a: V, b: V) -> V {
        V {
            taint: self.domain.mix(a.taint, b.taint),
            ..self.domain.unknown()
        }
    }

    /// A value that is put away: its way shows where.
    pub(super) fn stored(&mut self, here: &Here<'a>, pc: u32, v: V) -> V {
        let mut v = self.chosen(here, v);
        if self.is_filled(v) {
            v.val = self.domain.values.unknown(Why::Element);
        }
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

    pub(super) fn element(&mut self, frame: &Frame, array: V, key: Key) -> V {
        let mut v = self.domain.read_all(&frame.heap, array.objs, key, Type::UNKNOWN);
        let content = self
            .domain
            .read_all(&frame.heap, array.objs, Key::Content, Type::UNKNOWN);
        v.taint = self.domain.mix(v.taint, array.taint);
        v.taint = self.domain.mix(v.taint, content.taint);
        if v.val == Val::UNSET {
            v.val = self.domain.values.unknown(Why::Element);
        }
        v
    }
}
