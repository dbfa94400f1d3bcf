//! What models of the platform's text methods do to values whose origins are followed.

use super::super::hierarchy::Type;
use super::super::text::{self, As};
use super::super::value::{Val, Why};
use super::call::Call;
use super::domain::{Key, Objs, Taint, V, What};
use super::run::{Frame, Here};
use super::trace::Tracer;
use crate::rule::model::{Model, Part};

impl<'a> Tracer<'a, '_> {
    /// The text that a value stands for.
    pub(super) fn text(&mut self, frame: &Frame, v: V, letter: u8) -> V {
        let mut out = V {
            objs: Objs::NONE,
            ..v
        };
        let objs = self.domain.objs(v.objs).to_vec();
        if objs.is_empty() {
            return out;
        }
        let mut known = false;
        for obj in objs {
            if letter == b'S' && self.domain.is_symbol(obj) {
                continue;
            }
            let content = self.domain.read(&frame.heap, obj, Key::Content, Type::UNKNOWN);
            if content != V::UNSET {
                if !known && !self.domain.is_symbol(obj) {
                    out.val = Val::UNSET;
                }
                known = true;
                out = self.domain.join(
                    out,
                    V {
                        objs: Objs::NONE,
                        ..content
                    },
                );
            }
        }
        if out.val == Val::UNSET {
            out.val = self.domain.values.unknown(Why::Object);
        }
        // The elements of an array, the parts of a container.
        if !known {
            out.taint = self.domain.whole(&frame.heap, v);
        }
        out
    }

    /// Does what a model says; `None` where the model has nothing to do with flows.
    pub(super) fn model(
        &mut self,
        here: &Here<'a>,
        frame: &mut Frame,
        call: &Call<'_>,
        model: Model,
        args: &[V],
    ) -> Option<V> {
        let letters: Vec<u8> = call.callee.parameters.iter().map(|(_, letter)| *letter).collect();
        let first = usize::from(!call.is_static);
        let receiver = if call.is_static {
            V::UNSET
        } else {
            args.first().copied().unwrap_or(V::UNSET)
        };
        let mut texts = Vec::with_capacity(letters.len());
        let mut taint = Taint::NONE;
        for (i, letter) in letters.iter().enumerate() {
            let v = args.get(first.saturating_add(i)).copied().unwrap_or(V::UNSET);
            let text = self.text(frame, v, *letter);
            taint = self.domain.mix(taint, text.taint);
            texts.push(text);
        }
        let arg = |i: usize| texts.get(i).copied().unwrap_or(V::UNSET);
        let letter = |i: usize| letters.get(i).copied().unwrap_or(b'V');
        let this = if call.is_static {
            V::UNSET
        } else {
            self.content(frame, receiver, model)
        };
        let all = self.domain.mix(this.taint, taint);
        let mixed = if all == this.taint {
            all
        } else {
            self.domain.stepped(all, here.m, call.pc, What::Mixed)
        };
        let of = |val: Val, taint: Taint| {
            Some(V {
                objs: Objs::NONE,
                val,
                taint,
            })
        };
        match model {
            Model::Wrap | Model::Url | Model::File => {
                let values = &mut self.domain.values;
                let val = match (model, letters.as_slice()) {
                    (Model::Url, [b'S', b'S', b'S']) => {
                        let slashes = Val::one(values.made(b"://"));
                        let start = values.concat(arg(0).val, slashes);
                        let start = values.concat(start, arg(1).val);
                        values.concat(start, arg(2).val)
                    }
                    (Model::Url, [b'T', b'S', ..]) => text::resolve(values, arg(0).val, arg(1).val),
                    (Model::File, [_, b'S']) => text::below(values, arg(0).val, arg(1).val),
                    (Model::Wrap, [b'[']) => text::of_array(values, arg(0).val, false),
                    // The text beside an array is the name of a charset.
                    (Model::Wrap, [b'[', b'S' | b'L']) => text::of_array(values, arg(0).val, true),
                    (_, [b'[', ..]) => values.unknown(Why::Computed),
                    (_, letters) => match letters.iter().position(|l| matches!(l, b'S' | b'T')) {
                        Some(i) => arg(i).val,
                        None if letters.is_empty() => Val::one(values.made(b"")),
                        None => values.unknown(Why::Computed),
                    },
                };
                let content = V {
                    objs: Objs::NONE,
                    val,
                    taint,
                };
                self.domain
                    .write(&mut frame.heap, receiver.objs, Key::Content, content, true);
                Some(V::UNSET)
            }
            Model::Append => {
                let val = match letters.as_slice() {
                    [one @ (b'S' | b'T' | b'L' | b'Z' | b'C' | b'I' | b'J')] => {
                        text::of(&mut self.domain.values, arg(0).val, how(*one))
                    }
                    _ => self.domain.values.unknown(Why::Computed),
                };
                let val = self.domain.values.concat(this.val, val);
                Some(self.grown(frame, receiver, val, mixed))
            }
            Model::Insert => {
                let part = text::of(&mut self.domain.values, arg(1).val, how(letter(1)));
                let val = if self.domain.values.single_int(arg(0).val) == Some(0) {
                    self.domain.values.concat(part, this.val)
                } else {
                    self.domain.values.unknown(Why::Computed)
                };
                Some(self.grown(frame, receiver, val, mixed))
            }
            Model::SetLength if self.domain.values.single_int(arg(0).val) == Some(0) => {
                let val = Val::one(self.domain.values.made(b""));
                Some(self.grown(frame, receiver, val, Taint::NONE))
            }
            Model::Reverse => {
                let val = text::reverse(&mut self.domain.values, this.val);
                Some(self.grown(frame, receiver, val, mixed))
            }
            Model::SetLength | Model::Spoil | Model::Edit(_) => {
                let val = self.domain.values.unknown(Why::Computed);
                Some(self.grown(frame, receiver, val, mixed))
            }
            Model::Part(part) => {
                let values = &mut self.domain.values;
                let val = match part {
                    Part::Scheme => {
                        let colon = Val::one(values.made(b":"));
                        let scheme = values.concat(arg(0).val, colon);
                        values.concat(scheme, this.val)
                    }
                    Part::Authority => {
                        let slashes = Val::one(values.made(b"//"));
                        let whole = values.concat(this.val, slashes);
                        values.concat(whole, arg(0).val)
                    }
                    Part::Path => text::below(values, this.val, arg(0).val),
                    Part::Query => text::query(values, this.val, arg(0).val, arg(1).val),
                };
                Some(self.grown(frame, receiver, val, mixed))
            }
            Model::Text | Model::This => of(this.val, this.taint),
            Model::First | Model::Uri => of(arg(0).val, arg(0).taint),
            Model::Concat => {
                let val = self.domain.values.concat(this.val, arg(0).val);
                of(val, mixed)
            }
            Model::ValueOf => {
                let source = if letters.is_empty() { this } else { arg(0) };
                let as_ = if letters.is_empty() {
                    As::Int
                } else {
                    how(letter(0))
                };
                let val = match letters.as_slice() {
                    [b'['] => text::of_array(&mut self.domain.values, source.val, false),
                    [b'F' | b'D' | b'[', ..] => self.domain.values.unknown(Why::Computed),
                    _ => text::of(&mut self.domain.values, source.val, as_),
                };
                of(val, mixed)
            }
            Model::Format => {
                let at = letters.iter().position(|l| *l == b'S')?;
                let array = args
                    .get(first.saturating_add(at).saturating_add(1))
                    .copied()
                    .unwrap_or(V::UNSET);
                let elements = self.array(frame, array);
                let val = text::format(&mut self.domain.values, arg(at).val, elements);
                of(val, mixed)
            }
            Model::Replace => {
                let values = &mut self.domain.values;
                let (from, to) = (
                    text::of(values, arg(0).val, how(letter(0))),
                    text::of(values, arg(1).val, how(letter(1))),
                );
                let val = text::replace(values, this.val, from, to);
                of(val, mixed)
            }
            Model::Trim => {
                let val = text::trim(&mut self.domain.values, this.val);
                of(val, this.taint)
            }
            Model::Lower => {
                let val = text::lower(&mut self.domain.values, this.val);
                of(val, this.taint)
            }
            Model::Upper => {
                let val = text::upper(&mut self.domain.values, this.val);
                of(val, this.taint)
            }
            Model::Substring => {
                let end = (letters.len() > 1).then(|| arg(1).val);
                let val = text::substring(&mut self.domain.values, this.val, arg(0).val, end);
                // Which part it is may tell something.
                let which = self
                    .domain
                    .filtered(taint, |root| matches!(root, super::domain::Root::Guess(..)));
                of(val, self.domain.mix(this.taint, which))
            }
            Model::Parse => {
                let val = text::parse(&mut self.domain.values, arg(0).val);
                of(val, taint)
            }
            Model::Below => {
                let second = text::of(&mut self.domain.values, arg(1).val, how(letter(1)));
                let val = text::below(&mut self.domain.values, arg(0).val, second);
                of(val, mixed)
            }
            Model::BuildUpon => {
                let obj = self
                    .domain
                    .obj(super::domain::Obj::Handed(here.m, call.pc), call.callee.result);
                frame.heap.put(obj, Key::Content, this);
                Some(self.domain.object(obj))
            }
            Model::Named => of(arg(0).val, taint),
            Model::Member(_) | Model::Use(_) | Model::Read(_) | Model::Key(..) | Model::Compute(_) => None,
        }
    }

    /// What the object of a text method has.
    fn content(&mut self, frame: &Frame, receiver: V, model: Model) -> V {
        let letter = match model {
            Model::Append
            | Model::Insert
            | Model::SetLength
            | Model::Reverse
            | Model::Spoil
            | Model::Edit(_)
            | Model::Part(_) => b'T',
            Model::Text => b'L',
            _ => b'S',
        };
        let mut v = self.text(frame, receiver, letter);
        if letter == b'T' && receiver.objs != Objs::NONE {
            // A builder is nothing but its content.
            let content = self
                .domain
                .read_all(&frame.heap, receiver.objs, Key::Content, Type::UNKNOWN);
            if content != V::UNSET {
                v = V {
                    objs: Objs::NONE,
                    ..content
                };
            }
        }
        v
    }

    fn grown(&mut self, frame: &mut Frame, receiver: V, val: Val, taint: Taint) -> V {
        let content = V {
            objs: Objs::NONE,
            val,
            taint,
        };
        if receiver.objs == Objs::NONE {
            return content;
        }
        self.domain
            .write(&mut frame.heap, receiver.objs, Key::Content, content, true);
        receiver
    }

    /// The elements of an array as the models of texts know them.
    fn array(&mut self, frame: &Frame, array: V) -> Val {
        let [obj] = *self.domain.objs(array.objs) else {
            return self.domain.values.unknown(Why::Element);
        };
        let elements: Vec<(u16, V)> = frame
            .heap
            .of(obj)
            .iter()
            .filter_map(|((_, key), v)| match key {
                Key::Index(i) => Some((*i, *v)),
                _ => None,
            })
            .collect();
        let mut all = self.domain.values.array(u32::try_from(elements.len()).ok());
        for (i, v) in elements {
            let v = self.text(frame, v, b'L');
            let i = self.domain.values.int(i64::from(i));
            all = self.domain.values.set_element(all, i, v.val);
        }
        all
    }
}

fn how(letter: u8) -> As {
    match letter {
        b'S' | b'T' => As::Object,
        letter => As::of_descriptor(letter),
    }
}
