//! What is in an input, and what of it could not be read.

use std::io::{self, Write};

use crate::judge::Outcome;
use crate::report::table::{Cell, DIM, Set, Table, bytes, grouped};
use crate::report::{CheckResult, Listing, Look};

use super::class_name;
use super::verdict::outcome_paint;

/// Writes a listing.
pub(super) fn write(listing: &Listing, look: &Look, to: &mut dyn Write) -> io::Result<()> {
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
            (_, Some(key)) => format!("{} by a key that anybody has: {key}", check.what),
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
