//! The report's types; `docs/schema/report-1.json` is made from them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::detect::{Finding, Severity};
use crate::fact::{Coverage, NoticeFact, Signer, UnitKind};
use crate::judge::WaiverNote;
pub use crate::link::Build;
pub use crate::score::Chain;

/// The schema's name and version. Adding fields is free; anything else is `report/2`.
pub const SCHEMA: &str = "report/1";

/// What one scan found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Always `report/1`.
    pub schema: String,
    /// What made it.
    pub tool: Tool,
    /// What was scanned.
    pub input: Input,
    /// Which build it is, as far as its properties say.
    pub build: Build,
    /// Counts over everything.
    pub summary: Summary,
    /// Bytes by what became of them.
    pub coverage: Coverage,
    /// Units with their score, worst first; units without a finding are counted in the summary.
    pub apps: Vec<App>,
    /// Findings, worst first.
    pub findings: Vec<Finding>,
    /// Rules that the findings refer to, by id.
    pub rules: BTreeMap<String, RuleText>,
    /// Hosts of documentation, schemas and the like that were set aside, with how often they occur.
    pub set_aside: BTreeMap<String, u64>,
    /// What could not be read, and what was odd.
    pub notices: Vec<NoticeFact>,
    /// Notices beyond those listed.
    pub notices_dropped: u64,
    /// Waivers that somebody should look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<WaiverNote>,
}

/// The program that made the report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `phonehome`.
    pub name: String,
    /// Version.
    pub version: String,
    /// Hash of the signatures in force: two reports with the same hash used the same rules.
    pub signatures: String,
    /// When, ISO 8601; only with `SOURCE_DATE_EPOCH` or `--date`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// The input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// File name, without the path to it.
    pub name: String,
    /// Size in bytes; for a folder the sum of its files.
    pub size: u64,
    /// What it is, outermost first: `zip`.
    pub format: String,
}

/// Counts over the whole input.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Units looked at, by kind.
    pub units: BTreeMap<UnitKind, u64>,
    /// Findings that are not waived, by severity.
    pub findings: BTreeMap<Severity, u64>,
    /// Findings that are waived.
    pub waived: u64,
    /// Findings that are not waived, by owner.
    pub owners: BTreeMap<String, u64>,
    /// Distinct endpoint hosts.
    pub hosts: u64,
    /// Share of bytes understood, 0 to 1, rounded to four decimals.
    pub coverage: f64,
    /// Parts of phonehome that crashed.
    pub bugs: u64,
}

/// A unit in the ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct App {
    /// Logical place.
    pub place: String,
    /// Short name.
    pub name: String,
    /// Kind.
    pub kind: UnitKind,
    /// Package name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Version name and code, `1.2 (34)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Partition.
    pub partition: String,
    /// Score of the unit: its chains together, see `score`.
    pub score: f64,
    /// Worst severity among its findings that are not waived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<Severity>,
    /// Ids of its findings, worst first.
    pub findings: Vec<String>,
    /// What makes it strong: `priv-app`, `platform key`, `uid system` …
    pub privileges: Vec<String>,
    /// Who signed it.
    pub signers: Vec<Signer>,
    /// What starts it without the user.
    pub triggers: Vec<String>,
    /// Sensitive permissions that it asks for.
    pub permissions: Vec<String>,
    /// The chains that its score is made of, strongest first, at most 16.
    pub chains: Vec<Chain>,
}

/// A rule's text, as needed to explain a finding from the report alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleText {
    /// Title.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// Where to read more.
    pub refs: Vec<String>,
}
