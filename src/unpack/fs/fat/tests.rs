#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test may fail loudly"
)]

use super::super::corpus;
use super::*;

const FAT12: &[u8] = include_bytes!("../../../../samples/fat/fat12/in.bin");

fn list(image: &[u8]) -> Listing {
    Fat.list(&Blob::from(image.to_vec()), "", &Budget::default())
}

fn gaps(listing: &Listing) -> Vec<String> {
    listing
        .notices
        .iter()
        .map(|remark| remark.gap.to_string())
        .collect()
}

#[test]
fn long_and_short_names_are_read_and_what_is_deleted_is_not() {
    assert!(Fat.sniff(FAT12));
    let got = list(FAT12);
    let names: Vec<(&str, u64)> = got.entries.iter().map(|e| (&*e.name, e.size)).collect();
    let expect = [
        ("build.prop", 40),
        ("empty", 0),
        ("text.txt", 8890),
        ("sub/A long name with ümlaut.text", 5),
        ("sub/DEEP.TXT", 5),
    ];
    assert_eq!(names, expect);
    assert!(got.notices.is_empty());
    let hashes = corpus::hashes(&got);
    assert_eq!(hashes["sub/DEEP.TXT"], hashes["sub/A long name with ümlaut.text"]);
}

#[test]
fn what_only_ends_like_a_boot_sector_is_none_and_exfat_is_refused() {
    let mut head = vec![0; 512];
    head[..3].copy_from_slice(&[0xeb, 0x76, 0x90]);
    head[510..].copy_from_slice(&SIGNATURE);
    assert!(!Fat.sniff(&head));
    head[3..11].copy_from_slice(EXFAT);
    assert!(Fat.sniff(&head));
    let got = list(&head);
    assert_eq!(gaps(&got), ["fat: exFAT at 0x3: unsupported value 0x1"]);
    assert_eq!(got.notices[0].unread, 512);
}

#[test]
fn a_chain_that_ends_early_or_meets_another_is_lost_from_there_on() {
    // `text.txt` has 18 clusters from 3 on, in the table at 512: 12 bits each. The fourth is an end.
    let mut image = FAT12.to_vec();
    image[512 + 9] = 0xff;
    image[512 + 10] |= 0x0f;
    let text = corpus::hashes(&list(&image))["text.txt"].clone();
    assert!(
        text.ends_with("chain of clusters at 0x680: truncated, needs 8890 bytes, 2048 left"),
        "{text}"
    );
    // Now it is the first: a ring.
    image[512 + 9] = 3;
    image[512 + 10] &= 0xf0;
    let text = corpus::hashes(&list(&image))["text.txt"].clone();
    assert!(text.contains("cluster that is in two chains"), "{text}");
    let whole = corpus::hashes(&list(FAT12));
    let cut = corpus::hashes(&list(&FAT12[..0x2000]));
    assert_eq!(cut["build.prop"], whole["build.prop"]);
    assert!(cut["text.txt"].contains("truncated"), "{}", cut["text.txt"]);
}

#[test]
fn a_folder_in_itself_is_listed_once() {
    let mut image = FAT12.to_vec();
    // The cluster of `DEEP.TXT`, which is made a folder, is that of the folder it is in.
    let at = image.windows(11).position(|name| name == b"DEEP    TXT").unwrap();
    let sub = image.windows(11).position(|name| name == b"SUB        ").unwrap();
    image[at + 11] = name::DIRECTORY;
    image.copy_within(sub + 26..sub + 28, at + 26);
    let got = list(&image);
    assert_eq!(got.entries.len(), 4);
    assert_eq!(got.notices[0].entry.as_deref(), Some("sub/DEEP.TXT"));
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    let used = FAT12.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for cut in (0..used).step_by(7) {
        corpus::survive(&Fat, FAT12[..cut].to_vec());
    }
    let text = FAT12.windows(7).position(|text| text == b"line 0\n").unwrap();
    for at in (0..used).filter(|at| !(text..text + 8890).contains(at)) {
        for bit in 0..8 {
            let mut image = FAT12.to_vec();
            image[at] ^= 1 << bit;
            corpus::survive(&Fat, image);
        }
    }
}

/// What mtools put into an image, read.
#[test]
fn what_mkfs_and_mcopy_write_is_read() {
    let tree = corpus::tree();
    // mtools takes minutes to find short names for a thousand long ones.
    for n in 120..1200 {
        let name = format!("many/a file with a long name, number {n}");
        std::fs::remove_file(tree.path().join(name)).unwrap();
    }
    let expect = corpus::folder(tree.path());
    let path = tree.path().with_extension("vfat");
    let image = path.to_str().unwrap();
    for (options, size) in [
        ("-F 12 -s 64", 64_u64),
        ("-F 16 -s 4", 64),
        ("-F 16 -S 2048 -s 2", 64),
        ("-F 32 -s 1", 64),
        ("-F 32 -s 8 -f 1", 400),
    ] {
        let _ = std::fs::remove_file(&path);
        std::fs::File::create(&path).unwrap().set_len(size << 20).unwrap();
        let mut args: Vec<&str> = options.split(' ').collect();
        args.push(image);
        if !corpus::run("mkfs.vfat", &args, &[0]) {
            break;
        }
        let names: Vec<String> = std::fs::read_dir(tree.path())
            .unwrap()
            .map(|entry| entry.unwrap().path().to_str().unwrap().to_string())
            .filter(|name| !name.ends_with("/link"))
            .collect();
        let mut args = vec!["-s", "-Q", "-i", image];
        args.extend(names.iter().map(String::as_str));
        args.push("::");
        if !corpus::run("mcopy", &args, &[0]) {
            break;
        }
        let head = std::fs::read(&path).unwrap();
        assert!(Fat.sniff(&head[..8196]));
        let listing = Fat.list(&Blob::from(head), "", &Budget::default());
        assert!(listing.notices.is_empty(), "{options}");
        let mut got = corpus::hashes(&listing);
        got.retain(|name, hash| expect.get(name) != Some(hash));
        assert_eq!(got, corpus::Hashes::new(), "{options}");
        assert_eq!(listing.entries.len(), expect.len());
    }
    let _ = std::fs::remove_file(path);
}
