//! What is in an input: the document of `ls`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fact::NoticeFact;

/// The schema's name and version. Adding fields is free; anything else is `ls/2`.
pub const LS_SCHEMA: &str = "ls/1";

/// What is in an input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listing {
    /// Always `ls/1`.
    pub schema: String,
    /// File name of the input.
    pub input: String,
    /// What it is: `zip`, `folder`, `apk` …
    pub format: String,
    /// Entries by logical place.
    pub entries: Vec<ListEntry>,
    /// What could not be read, and what was odd.
    pub notices: Vec<NoticeFact>,
    /// Notices beyond those listed.
    pub notices_dropped: u64,
}

/// An entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ListEntry {
    /// Logical place.
    pub place: String,
    /// Physical place: the layers on the way.
    pub physical: String,
    /// Size in bytes, decoded.
    pub size: u64,
    /// Where a link leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// SHA-256 of its bytes, in hexadecimal, where that was asked for and all of them could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}
