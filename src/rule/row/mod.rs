//! Signature files as people write them.
//!
//! One type a folder of `signatures/`; `signatures/README.md` tells what each key means. Unknown keys
//! are errors everywhere. Keys that only serve people (`src`, `sources`) are read so that
//! `signatures check` can ask for them, and are not kept at run time.

mod code;
mod host;
mod lifecycle;
mod package;

use serde::Deserialize;

pub use code::*;
pub use host::*;
pub use lifecycle::*;
pub use package::*;

/// A namespace of Settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Namespace {
    /// `Settings.System`.
    System,
    /// `Settings.Secure`.
    Secure,
    /// `Settings.Global`.
    Global,
}

impl Namespace {
    /// As a file writes it, `secure`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Secure => "secure",
            Self::Global => "global",
        }
    }

    /// As Java names the class, `Secure`.
    pub fn class(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Secure => "Secure",
            Self::Global => "Global",
        }
    }
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// The whole text.
    #[default]
    Exact,
    /// Its start.
    Prefix,
    /// Its end.
    Suffix,
}
