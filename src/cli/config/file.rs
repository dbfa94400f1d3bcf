//! The configuration file: where it is looked for, and what is in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::cli::Error;
use crate::cli::exit::shown;
use crate::judge::{self, GateTable, RuleTable};

use super::FILE;
use super::size::Size;

/// The file, as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) scan: ScanTable,
    pub(super) gate: GateTable,
    pub(super) rules: BTreeMap<Spanned<String>, RuleTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct ScanTable {
    pub(super) only: Option<Vec<String>>,
    pub(super) skip: Option<Vec<String>>,
    pub(super) threads: Option<usize>,
    pub(super) signatures: Option<Vec<PathBuf>>,
    pub(super) max_depth: Option<u32>,
    pub(super) max_ratio: Option<u64>,
    pub(super) max_item: Option<Size>,
    pub(super) max_decoded: Option<Size>,
    pub(super) max_entries: Option<u64>,
    pub(super) max_entries_per_file: Option<u64>,
    pub(super) max_nested: Option<u64>,
    pub(super) max_notices: Option<u64>,
    pub(super) memory: Option<Size>,
}

/// A configuration file that was read.
pub(super) struct Found {
    /// As shown.
    pub(super) name: String,
    /// Its folder.
    pub(super) folder: PathBuf,
    pub(super) source: String,
    pub(super) file: File,
}

/// The nearest configuration file from the working folder up to the repository's root; without a
/// repository only the working folder counts, as what lies above it is anybody's.
pub(super) fn discover() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let root = here
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(&here);
    here.ancestors()
        .take_while(|folder| folder.starts_with(root))
        .map(|folder| folder.join(FILE))
        .find(|path| path.is_file())
}

pub(super) fn is_inside(path: &Path, input: &Path) -> bool {
    match (path.canonicalize(), input.canonicalize()) {
        (Ok(path), Ok(input)) => path.starts_with(input),
        _ => false,
    }
}

pub(super) fn read(path: &Path) -> Result<Found, Error> {
    let source = text(path)?;
    let name = shown(path);
    let file = judge::parse(&name, &source)?;
    Ok(Found {
        name,
        folder: parent(path),
        source,
        file,
    })
}

/// A policy file is checked by the judge; of its own tables only the text is needed.
pub(super) fn read_as_policy(path: &Path) -> Result<Found, Error> {
    Ok(Found {
        name: shown(path),
        folder: parent(path),
        source: text(path)?,
        file: File::default(),
    })
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

pub(super) fn text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path)
        .map_err(|e| Error::usage(format!("{} cannot be read: {e}", shown(path))).help("check the name"))
}
