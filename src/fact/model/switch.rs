//! Switches, and what they are when nobody has touched them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Site;

/// Where a switch lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchKind {
    /// A key of `Settings.System`, `.Secure` or `.Global`; the namespace says which.
    Settings,
    /// A key of SharedPreferences or of a preference screen.
    Preference,
    /// A system property.
    Property,
    /// A boolean or integer resource.
    Resource,
    /// A `<meta-data>` key of the manifest.
    MetaData,
    /// An attribute of the manifest's application.
    AppAttribute,
    /// A service started by init.
    InitService,
    /// A key of a configuration file (`gps.conf` …).
    ConfigFile,
    /// A file whose presence decides.
    File,
}

/// How strong the evidence for a default is, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DefaultFrom {
    /// The default is not known: a parameter or a computed value.
    Unresolved,
    /// What the SDK's documents say when the key is absent.
    Documented,
    /// The constant default in a call that reads the switch.
    Code,
    /// `android:defaultValue` of a preference.
    PreferenceXml,
    /// A resource value.
    Resource,
    /// A property file or an init script.
    Property,
    /// Written in the manifest.
    Manifest,
}

/// What a switch is when nobody has touched it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchState {
    /// Off.
    Off,
    /// Not known.
    Unknown,
    /// On under a condition.
    Conditional,
    /// On.
    On,
}

/// A switch, with the default that one place gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// Where it lives.
    pub kind: SwitchKind,
    /// `secure`, `system`, `global`; a resource type; a file; empty where there is none.
    pub namespace: String,
    /// The key.
    pub key: String,
    /// The default as text, `true`, `1`; `None` where it is not known.
    pub default: Option<String>,
    /// Where that default comes from.
    pub from: DefaultFrom,
    /// What it comes to.
    pub state: SwitchState,
    /// What the signatures say this switch does, when they know it.
    pub known: Option<KnownSwitch>,
    /// Places, at most [`MAX_SITES`](super::MAX_SITES).
    pub sites: Vec<Site>,
    /// How many places there are in all.
    pub count: u64,
}

/// What the signatures know of a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSwitch {
    /// What it turns on.
    pub meaning: String,
    /// Whose it is.
    pub vendor: String,
    /// How much harm there is when it is on: `low`, `medium`, `high`, `critical`.
    pub severity: String,
    /// The value that means on, `1`, `true`, `present`, `any`.
    pub on_value: String,
}
