//! A package and everything nested in it.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::bytes::{Blob, Budget, Gap, Notice, Place, wide};

use super::super::leaf::{HEAD, Task};
use super::super::registry::{Format, Listing};
use super::super::{Class, Leaf, classify};
use super::{container, notices, package_kind, stem, tell_apart};

/// A package and what is in it.
#[derive(Debug, Clone)]
pub struct Package {
    /// Where it is.
    pub place: Place,
    /// `apk`, `jar`, `zip`, `tar`, `gzip`; a lone file is `file`.
    pub format: &'static str,
    /// Bytes of the package itself, decoded.
    pub size: u64,
    /// Its own bytes at random access (for signature blocks); empty when they could not be read.
    pub blob: Blob,
    /// Manifest, resource table, dex files in the order they are loaded, libraries, then the rest
    /// by name. Nested packages are packages of their own, not leaves.
    pub leaves: Vec<Leaf>,
    /// What could not be listed, and what is odd.
    pub notices: Vec<Notice>,
    /// Nested packages of the very same bytes as this one, elsewhere in the same unit.
    pub copies: Vec<Place>,
    /// Android would refuse it; it was read all the same.
    pub salvaged: bool,
}

/// Up to this size a package in a file is read at once: one call instead of two an entry.
const WHOLE: u64 = 16 << 20;
/// First bytes of an entry that tell its class; ext4's magic is at 1080.
const PEEK: usize = 1088;
/// Above this many compressed bytes an image, a sound or a font is looked at before it is left alone:
/// below, it hides nothing worth hiding.
const SUSPECT: u64 = 64 << 10;

/// Opens a package: itself first, then the packages nested in it, in order. A leaf that is no
/// container is a package of one leaf.
///
/// A leaf whose bytes turn out to be an archive only once they are read can be opened with
/// [`Leaf::plain`].
pub fn open_package(leaf: &Leaf, budget: &Budget) -> Vec<Package> {
    let task = leaf.task.clone().unwrap_or_default();
    let mut nest = Nest {
        budget,
        task,
        packages: Vec::new(),
        queue: VecDeque::new(),
        seen: FxHashMap::default(),
        held: 0,
        listed: 0,
    };
    nest.queue.push_back(Job {
        leaf: leaf.clone(),
        depth: 0,
        parent: None,
        around: None,
    });
    while let Some(job) = nest.queue.pop_front() {
        nest.open(job);
    }
    nest.packages
}

/// A package to open.
struct Job {
    leaf: Leaf,
    depth: u32,
    /// Index of the package that it is in.
    parent: Option<usize>,
    around: Option<Arc<Around>>,
}

/// The contents of the packages around one, by hash.
struct Around {
    hash: blake3::Hash,
    outer: Option<Arc<Self>>,
}

struct Nest<'a> {
    budget: &'a Budget,
    task: Arc<Task>,
    packages: Vec<Package>,
    queue: VecDeque<Job>,
    /// Content → index of the package that has it.
    seen: FxHashMap<blake3::Hash, usize>,
    /// Bytes of decoded packages, all in memory until the unit is done.
    held: u64,
    /// Entries of all packages of the unit.
    listed: u64,
}

impl Nest<'_> {
    fn open(&mut self, job: Job) {
        let place = job.leaf.place();
        // Nearly all are known by their first bytes; to decode more of the others is worth it.
        let mut head = vec![0; PEEK];
        let mut got = job.leaf.head(&mut head);
        if got == PEEK && container(job.leaf.path(), &head).is_none() {
            head.resize(HEAD, 0);
            got = job.leaf.head(&mut head);
        }
        let head = head.get(..got).unwrap_or_default();
        let Some(format) = container(job.leaf.path(), head) else {
            return self.lone(job, place, head);
        };
        if let Some(gap) = self.over(&job, format) {
            let unread = job.leaf.size;
            return self.note(job.parent, Notice { place, gap, unread });
        }
        let mut package = Package {
            place,
            format: format.name(),
            size: job.leaf.size,
            blob: Blob::from(Vec::new()),
            leaves: Vec::new(),
            notices: Vec::new(),
            copies: Vec::new(),
            salvaged: false,
        };
        let Some(blob) = self.random_access(&job.leaf, &mut package) else {
            return self.packages.push(package);
        };
        package.blob = blob;
        package.size = package.blob.len();
        // The outermost is in a file, and hashing would read all of it; a copy of it inside is found
        // one layer further in.
        let mut around = None;
        if let (Some(bytes), Some(parent)) = (package.blob.memory(), job.parent) {
            let hash = blake3::hash(&bytes);
            if contains(job.around.as_deref(), hash) {
                let gap = Gap::odd(format.name(), 0, "package that contains itself", job.depth.into());
                return self.note(
                    Some(parent),
                    Notice {
                        place: package.place,
                        gap,
                        unread: 0,
                    },
                );
            }
            if let Some(same) = self.seen.get(&hash).and_then(|i| self.packages.get_mut(*i)) {
                return same.copies.push(package.place);
            }
            self.seen.insert(hash, self.packages.len());
            around = Some(Arc::new(Around {
                hash,
                outer: job.around.clone(),
            }));
        }
        let mut listing = format.list(&package.blob, &stem(job.leaf.path()), self.budget);
        package.salvaged |= listing.salvaged;
        notices(&mut listing, &package.place, &mut package.notices);
        if listing.entries.is_empty() && listing.salvaged {
            // It only looks like a container.
            let class = match job.leaf.classify(head) {
                Class::Archive(_) => Class::Unknown,
                class => class,
            };
            let leaf = job.leaf.clone().classed(class);
            if let Some(parent) = job.parent.and_then(|i| self.packages.get_mut(i)) {
                parent.notices.append(&mut package.notices);
                return parent.leaves.push(leaf);
            }
            package.leaves.push(leaf);
            return self.packages.push(package);
        }
        if let Some(kind) = package_kind(format, &listing, job.leaf.path()) {
            package.format = kind;
        }
        self.fill(package, listing, &job, around.or(job.around.clone()));
    }

    /// Makes leaves of the entries and queues the packages among them.
    fn fill(&mut self, mut package: Package, mut listing: Listing, job: &Job, around: Option<Arc<Around>>) {
        tell_apart(&mut listing);
        self.listed = self.listed.saturating_add(wide(listing.entries.len()));
        let parent = self.packages.len();
        let mut nested = Vec::new();
        package.leaves.reserve_exact(listing.entries.len());
        for entry in listing.entries {
            let mut leaf = Leaf::inside(&package.place, entry.name, entry.size, entry.data, &self.task);
            peek(&mut leaf);
            if matches!(leaf.class, Class::Archive(_)) {
                nested.push(leaf);
            } else {
                package.leaves.push(leaf);
            }
        }
        package.leaves.sort_by_cached_key(rank);
        if let Some(number) = unloaded(&package.leaves) {
            let gap = Gap::odd(package.format, 0, "dex number after a missing one", number);
            package.notices.push(Notice {
                place: package.place.clone(),
                gap,
                unread: 0,
            });
        }
        self.packages.push(package);
        let depth = job.depth.saturating_add(1);
        for leaf in nested {
            self.queue.push_back(Job {
                leaf,
                depth,
                parent: Some(parent),
                around: around.clone(),
            });
        }
    }

    /// A file that is no container: of its parent, or a package of its own.
    fn lone(&mut self, job: Job, place: Place, head: &[u8]) {
        let class = job.leaf.classify(head);
        let leaf = job.leaf.classed(class);
        if let Some(parent) = job.parent.and_then(|i| self.packages.get_mut(i)) {
            return parent.leaves.push(leaf);
        }
        let (size, blob) = (leaf.size, leaf.blob().unwrap_or_else(|| Blob::from(Vec::new())));
        let (notices, copies) = (Vec::new(), Vec::new());
        let leaves = vec![leaf];
        self.packages.push(Package {
            place,
            format: "file",
            size,
            blob,
            leaves,
            notices,
            copies,
            salvaged: false,
        });
    }

    fn over(&self, job: &Job, format: &dyn Format) -> Option<Gap> {
        let limits = &self.budget.limits;
        let nested = wide(self.packages.len());
        let rows = [
            (
                "packages in packages",
                u64::from(job.depth),
                u64::from(limits.depth),
                "--max-depth",
            ),
            ("nested packages", nested, limits.nested, "--max-nested"),
            ("entries", self.listed, limits.listed, "--max-entries-per-file"),
            ("packages in memory", self.held, limits.item, "--max-item"),
        ];
        let row = rows.into_iter().find(|row| row.1 > row.2)?;
        Some(Gap::over(format.name(), 0, row.0, row.1, row.2, row.3))
    }

    /// The package's bytes, decoded into memory where they are compressed.
    fn random_access(&mut self, leaf: &Leaf, package: &mut Package) -> Option<Blob> {
        let blob = leaf.blob();
        if let Some(blob) = &blob
            && (blob.len() > WHOLE || blob.memory().is_some())
        {
            return match blob.hold() {
                Ok(blob) => Some(blob),
                Err(_) => {
                    let gap = Gap {
                        format: "file",
                        at: 0,
                        what: "file".into(),
                        kind: crate::bytes::Kind::Io,
                    };
                    package.notices.push(Notice {
                        place: package.place.clone(),
                        gap,
                        unread: leaf.size,
                    });
                    None
                }
            };
        }
        let read = leaf.read(self.budget);
        let mut unread = read.unread;
        let failed = read.bytes.is_empty() && read.gaps.iter().any(Gap::is_loss);
        package.salvaged |= read.salvaged;
        for gap in read.gaps {
            package.notices.push(Notice {
                place: package.place.clone(),
                gap,
                unread,
            });
            unread = 0;
        }
        self.held = self.held.saturating_add(wide(read.bytes.len()));
        (!failed).then(|| Blob::from(read.bytes))
    }

    fn note(&mut self, parent: Option<usize>, notice: Notice) {
        if let Some(package) = parent.and_then(|i| self.packages.get_mut(i)) {
            package.notices.push(notice);
        }
    }
}

/// Looks at the first bytes where the name says too little, where it often lies (plug-ins are called
/// `.so` and `.xml` and kept in `assets/`), or where looking costs nothing.
fn peek(leaf: &mut Leaf) {
    let resource = leaf
        .path()
        .strip_prefix("res/")
        .is_some_and(|path| !path.starts_with("raw"));
    let look = match leaf.class {
        Class::Manifest | Class::Arsc | Class::Dex | Class::Media("digest") => false,
        Class::Media(_) => leaf.is_at_hand() || leaf.packed() > SUSPECT,
        Class::Unknown | Class::Archive(_) => true,
        _ => !resource,
    };
    if !look || leaf.size == 0 && leaf.packed() == 0 {
        return;
    }
    let mut head = [0; PEEK];
    let got = leaf.head(&mut head);
    let class = classify(leaf.path(), head.get(..got).unwrap_or_default());
    // An archive by its name may have lost its head: the attempt to list it decides.
    if !matches!(leaf.class, Class::Archive(_)) || matches!(class, Class::Archive(_)) {
        leaf.class = class;
    }
}

/// Order within a package: what other leaves need first, code in the order that it is loaded.
fn rank(leaf: &Leaf) -> (u8, u64, String) {
    let path = leaf.path();
    let (group, number) = match leaf.class {
        Class::Manifest if path == "AndroidManifest.xml" => (0, 0),
        Class::Arsc if path == "resources.arsc" => (1, 0),
        Class::Dex => dex_number(path).map_or((3, 0), |number| (2, number)),
        Class::Elf => (4, 0),
        _ => (5, 0),
    };
    (group, number, path.to_string())
}

/// 1 for `classes.dex`, N for `classesN.dex`.
fn dex_number(path: &str) -> Option<u64> {
    match path.strip_prefix("classes")?.strip_suffix(".dex")? {
        "" => Some(1),
        number => number.parse().ok().filter(|n| *n > 1),
    }
}

/// The first numbered dex that Android does not load since the one before it is missing.
fn unloaded(leaves: &[Leaf]) -> Option<u64> {
    let mut numbers = leaves
        .iter()
        .filter_map(|leaf| dex_number(leaf.path()))
        .peekable();
    let mut expected = *numbers.peek()?;
    numbers.find(|number| {
        let loaded = *number == expected;
        expected = number.saturating_add(1);
        !loaded
    })
}

fn contains(mut around: Option<&Around>, hash: blake3::Hash) -> bool {
    while let Some(this) = around {
        if this.hash == hash {
            return true;
        }
        around = this.outer.as_deref();
    }
    false
}
