//! The tables of ids: strings, types, prototypes, fields, methods.
//!
//! Spec: *Dalvik executable format*, "string_id_item" to "method_id_item". All of them have a fixed size,
//! so an id is found by one multiplication; strings and lists of parameters are found through it.

use std::iter::FusedIterator;

use crate::bytes::Gap;

use super::leb::Leb;
use super::{Dex, FORMAT, count, size, wide};

/// `field_id_item`: indices into types, types and strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldId {
    /// Type that the field is looked up in.
    pub class: u32,
    /// Type of its value.
    pub type_: u32,
    /// String: its name.
    pub name: u32,
}

/// `method_id_item`: indices into types, prototypes and strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodId {
    /// Type that the method is looked up in.
    pub class: u32,
    /// Prototype: its parameters and result.
    pub proto: u32,
    /// String: its name.
    pub name: u32,
}

/// `proto_id_item`.
#[derive(Debug, Clone, Copy)]
pub struct Proto<'a> {
    /// String: the short form of the descriptor.
    pub shorty: u32,
    /// Type of the result.
    pub return_type: u32,
    /// Types of the parameters; empty also where the list lies outside of the file.
    pub parameters: TypeList<'a>,
}

/// `type_list`: indices into types. Iterate over it, or ask for one by number.
#[derive(Debug, Clone, Copy, Default)]
pub struct TypeList<'a> {
    items: &'a [[u8; 2]],
}

impl<'a> TypeList<'a> {
    /// Number of types.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The `i`th type.
    pub fn get(&self, i: usize) -> Option<u32> {
        self.items.get(i).map(|item| u32::from(u16::from_le_bytes(*item)))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u32> + FusedIterator + Clone + use<'a> {
        self.items.iter().map(|item| u32::from(u16::from_le_bytes(*item)))
    }
}

impl<'a> Dex<'a> {
    /// Number of strings.
    pub fn string_count(&self) -> u32 {
        count(self.tables.string_ids.len())
    }

    /// Number of types.
    pub fn type_count(&self) -> u32 {
        count(self.tables.type_ids.len())
    }

    /// Number of prototypes.
    pub fn proto_count(&self) -> u32 {
        count(self.tables.proto_ids.len())
    }

    /// Number of fields.
    pub fn field_count(&self) -> u32 {
        count(self.tables.field_ids.len())
    }

    /// Number of methods.
    pub fn method_count(&self) -> u32 {
        count(self.tables.method_ids.len())
    }

    /// Number of classes that are defined here.
    pub fn class_count(&self) -> u32 {
        count(self.tables.class_defs.len())
    }

    /// The bytes of string `i`, in MUTF-8, without the NUL that ends it. A string that the file's end
    /// cuts off is what is there of it. Looks for the NUL each time: ask once per id, not per use.
    #[inline]
    pub fn string(&self, i: u32) -> Option<&'a [u8]> {
        let (_, bytes) = self.string_item(i)?;
        Some(
            memchr::memchr(0, bytes)
                .and_then(|end| bytes.get(..end))
                .unwrap_or(bytes),
        )
    }

    /// Number of UTF-16 units that string `i` claims to have, and the file from its first byte on.
    #[inline]
    pub(super) fn string_item(&self, i: u32) -> Option<(u32, &'a [u8])> {
        let off = u32::from_le_bytes(*self.tables.string_ids.get(size(i))?);
        let mut leb = Leb::at(self.data, size(off));
        let units = leb.unsigned()?;
        Some((units, leb.rest()))
    }

    /// All strings, in the order of their ids. Strings may share bytes only in a hostile file: once
    /// their sum is over what the file can hold twice, the rest is one gap.
    pub fn strings(&self) -> Strings<'a> {
        Strings {
            dex: *self,
            next: 0,
            budget: self.data.len().saturating_mul(2),
        }
    }

    /// The string index of the descriptor of type `i`.
    #[inline]
    pub fn type_name(&self, i: u32) -> Option<u32> {
        self.tables
            .type_ids
            .get(size(i))
            .map(|id| u32::from_le_bytes(*id))
    }

    /// The descriptor of type `i`, such as `Ljava/lang/String;` or `[I`.
    #[inline]
    pub fn type_descriptor(&self, i: u32) -> Option<&'a [u8]> {
        self.string(self.type_name(i)?)
    }

    /// Prototype `i`.
    #[inline]
    pub fn proto(&self, i: u32) -> Option<Proto<'a>> {
        self.proto_checked(i).map(|(proto, _)| proto)
    }

    /// Prototype `i`, and whether its list of parameters lies in the file.
    #[inline]
    pub(super) fn proto_checked(&self, i: u32) -> Option<(Proto<'a>, bool)> {
        let [a, b, c, d, e, f, g, h, j, k, l, m] = *self.tables.proto_ids.get(size(i))?;
        let parameters = self.type_list(u32::from_le_bytes([j, k, l, m]));
        let inside = parameters.is_ok();
        let proto = Proto {
            shorty: u32::from_le_bytes([a, b, c, d]),
            return_type: u32::from_le_bytes([e, f, g, h]),
            parameters: parameters.unwrap_or_default(),
        };
        Some((proto, inside))
    }

    /// Field `i`.
    #[inline]
    pub fn field(&self, i: u32) -> Option<FieldId> {
        let [a, b, c, d, e, f, g, h] = *self.tables.field_ids.get(size(i))?;
        Some(FieldId {
            class: u32::from(u16::from_le_bytes([a, b])),
            type_: u32::from(u16::from_le_bytes([c, d])),
            name: u32::from_le_bytes([e, f, g, h]),
        })
    }

    /// Method `i`.
    #[inline]
    pub fn method(&self, i: u32) -> Option<MethodId> {
        let [a, b, c, d, e, f, g, h] = *self.tables.method_ids.get(size(i))?;
        Some(MethodId {
            class: u32::from(u16::from_le_bytes([a, b])),
            proto: u32::from(u16::from_le_bytes([c, d])),
            name: u32::from_le_bytes([e, f, g, h]),
        })
    }

    /// The list of types at byte `off`; 0 is the empty list.
    pub fn type_list(&self, off: u32) -> Result<TypeList<'a>, Gap> {
        if off == 0 {
            return Ok(TypeList::default());
        }
        let rest = self.data.get(size(off)..).unwrap_or_default();
        let Some((len, rest)) = rest.split_first_chunk::<4>() else {
            return Err(Gap::truncated(
                FORMAT,
                u64::from(off),
                "type_list",
                4,
                wide(rest.len()),
            ));
        };
        let need = size(u32::from_le_bytes(*len)).saturating_mul(2);
        match rest.get(..need) {
            Some(items) => Ok(TypeList {
                items: items.as_chunks::<2>().0,
            }),
            None => Err(Gap::truncated(
                FORMAT,
                u64::from(off),
                "type_list",
                wide(need),
                wide(rest.len()),
            )),
        }
    }
}

/// All strings of a dex: see [`Dex::strings`].
#[derive(Debug, Clone)]
pub struct Strings<'a> {
    dex: Dex<'a>,
    next: u32,
    budget: usize,
}

impl<'a> Iterator for Strings<'a> {
    /// The string's index and its bytes, or why it cannot be read.
    type Item = Result<(u32, &'a [u8]), Gap>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let i = self.next;
        if i >= self.dex.string_count() {
            return None;
        }
        self.next = i.saturating_add(1);
        let Some(bytes) = self.dex.string(i) else {
            return Some(Err(self.lost(i)));
        };
        match self.budget.checked_sub(bytes.len()) {
            Some(left) => self.budget = left,
            None => return Some(Err(self.spent(i))),
        }
        Some(Ok((i, bytes)))
    }
}

impl FusedIterator for Strings<'_> {}

impl Strings<'_> {
    #[cold]
    fn lost(&self, i: u32) -> Gap {
        let off = self
            .dex
            .tables
            .string_ids
            .get(size(i))
            .map_or(0, |id| u32::from_le_bytes(*id));
        let at = u64::from(self.dex.header.string_ids.off).saturating_add(u64::from(i).saturating_mul(4));
        Gap::invalid(FORMAT, at, "string_data_off", u64::from(off))
    }

    #[cold]
    fn spent(&mut self, i: u32) -> Gap {
        self.next = u32::MAX;
        let limit = wide(self.dex.data.len()).saturating_mul(2);
        let at = u64::from(self.dex.header.string_ids.off).saturating_add(u64::from(i).saturating_mul(4));
        Gap::over(
            FORMAT,
            at,
            "strings that share bytes",
            limit.saturating_add(1),
            limit,
            "",
        )
    }
}
