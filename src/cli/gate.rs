//! `gate`.

use std::path::PathBuf;

use crate::judge::{Outcome, gate};
use crate::report::{Document, Kind};

use super::config::ScanArgs;
use super::load::{Desk, Judging, is_report, saved};
use super::output::Output;
use super::scan::{exit, understood};
use super::{Error, Exit, Global, Ui};

/// Pass or fail a build by a policy
///
/// INPUT is an input, or a report saved with -o json (its name ends in .json, or it is - for standard
/// input). With --baseline, what is new or worse decides; without, everything counts. The gate does
/// not decide, and exits with 4, when too much of the input could not be read: what was not looked at
/// never passes.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: phonehome gate report.json --baseline last-release.json\n\n\
    Exit codes: 0 pass, 1 fail, 2 wrong policy or arguments, 3 input cannot be read, 4 cannot decide."
)]
pub(super) struct Gate {
    /// What to judge
    input: PathBuf,
    /// The policy: the tables gate and rules, as in phonehome.toml [default: the configuration's]
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    policy: Option<PathBuf>,
    /// A saved report of the build that was accepted before
    #[arg(long, value_name = "REPORT", help_heading = "Judgement")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    judging: Judging,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    scan: ScanArgs,
}

pub(super) fn run(args: Gate, global: &Global, ui: &Ui) -> Result<Exit, Error> {
    let targets = args.output.targets(Kind::Verdict)?;
    let mut inputs = vec![args.input.as_path()];
    inputs.extend(args.baseline.as_deref());
    targets.spare(&inputs)?;
    targets.spare_base(&args.scan)?;
    let desk = Desk::new(
        global,
        &args.scan,
        &args.judging,
        args.policy.as_deref(),
        &inputs,
        ui,
    )?;
    let baseline = args
        .baseline
        .as_deref()
        .map(saved)
        .transpose()?
        .map(|mut report| {
            // Both sides are measured with the same severities.
            desk.policy.apply(&mut report.findings);
            report
        });
    let (report, waiving) = if is_report(&args.input) {
        let mut report = saved(&args.input)?;
        let waiving = desk.judge(&mut report, ui)?;
        (report, waiving)
    } else {
        desk.scan(&args.input, ui)?
    };
    let before = baseline.as_ref().map(|b| b.side());
    let verdict = gate(&report.side(), before.as_ref(), &desk.policy, &waiving);
    targets.write(&Document::Verdict(&verdict, &report), ui)?;
    if verdict.outcome == Outcome::Undecided {
        ui.note("what is known and accepted goes into accept-unread of the policy, by place");
    }
    Ok(understood(&report, ui).and(exit(verdict.outcome)))
}
