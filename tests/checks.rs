//! What a format lets one check is checked: a package that was tampered with says so, and a sound one says nothing.

use std::io::{Cursor, Write as _};

use phonehome::rule::Rules;
use phonehome::scan::{Options, scan};

use crate::build::{dex, res};

/// Scans a package of these files; what its notices say.
fn notices(files: &[(&str, &[u8])]) -> Vec<String> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.apk");
    std::fs::write(&path, writer.finish().unwrap().into_inner()).unwrap();
    let report = scan(&path, &Options::default(), &Rules::bundled().unwrap(), &|_| {}).unwrap();
    report.notices.into_iter().map(|notice| notice.text).collect()
}

fn code() -> Vec<u8> {
    let mut dex = dex::DexBuilder::new();
    dex.class("La;").method("f", "()V", 1, |m| {
        m.const_string(0, "https://a.example.com/").return_void();
    });
    dex.build()
}

#[test]
fn a_dex_that_is_not_what_its_checksum_says_is_told() {
    let mut code = code();
    assert_eq!(notices(&[("classes.dex", &code)]), [""; 0]);
    let at = code.windows(3).position(|text| text == b"a.e").unwrap();
    code[at] = b'b';
    let told = notices(&[("classes.dex", &code)]);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("dex: checksum at 0x8: odd value"), "{told:?}");
}

#[test]
fn what_android_looks_up_by_name_has_to_be_what_it_expects() {
    let elf = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let head = &elf[..64];
    let told = |name: &str| {
        let all = notices(&[(name, head)]);
        all.into_iter()
            .any(|text| text.contains("magic of a file that is known by its name"))
    };
    for name in ["classes.dex", "classes2.dex"] {
        assert!(told(name), "{name}");
    }
    for name in ["assets/classes.dex", "classesx.dex", "lib.so", "classes.so"] {
        assert!(!told(name), "{name}");
    }
}

#[test]
fn strings_of_a_table_that_are_no_text_are_counted() {
    let table = |text: &str| {
        let mut table = res::TableBuilder::new(0x7f, "a.b");
        table.add("string", "a", text.into());
        table.build()
    };
    let sound = table("https://a.example.com/");
    assert_eq!(notices(&[("resources.arsc", &sound)]), [""; 0]);
    let at = |bytes: &[u8]| bytes.windows(3).position(|text| text == b"a.e").unwrap();
    let (mut broken, mut old) = (sound.clone(), sound.clone());
    broken[at(&sound)] = 0xff;
    let told = notices(&[("resources.arsc", &broken)]);
    assert_eq!(
        told,
        ["arsc: strings that are not UTF-8 at 0x0: odd value 0x1, read as Android reads it"]
    );
    // As tools of 2010 wrote what is beyond 16 bits.
    let start = at(&sound);
    old[start..start + 6].copy_from_slice(b"\xed\xa0\xbd\xed\xb8\x80");
    assert_eq!(notices(&[("resources.arsc", &old)]), [""; 0]);
}
