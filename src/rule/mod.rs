//! Signature files → compiled tables, matchers and rules.
//!
//! Everything that phonehome knows about hosts, APIs, SDKs, switches, permissions and packages is
//! data under `signatures/`, compiled once at start. This level never looks at scanned bytes.
//!
//! [`row`] is a file as people write it, one module a table turns rows into what the scan asks:
//! a class and a method name, a host, a descriptor, a key. The files of the repository are packed by
//! `build.rs` and need no parsing of TOML at start; those of `--signatures DIR` are read as TOML,
//! after them, and a row with the same key replaces the earlier one.

pub mod check;
mod error;
mod finding;
mod flag;
mod host;
mod identifier;
pub mod import;
mod lifecycle;
mod load;
pub mod model;
mod package;
mod permission;
pub mod row;
mod shape;
mod sink;
#[cfg(test)]
mod tests;
mod tracker;
mod trigger;
mod weight;
mod words;

pub use error::RuleError;
pub use finding::*;
pub use flag::{Flag, FlagKind, Flags};
pub use host::{Address, Documentation, Host, Hosts, Purpose, PurposeClass};
pub use identifier::{Category, Identifier, IdentifierKind, Identifiers, Members};
pub use lifecycle::{Lifecycles, Order};
pub use model::Models;
pub use package::{Package, Packages, SigningKey};
pub use permission::{Permission, Permissions, SharedUid};
pub use sink::{Cell, Channel, Flow, Made, Place, Propagator, Sink, SinkKind, Sinks, Spot};
pub use tracker::{Tracker, Trackers};
pub use trigger::Triggers;
pub use weight::{Destination, Exposure, RollUp, RungWeights, Weights};
pub use words::{SchemeRow, SuffixTrust, WordFile, WordSet, Words};

/// Everything in force in one run.
#[derive(Debug, Default)]
pub struct Rules {
    /// Identifiers and personal data: methods, fields, keys, URIs, paths.
    pub identifiers: Identifiers,
    /// Where data can leave, and calls that pass it on.
    pub sinks: Sinks,
    /// What methods of the platform do to values.
    pub models: Models,
    /// The words by which hosts and URLs are told from other text.
    pub words: Words,
    /// Hosts and addresses with owner and purpose.
    pub hosts: Hosts,
    /// SDKs that collect, advertise, push or fingerprint.
    pub trackers: Trackers,
    /// Permissions and shared user ids.
    pub permissions: Permissions,
    /// Packages of note and signing keys.
    pub packages: Packages,
    /// Switches that are known.
    pub flags: Flags,
    /// What the system calls of an app, and in which order.
    pub lifecycles: Lifecycles,
    /// Intent actions that start a component without the user.
    pub triggers: Triggers,
    /// The numbers that a score is made of.
    pub weights: Weights,
    /// Rules that turn facts into findings, by id.
    pub findings: Vec<FindingRule>,
    /// Names the data in force: the first 16 hexadecimal digits of a BLAKE3 hash over every file.
    pub hash: String,
}
