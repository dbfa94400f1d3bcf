//! The only recursion into containers, with explicit queues: the outer layers of an input
//! ([`walk`]), and a package with everything nested in it ([`open_package`]). Depth, entries, decoded
//! bytes, memory held and cycles are bounded here and nowhere else.

mod context;
mod outer;
mod package;

pub use outer::{Images, OpenError, Tree, images, walk};
pub use package::{Package, open_package};

use crate::bytes::{Notice, Place};

use super::registry::{self, Format, Listing};
use super::stream;

/// Endings of APEX files.
const APEX: [&str; 2] = ["apex", "capex"];

/// The format of a file: by its first bytes, or by its ending, since a damaged archive may have lost
/// its start.
fn container(path: &str, head: &[u8]) -> Option<&'static dyn Format> {
    registry::sniff(head).or_else(|| registry::by_ending(&ending(path)))
}

/// Lower-case file name ending, without the dot.
fn ending(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.')
        .map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase())
}

/// The name of what is in a file that holds one thing: `x` for `x.gz`, `x.tar` for `x.tgz`; `system` for the
/// sparse image `system.img`.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let image = || Some(context::stem(name)).filter(|stem| *stem != name);
    stream::inner(name).unwrap_or_else(|| image().unwrap_or("content").to_string())
}

/// `apk` or `jar` when a zip is one, which stays closed in the tree.
fn package_kind(format: &dyn Format, listing: &Listing, path: &str) -> Option<&'static str> {
    if format.name() != "zip" {
        return None;
    }
    let apex = |entry: &registry::Entry| matches!(&*entry.name, "apex_payload.img" | "original_apex");
    if listing.entries.iter().any(apex) {
        return None;
    }
    let mut code = false;
    for entry in &listing.entries {
        match &*entry.name {
            "AndroidManifest.xml" | "resources.arsc" => return Some("apk"),
            "classes.dex" => code = true,
            _ => {}
        }
    }
    match ending(path).as_str() {
        "apk" => Some("apk"),
        "jar" => Some("jar"),
        _ if code => Some("jar"),
        _ => None,
    }
}

/// The remarks of a listing as notices about `place`.
fn notices(listing: &mut Listing, place: &Place, to: &mut Vec<Notice>) {
    for remark in listing.notices.drain(..) {
        let place = remark
            .entry
            .map_or_else(|| place.clone(), |entry| place.inside(&entry));
        to.push(Notice {
            place,
            gap: remark.gap,
            unread: remark.unread,
        });
    }
}

/// Gives entries of one name different names: the second `a` is `a#2`.
fn tell_apart(listing: &mut Listing) {
    listing.entries.sort_by(|a, b| a.name.cmp(&b.name));
    let mut last = String::new();
    let mut count = 1_u64;
    for entry in &mut listing.entries {
        if *entry.name == *last {
            count = count.saturating_add(1);
            entry.name = format!("{last}#{count}").into();
        } else {
            count = 1;
            last.clear();
            last.push_str(&entry.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_file_is_named_after_it() {
        for (path, expect) in [
            ("AP/super.img.lz4", "super.img"),
            ("a/rom.tgz", "rom.tar"),
            ("images/system.img", "system"),
            ("system.img.ext4", "system"),
            ("super.img.0", "content"),
            ("boot.img/ramdisk", "content"),
            (".gz", "content"),
        ] {
            assert_eq!(stem(path), expect, "{path}");
        }
    }
}
