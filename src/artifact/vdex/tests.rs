//! Each version as it is, and as it breaks.

use super::super::dex::build::DexBuilder;
use super::super::preopt::build::{Part, vdex};
use super::*;

fn dex(text: &str) -> Vec<u8> {
    let mut dex = DexBuilder::new();
    dex.class("La;").method("f", "()V", 1, |m| {
        m.const_string(0, text).return_void();
    });
    dex.build()
}

#[track_caller]
fn check(bytes: &[u8], files: usize, gaps: &[&str]) {
    let vdex = Vdex::open(bytes);
    let found: Vec<String> = vdex.gaps.iter().map(Gap::to_string).collect();
    assert_eq!(found, gaps);
    assert_eq!(vdex.files.len(), files);
}

fn has(dex: &Dex<'_>, text: &str) -> bool {
    dex.strings()
        .flatten()
        .any(|(_, string)| string == text.as_bytes())
}

#[test]
fn every_version_holds_its_dex_files() {
    let (one, two) = (dex("one"), dex("second"));
    for version in [6, 10, 19, 21, 27] {
        let bytes = vdex(version, &[Part::plain(&one), Part::plain(&two)]);
        let vdex = Vdex::open(&bytes);
        assert_eq!(vdex.gaps, []);
        assert_eq!(vdex.version, version);
        let sums: Vec<_> = vdex.files.iter().map(|file| file.checksum).collect();
        assert_eq!(sums, [Some(1), Some(2)]);
        let opened = vdex.dexes();
        assert_eq!(opened.gaps, []);
        assert!(has(&opened.dexes[0], "one") && has(&opened.dexes[1], "second"));
        assert!(opened.dexes.iter().all(|dex| dex.checksum().is_ok()));
    }
}

#[test]
fn compact_dex_files_share_their_data() {
    let one = dex("one");
    for version in [19, 21, 27] {
        let bytes = vdex(
            version,
            &[Part::compact(&one), Part::compact(&one), Part::plain(&one)],
        );
        let vdex = Vdex::open(&bytes);
        assert_eq!(vdex.gaps, []);
        let opened = vdex.dexes();
        assert_eq!(opened.gaps, []);
        assert!(
            opened
                .dexes
                .iter()
                .all(|dex| has(dex, "one") && dex.bodies().flatten().count() == 1)
        );
    }
}

#[test]
fn a_vdex_without_a_dex_section_is_whole() {
    let mut bytes = b"vdex021\x00000\0".to_vec();
    for n in [1_u32, 4, 0, 0, 0x1234, 0] {
        bytes.extend(n.to_le_bytes());
    }
    check(&bytes, 0, &[]);
    check(
        &vdex(27, &[])[..60],
        0,
        &["vdex: section_size at 0x24: truncated, needs 4 bytes, 0 left"],
    );
}

#[test]
fn what_is_cut_off_is_told_and_the_rest_is_kept() {
    let bytes = vdex(10, &[Part::plain(&dex("one")), Part::plain(&dex("two"))]);
    let first = Vdex::open(&bytes).files[0].end;
    check(
        &bytes[..first],
        1,
        &[
            "vdex: dex_size at 0x20: truncated, needs 776 bytes, 388 left",
            "vdex: dex files missing at 0x1a4: invalid value 0x1",
            "vdex: verifier_deps_size at 0x1a4: truncated, needs 4 bytes, 0 left",
            "vdex: quickening_info_size at 0x1a4: truncated, needs 8 bytes, 0 left",
        ],
    );
    check(
        b"vdex010",
        0,
        &["vdex: version at 0x4: truncated, needs 4 bytes, 3 left"],
    );
}

#[test]
fn a_count_that_is_too_large_or_too_small_is_told() {
    let mut bytes = vdex(10, &[Part::plain(&dex("one")), Part::plain(&dex("two"))]);
    bytes[8] = 1;
    let gaps = Vdex::open(&bytes).gaps;
    assert_eq!(gaps[0].what, "dex magic");
    bytes[8..12].fill(0xff);
    let vdex = Vdex::open(&bytes);
    assert_eq!(vdex.gaps[0].what, "number_of_dex_files");
    assert_eq!(vdex.files.len(), 0);
}
