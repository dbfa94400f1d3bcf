//! A whole package: decompressing what a scan looks at, and the scan. Both on all threads, from the
//! path on; the second time over the first is what all the analysis costs.
//!
//! `PHONEHOME_BENCH` names the package; see `input`.

#![expect(clippy::unwrap_used, reason = "a bench may fail loudly")]

mod input;

use std::fs;
use std::path::Path;

use criterion::{Criterion, SamplingMode, Throughput};
use phonehome::bytes::Budget;
use phonehome::rule::Rules;
use phonehome::scan::{self, Options};
use phonehome::unpack::{group, walk};
use rayon::prelude::*;

/// Decompresses every file that a scan reads, as `examples/limit.rs` does.
fn decompress(path: &Path) -> usize {
    let budget = Budget::default();
    let units = group(walk(path, &budget).unwrap()).units;
    let bytes = units.par_iter().with_max_len(1).map(|unit| {
        let mut sum = 0_usize;
        input::each_leaf(unit, &budget, |leaf| {
            if leaf.class.skipped().is_none() {
                sum = sum.saturating_add(leaf.read(&budget).bytes.len());
            }
        });
        sum
    });
    bytes.sum()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let path = input::path();
    let rules = Rules::bundled().unwrap();
    let options = Options::default();
    let mut group = criterion.benchmark_group("package");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Bytes(fs::metadata(&path).unwrap().len()));
    group.bench_function("decompress", |b| b.iter(|| decompress(&path)));
    group.bench_function("scan", |b| {
        b.iter(|| {
            scan::scan(&path, &options, &rules, &|_| {})
                .unwrap()
                .findings
                .len()
        });
    });
    group.finish();
    criterion.final_summary();
}
