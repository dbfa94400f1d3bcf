//! Reads the code of dex files and prints what was found, with the time that it took.
//!
//!   code [-q] [-r | -f] FILE.dex …     -q: totals only; -r: without facts; -f: facts alone

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a tool for those who work on the reader"
)]

use std::time::Instant;

use phonehome::artifact::dex::Dex;
use phonehome::bytes::Place;
use phonehome::code::Interest;
use phonehome::fact::code::{self, File};
use phonehome::fact::endpoint::{Endpoints, Finder};
use phonehome::rule::Rules;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut quiet, mut only_read, mut only_facts) = (false, false, false);
    let mut paths = Vec::new();
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "-q" => quiet = true,
            "-r" => only_read = true,
            "-f" => only_facts = true,
            _ => paths.push(arg),
        }
    }
    let rules = Rules::bundled()?;
    let start = Instant::now();
    let interest = Interest::new(&rules);
    let finder = Finder::new(&rules);
    let compiled = start.elapsed();
    let (mut bytes, mut facts_time, mut reading_time) = (0_usize, 0.0, 0.0);
    let mut totals = [0_usize; 6];
    for path in &paths {
        let data = std::fs::read(path)?;
        bytes += data.len();
        let opened = Dex::open(&data);
        let name = path.rsplit('/').next().unwrap_or(path);
        let start = Instant::now();
        let hot = |text: &[u8]| !finder.text(text).is_empty() || memchr::memmem::find(text, b"://").is_some();
        let dexes = if only_facts { &[] } else { opened.dexes.as_slice() };
        let reading = phonehome::code::analyse(dexes, &interest, &hot);
        reading_time += start.elapsed().as_secs_f64();
        let (wanted, methods) = reading.methods();
        let (walked, steps) = reading.effort();
        totals[0] += wanted;
        totals[1] += methods;
        totals[2] += usize::try_from(walked).unwrap_or(0);
        totals[3] += usize::try_from(steps).unwrap_or(0);
        totals[4] += reading.calls().count();
        if only_read {
            continue;
        }
        let start = Instant::now();
        let files: Vec<File<'_>> = opened
            .dexes
            .iter()
            .map(|dex| File {
                place: Place::root(name),
                dex: *dex,
            })
            .collect();
        let mut endpoints = Endpoints::default();
        let facts = code::code(&files, None, None, &interest, &finder, &mut endpoints);
        facts_time += start.elapsed().as_secs_f64();
        let (endpoints, aside) = endpoints.finish();
        totals[5] += endpoints.len();
        if quiet {
            continue;
        }
        println!(
            "== {name}: {wanted} of {methods} methods, {walked} bytes, {steps} steps, {} aside",
            aside.len()
        );
        let place = |site: Option<&phonehome::fact::Site>| {
            site.map(|s| {
                format!(
                    "{}{}",
                    s.class.clone().unwrap_or_default(),
                    s.method.clone().unwrap_or_default()
                )
            })
            .unwrap_or_default()
        };
        for e in &endpoints {
            println!(
                "endpoint {} {:?} sink={} n={} {}",
                e.url,
                e.source,
                e.at_sink,
                e.count,
                place(e.sites.first())
            );
        }
        for i in &facts.identifiers {
            println!(
                "identifier {} {} {:?} {} n={} {}",
                i.category,
                i.api,
                i.road,
                i.in_code,
                i.count,
                place(i.sites.first())
            );
        }
        for s in &facts.sinks {
            println!("sink {} {} n={}", s.channel, s.api, s.count);
        }
        for s in &facts.switches {
            println!(
                "switch {:?} {} {} default={:?} {:?} {:?} n={} {} {:?}",
                s.kind,
                s.namespace,
                s.key,
                s.default,
                s.from,
                s.state,
                s.count,
                place(s.sites.first()),
                s.sites.first().and_then(|s| s.entry.clone())
            );
        }
        for (file, gap) in &facts.gaps {
            println!("gap {file} {gap}");
        }
    }
    eprintln!(
        "{bytes} bytes; compile {:.1} ms; reading {:.1} ms ({:.0} MB/s); facts with reading {:.1} ms; wanted {} of {} methods, {} code bytes, {} steps, {} calls, {} endpoints",
        compiled.as_secs_f64() * 1e3,
        reading_time * 1e3,
        bytes as f64 / 1e6 / reading_time,
        facts_time * 1e3,
        totals[0],
        totals[1],
        totals[2],
        totals[3],
        totals[4],
        totals[5]
    );
    Ok(())
}
