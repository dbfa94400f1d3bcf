//! The outer layers: from the input down to files, APKs and jars, which stay closed.

mod files;
mod images;
mod partition;
mod tree;

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;
use std::{fs, io};

use crate::bytes::{Blob, Budget, Gap, Notice, Place};

use super::super::leaf::{Data, HEAD};
use super::super::registry::{Entry, Format, Holds, Listing};
use super::super::serial::Packing;
use super::super::{Class, Leaf, classify, folder, links, name};
use super::context::{self, Context, Peers};
use super::{container, notices, package_kind, stem, tell_apart};

pub use images::{Images, images};
pub use tree::{OpenError, Tree};

/// Lists an input's outer layers. APKs and jars stay closed; a single file is a tree of one leaf.
pub fn walk(path: &Path, budget: &Budget) -> Result<Tree, OpenError> {
    Ok(Outer::walk(path, budget, None)?.finish())
}

/// Parts of boot images that hold nothing of Android's: counted under these classes, not read.
const INERT: [(&str, &str); 5] = [
    ("kernel", "kernel"),
    ("dtb", "device-tree"),
    ("dt", "device-tree"),
    ("recovery_dtbo", "device-tree"),
    ("second", "bootloader"),
];

/// A file of the outer layers that may be a container.
struct Pending {
    /// Path from the root through all layers.
    path: String,
    /// Name within its container.
    logical: String,
    size: u64,
    data: Data,
    depth: u32,
    context: Context,
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
    /// Bytes of links that scripts may still make.
    link_room: usize,
    notices: Vec<Notice>,
    /// Bytes of the input, and those that came out of what is compressed in it.
    input: u64,
    decoded: u64,
    /// Containers opened inside of others.
    inner: u64,
    /// Paths of images that another one has taken as a part of itself.
    taken: Rc<RefCell<BTreeSet<String>>>,
    /// Where only the images of partitions are wanted: those that were found.
    images: Option<Images>,
}

impl<'a> Outer<'a> {
    fn walk(path: &Path, budget: &'a Budget, images: Option<Images>) -> Result<Self, OpenError> {
        let open = |source| OpenError {
            what: "cannot open",
            source,
        };
        let meta = fs::metadata(path).map_err(open)?;
        let whole = fs::canonicalize(path).map_err(open)?;
        let name = name::text(whole.file_name().unwrap_or_default().as_bytes());
        let mut outer = Self::new(Place::root(&name), budget);
        outer.images = images;
        if meta.is_dir() {
            outer.format = "folder";
            let listing = folder::list(path, budget);
            let sizes = listing.entries.iter().map(|entry| entry.size);
            outer.input = sizes.fold(0, u64::saturating_add);
            outer.add(listing, "", 0);
        } else if meta.is_file() {
            let blob = Blob::open(path).map_err(open)?;
            outer.size = blob.len();
            outer.input = blob.len();
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
        Ok(outer)
    }

    fn new(root: Place, budget: &'a Budget) -> Self {
        Self {
            root,
            budget,
            format: "",
            size: 0,
            queue: VecDeque::new(),
            leaves: Vec::new(),
            links: Vec::new(),
            link_room: links::ROOM,
            notices: Vec::new(),
            input: 0,
            decoded: 0,
            inner: 0,
            taken: Rc::default(),
            images: None,
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
            context: Context::default(),
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
        if got == 0
            && let Some(gap) = leaf.broken()
        {
            if self.images.is_some() && file.is_image(None) {
                // Whoever reads it is told why.
                return self.image(&leaf, &place, &file);
            }
            self.note(&place, gap, file.size);
            return self.leaves.push(leaf);
        }
        let format = container(&file.path, &head);
        if self.images.is_some() && file.is_image(format) {
            return self.image(&leaf, &place, &file);
        }
        let Some(format) = format else {
            return self.keep(leaf, &file.path, &head, inner);
        };
        if inner.is_empty() {
            self.format = format.name();
        }
        if let Some(gap) = self.over(&file, format) {
            let unread = file.size;
            return self.notices.push(Notice { place, gap, unread });
        }
        let Some(blob) = self.random_access(&leaf, &place) else {
            return;
        };
        let peers = |name: &str| {
            file.context
                .peers
                .as_ref()
                .and_then(|peers| peers.get(name, self.budget))
        };
        let mut listing = format.list_with(&blob, &stem(&file.path), &peers, self.budget);
        if listing.entries.is_empty() && listing.salvaged {
            // Nothing in it: a file that only looks like a container. Whoever opens it again as a
            // package finds the same remarks.
            if !matches!(classify(&file.path, &head), Class::Archive(_)) || format.holds() != Holds::Files {
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
        match format.holds() {
            Holds::Files if partition::is_apex(&listing) => self.apex(listing, inner, &file),
            Holds::Files | Holds::Ramdisk if file.context.partition.is_some() => {
                self.partition(listing, inner, &file, &blob);
            }
            Holds::Files | Holds::Ramdisk => self.add(listing, inner, file.depth),
            Holds::Stream => self.images(listing, inner, &file, format.holds(), |_| file.context.clone()),
            Holds::Volumes => {
                if let Some(images) = &mut self.images {
                    for (name, sum) in std::mem::take(&mut listing.sums) {
                        let name = context::partition(&name).into();
                        images.sums.entry(name).or_insert(sum);
                    }
                }
                let all = listing
                    .entries
                    .iter()
                    .map(|entry| (entry.name.clone(), below(inner, &entry.name), entry.data.clone()));
                let peers = Peers::new(all.collect(), &self.taken);
                self.images(listing, inner, &file, format.holds(), |name| {
                    Context::image(&peers, name)
                });
            }
            Holds::Parts => {
                let context = Context {
                    partition: Some(file.context.partition(&file.path).into()),
                    ..Context::default()
                };
                self.footer(&blob, inner, &context);
                self.images(listing, inner, &file, format.holds(), |_| context.clone());
            }
            Holds::Partition => self.partition(listing, inner, &file, &blob),
        }
    }

    fn over(&mut self, file: &Pending, format: &dyn Format) -> Option<Gap> {
        let limits = &self.budget.limits;
        if file.depth > 1 {
            self.inner = self.inner.saturating_add(1);
        }
        let rows = [
            (
                "containers in containers",
                u64::from(file.depth),
                u64::from(limits.depth),
                "--max-depth",
            ),
            ("nested containers", self.inner, limits.nested, "--max-nested"),
        ];
        let (what, got, limit, option) = rows.into_iter().find(|(_, got, limit, _)| got > limit)?;
        Some(Gap::over(format.name(), 0, what, got, limit, option))
    }

    /// Queues the images in a container.
    fn images(
        &mut self,
        mut listing: Listing,
        inner: &str,
        file: &Pending,
        holds: Holds,
        context: impl Fn(&str) -> Context,
    ) {
        tell_apart(&mut listing);
        for entry in std::mem::take(&mut listing.entries) {
            let path = below(inner, &entry.name);
            let inert = INERT.iter().find(|(name, _)| **name == *entry.name);
            if let Some((_, class)) = inert.filter(|_| holds == Holds::Parts) {
                let place = self.place(&path, &path);
                let leaf = Leaf::at(place, Class::Media(class), entry.data, Some(entry.size));
                self.leaves.push(leaf);
                continue;
            }
            let context = context(&entry.name);
            self.descend(path, entry, file, context);
        }
        self.remarks(listing, inner, |name| below(inner, name));
    }

    /// Looks at an entry of `file` later, by the path that it has as a layer.
    fn descend(&mut self, path: String, entry: Entry, file: &Pending, context: Context) {
        self.queue.push_back(Pending {
            logical: path.clone(),
            path,
            size: entry.size,
            data: entry.data,
            depth: file.depth.saturating_add(1),
            context,
        });
    }

    fn remarks(&mut self, listing: Listing, inner: &str, logical: impl Fn(&str) -> String) {
        let own = self.place(inner, inner);
        for remark in listing.notices {
            let place = match &remark.entry {
                Some(entry) => self.place(&logical(entry), &below(inner, entry)),
                None => own.clone(),
            };
            self.notices.push(Notice {
                place,
                gap: remark.gap,
                unread: remark.unread,
            });
        }
    }

    /// The bytes of a container; where they can only be decoded from their start, that is done here.
    fn random_access(&mut self, leaf: &Leaf, place: &Place) -> Option<Blob> {
        if let Some(blob) = leaf.blob() {
            return blob.hold().ok();
        }
        let opened = leaf
            .data
            .random_access("file", Packing::Plain, u64::MAX, self.budget);
        let got = opened.blob.len();
        for gap in opened.gaps {
            self.note(place, gap, 0);
        }
        if let Some(gap) = opened.cut {
            self.note(place, gap, leaf.missing(got));
        }
        // Of all that is in the input: each alone is too small to be asked.
        self.decoded = self.decoded.saturating_add(got);
        if let Err(gap) = self.budget.ratio("unpack", 0, self.input, self.decoded) {
            self.note(place, gap, got);
            return None;
        }
        Some(opened.blob)
    }

    fn note(&mut self, place: &Place, gap: Gap, unread: u64) {
        self.notices.push(Notice {
            place: place.clone(),
            gap,
            unread,
        });
    }

    fn finish(mut self) -> Tree {
        self.drop_taken();
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
            layered: self.budget.cache.is_used(),
        }
    }
}

/// A path in the container at `inner`, which is empty for the root.
fn below(inner: &str, name: &str) -> String {
    if inner.is_empty() {
        name.to_string()
    } else {
        format!("{inner}/{name}")
    }
}
