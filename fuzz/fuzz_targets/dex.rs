//! A dex, a container of several, or an odex: every table, class, instruction and value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::artifact::dex::{Code, Dex, disassemble, mutf8};

/// Items of a kind that are printed: each name in them may be as long as the file.
const PRINTED: u8 = 64;

fuzz_target!(|data: &[u8]| {
    for dex in Dex::open(data).dexes {
        let _ = (dex.checksum(), dex.verify());
        dex.strings().flatten().for_each(|(_, text)| drop(mutf8(text)));
        for i in 0..u32::from(PRINTED) {
            let _ = (dex.proto_text(i), dex.field_text(i), dex.method_text(i));
            let _ = (
                dex.method_handle(i),
                dex.call_site(i).map(|site| site.arguments.count()),
            );
        }
        for class in dex.classes() {
            let _ = dex.interfaces(&class).map(|types| types.len());
        }
        for body in dex.bodies().flatten() {
            code(&dex, &body.code);
        }
        let _ = dex.all_static_values().count();
        let _ = dex
            .all_annotations()
            .flatten()
            .flat_map(|annotation| annotation.elements)
            .count();
    }
});

fn code(dex: &Dex<'_>, code: &Code<'_>) {
    let mut insns = code.insns();
    for insn in insns.by_ref().take(PRINTED.into()) {
        let payload = insn.target().and_then(|pc| code.payload(pc).ok());
        let _ = (
            disassemble(dex, &insn),
            payload.map(|payload| payload.cases().count()),
        );
    }
    let _ = (insns.by_ref().count(), insns.gap());
    let _ = code.tries().flatten().flat_map(|t| t.catches).count();
}
