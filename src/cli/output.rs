//! `-o FORMAT[=FILE]`, and files that are whole or absent.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::report::{self, Document, Format, Kind};

use super::config::ScanArgs;
use super::exit::shown;
use super::{Error, Ui, interrupt};

/// Bytes that are written at once.
pub(super) const PIECE: usize = 64 << 10;

/// Where results go.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Output {
    /// Format, to standard output or to FILE; repeatable. The ending of a file name says the format
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", help_heading = "Output")]
    output: Vec<String>,
    /// List everything, not only what matters most
    #[arg(long, help_heading = "Output")]
    all: bool,
}

/// Checked targets.
pub(super) struct Targets {
    stdout: Option<&'static dyn Format>,
    files: Vec<(&'static dyn Format, PathBuf)>,
    all: bool,
}

impl Output {
    /// Checks formats and files before any work is done.
    pub(super) fn targets(&self, kind: Kind) -> Result<Targets, Error> {
        let mut targets = Targets {
            stdout: None,
            files: Vec::new(),
            all: self.all,
        };
        for spec in &self.output {
            let (format, file) = parse(spec)?;
            if !format.fits(kind) {
                return Err(Error::usage(format!(
                    "`{}` cannot hold what this command has to say",
                    format.name()
                )));
            }
            match file {
                Some(file) => {
                    if targets.files.iter().any(|(_, other)| *other == file) {
                        return Err(Error::usage(format!("two outputs are called {}", shown(&file))));
                    }
                    folder_exists(&file)?;
                    targets.files.push((format, file));
                }
                None if targets.stdout.is_some() => {
                    return Err(Error::usage("two outputs go to standard output")
                        .help("give one of them a file: -o json=report.json"));
                }
                None => targets.stdout = Some(format),
            }
        }
        if self.output.is_empty() {
            targets.stdout = report::ALL.first().copied();
        }
        Ok(targets)
    }
}

fn parse(spec: &str) -> Result<(&'static dyn Format, Option<PathBuf>), Error> {
    let unknown = |name: &str| {
        let names: Vec<&str> = report::ALL.iter().map(|f| f.name()).collect();
        let error = Error::usage(format!("there is no output format `{name}`"));
        match crate::judge::nearest(name, names.iter().copied()) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("there are: {}", names.join(", "))),
        }
    };
    match spec.split_once('=') {
        Some((name, file)) => {
            let format = report::by_name(name).ok_or_else(|| unknown(name))?;
            match file {
                "" => Err(Error::usage(format!("no file behind `{name}=`"))),
                "-" => Ok((format, None)),
                file => Ok((format, Some(PathBuf::from(file)))),
            }
        }
        None => match (report::by_name(spec), report::by_extension(spec)) {
            (Some(format), _) => Ok((format, None)),
            (None, Some(format)) => Ok((format, Some(PathBuf::from(spec)))),
            (None, None) if spec.contains(['.', '/']) => {
                Err(Error::usage(format!("the ending of `{spec}` says no format"))
                    .help(format!("name it: -o json={spec}")))
            }
            (None, None) => Err(unknown(spec)),
        },
    }
}

fn folder(file: &Path) -> &Path {
    file.parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn folder_exists(file: &Path) -> Result<(), Error> {
    if file.is_dir() {
        return Err(Error::usage(format!("{} is a folder", shown(file))).help("name a file in it"));
    }
    if folder(file).is_dir() {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{} cannot be written: its folder does not exist",
        shown(file)
    ))
    .help("create it first"))
}

impl Targets {
    /// Refuses to write over one of the inputs.
    pub(super) fn spare(&self, inputs: &[&Path]) -> Result<(), Error> {
        for (_, file) in &self.files {
            let Ok(file_there) = file.canonicalize() else {
                continue;
            };
            if inputs
                .iter()
                .any(|input| input.canonicalize().is_ok_and(|input| input == file_there))
            {
                return Err(Error::usage(format!(
                    "{} is an input, and inputs are never written",
                    shown(file)
                )));
            }
        }
        Ok(())
    }

    /// The same for the older builds.
    pub(super) fn spare_base(&self, scan: &ScanArgs) -> Result<(), Error> {
        let base: Vec<&Path> = scan.base.iter().map(PathBuf::as_path).collect();
        self.spare(&base)
    }

    /// Writes a document to every target, files first. None is held in memory: one of a whole build has a hundred
    /// megabytes.
    pub(super) fn write(&self, document: &Document, ui: &Ui) -> Result<(), Error> {
        for (format, file) in &self.files {
            let look = ui.look_in_file(self.all);
            interrupt::hold_off(|| save_with(file, |to| format.write(document, &look, to)))
                .map_err(|e| Error::usage(format!("{} cannot be written: {e}", shown(file))))?;
        }
        match self.stdout {
            Some(format) => {
                let look = ui.look(self.all);
                ui.out_with(|to| format.write(document, &look, to))
            }
            None => Ok(()),
        }
    }
}

/// Puts a file in place, whole or not at all.
pub(super) fn save(file: &Path, bytes: &[u8]) -> io::Result<()> {
    save_with(file, |to| to.write_all(bytes))
}

/// The same for what is written piece by piece: beside the file, synced, renamed.
fn save_with(file: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let whole = |to: File| {
        let mut to = BufWriter::with_capacity(PIECE, to);
        write(&mut to)?;
        to.into_inner().map_err(|e| e.into_error())
    };
    // A link is followed: what it points to is replaced, not the link.
    let target = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    // A device or a pipe (`/dev/null`, `/dev/stdout`) can only be written to.
    if fs::metadata(&target).is_ok_and(|m| !m.is_file()) {
        return whole(OpenOptions::new().write(true).open(&target)?).map(drop);
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder(&target).join(format!(".{name}.{}.part", std::process::id()));
    let written = (|| {
        let out = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        whole(out)?.sync_all()?;
        fs::rename(&temporary, &target)
    })();
    if let Err(e) = written {
        // It may never have been created.
        let _ = fs::remove_file(&temporary);
        return Err(e);
    }
    // The new name is durable once the folder is; some file systems refuse that, and nothing is lost.
    if let Ok(folder) = File::open(folder(&target)) {
        let _ = folder.sync_all();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(specs: &[&str]) -> Output {
        Output {
            output: specs.iter().map(|s| (*s).to_owned()).collect(),
            all: false,
        }
    }

    #[track_caller]
    fn wrong(specs: &[&str]) -> String {
        output(specs).targets(Kind::Report).err().unwrap().to_string()
    }

    #[test]
    fn a_format_goes_to_standard_output_or_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.json");
        let file = file.to_str().unwrap();
        let targets = output(&["text", file, &format!("text={file}.txt")])
            .targets(Kind::Report)
            .unwrap();
        assert_eq!(targets.stdout.unwrap().name(), "text");
        assert_eq!(targets.files[0].0.name(), "json");
        assert_eq!(targets.files[1].0.name(), "text");
        assert_eq!(
            output(&["json=-"])
                .targets(Kind::Report)
                .unwrap()
                .stdout
                .unwrap()
                .name(),
            "json"
        );
    }

    #[test]
    fn what_is_wrong_is_said_before_any_work() {
        assert!(wrong(&["jason"]).contains("did you mean `json`?"));
        assert!(wrong(&["text", "json"]).contains("two outputs go to standard output"));
        assert!(wrong(&["a.b"]).contains("says no format"));
        assert!(wrong(&["/no/such/folder/a.json"]).contains("does not exist"));
        assert!(wrong(&["json=/tmp"]).contains("is a folder"));
        assert!(wrong(&["json="]).contains("no file behind"));
    }

    #[test]
    fn what_fails_while_it_is_written_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("r.json");
        save(&file, b"one").unwrap();
        let fails = |to: &mut dyn Write| {
            to.write_all(b"two")?;
            Err(io::Error::other("no more"))
        };
        assert!(save_with(&file, fails).is_err());
        assert_eq!(fs::read(&file).unwrap(), b"one");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("r.json");
        save(&file, b"one").unwrap();
        save(&file, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(save(&dir.path().join("no/r.json"), b"x").is_err());
    }
}
