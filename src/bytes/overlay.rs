//! Ranges that are written one over another.

use std::collections::BTreeMap;
use std::ops::Range;

/// What a range holds, and what is left of it where its front is cut off.
pub trait Cut: Clone {
    /// The same from `skip` on.
    #[must_use]
    fn cut(&self, skip: u64) -> Self;
}

/// Pieces by their start, none of which overlaps another: each write cuts what was there before.
#[derive(Debug, Clone)]
pub struct Overlay<T> {
    pieces: BTreeMap<u64, (u64, T)>,
}

impl<T> Default for Overlay<T> {
    fn default() -> Self {
        Self {
            pieces: BTreeMap::new(),
        }
    }
}

impl<T: Cut> Overlay<T> {
    /// Writes over whatever is in `at..at + len`.
    pub fn write(&mut self, at: u64, len: u64, what: T) {
        let end = at.saturating_add(len);
        if at >= end {
            return;
        }
        let hit: Vec<u64> = self
            .pieces
            .range(..end)
            .rev()
            .take_while(|(start, (len, _))| start.saturating_add(*len) > at)
            .map(|(start, _)| *start)
            .collect();
        for start in hit {
            let Some((len, old)) = self.pieces.remove(&start) else {
                continue;
            };
            let old_end = start.saturating_add(len);
            if old_end > end {
                let tail = old.cut(end.saturating_sub(start));
                self.pieces.insert(end, (old_end.saturating_sub(end), tail));
            }
            if start < at {
                self.pieces.insert(start, (at.saturating_sub(start), old));
            }
        }
        self.pieces.insert(at, (end.saturating_sub(at), what));
    }

    /// What is in a range: start, length and content of each piece, from the last to the first.
    pub fn read(&self, range: Range<u64>) -> impl Iterator<Item = (u64, u64, T)> {
        let within = self
            .pieces
            .range(..range.end)
            .rev()
            .take_while(move |(start, (len, _))| start.saturating_add(*len) > range.start);
        within.map(move |(start, (len, what))| {
            let end = start.saturating_add(*len).min(range.end);
            let at = range.start.max(*start);
            let what = what.cut(at.saturating_sub(*start));
            (at, end.saturating_sub(at), what)
        })
    }

    /// All pieces, in order.
    pub fn into_pieces(self) -> impl Iterator<Item = (u64, u64, T)> {
        self.pieces.into_iter().map(|(at, (len, what))| (at, len, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Cut for u64 {
        fn cut(&self, skip: u64) -> Self {
            self.saturating_add(skip)
        }
    }

    #[test]
    fn what_is_written_later_cuts_what_was_there() {
        let mut all = Overlay::default();
        all.write(0, 10, 100_u64);
        all.write(3, 2, 200);
        all.write(4, 0, 900);
        all.write(9, 4, 300);
        let read: Vec<_> = all.read(4..10).collect();
        assert_eq!(read, [(9, 1, 300), (5, 4, 105), (4, 1, 201)]);
        let pieces: Vec<_> = all.into_pieces().collect();
        assert_eq!(pieces, [(0, 3, 100), (3, 2, 200), (5, 4, 105), (9, 4, 300)]);
    }
}
