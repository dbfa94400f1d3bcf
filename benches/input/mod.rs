//! The package that is measured, and its files.

use std::env;
use std::path::PathBuf;

use phonehome::bytes::Budget;
use phonehome::unpack::{Class, Leaf, Unit, open_package};

/// The file that `PHONEHOME_BENCH` names, else the oldest ROM of the corpus, else the sample.
pub(crate) fn path() -> PathBuf {
    let corpus = |folder| PathBuf::from(folder).join("roms/redmi-note-JHECNBE23.0.zip");
    env::var_os("PHONEHOME_BENCH")
        .map(PathBuf::from)
        .or_else(|| env::var_os("PHONEHOME_CORPUS").map(corpus))
        .unwrap_or_else(|| "samples/acme-1.0.zip".into())
}

/// Every file of a unit, those inside its packages instead of these.
pub(crate) fn each_leaf(unit: &Unit, budget: &Budget, mut see: impl FnMut(&Leaf)) {
    for leaf in &unit.leaves {
        if matches!(leaf.class, Class::Archive(_)) {
            for package in open_package(leaf, budget) {
                package.leaves.iter().for_each(&mut see);
            }
        } else {
            see(leaf);
        }
    }
}
