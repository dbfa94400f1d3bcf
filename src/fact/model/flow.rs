//! What was followed from where it is read to where it leaves the device.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Endpoint, HostKind, Site};

/// What becomes of a value at a step of its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// It is read.
    Read,
    /// It is put into a field, a map, an intent.
    Stored,
    /// It becomes part of a text or an object.
    Mixed,
    /// It is hashed.
    Hashed,
    /// It is encrypted.
    Encrypted,
    /// It is encoded or compressed.
    Encoded,
    /// It is handed to a method.
    Passed,
    /// It leaves.
    Leaves,
}

/// One step of the way of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct FlowStep {
    /// What happens.
    pub what: StepKind,
    /// Where; of its lines only the instruction itself.
    pub site: Site,
}

/// An identifier that reaches a call by which data leaves the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowFact {
    /// The identifier's category.
    pub category: String,
    /// The signature row of its read.
    pub api: String,
    /// How strongly it identifies, 0 to 10.
    pub weight: u8,
    /// The channel by which it leaves.
    pub channel: String,
    /// The signature row of the call by which it leaves.
    pub sink: String,
    /// Where it may go, clear text first of each host; templates that tell no host are among them. Without
    /// places: these are `from` and `to`.
    pub endpoints: Vec<Endpoint>,
    /// What it is made into on the way, sorted: of [`StepKind`] hashed, encrypted, encoded.
    pub made: Vec<StepKind>,
    /// Where it is read.
    pub from: Site,
    /// Where it leaves.
    pub to: Site,
    /// Components that lead there when the system starts them, as people read them, sorted.
    pub starts: Vec<String>,
    /// What is asked before, on every road there that was seen, as people name it, sorted.
    pub asks: Vec<String>,
    /// The way from the one to the other, first to last.
    pub way: Vec<FlowStep>,
    /// Calls of this channel in the same method that it reaches: one connection has several.
    pub count: u64,
}

impl FlowFact {
    /// The servers that it goes to, as far as they are known, by host.
    pub fn servers(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints
            .iter()
            .filter(|e| e.host_kind != HostKind::Template)
    }
}
