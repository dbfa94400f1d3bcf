//! Gzip: one stream, or several one after another.
//!
//! Spec: RFC 1952. The file name in the header is not used; the content is named after the file.

use flate2::Crc;

use crate::bytes::{Blob, Budget, Bytes, Cursor, Gap};

use super::inflate;
use super::leaf::{Data, Read};
use super::registry::{Entry, Format, Holds, Listing};

/// Gzip streams.
pub(super) struct Gzip;

const NAME: &str = "gzip";
const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// `FHCRC`, `FEXTRA`, `FNAME`, `FCOMMENT` (RFC 1952 2.3.1).
const HCRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const FNAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
/// CRC-32 and size after each member.
const TRAILER: usize = 8;
/// Members of one file. `cat a.gz b.gz` has two; a log rotated for years, hundreds.
const MEMBERS: usize = 4096;

impl Format for Gzip {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "gzip, and tar in gzip: decoded once, in memory"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        // Method 8 is the only one there ever was.
        head.starts_with(&MAGIC) && head.get(2) == Some(&8)
    }

    fn endings(&self) -> &'static [&'static str] {
        &["gz", "tgz"]
    }

    fn holds(&self) -> Holds {
        Holds::Stream
    }

    fn list(&self, blob: &Blob, stem: &str, _: &Budget) -> Listing {
        let len = blob.len();
        // The size of the last member modulo 2^32: good enough to show, where it can be true.
        let tail = blob.read(NAME, len.saturating_sub(4)..len).unwrap_or_default();
        let size = tail.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let size = if u64::from(size) > len.saturating_mul(inflate::MOST) {
            0
        } else {
            size
        };
        let entry = Entry {
            name: stem.into(),
            size: size.into(),
            data: Data::Gzip(blob.clone()),
        };
        Listing {
            entries: vec![entry],
            ..Listing::default()
        }
    }
}

/// Decodes all members.
pub(super) fn read(blob: &Blob, budget: &Budget) -> Read {
    let len = blob.len();
    let mut read = Read::default();
    if let Err(gap) = budget.item(NAME, 0, len) {
        return Read {
            gaps: vec![gap],
            unread: len,
            ..read
        };
    }
    let data = match blob.read(NAME, 0..len) {
        Ok(data) => data,
        Err(gap) => {
            return Read {
                gaps: vec![gap],
                unread: len,
                ..read
            };
        }
    };
    let mut out: Option<Vec<u8>> = None;
    let mut c = Cursor::new(NAME, &data);
    for member in 0..MEMBERS {
        if c.left() == 0 {
            break;
        }
        if member > 0 && !c.rest().starts_with(&MAGIC) {
            // Zeros are padding of tapes; the rest is ignored by gzip too, with a warning.
            if c.rest().iter().any(|&b| b != 0) {
                read.gaps.push(c.gap(
                    "bytes after the stream",
                    crate::bytes::Kind::Odd { got: wide(c.left()) },
                ));
            }
            break;
        }
        if let Err(gap) = header(&mut c) {
            read.gaps.push(gap);
            break;
        }
        let at = wide(c.position());
        let part = inflate::inflate(NAME, at, c.rest(), None, budget);
        let sound = part.gap.is_none();
        read.gaps.extend(part.gap);
        let used = usize::try_from(part.used.unwrap_or(0)).unwrap_or(usize::MAX);
        let _ = c.skip("deflate stream", used);
        if sound && let Err(gap) = trailer(&mut c, &part.bytes) {
            read.gaps.push(gap);
        }
        match &mut out {
            None if c.left() == 0 || !sound => {
                read.bytes = part.bytes;
                return read;
            }
            None => out = Some(part.bytes.to_vec()),
            Some(out) => out.extend_from_slice(&part.bytes),
        }
        let got = wide(out.as_ref().map_or(0, Vec::len));
        if let Err(gap) = budget.item(NAME, at, got) {
            read.gaps.push(gap);
            break;
        }
        if !sound {
            break;
        }
    }
    if let Some(out) = out {
        read.bytes = Bytes::from(out);
    }
    read
}

/// The first bytes of the first member.
pub(super) fn head(blob: &Blob, out: &mut [u8]) -> usize {
    let want = wide(out.len()).saturating_add(4096);
    let data = blob.read(NAME, 0..want).unwrap_or_default();
    let mut c = Cursor::new(NAME, &data);
    if header(&mut c).is_err() {
        return 0;
    }
    inflate::head(c.rest(), out)
}

fn header(c: &mut Cursor<'_>) -> Result<(), Gap> {
    let at = wide(c.position());
    let magic = c.array::<2>("magic")?;
    let method = c.u8("compression method")?;
    if magic != MAGIC || method != 8 {
        return Err(Gap::invalid(NAME, at, "header", u16::from_le_bytes(magic).into()));
    }
    let flags = c.u8("flags")?;
    c.skip("time, extra flags, system", 6)?;
    if flags & EXTRA != 0 {
        let len = c.u16("extra field length")?;
        c.skip("extra field", len.into())?;
    }
    for (flag, what) in [(FNAME, "file name"), (COMMENT, "comment")] {
        if flags & flag != 0 {
            let len = memchr::memchr(0, c.rest()).map_or(usize::MAX, |n| n.saturating_add(1));
            c.skip(what, len)?;
        }
    }
    if flags & HCRC != 0 {
        c.skip("header crc", 2)?;
    }
    Ok(())
}

fn trailer(c: &mut Cursor<'_>, bytes: &[u8]) -> Result<(), Gap> {
    let at = wide(c.position());
    if c.left() < TRAILER {
        let left = c.left();
        let _ = c.skip("trailer", left);
        return Err(Gap::truncated(NAME, at, "trailer", wide(TRAILER), wide(left)));
    }
    let said = c.u32("crc-32")?;
    c.skip("size", 4)?;
    let mut crc = Crc::new();
    crc.update(bytes);
    if crc.sum() == said {
        Ok(())
    } else {
        Err(Gap::invalid(NAME, at, "crc-32", said.into()))
    }
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gz(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn members_are_read_one_after_another() {
        let two = [gz(b"one "), gz(b"two")].concat();
        let got = read(&Blob::from(two), &Budget::default());
        assert_eq!((&*got.bytes, got.gaps), (&b"one two"[..], vec![]));
    }

    #[test]
    fn every_prefix_gives_what_is_there_and_says_what_is_not() {
        let text: Vec<u8> = (0..200_u8).collect();
        let whole = gz(&text);
        for cut in 1..whole.len() {
            let got = read(&Blob::from(whole[..cut].to_vec()), &Budget::default());
            assert!(text.starts_with(&got.bytes));
            assert!(!got.gaps.is_empty(), "cut at {cut}");
        }
    }

    #[test]
    fn a_wrong_checksum_keeps_the_bytes() {
        let mut whole = gz(b"hello");
        let at = whole.len() - 8;
        whole[at] ^= 1;
        let got = read(&Blob::from(whole), &Budget::default());
        assert_eq!(&*got.bytes, b"hello");
        assert_eq!(got.gaps.len(), 1);
    }
}
