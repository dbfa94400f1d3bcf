//! Whom a unit may talk to: servers, and SDKs whose servers are known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Site;

/// Where a string was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Loaded or assembled by an instruction.
    Code,
    /// An encoded static value or annotation of a class.
    StaticValue,
    /// In the string table of a dex file, referred to by nothing that was understood.
    StringTable,
    /// A value of the resource table or of compiled XML.
    Resource,
    /// The manifest.
    Manifest,
    /// A file in the package that is neither code nor resource.
    Asset,
    /// A native library or executable.
    Native,
    /// A configuration file of the build.
    Config,
}

/// How the host of an endpoint is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HostKind {
    /// A name.
    Name,
    /// An IPv4 or IPv6 address.
    Address,
    /// Not known from the bytes alone: a parameter, a field, a placeholder.
    Template,
}

/// A server that the unit contains the name or address of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// As in the bytes, or as assembled; what is not known is `{}`: `https://{}/gslb/?ver=4.0`.
    pub url: String,
    /// Lower-case scheme, empty for a bare host or address.
    pub scheme: String,
    /// Lower-case host name or address; in a template `{}` for a part that is not known, empty when
    /// nothing of it is.
    pub host: String,
    /// How the host is given.
    pub host_kind: HostKind,
    /// Port, when it is written.
    pub port: Option<u16>,
    /// Path and query, with `{}` for what is not known.
    pub path: String,
    /// `http:`, `ws:`, `ftp:` …: readable by anyone on the way.
    pub cleartext: bool,
    /// An address of a private range, or a name that only exists inside a company.
    pub private: bool,
    /// A test, staging or sandbox server.
    pub staging: bool,
    /// Owner by the signatures, or `None`.
    pub owner: Option<String>,
    /// Country of the owner's seat, ISO 3166 code.
    pub country: Option<String>,
    /// Purpose: `telemetry`, `ads`, `push` …
    pub purpose: Option<String>,
    /// The maker's group that the host belongs to, empty for a third party.
    pub vendor: Option<String>,
    /// Where it was found, best first.
    pub source: Source,
    /// Whether a call of the network was seen with it as its argument.
    pub at_sink: bool,
    /// Places, the best first, at most [`MAX_SITES`](super::MAX_SITES).
    pub sites: Vec<Site>,
    /// How many places there are in all.
    pub count: u64,
}

/// An SDK found in the unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackerUse {
    /// Id in the signatures.
    pub id: String,
    /// Name.
    pub name: String,
    /// Owner, when known.
    pub owner: Option<String>,
    /// Country of the owner's seat, ISO 3166 code.
    pub country: Option<String>,
    /// `analytics`, `ads`, `push` …
    pub categories: Vec<String>,
    /// Classes of it that are defined here.
    pub classes: u64,
    /// What else gave it away: hosts, components, libraries.
    pub other: Vec<String>,
    /// Places, at most [`MAX_SITES`](super::MAX_SITES).
    pub sites: Vec<Site>,
}
