//! The bytes of an entry in order, decoded as they are read: for what is too large to be held whole.

use std::cell::RefCell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use crc32fast::Hasher;

use crate::bytes::{Blob, Budget, Gap, Kind, wide};

use super::codec::{self, Codec};

/// Bytes handed from one decoder to the next at once.
const BUFFER: usize = 64 << 10;

/// How a stream is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Packing {
    /// Not at all.
    Plain,
    /// In gzip members, one after another.
    Gzip,
    /// By one of the codecs that have streams.
    Codec(Codec),
}

/// A stream of decoded bytes. Its errors are gaps (see [`Gap::of`]): why there are no more, after all
/// bytes that could be had. They come once more with every further read. What is wrong with bytes that did
/// come out is in [`Serial::notes`].
pub(super) struct Serial<'a> {
    reader: Box<dyn Read + 'a>,
    budget: &'a Budget,
    /// Named in gaps: the format, the offset of the packed bytes, what they are.
    format: &'static str,
    at: u64,
    what: &'static str,
    /// Bytes that all of this is decoded from, and bytes that came out so far.
    input: u64,
    output: u64,
    claim: Claim,
    end: Option<Result<(), Gap>>,
    /// Of this and of all below, which a decoder may not read to their very end.
    notes: Rc<RefCell<Vec<Gap>>>,
}

/// What a container says of the decoded bytes.
#[derive(Default)]
pub(super) struct Claim {
    /// How many there are.
    pub(super) size: Option<u64>,
    /// Their CRC-32.
    pub(super) crc: Option<u32>,
    /// That they are encrypted; what breaks, breaks for this reason.
    pub(super) encrypted: bool,
    sum: Hasher,
}

impl Claim {
    /// Nothing but these.
    pub(super) fn new(size: Option<u64>, crc: Option<u32>, encrypted: bool) -> Self {
        Self {
            size,
            crc,
            encrypted,
            sum: Hasher::new(),
        }
    }
}

impl<'a> Serial<'a> {
    /// Decodes all of `blob`, which is at `at` of what `format` reads.
    pub(super) fn new(
        format: &'static str,
        at: u64,
        blob: &Blob,
        packing: Packing,
        claim: Claim,
        budget: &'a Budget,
    ) -> Self {
        Self {
            reader: decoder(packing, blob.reader()),
            budget,
            format,
            at,
            what: packing.word(),
            input: blob.len(),
            output: 0,
            claim,
            end: None,
            notes: Rc::default(),
        }
    }

    /// What comes out of it, decoded once more.
    pub(super) fn unpack(self, format: &'static str, packing: Packing) -> Self {
        if packing == Packing::Plain {
            return self;
        }
        Self {
            budget: self.budget,
            format,
            at: self.at,
            what: packing.word(),
            input: self.input,
            output: 0,
            claim: Claim::default(),
            end: None,
            notes: Rc::clone(&self.notes),
            reader: decoder(packing, BufReader::with_capacity(BUFFER, self)),
        }
    }

    /// Bytes that all of it is decoded from.
    pub(super) fn input(&self) -> u64 {
        self.input
    }

    /// The next bytes, as a store wants them.
    pub(super) fn next(&mut self, buf: &mut [u8]) -> Result<usize, Gap> {
        if buf.is_empty() {
            return Ok(0);
        }
        if let Some(end) = &self.end {
            return end.clone().map(|()| 0);
        }
        let result = loop {
            match self.reader.read(buf) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let result = match result {
            Ok(0) => self.whole().map(|()| 0),
            Ok(n) => self.took(buf.get(..n).unwrap_or_default()),
            Err(e) => Err(self.gap(e)),
        };
        if !matches!(result, Ok(1..)) {
            let result = result.map_err(|gap| self.broken(gap));
            self.end = Some(result.clone().map(|_| ()));
            return result;
        }
        result
    }

    /// A gap, unless it is for want of a key.
    fn broken(&self, gap: Gap) -> Gap {
        if !self.claim.encrypted {
            return gap;
        }
        Gap {
            what: "entry data".into(),
            kind: Kind::Encrypted,
            ..gap
        }
    }

    fn took(&mut self, bytes: &[u8]) -> Result<usize, Gap> {
        self.output = self.output.saturating_add(wide(bytes.len()));
        self.budget.ratio(self.format, self.at, self.input, self.output)?;
        if let Some(crc) = self.claim.crc {
            self.claim.sum.update(bytes);
            if self.claim.size == Some(self.output) && self.claim.sum.clone().finalize() != crc {
                self.note("crc-32", crc.into());
            }
        }
        Ok(bytes.len())
    }

    /// Whether as much came out as the container said.
    fn whole(&self) -> Result<(), Gap> {
        let got = self.output;
        match self.claim.size {
            Some(size) if got < size => Err(Gap::truncated(self.format, self.at, self.what, size, got)),
            Some(size) if got > size => {
                self.note("uncompressed size", size);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn note(&self, what: &'static str, got: u64) {
        let gap = self.broken(Gap::invalid(self.format, self.at, what, got));
        self.notes.borrow_mut().push(gap);
    }

    /// What is wrong with the bytes so far.
    pub(super) fn notes(&self) -> Vec<Gap> {
        self.notes.take()
    }

    fn gap(&self, error: io::Error) -> Gap {
        let (format, at, got) = (self.format, self.at, self.output);
        match error.downcast::<Gap>() {
            Ok(gap) => gap,
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                let need = self.claim.size.unwrap_or(0).max(got.saturating_add(1));
                Gap::truncated(format, at, self.what, need, got)
            }
            Err(e) if e.raw_os_error().is_some() => Gap::of(e, format, at),
            Err(_) => Gap::invalid(format, at, self.what, got),
        }
    }
}

impl Read for Serial<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.next(buf)?)
    }
}

impl Packing {
    fn word(self) -> &'static str {
        match self {
            Self::Plain => "data",
            Self::Gzip => "gzip stream",
            Self::Codec(codec) => codec.word(),
        }
    }
}

fn decoder<'a>(packing: Packing, data: impl io::BufRead + 'a) -> Box<dyn Read + 'a> {
    match packing {
        Packing::Plain => Box::new(data),
        Packing::Gzip => codec::reader(Codec::Gzip, data),
        Packing::Codec(codec) => codec::reader(codec, data),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder};

    use super::*;
    use crate::bytes::Limits;

    fn text() -> Vec<u8> {
        (0..60_000_u32)
            .flat_map(|n| (n % 977).to_string().into_bytes())
            .collect()
    }

    fn deflated(data: &[u8]) -> Blob {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        Blob::from(encoder.finish().unwrap())
    }

    /// All bytes, and what is wrong with them.
    fn all(mut stream: Serial<'_>) -> (Vec<u8>, Option<Gap>) {
        let mut got = Vec::new();
        let end = stream.read_to_end(&mut got).err().map(|e| Gap::of(e, "?", 0));
        assert_eq!(stream.next(&mut [0]).err(), end, "it ends the same way twice");
        (got, end.or(stream.notes().pop()))
    }

    #[track_caller]
    fn check(blob: &Blob, claim: Claim, expect: Option<&str>) {
        let budget = Budget::default();
        let (got, gap) = all(Serial::new(
            "t",
            3,
            blob,
            Packing::Codec(Codec::Deflate),
            claim,
            &budget,
        ));
        assert!(text().starts_with(&got) && (gap.is_some() || got == text()));
        assert_eq!(gap.map(|gap| gap.to_string()).as_deref(), expect);
    }

    #[test]
    fn what_a_container_claims_is_held_against_what_comes_out() {
        let size = wide(text().len());
        let crc = crc32fast::hash(&text());
        let blob = deflated(&text());
        let claim = |size, crc| Claim::new(Some(size), Some(crc), false);
        check(&blob, Claim::default(), None);
        check(&blob, claim(size, crc), None);
        check(&blob, claim(size, 7), Some("t: crc-32 at 0x3: invalid value 0x7"));
        let more = "t: uncompressed size at 0x3: invalid value 0x2a47b";
        check(&blob, claim(size - 1, crc), Some(more));
        let cut = "t: deflate stream at 0x3: truncated, needs 173180 bytes, 1074 left";
        check(&blob.slice(0..1000), claim(size, crc), Some(cut));
        let encrypted = Claim::new(Some(size), Some(7), true);
        check(&blob, encrypted, Some("t: entry data at 0x3: encrypted"));
    }

    #[test]
    fn streams_in_streams_are_decoded_through_and_say_which_one_broke() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&text()).unwrap();
        let outer = deflated(&encoder.finish().unwrap());
        let budget = Budget::default();
        let open = |blob: &Blob| {
            let packing = Packing::Codec(Codec::Deflate);
            all(Serial::new("zip", 3, blob, packing, Claim::default(), &budget).unpack("t", Packing::Gzip))
        };
        assert!(open(&outer) == (text(), None));
        // A decoder stops at the end of its stream, which is not the end of what it is in.
        let packed = deflated(&text());
        let claim = Claim::new(Some(packed.len()), Some(7), false);
        let stored = Serial::new("zip", 3, &packed, Packing::Plain, claim, &budget);
        let (got, gap) = all(stored.unpack("t", Packing::Codec(Codec::Deflate)));
        assert!(got == text());
        assert_eq!(gap.unwrap().to_string(), "zip: crc-32 at 0x3: invalid value 0x7");
        let (got, gap) = open(&outer.slice(0..1000));
        assert!(text().starts_with(&got));
        assert!(
            gap.unwrap()
                .to_string()
                .starts_with("zip: deflate stream at 0x3: truncated")
        );
    }

    #[test]
    fn a_bomb_ends_at_the_ratio() {
        let budget = Budget::new(Limits {
            ratio: 100,
            ..Limits::default()
        });
        // 300 MB of zeros, deflated twice: once they are 300 KB, then 1 KB.
        let zeros = io::repeat(0).take(300 << 20);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        io::copy(&mut BufReader::with_capacity(1 << 20, zeros), &mut encoder).unwrap();
        let packing = Packing::Codec(Codec::Deflate);
        let blob = deflated(&encoder.finish().unwrap());
        let stream = Serial::new("t", 0, &blob, packing, Claim::default(), &budget).unpack("t", packing);
        let mut stream = stream;
        let mut buf = vec![0; 1 << 20];
        let gap = loop {
            match stream.next(&mut buf) {
                Ok(0) => panic!("it should not come to its end"),
                Ok(_) => {}
                Err(gap) => break gap,
            }
        };
        assert!(matches!(
            gap.kind,
            Kind::OverLimit {
                option: "--max-ratio",
                ..
            }
        ));
    }
}
