//! All that a scan does with one package, from its bytes to ranked findings; only the file is missing.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phonehome::bytes::{Budget, Limits, Place};
use phonehome::fact::collect::Collector;
use phonehome::rule::Rules;
use phonehome::unpack::{Class, GroupKind, Leaf, Unit};
use phonehome::{detect, link, score};

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::bundled().expect("bundled signatures"));
/// One for all runs, since compiling the signatures takes longer than a run: entries may add up.
static BUDGET: LazyLock<Budget> = LazyLock::new(|| {
    Budget::new(Limits {
        item: 1 << 20,
        task: 1 << 22,
        entries: u64::MAX,
        ..Limits::default()
    })
});
static COLLECTOR: LazyLock<Collector<'static>> = LazyLock::new(|| Collector::new(&RULES, &BUDGET));

fuzz_target!(|data: &[u8]| {
    let place = Place::root("a.apk");
    let leaf = Leaf::plain(place.clone(), Class::Archive("zip"), data.to_vec());
    let unit = Unit {
        kind: GroupKind::App,
        place,
        partition: String::new(),
        leaves: vec![leaf],
    };
    let mut units = vec![COLLECTOR.unit(&unit)];
    let linked = link::link(&mut units, &RULES);
    let mut findings = detect::run(&units, &linked, &RULES);
    score::findings(&mut findings, &units, &linked, &RULES);
    let _ = score::rank(&units, &linked, &RULES);
});
