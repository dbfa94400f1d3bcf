//! `init`.

use std::fs::OpenOptions;
use std::io::{self, Write};

use super::config::FILE;
use super::{Error, Exit, Ui};

/// Write a phonehome.toml with every option at its default
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome init && phonehome scan firmware.zip")]
pub(super) struct Init {}

/// Every option, commented out at its default; a test reads it with the comments taken away.
const TEMPLATE: &str = r#"# phonehome.toml: how this house scans and judges. Flags win over the environment, the environment
# over this file. It is looked for from the working folder up to the repository's root, and is never
# read from inside an input. `phonehome scan --show-config` prints what holds.

[scan]
# Places to look at, by logical name; empty for all.
#only = []
# Places to leave alone.
#skip = []                        # skip = ["**/fonts/**"]
# Threads; 0 for one per core.
#threads = 0
# Folders of more signatures, relative to this file; later ones win.
#signatures = []
# Limits. Hitting one is a gap in the report, and keeps a gate from passing.
#max-depth = 16                   # containers within containers
#max-ratio = 1000                 # output bytes per input byte, beyond 256 MiB
#max-item = "256MiB"              # one item in memory
#max-decoded = "1GiB"             # decoded from one app and all that is nested in it
#max-entries = 4194304            # entries in all directories
#max-entries-per-file = 1048576   # entries of one app and all that is nested in it
#max-nested = 4096                # packages nested in one app
#max-notices = 10000              # notices kept with their text
#memory = "256MiB"                # decoded layers kept in memory

[gate]
# Findings as bad as this fail when they are new or worse than in the baseline; without a baseline,
# always. info, low, medium, high, critical, none.
#fail-on = "high"
# The whole build's score may be this much. Default: no limit.
#max-score = 500
# Share of the bytes that must be understood for the gate to decide at all.
#min-coverage = 0.95
# Rules that fail even when the finding is in the baseline; patterns over ids.
#deny = []                        # deny = ["telemetry.default-on"]
# Endpoints of anybody else fail. Default: anybody may be talked to.
#owners.allow = []                # owners.allow = ["Acme"]
# Places whose losses are known and accepted; else a loss keeps the gate from deciding.
#accept-unread = []               # accept-unread = ["system:app/Old.apk!assets/**"]

# Severities of this house, by rule:
#[rules."net.cleartext"]
#severity = "low"

# Waivers lie beside this file, in waivers.toml:
#   [[waive]]
#   finding = "7f3a91c2"          # or rule = "…" with where = "system:priv-app/Example/**" or owner = "…"
#   reason = "why it may stay for now, ten characters at least"
#   by = "name"
#   until = 2026-06-30            # a year ahead at most
"#;

pub(super) fn run(_: &Init, ui: &Ui) -> Result<Exit, Error> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(FILE)
        .and_then(|mut file| file.write_all(TEMPLATE.as_bytes()).and_then(|()| file.sync_all()));
    match written {
        Ok(()) => {
            ui.note(&format!("wrote {FILE}"));
            Ok(Exit::Done)
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(Error::usage(format!(
            "{FILE} is there already, and is left as it is"
        ))
        .help("rename it, then try again")),
        Err(e) => Err(Error::usage(format!("{FILE} cannot be written: {e}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Policy;

    /// The template as if every option were set.
    fn set() -> String {
        TEMPLATE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(option) if option.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => option,
                _ => line,
            })
            .map(|line| format!("{line}\n"))
            .collect()
    }

    #[test]
    fn the_template_is_sound_and_says_the_defaults() {
        let policy = Policy::read(FILE, &set(), &[]).unwrap();
        let default = Policy::default();
        assert_eq!(policy.fail_on, default.fail_on);
        assert_eq!(policy.min_coverage.to_bits(), default.min_coverage.to_bits());
        assert!(Policy::read(FILE, TEMPLATE, &[]).is_ok());
    }
}
