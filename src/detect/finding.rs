//! A finding: one rule, one unit, one subject, and the evidence for it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fact::{FlowStep, Site, UnitKind};
pub use crate::rule::{Confidence, Severity};

/// A rung of the ladder of evidence (see `score`), weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// A string and nothing else.
    StringOnly,
    /// A reference to an API.
    ApiReference,
    /// A reachable read and an endpoint in one app.
    SameApp,
    /// The same, both in code of one author, by the names of the packages.
    SameAuthor,
    /// A common ancestor in the call graph.
    CommonAncestor,
    /// A flow to a network call.
    Flow,
    /// A flow with its endpoint resolved.
    FlowWithEndpoint,
    /// A flow whose entry path is proven.
    FlowWithEntry,
    /// Written down by the build itself: a manifest, a property, a certificate. Nothing is inferred.
    Declared,
}

/// What a rule found in one unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable id, 8 hexadecimal digits: of the rule, the unit's package or logical place, and the
    /// subject. Survives re-packing, re-ordering, renamed classes and other findings.
    pub id: String,
    /// Rule id, `endpoint.telemetry`.
    pub rule: String,
    /// One line, as reports show it: the rule's title with the subject filled in.
    pub title: String,
    /// How bad it is if it is real.
    pub severity: Severity,
    /// How likely it is to be real.
    pub confidence: Confidence,
    /// The rung of evidence that it stands on.
    pub rung: Rung,
    /// What the rule was about here: a host, an identifier, a switch, a permission.
    pub subject: String,
    /// Logical place of the unit, `system:app/Mms.apk`.
    pub place: String,
    /// Short name of the unit, `Mms`.
    pub app: String,
    /// Kind of the unit.
    pub kind: UnitKind,
    /// Package name, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Partition, empty where there is none.
    pub partition: String,
    /// Who is at the other end, or whose switch or SDK it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// ISO 3166 code of the owner's seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Purpose of the endpoint or SDK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// What is known beyond the title, by name: `urls`, `default`, `roads` … Values sorted. A diff
    /// compares these, so nothing in here depends on offsets or on names that change by build.
    pub details: BTreeMap<String, Vec<String>>,
    /// The evidence, best first.
    pub sites: Vec<Site>,
    /// How many places there are in all.
    pub count: u64,
    /// The way of a value from where it is read to where it leaves the device, step by step; only where it
    /// was followed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<FlowStep>,
    /// Ids of findings in the same unit that tell the same with more or with less proof, worst first: those on
    /// the read and on the server of a flow, and of these the flows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    /// The score and its factors.
    pub score: Score,
    /// Set when a waiver covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<Waived>,
}

/// A score as the product of its factors, so that anyone can check it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// 0 to 100, the product of `factors` times 100, rounded to one decimal.
    pub total: f64,
    /// Name and value of each factor, in order.
    pub factors: Vec<Factor>,
}

/// One factor of a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Factor {
    /// What it stands for, in words: `identifier imei`, `destination: ads of a third party` …
    pub name: String,
    /// Its value.
    pub value: f64,
}

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Waived {
    /// The reason given.
    pub reason: String,
    /// Who gave it.
    pub by: String,
    /// Until when, ISO 8601.
    pub until: String,
}

/// The stable id of a finding: the first 8 hexadecimal digits of a hash over rule, unit and subject.
pub fn finding_id(rule: &str, unit: &str, subject: &str) -> String {
    let mut hash = blake3::Hasher::new();
    for part in [rule, unit, subject] {
        hash.update(part.as_bytes());
        hash.update(&[0]);
    }
    hash.finalize().to_hex().chars().take(8).collect()
}
