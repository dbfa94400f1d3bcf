//! `signatures import`.

use std::path::PathBuf;

use crate::rule::import::{self, Format};

use super::super::exit::shown;
use super::{Error, Exit, Ui};

/// Turn your own copy of a public list into a folder of signatures
///
/// LIST is the JSON of an Exodus tracker list, a hosts file, or an AdGuard block list. Nothing is
/// fetched. The licence that the list names is kept in the file that is written.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome signatures import trackers.json -d my-signatures")]
pub(super) struct Import {
    /// The list
    list: PathBuf,
    /// The folder to write into, for --signatures
    #[arg(short, long, value_name = "DIR")]
    dir: PathBuf,
    /// What the list is, when its look does not tell
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    format: Option<Format>,
}

fn format(text: &str) -> Result<Format, String> {
    let found = Format::ALL.into_iter().find(|(name, _)| *name == text);
    found.map(|(_, format)| format).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.into_iter().map(|(name, _)| name).collect();
        format!("one of {}", names.join(", "))
    })
}

pub(super) fn run(args: &Import, ui: &Ui) -> Result<Exit, Error> {
    let done = import::import(&args.list, &args.dir, args.format)?;
    let mut out = format!("wrote {}: {} rows", shown(&done.file), done.rows);
    for (n, what) in [(done.known, "known already"), (done.skipped, "not understood")] {
        if n > 0 {
            out.push_str(&format!(", {n} {what}"));
        }
    }
    out.push('\n');
    ui.out(out.as_bytes())?;
    match &done.license {
        Some(license) => ui.note(&format!("licence named in the list: {license}")),
        None => ui.note("the list names no licence: ask its publisher before giving the folder on"),
    }
    ui.note(&format!("use it with --signatures {}", shown(&args.dir)));
    Ok(Exit::Done)
}
