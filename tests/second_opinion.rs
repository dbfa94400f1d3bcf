//! The dex reader against the crate `dex`: strings, classes, superclasses, interfaces, members and code
//! must be the same, in the same order.
//!
//! That reader was written for sound files: it gives up on others, and on some that Android runs. What it
//! refuses is counted and not compared. Without `PHONEHOME_CORPUS` only the sample is read.

use std::io::{Cursor, Read as _};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use dex::class::Class;
use phonehome::artifact::dex::{ClassDef, Dex, mutf8};

/// Bytes of dex that are compared; without optimisation a few seconds.
const ENOUGH: usize = 16 << 20;

/// What was compared, and what the other reader did not read.
#[derive(Debug, Default)]
struct Count {
    files: u32,
    strings: u32,
    classes: u32,
    members: usize,
    refused_files: u32,
    refused_strings: u32,
    refused_classes: u32,
}

fn text(bytes: Option<&[u8]>) -> String {
    mutf8(bytes.expect("an index leads nowhere")).into_owned()
}

/// A class as we read it, a line for each thing.
fn ours(dex: &Dex<'_>, class: &ClassDef) -> Vec<String> {
    let name = |i| text(dex.string(i));
    let type_ = |i| text(dex.type_descriptor(i));
    let parent = class.superclass.map(type_);
    let source = class.source.map(name);
    let mut lines = vec![format!(
        "{} {:#x} {parent:?} {source:?}",
        type_(class.class),
        class.access
    )];
    lines.extend(dex.interfaces(class).unwrap().iter().map(type_));
    let members = dex.members(class).unwrap();
    lines.extend(members.fields().map(Result::unwrap).map(|field| {
        let id = dex.field(field.index).unwrap();
        format!("{:#x} {}: {}", field.access, name(id.name), type_(id.type_))
    }));
    for method in members.methods().map(Result::unwrap) {
        let id = dex.method(method.index).unwrap();
        let proto = dex.proto(id.proto).unwrap();
        let parameters: String = proto.parameters.iter().map(type_).collect();
        let result = type_(proto.return_type);
        lines.push(format!(
            "{:#x} {}({parameters}){result}",
            method.access,
            name(id.name)
        ));
        if method.code_off != 0 {
            let code = dex.code(method.code_off).unwrap();
            let tries: Vec<(u32, u32)> = code
                .tries()
                .map(Result::unwrap)
                .map(|t| (t.start, t.end - t.start))
                .collect();
            let units = code
                .insns
                .as_chunks()
                .0
                .iter()
                .map(|unit| u16::from_le_bytes(*unit));
            lines.push(format!("{} {} {} {tries:?}", code.registers, code.ins, code.outs));
            lines.push(format!("{:04x?}", units.collect::<Vec<_>>()));
        }
    }
    lines
}

/// The same class as the other reader has it.
fn theirs<T: AsRef<[u8]>>(dex: &dex::Dex<T>, class: &Class) -> Vec<String> {
    let parent = class
        .super_class()
        .map(|i| dex.get_type(i).unwrap().type_descriptor().to_string());
    let source = class.source_file().map(ToString::to_string);
    let name = class.jtype().type_descriptor();
    let mut lines = vec![format!(
        "{name} {:#x} {parent:?} {source:?}",
        class.access_flags().bits()
    )];
    lines.extend(class.interfaces().iter().map(|i| i.type_descriptor().to_string()));
    lines.extend(class.fields().map(|field| {
        let type_ = field.jtype().type_descriptor();
        format!("{:#x} {}: {type_}", field.access_flags().bits(), field.name())
    }));
    for method in class.methods() {
        let parameters: String = method
            .params()
            .iter()
            .map(|p| p.type_descriptor().to_string())
            .collect();
        let result = method.return_type().type_descriptor();
        let access = method.access_flags().bits();
        lines.push(format!("{access:#x} {}({parameters}){result}", method.name()));
        if let Some(code) = method.code() {
            let tries: Vec<(u32, u32)> = code
                .tries()
                .iter()
                .map(|t| (t.start_addr(), t.insn_count().into()))
                .collect();
            let sizes = (code.registers_size(), code.ins_size(), code.outs_size());
            lines.push(format!("{} {} {} {tries:?}", sizes.0, sizes.1, sizes.2));
            lines.push(format!("{:04x?}", code.insns()));
        }
    }
    lines
}

/// Compares one file.
fn compare(what: &str, data: &[u8], count: &mut Count) {
    let Ok(Ok(other)) = catch_unwind(|| dex::DexReader::from_vec(data)) else {
        count.refused_files += 1;
        return;
    };
    let opened = Dex::open(data);
    let [own] = opened.dexes.as_slice() else {
        panic!("{what}: {:?}", opened.gaps)
    };
    assert_eq!(other.strings().count(), own.string_count() as usize, "{what}");
    for (i, string) in (0..own.string_count()).zip(other.strings()) {
        match string {
            Ok(string) => assert_eq!(text(own.string(i)), *string, "{what}, string {i}"),
            Err(_) => count.refused_strings += 1,
        }
        count.strings += 1;
    }
    assert_eq!(other.class_defs().count(), own.class_count() as usize, "{what}");
    for (class, other_class) in own.classes().zip(other.classes()) {
        match other_class {
            Ok(other_class) => {
                let own = ours(own, &class);
                assert_eq!(own, theirs(&other, &other_class), "{what}, class {}", class.index);
                count.members += own.len();
            }
            Err(_) => count.refused_classes += 1,
        }
        count.classes += 1;
    }
    count.files += 1;
}

/// Hands out the dex files of an archive, and of the archives in it.
fn dexes(name: &str, data: &[u8], depth: u32, to: &mut impl FnMut(&str, &[u8])) {
    if data.starts_with(b"dex\n") {
        return to(name, data);
    }
    let Ok(mut zip) = zip::ZipArchive::new(Cursor::new(data)) else {
        return;
    };
    for i in 0..zip.len() {
        let Ok(mut file) = zip.by_index(i) else { continue };
        let inner = format!("{name}!{}", String::from_utf8_lossy(file.name_raw()));
        let wanted = ["dex", "apk", "jar"].iter().any(|ending| inner.ends_with(ending));
        let mut bytes = Vec::new();
        if wanted && depth < 3 && file.read_to_end(&mut bytes).is_ok() {
            dexes(&inner, &bytes, depth + 1, to);
        }
    }
}

/// Files below a folder, sorted.
fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

#[test]
fn another_reader_reads_the_same_in_the_sample() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/acme-1.0.zip");
    let mut count = Count::default();
    dexes("acme", &std::fs::read(sample).unwrap(), 0, &mut |name, data| {
        compare(name, data, &mut count);
    });
    println!("{count:?}");
    assert!(count.files > 0);
}

#[test]
fn another_reader_reads_the_same_in_what_it_takes_of_the_corpus() {
    let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from) else {
        println!("PHONEHOME_CORPUS is not set: nothing is compared");
        return;
    };
    let (mut count, mut left) = (Count::default(), ENOUGH);
    for folder in ["dexdump-goldens", "droidbench", "apks"] {
        let mut paths = Vec::new();
        files(&corpus.join(folder), &mut paths);
        for path in paths {
            if std::fs::metadata(&path).unwrap().len() < 1 << 28 {
                let name = path.display().to_string();
                dexes(&name, &std::fs::read(&path).unwrap(), 0, &mut |name, data| {
                    if let Some(rest) = left.checked_sub(data.len()) {
                        left = rest;
                        compare(name, data, &mut count);
                    }
                });
            }
        }
    }
    println!("{count:?}");
    assert!(count.files > 10 && count.refused_files < count.files);
    assert!(count.refused_classes < count.classes / 2);
}
