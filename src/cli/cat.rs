//! `cat`.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::bytes::{Budget, Gap};
use crate::unpack::{self, Leaf};

use super::config::{ScanArgs, Settings};
use super::exit::shown;
use super::load::regular;
use super::{Error, Exit, Global, Ui};

/// Write one entry of an input to standard output
///
/// The entry is named as `ls` names it; one inside of a package is named through it, with a `!`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome cat ota.zip system:build.prop")]
pub(super) struct Cat {
    /// What to read from
    input: PathBuf,
    /// The entry's place
    path: String,
    #[command(flatten)]
    scan: ScanArgs,
}

pub(super) fn run(args: Cat, global: &Global, ui: &Ui) -> Result<Exit, Error> {
    let settings = Settings::new(global, &args.scan, &[&args.input])?;
    regular(&args.input)?;
    let budget = settings.budget()?;
    let tree = unpack::walk(&args.input, &budget)
        .map_err(|e| Error::input(format!("{} cannot be read", shown(&args.input))).at(e.to_string()))?;
    let leaf = find(&tree.leaves, &args.path, &budget).ok_or_else(|| {
        Error::input(format!("{} has no entry {}", shown(&args.input), args.path))
            .help("`phonehome ls INPUT` lists them; names are exact")
    })?;
    let mut out = io::stdout().lock();
    let copied = leaf.copy(&budget, |piece| out.write_all(piece)).and_then(|gaps| {
        out.flush()?;
        Ok(gaps)
    });
    let gaps = match copied {
        Ok(gaps) => gaps,
        // A reader that went away has what it wanted.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Done),
        Err(e) => return Err(Error::usage(format!("standard output cannot be written: {e}"))),
    };
    for gap in &gaps {
        ui.warn(&gap.to_string());
    }
    Ok(if gaps.iter().any(Gap::is_loss) {
        Exit::Input
    } else {
        Exit::Done
    })
}

/// The entry of this name: a file of the tree, or one in a package of it.
fn find(leaves: &[Leaf], path: &str, budget: &Budget) -> Option<Leaf> {
    let here = |leaf: &&Leaf| leaf.place().logical() == path;
    if let Some(leaf) = leaves.iter().find(here) {
        return Some(leaf.clone());
    }
    let holds = |leaf: &&Leaf| {
        path.strip_prefix(leaf.place().logical())
            .is_some_and(|rest| rest.starts_with('!'))
    };
    let package = leaves.iter().find(holds).or(match leaves {
        [lone] => Some(lone),
        _ => None,
    })?;
    unpack::open_package(package, budget)
        .into_iter()
        .flat_map(|package| package.leaves)
        .find(|leaf| here(&leaf))
}
