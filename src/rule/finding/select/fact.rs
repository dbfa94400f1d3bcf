//! The conditions that each kind of fact has.

use serde::Deserialize;

use super::With;
use super::word::*;
use crate::rule::Text;

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
            pub(super) const NAMES: &'static [&'static str] = $names;
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
    /// Conditions on a flow.
    FlowMatch, &["flow", "what", "to", "category", "title", "channel", "host", "owner", "country", "purpose"];
    /// Category of the identifier.
    category: Text,
    /// Group of the category: `device`, `sim`, `person` …
    class: Text,
    /// The identifier weighs at least this, 0 to 10.
    min_weight: u8,
    /// The identifier weighs at most this, 0 to 10.
    max_weight: u8,
    /// Channel.
    channel: Text,
    /// What it is made into on the way; `""` is nothing.
    #[serde(deserialize_with = "makes")]
    made: Text,
    /// It is known whom it goes to.
    resolved: bool,
    /// Readable on the way.
    cleartext: bool,
    /// A private address.
    private: bool,
    /// Host; a plain word stands for its sub-domains too.
    host: Text,
    /// Owner; `""` is an unknown one.
    owner: Text,
    /// Country of the owner's seat.
    country: Text,
    /// Purpose; `""` is an unknown one.
    purpose: Text,
    /// Group of the purpose.
    #[serde(deserialize_with = "purpose_classes")]
    purpose_class: Text,
    /// Whose it is, as seen from the maker of the build.
    #[serde(deserialize_with = "parties")]
    party: Text,
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
