//! Which facts a rule is about: one kind of fact, and conditions on it and on its unit.
//!
//! Every condition that is given must hold. A rule that asks for something its kind of fact does not
//! have is refused when it is read, with the names that there are.

mod fact;
mod word;

use serde::Deserialize;

use super::Text;
use word::{parties, unit_kinds};

pub use fact::*;

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
    /// An identifier that was followed to where it leaves the device.
    Flow(Box<FlowMatch>),
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
            Self::Flow(m) => &m.with,
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
            Self::Flow(_) => FlowMatch::NAMES,
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
