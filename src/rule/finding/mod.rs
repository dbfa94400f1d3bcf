//! A rule that turns facts into findings: one TOML file below `signatures/rules`, whose path is its id.
//!
//! ```toml
//! title = "contains the telemetry server {host} of {owner}"
//! severity = "medium"
//! confidence = "medium"
//! why = "…"
//! fix = "…"
//! refs = []
//! hits = ["endpoint http://tracking.miui.com/tracks"]
//! misses = ["endpoint http://www.miui.com/"]
//!
//! [match]
//! fact = "endpoint"
//! purpose = ["telemetry"]
//! ```
//!
//! The format is told in `signatures/README.md`.

mod select;
mod text;

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

pub use select::{
    ComponentMatch, DefinesMatch, DetectorMatch, EndpointMatch, FlowMatch, IdentifierMatch, ManifestMatch,
    Match, NestedMatch, NetworkSecurityMatch, NoticeMatch, PackageMatch, PermissionMatch, PropertyMatch,
    SignerMatch, SinkMatch, SwitchMatch, TrackerMatch, With,
};
pub use text::Text;

/// How bad it is if it is real.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, never more.
    Info,
    /// Little harm.
    Low,
    /// Some harm.
    Medium,
    /// Much harm.
    High,
    /// Drop everything.
    Critical,
}

/// How likely it is to be real.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A string or a name.
    Low,
    /// Code that was understood.
    Medium,
    /// Proven.
    High,
}

/// A rule as its file gives it. Everything is checked when it is read: after [`FindingRule::parse`]
/// its title names only what its kind of fact has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FindingRule {
    /// Path below `signatures/rules` without its ending, `/` as `.`: `endpoint.telemetry`. A file may
    /// repeat it, and must then agree with its path.
    #[serde(default)]
    pub id: String,
    /// One line as reports show it, a verb first. `{host}` and the like stand for what the finding is
    /// about; see [`Match::names`].
    pub title: String,
    /// How bad it is if it is real.
    pub severity: Severity,
    /// How likely it is to be real at best; weaker evidence lowers it.
    pub confidence: Confidence,
    /// Why it matters, for people who do not know the thing.
    pub why: String,
    /// What to do about it.
    pub fix: String,
    /// Where to read more.
    #[serde(default)]
    pub refs: Vec<String>,
    /// What facts are put together into one finding, and its subject: one of [`Match::names`], or
    /// `unit` for one finding in all. The first name when it is not given.
    #[serde(default)]
    pub group: Option<String>,
    /// Examples that must give this finding; the language is that of `detect::check`.
    pub hits: Vec<String>,
    /// Examples that must not.
    pub misses: Vec<String>,
    /// What it looks for.
    #[serde(rename = "match")]
    pub select: Match,
}

/// The grouping that puts all that a rule finds in a unit into one finding.
pub const WHOLE_UNIT: &str = "unit";

impl FindingRule {
    /// Reads a rule. `id` is what its path says.
    ///
    /// # Errors
    /// TOML that is not TOML, keys or words that do not exist, a missing text, an expression over its
    /// size limit, a title that names what the kind of fact does not have, an id that is not the path.
    pub fn parse(id: &str, text: &str) -> Result<Self, toml::de::Error> {
        let mut rule: Self = toml::from_str(text)?;
        if rule.id.is_empty() {
            id.clone_into(&mut rule.id);
        }
        let problem = rule.problem(id);
        problem.map_or(Ok(rule), |text| Err(toml::de::Error::custom(text)))
    }

    fn problem(&self, path: &str) -> Option<String> {
        if self.id != path {
            return Some(format!("the id `{}` must be the path, `{path}`", self.id));
        }
        for (name, text) in [("title", &self.title), ("why", &self.why), ("fix", &self.fix)] {
            if text.trim().is_empty() {
                return Some(format!("`{name}` is empty"));
            }
        }
        if self.hits.is_empty() || self.misses.is_empty() {
            return Some("at least one example in `hits` and one in `misses`".to_owned());
        }
        let names = self.select.names();
        if let Some(group) = &self.group
            && group != WHOLE_UNIT
            && !names.contains(&group.as_str())
        {
            return Some(format!(
                "`group` is never `{group}`, but unit, or one of: {}",
                names.join(", ")
            ));
        }
        let unknown = fill_ins(&self.title).find(|name| !names.contains(name))?;
        Some(format!(
            "`{{{unknown}}}` in the title: there is only {}",
            names.join(", ")
        ))
    }

    /// What the findings of this rule are grouped by: a name of [`Match::names`], or [`WHOLE_UNIT`].
    pub fn grouping(&self) -> &str {
        match &self.group {
            Some(group) => group,
            None => self.select.names().first().copied().unwrap_or(WHOLE_UNIT),
        }
    }

    /// The title with its fill-ins replaced; what `value` does not know is `unknown`.
    pub fn title<'v>(&self, value: impl Fn(&str) -> Cow<'v, str>) -> String {
        let mut title = String::with_capacity(self.title.len().saturating_add(32));
        let mut rest = self.title.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else {
                break;
            };
            title.push_str(before);
            match value(name) {
                text if text.is_empty() => title.push_str("unknown"),
                text => title.push_str(&text),
            }
            rest = tail;
        }
        title.push_str(rest);
        title
    }
}

/// The names between braces in a title.
fn fill_ins(title: &str) -> impl Iterator<Item = &str> {
    title
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"
title = "contains {host} of {owner}"
severity = "medium"
confidence = "low"
why = "w"
fix = "f"
hits = ["endpoint http://a.example/"]
misses = ["endpoint http://b.example/"]
[match]
fact = "endpoint"
purpose = ["telemetry"]
cleartext = true
with = { kind = "app", permission = ["android.permission.INTERNET"] }
"#;

    fn error(from: &str, to: &str) -> String {
        FindingRule::parse("a.b", &RULE.replace(from, to))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_rule_reads_back() {
        let rule = FindingRule::parse("a.b", RULE).unwrap();
        assert_eq!(rule.id, "a.b");
        assert_eq!(rule.grouping(), "host");
        assert_eq!(
            rule.title(|name| if name == "host" { "x.y".into() } else { "".into() }),
            "contains x.y of unknown"
        );
        let Match::Endpoint(m) = &rule.select else {
            panic!()
        };
        assert!(m.purpose.as_ref().unwrap().is("telemetry") && m.cleartext == Some(true));
        assert!(m.with.kind.as_ref().unwrap().is("app"));
    }

    #[test]
    fn what_does_not_exist_is_named() {
        assert!(error("{owner}", "{road}").contains("`{road}` in the title: there is only host"));
        assert!(error("cleartext", "clear-text").contains("clear-text"));
        assert!(error("\"app\"", "\"apk\"").contains("`kind` is never `apk`"));
        assert!(error("fact = \"endpoint\"", "fact = \"end\"").contains("`end`"));
        assert!(error("severity", "id = \"b.c\"\nseverity").contains("must be the path, `a.b`"));
        assert!(error("severity", "group = \"x\"\nseverity").contains("`group` is never `x`"));
        assert!(error("hits = [\"endpoint http://a.example/\"]", "hits = []").contains("one example"));
    }
}
