//! The report of a scan: the build, findings, apps, partitions, and what was not read.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::bytes::GapClass;
use crate::detect::{Finding, Severity};
use crate::fact::UnitKind;
use crate::judge::{WaiverState, percent, severity_name};
use crate::report::table::{BOLD, Cell, DIM, Set, Table, bytes, grouped, paint, painted, plural};
use crate::report::{Look, Report, inert};

use super::{class_name, finding_cells, finding_table, short_place};

/// Findings listed without `--all`.
const TOP_FINDINGS: usize = 20;
/// Apps listed without `--all`.
const TOP_APPS: usize = 10;
/// The longest bar, in columns.
const BAR: f64 = 12.0;

/// Writes a report.
pub(super) fn write(report: &Report, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    head(report, look, to)?;
    writeln!(to)?;
    findings(report, look, to)?;
    apps(report, look, to)?;
    partitions(report, look, to)?;
    coverage(report, look, to)?;
    foot(report, to)
}

fn head(report: &Report, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let build = &report.build;
    // Some makers repeat themselves in the model: `Xiaomi` and `Xiaomi Mi 3`.
    let maker = if build.model.starts_with(&build.maker) {
        ""
    } else {
        build.maker.as_str()
    };
    let name: Vec<_> = [maker, &build.model, report.version()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(inert::text)
        .collect();
    painted(&name.join(" "), BOLD, look, to)?;
    if !build.android.is_empty() {
        write!(to, " · Android {}", inert::text(&build.android))?;
    }
    if !build.miui.is_empty() {
        write!(to, " · MIUI {}", inert::text(&build.miui))?;
    }
    if !build.region.is_empty() {
        write!(to, " · region {}", inert::text(&build.region))?;
    }
    if !build.patch.is_empty() {
        write!(to, " · patch {}", inert::text(&build.patch))?;
    }
    for part in [&build.kind, &build.date] {
        if !part.is_empty() {
            write!(to, " · {}", inert::text(part))?;
        }
    }
    write!(
        to,
        " · {} {}",
        bytes(report.input.size),
        inert::text(&report.input.format)
    )?;
    for (kind, n) in &report.summary.units {
        let one = match kind {
            UnitKind::App => "app",
            UnitKind::Jar => "framework jar",
            UnitKind::Library => "native file",
            UnitKind::Config => "set of configuration files",
        };
        match (kind, n) {
            (_, 0) | (UnitKind::Config, _) => {}
            _ => write!(to, ", {}", plural(*n, one))?,
        }
    }
    writeln!(to)?;
    for note in &build.disagree {
        writeln!(to, " {}", inert::text(note))?;
    }
    Ok(())
}

fn findings(report: &Report, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    if report.findings.is_empty() {
        return writeln!(to, " no findings\n");
    }
    let ended = |id: &String| {
        report
            .waivers
            .iter()
            .any(|w| w.state == WaiverState::Ended && w.findings.contains(id))
    };
    let mut table = finding_table();
    let mut shown = 0_usize;
    let mut rest: BTreeMap<Severity, u64> = BTreeMap::new();
    for finding in &report.findings {
        let mark = match &finding.waived {
            Some(waived) if look.all => format!(" (waived by {} until {})", waived.by, waived.until),
            Some(_) => continue,
            None if ended(&finding.id) => " (waiver ended)".to_owned(),
            None => String::new(),
        };
        if look.all || shown < TOP_FINDINGS {
            table.row(finding_cells(finding, &mark));
            evidence(finding, look, &mut table);
            shown = shown.saturating_add(1);
        } else {
            let n = rest.entry(finding.severity).or_default();
            *n = n.saturating_add(1);
        }
    }
    table.write(look, to)?;
    if !rest.is_empty() {
        let rest: Vec<String> = rest
            .iter()
            .rev()
            .map(|(s, n)| format!("{} {}", grouped(*n), severity_name(*s)))
            .collect();
        writeln!(to, " … {} more: --all", rest.join(", "))?;
    }
    writeln!(to)
}

/// The places of a finding below it: the best one with `-v`, all with their lines with `-vv`.
fn evidence(finding: &Finding, look: &Look, table: &mut Table) {
    let mut line = |text: String| {
        let blank = || Cell::new("");
        table.row([blank(), blank(), blank(), Cell::styled(text, DIM), blank()]);
    };
    let shown = match look.verbose {
        0 => 0,
        1 => 1,
        _ => usize::MAX,
    };
    for site in finding.sites.iter().take(shown) {
        let parts = [
            Some(&site.place),
            site.class.as_ref(),
            site.method.as_ref(),
            site.entry.as_ref(),
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().map(|text| &**text).collect();
        line(format!("  {}", parts.join(" ")));
        if look.verbose > 1 {
            site.lines.iter().for_each(|text| line(format!("    {text}")));
        }
    }
}

fn apps(report: &Report, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&[
        ("app", Set::Shrink(16)),
        ("score", Set::Right),
        ("findings", Set::Right),
        ("worst", Set::Left),
        ("strongest", Set::Shrink(24)),
    ]);
    let ranked = report.apps.iter().filter(|a| !a.findings.is_empty());
    let limit = if look.all { usize::MAX } else { TOP_APPS };
    for app in ranked.clone().take(limit) {
        let chain = app.chains.first().map(|c| {
            let identifier = if c.identifier == "-" {
                ""
            } else {
                c.identifier.as_str()
            };
            [identifier, c.destination.as_str(), c.trigger.as_str()]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" · ")
        });
        table.row([
            Cell::new(short_place(app.kind, &app.partition, &app.name)),
            Cell::score(app.score),
            Cell::new(app.findings.len().to_string()),
            Cell::severity(app.worst),
            Cell::styled(chain.unwrap_or_default(), DIM),
        ]);
    }
    table.write(look, to)?;
    let more = ranked.count().saturating_sub(limit);
    if more > 0 {
        writeln!(to, " … {more} more: --all")?;
    }
    if report.findings.is_empty() {
        Ok(())
    } else {
        writeln!(to)
    }
}

fn partitions(report: &Report, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let mut sums: BTreeMap<&str, (f64, u64, Option<Severity>)> = BTreeMap::new();
    for app in report.apps.iter().filter(|a| !a.findings.is_empty()) {
        let (score, apps, worst) = sums.entry(app.partition.as_str()).or_default();
        *score += app.score;
        *apps = apps.saturating_add(1);
        *worst = (*worst).max(app.worst);
    }
    if sums.len() < 2 {
        return Ok(());
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by(|a, b| b.1.0.total_cmp(&a.1.0).then(a.0.cmp(b.0)));
    let most = rows.first().map_or(0.0, |(_, (score, ..))| *score);
    let mut table = Table::new(&[
        ("part", Set::Left),
        ("score", Set::Right),
        ("apps", Set::Right),
        ("worst", Set::Left),
        ("", Set::Left),
    ]);
    for (name, (score, apps, worst)) in rows {
        let bar = if look.width.is_some() {
            bar(score, most)
        } else {
            String::new()
        };
        let name = if name.is_empty() { "-" } else { name };
        let color = worst.map(paint).unwrap_or_default();
        table.row([
            Cell::new(name),
            Cell::score(score),
            Cell::new(grouped(apps)),
            Cell::severity(worst),
            Cell::styled(bar, color),
        ]);
    }
    table.write(look, to)?;
    writeln!(to)
}

/// A bar in eighths of a column.
fn bar(score: f64, most: f64) -> String {
    const PARTS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    if most <= 0.0 {
        return String::new();
    }
    let share = (score / most).clamp(0.0, 1.0);
    let mut left = (share * BAR * 8.0).round();
    let mut out = String::new();
    while left >= 8.0 {
        out.push('█');
        left -= 8.0;
    }
    out.extend(
        PARTS
            .into_iter()
            .zip(1_u8..)
            .find(|(_, n)| (f64::from(*n) - left).abs() < 0.5)
            .map(|(c, _)| c),
    );
    out
}

fn coverage(report: &Report, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let sum = |m: &BTreeMap<String, u64>| m.values().fold(0_u64, |a, n| a.saturating_add(*n));
    let coverage = &report.coverage;
    write!(to, " understood ")?;
    painted(&format!("{} %", percent(coverage.share())), BOLD, look, to)?;
    let parts = [
        (sum(&coverage.read), "read"),
        (sum(&coverage.searched), "searched as plain bytes"),
        (sum(&coverage.skipped), "of pictures, sound and the like"),
        (coverage.unread, "not read"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", bytes(*n)))
        .collect();
    writeln!(
        to,
        " of bytes{}{}",
        if parts.is_empty() { "" } else { ": " },
        parts.join(", ")
    )?;
    let mut lost: BTreeMap<GapClass, u64> = BTreeMap::new();
    for notice in &report.notices {
        let n = lost.entry(notice.class).or_default();
        *n = n.saturating_add(1);
    }
    let odd = lost.remove(&GapClass::Odd).unwrap_or(0);
    let mut parts: Vec<String> = lost
        .iter()
        .map(|(class, n)| format!("{} {}", grouped(*n), class_name(*class)))
        .collect();
    if report.notices_dropped > 0 {
        parts.push(format!("{} not listed", grouped(report.notices_dropped)));
    }
    if !parts.is_empty() {
        writeln!(to, " not read whole: {} (phonehome ls --gaps)", parts.join(", "))?;
    }
    if odd > 0 {
        writeln!(
            to,
            " {} against the format's rules, read as Android reads them",
            plural(odd, "item")
        )?;
    }
    Ok(())
}

fn foot(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    if !report.set_aside.is_empty() {
        let uses = report.set_aside.values().fold(0_u64, |a, n| a.saturating_add(*n));
        let hosts = u64::try_from(report.set_aside.len()).unwrap_or(u64::MAX);
        let uses = plural(uses, "use");
        writeln!(
            to,
            " set aside: {} of documentation, schemas and the like ({uses})",
            plural(hosts, "host")
        )?;
    }
    let open = report
        .summary
        .findings
        .values()
        .fold(0_u64, |a, n| a.saturating_add(*n));
    write!(to, " {}", plural(open, "finding"))?;
    if report.summary.waived > 0 {
        write!(to, ", {} waived", grouped(report.summary.waived))?;
    }
    for (state, words) in [
        (WaiverState::Ended, "ended"),
        (WaiverState::EndsSoon, "ending within 14 days"),
        (WaiverState::MatchesNothing, "matching nothing"),
    ] {
        let n = report.waivers.iter().filter(|w| w.state == state).count();
        if n > 0 {
            write!(
                to,
                ", {} {words}",
                plural(u64::try_from(n).unwrap_or(u64::MAX), "waiver")
            )?;
        }
    }
    if report.summary.hosts > 0 {
        write!(to, ", {}", plural(report.summary.hosts, "host"))?;
    }
    if let Some(finding) = report.findings.iter().find(|f| f.waived.is_none()) {
        let input = inert::text(&report.input.name);
        write!(
            to,
            " · explain one: phonehome explain {} {input}",
            inert::text(&finding.id)
        )?;
    }
    writeln!(to)
}
