//! A native library: symbols, what it needs, where its data is; and the facts read from it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phonehome::artifact::elf::Elf;
use phonehome::bytes::Place;
use phonehome::fact::endpoint::{Endpoints, Finder};
use phonehome::fact::native::native;
use phonehome::rule::Rules;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::bundled().expect("bundled signatures"));
static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(&RULES));

fuzz_target!(|data: &[u8]| {
    let elf = Elf::open(data);
    let _ = (
        elf.symbols().count(),
        elf.nameless(),
        elf.imports().count(),
        elf.exports().count(),
    );
    assert!(elf.data.iter().all(|range| data.get(range.clone()).is_some()));
    let mut endpoints = Endpoints::default();
    let _ = native(data, &Place::root("lib.so"), &RULES, &FINDER, &mut endpoints);
    let _ = endpoints.finish();
});
