//! A maker's firmware behind a byte that picks its ending, and the packages in it: every file is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::bytes::{Budget, Limits, Place};
use phonehome::unpack::{Class, Leaf, open_package};

/// Low, so that a bomb costs the search no time.
const LIMITS: fn() -> Limits = || Limits {
    item: 1 << 20,
    task: 1 << 22,
    listed: 1 << 10,
    ..Limits::default()
};

/// Those that are known by their endings alone, and one that says nothing.
const ENDINGS: [&str; 4] = ["bin", "nb0", "ofp", "ops"];

fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let ending = ENDINGS[usize::from(*first) % ENDINGS.len()];
    let budget = Budget::new(LIMITS());
    let leaf = Leaf::plain(
        Place::root(&format!("a.{ending}")),
        Class::Archive(ending),
        data.to_vec(),
    );
    for package in open_package(&leaf, &budget) {
        for leaf in &package.leaves {
            let _ = (leaf.place(), leaf.read(&budget));
        }
    }
});
