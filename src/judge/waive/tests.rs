//! What a waiver covers, when it ends, and what is said of one that is wrong.

use super::super::sample::finding;
use super::*;
use crate::detect::Severity::High;

const TODAY: Date = jiff::civil::date(2026, 3, 1);
const GOOD: &str = "reason = \"tracked as ACME-1\"\nby = \"ana\"\n";

#[track_caller]
fn wrong(entry: &str, what: &str) {
    let problem = Waivers::read("w.toml", &format!("[[waive]]\n{entry}"), TODAY).unwrap_err();
    assert!(problem.to_string().contains(what), "{problem}");
}

/// What becomes of two findings under one waiver: which are waived, and the note.
#[track_caller]
fn check(entry: &str, waived: &[&str], note: Option<WaiverState>) -> Waiving {
    let source = format!("[[waive]]\n{entry}\n{GOOD}");
    let waivers = Waivers::read("w.toml", &source, TODAY).unwrap();
    let mut acme = finding("7f3a91c2", "r.a", High, "system:app/A.apk");
    acme.owner = Some("Acme".into());
    let mut findings = [acme, finding("c4410a9e", "r.a", High, "system:app/B.apk")];
    let out = waive(&mut findings, &waivers, TODAY);
    let got: Vec<&str> = findings
        .iter()
        .filter(|f| f.waived.is_some())
        .map(|f| f.id.as_str())
        .collect();
    assert_eq!(got, waived);
    assert_eq!(out.notes.first().map(|n| n.state), note);
    out
}

#[test]
fn a_waiver_covers_a_finding_or_a_rule_somewhere() {
    check("finding = \"7f3a91c2\"\nuntil = 2026-12-31", &["7f3a91c2"], None);
    check(
        "rule = \"r.a\"\nwhere = \"system:app/B*\"\nuntil = 2026-12-31",
        &["c4410a9e"],
        None,
    );
    check(
        "rule = \"r.a\"\nowner = \"Acme\"\nuntil = 2026-12-31",
        &["7f3a91c2"],
        None,
    );
    check(
        "rule = \"r.a\"\nwhere = \"**\"\nuntil = 2026-12-31",
        &["7f3a91c2", "c4410a9e"],
        None,
    );
}

#[test]
fn its_end_is_told_before_and_after() {
    check(
        "finding = \"7f3a91c2\"\nuntil = 2026-03-15",
        &["7f3a91c2"],
        Some(WaiverState::EndsSoon),
    );
    check("finding = \"7f3a91c2\"\nuntil = 2026-03-16", &["7f3a91c2"], None);
    check(
        "finding = \"7f3a91c2\"\nuntil = 2026-03-01",
        &["7f3a91c2"],
        Some(WaiverState::EndsSoon),
    );
    let out = check(
        "finding = \"7f3a91c2\"\nuntil = 2026-02-28",
        &[],
        Some(WaiverState::Ended),
    );
    assert_eq!(
        (out.notes[0].at.as_str(), out.notes[0].findings.len()),
        ("w.toml:1", 1)
    );
}

#[test]
fn one_that_matches_nothing_is_underlined_with_the_nearest_id() {
    let out = check(
        "finding = \"7f3a91c3\"\nuntil = 2026-12-31",
        &[],
        Some(WaiverState::MatchesNothing),
    );
    let text = out.unmatched[0].to_string();
    assert!(
        text.contains("w.toml:2:11") && text.contains("`7f3a91c2`"),
        "{text}"
    );
    check(
        "rule = \"r.b\"\nwhere = \"**\"\nuntil = 2026-12-31",
        &[],
        Some(WaiverState::MatchesNothing),
    );
}

#[test]
fn what_a_waiver_lacks_is_named() {
    wrong("reason = \"x\"\n", "names nothing");
    wrong(&format!("finding = \"a\"\n{GOOD}"), "has no end");
    wrong(
        "finding = \"a\"\nreason = \"short\"\nby = \"b\"\nuntil = 2026-06-30",
        "10 characters",
    );
    wrong(
        "finding = \"a\"\nreason = \"long enough\"\nuntil = 2026-06-30",
        "nobody answers",
    );
    wrong("finding = \"a\"\nby = \"b\"\nuntil = 2026-06-30", "no reason");
    wrong(
        &format!("finding = \"a\"\n{GOOD}until = 2027-03-02"),
        "within a year, by 2027-03-01",
    );
    wrong(&format!("finding = \"a\"\n{GOOD}until = 12:00:00"), "is a date");
    wrong(
        &format!("finding = \"a\"\nrule = \"b\"\n{GOOD}until = 2026-06-30"),
        "not both",
    );
    wrong(
        &format!("finding = \"a\"\nwhere = \"b\"\n{GOOD}until = 2026-06-30"),
        "go with `rule`",
    );
    wrong(
        &format!("rule = \"b\"\n{GOOD}until = 2026-06-30"),
        "needs `where` or `owner`",
    );
    wrong(
        &format!("findin = \"a\"\n{GOOD}until = 2026-06-30"),
        "did you mean `finding`?",
    );
}
