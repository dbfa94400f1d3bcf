//! Members of a gzip file, RFC 1952.

use std::io::{self, BufRead, Read};
use std::mem;

use flate2::{Crc, Decompress};

use super::pull::Pull;
use super::streams::{Mismatch, One, Peek};

/// `ID1`, `ID2`, and the only `CM` there ever was.
pub(in crate::unpack) const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// `FLG` (2.3.1).
const HCRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;

/// One member.
pub(super) struct Member<R> {
    state: State<R>,
    crc: Crc,
}

enum State<R> {
    Header(Peek<R>),
    Body(Pull<R, Decompress>),
    Done(Peek<R>),
    /// Only while one is exchanged for the other.
    Nowhere,
}

impl<R: BufRead> Member<R> {
    pub(super) fn new(data: Peek<R>) -> Self {
        Self {
            state: State::Header(data),
            crc: Crc::new(),
        }
    }
}

impl<R: BufRead> Read for Member<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.state {
                State::Header(data) => {
                    header(data)?;
                    self.state = match mem::replace(&mut self.state, State::Nowhere) {
                        State::Header(data) => State::Body(Pull::new(data, Decompress::new(false))),
                        state => state,
                    };
                }
                State::Body(decoder) => {
                    let n = decoder.read(buf)?;
                    self.crc.update(buf.get(..n).unwrap_or_default());
                    if n > 0 || buf.is_empty() {
                        return Ok(n);
                    }
                    let State::Body(decoder) = mem::replace(&mut self.state, State::Nowhere) else {
                        return Ok(0);
                    };
                    let mut data = decoder.into_inner();
                    let mut trailer = [0; 8];
                    let read = data.read_exact(&mut trailer);
                    self.state = State::Done(data);
                    read?;
                    let [a, b, c, d, size @ ..] = trailer;
                    if [a, b, c, d] != self.crc.sum().to_le_bytes() || size != self.crc.amount().to_le_bytes()
                    {
                        return Err(Mismatch.into());
                    }
                }
                State::Done(_) | State::Nowhere => return Ok(0),
            }
        }
    }
}

impl<R: BufRead> One<R> for Member<R> {
    fn rest(self: Box<Self>) -> Option<Peek<R>> {
        match self.state {
            State::Header(data) | State::Done(data) => Some(data),
            State::Body(decoder) => Some(decoder.into_inner()),
            State::Nowhere => None,
        }
    }
}

/// The header: what is in it is not used, the content is named after the file.
fn header<R: BufRead>(data: &mut Peek<R>) -> io::Result<()> {
    let mut fixed = [0; 10];
    data.read_exact(&mut fixed)?;
    let [a, b, c, flags, ..] = fixed;
    if [a, b, c] != MAGIC {
        return Err(io::ErrorKind::InvalidData.into());
    }
    if flags & EXTRA != 0 {
        let mut len = [0; 2];
        data.read_exact(&mut len)?;
        data.skip(u16::from_le_bytes(len).into())?;
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            text(data)?;
        }
    }
    if flags & HCRC != 0 {
        data.skip(2)?;
    }
    Ok(())
}

/// Skips text that ends in a NUL.
fn text<R: BufRead>(data: &mut Peek<R>) -> io::Result<()> {
    loop {
        let have = data.fill_buf()?;
        if have.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match memchr::memchr(0, have) {
            Some(end) => {
                data.consume(end.saturating_add(1));
                return Ok(());
            }
            None => {
                let all = have.len();
                data.consume(all);
            }
        }
    }
}
