//! Which facts a rule is about: one kind of fact, and conditions on it and on its unit.
//!
//! Every condition that is given must hold. A rule that asks for something its kind of fact does not
//! have is refused when it is read, with the names that there are.

use serde::Deserialize;

use super::text::{self, Text};

macro_rules! words {
    ($($name:ident: $field:literal = $($word:literal),+;)+) => {
        $(
            pub(super) fn $name<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Text>, D::Error> {
                text::of(d, $field, &[$($word),+])
            }
        )+
    };
}

words! {
    roads: "road" = "call", "wrapper", "field", "settings-key", "property", "content-uri", "reflection",
        "path", "native", "broadcast", "service", "command", "constant";
    sources: "source" = "code", "static-value", "string-table", "resource", "manifest", "asset", "native",
        "config";
    host_kinds: "host-kind" = "name", "address", "template";
    parties: "party" = "maker", "other", "unknown";
    switch_kinds: "kind" = "settings", "preference", "property", "resource", "meta-data", "app-attribute",
        "init-service", "config-file", "file";
    froms: "from" = "unresolved", "documented", "code", "preference-xml", "resource", "property", "manifest";
    states: "state" = "off", "unknown", "conditional", "on";
    harms: "harm" = "low", "medium", "high", "critical";
    bases: "base" = "normal", "dangerous", "signature", "internal", "unknown";
    guards: "guard" = "none", "weak", "strong", "unknown";
    component_kinds: "kind" = "activity", "service", "receiver", "provider";
    unit_kinds: "kind" = "app", "jar", "library", "config";
    purpose_classes: "purpose-class" = "tracking", "function", "content", "unknown", "local";
    classes: "class" = "truncated", "invalid", "unsupported", "encrypted", "over-limit", "odd", "io", "bug";
}

/// What a rule looks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum Match {
    /// A server that the unit names.
    Endpoint(Box<EndpointMatch>),
    /// A read of an identifier or of personal data.
    Identifier(Box<IdentifierMatch>),
    /// A call that may hand data over.
    Sink(Box<SinkMatch>),
    /// A switch and its default.
    Switch(Box<SwitchMatch>),
    /// An SDK.
    Tracker(Box<TrackerMatch>),
    /// A permission that is requested.
    Permission(Box<PermissionMatch>),
    /// A permission that is defined.
    Defines(Box<DefinesMatch>),
    /// A component of an app.
    Component(Box<ComponentMatch>),
    /// The manifest as a whole.
    Manifest(Box<ManifestMatch>),
    /// The network security configuration.
    NetworkSecurity(Box<NetworkSecurityMatch>),
    /// A certificate that signed it.
    Signer(Box<SignerMatch>),
    /// The package, by its name and what the signatures know of it.
    Package(Box<PackageMatch>),
    /// A package within the package.
    Nested(Box<NestedMatch>),
    /// Something that could not be read, or was odd.
    Notice(Box<NoticeMatch>),
    /// A property of the build.
    Property(Box<PropertyMatch>),
    /// Found by a detector of the same id: the file gives it its words.
    Detector(Box<DetectorMatch>),
}

/// Declares the conditions of one kind of fact.
macro_rules! conditions {
    ($(#[$doc:meta])* $name:ident, $names:expr; $($(#[$attr:meta])* $field:ident: $type:ty,)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct $name {
            $($(#[$attr])* pub $field: Option<$type>,)*
            /// What must hold of the unit.
            pub with: With,
        }

        impl $name {
            /// What a title or a grouping may name.
            const NAMES: &'static [&'static str] = $names;
        }
    };
}

conditions! {
    /// Conditions on an endpoint.
    EndpointMatch, &["host", "url", "owner", "country", "purpose", "vendor", "path", "port", "scheme"];
    /// The whole URL.
    url: Text,
    /// Scheme; `""` is a bare host.
    scheme: Text,
    /// Host; a plain word stands for its sub-domains too.
    host: Text,
    /// How the host is given.
    #[serde(deserialize_with = "host_kinds")]
    host_kind: Text,
    /// Path and query.
    path: Text,
    /// Readable on the way.
    cleartext: bool,
    /// A private address.
    private: bool,
    /// A test server.
    staging: bool,
    /// A bare address of the public internet.
    public_address: bool,
    /// Owner; `""` is an unknown one.
    owner: Text,
    /// Country of the owner's seat.
    country: Text,
    /// Purpose; `""` is an unknown one.
    purpose: Text,
    /// Group of the purpose.
    #[serde(deserialize_with = "purpose_classes")]
    purpose_class: Text,
    /// The maker's group.
    vendor: Text,
    /// Whose it is, as seen from the maker of the build.
    #[serde(deserialize_with = "parties")]
    party: Text,
    /// Where it was found.
    #[serde(deserialize_with = "sources")]
    source: Text,
    /// A network call takes it.
    at_sink: bool,
}

conditions! {
    /// Conditions on a read.
    IdentifierMatch, &["category", "title", "api", "road"];
    /// Category.
    category: Text,
    /// Group of the category: `device`, `sim`, `person` …
    class: Text,
    /// The signature row.
    api: Text,
    /// By which road.
    #[serde(deserialize_with = "roads")]
    road: Text,
    /// Resolved to code.
    in_code: bool,
    /// At least this weight, 0 to 10.
    min_weight: u8,
    /// At most this weight, 0 to 10.
    max_weight: u8,
}

conditions! {
    /// Conditions on a sink.
    SinkMatch, &["channel", "api"];
    /// Channel.
    channel: Text,
    /// API.
    api: Text,
}

conditions! {
    /// Conditions on a switch.
    SwitchMatch, &["switch", "key", "namespace", "kind", "default", "meaning", "vendor"];
    /// Where it lives.
    #[serde(deserialize_with = "switch_kinds")]
    kind: Text,
    /// Namespace.
    namespace: Text,
    /// Key.
    key: Text,
    /// The default; `""` is an unknown one.
    default: Text,
    /// Where the default comes from.
    #[serde(deserialize_with = "froms")]
    from: Text,
    /// What it comes to.
    #[serde(deserialize_with = "states")]
    state: Text,
    /// The signatures know it.
    known: bool,
    /// How much harm the signatures see in it.
    #[serde(deserialize_with = "harms")]
    harm: Text,
    /// Whose it is.
    vendor: Text,
    /// What it does.
    meaning: Text,
}

conditions! {
    /// Conditions on an SDK.
    TrackerMatch, &["id", "name", "owner", "country", "category"];
    /// Id.
    id: Text,
    /// Name.
    name: Text,
    /// Owner.
    owner: Text,
    /// Country of the owner's seat.
    country: Text,
    /// One of its categories.
    category: Text,
    /// Whether one of its categories is tracking.
    tracks: bool,
    /// At least so many classes of it.
    min_classes: u64,
}

conditions! {
    /// Conditions on a permission that is requested.
    PermissionMatch, &["name", "short", "level", "category"];
    /// Full name.
    name: Text,
    /// Base of its protection level.
    #[serde(deserialize_with = "bases")]
    base: Text,
    /// The protection level as written.
    level: Text,
    /// Category.
    category: Text,
    /// At least this weight, 0 to 10.
    min_weight: u8,
    /// The unit gets it, as far as its privileges tell.
    granted: bool,
}

conditions! {
    /// Conditions on a permission that is defined.
    DefinesMatch, &["name", "short", "level"];
    /// Full name.
    name: Text,
    /// Base of its protection level.
    #[serde(deserialize_with = "bases")]
    base: Text,
    /// At least this weight by the signatures, 0 to 10.
    min_weight: u8,
}

conditions! {
    /// Conditions on a component.
    ComponentMatch, &["name", "short", "kind", "action", "authority", "permission"];
    /// Kind.
    #[serde(deserialize_with = "component_kinds")]
    kind: Text,
    /// Class name.
    name: Text,
    /// Other apps may start it.
    exported: bool,
    /// It is enabled.
    enabled: bool,
    /// What a caller needs: nothing, a permission that anyone gets, one that few get.
    #[serde(deserialize_with = "guards")]
    guard: Text,
    /// One of its actions.
    action: Text,
    /// One of its authorities.
    authority: Text,
    /// What starts it.
    trigger: Text,
}

conditions! {
    /// Conditions on the manifest.
    ManifestMatch, &["package", "version", "shared-user"];
    /// Package name.
    package: Text,
    /// Shared user id.
    shared_user: Text,
    /// `allowBackup` as the platform resolves it (absent is true).
    allow_backup: bool,
    /// `usesCleartextTraffic` when given.
    cleartext_traffic: bool,
    /// `debuggable`.
    debuggable: bool,
    /// `persistent`.
    persistent: bool,
    /// Target below this API level.
    target_below: u32,
}

conditions! {
    /// Conditions on the network security configuration.
    NetworkSecurityMatch, &["package", "domains"];
    /// The base configuration permits clear text.
    cleartext: bool,
    /// Some domain may use clear text.
    cleartext_domains: bool,
    /// Certificates installed by the user are trusted.
    trusts_user: bool,
}

conditions! {
    /// Conditions on a certificate.
    SignerMatch, &["subject", "role", "sha1", "sha256"];
    /// Subject.
    subject: Text,
    /// What the signatures know of it.
    role: Text,
    /// SHA-1.
    sha1: Text,
    /// It is the build's platform key.
    platform: bool,
    /// Its private half is known to everyone.
    public: bool,
}

conditions! {
    /// Conditions on the package.
    PackageMatch, &["package", "role", "owner", "note"];
    /// Package name.
    package: Text,
    /// One of the roles that the signatures give it.
    role: Text,
    /// Owner by the signatures.
    owner: Text,
    /// At least this weight, 0 to 10.
    min_weight: u8,
}

conditions! {
    /// Conditions on a nested package.
    NestedMatch, &["package", "file"];
    /// Package name; `""` where it has no manifest.
    package: Text,
}

conditions! {
    /// Conditions on a gap or an oddity.
    NoticeMatch, &["format", "class", "what"];
    /// The format that was read.
    format: Text,
    /// Class of the gap.
    #[serde(deserialize_with = "classes")]
    class: Text,
    /// Part of the text.
    text: Text,
}

conditions! {
    /// Conditions on a property of the build.
    PropertyMatch, &["name", "value"];
    /// Name.
    name: Text,
    /// Value.
    value: Text,
}

/// What a detector is told by its rule. Each says itself which of these it asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DetectorMatch {
    /// What the detector's titles may name.
    pub names: Vec<String>,
    /// Purposes of servers that count.
    pub purpose: Option<Text>,
    /// Keys of switches that count although the signatures do not know them.
    pub key: Option<Text>,
    /// Groups of identifier categories that count.
    pub class: Option<Text>,
    /// Identifiers count from this weight on, 0 to 10.
    pub min_weight: u8,
    /// So many different ones at least.
    pub least: usize,
    /// What must hold of the unit.
    pub with: With,
}

/// What must hold of the unit that a fact is in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct With {
    /// Kind of the unit.
    #[serde(deserialize_with = "unit_kinds")]
    pub kind: Option<Text>,
    /// Partition.
    pub partition: Option<Text>,
    /// It runs with rights that an app from a store cannot get.
    pub privileged: Option<bool>,
    /// One of its privileges.
    pub privilege: Option<Text>,
    /// Signed with the platform key of the build.
    pub platform_key: Option<bool>,
    /// Its code belongs to the maker of the build, to someone else, or to nobody known.
    #[serde(deserialize_with = "parties")]
    pub party: Option<Text>,
    /// Package name.
    pub package: Option<Text>,
    /// One of the roles that the signatures give the package.
    pub role: Option<Text>,
    /// A permission that it requests.
    pub permission: Option<Text>,
    /// Something that starts it without the user.
    pub trigger: Option<Text>,
    /// A category of what its code reads.
    pub identifier: Option<Text>,
    /// A purpose of an endpoint in it.
    pub endpoint: Option<Text>,
    /// A channel of a sink in it.
    pub sink: Option<Text>,
    /// A category of an SDK in it.
    pub tracker: Option<Text>,
    /// It names a server in code or data, and may reach it.
    pub contacts: Option<bool>,
    /// One of these is there to collect, or a function of someone else than the maker.
    pub collects: Option<bool>,
    /// Target below this API level.
    pub target_below: Option<u32>,
    /// Target at this API level or above.
    pub target_from: Option<u32>,
    /// `ro.build.type` of the build.
    pub build: Option<Text>,
}

impl Match {
    /// The conditions on the unit.
    pub fn with(&self) -> &With {
        match self {
            Self::Endpoint(m) => &m.with,
            Self::Identifier(m) => &m.with,
            Self::Sink(m) => &m.with,
            Self::Switch(m) => &m.with,
            Self::Tracker(m) => &m.with,
            Self::Permission(m) => &m.with,
            Self::Defines(m) => &m.with,
            Self::Component(m) => &m.with,
            Self::Manifest(m) => &m.with,
            Self::NetworkSecurity(m) => &m.with,
            Self::Signer(m) => &m.with,
            Self::Package(m) => &m.with,
            Self::Nested(m) => &m.with,
            Self::Notice(m) => &m.with,
            Self::Property(m) => &m.with,
            Self::Detector(m) => &m.with,
        }
    }

    /// Names that a title, a subject or a grouping may use; the first is what facts are grouped by.
    pub fn names(&self) -> Vec<&str> {
        let names = match self {
            Self::Endpoint(_) => EndpointMatch::NAMES,
            Self::Identifier(_) => IdentifierMatch::NAMES,
            Self::Sink(_) => SinkMatch::NAMES,
            Self::Switch(_) => SwitchMatch::NAMES,
            Self::Tracker(_) => TrackerMatch::NAMES,
            Self::Permission(_) => PermissionMatch::NAMES,
            Self::Defines(_) => DefinesMatch::NAMES,
            Self::Component(_) => ComponentMatch::NAMES,
            Self::Manifest(_) => ManifestMatch::NAMES,
            Self::NetworkSecurity(_) => NetworkSecurityMatch::NAMES,
            Self::Signer(_) => SignerMatch::NAMES,
            Self::Package(_) => PackageMatch::NAMES,
            Self::Nested(_) => NestedMatch::NAMES,
            Self::Notice(_) => NoticeMatch::NAMES,
            Self::Property(_) => PropertyMatch::NAMES,
            Self::Detector(m) => return m.names.iter().map(String::as_str).collect(),
        };
        names.to_vec()
    }
}
