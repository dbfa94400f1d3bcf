//! An erofs image, and the packages in it: every file is read.
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

fuzz_target!(|data: &[u8]| {
    let budget = Budget::new(LIMITS());
    let leaf = Leaf::plain(Place::root("a.erofs"), Class::Archive("erofs"), data.to_vec());
    for package in open_package(&leaf, &budget) {
        for leaf in &package.leaves {
            let _ = (leaf.place(), leaf.read(&budget));
        }
    }
});
