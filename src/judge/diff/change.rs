//! One finding in two builds: which of its fields differ, and whether it became worse.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::detect::Finding;
use crate::judge::side::tenth;
use crate::judge::{Side, severity_name};

use super::{Change, FieldChange};

/// What differs between two findings of one id. Not compared: sites and counts, which say where in
/// the code it is, and the wording of the rule.
pub(super) fn change((old, was): (&Side, &Finding), (new, is): (&Side, &Finding)) -> Option<Change> {
    let mut fields = Vec::new();
    let mut field = |name: &str, old: &[&str], new: &[&str]| {
        let (a, b): (BTreeSet<&str>, BTreeSet<&str>) =
            (old.iter().copied().collect(), new.iter().copied().collect());
        if a != b {
            let only =
                |x: &BTreeSet<&str>, y: &BTreeSet<&str>| x.difference(y).map(|s| (*s).to_owned()).collect();
            fields.push(FieldChange {
                name: name.to_owned(),
                old: only(&a, &b),
                new: only(&b, &a),
            });
        }
    };
    let names: BTreeSet<&String> = was.details.keys().chain(is.details.keys()).collect();
    for name in names {
        let values = |f: &Finding| f.details.get(name).cloned().unwrap_or_default();
        let (a, b) = (values(was), values(is));
        let (a, b): (Vec<&str>, Vec<&str>) = (
            a.iter().map(String::as_str).collect(),
            b.iter().map(String::as_str).collect(),
        );
        field(name, &a, &b);
    }
    field(
        "severity",
        &[severity_name(was.severity)],
        &[severity_name(is.severity)],
    );
    let scores = (tenth(was.score.total), tenth(is.score.total));
    field(
        "score",
        &[&format!("{:.1}", scores.0)],
        &[&format!("{:.1}", scores.1)],
    );
    field(
        "confidence",
        &[word(was.confidence).as_str()],
        &[word(is.confidence).as_str()],
    );
    field("evidence", &[word(was.rung).as_str()], &[word(is.rung).as_str()]);
    field("place", &[old.strip(&was.place)], &[new.strip(&is.place)]);
    field(
        "owner",
        &[was.owner.as_deref().unwrap_or("")],
        &[is.owner.as_deref().unwrap_or("")],
    );
    field(
        "purpose",
        &[was.purpose.as_deref().unwrap_or("")],
        &[is.purpose.as_deref().unwrap_or("")],
    );
    field(
        "waived",
        &[yes(was.waived.is_some())],
        &[yes(is.waived.is_some())],
    );
    if fields.is_empty() {
        return None;
    }
    let worse = is.severity > was.severity || scores.1 > scores.0;
    Some(Change {
        finding: is.clone(),
        worse,
        fields,
    })
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// The word of a unit variant, as in JSON.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
