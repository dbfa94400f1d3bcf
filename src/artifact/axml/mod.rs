//! Binary XML, as `aapt` compiles it.
//!
//! Spec: `ResXMLTree_*` of AOSP `frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h`,
//! read as `ResXMLTree` and `ResXMLParser` do (Android 14): `headerSize` is honoured everywhere,
//! unknown chunks are skipped, the last string pool before the first node wins, an attribute is found
//! by its resource id before its name, its typed value counts before its raw text, and a node whose
//! size is zero, unaligned or too large ends the document.

mod element;
mod strings;

use super::chunk::{self, Chunk, index, u16_at, u32_at, wide};
use super::string_pool::{PoolStr, StringPool};
use crate::bytes::Gap;

pub use element::{Attribute, Element};
pub use strings::{Spot, Strings};

const FORMAT: &str = "axml";
/// Bytes of a `ResXMLTree_node`: chunk header, line number, comment.
const NODE: usize = 16;
/// Bytes of a `ResXMLTree_attrExt`.
const ELEMENT: usize = 20;

/// The namespace of framework attributes.
pub const ANDROID: &str = "http://schemas.android.com/apk/res/android";

/// A compiled XML document. Opening finds the string pool and the first node; the rest is read on the
/// way through [`events`](Self::events).
#[derive(Debug, Clone)]
pub struct Xml<'a> {
    data: &'a [u8],
    strings: StringPool<'a>,
    /// Resource ids by index of the attribute's name, four bytes each.
    ids: &'a [u8],
    /// Offset of the first node.
    first: usize,
    /// Offset of the document's end.
    end: usize,
    gaps: Vec<Gap>,
}

impl<'a> Xml<'a> {
    /// Opens a document. Never fails as a whole: what could not be read is in [`gaps`](Self::gaps).
    pub fn open(data: &'a [u8]) -> Self {
        let mut xml = Self {
            data,
            strings: StringPool::default(),
            ids: &[],
            first: data.len(),
            end: data.len(),
            gaps: Vec::new(),
        };
        if let Err(gap) = xml.prologue() {
            xml.gaps.push(gap);
        }
        xml
    }

    /// Finds the string pool, the resource map and the first node.
    fn prologue(&mut self) -> Result<(), Gap> {
        let data = self.data;
        let (Some(kind), Some(header), Some(size)) = (u16_at(data, 0), u16_at(data, 2), u32_at(data, 4))
        else {
            return Err(Gap::truncated(
                FORMAT,
                0,
                "root chunk",
                wide(chunk::HEADER),
                wide(data.len()),
            ));
        };
        if data.trim_ascii_start().first() == Some(&b'<') {
            return Err(Gap::invalid(
                FORMAT,
                0,
                "text where compiled XML is expected",
                u64::from(kind),
            ));
        }
        if kind != chunk::XML {
            self.gaps
                .push(Gap::odd(FORMAT, 0, "root chunk type", u64::from(kind)));
        }
        let mut start = usize::from(header);
        let mut end = index(size);
        if end > data.len() {
            self.gaps.push(Gap::truncated(
                FORMAT,
                0,
                "document",
                u64::from(size),
                wide(data.len()),
            ));
            end = data.len();
        } else if end < chunk::HEADER {
            self.gaps
                .push(Gap::invalid(FORMAT, 4, "document size", u64::from(size)));
            end = data.len();
        } else if end < data.len() {
            self.gaps.push(Gap::odd(
                FORMAT,
                wide(end),
                "bytes after the document",
                wide(data.len().saturating_sub(end)),
            ));
        }
        if start < chunk::HEADER || start > end {
            self.gaps
                .push(Gap::invalid(FORMAT, 2, "document header size", u64::from(header)));
            start = chunk::HEADER;
        }
        self.end = end;
        self.first = end;

        let mut at = start;
        let mut pools = 0_u32;
        while at < end {
            let c = Chunk::read(FORMAT, data, at, end, chunk::HEADER)?;
            match c.kind {
                chunk::STRING_POOL => {
                    pools = pools.saturating_add(1);
                    if pools > 1 {
                        odd_once(
                            &mut self.gaps,
                            Gap::odd(FORMAT, wide(at), "second string pool", u64::from(pools)),
                        );
                    }
                    let mut gaps = Vec::new();
                    self.strings = StringPool::read(FORMAT, &c, &mut gaps);
                    for gap in gaps {
                        odd_once(&mut self.gaps, gap);
                    }
                }
                chunk::XML_RESOURCE_MAP => self.ids = c.body(),
                chunk::XML_FIRST..=chunk::XML_LAST => {
                    self.first = at;
                    return Ok(());
                }
                kind => odd_once(
                    &mut self.gaps,
                    Gap::odd(FORMAT, wide(at), "unknown chunk", u64::from(kind)),
                ),
            }
            at = c.next();
        }
        Err(Gap::invalid(FORMAT, wide(at), "document without a node", 0))
    }

    /// The document's strings.
    pub fn strings(&self) -> &StringPool<'a> {
        &self.strings
    }

    /// Whether any attribute name has a resource id.
    pub fn has_ids(&self) -> bool {
        self.ids.len() >= 4
    }

    /// Whether an attribute name has this resource id.
    pub fn has_id(&self, id: u32) -> bool {
        self.ids.chunks_exact(4).any(|bytes| bytes == id.to_le_bytes())
    }

    /// Elements and text in document order. Ends where Android's reader ends: at the end of the
    /// document or at the first corrupt node, which [`gaps`](Self::gaps) names.
    pub fn events(&self) -> Events<'a> {
        Events {
            data: self.data,
            strings: self.strings,
            ids: self.ids,
            at: self.first,
            end: self.end,
            odd: None,
            text: None,
        }
    }

    /// Every string that an attribute or a text has for its value, once, with the first place.
    pub fn each_string(&self) -> Strings<'a> {
        Strings::new(self)
    }

    /// What could not be read, and what was read although it is odd: the first of each kind, in
    /// document order. Walks the document; who walks it anyway asks [`Strings::gaps`].
    pub fn gaps(&self) -> Vec<Gap> {
        let mut strings = self.each_string();
        while strings.next().is_some() {}
        strings.gaps().to_vec()
    }
}

/// Keeps the first gap of each kind: a million equal oddities are one.
fn odd_once(gaps: &mut Vec<Gap>, gap: Gap) {
    if !gaps
        .iter()
        .any(|g| g.what == gap.what && g.is_loss() == gap.is_loss())
    {
        gaps.push(gap);
    }
}

/// An element or text.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A start tag.
    Start(Element<'a>),
    /// An end tag, with its name.
    End(Option<PoolStr<'a>>),
    /// Text between tags.
    Text(PoolStr<'a>),
}

/// See [`Xml::events`].
#[derive(Debug, Clone)]
pub struct Events<'a> {
    data: &'a [u8],
    strings: StringPool<'a>,
    ids: &'a [u8],
    at: usize,
    end: usize,
    /// What the last step met.
    odd: Option<Gap>,
    /// Index of the last text.
    text: Option<u32>,
}

impl<'a> Events<'a> {
    /// Ends the document here.
    fn corrupt<T>(&mut self, gap: Gap) -> Option<T> {
        self.at = self.end;
        self.odd = Some(gap);
        None
    }

    fn element(&self, node: &Chunk<'a>) -> Result<Element<'a>, Gap> {
        let ext = node.at.saturating_add(node.header);
        let short = || Gap::invalid(FORMAT, wide(node.at), "element size", wide(node.data.len()));
        let field = |at| u16_at(node.data, node.header.saturating_add(at)).ok_or_else(short);
        if node.body().len() < ELEMENT {
            return Err(short());
        }
        let name = u32_at(node.data, node.header.saturating_add(4)).ok_or_else(short)?;
        let (start, stride, count) = (field(8)?, field(10)?, field(12)?);
        let span = usize::from(stride).saturating_mul(usize::from(count));
        if usize::from(start).saturating_add(span) > node.body().len() {
            return Err(Gap::invalid(
                FORMAT,
                wide(node.at),
                "attributeCount",
                u64::from(count),
            ));
        }
        let line = u32_at(node.data, chunk::HEADER).unwrap_or_default();
        // The last attribute may reach past its node when the stride is small; the device reads on, too.
        let table = self
            .data
            .get(ext.saturating_add(usize::from(start))..self.end)
            .unwrap_or_default();
        Ok(Element {
            strings: self.strings,
            ids: self.ids,
            name,
            line,
            table,
            stride: usize::from(stride),
            count,
        })
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        while self.at < self.end {
            let node = match Chunk::read(FORMAT, self.data, self.at, self.end, NODE) {
                Ok(node) => node,
                Err(gap) => return self.corrupt(gap),
            };
            self.at = node.next();
            let least = match node.kind {
                chunk::XML_START_NAMESPACE | chunk::XML_END_NAMESPACE | chunk::XML_END_ELEMENT => 8,
                chunk::XML_CDATA => 12,
                _ => 0,
            };
            if node.body().len() < least {
                return self.corrupt(Gap::invalid(
                    FORMAT,
                    wide(node.at),
                    "node size",
                    wide(node.data.len()),
                ));
            }
            match node.kind {
                chunk::XML_START_ELEMENT => match self.element(&node) {
                    Ok(element) => return Some(Event::Start(element)),
                    Err(gap) => return self.corrupt(gap),
                },
                chunk::XML_END_ELEMENT => {
                    return Some(Event::End(
                        u32_at(node.body(), 4).and_then(|i| self.strings.get(i)),
                    ));
                }
                chunk::XML_CDATA => {
                    self.text = u32_at(node.body(), 0);
                    if let Some(text) = self.text.and_then(|i| self.strings.get(i)) {
                        return Some(Event::Text(text));
                    }
                }
                chunk::XML_START_NAMESPACE | chunk::XML_END_NAMESPACE => {}
                kind => {
                    self.odd = Some(Gap::odd(FORMAT, wide(node.at), "unknown node", u64::from(kind)));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
