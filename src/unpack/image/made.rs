//! Images as the platform's own tools make them.

use std::path::Path;

use super::*;
use crate::bytes::Budget;
use crate::unpack::fs::corpus::run;
use crate::unpack::parts;
use crate::unpack::registry::Format;

/// Blocks of noise, of one word each, and of nothing.
fn image(blocks: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()
    };
    let mut image = Vec::new();
    for block in 0..blocks {
        let word = next();
        for _ in 0..1024 {
            let part = match block % 7 {
                0 | 1 | 5 => next(),
                2 => word,
                _ => [0; 4],
            };
            image.extend(part);
        }
    }
    image
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Every entry, and what is wrong.
fn read(listing: &Listing) -> (Vec<(String, Vec<u8>)>, Vec<String>) {
    let entries = listing.entries.iter().map(|entry| {
        let blob = entry.data.blob().unwrap();
        let bytes = blob.read("t", 0..blob.len()).unwrap();
        (entry.name.to_string(), bytes.to_vec())
    });
    let gaps = listing.notices.iter().map(|remark| remark.gap.to_string());
    (entries.collect(), gaps.collect())
}

#[test]
fn what_img2simg_and_simg2simg_write_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let raw = image(400);
    std::fs::write(path("raw"), &raw).unwrap();
    for block in ["4096", "1024", "65536"] {
        let args = [text(&path("raw")), text(&path("sparse")), block].map(str::to_owned);
        if !run("img2simg", &args.each_ref().map(String::as_str), &[0]) {
            return;
        }
        let sparse = Blob::open(&path("sparse")).unwrap();
        let (entries, gaps) = read(&Sparse.list(&sparse, "system", &Budget::default()));
        assert_eq!(gaps, Vec::<String>::new(), "{block}");
        let [(name, bytes)] = entries.as_slice() else {
            panic!("{} images", entries.len());
        };
        assert!(name == "system" && bytes.starts_with(&raw), "{block}");
        assert!(bytes.iter().skip(raw.len()).all(|byte| *byte == 0), "{block}");
        if block != "4096" {
            continue;
        }
        let args = [text(&path("sparse")), text(&path("part")), "300000"].map(str::to_owned);
        if !run("simg2simg", &args.each_ref().map(String::as_str), &[0]) {
            return;
        }
        let names = (0..99).map(|n| path(&format!("part.{n}")));
        let parts: Vec<Blob> = names.map_while(|name| Blob::open(&name).ok()).collect();
        assert!(parts.len() > 1);
        let (whole, remarks) = parts::overlay(parts, &Budget::default());
        let whole = whole.unwrap();
        assert_eq!(remarks, []);
        assert!(*whole.read("t", 0..whole.len()).unwrap() == raw);
    }
}

#[test]
fn what_mkbootimg_writes_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut noise = image(9);
    let mut parts = std::collections::BTreeMap::new();
    for (name, len) in [
        ("kernel", 5000),
        ("ramdisk", 4096),
        ("second", 77),
        ("dtb", 300),
        ("vendor_ramdisk", 4097),
    ] {
        let bytes: Vec<u8> = noise.drain(..len).collect();
        std::fs::write(path(name), &bytes).unwrap();
        parts.insert(name, bytes);
    }
    let old: &[&str] = &["kernel", "ramdisk", "second"];
    for (version, given) in [
        ("0", old),
        // With `--recovery_dtbo`, the version that Debian has ends with an error of its own.
        ("1", old),
        ("2", &["kernel", "ramdisk", "second", "dtb"]),
        ("3", &["kernel", "ramdisk"]),
        ("vendor", &["vendor_ramdisk", "dtb"]),
    ] {
        let number = if version == "vendor" { "3" } else { version };
        let mut args: Vec<String> = ["--header_version", number, "--pagesize", "4096"]
            .map(str::to_owned)
            .into();
        for part in given {
            args.extend([format!("--{part}"), text(&path(part)).to_owned()]);
        }
        let output = if version == "vendor" {
            "--vendor_boot"
        } else {
            "-o"
        };
        args.extend([output.to_owned(), text(&path("image")).to_owned()]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        if !run("mkbootimg", &args, &[0]) {
            return;
        }
        let blob = Blob::open(&path("image")).unwrap();
        let listing = match version {
            "vendor" => VendorBoot.list(&blob, "", &Budget::default()),
            _ => Boot.list(&blob, "", &Budget::default()),
        };
        let (entries, gaps) = read(&listing);
        assert_eq!(gaps, Vec::<String>::new(), "version {version}");
        for part in given {
            let name = part.strip_prefix("vendor_").unwrap_or(part);
            let found = entries.iter().find(|(found, _)| found == name);
            let (_, bytes) = found.unwrap_or_else(|| panic!("version {version}: no {name}"));
            assert_eq!(Some(bytes), parts.get(part), "version {version}: {name}");
        }
    }
}
