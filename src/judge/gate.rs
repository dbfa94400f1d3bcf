//! Pass, fail, or "cannot say".

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::detect::Finding;

use super::diff::{End, count, diff, is_endpoint, worst_first};
use super::{Loss, Policy, Side, Threshold, WaiverState, Waiving, losses, severity_name};

/// The schema's name and version. Adding fields is free; anything else is `gate/2`.
pub const GATE_SCHEMA: &str = "gate/1";

/// How many losses a verdict names; the rest is counted.
const NAMED: usize = 8;

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Always `gate/1`.
    pub schema: String,
    /// The verdict.
    pub outcome: Outcome,
    /// File name of the input.
    pub input: String,
    /// Version of the build, or the input's name.
    pub version: String,
    /// Version of the baseline, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// What was checked: what fails first, then what cannot be decided, notes, and what passes.
    pub checks: Vec<Check>,
    /// Share of bytes understood, 0 to 1.
    pub coverage: f64,
    /// Sum of the units' scores.
    pub score: f64,
    /// Findings that are not waived.
    pub findings: u64,
    /// Findings that are waived.
    pub waived: u64,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Which key of the policy it is about: `fail-on`, `deny`, `owners`, `max-score`, `min-coverage`,
    /// or `losses`, `waivers`, `signatures`.
    pub check: String,
    /// What came of it.
    pub outcome: Outcome,
    /// In words.
    pub text: String,
    /// Ids of the findings that it is about, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

/// What came of a check, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Not what was asked for.
    Fail,
    /// Cannot be decided: too much was not looked at.
    Undecided,
    /// Worth knowing; decides nothing.
    Note,
    /// As asked for.
    Pass,
}

/// Judges a build by a policy, against a baseline where there is one.
pub fn gate(now: &Side, baseline: Option<&Side>, policy: &Policy, waiving: &Waiving) -> Verdict {
    let mut checks = Vec::new();
    decidable(now, baseline, policy, &mut checks);
    fail_on(now, baseline, policy, &mut checks);
    deny(now, policy, &mut checks);
    owners(now, policy, &mut checks);
    waivers(waiving, &mut checks);
    if let Some(limit) = policy.max_score {
        let score = now.score();
        let (outcome, sign) = if score > limit {
            (Outcome::Fail, '>')
        } else {
            (Outcome::Pass, '≤')
        };
        checks.push(check(
            "max-score",
            outcome,
            format!("score {score} {sign} {limit}"),
            Vec::new(),
        ));
    }
    checks.sort_by_key(|c| c.outcome);
    let any = |outcome| checks.iter().any(|c| c.outcome == outcome);
    let outcome = if any(Outcome::Undecided) {
        Outcome::Undecided
    } else if any(Outcome::Fail) {
        Outcome::Fail
    } else {
        Outcome::Pass
    };
    let open = count(now.open().count());
    Verdict {
        schema: GATE_SCHEMA.to_owned(),
        outcome,
        input: now.name.to_owned(),
        version: now.version.to_owned(),
        baseline: baseline.map(|b| b.version.to_owned()),
        checks,
        coverage: now.share(),
        score: now.score(),
        findings: open,
        waived: count(now.findings.len()).saturating_sub(open),
    }
}

fn check(name: &str, outcome: Outcome, text: impl Into<String>, findings: Vec<String>) -> Check {
    Check {
        check: name.to_owned(),
        outcome,
        text: text.into(),
        findings,
    }
}

fn decidable(now: &Side, baseline: Option<&Side>, policy: &Policy, checks: &mut Vec<Check>) {
    let share = now.share();
    let (have, want) = (percent(share), percent(policy.min_coverage));
    checks.push(if now.looked_at == 0 {
        check(
            "min-coverage",
            Outcome::Undecided,
            "nothing was looked at",
            Vec::new(),
        )
    } else if share < policy.min_coverage {
        check(
            "min-coverage",
            Outcome::Undecided,
            format!("coverage {have} % < {want} %"),
            Vec::new(),
        )
    } else {
        check(
            "min-coverage",
            Outcome::Pass,
            format!("coverage {have} % ≥ {want} %"),
            Vec::new(),
        )
    });
    if now.bugs > 0 {
        let text = format!("{} parts of phonehome crashed on this input", now.bugs);
        checks.push(check("losses", Outcome::Undecided, text, Vec::new()));
    }
    if now.notices_dropped > 0 {
        let text = format!(
            "{} notices are not listed, so nobody knows what was lost",
            now.notices_dropped
        );
        checks.push(check("losses", Outcome::Undecided, text, Vec::new()));
    }
    let known = baseline.map(losses).unwrap_or_default();
    let mut matter = losses(now);
    matter.retain(|loss| matters(loss, &known, policy));
    for loss in matter.iter().take(NAMED) {
        let at = if loss.is_whole() { now.name } else { loss.place };
        let text = format!("not read: {at}: {}", loss.notice.text);
        checks.push(check("losses", Outcome::Undecided, text, Vec::new()));
    }
    let more = matter.len().saturating_sub(NAMED);
    if more > 0 {
        let text = format!("not read: {more} more places, see `phonehome ls --gaps`");
        checks.push(check("losses", Outcome::Undecided, text, Vec::new()));
    }
}

/// Whether a loss keeps the gate from deciding.
///
/// Coverage counts bytes, and bytes can be padded: a small package whose code cannot be read hides
/// behind a large picture. So a loss matters wherever it is, unless the policy accepts it or the
/// baseline, which somebody looked at, has the same one. What was lost of the input itself always
/// matters: nobody knows what else was in there.
fn matters(loss: &Loss, known: &[Loss], policy: &Policy) -> bool {
    if loss.is_whole() {
        return true;
    }
    !policy.accept_unread.iter().any(|glob| glob.matches(loss.place)) && !known.iter().any(|k| k.same(loss))
}

fn fail_on(now: &Side, baseline: Option<&Side>, policy: &Policy, checks: &mut Vec<Check>) {
    let Threshold::At(least) = policy.fail_on else {
        return;
    };
    let name = severity_name(least);
    let bad = |f: &Finding| f.waived.is_none() && policy.fail_on.met(f.severity);
    let Some(baseline) = baseline else {
        let found = ids(now.open().filter(|f| bad(f)));
        checks.push(verdict_on(
            "fail-on",
            &found,
            &format!("of {name} or worse (no baseline)"),
        ));
        return;
    };
    // What was waived in the baseline was not accepted for good: without its waiver it is new.
    let accepted: Vec<Finding> = baseline.open().cloned().collect();
    let before = Side {
        findings: &accepted,
        ..baseline.clone()
    };
    let mut diff = diff(&before, now);
    let mut policy_side = diff.added;
    policy_side.extend(
        diff.unknown
            .into_iter()
            .filter(|u| u.unreadable_in == End::Old)
            .map(|u| u.finding),
    );
    let new = ids(policy_side.iter().filter(|f| bad(f)));
    checks.push(verdict_on("fail-on", &new, &format!("of {name} or worse, new")));
    diff.changed.retain(|c| c.worse && bad(&c.finding));
    let worse = ids(diff.changed.iter().map(|c| &c.finding));
    if !worse.is_empty() {
        checks.push(verdict_on(
            "fail-on",
            &worse,
            &format!("of {name} or worse, worse than before"),
        ));
    }
    if !diff.same_signatures {
        let text =
            "the baseline was made with other signatures: what is new may be the rules'; scan it again";
        checks.push(check("signatures", Outcome::Note, text, Vec::new()));
    }
}

fn deny(now: &Side, policy: &Policy, checks: &mut Vec<Check>) {
    for rule in &policy.deny {
        let found = ids(now.open().filter(|f| rule.matches(&f.rule)));
        checks.push(verdict_on("deny", &found, &format!("denied: {}", rule.as_str())));
    }
}

fn owners(now: &Side, policy: &Policy, checks: &mut Vec<Check>) {
    let Some(allowed) = &policy.owners else { return };
    let other = |f: &&Finding| is_endpoint(f) && !f.owner.as_ref().is_some_and(|o| allowed.contains(o));
    let found = ids(now.open().filter(other));
    checks.push(verdict_on(
        "owners",
        &found,
        "whose endpoint belongs to nobody on the list of owners",
    ));
}

fn waivers(waiving: &Waiving, checks: &mut Vec<Check>) {
    for note in &waiving.notes {
        let (outcome, text) = match note.state {
            WaiverState::Ended => (Outcome::Fail, format!("waiver ended {}: {}", note.until, note.at)),
            WaiverState::EndsSoon => (Outcome::Note, format!("waiver ends {}: {}", note.until, note.at)),
            WaiverState::MatchesNothing => (Outcome::Note, format!("waiver matches nothing: {}", note.at)),
        };
        checks.push(check("waivers", outcome, text, note.findings.clone()));
    }
}

fn verdict_on(name: &str, found: &[String], what: &str) -> Check {
    let outcome = if found.is_empty() {
        Outcome::Pass
    } else {
        Outcome::Fail
    };
    let noun = if found.len() == 1 { "finding" } else { "findings" };
    let n = if found.is_empty() {
        "no".to_owned()
    } else {
        found.len().to_string()
    };
    check(name, outcome, format!("{n} {noun} {what}"), found.to_vec())
}

fn ids<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<String> {
    let mut list: Vec<&Finding> = findings.collect();
    list.sort_by(|a, b| worst_first(a, b));
    list.into_iter().map(|f| f.id.clone()).collect()
}

/// A share as per cent with one decimal, rounded down: 0.94999 must not read as 95.
pub fn percent(share: f64) -> String {
    // The small addend keeps 0.57 × 1000 = 569.999… from losing a step.
    format!("{:.1}", (share * 1000.0 + 1e-6).floor() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Build, finding, loss};
    use super::*;
    use crate::bytes::{GapClass, Glob};
    use crate::detect::Severity::{Critical, High, Low};
    use crate::detect::Waived;
    use crate::judge::WaiverNote;

    const A: &str = "system:app/A.apk";

    #[track_caller]
    fn check(now: &Build, baseline: Option<&Build>, policy: &Policy, want: Outcome) -> Verdict {
        let before = baseline.map(Build::side);
        let verdict = gate(&now.side(), before.as_ref(), policy, &Waiving::default());
        assert_eq!(verdict.outcome, want, "{:#?}", verdict.checks);
        verdict
    }

    fn high() -> Build {
        Build::new(vec![finding("a", "r.a", High, A)])
    }

    #[test]
    fn a_new_high_finding_fails_and_the_same_build_passes() {
        let (none, policy) = (Build::new(vec![]), Policy::default());
        check(&high(), None, &policy, Outcome::Fail);
        let verdict = check(&high(), Some(&none), &policy, Outcome::Fail);
        assert_eq!(verdict.checks[0].findings, ["a"]);
        check(&high(), Some(&high()), &policy, Outcome::Pass);
        check(
            &Build::new(vec![finding("a", "r.a", Low, A)]),
            Some(&none),
            &policy,
            Outcome::Pass,
        );
    }

    #[test]
    fn one_that_became_worse_fails() {
        let mut worse = high();
        worse.findings[0].score.total = 12.0;
        check(&worse, Some(&high()), &Policy::default(), Outcome::Fail);
        let mut low = high();
        low.findings[0].severity = Low;
        check(&high(), Some(&low), &Policy::default(), Outcome::Fail);
        check(&low, Some(&high()), &Policy::default(), Outcome::Pass);
    }

    #[test]
    fn waived_is_not_accepted_for_good() {
        let mut waived = high();
        waived.findings[0].waived = Some(Waived {
            reason: "because of it".into(),
            by: "ana".into(),
            until: "2026-06-30".into(),
        });
        check(&waived, None, &Policy::default(), Outcome::Pass);
        check(&high(), Some(&waived), &Policy::default(), Outcome::Fail);
    }

    #[test]
    fn what_was_not_looked_at_never_passes() {
        let policy = Policy::default();
        let mut clean = Build::new(vec![]);
        check(&clean, None, &policy, Outcome::Pass);
        for class in [
            GapClass::Truncated,
            GapClass::Invalid,
            GapClass::Unsupported,
            GapClass::Encrypted,
            GapClass::OverLimit,
            GapClass::Io,
            GapClass::Bug,
        ] {
            clean.notices = vec![loss("system:app/B.apk!classes.dex", class)];
            check(&clean, None, &policy, Outcome::Undecided);
        }
        clean.notices = vec![loss("rom.zip", GapClass::Odd)];
        check(&clean, None, &policy, Outcome::Pass);
        clean.coverage.unread = 1000;
        check(&clean, None, &policy, Outcome::Undecided);
        let mut empty = Build::new(vec![]);
        empty.coverage = crate::fact::Coverage::default();
        check(&empty, None, &policy, Outcome::Undecided);
        let side = Side {
            looked_at: 0,
            ..clean.side()
        };
        assert_eq!(
            gate(&side, None, &policy, &Waiving::default()).outcome,
            Outcome::Undecided
        );
        let clean = Build::new(vec![]);
        let side = Side {
            bugs: 1,
            ..clean.side()
        };
        assert_eq!(
            gate(&side, None, &policy, &Waiving::default()).outcome,
            Outcome::Undecided
        );
        let side = Side {
            notices_dropped: 1,
            ..clean.side()
        };
        assert_eq!(
            gate(&side, None, &policy, &Waiving::default()).outcome,
            Outcome::Undecided
        );
    }

    #[test]
    fn a_known_loss_is_accepted_but_never_that_of_the_input() {
        let mut build = Build::new(vec![]);
        build.notices = vec![loss("system:app/B.apk!assets/x", GapClass::Encrypted)];
        check(&build, None, &Policy::default(), Outcome::Undecided);
        check(&build, Some(&build), &Policy::default(), Outcome::Pass);
        let policy = Policy {
            accept_unread: vec![Glob::new("system:app/B.apk**")],
            ..Policy::default()
        };
        check(&build, None, &policy, Outcome::Pass);
        build.notices = vec![loss("rom.zip", GapClass::Truncated)];
        let policy = Policy {
            accept_unread: vec![Glob::new("**")],
            ..Policy::default()
        };
        check(&build, Some(&build), &policy, Outcome::Undecided);
    }

    #[test]
    fn undecided_is_graver_than_failed() {
        let mut build = high();
        build.notices = vec![loss("rom.zip", GapClass::Truncated)];
        check(&build, None, &Policy::default(), Outcome::Undecided);
    }

    #[test]
    fn the_other_keys_of_a_policy_decide_too() {
        let same = Some(high());
        let deny = Policy {
            deny: vec![Glob::new("r.*")],
            ..Policy::default()
        };
        check(&high(), same.as_ref(), &deny, Outcome::Fail);
        let score = Policy {
            max_score: Some(9.9),
            ..Policy::default()
        };
        check(&high(), same.as_ref(), &score, Outcome::Fail);
        let score = Policy {
            max_score: Some(10.0),
            ..Policy::default()
        };
        check(&high(), same.as_ref(), &score, Outcome::Pass);
        let mut endpoint = Build::new(vec![finding("a", "endpoint.ads", Low, A)]);
        let owners = Policy {
            owners: Some(vec!["Acme".into()]),
            ..Policy::default()
        };
        check(&endpoint, Some(&endpoint), &owners, Outcome::Fail);
        endpoint.findings[0].owner = Some("Acme".into());
        check(&endpoint, Some(&endpoint), &owners, Outcome::Pass);
        let never = Policy {
            fail_on: Threshold::Never,
            ..Policy::default()
        };
        check(
            &Build::new(vec![finding("a", "r", Critical, A)]),
            None,
            &never,
            Outcome::Pass,
        );
    }

    #[test]
    fn an_ended_waiver_fails_and_one_that_ends_soon_does_not() {
        let note = |state| WaiverNote {
            state,
            at: "w.toml:1".into(),
            until: "2026-02-28".into(),
            findings: vec!["a".into()],
        };
        for (state, want) in [
            (WaiverState::Ended, Outcome::Fail),
            (WaiverState::EndsSoon, Outcome::Pass),
            (WaiverState::MatchesNothing, Outcome::Pass),
        ] {
            let waiving = Waiving {
                notes: vec![note(state)],
                unmatched: Vec::new(),
            };
            let low = Build::new(vec![finding("a", "r.a", Low, A)]);
            assert_eq!(
                gate(&low.side(), None, &Policy::default(), &waiving).outcome,
                want
            );
        }
    }

    #[test]
    fn a_share_is_never_rounded_up() {
        assert_eq!(
            [
                percent(0.94999),
                percent(0.95),
                percent(0.57),
                percent(0.99999),
                percent(1.0)
            ],
            ["94.9", "95.0", "57.0", "99.9", "100.0"]
        );
    }
}
