//! Payloads as they are, and as they should not be: right bytes or a gap, never a wrong image.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use super::*;
use crate::bytes::Limits;

mod delta;
mod full;
mod hostile;

use crate::unpack::build::*;

fn budget(base: &[(&str, &[u8])]) -> Budget {
    let mut budget = Budget::default();
    for (name, image) in base {
        budget.base.insert((*name).into(), Blob::from(image.to_vec()));
    }
    budget
}

/// A gap without its offset, which depends on how the manifest was written.
fn plain(gap: &Gap) -> String {
    gap.to_string().replace(&format!(" at {:#x}", gap.at), "")
}

fn list(payload: &[u8], budget: &Budget) -> Listing {
    PayloadBin.list(&Blob::from(payload.to_vec()), "payload", budget)
}

fn volumes_of(payload: &[u8], budget: &Budget) -> Vec<Volume> {
    volumes(&Blob::from(payload.to_vec()), budget)
}

/// For each block of the first image, whether it is the one of `image` (`=`), a gap (`x`), or wrong (`!`);
/// then every remark, and what was said of the last gap.
#[track_caller]
fn check_with(payload: &[u8], budget: &Budget, image: &[u8], blocks: &str, expect: &[&str]) {
    let listing = list(payload, budget);
    let volumes = volumes_of(payload, budget);
    let (mut got, mut last) = (String::new(), None);
    if let Some(volume) = volumes.first() {
        let mut at = 0;
        while at < volume.image.len().max(image.len() as u64) {
            let mut buf = vec![7; BLOCK];
            let right = &image[image.len().min(at as usize)..image.len().min(at as usize + BLOCK)];
            match volume.image.read_at(at, &mut buf) {
                Ok(n) if buf[..n] == *right => got.push('='),
                Ok(_) => got.push('!'),
                Err(e) => {
                    got.push('x');
                    last = Some(plain(&Gap::of(e, "io", at)));
                }
            }
            at += BLOCK as u64;
        }
    }
    let said = listing.notices.iter().map(|remark| {
        let entry = remark.entry.as_deref().unwrap_or("-");
        format!("{entry}: {}, {} unread", plain(&remark.gap), remark.unread)
    });
    let said: Vec<String> = said.chain(last).collect();
    assert_eq!(got, blocks, "{said:#?}");
    assert_eq!(said, expect);
}

#[track_caller]
fn check(payload: &[u8], image: &[u8], blocks: &str, expect: &[&str]) {
    check_with(payload, &Budget::default(), image, blocks, expect);
}

/// A payload of one partition.
fn one(payload: &mut PayloadBuilder, ops: Vec<Op>, image: &[u8]) -> Vec<u8> {
    let mut system = PartitionBuilder::new("system");
    ops.into_iter().for_each(|op| system.op(op));
    payload.partition(system.image(image));
    payload.build()
}

/// One operation of each kind that a full package may have.
fn every_kind() -> (Vec<u8>, Vec<u8>) {
    let image = [noise(5, 1), vec![0; 2 * BLOCK]].concat();
    let block = |n: usize| &image[n * BLOCK..(n + 1) * BLOCK];
    let mut payload = PayloadBuilder::new();
    let ops = vec![
        payload.op(REPLACE, block(0), &[(0, 1)]),
        payload.op(REPLACE_BZ, &bz(block(1)), &[(1, 1)]),
        payload.op(REPLACE_XZ, &xz(&image[2 * BLOCK..4 * BLOCK]), &[(2, 2)]),
        payload.op(ZSTD, &zstd(block(4)), &[(4, 1)]),
        Op::new(ZERO, &[(5, 1)]),
        Op::new(DISCARD, &[(6, 1)]),
    ];
    (one(&mut payload, ops, &image), image)
}
