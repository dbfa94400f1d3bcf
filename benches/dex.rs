//! One walk over every string and every instruction of all dex files of a package, on one thread.
//!
//! `PHONEHOME_BENCH` names the package; see `input`.

#![expect(clippy::unwrap_used, reason = "a bench may fail loudly")]

mod input;

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use phonehome::artifact::dex::Dex;
use phonehome::bytes::{Budget, Bytes};
use phonehome::unpack::{Class, group, walk};

/// The dex files, decompressed; of an odex, all of it.
fn dexes() -> Vec<Bytes> {
    let budget = Budget::default();
    let mut files = Vec::new();
    for unit in group(walk(&input::path(), &budget).unwrap()).units {
        input::each_leaf(&unit, &budget, |leaf| {
            if matches!(leaf.class, Class::Dex | Class::Odex) {
                files.push(leaf.read(&budget).bytes);
            }
        });
    }
    files
}

/// Opens them; the sum is there so that nothing can be left out.
fn open(files: &[Bytes]) -> u32 {
    let classes = |file: &Bytes| -> u32 { Dex::open(file).dexes.iter().map(Dex::class_count).sum() };
    files.iter().map(classes).sum()
}

/// Bytes of all strings.
fn strings(files: &[Bytes]) -> usize {
    let opened = files.iter().flat_map(|file| Dex::open(file).dexes);
    opened
        .flat_map(|dex| dex.strings())
        .flatten()
        .fold(0, |sum, (_, text)| sum.wrapping_add(text.len()))
}

/// All instructions, with what each refers to.
fn instructions(files: &[Bytes]) -> u32 {
    let opened = files.iter().flat_map(|file| Dex::open(file).dexes);
    opened
        .flat_map(|dex| dex.bodies())
        .flatten()
        .flat_map(|body| body.code.insns())
        .fold(0, |sum: u32, insn| {
            sum.wrapping_add(1).wrapping_add(insn.index().unwrap_or_default())
        })
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let files = dexes();
    let bytes: u64 = files.iter().map(|file| u64::try_from(file.len()).unwrap()).sum();
    let mut group = criterion.benchmark_group("dex");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("open", |b| b.iter(|| open(black_box(&files))));
    group.bench_function("strings", |b| b.iter(|| strings(black_box(&files))));
    group.bench_function("instructions", |b| b.iter(|| instructions(black_box(&files))));
    group.bench_function("all", |b| {
        b.iter(|| {
            let files = black_box(&files);
            (open(files), strings(files), instructions(files))
        });
    });
    group.finish();
    criterion.final_summary();
}
