//! A report as the judges see it, and its counts once they are done.

use std::collections::BTreeMap;

use crate::detect::Severity;
use crate::judge::{Side, SideUnit, worst_first};

use super::Report;

impl Report {
    /// What the build is called: its version, else its display name, else the input's file name.
    pub fn version(&self) -> &str {
        [&self.build.version, &self.build.display]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or(&self.input.name)
    }

    /// The report as a side of a comparison or the subject of a gate.
    pub fn side(&self) -> Side<'_> {
        Side {
            name: &self.input.name,
            version: self.version(),
            signatures: &self.tool.signatures,
            findings: &self.findings,
            units: self
                .apps
                .iter()
                .map(|app| SideUnit {
                    name: &app.name,
                    kind: app.kind,
                    place: &app.place,
                    package: app.package.as_deref(),
                    partition: &app.partition,
                    score: app.score,
                    permissions: &app.permissions,
                })
                .collect(),
            looked_at: self
                .summary
                .units
                .values()
                .fold(0, |sum, n| sum.saturating_add(*n)),
            coverage: Some(&self.coverage),
            notices: &self.notices,
            notices_dropped: self.notices_dropped,
            bugs: self.summary.bugs,
        }
    }

    /// Brings order and counts up to date after waivers or severities changed.
    pub fn recount(&mut self) {
        self.findings.sort_by(worst_first);
        let mut by_severity = BTreeMap::new();
        let mut by_owner = BTreeMap::new();
        let mut worst: BTreeMap<&str, Severity> = BTreeMap::new();
        let mut waived = 0_u64;
        for finding in &self.findings {
            if finding.waived.is_some() {
                waived = waived.saturating_add(1);
                continue;
            }
            let n: &mut u64 = by_severity.entry(finding.severity).or_default();
            *n = n.saturating_add(1);
            if let Some(owner) = &finding.owner {
                let n: &mut u64 = by_owner.entry(owner.clone()).or_default();
                *n = n.saturating_add(1);
            }
            let most = worst.entry(&finding.place).or_insert(finding.severity);
            *most = (*most).max(finding.severity);
        }
        for app in &mut self.apps {
            app.worst = worst.get(app.place.as_str()).copied();
        }
        self.summary.findings = by_severity;
        self.summary.owners = by_owner;
        self.summary.waived = waived;
    }
}
