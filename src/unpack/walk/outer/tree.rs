//! What a walk gives.

use std::{fmt, io};

use crate::bytes::{Notice, Place};

use super::super::super::Leaf;

/// An input, its outer layers listed.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The input.
    pub root: Place,
    /// Its format: `zip`, `folder`, `apk`, `jar`, `tar`, `gzip` …, or the class of a single file.
    pub format: String,
    /// Bytes of the input; of a folder, of the files in it.
    pub size: u64,
    /// Every file, by logical place.
    pub leaves: Vec<Leaf>,
    /// Symbolic links, logical place → target as written.
    pub links: Vec<(String, String)>,
    /// What could not be listed, and what is odd.
    pub notices: Vec<Notice>,
    /// Some of it has to be decoded in units that hold more than one file: it should be read in the order
    /// of the input.
    pub layered: bool,
}

#[cfg(test)]
impl Tree {
    /// A zip with these files.
    pub(in crate::unpack) fn of(leaves: Vec<Leaf>) -> Self {
        Self {
            root: Place::root("ota.zip"),
            format: "zip".into(),
            size: 0,
            leaves,
            links: Vec::new(),
            notices: Vec::new(),
            layered: false,
        }
    }
}

/// An input that cannot be opened at all.
#[derive(Debug)]
pub struct OpenError {
    /// What failed, in words for people.
    pub what: &'static str,
    /// What the operating system said.
    pub source: io::Error,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.source)
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
