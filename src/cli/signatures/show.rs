//! `signatures show`.

use crate::judge::nearest;
use crate::report::{Document, EXPLAIN_SCHEMA, Explanation, Kind, RuleText};
use crate::rule::{FindingRule, Rules};

use super::super::output::Output;
use super::{Error, Exit, Global, Ui};

/// Show a rule in full
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome signatures show endpoint.telemetry")]
pub(super) struct Show {
    /// The rule's id
    id: String,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: &Show, global: &Global, ui: &Ui) -> Result<Exit, Error> {
    let targets = args.output.targets(Kind::Explanation)?;
    let rules = Rules::load(&global.signatures)?;
    let Some(rule) = rules.findings.iter().find(|rule| rule.id == args.id) else {
        let error = Error::usage(format!("there is no rule `{}`", args.id));
        return Err(
            match nearest(&args.id, rules.findings.iter().map(|rule| rule.id.as_str())) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("`phonehome signatures list` shows them all"),
            },
        );
    };
    targets.write(&Document::Explanation(&explanation(rule)), ui)?;
    Ok(Exit::Done)
}

/// A rule without a finding.
pub(in super::super) fn explanation(rule: &FindingRule) -> Explanation {
    Explanation {
        schema: EXPLAIN_SCHEMA.to_owned(),
        rule: rule.id.clone(),
        text: RuleText {
            title: rule.title.clone(),
            why: rule.why.clone(),
            fix: rule.fix.clone(),
            refs: rule.refs.clone(),
        },
        severity: Some(rule.severity),
        finding: None,
        others: Vec::new(),
    }
}
