//! A property file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::artifact::props::{is_name, parse};

fuzz_target!(|data: &[u8]| {
    let props = parse(data);
    let end = u64::try_from(data.len()).unwrap_or(u64::MAX);
    for property in &props.entries {
        let _ = is_name(property.key.as_bytes());
        assert!(!property.key.is_empty() && property.at < end);
    }
});
