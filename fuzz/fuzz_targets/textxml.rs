//! XML as text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::artifact::textxml::read;

fuzz_target!(|data: &[u8]| {
    let document = read(data, |value| drop(value.path()));
    assert!(document.end <= data.len());
});
