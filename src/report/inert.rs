//! The one place where text from the input is made harmless for a terminal, a log, or JSON.
//!
//! Names in firmware are chosen by whoever made it. A terminal obeys control characters, a viewer
//! reorders at bidirectional ones, a CI runner obeys `::error` and `##[…]` in a log. So they are
//! shown as what they are: `\u{1b}`.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::ser::{CharEscape, Formatter, PrettyFormatter};

/// Longer texts are cut in tables and lines; the JSON has them whole.
const LONGEST: usize = 400;

/// Whether a character does anything but show itself.
pub fn is_active(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'       // C0, DEL, C1
        | '\u{ad}'                                    // soft hyphen
        | '\u{61c}' | '\u{200e}' | '\u{200f}'         // marks of direction
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' // embeddings, overrides, isolates
        | '\u{2028}' | '\u{2029}'                     // line and paragraph separators
        | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' // invisible
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' // annotations, tags
    )
}

/// Text from the input, fit for one line of a terminal or a log.
pub fn text(input: &str) -> Cow<'_, str> {
    let short = input.len() <= LONGEST;
    let commands = input.contains("##") || input.trim_start().starts_with("::");
    if short && !commands && !input.chars().any(is_active) {
        return Cow::Borrowed(input);
    }
    let mut out = String::with_capacity(input.len().min(LONGEST).saturating_add(32));
    let mut hash = false;
    for (at, c) in input.chars().enumerate() {
        if at >= LONGEST {
            out.push_str(&format!("… ({} characters)", input.chars().count()));
            break;
        }
        let command = (c == '#' && hash) || (c == ':' && out.trim_start().is_empty());
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_active(c) || command => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
        hash = c == '#';
    }
    Cow::Owned(out)
}

/// Pretty JSON whose strings hold no active character: they are escaped as `\u202e`.
#[derive(Default)]
pub struct InertJson(PrettyFormatter<'static>);

impl Formatter for InertJson {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = 0_usize;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_active(*c)) {
            to.write_all(fragment.get(plain..at).unwrap_or_default().as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(to, "\\u{unit:04x}")?;
            }
            plain = at.saturating_add(c.len_utf8());
        }
        to.write_all(fragment.get(plain..).unwrap_or_default().as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, to: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(to, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_array(to)
    }

    fn end_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array(to)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(to, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array_value(to)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object(to)
    }

    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object(to)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(to, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object_value(to)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object_value(to)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(text("a\u{1b}[31mb\r\n\tc"), "a\\u{1b}[31mb\\r\\n\\tc");
        assert_eq!(
            text("exe\u{202e}gpj\u{85}\u{2028}\u{feff}"),
            "exe\\u{202e}gpj\\u{85}\\u{2028}\\u{feff}"
        );
        assert_eq!(text("微信 – é"), "微信 – é");
    }

    #[test]
    fn what_a_ci_runner_would_obey_is_broken() {
        assert_eq!(text("::error ::x"), "\\u{3a}:error ::x");
        assert_eq!(text(" \u{2028}::error"), " \\u{2028}::error");
        assert_eq!(text("  ::error"), "  \\u{3a}:error");
        assert_eq!(text("a##[group]##vso[x]"), "a#\\u{23}[group]#\\u{23}vso[x]");
        assert_eq!(text("a::b #1"), "a::b #1");
    }

    #[test]
    fn a_long_text_is_cut_with_its_length() {
        let cut = text(&"é".repeat(1000)).into_owned();
        assert!(cut.ends_with("é… (1000 characters)"));
    }

    #[test]
    fn json_escapes_what_a_viewer_would_obey_and_reads_back_the_same() {
        let value = "a\u{1b}\u{9f}\u{202e}\u{2029}\u{e0001}é\"\\";
        let mut out = Vec::new();
        value
            .serialize(&mut serde_json::Serializer::with_formatter(
                &mut out,
                InertJson::default(),
            ))
            .unwrap();
        let json = String::from_utf8(out).unwrap();
        assert_eq!(json, r#""a\u001b\u009f\u202e\u2029\udb40\udc01é\"\\""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value);
    }

    #[test]
    fn no_character_of_the_basic_plane_gets_through_active() {
        let all: String = (0..0x1_0000).filter_map(char::from_u32).collect();
        for chunk in all.chars().collect::<Vec<_>>().chunks(200) {
            let chunk: String = chunk.iter().collect();
            assert!(!text(&chunk).chars().any(is_active));
        }
    }
}
