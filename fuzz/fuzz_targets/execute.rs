//! Code of a method that is executed on constants: whatever it does, it ends.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phonehome::artifact::dex::Dex;
use phonehome::code::{Interest, analyse};
use phonehome::rule::Rules;

#[path = "../../tests/build/dex.rs"]
mod build;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::bundled().expect("bundled signatures"));
static INTEREST: LazyLock<Interest<'static>> = LazyLock::new(|| Interest::new(&RULES));

const TEXT: &str = "(Ljava/lang/String;)Ljava/lang/String;";

fuzz_target!(|data: &[u8]| {
    let (units, _) = data.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).take(256).collect();
    let mut dex = build::DexBuilder::new();
    let class = dex.class("La;");
    class.static_field("KEY", "[B", None);
    class.method("d", TEXT, 8, |c| {
        c.invoke_virtual("Ljava/lang/String;", "toCharArray", "()[C", &[7])
            .move_result_object(0)
            .sget(1, "La;", "KEY", "[B")
            .raw(&units)
            // What makes it one that computes a text: xor, aget-char, a text of characters.
            .op_23x(0x97, 2, 2, 3)
            .op_23x(0x49, 3, 0, 2);
        c.new_instance(1, "Ljava/lang/String;")
            .invoke_direct("Ljava/lang/String;", "<init>", "([C)V", &[1, 0])
            .return_object(1);
    });
    class.method("m", "()V", 1, |c| {
        c.const_string(0, "iuuq;..y").invoke_static("La;", "d", TEXT, &[0]).return_void();
    });
    let file = dex.build();
    let reading = analyse(&Dex::open(&file).dexes, &INTEREST, &|text| text.contains(&b':'));
    let _ = reading.calls().count();
});
