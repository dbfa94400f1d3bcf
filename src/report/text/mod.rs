//! What is written for people. Its wording may change in any release.

mod diff;
mod explain;
mod listing;
mod report;
mod verdict;

use std::io::{self, Write};

use crate::bytes::GapClass;
use crate::detect::Finding;
use crate::fact::UnitKind;

use super::table::{Cell, DIM, Set, Table, score_text};
use super::{Document, Format, Kind, Look};

/// Tables for a terminal; without one the same columns, nothing cut, no bars.
pub(super) struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt"]
    }

    fn about(&self) -> &'static str {
        "for people; its wording may change"
    }

    fn fits(&self, _: Kind) -> bool {
        true
    }

    fn write(&self, document: &Document, look: &Look, to: &mut dyn Write) -> io::Result<()> {
        match document {
            Document::Report(report) => report::write(report, look, to),
            Document::Diff(diff, ..) => diff::write(diff, look, to),
            Document::Verdict(verdict, report) => verdict::write(verdict, report, look, to),
            Document::Explanation(explanation) => explain::write(explanation, look, to),
            Document::Listing(listing) => listing::write(listing, look, to),
        }
    }
}

/// `system:Mms`, or `Mms` where there is no partition.
fn short_place(kind: UnitKind, partition: &str, app: &str) -> String {
    if kind == UnitKind::Config {
        return if partition.is_empty() {
            "configuration".to_owned()
        } else {
            format!("{partition}: configuration")
        };
    }
    if partition.is_empty() {
        app.to_owned()
    } else {
        format!("{partition}:{app}")
    }
}

/// The columns of a list of findings.
fn finding_table() -> Table {
    Table::new(&[
        ("sev", Set::Left),
        ("score", Set::Right),
        ("where", Set::Shrink(16)),
        ("what", Set::Shrink(24)),
        ("id", Set::Left),
    ])
}

/// The cells of one finding in those columns.
fn finding_cells(finding: &Finding, mark: &str) -> [Cell; 5] {
    [
        Cell::severity(Some(finding.severity)),
        Cell::score(finding.score.total),
        Cell::new(short_place(finding.kind, &finding.partition, &finding.app)),
        Cell::new(format!("{}{mark}", finding.title)),
        Cell::styled(&finding.id, DIM),
    ]
}
/// The class of a loss, in a word.
fn class_name(class: GapClass) -> &'static str {
    match class {
        GapClass::Truncated => "truncated",
        GapClass::Invalid => "invalid",
        GapClass::Unsupported => "unsupported",
        GapClass::Encrypted => "encrypted",
        GapClass::OverLimit => "over a limit",
        GapClass::Odd => "odd",
        GapClass::Io => "refused by the system",
        GapClass::Bug => "crashed in phonehome",
    }
}
/// A difference of scores with its sign.
fn signed(difference: f64) -> String {
    if difference == 0.0 {
        return "±0".to_owned();
    }
    let sign = if difference < 0.0 { '−' } else { '+' };
    format!("{sign}{}", score_text(difference.abs()))
}
