//! Two builds compared by the ids of their findings.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::detect::Finding;
use crate::fact::UnitKind;

use super::side::tenth;
use super::{Loss, Side, losses, severity_name};

/// The schema's name and version. Adding fields is free; anything else is `diff/2`.
pub const DIFF_SCHEMA: &str = "diff/1";

/// What changed from one build to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// Always `diff/1`.
    pub schema: String,
    /// The older build.
    pub old: DiffEnd,
    /// The newer build.
    pub new: DiffEnd,
    /// Whether both were scanned with the same signatures. Where not, a difference may be the rules'.
    pub same_signatures: bool,
    /// Findings of the new build alone, worst first.
    pub added: Vec<Finding>,
    /// Findings of the old build alone, worst first.
    pub removed: Vec<Finding>,
    /// Findings of both that are not the same, worst first.
    pub changed: Vec<Change>,
    /// Findings of one build whose place could not be read in the other, worst first.
    pub unknown: Vec<Unknown>,
    /// Findings of both that are the same.
    pub unchanged: u64,
    /// Units whose score or findings differ, largest difference first.
    pub apps: Vec<AppChange>,
    /// Hosts that one build alone names.
    pub hosts: HostChanges,
    /// Sensitive permissions that units gained or lost.
    pub permissions: Vec<PermissionChange>,
}

/// One side of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiffEnd {
    /// File name of the input.
    pub name: String,
    /// Version of the build, or the input's name.
    pub version: String,
    /// Sum of its units' scores.
    pub score: f64,
    /// Findings that are not waived.
    pub findings: u64,
    /// Findings that are waived.
    pub waived: u64,
    /// Share of bytes understood, 0 to 1.
    pub coverage: f64,
    /// Hash of the signatures.
    pub signatures: String,
}

/// A finding of both builds that is not the same in both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// As it is in the new build.
    pub finding: Finding,
    /// Whether it became worse: a higher severity, or a higher score by more than rounding.
    pub worse: bool,
    /// What differs.
    pub fields: Vec<FieldChange>,
}

/// A field of a finding that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// Name: `severity`, `score`, or that of a detail.
    pub name: String,
    /// What only the old build says.
    pub old: Vec<String>,
    /// What only the new build says.
    pub new: Vec<String>,
}

/// A finding that cannot be compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unknown {
    /// As the build has it that could be read.
    pub finding: Finding,
    /// The build in which its place could not be read.
    pub unreadable_in: End,
    /// The loss, as its notice says.
    pub because: String,
}

/// One of two builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The older one.
    Old,
    /// The newer one.
    New,
}

/// A unit in the table of differences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppChange {
    /// Short name.
    pub name: String,
    /// Kind.
    pub kind: UnitKind,
    /// Logical place, in the new build where it is there.
    pub place: String,
    /// Partition.
    pub partition: String,
    /// Score in the old build; `None` where it has no finding.
    pub old: Option<f64>,
    /// Score in the new build; `None` where it has no finding.
    pub new: Option<f64>,
    /// Findings added.
    pub added: u64,
    /// Findings removed.
    pub removed: u64,
    /// Findings changed.
    pub changed: u64,
}

/// Hosts that came and went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostChanges {
    /// Hosts that only the new build names.
    pub added: Vec<Host>,
    /// Hosts that only the old build names.
    pub removed: Vec<Host>,
}

/// A host with its owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Name or address.
    pub host: String,
    /// Owner, where it is known.
    pub owner: Option<String>,
    /// ISO 3166 code of the owner's seat.
    pub country: Option<String>,
}

/// Permissions of one unit that came and went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PermissionChange {
    /// Short name of the unit.
    pub name: String,
    /// Logical place.
    pub place: String,
    /// Permissions that it now asks for.
    pub added: Vec<String>,
    /// Permissions that it no longer asks for.
    pub removed: Vec<String>,
}

impl Diff {
    /// Whether the two builds are the same as far as anybody can tell.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && self.unknown.is_empty()
            && self.apps.is_empty()
            && self.permissions.is_empty()
    }
}

/// Compares two builds.
pub fn diff(old: &Side, new: &Side) -> Diff {
    let before: BTreeMap<&str, &Finding> = old.findings.iter().map(|f| (f.id.as_str(), f)).collect();
    let after: BTreeMap<&str, &Finding> = new.findings.iter().map(|f| (f.id.as_str(), f)).collect();
    let blind_old = Blind::new(old, new);
    let blind_new = Blind::new(new, old);
    let mut out = Diff {
        schema: DIFF_SCHEMA.to_owned(),
        old: end(old),
        new: end(new),
        same_signatures: old.signatures == new.signatures,
        added: Vec::new(),
        removed: Vec::new(),
        changed: Vec::new(),
        unknown: Vec::new(),
        unchanged: 0,
        apps: Vec::new(),
        hosts: hosts(old, new),
        permissions: permissions(old, new),
    };
    for (id, finding) in &after {
        match before.get(id) {
            Some(was) => match change((old, was), (new, finding)) {
                Some(change) => out.changed.push(change),
                None => out.unchanged = out.unchanged.saturating_add(1),
            },
            None => match blind_old.reason(new, finding) {
                Some(because) => out.unknown.push(unknown(finding, End::Old, because)),
                None => out.added.push((*finding).clone()),
            },
        }
    }
    for (id, finding) in &before {
        if after.contains_key(id) {
            continue;
        }
        match blind_new.reason(old, finding) {
            Some(because) => out.unknown.push(unknown(finding, End::New, because)),
            None => out.removed.push((*finding).clone()),
        }
    }
    out.added.sort_by(worst_first);
    out.removed.sort_by(worst_first);
    out.changed.sort_by(|a, b| worst_first(&a.finding, &b.finding));
    out.unknown.sort_by(|a, b| worst_first(&a.finding, &b.finding));
    out.apps = apps(old, new, &out);
    out
}

/// Worst first, in the order of [`detect::sort`](crate::detect::sort), with the id to make it total.
pub fn worst_first(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    b.severity
        .cmp(&a.severity)
        .then(b.score.total.total_cmp(&a.score.total))
        .then_with(|| (&a.rule, &a.place, &a.subject, &a.id).cmp(&(&b.rule, &b.place, &b.subject, &b.id)))
}

fn end(side: &Side) -> DiffEnd {
    let open = count(side.open().count());
    DiffEnd {
        name: side.name.to_owned(),
        version: side.version.to_owned(),
        score: side.score(),
        findings: open,
        waived: count(side.findings.len()).saturating_sub(open),
        coverage: side.share(),
        signatures: side.signatures.to_owned(),
    }
}

/// What one side could not read although the other side has no such loss.
struct Blind<'a> {
    losses: Vec<Loss<'a>>,
    dropped: bool,
}

impl<'a> Blind<'a> {
    /// A loss that both sides have explains nothing, except that of the whole input.
    fn new(side: &Side<'a>, other: &Side) -> Self {
        let theirs = losses(other);
        let mut own = losses(side);
        own.retain(|loss| loss.is_whole() || !theirs.iter().any(|t| t.same(loss)));
        Self {
            losses: own,
            dropped: side.notices_dropped > 0,
        }
    }

    /// Why a finding of the other side may only seem to be absent from this one.
    fn reason(&self, has: &Side, finding: &Finding) -> Option<String> {
        let own = has.strip(&finding.place);
        let lost = self.losses.iter().find(|loss| {
            loss.covers(own)
                || finding
                    .sites
                    .iter()
                    .any(|site| loss.covers(has.strip(&site.place)))
        });
        match lost {
            Some(loss) => Some(format!("{}: {}", loss.notice.place, loss.notice.text)),
            None if self.dropped => Some("more notices than are listed".to_owned()),
            None => None,
        }
    }
}

fn unknown(finding: &Finding, unreadable_in: End, because: String) -> Unknown {
    Unknown {
        finding: finding.clone(),
        unreadable_in,
        because,
    }
}

/// What differs between two findings of one id. Not compared: sites and counts, which say where in
/// the code it is, and the wording of the rule.
fn change((old, was): (&Side, &Finding), (new, is): (&Side, &Finding)) -> Option<Change> {
    let mut fields = Vec::new();
    let mut field = |name: &str, old: &[&str], new: &[&str]| {
        let (a, b): (BTreeSet<&str>, BTreeSet<&str>) =
            (old.iter().copied().collect(), new.iter().copied().collect());
        if a != b {
            let only =
                |x: &BTreeSet<&str>, y: &BTreeSet<&str>| x.difference(y).map(|s| (*s).to_owned()).collect();
            fields.push(FieldChange {
                name: name.to_owned(),
                old: only(&a, &b),
                new: only(&b, &a),
            });
        }
    };
    let names: BTreeSet<&String> = was.details.keys().chain(is.details.keys()).collect();
    for name in names {
        let values = |f: &Finding| f.details.get(name).cloned().unwrap_or_default();
        let (a, b) = (values(was), values(is));
        let (a, b): (Vec<&str>, Vec<&str>) = (
            a.iter().map(String::as_str).collect(),
            b.iter().map(String::as_str).collect(),
        );
        field(name, &a, &b);
    }
    field(
        "severity",
        &[severity_name(was.severity)],
        &[severity_name(is.severity)],
    );
    let scores = (tenth(was.score.total), tenth(is.score.total));
    field(
        "score",
        &[&format!("{:.1}", scores.0)],
        &[&format!("{:.1}", scores.1)],
    );
    field(
        "confidence",
        &[word(was.confidence).as_str()],
        &[word(is.confidence).as_str()],
    );
    field("evidence", &[word(was.rung).as_str()], &[word(is.rung).as_str()]);
    field("place", &[old.strip(&was.place)], &[new.strip(&is.place)]);
    field(
        "owner",
        &[was.owner.as_deref().unwrap_or("")],
        &[is.owner.as_deref().unwrap_or("")],
    );
    field(
        "purpose",
        &[was.purpose.as_deref().unwrap_or("")],
        &[is.purpose.as_deref().unwrap_or("")],
    );
    field(
        "waived",
        &[yes(was.waived.is_some())],
        &[yes(is.waived.is_some())],
    );
    if fields.is_empty() {
        return None;
    }
    let worse = is.severity > was.severity || scores.1 > scores.0;
    Some(Change {
        finding: is.clone(),
        worse,
        fields,
    })
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// The word of a unit variant, as in JSON.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// What identifies a unit across builds: its package, else its place.
fn key<'a>(side: &Side, package: Option<&'a str>, place: &'a str) -> &'a str {
    package.unwrap_or_else(|| side.strip(place))
}

fn apps(old: &Side, new: &Side, diff: &Diff) -> Vec<AppChange> {
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

/// Endpoints are the findings that have a host for a subject: their rules are called `endpoint.…`.
pub fn is_endpoint(finding: &Finding) -> bool {
    finding.rule.starts_with("endpoint.")
}

fn hosts(old: &Side, new: &Side) -> HostChanges {
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

fn permissions(old: &Side, new: &Side) -> Vec<PermissionChange> {
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

/// A length as a count.
pub(super) fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Build, finding, loss};
    use super::*;
    use crate::bytes::GapClass;
    use crate::detect::Severity::{High, Low};

    const A: &str = "system:app/A.apk";
    const B: &str = "system:app/B.apk";

    /// Signs and ids of what differs, `+a −b ~c ?d`.
    fn signs(diff: &Diff) -> String {
        let mut out: Vec<String> = Vec::new();
        out.extend(diff.added.iter().map(|f| format!("+{}", f.id)));
        out.extend(diff.removed.iter().map(|f| format!("−{}", f.id)));
        out.extend(diff.changed.iter().map(|c| format!("~{}", c.finding.id)));
        out.extend(diff.unknown.iter().map(|u| format!("?{}", u.finding.id)));
        out.join(" ")
    }

    #[track_caller]
    fn check(old: &Build, new: &Build, want: &str) -> Diff {
        let diff = diff(&old.side(), &new.side());
        assert_eq!(signs(&diff), want);
        diff
    }

    fn two() -> (Build, Build) {
        let old = Build::new(vec![finding("a", "r.a", High, A), finding("b", "r.b", Low, B)]);
        let new = Build::new(vec![finding("a", "r.a", High, A), finding("c", "r.c", Low, B)]);
        (old, new)
    }

    #[test]
    fn findings_are_compared_by_id() {
        let (old, new) = two();
        let diff = check(&old, &new, "+c −b");
        assert_eq!((diff.unchanged, diff.is_empty()), (1, false));
        assert!(check(&old, &old, "").is_empty());
    }

    #[test]
    fn where_in_the_code_it_is_makes_no_difference() {
        let (old, mut new) = two();
        new.findings = old.findings.clone();
        new.findings[0].sites[0].pc = Some(7);
        new.findings[0].count = 9;
        assert!(check(&old, &new, "").is_empty());
    }

    #[test]
    fn what_a_finding_says_does_and_worse_is_told() {
        let (old, mut new) = two();
        new.findings = old.findings.clone();
        new.findings[1]
            .details
            .insert("default".into(), vec!["on".into()]);
        let change = &check(&old, &new, "~b").changed[0];
        assert!(!change.worse);
        assert_eq!(change.fields[0].new, ["on"]);
        new.findings[1].score.total = 11.0;
        assert!(check(&old, &new, "~b").changed[0].worse);
    }

    #[test]
    fn what_could_not_be_read_in_one_build_is_unknown() {
        let (old, new) = two();
        for (place, want) in [
            ("system:app/B.apk", "+c ?b"),
            ("system:app/B.apk!classes.dex", "+c ?b"),
            ("rom.zip", "+c ?b"),
            ("system:app/A.apk", "+c −b"),
        ] {
            let mut cut = new.clone();
            cut.notices.push(loss(place, GapClass::Truncated));
            check(&old, &cut, want);
            let mut cut = old.clone();
            cut.notices.push(loss(place, GapClass::Truncated));
            check(&cut, &new, &want.replace("+c ?b", "−b ?c"));
        }
        let mut odd = new.clone();
        odd.notices.push(loss(B, GapClass::Odd));
        check(&old, &odd, "+c −b");
    }

    #[test]
    fn a_loss_that_both_have_explains_nothing() {
        let (mut old, mut new) = two();
        old.notices.push(loss(B, GapClass::Encrypted));
        new.notices.push(loss(B, GapClass::Encrypted));
        check(&old, &new, "+c −b");
    }

    #[test]
    fn single_files_are_compared_whatever_they_are_called() {
        let mut old = Build::new(vec![finding("a", "r.a", High, "MSA-1.apk")]);
        let mut new = Build::new(vec![finding("a", "r.a", High, "MSA-2.apk")]);
        (old.name, new.name) = ("MSA-1.apk", "MSA-2.apk");
        check(&old, &new, "");
        new.findings.clear();
        new.notices.push(loss("MSA-2.apk!classes.dex", GapClass::Invalid));
        check(&old, &new, "?a");
    }
}
