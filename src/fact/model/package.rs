//! What a package says of itself: manifest, components, signers, what is nested in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The parts of a manifest that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFacts {
    /// Package name.
    pub package: String,
    /// `android:versionName`, resolved.
    pub version_name: Option<String>,
    /// `android:versionCode`.
    pub version_code: Option<u64>,
    /// `android:minSdkVersion` and `android:targetSdkVersion`.
    pub min_sdk: Option<u32>,
    /// See `min_sdk`.
    pub target_sdk: Option<u32>,
    /// `android:sharedUserId`.
    pub shared_user_id: Option<String>,
    /// Permissions requested, sorted.
    pub permissions: Vec<String>,
    /// Permissions defined here: name and protection level.
    pub defines: Vec<(String, String)>,
    /// Components, sorted by kind and name.
    pub components: Vec<Component>,
    /// `<meta-data>` of the application and its components: key and resolved value.
    pub meta_data: Vec<(String, String)>,
    /// `<uses-library>` names.
    pub libraries: Vec<String>,
    /// `android:allowBackup`, when given.
    pub allow_backup: Option<bool>,
    /// `android:usesCleartextTraffic`, when given.
    pub cleartext_traffic: Option<bool>,
    /// `android:debuggable`, when given.
    pub debuggable: Option<bool>,
    /// `android:persistent` of the application.
    pub persistent: bool,
    /// `coreApp` of the manifest element.
    pub core_app: bool,
    /// The network security configuration, when there is one.
    pub network_security: Option<NetworkSecurity>,
}

/// A component of an app.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Component {
    /// `activity`, `service`, `receiver` or `provider`.
    pub kind: String,
    /// Fully qualified class name.
    pub name: String,
    /// Whether other apps may start it, with the platform's default resolved.
    pub exported: bool,
    /// Whether it is enabled, with the platform's default resolved.
    pub enabled: bool,
    /// Permission that a caller needs.
    pub permission: Option<String>,
    /// Actions of its intent filters, sorted.
    pub actions: Vec<String>,
    /// Authorities, for a provider.
    pub authorities: Vec<String>,
    /// What starts it without the user: `boot`, `connectivity`, `sms`, `timer` …, by its actions.
    pub triggers: Vec<String>,
}

/// A network security configuration (`android:networkSecurityConfig`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSecurity {
    /// `cleartextTrafficPermitted` of the base configuration.
    pub cleartext: Option<bool>,
    /// Domains for which clear text is permitted.
    pub cleartext_domains: Vec<String>,
    /// Whether certificates installed by the user are trusted outside debug builds.
    pub trusts_user: bool,
    /// Domains with pinned keys.
    pub pinned_domains: Vec<String>,
}

/// A package nested in another.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Nested {
    /// Logical place.
    pub place: String,
    /// Package name, when it has a manifest.
    pub package: Option<String>,
}

/// A certificate that signed a package.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Signer {
    /// Signature scheme: 1, 2, 3 or 31.
    pub scheme: u8,
    /// Subject, RFC 4514.
    pub subject: String,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub sha256: String,
    /// SHA-1 of the certificate, lower-case hexadecimal: public lists use it.
    pub sha1: String,
    /// What the signatures know of this certificate: `MIUI platform key` …
    pub role: Option<String>,
    /// Whether it is the platform key of this build (known, or the signer of its framework).
    pub platform: bool,
}
