//! A condition on a text: any of these, none of those.

use regex::RegexSet;
use serde::Deserialize;
use serde::de::Error as _;

/// Compiled size of the regular expressions of one condition, in bytes. The expressions needed here
/// (a key with a few variants) stay under a tenth of it; one with a huge repetition does not.
const MAX_REGEX: usize = 256 << 10;

/// A condition on a text, from TOML: `"word"`, `["word", "other"]` (any of them holds), or
/// `{ any = […], none = […] }` (one of `any`, unless it is empty, and not one of `none`).
///
/// A word matches the whole text. `*` at its start, its end or both stands for any text there; a word
/// that begins with `~` is a regular expression, searched for anywhere. The empty word matches a
/// text that is absent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Written")]
pub struct Text {
    any: Words,
    none: Words,
}

#[derive(Debug, Clone, Default)]
struct Words {
    words: Vec<Word>,
    regex: Option<RegexSet>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Is(String),
    Starts(String),
    Ends(String),
    Holds(String),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a word, a list of words, or { any = […], none = […] }")]
enum Written {
    One(String),
    Any(Vec<String>),
    Both(Both),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Both {
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    none: Vec<String>,
}

impl TryFrom<Written> for Text {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let (any, none) = match written {
            Written::One(word) => (vec![word], Vec::new()),
            Written::Any(words) => (words, Vec::new()),
            Written::Both(both) => (both.any, both.none),
        };
        if any.is_empty() && none.is_empty() {
            return Err("an empty list matches nothing; leave the condition out".to_owned());
        }
        Ok(Self {
            any: Words::compile(any)?,
            none: Words::compile(none)?,
        })
    }
}

impl Words {
    fn compile(list: Vec<String>) -> Result<Self, String> {
        let mut words = Vec::with_capacity(list.len());
        let mut regex = Vec::new();
        for word in list {
            if let Some(expression) = word.strip_prefix('~') {
                regex.push(expression.to_owned());
                continue;
            }
            let front = word.strip_prefix('*');
            let back = word.strip_suffix('*');
            words.push(match (front, back) {
                (Some(_), Some(_)) => Word::Holds(word.trim_matches('*').to_owned()),
                (Some(rest), None) => Word::Ends(rest.to_owned()),
                (None, Some(rest)) => Word::Starts(rest.to_owned()),
                (None, None) => Word::Is(word),
            });
        }
        let regex = if regex.is_empty() {
            None
        } else {
            let set = regex::RegexSetBuilder::new(&regex).size_limit(MAX_REGEX).build();
            Some(set.map_err(|e| e.to_string())?)
        };
        Ok(Self { words, regex })
    }

    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.regex.is_none()
    }

    fn hit(&self, text: &str) -> bool {
        let word = |w: &Word| match w {
            Word::Is(w) => w == text,
            Word::Starts(w) => text.starts_with(w.as_str()),
            Word::Ends(w) => text.ends_with(w.as_str()),
            Word::Holds(w) => text.contains(w.as_str()),
        };
        self.words.iter().any(word) || self.regex.as_ref().is_some_and(|r| r.is_match(text))
    }

    /// As [`Words::hit`] for a plain word, which also stands for everything below it as a domain.
    fn host(&self, host: &str) -> bool {
        let word = |w: &Word| match w {
            Word::Is(w) => host
                .strip_suffix(w.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
            _ => false,
        };
        self.words.iter().any(word) || self.hit(host)
    }
}

impl Text {
    /// Whether a text meets the condition. An absent text is the empty one.
    pub fn is(&self, text: &str) -> bool {
        (self.any.is_empty() || self.any.hit(text)) && !self.none.hit(text)
    }

    /// Whether a host name meets the condition: a plain word also stands for its sub-domains.
    pub fn host(&self, host: &str) -> bool {
        (self.any.is_empty() || self.any.host(host)) && !self.none.host(host)
    }

    /// Whether one of the texts is wanted and none of them is unwanted.
    pub fn among<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let mut wanted = self.any.is_empty();
        for text in texts {
            if self.none.hit(text) {
                return false;
            }
            wanted = wanted || self.any.hit(text);
        }
        wanted
    }

    /// The plain words in it, wanted and unwanted, for a check against a list of known words.
    pub fn plain(&self) -> impl Iterator<Item = &str> {
        self.any
            .words
            .iter()
            .chain(&self.none.words)
            .filter_map(|word| match word {
                Word::Is(word) => Some(word.as_str()),
                _ => None,
            })
    }
}

/// A [`Text`] whose words are all in `known`; `name` is the condition, for the message.
pub(super) fn of<'de, D: serde::Deserializer<'de>>(
    from: D,
    name: &str,
    known: &[&str],
) -> Result<Option<Text>, D::Error> {
    let text = Text::deserialize(from)?;
    if let Some(word) = text.plain().find(|word| !known.contains(word)) {
        let known = known.join(", ");
        return Err(D::Error::custom(format!(
            "`{name}` is never `{word}`, but one of: {known}"
        )));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Table {
        x: Text,
    }

    fn text(toml: &str) -> Text {
        toml::from_str::<Table>(&format!("x = {toml}")).unwrap().x
    }

    #[test]
    fn a_list_is_any_of_its_words() {
        let t = text(r#"["ads", "tele*", "*.cn", "*mid*", "~^v\\d+$"]"#);
        for hit in ["ads", "telemetry", "a.cn", "amidst", "v12"] {
            assert!(t.is(hit), "{hit}");
        }
        for miss in ["", "adss", "a.cnn", "v", "tel"] {
            assert!(!t.is(miss), "{miss}");
        }
    }

    #[test]
    fn the_unwanted_wins() {
        let t = text(r#"{ any = ["a*"], none = ["ab"] }"#);
        assert!(t.is("aa") && !t.is("ab") && !t.is("b"));
        assert!(text(r#"{ none = [""] }"#).is("x"));
        assert!(!text(r#"{ none = [""] }"#).is(""));
        assert!(t.among(["aa", "b"]) && !t.among(["aa", "ab"]) && !t.among([]));
    }

    #[test]
    fn a_host_stands_for_its_sub_domains() {
        let t = text(r#""miui.com""#);
        assert!(t.host("miui.com") && t.host("tracking.miui.com") && !t.host("notmiui.com"));
    }

    #[test]
    fn a_huge_expression_is_refused() {
        assert!(toml::from_str::<Table>("x = '~(a{100}){1000}'").is_err());
        assert!(toml::from_str::<Table>("x = '~('").is_err());
        assert!(toml::from_str::<Table>("x = []").is_err());
    }
}
