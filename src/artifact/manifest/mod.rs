//! The manifest of a package, its network security configuration, its preference screens and layouts: what
//! compiled XML means to the platform.
//!
//! Spec: AOSP `frameworks/base/core/res/res/values/attrs_manifest.xml` for elements and attributes,
//! `core/java/android/content/pm/PackageParser.java` and `…/pm/pkg/parsing/ParsingPackageUtils.java`
//! (Android 14) for where an element counts and what holds when an attribute is absent.

mod absent;
mod attr;
mod layout;
mod network;
mod permission;
mod preference;
mod read;

pub use layout::{Input, inputs};
pub use network::{Domain, NetworkConfig, network_security};
pub use preference::{Preference, preferences};

use super::arsc::Table;
use super::axml::Xml;
use crate::bytes::Gap;

const FORMAT: &str = "manifest";

/// A manifest, with references resolved as far as the table goes. A reference that leads elsewhere is
/// kept as `@0x7f040001`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Package name.
    pub package: String,
    /// Name of the split, for a split APK.
    pub split: Option<String>,
    /// `versionCode`, with `versionCodeMajor` in the upper 32 bits.
    pub version_code: Option<u64>,
    /// `versionName`.
    pub version_name: Option<String>,
    /// `minSdkVersion`; [`CODENAME`] for the name of a release that was not out yet.
    pub min_sdk: Option<u32>,
    /// `targetSdkVersion`, likewise.
    pub target_sdk: Option<u32>,
    /// `sharedUserId`.
    pub shared_user_id: Option<String>,
    /// `coreApp`.
    pub core_app: bool,
    /// Permissions asked for, in file order.
    pub uses_permissions: Vec<UsesPermission>,
    /// Permissions, permission trees and permission groups defined here, in file order.
    pub defines: Vec<Permission>,
    /// The application element.
    pub application: Application,
    /// Components in file order.
    pub components: Vec<Component>,
    /// `<meta-data>` of the application and of components, in file order.
    pub meta_data: Vec<MetaData>,
    /// `<uses-library>`, `<uses-native-library>`, `<uses-static-library>` and `<library>`, by name.
    pub libraries: Vec<String>,
    /// `<uses-feature>` by name.
    pub features: Vec<String>,
    /// `<instrumentation>`: class and target package.
    pub instrumentation: Vec<(String, String)>,
    /// The overlay's target, for a resource overlay.
    pub overlay: Option<Overlay>,
    /// Every attribute of the manifest, application, component and permission elements would be too
    /// many; these are the ones of `<manifest>` and `<application>`, by name (`android:allowBackup`).
    pub attributes: Vec<(String, String)>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// Stands for a release by its codename; the platform's `CUR_DEVELOPMENT`.
pub const CODENAME: u32 = 10_000;

/// A permission asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsesPermission {
    /// Its name.
    pub name: String,
    /// `maxSdkVersion`: not asked for above it.
    pub max_sdk: Option<u32>,
    /// `<uses-permission-sdk-23>`: asked for only where permissions are granted at run time.
    pub runtime_only: bool,
}

/// A permission defined here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permission {
    /// `permission`, `permission-tree` or `permission-group`.
    pub tag: &'static str,
    /// Its name.
    pub name: String,
    /// `protectionLevel` as text, `signature|privileged`.
    pub level: String,
    /// `permissionGroup`.
    pub group: Option<String>,
}

/// Attributes of the application element; `None` where one is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Application {
    /// Class name.
    pub name: Option<String>,
    /// Label in the default configuration.
    pub label: Option<String>,
    /// `allowBackup`.
    pub allow_backup: Option<bool>,
    /// `usesCleartextTraffic`.
    pub cleartext_traffic: Option<bool>,
    /// `debuggable`.
    pub debuggable: Option<bool>,
    /// `persistent`.
    pub persistent: bool,
    /// `enabled`, true where absent.
    pub enabled: bool,
    /// File of the network security configuration, `res/xml/network.xml`; the id where the table does
    /// not have it.
    pub network_security: Option<String>,
    /// `backupAgent`.
    pub backup_agent: Option<String>,
    /// Permission that callers of components need, unless these say otherwise.
    pub permission: Option<String>,
    /// Process.
    pub process: Option<String>,
}

/// A component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Component {
    /// `activity`, `activity-alias`, `service`, `receiver` or `provider`.
    pub tag: &'static str,
    /// Fully qualified class name.
    pub name: String,
    /// `exported` where it is written.
    pub exported_given: Option<bool>,
    /// Whether other apps may start it, with the platform's default.
    pub exported: bool,
    /// Whether it and the application are enabled.
    pub enabled: bool,
    /// Permission that callers need, the application's where it has none of its own.
    pub permission: Option<String>,
    /// `readPermission` of a provider, `permission` where it has none.
    pub read_permission: Option<String>,
    /// `writePermission` of a provider, `permission` where it has none.
    pub write_permission: Option<String>,
    /// Authorities of a provider.
    pub authorities: Vec<String>,
    /// `grantUriPermissions` of a provider.
    pub grants_uri: bool,
    /// Class that an alias stands for.
    pub target: Option<String>,
    /// Process.
    pub process: Option<String>,
    /// Intent filters in file order.
    pub filters: Vec<Filter>,
}

/// An intent filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// `priority`.
    pub priority: i32,
    /// Actions.
    pub actions: Vec<String>,
    /// Categories.
    pub categories: Vec<String>,
    /// Data, each as far as it is given: `http://host:port/path*`, `type:image/*`.
    pub data: Vec<String>,
}

/// A `<meta-data>` element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetaData {
    /// `name`.
    pub name: String,
    /// `value`, or what `resource` stands for.
    pub value: String,
    /// Index of the component that it belongs to; `None` for the application.
    pub component: Option<usize>,
}

/// A resource overlay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    /// Package whose resources are replaced.
    pub target: String,
    /// `isStatic`: in force without anyone asking.
    pub is_static: bool,
    /// `priority`.
    pub priority: i32,
}

impl Manifest {
    /// Reads a manifest; never fails as a whole.
    pub fn read(xml: &Xml<'_>, table: Option<&Table<'_>>) -> Self {
        read::manifest(xml, table)
    }

    /// Level that the platform takes the app to be made for.
    pub fn effective_target(&self) -> u32 {
        self.target_sdk.or(self.min_sdk).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests;
