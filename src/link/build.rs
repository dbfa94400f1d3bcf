//! Which build it is, by its own properties.

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
        Self {
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
