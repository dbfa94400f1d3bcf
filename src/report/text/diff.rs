//! A comparison for people.

use std::io::{self, Write};

use crate::detect::Finding;
use crate::judge::{Diff, End, FieldChange, Host, percent};

use super::{short_place, signed};
use crate::report::table::{BOLD, Cell, DIM, Set, Table, grouped, painted, plural, score_text};
use crate::report::{Look, inert};

/// Findings of each kind listed without `--all`.
const TOP: usize = 40;
/// Units listed without `--all`.
const TOP_APPS: usize = 15;

/// Writes a comparison.
pub(super) fn write(diff: &Diff, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    head(diff, look, to)?;
    if !diff.same_signatures {
        writeln!(
            to,
            " scanned with different signatures: a difference may be the rules', not the builds'"
        )?;
    }
    if diff.is_empty() {
        return writeln!(to, "\n no difference");
    }
    writeln!(to)?;
    findings(diff, look, to)?;
    apps(diff, look, to)?;
    summary(diff, to)
}

fn head(diff: &Diff, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let (old, new) = (&diff.old, &diff.new);
    let names = if old.version == new.version && old.name != new.name {
        (inert::text(&old.name), inert::text(&new.name))
    } else {
        (inert::text(&old.version), inert::text(&new.version))
    };
    painted(&format!("{} → {}", names.0, names.1), BOLD, look, to)?;
    write!(
        to,
        "   score {} → {}",
        score_text(old.score),
        score_text(new.score)
    )?;
    write!(to, " ({})", signed(new.score - old.score))?;
    write!(
        to,
        "   findings {} → {}",
        grouped(old.findings),
        grouped(new.findings)
    )?;
    write!(to, " (+{} −{})", diff.added.len(), diff.removed.len())?;
    write!(to, ", {} changed", diff.changed.len())?;
    if !diff.unknown.is_empty() {
        write!(to, ", {} unknown", diff.unknown.len())?;
    }
    writeln!(
        to,
        "   coverage {} → {} %",
        percent(old.coverage),
        percent(new.coverage)
    )
}

fn findings(diff: &Diff, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let limit = if look.all { usize::MAX } else { TOP };
    let mut table = Table::new(&[
        ("", Set::Left),
        ("", Set::Left),
        ("", Set::Shrink(16)),
        ("", Set::Shrink(24)),
        ("", Set::Left),
    ]);
    let mut more = 0_usize;
    let row = |sign: &str, finding: &Finding, what: String| {
        [
            Cell::styled(sign, BOLD),
            Cell::severity(Some(finding.severity)),
            Cell::new(short_place(finding.kind, &finding.partition, &finding.app)),
            Cell::new(what),
            Cell::styled(&finding.id, DIM),
        ]
    };
    let waived = |f: &Finding| if f.waived.is_some() { " (waived)" } else { "" };
    for finding in diff.added.iter().take(limit) {
        table.row(row("+", finding, format!("{}{}", finding.title, waived(finding))));
    }
    more = more.saturating_add(diff.added.len().saturating_sub(limit));
    for change in diff.changed.iter().take(limit) {
        let fields: Vec<String> = change.fields.iter().map(field).collect();
        table.row(row(
            "~",
            &change.finding,
            format!("{}: {}", change.finding.title, fields.join("; ")),
        ));
    }
    more = more.saturating_add(diff.changed.len().saturating_sub(limit));
    for unknown in diff.unknown.iter().take(limit) {
        let end = match unknown.unreadable_in {
            End::Old => "old",
            End::New => "new",
        };
        let what = format!("{} (not read in the {end} build)", unknown.finding.title);
        table.row(row("?", &unknown.finding, what));
    }
    more = more.saturating_add(diff.unknown.len().saturating_sub(limit));
    for finding in diff.removed.iter().take(limit) {
        table.row(row("−", finding, finding.title.clone()));
    }
    more = more.saturating_add(diff.removed.len().saturating_sub(limit));
    table.write(look, to)?;
    if more > 0 {
        writeln!(to, " … {more} more: --all")?;
    }
    writeln!(to)
}

/// `default off → on`.
fn field(change: &FieldChange) -> String {
    let side = |values: &[String]| match values {
        [] => "–".to_owned(),
        [one] if one.is_empty() => "–".to_owned(),
        values => values.join(", "),
    };
    format!("{} {} → {}", change.name, side(&change.old), side(&change.new))
}

fn apps(diff: &Diff, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let limit = if look.all { usize::MAX } else { TOP_APPS };
    let mut table = Table::new(&[
        ("app", Set::Shrink(16)),
        ("old", Set::Right),
        ("new", Set::Right),
        ("diff", Set::Right),
        ("", Set::Left),
    ]);
    let score = |score: Option<f64>| Cell::new(score.map_or_else(|| "–".to_owned(), score_text));
    for app in diff.apps.iter().take(limit) {
        let mut counts = format!("(+{} −{}", app.added, app.removed);
        if app.changed > 0 {
            counts.push_str(&format!(" ~{}", app.changed));
        }
        counts.push(')');
        table.row([
            Cell::new(short_place(app.kind, &app.partition, &app.name)),
            score(app.old),
            score(app.new),
            Cell::new(signed(app.new.unwrap_or(0.0) - app.old.unwrap_or(0.0))),
            Cell::new(counts),
        ]);
    }
    table.write(look, to)?;
    let more = diff.apps.len().saturating_sub(limit);
    if more > 0 {
        writeln!(to, " … {more} more: --all")?;
    }
    Ok(())
}

fn summary(diff: &Diff, to: &mut dyn Write) -> io::Result<()> {
    /// Owners and permissions named on one line.
    const NAMED: usize = 4;
    let hosts = |hosts: &[Host]| {
        let named: Vec<String> = hosts
            .iter()
            .take(NAMED)
            .map(|h| match (&h.owner, &h.country) {
                (Some(owner), Some(country)) => format!("{}, {owner}, {country}", h.host),
                (Some(owner), None) => format!("{}, {owner}", h.host),
                _ => h.host.clone(),
            })
            .collect();
        let dots = if hosts.len() > NAMED { "; …" } else { "" };
        let named = if named.is_empty() {
            String::new()
        } else {
            format!(" ({}{dots})", named.join("; "))
        };
        format!("{}{}", hosts.len(), inert::text(&named))
    };
    if !diff.hosts.added.is_empty() || !diff.hosts.removed.is_empty() {
        writeln!(
            to,
            " hosts: +{} −{}",
            hosts(&diff.hosts.added),
            hosts(&diff.hosts.removed)
        )?;
    }
    for change in diff.permissions.iter().take(NAMED) {
        let list: Vec<String> = change
            .added
            .iter()
            .map(|p| format!("+{p}"))
            .chain(change.removed.iter().map(|p| format!("−{p}")))
            .map(|p| p.replace("android.permission.", ""))
            .map(|p| inert::text(&p).into_owned())
            .collect();
        writeln!(
            to,
            " permissions of {}: {}",
            inert::text(&change.name),
            list.join(" ")
        )?;
    }
    let more = diff.permissions.len().saturating_sub(NAMED);
    if more > 0 {
        writeln!(
            to,
            " permissions of {} more",
            plural(u64::try_from(more).unwrap_or(u64::MAX), "app")
        )?;
    }
    Ok(())
}
