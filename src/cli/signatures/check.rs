//! `signatures check`.

use std::path::PathBuf;

use crate::detect;
use crate::rule::{Rules, check};

use super::super::exit::shown;
use super::{Error, Exit, Global, Ui};

/// Check signature files, and run the examples of their rules
///
/// Without PATH the folders of --signatures are checked, or else the program's own rules.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome signatures check my-signatures")]
pub(super) struct Check {
    /// A folder laid out like signatures/, or one file of such a folder
    path: Option<PathBuf>,
}

pub(super) fn run(args: &Check, global: &Global, ui: &Ui) -> Result<Exit, Error> {
    let mut dirs = global.signatures.clone();
    let paths = match &args.path {
        Some(path) => vec![path.clone()],
        None => dirs.clone(),
    };
    let mut out = String::new();
    let (mut fatal, mut wrong) = (false, 0_usize);
    for path in &paths {
        for problem in check::check(path)? {
            fatal |= problem.fatal;
            wrong = wrong.saturating_add(1);
            let place = format!("{}:{}", shown(&problem.file), problem.line);
            out.push_str(&format!(
                "{place}: {}\n",
                crate::report::inert::text(&problem.what)
            ));
        }
    }
    dirs.extend(args.path.iter().filter(|path| path.is_dir()).cloned());
    // What cannot be loaded has no examples to run.
    let examples = if fatal { None } else { Some(Rules::load(&dirs)?) };
    if let Some(rules) = &examples {
        for failure in detect::check::all(rules) {
            wrong = wrong.saturating_add(1);
            let text = format!("{}: `{}` {}", failure.rule, failure.example, failure.what);
            out.push_str(&format!("{}\n", crate::report::inert::text(&text)));
        }
        let rows = rules
            .findings
            .iter()
            .map(|rule| rule.hits.len().saturating_add(rule.misses.len()));
        let examples = rows.fold(0_usize, usize::saturating_add);
        out.push_str(&format!("{} rules, {examples} examples, ", rules.findings.len()));
    }
    out.push_str(&match wrong {
        0 => "all sound\n".to_owned(),
        1 => "1 problem\n".to_owned(),
        n => format!("{n} problems\n"),
    });
    ui.out(out.as_bytes())?;
    Ok(if wrong == 0 { Exit::Done } else { Exit::Usage })
}
