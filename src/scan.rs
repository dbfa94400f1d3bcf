//! The whole way through: a path in, a report out.

use std::fmt;
use std::path::PathBuf;

use crate::bytes::{Glob, Limits};

/// What a scan may do and what it looks at.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Limits of the run.
    pub limits: Limits,
    /// Threads; 0 for one per core. The caller runs the scan inside a pool of that size.
    pub threads: usize,
    /// Logical places to look at; empty for all.
    pub only: Vec<Glob>,
    /// Logical places to leave alone.
    pub skip: Vec<Glob>,
}

/// How far a scan has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all; 0 while the input is still being listed.
    pub units: u64,
    /// Bytes of the units done.
    pub bytes: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Why there is no report.
#[derive(Debug)]
pub enum Error {
    /// There is no such file.
    NotFound(PathBuf),
    /// The operating system refuses to read it.
    Unreadable(PathBuf, std::io::Error),
    /// It was read, and nothing in it is anything that can be analysed.
    NothingToAnalyse {
        /// The input.
        path: PathBuf,
        /// What it looks like instead, in words: `an empty folder`, `a text file`.
        why: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(path) => write!(f, "{}: no such file or folder", path.display()),
            Self::Unreadable(path, e) => write!(f, "{}: {e}", path.display()),
            Self::NothingToAnalyse { path, why } => write!(f, "{}: {why}", path.display()),
        }
    }
}

impl std::error::Error for Error {}
