//! Annotations of classes, fields, methods and parameters.
//!
//! Spec: *Dalvik executable format*, "annotations_directory_item", "annotation_set_item",
//! "annotation_set_ref_list", "annotation_item".

use std::iter::FusedIterator;

use crate::bytes::Gap;

use super::leb::Leb;
use super::value::Values;
use super::{ClassDef, Dex, FORMAT, Meter, size, wide};

/// What an annotation is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The class itself.
    Class,
    /// A field, by its index.
    Field(u32),
    /// A method, by its index.
    Method(u32),
    /// A parameter of a method, by the method's index and the parameter's number.
    Parameter(u32, u32),
}

/// `annotation_item`.
#[derive(Debug, Clone)]
pub struct Annotation<'a> {
    /// The class that it is in.
    pub class: ClassDef,
    /// What it is of.
    pub target: Target,
    /// 0 at build time, 1 at run time, 2 for the system (`dalvik.annotation.*`).
    pub visibility: u8,
    /// Index of its type.
    pub type_: u32,
    /// Its elements, by name.
    pub elements: Values<'a>,
}

impl<'a> Dex<'a> {
    /// All annotations of a class and of its members.
    pub fn annotations(&self, class: &ClassDef) -> Annotations<'a> {
        let next = class.index;
        let end = next.saturating_add(1);
        Annotations {
            dex: *self,
            next,
            end,
            current: None,
            meter: Meter::new(self),
        }
    }

    /// All annotations, class by class. Bounded: see [`Meter`].
    pub fn all_annotations(&self) -> Annotations<'a> {
        Annotations {
            dex: *self,
            next: 0,
            end: self.class_count(),
            current: None,
            meter: Meter::new(self),
        }
    }
}

/// Iterator over [`Annotation`]s: see [`Dex::annotations`] and [`Dex::all_annotations`].
#[derive(Debug, Clone)]
pub struct Annotations<'a> {
    dex: Dex<'a>,
    next: u32,
    end: u32,
    current: Option<Directory<'a>>,
    meter: Meter,
}

/// `annotations_directory_item` of a class, half read.
#[derive(Debug, Clone)]
struct Directory<'a> {
    class: ClassDef,
    /// Offset of the set of the class itself.
    on_class: u32,
    /// Index and offset, for fields, methods and parameters.
    lists: [&'a [[u8; 8]]; 3],
    /// Sets of the parameters of one method that are still to be read, and the number of the next.
    parameters: (&'a [[u8; 4]], u32, u32),
    /// Annotations of one set that are still to be read.
    set: (&'a [[u8; 4]], Target),
}

impl<'a> Annotations<'a> {
    /// Opens the directory of the next class that has one; `None` at the end.
    fn open(&mut self) -> Option<Result<Directory<'a>, Gap>> {
        loop {
            if self.next >= self.end {
                return None;
            }
            let class = self.dex.class(self.next)?;
            self.next = self.next.saturating_add(1);
            if class.annotations_off != 0 {
                return Some(self.directory(class));
            }
        }
    }

    fn directory(&mut self, class: ClassDef) -> Result<Directory<'a>, Gap> {
        let at = class.annotations_off;
        let rest = self.dex.data().get(size(at)..).unwrap_or_default();
        let Some((head, rest)) = rest.split_first_chunk::<16>() else {
            return Err(Gap::truncated(
                FORMAT,
                u64::from(at),
                "annotations_directory_item",
                16,
                wide(rest.len()),
            ));
        };
        let mut words = head
            .as_chunks::<4>()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word));
        let mut word = || words.next().unwrap_or(0);
        let on_class = word();
        let mut lists: [&[[u8; 8]]; 3] = [&[]; 3];
        let mut rest = rest;
        for list in &mut lists {
            let need = size(word()).saturating_mul(8);
            self.charge(at, need.min(rest.len()))?;
            let Some((items, after)) = rest.split_at_checked(need) else {
                let have = wide(rest.len());
                return Err(Gap::truncated(
                    FORMAT,
                    u64::from(at),
                    "annotations_directory_item",
                    wide(need),
                    have,
                ));
            };
            *list = items.as_chunks::<8>().0;
            rest = after;
        }
        Ok(Directory {
            class,
            on_class,
            lists,
            parameters: (&[], 0, 0),
            set: (&[], Target::Class),
        })
    }

    /// Charges the walk; when it is spent, it ends here.
    fn charge(&mut self, at: u32, bytes: usize) -> Result<(), Gap> {
        self.meter.charge(at, bytes).inspect_err(|_| self.next = u32::MAX)
    }

    /// A list of offsets with its number of items before it.
    fn offsets(&mut self, what: &'static str, at: u32) -> Result<&'a [[u8; 4]], Gap> {
        if at == 0 {
            return Ok(&[]);
        }
        let rest = self.dex.data().get(size(at)..).unwrap_or_default();
        let Some((len, rest)) = rest.split_first_chunk::<4>() else {
            return Err(Gap::truncated(FORMAT, u64::from(at), what, 4, wide(rest.len())));
        };
        let need = size(u32::from_le_bytes(*len)).saturating_mul(4);
        let Some(items) = rest.get(..need) else {
            return Err(Gap::truncated(
                FORMAT,
                u64::from(at),
                what,
                wide(need),
                wide(rest.len()),
            ));
        };
        self.charge(at, need.saturating_add(4))?;
        Ok(items.as_chunks::<4>().0)
    }

    fn item(&mut self, off: u32, class: ClassDef, target: Target) -> Result<Annotation<'a>, Gap> {
        // Visibility, type, number of elements: three bytes at least.
        self.charge(off, 3)?;
        let mut leb = Leb::at(self.dex.data(), size(off));
        let read = leb
            .byte()
            .and_then(|visibility| Some((visibility, Values::annotation(leb)?)));
        let Some((visibility, (type_, elements))) = read else {
            return Err(Gap::truncated(FORMAT, u64::from(off), "annotation_item", 3, 0));
        };
        Ok(Annotation {
            class,
            target,
            visibility,
            type_,
            elements,
        })
    }

    /// The next annotation of a class, `None` after its last one.
    fn step(&mut self, d: &mut Directory<'a>) -> Option<Result<Annotation<'a>, Gap>> {
        loop {
            if let Some((off, rest)) = d.set.0.split_first() {
                d.set.0 = rest;
                return Some(self.item(u32::from_le_bytes(*off), d.class, d.set.1));
            }
            let (off, target) = self.next_set(d)?;
            let off = match off {
                Ok(off) => off,
                Err(gap) => return Some(Err(gap)),
            };
            match self.offsets("annotation_set_item", off) {
                Ok(items) => d.set = (items, target),
                Err(gap) => return Some(Err(gap)),
            }
        }
    }

    /// Where the next set is, and what it is of.
    fn next_set(&mut self, d: &mut Directory<'a>) -> Option<(Result<u32, Gap>, Target)> {
        if d.on_class != 0 {
            return Some((Ok(std::mem::take(&mut d.on_class)), Target::Class));
        }
        let (sets, method, number) = d.parameters;
        if let Some((off, rest)) = sets.split_first() {
            d.parameters = (rest, method, number.saturating_add(1));
            return Some((Ok(u32::from_le_bytes(*off)), Target::Parameter(method, number)));
        }
        let [fields, methods, parameters] = &mut d.lists;
        if let Some((i, off)) = pop(fields) {
            return Some((Ok(off), Target::Field(i)));
        }
        if let Some((i, off)) = pop(methods) {
            return Some((Ok(off), Target::Method(i)));
        }
        let (method, off) = pop(parameters)?;
        let sets = self
            .offsets("annotation_set_ref_list", off)
            .map(|sets| d.parameters = (sets, method, 0));
        Some((sets.map(|()| 0), Target::Parameter(method, 0)))
    }
}

fn pop(list: &mut &[[u8; 8]]) -> Option<(u32, u32)> {
    let ([a, b, c, d, e, f, g, h], rest) = list.split_first()?;
    *list = rest;
    Some((
        u32::from_le_bytes([*a, *b, *c, *d]),
        u32::from_le_bytes([*e, *f, *g, *h]),
    ))
}

impl<'a> Iterator for Annotations<'a> {
    type Item = Result<Annotation<'a>, Gap>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(mut directory) = self.current.take()
                && let Some(item) = self.step(&mut directory)
            {
                // After the last drop of the budget the walk is over.
                if self.next != u32::MAX {
                    self.current = Some(directory);
                }
                return Some(item);
            }
            match self.open()? {
                Ok(directory) => self.current = Some(directory),
                Err(gap) => return Some(Err(gap)),
            }
        }
    }
}

impl FusedIterator for Annotations<'_> {}

#[cfg(test)]
mod tests {
    use super::super::build::{self, DexBuilder, Value as V};
    use super::super::{Dex, Value};
    use super::*;

    fn named(type_: &str, name: &str, value: &str) -> build::Annotation {
        build::Annotation {
            type_: type_.into(),
            elements: vec![(name.into(), V::string(value))],
        }
    }

    #[test]
    fn annotations_of_class_field_method_and_parameter_are_found() {
        let mut dex = DexBuilder::new();
        let class = dex.class("La;");
        class.annotation(named("LBase;", "value", "https://api.example"));
        class
            .instance_field("f", "I")
            .annotate_field(named("LName;", "value", "imei"));
        class.declare("m", "(II)V", build::PUBLIC | build::ABSTRACT);
        class.annotate_method(named("LGet;", "value", "/v1"));
        class.annotate_parameters(vec![vec![], vec![named("LQuery;", "value", "oaid")]]);
        dex.class("Lb;").annotation(named("LBase;", "value", "two"));
        let bytes = dex.build();
        let dex = Dex::open(&bytes).dexes[0];
        let text = |i: u32| String::from_utf8_lossy(dex.string(i).unwrap()).into_owned();
        let found: Vec<_> = dex
            .all_annotations()
            .map(|a| {
                let mut a = a.unwrap();
                let item = a.elements.next().unwrap().unwrap();
                assert_eq!(text(item.name.unwrap()), "value");
                let Value::String(value) = item.value else {
                    panic!("{item:?}")
                };
                (a.class.index, a.target, dex.type_text(a.type_), text(value))
            })
            .collect();
        let row =
            |class, target, type_: &str, value: &str| (class, target, type_.to_owned(), value.to_owned());
        assert_eq!(
            found,
            [
                row(0, Target::Class, "LBase;", "https://api.example"),
                row(0, Target::Field(0), "LName;", "imei"),
                row(0, Target::Method(0), "LGet;", "/v1"),
                row(0, Target::Parameter(0, 1), "LQuery;", "oaid"),
                row(1, Target::Class, "LBase;", "two"),
            ]
        );
        let second = dex.class(1).unwrap();
        assert_eq!(dex.annotations(&second).count(), 1);
    }
}
