//! Scores: how sensitive, how certain, how exposed; each printed with the factors that make it.
//!
//! `s = sensitivity × evidence × exposure`, shown times 100. The unit is a [`Chain`] in an app:
//! identifier × destination × trigger, not a call site, so that a thing said ten times counts once. An
//! app's score is what its chains leave of innocence; see [`rank`]. All numbers are in
//! `signatures/weights/score.toml`.
//!
//! What holds, and is tested: adding evidence never lowers a score; doubles and order change nothing;
//! the printed factors multiply to the printed score; what is not known is not zero.

mod chain;
mod exposure;

use std::collections::BTreeMap;

use crate::detect::{Factor, Finding, Rung, Scene, Score};
use crate::fact::UnitFacts;
use crate::link::Linked;
use crate::rule::{RollUp, Rules, RungWeights};

use chain::Bare;
pub use chain::Chain;

/// Chains listed for an app; the rest counts and is not shown.
pub const MAX_CHAINS: usize = 16;
/// Decimals of a printed factor. What is printed is what is multiplied.
const FACTOR_DECIMALS: f64 = 10_000.0;
/// Decimals of a printed score.
const SCORE_DECIMALS: f64 = 10.0;
/// A chain is never certain: keeps the logarithm finite.
const MOST: f64 = 0.9999;

/// A unit in the ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Index of the unit.
    pub unit: usize,
    /// What the ranking goes by: the sum of −ln(1 − s) over its chains, each further one discounted.
    pub weight: f64,
    /// The same as shown, 0 to 100 with one decimal.
    pub score: f64,
    /// The strongest chains, at most [`MAX_CHAINS`].
    pub chains: Vec<Chain>,
}

/// Ranks the units, worst first, by the noisy-or of their chains: 1 − Π(1 − s)^w, where w falls from
/// destination to destination and from identifier to identifier, since chains of one app rest on much the
/// same evidence. Ranked by its logarithm, which does not saturate where the shown number does.
pub fn rank(units: &[UnitFacts], linked: &Linked, rules: &Rules) -> Vec<Ranked> {
    let scene = Scene { units, linked, rules };
    let mut ranked: Vec<Ranked> = scene
        .views()
        .map(|view| {
            let exposed = exposure::of(view.facts, view.link, &scene);
            let chains = chain::bare(&view, &exposed);
            let weight = roll_up(&chains, &rules.weights.roll_up);
            let listed = chains
                .iter()
                .take(MAX_CHAINS)
                .map(|chain| chain.worded(&view, &exposed));
            Ranked {
                unit: view.index,
                weight,
                score: shown(1.0 - (-weight).exp()),
                chains: listed.collect(),
            }
        })
        .collect();
    let place = |r: &Ranked| units.get(r.unit).map(|unit| unit.unit.place.as_str());
    ranked.sort_by(|a, b| {
        b.weight
            .total_cmp(&a.weight)
            .then_with(|| place(a).cmp(&place(b)))
    });
    ranked
}

/// Gives each finding its score, and sorts them worst first: harm by severity × weight of the subject ×
/// evidence × exposure of the unit.
pub fn findings(findings: &mut [Finding], units: &[UnitFacts], linked: &Linked, rules: &Rules) {
    let scene = Scene { units, linked, rules };
    let exposed: BTreeMap<&str, Factor> = units
        .iter()
        .zip(&linked.units)
        .map(|(facts, link)| (facts.unit.place.as_str(), exposure::of(facts, link, &scene)))
        .collect();
    let weights = &rules.weights;
    for finding in findings.iter_mut() {
        let harm = format!("{} if real", word(finding.severity));
        let mut factors = vec![factor(harm, weights.severity.of(finding.severity))];
        // Detection says what the subject weighs; severity and the rest are added here.
        factors.extend(finding.score.factors.drain(..).map(|f| factor(f.name, f.value)));
        factors.push(evidence(finding.rung, &weights.rung));
        factors.extend(exposed.get(finding.place.as_str()).cloned());
        finding.score = Score::of(factors);
    }
    crate::detect::sort(findings);
}

/// The logarithm of what chains leave of innocence, negated.
fn roll_up(chains: &[Bare<'_>], weights: &RollUp) -> f64 {
    let mut identifiers: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for chain in chains {
        let lost = -(1.0 - chain.share.clamp(0.0, MOST)).ln();
        identifiers.entry(chain.identifier).or_default().push(lost);
    }
    let each = identifiers
        .into_values()
        .map(|lost| discounted(lost, weights.destination));
    discounted(each.collect(), weights.identifier)
}

/// The sum of values, greatest first, each counting `further` of the one before. One more value moves
/// others back by at most one place, behind one at least as great: the sum never falls.
fn discounted(mut values: Vec<f64>, further: f64) -> f64 {
    values.sort_by(|a, b| b.total_cmp(a));
    values
        .into_iter()
        .rev()
        .fold(0.0, |sum, value| value + further * sum)
}

fn evidence(rung: Rung, weights: &RungWeights) -> Factor {
    let name = match rung {
        Rung::StringOnly => "evidence: a string",
        Rung::ApiReference => "evidence: code refers to it",
        Rung::SameApp => "evidence: read and server in one app",
        Rung::SameAuthor => "evidence: read and server in one author's code",
        Rung::CommonAncestor => "evidence: one caller has both",
        Rung::Flow => "evidence: flows to the network",
        Rung::FlowWithEndpoint => "evidence: flows to a known server",
        Rung::FlowWithEntry => "evidence: flows there from a known start",
        Rung::Declared => "evidence: the build says so itself",
    };
    factor(name, weight(rung, weights))
}

fn weight(rung: Rung, weights: &RungWeights) -> f64 {
    match rung {
        Rung::StringOnly => weights.string_only,
        Rung::ApiReference => weights.api_reference,
        Rung::SameApp => weights.same_app,
        Rung::SameAuthor => weights.same_author,
        Rung::CommonAncestor => weights.common_ancestor,
        Rung::Flow => weights.flow,
        Rung::FlowWithEndpoint => weights.flow_with_endpoint,
        Rung::FlowWithEntry => weights.flow_with_entry,
        Rung::Declared => weights.declared,
    }
}

fn word(severity: crate::rule::Severity) -> &'static str {
    use crate::rule::Severity;
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// A factor as it is printed.
fn factor(name: impl Into<String>, value: f64) -> Factor {
    Factor {
        name: name.into(),
        value: printed(value),
    }
}

/// A factor's value as it is printed.
fn printed(value: f64) -> f64 {
    (value * FACTOR_DECIMALS).round() / FACTOR_DECIMALS
}

fn shown(share: f64) -> f64 {
    (share.clamp(0.0, 1.0) * 100.0 * SCORE_DECIMALS).round() / SCORE_DECIMALS
}

impl Score {
    /// The score that factors multiply to.
    pub fn of(factors: Vec<Factor>) -> Self {
        let mut score = Self { total: 0.0, factors };
        score.total = shown(score.share());
        score
    }

    /// The product of the factors, at most 1.
    pub fn share(&self) -> f64 {
        if self.factors.is_empty() {
            0.0
        } else {
            self.factors.iter().map(|f| f.value).product::<f64>().min(1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::detect::check;
    use crate::fact::endpoint::Finder;
    use crate::link;

    /// Facts that a unit may hold, as lines of `detect::check`.
    const POOL: [&str; 22] = [
        "identifier imei call",
        "identifier imei constant string",
        "identifier imsi wrapper weight=7",
        "identifier phone_number call",
        "identifier sms content-uri",
        "identifier ssid call",
        "identifier build field",
        "endpoint http://tracking.miui.com/tracks",
        "endpoint https://tracking.miui.com/tracks",
        "endpoint http://adups.cn/ota source=asset",
        "endpoint http://loc.map.baidu.com/sdk.php sink",
        "endpoint http://www.miui.com/",
        "endpoint http://10.237.12.17:9085/x",
        "endpoint http://collect.example-metrics.io/v1",
        "endpoint http://%s/x",
        "tracker umenganalytics",
        "tracker alipaysdk classes=0",
        "switch settings secure upload_log_pref = 1",
        "permission android.permission.INTERNET",
        "component receiver com.acme.R action=android.intent.action.BOOT_COMPLETED",
        "manifest shared-user=android.uid.system",
        "sink net",
    ];

    thread_local! {
        static RULES: &'static Rules = Box::leak(Box::new(Rules::bundled().unwrap()));
    }

    fn rules() -> &'static Rules {
        RULES.with(|rules| *rules)
    }

    fn units(lines: &[&str]) -> Vec<UnitFacts> {
        let rules = rules();
        let head = "unit app system:app/X.apk ; package com.acme.x";
        let line = std::iter::once(head)
            .chain(lines.iter().copied())
            .collect::<Vec<_>>()
            .join(" ; ");
        check::units(&line, rules, &Finder::new(rules)).unwrap()
    }

    fn ranked(lines: &[&str]) -> Ranked {
        let mut units = units(lines);
        let linked = link::link(&mut units, rules());
        rank(&units, &linked, rules()).remove(0)
    }

    /// How far the printed score is from what the printed factors multiply to.
    fn off(score: &Score) -> f64 {
        let product: f64 = score.factors.iter().map(|f| f.value).product();
        (score.total - product.min(1.0) * 100.0).abs()
    }

    /// Half a unit of the last decimal that is printed, and what a double adds.
    const ROUNDING: f64 = 0.05 + 1e-9;

    #[test]
    fn what_is_not_known_is_not_zero() {
        let alone = ranked(&["identifier imei call"]);
        assert_eq!(alone.chains[0].destination, "unknown");
        assert!(alone.score > 0.0);
        assert!(ranked(&["endpoint http://collect.example-metrics.io/v1"]).score > 0.0);
        assert_eq!(ranked(&["endpoint http://10.237.12.17:9085/x"]).score, 0.0);
    }

    #[test]
    fn a_strong_collector_is_ahead_of_many_weak_ones() {
        let boot = "component receiver com.acme.R action=android.intent.action.BOOT_COMPLETED";
        let net = "permission android.permission.INTERNET";
        let strong = ranked(&[
            net,
            boot,
            "identifier imei call",
            "identifier imsi call",
            "identifier phone_number call",
            "endpoint http://tracking.miui.com/tracks",
        ]);
        let weak = ranked(&[
            net,
            boot,
            "identifier build call",
            "identifier ssid call",
            "identifier locale call",
            "endpoint https://www.miui.com/",
            "endpoint https://www.baidu.com/",
            "endpoint https://account.xiaomi.com/",
            "endpoint https://collect.example-metrics.io/",
        ]);
        assert!(strong.weight > 2.0 * weak.weight, "{strong:?} {weak:?}");
    }

    #[test]
    fn code_of_one_author_is_better_evidence() {
        let with = |reader: &str, namer: &str| {
            let mut units = units(&["identifier imei call", "endpoint http://tracking.miui.com/tracks"]);
            units[0].identifiers[0].sites[0].class = Some(reader.into());
            units[0].endpoints[0].sites[0].class = Some(namer.into());
            let linked = link::link(&mut units, rules());
            rank(&units, &linked, rules()).remove(0).weight
        };
        let apart = with("Lcom/acme/a;", "Lcom/other/b;");
        assert!(with("Lcom/acme/x/a;", "Lcom/acme/y/b;") > apart);
        assert_eq!(with("Lcn/com/acme/a;", "Lcn/com/other/b;"), apart);
        assert_eq!(with("La/b/c;", "La/b/d;"), apart);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn more_evidence_never_lowers(
            lines in proptest::sample::subsequence(POOL.to_vec(), 0..POOL.len()),
            more in proptest::sample::select(POOL.to_vec()),
        ) {
            let before = ranked(&lines);
            let mut lines = lines;
            lines.push(more);
            let after = ranked(&lines);
            prop_assert!(after.weight >= before.weight, "{more}: {} < {}", after.weight, before.weight);
            prop_assert!(after.score >= before.score);
        }

        #[test]
        fn doubles_and_order_change_nothing(
            lines in proptest::sample::subsequence(POOL.to_vec(), 1..POOL.len()).prop_shuffle(),
        ) {
            let once = ranked(&lines);
            let mut twice = lines.clone();
            twice.extend(lines.iter().rev().filter(|line| !line.starts_with("manifest")));
            let twice = ranked(&twice);
            prop_assert_eq!(once.weight, twice.weight);
            prop_assert_eq!(once.chains, twice.chains);
        }

        #[test]
        fn printed_factors_multiply_to_the_printed_score(
            lines in proptest::sample::subsequence(POOL.to_vec(), 0..POOL.len()),
        ) {
            for chain in ranked(&lines).chains {
                prop_assert!(off(&chain.score) <= ROUNDING, "{chain:?}");
            }
            let mut units = units(&lines);
            let linked = link::link(&mut units, rules());
            let mut found = crate::detect::run(&units, &linked, rules());
            findings(&mut found, &units, &linked, rules());
            for finding in found {
                prop_assert!(off(&finding.score) <= ROUNDING, "{}: {:?}", finding.rule, finding.score);
                prop_assert!(finding.score.total > 0.0 && finding.score.total <= 100.0);
            }
        }
    }
}
