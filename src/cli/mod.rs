//! Flags, configuration, progress, colours, exit codes. Computes nothing; the only level that prints
//! or reads the environment, the clock and the terminal.
//!
//! A command is one file and one line in `Command`. It loads, calls the library, writes, and
//! returns an [`Exit`]; `ui` is the one door to standard output and standard error.

mod cat;
mod completions;
mod config;
mod diff;
mod exit;
mod explain;
mod formats;
mod gate;
mod init;
mod interrupt;
mod load;
mod ls;
mod output;
mod report;
mod scan;
mod signatures;
mod ui;
mod unpack;

use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Mutex;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use exit::Error;
pub use exit::Exit;
use ui::{Ui, When};

/// Reads Android firmware and apps in place: whom does a build talk to, which identifiers does it
/// read, and what of that is on before the owner was asked?
///
/// Everything happens on this machine: no command opens a network connection, nothing is counted or
/// sent, nothing looks for updates. Inputs are never changed, and nothing in them is run.
#[derive(Debug, Parser)]
#[command(name = "phonehome", version, propagate_version = false, max_term_width = 100)]
#[command(
    after_help = "Example: phonehome scan firmware.zip -o text -o json=report.json\n\n\
    Offline: opens no connection, sends nothing, asks nobody."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Global")]
struct Global {
    /// No notes on standard error
    #[arg(short, long, global = true)]
    quiet: bool,
    /// More evidence; twice for all of it
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    color: When,
    /// How far it is, on standard error
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    progress: When,
    /// This configuration file, not the phonehome.toml of the working folder or its repository
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "PHONEHOME_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    /// No configuration file
    #[arg(long, global = true)]
    isolated: bool,
    /// Threads; 0 for one per core
    #[arg(
        long,
        global = true,
        value_name = "N",
        env = "PHONEHOME_THREADS",
        hide_env_values = true
    )]
    threads: Option<usize>,
    /// More signatures; repeatable, a later row or rule replaces an earlier one
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "PHONEHOME_SIGNATURES",
        hide_env_values = true
    )]
    signatures: Vec<PathBuf>,
    /// Whether `threads` is from the environment.
    #[arg(skip)]
    threads_from_env: bool,
    /// Whether `signatures` is from the environment.
    #[arg(skip)]
    signatures_from_env: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Scan(scan::Scan),
    Diff(diff::Diff),
    Gate(gate::Gate),
    Explain(explain::Explain),
    Report(report::Report),
    Ls(ls::Ls),
    Cat(cat::Cat),
    Unpack(unpack::Unpack),
    Signatures(signatures::Signatures),
    Formats(formats::Formats),
    Init(init::Init),
    Completions(completions::Completions),
}

/// Runs the program on the process's own arguments.
pub fn run() -> Exit {
    // What went wrong inside is told by the exit code and one line; a backtrace could hold text from
    // the input, and helps nobody who did not write this.
    static CRASH: Mutex<Option<String>> = Mutex::new(None);
    panic::set_hook(Box::new(|info| {
        if let (Ok(mut at), Some(location)) = (CRASH.lock(), info.location()) {
            at.get_or_insert_with(|| format!("{}:{}", location.file(), location.line()));
        }
    }));
    let matches = match Cli::command().try_get_matches() {
        Ok(matches) => matches,
        // Help and version are no errors; clap knows which stream and which code.
        Err(e) => {
            let _ = e.print();
            return if e.exit_code() == 0 {
                Exit::Done
            } else {
                Exit::Usage
            };
        }
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return Exit::Usage;
        }
    };
    let mut global = cli.global;
    global.threads_from_env = from_env(&matches, "threads");
    global.signatures_from_env = from_env(&matches, "signatures");
    let ui = Ui::new(global.quiet, global.verbose, global.color, global.progress);
    // Without the handler Ctrl-C still ends the program, by the signal itself.
    let _ = interrupt::install();
    let ended = panic::catch_unwind(AssertUnwindSafe(|| match cli.command {
        Command::Scan(args) => scan::run(args, &global, &ui),
        Command::Diff(args) => diff::run(args, &global, &ui),
        Command::Gate(args) => gate::run(args, &global, &ui),
        Command::Explain(args) => explain::run(args, &global, &ui),
        Command::Report(args) => report::run(args, &ui),
        Command::Ls(args) => ls::run(args, &global, &ui),
        Command::Cat(args) => cat::run(args, &global, &ui),
        Command::Unpack(args) => unpack::run(args, &global, &ui),
        Command::Signatures(args) => signatures::run(args, &global, &ui),
        Command::Formats(args) => formats::run(&args, &ui),
        Command::Init(args) => init::run(&args, &ui),
        Command::Completions(args) => completions::run(&args, &ui),
    }));
    let crash = || CRASH.lock().ok().and_then(|mut at| at.take()).unwrap_or_default();
    match ended {
        Ok(Ok(Exit::Bug)) => {
            let help = "the report says in which file; please tell us, with that file if you may";
            ui.error(
                &Error::new(Exit::Bug, "a part of phonehome crashed")
                    .at(crash())
                    .help(help)
                    .to_string(),
            );
            Exit::Bug
        }
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            ui.error(&error.to_string());
            error.exit
        }
        Err(_) => {
            let error = Error::new(Exit::Bug, "phonehome crashed; nothing was written").at(crash());
            ui.error(
                &error
                    .help("please tell us, with the command and the input if you may")
                    .to_string(),
            );
            Exit::Bug
        }
    }
}

/// Whether a global flag's value comes from the environment; clap keeps that with the innermost
/// command.
fn from_env(matches: &ArgMatches, id: &str) -> bool {
    let mut innermost = matches;
    while let Some((_, inner)) = innermost.subcommand() {
        innermost = inner;
    }
    innermost.value_source(id) == Some(ValueSource::EnvVariable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        Cli::command().debug_assert();
    }

    /// Rust files below a folder.
    fn sources(dir: &std::path::Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, out);
            } else {
                out.push(path);
            }
        }
    }

    #[test]
    fn every_option_that_a_gap_names_is_there() {
        let command = Cli::command();
        let scan = command.find_subcommand("scan").unwrap();
        let mut files = Vec::new();
        let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for module in ["bytes", "unpack", "artifact", "code", "fact"] {
            sources(&src.join(module), &mut files);
        }
        let mut named = 0;
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for option in text.split('"').filter_map(|t| t.strip_prefix("--max-")) {
                named += 1;
                let long = format!("max-{option}");
                assert!(
                    scan.get_arguments().any(|a| a.get_long() == Some(&long)),
                    "{}: --{long}",
                    file.display()
                );
            }
        }
        assert!(named > 0);
    }
}
