//! `report`.

use std::path::PathBuf;

use crate::report::{Document, Kind};

use super::load::saved;
use super::output::Output;
use super::{Error, Exit, Ui};

/// Show a saved report again, in any format
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome report report.json --all")]
pub(super) struct Report {
    /// A report saved with -o json, or - for standard input
    report: PathBuf,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: Report, ui: &Ui) -> Result<Exit, Error> {
    let targets = args.output.targets(Kind::Report)?;
    targets.spare(&[&args.report])?;
    let report = saved(&args.report)?;
    targets.write(&Document::Report(&report), ui)?;
    Ok(Exit::Done)
}
