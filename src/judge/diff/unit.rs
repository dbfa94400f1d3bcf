//! What differs by unit: scores and findings, hosts, permissions.

use std::collections::BTreeMap;

use crate::detect::Finding;
use crate::fact::UnitKind;
use crate::judge::Side;
use crate::judge::side::tenth;

use super::{AppChange, Diff, Host, HostChanges, PermissionChange, is_endpoint};

/// What identifies a unit across builds: its package, else its place.
fn key<'a>(side: &Side, package: Option<&'a str>, place: &'a str) -> &'a str {
    package.unwrap_or_else(|| side.strip(place))
}

pub(super) fn apps(old: &Side, new: &Side, diff: &Diff) -> Vec<AppChange> {
    let mut table: BTreeMap<String, AppChange> = BTreeMap::new();
    let row = |name: &str, kind: UnitKind, place: &str, partition: &str| AppChange {
        name: name.to_owned(),
        kind,
        place: place.to_owned(),
        partition: partition.to_owned(),
        old: None,
        new: None,
        added: 0,
        removed: 0,
        changed: 0,
    };
    for unit in &new.units {
        let entry = table
            .entry(key(new, unit.package, unit.place).to_owned())
            .or_insert_with(|| row(unit.name, unit.kind, unit.place, unit.partition));
        entry.new = Some(tenth(entry.new.unwrap_or(0.0) + unit.score));
    }
    for unit in &old.units {
        let entry = table
            .entry(key(old, unit.package, unit.place).to_owned())
            .or_insert_with(|| row(unit.name, unit.kind, unit.place, unit.partition));
        entry.old = Some(tenth(entry.old.unwrap_or(0.0) + unit.score));
    }
    let mut tally = |side: &Side, finding: &Finding, which: fn(&mut AppChange) -> &mut u64| {
        let entry = table
            .entry(key(side, finding.package.as_deref(), &finding.place).to_owned())
            .or_insert_with(|| row(&finding.app, finding.kind, &finding.place, &finding.partition));
        let n = which(entry);
        *n = n.saturating_add(1);
    };
    diff.added.iter().for_each(|f| tally(new, f, |a| &mut a.added));
    diff.removed
        .iter()
        .for_each(|f| tally(old, f, |a| &mut a.removed));
    diff.changed
        .iter()
        .for_each(|c| tally(new, &c.finding, |a| &mut a.changed));
    let difference = |a: &AppChange| a.new.unwrap_or(0.0) - a.old.unwrap_or(0.0);
    let mut rows: Vec<AppChange> = table
        .into_values()
        .filter(|a| difference(a) != 0.0 || a.added > 0 || a.removed > 0 || a.changed > 0)
        .collect();
    rows.sort_by(|a, b| {
        let size = |x: &AppChange| difference(x).abs();
        size(b).total_cmp(&size(a)).then_with(|| a.place.cmp(&b.place))
    });
    rows
}

pub(super) fn hosts(old: &Side, new: &Side) -> HostChanges {
    let all = |side: &Side| -> BTreeMap<String, Host> {
        side.findings
            .iter()
            .filter(|f| is_endpoint(f))
            .map(|f| {
                let host = Host {
                    host: f.subject.clone(),
                    owner: f.owner.clone(),
                    country: f.country.clone(),
                };
                (f.subject.clone(), host)
            })
            .collect()
    };
    let (a, b) = (all(old), all(new));
    let only = |x: &BTreeMap<String, Host>, y: &BTreeMap<String, Host>| {
        x.iter()
            .filter(|(name, _)| !y.contains_key(*name))
            .map(|(_, host)| host.clone())
            .collect()
    };
    HostChanges {
        added: only(&b, &a),
        removed: only(&a, &b),
    }
}

pub(super) fn permissions(old: &Side, new: &Side) -> Vec<PermissionChange> {
    let before: BTreeMap<&str, &[String]> = old
        .units
        .iter()
        .map(|u| (key(old, u.package, u.place), u.permissions))
        .collect();
    let mut out = Vec::new();
    for unit in &new.units {
        // A unit that is new, or had no finding, has its permissions in its findings.
        let Some(was) = before.get(key(new, unit.package, unit.place)) else {
            continue;
        };
        let only =
            |x: &[String], y: &[String]| x.iter().filter(|p| !y.contains(p)).cloned().collect::<Vec<_>>();
        let (added, removed) = (only(unit.permissions, was), only(was, unit.permissions));
        if !added.is_empty() || !removed.is_empty() {
            out.push(PermissionChange {
                name: unit.name.to_owned(),
                place: unit.place.to_owned(),
                added,
                removed,
            });
        }
    }
    out.sort_by(|a, b| a.place.cmp(&b.place));
    out
}
