//! A line of an example, word by word.

/// Words of a fact, taken one after the other.
pub(super) struct Words<'a> {
    pub(super) all: &'a [String],
    pub(super) fact: &'a str,
}

impl<'a> Words<'a> {
    pub(super) fn next(&mut self) -> Result<&'a str, String> {
        let (first, rest) = self
            .all
            .split_first()
            .ok_or_else(|| format!("`{}` ends too early", self.fact))?;
        self.all = rest;
        Ok(first)
    }

    /// The next word if it is this one.
    pub(super) fn flag(&mut self, word: &str) -> bool {
        match self.all.split_first() {
            Some((first, rest)) if first == word => {
                self.all = rest;
                true
            }
            _ => false,
        }
    }

    /// The value of the next word if it is `name=value`.
    pub(super) fn value(&mut self, name: &str) -> Option<&'a str> {
        let (first, rest) = self.all.split_first()?;
        let value = first.strip_prefix(name)?.strip_prefix('=')?;
        self.all = rest;
        Some(value)
    }

    pub(super) fn wrong(&self, word: &str) -> String {
        format!("`{word}` in `{}` is not a word of this language", self.fact)
    }

    pub(super) fn read<T: serde::de::DeserializeOwned>(&self, word: &str) -> Result<T, String> {
        serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(|_| self.wrong(word))
    }

    pub(super) fn number<T: std::str::FromStr>(&self, word: &str) -> Result<T, String> {
        word.parse().map_err(|_| self.wrong(word))
    }
}

/// Splits at spaces outside double quotes, which are taken off.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()))
            }
            c => word.push(c),
        }
    }
    words.extend(Some(word).filter(|w| !w.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(words(r#"notice zip "a b" c"#), ["notice", "zip", "a b", "c"]);
    }
}
