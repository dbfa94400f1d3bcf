//! The one door through which anything is printed.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::bytes::Decoded;
use crate::report::{Look, inert};
use crate::scan::Progress;

use super::Error;

/// When to do something that is meant for a terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum When {
    /// With a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Standard output, standard error, and what they can show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ui {
    quiet: bool,
    verbose: u8,
    color: bool,
    color_err: bool,
    width: Option<usize>,
    progress: When,
}

impl Ui {
    /// What the flags, the environment and the terminal allow.
    pub(super) fn new(quiet: bool, verbose: u8, color: When, progress: When) -> Self {
        let forced = std::env::var_os("FORCE_COLOR").is_some_and(|v| !v.is_empty() && v != "0");
        let wanted = |choice: anstream::ColorChoice| match color {
            When::Always => true,
            When::Never => false,
            When::Auto => forced || choice != anstream::ColorChoice::Never,
        };
        Self {
            quiet,
            verbose,
            color: wanted(anstream::AutoStream::choice(&io::stdout())),
            color_err: wanted(anstream::AutoStream::choice(&io::stderr())),
            width: width(),
            progress,
        }
    }

    /// How text on standard output should look.
    pub(super) fn look(&self, all: bool) -> Look {
        Look {
            color: self.color,
            width: self.width,
            all,
            verbose: self.verbose,
        }
    }

    /// How text in a file should look.
    pub(super) fn look_in_file(&self, all: bool) -> Look {
        Look {
            color: false,
            width: None,
            all,
            verbose: self.verbose,
        }
    }

    /// Writes to standard output.
    pub(super) fn out(&self, bytes: &[u8]) -> Result<(), Error> {
        self.out_with(|to| to.write_all(bytes))
    }

    /// The same, piece by piece. A reader that went away is not an error: it has what it wanted.
    pub(super) fn out_with(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        let mut to = BufWriter::with_capacity(super::output::PIECE, io::stdout().lock());
        match write(&mut to).and_then(|()| to.flush()) {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::usage(format!("standard output cannot be written: {e}")))
            }
            _ => Ok(()),
        }
    }

    /// What a scan has cost, with `-v`.
    pub(super) fn cost(&self, progress: Progress) {
        let Decoded { times, units, bytes } = progress.decoded;
        if self.verbose == 0 || times == 0 {
            return;
        }
        self.note(&format!(
            "decoded {units} units of the layers below {times} times, {} MiB; {} MiB written to a temporary file",
            bytes >> 20,
            progress.spilled >> 20
        ));
    }

    /// Worth knowing; `--quiet` hides it.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.say("note", AnsiColor::Cyan.on_default(), text);
        }
    }

    /// Should be looked at.
    pub(super) fn warn(&self, text: &str) {
        self.say("warning", AnsiColor::Yellow.on_default().bold(), text);
    }

    /// Why the command stops.
    pub(super) fn error(&self, text: &str) {
        self.say("error", AnsiColor::Red.on_default().bold(), text);
    }

    fn say(&self, label: &str, style: Style, text: &str) {
        let mut lines = text.lines().map(inert::text);
        let head = lines.next().unwrap_or_default();
        let mut out = if self.color_err {
            format!("{style}{label}{style:#}: {head}\n")
        } else {
            format!("{label}: {head}\n")
        };
        for line in lines {
            out.push_str(&line);
            out.push('\n');
        }
        // Where standard error is closed there is nobody left to tell.
        let _ = io::stderr().lock().write_all(out.as_bytes());
    }

    /// Starts to show how far a scan is, where somebody watches.
    pub(super) fn progress(&self) -> Watch {
        let terminal = io::stderr().is_terminal();
        match self.progress {
            When::Never => Watch::Nobody,
            When::Auto if !terminal || self.quiet => Watch::Nobody,
            _ if terminal => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
                bar.set_style(ProgressStyle::default_spinner());
                bar.set_message("reading the input");
                Watch::Bar(bar)
            }
            _ => Watch::Lines(Mutex::new(None)),
        }
    }
}

/// Columns of the terminal on standard output: `COLUMNS`, else what the terminal says.
fn width() -> Option<usize> {
    /// Narrower than this no table is readable.
    const LEAST: usize = 40;
    if !io::stdout().is_terminal() {
        return None;
    }
    let named = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    named.or_else(asked).map(|columns| columns.max(LEAST))
}

/// Who watches a scan.
pub(super) enum Watch {
    /// Nobody.
    Nobody,
    /// A terminal.
    Bar(ProgressBar),
    /// A log: a line a second at most.
    Lines(Mutex<Option<Instant>>),
}

impl Watch {
    /// Shows how far the scan is. Called from any thread.
    pub(super) fn show(&self, progress: Progress) {
        match self {
            Self::Nobody => {}
            Self::Bar(bar) => {
                bar.set_message(words(progress));
                bar.tick();
            }
            Self::Lines(last) => {
                let Ok(mut last) = last.lock() else { return };
                let now = Instant::now();
                if last.is_none_or(|then| now.duration_since(then) >= Duration::from_secs(1)) {
                    *last = Some(now);
                    let _ = writeln!(io::stderr().lock(), "{}", words(progress));
                }
            }
        }
    }

    /// Takes the display away.
    pub(super) fn done(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn words(progress: Progress) -> String {
    let Progress {
        done,
        units,
        bytes,
        total,
        ..
    } = progress;
    if units == 0 {
        return "listing the input".to_owned();
    }
    format!(
        "analyse {done} of {units} units · {} of {} MiB",
        bytes >> 20,
        total >> 20
    )
}
