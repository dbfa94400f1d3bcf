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
mod tests;
