//! One range of bytes put together from pieces of others.
//!
//! A file of a file system, a sparse image, a logical volume: each is a list of pieces, none of which is
//! read before it is asked for.

use std::io;

use super::{Blob, Cut, Gap, Overlay, Source};

/// What a piece is made of.
#[derive(Debug, Clone)]
pub enum Fill {
    /// Nothing was stored: zeros.
    Zero,
    /// Four bytes, over and over, from the piece's start.
    Word([u8; 4]),
    /// The first bytes of this. Where it is shorter than the piece, reading the rest is a gap.
    From(Blob),
    /// Cannot be read, for this reason.
    Lost(Gap),
}

/// A piece: where it starts, how long it is, what is in it. In bytes.
#[derive(Debug, Clone)]
struct Piece {
    at: u64,
    len: u64,
    fill: Fill,
}

/// Pieces one after another; what lies between them is zeros.
#[derive(Debug, Clone)]
pub struct Extents {
    format: &'static str,
    /// By start; none overlaps another.
    pieces: Vec<Piece>,
    len: u64,
}

impl Extents {
    /// `len` bytes of zeros; `format` names the layer in gaps.
    pub fn new(format: &'static str, len: u64) -> Self {
        Self {
            format,
            pieces: Vec::new(),
            len,
        }
    }

    /// Puts a piece at `at`, behind all that are there. One that starts before the end of the last, or
    /// ends beyond the whole, is cut to what is free.
    pub fn push(&mut self, at: u64, len: u64, fill: Fill) {
        let free = self
            .pieces
            .last()
            .map_or(0, |last| last.at.saturating_add(last.len));
        let end = at.saturating_add(len).min(self.len);
        let start = at.max(free);
        if start >= end {
            return;
        }
        let fill = match fill {
            Fill::From(blob) if start > at => Fill::From(blob.slice(start.saturating_sub(at)..blob.len())),
            fill => fill,
        };
        self.pieces.push(Piece {
            at: start,
            len: end.saturating_sub(start),
            fill,
        });
    }

    /// Puts pieces that come in any order in order. Where two overlap, the later one in `pieces` wins,
    /// as if they had been written one after another.
    pub fn overlay(&mut self, pieces: Vec<(u64, u64, Fill)>) {
        let mut all = Overlay::default();
        for (at, len, fill) in pieces {
            let end = at.saturating_add(len).min(self.len);
            all.write(at, end.saturating_sub(at), fill);
        }
        let pieces = all.into_pieces();
        self.pieces = pieces.map(|(at, len, fill)| Piece { at, len, fill }).collect();
    }

    /// Bytes of the pieces that are made of such.
    pub fn sum(&self, which: impl Fn(&Fill) -> bool) -> u64 {
        let pieces = self.pieces.iter().filter(|piece| which(&piece.fill));
        pieces.fold(0, |sum, piece| sum.saturating_add(piece.len))
    }

    /// Number of pieces.
    pub fn count(&self) -> usize {
        self.pieces.len()
    }

    /// As a blob; a single piece that covers all is handed out as what it is made of.
    pub fn into_blob(mut self) -> Blob {
        // There may be one for each of a million files.
        self.pieces.shrink_to_fit();
        if let [
            Piece {
                at: 0,
                len,
                fill: Fill::From(blob),
            },
        ] = self.pieces.as_slice()
            && *len == self.len
            && blob.len() >= *len
        {
            return blob.slice(0..*len);
        }
        Blob::new(std::sync::Arc::new(self))
    }

    /// The piece at byte `at`, or the number of zeros there.
    fn find(&self, at: u64) -> Result<&Piece, u64> {
        let next = self.pieces.partition_point(|piece| piece.at <= at);
        if let Some(piece) = next.checked_sub(1).and_then(|n| self.pieces.get(n))
            && at < piece.at.saturating_add(piece.len)
        {
            return Ok(piece);
        }
        let end = self.pieces.get(next).map_or(self.len, |piece| piece.at);
        Err(end.saturating_sub(at))
    }
}

impl Cut for Fill {
    fn cut(&self, skip: u64) -> Self {
        match self {
            Self::From(blob) => Self::From(blob.slice(skip..blob.len())),
            Self::Word(word) => {
                let mut word = *word;
                word.rotate_left(usize::try_from(skip % 4).unwrap_or(0));
                Self::Word(word)
            }
            fill => fill.clone(),
        }
    }
}

impl Source for Extents {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let piece = match self.find(at) {
            Ok(piece) => piece,
            Err(zeros) => {
                let n = usize::try_from(zeros).map_or(buf.len(), |n| n.min(buf.len()));
                buf.get_mut(..n).unwrap_or_default().fill(0);
                return Ok(n);
            }
        };
        let skip = at.saturating_sub(piece.at);
        let left = piece.len.saturating_sub(skip);
        let n = usize::try_from(left).map_or(buf.len(), |n| n.min(buf.len()));
        let buf = buf.get_mut(..n).unwrap_or_default();
        match &piece.fill {
            Fill::Zero => buf.fill(0),
            Fill::Word(word) => {
                let start = usize::try_from(skip % 4).unwrap_or(0);
                for (byte, value) in buf.iter_mut().zip(word.iter().cycle().skip(start)) {
                    *byte = *value;
                }
            }
            Fill::From(blob) => {
                let got = blob.read_at(skip, buf)?;
                if got == 0 && !buf.is_empty() {
                    let (need, have) = (piece.len, blob.len());
                    return Err(Gap::truncated(self.format, piece.at, "extent", need, have).into());
                }
                return Ok(got);
            }
            Fill::Lost(gap) => return Err(gap.clone().into()),
        }
        Ok(n)
    }

    fn origin(&self, at: u64) -> u64 {
        let from = |piece: &Piece| match &piece.fill {
            Fill::From(blob) => Some(blob.origin_at(at.saturating_sub(piece.at))),
            _ => None,
        };
        if let Ok(piece) = self.find(at)
            && let Some(origin) = from(piece)
        {
            return origin;
        }
        // A hole: what comes next is read next.
        let next = self.pieces.partition_point(|piece| piece.at <= at);
        let rest = self.pieces.get(next..).unwrap_or_default();
        rest.iter().find_map(from).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(text: &str) -> Blob {
        Blob::from(text.as_bytes().to_vec())
    }

    #[track_caller]
    fn check(extents: Extents, expect: &str) {
        let all = extents.into_blob().read("t", 0..100).unwrap();
        assert_eq!(String::from_utf8_lossy(&all), expect);
    }

    #[test]
    fn pieces_stand_one_after_another_and_zeros_between_them() {
        let mut all = Extents::new("t", 12);
        all.push(1, 3, Fill::From(blob("abc")));
        all.push(6, 5, Fill::Word(*b"wxyz"));
        check(all, "\0abc\0\0wxyzw\0");
    }

    #[test]
    fn what_overlaps_is_cut_when_pushed_and_written_over_when_laid_over() {
        let mut all = Extents::new("t", 6);
        all.push(0, 4, Fill::From(blob("abcd")));
        all.push(2, 9, Fill::From(blob("123456789")));
        check(all, "abcd34");
        let mut all = Extents::new("t", 8);
        all.overlay(vec![
            (0, 8, Fill::Word(*b"wxyz")),
            (3, 2, Fill::From(blob("12"))),
            (7, 1, Fill::Zero),
        ]);
        check(all, "wxy12xy\0");
    }

    #[test]
    fn a_piece_that_is_lost_or_too_short_is_a_gap_where_it_is_read() {
        let mut all = Extents::new("t", 8);
        all.push(0, 4, Fill::From(blob("ab")));
        all.push(4, 4, Fill::Lost(Gap::invalid("xz", 9, "block", 1)));
        let all = all.into_blob();
        assert_eq!(&*all.read("t", 0..2).unwrap(), b"ab");
        let gap = all.read("t", 0..4).unwrap_err();
        assert_eq!(
            gap.to_string(),
            "t: extent at 0x0: truncated, needs 4 bytes, 2 left"
        );
        let gap = all.read("t", 4..8).unwrap_err();
        assert_eq!(gap.to_string(), "xz: block at 0x9: invalid value 0x1");
    }
}
