//! `completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Error, Exit, Ui};

/// Print a completion script for a shell
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome completions bash > /etc/bash_completion.d/phonehome")]
pub(super) struct Completions {
    /// Which shell
    shell: Shell,
}

pub(super) fn run(args: &Completions, ui: &Ui) -> Result<Exit, Error> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "phonehome", &mut out);
    ui.out(&out)?;
    Ok(Exit::Done)
}
