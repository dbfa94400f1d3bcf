//! What a manifest says, as facts.

use crate::artifact::manifest::{Component as Read, Manifest, NetworkConfig};
use crate::rule::Triggers;

use super::{Component, ManifestFacts, NetworkSecurity};

/// The facts of a manifest, sorted and without duplicates. `network` is the file that
/// `networkSecurityConfig` leads to, where it could be read.
pub fn manifest(manifest: &Manifest, network: Option<&NetworkConfig>, triggers: &Triggers) -> ManifestFacts {
    let app = &manifest.application;
    ManifestFacts {
        package: manifest.package.clone(),
        version_name: manifest.version_name.clone(),
        version_code: manifest.version_code,
        min_sdk: manifest.min_sdk,
        target_sdk: manifest.target_sdk,
        shared_user_id: manifest.shared_user_id.clone(),
        permissions: sorted(manifest.uses_permissions.iter().map(|p| p.name.clone())),
        defines: sorted(
            manifest
                .defines
                .iter()
                .filter(|p| p.tag != "permission-group")
                .map(|p| (p.name.clone(), p.level.clone())),
        ),
        components: sorted(manifest.components.iter().map(|c| component(c, triggers))),
        meta_data: sorted(
            manifest
                .meta_data
                .iter()
                .map(|m| (m.name.clone(), m.value.clone())),
        ),
        libraries: sorted(manifest.libraries.iter().cloned()),
        allow_backup: app.allow_backup,
        cleartext_traffic: app.cleartext_traffic,
        debuggable: app.debuggable,
        persistent: app.persistent,
        core_app: manifest.core_app,
        network_security: network.map(network_security),
    }
}

fn component(read: &Read, triggers: &Triggers) -> Component {
    let actions = sorted(read.filters.iter().flat_map(|f| f.actions.iter().cloned()));
    Component {
        kind: match read.tag {
            "activity-alias" => "activity",
            tag => tag,
        }
        .to_owned(),
        name: read.name.clone(),
        exported: read.exported,
        enabled: read.enabled,
        permission: match read.tag {
            "provider" => read
                .read_permission
                .clone()
                .or_else(|| read.write_permission.clone()),
            _ => read.permission.clone(),
        },
        triggers: match read.tag {
            // Only these run without anyone looking.
            "receiver" | "service" => sorted(
                actions
                    .iter()
                    .filter_map(|a| triggers.action(a))
                    .map(str::to_owned),
            ),
            _ => Vec::new(),
        },
        actions,
        authorities: sorted(read.authorities.iter().cloned()),
    }
}

fn network_security(config: &NetworkConfig) -> NetworkSecurity {
    let names = |of: fn(&crate::artifact::manifest::Domain) -> bool| {
        sorted(config.domains.iter().filter(|d| of(d)).map(|d| d.name.clone()))
    };
    NetworkSecurity {
        cleartext: config.cleartext,
        cleartext_domains: names(|d| d.cleartext == Some(true)),
        trusts_user: config.trusts_user || config.domains.iter().any(|d| d.trusts_user),
        pinned_domains: names(|d| d.pinned),
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort();
    items.dedup();
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::manifest::{Application, Domain, Filter, MetaData, Permission, UsesPermission};

    #[test]
    fn facts_are_sorted_and_free_of_duplicates() {
        let uses = |name: &str| UsesPermission {
            name: name.into(),
            ..UsesPermission::default()
        };
        let defines = |tag, name: &str| Permission {
            tag,
            name: name.into(),
            level: "normal".into(),
            group: None,
        };
        let meta = |name: &str| MetaData {
            name: name.into(),
            value: "1".into(),
            component: None,
        };
        let m = Manifest {
            package: "a.b".into(),
            uses_permissions: vec![uses("y"), uses("x"), uses("y")],
            defines: vec![defines("permission-group", "g"), defines("permission", "p")],
            meta_data: vec![meta("k"), meta("j"), meta("k")],
            application: Application {
                allow_backup: Some(false),
                ..Application::default()
            },
            components: vec![Read {
                tag: "activity-alias",
                name: "a.b.C".into(),
                filters: vec![Filter {
                    actions: vec!["q".into(), "p".into()],
                    ..Filter::default()
                }],
                ..Read::default()
            }],
            ..Manifest::default()
        };
        let facts = manifest(&m, None, &Triggers::default());
        assert_eq!(facts.permissions, ["x", "y"]);
        assert_eq!(facts.defines, [("p".to_owned(), "normal".to_owned())]);
        assert_eq!(facts.meta_data.len(), 2);
        assert_eq!(facts.allow_backup, Some(false));
        assert_eq!(facts.components[0].kind, "activity");
        assert_eq!(facts.components[0].actions, ["p", "q"]);
        assert!(facts.components[0].triggers.is_empty());
    }

    #[test]
    fn a_network_configuration_names_its_domains_by_what_holds_for_them() {
        let domain = |name: &str, cleartext, pinned| Domain {
            name: name.into(),
            cleartext,
            pinned,
            ..Domain::default()
        };
        let config = NetworkConfig {
            domains: vec![domain("b", Some(true), false), domain("a", Some(false), true)],
            ..NetworkConfig::default()
        };
        let facts = network_security(&config);
        assert_eq!(facts.cleartext_domains, ["b"]);
        assert_eq!(facts.pinned_domains, ["a"]);
        assert!(!facts.trusts_user);
    }
}
