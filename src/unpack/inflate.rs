//! Deflate, RFC 1951: whole items into one buffer, heads of items, streams.
//!
//! libdeflate is the fastest but all or nothing; zlib-rs gives the sound prefix of a broken stream.
//! So the first reads what is in order and the second what is not. Decoders are kept per thread.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};

use crate::bytes::{Budget, Bytes, Gap, RATIO_FROM, wide};

/// Bytes out per byte in that deflate can reach: 258 bytes for two bits, rounded up.
pub(super) const MOST: u64 = 1032;
/// Room beyond that for streams of a few bytes.
const SLACK: u64 = 4096;
/// The first guess where an item does not say its size, per input byte.
const GUESS: u64 = 4;

#[cfg(feature = "fast-c")]
thread_local! {
    static WHOLE: RefCell<libdeflater::Decompressor> = RefCell::new(libdeflater::Decompressor::new());
}

thread_local! {
    static STREAM: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// What came out of a deflate stream.
pub(super) struct Inflated {
    /// All of it, or the sound prefix.
    pub(super) bytes: Bytes,
    /// Why it is not all, or not what was claimed.
    pub(super) gap: Option<Gap>,
    /// The stream came to its end: nothing is missing, whatever was claimed.
    pub(super) done: bool,
}

/// Inflates `data`, which claims to hold `claim` bytes (`None`: it does not say). The buffer is never
/// larger than what `data` can give, whatever the claim.
pub(super) fn inflate(
    format: &'static str,
    at: u64,
    data: &[u8],
    claim: Option<u64>,
    budget: &Budget,
) -> Inflated {
    let input = wide(data.len());
    let most = input.saturating_mul(MOST).saturating_add(SLACK);
    let over = claim.and_then(|claim| over(format, at, input, claim, budget));
    let cap = match claim {
        _ if over.is_some() => budget.prefix(),
        Some(claim) => claim.max(budget.prefix()),
        None => budget.limits.item,
    };
    let claimed = claim.filter(|&n| over.is_none() && n <= most);

    if let Some(bytes) = claimed.and_then(|claim| whole(data, claim)) {
        let short = wide(bytes.len()) < claim.unwrap_or(0);
        let gap = short.then(|| Gap::invalid(format, at, "uncompressed size", claim.unwrap_or(0)));
        return Inflated {
            bytes,
            gap,
            done: true,
        };
    }

    let first = claimed
        .unwrap_or_else(|| input.saturating_mul(GUESS).max(SLACK))
        .min(cap)
        .min(most);
    let (bytes, end, used) = stream(data, first, cap.min(most));
    let got = wide(bytes.len());
    let gap = match end {
        End::Done if claim.is_none_or(|claim| claim == got) => None,
        End::Done => Some(Gap::invalid(format, at, "uncompressed size", claim.unwrap_or(0))),
        End::Short => {
            let need = claim.unwrap_or(0).max(got.saturating_add(1));
            Some(Gap::truncated(format, at, "deflate stream", need, got))
        }
        End::Bad => Some(Gap::invalid(format, at, "deflate block", used)),
        End::Full => Some(over.unwrap_or_else(|| {
            let got = got.saturating_add(1);
            Gap::over(format, at, "item size", got, cap, "--max-item")
        })),
    };
    Inflated {
        bytes,
        gap,
        done: end == End::Done,
    }
}

/// The first bytes of a deflate stream, as many as fit into `out`; returns how many.
pub(super) fn head(data: &[u8], out: &mut [u8]) -> usize {
    STREAM.with_borrow_mut(|decoder| {
        decoder.reset(false);
        // An error still leaves what came before it in `out`.
        let _ = decoder.decompress(data, out, FlushDecompress::None);
        usize::try_from(decoder.total_out())
            .unwrap_or(usize::MAX)
            .min(out.len())
    })
}

fn over(format: &'static str, at: u64, input: u64, claim: u64, budget: &Budget) -> Option<Gap> {
    let ratio = claim.checked_div(input).unwrap_or(claim);
    if claim > RATIO_FROM && ratio > budget.limits.ratio {
        return Some(Gap::over(
            format,
            at,
            "compression ratio",
            ratio,
            budget.limits.ratio,
            "--max-ratio",
        ));
    }
    budget.item(format, at, claim).err()
}

/// The whole stream at once into a buffer of the claimed size; `None` when it is not in order.
#[cfg(feature = "fast-c")]
fn whole(data: &[u8], claim: u64) -> Option<Bytes> {
    let len = usize::try_from(claim).ok()?;
    let mut buf = Bytes::buffer(len);
    let n = WHOLE.with_borrow_mut(|decoder| decoder.deflate_decompress(data, buf.get_mut(..len)?).ok())?;
    Some(Bytes::part(buf, n))
}

#[cfg(not(feature = "fast-c"))]
fn whole(_: &[u8], _: u64) -> Option<Bytes> {
    None
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    /// The input ended before the stream did.
    Short,
    Bad,
    /// There is more than `cap`.
    Full,
}

/// Decodes until the end, an error, or `cap` bytes. Returns the input bytes used as well.
fn stream(data: &[u8], first: u64, cap: u64) -> (Bytes, End, u64) {
    let cap = usize::try_from(cap).unwrap_or(usize::MAX);
    let first = usize::try_from(first).unwrap_or(usize::MAX).clamp(1, cap.max(1));
    let mut buf = Bytes::buffer(first);
    STREAM.with_borrow_mut(|decoder| {
        decoder.reset(false);
        let end = loop {
            let (used, got) = progress(decoder);
            let room = cap.min(buf.len());
            let input = data.get(used..).unwrap_or_default();
            let mut spare = [0_u8];
            // At the cap, one more byte tells "exactly full" from "more to come".
            let at_cap = got >= cap;
            let out = if at_cap {
                &mut spare[..]
            } else {
                buf.get_mut(got..room).unwrap_or_default()
            };
            let status = decoder.decompress(input, out, FlushDecompress::None);
            let (used_now, got_now) = progress(decoder);
            match status {
                Ok(Status::StreamEnd) if got_now > cap => break End::Full,
                Ok(Status::StreamEnd) => break End::Done,
                Ok(_) if got_now > cap => break End::Full,
                Ok(_) if got_now >= buf.len() && !at_cap => {
                    let more = buf.len().saturating_mul(2).min(cap);
                    buf.resize(more.max(buf.len()), 0);
                }
                Ok(_) if (used_now, got_now) == (used, got) => break End::Short,
                Ok(_) => {}
                Err(_) => break End::Bad,
            }
        };
        let (used, got) = progress(decoder);
        (Bytes::part(buf, got.min(cap)), end, wide(used))
    })
}

fn progress(decoder: &Decompress) -> (usize, usize) {
    let size = |n| usize::try_from(n).unwrap_or(usize::MAX);
    (size(decoder.total_in()), size(decoder.total_out()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;
    use crate::bytes::{Kind, Limits};

    fn deflated(data: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn budget(item: u64) -> Budget {
        Budget::new(Limits {
            item,
            ..Limits::default()
        })
    }

    fn text() -> Vec<u8> {
        (0..20_000_u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_string().into_bytes())
            .collect()
    }

    #[test]
    fn an_honest_stream_is_read_whole() {
        let text = text();
        for claim in [Some(wide(text.len())), None] {
            let got = inflate("t", 0, &deflated(&text), claim, &Budget::default());
            assert_eq!((&*got.bytes, got.gap), (&*text, None));
        }
    }

    #[test]
    fn a_wrong_size_is_told_and_costs_nothing() {
        let text = text();
        for claim in [0, 100, wide(text.len()) + 1, u64::from(u32::MAX)] {
            let got = inflate("t", 0, &deflated(&text), Some(claim), &Budget::default());
            assert_eq!(&*got.bytes, &*text, "claim {claim}");
            assert!(got.gap.is_some());
        }
    }

    #[test]
    fn a_broken_stream_gives_its_sound_prefix() {
        let (text, mut data) = (text(), deflated(&text()));
        data.truncate(data.len() / 2);
        let got = inflate("t", 0, &data, Some(wide(text.len())), &Budget::default());
        assert!(got.bytes.len() > text.len() / 3 && text.starts_with(&got.bytes));
        assert!(matches!(got.gap.unwrap().kind, Kind::Truncated { .. }));
    }

    #[test]
    fn a_bomb_is_cut_at_the_limit_and_says_so() {
        let data = deflated(&vec![0; 1 << 20]);
        for (claim, kept) in [(Some(1 << 20), 1 << 13), (Some(1), 1 << 13), (None, 1 << 16)] {
            let got = inflate("t", 0, &data, claim, &budget(1 << 16));
            assert_eq!(got.bytes.len(), kept);
            assert!(matches!(got.gap.unwrap().kind, Kind::OverLimit { .. }));
        }
        let got = inflate("t", 0, &data, None, &budget(1 << 23));
        assert_eq!((got.bytes.len(), got.gap), (1 << 20, None));
    }

    #[test]
    fn the_head_of_a_stream_is_had_without_the_rest() {
        let mut out = [0; 5];
        assert_eq!(head(&deflated(&text()), &mut out), 5);
        assert!(text().starts_with(&out));
        assert_eq!(head(&[0xff; 10], &mut out), 0);
    }
}
