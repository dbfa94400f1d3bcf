//! Entries written out: `cat`, `unpack`, `ls --sha256`; and what a scan leaves behind, which is nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use sha2::{Digest, Sha256};

/// A payload with a system and a vendor image.
fn payload() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/payload/full/in.bin")
}

#[track_caller]
fn run(args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("phonehome").unwrap();
    command.env_clear().args(args).output().unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.symlink_metadata().unwrap().is_dir() {
                open.push(path);
            } else {
                let below = path.strip_prefix(folder).unwrap();
                all.push(below.to_str().unwrap().to_owned());
            }
        }
    }
    all.sort();
    all
}

#[test]
fn an_entry_comes_out_as_it_is() {
    let input = payload();
    let output = run(&["cat", input.to_str().unwrap(), "system:build.prop"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.starts_with(b"ro."), "{:?}", output.stdout);
    let inside = run(&["cat", input.to_str().unwrap(), "system:app/Notes.apk!classes.dex"]);
    assert!(inside.stdout.starts_with(b"dex\n"));
    let missing = run(&["cat", input.to_str().unwrap(), "system:nothing"]);
    assert_eq!(missing.status.code(), Some(3));
    assert!(missing.stdout.is_empty());
}

#[test]
fn a_digest_is_that_of_the_bytes() {
    let input = payload();
    let output = run(&["ls", input.to_str().unwrap(), "--sha256", "-o", "json"]);
    let listing: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let entries = listing["entries"].as_array().unwrap();
    let entry = entries
        .iter()
        .find(|entry| entry["place"] == "system:build.prop")
        .unwrap();
    let bytes = run(&["cat", input.to_str().unwrap(), "system:build.prop"]).stdout;
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(entry["sha256"], digest);
    assert_eq!(entry["size"], bytes.len());
}

#[test]
fn files_go_where_their_places_say_and_are_written_once() {
    let input = payload();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out");
    let args = [
        "unpack",
        input.to_str().unwrap(),
        "system:**",
        "-d",
        to.to_str().unwrap(),
    ];
    let dry = run(&[&args[..], &["--dry-run"]].concat());
    assert_eq!(dry.status.code(), Some(0), "{dry:?}");
    assert!(!to.exists());
    let wrote = run(&args);
    assert_eq!(wrote.status.code(), Some(0), "{wrote:?}");
    let got = files(&to);
    assert!(got.contains(&"system/app/Notes.apk".to_owned()), "{got:?}");
    assert!(got.iter().all(|path| path.starts_with("system/")), "{got:?}");
    let again = String::from_utf8(run(&args).stderr).unwrap();
    assert!(again.contains("wrote 0 files"), "{again}");
}

/// A tar with these members: name, kind, link target, content.
fn tar(members: &[(&str, tar::EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind, link, content) in members {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(*kind);
        header.set_size(u64::try_from(content.len()).unwrap());
        header.set_mode(0o644);
        // The builder refuses what leads out; the bytes of the header do not.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn nothing_is_written_outside_of_the_folder() {
    use tar::EntryType::{Regular, Symlink};
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.tar");
    let members: &[(&str, tar::EntryType, &str, &[u8])] = &[
        ("../../escaped", Regular, "", b"1"),
        ("/absolute", Regular, "", b"2"),
        ("away", Symlink, "../..", b""),
        ("away/through", Regular, "", b"3"),
        ("near", Symlink, "absolute", b""),
        ("far", Symlink, "/etc/passwd", b""),
    ];
    fs::write(&input, tar(members)).unwrap();
    let to = folder.path().join("deep/out");
    let output = run(&["unpack", input.to_str().unwrap(), "-d", to.to_str().unwrap()]);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    assert_eq!(
        files(folder.path())
            .iter()
            .filter(|path| !path.starts_with("deep/out/"))
            .count(),
        1
    );
    let got = files(&to);
    assert!(
        got.contains(&"escaped".to_owned()) && got.contains(&"away/through".to_owned()),
        "{got:?}"
    );
    assert!(
        got.contains(&"near".to_owned()) && !got.contains(&"far".to_owned()),
        "{got:?}"
    );
    assert!(to.join("away").symlink_metadata().unwrap().is_dir());
}

#[test]
fn a_link_that_is_there_already_is_not_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let input = payload();
    let (to, elsewhere) = (folder.path().join("out"), folder.path().join("elsewhere"));
    fs::create_dir_all(&to).unwrap();
    fs::create_dir_all(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, to.join("system")).unwrap();
    let output = run(&["unpack", input.to_str().unwrap(), "-d", to.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(files(&elsewhere).is_empty());
}

#[test]
fn a_scan_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::cargo_bin("phonehome").unwrap();
    let output = command
        .env_clear()
        .env("TMPDIR", folder.path())
        .current_dir(folder.path())
        .args(["scan", payload().to_str().unwrap(), "--memory", "1KiB"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(files(folder.path()).is_empty());
}
