//! Updates of an old image, against a device that executes their commands one after another.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;

use proptest::prelude::*;
use sha1::{Digest as _, Sha1};

use super::super::join;
use crate::bytes::{Blob, Budget, Limits};
use crate::unpack::registry::Listing;
use crate::unpack::{build, delta};

const SIZE: usize = 4096;

type Pairs = Vec<(usize, usize)>;

fn noise(blocks: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..blocks * SIZE).map(|_| next()).collect()
}

fn hex(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn set(pairs: &[(usize, usize)]) -> String {
    let numbers: Vec<String> = pairs.iter().map(|(a, b)| format!("{a},{b}")).collect();
    format!("{},{}", pairs.len() * 2, numbers.join(","))
}

/// A device that executes commands, and writes down which.
#[derive(Clone)]
struct Device {
    version: u64,
    image: Vec<u8>,
    stashes: BTreeMap<String, Vec<u8>>,
    /// Names given so far: one that was freed is not given again while another holds it.
    named: usize,
    list: String,
    new: Vec<u8>,
    patch: Vec<u8>,
    written: usize,
}

/// Where a source comes from: blocks of the image, and stashes, each with its places in the source.
struct Source {
    image: Option<(Pairs, Option<Pairs>)>,
    stashes: Vec<(String, Pairs)>,
}

fn plain(pairs: &[(usize, usize)]) -> Source {
    Source {
        image: Some((pairs.to_vec(), None)),
        stashes: Vec::new(),
    }
}

impl Device {
    fn new(version: u64, old: &[u8]) -> Self {
        Self {
            version,
            image: old.to_vec(),
            stashes: BTreeMap::new(),
            named: 0,
            list: String::new(),
            new: Vec::new(),
            patch: Vec::new(),
            written: 0,
        }
    }

    fn read(&self, pairs: &[(usize, usize)]) -> Vec<u8> {
        pairs
            .iter()
            .flat_map(|(a, b)| self.image[a * SIZE..b * SIZE].to_vec())
            .collect()
    }

    fn write(&mut self, pairs: &[(usize, usize)], mut bytes: &[u8]) {
        for (a, b) in pairs {
            let (now, rest) = bytes.split_at((b - a) * SIZE);
            let end = self.image.len().max(b * SIZE);
            self.image.resize(end, 0);
            self.image[a * SIZE..b * SIZE].copy_from_slice(now);
            self.written += b - a;
            bytes = rest;
        }
        assert!(bytes.is_empty());
    }

    fn fresh(&mut self, pairs: &[(usize, usize)], bytes: &[u8]) {
        self.write(pairs, bytes);
        self.new.extend(bytes);
        self.list += &format!("new {}\n", set(pairs));
    }

    fn zero(&mut self, pairs: &[(usize, usize)]) {
        let len: usize = pairs.iter().map(|(a, b)| b - a).sum();
        self.write(pairs, &vec![0; len * SIZE]);
        self.list += &format!("zero {}\n", set(pairs));
    }

    fn stash(&mut self, pairs: &[(usize, usize)]) -> String {
        let bytes = self.read(pairs);
        let name = if self.version > 2 {
            hex(&bytes)
        } else {
            self.named += 1;
            self.named.to_string()
        };
        self.list += &format!("stash {name} {}\n", set(pairs));
        self.stashes.insert(name.clone(), bytes);
        name
    }

    fn free(&mut self, name: &str) {
        self.stashes.remove(name);
        self.list += &format!("free {name}\n");
    }

    fn source(&self, source: &Source) -> (Vec<u8>, String) {
        let mut bytes = Vec::new();
        let mut put = |packed: &[u8], places: &[(usize, usize)]| {
            let mut at = 0;
            for (a, b) in places {
                let end = bytes.len().max(b * SIZE);
                bytes.resize(end, 0);
                bytes[a * SIZE..b * SIZE].copy_from_slice(&packed[at..at + (b - a) * SIZE]);
                at += (b - a) * SIZE;
            }
        };
        let mut words = String::new();
        match &source.image {
            None => words += " -",
            Some((pairs, places)) => {
                let packed = self.read(pairs);
                let all = vec![(0, packed.len() / SIZE)];
                put(&packed, places.as_ref().unwrap_or(&all));
                words += &format!(" {}", set(pairs));
                if let Some(places) = places {
                    words += &format!(" {}", set(places));
                }
            }
        }
        for (name, places) in &source.stashes {
            put(&self.stashes[name], places);
            words += &format!(" {name}:{}", set(places));
        }
        let words = if self.version == 1 {
            words
        } else {
            format!(" {}{words}", bytes.len() / SIZE)
        };
        (bytes, words)
    }

    /// A command, whose words depend on the version.
    fn command(&mut self, verb: &str, hashes: &[String], target: &[(usize, usize)], from: &str) {
        let hashes = if self.version > 2 {
            format!(" {}", hashes.join(" "))
        } else {
            String::new()
        };
        let target = set(target);
        self.list += &match self.version {
            1 => format!("{verb}{from} {target}\n"),
            _ => format!("{verb}{hashes} {target}{from}\n"),
        };
    }

    fn shift(&mut self, target: &[(usize, usize)], source: &Source) {
        let (bytes, from) = self.source(source);
        self.command("move", &[hex(&bytes)], target, &from);
        self.write(target, &bytes);
    }

    fn change(&mut self, verb: &str, target: &[(usize, usize)], source: &Source, new: &[u8], patch: &[u8]) {
        let (bytes, from) = self.source(source);
        let verb = format!("{verb} {} {}", self.patch.len(), patch.len());
        self.command(&verb, &[hex(&bytes), hex(new)], target, &from);
        self.patch.extend(patch);
        self.write(target, new);
    }

    /// New bytes that are the old ones with something added to each, by a patch of the length of the target.
    fn bsdiff(&mut self, target: &[(usize, usize)], source: &Source, add: u8) {
        let (bytes, _) = self.source(source);
        let len: usize = target.iter().map(|(a, b)| b - a).sum::<usize>() * SIZE;
        let old = |n: usize| bytes.get(n).copied().unwrap_or(0);
        let new: Vec<u8> = (0..len).map(|n| old(n).wrapping_add(add)).collect();
        let patch = build::bsdiff(None, &[(len as i64, 0, 0)], &vec![add; len], &[]);
        self.change("bsdiff", target, source, &new, &patch);
    }

    /// The files of the update, and a script that knows the old image.
    fn files(&self, old: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let head = match self.version {
            1 => format!("1\n{}\n", self.written),
            version => format!("{version}\n{}\n0\n0\n", self.written),
        };
        let script = format!(
            "if (range_sha1(\"/dev/block/by-name/system\", \"{}\") == \"{}\" || true) then ui_print(\"\");",
            set(&[(0, old.len() / SIZE)]),
            hex(old)
        );
        vec![
            ("system.transfer.list", (head + &self.list).into_bytes()),
            ("system.new.dat", self.new.clone()),
            ("system.patch.dat", self.patch.clone()),
            ("META-INF/com/google/android/updater-script", script.into_bytes()),
        ]
    }
}

/// For each block whether it is that of `expect` (`=`), a gap (`x`) or another (`!`); then every remark and the
/// last gap that was met.
fn compare(
    files: &[(&'static str, Vec<u8>)],
    old: Option<&[u8]>,
    limits: Limits,
    expect: &[u8],
) -> (String, Vec<String>) {
    let mut budget = Budget::new(limits);
    if let Some(old) = old {
        budget.base.insert("system".into(), Blob::from(old.to_vec()));
    }
    let mut listing = Listing::default();
    for (name, bytes) in files {
        listing.blob(*name, Blob::from(bytes.clone()));
    }
    join(&mut listing, &budget);
    let mut told: Vec<String> = listing
        .notices
        .iter()
        .map(|remark| format!("{}, {} unread", remark.gap, remark.unread))
        .collect();
    let Some(entry) = listing.entries.iter().find(|entry| &*entry.name == "system.img") else {
        return (String::new(), told);
    };
    let image = entry.data.blob().unwrap();
    let (mut blocks, mut last) = (String::new(), None);
    for at in (0..image.len().max(expect.len() as u64)).step_by(SIZE) {
        let mut buf = vec![0; SIZE];
        let right = expect.get(at as usize..at as usize + SIZE).unwrap_or_default();
        match image.read_at(at, &mut buf) {
            Ok(got) if buf[..got] == *right => blocks.push('='),
            Ok(_) => blocks.push('!'),
            Err(e) => {
                blocks.push('x');
                last = Some(crate::bytes::Gap::of(e, "t", 0));
            }
        }
    }
    told.extend(last.map(|gap| gap.to_string()));
    (blocks, told)
}

#[track_caller]
fn check(device: &Device, old: &[u8], base: &[u8], blocks: &str, told: &[&str]) {
    let got = compare(&device.files(old), Some(base), Limits::default(), &device.image);
    let told: Vec<String> = told.iter().map(|text| (*text).into()).collect();
    assert_eq!(got, (blocks.to_string(), told));
}

/// Blocks that move over each other, a cycle that needs a stash, and sources in pieces.
fn example(version: u64) -> (Vec<u8>, Device) {
    let old = noise(12, 7);
    let mut device = Device::new(version, &old);
    device.shift(&[(1, 4)], &plain(&[(0, 3)]));
    if version > 1 {
        // Two blocks change places: one of them is kept before it is written over.
        let kept = device.stash(&[(4, 5)]);
        device.shift(&[(4, 5)], &plain(&[(5, 6)]));
        let stashed = Source {
            image: None,
            stashes: vec![(kept.clone(), vec![(0, 1)])],
        };
        device.shift(&[(5, 6)], &stashed);
        let both = Source {
            image: Some((vec![(7, 9)], Some(vec![(0, 1), (2, 3)]))),
            stashes: vec![(kept.clone(), vec![(1, 2)])],
        };
        device.bsdiff(&[(6, 8), (12, 13)], &both, 3);
        device.free(&kept);
    }
    device.bsdiff(&[(9, 10)], &plain(&[(9, 11)]), 1);
    device.fresh(&[(10, 11)], &noise(1, 99));
    device.zero(&[(8, 9)]);
    (old, device)
}

#[test]
fn commands_are_executed_one_after_another() {
    for version in 1..=4 {
        let (old, device) = example(version);
        let all = "=".repeat(device.image.len() / SIZE);
        check(&device, &old, &old, &all, &[]);
    }
}

#[test]
fn a_partition_that_shrinks_has_no_old_tail() {
    let old = noise(20, 7);
    let mut device = Device::new(4, &old);
    // What is cut off in the end is still there for the commands.
    device.shift(&[(1, 4)], &plain(&[(15, 18)]));
    let sized = |blocks: Option<usize>, left: usize| {
        let mut files = device.files(&old);
        let list = |blocks| format!("resize system {}\n", blocks * SIZE).into_bytes();
        files.extend(blocks.map(|blocks| ("dynamic_partitions_op_list", list(blocks))));
        let (blocks, told) = compare(
            &files,
            Some(&old),
            Limits::default(),
            &device.image[..left * SIZE],
        );
        assert_eq!((blocks, told), ("=".repeat(left), Vec::new()));
    };
    sized(None, 20);
    sized(Some(30), 20);
    sized(Some(12), 12);
    // A size that has no room for what commands write cannot be right.
    sized(Some(2), 4);
}

#[test]
fn another_old_image_is_never_taken_for_the_right_one() {
    const OTHER: &str = "block-ota: hash of old bytes (--base is not the build that this was made from)";
    let (old, device) = example(4);
    let mut other = old.clone();
    // What a bsdiff command reads; and since it is not the same image, what no command writes is not it either.
    other[9 * SIZE] ^= 1;
    let (blocks, told) = compare(
        &device.files(&old),
        Some(&other),
        Limits::default(),
        &device.image,
    );
    assert_eq!(blocks, "x========x=x=");
    assert!(told[0].starts_with(OTHER), "{told:?}");
    // Without hashes of their own, commands need an image that is right as a whole.
    let (old, device) = example(2);
    let mut other = old.clone();
    other[11 * SIZE] ^= 1;
    let (blocks, _) = compare(
        &device.files(&old),
        Some(&other),
        Limits::default(),
        &device.image,
    );
    assert_eq!(blocks, "xxxxxxxx=x=xx");
    // One that is too short.
    let (blocks, _) = compare(
        &device.files(&old),
        Some(&old[..SIZE]),
        Limits::default(),
        &device.image,
    );
    assert!(!blocks.contains('!'));
}

#[test]
fn without_a_script_what_no_command_writes_is_not_known() {
    let (old, device) = example(3);
    let files = &device.files(&old)[..3];
    let (blocks, told) = compare(files, Some(&old), Limits::default(), &device.image);
    assert_eq!(blocks, "x==========x=");
    assert_eq!(
        told,
        ["block-ota: old blocks without a hash of their image at 0x0: unsupported value 0x0"]
    );
    // Without an old image, only what is new is read.
    let (blocks, told) = compare(files, None, Limits::default(), &device.image);
    assert_eq!(blocks, "xxxxxxxx=x=xx");
    assert!(told[0].contains("see --base"), "{told:?}");
}

#[test]
fn a_list_that_changes_nothing_leaves_the_old_image() {
    let old = noise(3, 5);
    check(&Device::new(4, &old), &old, &old, "===", &[]);
}

/// An IMGDIFF patch of a zip-like file: bytes as they are, a stream that is deflated, raw bytes.
fn imgdiff(old: &[u8], stream: (usize, usize), level: u32) -> (Vec<u8>, Vec<u8>) {
    let deflate = |bytes: &[u8]| {
        let mut out = Vec::new();
        delta::deflate(bytes, level, &mut out).unwrap();
        out
    };
    let inflated = {
        let mut decoder = flate2::write::DeflateDecoder::new(Vec::new());
        decoder.write_all(&old[stream.0..stream.1]).unwrap();
        decoder.finish().unwrap()
    };
    let mut changed = inflated.clone();
    changed[100] ^= 0x55;
    changed.extend(b"and some more");
    let mut new = old[..stream.0].to_vec();
    new.extend(deflate(&changed));
    let raw = b"raw bytes".to_vec();
    new.extend(&raw);
    let size = new.len().next_multiple_of(SIZE);
    let zeros = size - new.len();
    new.resize(size, 0);
    let difference: Vec<u8> = changed
        .iter()
        .zip(&inflated)
        .map(|(new, old)| new.wrapping_sub(*old))
        .collect();
    let same = build::bsdiff(None, &[(stream.0 as i64, 0, 0)], &vec![0; stream.0], &[]);
    let inner = build::bsdiff(
        None,
        &[(inflated.len() as i64, 13, 0)],
        &difference,
        b"and some more",
    );
    let rest = build::bsdiff(None, &[(0, zeros as i64, 0)], &[], &vec![0; zeros]);
    let wide = |n: usize| (n as u64).to_le_bytes().to_vec();
    let word = |n: i32| n.to_le_bytes().to_vec();
    let head = 12 + (4 + 24) + (4 + 60) + (4 + 4 + raw.len()) + (4 + 24);
    let patch = [
        b"IMGDIFF2".to_vec(),
        word(4),
        word(0),
        wide(0),
        wide(stream.0),
        wide(head),
        word(2),
        wide(stream.0),
        wide(stream.1 - stream.0),
        wide(head + same.len()),
        wide(inflated.len()),
        wide(changed.len()),
        word(level as i32),
        word(8),
        word(-15),
        word(8),
        word(0),
        word(3),
        word(raw.len() as i32),
        raw,
        word(0),
        wide(0),
        wide(0),
        wide(head + same.len() + inner.len()),
        same,
        inner,
        rest,
    ];
    (new, patch.concat())
}

/// An old image of 4 blocks with a deflated stream in the middle.
fn zipped() -> (Vec<u8>, (usize, usize)) {
    let text: Vec<u8> = (0..6000_u32).flat_map(|n| n.to_string().into_bytes()).collect();
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(&text).unwrap();
    let stream = encoder.finish().unwrap();
    let mut old = b"PK head".to_vec();
    let start = old.len();
    old.extend(&stream);
    let end = old.len();
    old.resize(old.len().next_multiple_of(SIZE), 0);
    (old, (start, end))
}

#[test]
fn deflated_streams_are_changed_in_their_inflated_form() {
    let (old, stream) = zipped();
    let (new, patch) = imgdiff(&old, stream, 6);
    let mut device = Device::new(4, &old);
    let blocks = new.len() / SIZE;
    device.change(
        "imgdiff",
        &[(0, blocks)],
        &plain(&[(0, old.len() / SIZE)]),
        &new,
        &patch,
    );
    let all = "=".repeat(device.image.len() / SIZE);
    check(&device, &old, &old, &all, &[]);
    // An encoder with other habits: what comes out is not what it should be, and that is said.
    let mut lines = device.files(&old);
    lines[0].1 = String::from_utf8(lines[0].1.clone())
        .unwrap()
        .replace(&hex(&new), &hex(b"other"))
        .into_bytes();
    let (got, told) = compare(&lines, Some(&old), Limits::default(), &device.image);
    assert!(got.starts_with(&"x".repeat(blocks)));
    assert!(told[0].contains("deflate encoder"), "{told:?}");
}

#[test]
fn every_prefix_and_every_flip_of_a_patch_is_survived() {
    let (old, stream) = zipped();
    let (new, patch) = imgdiff(&old, stream, 6);
    let blocks = new.len() / SIZE;
    let run = |patch: &[u8]| {
        let mut device = Device::new(4, &old);
        let from = plain(&[(0, old.len() / SIZE)]);
        device.change("imgdiff", &[(0, blocks)], &from, &new, patch);
        compare(&device.files(&old), Some(&old), Limits::default(), &device.image).0
    };
    for cut in (0..patch.len()).step_by(7) {
        assert!(!run(&patch[..cut]).contains('!'), "{cut}");
    }
    for at in 0..patch.len().min(160) {
        for value in [0, 1, 0x7f, 0xff, patch[at] ^ 0x10] {
            let mut patch = patch.clone();
            patch[at] = value;
            assert!(!run(&patch).contains('!'), "{at} {value}");
        }
    }
}

#[test]
fn every_prefix_and_every_flip_of_a_list_is_survived() {
    let (old, device) = example(4);
    let files = device.files(&old);
    let run = |list: Vec<u8>| {
        let mut files = files.clone();
        files[0].1 = list;
        compare(&files, Some(&old), Limits::default(), &device.image)
    };
    let list = &files[0].1;
    for cut in 0..list.len() {
        let (blocks, told) = run(list[..cut].to_vec());
        // A list that breaks off knows that it does, or is whole but for its last `zero` or `free`.
        assert!(!told.is_empty() || !blocks.contains('!'), "{cut}");
    }
    for at in 0..list.len() {
        for value in [b'0', b'9', b',', b' ', b'\n', list[at] ^ 1] {
            let mut list = list.clone();
            list[at] = value;
            run(list);
        }
    }
}

#[test]
fn commands_on_what_commands_made_are_bounded() {
    let old = noise(64, 5);
    let mut device = Device::new(4, &old);
    for _ in 0..16 {
        device.bsdiff(&[(0, 1)], &plain(&[(0, 1)]), 1);
    }
    check(&device, &old, &old, &"=".repeat(64), &[]);
    device.bsdiff(&[(0, 1)], &plain(&[(0, 1)]), 1);
    let (blocks, told) = compare(&device.files(&old), Some(&old), Limits::default(), &device.image);
    assert!(blocks.starts_with("x="));
    assert!(told[0].contains("17 is over the limit of 16"), "{told:?}");
    // The same two blocks, read over and over by each of many commands.
    let old = &old[..2 * SIZE];
    let mut device = Device::new(4, old);
    for n in 0..40 {
        let twice: Pairs = vec![(0, 2); 64];
        device.bsdiff(&[(2 + n, 3 + n)], &plain(&twice), 1);
    }
    let (blocks, told) = compare(&device.files(old), Some(old), Limits::default(), &device.image);
    assert!(!blocks.contains('!') && blocks.contains('x'), "{blocks}");
    assert!(told[0].contains("bytes read to make blocks"), "{told:?}");
}

#[test]
fn large_changes_are_kept_as_pages_and_limits_hold() {
    let old = noise(2400, 3);
    let mut device = Device::new(4, &old);
    device.bsdiff(&[(0, 2400)], &plain(&[(0, 2400)]), 9);
    check(&device, &old, &old, &"=".repeat(2400), &[]);
    let limits = Limits {
        item: 1 << 20,
        ..Limits::default()
    };
    let (blocks, told) = compare(&device.files(&old), Some(&old), limits, &device.image);
    assert_eq!(blocks, "x".repeat(2400));
    assert!(told[0].contains("--max-item"), "{told:?}");
}

/// A choice that a random update makes: what, where to, where from.
type Choice = (u8, usize, usize, usize, u8);

fn random(version: u64, choices: &[Choice]) -> (Vec<u8>, Device) {
    const BLOCKS: usize = 16;
    let old = noise(BLOCKS, 11);
    let mut device = Device::new(version, &old);
    let mut kept: Vec<(String, usize)> = Vec::new();
    for (what, to, from, len, add) in choices {
        let len = 1 + len % 4;
        let (to, from) = (to % (BLOCKS - len), from % (BLOCKS - len));
        let (to, from) = ([(to, to + len)], [(from, from + len)]);
        match what % 7 {
            0 => device.fresh(&to, &noise(len, (*add).into())),
            1 => device.zero(&to),
            2 => device.shift(&to, &plain(&from)),
            3 if version > 1 => kept.push((device.stash(&from), len)),
            4 if version > 1 && !kept.is_empty() => {
                let (name, size) = kept[usize::from(*add) % kept.len()].clone();
                // Half of it is from the image, in reverse order.
                let source = Source {
                    image: Some((vec![from[0]], Some(vec![(size, size + len)]))),
                    stashes: vec![(name, vec![(0, size)])],
                };
                device.bsdiff(&to, &source, *add);
            }
            5 if version > 1 && !kept.is_empty() => {
                let (name, _) = kept.swap_remove(usize::from(*add) % kept.len());
                kept.retain(|(other, _)| *other != name);
                device.free(&name);
            }
            _ => device.bsdiff(&to, &plain(&from), *add),
        }
    }
    (old, device)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_update_reads_as_a_device_leaves_it(
        version in 1..5_u64,
        choices in prop::collection::vec(
            (any::<u8>(), 0..99_usize, 0..99_usize, 0..9_usize, any::<u8>()),
            0..14,
        ),
    ) {
        let (old, device) = random(version, &choices);
        let got = compare(&device.files(&old), Some(&old), Limits::default(), &device.image);
        let over = got.1.iter().any(|gap| gap.contains("bytes read to make blocks"));
        prop_assert!(!got.0.contains('!'));
        prop_assert!(over || got.0 == "=".repeat(16), "{:?}", got);
    }
}

/// A patch of `bsdiff` itself, where that is installed.
#[test]
fn a_patch_of_the_real_tool_is_applied() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let old = noise(40, 21);
    // Something inserted, something taken out, something changed here and there.
    let mut new = [&old[..50_000], b"inserted".as_slice(), &old[60_000..]].concat();
    new.iter_mut().step_by(977).for_each(|byte| *byte ^= 5);
    new.resize(new.len().next_multiple_of(SIZE), 0);
    std::fs::write(path("old"), &old).unwrap();
    std::fs::write(path("new"), &new).unwrap();
    let made = Command::new("bsdiff")
        .args([path("old"), path("new"), path("patch")])
        .status();
    if !made.is_ok_and(|status| status.success()) {
        println!("not made: bsdiff is not installed");
        return;
    }
    let patch = std::fs::read(path("patch")).unwrap();
    let mut device = Device::new(4, &old);
    let blocks = new.len() / SIZE;
    device.change("bsdiff", &[(0, blocks)], &plain(&[(0, 40)]), &new, &patch);
    let all = "=".repeat(device.image.len() / SIZE);
    check(&device, &old, &old, &all, &[]);
}
