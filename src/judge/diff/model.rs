//! A comparison as plain data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::detect::Finding;
use crate::fact::UnitKind;

/// The schema's name and version. Adding fields is free; anything else is `diff/2`.
pub const DIFF_SCHEMA: &str = "diff/1";

/// What changed from one build to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// Always `diff/1`.
    pub schema: String,
    /// The older build.
    pub old: DiffEnd,
    /// The newer build.
    pub new: DiffEnd,
    /// Whether both were scanned with the same signatures. Where not, a difference may be the rules'.
    pub same_signatures: bool,
    /// Findings of the new build alone, worst first.
    pub added: Vec<Finding>,
    /// Findings of the old build alone, worst first.
    pub removed: Vec<Finding>,
    /// Findings of both that are not the same, worst first.
    pub changed: Vec<Change>,
    /// Findings of one build whose place could not be read in the other, worst first.
    pub unknown: Vec<Unknown>,
    /// Findings of both that are the same.
    pub unchanged: u64,
    /// Units whose score or findings differ, largest difference first.
    pub apps: Vec<AppChange>,
    /// Hosts that one build alone names.
    pub hosts: HostChanges,
    /// Sensitive permissions that units gained or lost.
    pub permissions: Vec<PermissionChange>,
}

/// One side of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiffEnd {
    /// File name of the input.
    pub name: String,
    /// Version of the build, or the input's name.
    pub version: String,
    /// Sum of its units' scores.
    pub score: f64,
    /// Findings that are not waived.
    pub findings: u64,
    /// Findings that are waived.
    pub waived: u64,
    /// Share of bytes understood, 0 to 1.
    pub coverage: f64,
    /// Hash of the signatures.
    pub signatures: String,
}

/// A finding of both builds that is not the same in both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// As it is in the new build.
    pub finding: Finding,
    /// Whether it became worse: a higher severity, or a higher score by more than rounding.
    pub worse: bool,
    /// What differs.
    pub fields: Vec<FieldChange>,
}

/// A field of a finding that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// Name: `severity`, `score`, or that of a detail.
    pub name: String,
    /// What only the old build says.
    pub old: Vec<String>,
    /// What only the new build says.
    pub new: Vec<String>,
}

/// A finding that cannot be compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unknown {
    /// As the build has it that could be read.
    pub finding: Finding,
    /// The build in which its place could not be read.
    pub unreadable_in: End,
    /// The loss, as its notice says.
    pub because: String,
}

/// One of two builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The older one.
    Old,
    /// The newer one.
    New,
}

/// A unit in the table of differences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppChange {
    /// Short name.
    pub name: String,
    /// Kind.
    pub kind: UnitKind,
    /// Logical place, in the new build where it is there.
    pub place: String,
    /// Partition.
    pub partition: String,
    /// Score in the old build; `None` where it has no finding.
    pub old: Option<f64>,
    /// Score in the new build; `None` where it has no finding.
    pub new: Option<f64>,
    /// Findings added.
    pub added: u64,
    /// Findings removed.
    pub removed: u64,
    /// Findings changed.
    pub changed: u64,
}

/// Hosts that came and went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostChanges {
    /// Hosts that only the new build names.
    pub added: Vec<Host>,
    /// Hosts that only the old build names.
    pub removed: Vec<Host>,
}

/// A host with its owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Name or address.
    pub host: String,
    /// Owner, where it is known.
    pub owner: Option<String>,
    /// ISO 3166 code of the owner's seat.
    pub country: Option<String>,
}

/// Permissions of one unit that came and went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PermissionChange {
    /// Short name of the unit.
    pub name: String,
    /// Logical place.
    pub place: String,
    /// Permissions that it now asks for.
    pub added: Vec<String>,
    /// Permissions that it no longer asks for.
    pub removed: Vec<String>,
}

impl Diff {
    /// Whether the two builds are the same as far as anybody can tell.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && self.unknown.is_empty()
            && self.apps.is_empty()
            && self.permissions.is_empty()
    }
}
