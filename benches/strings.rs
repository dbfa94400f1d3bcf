//! The string and host matcher: raw bytes in GB/s, one string in ns.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a bench may fail loudly"
)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use phonehome::fact::endpoint::Finder;
use phonehome::rule::Rules;

/// xorshift64*: the same bytes on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % n
    }
}

/// Code, tables, text and noise in turns of 4 KiB, with a URL in every 64th.
fn mixed(size: usize, urls: bool) -> Vec<u8> {
    let mut random = Random(7);
    let mut data = Vec::with_capacity(size + 4096);
    while data.len() < size {
        let block = data.len() / 4096;
        match block % 4 {
            0 => data.extend((0..512).flat_map(|_| random.next().to_le_bytes())),
            1 => data.extend((0..1024_u32).flat_map(|n| (n % 97).to_le_bytes())),
            2 => data.extend((0..4096).map(|_| b"etaoin shrdlu\n,_"[random.below(16)])),
            _ => data.extend([0; 4096]),
        }
        if urls && block % 64 == 0 {
            data.extend(b"\0https://api.example.com/v1/x?y=z\0");
        }
    }
    data.truncate(size);
    data
}

/// Strings as a dex file has them: class names, method names, messages, and few hosts.
fn table(count: usize, hosts: bool) -> Vec<Vec<u8>> {
    let mut random = Random(11);
    let words = [
        "android", "view", "Layout", "get", "Name", "com", "xiaomi", "onClick", "cannot", "read", "value",
        "id",
    ];
    let mut word = || words[random.below(words.len())];
    (0..count)
        .map(|i| {
            let text = match i % 8 {
                0 => format!("L{}/{}/{};", word(), word(), word()),
                1 => format!("{} {} {}", word(), word(), word()),
                2 => format!("{}{}{}", word(), word(), i),
                3 => format!("{}_{}", word(), word()),
                4 if hosts => format!("com.{}.{}.{}", word(), word(), word()),
                5 if hosts && i % 64 == 5 => format!("https://{}.example.com/{i}", word()),
                6 if hosts && i % 64 == 6 => format!("{}.example.com", word()),
                _ => word().to_owned(),
            };
            text.into_bytes()
        })
        .collect()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let rules = Rules::bundled().unwrap();
    let finder = Finder::new(&rules);

    let mut group = criterion.benchmark_group("raw");
    for (name, urls) in [("without anchors", false), ("with URLs", true)] {
        let data = mixed(64 << 20, urls);
        group.throughput(Throughput::Bytes(data.len().try_into().unwrap()));
        group.bench_with_input(BenchmarkId::from_parameter(name), &data, |b, data| {
            b.iter(|| finder.raw(black_box(data)).len());
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("text");
    for (name, hosts) in [("no anchor", false), ("dex-like", true)] {
        let strings = table(1_000_000, hosts);
        group.throughput(Throughput::Elements(strings.len().try_into().unwrap()));
        group.bench_with_input(BenchmarkId::from_parameter(name), &strings, |b, strings| {
            b.iter(|| {
                strings
                    .iter()
                    .map(|text| finder.text(black_box(text)).len())
                    .sum::<usize>()
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
