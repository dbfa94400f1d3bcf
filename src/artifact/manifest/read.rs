//! One pass over a manifest. Elements count where the platform looks for them and nowhere else.

use super::absent;
use super::attr::{self, Reader, truth};
use super::{
    Application, CODENAME, Component, FORMAT, Filter, Manifest, MetaData, Overlay, Permission,
    UsesPermission, permission,
};
use crate::artifact::arsc::{PoolStr, Table};
use crate::artifact::axml::{Element, Event, Xml};
use crate::bytes::Gap;

/// Components, permissions and other items taken out of one manifest. Real ones have under 2 000.
const MAX_ITEMS: usize = 100_000;

/// Children of `<manifest>` that are read.
const TOP: &[&str] = &[
    "uses-permission",
    "uses-permission-sdk-23",
    "uses-permission-sdk-m",
    "uses-sdk",
    "permission",
    "permission-tree",
    "permission-group",
    "uses-feature",
    "instrumentation",
    "overlay",
];

const COMPONENTS: [&str; 5] = ["activity", "activity-alias", "service", "receiver", "provider"];
const LIBRARIES: [&str; 4] = [
    "uses-library",
    "uses-native-library",
    "uses-static-library",
    "library",
];
/// Children of `<application>` that are read.
const IN_APPLICATION: &[&str] = &[
    "activity",
    "activity-alias",
    "service",
    "receiver",
    "provider",
    "meta-data",
    "uses-library",
    "uses-native-library",
    "uses-static-library",
    "library",
];

/// What an open element is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Manifest,
    Application,
    Component,
    Filter,
    Other,
}

pub(super) fn manifest(xml: &Xml<'_>, table: Option<&Table<'_>>) -> Manifest {
    let mut pass = Pass {
        manifest: Manifest {
            application: Application {
                enabled: true,
                ..Application::default()
            },
            ..Manifest::default()
        },
        reader: Reader::new(FORMAT, xml, table),
        items: 0,
    };
    let mut open: Vec<Open> = Vec::new();
    let mut root = false;
    for event in xml.events() {
        match event {
            Event::Start(element) => {
                let kind = match open.last() {
                    // The device does not look at the root's name twice either: only `manifest` counts.
                    None if !root && element.is("manifest") => {
                        root = true;
                        pass.root(&element);
                        Open::Manifest
                    }
                    Some(Open::Manifest) => pass.top(&element),
                    Some(Open::Application) => pass.in_application(&element),
                    Some(Open::Component) => pass.in_component(&element),
                    Some(Open::Filter) => pass.in_filter(&element),
                    Some(Open::Other) | None => Open::Other,
                };
                open.push(kind);
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(_) => {}
        }
    }
    let Pass {
        mut manifest,
        reader,
        items,
    } = pass;
    manifest.gaps.extend(reader.into_gap());
    if items > MAX_ITEMS {
        let (got, limit) = (u64::try_from(items).unwrap_or(u64::MAX), 100_000);
        manifest.gaps.push(Gap::over(FORMAT, 0, "items", got, limit, ""));
    }
    if !root {
        manifest
            .gaps
            .push(Gap::invalid(FORMAT, 0, "document without a manifest element", 0));
    } else if manifest.package.is_empty() {
        manifest
            .gaps
            .push(Gap::invalid(FORMAT, 0, "manifest without a package name", 0));
    }
    absent::fill(&mut manifest);
    manifest
}

struct Pass<'a, 't> {
    manifest: Manifest,
    reader: Reader<'a, 't>,
    items: usize,
}

impl Pass<'_, '_> {
    /// Charges one item; false when there are too many.
    fn item(&mut self) -> bool {
        self.items = self.items.saturating_add(1);
        self.items <= MAX_ITEMS
    }

    /// Whether an element is one of these, and there is room for it.
    fn known(&mut self, name: PoolStr<'_>, tags: &[&str]) -> bool {
        tags.iter().any(|t| name.is(t)) && self.item()
    }

    fn attributes(&mut self, element: &Element<'_>) {
        for attribute in element.attributes() {
            if self.item()
                && let Some(name) = self.reader.label(&attribute)
                && let Some(value) = self.reader.value(&attribute)
            {
                self.manifest.attributes.push((name, value));
            }
        }
    }

    fn root(&mut self, e: &Element<'_>) {
        self.attributes(e);
        let r = &mut self.reader;
        let m = &mut self.manifest;
        m.package = r.plain(e, "package").unwrap_or_default();
        m.split = r.plain(e, "split");
        m.core_app = r.plain(e, "coreApp").is_some_and(|v| truth(&v) == Some(true));
        m.shared_user_id = r.text(e, attr::SHARED_USER_ID);
        m.version_name = r.text(e, attr::VERSION_NAME);
        let major = r.number(e, attr::VERSION_CODE_MAJOR);
        let minor = r.number(e, attr::VERSION_CODE);
        if major.is_some() || minor.is_some() {
            let (major, minor) = (major.unwrap_or_default(), minor.unwrap_or_default());
            m.version_code = Some((u64::from(major) << 32) | u64::from(minor));
        }
    }

    /// A child of `<manifest>`.
    fn top(&mut self, e: &Element<'_>) -> Open {
        let Some(name) = e.name() else { return Open::Other };
        if name.is("application") {
            self.application(e);
            return Open::Application;
        }
        if !self.known(name, TOP) {
            return Open::Other;
        }
        let r = &mut self.reader;
        let m = &mut self.manifest;
        let runtime_only = name.is("uses-permission-sdk-23") || name.is("uses-permission-sdk-m");
        if runtime_only || name.is("uses-permission") {
            if let Some(name) = r.text(e, attr::NAME) {
                let max_sdk = r.number(e, attr::MAX_SDK);
                m.uses_permissions.push(UsesPermission {
                    name,
                    max_sdk,
                    runtime_only,
                });
            }
        } else if name.is("uses-sdk") {
            m.min_sdk = sdk(r, e, attr::MIN_SDK).or(m.min_sdk);
            m.target_sdk = sdk(r, e, attr::TARGET_SDK).or(m.target_sdk);
        } else if let Some(tag) = ["permission", "permission-tree", "permission-group"]
            .into_iter()
            .find(|t| name.is(t))
        {
            if let Some(name) = r.text(e, attr::NAME) {
                let level = permission::level(r.number(e, attr::PROTECTION_LEVEL).unwrap_or_default());
                let group = r.text(e, attr::PERMISSION_GROUP);
                m.defines.push(Permission {
                    tag,
                    name,
                    level,
                    group,
                });
            }
        } else if name.is("uses-feature") {
            m.features.extend(r.text(e, attr::NAME));
        } else if name.is("instrumentation") {
            let class = r.text(e, attr::NAME).unwrap_or_default();
            m.instrumentation
                .push((class, r.text(e, attr::TARGET_PACKAGE).unwrap_or_default()));
        } else if name.is("overlay") {
            m.overlay = r.text(e, attr::TARGET_PACKAGE).map(|target| Overlay {
                target,
                is_static: r.boolean(e, attr::IS_STATIC).unwrap_or_default(),
                priority: r.number(e, attr::PRIORITY).unwrap_or_default().cast_signed(),
            });
        }
        Open::Other
    }

    fn application(&mut self, e: &Element<'_>) {
        self.attributes(e);
        let r = &mut self.reader;
        self.manifest.application = Application {
            name: r.text(e, attr::NAME),
            label: r.text(e, attr::LABEL),
            allow_backup: r.boolean(e, attr::ALLOW_BACKUP),
            cleartext_traffic: r.boolean(e, attr::USES_CLEARTEXT),
            debuggable: r.boolean(e, attr::DEBUGGABLE),
            persistent: r.boolean(e, attr::PERSISTENT).unwrap_or(false),
            enabled: r.boolean(e, attr::ENABLED).unwrap_or(true),
            network_security: r.text(e, attr::NETWORK_SECURITY),
            backup_agent: r.text(e, attr::BACKUP_AGENT),
            permission: r.text(e, attr::PERMISSION),
            process: r.text(e, attr::PROCESS),
        };
    }

    /// A child of `<application>`.
    fn in_application(&mut self, e: &Element<'_>) -> Open {
        let Some(name) = e.name() else { return Open::Other };
        if !self.known(name, IN_APPLICATION) {
            return Open::Other;
        }
        if let Some(tag) = COMPONENTS.into_iter().find(|t| name.is(t)) {
            self.component(e, tag);
            return Open::Component;
        }
        if name.is("meta-data") {
            self.meta_data(e, None);
        } else if LIBRARIES.iter().any(|t| name.is(t)) {
            self.manifest.libraries.extend(self.reader.text(e, attr::NAME));
        }
        Open::Other
    }

    fn component(&mut self, e: &Element<'_>, tag: &'static str) {
        let r = &mut self.reader;
        let mut component = Component {
            tag,
            name: r.text(e, attr::NAME).unwrap_or_default(),
            exported_given: r.boolean(e, attr::EXPORTED),
            enabled: r.boolean(e, attr::ENABLED).unwrap_or(true),
            permission: r.text(e, attr::PERMISSION),
            process: r.text(e, attr::PROCESS),
            ..Component::default()
        };
        match tag {
            "provider" => {
                component.read_permission = r.text(e, attr::READ_PERMISSION);
                component.write_permission = r.text(e, attr::WRITE_PERMISSION);
                component.grants_uri = r.boolean(e, attr::GRANT_URI_PERMISSIONS).unwrap_or(false);
                let authorities = r.text(e, attr::AUTHORITIES).unwrap_or_default();
                component.authorities = authorities
                    .split(';')
                    .filter(|a| !a.is_empty())
                    .take(MAX_ITEMS)
                    .map(str::to_owned)
                    .collect();
            }
            "activity-alias" => component.target = r.text(e, attr::TARGET_ACTIVITY),
            _ => {}
        }
        self.manifest.components.push(component);
    }

    fn meta_data(&mut self, e: &Element<'_>, component: Option<usize>) {
        let r = &mut self.reader;
        let Some(name) = r.text(e, attr::NAME) else { return };
        let value = match r.text(e, attr::VALUE) {
            Some(value) => value,
            None => r.text(e, attr::RESOURCE).unwrap_or_default(),
        };
        self.manifest.meta_data.push(MetaData {
            name,
            value,
            component,
        });
    }

    /// A child of a component.
    fn in_component(&mut self, e: &Element<'_>) -> Open {
        let Some(name) = e.name() else { return Open::Other };
        if !self.known(name, &["meta-data", "intent-filter"]) {
            return Open::Other;
        }
        if name.is("meta-data") {
            let component = self.manifest.components.len().checked_sub(1);
            self.meta_data(e, component);
        } else if name.is("intent-filter") {
            let priority = self
                .reader
                .number(e, attr::PRIORITY)
                .unwrap_or_default()
                .cast_signed();
            if let Some(component) = self.manifest.components.last_mut() {
                component.filters.push(Filter {
                    priority,
                    ..Filter::default()
                });
                return Open::Filter;
            }
        }
        Open::Other
    }

    /// A child of an intent filter.
    fn in_filter(&mut self, e: &Element<'_>) -> Open {
        let Some(name) = e.name() else { return Open::Other };
        if !self.known(name, &["action", "category", "data"]) {
            return Open::Other;
        }
        let r = &mut self.reader;
        let Some(filter) = self
            .manifest
            .components
            .last_mut()
            .and_then(|c| c.filters.last_mut())
        else {
            return Open::Other;
        };
        if name.is("action") {
            filter.actions.extend(r.text(e, attr::NAME));
        } else if name.is("category") {
            filter.categories.extend(r.text(e, attr::NAME));
        } else if name.is("data") {
            filter.data.extend(data(r, e));
        }
        Open::Other
    }
}

/// A `<data>` element on one line.
fn data(r: &mut Reader<'_, '_>, e: &Element<'_>) -> Option<String> {
    let mut text = String::new();
    if let Some(scheme) = r.text(e, attr::SCHEME) {
        text.push_str(&scheme);
        text.push(':');
    }
    if let Some(host) = r.text(e, attr::HOST) {
        text.push_str("//");
        text.push_str(&host);
    }
    if let Some(port) = r.text(e, attr::PORT) {
        text.push(':');
        text.push_str(&port);
    }
    for (path, more) in [
        (attr::PATH, ""),
        (attr::PATH_PREFIX, "*"),
        (attr::PATH_PATTERN, ""),
    ] {
        if let Some(path) = r.text(e, path) {
            text.push_str(&path);
            text.push_str(more);
        }
    }
    if let Some(mime) = r.text(e, attr::MIME_TYPE) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str("type:");
        text.push_str(&mime);
    }
    Some(text).filter(|t| !t.is_empty())
}

/// An API level: a number, or the codename of a release that was not out yet.
fn sdk(r: &mut Reader<'_, '_>, e: &Element<'_>, attr: attr::Attr) -> Option<u32> {
    match r.number(e, attr) {
        Some(level) => Some(level),
        None => r
            .text(e, attr)
            .filter(|t| !t.is_empty() && !t.starts_with('@'))
            .map(|_| CODENAME),
    }
}
