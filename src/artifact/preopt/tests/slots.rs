//! Code of Dalvik, which has slots and offsets and no table: it is understood by the classes of registers.

use super::super::super::dex::Dex;
use super::super::super::dex::build::{Asm, DexBuilder, Ref, odex};
use super::super::{ClassPath, open};
use super::{restore, text};
use crate::bytes::Bytes;

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
    let restored = super::super::restore(&file, || &boot);
    assert_eq!((restored.undone, restored.left), (5, 1));
    assert_eq!(
        restored.gaps[0].what,
        "optimised instructions that do not fit the boot class path"
    );
}
