//! Lines as evidence: their numbers, and as much of them as is shown.

use memchr::memchr_iter;

use crate::bytes::Place;
use crate::fact::Site;

/// Bytes of a line that evidence shows.
const SHOWN: usize = 200;

pub(super) fn site(place: &Place, entry: &str, line: &str) -> Site {
    Site {
        place: place.logical().into(),
        physical: place.physical().into(),
        entry: Some(entry.into()),
        lines: [line.chars().take(SHOWN).collect()].into(),
        ..Site::default()
    }
}

/// Line numbers of offsets.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(file: &[u8]) -> Self {
        Self(memchr_iter(b'\n', file).collect())
    }

    /// From 1.
    pub(super) fn number(&self, at: usize) -> usize {
        self.0.partition_point(|end| *end < at).saturating_add(1)
    }
}

pub(super) fn line_around(text: &[u8], at: usize) -> String {
    let low = at.saturating_sub(SHOWN / 2);
    let before = text.get(low..at).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(low, |n| low.saturating_add(n).saturating_add(1));
    let rest = text.get(start..).unwrap_or_default();
    let rest = rest.get(..SHOWN).unwrap_or(rest);
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    String::from_utf8_lossy(rest.get(..end).unwrap_or_default())
        .trim_end()
        .to_owned()
}
