//! What is read by its name: a key of Settings or of an intent, a system property, a content
//! URI, a file, a command.
//!
//! A text decides what such a call reads. Where a caller gives it, the origin waits for the call: it says which
//! text, and becomes that of an identifier once the text is known.

use super::super::interest::Interest;
use super::super::platform::{Access, Model, Store, Use};
use super::super::table::string;
use super::super::value::{Val, Why};
use super::call::Call;
use super::domain::{Domain, Key, Obj, Objs, Root, Step, Taint, V, Way, What};
use super::run::{Frame, Here};
use super::trace::Tracer;
use crate::artifact::dex::Insn;
use crate::rule::row::Namespace;
use crate::rule::{Identifier, IdentifierKind};

/// Texts of one call that are looked up.
const MAX_TEXTS: usize = 8;
/// Longest text that is looked up.
const MAX_TEXT: usize = 256;
/// Words of a command line.
const MAX_WORDS: u16 = 8;

/// Rows of less weight are the same on a million devices: half of an app asks for the region of a build.
const MIN_WEIGHT: u8 = 2;

/// What is read by a text other than a key of Settings.
const KINDS: [IdentifierKind; 5] = [
    IdentifierKind::Property,
    IdentifierKind::Uri,
    IdentifierKind::Path,
    IdentifierKind::Command,
    IdentifierKind::Extra,
];

/// What a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// A key of Settings.
    Setting(Namespace),
    /// A value of this kind.
    Value(IdentifierKind),
}

/// Whether a row tells devices apart.
fn tells(row: &Identifier) -> bool {
    row.weight >= MIN_WEIGHT
}

impl Place {
    /// What the text of a call with such a model names, if the call reads it.
    fn of(model: Model) -> Option<Self> {
        Some(match model {
            Model::Key(Store::System, Access::Get) => Self::Setting(Namespace::System),
            Model::Key(Store::Secure, Access::Get) => Self::Setting(Namespace::Secure),
            Model::Key(Store::Global, Access::Get) => Self::Setting(Namespace::Global),
            Model::Key(Store::Property, Access::Get) => Self::Value(IdentifierKind::Property),
            Model::Read(Use::Uri) => Self::Value(IdentifierKind::Uri),
            Model::Read(Use::Path) => Self::Value(IdentifierKind::Path),
            Model::Read(Use::Command) => Self::Value(IdentifierKind::Command),
            Model::Read(Use::Extra) => Self::Value(IdentifierKind::Extra),
            _ => return None,
        })
    }

    fn row(self, interest: &Interest<'_>, text: &[u8]) -> Option<u16> {
        let text = std::str::from_utf8(text)
            .ok()
            .filter(|text| text.len() <= MAX_TEXT)?;
        let identifiers = &interest.rules().identifiers;
        let row = match self {
            Self::Setting(namespace) => identifiers.settings(Some(namespace), text),
            Self::Value(kind) => identifiers.value(kind, text),
        };
        interest.number_of(row.filter(|row| tells(row))?)
    }

    /// The rows that texts name, and those texts that a caller has yet to give.
    pub(crate) fn rows(
        self,
        domain: &mut Domain<'_>,
        interest: &Interest<'_>,
        texts: Val,
    ) -> (Vec<u16>, Option<Val>) {
        let (mut rows, mut rest) = (Vec::new(), None);
        let alternatives = domain.values.alternatives(texts);
        for id in alternatives.as_slice().iter().take(MAX_TEXTS) {
            let one = Val::one(*id);
            if !domain.values.symbols(one).is_empty() {
                rest = Some(rest.map_or(one, |rest| domain.values.join(rest, one)));
                continue;
            }
            let mut text = Vec::new();
            if domain.values.render(*id, &mut text).is_some() {
                rows.extend(self.row(interest, &text));
            }
        }
        (rows, rest)
    }
}

impl<'a> Tracer<'a, '_> {
    /// What a call reads under the texts that it is given, where it is one that reads by name.
    pub(super) fn named_read(
        &mut self,
        here: &Here<'a>,
        frame: &mut Frame,
        call: &Call<'_>,
        args: &[V],
        result: V,
    ) -> V {
        let model = call.callee.mark.and_then(|mark| mark.member.model);
        let Some((place, text)) = model.and_then(Place::of).zip(self.name_of(frame, call, args)) else {
            return result;
        };
        let taint = self.read_at(here, call.pc, place, text);
        if taint == Taint::NONE {
            return result;
        }
        if &*call.callee.name == b"<init>" {
            let v = V {
                taint,
                ..self.domain.unknown()
            };
            let this = args.first().map_or(Objs::NONE, |v| v.objs);
            self.fill(frame, this, v);
            return result;
        }
        V {
            taint: self.domain.mix(result.taint, taint),
            ..result
        }
    }

    /// What a read of a key comes to without what is kept there: the value given for want of it.
    pub(super) fn unkept(&mut self, here: &Here<'a>, call: &Call<'_>, args: &[V]) -> Option<V> {
        let model = call.callee.mark?.member.model?;
        if !matches!(
            Place::of(model)?,
            Place::Setting(_) | Place::Value(IdentifierKind::Property)
        ) {
            return None;
        }
        let key = call
            .callee
            .parameters
            .iter()
            .position(|(_, letter)| *letter == b'S')?;
        let first = usize::from(!call.is_static).saturating_add(key).saturating_add(1);
        let given = args.get(first..).unwrap_or_default();
        let mut result = self.domain.unknown();
        for v in given {
            result.taint = self.domain.mix(result.taint, v.taint);
        }
        if matches!(call.callee.result_letter, b'L' | b'T' | b'[') {
            let obj = self.domain.obj(Obj::Handed(here.m, call.pc), call.callee.result);
            result.objs = self.domain.one(obj);
        }
        Some(result)
    }

    /// The text by which a call reads.
    fn name_of(&mut self, frame: &Frame, call: &Call<'_>, args: &[V]) -> Option<Val> {
        let first = usize::from(!call.is_static);
        let letters = call.callee.parameters.iter().map(|(_, letter)| *letter);
        let (at, letter) = letters
            .enumerate()
            .find(|(_, letter)| matches!(letter, b'S' | b'T' | b'['))?;
        let v = args.get(first.saturating_add(at)).copied()?;
        Some(match letter {
            b'[' => self.words(frame, v),
            letter => self.text(frame, v, letter).val,
        })
    }

    /// The words of a command line, as one text.
    fn words(&mut self, frame: &Frame, array: V) -> Val {
        let [obj] = *self.domain.objs(array.objs) else {
            return self.domain.values.unknown(Why::Element);
        };
        let mut line = Val::UNSET;
        for i in 0..MAX_WORDS {
            let Some(word) = frame.heap.get(obj, Key::Index(i)) else {
                break;
            };
            if line == Val::UNSET {
                line = word.val;
                continue;
            }
            let space = Val::one(self.domain.values.made(b" "));
            line = self.domain.values.concat(line, space);
            line = self.domain.values.concat(line, word.val);
        }
        line
    }

    /// What is read at an instruction under these texts.
    fn read_at(&mut self, here: &Here<'a>, pc: u32, place: Place, texts: Val) -> Taint {
        let (rows, rest) = place.rows(&mut self.domain, self.interest, texts);
        let way = self.domain.way(Step::At(Way::START, here.m, pc, What::Read));
        let read = rows.into_iter().map(|row| Root::Source(here.m, pc, row));
        let asked = rest.map(|texts| Root::Named(here.m, pc, place, texts));
        let all = read
            .chain(asked)
            .map(|root| (self.domain.root(root), way))
            .collect();
        self.domain.collect(all)
    }

    /// What `method.invoke` reads, where the method is one that reads by name.
    pub(super) fn reflected_read(
        &mut self,
        here: &Here<'a>,
        frame: &Frame,
        pc: u32,
        model: Option<Model>,
        array: V,
    ) -> Taint {
        let mut taint = Taint::NONE;
        let Some(place) = model.and_then(Place::of) else {
            return taint;
        };
        for obj in self.domain.objs(array.objs).to_vec() {
            let elements: Vec<V> = frame.heap.of(obj).iter().map(|(_, v)| *v).collect();
            for v in elements.into_iter().take(MAX_TEXTS) {
                let read = self.read_at(here, pc, place, v.val);
                taint = self.domain.mix(taint, read);
            }
        }
        taint
    }

    /// Whether an instruction knows a text under which an identifier is kept.
    pub(super) fn names_row(&self, dex_no: u16, insn: &Insn<'a>) -> bool {
        let Some(table) = self.tables.get(usize::from(dex_no)) else {
            return false;
        };
        match insn.op.0 {
            0x1a | 0x1b => insn.string().is_some_and(|at| {
                let text = self
                    .package
                    .text(dex_no, at)
                    .and_then(|text| std::str::from_utf8(text).ok());
                let identifiers = &self.interest.rules().identifiers;
                text.filter(|text| text.len() <= MAX_TEXT).is_some_and(|text| {
                    identifiers.settings(None, text).is_some_and(tells)
                        || table.string(at) & string::VALUE != 0
                            && KINDS
                                .iter()
                                .any(|kind| identifiers.value(*kind, text).is_some_and(tells))
                })
            }),
            0x60..=0x66 => insn
                .index()
                .is_some_and(|field| table.constants.contains_key(&field)),
            _ => false,
        }
    }

    /// Whether a call reads by name.
    pub(super) fn reads_by_name(&self, dex_no: u16, method: u32) -> bool {
        let mark = self
            .tables
            .get(usize::from(dex_no))
            .and_then(|table| table.mark(method));
        mark.and_then(|mark| Place::of(mark.member.model?)).is_some()
    }
}
