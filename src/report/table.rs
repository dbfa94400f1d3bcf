//! Columns of text, aligned by how wide a terminal shows them.

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::detect::Severity;

use super::{Look, inert};

/// A cell: text from the input made inert, and how it is painted.
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Plain text.
    pub(super) fn new(text: impl AsRef<str>) -> Self {
        Self {
            text: inert::text(text.as_ref()).into_owned(),
            style: Style::new(),
        }
    }

    /// Painted text.
    pub(super) fn styled(text: impl AsRef<str>, style: Style) -> Self {
        Self {
            style,
            ..Self::new(text)
        }
    }

    /// The letter of a severity.
    pub(super) fn severity(severity: Option<Severity>) -> Self {
        severity.map_or_else(|| Self::new("-"), |s| Self::styled(letter(s), paint(s)))
    }

    /// A score without decimals that say nothing: `34`, `0.4`.
    pub(super) fn score(score: f64) -> Self {
        Self::new(score_text(score))
    }
}

/// How a column is set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// Flush left.
    Left,
    /// Flush right, for numbers.
    Right,
    /// Flush left, and cut to no fewer than so many columns when the terminal is narrow.
    Shrink(usize),
}

/// A table with a line of heads.
pub(super) struct Table {
    heads: Vec<(&'static str, Set)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these columns.
    pub(super) fn new(heads: &[(&'static str, Set)]) -> Self {
        Self {
            heads: heads.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row with a cell for each column.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Writes the table, indented by one; nothing when there are no rows.
    pub(super) fn write(&self, look: &Look, to: &mut dyn Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let widths = self.widths(look);
        let heads: Vec<Cell> = self
            .heads
            .iter()
            .map(|(head, _)| Cell::styled(head, DIM))
            .collect();
        if self.heads.iter().any(|(head, _)| !head.is_empty()) {
            self.line(&heads, &widths, look, to)?;
        }
        for row in &self.rows {
            self.line(row, &widths, look, to)?;
        }
        Ok(())
    }

    fn widths(&self, look: &Look) -> Vec<usize> {
        let mut widths: Vec<usize> = self.heads.iter().map(|(head, _)| head.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        let Some(columns) = look.width else { return widths };
        // The widest column that may shrink gives way first, one column of the terminal at a time.
        loop {
            let gaps = widths.len().saturating_sub(1).saturating_mul(2).saturating_add(1);
            let total = widths.iter().fold(gaps, |sum, w| sum.saturating_add(*w));
            if total <= columns {
                return widths;
            }
            let widest = widths
                .iter_mut()
                .zip(&self.heads)
                .filter(|(width, (_, set))| matches!(set, Set::Shrink(least) if **width > *least))
                .map(|(width, _)| width)
                .max();
            match widest {
                Some(width) => *width = width.saturating_sub(1),
                None => return widths,
            }
        }
    }

    fn line(&self, cells: &[Cell], widths: &[usize], look: &Look, to: &mut dyn Write) -> io::Result<()> {
        let mut blank = 1_usize;
        for ((cell, width), (_, set)) in cells.iter().zip(widths).zip(&self.heads) {
            let text = cut(&cell.text, *width);
            let pad = width.saturating_sub(text.width());
            let (before, after) = if *set == Set::Right { (pad, 0) } else { (0, pad) };
            if !text.is_empty() {
                write!(to, "{:1$}", "", blank.saturating_add(before))?;
                painted(&text, cell.style, look, to)?;
                blank = after.saturating_add(2);
            } else {
                blank = blank.saturating_add(*width).saturating_add(2);
            }
        }
        to.write_all(b"\n")
    }
}

/// Text in its colours, where colours are wanted.
pub(super) fn painted(text: &str, style: Style, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    if look.color {
        write!(to, "{style}{text}{style:#}")
    } else {
        to.write_all(text.as_bytes())
    }
}

/// Secondary text.
pub(super) const DIM: Style = Style::new().dimmed();
/// What a line is about.
pub(super) const BOLD: Style = Style::new().bold();

/// The colour of a severity; never the only sign of it.
pub(super) fn paint(severity: Severity) -> Style {
    use anstyle::AnsiColor::{BrightBlack, Cyan, Red, Yellow};
    match severity {
        Severity::Critical => Red.on_default().bold(),
        Severity::High => Red.on_default(),
        Severity::Medium => Yellow.on_default(),
        Severity::Low => Cyan.on_default(),
        Severity::Info => BrightBlack.on_default(),
    }
}

/// The letter of a severity.
pub(super) fn letter(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "C",
        Severity::High => "H",
        Severity::Medium => "M",
        Severity::Low => "L",
        Severity::Info => "I",
    }
}

/// A score as people read it: one decimal below ten, none above.
pub(super) fn score_text(score: f64) -> String {
    if score < 9.95 {
        format!("{score:.1}")
    } else {
        format!("{score:.0}")
    }
}

/// A count in groups of three.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(at);
        if at > 0 && left.is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// Bytes in the unit that people would use.
pub(super) fn bytes(n: u64) -> String {
    const UNITS: [(u32, &str); 3] = [(30, "GiB"), (20, "MiB"), (10, "kiB")];
    for (shift, unit) in UNITS {
        let one = 1_u64 << shift;
        if n >= one {
            let tenths = u128::from(n).saturating_mul(10) >> shift;
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{n} B")
}

/// `3 findings`, `1 finding`.
pub(super) fn plural(n: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(n), if n == 1 { "" } else { "s" })
}

fn cut(text: &str, width: usize) -> std::borrow::Cow<'_, str> {
    if text.width() <= width {
        return text.into();
    }
    let mut out = String::new();
    let mut used = 1_usize; // for the mark
    for c in text.chars() {
        used = used.saturating_add(c.width().unwrap_or(0));
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[("n", Set::Right), ("name", Set::Shrink(6)), ("id", Set::Left)]);
        table.row([Cell::new("7"), Cell::new("小米浏览器"), Cell::new("a")]);
        table.row([Cell::new("12"), Cell::new(""), Cell::new("b")]);
        table
    }

    #[track_caller]
    fn check(look: Look, want: &str) {
        let mut out = Vec::new();
        table().write(&look, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        check(
            Look::default(),
            "  n  name        id\n  7  小米浏览器  a\n 12              b\n",
        );
    }

    #[test]
    fn a_narrow_terminal_cuts_what_may_be_cut() {
        let look = Look {
            width: Some(14),
            ..Look::default()
        };
        check(look, "  n  name    id\n  7  小米…   a\n 12          b\n");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            (grouped(1_204_000), grouped(12), grouped(123)),
            ("1 204 000".into(), "12".into(), "123".into())
        );
        assert_eq!(
            (bytes(9), bytes(1536), bytes(9_020_000_000)),
            ("9 B".into(), "1.5 kiB".into(), "8.4 GiB".into())
        );
        assert_eq!((score_text(0.44), score_text(33.5)), ("0.4".into(), "34".into()));
    }
}
