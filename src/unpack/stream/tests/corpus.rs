//! Streams of the corpus, compared with what the tools make of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::*;

fn hex(data: &[u8]) -> String {
    data.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn the_corpus_is_unpacked_as_the_tools_do() {
    use sha2::Digest as _;
    let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from) else {
        eprintln!("did not run: PHONEHOME_CORPUS is not set");
        return;
    };
    let images = corpus.join("images");
    // As xz 5.4, lz4 1.9 and others unpack them.
    for (name, expect) in [
        ("synth/ext4-android.img.br", "efc15460b5f0"),
        ("synth/ext4-android.img.bz2", "efc15460b5f0"),
        ("synth/ext4-android.img.gz", "efc15460b5f0"),
        ("synth/ext4-android.img.lz4", "efc15460b5f0"),
        ("synth/ext4-android.img.lz4legacy", "efc15460b5f0"),
        ("synth/ext4-android.img.lzma", "efc15460b5f0"),
        ("synth/ext4-android.img.xz", "efc15460b5f0"),
        ("synth/ext4-android.img.zst", "efc15460b5f0"),
        ("synth/f2fs-compr.img.lz4", "8e6748208d90"),
        ("synth/f2fs-inline-xattr.img.lz4", "d4272f1a04ee"),
        ("synth/f2fs.img.lz4", "8bfa62615cb1"),
        ("synth/super-raw.img.lz4", "a68a5da35084"),
        ("synth/super.img.0.lz4", "27d70d7297ab"),
        ("synth/super.img.1.lz4", "1554628b08c1"),
        ("synth/super.img.2.lz4", "a387634dbfc0"),
        ("synth/super.img.3.lz4", "a1dd5854c4a5"),
        ("samsung-lz4/dtbo.img.lz4", "e261a073d32e"),
        ("samsung-lz4/init_boot.img.lz4", "a50239315fe3"),
        ("samsung-lz4/vbmeta.img.lz4", "4d48f9dad688"),
        ("samsung-lz4/vbmeta_system.img.lz4", "b18c95587aad"),
    ] {
        let (bytes, gaps) = unpacked(name, &fs::read(images.join(name)).unwrap(), &Budget::default());
        assert_eq!(gaps, [], "{name}");
        assert!(hex(&sha2::Sha256::digest(&bytes)).starts_with(expect), "{name}");
    }
}

#[test]
fn the_corpus_is_walked_through_its_streams() {
    use sha2::Digest as _;
    let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from) else {
        eprintln!("did not run: PHONEHOME_CORPUS is not set");
        return;
    };
    let synth = corpus.join("images/synth");
    let files = |path: &std::path::Path| -> BTreeMap<String, (usize, String)> {
        let budget = Budget::default();
        let tree = crate::unpack::walk(path, &budget).unwrap();
        let leaves = tree.leaves.iter().map(|leaf| {
            let read = leaf.read(&budget);
            assert_eq!(read.gaps, [], "{}", leaf.place().physical());
            let sum = hex(&sha2::Sha256::digest(&*read.bytes));
            (leaf.place().physical().to_string(), (read.bytes.len(), sum))
        });
        leaves.collect()
    };
    let table = fs::read_to_string(synth.join("expected.tsv")).unwrap();
    for (name, inner) in [
        ("tree.tar", ""),
        ("tree.tgz", "/tree.tar"),
        ("tree.txz", "/tree.tar"),
    ] {
        let found = files(&synth.join(name));
        for line in table.lines() {
            let [path, size, sum] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!()
            };
            // A hard link is none of its own in a tar.
            if path != "tiny.txt" {
                let got = found.get(&format!("{name}{inner}/./{path}"));
                assert_eq!(
                    got,
                    Some(&(size.parse().unwrap(), sum.to_string())),
                    "{name} {path}"
                );
            }
        }
    }
    // A tar with a sum behind its end, in it a sparse image in LZ4.
    let name = "AP_SAMSUNGSTYLE.tar.md5";
    let found = files(&synth.join(name));
    for line in table.lines() {
        let [path, size, sum] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!()
        };
        let got = found.get(&format!(
            "{name}/system.img.ext4.lz4/system.img.ext4/system/{path}"
        ));
        assert_eq!(
            got,
            Some(&(size.parse().unwrap(), sum.to_string())),
            "{name} {path}"
        );
    }
}
