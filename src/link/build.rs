//! Which build it is, by its own properties.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fact::UnitFacts;

/// The build's identity by its own properties; empty fields are not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Build {
    /// `ro.product.model`.
    pub model: String,
    /// `ro.product.device`.
    pub device: String,
    /// `ro.product.manufacturer` or `ro.product.brand`.
    pub maker: String,
    /// `ro.build.version.release`.
    pub android: String,
    /// `ro.build.version.incremental`: for MIUI the version.
    pub version: String,
    /// `ro.build.display.id`.
    pub display: String,
    /// `ro.build.date`.
    pub date: String,
    /// `ro.build.type`: `user`, `userdebug`, `eng`.
    pub kind: String,
    /// `ro.build.fingerprint`.
    pub fingerprint: String,
    /// `ro.build.version.security_patch`.
    pub patch: String,
    /// `ro.miui.ui.version.name`: the generation, `V12`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub miui: String,
    /// `ro.miui.build.region`: `cn`, `global`, `eea` …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// What each partition says of itself, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<Partition>,
    /// Partitions that are not of one build, or that say one thing in their properties and another in
    /// verified boot: one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disagree: Vec<String>,
}

/// What a partition says of itself, in its properties and in verified boot; empty fields are not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Partition {
    /// `system`, `vendor` …
    pub name: String,
    /// `ro.<name>.build.fingerprint` and its older forms.
    pub fingerprint: String,
    /// The same by verified boot, `com.android.build.<name>.fingerprint`.
    pub verified: String,
    /// `ro.<name>.build.security_patch` and its older forms, or that of verified boot.
    pub patch: String,
}

impl Partition {
    /// What the unit of a partition's configuration says; `verified` are the properties of all vbmeta.
    fn read(unit: &UnitFacts, verified: &BTreeMap<&str, &str>) -> Option<Self> {
        let name = unit.unit.partition.as_str();
        let first = |keys: &[String]| {
            let values = keys.iter().filter_map(|key| unit.properties.get(key));
            values.map(|value| value.trim()).find(|value| !value.is_empty())
        };
        let signed = |what: &str| {
            let key = format!("com.android.build.{name}.{what}");
            let value = verified.get(key.as_str()).copied();
            value.map(str::trim).unwrap_or_default().to_owned()
        };
        let fingerprint = first(&[
            format!("ro.{name}.build.fingerprint"),
            "ro.build.fingerprint".to_owned(),
            "ro.bootimage.build.fingerprint".to_owned(),
        ]);
        let patch = first(&[
            format!("ro.{name}.build.security_patch"),
            "ro.build.version.security_patch".to_owned(),
        ]);
        let partition = Self {
            name: name.to_owned(),
            fingerprint: fingerprint.unwrap_or_default().to_owned(),
            verified: signed("fingerprint"),
            patch: patch.map_or_else(|| signed("security_patch"), str::to_owned),
        };
        let known = !partition.fingerprint.is_empty() || !partition.verified.is_empty();
        (known && !name.is_empty()).then_some(partition)
    }

    /// `14.0.9` in `Acme/one/one:11/RP1A.200720.011/14.0.9:user/release-keys`.
    fn version(&self) -> &str {
        let fingerprint = if self.fingerprint.is_empty() {
            &self.verified
        } else {
            &self.fingerprint
        };
        let build = fingerprint.split(':').nth(1).unwrap_or_default();
        build.rsplit('/').next().unwrap_or_default()
    }
}

/// Why partitions cannot be of one build.
fn disagree(partitions: &[Partition]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for partition in partitions {
        let version = partition.version();
        if !version.is_empty() {
            versions.entry(version).or_default().push(&partition.name);
        }
        let changed = !partition.fingerprint.is_empty() && !partition.verified.is_empty();
        if changed && partition.fingerprint != partition.verified {
            notes.push(format!(
                "{} disagrees with itself: its properties say {}, verified boot says {}",
                partition.name, partition.fingerprint, partition.verified
            ));
        }
    }
    if versions.len() > 1 {
        let each: Vec<String> = versions
            .iter()
            .map(|(version, names)| format!("{} of {version}", names.join(", ")))
            .collect();
        notes.push(format!("not all of one build: {}", each.join("; ")));
    }
    notes
}

/// First Android release with `system/priv-app`; before it every app under `system/app` had its rights
/// (AOSP `PackageManagerService`, 4.4).
const PRIV_APP_SINCE: (u32, u32) = (4, 4);

impl Build {
    /// From all property files of the build: those of the system before the others, as the device
    /// itself would ask (`ro.product.model`, then `ro.product.<partition>.model`).
    pub(super) fn read(units: &[UnitFacts]) -> Self {
        let mut files: Vec<&UnitFacts> = units.iter().filter(|unit| !unit.properties.is_empty()).collect();
        let rank = |unit: &UnitFacts| match unit.unit.partition.as_str() {
            "system" => 0_u8,
            "" => 1,
            "product" => 2,
            "vendor" => 3,
            _ => 4,
        };
        files.sort_by(|a, b| {
            rank(a)
                .cmp(&rank(b))
                .then_with(|| a.unit.place.cmp(&b.unit.place))
        });
        let plain = |name: &str| {
            let values = files.iter().filter_map(|unit| unit.properties.get(name));
            values
                .map(|v| v.trim())
                .find(|v| !v.is_empty())
                .map(str::to_owned)
        };
        let product = |name: &str| {
            plain(&format!("ro.product.{name}")).or_else(|| {
                let parts = ["product", "odm", "vendor", "system", "system_ext"];
                parts
                    .iter()
                    .find_map(|part| plain(&format!("ro.product.{part}.{name}")))
            })
        };
        let build = |name: &str| {
            plain(&format!("ro.build.{name}")).or_else(|| plain(&format!("ro.system.build.{name}")))
        };
        let verified: BTreeMap<&str, &str> = files
            .iter()
            .flat_map(|unit| &unit.properties)
            .filter(|(key, _)| key.starts_with("com.android.build."))
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let mut partitions: Vec<Partition> = files
            .iter()
            .filter_map(|unit| Partition::read(unit, &verified))
            .collect();
        partitions.sort();
        Self {
            disagree: disagree(&partitions),
            partitions,
            miui: plain("ro.miui.ui.version.name").unwrap_or_default(),
            region: plain("ro.miui.build.region").unwrap_or_default(),
            model: product("model").unwrap_or_default(),
            device: product("device").unwrap_or_default(),
            maker: product("manufacturer")
                .or_else(|| product("brand"))
                .unwrap_or_default(),
            android: build("version.release").unwrap_or_default(),
            version: build("version.incremental").unwrap_or_default(),
            display: build("display.id").or_else(|| build("id")).unwrap_or_default(),
            date: build("date").unwrap_or_default(),
            kind: build("type").unwrap_or_default(),
            fingerprint: build("fingerprint").unwrap_or_default(),
            patch: build("version.security_patch").unwrap_or_default(),
        }
    }

    /// Names that the maker goes by, in lower case: the maker, and the brand in the fingerprint.
    pub(super) fn makers(&self) -> Vec<String> {
        let brand = self.fingerprint.split('/').next().unwrap_or_default();
        let names = [self.maker.as_str(), brand];
        let mut names: Vec<String> = names
            .iter()
            .map(|name| name.trim().to_lowercase())
            .filter(|name| !name.is_empty() && !matches!(name.as_str(), "unknown" | "android" | "generic"))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Whether every app under `system/app` has the rights of `system/priv-app`.
    pub(super) fn before_priv_app(&self) -> bool {
        let mut parts = self.android.split('.').map(|part| part.parse::<u32>().ok());
        match (parts.next().flatten(), parts.next().flatten()) {
            (Some(major), minor) => (major, minor.unwrap_or(0)) < PRIV_APP_SINCE,
            (None, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(partition: &str, properties: &[(&str, &str)]) -> UnitFacts {
        let mut unit = UnitFacts::default();
        unit.unit.partition = partition.to_owned();
        unit.properties = properties
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        unit
    }

    #[test]
    fn the_system_partition_is_asked_first() {
        let units = [
            unit(
                "vendor",
                &[
                    ("ro.product.model", "other"),
                    ("ro.product.vendor.manufacturer", "Acme"),
                ],
            ),
            unit(
                "system",
                &[
                    ("ro.product.model", "HM NOTE 1TD"),
                    ("ro.build.version.release", "4.2.2"),
                ],
            ),
        ];
        let build = Build::read(&units);
        assert_eq!(
            (build.model.as_str(), build.maker.as_str()),
            ("HM NOTE 1TD", "Acme")
        );
        assert!(build.before_priv_app());
        assert_eq!(build.makers(), ["acme"]);
    }

    #[test]
    fn partitions_of_two_builds_and_one_that_disagrees_with_itself_are_told() {
        let print = |version: &str| format!("Acme/one/one:11/RP1A/{version}:user/release-keys");
        let (new, old) = (print("14.0.9"), print("14.0.8"));
        let units = [
            unit("system", &[("ro.system.build.fingerprint", &new)]),
            unit("product", &[("ro.product.build.fingerprint", &new)]),
            unit("boot", &[("ro.bootimage.build.fingerprint", &old)]),
            unit("vbmeta", &[("com.android.build.product.fingerprint", &old)]),
        ];
        let build = Build::read(&units);
        let names: Vec<&str> = build.partitions.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["boot", "product", "system"]);
        assert_eq!(
            build.disagree,
            [
                format!("product disagrees with itself: its properties say {new}, verified boot says {old}"),
                "not all of one build: boot of 14.0.8; product, system of 14.0.9".to_owned(),
            ]
        );
        assert!(Build::read(&units[..2]).disagree.is_empty());
    }

    #[test]
    fn priv_app_begins_with_4_4() {
        let since = |release: &str| {
            Build {
                android: release.to_owned(),
                ..Build::default()
            }
            .before_priv_app()
        };
        assert!(since("4.3.1") && since("2.3") && !since("4.4") && !since("10") && !since(""));
    }
}
