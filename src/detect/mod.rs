//! Rules and the few detectors that a rule cannot express: facts → findings with evidence.
//!
//! A rule is a file below `signatures/rules`: it names one kind of fact, conditions on it and on its
//! unit, and the words. [`run`] asks every rule about every fact. A [`Detector`] is for what needs two
//! facts at once; its words are in a file of the same id.
//!
//! A finding has one rule, one primary place and the sites that `explain` shows again from the report
//! alone. Nothing here sees bytes.

mod case;
pub mod check;
mod condition;
mod detector;
mod draft;
mod engine;
mod finding;
mod related;
mod scene;
mod word;

use std::cmp::Ordering;

use crate::fact::UnitFacts;
use crate::link::Linked;
use crate::rule::Rules;

pub use case::strength;
pub use detector::{ALL, Detector};
pub use draft::Draft;
pub use finding::*;
pub use related::{About, Told};
pub use scene::{Destination, Scene, View};

/// Everything that rules and detectors find, worst first; scores are still empty. `linked` is what
/// [`link::link`](crate::link::link) made of the same units.
pub fn run(units: &[UnitFacts], linked: &Linked, rules: &Rules) -> Vec<Finding> {
    let index = engine::Index::new(&rules.findings);
    let detectors = detector::ready(&rules.findings);
    let scene = Scene { units, linked, rules };
    let mut findings = Vec::new();
    for view in scene.views() {
        let mut told = Vec::new();
        index.run(&view, &mut told);
        detector::run(&detectors, &view, &mut told);
        findings.extend(related::relate(told));
    }
    sort(&mut findings);
    findings
}

/// Worst first: severity, then score, then by rule and place. The order is total.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(worst_first);
}

/// The order of [`sort`].
fn worst_first(a: &Finding, b: &Finding) -> Ordering {
    let score = b.score.total.total_cmp(&a.score.total);
    let rest = (&a.rule, &a.place, &a.subject).cmp(&(&b.rule, &b.place, &b.subject));
    b.severity.cmp(&a.severity).then(score).then(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::endpoint::Finder;
    use crate::fact::{MAX_SITES, Site};

    fn scan(mut units: Vec<UnitFacts>, rules: &Rules) -> Vec<Finding> {
        let linked = crate::link::link(&mut units, rules);
        run(&units, &linked, rules)
    }

    fn units(line: &str, rules: &Rules) -> Vec<UnitFacts> {
        check::units(line, rules, &Finder::new(rules)).unwrap()
    }

    const APP: &str = "unit app system:app/X.apk ; package com.acme.x ; identifier imei call ; endpoint http://tracking.miui.com/tracks ; permission android.permission.INTERNET";

    #[test]
    fn ids_survive_what_changes_between_builds() {
        let rules = Rules::bundled().unwrap();
        let ids = |units: Vec<UnitFacts>| -> Vec<(String, String)> {
            let mut ids: Vec<_> = scan(units, &rules).into_iter().map(|f| (f.rule, f.id)).collect();
            ids.sort();
            ids
        };
        let before = ids(units(APP, &rules));
        assert!(
            before.iter().any(|(rule, _)| rule == "endpoint.telemetry"),
            "{before:?}"
        );
        let mut moved = units(APP, &rules);
        // Another place, class, method and number of places; a new app and a new finding beside it.
        moved[0].unit.place = "system:priv-app/Y/Y.apk".to_owned();
        moved[0].endpoints[0].sites = vec![Site {
            class: Some("La;".into()),
            pc: Some(7),
            ..Site::default()
        }];
        moved[0].identifiers[0].count = 9;
        moved.extend(units("package com.acme.z ; endpoint http://adups.cn/ota", &rules));
        let after = ids(moved);
        assert!(before.iter().all(|id| after.contains(id)), "{before:?} {after:?}");
        assert!(after.len() > before.len());
    }

    #[test]
    fn what_belongs_together_is_one_finding() {
        let rules = Rules::bundled().unwrap();
        let line = (0..20)
            .map(|n| format!(" ; endpoint http://tracking.miui.com/tracks/{n}"))
            .collect::<String>();
        let findings = scan(units(&format!("package com.acme.x{line}"), &rules), &rules);
        let telemetry: Vec<&Finding> = findings
            .iter()
            .filter(|f| f.rule == "endpoint.telemetry")
            .collect();
        assert_eq!(telemetry.len(), 1);
        let one = telemetry[0];
        assert_eq!((one.subject.as_str(), one.count), ("tracking.miui.com", 20));
        assert_eq!(one.details["urls"].len(), 20);
        assert!(one.sites.len() <= MAX_SITES);
        assert_eq!(
            one.title,
            "contains the telemetry server tracking.miui.com of Xiaomi"
        );
        assert_eq!(one.owner.as_deref(), Some("Xiaomi"));
    }

    #[test]
    fn a_flood_of_hosts_is_counted_and_not_listed() {
        let rules = Rules::bundled().unwrap();
        let mut units = units(
            "package com.acme.x ; endpoint http://collect.example-metrics.io/v1",
            &rules,
        );
        let one = units[0].endpoints.remove(0);
        units[0].endpoints = (0..1500)
            .map(|n| {
                let mut endpoint = one.clone();
                endpoint.host = format!("h{n}.example-metrics.io");
                endpoint
            })
            .collect();
        let findings = scan(units, &rules);
        let unknown: Vec<&Finding> = findings
            .iter()
            .filter(|f| f.rule == "endpoint.unknown-owner")
            .collect();
        assert_eq!(unknown.len(), 1001);
        let rest = unknown.iter().find(|f| f.subject == "(others)").unwrap();
        assert_eq!(rest.count, 500);
    }

    #[test]
    fn one_key_is_one_switch_with_all_its_evidence() {
        let rules = Rules::bundled().unwrap();
        let line = "package com.acme.x ; switch settings secure upload_log_pref = ? ; switch settings secure upload_log_pref = 1";
        let findings = scan(units(line, &rules), &rules);
        let switches: Vec<&Finding> = findings
            .iter()
            .filter(|f| f.rule.starts_with("switch."))
            .collect();
        assert_eq!(switches.len(), 1);
        assert_eq!(switches[0].rule, "switch.on-high");
        assert_eq!(switches[0].details["default"], ["code: 1", "unresolved: unknown"]);
    }

    #[test]
    fn a_flow_is_told_of_what_it_proves() {
        let rules = Rules::bundled().unwrap();
        let line =
            format!("{APP} ; identifier imsi call ; flow imei net hashed http://tracking.miui.com/tracks");
        let findings = scan(units(&line, &rules), &rules);
        let flow = findings.iter().find(|f| f.rule == "flow.identifier").unwrap();
        assert_eq!(
            flow.title,
            "sends the IMEI (hashed) to tracking.miui.com in clear text"
        );
        assert_eq!(
            (flow.rung, flow.confidence),
            (Rung::FlowWithEndpoint, Confidence::High)
        );
        assert_eq!(flow.owner.as_deref(), Some("Xiaomi"));
        let told = |rule: &str, about: &str| {
            let other = findings
                .iter()
                .find(|f| f.rule.starts_with(rule) && f.subject == about)
                .unwrap();
            assert_eq!(other.related.contains(&flow.id), flow.related.contains(&other.id));
            other.related.contains(&flow.id)
        };
        assert!(told("endpoint.telemetry", "tracking.miui.com"));
        assert!(told("identifier.", "imei"));
        assert!(!told("identifier.", "imsi"));
    }

    #[test]
    fn only_titles_of_flows_claim_that_data_is_sent() {
        let rules = Rules::bundled().unwrap();
        for rule in &rules.findings {
            let words: Vec<&str> = rule.title.split(|c: char| !c.is_alphabetic()).collect();
            let flow = matches!(rule.select, crate::rule::Match::Flow(_));
            assert_eq!(words.first() == Some(&"sends"), flow, "{}", rule.id);
            assert!(flow || !words.contains(&"sends"), "{}", rule.id);
            assert!(!words.contains(&"leaks"), "{}", rule.id);
        }
    }
}
