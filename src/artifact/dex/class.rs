//! Classes that are defined here, and their members.
//!
//! Spec: *Dalvik executable format*, "class_def_item", "class_data_item", "encoded_field",
//! "encoded_method".

use std::iter::FusedIterator;

use crate::bytes::Gap;

use super::leb::Leb;
use super::{Dex, FORMAT, NO_INDEX, TypeList, size, wide};

/// `class_def_item`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassDef {
    /// Number in the table of class definitions.
    pub index: u32,
    /// Type: the class itself.
    pub class: u32,
    /// `ACC_*` flags.
    pub access: u32,
    /// Type: its superclass; `None` for `java.lang.Object`.
    pub superclass: Option<u32>,
    /// Bytes to the `type_list` of its interfaces, 0 for none.
    pub interfaces_off: u32,
    /// String: name of the source file.
    pub source: Option<u32>,
    /// Bytes to the `annotations_directory_item`, 0 for none.
    pub annotations_off: u32,
    /// Bytes to the `class_data_item`, 0 for a class without members.
    pub class_data_off: u32,
    /// Bytes to the `encoded_array` of initial values, 0 for none.
    pub static_values_off: u32,
}

impl<'a> Dex<'a> {
    /// Class definition number `i`.
    pub fn class(&self, i: u32) -> Option<ClassDef> {
        let (words, _) = self.tables.class_defs.get(size(i))?.as_chunks::<4>();
        let mut words = words.iter().map(|word| u32::from_le_bytes(*word));
        let mut word = || words.next();
        let index = |i: u32| (i != NO_INDEX).then_some(i);
        Some(ClassDef {
            index: i,
            class: word()?,
            access: word()?,
            superclass: index(word()?),
            interfaces_off: word()?,
            source: index(word()?),
            annotations_off: word()?,
            class_data_off: word()?,
            static_values_off: word()?,
        })
    }

    /// All class definitions, in the order of the file.
    pub fn classes(&self) -> impl Iterator<Item = ClassDef> + use<'a> {
        let dex = *self;
        (0..self.class_count()).filter_map(move |i| dex.class(i))
    }

    /// Types: the interfaces that the class implements itself.
    pub fn interfaces(&self, class: &ClassDef) -> Result<TypeList<'a>, Gap> {
        self.type_list(class.interfaces_off)
    }

    /// The members of a class. A class without `class_data_item` has none.
    pub fn members(&self, class: &ClassDef) -> Result<Members<'a>, Gap> {
        if class.class_data_off == 0 {
            return Ok(Members::none());
        }
        let mut leb = Leb::at(self.data, size(class.class_data_off));
        let mut next = || leb.unsigned();
        let counts = (|| Some([next()?, next()?, next()?, next()?]))();
        let Some([static_fields, instance_fields, direct, virtual_]) = counts else {
            let have = wide(leb.rest().len());
            return Err(Gap::truncated(
                FORMAT,
                u64::from(class.class_data_off),
                "class_data_item",
                4,
                have,
            ));
        };
        Ok(Members {
            leb,
            counts: [static_fields, instance_fields, direct, virtual_],
            limits: [self.field_count(), self.method_count()],
        })
    }
}

/// `class_data_item`: the fields and methods that a class defines.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a> {
    leb: Leb<'a>,
    /// Static fields, instance fields, direct methods, virtual methods.
    counts: [u32; 4],
    /// Number of fields and of methods in the tables: indices at or above are invalid.
    limits: [u32; 2],
}

/// `encoded_field`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Number in the table of fields.
    pub index: u32,
    /// `ACC_*` flags.
    pub access: u32,
    /// Whether it is in the list of static fields.
    pub is_static: bool,
}

/// `encoded_method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// Number in the table of methods.
    pub index: u32,
    /// `ACC_*` flags.
    pub access: u32,
    /// Bytes to its `code_item`; 0 when it is abstract or native.
    pub code_off: u32,
    /// Whether it is in the list of virtual methods.
    pub is_virtual: bool,
}

impl<'a> Members<'a> {
    fn none() -> Self {
        Self {
            leb: Leb::at(&[], 0),
            counts: [0; 4],
            limits: [0; 2],
        }
    }

    /// Static fields, then instance fields.
    pub fn fields(&self) -> Fields<'a> {
        let [first, second, ..] = self.counts;
        let [limit, _] = self.limits;
        Fields(List {
            leb: self.leb,
            first,
            second,
            index: 0,
            in_second: false,
            limit,
        })
    }

    /// Static fields alone: the `i`th belongs to the `i`th initial value.
    pub fn static_fields(&self) -> Fields<'a> {
        let mut fields = self.fields();
        fields.0.second = 0;
        fields
    }

    /// Direct methods (constructors, private and static ones), then virtual ones. Fields before them
    /// that cannot be read are a gap here too.
    pub fn methods(&self) -> Methods<'a> {
        let mut leb = self.leb;
        let [a, b, first, second] = self.counts;
        let fields = u64::from(a).saturating_add(u64::from(b));
        // Two numbers each; the loop ends with the file at the latest.
        let skipped = (0..fields.saturating_mul(2)).all(|_| leb.unsigned().is_some());
        let [_, limit] = self.limits;
        let first = if skipped || first.saturating_add(second) == 0 {
            first
        } else {
            first.max(1)
        };
        Methods(List {
            leb,
            first,
            second,
            index: 0,
            in_second: false,
            limit,
        })
    }

    /// Bytes between the start of the members and the first method: what it took to skip the fields.
    pub(super) fn skipped(&self, methods: &Methods<'a>) -> usize {
        methods.0.leb.position().saturating_sub(self.leb.position())
    }
}

/// Iterator over [`Field`]s; ends at the first one that cannot be read.
#[derive(Debug, Clone)]
pub struct Fields<'a>(List<'a>);

impl Iterator for Fields<'_> {
    type Item = Result<Field, Gap>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_static = self.0.step()?;
        Some(self.0.pair("encoded_field").map(|(index, access)| Field {
            index,
            access,
            is_static,
        }))
    }
}

impl FusedIterator for Fields<'_> {}

/// Iterator over [`Method`]s; ends at the first one that cannot be read.
#[derive(Debug, Clone)]
pub struct Methods<'a>(List<'a>);

impl Iterator for Methods<'_> {
    type Item = Result<Method, Gap>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let is_virtual = !self.0.step()?;
        Some(self.0.pair("encoded_method").and_then(|(index, access)| {
            let code_off = self.0.number("encoded_method")?;
            Ok(Method {
                index,
                access,
                code_off,
                is_virtual,
            })
        }))
    }
}

impl FusedIterator for Methods<'_> {}

/// Two lists in a row. Each begins with an index, and goes on with differences.
#[derive(Debug, Clone)]
struct List<'a> {
    leb: Leb<'a>,
    first: u32,
    second: u32,
    index: u32,
    in_second: bool,
    limit: u32,
}

impl List<'_> {
    /// Counts one item; whether it is of the first list.
    #[inline]
    fn step(&mut self) -> Option<bool> {
        if let Some(left) = self.first.checked_sub(1) {
            self.first = left;
            return Some(true);
        }
        self.second = self.second.checked_sub(1)?;
        if !self.in_second {
            self.in_second = true;
            self.index = 0;
        }
        Some(false)
    }

    fn number(&mut self, what: &'static str) -> Result<u32, Gap> {
        self.leb.unsigned().ok_or_else(|| self.end(what, None))
    }

    fn pair(&mut self, what: &'static str) -> Result<(u32, u32), Gap> {
        let diff = self.number(what)?;
        let access = self.number(what)?;
        self.index = self.index.wrapping_add(diff);
        if self.index >= self.limit {
            return Err(self.end(what, Some(self.index)));
        }
        Ok((self.index, access))
    }

    /// Ends the iteration: what follows an item that was not read would be guesswork.
    #[cold]
    fn end(&mut self, what: &'static str, got: Option<u32>) -> Gap {
        self.first = 0;
        self.second = 0;
        let at = wide(self.leb.position());
        match got {
            Some(got) => Gap::invalid(FORMAT, at, what, u64::from(got)),
            None => Gap::truncated(FORMAT, at, what, 1, 0),
        }
    }
}
