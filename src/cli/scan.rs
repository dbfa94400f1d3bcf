//! `scan`.

use std::mem::ManuallyDrop;
use std::path::PathBuf;

use crate::judge::{Outcome, Policy, Threshold, Waiving, gate};
use crate::report::{Document, Kind, Report};

use super::config::ScanArgs;
use super::load::{Desk, Judging};
use super::output::Output;
use super::{Error, Exit, Global, Ui};

/// Read a build or an app and report what it contains, worst first
///
/// INPUT is a firmware zip, an unpacked folder, an APK, jar, dex or ELF file. Nothing is unpacked to
/// disk. Finding things is success: the exit code tells of findings only with --fail-on.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome scan firmware.zip -o text -o json=report.json --fail-on critical")]
pub(super) struct Scan {
    /// What to scan
    #[arg(required_unless_present = "show_config")]
    input: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    /// Exit with 1 on a finding this bad or worse: info, low, medium, high, critical, none
    #[arg(long, value_name = "SEVERITY", help_heading = "Judgement")]
    fail_on: Option<Threshold>,
    #[command(flatten)]
    judging: Judging,
    #[command(flatten)]
    scan: ScanArgs,
    /// Print the settings that hold, and where each comes from; scan nothing
    #[arg(long, help_heading = "Output")]
    show_config: bool,
}

pub(super) fn run(args: Scan, global: &Global, ui: &Ui) -> Result<Exit, Error> {
    let targets = args.output.targets(Kind::Report)?;
    let input = args.input.unwrap_or_default();
    let inputs = [input.as_path()];
    let desk = Desk::new(global, &args.scan, &args.judging, None, &inputs, ui)?;
    if args.show_config {
        ui.out(desk.settings.show(&desk.policy).as_bytes())?;
        return Ok(Exit::Done);
    }
    targets.spare(&inputs)?;
    targets.spare_base(&args.scan)?;
    let (report, _) = desk.scan(&input, ui)?;
    // As with the rules: the process ends with it.
    let report = ManuallyDrop::new(report);
    targets.write(&Document::Report(&report), ui)?;
    let mut exit = if report.summary.bugs > 0 {
        Exit::Bug
    } else {
        Exit::Done
    };
    if let Some(fail_on) = args.fail_on {
        let policy = threshold(&desk.policy, fail_on);
        exit = exit.and(told(
            &gate(&report.side(), None, &policy, &Waiving::default()),
            ui,
        ));
    }
    Ok(exit)
}

/// How a scan ended: a crash of ours, nothing understood, or done.
pub(super) fn understood(report: &Report, ui: &Ui) -> Exit {
    if report.summary.bugs > 0 {
        return Exit::Bug;
    }
    if report.coverage.share() > 0.0 {
        return Exit::Done;
    }
    ui.warn(&format!(
        "nothing in {} could be analysed; the notices of the report say why",
        report.input.name
    ));
    Exit::Input
}

/// A policy of `--fail-on` alone; what makes a build undecidable is still the house's.
pub(super) fn threshold(house: &Policy, fail_on: Threshold) -> Policy {
    Policy {
        fail_on,
        min_coverage: house.min_coverage,
        accept_unread: house.accept_unread.clone(),
        ..Policy::default()
    }
}

/// Says on standard error why a threshold was met or could not be checked.
pub(super) fn told(verdict: &crate::judge::Verdict, ui: &Ui) -> Exit {
    let bad = verdict
        .checks
        .iter()
        .filter(|c| matches!(c.outcome, Outcome::Fail | Outcome::Undecided));
    for check in bad {
        ui.note(&format!("--fail-on: {}", check.text));
    }
    exit(verdict.outcome)
}

/// The exit code of a verdict.
pub(super) fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Fail => Exit::Failed,
        Outcome::Undecided => Exit::Undecided,
        Outcome::Note | Outcome::Pass => Exit::Done,
    }
}
