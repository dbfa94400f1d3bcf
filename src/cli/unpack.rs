//! `unpack`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::bytes::{Budget, Gap, Glob};
use crate::report::inert;
use crate::scan::Progress;
use crate::unpack::{self, Leaf};

use super::config::{ScanArgs, Settings};
use super::exit::shown;
use super::load::regular;
use super::{Error, Exit, Global, Ui};

/// Write the files of an input into a folder
///
/// Each file goes where its place says: `system:app/X.apk` to DIR/system/app/X.apk. Nothing is ever
/// written outside of DIR: names that lead out are changed, links that lead out are left out. A file that is
/// there already with the right size is left alone, so an interrupted run goes on where it was.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome unpack ota.zip 'system:priv-app/**' -d out")]
pub(super) struct Unpack {
    /// What to unpack
    input: PathBuf,
    /// Only these places [default: all]
    glob: Option<String>,
    /// The folder to write into; made where it is missing
    #[arg(short, long, value_name = "DIR")]
    dir: PathBuf,
    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    scan: ScanArgs,
}

/// What became of the files.
#[derive(Debug, Default)]
struct Tally {
    written: u64,
    there: u64,
    broken: u64,
    links: u64,
    left_out: u64,
}

pub(super) fn run(args: Unpack, global: &Global, ui: &Ui) -> Result<Exit, Error> {
    let settings = Settings::new(global, &args.scan, &[&args.input])?;
    regular(&args.input)?;
    let budget = settings.budget()?;
    // Of a few files, what is decoded twice costs less than what would be set aside for nothing.
    budget.cache.expect(args.glob.is_none() && !args.dry_run);
    let tree = unpack::walk(&args.input, &budget);
    budget.cache.expect(false);
    let tree =
        tree.map_err(|e| Error::input(format!("{} cannot be read", shown(&args.input))).at(e.to_string()))?;
    let glob = args.glob.as_deref().map(Glob::new);
    let wanted = |place: &str| glob.as_ref().is_none_or(|glob| glob.matches(place));
    let mut leaves: Vec<&Leaf> = tree
        .leaves
        .iter()
        .filter(|leaf| wanted(leaf.place().logical()))
        .collect();
    leaves.sort_by_key(|leaf| leaf.origin());
    let mut folder = Folder {
        root: args.dir,
        dry_run: args.dry_run,
        taken: BTreeSet::new(),
        tally: Tally::default(),
    };
    for leaf in leaves {
        folder.file(leaf, &budget, ui)?;
    }
    for (place, target) in tree.links.iter().filter(|(place, _)| wanted(place)) {
        folder.link(place, target, ui)?;
    }
    for notice in tree.notices.iter().filter(|notice| notice.gap.is_loss()) {
        ui.warn(&format!("{}: {}", notice.place.logical(), notice.gap));
    }
    ui.cost(Progress {
        decoded: budget.cache.decoded(),
        spilled: budget.spill.written(),
        ..Progress::default()
    });
    let Tally {
        written,
        there,
        broken,
        links,
        left_out,
    } = folder.tally;
    let verb = if args.dry_run { "would write" } else { "wrote" };
    ui.note(&format!(
        "{verb} {written} files and {links} links; {there} were there, {broken} are not whole, {left_out} links \
         lead out and were left out"
    ));
    let lost = broken > 0 || tree.notices.iter().any(|notice| notice.gap.is_loss());
    Ok(if lost { Exit::Input } else { Exit::Done })
}

/// The folder that is written into.
struct Folder {
    root: PathBuf,
    dry_run: bool,
    /// Paths that files have got.
    taken: BTreeSet<PathBuf>,
    tally: Tally,
}

impl Folder {
    fn file(&mut self, leaf: &Leaf, budget: &Budget, ui: &Ui) -> Result<(), Error> {
        let place = leaf.place();
        let mut path = relative(place.logical());
        let mut number = 1_u32;
        while !self.taken.insert(path.clone()) {
            number = number.saturating_add(1);
            path = relative(&format!("{}#{number}", place.logical()));
        }
        let to = self.root.join(&path);
        if fs::symlink_metadata(&to).is_ok_and(|meta| meta.is_file() && meta.len() == leaf.size) {
            self.tally.there = self.tally.there.saturating_add(1);
            return Ok(());
        }
        self.tally.written = self.tally.written.saturating_add(1);
        if self.dry_run {
            return ui.out(format!("{}\n", shown(&to)).as_bytes());
        }
        let gaps = self.write(&path, leaf, budget).map_err(|e| failed(&to, &e))?;
        if gaps.iter().any(Gap::is_loss) {
            self.tally.broken = self.tally.broken.saturating_add(1);
        }
        for gap in gaps {
            ui.warn(&format!("{}: {gap}", place.logical()));
        }
        Ok(())
    }

    /// Writes under another name first: what has its own name is whole.
    fn write(&self, path: &Path, leaf: &Leaf, budget: &Budget) -> io::Result<Vec<Gap>> {
        let to = self.root.join(path);
        self.make(path.parent())?;
        let folder = to.parent().unwrap_or(&self.root);
        let mut part = tempfile::Builder::new()
            .prefix(".phonehome-")
            .tempfile_in(folder)?;
        let mut out = BufWriter::new(part.as_file_mut());
        let gaps = leaf.copy(budget, |piece| out.write_all(piece))?;
        out.flush()?;
        drop(out);
        part.persist(&to)?;
        Ok(gaps)
    }

    /// Makes the folders down to one, none of which may be a link.
    fn make(&self, below: Option<&Path>) -> io::Result<()> {
        fs::create_dir_all(&self.root)?;
        let mut at = self.root.clone();
        for part in below.into_iter().flat_map(Path::components) {
            at.push(part);
            match fs::symlink_metadata(&at) {
                Ok(meta) if meta.is_dir() => {}
                Ok(_) => return Err(io::Error::other(format!("{} is no folder", shown(&at)))),
                Err(_) => fs::create_dir(&at)?,
            }
        }
        Ok(())
    }

    fn link(&mut self, place: &str, target: &str, ui: &Ui) -> Result<(), Error> {
        let path = relative(place);
        let to = self.root.join(&path);
        if !stays(&path, target) || self.taken.contains(&path) {
            self.tally.left_out = self.tally.left_out.saturating_add(1);
            return Ok(());
        }
        self.tally.links = self.tally.links.saturating_add(1);
        if self.dry_run {
            return ui.out(format!("{} -> {}\n", shown(&to), inert::text(target)).as_bytes());
        }
        let made = self.make(path.parent()).and_then(|()| {
            if fs::symlink_metadata(&to).is_ok() {
                return Ok(());
            }
            std::os::unix::fs::symlink(target, &to)
        });
        made.map_err(|e| failed(&to, &e))
    }
}

/// Where a place is below the folder: no part of it leads out, none is hidden from a terminal.
fn relative(place: &str) -> PathBuf {
    /// Longest name of a file on Linux, with room for a number.
    const LONGEST: usize = 240;
    let parts = place
        .split(['/', ':', '!'])
        .filter(|part| !matches!(*part, "" | "." | ".."));
    let mut path: PathBuf = parts
        .map(|part| {
            let mut name: String = part
                .chars()
                .map(|c| if inert::is_active(c) || c == '\\' { '_' } else { c })
                .collect();
            while name.len() > LONGEST {
                name.pop();
            }
            name
        })
        .collect();
    if path.as_os_str().is_empty() {
        path.push("_");
    }
    path
}

/// Whether a relative link leads to a place inside of the folder, wherever the folder is.
fn stays(path: &Path, target: &str) -> bool {
    if target.is_empty() || target.starts_with('/') || target.contains('\0') {
        return false;
    }
    let mut depth = path.components().count().saturating_sub(1);
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            _ => depth = depth.saturating_add(1),
        }
    }
    true
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::usage(format!("{} cannot be written: {error}", shown(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_leads_out_of_the_folder() {
        assert_eq!(relative("system:app/X.apk"), Path::new("system/app/X.apk"));
        assert_eq!(relative("../../etc/passwd"), Path::new("etc/passwd"));
        assert_eq!(relative("/a/./b\x1b[0m"), Path::new("a/b_[0m"));
        assert_eq!(relative(".."), Path::new("_"));
        assert!(relative(&"n".repeat(9000)).as_os_str().len() <= 240);
    }

    #[test]
    fn a_link_that_leads_out_is_seen() {
        let path = Path::new("system/bin/sh");
        assert!(stays(path, "toolbox") && stays(path, "../lib/x") && stays(path, "../../vendor"));
        assert!(!stays(path, "../../../x") && !stays(path, "/system/bin/sh") && !stays(path, ""));
        assert!(!stays(path, "a/../../../../x"));
    }
}
