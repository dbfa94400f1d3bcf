//! An init script.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::artifact::initrc::parse;

fuzz_target!(|data: &[u8]| {
    let script = parse(data);
    assert!(
        script
            .services
            .iter()
            .all(|service| !service.name.is_empty() && !service.path.is_empty())
    );
    for action in &script.actions {
        let _ = action.commands("setprop").count();
    }
});
