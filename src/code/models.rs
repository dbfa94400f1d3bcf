//! Calls of the platform's own methods.

use super::frame::State;
use super::interest::Carrier;
use super::interp::{Call, Machine, What};
use super::platform::{Access, Model, Part, Use};
use super::table::Mark;
use super::text::{self, As};
use super::value::{Atom, Val, Values, Why};

/// Elements of a command line.
const MAX_WORDS: u8 = 8;

impl<'a> Machine<'a, '_> {
    /// Does what a model says; returns the call's result where it is more than "the result of the call".
    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    pub(super) fn apply(
        &mut self,
        values: &mut Values<'a>,
        state: &mut State,
        n: u32,
        pc: u32,
        model: Model,
        mark: &Mark,
        call: &Call,
        name: &dyn Fn() -> &'a [u8],
    ) -> Option<Val> {
        let receiver = call.receiver.unwrap_or(Val::UNSET);
        let letters = mark.shape.letters();
        let this = self.content(values, state, receiver);
        let first = self.content(values, state, call.get(0));
        Some(match model {
            Model::Wrap => {
                let content = match letters.iter().position(|l| matches!(l, b'S' | b'T')) {
                    // The text beside an array is the name of a charset.
                    _ if letters.first() == Some(&b'[') => match letters {
                        [_] => text::of_array(values, first, false),
                        [_, b'S' | b'L'] => text::of_array(values, first, true),
                        _ => values.unknown(Why::Object),
                    },
                    Some(i) => self.content(values, state, call.get(i)),
                    None if mark.carrier == Carrier::Growing => Val::one(values.made(b"")),
                    None => values.unknown(Why::Object),
                };
                self.set_content(values, state, receiver, content);
                return None;
            }
            Model::Append => {
                let part = match letters {
                    [letter @ (b'S' | b'T' | b'L' | b'Z' | b'C' | b'I' | b'J')] => {
                        text::of(values, first, as_(*letter))
                    }
                    _ => values.unknown(Why::Computed),
                };
                let whole = values.concat(this, part);
                self.grow(values, state, receiver, whole)
            }
            Model::Insert => {
                let part = match letters {
                    [_, letter @ (b'S' | b'T' | b'L' | b'Z' | b'C' | b'I' | b'J')] => {
                        let val = self.content(values, state, call.get(1));
                        text::of(values, val, as_(*letter))
                    }
                    _ => values.unknown(Why::Computed),
                };
                let whole = if values.single_int(first) == Some(0) {
                    values.concat(part, this)
                } else {
                    values.unknown(Why::Computed)
                };
                self.grow(values, state, receiver, whole)
            }
            Model::SetLength => {
                let whole = if values.single_int(first) == Some(0) {
                    Val::one(values.made(b""))
                } else {
                    values.unknown(Why::Computed)
                };
                self.grow(values, state, receiver, whole)
            }
            Model::Reverse => {
                let whole = text::reverse(values, this);
                self.grow(values, state, receiver, whole)
            }
            Model::Spoil | Model::Edit(_) => {
                let whole = values.unknown(Why::Computed);
                self.grow(values, state, receiver, whole)
            }
            Model::Text | Model::This => this,
            Model::First | Model::Named => {
                if model == Model::Named {
                    self.record(What::Named, pc, &[first]);
                }
                first
            }
            Model::Uri => {
                self.record(What::Use(Use::Uri), pc, &[first]);
                first
            }
            Model::Concat => values.concat(this, first),
            Model::Format => {
                let at = letters.iter().position(|l| *l == b'S')?;
                let format = self.content(values, state, call.get(at));
                let arguments = self.content(values, state, call.get(at.saturating_add(1)));
                text::format(values, format, arguments)
            }
            Model::ValueOf => match letters {
                [] => text::of(values, this, As::Int),
                [letter @ (b'S' | b'T' | b'L' | b'Z' | b'C' | b'I' | b'J'), ..] => {
                    text::of(values, first, as_(*letter))
                }
                [b'['] => text::of_array(values, first, false),
                _ => values.unknown(Why::Computed),
            },
            Model::Replace => {
                let second = self.content(values, state, call.get(1));
                let how = as_(letters.first().copied().unwrap_or(b'L'));
                let (from, to) = (text::of(values, first, how), text::of(values, second, how));
                text::replace(values, this, from, to)
            }
            Model::Trim => text::trim(values, this),
            Model::Lower => text::lower(values, this),
            Model::Upper => text::upper(values, this),
            Model::Substring => {
                let end = (letters.len() > 1).then(|| call.get(1));
                text::substring(values, this, first, end)
            }
            Model::Parse => text::parse(values, first),
            Model::Url => {
                let content = self.url(values, state, letters, call);
                self.set_content(values, state, receiver, content);
                return None;
            }
            Model::File => {
                let second = self.content(values, state, call.get(1));
                let content = match letters {
                    [_, b'S'] => text::below(values, first, second),
                    _ => first,
                };
                self.set_content(values, state, receiver, content);
                self.record(What::Use(Use::Path), pc, &[content]);
                return None;
            }
            Model::Below => {
                let second = self.content(values, state, call.get(1));
                let how = as_(letters.get(1).copied().unwrap_or(b'L'));
                let second = text::of(values, second, how);
                text::below(values, first, second)
            }
            Model::BuildUpon => {
                let object = self.allocate(values, n, Carrier::Growing);
                self.set_content(values, state, object, this);
                object
            }
            Model::Part(part) => {
                let whole = self.part(values, state, part, this, call);
                self.grow(values, state, receiver, whole)
            }
            Model::Member(member) => {
                self.record(What::Member(member), pc, &[this, first]);
                return None;
            }
            Model::Use(what) | Model::Read(what) => {
                self.used(values, state, pc, what, letters, call);
                return None;
            }
            Model::Compute(_) => return None,
            Model::Key(store, access) => {
                let key = letters.iter().position(|l| *l == b'S')?;
                let mut second = key.saturating_add(1);
                // `getIntForUser(resolver, key, user)`: the last number is no default.
                if access == Access::Get
                    && second.saturating_add(1) == letters.len()
                    && name().ends_with(b"ForUser")
                {
                    second = letters.len();
                }
                let letter = letters.get(second).copied().unwrap_or(mark.shape.result);
                let key = self.content(values, state, call.get(key));
                if second < letters.len() {
                    let val = self.content(values, state, call.get(second));
                    self.record(What::Key(store, access, letter), pc, &[key, val]);
                } else {
                    self.record(What::Key(store, access, letter), pc, &[key]);
                }
                return None;
            }
        })
    }

    /// Gives a growing object its new content. The call's result is the object; of an object that was
    /// not allocated here only the text is known.
    fn grow(&mut self, values: &mut Values<'a>, state: &mut State, receiver: Val, whole: Val) -> Val {
        let alternatives = values.alternatives(receiver);
        let mut own = true;
        for id in alternatives.as_slice() {
            own &= matches!(values.atom(*id), Atom::Object(_));
        }
        if !own || alternatives.as_slice().is_empty() {
            return whole;
        }
        self.set_content(values, state, receiver, whole);
        receiver
    }

    fn url(&mut self, values: &mut Values<'a>, state: &State, letters: &[u8], call: &Call) -> Val {
        let mut arguments = [Val::UNSET; 4];
        for (i, slot) in arguments.iter_mut().enumerate() {
            *slot = self.content(values, state, call.get(i));
        }
        let [a, b, c, d] = arguments;
        let join = |values: &mut Values<'a>, scheme: Val, rest: &[Val]| {
            let mut url = scheme;
            for val in rest {
                url = values.concat(url, *val);
            }
            url
        };
        let slashes = Val::one(values.made(b"://"));
        match letters {
            [b'S'] => a,
            [b'T', b'S', ..] => text::resolve(values, a, b),
            [b'S', b'S', b'S'] => join(values, a, &[slashes, b, c]),
            [b'S', b'S', b'I', b'S', ..] => {
                let colon = Val::one(values.made(b":"));
                let port = text::of(values, c, As::Int);
                join(values, a, &[slashes, b, colon, port, d])
            }
            _ => values.unknown(Why::Computed),
        }
    }

    fn part(&mut self, values: &mut Values<'a>, state: &State, part: Part, this: Val, call: &Call) -> Val {
        let first = self.content(values, state, call.get(0));
        match part {
            Part::Scheme => {
                let colon = Val::one(values.made(b":"));
                let scheme = values.concat(first, colon);
                values.concat(scheme, this)
            }
            Part::Authority => {
                let slashes = Val::one(values.made(b"//"));
                let whole = values.concat(this, slashes);
                values.concat(whole, first)
            }
            Part::Path => text::below(values, this, first),
            Part::Query => {
                let second = self.content(values, state, call.get(1));
                text::query(values, this, first, second)
            }
        }
    }

    fn used(
        &mut self,
        values: &mut Values<'a>,
        state: &State,
        pc: u32,
        what: Use,
        letters: &[u8],
        call: &Call,
    ) {
        if let Some(i) = letters.iter().position(|l| matches!(l, b'S' | b'T')) {
            let val = self.content(values, state, call.get(i));
            self.hand_on(values, pc, val);
            self.record(What::Use(what), pc, &[val]);
            return;
        }
        // `exec(String[])`, `new ProcessBuilder(String[])`: the words of one command line.
        if what == Use::Command && letters.first() == Some(&b'[') {
            let array = self.content(values, state, call.get(0));
            let Some(len) = values.array_len(array) else {
                return;
            };
            let space = Val::one(values.made(b" "));
            let mut line = Val::one(values.made(b""));
            for i in 0..len.min(MAX_WORDS) {
                if i > 0 {
                    line = values.concat(line, space);
                }
                let word = values.element(array, i);
                line = values.concat(line, word);
            }
            self.record(What::Use(what), pc, &[line]);
        }
    }
}

fn as_(letter: u8) -> As {
    match letter {
        b'S' | b'T' => As::Object,
        letter => As::of_descriptor(letter),
    }
}
