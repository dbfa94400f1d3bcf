//! `signatures import`: a user's own copy of a public list → a folder of signatures.
//!
//! Lists whose licence does not allow them to be given on with this program can be used all the same by
//! whoever has a copy. A list is hostile input like any other: sizes are bounded, its text is cleaned,
//! and nothing in it decides where anything is written.

mod exodus;
mod list;

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::{RuleError, Rules};

/// Largest list that is read, in bytes; the largest public block lists have some 40 MB.
const MAX_LIST: u64 = 128 << 20;
/// Rows written from one list.
const MAX_ROWS: usize = 1_000_000;
/// Longest text taken over from a list, in characters: a name, a title, a licence.
const MAX_TEXT: usize = 200;
/// First words of every file that an import has written; only such a file is written over.
const MARK: &str = "# Imported from ";

/// What a list looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON of tracker signatures, as Exodus publishes them.
    Exodus,
    /// Lines of `0.0.0.0 host`, or of bare hosts.
    Hosts,
    /// Lines of `||host^`.
    Adguard,
}

impl Format {
    /// All formats, with the names that the command line uses.
    pub const ALL: [(&'static str, Self); 3] = [
        ("exodus", Self::Exodus),
        ("hosts", Self::Hosts),
        ("adguard", Self::Adguard),
    ];

    /// Tells a list by its look.
    pub fn detect(text: &str) -> Self {
        if text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .starts_with(['{', '['])
            && !text.contains("[Adblock")
        {
            return Self::Exodus;
        }
        let adguard = text
            .lines()
            .take(500)
            .any(|line| line.starts_with("||") || line.starts_with("[Adblock"));
        if adguard { Self::Adguard } else { Self::Hosts }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Exodus => "exodus",
            Self::Hosts => "hosts",
            Self::Adguard => "adguard",
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What the list was taken for.
    pub format: Format,
    /// The file that was written.
    pub file: PathBuf,
    /// Rows written.
    pub rows: usize,
    /// Entries that the program knows already, or that another entry includes.
    pub known: usize,
    /// Entries that cannot be put as a signature: paths, expressions, names that are none.
    pub skipped: usize,
    /// The licence that the list names.
    pub license: Option<String>,
}

/// Rows of a list, ready to be written.
struct Rows {
    /// Body of the file, below its head.
    body: String,
    /// Title that the list gives itself.
    title: Option<String>,
    license: Option<String>,
    rows: usize,
    known: usize,
    skipped: usize,
}

/// Reads a list and writes it as signatures below `dir`, which becomes a folder for `--signatures`.
///
/// # Errors
/// The list cannot be read, is too large, holds nothing of use; the folder cannot be written to, or holds
/// a file of that name that no import has written.
pub fn import(list: &Path, dir: &Path, format: Option<Format>) -> Result<Imported, RuleError> {
    let text = read(list)?;
    let format = format.unwrap_or_else(|| Format::detect(&text));
    let rules = Rules::bundled()?;
    let rows = match format {
        Format::Exodus => exodus::rows(&text, &rules).map_err(|what| {
            error(
                list,
                what,
                "it should be the JSON of an Exodus tracker list: {\"trackers\": …}",
            )
        })?,
        Format::Hosts | Format::Adguard => list::rows(&text, format, &rules),
    };
    if rows.rows == 0 {
        return Err(error(
            list,
            format!(
                "nothing of use in it: {} entries known, {} not understood",
                rows.known, rows.skipped
            ),
            "name what it is with --format exodus, hosts or adguard",
        ));
    }
    let stem = slug(
        list.file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default(),
    );
    let folder = dir.join(if format == Format::Exodus {
        "trackers"
    } else {
        "hosts"
    });
    let file = folder.join(format!("{stem}.toml"));
    write(&folder, &file, &document(list, format, &rows))?;
    Ok(Imported {
        format,
        file,
        rows: rows.rows,
        known: rows.known,
        skipped: rows.skipped,
        license: rows.license,
    })
}

fn document(list: &Path, format: Format, rows: &Rows) -> String {
    let name = clean(
        list.file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("a list"),
    );
    let title = rows.title.as_deref().unwrap_or("no title given");
    let license = rows
        .license
        .as_deref()
        .unwrap_or("none named in the list: ask its publisher before giving this on");
    let mut out = format!(
        "{MARK}{name} ({} format). Title: {title}. Licence: {license}.\n",
        format.name()
    );
    out.push_str("# Written by `phonehome signatures import`; a further import writes over it.\n\n");
    let _ = writeln!(
        out,
        "sources = [{}]\n",
        quoted(&format!("{name}: {title}; licence: {license}"))
    );
    out.push_str(&rows.body);
    out
}

fn read(path: &Path) -> Result<String, RuleError> {
    let unreadable = |e: std::io::Error| {
        error(
            path,
            e.to_string(),
            "give the path of a list that you have a copy of",
        )
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_LIST.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_LIST {
        return Err(error(path, format!("more than {MAX_LIST} bytes"), "split it"));
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

/// Writes beside the target first, so that there is never half a file.
fn write(folder: &Path, file: &Path, text: &str) -> Result<(), RuleError> {
    let failed = |e: std::io::Error| {
        error(
            file,
            e.to_string(),
            "choose a folder that you may write to with -d",
        )
    };
    fs::create_dir_all(folder).map_err(failed)?;
    if let Ok(old) = File::open(file) {
        let mut head = String::new();
        let read = old
            .take(u64::try_from(MARK.len()).unwrap_or(0))
            .read_to_string(&mut head);
        if read.is_err() || head != MARK {
            return Err(error(
                file,
                "is there already, and no import wrote it".to_owned(),
                "choose another folder with -d",
            ));
        }
    }
    let beside = file.with_extension(format!("toml.{}", std::process::id()));
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .map_err(failed)?;
    let done = out
        .write_all(text.as_bytes())
        .and_then(|()| out.sync_all())
        .and_then(|()| fs::rename(&beside, file));
    done.map_err(|e| {
        let _ = fs::remove_file(&beside);
        failed(e)
    })
}

fn error(path: &Path, what: String, hint: &'static str) -> RuleError {
    RuleError {
        file: path.to_owned(),
        at: None,
        what,
        hint,
    }
}

/// Text of a list as one clean line.
fn clean(text: &str) -> String {
    let words = text
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty());
    words
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(MAX_TEXT)
        .collect()
}

/// A file name or an id: letters, digits and `-`.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let parts = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty());
    let slug: String = parts.collect::<Vec<_>>().join("-").chars().take(60).collect();
    if slug.is_empty() { "list".to_owned() } else { slug }
}

/// A TOML basic string (TOML 1.0, section "String").
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn quoted_list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests;
