//! The dex pass: tables, cross references, values and facts, in bytes of dex per second.
//!
//! With `PHONEHOME_CORPUS` the framework of a ROM of 2014 (10 MB) and its largest app with a network of
//! its own are read; without it, nothing.

use std::hint::black_box;
use std::io::Read;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use phonehome::artifact::dex::Dex;
use phonehome::bytes::Place;
use phonehome::code::{Interest, analyse};
use phonehome::fact::code::{File, code};
use phonehome::fact::endpoint::{Endpoints, Finder};
use phonehome::rule::Rules;

const ROM: &str = "roms/redmi-note-JHECNBE23.0.zip";
const FILES: [(&str, &str); 2] = [
    ("framework", "system/framework/framework.jar"),
    ("app", "system/app/XiaomiServiceFramework.apk"),
];

/// The first dex of a package of the ROM.
fn dex(package: &str) -> Option<Vec<u8>> {
    let corpus = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from)?;
    let mut rom = zip::ZipArchive::new(std::fs::File::open(corpus.join(ROM)).ok()?).ok()?;
    let mut inner = Vec::new();
    rom.by_name(package).ok()?.read_to_end(&mut inner).ok()?;
    let mut package = zip::ZipArchive::new(std::io::Cursor::new(inner)).ok()?;
    let mut out = Vec::new();
    package.by_name("classes.dex").ok()?.read_to_end(&mut out).ok()?;
    Some(out)
}

fn read(c: &mut Criterion) {
    let Ok(rules) = Rules::bundled() else { return };
    let interest = Interest::new(&rules);
    let finder = Finder::new(&rules);
    c.bench_function("code/compile", |b| {
        b.iter(|| black_box(Interest::new(&rules)).rules().hash.len())
    });
    for (name, package) in FILES {
        let Some(file) = dex(package) else { continue };
        let opened = Dex::open(&file);
        let mut group = c.benchmark_group(format!("code/{name}"));
        group.sample_size(20);
        group.throughput(Throughput::Bytes(u64::try_from(file.len()).unwrap_or(0)));
        group.bench_function("walk", |b| {
            b.iter(|| analyse(black_box(&opened.dexes), &interest, &|_| false).methods());
        });
        group.bench_function("facts", |b| {
            let all: Vec<File<'_>> = opened
                .dexes
                .iter()
                .map(|dex| File {
                    place: Place::root(name),
                    dex: *dex,
                })
                .collect();
            b.iter(|| {
                let mut endpoints = Endpoints::default();
                let facts = code(black_box(&all), None, None, &interest, &finder, &mut endpoints);
                (facts.identifiers.len(), endpoints.finish().0.len())
            });
        });
        group.finish();
    }
}

criterion_group!(benches, read);
criterion_main!(benches);
