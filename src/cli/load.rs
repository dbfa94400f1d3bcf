//! From an argument to a report: a saved one, or a scan.

use std::cell::OnceCell;
use std::fs::{self, File};
use std::io::{self, Read};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::judge::{Policy, Waivers, Waiving, nearest, waive};
use crate::report::{self, Report};
use crate::rule::Rules;
use crate::scan::{self, Options};

use super::config::{ScanArgs, Settings};
use super::exit::shown;
use super::{Error, Exit, Global, Ui};

/// Larger reports are not ours: 10 000 findings with their evidence make some 40 MB.
const MAX_REPORT: u64 = 1 << 30;

/// Dates, waivers.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Judging {
    /// Waivers [default: waivers.toml beside the configuration]
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    waivers: Option<PathBuf>,
    /// A waiver that matches nothing is an error
    #[arg(long, help_heading = "Judgement")]
    strict_waivers: bool,
    /// The day on which waivers are judged [default: SOURCE_DATE_EPOCH, else today in UTC]
    #[arg(long, value_name = "DATE", help_heading = "Judgement")]
    today: Option<Date>,
}

impl Judging {
    /// The day on which to judge.
    fn today(&self) -> Result<Date, Error> {
        match (self.today, source_date_epoch()?) {
            (Some(date), _) => Ok(date),
            (None, Some(epoch)) => Ok(epoch.to_zoned(TimeZone::UTC).date()),
            (None, None) => Ok(Timestamp::now().to_zoned(TimeZone::UTC).date()),
        }
    }
}

/// The time that reproducible builds give.
pub(super) fn source_date_epoch() -> Result<Option<Timestamp>, Error> {
    const NAME: &str = "SOURCE_DATE_EPOCH";
    let Some(text) = std::env::var_os(NAME).filter(|v| !v.is_empty()) else {
        return Ok(None);
    };
    let time = text
        .to_str()
        .and_then(|t| t.parse::<i64>().ok())
        .and_then(|s| Timestamp::from_second(s).ok());
    match time {
        Some(time) => Ok(Some(time)),
        None => Err(Error::usage(format!(
            "{NAME} is not a number of seconds since 1970"
        ))),
    }
}

/// What every command that judges needs, read before any work.
pub(super) struct Desk {
    /// Flags, environment and configuration.
    pub(super) settings: Settings,
    /// The policy.
    pub(super) policy: Policy,
    waivers: Waivers,
    has_waivers: bool,
    strict: bool,
    today: Date,
    /// Never given back: the process ends with it, and taking thousands of rows apart takes as long as a small app.
    rules: OnceCell<ManuallyDrop<Rules>>,
    skip_unmatched: bool,
}

impl Desk {
    /// Reads configuration, policy and waivers.
    pub(super) fn new(
        global: &Global,
        scan: &ScanArgs,
        judging: &Judging,
        policy: Option<&Path>,
        inputs: &[&Path],
        ui: &Ui,
    ) -> Result<Self, Error> {
        let settings = Settings::new(global, scan, inputs)?;
        if let Some(path) = settings.ignored() {
            ui.note(&format!(
                "{} lies in the input and is not read; name it with --config if it is yours",
                shown(path)
            ));
        }
        let today = judging.today()?;
        let mut desk = Self {
            policy: Policy::default(),
            waivers: Waivers::default(),
            has_waivers: false,
            strict: judging.strict_waivers,
            today,
            rules: OnceCell::new(),
            // With parts of the build left out, a waiver for one of them matches nothing.
            skip_unmatched: !settings.only.is_empty() || !settings.skip.is_empty(),
            settings,
        };
        desk.policy = desk.settings.policy(policy, || desk.rule_ids())?;
        if let Some((file, source)) = desk.settings.waivers(judging.waivers.as_deref(), policy)? {
            desk.waivers = Waivers::read(&file, &source, today)?;
            desk.has_waivers = true;
        }
        Ok(desk)
    }

    /// The rules, compiled when first asked for.
    pub(super) fn rules(&self) -> Result<&Rules, Error> {
        if let Some(rules) = self.rules.get() {
            return Ok(rules);
        }
        let rules = Rules::load(&self.settings.signatures)?;
        Ok(self.rules.get_or_init(|| ManuallyDrop::new(rules)))
    }

    fn rule_ids(&self) -> Result<Vec<String>, Error> {
        Ok(self
            .rules()?
            .findings
            .iter()
            .map(|rule| rule.id.clone())
            .collect())
    }

    /// Scans an input, gives findings the severities of this house, and waives.
    pub(super) fn scan(&self, input: &Path, ui: &Ui) -> Result<(Report, Waiving), Error> {
        let mut report = self.scan_only(input, ui)?;
        if let Some(time) = source_date_epoch()? {
            report.tool.date = Some(time.to_string());
        }
        let waiving = self.judge(&mut report, ui)?;
        Ok((report, waiving))
    }

    /// Applies severities and waivers of today; those of the report's own past are forgotten.
    pub(super) fn judge(&self, report: &mut Report, ui: &Ui) -> Result<Waiving, Error> {
        let before = report.summary.waived;
        self.policy.apply(&mut report.findings);
        let mut waiving = waive(&mut report.findings, &self.waivers, self.today);
        if before > 0 && !self.has_waivers {
            ui.note("the report was made with waivers; there are none here, so what they covered counts");
        }
        if self.skip_unmatched {
            waiving.unmatched.clear();
        }
        for problem in &waiving.unmatched {
            if self.strict {
                return Err(problem.clone().into());
            }
            ui.warn(&problem.to_string());
        }
        report.waivers.clone_from(&waiving.notes);
        report.recount();
        Ok(waiving)
    }

    fn scan_only(&self, input: &Path, ui: &Ui) -> Result<Report, Error> {
        if input == Path::new("-") {
            return Err(Error::input(
                "a build cannot be scanned from a pipe: it is read at random, not in order",
            )
            .help("save it to a file, and name that"));
        }
        regular(input)?;
        self.settings.base.iter().try_for_each(|base| regular(base))?;
        let rules = self.rules()?;
        let options = Options {
            limits: self.settings.limits,
            threads: self.settings.threads,
            only: self.settings.only.clone(),
            skip: self.settings.skip.clone(),
            base: self.settings.base.clone(),
            flows: self.settings.flows,
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.settings.threads)
            .build()
            .map_err(|e| Error::usage(format!("no threads: {e}")).help("try --threads 1"))?;
        let watch = ui.progress();
        let last = Mutex::new(scan::Progress::default());
        let show = |progress: scan::Progress| {
            watch.show(progress);
            if let Ok(mut last) = last.lock() {
                *last = progress;
            }
        };
        let scanned = pool.install(|| scan::scan(input, &options, rules, &show));
        watch.done();
        ui.cost(last.into_inner().unwrap_or_default());
        scanned.map_err(scan_error)
    }
}

pub(super) fn scan_error(error: scan::Error) -> Error {
    match error {
        scan::Error::NotFound(path) => not_found(&path),
        scan::Error::Unreadable(path, e) => unreadable(&path, &e),
        scan::Error::NoImages(path) => {
            Error::input(format!("{} has no images of partitions", shown(&path))).help(
                "--base wants the build that an update was made from: a full package, an image, a folder of images",
            )
        }
        scan::Error::NothingToAnalyse { path, why } => {
            Error::input(format!("nothing to analyse in {}", shown(&path)))
                .at(report::inert::text(&why))
                .help("wanted: a firmware zip, an unpacked folder, an APK, jar, dex or ELF file; see `phonehome formats`")
        }
    }
}

fn not_found(path: &Path) -> Error {
    let error = Error::input(format!("there is no file or folder {}", shown(path)));
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(folder) else {
        return error
            .at(shown(folder))
            .help("that folder cannot be listed either; check the path");
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    match nearest(&wanted, names.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean {}?", shown(&folder.join(near)))),
        None => error.help("check the name and the folder"),
    }
}

fn unreadable(path: &Path, e: &io::Error) -> Error {
    let error = Error::input(format!("{} cannot be read: {e}", shown(path)));
    match e.kind() {
        io::ErrorKind::PermissionDenied => error.help("ask for the right to read it, or copy it"),
        _ => error,
    }
}

/// Only files and folders are opened: a pipe would wait for ever, a device has no end.
pub(super) fn regular(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(m) if m.is_file() || m.is_dir() => Ok(()),
        Ok(_) => Err(
            Error::input(format!("{} is neither a file nor a folder", shown(path)))
                .help("save it to a file, and name that"),
        ),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(not_found(path)),
        Err(e) => Err(unreadable(path, &e)),
    }
}

/// Whether an argument names a saved report. By its name, not by its content: a build that calls
/// itself a report must not be believed.
pub(super) fn is_report(path: &Path) -> bool {
    path == Path::new("-") || path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"))
}

/// Reads a saved report, from standard input for `-`.
pub(super) fn saved(path: &Path) -> Result<Report, Error> {
    let stdin = path == Path::new("-");
    let name = if stdin {
        "standard input".to_owned()
    } else {
        shown(path)
    };
    let mut bytes = Vec::new();
    let read = if stdin {
        io::stdin().lock().take(MAX_REPORT).read_to_end(&mut bytes)
    } else {
        // Not only regular files: a report may well come from a pipe, `<(phonehome scan …)`.
        File::open(path).and_then(|file| file.take(MAX_REPORT).read_to_end(&mut bytes))
    };
    read.map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => not_found(path),
        _ => Error::input(format!("{name} cannot be read: {e}")),
    })?;
    report::load(&bytes).map_err(|e| {
        Error::new(Exit::Input, format!("{name} {e}"))
            .help("make one with `phonehome scan INPUT -o json=report.json`")
    })
}
