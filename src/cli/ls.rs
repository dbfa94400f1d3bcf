//! `ls`.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::bytes::{Budget, Gap, Notice};
use crate::fact::NoticeFact;
use crate::report::{CheckFact, CheckResult, Document, Kind, LS_SCHEMA, ListEntry, Listing};
use crate::rule::Rules;
use crate::unpack::avb::verify::Check;
use crate::unpack::{self, Claim, Class, Leaf, OpenError, Tree};

use super::config::{ScanArgs, Settings};
use super::exit::shown;
use super::load::{Desk, Judging, is_report, regular, saved};
use super::output::Output;
use super::{Error, Exit, Global, Ui};

/// List what is in an input, by the names that reports use
///
/// One line an entry: size, logical place, and the layers on the way where they differ from it.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome ls firmware.zip system:app/Mms.apk")]
pub(super) struct Ls {
    /// What to list; with --gaps also a saved report
    input: PathBuf,
    /// Only this place, and what is in it
    path: Option<String>,
    /// What could not be read, and what is odd, instead of entries; analyses the whole input
    #[arg(long)]
    gaps: bool,
    /// How deep: 1 keeps packages closed, 2 opens them [default: 1, or 2 for one package]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=2))]
    depth: Option<u8>,
    /// The SHA-256 of every file, in JSON
    #[arg(long)]
    sha256: bool,
    /// Check what the input says of its own images, instead of entries: signatures and digests of verified boot,
    /// hashes of a payload. Exits with 1 if any is wrong, with 4 if any could not be checked, or none is there;
    /// reads every image
    #[arg(long, conflicts_with_all = ["gaps", "sha256", "depth", "path"])]
    verify: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    scan: ScanArgs,
}

pub(super) fn run(args: Ls, global: &Global, ui: &Ui) -> Result<Exit, Error> {
    let targets = args.output.targets(Kind::Listing)?;
    targets.spare(&[&args.input])?;
    targets.spare_base(&args.scan)?;
    let mut listing = if args.gaps {
        gaps(&args, global, ui)?
    } else if args.verify {
        checks(&args, global)?
    } else {
        entries(&args, global)?
    };
    if let Some(path) = &args.path {
        listing.entries.retain(|e| is_in(&e.place, path));
        listing.notices.retain(|n| is_in(&n.place, path));
        if listing.entries.is_empty() && !args.gaps {
            return Err(
                Error::input(format!("{} has no entry {path}", shown(&args.input)))
                    .help("`phonehome ls INPUT` lists them; names are exact"),
            );
        }
    }
    targets.write(&Document::Listing(&listing), ui)?;
    if !args.verify {
        return Ok(Exit::Done);
    }
    let any = |result| listing.checks.iter().any(|check| check.result == result);
    if any(CheckResult::Wrong) {
        return Ok(Exit::Failed);
    }
    if listing.checks.is_empty() {
        ui.note("there is nothing to check: no signature, digest or hash");
    } else if !any(CheckResult::NotChecked) {
        return Ok(Exit::Done);
    }
    Ok(Exit::Undecided)
}

fn checks(args: &Ls, global: &Global) -> Result<Listing, Error> {
    let settings = Settings::new(global, &args.scan, &[&args.input])?;
    regular(&args.input)?;
    let rules = Rules::load(&settings.signatures)?;
    let budget = settings.budget()?;
    let claims = unpack::verify(&args.input, &budget).map_err(|e| unreadable(args, &e))?;
    Ok(Listing {
        schema: LS_SCHEMA.to_owned(),
        input: name(&args.input),
        checks: claims.into_iter().map(|claim| check(claim, &rules)).collect(),
        ..Listing::default()
    })
}

fn check(claim: Claim, rules: &Rules) -> CheckFact {
    let key = claim.key.and_then(|sha1| rules.packages.signing_key(&sha1));
    let (result, why) = match claim.check {
        Check::Same => (CheckResult::Verified, None),
        Check::Differs => (CheckResult::Wrong, None),
        Check::NotChecked(gap) => (CheckResult::NotChecked, Some(gap.to_string())),
    };
    CheckFact {
        result,
        about: claim.about,
        what: claim.what.to_owned(),
        by: (!claim.by.is_empty()).then_some(claim.by),
        why,
        test_key: key.filter(|key| key.public).map(|key| key.role.to_string()),
    }
}

fn unreadable(args: &Ls, e: &OpenError) -> Error {
    Error::input(format!("{} cannot be read", shown(&args.input))).at(e.to_string())
}

/// The place itself, or something in it.
fn is_in(place: &str, outer: &str) -> bool {
    place
        .strip_prefix(outer.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '!', ':']) || outer.ends_with(':'))
}

fn gaps(args: &Ls, global: &Global, ui: &Ui) -> Result<Listing, Error> {
    let report = if is_report(&args.input) {
        saved(&args.input)?
    } else {
        let desk = Desk::new(global, &args.scan, &Judging::default(), None, &[&args.input], ui)?;
        desk.scan(&args.input, ui)?.0
    };
    Ok(Listing {
        schema: LS_SCHEMA.to_owned(),
        input: report.input.name,
        format: report.input.format,
        entries: Vec::new(),
        notices: report.notices,
        notices_dropped: report.notices_dropped,
        checks: Vec::new(),
    })
}

fn entries(args: &Ls, global: &Global) -> Result<Listing, Error> {
    let settings = Settings::new(global, &args.scan, &[&args.input])?;
    regular(&args.input)?;
    let budget = settings.budget()?;
    let tree = unpack::walk(&args.input, &budget).map_err(|e| unreadable(args, &e))?;
    let Tree {
        root,
        format,
        leaves,
        links,
        notices,
        ..
    } = tree;
    let single = matches!(leaves.as_slice(), [one] if one.place() == root);
    let open = |leaf: &Leaf| match args.depth {
        Some(depth) => depth > 1,
        None => {
            single
                || args
                    .path
                    .as_deref()
                    .is_some_and(|path| is_in(path, leaf.place().logical()))
        }
    };
    let mut listing = Listing {
        schema: LS_SCHEMA.to_owned(),
        input: name(&args.input),
        format,
        notices: notices.iter().map(fact).collect(),
        ..Listing::default()
    };
    if args.sha256 {
        listing.entries = sums(&leaves, &budget);
    }
    for leaf in &leaves {
        if !args.sha256 {
            listing.entries.push(entry(leaf));
        }
        if matches!(leaf.class, Class::Archive(_)) && open(leaf) {
            let own = leaf.place();
            for package in unpack::open_package(leaf, &budget) {
                listing
                    .entries
                    .extend(package.leaves.iter().filter(|l| l.place() != own).map(entry));
                listing.notices.extend(package.notices.iter().map(fact));
            }
        }
    }
    listing
        .entries
        .extend(links.into_iter().map(|(place, target)| ListEntry {
            physical: place.clone(),
            place,
            size: 0,
            target: Some(target),
            sha256: None,
        }));
    listing.entries.sort();
    listing.entries.dedup();
    listing.notices.sort();
    Ok(listing)
}

fn entry(leaf: &Leaf) -> ListEntry {
    let place = leaf.place();
    ListEntry {
        place: place.logical().to_owned(),
        physical: place.physical().to_owned(),
        size: leaf.size,
        target: None,
        sha256: None,
    }
}

/// The entries with their digests, read in the order of the input.
fn sums(leaves: &[Leaf], budget: &Budget) -> Vec<ListEntry> {
    let mut ordered: Vec<&Leaf> = leaves.iter().collect();
    ordered.sort_by_key(|leaf| leaf.origin());
    let sum = |leaf: &&Leaf| {
        let mut digest = Sha256::new();
        let mut size = 0_u64;
        let copied = leaf.copy(budget, |piece| {
            digest.update(piece);
            size = size.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            Ok(())
        });
        let sound = copied.is_ok_and(|gaps| !gaps.iter().any(Gap::is_loss));
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        ListEntry {
            size,
            sha256: sound.then(|| hex(&digest.finalize())),
            ..entry(leaf)
        }
    };
    ordered.par_iter().with_max_len(1).map(sum).collect()
}

fn fact(notice: &Notice) -> NoticeFact {
    NoticeFact {
        place: notice.place.logical().to_owned(),
        physical: notice.place.physical().to_owned(),
        format: notice.gap.format.to_owned(),
        class: notice.gap.kind.into(),
        at: notice.gap.at,
        text: notice.gap.to_string(),
        unread: notice.unread,
    }
}

fn name(input: &Path) -> String {
    input
        .file_name()
        .unwrap_or(input.as_os_str())
        .to_string_lossy()
        .into_owned()
}
