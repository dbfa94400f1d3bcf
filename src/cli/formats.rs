//! `formats`.

use crate::report;
use crate::unpack;

use super::{Error, Exit, Ui};

/// List what can be read, and in which formats results are written
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome formats")]
pub(super) struct Formats {}

pub(super) fn run(_: &Formats, ui: &Ui) -> Result<Exit, Error> {
    let mut out = String::from("containers that are opened\n");
    let opened = unpack::ALL.iter().map(|f| (f.name(), f.endings(), f.about()));
    table(&mut out, &opened.collect::<Vec<_>>());
    out.push_str("\nresults, with -o\n");
    let written = report::ALL.iter().map(|f| (f.name(), f.extensions(), f.about()));
    table(&mut out, &written.collect::<Vec<_>>());
    ui.out(out.as_bytes())?;
    Ok(Exit::Done)
}

/// Name, endings and what it is, in columns.
fn table(out: &mut String, rows: &[(&str, &[&str], &str)]) {
    let endings = |endings: &[&str]| {
        let endings: Vec<String> = endings.iter().map(|ending| format!(".{ending}")).collect();
        endings.join(" ")
    };
    let widest = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    let longest = rows
        .iter()
        .map(|(_, e, _)| endings(e).len())
        .max()
        .unwrap_or_default();
    for (name, e, about) in rows {
        let line = format!(" {name:<widest$} {:<longest$} {about}", endings(e));
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
