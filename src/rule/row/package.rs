//! What packages are, may do, and do unasked: `permissions/`, `packages/`, `switches/`, `triggers/`.

use serde::Deserialize;

use super::Namespace;
use crate::rule::FlagKind;

/// `signatures/permissions/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PermissionFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Permissions.
    pub permissions: Vec<PermissionRow>,
    /// Shared user ids.
    pub shared_uids: Vec<SharedUidRow>,
}

/// A permission.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionRow {
    /// Full name.
    pub name: String,
    /// Protection level as the platform writes it, `signature|privileged`.
    pub level: String,
    /// What it opens.
    pub category: String,
    /// How much, 0 to 10.
    pub weight: u8,
    /// First API level that has it.
    pub since: Option<u8>,
    /// Last API level that has it.
    pub until: Option<u8>,
    /// Remark.
    pub note: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
}

/// A shared user id.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedUidRow {
    /// `android.uid.system` …
    pub name: String,
    /// What an app gains by it.
    pub meaning: String,
    /// How much, 0 to 10.
    pub weight: u8,
}

/// `signatures/packages/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PackageFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Default owner.
    pub owner: Option<String>,
    /// Packages.
    pub packages: Vec<PackageRow>,
    /// Signing keys.
    pub keys: Vec<KeyRow>,
}

/// A package of note.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageRow {
    /// Package name.
    pub package: String,
    /// Owner, when it is not the file's.
    pub owner: Option<String>,
    /// What it is there for.
    pub roles: Vec<String>,
    /// How much it matters, 0 to 10.
    pub weight: u8,
    /// Remark.
    pub note: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
}

/// A certificate that signs packages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRow {
    /// SHA-1 of the certificate, 40 lower-case hexadecimal digits.
    pub sha1: String,
    /// Whose key it is, in words.
    pub role: String,
    /// Owner.
    pub owner: Option<String>,
    /// Whether it is the platform key of a maker.
    #[serde(default)]
    pub platform: bool,
    /// Whether the private key is public.
    #[serde(default)]
    pub public: bool,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
}

/// `signatures/switches/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwitchFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Default vendor.
    pub vendor: Option<String>,
    /// Switches.
    pub switch: Vec<SwitchRow>,
}

/// A switch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchRow {
    /// Where it lives.
    pub kind: FlagKind,
    /// Namespace, for a key of Settings.
    pub namespace: Option<Namespace>,
    /// The key.
    pub key: String,
    /// Which package or file holds it, where the key alone is too general.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// Vendor, when it is not the file's.
    pub vendor: Option<String>,
    /// What it turns on.
    pub meaning: String,
    /// The value that means on.
    pub on: String,
    /// What holds when it is absent.
    pub absent: String,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// What this rests on.
    pub evidence: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
}

/// `signatures/triggers/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TriggerFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Groups of actions.
    pub trigger: Vec<TriggerRow>,
}

/// What starts a component without the user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerRow {
    /// `boot`, `connectivity`, `timer` …
    pub id: String,
    /// For people: `the phone has started`.
    pub title: String,
    /// Intent actions.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Endings of actions that apps name themselves.
    #[serde(default)]
    pub endings: Vec<String>,
}
