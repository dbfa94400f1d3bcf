//! The build as a whole: what no unit can tell about itself.
//!
//! Which maker's build it is, who holds its platform key, which rights a unit has by where it lies,
//! who signed it and under which user id it runs, what starts it, what a permission's level is when it
//! is defined by another package, and what a setting is when one app gives it its first value and
//! another reads it. Facts go in, nothing is read again, and order does not matter.

mod build;
mod permission;
mod privilege;
mod switch;

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{DefaultFrom, Switch, SwitchState, UnitFacts};
use crate::rule::Rules;

pub use build::{Build, Partition};
pub use permission::{Base, Levels};
pub use switch::{Joined, Reader};

/// Whose something is, as seen from the maker of the build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The maker of the build.
    Maker,
    /// Someone else, who is known.
    Other,
    /// Nobody knows.
    #[default]
    Unknown,
}

impl Party {
    /// As rules write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Maker => "maker",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

/// The owner of the platform's own code in the signatures, in lower case. Whoever makes the build builds
/// and signs it, and answers for it.
const PLATFORM: &str = "aosp";

/// What is known of the build beyond its units.
#[derive(Debug, Clone, Default)]
pub struct Linked {
    /// Its identity by its own properties.
    pub build: Build,
    /// Names that the maker goes by, in lower case, without doubles. Empty where no properties say.
    pub makers: Vec<String>,
    /// SHA-256 of the certificates that are the platform key here, sorted.
    pub platform_keys: Vec<String>,
    /// Protection levels, those defined in the build included.
    pub levels: Levels,
    /// Switches that more than one place has a say in.
    pub switches: Vec<Joined>,
    /// One for each unit, in the same order.
    pub units: Vec<LinkedUnit>,
}

/// What is known of a unit beyond its own bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkedUnit {
    /// What its ids are made from: the package name, or the logical place where there is no package or
    /// where several units have that package.
    pub key: String,
    /// What makes it strong, for people, strongest first: `uid system`, `platform key`, `priv-app` …
    pub privileges: Vec<String>,
    /// Whether those rights are beyond what an app from a store can get.
    pub privileged: bool,
    /// Signed with the platform key.
    pub platform_key: bool,
    /// Whether it can reach the network by itself, as far as its permissions tell.
    pub network: bool,
    /// Whether its owner can take it off the device.
    pub removable: bool,
    /// What starts it without the user, sorted.
    pub triggers: Vec<String>,
    /// Roles that the signatures give its package.
    pub roles: Vec<String>,
    /// Who wrote it, by the signatures.
    pub owner: Option<String>,
    /// The same, as seen from the maker of the build.
    pub party: Party,
}

/// Joins the units. Writes into them only what the build as a whole decides: the role of a signer and
/// whether its key is the platform's.
pub fn link(units: &mut [UnitFacts], rules: &Rules) -> Linked {
    let build = Build::read(units);
    let makers = build.makers();
    let platform_keys = privilege::platform_keys(units, rules);
    for signer in units.iter_mut().flat_map(|unit| &mut unit.signers) {
        let known = rules.packages.signing_key(&signer.sha1);
        if signer.role.is_none() {
            signer.role = known.map(|key| key.role.to_string());
        }
        signer.platform = platform_keys.binary_search(&signer.sha256).is_ok();
    }
    let mut linked = Linked {
        levels: Levels::new(units, rules),
        switches: switch::join(units),
        build,
        makers,
        platform_keys,
        units: Vec::with_capacity(units.len()),
    };
    let keys = keys(units);
    let online = privilege::online_users(units);
    for (unit, key) in units.iter().zip(keys) {
        let mut about = privilege::unit(unit, &linked.build, rules);
        about.key = key;
        about.network = privilege::network(unit, &online);
        about.party = linked.party(about.owner.as_deref(), None);
        linked.units.push(about);
    }
    linked
}

impl Linked {
    /// Everyone who has a say in a switch, when it lives in a place that apps share.
    pub fn joined(&self, switch: &Switch) -> Option<&Joined> {
        let key = (switch.kind, switch.namespace.as_str(), switch.key.as_str());
        let at = self
            .switches
            .binary_search_by(|j| (j.kind, j.namespace.as_str(), j.key.as_str()).cmp(&key));
        self.switches.get(at.ok()?)
    }

    /// What another package or a property makes of a switch before any reader's default counts.
    pub fn first_value(&self, switch: &Switch) -> Option<SwitchState> {
        let joined = self.joined(switch)?;
        (!joined.first.is_empty()).then_some(joined.state)
    }

    /// What a switch comes to in this build: a first value wins over the reader's own default.
    /// Read-only properties are set by files that are not all in sight: what a reader would fall back to
    /// says nothing about them.
    pub fn state(&self, switch: &Switch) -> SwitchState {
        match self.first_value(switch) {
            Some(state) => state,
            None if switch::is_set_by_build(switch.kind, &switch.key) && switch.from == DefaultFrom::Code => {
                SwitchState::Unknown
            }
            None => switch.state,
        }
    }

    /// Whose something is, by its owner and the maker's group that the signatures put it in. Where no
    /// properties name the maker of the build, nobody can tell.
    pub fn party(&self, owner: Option<&str>, vendor: Option<&str>) -> Party {
        let name = match (vendor, owner) {
            (Some(vendor), _) if !vendor.is_empty() => vendor,
            (_, Some(owner)) if !owner.is_empty() => owner,
            _ => return Party::Unknown,
        };
        if self.makers.is_empty() {
            return Party::Unknown;
        }
        if name.eq_ignore_ascii_case(PLATFORM) {
            return Party::Maker;
        }
        let maker = |maker: &String| {
            let (front, rest) = name.split_at_checked(maker.len()).unwrap_or_default();
            front.eq_ignore_ascii_case(maker) && !rest.starts_with(char::is_alphanumeric)
        };
        if self.makers.iter().any(maker) {
            Party::Maker
        } else {
            Party::Other
        }
    }
}

/// The keys of the units: packages, and places where a package alone would not be unique.
fn keys(units: &[UnitFacts]) -> Vec<String> {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let package = |unit: &UnitFacts| -> Option<String> {
        unit.manifest
            .as_ref()
            .map(|m| m.package.clone())
            .filter(|p| !p.is_empty())
    };
    for unit in units {
        if let Some(manifest) = &unit.manifest {
            let n = seen.entry(&manifest.package).or_default();
            *n = n.saturating_add(1);
        }
    }
    let unique = |name: &String| seen.get(name.as_str()) == Some(&1);
    units
        .iter()
        .map(|unit| {
            package(unit)
                .filter(unique)
                .unwrap_or_else(|| unit.unit.place.clone())
        })
        .collect()
}

/// Sorted and without doubles.
fn sorted<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    texts
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A build of the lines of `detect::check` cannot be made here: `detect` is above.
    fn unit(place: &str, package: &str) -> UnitFacts {
        let mut unit = UnitFacts::default();
        unit.unit.place = place.to_owned();
        unit.unit.partition = place.split_once(':').map_or("", |(p, _)| p).to_owned();
        unit.unit.kind = crate::fact::UnitKind::App;
        let manifest = crate::fact::ManifestFacts {
            package: package.to_owned(),
            ..Default::default()
        };
        unit.manifest = Some(manifest);
        unit
    }

    fn signed(mut unit: UnitFacts, key: &str) -> UnitFacts {
        let sha1 = format!("1 {key}");
        unit.signers.push(crate::fact::Signer {
            sha256: key.to_owned(),
            sha1,
            ..Default::default()
        });
        unit
    }

    #[test]
    fn the_signer_of_the_framework_is_the_platform_key() {
        let rules = Rules::bundled().unwrap();
        let mut units = [
            signed(unit("system:framework/framework-res.apk", "android"), "k"),
            signed(unit("system:app/A.apk", "com.acme.a"), "k"),
            signed(unit("system:app/B.apk", "com.acme.b"), "other"),
        ];
        let linked = link(&mut units, &rules);
        assert_eq!(linked.platform_keys, ["k"]);
        assert!(linked.units[1].platform_key && linked.units[1].privileged && units[1].signers[0].platform);
        assert!(!linked.units[2].platform_key && !linked.units[2].privileged);
    }

    #[test]
    fn rights_come_from_the_place_the_release_and_the_user_id() {
        let rules = Rules::bundled().unwrap();
        let mut build = UnitFacts::default();
        build
            .properties
            .insert("ro.build.version.release".to_owned(), "4.2.2".to_owned());
        build
            .properties
            .insert("ro.product.manufacturer".to_owned(), "Acme".to_owned());
        let mut shared = unit("data:app/C.apk", "c.c");
        shared.manifest.as_mut().unwrap().shared_user_id = Some("android.uid.system".to_owned());
        let mut units = [
            build,
            unit("system:app/A.apk", "a.a"),
            unit("system:priv-app/B/B.apk", "b.b"),
            shared,
        ];
        let linked = link(&mut units, &rules);
        let privileges: Vec<&str> = linked
            .units
            .iter()
            .flat_map(|u| &u.privileges)
            .map(String::as_str)
            .collect();
        assert_eq!(privileges, ["system app", "priv-app", "uid system"]);
        assert!(!linked.units[1].removable && linked.units[3].removable);
        units[0]
            .properties
            .insert("ro.build.version.release".to_owned(), "10".to_owned());
        assert!(!link(&mut units, &rules).units[1].privileged);
    }

    #[test]
    fn whose_it_is_depends_on_the_maker_of_the_build() {
        let of = |makers: &[&str], owner: &str, vendor: &str| {
            let makers = makers.iter().map(|m| (*m).to_owned()).collect();
            Linked {
                makers,
                ..Linked::default()
            }
            .party(Some(owner), Some(vendor))
        };
        assert_eq!(of(&["xiaomi"], "Xiaomi (Wali)", ""), Party::Maker);
        assert_eq!(of(&["xiaomi"], "Beijing Something", "Xiaomi"), Party::Maker);
        assert_eq!(of(&["xiaomi"], "Xiaomiao", ""), Party::Other);
        assert_eq!(of(&["xiaomi"], "AOSP", ""), Party::Maker);
        assert_eq!(of(&["xiaomi"], "", ""), Party::Unknown);
        assert_eq!(of(&[], "Xiaomi", "Xiaomi"), Party::Unknown);
    }

    #[test]
    fn a_package_twice_is_told_apart_by_place() {
        let rules = Rules::bundled().unwrap();
        let mut units = [
            unit("system:app/A.apk", "a.a"),
            unit("data:app/A.apk", "a.a"),
            unit("system:app/B.apk", "b.b"),
        ];
        let linked = link(&mut units, &rules);
        let keys: Vec<&str> = linked.units.iter().map(|u| u.key.as_str()).collect();
        assert_eq!(keys, ["system:app/A.apk", "data:app/A.apk", "b.b"]);
    }

    #[test]
    fn a_user_id_shares_the_network() {
        let rules = Rules::bundled().unwrap();
        let mut online = unit("system:app/A.apk", "a.a");
        let mut quiet = unit("system:app/B.apk", "b.b");
        let alone = unit("system:app/C.apk", "c.c");
        for manifest in [
            online.manifest.as_mut().unwrap(),
            quiet.manifest.as_mut().unwrap(),
        ] {
            manifest.shared_user_id = Some("com.acme.shared".to_owned());
        }
        online
            .manifest
            .as_mut()
            .unwrap()
            .permissions
            .push("android.permission.INTERNET".to_owned());
        let linked = link(&mut [online, quiet, alone], &rules);
        let network: Vec<bool> = linked.units.iter().map(|u| u.network).collect();
        assert_eq!(network, [true, true, false]);
    }
}
