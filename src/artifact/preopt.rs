//! Code as a ROM keeps it: what was checked, compiled or optimised when the ROM was built (AOSP's
//! *dexpreopt*), in whatever file it is.
//!
//! | Android | beside the package | with the dex in it as |
//! |---|---|---|
//! | to 4.4 | odex | optimised by Dalvik, [`dex`](super::dex) |
//! | 5 to 7 | odex or oat, both ELF | a dex, here and there optimised, [`oat`] |
//! | 8 and later | odex (ELF) and vdex | in the vdex, optimised until 11, [`vdex`] |
//!
//! Two steps, since what was optimised is put back in a copy: [`restore`] gives the file with its
//! instructions as the package had them, [`open`] the dex files in it. Both take any file: of one that keeps
//! no code, or only plain dex, they change nothing.

#[cfg(test)]
#[path = "../../tests/build/preopt.rs"]
pub(crate) mod build;

use crate::bytes::Bytes;

use super::dex::{Dex, Opened};
use super::elf::Elf;
use super::oat::{self, Oat};
pub use super::quick::{ClassPath, Restored, is_form_of};
use super::quick::{Layouts, Restorer, Rules, needs_classes};
use super::vdex::{self, Vdex};

/// The name under which gaps of Dalvik's files are reported.
const ODEX: &str = "odex";

/// The dex files in `data`: of a dex, a compact dex, an odex, a vdex, or an ELF file that is an oat. Offsets
/// in gaps count from the start of the dex where a dex is meant, from that of the file otherwise.
pub fn open(data: &[u8]) -> Opened<'_> {
    if Vdex::sniff(data) {
        let vdex = Vdex::open(data);
        let mut opened = vdex.dexes();
        opened.gaps.splice(..0, vdex.gaps);
        return opened;
    }
    if !Elf::sniff(data) {
        return Dex::open(data);
    }
    match Oat::open(data) {
        Some(oat) => {
            let mut opened = oat.dexes();
            opened.gaps.splice(..0, oat.gaps);
            opened
        }
        None => Opened::default(),
    }
}

/// The file with its optimised instructions as they were before, as far as that can be known; the rest is
/// counted in a gap.
///
/// A vdex tells it in tables. In an odex or oat it follows from the classes that an instruction works on: of
/// those in the file itself and in `boot`, what the boot class path of the same ROM defines; that is asked for
/// where something in the file depends on it. It has to be all of it, from the same build: where a class
/// differs its slots do. If the code does not fit it, it is not used.
pub fn restore<'p>(file: &Bytes, boot: impl FnOnce() -> &'p ClassPath) -> Restored {
    if Vdex::sniff(file) {
        return restore_vdex(file);
    }
    if file.starts_with(b"dey\n") {
        let parts: Vec<_> = Dex::open(file).dexes.into_iter().map(|dex| (dex, 0)).collect();
        return by_class(file, ODEX, &parts, boot, Rules::Dalvik);
    }
    let oat = Elf::sniff(file).then(|| Oat::open(file)).flatten();
    let Some(oat) = oat else {
        return Restored::unchanged(file);
    };
    let mut parts = Vec::new();
    for part in &oat.files {
        let start = part.range.map_or(0, |(start, _)| start);
        parts.extend(oat.dex(part).dexes.into_iter().map(|dex| (dex, start)));
    }
    let rules = match oat.version {
        ..50 => Rules::Art5,
        50..70 => Rules::Art6,
        _ => Rules::Art7,
    };
    by_class(file, oat::FORMAT, &parts, boot, rules)
}

/// Writes back dex files without tables; each with the byte of the file that it starts at.
fn by_class<'p>(
    file: &Bytes,
    format: &'static str,
    parts: &[(Dex<'_>, usize)],
    boot: impl FnOnce() -> &'p ClassPath,
    rules: Rules,
) -> Restored {
    let dexes = || parts.iter().map(|(dex, _)| *dex);
    let (none, mut own) = (ClassPath::default(), ClassPath::default());
    let mut boot_or_none = &none;
    if dexes().any(|dex| needs_classes(&dex)) {
        own = ClassPath::new(dexes());
        boot_or_none = boot();
    }
    let run = |boot: &ClassPath| {
        let mut layouts = Layouts::new(boot, &own, rules);
        let mut restorer = Restorer::new(file, format);
        for (dex, start) in parts {
            restorer.by_class(dex, *start, &mut layouts);
        }
        restorer
    };
    let restorer = run(boot_or_none);
    let Some(misfit) = restorer.misfit() else {
        return restorer.finish();
    };
    // Another ROM's classes: better none than wrong ones.
    let mut restorer = run(&none);
    restorer.gap(misfit);
    restorer.finish()
}

fn restore_vdex(file: &Bytes) -> Restored {
    let vdex = Vdex::open(file);
    if !vdex.may_be_quickened() {
        return Restored::unchanged(file);
    }
    let mut restorer = Restorer::new(file, vdex::FORMAT);
    let mut infos = vdex.infos();
    for (i, part) in vdex.files.iter().enumerate() {
        if let Err(gap) = infos.dex(i, part) {
            restorer.gap(gap);
        }
        for dex in vdex.dex(part).dexes {
            for body in dex.bodies() {
                // What cannot be read is told by whoever reads the code next.
                let Ok(body) = body else {
                    infos.skip();
                    continue;
                };
                let info = infos.of(&body);
                restorer.method(&dex, &body.code, part.start, info);
            }
        }
    }
    restorer.finish()
}

/// The version in a magic as a number; `None` where it is none.
pub(super) fn number([a, b, c, nul]: [u8; 4]) -> Option<u32> {
    let digits = [a, b, c];
    let right = nul == 0 && digits.iter().all(u8::is_ascii_digit);
    right.then(|| {
        let value = |d: &u8| u32::from(d.saturating_sub(b'0'));
        digits
            .iter()
            .fold(0, |n: u32, d| n.saturating_mul(10).saturating_add(value(d)))
    })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "offsets of a sample built here"
    )]

    use std::slice;

    use crate::bytes::Gap;

    use super::super::dex::build::{Asm, DexBuilder, Ref, fix_checksum, odex};
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

    /// A dex whose calls and accesses are written as Dalvik does: slots and offsets are those of its classes.
    fn dalvik() -> (Vec<u8>, Vec<u8>) {
        let build = |quick: bool| {
            let mut dex = DexBuilder::new();
            let base = dex.class("La/Base;");
            base.instance_field("n", "Z").instance_field("next", "La/Sub;");
            base.virtual_method("f", "(J)La/Sub;", 4, |m| {
                m.return_object(1);
            });
            dex.class("La/Other;").superclass("La/Base;");
            let sub = dex.class("La/Sub;").superclass("La/Base;");
            sub.virtual_method("g", "()V", 1, |m| {
                m.return_void();
            });
            let optimised = |m: &mut Asm, op: u16, number: u16, at: u8, plain: &dyn Fn(&mut Asm)| {
                if quick {
                    m.raw(&[op | u16::from(at) << 8, number]);
                } else {
                    plain(m);
                }
            };
            sub.virtual_method("test", "(La/Base;)V", 6, |m| {
                m.const_string(2, "x").const_wide(0, 1);
                if quick {
                    // execute-inline String.length, invoke-super-quick f, then move-result-object
                    m.raw(&[0x10ee, 6, 2]).raw(&[0x30fa, 11, 0x104]).raw(&[0x030c]);
                } else {
                    m.invoke_virtual("Ljava/lang/String;", "length", "()I", &[2]);
                    m.invoke_super("La/Base;", "f", "(J)La/Sub;", &[4, 0, 1])
                        .move_result_object(3);
                }
                // Where the two ways meet it is a base, whose field is next of kin again.
                m.if_eqz(0, "other").move_object(3, 4).goto("meet");
                m.label("other").new_instance(3, "La/Other;").label("meet");
                optimised(m, 0x00f4, 8, 0x33, &|m| {
                    m.iget(3, 3, "La/Base;", "next", "La/Sub;");
                });
                optimised(m, 0x00f5, 12, 0x32, &|m| {
                    m.op_22c(0x5c, 2, 3, Ref::Field("La/Base;".into(), "n".into(), "Z".into()));
                });
                if quick {
                    m.raw(&[0x10f8, 12, 3]).raw(&[0x01f9, 12, 5]);
                } else {
                    m.invoke_virtual("La/Sub;", "g", "()V", &[3]);
                    m.op_3rc(
                        0x74,
                        5,
                        1,
                        Ref::Method("La/Sub;".into(), "g".into(), "()V".into()),
                    );
                }
                m.return_void();
            });
            // Names what the optimised form does not.
            dex.class("La/Zz;").method("names", "(La/Sub;)V", 3, |m| {
                m.invoke_virtual("La/Sub;", "g", "()V", &[2]);
                m.invoke_virtual("La/Base;", "f", "(J)La/Sub;", &[2, 0, 1]);
                m.invoke_virtual("Ljava/lang/String;", "length", "()I", &[2]);
                m.iget(0, 2, "La/Base;", "n", "Z")
                    .iget(0, 2, "La/Base;", "next", "La/Sub;");
                m.return_void();
            });
            dex.build()
        };
        (build(false), build(true))
    }

    #[test]
    fn slots_and_offsets_are_resolved_by_the_classes_of_registers() {
        let (plain, quick) = dalvik();
        let file = Bytes::from(odex(&quick));
        let restored = restore(&file);
        // The last call is on a register whose class is the base, so its slot is beyond that.
        assert_eq!((restored.undone, restored.left), (5, 1));
        let mut expect = text(&Dex::open(&plain).dexes[0]);
        let last = expect
            .iter_mut()
            .find(|line| line.starts_with("invoke-virtual/range"))
            .unwrap();
        *last = "invoke-virtual-quick/range {v5}, [000c] // vtable #000c".into();
        assert_eq!(text(&open(&restored.bytes).dexes[0]), expect);
    }

    #[test]
    fn a_boot_class_path_of_another_build_is_not_used() {
        let (_, quick) = dalvik();
        // The same classes, but in this build the base has one method more.
        let mut other = DexBuilder::new();
        let base = other.class("La/Base;");
        base.virtual_method("added", "()V", 1, |m| {
            m.return_void();
        });
        base.virtual_method("f", "(J)La/Sub;", 4, |m| {
            m.return_object(1);
        });
        let other = other.build();
        let boot = ClassPath::new(Dex::open(&other).dexes);
        let file = Bytes::from(odex(&quick));
        let restored = super::restore(&file, || &boot);
        assert_eq!((restored.undone, restored.left), (5, 1));
        assert_eq!(
            restored.gaps[0].what,
            "optimised instructions that do not fit the boot class path"
        );
    }
}
