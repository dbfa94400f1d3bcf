//! A compressed stream behind a byte that picks its ending, and what is in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome_fuzz::read_all_by_ending;

/// Those that are known by their endings alone, and one that says nothing.
const ENDINGS: &[&str] = &["bin", "lzma", "br"];

fuzz_target!(|data: &[u8]| read_all_by_ending(ENDINGS, data));
