//! Small sides to judge, for tests.

use std::collections::BTreeMap;

use crate::bytes::GapClass;
use crate::detect::{Confidence, Finding, Rung, Score, Severity};
use crate::fact::{Coverage, NoticeFact, Site, UnitKind};

use super::{Side, SideUnit};

/// A finding in the app at `place`.
pub(super) fn finding(id: &str, rule: &str, severity: Severity, place: &str) -> Finding {
    Finding {
        id: id.into(),
        rule: rule.into(),
        title: format!("contains {id}"),
        severity,
        confidence: Confidence::Medium,
        rung: Rung::ApiReference,
        subject: id.into(),
        place: place.into(),
        app: place.into(),
        kind: UnitKind::App,
        package: None,
        partition: String::new(),
        owner: None,
        country: None,
        purpose: None,
        details: BTreeMap::new(),
        sites: vec![Site {
            place: format!("{place}!classes.dex").into(),
            ..Site::default()
        }],
        count: 1,
        way: Vec::new(),
        related: Vec::new(),
        score: Score {
            total: 10.0,
            factors: Vec::new(),
        },
        waived: None,
    }
}

/// A loss of this class at this place.
pub(super) fn loss(place: &str, class: GapClass) -> NoticeFact {
    NoticeFact {
        place: place.into(),
        physical: place.into(),
        format: "zip".into(),
        class,
        at: 7,
        text: "zip: entry at 0x7: lost".into(),
        unread: 1,
    }
}

/// What owns the parts of a side.
#[derive(Clone)]
pub(super) struct Build {
    pub(super) name: &'static str,
    pub(super) findings: Vec<Finding>,
    pub(super) notices: Vec<NoticeFact>,
    pub(super) coverage: Coverage,
    pub(super) score: f64,
}

impl Build {
    /// A build that was understood whole.
    pub(super) fn new(findings: Vec<Finding>) -> Self {
        let coverage = Coverage {
            read: BTreeMap::from([("dex".into(), 1000)]),
            ..Coverage::default()
        };
        Self {
            name: "rom.zip",
            findings,
            notices: Vec::new(),
            coverage,
            score: 10.0,
        }
    }

    pub(super) fn side(&self) -> Side<'_> {
        let unit = SideUnit {
            name: "a",
            kind: UnitKind::App,
            place: "system:app/A.apk",
            package: None,
            partition: "system",
            score: self.score,
            permissions: &[],
        };
        Side {
            name: self.name,
            version: self.name,
            signatures: "0",
            findings: &self.findings,
            units: vec![unit],
            looked_at: 1,
            coverage: Some(&self.coverage),
            notices: &self.notices,
            notices_dropped: 0,
            bugs: 0,
        }
    }
}
