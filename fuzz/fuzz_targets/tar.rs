//! A tar archive, and the packages in it: every entry is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome_fuzz::read_all;

fuzz_target!(|data: &[u8]| read_all("a.tar", "tar", data));
