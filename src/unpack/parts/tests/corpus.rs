//! Images of the corpus, compared with what a script makes of them.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::*;
use crate::unpack::{folder, registry, zip};

/// Every image of the corpus, as a script that knows only the specification writes it.
const IMAGES: &[(&str, &str, &str)] = &[
    ("images/synth/blockota-v1", "system.img", EXT4),
    ("images/synth/blockota-v2", "system.img", EXT4),
    ("images/synth/blockota-v3", "system.img", EXT4),
    ("images/synth/blockota-v4", "system.img", EXT4),
    ("images/synth/blockota-split", "system.img", EXT4),
    ("images/synth", "ext4-split.img", EXT4),
    (
        "images/synth",
        "super.img",
        "a68a5da35084e1b5b4ea4b2440afffd8c9aecb172de1118615dc348af9a2887a",
    ),
    (
        "images/blockota-iris-hp4024",
        "private.img",
        "a3f62993e13316fbfa66d6646da2a60fae066b5875b38620e4f4377ef4b109da",
    ),
    (
        "roms/hm5-9.6.27.zip",
        "system.img",
        "24381d7c5265ccd3f1f9afadfd1f030d6cd3c55e5f20afad04f406e1c9cab9f1",
    ),
    (
        "roms/hm5-9.6.27.zip",
        "vendor.img",
        "fb407bb72a4270ad6e19352ba547642f610e8e9165b5d19331f83ebfbb07b90b",
    ),
    (
        "roms/mi3-V10.1.1.0.MXDCNFI.zip",
        "system.img",
        "00fbc5431ac9056230340761e18a121721e327c8876779bd2cd4ca7d013b4468",
    ),
];
const EXT4: &str = "efc15460b5f0b45922c874e8bd0445cd3a02d67c7993559d1d035e8178a72c94";

fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from);
    if corpus.is_none() {
        println!("not run: PHONEHOME_CORPUS is not set");
    }
    corpus
}

fn open(path: &Path, budget: &Budget) -> Listing {
    let mut listing = if path.is_dir() {
        folder::list(path, budget)
    } else {
        registry::Format::list(&zip::Zip, &Blob::open(path).unwrap(), "", budget)
    };
    join(&mut listing, budget);
    listing
}

#[test]
fn images_of_the_corpus_are_what_a_script_makes_of_them() {
    let Some(corpus) = corpus() else { return };
    for (path, name, expect) in IMAGES {
        let listing = open(&corpus.join(path), &Budget::default());
        let entry = listing.entries.iter().find(|entry| *entry.name == **name);
        let image = entry
            .unwrap_or_else(|| panic!("{path}: no {name}"))
            .data
            .blob()
            .unwrap();
        let mut hash = Sha256::new();
        let mut reader = image.reader();
        while let Some(len) = Some(reader.fill_buf().unwrap().len()).filter(|len| *len > 0) {
            hash.update(reader.fill_buf().unwrap());
            reader.consume(len);
        }
        let got: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!((got, *name), ((*expect).to_string(), *name), "{path}");
        let told: Vec<String> = listing
            .notices
            .iter()
            .filter(|remark| remark.entry.as_deref() == Some(*name))
            .map(|remark| remark.gap.to_string())
            .collect();
        assert!(told.is_empty(), "{path}: {told:?}");
    }
}
