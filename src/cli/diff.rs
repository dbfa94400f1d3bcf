//! `diff`.

use std::path::{Path, PathBuf};

use crate::judge::{Threshold, Waiving, diff, gate};
use crate::report::{Document, Kind, Report};

use super::config::ScanArgs;
use super::load::{Desk, Judging, is_report, saved};
use super::output::Output;
use super::scan::{threshold, told};
use super::{Error, Exit, Global, Ui};

/// Compare two builds and list what changed
///
/// OLD and NEW are inputs, or reports saved with -o json (their names end in .json). Findings are
/// compared by their ids, which survive re-packing and renamed classes. What could not be read in one
/// of the two is unknown, not removed.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome diff last-week.json firmware.zip --fail-on high")]
pub(super) struct Diff {
    /// The older build
    old: PathBuf,
    /// The newer build
    new: PathBuf,
    #[command(flatten)]
    output: Output,
    /// Exit with 1 on a finding this bad or worse that is new or became worse
    #[arg(long, value_name = "SEVERITY", help_heading = "Judgement")]
    fail_on: Option<Threshold>,
    #[command(flatten)]
    judging: Judging,
    #[command(flatten)]
    scan: ScanArgs,
}

pub(super) fn run(args: Diff, global: &Global, ui: &Ui) -> Result<Exit, Error> {
    let targets = args.output.targets(Kind::Diff)?;
    let inputs = [args.old.as_path(), args.new.as_path()];
    if inputs == [Path::new("-"); 2] {
        return Err(Error::usage("standard input holds one report, not two"));
    }
    targets.spare(&inputs)?;
    targets.spare_base(&args.scan)?;
    let desk = Desk::new(global, &args.scan, &args.judging, None, &inputs, ui)?;
    let old = side(&args.old, &desk, ui)?;
    let new = side(&args.new, &desk, ui)?;
    let (before, after) = (old.side(), new.side());
    let compared = diff(&before, &after);
    targets.write(&Document::Diff(&compared, &old, &new), ui)?;
    let bugs = old.summary.bugs.saturating_add(new.summary.bugs);
    let mut exit = if bugs > 0 { Exit::Bug } else { Exit::Done };
    if let Some(fail_on) = args.fail_on {
        let policy = threshold(&desk.policy, fail_on);
        exit = exit.and(told(
            &gate(&after, Some(&before), &policy, &Waiving::default()),
            ui,
        ));
    }
    Ok(exit)
}

/// A saved report as it is, or a scan with the waivers of today.
fn side(input: &Path, desk: &Desk, ui: &Ui) -> Result<Report, Error> {
    if is_report(input) {
        saved(input)
    } else {
        desk.scan(input, ui).map(|(report, _)| report)
    }
}
