//! A finding or a rule in full: the document of `explain`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::detect::Finding;

use super::{Report, RuleText};

/// The schema's name and version. Adding fields is free; anything else is `explain/2`.
pub const EXPLAIN_SCHEMA: &str = "explain/1";

/// A finding with its rule, or a rule alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// Always `explain/1`.
    pub schema: String,
    /// Rule id.
    pub rule: String,
    /// Its text.
    pub text: RuleText,
    /// The rule's severity, where no finding says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<crate::detect::Severity>,
    /// The finding, when one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// Ids of other findings of this rule in the report, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

/// Why nothing can be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoMatch {
    /// Nothing has such an id; the ids of findings that there are.
    Nothing,
    /// The beginning of an id fits several findings.
    Several(Vec<String>),
}

impl Report {
    /// The finding of that id, or of an id that begins so, or the rule of that id.
    pub fn explain(&self, id: &str) -> Result<Explanation, NoMatch> {
        let text = |rule: &str| self.rules.get(rule).cloned().unwrap_or_default();
        if let Some((rule, rule_text)) = self.rules.get_key_value(id) {
            return Ok(Explanation {
                schema: EXPLAIN_SCHEMA.to_owned(),
                rule: rule.clone(),
                text: rule_text.clone(),
                severity: self
                    .findings
                    .iter()
                    .filter(|f| f.rule == *rule)
                    .map(|f| f.severity)
                    .max(),
                finding: None,
                others: self
                    .findings
                    .iter()
                    .filter(|f| f.rule == *rule)
                    .map(|f| f.id.clone())
                    .collect(),
            });
        }
        let exact = self.findings.iter().find(|f| f.id == id);
        let mut like = self
            .findings
            .iter()
            .filter(|f| !id.is_empty() && f.id.starts_with(id));
        let finding = match (exact, like.next(), like.next()) {
            (Some(finding), ..) | (None, Some(finding), None) => finding,
            (None, Some(_), Some(_)) => {
                let ids = self
                    .findings
                    .iter()
                    .filter(|f| f.id.starts_with(id))
                    .map(|f| f.id.clone());
                return Err(NoMatch::Several(ids.collect()));
            }
            (None, None, _) => return Err(NoMatch::Nothing),
        };
        Ok(Explanation {
            schema: EXPLAIN_SCHEMA.to_owned(),
            rule: finding.rule.clone(),
            text: text(&finding.rule),
            severity: None,
            others: self
                .findings
                .iter()
                .filter(|f| f.rule == finding.rule && f.id != finding.id)
                .map(|f| f.id.clone())
                .collect(),
            finding: Some(finding.clone()),
        })
    }
}
