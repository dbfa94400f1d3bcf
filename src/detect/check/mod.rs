//! The examples of rules, as small facts made from a line of text.
//!
//! A line is one or more facts of one unit, set apart by ` ; `; ` | ` begins another unit of the same
//! build. Each fact is its kind and words; a word with spaces goes in double quotes. What a line does not
//! say is what the signatures say: the owner of a host, the weight of a category, the meaning of a key.
//!
//! ```text
//! endpoint http://tracking.miui.com/tracks [source=asset] [sink]
//! identifier imei call [api=…] [weight=8] [string]
//! sink sms [API]
//! flow imei net [hashed] [encrypted] [encoded] [weight=8] [https://tracking.miui.com/tracks]
//! switch settings secure upload_log_pref = 1 [from=code] [state=on]
//! tracker umeng [classes=0]
//! permission android.permission.READ_SMS
//! defines com.acme.permission.READ normal
//! component exported service com.acme.Sync [permission=…] [action=…] [authority=…] [disabled]
//! manifest debuggable=true target=19 shared-user=android.uid.system
//! network-security [cleartext] [domain=…] [user]
//! signer 7b6dc7079c34739ce81159719fb5eb61d2a03225 [platform]
//! package com.adups.fota
//! nested assets/plugin.apk [com.acme.plugin]
//! notice zip odd "zip: local header"
//! property ro.debuggable = 1
//! unit app system:priv-app/Acme.apk
//! ```

mod fact;
mod words;

use crate::fact::endpoint::Finder;
use crate::fact::{UnitFacts, UnitKind};
use crate::link;
use crate::rule::{FindingRule, Rules};

use words::{Words, words};

/// An example that does not do what it is there for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The rule.
    pub rule: String,
    /// The line.
    pub example: String,
    /// What is wrong, for people.
    pub what: String,
}

/// Examples of all rules that do not do what they are there for, by rule.
pub fn all(rules: &Rules) -> Vec<Failure> {
    let finder = Finder::new(rules);
    rules
        .findings
        .iter()
        .flat_map(|rule| examples(rule, rules, &finder))
        .collect()
}

/// The same for one rule, which must be among `rules`.
pub fn examples(rule: &FindingRule, rules: &Rules, finder: &Finder<'_>) -> Vec<Failure> {
    let hits = rule.hits.iter().map(|line| (line, true));
    let misses = rule.misses.iter().map(|line| (line, false));
    let failed = hits.chain(misses).filter_map(|(line, wanted)| {
        let what = match found(line, &rule.id, rules, finder) {
            Err(problem) => problem,
            Ok(found) if found == wanted => return None,
            Ok(true) => "must not give this finding, and does".to_owned(),
            Ok(false) => "must give this finding, and does not".to_owned(),
        };
        Some(Failure {
            rule: rule.id.clone(),
            example: line.clone(),
            what,
        })
    });
    failed.collect()
}

/// Whether a rule finds something in an example.
fn found(line: &str, rule: &str, rules: &Rules, finder: &Finder<'_>) -> Result<bool, String> {
    let mut units = units(line, rules, finder)?;
    let linked = link::link(&mut units, rules);
    Ok(super::run(&units, &linked, rules)
        .iter()
        .any(|finding| finding.rule == rule))
}

/// The units that a line stands for.
///
/// # Errors
/// A kind of fact or a word that does not exist.
pub fn units(line: &str, rules: &Rules, finder: &Finder<'_>) -> Result<Vec<UnitFacts>, String> {
    let mut units = Vec::new();
    for (n, part) in line.split(" | ").enumerate() {
        let mut unit = UnitFacts::default();
        unit.unit.kind = UnitKind::App;
        unit.unit.name = format!("Example{n}");
        unit.unit.place = format!("Example{n}.apk");
        unit.unit.physical.clone_from(&unit.unit.place);
        for fact in part.split(" ; ") {
            let words = words(fact);
            let mut words = Words { all: &words, fact };
            let kind = words.next()?.to_owned();
            fact::add(&mut unit, &kind, &mut words, rules, finder)?;
            if let Some(word) = words.all.first() {
                return Err(format!("`{word}` says nothing in `{fact}`"));
            }
        }
        units.push(unit);
    }
    Ok(units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::ALL;
    use crate::rule::Match;

    #[test]
    fn every_example_of_every_rule_holds() {
        let rules = Rules::bundled().unwrap();
        assert!(rules.findings.len() > 100, "only {} rules", rules.findings.len());
        let failed: Vec<String> = all(&rules)
            .into_iter()
            .map(|failure| format!("{}: {}: {}", failure.rule, failure.what, failure.example))
            .collect();
        assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    }

    #[test]
    fn detectors_and_their_rules_go_together() {
        let rules = Rules::bundled().unwrap();
        let with_rule: Vec<&str> = rules
            .findings
            .iter()
            .filter(|rule| matches!(rule.select, Match::Detector(_)))
            .map(|rule| rule.id.as_str())
            .collect();
        let detectors: Vec<&str> = ALL.iter().map(|detector| detector.rule()).collect();
        assert_eq!(with_rule, detectors);
    }

    #[test]
    fn a_word_that_means_nothing_is_named() {
        let rules = Rules::bundled().unwrap();
        let finder = Finder::new(&rules);
        let problem = |line: &str| units(line, &rules, &finder).unwrap_err();
        assert_eq!(problem("hoax x"), "`hoax` is no kind of fact");
        assert_eq!(problem("identifier"), "`identifier` ends too early");
        assert_eq!(problem("sink net a b"), "`b` says nothing in `sink net a b`");
        assert!(problem("identifier imei walk").contains("`walk`"));
        assert!(problem("switch settings secure k 1").contains("needs ` = value`"));
    }
}
