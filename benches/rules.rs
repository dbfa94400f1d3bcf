//! How long the signatures take at start, and one question to each table.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use phonehome::rule::Rules;

fn load(c: &mut Criterion) {
    c.bench_function("rules/load", |b| {
        b.iter(|| Rules::bundled().map(|rules| rules.hash))
    });
}

fn ask(c: &mut Criterion) {
    let Ok(rules) = Rules::bundled() else { return };
    c.bench_function("rules/host", |b| {
        b.iter(|| {
            rules
                .hosts
                .lookup(black_box("a.data.mistat.xiaomi.com"))
                .is_some()
        })
    });
    c.bench_function("rules/tracker-miss", |b| {
        b.iter(|| {
            rules
                .trackers
                .class(black_box(b"Lcom/acme/app/ui/MainActivity$1;"))
                .is_some()
        });
    });
    c.bench_function("rules/tracker-hit", |b| {
        b.iter(|| {
            rules
                .trackers
                .class(black_box(b"Lcom/umeng/analytics/game/a/b/C;"))
                .is_some()
        });
    });
    c.bench_function("rules/text-miss", |b| {
        b.iter(|| {
            rules
                .identifiers
                .text(black_box(b"a sentence that no table knows"))
                .is_some()
        });
    });
    c.bench_function("rules/text-hit", |b| {
        b.iter(|| {
            rules
                .identifiers
                .text(black_box(b"content://sms/inbox"))
                .is_some()
        });
    });
    c.bench_function("rules/method", |b| {
        b.iter(|| {
            rules
                .identifiers
                .method(black_box(b"Landroid/telephony/TelephonyManager;"), b"getDeviceId")
                .is_some()
        });
    });
}

criterion_group!(benches, load, ask);
criterion_main!(benches);
