//! `formats`.

use crate::report;

use super::{Error, Exit, Ui};

/// List what can be read, and in which formats results are written
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome formats")]
pub(super) struct Formats {}

pub(super) fn run(_: &Formats, ui: &Ui) -> Result<Exit, Error> {
    let mut out = String::new();
    out.push_str("written with -o\n");
    for format in report::ALL {
        let endings: Vec<String> = format.extensions().iter().map(|e| format!(".{e}")).collect();
        out.push_str(&format!(
            " {:<10} {:<8} {}\n",
            format.name(),
            endings.join(" "),
            format.about()
        ));
    }
    ui.out(out.as_bytes())?;
    Ok(Exit::Done)
}
