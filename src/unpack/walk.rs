//! The only recursion into containers.

use std::path::Path;
use std::{fmt, io};

use crate::bytes::{Blob, Budget, Notice, Place};

use super::{Class, Leaf, classify};

/// An input, its outer layers listed.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The input.
    pub root: Place,
    /// Its format: `zip`, `folder`, `apk`, `jar`, `tar`, `gzip`, `file` …
    pub format: String,
    /// Bytes of the input.
    pub size: u64,
    /// Every file, by logical place.
    pub leaves: Vec<Leaf>,
    /// Symbolic links, logical place → target as written.
    pub links: Vec<(String, String)>,
    /// What could not be listed, and what is odd.
    pub notices: Vec<Notice>,
}

/// A package and what is in it.
#[derive(Debug, Clone)]
pub struct Package {
    /// Where it is.
    pub place: Place,
    /// `apk`, `jar`, `zip`, `tar`, `gzip`; a lone file is `file`.
    pub format: &'static str,
    /// Bytes of the package itself.
    pub size: u64,
    /// Manifest, resource table, dex files in the order they are loaded, libraries, then the rest
    /// by name. Nested packages are packages of their own, not leaves.
    pub leaves: Vec<Leaf>,
    /// What could not be listed, and what is odd.
    pub notices: Vec<Notice>,
    /// Nested packages of the very same bytes as this one, elsewhere in the same unit.
    pub copies: Vec<Place>,
    /// Android would refuse it; it was read all the same.
    pub salvaged: bool,
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

/// Lists an input's outer layers. APKs and jars stay closed.
pub fn walk(path: &Path, budget: &Budget) -> Result<Tree, OpenError> {
    let _ = budget;
    let blob = Blob::open(path).map_err(|source| OpenError {
        what: "cannot open",
        source,
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let root = Place::root(&name);
    let size = blob.len();
    let leaf = Leaf::plain(root.clone(), classify(&name, &[]), blob);
    Ok(Tree {
        root,
        format: "file".into(),
        size,
        leaves: vec![leaf],
        links: Vec::new(),
        notices: Vec::new(),
    })
}

/// Opens a package: itself first, then the packages nested in it, in order. A leaf that is no
/// container is a package of one leaf.
pub fn open_package(leaf: &Leaf, budget: &Budget) -> Vec<Package> {
    let _ = (budget, Class::Unknown);
    vec![Package {
        place: leaf.place.clone(),
        format: "file",
        size: leaf.size,
        leaves: vec![leaf.clone()],
        notices: Vec::new(),
        copies: Vec::new(),
        salvaged: false,
    }]
}
