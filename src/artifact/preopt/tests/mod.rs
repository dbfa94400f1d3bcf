//! Files with everything that an installer optimises, in every version: what is in them, what becomes of it, what
//! breaks.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "offsets of a sample built here"
)]

mod slots;

use std::slice;

use crate::bytes::Gap;

use super::super::dex::build::{DexBuilder, fix_checksum, odex};
use super::super::dex::{Op, disassemble};
use super::build::{Part, Quickened, oat, vdex};
use super::*;

/// Without a boot class path.
fn restore(file: &Bytes) -> Restored {
    let none = ClassPath::default();
    super::restore(file, || &none)
}

/// A dex with all that ART optimises.
fn sample() -> Vec<u8> {
    let mut dex = DexBuilder::new();
    let class = dex.class("La;");
    class
        .instance_field("o", "Ljava/lang/String;")
        .instance_field("i", "I");
    class.virtual_method("f", "(J)V", 6, |m| {
        m.iget(0, 3, "La;", "o", "Ljava/lang/String;")
            .check_cast(0, "Ljava/lang/String;")
            .iput(0, 3, "La;", "o", "Ljava/lang/String;")
            .invoke_virtual("La;", "f", "(J)V", &[3, 4, 5])
            .invoke_virtual("La;", "g", "(IIIIII)V", &[0, 1, 2, 3, 4, 5])
            .packed_switch(0, 1, &["end"])
            .label("end")
            .nop()
            .return_void();
    });
    class.method("h", "()V", 1, |m| {
        m.const_string(0, "http://x").return_void();
    });
    dex.build()
}

/// What `dex` says, line by line.
fn text(dex: &Dex<'_>) -> Vec<String> {
    let bodies = dex.bodies().map(Result::unwrap);
    let lines = bodies.flat_map(|body| body.code.insns());
    lines.map(|insn| disassemble(dex, &insn)).collect()
}

/// Optimises a part as an installer does: slots and offsets are made up. `table` is whether the
/// indices are kept.
fn quicken(part: &Part, vdex_of: impl Fn(&Part) -> Vec<u8>) -> Part {
    let file = vdex_of(part);
    let found = Vdex::open(&file);
    assert_eq!(found.gaps, []);
    let dex = found.dexes().dexes[0];
    let base = dex.base();
    let mut quick = part.clone();
    for body in dex.bodies().map(Result::unwrap) {
        let mut insns = Vec::new();
        for insn in body.code.insns() {
            let at = base + body.code.start() as usize + 2 * insn.pc as usize;
            let index = insn.unit(1);
            let op = match insn.op {
                Op::NOP => {
                    insns.push((insn.pc, vec![0xffff]));
                    continue;
                }
                Op::CHECK_CAST => {
                    insns.push((insn.pc, vec![insn.a(), index]));
                    write(&mut quick, base, at, &[0; 4]);
                    continue;
                }
                Op::RETURN_VOID => {
                    write(&mut quick, base, at, &[0x73]);
                    continue;
                }
                Op::IGET_OBJECT => 0xe5,
                Op::IPUT_OBJECT => 0xe8,
                Op::INVOKE_VIRTUAL => 0xe9,
                Op::INVOKE_VIRTUAL_RANGE => 0xea,
                _ => continue,
            };
            insns.push((insn.pc, vec![index]));
            let [_, registers] = insn.unit(0).to_le_bytes();
            write(&mut quick, base, at, &[op, registers, 0x77, 0]);
        }
        // A method without anything optimised has no entry, though a nop may be in it.
        if insns.iter().all(|(_, list)| list[0] == 0xffff) {
            insns.clear();
        }
        quick.methods.push(Quickened {
            index: body.method.index,
            code_off: body.method.code_off,
            insns,
        });
    }
    quick
}

fn write(part: &mut Part, base: usize, at: usize, bytes: &[u8]) {
    let target = part.data.as_mut().unwrap_or(&mut part.main);
    target[at - base..][..bytes.len()].copy_from_slice(bytes);
}

fn only_gap(gaps: &[Gap]) -> String {
    let [gap] = gaps else { panic!("{gaps:?}") };
    gap.to_string()
}

#[test]
fn every_version_tells_what_was_optimised() {
    let dex = sample();
    let before = text(&Dex::open(&dex).dexes[0]);
    for version in [6, 10, 19, 21] {
        for plain in [true, false] {
            if !plain && version < 19 {
                continue;
            }
            let part = if plain {
                Part::plain(&dex)
            } else {
                Part::compact(&dex)
            };
            let quick = quicken(&part, |part| vdex(27, slice::from_ref(part)));
            let other = quicken(&Part::plain(&dex), |part| vdex(27, slice::from_ref(part)));
            let file = Bytes::from(vdex(version, &[quick, other]));
            let opened = open(&file);
            assert_eq!((opened.dexes.len(), opened.gaps), (2, vec![]));
            assert!(text(&opened.dexes[0]).contains(&"iput-object-quick v0, v3, [obj+0077]".into()));
            let restored = restore(&file);
            assert_eq!(restored.gaps, [], "{version}");
            // Five with an index and two returns, twice.
            assert_eq!((restored.undone, restored.left), (14, 0), "{version}");
            for dex in open(&restored.bytes).dexes {
                assert_eq!(text(&dex), before, "{version}");
                assert_eq!(dex.checksum(), Ok(()), "{version}");
            }
        }
    }
}

#[test]
fn a_file_with_nothing_optimised_is_not_copied() {
    let dex = sample();
    for file in [
        dex.clone(),
        vdex(27, &[Part::plain(&dex)]),
        vdex(10, &[Part::plain(&dex)]),
        oat(88, 0x1000, slice::from_ref(&dex)),
        odex(&dex),
        b"\x7fELF".to_vec(),
        Vec::new(),
    ] {
        let file = Bytes::from(file);
        let restored = restore(&file);
        assert_eq!(restored.gaps, []);
        assert!(std::ptr::eq(&*restored.bytes, &*file));
    }
}

#[test]
fn an_index_out_of_range_is_left_and_told() {
    let mut quick = quicken(&Part::plain(&sample()), |part| vdex(27, slice::from_ref(part)));
    let first = quick.methods.iter_mut().find(|m| !m.insns.is_empty()).unwrap();
    first.insns[0].1[0] = 0x5555;
    let restored = restore(&Bytes::from(vdex(10, &[quick])));
    assert_eq!((restored.undone, restored.left), (6, 1));
    assert!(only_gap(&restored.gaps).contains("optimised instructions whose index is out of range"));
    assert_eq!(
        restored.unknown.unwrap().what,
        "optimised instructions whose field or method is not known"
    );
}

#[test]
fn a_table_that_is_cut_off_leaves_the_rest_and_tells_so() {
    let quick = quicken(&Part::plain(&sample()), |part| vdex(27, slice::from_ref(part)));
    for version in [6, 10, 19] {
        let whole = vdex(version, std::slice::from_ref(&quick));
        let restored = restore(&Bytes::from(whole[..whole.len() - 12].to_vec()));
        assert!(restored.left > 0, "{version}");
        assert!(restored.unknown.is_some());
    }
}

#[test]
fn an_oat_has_no_table_so_calls_by_slot_are_counted() {
    let quick = quicken(&Part::plain(&sample()), |part| vdex(27, slice::from_ref(part)));
    let file = Bytes::from(oat(64, 0x1000, &[quick.main]));
    let restored = restore(&file);
    assert_eq!((restored.undone, restored.left), (2, 4));
    assert_eq!(restored.gaps, []);
    assert_eq!(
        restored.unknown.unwrap().to_string(),
        "oat: optimised instructions whose field or method is not known at 0x11c0: unsupported value 0x4"
    );
    let lines = text(&open(&restored.bytes).dexes[0]);
    assert!(lines.contains(&"invoke-virtual-quick {v3, v4, v5}, [0077] // vtable #0077".into()));
    assert!(lines.contains(&"return-void".into()));
}

#[test]
fn a_version_that_is_not_known_is_searched_for_dex_files() {
    let mut file = vdex(10, &[Part::plain(&sample()), Part::plain(&sample())]);
    file[4..7].copy_from_slice(b"015");
    let opened = open(&file);
    assert_eq!(
        only_gap(&opened.gaps),
        "vdex: version at 0x4: unsupported value 0x353130"
    );
    assert_eq!(opened.dexes.len(), 2);
}

/// Reads all that there is.
fn read_all(bytes: &[u8]) -> usize {
    let restored = restore(&Bytes::from(bytes.to_vec()));
    assert_eq!(restored.bytes.len(), bytes.len());
    let opened = open(&restored.bytes);
    let mut seen = opened.gaps.len() + restored.gaps.len();
    for dex in opened.dexes {
        seen += dex.verify().len() + dex.strings().count();
        for body in dex.bodies().flatten() {
            seen += body.code.insns().count() + body.code.tries().count();
            seen += dex.debug_info_off(body.method.index, &body.code) as usize % 2;
        }
    }
    seen
}

fn samples() -> Vec<Vec<u8>> {
    let dex = sample();
    let plain = Part::plain(&dex);
    let quick = quicken(&plain, |part| vdex(27, slice::from_ref(part)));
    let compact = quicken(&Part::compact(&dex), |part| vdex(27, slice::from_ref(part)));
    let mut all: Vec<Vec<u8>> = [6, 10].map(|v| vdex(v, slice::from_ref(&quick))).into();
    all.extend([19, 21].map(|v| vdex(v, &[compact.clone(), quick.clone()])));
    all.extend([
        vdex(27, &[plain]),
        oat(64, 0x100, slice::from_ref(&dex)),
        odex(&quick.main),
    ]);
    all.push(super::build::Compact::of(&dex).join());
    all
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    for sample in samples() {
        for len in 0..sample.len() {
            read_all(&sample[..len]);
        }
        let mut flipped = sample.clone();
        for at in 0..sample.len() {
            for bit in [0x01, 0x80, 0xff] {
                flipped[at] ^= bit;
                read_all(&flipped);
                flipped[at] ^= bit;
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_change_is_survived(
        changes in proptest::collection::vec((0_usize..8192, proptest::num::u8::ANY), 1..8),
        which in 0_usize..8,
    ) {
        let mut bytes = samples().swap_remove(which);
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        read_all(&bytes);
    }
}

#[test]
fn the_checksum_is_that_of_the_dex_before_it_was_optimised() {
    let mut dex = sample();
    fix_checksum(&mut dex);
    let quick = quicken(&Part::plain(&dex), |part| vdex(27, slice::from_ref(part)));
    assert!(Dex::open(&quick.main).dexes[0].checksum().is_err());
    let restored = restore(&Bytes::from(vdex(21, &[quick])));
    assert_eq!(open(&restored.bytes).dexes[0].checksum(), Ok(()));
}
