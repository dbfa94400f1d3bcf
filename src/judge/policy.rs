//! What a gate asks for: `[gate]` and `[rules."…"]` of `phonehome.toml`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use toml::Spanned;

use crate::bytes::Glob;
use crate::detect::{Finding, Severity};

use super::{Problem, nearest, parse};

/// What a gate asks for. Every key has a default; an empty policy fails on a new high finding.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Findings as bad as this, new or worse than in the baseline, fail.
    pub fail_on: Threshold,
    /// The whole build's score may be this much; `None` for no limit.
    pub max_score: Option<f64>,
    /// Share of the bytes that must be understood, 0 to 1, for the gate to decide at all.
    pub min_coverage: f64,
    /// Rules (patterns over ids) that fail even when the finding is in the baseline.
    pub deny: Vec<Glob>,
    /// The only owners that endpoints may have; `None` for anybody.
    pub owners: Option<Vec<String>>,
    /// Places whose losses are known and accepted. Never the input itself.
    pub accept_unread: Vec<Glob>,
    /// Severities that this house gives to rules.
    pub severities: BTreeMap<String, Severity>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            fail_on: Threshold::At(Severity::High),
            max_score: None,
            // Images, fonts and sound count as understood, so what is missing is code or data.
            min_coverage: 0.95,
            deny: Vec::new(),
            owners: None,
            accept_unread: Vec::new(),
            severities: BTreeMap::new(),
        }
    }
}

/// From which severity on something counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    /// Never.
    Never,
    /// From this severity on.
    At(Severity),
}

impl Threshold {
    /// Whether a severity counts.
    pub fn met(self, severity: Severity) -> bool {
        matches!(self, Self::At(least) if severity >= least)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("none"),
            Self::At(severity) => f.write_str(severity_name(*severity)),
        }
    }
}

/// The word for a severity, as in JSON.
pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const ALL: [Severity; 5] = [
            Severity::Info,
            Severity::Low,
            Severity::Medium,
            Severity::High,
            Severity::Critical,
        ];
        if text == "none" {
            return Ok(Self::Never);
        }
        ALL.into_iter()
            .find(|s| severity_name(*s) == text)
            .map(Self::At)
            .ok_or_else(|| "one of none, info, low, medium, high, critical is wanted".to_owned())
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Serialize for Threshold {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// `[gate]` as it is written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct GateTable {
    fail_on: Option<Threshold>,
    max_score: Option<Spanned<f64>>,
    min_coverage: Option<Spanned<f64>>,
    deny: Vec<Spanned<String>>,
    owners: OwnersTable,
    accept_unread: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OwnersTable {
    allow: Option<Vec<String>>,
}

/// `[rules."id"]` as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleTable {
    severity: Severity,
}

/// The parts of a configuration file that a policy is made of.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PolicyFile {
    /// Allowed, so that `phonehome.toml` itself can be given as the policy.
    scan: toml::Table,
    gate: GateTable,
    rules: BTreeMap<Spanned<String>, RuleTable>,
}

impl Policy {
    /// Reads a policy file. `known` are the ids of the rules in force, to catch a misspelt one; when
    /// it is empty, ids are not checked.
    pub fn read(file: &str, source: &str, known: &[&str]) -> Result<Self, Problem> {
        let read: PolicyFile = parse(file, source).map_err(|problem| {
            let misplaced = problem
                .what
                .strip_prefix("unknown key `")
                .and_then(|rest| rest.strip_suffix('`'));
            let keys = [
                "fail-on",
                "max-score",
                "min-coverage",
                "deny",
                "owners",
                "accept-unread",
            ];
            match misplaced.filter(|key| keys.contains(key)) {
                Some(key) if problem.help.as_deref().is_some_and(|h| h.contains("gate")) => {
                    let help = format!("put `{key}` under a line [gate]");
                    problem.help(help)
                }
                _ => problem,
            }
        })?;
        Self::from_tables(file, source, &read.gate, &read.rules, known)
    }

    /// Checks the values of the tables.
    pub fn from_tables(
        file: &str,
        source: &str,
        gate: &GateTable,
        rules: &BTreeMap<Spanned<String>, RuleTable>,
        known: &[&str],
    ) -> Result<Self, Problem> {
        let default = Self::default();
        if let Some(share) = &gate.min_coverage
            && !(0.0..=1.0).contains(share.get_ref())
        {
            let problem = Problem::at(
                file,
                source,
                share.span(),
                "min-coverage is a share of the bytes, 0 to 1",
            );
            return Err(problem.help("0.95 means 95 %"));
        }
        if let Some(score) = &gate.max_score
            && !(score.get_ref().is_finite() && *score.get_ref() >= 0.0)
        {
            return Err(Problem::at(file, source, score.span(), "max-score is 0 or more"));
        }
        let mut deny = Vec::new();
        for id in &gate.deny {
            let glob = Glob::new(id.get_ref());
            if !known.is_empty() && !known.iter().any(|rule| glob.matches(rule)) {
                return Err(no_such_rule(file, source, id, known));
            }
            deny.push(glob);
        }
        let mut severities = BTreeMap::new();
        for (id, table) in rules {
            if !known.is_empty() && !known.contains(&id.get_ref().as_str()) {
                return Err(no_such_rule(file, source, id, known));
            }
            severities.insert(id.get_ref().clone(), table.severity);
        }
        Ok(Self {
            fail_on: gate.fail_on.unwrap_or(default.fail_on),
            max_score: gate.max_score.as_ref().map(|s| *s.get_ref()),
            min_coverage: gate
                .min_coverage
                .as_ref()
                .map_or(default.min_coverage, |s| *s.get_ref()),
            deny,
            owners: gate.owners.allow.clone(),
            accept_unread: gate.accept_unread.iter().map(|text| Glob::new(text)).collect(),
            severities,
        })
    }

    /// Gives findings the severities of this house.
    pub fn apply(&self, findings: &mut [Finding]) {
        for finding in findings {
            if let Some(severity) = self.severities.get(&finding.rule) {
                finding.severity = *severity;
            }
        }
    }
}

fn no_such_rule(file: &str, source: &str, id: &Spanned<String>, known: &[&str]) -> Problem {
    let got = id.get_ref();
    Problem::at(file, source, id.span(), format!("there is no rule `{got}`")).help(
        match nearest(got, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`phonehome signatures list` shows them all".to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: [&str; 2] = ["telemetry.default-on", "net.cleartext"];

    #[track_caller]
    fn wrong(source: &str) -> String {
        Policy::read("p.toml", source, &RULES).unwrap_err().to_string()
    }

    #[test]
    fn a_policy_reads_all_its_keys() {
        let policy = Policy::read(
            "p.toml",
            "[scan]\nskip = []\n[gate]\nfail-on = \"medium\"\nmax-score = 500\nmin-coverage = 0.9\n\
             deny = [\"telemetry.*\"]\nowners.allow = [\"Acme\"]\naccept-unread = [\"system:a\"]\n\
             [rules.\"net.cleartext\"]\nseverity = \"low\"\n",
            &RULES,
        )
        .unwrap();
        assert_eq!(policy.fail_on, Threshold::At(Severity::Medium));
        assert_eq!(policy.max_score, Some(500.0));
        assert_eq!(policy.owners.unwrap(), ["Acme"]);
        assert_eq!(policy.severities["net.cleartext"], Severity::Low);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_do() {
        assert!(wrong("[gate]\nmin-coverage = 95\n").contains("0.95 means 95 %"));
        assert!(wrong("[gate]\nmax-score = nan\n").contains("0 or more"));
        assert!(wrong("[gate]\nfail-on = \"hihg\"\n").contains("low, medium, high"));
        assert!(
            wrong("[gate]\ndeny = [\"telemetry.default-no\"]\n")
                .contains("did you mean `telemetry.default-on`?")
        );
        assert!(
            wrong("[rules.\"net.clear\"]\nseverity = \"low\"\n").contains("did you mean `net.cleartext`?")
        );
        assert!(wrong("fail-on = \"high\"\n").contains("under a line [gate]"));
        assert!(wrong("[gate]\nowners.alow = []\n").contains("did you mean `allow`?"));
        assert!(wrong("[gate\n").contains("p.toml:1:"));
    }
}
