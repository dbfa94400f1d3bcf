//! Block lists: hosts files (`hosts(5)`) and AdGuard rules of the form `||host^`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;

use super::{Format, MAX_ROWS, Rows, clean, quoted};
use crate::rule::Rules;
use crate::rule::check::is_host;
use crate::rule::host::parents;

/// What a blocked host is taken to be for, as the lists do not say.
const PURPOSE: &str = "tracking";

pub(super) fn rows(text: &str, format: Format, rules: &Rules) -> Rows {
    let mut rows = Rows {
        body: String::new(),
        title: None,
        license: None,
        rows: 0,
        known: 0,
        skipped: 0,
    };
    let mut hosts = BTreeSet::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim();
        if let Some(comment) = comment(line, format) {
            remark(comment, &mut rows);
            continue;
        }
        if line.is_empty() || line.starts_with("[Adblock") {
            continue;
        }
        let found = if format == Format::Adguard {
            rule(line)
        } else {
            entry(line)
        };
        let mut any = false;
        for host in found {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            if !is_host(&host) || host.parse::<IpAddr>().is_ok() {
                continue;
            }
            any = true;
            if hosts.len() < MAX_ROWS {
                hosts.insert(host);
            } else {
                rows.skipped = rows.skipped.saturating_add(1);
            }
        }
        if !any {
            rows.skipped = rows.skipped.saturating_add(1);
        }
    }
    write(&hosts, rules, &mut rows);
    rows
}

fn comment(line: &str, format: Format) -> Option<&str> {
    match format {
        Format::Adguard => line.strip_prefix('!').or_else(|| line.strip_prefix("# ")),
        _ => line.strip_prefix('#'),
    }
}

/// Title and licence, from comments such as `Title: …` and `License: …`.
fn remark(comment: &str, rows: &mut Rows) {
    let Some((name, value)) = comment.split_once(':') else {
        return;
    };
    let value = clean(value);
    if value.is_empty() {
        return;
    }
    match name
        .trim()
        .trim_start_matches(['!', '#', ' '])
        .to_ascii_lowercase()
        .as_str()
    {
        "title" if rows.title.is_none() => rows.title = Some(value),
        "license" | "licence" if rows.license.is_none() => rows.license = Some(value),
        _ => {}
    }
}

/// `0.0.0.0 host other # remark`, or bare hosts.
fn entry(line: &str) -> Vec<&str> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_ascii_whitespace().peekable();
    words.next_if(|word| word.parse::<IpAddr>().is_ok());
    words.collect()
}

/// `||host^`, `||host^$third-party`; rules with paths, wildcards or exceptions say more than a host.
fn rule(line: &str) -> Vec<&str> {
    let Some(rest) = line.strip_prefix("||") else {
        return Vec::new();
    };
    let (host, after) = rest.split_once('^').unwrap_or((rest, ""));
    if after.is_empty() || after.starts_with('$') {
        vec![host]
    } else {
        Vec::new()
    }
}

fn write(hosts: &BTreeSet<String>, rules: &Rules, rows: &mut Rows) {
    let mut body = String::from("owner = \"not known\"\nhosts = [\n");
    for host in hosts {
        let listed = parents(host).skip(1).any(|parent| hosts.contains(parent));
        let near = rules.hosts.lookup(host);
        if listed
            || near.is_some_and(|row| &*row.host == host.as_str())
            || rules.hosts.documentation(host).is_some()
        {
            rows.known = rows.known.saturating_add(1);
            continue;
        }
        let _ = write!(body, "  {{ host = {}", quoted(host));
        if let Some(near) = near {
            let _ = write!(body, ", owner = {}", quoted(&near.owner));
            for (key, value) in [("country", &near.country), ("vendor", &near.vendor)] {
                if let Some(value) = value {
                    let _ = write!(body, ", {key} = {}", quoted(value));
                }
            }
        }
        let _ = writeln!(body, ", purpose = {} }},", quoted(PURPOSE));
        rows.rows = rows.rows.saturating_add(1);
    }
    body.push_str("]\n");
    rows.body = body;
}
