//! The outer layers: from the input down to files, APKs and jars, which stay closed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::{fmt, fs, io};

use crate::bytes::{Blob, Budget, Gap, Notice, Place};

use super::super::image::avb;
use super::super::layout::Layout;
use super::super::leaf::{Data, HEAD, Task};
use super::super::parts;
use super::super::registry::{Entry, Format, Holds, Listing};
use super::super::serial::Packing;
use super::super::{Class, Leaf, classify, folder, links, name};
use super::context::{self, Context, Peers};
use super::{APEX, container, ending, notices, package_kind, stem, tell_apart};

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
    /// Some of it has to be decoded in units that hold more than one file: it should be read in the order
    /// of the input.
    pub layered: bool,
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
    Ok(Outer::walk(path, budget, None)?.finish())
}

/// The images of partitions in an input, by the names that they have without slot and ending.
#[derive(Debug, Clone, Default)]
pub struct Images {
    /// All that were found. Of several with one name, the first that holds anything.
    pub all: BTreeMap<Box<str>, Blob>,
    /// What packages say that their SHA-256 is.
    pub sums: BTreeMap<Box<str>, [u8; 32]>,
}

/// The images of partitions in an input. Nothing of what is in them is looked at.
pub fn images(path: &Path, budget: &Budget) -> Result<Images, OpenError> {
    let outer = Outer::walk(path, budget, Some(Images::default()))?;
    Ok(outer.images.unwrap_or_default())
}

/// What is said of a file that nobody knows.
const UNKNOWN: &str = "unknown format";

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

impl Pending {
    /// Whether it is the image of a partition, and not something that such images are in.
    fn is_image(&self, format: Option<&'static dyn Format>) -> bool {
        let volume = self.context.partition.is_some();
        match format.map(Format::holds) {
            Some(Holds::Partition | Holds::Parts) => true,
            Some(Holds::Volumes) => false,
            // A partition may begin like a stream, where its name does not say that it is one.
            Some(Holds::Stream) => volume && ending(&self.path) == "img",
            Some(Holds::Files | Holds::Ramdisk) => volume,
            // Firmware, where nothing has to be decoded for it.
            None => volume || ending(&self.path) == "img" && self.data.blob().is_some(),
        }
    }
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
        let peers = |name: &str| file.context.peers.as_ref().and_then(|peers| peers.get(name));
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
            Holds::Files if is_apex(&listing) => self.apex(listing, inner, &file),
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

    /// Takes the image of a partition.
    fn image(&mut self, leaf: &Leaf, place: &Place, file: &Pending) {
        let partition = file.context.partition(&file.path);
        let known = |images: &Images| images.all.contains_key(&*partition);
        if self.images.as_ref().is_some_and(known) {
            return;
        }
        let blob = self.random_access(leaf, place).filter(|blob| !blob.is_empty());
        if let (Some(images), Some(blob)) = (&mut self.images, blob) {
            images.all.insert(partition.into(), blob);
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
            self.queue.push_back(Pending {
                logical: path.clone(),
                path,
                size: entry.size,
                data: entry.data,
                depth: file.depth.saturating_add(1),
                context: context(&entry.name),
            });
        }
        self.remarks(listing, inner, |name| below(inner, name));
    }

    /// Takes the files of a partition. Packages stay closed, APEX files are opened.
    fn partition(&mut self, mut listing: Listing, inner: &str, file: &Pending, blob: &Blob) {
        tell_apart(&mut listing);
        let partition = file.context.partition(&file.path);
        self.footer(
            blob,
            inner,
            &Context {
                partition: Some(partition.as_str().into()),
                ..Context::default()
            },
        );
        let prefix = format!("{partition}/{}", file.context.prefix);
        let full = |name: &str| format!("{prefix}{}", name::inert(name));
        let paths: Vec<String> = listing.entries.iter().map(|entry| full(&entry.name)).collect();
        let layout = Layout::partition(&partition, paths.iter().map(String::as_str));
        for (entry, path) in std::mem::take(&mut listing.entries).into_iter().zip(&paths) {
            let (length, logical) = layout.split(path);
            let class = classify(&entry.name, &[]);
            if matches!(class, Class::Archive(_)) && APEX.contains(&ending(&entry.name).as_str()) {
                self.queue.push_back(Pending {
                    path: below(inner, &entry.name),
                    logical,
                    size: entry.size,
                    data: entry.data,
                    depth: file.depth.saturating_add(1),
                    context: Context::default(),
                });
                continue;
            }
            let place = self.place(&logical, &below(inner, &entry.name));
            let leaf = Leaf::at(place, class, entry.data, Some(entry.size));
            self.leaves.push(leaf.in_partition(length));
        }
        for (link, target) in std::mem::take(&mut listing.links) {
            self.links.push((layout.logical(&full(&link)), target));
        }
        self.remarks(listing, inner, |name| layout.logical(&full(name)));
    }

    /// The image in an APEX file, whose files the device mounts below `/apex` under its name; and what
    /// describes it.
    fn apex(&mut self, mut listing: Listing, inner: &str, file: &Pending) {
        tell_apart(&mut listing);
        let name = match &*file.context.prefix {
            "" => stem_of(&file.path),
            prefix => prefix.trim_end_matches('/').to_string(),
        };
        let context = Context {
            partition: Some("apex".into()),
            prefix: format!("{name}/").into(),
            peers: None,
        };
        for entry in std::mem::take(&mut listing.entries) {
            let path = below(inner, &entry.name);
            if is_payload(&entry) {
                self.queue.push_back(Pending {
                    logical: path.clone(),
                    path,
                    size: entry.size,
                    data: entry.data,
                    depth: file.depth.saturating_add(1),
                    context: context.clone(),
                });
                continue;
            }
            let place = self.place(&format!("{}!{}", file.logical, entry.name), &path);
            let class = classify(&entry.name, &[]);
            self.leaves
                .push(Leaf::at(place, class, entry.data, Some(entry.size)));
        }
        self.remarks(listing, inner, |name| format!("{}!{name}", file.logical));
    }

    /// What verified boot says of an image at its end: the fingerprint of its build and others.
    fn footer(&mut self, blob: &Blob, inner: &str, context: &Context) {
        let Some((vbmeta, _)) = avb::footer(blob) else {
            return;
        };
        let partition = context.partition(inner);
        let text = vbmeta.text();
        if text.is_empty() {
            return;
        }
        let place = self.place(
            &format!("{partition}:avb.properties"),
            &below(inner, "avb.properties"),
        );
        let leaf = Leaf::plain(place, Class::Props, text);
        self.leaves
            .push(leaf.in_partition(partition.len().saturating_add(1)));
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

    /// Whether the last that was told is that this place was not read.
    fn is_told(&self, place: &Place) -> bool {
        let mut last = self
            .notices
            .iter()
            .rev()
            .take_while(|notice| notice.place == *place);
        last.any(|notice| notice.gap.is_loss() && notice.unread > 0)
    }

    /// Takes a file that is no container.
    fn keep(&mut self, leaf: Leaf, path: &str, head: &[u8], inner: &str) {
        let mut class = classify(path, head);
        // A stream is by its name alone what turned out not to be one.
        let is_stream = |format: &dyn Format| format.holds() == Holds::Stream;
        if matches!(class, Class::Archive(_)) && container(path, head).is_some_and(is_stream) {
            class = Class::Unknown;
        }
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
            // Not where the format that it claims to be has told why it is not, and counted its bytes.
            Class::Unknown if !head.is_empty() && !self.is_told(&leaf.place()) => {
                Some(Gap::unsupported("file", 0, UNKNOWN, first.into()))
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
        parts::join(&mut listing, self.budget);
        tell_apart(&mut listing);
        let layout = Layout::of(
            self.root.logical(),
            listing.entries.iter().map(|entry| &*entry.name),
        );
        let place = self.place(inner, inner);
        // Entries that share bytes decode to more than the archive holds: bound their sum.
        let shared = listing.overlaps.then(Arc::<Task>::default);
        let is_container = |entry: &Entry, class| {
            let name = &entry.name;
            let closed = name.ends_with(".apk") || name.ends_with(".jar");
            matches!(class, Class::Archive(_) | Class::Unknown) && !closed && !layout.inside(name)
        };
        let all = listing
            .entries
            .iter()
            .filter(|entry| is_container(entry, classify(&entry.name, &[])))
            .map(|entry| (entry.name.clone(), below(inner, &entry.name), entry.data.clone()));
        let peers = Peers::new(all.collect(), &self.taken);
        for entry in std::mem::take(&mut listing.entries) {
            let name = name::inert(&entry.name);
            let (partition, logical) = layout.split(&name);
            let path = below(inner, &entry.name);
            let class = classify(&entry.name, &[]);
            if links::is_script(&entry.name) {
                let leaf = Leaf::at(place.clone(), class, entry.data.clone(), Some(entry.size));
                links::read(&leaf.read(self.budget).bytes, &layout, &mut self.links);
            }
            if is_container(&entry, class) {
                self.queue.push_back(Pending {
                    path,
                    logical,
                    size: entry.size,
                    data: entry.data,
                    depth: depth.saturating_add(1),
                    context: Context {
                        peers: Some(Rc::clone(&peers)),
                        ..Context::default()
                    },
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
        self.remarks(listing, inner, |entry| layout.logical(&name::inert(entry)));
    }

    /// Leaves out the images that are parts of others.
    fn drop_taken(&mut self) {
        let root = format!("{}/", self.root.physical());
        let taken = self.taken.take();
        let is_taken = |place: &Place| {
            let path = place.physical().strip_prefix(&root);
            path.is_some_and(|path| taken.contains(path))
        };
        self.leaves
            .retain(|leaf| leaf.class != Class::Unknown || !is_taken(&leaf.place()));
        self.notices
            .retain(|notice| notice.gap.what != UNKNOWN || !is_taken(&notice.place));
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

/// Whether a zip is an APEX file, or one that is compressed.
fn is_apex(listing: &Listing) -> bool {
    listing.entries.iter().any(is_payload)
}

fn is_payload(entry: &Entry) -> bool {
    matches!(&*entry.name, "apex_payload.img" | "original_apex")
}

/// The name under which the device mounts an APEX file: `com.android.vndk.v30@1.apex` is
/// `com.android.vndk.v30`.
fn stem_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.rsplit_once('.').map_or(name, |(name, _)| name);
    context::partition(name.split('@').next().unwrap_or(name))
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
