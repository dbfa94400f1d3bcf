//! Images that tools have written: samples, the corpus, the mkfs.erofs at hand.

use std::path::Path;

use super::*;
use crate::unpack::fs::corpus;

/// A checked-in image; all of them hold the same tree.
pub(super) fn sample(case: &str) -> Vec<u8> {
    match case {
        "plain" => include_bytes!("../../../../../samples/erofs/plain/in.bin").to_vec(),
        "chunks" => include_bytes!("../../../../../samples/erofs/chunks/in.bin").to_vec(),
        "lz4" => include_bytes!("../../../../../samples/erofs/lz4/in.bin").to_vec(),
        "full" => include_bytes!("../../../../../samples/erofs/full/in.bin").to_vec(),
        "dedupe" => include_bytes!("../../../../../samples/erofs/dedupe/in.bin").to_vec(),
        "fragments" => include_bytes!("../../../../../samples/erofs/fragments/in.bin").to_vec(),
        _ => include_bytes!("../../../../../samples/erofs/metabox/in.bin").to_vec(),
    }
}

const SAMPLES: [&str; 7] = ["plain", "chunks", "lz4", "full", "dedupe", "fragments", "metabox"];

#[test]
fn every_layout_holds_the_same_files() {
    let plain = list(sample("plain"));
    let expect = corpus::hashes(&plain);
    assert_eq!(expect.len(), 14);
    for case in SAMPLES {
        let listing = list(sample(case));
        assert_eq!(gaps(&listing), Vec::<String>::new(), "{case}");
        assert_eq!(corpus::hashes(&listing), expect, "{case}");
        assert_eq!(listing.links, plain.links, "{case}");
    }
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    for case in SAMPLES {
        let whole = sample(case);
        for cut in (0..whole.len()).step_by(61) {
            corpus::survive(&Erofs, whole[..cut].to_vec());
        }
        let step = (whole.len() / 500).max(1);
        for at in (1024..whole.len()).step_by(step) {
            for bit in [0x80, 0x01] {
                let mut data = whole.clone();
                data[at] ^= bit;
                corpus::survive(&Erofs, data);
            }
        }
    }
}

#[test]
fn the_images_of_the_corpus_hold_their_tree() {
    let Some(synth) = corpus::synth() else { return };
    let mut found = 0;
    for entry in std::fs::read_dir(&synth).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("erofs-") && name.ends_with(".img") {
            corpus::compare(&Erofs, Blob::open(&path).unwrap(), &synth);
            found += 1;
        }
    }
    assert!(found >= 16);
}

/// The tree as mkfs.erofs, of whatever version there is, packs it.
#[test]
fn what_mkfs_writes_is_read_back() {
    let root = corpus::tree();
    let expect = corpus::folder(root.path());
    let temp = tempfile::tempdir().unwrap();
    let image = temp.path().join("image");
    let cases: [&[&str]; 5] = [
        &[],
        &["--chunksize=4096"],
        &["-zlz4"],
        &["-zlz4hc,9", "-C65536"],
        &["-zlz4hc,9", "-Elegacy-compress"],
    ];
    for options in cases {
        let _ = std::fs::remove_file(&image);
        let ends: [&Path; 2] = [&image, root.path()];
        let ends = ends.map(|path| path.to_str().unwrap());
        let arguments = [&["-T0"], options, &ends].concat();
        if !corpus::run("mkfs.erofs", &arguments, &[0]) {
            return;
        }
        let listing = list(std::fs::read(&image).unwrap());
        assert_eq!(gaps(&listing), Vec::<String>::new(), "{options:?}");
        assert_eq!(corpus::hashes(&listing), expect, "{options:?}");
    }
}
