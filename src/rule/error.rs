//! What can be wrong with a signature file, for the person who wrote it.

use std::fmt;
use std::path::PathBuf;

/// A signature file that cannot be used: where, what, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// The file, or the folder that could not be listed.
    pub file: PathBuf,
    /// Line and column, both from 1, when the place is known.
    pub at: Option<(usize, usize)>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: &'static str,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.what)?;
        if !self.hint.is_empty() {
            write!(f, "\n  {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for RuleError {}
