//! The words by which a host name is told from a class name, a file or a key, and by which a test
//! server shows: `signatures/endpoints/words.toml`, which says what each list is for.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

/// `signatures/endpoints/words.toml`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WordFile {
    /// URL schemes that lead to a server.
    pub schemes: Vec<SchemeRow>,
    /// Suffixes under which two labels make a host.
    pub open_suffixes: Vec<String>,
    /// Suffixes under which three labels are asked for.
    pub deep_suffixes: Vec<String>,
    /// First labels of packages.
    pub package_roots: Vec<String>,
    /// First labels of property keys.
    pub property_roots: Vec<String>,
    /// Public suffixes that are file endings.
    pub file_endings: Vec<String>,
    /// First labels that only hosts have.
    pub host_labels: Vec<String>,
    /// Words that mark a test server.
    pub staging: Vec<String>,
    /// Top labels that only exist inside a company.
    pub internal: Vec<String>,
    /// First labels of hosts that only name schemas.
    pub schema_labels: Vec<String>,
    /// Parts of paths that only name a schema or a licence.
    pub schema_paths: Vec<String>,
}

/// A URL scheme.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeRow {
    /// Lower-case name.
    pub name: String,
    /// Whether what it carries can be read on the way.
    #[serde(default)]
    pub cleartext: bool,
}

/// A set of words, asked with bytes as they come.
pub type WordSet = FxHashSet<Box<[u8]>>;

/// How far a suffix is believed when a name is all there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SuffixTrust {
    /// Two labels are enough.
    Open,
    /// Three labels are asked for.
    Deep,
}

/// The words in force.
#[derive(Debug, Default, Clone)]
pub struct Words {
    /// Schemes; `true` for clear text.
    pub schemes: FxHashMap<Box<[u8]>, bool>,
    /// Suffixes that are believed, and how far.
    pub suffixes: FxHashMap<Box<[u8]>, SuffixTrust>,
    /// First labels of packages.
    pub package_roots: WordSet,
    /// First labels of property keys.
    pub property_roots: WordSet,
    /// Public suffixes that are file endings.
    pub file_endings: WordSet,
    /// First labels that only hosts have.
    pub host_labels: WordSet,
    /// Words that mark a test server.
    pub staging: WordSet,
    /// Top labels that only exist inside a company.
    pub internal: WordSet,
    /// First labels of hosts that only name schemas.
    pub schema_labels: WordSet,
    /// Parts of paths that only name a schema or a licence.
    pub schema_paths: Vec<Box<[u8]>>,
}

impl Words {
    /// Adds the words of a file to those there are.
    pub fn add(&mut self, file: WordFile) {
        self.schemes.extend(
            file.schemes
                .into_iter()
                .map(|row| (bytes(row.name), row.cleartext)),
        );
        self.suffixes.extend(
            file.open_suffixes
                .into_iter()
                .map(|word| (bytes(word), SuffixTrust::Open)),
        );
        self.suffixes.extend(
            file.deep_suffixes
                .into_iter()
                .map(|word| (bytes(word), SuffixTrust::Deep)),
        );
        for (set, words) in [
            (&mut self.package_roots, file.package_roots),
            (&mut self.property_roots, file.property_roots),
            (&mut self.file_endings, file.file_endings),
            (&mut self.host_labels, file.host_labels),
            (&mut self.staging, file.staging),
            (&mut self.internal, file.internal),
            (&mut self.schema_labels, file.schema_labels),
        ] {
            set.extend(words.into_iter().map(bytes));
        }
        self.schema_paths.extend(file.schema_paths.into_iter().map(bytes));
    }
}

fn bytes(word: String) -> Box<[u8]> {
    word.into_bytes().into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_words_load_and_are_lower_case() {
        let file: WordFile = toml::from_str(include_str!("../../signatures/endpoints/words.toml")).unwrap();
        let mut words = Words::default();
        words.add(file);
        assert_eq!(words.schemes.get(&b"http"[..]), Some(&true));
        assert_eq!(words.schemes.get(&b"https"[..]), Some(&false));
        assert_eq!(words.suffixes.get(&b"com"[..]), Some(&SuffixTrust::Open));
        let sets = [
            &words.package_roots,
            &words.property_roots,
            &words.file_endings,
            &words.staging,
        ];
        assert!(
            sets.iter()
                .all(|set| set.iter().all(|w| !w.iter().any(u8::is_ascii_uppercase)))
        );
    }
}
