//! Names and addresses without a scheme: whether one stands for itself is up to what is beside it.

use std::ops::Range;

use super::find::{MAX_NAME, UPPER, WORD};
use super::{Finder, Form, Hit, HitKind, address};

/// What may stand around a bare name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// One string, or a file of settings: lists and assignments count as borders.
    Values,
    /// Text or code of any kind: only quotes, tags and control characters do.
    Quotes,
}

/// How much the bytes beside a name say that it stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Border {
    /// It is a part of something else: an e-mail address, a path, code.
    None,
    /// Words of a sentence: only a name that the rules know counts.
    Weak,
    /// It stands for itself.
    Strong,
}

impl Finder<'_> {
    /// Looks at the name around the dot at `dot`, which begins at `from` or later. Returns where the
    /// search goes on.
    pub(super) fn name(
        &self,
        text: &[u8],
        dot: usize,
        from: usize,
        around: Around,
        hits: &mut Vec<Hit>,
    ) -> usize {
        let low = from.max(dot.saturating_sub(MAX_NAME));
        let before = text.get(low..dot).unwrap_or_default();
        let after = text.get(dot..).unwrap_or_default();
        let after = after.get(..MAX_NAME.saturating_add(1)).unwrap_or(after);
        // All classes of its bytes together tell most tokens of code and prose from a host.
        let mut classes = 0;
        let start = dot.saturating_sub(self.letters.run(before.iter().rev(), &mut classes));
        let token_end = dot.saturating_add(self.letters.run(after.iter(), &mut classes));
        let token = text.get(start..token_end).unwrap_or_default();
        let trailing = token.iter().rev().take_while(|b| **b == b'.').count();
        let end = token_end.saturating_sub(trailing);
        let len = end.saturating_sub(start);
        if classes & UPPER != 0 || !(4..=MAX_NAME).contains(&len) {
            return token_end;
        }
        let Some(hit) = self.bare(text, start..end, classes & WORD == 0, around) else {
            return token_end;
        };
        let end = hit.range.end.max(token_end);
        hits.push(hit);
        end
    }

    /// A bare name without capitals, or an address, at `range`, with the port and path behind it, if it
    /// stands for itself.
    fn bare(&self, text: &[u8], range: Range<usize>, numeric: bool, around: Around) -> Option<Hit> {
        let token = text.get(range.clone())?;
        let top = token.rsplit(|b| *b == b'.').next()?;
        let lower = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
        if numeric {
            if !address::is_ipv4(token) {
                return None;
            }
        } else if top.len() < 2 || !top.iter().all(lower) {
            return None;
        }
        let hole = range.start >= 2 && text.get(range.start.saturating_sub(2)..range.start) == Some(b"{}");
        let start = if hole {
            range.start.saturating_sub(2)
        } else {
            range.start
        };
        // `{}.api.example.com`: the labels behind the hole have to stand for themselves.
        let token = if hole {
            token.strip_prefix(b".").unwrap_or(token)
        } else {
            token
        };
        let left = match start.checked_sub(1).and_then(|at| text.get(at)) {
            None => Border::Strong,
            Some(b) => border(*b, Side::Left, around),
        };
        if left == Border::None {
            return None;
        }
        let mut end = range.end;
        let mut has_port = false;
        if text.get(end) == Some(&b':') {
            let digits = text.get(end.saturating_add(1)..).unwrap_or_default();
            let length = digits
                .iter()
                .take(6)
                .position(|b| !b.is_ascii_digit())
                .unwrap_or(digits.len().min(6));
            let number = std::str::from_utf8(digits.get(..length)?).ok()?;
            if number.parse::<u16>().is_ok_and(|port| port > 0) {
                has_port = true;
                end = end.saturating_add(1).saturating_add(length);
            }
        }
        let mut has_path = false;
        let right = match text.get(end) {
            None => Border::Strong,
            Some(b'/') => {
                has_path = true;
                end = self.extent(text, end, None);
                text.get(end)
                    .map_or(Border::Strong, |b| border(*b, Side::Right, around))
            }
            // The path follows, but is not known: `api.example.com{}`.
            Some(b'{') if text.get(end..).is_some_and(|rest| rest.starts_with(b"{}")) => {
                end = self.extent(text, end, None);
                Border::Strong
            }
            Some(b':') if !has_port => Border::Weak,
            Some(b) => border(*b, Side::Right, around),
        };
        let border = left.min(right);
        if border == Border::None {
            return None;
        }
        if numeric {
            let network = has_path && text.get(range.end..end)?.iter().skip(1).all(u8::is_ascii_digit);
            let listed = std::str::from_utf8(token)
                .ok()?
                .parse()
                .is_ok_and(|a| self.hosts.address(a).is_some());
            let fine = listed
                || has_port && border == Border::Strong
                || !network && address::likely(token) && border == Border::Strong;
            return fine.then_some(Hit {
                range: start..end,
                kind: HitKind::Address,
                form: Form::Plain,
            });
        }
        let first = token.split(|b| *b == b'.').next()?;
        let listed = || !self.words.package_roots.contains(first) && self.is_listed(token);
        let fine = match border {
            Border::Strong => {
                self.plausible(token, has_port)
                    && (!has_path || token.split(|b| *b == b'.').count() > 2 || listed())
            }
            _ => listed() || token.starts_with(b"www.") && self.plausible(token, has_port),
        };
        fine.then_some(Hit {
            range: start..end,
            kind: HitKind::Host,
            form: Form::Plain,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

#[inline]
pub(super) fn border(byte: u8, side: Side, around: Around) -> Border {
    match (byte, side) {
        (b'"' | b'\'' | b'`' | 0..=0x1f | 0x7f, _) | (b'>', Side::Left) | (b'<', Side::Right) => {
            Border::Strong
        }
        (b',' | b';' | b'|', _) | (b'=', Side::Left) if around == Around::Values => Border::Strong,
        (b'@' | b'\\' | b'/' | b'$' | b'%' | b'#' | b'*' | b'&' | b'{' | b'}' | b'+' | b'~', Side::Left) => {
            Border::None
        }
        (b'@' | b'\\' | b'(' | b'=' | b'*' | b'{' | b'+' | b'~' | b'[', Side::Right) => Border::None,
        _ => Border::Weak,
    }
}
