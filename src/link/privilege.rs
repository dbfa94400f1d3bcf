//! Rights that a unit has by its place, its signature and its user id.

use std::collections::BTreeSet;

use crate::fact::{Unit, UnitFacts, UnitKind};
use crate::rule::Rules;

use super::{Build, LinkedUnit, sorted};

/// The package of the framework's resources: its signer is the platform key (AOSP `frameworks/base/core/res`).
const FRAMEWORK: &str = "android";

/// Shared user ids whose process has rights of its own. Others only share data among their members.
const STRONG_UID_WEIGHT: u8 = 7;

/// Certificates that are the platform key of this build: those of its framework, or, when it is not
/// among the input, those that the signatures know as a platform key. Sorted.
pub(super) fn platform_keys(units: &[UnitFacts], rules: &Rules) -> Vec<String> {
    let framework = units
        .iter()
        .filter(|u| u.manifest.as_ref().is_some_and(|m| m.package == FRAMEWORK));
    let keys = sorted(
        framework
            .flat_map(|unit| &unit.signers)
            .map(|signer| signer.sha256.as_str()),
    );
    if !keys.is_empty() {
        return keys;
    }
    let known = units.iter().flat_map(|unit| &unit.signers);
    let known = known.filter(|s| {
        rules
            .packages
            .signing_key(&s.sha1)
            .is_some_and(|key| key.platform)
    });
    sorted(known.map(|signer| signer.sha256.as_str()))
}

/// What is known of one unit.
pub(super) fn unit(facts: &UnitFacts, build: &Build, rules: &Rules) -> LinkedUnit {
    let mut about = LinkedUnit {
        removable: removable(&facts.unit),
        ..LinkedUnit::default()
    };
    about.platform_key = facts.signers.iter().any(|signer| signer.platform);
    let manifest = facts.manifest.as_ref();
    if let Some(uid) = manifest.and_then(|m| m.shared_user_id.as_deref()) {
        let weight = rules.permissions.shared_uid(uid).map_or(0, |row| row.weight);
        if weight >= STRONG_UID_WEIGHT {
            about
                .privileges
                .push(format!("uid {}", uid.trim_start_matches("android.uid.")));
            about.privileged = true;
        }
    }
    if about.platform_key {
        about.privileges.push("platform key".to_owned());
        about.privileged = true;
    }
    if let Some(place) = by_place(&facts.unit, build) {
        about.privileges.push(place.to_owned());
        about.privileged = true;
    }
    about.triggers = triggers(facts);
    let package = manifest.and_then(|m| rules.packages.get(&m.package));
    if let Some(package) = package {
        about.roles = package.roles.iter().map(ToString::to_string).collect();
        about.owner = package.owner.as_ref().map(ToString::to_string);
    }
    if about.owner.is_none() {
        let keys = facts
            .signers
            .iter()
            .filter_map(|signer| rules.packages.signing_key(&signer.sha1));
        // A key whose private half is public says nothing about who wrote the code.
        let mut owners = keys
            .filter(|key| !key.public)
            .filter_map(|key| key.owner.as_ref());
        about.owner = owners.next().map(ToString::to_string);
    }
    about
}

fn by_place(unit: &Unit, build: &Build) -> Option<&'static str> {
    let (partition, path) = unit.place.split_once(':')?;
    if partition.is_empty() || partition == "data" {
        return None;
    }
    match unit.kind {
        UnitKind::App if path.starts_with("priv-app/") || path.contains("/priv-app/") => Some("priv-app"),
        UnitKind::App if build.before_priv_app() && path.starts_with("app/") => Some("system app"),
        UnitKind::App if path.starts_with("framework/") => Some("framework"),
        UnitKind::Jar if path.starts_with("framework/") => Some("framework"),
        _ => None,
    }
}

/// Apps outside the partitions that a build is made of can be removed.
fn removable(unit: &Unit) -> bool {
    matches!(
        unit.partition.as_str(),
        "" | "data" | "userdata" | "sdcard" | "cust-data"
    )
}

fn triggers(facts: &UnitFacts) -> Vec<String> {
    let Some(manifest) = &facts.manifest else {
        return Vec::new();
    };
    let own = manifest
        .components
        .iter()
        .filter(|c| c.enabled)
        .flat_map(|c| &c.triggers);
    let persistent = manifest.persistent.then_some("boot");
    sorted(own.map(String::as_str).chain(persistent))
}

/// Whoever may open sockets.
const INTERNET: &str = "android.permission.INTERNET";

/// Shared user ids of which some member may open sockets: rights are those of the user id, not the app.
pub(super) fn online_users(units: &[UnitFacts]) -> BTreeSet<&str> {
    let manifests = units.iter().filter_map(|unit| unit.manifest.as_ref());
    let online = manifests.filter(|m| m.permissions.iter().any(|p| p == INTERNET));
    online.filter_map(|m| m.shared_user_id.as_deref()).collect()
}

/// Whether a unit reaches the network by itself. What has no manifest runs in other processes, whose
/// rights are not known: it may.
pub(super) fn network(facts: &UnitFacts, online: &BTreeSet<&str>) -> bool {
    let Some(manifest) = &facts.manifest else {
        return true;
    };
    let shared = manifest.shared_user_id.as_deref();
    manifest.permissions.iter().any(|p| p == INTERNET)
        || shared.is_some_and(|uid| online.contains(uid) || uid == "android.uid.system")
}
