//! Code that nobody compiled: too large, too often, of an optimiser, damaged.

use proptest::prelude::*;

use super::*;

#[test]
fn code_of_an_optimiser_is_walked_past() {
    let file = dex(|dex| {
        dex.class("La;").method("m", "()V", 3, |c| {
            // execute-inline, iget-quick, invoke-virtual-quick, and a byte that no version assigns.
            c.raw(&[0x10ee, 1, 0, 0x10f2, 8, 0x10f8, 3, 0, 0x0043, 0x000e]);
        });
    });
    let mut odex = b"dey\n036\0".to_vec();
    odex.extend(40_u32.to_le_bytes());
    odex.extend(u32::try_from(file.len()).unwrap().to_le_bytes());
    odex.resize(40, 0);
    odex.extend(&file);
    with_reading(&odex, |reading, _| assert_eq!(reading.methods().1, 1));
}

#[test]
fn a_method_too_large_to_interpret_is_a_gap_and_the_others_are_read() {
    let file = dex(|dex| {
        let class = dex.class("La;");
        class.method("huge", "()V", 2, |c| {
            c.const_string(0, "http://a/").raw(&vec![0; 70_000]);
            url(c, 1, 0);
            c.return_void();
        });
        class.method("m", "()V", 2, |c| {
            c.const_string(0, "http://b/");
            url(c, 1, 0);
            c.return_void();
        });
    });
    assert_eq!(lines(std::slice::from_ref(&file)), ["m: <init> \"http://b/\""]);
    with_reading(&file, |reading, _| {
        let gaps: Vec<_> = reading.gaps().iter().map(|(_, gap)| gap.what.as_ref()).collect();
        assert_eq!(gaps, ["method to interpret"]);
        assert_eq!(
            reading
                .string_uses()
                .filter(|used| used.hot && !used.part)
                .count(),
            2
        );
    });
}

#[test]
fn a_long_string_loaded_a_thousand_times_is_told_a_few_times() {
    let long = format!("http://a/{}", "x".repeat(30_000));
    let file = dex(|dex| {
        dex.class("La;").method("m", "()V", 1, |c| {
            for _ in 0..1000 {
                c.const_string(0, &long);
            }
            c.return_void();
        });
    });
    with_reading(&file, |reading, _| assert_eq!(reading.string_uses().count(), 4));
}

#[test]
fn a_switch_with_many_registers_is_refused_before_its_states_fill_memory() {
    let file = dex(|dex| {
        dex.class("La;").method("m", "(I)V", 60_000, |c| {
            c.const_string(0, "http://a/");
            for n in 0..200 {
                c.if_eqz(1, &format!("l{n}")).label(&format!("l{n}"));
            }
            url(c, 1, 0);
            c.return_void();
        });
    });
    with_reading(&file, |reading, _| assert_eq!(reading.gaps().len(), 1));
}

fn rich() -> Vec<u8> {
    dex(|dex| {
        let class = dex.class("La;");
        class.static_field("host", STRING, Some(Value::string("http://a/")));
        class.method("read", "(Ljava/lang/String;Z)Z", 3, |c| {
            c.invoke_interface(PREFERENCES, "getBoolean", GET_BOOLEAN, &[0, 1, 2])
                .move_result(0)
                .return_(0);
        });
        class.method("m", "(I)V", 4, |c| {
            builder(c, 0);
            c.sget(1, "La;", "host", STRING).label("start");
            append(c, 0, 1);
            c.label("end").const_string(2, "x=1&").label("again");
            append(c, 0, 2);
            c.packed_switch(3, 0, &["again", "out"]).label("out");
            to_string(c, 0, 0);
            url(c, 1, 0);
            c.const_string(0, "some_key").const_int(1, 1);
            c.invoke_static("La;", "read", "(Ljava/lang/String;Z)Z", &[0, 1])
                .move_result(0)
                .return_void();
            c.label("caught").move_exception(0).throw(0);
            c.try_("start", "end", &[(None, "caught")]);
        });
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn damage_never_panics(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut file = rich();
        for (at, byte) in flips {
            let at = at.index(file.len());
            file[at] = byte;
        }
        with_reading(&file, |reading, _| {
            let _ = (reading.calls().count(), reading.wrapper_calls().len(), reading.string_uses().count());
            for call in reading.calls() {
                let _ = (reading.lines(call.at), reading.class(call.at), reading.method(call.at));
            }
        });
    }

    #[test]
    fn a_file_cut_short_never_panics(len in any::<prop::sample::Index>()) {
        let file = rich();
        let len = len.index(file.len());
        with_reading(&file[..len], |reading, _| {
            let _ = (reading.calls().count(), reading.unused_strings().count());
        });
    }
}
