//! The types of the facts: a unit, and the places in it that facts rest on.

mod coverage;
mod endpoint;
mod flow;
mod identifier;
mod package;
mod switch;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use coverage::*;
pub use endpoint::*;
pub use flow::*;
pub use identifier::*;
pub use package::*;
pub use switch::*;

/// What one unit of the build says: an app, a jar, a native library, or the configuration files of
/// one partition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitFacts {
    /// Which unit.
    pub unit: Unit,
    /// The manifest of the app, if it is one and has one that can be read.
    pub manifest: Option<ManifestFacts>,
    /// Packages nested in this one.
    pub nested: Vec<Nested>,
    /// Certificates that signed it.
    pub signers: Vec<Signer>,
    /// Hosts, URLs and addresses, those of known documentation and schemas apart.
    pub endpoints: Vec<Endpoint>,
    /// How many distinct documentation, schema and local hosts were set aside, by host.
    pub set_aside: BTreeMap<String, u64>,
    /// Reads of identifiers and personal data.
    pub identifiers: Vec<IdentifierRead>,
    /// Calls that may hand data over, by channel.
    pub sinks: Vec<SinkUse>,
    /// Identifiers that were followed to where they leave the device.
    #[serde(default)]
    pub flows: Vec<FlowFact>,
    /// Switches and what they are when nobody has touched them.
    pub switches: Vec<Switch>,
    /// SDKs that collect, advertise, push or fingerprint.
    pub trackers: Vec<TrackerUse>,
    /// Properties of the build (`build.prop`, `default.prop` …), for units of configuration.
    pub properties: BTreeMap<String, String>,
    /// What could not be read, and what was read although it is odd.
    pub notices: Vec<NoticeFact>,
    /// How many more notices there were than are kept in `notices`.
    pub notices_dropped: u64,
    /// How many bytes were read, searched, skipped and not read.
    pub coverage: Coverage,
}

/// What kind of unit it is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum UnitKind {
    /// An APK with the code beside it.
    App,
    /// A jar of the framework with the code beside it.
    Jar,
    /// A native library or executable.
    Library,
    /// Configuration: properties, init scripts, XML, text, certificates.
    #[default]
    Config,
}

/// A unit's identity.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unit {
    /// What it is.
    pub kind: UnitKind,
    /// Logical place, `system:app/Mms.apk`.
    pub place: String,
    /// Physical place, `ota.zip/system/app/Mms.apk`.
    pub physical: String,
    /// Short name for people: the file name without its ending.
    pub name: String,
    /// Partition by the logical place, `system`; empty where there is none.
    pub partition: String,
    /// Size in bytes of its primary file.
    pub size: u64,
}

// Facts of one unit share what is equal in them, and findings share that with the facts: a build has hundreds of
// thousands.
/// One place in the code or data that a fact rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Site {
    /// Logical place of the file, `system:app/Mms.apk!classes.dex`.
    pub place: Arc<str>,
    /// Physical place of the file.
    pub physical: Arc<str>,
    /// Class descriptor, `Lcom/xiaomi/mms/net/b;`, for code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Arc<str>>,
    /// Method name and descriptor, `a(Landroid/content/Context;)V`, for code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Arc<str>>,
    /// Offset of the instruction in 16-bit code units from the method's first, for code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pc: Option<u32>,
    /// The entry within the file: a resource name, an XML path, a line number, a symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Arc<str>>,
    /// The instructions or lines as `explain` shows them; the one meant is marked with `→`.
    #[serde(default, skip_serializing_if = "no_lines")]
    pub lines: Arc<[Box<str>]>,
}

fn no_lines(lines: &Arc<[Box<str>]>) -> bool {
    lines.is_empty()
}

/// Places kept for one fact; the rest is counted. Enough to check a claim, small enough to read.
pub const MAX_SITES: usize = 8;
