//! What a gate says.

use std::io::{self, Write};

use crate::judge::{Outcome, Verdict};
use crate::report::table::{Cell, DIM, Set, Table, letter, paint, painted};
use crate::report::{Look, Report, inert};

use super::short_place;

/// Writes a verdict.
pub(super) fn write(verdict: &Verdict, report: &Report, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    /// Ids named on one line.
    const IDS: usize = 10;
    for check in &verdict.checks {
        write!(to, " ")?;
        painted(
            &format!("{:<9}", outcome_name(check.outcome)),
            outcome_paint(check.outcome),
            look,
            to,
        )?;
        write!(to, " {}", inert::text(&check.text))?;
        if !check.findings.is_empty() {
            let ids: Vec<_> = check
                .findings
                .iter()
                .take(IDS)
                .map(|id| inert::text(id))
                .collect();
            write!(to, ": {}", ids.join(" "))?;
            let more = check.findings.len().saturating_sub(IDS);
            if more > 0 {
                write!(to, " and {more} more")?;
            }
        }
        writeln!(to)?;
        if look.verbose > 0 && check.outcome == Outcome::Fail {
            let mut table = Table::new(&[
                ("", Set::Left),
                ("", Set::Left),
                ("", Set::Shrink(16)),
                ("", Set::Shrink(24)),
                ("", Set::Left),
            ]);
            for finding in check
                .findings
                .iter()
                .filter_map(|id| report.findings.iter().find(|f| f.id == *id))
            {
                table.row([
                    Cell::new("         "),
                    Cell::styled(letter(finding.severity), paint(finding.severity)),
                    Cell::new(short_place(finding.kind, &finding.partition, &finding.app)),
                    Cell::new(&finding.title),
                    Cell::styled(&finding.id, DIM),
                ]);
            }
            table.write(look, to)?;
        }
    }
    write!(to, "gate: ")?;
    painted(
        outcome_name(verdict.outcome),
        outcome_paint(verdict.outcome),
        look,
        to,
    )?;
    writeln!(to)
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "fail",
        Outcome::Undecided => "undecided",
        Outcome::Note => "note",
        Outcome::Pass => "pass",
    }
}

pub(super) fn outcome_paint(outcome: Outcome) -> anstyle::Style {
    use anstyle::AnsiColor::{Green, Red, Yellow};
    match outcome {
        Outcome::Fail => Red.on_default().bold(),
        Outcome::Undecided => Yellow.on_default().bold(),
        Outcome::Note => DIM,
        Outcome::Pass => Green.on_default(),
    }
}
