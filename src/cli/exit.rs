//! Exit codes, and errors that lead to one.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use crate::judge::Problem;
use crate::report::inert;
use crate::rule::RuleError;

/// How a run ends. The numbers never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done; the gate passed, or none was asked for.
    Done = 0,
    /// The gate failed: `gate`, or `--fail-on` was met; or `ls --verify` found something wrong.
    Failed = 1,
    /// Wrong arguments, configuration, policy, waivers or signatures, or an output that cannot be
    /// written. Also clap's own code.
    Usage = 2,
    /// The input cannot be read, or nothing in it could be analysed.
    Input = 3,
    /// The gate could not decide: too much was not looked at; or `ls --verify` could not check all.
    Undecided = 4,
    /// A bug: some part of phonehome crashed; the report, if there is one, says which.
    Bug = 70,
    /// Interrupted; no half report is under the name that was asked for.
    Interrupted = 130,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Input => 3,
            Self::Undecided => 4,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }

    /// Of several reasons to stop, the one that counts: the first of 70, 3, 4, 1.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        const ORDER: [Exit; 7] = [
            Exit::Interrupted,
            Exit::Usage,
            Exit::Bug,
            Exit::Input,
            Exit::Undecided,
            Exit::Failed,
            Exit::Done,
        ];
        ORDER
            .into_iter()
            .find(|exit| *exit == self || *exit == other)
            .unwrap_or(self)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command stops: what, where, and what to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Error {
    /// How the run ends.
    pub(super) exit: Exit,
    text: String,
}

impl Error {
    /// An error with its headline.
    pub(super) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            text: what.into(),
        }
    }

    /// A wrong argument or file of the user's.
    pub(super) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// An input that cannot be read.
    pub(super) fn input(what: impl Into<String>) -> Self {
        Self::new(Exit::Input, what)
    }

    /// Adds where it is.
    #[must_use]
    pub(super) fn at(mut self, place: impl AsRef<str>) -> Self {
        self.text.push_str("\n  in     ");
        self.text.push_str(place.as_ref());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub(super) fn help(mut self, help: impl AsRef<str>) -> Self {
        self.text.push_str("\n  help   ");
        self.text.push_str(help.as_ref());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::usage(problem.to_string())
    }
}

impl From<RuleError> for Error {
    fn from(e: RuleError) -> Self {
        let mut place = shown(&e.file);
        if let Some((line, column)) = e.at {
            place.push_str(&format!(":{line}:{column}"));
        }
        let error = Self::usage(format!("signature file: {}", e.what)).at(place);
        if e.hint.is_empty() {
            error
        } else {
            error.help(e.hint)
        }
    }
}

/// A path for people.
pub(super) fn shown(path: &Path) -> String {
    inert::text(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_reasons_the_gravest_counts() {
        assert_eq!(Exit::Failed.and(Exit::Bug), Exit::Bug);
        assert_eq!(Exit::Input.and(Exit::Bug), Exit::Bug);
        assert_eq!(Exit::Undecided.and(Exit::Input), Exit::Input);
        assert_eq!(Exit::Failed.and(Exit::Undecided), Exit::Undecided);
        assert_eq!(Exit::Done.and(Exit::Failed), Exit::Failed);
        assert_eq!(Exit::Done.and(Exit::Done), Exit::Done);
    }
}
