//! Output formats and what they are given.

use std::io::{self, Write};

use crate::judge::{Diff, Verdict};

use super::{Explanation, Listing, Report, json, text};

/// The formats, in the order in which help lists them.
pub const ALL: &[&dyn Format] = &[&text::Text, &json::Json];

/// What a format is given to write.
#[derive(Debug, Clone, Copy)]
pub enum Document<'a> {
    /// A scan's report.
    Report(&'a Report),
    /// A comparison, with the old and the new report.
    Diff(&'a Diff, &'a Report, &'a Report),
    /// A gate's verdict, with the report that was judged.
    Verdict(&'a Verdict, &'a Report),
    /// A finding or a rule in full.
    Explanation(&'a Explanation),
    /// What is in an input.
    Listing(&'a Listing),
}

/// What kind of document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A scan's report.
    Report,
    /// A comparison.
    Diff,
    /// A gate's verdict.
    Verdict,
    /// A finding or a rule in full.
    Explanation,
    /// What is in an input.
    Listing,
}

impl Document<'_> {
    /// What kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Report(_) => Kind::Report,
            Self::Diff(..) => Kind::Diff,
            Self::Verdict(..) => Kind::Verdict,
            Self::Explanation(_) => Kind::Explanation,
            Self::Listing(_) => Kind::Listing,
        }
    }
}

/// How a person will look at it. Only text cares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Whether to write colours.
    pub color: bool,
    /// Columns of the terminal; `None` where there is none: nothing is cut then, and no bars.
    pub width: Option<usize>,
    /// Whether to list everything, not only what matters most.
    pub all: bool,
    /// 0 to 2: how much evidence to show below a finding.
    pub verbose: u8,
}

/// An output format: one file, one line in [`ALL`].
pub trait Format: Sync {
    /// The name, as in `-o NAME`.
    fn name(&self) -> &'static str;

    /// Other names for it.
    fn also(&self) -> &'static [&'static str] {
        &[]
    }

    /// File name endings that mean this format, without the dot.
    fn extensions(&self) -> &'static [&'static str];

    /// What it is for, in one line.
    fn about(&self) -> &'static str;

    /// Whether it can hold such a document.
    fn fits(&self, kind: Kind) -> bool;

    /// Writes a document of a kind that fits; of another kind, nothing.
    fn write(&self, document: &Document, look: &Look, to: &mut dyn Write) -> io::Result<()>;
}

/// The format of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Format> {
    ALL.iter()
        .copied()
        .find(|f| f.name() == name || f.also().contains(&name))
}

/// The format that the ending of a file name means.
pub fn by_extension(file: &str) -> Option<&'static dyn Format> {
    let (_, ending) = file.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    ALL.iter()
        .copied()
        .find(|f| f.extensions().contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_endings_mean_one_format_each() {
        let mut names: Vec<&str> = ALL
            .iter()
            .flat_map(|f| f.also().iter().copied().chain([f.name()]))
            .collect();
        let mut endings: Vec<&str> = ALL.iter().flat_map(|f| f.extensions().iter().copied()).collect();
        let counts = (names.len(), endings.len());
        names.sort_unstable();
        names.dedup();
        endings.sort_unstable();
        endings.dedup();
        assert_eq!(counts, (names.len(), endings.len()));
        assert_eq!(by_extension("a/b.JSON").unwrap().name(), "json");
        assert!(by_extension("json").is_none());
    }
}
