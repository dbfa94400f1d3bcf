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
    /// What the input says of its own images, where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckFact>,
}

/// Something that an input says of its own images, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckFact {
    /// Whether it is so.
    pub result: CheckResult,
    /// The partition that it is about.
    pub about: String,
    /// What is said: `signature`, `hash`, `hash tree`, `key`, `image`.
    pub what: String,
    /// The partition whose vbmeta says it; absent where the package does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why it could not be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The key of a signature, where anybody has its private half: what the signatures call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_key: Option<String>,
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckResult {
    /// It is so.
    Verified,
    /// It is not.
    Wrong,
    /// Nobody knows.
    NotChecked,
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
