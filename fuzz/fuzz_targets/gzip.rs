//! A gzip stream, and what is in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome_fuzz::read_all;

fuzz_target!(|data: &[u8]| read_all("a.tgz", "gzip", data));
