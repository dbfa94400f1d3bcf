//! XML as text: permissions, GPS profiles, carrier lists, policies and other configuration.
//!
//! Spec: XML 1.0. Read by quick-xml as a stream: nothing is fetched, entities of a document type are
//! not expanded, and nesting is a stack of names of bounded depth, not recursion. What is not
//! well-formed ends the reading with a gap; [`Document::end`] says how far it came.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::bytes::{Gap, wide};

const FORMAT: &str = "xml";

/// Ours: elements inside elements whose names are kept. Real configuration has under 10.
const MAX_DEPTH: usize = 256;
/// Names shown of a path, the last ones.
const SHOWN: usize = 8;

/// How the reading of a document went.
#[derive(Debug, Default)]
pub struct Document {
    /// Where reading ended, in bytes: the length of the file unless it is not well-formed.
    pub end: usize,
    /// What could not be read, and what is odd.
    pub gaps: Vec<Gap>,
}

/// An attribute or a text that is not empty.
#[derive(Debug, Clone, Copy)]
pub struct Value<'v> {
    /// Names of the elements from the root on.
    pub elements: &'v [String],
    /// Name of the attribute; `None` for text.
    pub attribute: Option<&'v str>,
    /// The value, with character references resolved.
    pub value: &'v str,
    /// Offset of the end of the tag or text that holds it, in bytes.
    pub at: usize,
}

impl Value<'_> {
    /// `root/element@attribute`; of a deep path the last names.
    pub fn path(&self) -> String {
        let from = self.elements.len().saturating_sub(SHOWN);
        let mut path = self.elements.get(from..).unwrap_or_default().join("/");
        if let Some(attribute) = self.attribute {
            path.push('@');
            path.push_str(attribute);
        }
        path
    }
}

/// Reads a document and shows every attribute and text to `see`, in order. Bytes that are not UTF-8
/// become U+FFFD.
pub fn read(file: &[u8], mut see: impl FnMut(Value<'_>)) -> Document {
    let text = String::from_utf8_lossy(file);
    let mut document = Document::default();
    let mut reader = Reader::from_str(&text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut stack: Vec<String> = Vec::new();
    let mut depth = 0_usize;
    let mut pending = String::new();
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(_) => {
                let at = reader.error_position();
                document.gaps.push(Gap::invalid(FORMAT, at, "markup", 0));
                document.end = usize::try_from(at).unwrap_or(usize::MAX).min(file.len());
                return document;
            }
        };
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        if !matches!(event, Event::Text(_) | Event::GeneralRef(_) | Event::CData(_)) {
            flush(&stack, &mut pending, at, &mut see);
        }
        match event {
            Event::Start(tag) => {
                depth = depth.saturating_add(1);
                if stack.len() < MAX_DEPTH {
                    stack.push(name(&tag));
                } else if depth == MAX_DEPTH.saturating_add(1) {
                    document
                        .gaps
                        .push(Gap::odd(FORMAT, wide(at), "depth", wide(depth)));
                }
                attributes(&mut document, &stack, &tag, at, &mut see);
            }
            Event::Empty(tag) => {
                stack.push(name(&tag));
                attributes(&mut document, &stack, &tag, at, &mut see);
                stack.pop();
            }
            Event::End(_) => {
                if depth <= stack.len() {
                    stack.pop();
                }
                depth = depth.saturating_sub(1);
            }
            Event::Text(text) => pending.push_str(&text),
            Event::CData(text) => pending.push_str(&text),
            Event::GeneralRef(reference) => match &*reference {
                "amp" => pending.push('&'),
                "lt" => pending.push('<'),
                "gt" => pending.push('>'),
                "quot" => pending.push('"'),
                "apos" => pending.push('\''),
                _ => pending.extend(reference.resolve_char_ref().ok().flatten()),
            },
            Event::DocType(kind) if memchr::memmem::find(kind.as_bytes(), b"<!ENTITY").is_some() => {
                document.gaps.push(Gap::unsupported(
                    FORMAT,
                    wide(at),
                    "entities of the document type",
                    1,
                ));
            }
            Event::Eof => {
                document.end = file.len();
                return document;
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn flush(elements: &[String], pending: &mut String, at: usize, see: &mut impl FnMut(Value<'_>)) {
    let text = pending.trim();
    if !text.is_empty() {
        see(Value {
            elements,
            attribute: None,
            value: text,
            at,
        });
    }
    pending.clear();
}

fn attributes(
    document: &mut Document,
    elements: &[String],
    tag: &BytesStart<'_>,
    at: usize,
    see: &mut impl FnMut(Value<'_>),
) {
    for attribute in tag.attributes().with_checks(false) {
        let Ok(attribute) = attribute else {
            document.gaps.push(Gap::odd(FORMAT, wide(at), "attribute", 0));
            break;
        };
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .unwrap_or_default();
        if !value.is_empty() {
            see(Value {
                elements,
                attribute: Some(attribute.key.as_ref()),
                value: &value,
                at,
            });
        }
    }
}

fn name(tag: &BytesStart<'_>) -> String {
    tag.local_name().as_ref().chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(file: &[u8]) -> (Document, Vec<(String, String)>) {
        let mut values = Vec::new();
        let document = read(file, |v| values.push((v.path(), v.value.to_owned())));
        (document, values)
    }

    #[test]
    fn attributes_and_texts_come_with_their_path() {
        let (_, got) = parse(
            b"<?xml version='1.0'?><!-- c --><a x='1&amp;2'><b> t&#65;&lt; </b><c y=\"\" z=\"3\"/></a>",
        );
        assert_eq!(
            got,
            [
                ("a@x".into(), "1&2".into()),
                ("a/b".into(), "tA<".into()),
                ("a/c@z".into(), "3".into()),
            ]
        );
    }

    #[test]
    fn entities_are_not_expanded_and_said() {
        let (document, values) =
            parse(b"<!DOCTYPE a [<!ENTITY x \"y\"><!ENTITY z SYSTEM \"file:///etc/passwd\">]><a>&x;&z;b</a>");
        assert_eq!(values[0].1, "b");
        assert_eq!(document.gaps.len(), 1);
    }

    #[test]
    fn what_is_cut_short_gives_what_was_before() {
        let (document, values) = parse(b"<a x='1'><b y='2");
        assert_eq!(values.len(), 1);
        assert_eq!(document.gaps.len(), 1);
    }

    #[test]
    fn a_million_levels_are_read_without_recursion() {
        let (document, values) = parse("<a b='c'>".repeat(200_000).as_bytes());
        assert_eq!(values.len(), 200_000);
        assert_eq!(document.gaps.len(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(text in "[<>a-c/!&;='\"\\[\\] ?-]{0,120}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            parse(text.as_bytes());
            parse(&bytes);
        }
    }
}
