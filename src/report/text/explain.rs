//! A finding or a rule in full, for people.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::detect::{Confidence, Finding, Score};
use crate::fact::{Site, StepKind};
use crate::judge::severity_name;

use crate::report::table::{BOLD, DIM, paint, painted, plural, score_text};
use crate::report::{Explanation, Look, inert};

/// Where the text of a label's line begins.
const INDENT: usize = 9;
/// Prose is set no wider than this, however wide the terminal.
const MEASURE: usize = 100;

/// Writes an explanation.
pub(super) fn write(it: &Explanation, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    match &it.finding {
        Some(finding) => {
            painted(&inert::text(&finding.id), BOLD, look, to)?;
            write!(to, "  {}    ", inert::text(&finding.title))?;
            painted(
                &format!("{} harm", severity_name(finding.severity)),
                paint(finding.severity),
                look,
                to,
            )?;
            writeln!(
                to,
                ", {} confidence, score {}",
                confidence(finding.confidence),
                score_text(finding.score.total)
            )?;
            subject(finding, it, look, to)?;
            score(&finding.score, look, to)?;
            if finding.way.is_empty() {
                sites(finding, look, to)?;
            } else {
                way(finding, look, to)?;
            }
            let label = if finding.way.is_empty() { "flow" } else { "covers" };
            ids(label, &finding.related, look, to)?;
        }
        None => {
            painted(&inert::text(&it.rule), BOLD, look, to)?;
            write!(to, "  {}", inert::text(&it.text.title))?;
            if let Some(severity) = it.severity {
                write!(to, "    ")?;
                painted(
                    &format!("{} harm", severity_name(severity)),
                    paint(severity),
                    look,
                    to,
                )?;
            }
            writeln!(to)?;
        }
    }
    prose("why", &it.text.why, look, to)?;
    prose("fix", &it.text.fix, look, to)?;
    for (n, reference) in it.text.refs.iter().enumerate() {
        line(if n == 0 { "see" } else { "" }, &inert::text(reference), look, to)?;
    }
    let label = if it.finding.is_some() { "others" } else { "found" };
    ids(label, &it.others, look, to)?;
    match &it.finding {
        Some(finding) => waiver(finding, look, to),
        None => Ok(()),
    }
}

/// Ids of other findings, the first of many.
fn ids(label: &str, ids: &[String], look: &Look, to: &mut dyn Write) -> io::Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let named: Vec<_> = ids.iter().take(8).map(|id| inert::text(id)).collect();
    let more = ids.len().saturating_sub(named.len());
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    line(label, &format!("{}{more}", named.join(" ")), look, to)
}

fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

fn line(label: &str, text: &str, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    write!(to, " ")?;
    painted(label, DIM, look, to)?;
    let pad = INDENT.saturating_sub(label.width()).saturating_sub(1).max(1);
    writeln!(to, "{:pad$}{text}", "")
}

fn subject(finding: &Finding, it: &Explanation, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    line("rule", &inert::text(&it.rule), look, to)?;
    let unit = match &finding.package {
        Some(package) => format!(
            "{}, package {}",
            inert::text(&finding.place),
            inert::text(package)
        ),
        None => inert::text(&finding.place).into_owned(),
    };
    line("in", &unit, look, to)?;
    line("about", &inert::text(&finding.subject), look, to)?;
    let parts: Vec<_> = [&finding.owner, &finding.country, &finding.purpose]
        .into_iter()
        .flatten()
        .map(|part| inert::text(part))
        .collect();
    if !parts.is_empty() {
        line("owner", &parts.join(", "), look, to)?;
    }
    for (name, values) in &finding.details {
        let label = inert::text(name);
        // A label that does not fit its column goes in front of the first value.
        let long = label.width() >= INDENT.saturating_sub(1);
        for (n, value) in values.iter().enumerate() {
            let value = inert::text(value);
            match (n, long) {
                (0, true) => line("", &format!("{label}: {value}"), look, to)?,
                (0, false) => line(&label, &value, look, to)?,
                _ => line("", &value, look, to)?,
            }
        }
    }
    Ok(())
}

/// The score as the product that it is.
fn score(score: &Score, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let mut text = format!("{:.1} = 100", score.total);
    for factor in &score.factors {
        text.push_str(&format!(
            " × {} {}",
            number(factor.value),
            inert::text(&factor.name)
        ));
    }
    wrapped("score", &text, look, to)
}

/// Up to three decimals, none that are zero.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn sites(finding: &Finding, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let shown = if look.all || look.verbose > 0 {
        usize::MAX
    } else {
        3
    };
    let mut last = "";
    for site in finding.sites.iter().take(shown) {
        if *site.physical != *last {
            line("path", &inert::text(&site.physical).replace('/', " / "), look, to)?;
            last = &site.physical;
        }
        code(site, look, to)?;
    }
    let kept = u64::try_from(finding.sites.len().min(shown)).unwrap_or(u64::MAX);
    let more = finding.count.saturating_sub(kept);
    if more > 0 {
        line("", &format!("… and {more} more places"), look, to)?;
    }
    Ok(())
}

/// The way of a value, step by step, each with its instruction.
fn way(finding: &Finding, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let mut last = "";
    for (step, number) in finding.way.iter().zip(1_u32..) {
        let site = &step.site;
        if &*site.physical != last {
            line("path", &inert::text(&site.physical).replace('/', " / "), look, to)?;
            last = &site.physical;
        }
        let happens = match step.what {
            StepKind::Read => "read",
            StepKind::Stored => "stored",
            StepKind::Mixed => "made part of something",
            StepKind::Hashed => "hashed",
            StepKind::Encrypted => "encrypted",
            StepKind::Encoded => "encoded",
            StepKind::Passed => "handed on",
            StepKind::Leaves => "leaves",
        };
        let at = place(site);
        let label = if number == 1 { "way" } else { "" };
        line(
            label,
            &format!("{number} {happens} in {}", inert::text(&at)),
            look,
            to,
        )?;
        for text in site.lines.iter() {
            line("", &format!("  {}", inert::text(text)), look, to)?;
        }
    }
    // One of the calls is the last step.
    match finding.count {
        0 | 1 => Ok(()),
        n => line(
            "",
            &format!("… and {}", plural(n.saturating_sub(1), "more call")),
            look,
            to,
        ),
    }
}

/// The method and the offset in it.
fn place(site: &Site) -> String {
    let at = match (&site.class, &site.method) {
        (Some(class), Some(method)) => format!("{}.{method}", class_name(class)),
        (Some(class), None) => class_name(class),
        _ => return String::new(),
    };
    let pc = site.pc.map(|pc| format!("  at {pc:#x}")).unwrap_or_default();
    format!("{at}{pc}")
}

fn code(site: &Site, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let at = place(site);
    if !at.is_empty() {
        line("code", &inert::text(&at), look, to)?;
    }
    if let Some(entry) = &site.entry {
        line("entry", &inert::text(entry), look, to)?;
    }
    for text in site.lines.iter() {
        line("", &inert::text(text), look, to)?;
    }
    Ok(())
}

/// `Lcom/a/B$C;` as `com.a.B$C`.
fn class_name(descriptor: &str) -> String {
    let inner = descriptor
        .strip_prefix('L')
        .and_then(|rest| rest.strip_suffix(';'));
    inner.map_or_else(|| descriptor.to_owned(), |inner| inner.replace('/', "."))
}

fn prose(label: &str, text: &str, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    for (n, paragraph) in text
        .trim()
        .split("\n\n")
        .enumerate()
        .filter(|(_, p)| !p.trim().is_empty())
    {
        let words: Vec<_> = paragraph.split_whitespace().map(inert::text).collect();
        wrapped(if n == 0 { label } else { "" }, &words.join(" "), look, to)?;
    }
    Ok(())
}

/// Inert text broken at spaces into lines of the measure.
fn wrapped(label: &str, text: &str, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let measure = look
        .width
        .unwrap_or(MEASURE)
        .clamp(40, MEASURE)
        .saturating_sub(INDENT);
    let mut label = label;
    let mut row = String::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        if !row.is_empty() && row.width().saturating_add(word.width()) >= measure {
            line(label, &row, look, to)?;
            label = "";
            row.clear();
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(word);
    }
    if row.is_empty() {
        Ok(())
    } else {
        line(label, &row, look, to)
    }
}

fn waiver(finding: &Finding, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    match &finding.waived {
        Some(waived) => {
            let text = format!(
                "by {} until {}: {}",
                inert::text(&waived.by),
                inert::text(&waived.until),
                inert::text(&waived.reason)
            );
            line("waived", &text, look, to)
        }
        None => {
            line(
                "accept",
                "to answer for it yourself, add to waivers.toml:",
                look,
                to,
            )?;
            line("", "[[waive]]", look, to)?;
            line(
                "",
                &format!("finding = \"{}\"", inert::text(&finding.id)),
                look,
                to,
            )?;
            line("", "reason = \"…\"   # ten characters at least", look, to)?;
            line("", "by = \"…\"", look, to)?;
            line("", "until = …      # a date, a year ahead at most", look, to)
        }
    }
}
