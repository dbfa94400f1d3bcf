//! The report for people. Its wording may change in any release.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::bytes::GapClass;
use crate::detect::{Finding, Severity};
use crate::fact::UnitKind;
use crate::judge::{Outcome, Verdict, WaiverState, percent, severity_name};

use super::table::{BOLD, Cell, DIM, Set, Table, bytes, grouped, letter, paint, painted, plural, score_text};
use super::{CheckResult, Document, Format, Kind, Listing, Look, Report, inert, text_diff, text_explain};

/// Findings listed without `--all`.
const TOP_FINDINGS: usize = 20;
/// Apps listed without `--all`.
const TOP_APPS: usize = 10;
/// The longest bar, in columns.
const BAR: f64 = 12.0;

/// Tables for a terminal; without one the same columns, nothing cut, no bars.
pub(super) struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt"]
    }

    fn about(&self) -> &'static str {
        "for people; its wording may change"
    }

    fn fits(&self, _: Kind) -> bool {
        true
    }

    fn write(&self, document: &Document, look: &Look, to: &mut dyn Write) -> io::Result<()> {
        match document {
            Document::Report(report) => write_report(report, look, to),
            Document::Diff(diff, ..) => text_diff::write(diff, look, to),
            Document::Verdict(verdict, report) => write_verdict(verdict, report, look, to),
            Document::Explanation(explanation) => text_explain::write(explanation, look, to),
            Document::Listing(listing) => write_listing(listing, look, to),
        }
    }
}

fn write_report(report: &Report, look: &Look, to: &mut dyn Write) -> io::Result<()> {
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

/// `system:Mms`, or `Mms` where there is no partition.
pub(super) fn short_place(kind: UnitKind, partition: &str, app: &str) -> String {
    if kind == UnitKind::Config {
        return if partition.is_empty() {
            "configuration".to_owned()
        } else {
            format!("{partition}: configuration")
        };
    }
    if partition.is_empty() {
        app.to_owned()
    } else {
        format!("{partition}:{app}")
    }
}

/// The columns of a list of findings.
pub(super) fn finding_table() -> Table {
    Table::new(&[
        ("sev", Set::Left),
        ("score", Set::Right),
        ("where", Set::Shrink(16)),
        ("what", Set::Shrink(24)),
        ("id", Set::Left),
    ])
}

/// The cells of one finding in those columns.
pub(super) fn finding_cells(finding: &Finding, mark: &str) -> [Cell; 5] {
    [
        Cell::severity(Some(finding.severity)),
        Cell::score(finding.score.total),
        Cell::new(short_place(finding.kind, &finding.partition, &finding.app)),
        Cell::new(format!("{}{mark}", finding.title)),
        Cell::styled(&finding.id, DIM),
    ]
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
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
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

/// The class of a loss, in a word.
pub(super) fn class_name(class: GapClass) -> &'static str {
    match class {
        GapClass::Truncated => "truncated",
        GapClass::Invalid => "invalid",
        GapClass::Unsupported => "unsupported",
        GapClass::Encrypted => "encrypted",
        GapClass::OverLimit => "over a limit",
        GapClass::Odd => "odd",
        GapClass::Io => "refused by the system",
        GapClass::Bug => "crashed in phonehome",
    }
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

fn write_verdict(verdict: &Verdict, report: &Report, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    /// Ids named on one line.
    const IDS: usize = 10;
    for check in &verdict.checks {
        write!(to, " ")?;
        painted(
            &format!("{:<9}", outcome_name(check.outcome)),
            outcome_paint(check.outcome),
            look,
            to,
        )?;
        write!(to, " {}", inert::text(&check.text))?;
        if !check.findings.is_empty() {
            let ids: Vec<_> = check
                .findings
                .iter()
                .take(IDS)
                .map(|id| inert::text(id))
                .collect();
            write!(to, ": {}", ids.join(" "))?;
            let more = check.findings.len().saturating_sub(IDS);
            if more > 0 {
                write!(to, " and {more} more")?;
            }
        }
        writeln!(to)?;
        if look.verbose > 0 && check.outcome == Outcome::Fail {
            let mut table = Table::new(&[
                ("", Set::Left),
                ("", Set::Left),
                ("", Set::Shrink(16)),
                ("", Set::Shrink(24)),
                ("", Set::Left),
            ]);
            for finding in check
                .findings
                .iter()
                .filter_map(|id| report.findings.iter().find(|f| f.id == *id))
            {
                table.row([
                    Cell::new("         "),
                    Cell::styled(letter(finding.severity), paint(finding.severity)),
                    Cell::new(short_place(finding.kind, &finding.partition, &finding.app)),
                    Cell::new(&finding.title),
                    Cell::styled(&finding.id, DIM),
                ]);
            }
            table.write(look, to)?;
        }
    }
    write!(to, "gate: ")?;
    painted(
        outcome_name(verdict.outcome),
        outcome_paint(verdict.outcome),
        look,
        to,
    )?;
    writeln!(to)
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "fail",
        Outcome::Undecided => "undecided",
        Outcome::Note => "note",
        Outcome::Pass => "pass",
    }
}

fn outcome_paint(outcome: Outcome) -> anstyle::Style {
    use anstyle::AnsiColor::{Green, Red, Yellow};
    match outcome {
        Outcome::Fail => Red.on_default().bold(),
        Outcome::Undecided => Yellow.on_default().bold(),
        Outcome::Note => DIM,
        Outcome::Pass => Green.on_default(),
    }
}

fn write_listing(listing: &Listing, look: &Look, to: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&[("size", Set::Right), ("place", Set::Left), ("layers", Set::Left)]);
    for entry in &listing.entries {
        let place = match &entry.target {
            Some(target) => format!("{} → {target}", entry.place),
            None => entry.place.clone(),
        };
        let size = if entry.target.is_some() {
            String::new()
        } else {
            grouped(entry.size)
        };
        // The layers say nothing where they repeat the place.
        let path = entry.place.replace([':', '!'], "/");
        let layers = if entry.physical.ends_with(&path) {
            ""
        } else {
            entry.physical.as_str()
        };
        table.row([Cell::new(size), Cell::new(place), Cell::styled(layers, DIM)]);
    }
    table.write(look, to)?;
    let mut table = Table::new(&[
        ("why", Set::Left),
        ("lost", Set::Right),
        ("place", Set::Left),
        ("what", Set::Left),
    ]);
    for notice in &listing.notices {
        let lost = if notice.unread > 0 {
            bytes(notice.unread)
        } else {
            "-".to_owned()
        };
        table.row([
            Cell::new(class_name(notice.class)),
            Cell::new(lost),
            Cell::new(&notice.place),
            Cell::new(&notice.text),
        ]);
    }
    table.write(look, to)?;
    let mut table = Table::new(&[
        ("result", Set::Left),
        ("image", Set::Left),
        ("what", Set::Left),
        ("why", Set::Left),
    ]);
    for check in &listing.checks {
        let (word, outcome) = match check.result {
            CheckResult::Verified => ("verified", Outcome::Pass),
            CheckResult::Wrong => ("wrong", Outcome::Fail),
            CheckResult::NotChecked => ("not checked", Outcome::Undecided),
        };
        let what = match (&check.by, &check.test_key) {
            (Some(by), _) if *by != check.about => format!("{} in {by}", check.what),
            (_, Some(key)) => format!("{}, with AOSP's public {key}", check.what),
            _ => check.what.clone(),
        };
        table.row([
            Cell::styled(word, outcome_paint(outcome)),
            Cell::new(&check.about),
            Cell::new(what),
            Cell::styled(check.why.as_deref().unwrap_or_default(), DIM),
        ]);
    }
    table.write(look, to)?;
    if listing.notices_dropped > 0 {
        writeln!(to, " … {} more", grouped(listing.notices_dropped))?;
    }
    Ok(())
}

/// A difference of scores with its sign.
pub(super) fn signed(difference: f64) -> String {
    if difference == 0.0 {
        return "±0".to_owned();
    }
    let sign = if difference < 0.0 { '−' } else { '+' };
    format!("{sign}{}", score_text(difference.abs()))
}
