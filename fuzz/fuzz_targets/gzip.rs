//! A gzip stream, and what is in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::bytes::{Budget, Limits, Place};
use phonehome::unpack::{Class, Leaf, open_package};

/// Low, so that a bomb costs the search no time.
const LIMITS: fn() -> Limits = || Limits {
    item: 1 << 20,
    task: 1 << 22,
    ..Limits::default()
};

fuzz_target!(|data: &[u8]| {
    let budget = Budget::new(LIMITS());
    let leaf = Leaf::plain(Place::root("a.tgz"), Class::Archive("gzip"), data.to_vec());
    for package in open_package(&leaf, &budget) {
        for leaf in &package.leaves {
            let _ = (leaf.place(), leaf.read(&budget));
        }
    }
});
