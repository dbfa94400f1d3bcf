//! The outer layers: from the input down to files, APKs and jars, which stay closed.

use std::collections::{BTreeSet, VecDeque};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::{fmt, fs, io};

use crate::bytes::{Blob, Budget, Gap, Notice, Place};

use super::super::layout::Layout;
use super::super::leaf::{Data, HEAD, Task};
use super::super::registry::Listing;
use super::super::{Class, Leaf, classify, folder, links, name};
use super::{container, ending, notices, package_kind, stem, tell_apart};

/// An input, its outer layers listed.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The input.
    pub root: Place,
    /// Its format: `zip`, `folder`, `apk`, `jar`, `tar`, `gzip` …, or the class of a single file.
    pub format: String,
    /// Bytes of the input; of a folder, of the files in it.
    pub size: u64,
    /// Every file, by logical place.
    pub leaves: Vec<Leaf>,
    /// Symbolic links, logical place → target as written.
    pub links: Vec<(String, String)>,
    /// What could not be listed, and what is odd.
    pub notices: Vec<Notice>,
}

/// An input that cannot be opened at all.
#[derive(Debug)]
pub struct OpenError {
    /// What failed, in words for people.
    pub what: &'static str,
    /// What the operating system said.
    pub source: io::Error,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.source)
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Lists an input's outer layers. APKs and jars stay closed; a single file is a tree of one leaf.
pub fn walk(path: &Path, budget: &Budget) -> Result<Tree, OpenError> {
    let open = |source| OpenError {
        what: "cannot open",
        source,
    };
    let meta = fs::metadata(path).map_err(open)?;
    let whole = fs::canonicalize(path).map_err(open)?;
    let name = name::text(whole.file_name().unwrap_or_default().as_bytes());
    let mut outer = Outer::new(Place::root(&name), budget);
    if meta.is_dir() {
        outer.format = "folder";
        outer.add(folder::list(path, budget), "", 0);
    } else if meta.is_file() {
        let blob = Blob::open(path).map_err(open)?;
        outer.size = blob.len();
        outer.root(&name, blob);
    } else {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "a pipe, a socket or a device");
        return Err(OpenError {
            what: "neither a file nor a folder",
            source,
        });
    }
    while let Some(next) = outer.queue.pop_front() {
        let inner = next.path.clone();
        outer.open(next, &inner);
    }
    Ok(outer.finish())
}

/// A file of the outer layers that may be a container.
struct Pending {
    /// Path from the root through all layers.
    path: String,
    /// Name within its container.
    logical: String,
    size: u64,
    data: Data,
    depth: u32,
}

/// The outer layers while they are being listed.
struct Outer<'a> {
    root: Place,
    budget: &'a Budget,
    format: &'static str,
    size: u64,
    queue: VecDeque<Pending>,
    leaves: Vec<Leaf>,
    links: Vec<(String, String)>,
    notices: Vec<Notice>,
    /// Bytes of decoded containers that leaves may point into.
    held: u64,
}

impl<'a> Outer<'a> {
    fn new(root: Place, budget: &'a Budget) -> Self {
        Self {
            root,
            budget,
            format: "",
            size: 0,
            queue: VecDeque::new(),
            leaves: Vec::new(),
            links: Vec::new(),
            notices: Vec::new(),
            held: 0,
        }
    }

    fn place(&self, logical: &str, path: &str) -> Place {
        if path.is_empty() {
            return self.root.clone();
        }
        Place::new(logical, &format!("{}/{path}", self.root.physical()))
    }

    fn root(&mut self, name: &str, blob: Blob) {
        let size = blob.len();
        if size == 0 {
            let gap = Gap::truncated("file", 0, "file", 1, 0);
            self.notices.push(Notice {
                place: self.root.clone(),
                gap,
                unread: 0,
            });
        }
        let file = Pending {
            path: name.to_string(),
            logical: name.to_string(),
            size,
            data: Data::Plain(blob),
            depth: 0,
        };
        self.open(file, "");
    }

    /// Lists a container, or takes a file as it is. `inner` is its path; empty for the root.
    fn open(&mut self, file: Pending, inner: &str) {
        let place = self.place(&file.logical, inner);
        let leaf = Leaf::at(place.clone(), Class::Unknown, file.data.clone(), Some(file.size));
        let mut head = vec![0; HEAD];
        let got = leaf.head(&mut head);
        head.truncate(got);
        let Some(format) = container(&file.path, &head) else {
            return self.keep(leaf, &file.path, &head, inner);
        };
        if inner.is_empty() {
            self.format = format.name();
        }
        if file.depth > self.budget.limits.depth {
            let (got, limit) = (file.depth.into(), self.budget.limits.depth.into());
            let gap = Gap::over(
                format.name(),
                0,
                "containers in containers",
                got,
                limit,
                "--max-depth",
            );
            return self.notices.push(Notice {
                place,
                gap,
                unread: file.size,
            });
        }
        let Some(blob) = self.random_access(&leaf, &place) else {
            return;
        };
        let mut listing = format.list(&blob, &stem(&file.path), self.budget);
        if listing.entries.is_empty() && listing.salvaged {
            // Nothing in it: a file that only looks like a container. Whoever opens it again as a
            // package finds the same remarks.
            if !matches!(classify(&file.path, &head), Class::Archive(_)) {
                notices(&mut listing, &place, &mut self.notices);
            }
            return self.keep(leaf, &file.path, &head, inner);
        }
        if let Some(kind) = package_kind(format, &listing, &file.path) {
            // The task that analyses it will list it again, and find the same remarks.
            if inner.is_empty() {
                self.format = kind;
            }
            self.leaves.push(leaf.classed(Class::Archive(format.name())));
            return;
        }
        self.add(listing, inner, file.depth);
    }

    /// The bytes of a container, decoded where they are compressed.
    fn random_access(&mut self, leaf: &Leaf, place: &Place) -> Option<Blob> {
        if let Some(blob) = leaf.blob() {
            return blob.hold().ok();
        }
        if let Some(opened) = leaf.stream(self.budget) {
            let mut unread = opened.unread;
            for gap in opened.gaps.clone() {
                let place = place.clone();
                self.notices.push(Notice { place, gap, unread });
                unread = 0;
            }
            return Some(opened.blob.clone());
        }
        let read = leaf.read(self.budget);
        let kept = u64::try_from(read.bytes.len()).unwrap_or(u64::MAX);
        self.held = self.held.saturating_add(kept);
        for gap in read.gaps {
            self.notices.push(Notice {
                place: place.clone(),
                gap,
                unread: read.unread,
            });
        }
        let limit = self.budget.limits.item;
        if self.held > limit {
            let gap = Gap::over(
                "unpack",
                0,
                "containers in memory",
                self.held,
                limit,
                "--max-item",
            );
            self.notices.push(Notice {
                place: place.clone(),
                gap,
                unread: kept,
            });
            return None;
        }
        Some(Blob::from(read.bytes))
    }

    /// Takes a file that is no container.
    fn keep(&mut self, leaf: Leaf, path: &str, head: &[u8], inner: &str) {
        let mut class = classify(path, head);
        if class == Class::Unknown && is_text(head) {
            class = Class::Text;
        }
        if inner.is_empty() && self.format.is_empty() {
            self.format = class.name();
        }
        let first = head.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let gap = match class {
            Class::Unread(name) => Some(Gap::unsupported(name, 0, "format not read yet", first.into())),
            // `payload.bin`, `system.img` of no bytes at all: an upload that failed.
            Class::Unknown if leaf.size == 0 && matches!(&*ending(path), "img" | "bin") => {
                Some(Gap::truncated("file", 0, "file", 1, 0))
            }
            Class::Unknown if !head.is_empty() => {
                Some(Gap::unsupported("file", 0, "unknown format", first.into()))
            }
            _ => None,
        };
        if let Some(gap) = gap {
            self.notices.push(Notice {
                place: leaf.place(),
                gap,
                unread: leaf.size,
            });
        }
        self.leaves.push(leaf.classed(class));
    }

    /// Takes what a container lists: containers outside of partitions are queued, the rest are leaves.
    fn add(&mut self, mut listing: Listing, inner: &str, depth: u32) {
        tell_apart(&mut listing);
        let layout = Layout::of(
            self.root.logical(),
            listing.entries.iter().map(|entry| &*entry.name),
        );
        let place = self.place(inner, inner);
        // Entries that share bytes decode to more than the archive holds: bound their sum.
        let shared = listing.overlaps.then(Arc::<Task>::default);
        for entry in std::mem::take(&mut listing.entries) {
            let name = name::inert(&entry.name);
            let (partition, logical) = layout.split(&name);
            let path = if inner.is_empty() {
                entry.name.to_string()
            } else {
                format!("{inner}/{}", entry.name)
            };
            let class = classify(&entry.name, &[]);
            let closed = name.ends_with(".apk") || name.ends_with(".jar");
            if links::is_script(&entry.name) {
                let leaf = Leaf::at(place.clone(), class, entry.data.clone(), Some(entry.size));
                links::read(&leaf.read(self.budget).bytes, &layout, &mut self.links);
            }
            let container = matches!(class, Class::Archive(_) | Class::Unknown) && !closed;
            if container && !layout.inside(&entry.name) {
                let depth = depth.saturating_add(1);
                self.queue.push_back(Pending {
                    path,
                    logical,
                    size: entry.size,
                    data: entry.data,
                    depth,
                });
                continue;
            }
            let mut leaf = Leaf::at(self.place(&logical, &path), class, entry.data, Some(entry.size));
            leaf.task = shared.clone();
            self.leaves.push(leaf.in_partition(partition));
        }
        for (link, target) in std::mem::take(&mut listing.links) {
            self.links.push((layout.logical(&name::inert(&link)), target));
        }
        for remark in listing.notices {
            let place = match &remark.entry {
                Some(entry) => {
                    let path = if inner.is_empty() {
                        entry.to_string()
                    } else {
                        format!("{inner}/{entry}")
                    };
                    self.place(&layout.logical(&name::inert(entry)), &path)
                }
                None => place.clone(),
            };
            self.notices.push(Notice {
                place,
                gap: remark.gap,
                unread: remark.unread,
            });
        }
    }

    fn finish(mut self) -> Tree {
        self.leaves.sort_by_cached_key(|leaf| (leaf.place(), leaf.size));
        let mut seen = BTreeSet::new();
        for leaf in &mut self.leaves {
            let place = leaf.place();
            let mut logical = place.logical().to_string();
            let mut number = 1_u64;
            while !seen.insert(logical.clone()) {
                number = number.saturating_add(1);
                logical = format!("{}#{number}", place.logical());
            }
            if number > 1 {
                leaf.move_to(Place::new(&logical, place.physical()));
            }
        }
        self.links.sort();
        self.links.dedup();
        if self.size == 0 {
            self.size = self
                .leaves
                .iter()
                .fold(0, |sum, leaf| sum.saturating_add(leaf.size));
        }
        Tree {
            root: self.root,
            format: self.format.to_string(),
            size: self.size,
            leaves: self.leaves,
            links: self.links,
            notices: self.notices,
        }
    }
}

/// Whether this looks like text: UTF-8 without control characters but white space.
fn is_text(head: &[u8]) -> bool {
    let sound = match str::from_utf8(head) {
        Ok(_) => true,
        // A character may be cut at the end of the head.
        Err(e) => e.error_len().is_none(),
    };
    sound
        && !head.is_empty()
        && !head
            .iter()
            .any(|&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c))
}
