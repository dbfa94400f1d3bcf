//! Encoded values: initial values of static fields, elements of annotations, arguments of call sites.
//!
//! Spec: *Dalvik executable format*, "encoded_value", "encoded_array", "encoded_annotation".
//!
//! Arrays and annotations nest, and a hostile file nests them by the hundred thousand. So a walk is flat:
//! an array is one item that tells its length, and its elements are the items that follow, one deeper.

use std::iter::FusedIterator;

use crate::bytes::Gap;

use super::leb::Leb;
use super::{ClassDef, Dex, FORMAT, Meter, size, wide};

/// One encoded value. Numbers are of the width that the file says; indices lead into the tables.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum Value {
    Byte(i8),
    Short(i16),
    Char(u16),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    /// Index of a prototype.
    MethodType(u32),
    /// Index of a method handle.
    MethodHandle(u32),
    /// Index of a string.
    String(u32),
    /// Index of a type.
    Type(u32),
    /// Index of a field.
    Field(u32),
    /// Index of a method.
    Method(u32),
    /// Index of the field that holds the constant.
    Enum(u32),
    /// An array of this many values: the items that follow, one deeper.
    Array(u32),
    /// An annotation: its elements are the items that follow, one deeper, with their names.
    Annotation {
        /// Index of its type.
        type_: u32,
        /// Number of elements.
        len: u32,
    },
    Null,
    Boolean(bool),
}

/// A value and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item {
    /// Number of the outermost element that it is, or is in.
    pub slot: u32,
    /// How many arrays and annotations are around it, within the outermost element.
    pub depth: u32,
    /// String: the name of the annotation's element that it is.
    pub name: Option<u32>,
    /// The value.
    pub value: Value,
}

/// Iterator over [`Item`]s, flat; ends at the first one that cannot be read.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    leb: Leb<'a>,
    /// The innermost list that is being read.
    current: Frame,
    /// The lists around it; bounded by the bytes that opened them.
    outer: Vec<Frame>,
    slot: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Frame {
    left: u32,
    named: bool,
}

impl<'a> Values<'a> {
    /// No values.
    pub(super) fn none() -> Self {
        Self {
            leb: Leb::at(&[], 0),
            current: Frame::default(),
            outer: Vec::new(),
            slot: 0,
        }
    }

    /// The values of the `encoded_array` at byte `off`.
    pub(super) fn array(dex: &Dex<'a>, off: u32) -> Result<Self, Gap> {
        let mut leb = Leb::at(dex.data(), size(off));
        match leb.unsigned() {
            Some(left) => Ok(Self {
                leb,
                current: Frame { left, named: false },
                outer: Vec::new(),
                slot: 0,
            }),
            None => Err(Gap::truncated(FORMAT, u64::from(off), "encoded_array", 1, 0)),
        }
    }

    /// The elements of the `encoded_annotation` that `leb` is at, and its type.
    pub(super) fn annotation(mut leb: Leb<'a>) -> Option<(u32, Self)> {
        let type_ = leb.unsigned()?;
        let left = leb.unsigned()?;
        Some((
            type_,
            Self {
                leb,
                current: Frame { left, named: true },
                outer: Vec::new(),
                slot: 0,
            },
        ))
    }

    /// Bytes from the start of the file to what is read next.
    pub(super) fn offset(&self) -> usize {
        self.leb.position()
    }

    fn read(&mut self, named: bool) -> Option<(Option<u32>, Value)> {
        let name = if named { Some(self.leb.unsigned()?) } else { None };
        let head = self.leb.byte()?;
        let arg = head.wrapping_shr(5);
        let kind = head & 0x1f;
        let bytes = match kind {
            0x1c..=0x1f => 0,
            _ => usize::from(arg).saturating_add(1),
        };
        let bytes = self.leb.take(bytes)?;
        Some((name, self.value(kind, arg, bytes)?))
    }

    fn value(&mut self, kind: u8, arg: u8, bytes: &[u8]) -> Option<Value> {
        let number = unsigned(bytes);
        Some(match kind {
            0x00 => Value::Byte(i8::try_from(signed(bytes)).ok()?),
            0x02 => Value::Short(i16::try_from(signed(bytes)).ok()?),
            0x03 => Value::Char(u16::try_from(number).ok()?),
            0x04 => Value::Int(i32::try_from(signed(bytes)).ok()?),
            0x06 => Value::Long(signed(bytes)),
            0x10 => Value::Float(f32::from_bits(u32::try_from(left(bytes).wrapping_shr(32)).ok()?)),
            0x11 => Value::Double(f64::from_bits(left(bytes))),
            0x15..=0x1b => {
                let index = u32::try_from(number).ok()?;
                match kind {
                    0x15 => Value::MethodType(index),
                    0x16 => Value::MethodHandle(index),
                    0x17 => Value::String(index),
                    0x18 => Value::Type(index),
                    0x19 => Value::Field(index),
                    0x1a => Value::Method(index),
                    _ => Value::Enum(index),
                }
            }
            0x1c => Value::Array(self.leb.unsigned()?),
            0x1d => Value::Annotation {
                type_: self.leb.unsigned()?,
                len: self.leb.unsigned()?,
            },
            0x1e => Value::Null,
            0x1f => Value::Boolean(arg != 0),
            _ => return None,
        })
    }

    #[cold]
    fn lost(&mut self, at: usize) -> Gap {
        self.current = Frame::default();
        self.outer = Vec::new();
        let (what, at, rest) = ("encoded_value", wide(at), self.leb.rest());
        match rest.first() {
            Some(&byte) => Gap::invalid(FORMAT, at, what, u64::from(byte)),
            None => Gap::truncated(FORMAT, at, what, 1, 0),
        }
    }
}

/// Up to eight bytes, little-endian.
fn unsigned(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |n, &byte| n.wrapping_shl(8) | u64::from(byte))
}

/// The same, sign-extended.
fn signed(bytes: &[u8]) -> i64 {
    let spare = u32::try_from(8_usize.saturating_sub(bytes.len()))
        .unwrap_or(0)
        .wrapping_mul(8);
    unsigned(bytes)
        .wrapping_shl(spare)
        .cast_signed()
        .wrapping_shr(spare)
}

/// The same, extended with zeros on the right: the upper bytes of a floating-point number.
fn left(bytes: &[u8]) -> u64 {
    let spare = u32::try_from(8_usize.saturating_sub(bytes.len()))
        .unwrap_or(0)
        .wrapping_mul(8);
    unsigned(bytes).wrapping_shl(spare)
}

impl Iterator for Values<'_> {
    type Item = Result<Item, Gap>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.current.left == 0 {
            self.current = self.outer.pop()?;
            if self.outer.is_empty() {
                self.slot = self.slot.saturating_add(1);
            }
        }
        self.current.left = self.current.left.saturating_sub(1);
        let at = self.leb.position();
        let Some((name, value)) = self.read(self.current.named) else {
            return Some(Err(self.lost(at)));
        };
        let item = Item {
            slot: self.slot,
            depth: super::count(self.outer.len()),
            name,
            value,
        };
        let inner = match value {
            Value::Array(left) => Some(Frame { left, named: false }),
            Value::Annotation { len, .. } => Some(Frame {
                left: len,
                named: true,
            }),
            _ => None,
        };
        match inner {
            Some(frame) => {
                self.outer.push(self.current);
                self.current = frame;
            }
            None if self.outer.is_empty() => self.slot = self.slot.saturating_add(1),
            None => {}
        }
        Some(Ok(item))
    }
}

impl FusedIterator for Values<'_> {}

impl<'a> Dex<'a> {
    /// Initial values of the static fields of a class: slot `i` belongs to the `i`th static field, and
    /// fields beyond the last slot are zero or null.
    pub fn static_values(&self, class: &ClassDef) -> Result<Values<'a>, Gap> {
        if class.static_values_off == 0 {
            return Ok(Values::none());
        }
        Values::array(self, class.static_values_off)
    }

    /// Initial values of the static fields of all classes, with the class. Bounded: see [`Meter`].
    pub fn all_static_values(&self) -> AllStaticValues<'a> {
        AllStaticValues {
            dex: *self,
            next: 0,
            current: None,
            meter: Meter::new(self),
        }
    }
}

/// Iterator over the initial values of a whole dex: see [`Dex::all_static_values`].
#[derive(Debug, Clone)]
pub struct AllStaticValues<'a> {
    dex: Dex<'a>,
    next: u32,
    current: Option<(ClassDef, Values<'a>)>,
    meter: Meter,
}

impl Iterator for AllStaticValues<'_> {
    /// The class, and a value.
    type Item = Result<(ClassDef, Item), Gap>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((class, values)) = &mut self.current {
                let from = values.offset();
                if let Some(item) = values.next() {
                    let read = values.offset().saturating_sub(from);
                    if let Err(gap) = self.meter.charge(class.static_values_off, read) {
                        self.next = u32::MAX;
                        self.current = None;
                        return Some(Err(gap));
                    }
                    let class = *class;
                    return Some(item.map(|item| (class, item)));
                }
            }
            let class = self.dex.class(self.next)?;
            self.next = self.next.saturating_add(1);
            self.current = None;
            if class.static_values_off != 0 {
                match Values::array(&self.dex, class.static_values_off) {
                    Ok(values) => self.current = Some((class, values)),
                    Err(gap) => return Some(Err(gap)),
                }
            }
        }
    }
}

impl FusedIterator for AllStaticValues<'_> {}

#[cfg(test)]
mod tests;
