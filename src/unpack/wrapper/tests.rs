#![expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]

use super::super::leaf::Data;
use super::super::registry::Format;
use crate::bytes::{Blob, Budget};

/// Text in a field of fixed length.
pub(super) fn field(text: &str, len: usize) -> Vec<u8> {
    let mut out = text.as_bytes().to_vec();
    out.resize(len, 0);
    out
}

/// A sparse image of `blocks` blocks of four bytes, with `data` from one of them on.
pub(super) fn sparse(blocks: u32, at: u32, data: &[u8]) -> Vec<u8> {
    let mut out = 0xed26_ff3a_u32.to_le_bytes().to_vec();
    out.extend([1, 0, 0, 0, 28, 0, 12, 0, 4, 0, 0, 0]);
    let len = u32::try_from(data.len() / 4).unwrap();
    let rest = blocks - at - len;
    for word in [blocks, 3, 0] {
        out.extend(word.to_le_bytes());
    }
    for (kind, blocks, data) in [
        (0xcac3_u32, at, &[][..]),
        (0xcac1, len, data),
        (0xcac3, rest, &[]),
    ] {
        for word in [kind, blocks, u32::try_from(12 + data.len()).unwrap()] {
            out.extend(word.to_le_bytes());
        }
        out.extend(data);
    }
    out
}

/// What is listed, each entry with its bytes or the gap that it ends in; and what is told.
fn list(format: &dyn Format, data: &[u8]) -> (Vec<(String, Result<Vec<u8>, String>)>, Vec<String>) {
    let budget = Budget::default();
    let listing = format.list(&Blob::from(data.to_vec()), "content", &budget);
    let entries = listing.entries.iter().map(|entry| {
        let Data::Plain(blob) = &entry.data else {
            panic!("at random access")
        };
        assert_eq!(blob.len(), entry.size);
        // What is flipped may be a length: not more than a test holds.
        let bytes = blob.read("t", 0..1 << 16);
        (
            entry.name.to_string(),
            bytes.map(|bytes| bytes.to_vec()).map_err(|gap| gap.to_string()),
        )
    });
    let gaps = listing.notices.iter().map(|notice| notice.gap.to_string());
    (entries.collect(), gaps.collect())
}

#[track_caller]
pub(super) fn check(format: &dyn Format, data: &[u8], expect: &[(&str, &[u8])], gaps: &[&str]) {
    let (got, told) = list(format, data);
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let got: Vec<(String, String)> = got
        .into_iter()
        .map(|(name, bytes)| (name, bytes.map_or_else(|gap| gap, |bytes| show(&bytes))))
        .collect();
    let expect: Vec<(String, String)> = expect
        .iter()
        .map(|(name, bytes)| ((*name).into(), show(bytes)))
        .collect();
    assert_eq!(got, expect);
    assert_eq!(told, gaps);
}

/// Cuts it everywhere and flips every byte. What is cut keeps what is there, and says what is not, unless
/// `unseen` is true of where it is cut.
#[track_caller]
pub(super) fn survives(format: &dyn Format, whole: &[u8], unseen: impl Fn(usize) -> bool) {
    let (sound, gaps) = list(format, whole);
    assert!(gaps.is_empty() && !sound.is_empty(), "{gaps:?}");
    for cut in 0..whole.len() {
        let (got, gaps) = list(format, &whole[..cut]);
        let broken = got.iter().any(|(_, bytes)| bytes.is_err());
        assert!(unseen(cut) || broken || !gaps.is_empty(), "cut at {cut}");
        for (name, bytes) in got {
            let Ok(bytes) = bytes else { continue };
            let same = |(known, all): &(String, Result<Vec<u8>, String>)| {
                *known == name && all.as_ref().is_ok_and(|all| all.starts_with(&bytes))
            };
            assert!(sound.iter().any(same), "cut at {cut}: {name} {bytes:?}");
        }
    }
    for at in 0..whole.len() {
        for bit in [1, 0x80] {
            let mut data = whole.to_vec();
            data[at] ^= bit;
            list(format, &data);
        }
    }
}
