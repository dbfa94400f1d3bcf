//! The dex files of the hostile bench: what Android loads must be found in its class, what Android
//! refuses must be told, and nothing may take long.
//!
//! `PHONEHOME_HOSTILE` is the folder that the bench's generator wrote; without it nothing runs.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use phonehome::artifact::dex::{Dex, Value};
use phonehome::bytes::Gap;

/// What reading a file to its end gave.
#[derive(Default)]
struct Seen {
    /// Classes that hold the marker, by descriptor.
    classes: Vec<String>,
    gaps: Vec<Gap>,
}

fn read(data: &[u8], marker: &[u8]) -> Seen {
    let mut seen = Seen::default();
    let opened = Dex::open(data);
    seen.gaps.extend(opened.gaps);
    for dex in opened.dexes {
        seen.gaps.extend(dex.checksum().err());
        seen.gaps.extend(dex.verify());
        seen.gaps.extend(dex.strings().filter_map(Result::err));
        let is_marker = |string: u32| dex.string(string) == Some(marker);
        let class_name =
            |class: u32| String::from_utf8_lossy(dex.type_descriptor(class).unwrap_or_default()).into_owned();
        for body in dex.bodies() {
            let body = match body {
                Ok(body) => body,
                Err(gap) => {
                    seen.gaps.push(gap);
                    continue;
                }
            };
            let mut insns = body.code.insns();
            for insn in insns.by_ref() {
                if insn.string().is_some_and(is_marker) {
                    seen.classes.push(class_name(body.class.class));
                }
            }
            seen.gaps.extend(insns.gap());
            for t in body.code.tries() {
                match t {
                    Ok(t) => seen.gaps.extend(t.catches.filter_map(Result::err)),
                    Err(gap) => seen.gaps.push(gap),
                }
            }
        }
        for value in dex.all_static_values() {
            match value {
                Ok((class, item)) => {
                    if matches!(item.value, Value::String(i) if is_marker(i)) {
                        seen.classes.push(class_name(class.class));
                    }
                }
                Err(gap) => seen.gaps.push(gap),
            }
        }
        for annotation in dex.all_annotations() {
            match annotation {
                Ok(annotation) => seen.gaps.extend(annotation.elements.filter_map(Result::err)),
                Err(gap) => seen.gaps.push(gap),
            }
        }
    }
    seen
}

fn dex_of(path: &Path) -> Vec<u8> {
    if path.extension().is_some_and(|ext| ext == "dex") {
        return std::fs::read(path).unwrap();
    }
    let mut zip = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    zip.by_name("classes.dex")
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

#[test]
fn markers_are_found_in_their_class_and_damage_is_told() {
    let Some(bench) = std::env::var_os("PHONEHOME_HOSTILE").map(PathBuf::from) else {
        println!("PHONEHOME_HOSTILE is not set: nothing is read");
        return;
    };
    let manifest = std::fs::read_to_string(bench.join("manifest.tsv")).unwrap();
    let mut wrong = Vec::new();
    let (mut files, mut markers) = (0, 0);
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [file, family, case, _, _, expect, marker, ..] = columns[..] else {
            panic!("{row}")
        };
        if family != "dex" && !file.ends_with(".dex") {
            continue;
        }
        let data = dex_of(&bench.join(file));
        let start = Instant::now();
        let seen = read(&data, marker.as_bytes());
        let took = start.elapsed();
        let found = seen.classes.iter().any(|class| class == "Lcom/example/hk/Main;");
        files += 1;
        markers += u32::from(found);
        let told = !seen.gaps.is_empty();
        let right = match expect {
            "find" => found,
            "find+report" => found && told,
            "report" => told,
            "clean" => !found && !told,
            _ => found || told,
        };
        // A sound file is not complained about.
        let right = right && !(told && case.starts_with("control"));
        let gaps: Vec<String> = seen.gaps.iter().take(3).map(Gap::to_string).collect();
        println!(
            "{file}\t{expect}\t{}\t{gaps:?}",
            if found { "found" } else { "-" }
        );
        if !right || took > Duration::from_secs(5) {
            wrong.push(format!("{file} ({expect}): found {found}, {took:?}, {gaps:?}"));
        }
    }
    println!("{files} files, {markers} markers");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
