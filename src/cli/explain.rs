//! `explain`.

use std::path::PathBuf;

use crate::judge::nearest;
use crate::report::{Document, Explanation, Kind, NoMatch, Report, inert};

use super::config::ScanArgs;
use super::load::{Desk, Judging, is_report, saved};
use super::output::Output;
use super::signatures::explanation;
use super::{Error, Exit, Global, Ui};

/// Show a finding or a rule in full: score, path, code, why, what to do
///
/// ID is that of a finding (its beginning is enough) in a saved report or an input, or that of a rule.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome explain 7f3a91c2 --from report.json")]
pub(super) struct Explain {
    /// A finding's id, or a rule's
    id: String,
    /// An input, scanned for it
    #[arg(conflicts_with = "from")]
    input: Option<PathBuf>,
    /// A saved report
    #[arg(long, value_name = "REPORT")]
    from: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    scan: ScanArgs,
    #[command(flatten)]
    judging: Judging,
}

pub(super) fn run(args: Explain, global: &Global, ui: &Ui) -> Result<Exit, Error> {
    let targets = args.output.targets(Kind::Explanation)?;
    let source = args.from.as_deref().or(args.input.as_deref());
    let inputs: Vec<_> = source.into_iter().collect();
    targets.spare(&inputs)?;
    targets.spare_base(&args.scan)?;
    let desk = Desk::new(global, &args.scan, &args.judging, None, &inputs, ui)?;
    let report = match source {
        Some(path) if args.from.is_some() || is_report(path) => Some(saved(path)?),
        Some(path) => Some(desk.scan(path, ui)?.0),
        None => None,
    };
    let from_report = report.as_ref().map(|report| report.explain(&args.id));
    let explanation = match from_report {
        Some(Ok(explanation)) => explanation,
        Some(Err(NoMatch::Several(ids))) => {
            let id = inert::text(&args.id);
            return Err(Error::usage(format!("`{id}` is the beginning of several ids"))
                .help(format!("one of: {}", ids.join(" "))));
        }
        Some(Err(NoMatch::Nothing)) | None => rule(&args.id, &desk, report.as_ref())?,
    };
    targets.write(&Document::Explanation(&explanation), ui)?;
    Ok(Exit::Done)
}

/// A rule of the signatures, which no finding in the report is of.
fn rule(id: &str, desk: &Desk, report: Option<&Report>) -> Result<Explanation, Error> {
    let rules = desk.rules()?;
    if let Some(rule) = rules.findings.iter().find(|rule| rule.id == id) {
        return Ok(explanation(rule));
    }
    let error = Error::usage(format!("nothing has the id `{}`", inert::text(id)));
    let findings = report
        .into_iter()
        .flat_map(|r| r.findings.iter().map(|f| f.id.as_str()));
    let known = findings.chain(rules.findings.iter().map(|rule| rule.id.as_str()));
    Err(match (nearest(id, known), report) {
        (Some(near), _) => error.help(format!("did you mean `{}`?", inert::text(near))),
        (None, Some(_)) => error.help("ids are in the last column of the report"),
        (None, None) => error.help("a finding's id needs its report: --from report.json"),
    })
}
