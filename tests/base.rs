//! Incremental updates with the build that they were made from: `--base`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use sha1::{Digest as _, Sha1};

use crate::build::payload::*;

const BLOCK: usize = 4096;

/// An old image, a new one, and the block in which they differ.
struct Builds {
    folder: tempfile::TempDir,
    old: Vec<u8>,
    new: Vec<u8>,
    block: usize,
}

fn zip(path: &Path, files: &[(&str, &[u8])]) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// The ext4 sample; in the new one, a property has another value.
fn builds() -> Builds {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut old = fs::read(root.join("samples/ext4/ext4/in.bin")).unwrap();
    old.resize(old.len().next_multiple_of(BLOCK), 0);
    let text = b"ro.build.id=SAMPLE\n";
    let at = old.windows(text.len()).position(|found| found == text).unwrap();
    let mut new = old.clone();
    new[at..at + text.len()].copy_from_slice(b"ro.build.id=UPDATE\n");
    Builds {
        folder: tempfile::tempdir().unwrap(),
        old,
        new,
        block: at / BLOCK,
    }
}

impl Builds {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A patch of the block in which they differ.
    fn patch(&self) -> Vec<u8> {
        let range = self.block * BLOCK..(self.block + 1) * BLOCK;
        let pairs = self.new[range.clone()].iter().zip(&self.old[range]);
        let diff: Vec<u8> = pairs.map(|(new, old)| new.wrapping_sub(*old)).collect();
        bsdiff(None, &[(BLOCK as i64, 0, 0)], &diff, &[])
    }

    fn block_ota(&self, name: &str) {
        let hex =
            |bytes: &[u8]| -> String { Sha1::digest(bytes).iter().map(|b| format!("{b:02x}")).collect() };
        let (at, end) = (self.block, self.block + 1);
        let of = |image: &[u8]| hex(&image[at * BLOCK..end * BLOCK]);
        let patch = self.patch();
        let list = format!(
            "4\n1\n0\n0\nbsdiff 0 {} {} {} 2,{at},{end} 1 2,{at},{end}\n",
            patch.len(),
            of(&self.old),
            of(&self.new)
        );
        let script = format!(
            "if (range_sha1(\"/dev/block/by-name/system\", \"2,0,{}\") == \"{}\") then\nendif;\n",
            self.old.len() / BLOCK,
            hex(&self.old)
        );
        zip(
            &self.path(name),
            &[
                ("system.transfer.list", list.as_bytes()),
                ("system.new.dat", b""),
                ("system.patch.dat", &patch),
                ("META-INF/com/google/android/updater-script", script.as_bytes()),
            ],
        );
    }

    fn payload(&self, name: &str) {
        let mut payload = PayloadBuilder::new();
        payload.minor_version = Some(6);
        let (at, all) = (self.block as u64, (self.old.len() / BLOCK) as u64);
        let mut system = PartitionBuilder::new("system");
        system.op(Op::new(SOURCE_COPY, &[(0, at)]).from(&self.old, &[(0, at)]));
        system.op(payload
            .op(SOURCE_BSDIFF, &self.patch(), &[(at, 1)])
            .from(&self.old, &[(at, 1)]));
        let rest = (at + 1, all - at - 1);
        system.op(Op::new(SOURCE_COPY, &[rest]).from(&self.old, &[rest]));
        payload.partition(system.image(&self.new).old(&self.old));
        zip(&self.path(name), &[("payload.bin", &payload.build())]);
    }

    /// Runs it in the folder: standard output and error, and the exit code.
    #[track_caller]
    fn run(&self, args: &[&str]) -> (String, String, i32) {
        let output = Command::cargo_bin("phonehome")
            .unwrap()
            .current_dir(self.folder.path())
            .env_clear()
            .args(args)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().unwrap_or(-1);
        (text(&output.stdout), text(&output.stderr), code)
    }
}

const NEW: &str = "ro.build.id=UPDATE\n";

#[test]
fn an_update_is_read_with_the_build_that_it_was_made_from() {
    let builds = builds();
    builds.block_ota("blocks.zip");
    builds.payload("payload.zip");
    // The old build in several forms.
    fs::create_dir(builds.path("folder")).unwrap();
    fs::write(builds.path("folder/system.img"), &builds.old).unwrap();
    zip(&builds.path("old.zip"), &[("images/system.img", &builds.old)]);
    let mut full = PayloadBuilder::new();
    let mut system = PartitionBuilder::new("system");
    system.op(full.op(REPLACE, &builds.old, &[(0, (builds.old.len() / BLOCK) as u64)]));
    full.partition(system.image(&builds.old));
    fs::write(builds.path("full.bin"), full.build()).unwrap();
    for update in ["blocks.zip", "payload.zip"] {
        for base in ["folder", "folder/system.img", "old.zip", "full.bin"] {
            let got = builds.run(&["cat", update, "system:build.prop", "--base", base]);
            assert_eq!(got, (NEW.into(), String::new(), 0), "{update} {base}");
        }
        let (text, errors, code) = builds.run(&["scan", update, "--base", "old.zip", "-o", "json"]);
        assert_eq!((code, &*errors), (0, ""), "{update}");
        assert!(
            text.contains("\"UPDATE\"") && text.contains("Notes.apk"),
            "{text}"
        );
        let (text, _, code) = builds.run(&["ls", update, "--base", "old.zip"]);
        assert!(code == 0 && text.contains("system:app/Notes/Notes.apk"), "{text}");
        let (_, errors, code) = builds.run(&["unpack", update, "--base", "old.zip", "-d", "out"]);
        assert_eq!(code, 0, "{errors}");
        assert_eq!(
            fs::read_to_string(builds.path("out/system/build.prop")).unwrap(),
            NEW
        );
        fs::remove_dir_all(builds.path("out")).unwrap();
    }
    let (text, _, code) = builds.run(&["diff", "old.zip", "blocks.zip", "--base", "old.zip"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn without_the_old_build_or_with_another_nothing_wrong_is_read() {
    let builds = builds();
    builds.block_ota("blocks.zip");
    builds.payload("payload.zip");
    let mut other = builds.old.clone();
    other[builds.block * BLOCK + BLOCK - 1] ^= 1;
    zip(&builds.path("other.zip"), &[("images/system.img", &other)]);
    for update in ["blocks.zip", "payload.zip"] {
        let (text, errors, _) = builds.run(&["ls", update, "--gaps"]);
        assert!(
            format!("{text}{errors}").contains("see --base"),
            "{update} {text}{errors}"
        );
        let args = ["cat", update, "system:build.prop", "--base", "other.zip"];
        let (text, errors, code) = builds.run(&args);
        assert_eq!((&*text, code), ("", 3), "{update}");
        let gaps = builds.run(&["ls", update, "--gaps", "--base", "other.zip"]).0;
        let all = format!("{errors}{gaps}");
        assert!(
            all.contains("--base is not the build that this was made from"),
            "{update} {all}"
        );
    }
    // What has no images is no old build.
    fs::write(builds.path("text"), "nothing").unwrap();
    let (_, errors, code) = builds.run(&["scan", "blocks.zip", "--base", "text"]);
    assert!(
        code == 3 && errors.contains("no images of partitions"),
        "{errors}"
    );
    let (_, errors, code) = builds.run(&["cat", "blocks.zip", "x", "--base", "none.zip"]);
    assert!(code == 3 && errors.contains("there is no file"), "{errors}");
    fs::write(builds.path("old.json"), &builds.old).unwrap();
    let args = ["scan", "blocks.zip", "--base", "old.json", "-o", "json=old.json"];
    let (_, errors, code) = builds.run(&args);
    assert!(
        code == 2 && errors.contains("inputs are never written"),
        "{errors}"
    );
}

#[test]
fn a_payload_is_compared_with_its_own_hashes() {
    let builds = builds();
    let write = |name: &str, image: &[u8]| {
        let mut full = PayloadBuilder::new();
        let mut system = PartitionBuilder::new("system");
        system.op(full.op(REPLACE, image, &[(0, (image.len() / BLOCK) as u64)]));
        full.partition(system.image(&builds.old));
        fs::write(builds.path(name), full.build()).unwrap();
    };
    write("full.bin", &builds.old);
    write("other.bin", &builds.new);
    let (text, errors, code) = builds.run(&["ls", "full.bin", "--verify"]);
    assert!(
        code == 0 && text.contains("verified  system  image"),
        "{text}{errors}"
    );
    // One byte of the data is another; and data that is whole, but not that of the image.
    let mut broken = fs::read(builds.path("full.bin")).unwrap();
    let last = broken.len() - 1;
    broken[last] ^= 1;
    fs::write(builds.path("broken.bin"), broken).unwrap();
    for name in ["broken.bin", "other.bin"] {
        let (text, errors, code) = builds.run(&["ls", name, "--verify", "-o", "json"]);
        assert!(code == 1 && text.contains("\"wrong\""), "{name} {text}{errors}");
    }
    // An update without the build that it was made from; with it, all is there.
    builds.payload("payload.zip");
    let (text, _, code) = builds.run(&["ls", "payload.zip", "--verify"]);
    assert!(code == 4 && text.contains("see --base"), "{text}");
    let (text, _, code) = builds.run(&["ls", "payload.zip", "--verify", "--base", "full.bin"]);
    assert!(code == 0 && text.contains("verified"), "{text}");
    // One image of two is there: what is right of it does not stand for the other.
    let mut half = PayloadBuilder::new();
    half.minor_version = Some(6);
    let blocks = (builds.old.len() / BLOCK) as u64;
    let mut system = PartitionBuilder::new("system");
    system.op(half.op(REPLACE, &builds.old, &[(0, blocks)]));
    half.partition(system.image(&builds.old));
    let mut vendor = PartitionBuilder::new("vendor");
    vendor.op(Op::new(SOURCE_COPY, &[(0, blocks)]).from(&builds.old, &[(0, blocks)]));
    half.partition(vendor.image(&builds.old).old(&builds.old));
    fs::write(builds.path("half.bin"), half.build()).unwrap();
    let (text, _, code) = builds.run(&["ls", "half.bin", "--verify"]);
    assert!(
        code == 4 && text.contains("verified") && text.contains("not checked"),
        "{text}"
    );
    fs::write(builds.path("text"), "nothing").unwrap();
    let (_, errors, code) = builds.run(&["ls", "text", "--verify"]);
    assert!(code == 4 && errors.contains("nothing to check"), "{errors}");
}
