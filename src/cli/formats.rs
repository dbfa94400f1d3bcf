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
    for format in unpack::ALL {
        line(&mut out, format.name(), format.endings(), format.about());
    }
    out.push_str("\nresults, with -o\n");
    for format in report::ALL {
        line(&mut out, format.name(), format.extensions(), format.about());
    }
    ui.out(out.as_bytes())?;
    Ok(Exit::Done)
}

fn line(out: &mut String, name: &str, endings: &[&str], about: &str) {
    let endings: Vec<String> = endings.iter().map(|ending| format!(".{ending}")).collect();
    out.push_str(&format!(" {name:<8} {:<24} {about}\n", endings.join(" ")));
}
