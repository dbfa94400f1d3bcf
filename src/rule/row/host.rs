//! Whom a build talks to: `hosts/`, `trackers/`.

use serde::Deserialize;

use crate::rule::PurposeClass;

/// `signatures/hosts/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Default owner.
    pub owner: Option<String>,
    /// Default country of the owner's seat, ISO 3166.
    pub country: Option<String>,
    /// Default maker's group.
    pub vendor: Option<String>,
    /// Purposes; only in `purposes.toml`.
    pub purpose: Vec<PurposeRow>,
    /// Hosts.
    pub hosts: Vec<HostRow>,
    /// Addresses.
    pub addresses: Vec<AddressRow>,
    /// Hosts that are named in code without being contacted; only in `documentation.toml`.
    pub documentation: Vec<DocumentationRow>,
}

/// What a host or an SDK is for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeRow {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// Group.
    pub class: PurposeClass,
}

/// A host and its sub-domains.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostRow {
    /// Lower-case name.
    pub host: String,
    /// Owner, when it is not the file's.
    pub owner: Option<String>,
    /// Country, when it is not the file's. Empty: not known.
    pub country: Option<String>,
    /// Maker's group, when it is not the file's. Empty: a third party.
    pub vendor: Option<String>,
    /// Id of its purpose.
    pub purpose: String,
    /// Region that it serves.
    pub region: Option<String>,
    /// A test or preview server.
    #[serde(default)]
    pub staging: bool,
    /// Remark.
    pub note: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
}

/// An address or a range.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressRow {
    /// `58.68.235.14` or `42.62.48.0/24`.
    pub cidr: String,
    /// Owner.
    pub owner: Option<String>,
    /// Country, ISO 3166.
    pub country: Option<String>,
    /// Maker's group.
    pub vendor: Option<String>,
    /// Id of its purpose.
    pub purpose: String,
    /// Remark.
    pub note: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
}

/// A host that code names without contacting it: a schema, a manual.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentationRow {
    /// Lower-case name; its sub-domains are meant as well.
    pub host: String,
    /// Why it is set aside.
    pub reason: String,
}

/// `signatures/trackers/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrackerFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// What SDKs do; only in `categories.toml`.
    pub category: Vec<PurposeRow>,
    /// SDKs.
    pub tracker: Vec<TrackerRow>,
}

/// An SDK.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackerRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Owner.
    pub owner: Option<String>,
    /// Country of the owner's seat, ISO 3166.
    pub country: Option<String>,
    /// What it does.
    pub categories: Vec<String>,
    /// Prefixes of class names with dots. One that ends in a dot is a package; one that does not is a
    /// package or a class of that name.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Hosts with their sub-domains.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Component class names.
    #[serde(default)]
    pub components: Vec<String>,
    /// File names of native libraries; `*` stands for any text.
    #[serde(default)]
    pub libraries: Vec<String>,
    /// Remark.
    pub note: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
}
