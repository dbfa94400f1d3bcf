//! The directories of a file system, walked without recursion.
//!
//! A reader says what one directory holds. What all have in common is here: paths, how deep, how many, and
//! that no directory is in itself. Every limit is ours; each one that is hit is a gap.

use rustc_hash::FxHashSet;

use crate::bytes::{Blob, Budget, Gap, wide};
use crate::unpack::name;
use crate::unpack::registry::Listing;

/// Directories in directories. The deepest real ones are about 20.
const DEPTH: usize = 256;
/// Bytes of a path: Linux' PATH_MAX.
const PATH: usize = 4096;
/// Bytes of all paths of one file system, which are in memory at once: a million of 128 bytes. 60 000 files
/// of a large system partition have 5 MB.
const PATHS: usize = 128 << 20;

/// A directory that is to be listed.
pub(super) struct Directory<T> {
    /// From the root, without a slash at either end; empty for the root.
    pub(super) path: String,
    /// What the reader finds it by.
    pub(super) what: T,
    depth: usize,
}

/// What is listed, and the directories that are still to be.
pub(super) struct Tree<'a, T> {
    pub(super) listing: Listing,
    format: &'static str,
    budget: &'a Budget,
    open: Vec<Directory<T>>,
    seen: FxHashSet<u64>,
    entries: u64,
    paths: usize,
}

impl<'a, T> Tree<'a, T> {
    /// A tree of which nothing is known but its root, by its number.
    pub(super) fn new(format: &'static str, budget: &'a Budget, root: u64, what: T) -> Self {
        let path = String::new();
        Self {
            listing: Listing::default(),
            format,
            budget,
            open: vec![Directory { path, what, depth: 0 }],
            seen: FxHashSet::from_iter([root]),
            entries: 0,
            paths: 0,
        }
    }

    /// The next directory to list.
    pub(super) fn next(&mut self) -> Option<Directory<T>> {
        self.open.pop()
    }

    /// The path of an entry of `directory` that was found at `at`. An error ends the listing; `None` passes
    /// over one entry, and the listing says why.
    pub(super) fn entry(
        &mut self,
        directory: &Directory<T>,
        raw: &[u8],
        at: u64,
    ) -> Result<Option<String>, Gap> {
        let limit = self.budget.limits.listed;
        self.entries = self.entries.saturating_add(1);
        if self.entries > limit {
            let (got, option) = (self.entries, "--max-entries-per-file");
            return Err(Gap::over(self.format, at, "entries", got, limit, option));
        }
        self.budget.entries(self.format, 1)?;
        let name = name::text(raw);
        let len = directory.path.len().saturating_add(name.len()).saturating_add(1);
        self.paths = self.paths.saturating_add(len.min(PATH));
        if self.paths > PATHS {
            let (got, limit) = (wide(self.paths), wide(PATHS));
            return Err(Gap::over(self.format, at, "bytes of all paths", got, limit, ""));
        }
        if len > PATH {
            let gap = Gap::over(self.format, at, "path length", wide(len), wide(PATH), "");
            self.listing.lost(&directory.path, gap, 0);
            return Ok(None);
        }
        let mut path = String::with_capacity(len);
        path.push_str(&directory.path);
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(&name);
        if name.is_empty() {
            self.listing
                .lost(&path, Gap::invalid(self.format, at, "name", 0), 0);
            return Ok(None);
        }
        if name::leaves(raw) || raw.contains(&b'/') || raw.contains(&0) {
            self.listing
                .lost(&path, Gap::odd(self.format, at, "name leaves its folder", 1), 0);
        }
        Ok(Some(path))
    }

    /// Takes a directory in, which has this number and was found at `at`.
    pub(super) fn enter(&mut self, parent: &Directory<T>, path: String, number: u64, what: T, at: u64) {
        let depth = parent.depth.saturating_add(1);
        let gap = if depth > DEPTH {
            Gap::over(
                self.format,
                at,
                "directories in directories",
                wide(depth),
                wide(DEPTH),
                "",
            )
        } else if !self.seen.insert(number) {
            Gap::invalid(self.format, at, "directory that is in two places", number)
        } else {
            return self.open.push(Directory { path, what, depth });
        };
        self.listing.lost(&path, gap, 0);
    }

    /// Takes a file in.
    pub(super) fn file(&mut self, path: String, data: Blob) {
        self.listing.blob(path, data);
    }

    /// Takes a symbolic link in.
    pub(super) fn link(&mut self, path: String, target: &[u8]) {
        self.listing.links.push((path, name::text(target).into()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test may fail loudly")]

    use super::*;
    use crate::bytes::Limits;

    #[test]
    fn a_directory_that_is_in_itself_is_listed_once() {
        let budget = Budget::default();
        let mut tree = Tree::new("t", &budget, 1, ());
        let mut listed = 0;
        while let Some(directory) = tree.next() {
            listed += 1;
            let path = tree.entry(&directory, b"a", 0).unwrap().unwrap();
            tree.enter(&directory, path, 1, (), 9);
        }
        assert_eq!(listed, 1);
        let got = &tree.listing.notices[0];
        assert_eq!(got.entry.as_deref(), Some("a"));
        assert_eq!(
            got.gap.to_string(),
            "t: directory that is in two places at 0x9: invalid value 0x1"
        );
    }

    #[test]
    fn depth_paths_and_entries_have_an_end() {
        let limits = Limits {
            listed: 1000,
            ..Limits::default()
        };
        let budget = Budget::new(limits);
        let mut tree = Tree::new("t", &budget, 0, ());
        let (mut deepest, mut number) = (0, 0);
        while let Some(directory) = tree.next() {
            deepest = deepest.max(directory.path.len());
            number += 1;
            if let Some(path) = tree.entry(&directory, b"ab", 0).unwrap() {
                tree.enter(&directory, path, number, (), 0);
            }
        }
        assert_eq!(deepest, DEPTH * 3 - 1);
        assert_eq!(tree.listing.notices.len(), 1);
        let root = Directory {
            path: "x".repeat(PATH),
            what: (),
            depth: 0,
        };
        assert_eq!(tree.entry(&root, b"a", 0), Ok(None));
        let root = Directory {
            path: String::new(),
            what: (),
            depth: 0,
        };
        let over = (0..1000).find_map(|_| tree.entry(&root, b"a", 0).err());
        assert!(over.unwrap().to_string().contains("--max-entries-per-file"));
    }

    #[test]
    fn a_name_that_leads_out_is_said() {
        let budget = Budget::default();
        let mut tree = Tree::new("t", &budget, 0, ());
        let root = tree.next().unwrap();
        assert_eq!(tree.entry(&root, b"../a", 0).unwrap().as_deref(), Some("../a"));
        assert_eq!(tree.listing.notices.len(), 1);
        assert_eq!(tree.entry(&root, b"", 0), Ok(None));
    }
}
