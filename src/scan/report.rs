//! From the facts of all units to a report: what links them, what was found, how it ranks, and what is missing.

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use crate::bytes::GapClass;
use crate::detect;
use crate::fact::{Coverage, NoticeFact, UnitFacts, UnitKind};
use crate::link::{self, LinkedUnit};
use crate::report::{App, Input, Report, RuleText, SCHEMA, Summary, Tool};
use crate::rule::{FindingRule, Rules};
use crate::score::{self, Ranked};

/// Weight from which on a permission is worth a line in the ranking.
const SENSITIVE: u8 = 6;
/// Decimals of the share of bytes understood; rounded down, so that 100 % means all.
const SHARE_DECIMALS: f64 = 10_000.0;

/// Everything after the facts.
pub(super) fn report(
    input: Input,
    mut units: Vec<UnitFacts>,
    outer: (Coverage, Vec<NoticeFact>),
    options: &Options,
    rules: &Rules,
) -> Report {
    let linked = link::link(&mut units, rules);
    let mut findings = detect::run(&units, &linked, rules);
    score::findings(&mut findings, &units, &linked, rules);
    let ranked = score::rank(&units, &linked, rules);

    let mut by_place: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for finding in &findings {
        by_place
            .entry(&finding.place)
            .or_default()
            .push(finding.id.clone());
    }
    let apps: Vec<App> = ranked
        .into_iter()
        .filter_map(|rank| {
            let unit = units.get(rank.unit)?;
            let about = linked.units.get(rank.unit)?;
            let ids = by_place.remove(unit.unit.place.as_str());
            (ids.is_some() || rank.score > 0.0)
                .then(|| app(unit, about, rank, ids.unwrap_or_default(), rules))
        })
        .collect();

    let (mut coverage, notices) = outer;
    let mut all = Notices::new(options);
    all.add(notices, 0);
    let mut set_aside: BTreeMap<String, u64> = BTreeMap::new();
    let mut hosts = BTreeSet::new();
    let mut kinds: BTreeMap<UnitKind, u64> = BTreeMap::new();
    for unit in units {
        coverage.add(&unit.coverage);
        let n = kinds.entry(unit.unit.kind).or_default();
        *n = n.saturating_add(1);
        for (host, times) in unit.set_aside {
            let sum = set_aside.entry(host).or_default();
            *sum = sum.saturating_add(times);
        }
        hosts.extend(
            unit.endpoints
                .into_iter()
                .map(|e| e.host)
                .filter(|host| !host.is_empty()),
        );
        all.add(unit.notices, unit.notices_dropped);
    }
    let (notices, notices_dropped, bugs) = all.finish();
    let used: BTreeSet<&str> = findings.iter().map(|f| f.rule.as_str()).collect();
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            signatures: rules.hash.clone(),
            date: None,
        },
        input,
        build: linked.build.clone(),
        summary: Summary {
            units: kinds,
            hosts: u64::try_from(hosts.len()).unwrap_or(u64::MAX),
            coverage: (coverage.share() * SHARE_DECIMALS).floor() / SHARE_DECIMALS,
            bugs,
            ..Summary::default()
        },
        coverage,
        apps,
        rules: rules
            .findings
            .iter()
            .filter(|r| used.contains(&*r.id))
            .map(text)
            .collect(),
        findings,
        set_aside,
        notices,
        notices_dropped,
        waivers: Vec::new(),
    };
    report.recount();
    report
}

fn app(unit: &UnitFacts, about: &LinkedUnit, rank: Ranked, findings: Vec<String>, rules: &Rules) -> App {
    let manifest = unit.manifest.as_ref();
    let version = manifest.and_then(|m| match (&m.version_name, m.version_code) {
        (Some(name), Some(code)) => Some(format!("{name} ({code})")),
        (Some(name), None) => Some(name.clone()),
        (None, Some(code)) => Some(format!("({code})")),
        (None, None) => None,
    });
    let sensitive = |name: &&String| rules.permissions.get(name).is_some_and(|p| p.weight >= SENSITIVE);
    App {
        place: unit.unit.place.clone(),
        name: unit.unit.name.clone(),
        kind: unit.unit.kind,
        package: manifest.map(|m| m.package.clone()).filter(|p| !p.is_empty()),
        version,
        partition: unit.unit.partition.clone(),
        score: rank.score,
        worst: None,
        findings,
        privileges: about.privileges.clone(),
        signers: unit.signers.clone(),
        triggers: about.triggers.clone(),
        permissions: manifest
            .map(|m| m.permissions.iter().filter(sensitive).cloned().collect())
            .unwrap_or_default(),
        chains: rank.chains,
    }
}

/// Notices of all units, in order, with one limit for all.
struct Notices {
    all: Vec<NoticeFact>,
    dropped: u64,
    limit: usize,
}

impl Notices {
    fn new(options: &Options) -> Self {
        let limit = usize::try_from(options.limits.notices).unwrap_or(usize::MAX);
        Self {
            all: Vec::new(),
            dropped: 0,
            limit,
        }
    }

    fn add(&mut self, notices: Vec<NoticeFact>, dropped: u64) {
        self.dropped = self.dropped.saturating_add(dropped);
        self.all.extend(notices);
    }

    /// The notices, how many were dropped, and how many of all are crashes of ours.
    fn finish(mut self) -> (Vec<NoticeFact>, u64, u64) {
        self.all.sort();
        self.all.dedup();
        let bugs = self.all.iter().filter(|n| n.class == GapClass::Bug).count();
        let over = self.all.len().saturating_sub(self.limit);
        self.all.truncate(self.limit);
        let wide = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        (self.all, self.dropped.saturating_add(wide(over)), wide(bugs))
    }
}

fn text(rule: &FindingRule) -> (String, RuleText) {
    let text = RuleText {
        title: rule.title.to_string(),
        why: rule.why.to_string(),
        fix: rule.fix.to_string(),
        refs: rule.refs.iter().map(|r| r.to_string()).collect(),
    };
    (rule.id.to_string(), text)
}
