//! The types of the facts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bytes::GapClass;

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

/// One place in the code or data that a fact rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Site {
    /// Logical place of the file, `system:app/Mms.apk!classes.dex`.
    pub place: String,
    /// Physical place of the file.
    pub physical: String,
    /// Class descriptor, `Lcom/xiaomi/mms/net/b;`, for code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Method name and descriptor, `a(Landroid/content/Context;)V`, for code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Offset of the instruction in 16-bit code units from the method's first, for code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pc: Option<u32>,
    /// The entry within the file: a resource name, an XML path, a line number, a symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The instructions or lines as `explain` shows them; the one meant is marked with `→`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// Where a string was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Loaded or assembled by an instruction.
    Code,
    /// An encoded static value or annotation of a class.
    StaticValue,
    /// In the string table of a dex file, referred to by nothing that was understood.
    StringTable,
    /// A value of the resource table or of compiled XML.
    Resource,
    /// The manifest.
    Manifest,
    /// A file in the package that is neither code nor resource.
    Asset,
    /// A native library or executable.
    Native,
    /// A configuration file of the build.
    Config,
}

/// How the host of an endpoint is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HostKind {
    /// A name.
    Name,
    /// An IPv4 or IPv6 address.
    Address,
    /// Not known from the bytes alone: a parameter, a field, a placeholder.
    Template,
}

/// A server that the unit contains the name or address of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// As in the bytes, or as assembled; what is not known is `{}`: `https://{}/gslb/?ver=4.0`.
    pub url: String,
    /// Lower-case scheme, empty for a bare host or address.
    pub scheme: String,
    /// Lower-case host name or address; in a template `{}` for a part that is not known, empty when
    /// nothing of it is.
    pub host: String,
    /// How the host is given.
    pub host_kind: HostKind,
    /// Port, when it is written.
    pub port: Option<u16>,
    /// Path and query, with `{}` for what is not known.
    pub path: String,
    /// `http:`, `ws:`, `ftp:` …: readable by anyone on the way.
    pub cleartext: bool,
    /// An address of a private range, or a name that only exists inside a company.
    pub private: bool,
    /// A test, staging or sandbox server.
    pub staging: bool,
    /// Owner by the signatures, or `None`.
    pub owner: Option<String>,
    /// Country of the owner's seat, ISO 3166 code.
    pub country: Option<String>,
    /// Purpose: `telemetry`, `ads`, `push` …
    pub purpose: Option<String>,
    /// The maker's group that the host belongs to, empty for a third party.
    pub vendor: Option<String>,
    /// Where it was found, best first.
    pub source: Source,
    /// Whether a call of the network was seen with it as its argument.
    pub at_sink: bool,
    /// Places, the best first, at most [`MAX_SITES`].
    pub sites: Vec<Site>,
    /// How many places there are in all.
    pub count: u64,
}

/// Places kept for one fact; the rest is counted. Enough to check a claim, small enough to read.
pub const MAX_SITES: usize = 8;

/// By which road an identifier is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Road {
    /// A call of the API itself, or of a vendor's class.
    Call,
    /// A call of a method that does nothing but return it (one call deep).
    Wrapper,
    /// A field such as `Build.SERIAL`.
    Field,
    /// A key of Settings.
    SettingsKey,
    /// A system property.
    Property,
    /// A content URI.
    ContentUri,
    /// A method named by a constant, through reflection.
    Reflection,
    /// A file such as `/sys/class/net/wlan0/address`.
    Path,
    /// A native import or string.
    Native,
    /// A broadcast that carries it.
    Broadcast,
    /// A Binder service or a service to bind to.
    Service,
    /// A command line that prints it.
    Command,
    /// A constant that names it.
    Constant,
}

/// Code that reads an identifier or personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentifierRead {
    /// `imei`, `imsi`, `phone_number`, `contacts` …: the signatures' category.
    pub category: String,
    /// The signature row that matched, `TelephonyManager.getDeviceId`.
    pub api: String,
    /// How strongly it identifies, 0 to 10.
    pub weight: u8,
    /// By which road.
    pub road: Road,
    /// Whether the read was resolved to code that runs it; `false` for a bare string or reference.
    pub in_code: bool,
    /// Places, at most [`MAX_SITES`].
    pub sites: Vec<Site>,
    /// How many places there are in all.
    pub count: u64,
}

/// Calls that may hand data over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkUse {
    /// Channel: `net`, `sms`, `log`, `push` …
    pub channel: String,
    /// `Ljava/net/URL;->openConnection`.
    pub api: String,
    /// Places, at most [`MAX_SITES`].
    pub sites: Vec<Site>,
    /// How many places there are in all.
    pub count: u64,
}

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
    /// Places, at most [`MAX_SITES`].
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

/// An SDK found in the unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackerUse {
    /// Id in the signatures.
    pub id: String,
    /// Name.
    pub name: String,
    /// Owner, when known.
    pub owner: Option<String>,
    /// Country of the owner's seat, ISO 3166 code.
    pub country: Option<String>,
    /// `analytics`, `ads`, `push` …
    pub categories: Vec<String>,
    /// Classes of it that are defined here.
    pub classes: u64,
    /// What else gave it away: hosts, components, libraries.
    pub other: Vec<String>,
    /// Places, at most [`MAX_SITES`].
    pub sites: Vec<Site>,
}

/// A gap or an oddity, as a fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct NoticeFact {
    /// Logical place.
    pub place: String,
    /// Physical place.
    pub physical: String,
    /// The format that was being read.
    pub format: String,
    /// Class of the gap.
    pub class: GapClass,
    /// Offset in bytes within that place.
    pub at: u64,
    /// The text, `zip: local header at 0x28: …`.
    pub text: String,
    /// Bytes that were not read because of it, 0 where nothing was lost or the loss is not known.
    pub unread: u64,
}

/// Bytes by what became of them. Sizes are those of the innermost items that were reached: a package
/// that was opened counts through its entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Understood by a reader of their format, by format.
    pub read: BTreeMap<String, u64>,
    /// Searched for hosts and identifiers as plain bytes, their format not being read.
    pub searched: BTreeMap<String, u64>,
    /// Left alone by class: images, sound, fonts, signatures' digests …
    pub skipped: BTreeMap<String, u64>,
    /// Could not be read.
    pub unread: u64,
    /// Items that could not be read, whole or in part.
    pub unread_items: u64,
}

impl Coverage {
    /// Adds another count to this one.
    pub fn add(&mut self, other: &Self) {
        for (to, from) in [
            (&mut self.read, &other.read),
            (&mut self.searched, &other.searched),
            (&mut self.skipped, &other.skipped),
        ] {
            for (format, n) in from {
                let sum = to.entry(format.clone()).or_default();
                *sum = sum.saturating_add(*n);
            }
        }
        self.unread = self.unread.saturating_add(other.unread);
        self.unread_items = self.unread_items.saturating_add(other.unread_items);
    }

    /// Share of the bytes seen that were read, searched or skipped knowingly, 0 to 1. Nothing seen
    /// is 0: an empty input was not understood.
    pub fn share(&self) -> f64 {
        let sum = |m: &BTreeMap<String, u64>| m.values().fold(0_u64, |a, n| a.saturating_add(*n));
        let known = sum(&self.read)
            .saturating_add(sum(&self.searched))
            .saturating_add(sum(&self.skipped));
        let seen = known.saturating_add(self.unread);
        if seen == 0 {
            return 0.0;
        }
        #[expect(
            clippy::as_conversions,
            reason = "a share needs no more than a double's 53 bits"
        )]
        let share = known as f64 / seen as f64;
        share
    }
}
