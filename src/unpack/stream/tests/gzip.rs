//! Gzip, whose headers hold what nobody asked for.

use flate2::{Compression, GzBuilder};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A member with these fields in its header.
fn member(
    bytes: &[u8],
    name: Option<&str>,
    comment: Option<&str>,
    extra: Option<&[u8]>,
    level: u32,
) -> Vec<u8> {
    let mut builder = GzBuilder::new();
    if let Some(name) = name {
        builder = builder.filename(name);
    }
    if let Some(comment) = comment {
        builder = builder.comment(comment);
    }
    if let Some(extra) = extra {
        builder = builder.extra(extra);
    }
    let mut encoder = builder.write(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

type Fields = (Vec<u8>, Option<String>, Option<String>, Option<Vec<u8>>, u32);

fn fields() -> impl Strategy<Value = Fields> {
    let text = || proptest::option::of("[a-z é/]{0,40}");
    let extra = proptest::option::of(vec(any::<u8>(), 0..100));
    (vec(any::<u8>(), 0..3000), text(), text(), extra, 0..10_u32)
}

fn members(all: &[Fields]) -> (Vec<u8>, Vec<u8>) {
    let packed = all
        .iter()
        .flat_map(|(bytes, name, comment, extra, level)| {
            member(
                bytes,
                name.as_deref(),
                comment.as_deref(),
                extra.as_deref(),
                *level,
            )
        })
        .collect();
    (packed, all.iter().flat_map(|fields| fields.0.clone()).collect())
}

proptest! {
    #[test]
    fn whatever_the_headers_hold_the_members_are_read(all in vec(fields(), 1..4)) {
        let (packed, expect) = members(&all);
        let (bytes, gaps) = unpacked("a.gz", &packed, &Budget::default());
        prop_assert!(bytes == expect);
        prop_assert_eq!(gaps, []);
    }

    /// What comes out is sound up to the first gap, and never more than deflate can make of the input.
    #[test]
    fn changed_and_cut_members_never_lie(
        all in vec(fields(), 1..4),
        changes in vec((any::<prop::sample::Index>(), 1..=255_u8), 0..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (mut packed, expect) = members(&all);
        for (at, flip) in &changes {
            let at = at.index(packed.len());
            packed[at] ^= flip;
        }
        packed.truncate(cut.map_or(packed.len(), |cut| cut.index(packed.len())));
        let (bytes, gaps) = unpacked("a.gz", &packed, &Budget::default());
        prop_assert!(bytes.len() <= packed.len() * 1032);
        if changes.is_empty() {
            prop_assert!(expect.starts_with(&bytes));
        }
        // A cut between members cannot be seen, and a change of a field that nobody reads is none.
        prop_assert!(expect.starts_with(&bytes) || !gaps.is_empty());
    }

    #[test]
    fn any_bytes_behind_the_magic_are_survived(flags in any::<u8>(), bytes in vec(any::<u8>(), 0..300)) {
        let packed = [&[0x1f, 0x8b, 8, flags], &*bytes].concat();
        let (got, _) = unpacked("a.gz", &packed, &Budget::default());
        prop_assert!(got.len() <= packed.len() * 1032);
    }
}
