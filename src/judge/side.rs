//! One build, as a judge sees it.

use crate::detect::Finding;
use crate::fact::{Coverage, NoticeFact, UnitKind};

/// What is judged: a report, seen from below.
#[derive(Debug, Clone, Default)]
pub struct Side<'a> {
    /// File name of the input. Single files have it as their logical place.
    pub name: &'a str,
    /// Version of the build, or the input's name where the build has none.
    pub version: &'a str,
    /// Hash of the signatures that were in force.
    pub signatures: &'a str,
    /// Findings, waived ones too.
    pub findings: &'a [Finding],
    /// Units with findings.
    pub units: Vec<SideUnit<'a>>,
    /// How many units were looked at in all.
    pub looked_at: u64,
    /// Bytes by what became of them.
    pub coverage: Option<&'a Coverage>,
    /// What could not be read, and what was odd.
    pub notices: &'a [NoticeFact],
    /// Notices beyond those.
    pub notices_dropped: u64,
    /// Parts of phonehome that crashed.
    pub bugs: u64,
}

/// A unit of a side.
#[derive(Debug, Clone, Copy)]
pub struct SideUnit<'a> {
    /// Short name.
    pub name: &'a str,
    /// Kind.
    pub kind: UnitKind,
    /// Logical place.
    pub place: &'a str,
    /// Package name.
    pub package: Option<&'a str>,
    /// Partition.
    pub partition: &'a str,
    /// Score.
    pub score: f64,
    /// Sensitive permissions that it asks for.
    pub permissions: &'a [String],
}

impl Side<'_> {
    /// Share of the bytes that were understood, 0 to 1; 0 when nothing was looked at.
    pub fn share(&self) -> f64 {
        if self.looked_at == 0 {
            0.0
        } else {
            self.coverage.map_or(0.0, Coverage::share)
        }
    }

    /// Sum of the units' scores, to one decimal.
    pub fn score(&self) -> f64 {
        tenth(self.units.iter().map(|u| u.score).sum())
    }

    /// Findings that count.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.waived.is_none())
    }

    /// A place without the input's own name, so that `MSA-1.apk!classes.dex` and
    /// `MSA-2.apk!classes.dex` are the same; empty for the input itself.
    pub fn strip<'p>(&self, place: &'p str) -> &'p str {
        match place.strip_prefix(self.name) {
            Some("") => "",
            Some(rest) => rest.strip_prefix(['!', '/', ':']).unwrap_or(place),
            None => place,
        }
    }
}

/// Rounds to one decimal, as scores are shown.
pub(super) fn tenth(score: f64) -> f64 {
    (score * 10.0).round() / 10.0
}
