//! Entries of a resource table: a value, or a bag of values.

use crate::artifact::chunk::{index, u16_at, u32_at};
use crate::artifact::res_value::{self, Value};

/// Bytes of a `ResTable_entry`.
const ENTRY: usize = 8;
/// Bytes of a `ResTable_map_entry`.
const MAP_ENTRY: usize = 16;
/// Bytes of a `ResTable_map`: a name and a value.
const MAP: usize = 12;

const FLAG_COMPLEX: u16 = 1;
const FLAG_COMPACT: u16 = 8;

/// A resource in one configuration.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Resource id.
    pub id: u32,
    /// Index of its name in the package's key strings.
    pub key: u32,
    /// What it is.
    pub body: Body<'a>,
}

/// What an entry holds.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// One value.
    Value(Value),
    /// Several: an array, plurals, a style, an attribute's definition.
    Bag(Bag<'a>),
}

/// The values of a complex entry.
#[derive(Debug, Clone, Copy)]
pub struct Bag<'a> {
    /// Resource id of the parent, 0 where there is none.
    pub parent: u32,
    items: &'a [u8],
    /// Whether the declared count was more than there are bytes for.
    pub cut: bool,
}

impl<'a> Entry<'a> {
    /// Reads the entry at the start of `data`, which reaches to the end of its chunk.
    pub(super) fn read(id: u32, data: &'a [u8]) -> Option<Self> {
        let size = u16_at(data, 0)?;
        let flags = u16_at(data, 2)?;
        if flags & FLAG_COMPACT != 0 {
            let [kind, _] = flags.to_be_bytes();
            let body = Body::Value(Value {
                kind,
                data: u32_at(data, 4)?,
            });
            return Some(Self {
                id,
                key: u32::from(size),
                body,
            });
        }
        let size = usize::from(size);
        let key = u32_at(data, 4)?;
        if size < ENTRY || size > data.len() {
            return None;
        }
        if flags & FLAG_COMPLEX == 0 {
            return Some(Self {
                id,
                key,
                body: Body::Value(Value::read(data.get(size..)?)?),
            });
        }
        if size < MAP_ENTRY {
            return None;
        }
        let items = data.get(size..)?;
        let wanted = index(u32_at(data, 12)?).saturating_mul(MAP);
        let parent = u32_at(data, 8)?;
        let bag = Bag {
            parent,
            items: items.get(..wanted).unwrap_or(items),
            cut: wanted > items.len(),
        };
        Some(Self {
            id,
            key,
            body: Body::Bag(bag),
        })
    }
}

impl Bag<'_> {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.items.len().checked_div(MAP).unwrap_or_default()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value `i`, with its name: the resource id of an attribute, or an index with `0x02` on top.
    pub fn item(&self, i: usize) -> Option<(u32, Value)> {
        let item = self.items.get(i.checked_mul(MAP)?..)?;
        Some((u32_at(item, 0)?, Value::read(item.get(4..)?)?))
    }
}

const _: () = assert!(MAP == 4 + res_value::SIZE, "a map is a name and a value");
