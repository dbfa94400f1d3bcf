//! Leaves that belong together become one unit of work.

use crate::bytes::{Notice, Place};

use super::{Leaf, Tree};

/// What kind of unit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An APK with the odex, vdex or oat beside it. Also an archive that is neither APK nor jar.
    App,
    /// A jar of the framework with the code beside it. Also a lone dex.
    Jar,
    /// A native library or executable.
    Library,
    /// Configuration of one partition, and whatever is not one of the others.
    Config,
}

/// What one task works on.
#[derive(Debug, Clone)]
pub struct Unit {
    /// What it is.
    pub kind: Kind,
    /// The primary leaf's place; for configuration `system:` (the partition).
    pub place: Place,
    /// `system`, or empty where there is no partition.
    pub partition: String,
    /// The primary leaf first, then what belongs to it, by logical place.
    pub leaves: Vec<Leaf>,
}

impl Unit {
    /// Bytes of all its leaves, decoded, as their containers claim.
    pub fn size(&self) -> u64 {
        self.leaves
            .iter()
            .fold(0, |sum: u64, leaf| sum.saturating_add(leaf.size))
    }
}

/// What was left alone, by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// `image`, `sound`, `font` …
    pub class: &'static str,
    /// How many leaves.
    pub count: u64,
    /// Their bytes, decoded.
    pub bytes: u64,
}

/// A tree, grouped.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// Largest first; equal sizes by logical place.
    pub units: Vec<Unit>,
    /// What is in no unit, by class.
    pub skipped: Vec<Skipped>,
    /// The tree's notices, and one for each leaf of a format that is not read.
    pub notices: Vec<Notice>,
    /// Symbolic links, logical place → target as written.
    pub links: Vec<(String, String)>,
}

/// Groups the leaves of a tree.
pub fn group(tree: Tree) -> Groups {
    let units = tree
        .leaves
        .into_iter()
        .map(|leaf| Unit {
            kind: Kind::App,
            place: leaf.place.clone(),
            partition: String::new(),
            leaves: vec![leaf],
        })
        .collect();
    Groups {
        units,
        skipped: Vec::new(),
        notices: tree.notices,
        links: tree.links,
    }
}
