//! A maker's firmware behind a byte that picks its ending, and the packages in it: every file is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome_fuzz::read_all_by_ending;

/// Those that are known by their endings alone, and one that says nothing.
const ENDINGS: &[&str] = &["bin", "nb0", "ofp", "ops"];

fuzz_target!(|data: &[u8]| read_all_by_ending(ENDINGS, data));
