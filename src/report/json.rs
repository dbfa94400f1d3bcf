//! JSON: the types as they are, keys in their order, active characters escaped.

use std::io::{self, Write};

use serde::Serialize;

use super::inert::InertJson;
use super::{Document, Format, Kind, Look};

/// The newest schema of each document; `json-1` names it for good.
pub(super) struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn also(&self) -> &'static [&'static str] {
        &["json-1"]
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn about(&self) -> &'static str {
        "everything, by a versioned schema"
    }

    fn fits(&self, _: Kind) -> bool {
        true
    }

    fn write(&self, document: &Document, _: &Look, to: &mut dyn Write) -> io::Result<()> {
        match document {
            Document::Report(report) => json(report, to),
            Document::Diff(diff, ..) => json(diff, to),
            Document::Verdict(verdict, _) => json(verdict, to),
            Document::Explanation(explanation) => json(explanation, to),
            Document::Listing(listing) => json(listing, to),
        }
    }
}

/// Any value as inert, pretty JSON with a line feed at its end.
pub fn json(value: &impl Serialize, to: &mut dyn Write) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut *to,
        InertJson::default(),
    ))?;
    to.write_all(b"\n")
}
