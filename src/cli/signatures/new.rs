//! `signatures new`.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::exit::shown;
use super::super::output::save;
use super::{Error, Exit, Ui};

/// Write the skeleton of a rule of your own
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome signatures new acme.upload --into my-signatures")]
pub(super) struct New {
    /// The rule's id: words of a-z, 0-9 and -, joined by dots
    id: String,
    /// The folder of signatures to write into, for --signatures
    #[arg(long, value_name = "DIR", default_value = "signatures")]
    into: PathBuf,
}

const TEMPLATE: &str = r#"title = "contains the server {host} of {owner}"   # one line, a verb first; {…} is filled in
severity = "medium"      # info, low, medium, high, critical: harm if it is real
confidence = "medium"    # low, medium, high: chance that it is real
why = """
Why it matters, for people who do not know the thing.
"""
fix = "What to do about it."
refs = []
hits = ["endpoint https://upload.acme.example/v1"]     # must match
misses = ["endpoint https://www.acme.example/"]        # must not

[match]                  # what it looks for; see signatures/README.md for facts and their keys
fact = "endpoint"
host = ["upload.acme.example"]
"#;

pub(super) fn run(args: &New, ui: &Ui) -> Result<Exit, Error> {
    let word = |w: &str| {
        !w.is_empty()
            && w.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if !args.id.split('.').all(word) {
        return Err(Error::usage(format!("`{}` is no rule id", args.id))
            .help("like acme.upload: a-z, 0-9 and -, dots between"));
    }
    let file = args
        .into
        .join("rules")
        .join(format!("{}.toml", args.id.replace('.', "/")));
    if file.exists() {
        return Err(Error::usage(format!(
            "{} is there already, and is left as it is",
            shown(&file)
        )));
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let cannot = |e: std::io::Error| Error::usage(format!("{} cannot be written: {e}", shown(&file)));
    fs::create_dir_all(folder).map_err(cannot)?;
    save(&file, TEMPLATE.as_bytes()).map_err(cannot)?;
    ui.note(&format!(
        "wrote {}; `phonehome signatures check {}` runs its examples",
        shown(&file),
        shown(&args.into)
    ));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::FindingRule;

    #[test]
    fn the_skeleton_is_a_sound_rule() {
        FindingRule::parse("acme.upload", TEMPLATE).unwrap();
    }
}
