//! Deflate, to the very bytes that the maker's zlib gave.
//!
//! The format leaves an encoder free in what it finds and where it cuts; the original (<https://zlib.net>) has
//! decided the same for each level since 1.2.5. Others that are called compatible do not, zlib-ng and its
//! translation zlib-rs among them. So the original is what is used here, and here alone: without the feature
//! `fast-c` it is zlib-rs, whose bytes are the right ones only where there is little to decide.

/// Appends `data`, deflated without a frame, at level 0 to 9 with the usual window, memory level and strategy.
/// `None` where the encoder refuses. At level 0 nothing is deflated, and where blocks end depends on the buffers of
/// whoever asks.
#[cfg(feature = "fast-c")]
pub(in crate::unpack) fn deflate(data: &[u8], level: u32, out: &mut Vec<u8>) -> Option<()> {
    use compu::encoder::{EncodeOp, EncodeStatus, Encoder as _, ZlibC, ZlibMode, ZlibOptions};

    let options = ZlibOptions::new()
        .mode(ZlibMode::Deflate)
        .compression(i8::try_from(level).ok()?);
    let mut encoder = ZlibC::new(options)?;
    // The library counts in 32 bits.
    let (pieces, last) = data.as_chunks::<{ super::PIECE }>();
    let pieces = pieces.iter().map(|piece| (&piece[..], EncodeOp::Process));
    for (mut rest, op) in pieces.chain([(last, EncodeOp::Finish)]) {
        loop {
            out.reserve(super::PIECE);
            let done = encoder.encode_vec(rest, out, op);
            let from = rest.len().checked_sub(done.input_remain)?;
            rest = rest.get(from..)?;
            match done.status {
                EncodeStatus::Finished => return Some(()),
                EncodeStatus::Error => return None,
                EncodeStatus::Continue if rest.is_empty() => break,
                EncodeStatus::Continue | EncodeStatus::NeedOutput => {}
            }
        }
    }
    None
}

/// The same, without C.
#[cfg(not(feature = "fast-c"))]
pub(in crate::unpack) fn deflate(data: &[u8], level: u32, out: &mut Vec<u8>) -> Option<()> {
    use flate2::{Compress, Compression, FlushCompress, Status};

    let mut encoder = Compress::new(Compression::new(level), false);
    loop {
        out.reserve(super::PIECE);
        let rest = data.get(usize::try_from(encoder.total_in()).ok()?..)?;
        match encoder.compress_vec(rest, out, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => return Some(()),
            Ok(Status::Ok) => {}
            _ => return None,
        }
    }
}

#[cfg(all(test, feature = "fast-c"))]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::print_stdout,
    reason = "a test may fail loudly"
)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    use super::*;

    /// What the system's zlib makes of `data`, one level after another.
    fn original(data: &[u8]) -> Option<Vec<u8>> {
        const PROGRAM: &str = "import sys, zlib\n\
            data = sys.stdin.buffer.read()\n\
            for level in range(1, 10):\n    \
                c = zlib.compressobj(level, 8, -15, 8, 0)\n    \
                sys.stdout.buffer.write(c.compress(data) + c.flush())\n";
        let mut python = Command::new("python3")
            .args(["-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut stdin = python.stdin.take()?;
        let mut stdout = python.stdout.take()?;
        let mut got = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(data));
            stdout.read_to_end(&mut got)
        })
        .ok()?;
        python.wait().ok()?.success().then_some(got)
    }

    #[test]
    fn the_bytes_are_those_of_zlib_at_every_level() {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u32
        };
        // Text with long and near repeats, noise, and both in turn; more than one piece, and more than a window.
        let words: Vec<String> = (0..900).map(|_| format!("{:x}", next() % 4096)).collect();
        let mut data = Vec::new();
        for round in 0..60_000_u32 {
            let word = &words[next() as usize % words.len()];
            data.extend(word.bytes());
            if round % 17 == 0 {
                data.push(next() as u8);
            }
            if round % 4001 == 0 {
                data.extend((0..next() % 9000).map(|n| ((n * n) >> 3) as u8));
            }
        }
        let Some(expect) = original(&data) else {
            println!("there is no python3: nothing is compared");
            return;
        };
        let mut got = Vec::new();
        for level in 1..10 {
            deflate(&data, level, &mut got).unwrap();
            // Not shown: there is a megabyte of it.
            assert!(expect.starts_with(&got), "{level}");
        }
        assert_eq!(got.len(), expect.len());
        // What the build of a ROM deflates may be small, or nothing.
        for data in [&b""[..], b"a", b"abcabcabcabcabcabc"] {
            let mut got = Vec::new();
            (1..10).for_each(|level| deflate(data, level, &mut got).unwrap());
            assert_eq!(Some(got), original(data));
        }
    }
}
