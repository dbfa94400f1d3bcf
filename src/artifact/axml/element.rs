//! Elements and their attributes.

use crate::artifact::chunk::{index, u32_at};
use crate::artifact::res_value::Value;
use crate::artifact::string_pool::{PoolStr, StringPool};

/// Bytes of a `ResXMLTree_attribute` that are read; the stride is the element's `attributeSize`.
const ATTRIBUTE: usize = 20;
/// "No string" in an index.
const NONE: u32 = u32::MAX;

/// A start tag with its attributes.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    pub(super) strings: StringPool<'a>,
    pub(super) ids: &'a [u8],
    pub(super) name: u32,
    /// Line in the source that was compiled, 1-based; whatever the file says.
    pub line: u32,
    /// From the first attribute on, to the end of the document.
    pub(super) table: &'a [u8],
    /// Bytes from one attribute to the next.
    pub(super) stride: usize,
    pub(super) count: u16,
}

impl<'a> Element<'a> {
    /// The tag's name.
    pub fn name(&self) -> Option<PoolStr<'a>> {
        self.strings.get(self.name)
    }

    /// Whether the tag's name is `name`.
    pub fn is(&self, name: &str) -> bool {
        self.name().is_some_and(|n| n.is(name))
    }

    /// Attributes in file order.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let element = *self;
        (0..usize::from(self.count)).map_while(move |i| element.attribute(i))
    }

    /// Attribute `i` in file order.
    pub(super) fn attribute(&self, i: usize) -> Option<Attribute<'a>> {
        // With a stride of 0 all attributes are the first.
        if i >= usize::from(self.count) || (i > 0 && self.stride == 0) {
            return None;
        }
        let raw = self
            .table
            .get(i.checked_mul(self.stride)?..)?
            .first_chunk::<ATTRIBUTE>()?;
        let field = |at| u32_at(raw, at).unwrap_or(NONE);
        let name = field(4);
        let id = index(name)
            .checked_mul(4)
            .and_then(|at| u32_at(self.ids, at))
            .unwrap_or_default();
        let value = raw.get(12..).and_then(Value::read).unwrap_or_default();
        Some(Attribute {
            strings: self.strings,
            namespace: field(0),
            name,
            raw: field(8),
            id,
            value,
        })
    }

    /// The first attribute with the resource id `id`.
    pub fn by_id(&self, id: u32) -> Option<Attribute<'a>> {
        self.attributes().find(|a| a.id == id)
    }

    /// The first attribute without a namespace that has this name.
    pub fn plain(&self, name: &str) -> Option<Attribute<'a>> {
        self.attributes().find(|a| a.namespace == NONE && a.is(name))
    }

    /// The first attribute with this name, whatever its namespace.
    pub fn named(&self, name: &str) -> Option<Attribute<'a>> {
        self.attributes().find(|a| a.is(name))
    }
}

/// An attribute of a start tag.
#[derive(Debug, Clone, Copy)]
pub struct Attribute<'a> {
    strings: StringPool<'a>,
    namespace: u32,
    pub(super) name: u32,
    raw: u32,
    /// Resource id of the attribute, 0 where its name has none. It decides what the attribute is.
    pub id: u32,
    /// The typed value: it decides, the raw text does not.
    pub value: Value,
}

impl<'a> Attribute<'a> {
    /// The name as text: only a label where there is a resource id.
    pub fn name(&self) -> Option<PoolStr<'a>> {
        self.strings.get(self.name)
    }

    /// The namespace, where there is one.
    pub fn namespace(&self) -> Option<PoolStr<'a>> {
        self.strings.get(self.namespace)
    }

    /// Whether the attribute has this name.
    pub fn is(&self, name: &str) -> bool {
        self.name().is_some_and(|n| n.is(name))
    }

    /// The value, when it is a string: by the typed value, or by the raw text where no value is typed.
    pub fn string(&self) -> Option<PoolStr<'a>> {
        match self.value.kind {
            0 => self.raw(),
            _ => self.strings.get(self.value.string()?),
        }
    }

    /// The raw text, where the compiler kept it.
    pub fn raw(&self) -> Option<PoolStr<'a>> {
        self.strings.get(self.raw)
    }

    /// Index into the pool of the string that [`string`](Self::string) gives.
    pub fn string_index(&self) -> Option<u32> {
        match self.value.kind {
            0 => Some(self.raw).filter(|i| *i != NONE),
            _ => self.value.string(),
        }
    }
}
