//! The words that rules and reports use for what facts hold as enumerations.

use crate::bytes::GapClass;
use crate::fact::{DefaultFrom, HostKind, Road, Source, StepKind, SwitchKind, SwitchState};
use crate::rule::PurposeClass;

/// A value with a word of its own.
pub(super) trait Word {
    /// The word; the same as in JSON.
    fn word(&self) -> &'static str;
}

macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {
        $(
            impl Word for $type {
                fn word(&self) -> &'static str {
                    match self {
                        $(Self::$variant => $word),+
                    }
                }
            }
        )+

        #[cfg(test)]
        fn all() -> Vec<(String, &'static str)> {
            vec![$($((json(&$type::$variant), $type::$variant.word())),+),+]
        }
    };
}

#[cfg(test)]
fn json<T: std::fmt::Debug>(value: &T) -> String {
    // Every one of these types is `kebab-case` in JSON, or `lowercase` where that is the same.
    let mut out = String::new();
    for c in format!("{value:?}").chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

words! {
    Road {
        Call = "call", Wrapper = "wrapper", Field = "field", SettingsKey = "settings-key", Property = "property",
        ContentUri = "content-uri", Reflection = "reflection", Path = "path", Native = "native",
        Broadcast = "broadcast", Service = "service", Command = "command", Constant = "constant",
    }
    Source {
        Code = "code", StaticValue = "static-value", StringTable = "string-table", Resource = "resource",
        Manifest = "manifest", Asset = "asset", Native = "native", Config = "config",
    }
    StepKind {
        Read = "read", Stored = "stored", Mixed = "mixed", Hashed = "hashed", Encrypted = "encrypted",
        Encoded = "encoded", Passed = "passed", Leaves = "leaves",
    }
    HostKind { Name = "name", Address = "address", Template = "template" }
    SwitchKind {
        Settings = "settings", Preference = "preference", Property = "property", Resource = "resource",
        MetaData = "meta-data", AppAttribute = "app-attribute", InitService = "init-service",
        ConfigFile = "config-file", File = "file",
    }
    DefaultFrom {
        Unresolved = "unresolved", Documented = "documented", Code = "code", PreferenceXml = "preference-xml",
        Resource = "resource", Property = "property", Manifest = "manifest",
    }
    SwitchState { Off = "off", Unknown = "unknown", Conditional = "conditional", On = "on" }
    GapClass {
        Truncated = "truncated", Invalid = "invalid", Unsupported = "unsupported", Encrypted = "encrypted",
        OverLimit = "over-limit", Odd = "odd", Io = "io", Bug = "bug",
    }
    PurposeClass {
        Tracking = "tracking", Function = "function", Content = "content", Unknown = "unknown", Local = "local",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_json() {
        for (json, word) in all() {
            assert_eq!(json, word);
        }
        assert_eq!(
            serde_json::to_value(SwitchKind::MetaData).unwrap(),
            SwitchKind::MetaData.word()
        );
        assert_eq!(
            serde_json::to_value(GapClass::OverLimit).unwrap(),
            GapClass::OverLimit.word()
        );
    }
}
