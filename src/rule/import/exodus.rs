//! Tracker lists in the JSON that Exodus publishes.
//!
//! `{"trackers": {"12": {"name", "code_signature", "network_signature", "categories", …}}}`, or the same
//! entries as a list. Signatures are regular expressions in which only `|`, `.`, `\.` and a final `.*`
//! are common: those are taken over, others are counted as not understood.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use super::{MAX_ROWS, Rows, clean, quoted, quoted_list, slug};
use crate::rule::Rules;
use crate::rule::check::{is_host, is_prefix};

/// Alternatives taken from one expression.
const MAX_ALTERNATIVES: usize = 256;

#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    Wrapped { trackers: Entries },
    Bare(Vec<Entry>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entries {
    ById(BTreeMap<String, Entry>),
    List(Vec<Entry>),
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    code_signature: Option<String>,
    #[serde(default)]
    network_signature: Option<String>,
    #[serde(default)]
    categories: Option<Vec<String>>,
    #[serde(default)]
    documentation: Option<serde_json::Value>,
}

pub(super) fn rows(text: &str, rules: &Rules) -> Result<Rows, String> {
    let text = text.trim_start_matches('\u{feff}');
    let document: Document = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let entries = match document {
        Document::Wrapped {
            trackers: Entries::ById(entries),
        } => entries.into_values().collect(),
        Document::Wrapped {
            trackers: Entries::List(entries),
        }
        | Document::Bare(entries) => entries,
    };
    let mut rows = Rows {
        body: String::new(),
        title: Some("Exodus tracker list".to_owned()),
        license: None,
        rows: 0,
        known: 0,
        skipped: 0,
    };
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries {
        if rows.rows >= MAX_ROWS {
            rows.skipped = rows.skipped.saturating_add(1);
            continue;
        }
        let name = clean(&entry.name);
        let classes = alternatives(entry.code_signature.as_deref(), is_prefix, &mut rows.skipped);
        let hosts = alternatives(entry.network_signature.as_deref(), is_host, &mut rows.skipped);
        // What the program finds already stays with its own row, which says more.
        let classes = news(classes, &mut rows.known, |class| {
            rules
                .trackers
                .class(format!("L{}x;", class.trim_end_matches('.').replace('.', "/") + "/").as_bytes())
                .is_some()
        });
        let hosts = news(hosts, &mut rows.known, |host| rules.trackers.host(host).is_some());
        if name.is_empty() || (classes.is_empty() && hosts.is_empty()) {
            continue;
        }
        let mut id = format!("exodus-{}", slug(&name));
        let times = ids.entry(id.clone()).or_default();
        *times = times.saturating_add(1);
        if *times > 1 {
            let _ = write!(id, "-{times}");
        }
        write_row(&mut rows.body, &id, &name, &entry, &classes, &hosts);
        rows.rows = rows.rows.saturating_add(1);
    }
    Ok(rows)
}

fn write_row(body: &mut String, id: &str, name: &str, entry: &Entry, classes: &[String], hosts: &[String]) {
    let mut categories: Vec<String> = entry
        .categories
        .iter()
        .flatten()
        .filter_map(|word| category(word))
        .map(str::to_owned)
        .collect();
    categories.sort();
    categories.dedup();
    let _ = writeln!(body, "[[tracker]]\nid = {}\nname = {}", quoted(id), quoted(name));
    let _ = writeln!(body, "categories = {}", quoted_list(&categories));
    for (key, values) in [("classes", classes), ("hosts", hosts)] {
        if !values.is_empty() {
            let _ = writeln!(body, "{key} = {}", quoted_list(values));
        }
    }
    let page = entry.documentation.as_ref().and_then(|pages| match pages {
        serde_json::Value::String(page) => Some(page.as_str()),
        pages => pages.get(0).and_then(serde_json::Value::as_str),
    });
    if let Some(page) = page.map(clean).filter(|page| page.starts_with("http")) {
        let _ = writeln!(body, "note = {}", quoted(&page));
    }
    body.push('\n');
}

/// The list's own categories, as ours.
fn category(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "analytics" => Some("analytics"),
        "advertisement" | "ads" | "advertising" => Some("ads"),
        "crash reporting" | "crash" => Some("crash"),
        "identification" => Some("identification"),
        "location" => Some("location"),
        "profiling" => Some("profiling"),
        _ => None,
    }
}

/// The plain alternatives of an expression.
fn alternatives(expression: Option<&str>, sound: fn(&str) -> bool, skipped: &mut usize) -> Vec<String> {
    let mut out = Vec::new();
    for part in expression.unwrap_or_default().split('|').take(MAX_ALTERNATIVES) {
        let part = part.trim().trim_start_matches('^').trim_end_matches('$');
        let part = part
            .strip_suffix(".*")
            .map_or_else(|| part.to_owned(), |start| format!("{start}."));
        let plain = part.replace("\\.", ".").replace("\\-", "-");
        let plain = plain.trim_start_matches(".*").trim_start_matches('.');
        // `NC` is how the list writes "none".
        if plain.is_empty() || plain.eq_ignore_ascii_case("nc") {
            continue;
        }
        if plain.contains('.') && sound(plain) {
            out.push(plain.to_owned());
        } else {
            *skipped = skipped.saturating_add(1);
        }
    }
    out.sort();
    out.dedup();
    out
}

fn news(words: Vec<String>, known: &mut usize, is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let all = words.len();
    let new: Vec<String> = words.into_iter().filter(|word| !is_known(word)).collect();
    *known = known.saturating_add(all.saturating_sub(new.len()));
    new
}
