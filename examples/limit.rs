//! Decompresses the bytes that a scan of the same input would, with the same library and the same
//! number of threads, and does nothing else: what a scan's time is measured against.
//!
//! ```sh
//! cargo run --release --example limit -- ota.zip --threads 2
//! ```
//!
//! `--all` decompresses what a scan leaves alone as well (images, sound, fonts).
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the command line"
)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use phonehome::bytes::Budget;
use phonehome::unpack::{Class, Leaf, Unit, group, open_package, walk};
use rayon::prelude::*;

fn main() -> ExitCode {
    let mut input = None;
    let mut threads = 0;
    let mut all = false;
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--all") => all = true,
            Some("--threads") => {
                let number = args.next().and_then(|n| n.to_str().and_then(|n| n.parse().ok()));
                threads = number.unwrap_or(0);
            }
            _ => input = Some(arg),
        }
    }
    let Some(input) = input else {
        eprintln!("usage: limit FILE [--threads N] [--all]");
        return ExitCode::from(2);
    };
    let start = Instant::now();
    let budget = Budget::default();
    let tree = match walk(input.as_ref(), &budget) {
        Ok(tree) => tree,
        Err(e) => {
            eprintln!("limit: {e}");
            return ExitCode::from(3);
        }
    };
    let groups = group(tree);
    let listed = start.elapsed();
    let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else {
        return ExitCode::FAILURE;
    };
    let (bytes, leaves) = (AtomicU64::new(0), AtomicU64::new(0));
    pool.install(|| {
        groups.units.par_iter().with_max_len(1).for_each(|unit| {
            let (n, count) = decompress(unit, all, &budget);
            bytes.fetch_add(n, Ordering::Relaxed);
            leaves.fetch_add(count, Ordering::Relaxed);
        });
    });
    println!(
        "bytes {} leaves {} units {} list {:.4} s total {:.4} s",
        bytes.into_inner(),
        leaves.into_inner(),
        groups.units.len(),
        listed.as_secs_f64(),
        start.elapsed().as_secs_f64()
    );
    ExitCode::SUCCESS
}

fn decompress(unit: &Unit, all: bool, budget: &Budget) -> (u64, u64) {
    let mut sum = (0_u64, 0_u64);
    let mut read = |leaf: &Leaf| {
        if all || leaf.class.skipped().is_none() {
            let n = u64::try_from(leaf.read(budget).bytes.len()).unwrap_or(u64::MAX);
            sum = (sum.0.saturating_add(n), sum.1.saturating_add(1));
        }
    };
    for leaf in &unit.leaves {
        if matches!(leaf.class, Class::Archive(_)) {
            for package in open_package(leaf, budget) {
                package.leaves.iter().for_each(&mut read);
            }
        } else {
            read(leaf);
        }
    }
    sum
}
