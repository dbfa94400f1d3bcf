//! A vdex, an oat, an odex or a compact dex: what is in it, with optimised instructions written back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::artifact::preopt::{self, ClassPath};
use phonehome::bytes::Bytes;

fuzz_target!(|data: &[u8]| {
    let file = Bytes::from(data.to_vec());
    let none = ClassPath::default();
    let restored = preopt::restore(&file, || &none);
    for dex in preopt::open(&restored.bytes).dexes {
        let _ = (dex.verify(), dex.strings().count());
        for body in dex.bodies().flatten() {
            let _ = (body.code.insns().count(), body.code.tries().count());
            let _ = dex.debug_info_off(body.method.index, &body.code);
        }
        let _ = (dex.all_static_values().count(), dex.all_annotations().count());
    }
});
