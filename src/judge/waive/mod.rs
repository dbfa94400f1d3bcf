//! Findings that somebody answers for, for a while.

use jiff::ToSpan;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::value::Datetime;

use crate::bytes::Glob;
use crate::detect::{Finding, Waived};

use super::{Problem, nearest, parse};

/// Shorter reasons say nothing that the next reader could check.
const MIN_REASON: usize = 10;
/// From so many days before its end on, a waiver is mentioned.
const SOON_DAYS: i32 = 14;

/// A waivers file, checked.
#[derive(Debug, Clone, Default)]
pub struct Waivers {
    file: String,
    source: String,
    list: Vec<Waiver>,
}

#[derive(Debug, Clone)]
struct Waiver {
    covers: Covers,
    waived: Waived,
    until: Date,
    /// Bytes of the file that name what is waived.
    span: std::ops::Range<usize>,
    line: usize,
}

#[derive(Debug, Clone)]
enum Covers {
    Finding(String),
    Rule {
        rule: String,
        place: Option<Glob>,
        owner: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waive: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    finding: Option<Spanned<String>>,
    rule: Option<Spanned<String>>,
    #[serde(rename = "where")]
    place: Option<Spanned<String>>,
    owner: Option<Spanned<String>>,
    reason: Option<Spanned<String>>,
    by: Option<Spanned<String>>,
    until: Option<Spanned<Datetime>>,
}

/// What is to be said of a waiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverState {
    /// Its time is over; what it covered counts again.
    Ended,
    /// It ends within 14 days.
    EndsSoon,
    /// It covers nothing.
    MatchesNothing,
}

/// A waiver that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverNote {
    /// What is to be said.
    pub state: WaiverState,
    /// The waiver's place, `waivers.toml:14`.
    pub at: String,
    /// Its last day, ISO 8601.
    pub until: String,
    /// Ids of the findings that it covers, or covered.
    pub findings: Vec<String>,
}

/// What became of a file of waivers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Waiving {
    /// Waivers to look at, in the file's order.
    pub notes: Vec<WaiverNote>,
    /// Those that match nothing, underlined.
    pub unmatched: Vec<Problem>,
}

impl Waivers {
    /// Reads and checks a file of waivers.
    pub fn read(file: &str, source: &str, today: Date) -> Result<Self, Problem> {
        let read: File = parse(file, source)?;
        let mut list = Vec::new();
        for entry in read.waive {
            list.push(check(file, source, entry, today)?);
        }
        Ok(Self {
            file: file.to_owned(),
            source: source.to_owned(),
            list,
        })
    }

    /// How many waivers there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

fn check(file: &str, source: &str, entry: Spanned<Entry>, today: Date) -> Result<Waiver, Problem> {
    let whole = entry.span();
    let head = whole.start..whole.start.saturating_add("[[waive]]".len());
    let entry = entry.into_inner();
    let missing = |what: &str, help: &str| Problem::at(file, source, head.clone(), what).help(help);
    let (covers, span) = match (entry.finding, entry.rule) {
        (Some(_), Some(rule)) => {
            let what = "a waiver names a finding or a rule, not both";
            return Err(Problem::at(file, source, rule.span(), what));
        }
        (Some(finding), None) => {
            if let Some(extra) = entry.place.or(entry.owner) {
                let what = "`where` and `owner` go with `rule`; a finding's id is exact already";
                return Err(Problem::at(file, source, extra.span(), what));
            }
            let span = finding.span();
            (Covers::Finding(finding.into_inner()), span)
        }
        (None, Some(rule)) => {
            let span = rule.span();
            let place = entry.place.map(|p| Glob::new(p.get_ref()));
            let owner = entry.owner.map(Spanned::into_inner);
            if place.is_none() && owner.is_none() {
                let what = "a waiver of a whole rule needs `where` or `owner`";
                return Err(Problem::at(file, source, span, what)
                    .help("where = \"system:priv-app/Example/**\"; to lower the rule itself use [rules] in phonehome.toml"));
            }
            (
                Covers::Rule {
                    rule: rule.into_inner(),
                    place,
                    owner,
                },
                span,
            )
        }
        (None, None) => {
            return Err(missing(
                "this waiver names nothing",
                "add finding = \"…\", or rule = \"…\" with where = \"…\"",
            ));
        }
    };
    let Some(reason) = entry.reason else {
        return Err(missing(
            "this waiver has no reason",
            "add reason = \"…\", for whoever reads it next year",
        ));
    };
    if reason.get_ref().trim().chars().count() < MIN_REASON {
        let what = format!("a reason has {MIN_REASON} characters at least");
        return Err(Problem::at(file, source, reason.span(), what));
    }
    let Some(by) = entry.by.filter(|by| !by.get_ref().trim().is_empty()) else {
        return Err(missing("nobody answers for this waiver", "add by = \"name\""));
    };
    let Some(until) = entry.until else {
        return Err(missing(
            "this waiver has no end",
            "add until = 2026-06-30, a year ahead at most",
        ));
    };
    let span_until = until.span();
    let date = date(until.get_ref()).ok_or_else(|| {
        Problem::at(file, source, span_until.clone(), "`until` is a date").help("until = 2026-06-30")
    })?;
    let latest = today.checked_add(1.year()).unwrap_or(Date::MAX);
    if date > latest {
        let what = format!("a waiver ends within a year, by {latest} at the latest");
        return Err(Problem::at(file, source, span_until, what));
    }
    let line = Problem::at(file, source, head.clone(), "").line;
    Ok(Waiver {
        covers,
        waived: Waived {
            reason: reason.into_inner(),
            by: by.into_inner(),
            until: date.to_string(),
        },
        until: date,
        span,
        line,
    })
}

fn date(value: &Datetime) -> Option<Date> {
    let date = value.date?;
    Date::new(
        i16::try_from(date.year).ok()?,
        i8::try_from(date.month).ok()?,
        i8::try_from(date.day).ok()?,
    )
    .ok()
}

impl Waiver {
    fn matches(&self, finding: &Finding) -> bool {
        match &self.covers {
            Covers::Finding(id) => *id == finding.id,
            Covers::Rule { rule, place, owner } => {
                *rule == finding.rule
                    && place.as_ref().is_none_or(|glob| glob.matches(&finding.place))
                    && owner
                        .as_ref()
                        .is_none_or(|owner| finding.owner.as_ref() == Some(owner))
            }
        }
    }
}

/// Marks the findings that a waiver covers today; marks of an earlier run are forgotten.
pub fn waive(findings: &mut [Finding], waivers: &Waivers, today: Date) -> Waiving {
    for finding in &mut *findings {
        finding.waived = None;
    }
    let mut out = Waiving::default();
    for waiver in &waivers.list {
        let ended = waiver.until < today;
        let mut ids = Vec::new();
        for finding in findings.iter_mut().filter(|f| waiver.matches(f)) {
            ids.push(finding.id.clone());
            if !ended && finding.waived.is_none() {
                finding.waived = Some(waiver.waived.clone());
            }
        }
        ids.sort();
        let left = today.until(waiver.until).map_or(i32::MAX, |span| span.get_days());
        let state = if ids.is_empty() {
            let problem = Problem::at(
                &waivers.file,
                &waivers.source,
                waiver.span.clone(),
                "this waiver matches nothing",
            );
            let near = match &waiver.covers {
                Covers::Finding(id) => nearest(id, findings.iter().map(|f| f.id.as_str())),
                Covers::Rule { rule, .. } => nearest(rule, findings.iter().map(|f| f.rule.as_str())),
            };
            out.unmatched.push(match near {
                Some(near) => problem.help(format!("the nearest is `{near}`; else remove the waiver")),
                None => problem.help("remove it"),
            });
            WaiverState::MatchesNothing
        } else if ended {
            WaiverState::Ended
        } else if left <= SOON_DAYS {
            WaiverState::EndsSoon
        } else {
            continue;
        };
        out.notes.push(WaiverNote {
            state,
            at: format!("{}:{}", waivers.file, waiver.line),
            until: waiver.waived.until.clone(),
            findings: ids,
        });
    }
    out
}

#[cfg(test)]
mod tests;
