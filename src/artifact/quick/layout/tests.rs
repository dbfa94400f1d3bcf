//! Slots as each version of the runtime assigns them, and classes of which nothing is known.

use super::*;
use crate::artifact::dex::build::{ABSTRACT, DexBuilder, INTERFACE, PUBLIC};

fn names(layout: &Layout<'_>) -> Vec<String> {
    let own = layout.slots.iter().skip(OBJECT_METHODS.len());
    own.map(|slot| String::from_utf8_lossy(slot.signature.name).into_owned())
        .collect()
}

fn hierarchy() -> Vec<u8> {
    let mut dex = DexBuilder::new();
    for (name, methods) in [("LI;", &["i", "over"][..]), ("LJ;", &["j"])] {
        let interface = dex.class(name).access(PUBLIC | INTERFACE | ABSTRACT);
        for method in methods {
            interface.declare(method, "()V", PUBLIC | ABSTRACT);
        }
    }
    dex.class("LJ;").interface("LI;");
    let base = dex.class("La/Base;").access(PUBLIC | ABSTRACT).interface("LJ;");
    base.virtual_method("over", "()V", 1, |m| {
        m.return_void();
    });
    base.method_with("hidden", "()V", 0, 1, |m| {
        m.return_void();
    });
    for (name, superclass) in [
        ("La/Sub;", "La/Base;"),
        ("Lb/Sub;", "La/Base;"),
        ("Lc/Lost;", "Lc/Gone;"),
    ] {
        let class = dex.class(name).superclass(superclass);
        for method in ["hidden", "over", "sub"] {
            class.virtual_method(method, "()V", 1, |m| {
                m.return_void();
            });
        }
    }
    dex.build()
}

#[test]
fn slots_are_those_of_the_superclass_then_new_ones_then_those_of_interfaces() {
    let bytes = hierarchy();
    let own = ClassPath::new(Dex::open(&bytes).dexes);
    let none = ClassPath::default();
    for (rules, base, sub, other) in [
        (
            Rules::Dalvik,
            &["hidden", "over", "j", "i"][..],
            &["hidden", "over", "j", "i", "sub"][..],
            &["hidden", "over", "j", "i", "sub"][..],
        ),
        (
            Rules::Art6,
            &["hidden", "over", "j", "i"],
            &["hidden", "over", "j", "i", "sub"],
            // Another package cannot override what has no access of its own.
            &["hidden", "over", "j", "i", "hidden", "sub"],
        ),
        (
            Rules::Art7,
            &["hidden", "over", "j", "i"],
            &["hidden", "over", "j", "i", "sub"],
            &["hidden", "over", "j", "i", "hidden", "sub"],
        ),
    ] {
        let mut layouts = Layouts::new(&none, &own, rules);
        assert_eq!(names(&layouts.of(b"La/Base;").unwrap()), base, "{rules:?}");
        assert_eq!(names(&layouts.of(b"La/Sub;").unwrap()), sub, "{rules:?}");
        assert_eq!(names(&layouts.of(b"Lb/Sub;").unwrap()), other, "{rules:?}");
        assert_eq!(names(&layouts.of(b"LI;").unwrap()), [""; 0]);
        assert_eq!(layouts.of(b"[La/Sub;").unwrap().slots.len(), OBJECT_METHODS.len());
        assert!(layouts.of(b"Lc/Lost;").is_none());
        assert!(layouts.of(b"Lc/Gone;").is_none());
    }
}

#[test]
fn the_boot_class_path_counts_first_and_stand_ins_for_it_do_not() {
    let build = |methods: &[&str]| {
        let mut dex = DexBuilder::new();
        let class = dex.class("Landroid/x/C;");
        for method in methods {
            class.virtual_method(method, "()V", 1, |m| {
                m.return_void();
            });
        }
        dex.build()
    };
    let (app, device) = (build(&["b"]), build(&["a", "b"]));
    let own = ClassPath::new(Dex::open(&app).dexes);
    let boot = ClassPath::new(Dex::open(&device).dexes);
    let none = ClassPath::default();
    assert!(
        Layouts::new(&none, &own, Rules::Art6)
            .of(b"Landroid/x/C;")
            .is_none()
    );
    let layout = Layouts::new(&boot, &own, Rules::Art6).of(b"Landroid/x/C;");
    assert_eq!(names(&layout.unwrap()), ["a", "b"]);
}

#[test]
fn classes_and_interfaces_that_are_their_own_parents_are_not_known() {
    let mut dex = DexBuilder::new();
    dex.class("La;").superclass("Lb;");
    dex.class("Lb;").superclass("La;");
    for (name, parent) in [("LI;", "LJ;"), ("LJ;", "LI;")] {
        dex.class(name)
            .access(PUBLIC | INTERFACE | ABSTRACT)
            .interface(parent);
    }
    dex.class("Lc;").interface("LI;");
    let bytes = dex.build();
    let own = ClassPath::new(Dex::open(&bytes).dexes);
    let none = ClassPath::default();
    let mut layouts = Layouts::new(&none, &own, Rules::Art6);
    assert!(layouts.of(b"La;").is_none());
    assert!(layouts.of(b"Lc;").is_none());
}
