//! What passes, what fails, and what nobody can say.

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
