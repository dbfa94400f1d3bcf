//! A resource table: every value of every entry, its name, and what its references lead to.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::artifact::arsc::Table;

/// Values whose references are followed: each may lead through a long chain, which is bounded, but
/// slow to try for all.
const FOLLOWED: usize = 256;

fuzz_target!(|data: &[u8]| {
    let table = Table::open(data);
    let mut values = table.values();
    for named in values.by_ref().take(FOLLOWED) {
        let _ = (
            named.entry(),
            named.config().qualifier(),
            table.name(named.id),
            table.text(named.value),
        );
    }
    values.by_ref().for_each(drop);
    let _ = values.gaps();
    let mut strings = table.each_string();
    strings.by_ref().for_each(drop);
    strings.rest().for_each(|text| drop(text.text()));
});
