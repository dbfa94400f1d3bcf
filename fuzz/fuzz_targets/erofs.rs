//! An erofs image, and the packages in it: every file is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome_fuzz::read_all;

fuzz_target!(|data: &[u8]| read_all("a.erofs", "erofs", data));
