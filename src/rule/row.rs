//! Signature files as people write them.
//!
//! One type a folder of `signatures/`; `signatures/README.md` tells what each key means. Unknown keys
//! are errors everywhere. Keys that only serve people (`src`, `sources`) are read so that
//! `signatures check` can ask for them, and are not kept at run time.

use serde::Deserialize;

/// A namespace of Settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Namespace {
    /// `Settings.System`.
    System,
    /// `Settings.Secure`.
    Secure,
    /// `Settings.Global`.
    Global,
}

impl Namespace {
    /// As a file writes it, `secure`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Secure => "secure",
            Self::Global => "global",
        }
    }

    /// As Java names the class, `Secure`.
    pub fn class(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Secure => "Secure",
            Self::Global => "Global",
        }
    }
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// The whole text.
    #[default]
    Exact,
    /// Its start.
    Prefix,
    /// Its end.
    Suffix,
}

/// `signatures/identifiers/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentifierFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Kinds of identifier; only in `categories.toml`.
    pub category: Vec<CategoryRow>,
    /// Classes with their methods and fields.
    pub class: Vec<ClassRow>,
    /// Keys of Settings.
    pub settings: Vec<ValueRow>,
    /// System properties.
    pub property: Vec<ValueRow>,
    /// Content URIs.
    pub uri: Vec<ValueRow>,
    /// Files.
    pub path: Vec<ValueRow>,
    /// Binder services and interfaces.
    pub binder: Vec<ValueRow>,
    /// Actions of services to bind to.
    pub service: Vec<ValueRow>,
    /// Actions of broadcasts.
    pub broadcast: Vec<ValueRow>,
    /// Native functions.
    pub native: Vec<ValueRow>,
    /// `ioctl` requests.
    pub ioctl: Vec<ValueRow>,
    /// Command lines.
    pub command: Vec<ValueRow>,
    /// Constants that name an identifier.
    pub constant: Vec<ValueRow>,
    /// Method names as reflection gives them.
    pub reflected: Vec<ValueRow>,
}

/// A kind of identifier.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryRow {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// Group of kinds.
    pub class: String,
    /// 0 to 10.
    pub weight: u8,
}

/// A class with rows for its members. What is set here holds for every member that does not set it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassRow {
    /// Descriptor, `Landroid/telephony/TelephonyManager;`.
    pub class: String,
    /// Default category.
    pub category: Option<String>,
    /// Default permission.
    pub permission: Option<String>,
    /// Default remark.
    pub note: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
    /// Methods.
    #[serde(default)]
    pub methods: Vec<MemberRow>,
    /// Fields.
    #[serde(default)]
    pub fields: Vec<MemberRow>,
}

/// A method or a field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberRow {
    /// Its name.
    pub name: String,
    /// Category, when it is not the class's.
    pub category: Option<String>,
    /// Weight, when it is not the category's.
    pub weight: Option<u8>,
    /// What a caller needs.
    pub permission: Option<String>,
    /// First API level that has it.
    pub since: Option<u8>,
    /// Descriptors, when the name alone is too general.
    #[serde(default)]
    pub desc: Vec<String>,
    /// Remark.
    pub note: Option<String>,
    /// Source codes, when they are not the class's.
    #[serde(default)]
    pub src: Vec<String>,
}

/// A value: a key, a URI, a path …
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueRow {
    /// The text.
    pub value: String,
    /// How it is compared.
    #[serde(default, rename = "match")]
    pub how: Match,
    /// Namespace, for a key of Settings.
    pub namespace: Option<Namespace>,
    /// Category.
    pub category: String,
    /// Weight, when it is not the category's.
    pub weight: Option<u8>,
    /// What a caller needs.
    pub permission: Option<String>,
    /// Remark.
    pub note: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
}

/// `signatures/sinks/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SinkFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Channels; only in `channels.toml`.
    pub channel: Vec<ChannelRow>,
    /// Classes with their methods.
    pub class: Vec<SinkClassRow>,
    /// Native functions.
    pub native: Vec<SinkRow>,
}

/// A channel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelRow {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
}

/// A class with sinks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkClassRow {
    /// Descriptor.
    pub class: String,
    /// `sink` unless said otherwise: `sink`, `crypto`, `codec`.
    #[serde(default)]
    pub kind: super::SinkKind,
    /// Channel: `net`, `sms`, `log` …
    pub channel: String,
    /// Default remark.
    pub note: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
    /// Methods.
    pub methods: Vec<SinkRow>,
}

/// A method or native function where data can leave.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkRow {
    /// Its name.
    pub name: String,
    /// Kind, when it is not the class's.
    pub kind: Option<super::SinkKind>,
    /// Channel, when it is not the class's; a native function needs one.
    pub channel: Option<String>,
    /// How surely data leaves through it, 0 to 10.
    pub weight: u8,
    /// Remark.
    pub note: Option<String>,
    /// Source codes, when they are not the class's.
    #[serde(default)]
    pub src: Vec<String>,
}

/// `signatures/propagators/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PropagatorFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Classes with their methods.
    pub class: Vec<PropagatorClassRow>,
}

/// A class with methods that pass data on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropagatorClassRow {
    /// Descriptor.
    pub class: String,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
    /// Methods.
    pub methods: Vec<PropagatorRow>,
}

/// A method that passes data on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropagatorRow {
    /// Its name.
    pub name: String,
    /// `from>to`, each `this`, `ret`, `argN` or `arg*`.
    pub flow: Vec<String>,
}

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
    pub class: super::PurposeClass,
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
    pub kind: super::FlagKind,
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
