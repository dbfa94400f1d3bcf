//! The classes of the build's own framework.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::artifact::preopt::{self, ClassPath};
use crate::bytes::{Budget, wide};
use crate::unpack::{self, Class, Leaf, open_package};

/// Classes that code of Android 7 and before refers to by slots and offsets. They are read when the first
/// task asks for them, in the order of the files' names, whichever task it is; the others wait. What cannot be
/// read of those files is told where they are units themselves.
#[derive(Debug, Default)]
pub(super) struct Boot {
    files: Vec<Leaf>,
    classes: OnceLock<ClassPath>,
}

impl Boot {
    pub(super) fn new(files: Vec<Leaf>) -> Self {
        let classes = OnceLock::new();
        Self { files, classes }
    }

    pub(super) fn classes(&self, budget: &Budget) -> &ClassPath {
        self.classes.get_or_init(|| read(&self.files, budget))
    }
}

/// One file after the other: no more than one is held.
fn read(files: &[Leaf], budget: &Budget) -> ClassPath {
    let mut classes = ClassPath::default();
    // The same classes are there for each architecture.
    let mut known = BTreeSet::new();
    let mut left = budget.limits.task;
    for file in files {
        let name = unpack::any_architecture(file.place().logical());
        if name.as_ref().is_some_and(|name| known.contains(name)) {
            continue;
        }
        let mut found = false;
        for leaf in code(file, budget) {
            let read = leaf.read(budget);
            for dex in preopt::open(&read.bytes).dexes {
                classes.add(&dex);
                found = true;
            }
            // As much as is decoded for any one item.
            left = left.saturating_sub(wide(read.bytes.len()));
            if left == 0 {
                return classes;
            }
        }
        known.extend(name.filter(|_| found));
    }
    classes
}

/// What of a file may be code: itself, or entries of a jar.
fn code(file: &Leaf, budget: &Budget) -> Vec<Leaf> {
    if !matches!(file.class, Class::Archive(_)) {
        return vec![file.clone()];
    }
    let package = open_package(file, budget).into_iter().next();
    let leaves = package.map(|package| package.leaves).unwrap_or_default();
    let is_code = |leaf: &Leaf| leaf.class == Class::Dex;
    leaves.into_iter().filter(is_code).collect()
}
