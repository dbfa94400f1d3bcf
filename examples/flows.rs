//! Follows the flows of packages, one by one, and prints them: for looking at the engine.
//!
//! ```sh
//! cargo run --release --example flows -- app.apk …
//! ```
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for the command line"
)]

use std::path::Path;
use std::time::Instant;

use phonehome::artifact::axml::Xml;
use phonehome::artifact::dex::Dex;
use phonehome::artifact::manifest::Manifest;
use phonehome::bytes::{Budget, Bytes};
use phonehome::code::{Interest, analyse};
use phonehome::fact::flow::components;
use phonehome::rule::Rules;
use phonehome::unpack::{Class, group, open_package, walk};

fn main() {
    let rules = Rules::bundled().unwrap();
    let interest = Interest::new(&rules);
    let channels: &[&str] = if std::env::var_os("BENCH").is_some() {
        &["sms", "log", "exec", "net", "webview", "storage"]
    } else {
        &["net", "sms", "webview", "mqtt", "push", "bt"]
    };
    for path in std::env::args().skip(1) {
        let budget = Budget::default();
        let groups = group(walk(Path::new(&path), &budget).unwrap());
        for unit in &groups.units {
            let Some(first) = unit.leaves.first() else {
                continue;
            };
            let mut files: Vec<Bytes> = Vec::new();
            let mut manifest = Manifest::default();
            for leaf in unit.leaves.iter().skip(1) {
                if matches!(leaf.class, Class::Dex | Class::Odex) {
                    files.push(leaf.read(&budget).bytes);
                }
            }
            for package in open_package(first, &budget).iter().take(1) {
                for leaf in &package.leaves {
                    match leaf.class {
                        Class::Dex | Class::Odex => files.push(leaf.read(&budget).bytes),
                        Class::Manifest => {
                            manifest = Manifest::read(&Xml::open(&leaf.read(&budget).bytes), None)
                        }
                        _ => {}
                    }
                }
            }
            let dexes: Vec<Dex<'_>> = files.iter().flat_map(|file| Dex::open(file).dexes).collect();
            let size: usize = files.iter().map(|file| file.len()).sum();
            if size == 0 {
                continue;
            }
            let start = Instant::now();
            let reading = analyse(&dexes, &interest, &|text| text.windows(3).any(|w| w == b"://"));
            let read = start.elapsed();
            let mut traced = reading.flows(&interest, &components(&manifest), channels);
            if std::env::var_os("BENCH").is_some() {
                let mut seen = std::collections::BTreeSet::new();
                traced.leaks.retain(|leak| {
                    let sink = interest.sink(leak.row).unwrap();
                    let kept = match &*sink.channel {
                        "sms" | "log" | "exec" | "net" | "webview" => true,
                        "storage" => sink.class.starts_with("Ljava/io/"),
                        _ => false,
                    };
                    // One connection is one way out.
                    let pc = if &*sink.channel == "net" {
                        u32::MAX
                    } else {
                        leak.sink.pc
                    };
                    kept && seen.insert((leak.source, leak.sink.dex, leak.sink.method, pc))
                });
            }
            println!(
                "{}\t{}\t{:.1} MB\t{:.3} s\t{:.3} s\t{} steps{}",
                unit.place.logical(),
                traced.leaks.len(),
                f64::from(u32::try_from(size).unwrap()) / 1e6,
                read.as_secs_f64(),
                start.elapsed().as_secs_f64(),
                traced.steps,
                if traced.cut { "\tcut" } else { "" },
            );
            for leak in &traced.leaks {
                let name = |at| {
                    format!(
                        "{}->{}",
                        reading.class(at).unwrap_or_default(),
                        reading.method(at).unwrap_or_default()
                    )
                };
                let id = interest
                    .identifier(leak.identifier)
                    .map(|row| row.category.to_string());
                println!(
                    "  {} read in {} @{:04x}\n    leaves by {} in {} @{:04x} {:?}",
                    id.unwrap_or_default(),
                    name(leak.source),
                    leak.source.pc,
                    interest.sink(leak.row).map(|sink| sink.api()).unwrap_or_default(),
                    name(leak.sink),
                    leak.sink.pc,
                    leak.addresses
                        .iter()
                        .map(|a| String::from_utf8_lossy(a))
                        .collect::<Vec<_>>(),
                );
                if std::env::var_os("WAY").is_some() {
                    for stop in &leak.way {
                        println!("      {:?} {} @{:04x}", stop.what, name(stop.at), stop.at.pc);
                        for line in reading.lines(stop.at) {
                            println!("          {line}");
                        }
                    }
                }
            }
        }
    }
}
