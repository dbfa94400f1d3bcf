//! Dex files whose headers lie, that lie in others, and that are broken anywhere.

use super::build::{DexBuilder, odex};
use super::*;

fn sample() -> Vec<u8> {
    let mut dex = DexBuilder::new();
    dex.class("La;").method("f", "()V", 1, |m| {
        m.const_string(0, "http://x").return_void();
    });
    dex.build()
}

/// What is noted when a sample is opened after `change`; the marker must still be found in it.
#[track_caller]
fn check(change: impl FnOnce(&mut Vec<u8>), expect: &[&str]) {
    let mut bytes = sample();
    change(&mut bytes);
    let opened = Dex::open(&bytes);
    let gaps: Vec<String> = opened.gaps.iter().map(Gap::to_string).collect();
    assert_eq!(gaps, expect);
    let body = opened.dexes[0].bodies().next().unwrap().unwrap();
    let string = body.code.insns().find_map(|insn| insn.string()).unwrap();
    assert_eq!(opened.dexes[0].string(string), Some(&b"http://x"[..]));
}

fn put(bytes: &mut [u8], at: usize, n: u32) {
    bytes[at..at + 4].copy_from_slice(&n.to_le_bytes());
}

#[test]
fn a_sound_dex_opens_without_a_gap_and_its_checksum_is_right() {
    check(|_| {}, &[]);
    let mut bytes = sample();
    assert_eq!(Dex::open(&bytes).dexes[0].checksum(), Ok(()));
    *bytes.last_mut().unwrap() ^= 1;
    assert!(Dex::open(&bytes).dexes[0].checksum().is_err());
}

#[test]
fn wrong_numbers_in_the_header_are_noted_and_hide_nothing() {
    let odd = "read as Android reads it";
    check(
        |b| put(b, 0x20, 7),
        &[&format!("dex: file_size at 0x20: odd value 0x7, {odd}")],
    );
    check(
        |b| put(b, 0x28, 0x7856_3412),
        &[&format!("dex: endian_tag at 0x28: odd value 0x78563412, {odd}")],
    );
    check(
        |b| put(b, 0x24, 0x78),
        &[&format!("dex: header_size at 0x24: odd value 0x78, {odd}")],
    );
    check(
        |b| put(b, 0x34, 0),
        &[&format!("dex: map_off at 0x34: odd value 0x0, {odd}")],
    );
    check(
        |b| b[6] = b'6',
        &[&format!("dex: version at 0x4: odd value 0x363330, {odd}")],
    );
}

#[test]
fn a_table_that_is_said_to_be_elsewhere_is_found_where_it_belongs() {
    check(
        |b| put(b, 0x3c, u32::MAX),
        &["dex: string_ids at 0x3c: invalid value 0xffffffff"],
    );
    check(
        |b| put(b, 0x5c, 0x7fff_fffc),
        &["dex: method_ids at 0x5c: invalid value 0x7ffffffc"],
    );
}

#[test]
fn a_table_that_is_said_to_be_endless_ends_where_the_next_one_starts() {
    let mut bytes = sample();
    let count = Dex::open(&bytes).dexes[0].string_count();
    put(&mut bytes, 0x38, u32::MAX);
    let opened = Dex::open(&bytes);
    assert_eq!(opened.dexes[0].string_count(), count);
    assert_eq!(opened.gaps.len(), 1);
}

#[test]
fn the_dex_in_an_odex_is_found_and_speaks_its_dialect() {
    let mut dex = DexBuilder::new();
    dex.class("La;").method("f", "()V", 3, |m| {
        m.raw(&[0x10f8, 0x0007, 0x0002])
            .raw(&[0x21f2, 0x0010])
            .raw(&[0x00f1]);
    });
    let bytes = odex(&dex.build());
    let opened = Dex::open(&bytes);
    assert_eq!(opened.gaps, []);
    let body = opened.dexes[0].bodies().next().unwrap().unwrap();
    let lines: Vec<_> = body
        .code
        .insns()
        .map(|i| disassemble(&opened.dexes[0], &i))
        .collect();
    assert_eq!(
        lines,
        [
            "invoke-virtual-quick {v2}, [0007] // vtable #0007",
            "iget-quick v1, v2, [obj+0010]",
            "return-void-barrier",
        ]
    );
}

#[test]
fn an_odex_that_is_cut_off_keeps_what_is_there() {
    let whole = odex(&sample());
    let opened = Dex::open(&whole[..whole.len() - 40]);
    assert_eq!(opened.dexes.len(), 1);
    assert_eq!(opened.gaps[0].what, "dex_length");
}

#[test]
fn a_container_holds_several_dexes_whose_offsets_count_from_its_start() {
    let bytes = build::container(&[sample(), sample()]);
    let opened = Dex::open(&bytes);
    assert_eq!(opened.gaps, []);
    assert_eq!(opened.dexes.len(), 2);
    for dex in &opened.dexes {
        assert_eq!(dex.bodies().filter(Result::is_ok).count(), 1);
        assert_eq!(dex.verify(), []);
        assert_eq!(dex.checksum(), Ok(()));
    }
}

#[test]
fn what_is_no_dex_is_a_gap() {
    for (bytes, expect) in [
        (
            &b"dex\n035"[..],
            "dex: magic at 0x4: truncated, needs 4 bytes, 3 left",
        ),
        (&b""[..], "dex: magic at 0x0: truncated, needs 4 bytes, 0 left"),
        (
            &b"cdex001\0"[..],
            "dex: checksum at 0x8: truncated, needs 4 bytes, 0 left",
        ),
        (&b"\x7fELF0000"[..], "dex: magic at 0x0: invalid value 0x464c457f"),
    ] {
        let opened = Dex::open(bytes);
        assert_eq!(opened.dexes.len(), 0);
        assert_eq!(opened.gaps[0].to_string(), expect);
    }
}

/// Reads all that there is, the way the walks do.
fn read_all(bytes: &[u8]) -> usize {
    let opened = Dex::open(bytes);
    let mut seen = opened.gaps.len();
    for dex in &opened.dexes {
        seen += dex.verify().len() + dex.strings().count() + usize::from(dex.checksum().is_err());
        for body in dex.bodies().flatten() {
            let mut insns = body.code.insns();
            seen += insns
                .by_ref()
                .map(|insn| disassemble(dex, &insn).len() + insn.registers().len())
                .sum::<usize>();
            seen += usize::from(insns.gap().is_some());
            seen += body
                .code
                .tries()
                .flatten()
                .map(|t| t.catches.count())
                .sum::<usize>();
        }
        for class in dex.classes() {
            seen += dex
                .members(&class)
                .map_or(0, |m| m.fields().count() + m.static_fields().count());
        }
        seen += dex
            .all_annotations()
            .flatten()
            .map(|a| a.elements.count())
            .sum::<usize>();
        seen += dex.all_static_values().count();
        for i in 0..dex.call_site_count().min(100) {
            seen += dex.call_site(i).map_or(0, |site| site.arguments.count());
            seen += usize::from(dex.method_handle(i).is_some());
        }
    }
    seen
}

/// One of everything that the format has.
fn rich() -> Vec<u8> {
    let mut dex = DexBuilder::new();
    dex.version(b"039").string("\u{1f600}").string("ü");
    let link = build::Ref::Method("LF;".into(), "link".into(), "()V".into());
    let handle = dex.method_handle(4, link);
    let site = dex.call_site(
        handle,
        "make",
        "(I)V",
        vec![build::Value::Array(vec![build::Value::Int(300)])],
    );
    let note = build::Annotation {
        type_: "LN;".into(),
        elements: vec![("v".into(), build::Value::string("w"))],
    };
    let class = dex.class("La;");
    class.annotation(note.clone()).interface("LI;").source("a.java");
    class
        .static_field("s", "Ljava/lang/String;", Some(build::Value::string("static")))
        .annotate_field(note.clone());
    class.instance_field("i", "I");
    class.method("f", "(IJ)I", 9, |m| {
        m.label("start")
            .const_string(0, "x")
            .const_string_jumbo(1, "y")
            .const_wide(2, 1 << 40);
        m.invoke_virtual("La;", "g", "(IIIIII)V", &[0, 1, 2, 3, 4, 5])
            .invoke_custom(site, &[0]);
        m.invoke_polymorphic("LH;", "invoke", "([Ljava/lang/Object;)V", "(I)V", &[0, 1])
            .label("end");
        m.packed_switch(0, 1, &["start", "end"])
            .sparse_switch(0, &[(1, "end"), (9, "start")]);
        m.fill_array_data(0, 4, &[1, 2, 3, 4, 5, 6, 7, 8])
            .goto("end")
            .label("catch")
            .move_exception(0);
        m.return_(0)
            .try_("start", "end", &[(Some("LE;"), "catch"), (None, "catch")]);
    });
    class
        .annotate_method(note.clone())
        .annotate_parameters(vec![vec![note], vec![]]);
    class.declare("n", "()V", build::PUBLIC | build::NATIVE);
    dex.build()
}

#[test]
fn a_rich_sample_is_sound() {
    let bytes = rich();
    let dex = Dex::open(&bytes).dexes[0];
    assert_eq!(dex.verify(), []);
    assert!(
        dex.bodies()
            .all(|b| b.is_ok_and(|b| b.code.tries().all(|t| t.is_ok_and(|t| t.catches.count() == 2))))
    );
    assert!(read_all(&bytes) > 500);
}

#[test]
fn every_prefix_is_read_without_a_panic() {
    let bytes = rich();
    for len in 0..bytes.len() {
        assert!(read_all(&bytes[..len]) > 0);
    }
}

proptest::proptest! {
    #[test]
    fn any_change_of_a_sample_is_read_without_a_panic(
        changes in proptest::collection::vec((0_usize..4096, proptest::num::u8::ANY), 1..8),
        wrap in 0_u8..3,
    ) {
        let mut bytes = match wrap {
            0 => rich(),
            1 => odex(&rich()),
            _ => build::container(&[rich(), sample()]),
        };
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        read_all(&bytes);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
        read_all(&bytes);
        bytes.splice(..0, *b"dex\n035\0");
        read_all(&bytes);
    }
}
