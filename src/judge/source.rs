//! TOML files that people write, and what is wrong with them, underlined.

use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;

/// What is wrong with a file that the user wrote: policy, waivers, configuration.
///
/// Prints as a headline, the line underlined, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the user named it.
    pub file: String,
    /// Line, counted from 1; 0 where the problem is not at one line.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// That line.
    pub text: String,
    /// How many characters to underline, at least 1.
    pub width: usize,
    /// What is wrong.
    pub what: String,
    /// What to do, where we know.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at a range of bytes of `source`.
    pub fn at(file: &str, source: &str, span: Range<usize>, what: impl Into<String>) -> Self {
        let start = floor(source, span.start);
        let before = source.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let text = source
            .get(line_start..)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default();
        let within = source.get(line_start..start).unwrap_or_default();
        let end = floor(source, span.end.max(start)).min(line_start.saturating_add(text.len()));
        let marked = source.get(start..end).unwrap_or_default();
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count().saturating_add(1),
            column: within.chars().count().saturating_add(1),
            text: text.to_owned(),
            width: marked.chars().count().max(1),
            what: what.into(),
            help: None,
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if self.line > 0 {
            let gutter = self.line.to_string().len();
            write!(f, "\n  in     {}:{}:{}", self.file, self.line, self.column)?;
            write!(f, "\n  {:>gutter$} | {}", self.line, self.text)?;
            let indent = self.column.saturating_sub(1);
            write!(
                f,
                "\n  {:>gutter$} | {:indent$}{}",
                "",
                "",
                "^".repeat(self.width)
            )?;
        } else {
            write!(f, "\n  in     {}", self.file)?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help   {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// Reads a TOML file that refuses unknown keys; the nearest known one is suggested.
pub fn parse<T: DeserializeOwned>(file: &str, source: &str) -> Result<T, Problem> {
    toml::from_str(source).map_err(|e| {
        let message = e.message().lines().next().unwrap_or_default();
        let mut problem = Problem::at(file, source, e.span().unwrap_or(0..0), message);
        if e.span().is_none() {
            problem.line = 0;
        }
        // serde words an unknown key as: unknown field `got`, expected one of `a`, `b`
        let mut quoted = message.split('`').skip(1).step_by(2);
        if let Some(got) = quoted.next().filter(|_| message.starts_with("unknown ")) {
            let known: Vec<&str> = quoted.collect();
            problem.what = match message.split('`').next() {
                Some("unknown variant ") => format!("`{got}` is not a value of this key"),
                _ => format!("unknown key `{got}`"),
            };
            problem.help = Some(match nearest(got, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are: {}", known.join(", ")),
            });
        }
        problem
    })
}

/// The candidate most like `got`, when one is like it at all.
pub fn nearest<'a>(got: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this the likeness is chance: `skip` and `size` have 0.53.
    const ALIKE: f64 = 0.75;
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let alike = strsim::jaro_winkler(got, candidate);
        if alike >= ALIKE && best.is_none_or(|(most, _)| alike > most) {
            best = Some((alike, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The largest character boundary that is not after `at`.
fn floor(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct Sample {
        #[expect(dead_code, reason = "only its name matters")]
        fail_on: Option<String>,
        #[expect(dead_code, reason = "only its name matters")]
        max_score: Option<f64>,
    }

    #[test]
    fn an_unknown_key_is_underlined_with_the_nearest_one() {
        let source = "# policy\nfail_on = \"high\"\n";
        let text = parse::<Sample>("p.toml", source).unwrap_err().to_string();
        assert_eq!(
            text,
            "unknown key `fail_on`\n  in     p.toml:2:1\n  2 | fail_on = \"high\"\n    | ^^^^^^^\n  help   did you mean `fail-on`?"
        );
    }

    #[test]
    fn a_wrong_type_is_underlined() {
        let problem = parse::<Sample>("p.toml", "max-score = \"a\"\n").unwrap_err();
        assert_eq!((problem.line, problem.column, problem.width), (1, 13, 3));
    }

    #[test]
    fn a_span_inside_a_character_or_behind_the_end_is_moved_to_a_border() {
        let problem = Problem::at("f", "é=1", 1..99, "x");
        assert_eq!((problem.line, problem.column, problem.width), (1, 1, 3));
    }
}
