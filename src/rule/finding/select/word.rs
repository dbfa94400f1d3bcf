//! Conditions whose words are a closed list: another word is an error when the rule is read.

use crate::rule::finding::text::{self, Text};

macro_rules! words {
    ($($name:ident: $field:literal = $($word:literal),+;)+) => {
        $(
            pub(super) fn $name<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Text>, D::Error> {
                text::of(d, $field, &[$($word),+])
            }
        )+
    };
}

words! {
    roads: "road" = "call", "wrapper", "field", "settings-key", "property", "content-uri", "reflection",
        "path", "native", "broadcast", "service", "command", "constant";
    sources: "source" = "code", "static-value", "string-table", "resource", "manifest", "asset", "native",
        "config";
    makes: "made" = "", "hashed", "encrypted", "encoded";
    host_kinds: "host-kind" = "name", "address", "template";
    parties: "party" = "maker", "other", "unknown";
    switch_kinds: "kind" = "settings", "preference", "property", "resource", "meta-data", "app-attribute",
        "init-service", "config-file", "file";
    froms: "from" = "unresolved", "documented", "code", "preference-xml", "resource", "property", "manifest";
    states: "state" = "off", "unknown", "conditional", "on";
    harms: "harm" = "low", "medium", "high", "critical";
    bases: "base" = "normal", "dangerous", "signature", "internal", "unknown";
    guards: "guard" = "none", "weak", "strong", "unknown";
    component_kinds: "kind" = "activity", "service", "receiver", "provider";
    unit_kinds: "kind" = "app", "jar", "library", "config";
    purpose_classes: "purpose-class" = "tracking", "function", "content", "unknown", "local";
    classes: "class" = "truncated", "invalid", "unsupported", "encrypted", "over-limit", "odd", "io", "bug";
}
