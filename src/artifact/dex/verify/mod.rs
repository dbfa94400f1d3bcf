//! What Android's verifier would refuse in the tables.
//!
//! Spec: *Dalvik executable format*, and what ART 12 checks before it loads a dex
//! (`art/libdexfile/dex/dex_file_verifier.cc`). A file that breaks these rules is still read; that it
//! breaks them is news in itself, since no build tool writes such a file.
//!
//! One gap per rule: it tells the first place and how many items break the rule, so that a file with a
//! million unsorted strings is one line. Code and member lists are not looked at here: whoever walks
//! them gets their gaps.

mod text;

use crate::bytes::Gap;

use super::{ClassDef, Dex, FORMAT, size};
use text::{ascends, is_descriptor, is_plain, measure};

/// The rules that items of the tables must keep.
#[derive(Debug, Clone, Copy)]
enum Rule {
    StringOffset,
    StringOrder,
    StringLength,
    StringEncoding,
    TypeIndex,
    TypeOrder,
    TypeDescriptor,
    Proto,
    Field,
    Method,
    ClassIndex,
    ClassTwice,
    Superclass,
    SourceFile,
    Offset,
}

/// Name, and whether something is lost where the rule is broken.
const RULES: [(&str, bool); 15] = [
    ("number of string_ids whose data is outside of the file", true),
    ("number of string_ids out of order", false),
    ("number of strings with a wrong utf16_size", false),
    ("number of strings that are no MUTF-8", false),
    ("number of type_ids without a string", true),
    ("number of type_ids out of order", false),
    ("number of type_ids with an invalid descriptor", false),
    ("number of proto_ids that lead nowhere", true),
    ("number of field_ids that lead nowhere", true),
    ("number of method_ids that lead nowhere", true),
    ("number of class_defs without a type", true),
    ("number of class_defs that are there twice", false),
    ("number of class_defs with an invalid superclass", true),
    ("number of class_defs with an invalid source_file_idx", false),
    ("number of offsets in class_defs outside of the file", true),
];

/// Where each rule was broken first, and how often.
#[derive(Debug, Default)]
struct Broken([(u64, u64); RULES.len()]);

impl Broken {
    #[cold]
    fn note(&mut self, rule: Rule, at: u64) {
        if let Some((first, times)) = self.0.get_mut(usize::from(rule.row())) {
            if *times == 0 {
                *first = at;
            }
            *times = times.saturating_add(1);
        }
    }

    #[inline]
    fn check(&mut self, right: bool, rule: Rule, at: u64) {
        if !right {
            self.note(rule, at);
        }
    }

    fn gaps(&self) -> impl Iterator<Item = Gap> {
        let broken = self.0.iter().zip(RULES).filter(|((_, times), _)| *times > 0);
        broken.map(|(&(at, times), (what, loss))| {
            if loss {
                Gap::invalid(FORMAT, at, what, times)
            } else {
                Gap::odd(FORMAT, at, what, times)
            }
        })
    }
}

impl Rule {
    #[expect(
        clippy::as_conversions,
        reason = "the number of a variant, in the order of RULES"
    )]
    fn row(self) -> u8 {
        self as u8
    }
}

impl Dex<'_> {
    /// Checks the tables of ids and classes and every string; one gap per rule that is broken. Reads all
    /// string data once; see [`Dex::checksum`] for the one check that reads everything.
    pub fn verify(&self) -> Vec<Gap> {
        let mut broken = Broken::default();
        self.verify_strings(&mut broken);
        self.verify_types(&mut broken);
        self.verify_ids(&mut broken);
        self.verify_classes(&mut broken);
        let mut gaps: Vec<Gap> = broken.gaps().collect();
        super::map::check(self, &mut gaps);
        gaps
    }

    fn verify_strings(&self, broken: &mut Broken) {
        let from = u64::from(self.header().string_ids.off);
        let mut last: &[u8] = &[];
        let mut last_is_ascii = true;
        let mut budget = self.data().len().saturating_mul(2);
        for i in 0..self.string_count() {
            let at = from.saturating_add(u64::from(i).saturating_mul(4));
            let Some((units, rest)) = self.string_item(i) else {
                broken.note(Rule::StringOffset, at);
                continue;
            };
            // Nearly all strings are plain ASCII, and of them the length is known before the NUL is met.
            let plain = rest
                .split_at_checked(size(units))
                .filter(|(text, end)| end.first() == Some(&0) && is_plain(text));
            let bytes = match plain {
                Some((text, _)) => text,
                None => match memchr::memchr(0, rest).and_then(|len| rest.get(..len)) {
                    Some(text) => text,
                    None => {
                        broken.note(Rule::StringOffset, at);
                        continue;
                    }
                },
            };
            // Strings that share bytes are out of order too; that much is known by now.
            match budget.checked_sub(bytes.len()) {
                Some(left) => budget = left,
                None => return broken.note(Rule::StringOrder, at),
            }
            let is_ascii = plain.is_some();
            if !is_ascii {
                let (count, valid) = measure(bytes);
                broken.check(valid, Rule::StringEncoding, at);
                broken.check(!valid || size(units) == count, Rule::StringLength, at);
            }
            let right = if is_ascii && last_is_ascii {
                last < bytes
            } else {
                ascends(last, bytes)
            };
            broken.check(i == 0 || right, Rule::StringOrder, at);
            last = bytes;
            last_is_ascii = is_ascii;
        }
    }

    fn verify_types(&self, broken: &mut Broken) {
        let from = u64::from(self.header().type_ids.off);
        let mut last = None;
        for i in 0..self.type_count() {
            let at = from.saturating_add(u64::from(i).saturating_mul(4));
            let name = self.type_name(i);
            match name.and_then(|name| self.string(name)) {
                Some(text) => broken.check(is_descriptor(text), Rule::TypeDescriptor, at),
                None => broken.note(Rule::TypeIndex, at),
            }
            broken.check(last < name, Rule::TypeOrder, at);
            last = name;
        }
    }

    fn verify_ids(&self, broken: &mut Broken) {
        let (strings, types, protos) = (self.string_count(), self.type_count(), self.proto_count());
        let h = self.header();
        let at =
            |off: u32, i: u32, width: u64| u64::from(off).saturating_add(u64::from(i).saturating_mul(width));
        for i in 0..protos {
            let right = self.proto_checked(i).is_some_and(|(proto, list)| {
                list && proto.shorty < strings
                    && proto.return_type < types
                    && proto.parameters.iter().all(|parameter| parameter < types)
            });
            broken.check(right, Rule::Proto, at(h.proto_ids.off, i, 12));
        }
        for i in 0..self.field_count() {
            let right = self
                .field(i)
                .is_some_and(|f| f.class < types && f.type_ < types && f.name < strings);
            broken.check(right, Rule::Field, at(h.field_ids.off, i, 8));
        }
        for i in 0..self.method_count() {
            let right = self
                .method(i)
                .is_some_and(|m| m.class < types && m.proto < protos && m.name < strings);
            broken.check(right, Rule::Method, at(h.method_ids.off, i, 8));
        }
    }

    fn verify_classes(&self, broken: &mut Broken) {
        let types = self.type_count();
        let end = super::count(self.data().len());
        // One bit per type: which are defined already. As long as the table of types.
        let mut seen = vec![false; size(types)];
        for class in self.classes() {
            let at = u64::from(self.header().class_defs.off)
                .saturating_add(u64::from(class.index).saturating_mul(32));
            match seen.get_mut(size(class.class)) {
                Some(seen) => broken.check(!std::mem::replace(seen, true), Rule::ClassTwice, at),
                None => broken.note(Rule::ClassIndex, at),
            }
            let ClassDef {
                superclass, source, ..
            } = class;
            let parent = superclass.is_none_or(|parent| parent < types && parent != class.class);
            broken.check(parent, Rule::Superclass, at);
            let source = source.is_none_or(|source| source < self.string_count());
            broken.check(source, Rule::SourceFile, at);
            let offsets = class.annotations_off < end && class.static_values_off < end;
            let inside = offsets && class.class_data_off < end && self.interfaces(&class).is_ok();
            broken.check(inside, Rule::Offset, at);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "offsets of a sample built here"
    )]

    use super::super::build::{DexBuilder, fix_checksum};
    use super::*;

    fn sample() -> Vec<u8> {
        let mut dex = DexBuilder::new();
        dex.string("ü")
            .string("\u{1f600}")
            .string("\u{ff5e}")
            .string("a\0b")
            .string("a");
        dex.class("La/B;")
            .superclass("La/C;")
            .method("f", "(I[J)V", 3, |m| {
                m.const_string(0, "x").return_void();
            });
        dex.build()
    }

    /// What `verify` says of the sample after `change`.
    #[track_caller]
    fn check(change: impl FnOnce(&mut Vec<u8>), expect: &[&str]) {
        let mut bytes = sample();
        change(&mut bytes);
        fix_checksum(&mut bytes);
        let opened = Dex::open(&bytes);
        let gaps: Vec<String> = opened
            .dexes
            .iter()
            .flat_map(Dex::verify)
            .chain(opened.gaps)
            .map(|g| g.what.into_owned())
            .collect();
        assert_eq!(gaps, expect);
    }

    fn word(bytes: &[u8], at: usize) -> usize {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    }

    #[test]
    fn a_sound_file_breaks_no_rule() {
        check(|_| {}, &[]);
    }

    #[test]
    fn unsorted_strings_are_one_gap() {
        check(
            |b| {
                let at = word(b, 0x3c);
                let (one, two) = (word(b, at), word(b, at + 4));
                b[at..at + 4].copy_from_slice(&(two as u32).to_le_bytes());
                b[at + 4..at + 8].copy_from_slice(&(one as u32).to_le_bytes());
            },
            &["number of string_ids out of order"],
        );
    }

    #[test]
    fn a_string_outside_of_the_file_is_lost() {
        check(
            |b| {
                let at = word(b, 0x3c);
                b[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            },
            // It was the name of a type.
            &[
                "number of string_ids whose data is outside of the file",
                "number of type_ids without a string",
            ],
        );
    }

    #[test]
    fn a_class_that_is_its_own_parent_is_noted() {
        check(
            |b| {
                let at = word(b, 0x64);
                b.copy_within(at..at + 4, at + 8);
            },
            &["number of class_defs with an invalid superclass"],
        );
    }
}
