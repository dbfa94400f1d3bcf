//! `signatures`.

mod check;
mod import;
mod list;
mod new;
mod show;

use clap::Subcommand;

pub(super) use show::explanation;

use super::{Error, Exit, Global, Ui};

/// List, show, check, write and import signatures: what phonehome knows about hosts, APIs, SDKs and
/// rules
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome signatures check my-signatures")]
pub(super) struct Signatures {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Subcommand)]
enum Action {
    List(list::List),
    Check(check::Check),
    Import(import::Import),
    Show(show::Show),
    New(new::New),
}

pub(super) fn run(args: Signatures, global: &Global, ui: &Ui) -> Result<Exit, Error> {
    match args.action {
        Action::List(args) => list::run(&args, global, ui),
        Action::Check(args) => check::run(&args, global, ui),
        Action::Import(args) => import::run(&args, ui),
        Action::Show(args) => show::run(&args, global, ui),
        Action::New(args) => new::run(&args, ui),
    }
}
