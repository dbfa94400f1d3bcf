//! A payload of A/B updates: every image is read, changes are applied to the payload itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::bytes::{Blob, Budget, Limits};
use phonehome::unpack::volumes;

/// Low, so that a bomb costs the search no time.
const LIMITS: fn() -> Limits = || Limits {
    item: 1 << 20,
    ..Limits::default()
};
/// Bytes of an image that are read: more are zeros, or the same again.
const READ: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let mut budget = Budget::new(LIMITS());
    let blob = Blob::from(data.to_vec());
    budget.base.insert("system".into(), blob.clone());
    for volume in volumes(&blob, &budget) {
        let _ = volume.image.salvage("fuzz", 0..READ);
        let _ = volume.image.origin_at(volume.image.len() / 2);
    }
});
