//! Two builds compared by the ids of their findings.

mod change;
mod model;
mod unit;

use std::collections::BTreeMap;

use crate::detect::Finding;

use super::{Loss, Side, losses};
use change::change;
use unit::{apps, hosts, permissions};

pub use model::*;

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

/// Endpoints are the findings that have a host for a subject: their rules are called `endpoint.…`.
pub fn is_endpoint(finding: &Finding) -> bool {
    finding.rule.starts_with("endpoint.")
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
