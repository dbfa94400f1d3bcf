//! What could not be read, or was read although it is odd.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Place;

/// Something in the input that was not understood, or that was understood although it breaks its
/// specification. Prints as `zip: local header at 0x28: needs 30 bytes, 4 left`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The format that was being read, by its registered name.
    pub format: &'static str,
    /// Offset in bytes from the start of what that format was reading.
    pub at: u64,
    /// The field or item, in the specification's words. Never text from the input.
    pub what: Cow<'static, str>,
    /// What callers branch on.
    pub kind: Kind,
}

/// Why there is a gap. Numbers are bytes or the raw field value, as the variant says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The input ends early: `need` bytes wanted, `have` left. What was read before is kept.
    Truncated {
        /// Bytes that the item needs.
        need: u64,
        /// Bytes that are there.
        have: u64,
    },
    /// The specification forbids the value `got`.
    Invalid {
        /// The raw value of the field.
        got: u64,
    },
    /// Valid, but not read by this version. Counts against coverage.
    Unsupported {
        /// The raw value of the field (a method, a version, a feature bit).
        got: u64,
    },
    /// Needs a key. Counts against coverage.
    Encrypted,
    /// A limit of ours, not of the specification. `option` names the flag that lifts it.
    OverLimit {
        /// What the input asks for.
        got: u64,
        /// What we allow.
        limit: u64,
        /// The command line flag that raises the limit, or "" where there is none.
        option: &'static str,
    },
    /// Breaks the specification, but was read the way Android reads it: nothing is lost. A maker's
    /// package that needs such a thing is news, so it becomes a finding of class `tamper`.
    Odd {
        /// The raw value of the field.
        got: u64,
    },
    /// The operating system refused to read the user's file.
    Io,
    /// A part of phonehome crashed on this item. Always our fault; exit code 70.
    Bug,
}

impl Gap {
    /// Shorthand for a truncated item.
    pub fn truncated(
        format: &'static str,
        at: u64,
        what: impl Into<Cow<'static, str>>,
        need: u64,
        have: u64,
    ) -> Self {
        Self {
            format,
            at,
            what: what.into(),
            kind: Kind::Truncated { need, have },
        }
    }

    /// Shorthand for a value that the specification forbids.
    pub fn invalid(format: &'static str, at: u64, what: impl Into<Cow<'static, str>>, got: u64) -> Self {
        Self {
            format,
            at,
            what: what.into(),
            kind: Kind::Invalid { got },
        }
    }

    /// Shorthand for something valid that this version does not read.
    pub fn unsupported(format: &'static str, at: u64, what: impl Into<Cow<'static, str>>, got: u64) -> Self {
        Self {
            format,
            at,
            what: what.into(),
            kind: Kind::Unsupported { got },
        }
    }

    /// Shorthand for a limit of ours that the input exceeds.
    pub fn over(
        format: &'static str,
        at: u64,
        what: impl Into<Cow<'static, str>>,
        got: u64,
        limit: u64,
        option: &'static str,
    ) -> Self {
        Self {
            format,
            at,
            what: what.into(),
            kind: Kind::OverLimit { got, limit, option },
        }
    }

    /// Shorthand for something odd that was read as Android reads it.
    pub fn odd(format: &'static str, at: u64, what: impl Into<Cow<'static, str>>, got: u64) -> Self {
        Self {
            format,
            at,
            what: what.into(),
            kind: Kind::Odd { got },
        }
    }

    /// What an error of a [`Source`](super::Source) means: the gap that a layer has put into it, or that
    /// the operating system refused to read byte `at`.
    pub fn of(error: std::io::Error, format: &'static str, at: u64) -> Self {
        match error.downcast::<Self>() {
            Ok(gap) => gap,
            Err(_) => Self {
                format,
                at,
                what: "read".into(),
                kind: Kind::Io,
            },
        }
    }

    /// Whether something was lost, that is, whether this counts against coverage.
    pub fn is_loss(&self) -> bool {
        !matches!(self.kind, Kind::Odd { .. })
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at {:#x}: ", self.format, self.what, self.at)?;
        match self.kind {
            Kind::Truncated { need, have } => write!(f, "truncated, needs {need} bytes, {have} left"),
            Kind::Invalid { got } => write!(f, "invalid value {got:#x}"),
            Kind::Unsupported { got } => write!(f, "unsupported value {got:#x}"),
            Kind::Encrypted => write!(f, "encrypted"),
            Kind::OverLimit {
                got,
                limit,
                option: "",
            } => write!(f, "{got} is over the limit of {limit}"),
            Kind::OverLimit { got, limit, option } => {
                write!(f, "{got} is over the limit of {limit}, see {option}")
            }
            Kind::Odd { got } => write!(f, "odd value {got:#x}, read as Android reads it"),
            Kind::Io => write!(f, "the file cannot be read"),
            Kind::Bug => write!(f, "this part of phonehome crashed; please report it"),
        }
    }
}

impl std::error::Error for Gap {}

/// A layer that cannot give the bytes that it is asked for says why.
impl From<Gap> for std::io::Error {
    fn from(gap: Gap) -> Self {
        Self::other(gap)
    }
}

/// A gap with its place and the number of bytes that were not read because of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// Where it is.
    pub place: Place,
    /// What is wrong there.
    pub gap: Gap,
    /// Bytes that were not read because of it; 0 when nothing was lost or the loss is not known.
    pub unread: u64,
}

/// The class of a gap in reports, one word.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum GapClass {
    /// The input ends early.
    Truncated,
    /// The specification forbids what is there.
    Invalid,
    /// Valid, but not read by this version.
    Unsupported,
    /// Needs a key.
    Encrypted,
    /// A limit of ours was hit.
    OverLimit,
    /// Odd, but read as Android reads it.
    Odd,
    /// The operating system refused.
    Io,
    /// A crash of ours.
    Bug,
}

impl From<Kind> for GapClass {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Truncated { .. } => Self::Truncated,
            Kind::Invalid { .. } => Self::Invalid,
            Kind::Unsupported { .. } => Self::Unsupported,
            Kind::Encrypted => Self::Encrypted,
            Kind::OverLimit { .. } => Self::OverLimit,
            Kind::Odd { .. } => Self::Odd,
            Kind::Io => Self::Io,
            Kind::Bug => Self::Bug,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_prints_format_field_offset_and_numbers() {
        let gap = Gap::truncated("sparse", 0x28, "raw chunk", 4, 1);
        assert_eq!(
            gap.to_string(),
            "sparse: raw chunk at 0x28: truncated, needs 4 bytes, 1 left"
        );
        let gap = Gap::over("zip", 0, "entry size", 5, 4, "--max-item");
        assert_eq!(
            gap.to_string(),
            "zip: entry size at 0x0: 5 is over the limit of 4, see --max-item"
        );
    }

    #[test]
    fn only_an_oddity_loses_nothing() {
        assert!(Gap::invalid("zip", 0, "x", 1).is_loss());
        assert!(!Gap::odd("zip", 0, "x", 1).is_loss());
    }
}
