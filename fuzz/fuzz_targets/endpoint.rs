//! Hosts in a string and in raw bytes; each hit lies in what was searched.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phonehome::fact::Source;
use phonehome::fact::endpoint::Finder;
use phonehome::rule::Rules;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::bundled().expect("bundled signatures"));
static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(&RULES));

fuzz_target!(|data: &[u8]| {
    for hit in FINDER.text(data).into_iter().chain(FINDER.raw(data)) {
        assert!(data.get(hit.range.clone()).is_some());
        let _ = FINDER.endpoint(data, &hit, Source::Asset);
    }
});
