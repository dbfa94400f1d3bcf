//! A file somewhere in the layers, whose bytes are read when they are asked for.

mod data;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bytes::{Blob, Budget, Bytes, Gap, Place, wide};

use super::{Class, classify, zip};
use data::plain;

pub(super) use data::{Data, Opened};

/// A file of the tree: cheap to clone, nothing is read until [`Leaf::read`].
#[derive(Debug, Clone)]
pub struct Leaf {
    /// Bytes once decoded, as the container claims: a hint, not a bound.
    pub size: u64,
    /// What it is by its name, and by its first bytes where those were at hand.
    pub class: Class,
    site: Site,
    pub(super) data: Data,
    pub(super) task: Option<Arc<Task>>,
}

/// Where a leaf is. The names of packages around it are shared by all leaves in them.
#[derive(Debug, Clone)]
enum Site {
    /// In the tree, with the length of its partition's name and the colon; 0 where it is in none.
    At(Place, usize),
    Inside(Place, Box<str>),
}

/// Bytes decoded for one outermost item, counted over everything nested in it.
#[derive(Debug, Default)]
pub(super) struct Task {
    decoded: AtomicU64,
}

/// What reading a leaf gave.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// The bytes, or the sound prefix of them.
    pub bytes: Bytes,
    /// What was lost or odd on the way, in order. Offsets are those of the container.
    pub gaps: Vec<Gap>,
    /// Bytes that are missing, as far as the container's claim can be believed.
    pub unread: u64,
    /// Android would not load it: tag what is found in it.
    pub salvaged: bool,
}

impl Leaf {
    /// A leaf with these bytes: for a part of a file that is a file of its own.
    pub fn plain(place: Place, class: Class, data: impl Into<Blob>) -> Self {
        Self::at(place, class, Data::Plain(data.into()), None)
    }

    pub(super) fn at(place: Place, class: Class, data: Data, size: Option<u64>) -> Self {
        let size = size.unwrap_or(match &data {
            Data::Plain(blob) => blob.len(),
            Data::Stream(stream) => stream.packed(),
            Data::Zip(..) => 0,
        });
        Self {
            size,
            class,
            site: Site::At(place, 0),
            data,
            task: None,
        }
    }

    pub(super) fn inside(package: &Place, name: Box<str>, size: u64, data: Data, task: &Arc<Task>) -> Self {
        let class = classify(&name, &[]);
        let site = Site::Inside(package.clone(), name);
        Self {
            size,
            class,
            site,
            data,
            task: Some(Arc::clone(task)),
        }
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        match &self.site {
            Site::At(place, _) => place.clone(),
            Site::Inside(package, name) => package.inside(name),
        }
    }

    /// The path within its innermost package, `res/xml/prefs.xml`, or within its partition,
    /// `app/Mms.apk`.
    pub fn path(&self) -> &str {
        match &self.site {
            Site::At(place, partition) => place.logical().get(*partition..).unwrap_or_default(),
            Site::Inside(_, name) => name,
        }
    }

    /// The partition that it is in, `system`; empty where there is none, and inside of packages.
    pub fn partition(&self) -> &str {
        match &self.site {
            Site::At(place, partition) => place
                .logical()
                .get(..partition.saturating_sub(1))
                .unwrap_or_default(),
            Site::Inside(..) => "",
        }
    }

    /// The file name: the last part of its path.
    pub fn name(&self) -> &str {
        let path = self.path();
        path.rsplit_once('/').map_or(path, |(_, name)| name)
    }

    /// What it is by these bytes, its own.
    pub fn classify(&self, bytes: &[u8]) -> Class {
        classify(self.path(), bytes.get(..HEAD).unwrap_or(bytes))
    }

    /// Reads it, decompressed. What is wrong is in the gaps; what was sound is in the bytes.
    pub fn read(&self, budget: &Budget) -> Read {
        if let Some(gap) = self.task.as_ref().and_then(|task| task.spent(budget)) {
            return Read {
                gaps: vec![gap],
                unread: self.size,
                ..Read::default()
            };
        }
        let read = match &self.data {
            Data::Plain(blob) => plain(blob, budget),
            Data::Zip(archive, number) => zip::read(archive, *number, budget),
            Data::Stream(stream) => stream.read(budget),
        };
        if let Some(task) = &self.task {
            task.decoded.fetch_add(wide(read.bytes.len()), Ordering::Relaxed);
        }
        read
    }

    /// The first bytes into `out`, without decoding the rest; how many.
    pub(super) fn head(&self, out: &mut [u8]) -> usize {
        self.data.head(out)
    }

    /// Why not even its first byte can be read.
    pub(super) fn broken(&self) -> Option<Gap> {
        let Data::Plain(blob) = &self.data else {
            return None;
        };
        let error = blob.read_at(0, &mut [0]).err()?;
        Some(Gap::of(error, "file", 0))
    }

    /// Hands out its bytes in order, in pieces and however many they are, and says what is wrong with
    /// them. An error is one of `to`.
    pub fn copy(
        &self,
        budget: &Budget,
        mut to: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> std::io::Result<Vec<Gap>> {
        let (mut serial, mut gaps) = match self.data.serial(budget) {
            Ok(opened) => opened,
            Err(gap) => return Ok(vec![gap]),
        };
        let mut buf = vec![0; COPY];
        loop {
            match serial.next(&mut buf) {
                Ok(0) => return Ok(gaps),
                Ok(got) => to(buf.get(..got).unwrap_or_default())?,
                Err(gap) => {
                    gaps.push(gap);
                    return Ok(gaps);
                }
            }
        }
    }

    /// Compressed bytes, where it is compressed and that is known.
    pub(super) fn packed(&self) -> u64 {
        match &self.data {
            Data::Plain(_) => 0,
            Data::Zip(archive, number) => archive.packed(*number),
            Data::Stream(stream) => stream.packed(),
        }
    }

    /// Bytes that are missing where `got` could be had, as far as its container can be believed.
    pub(super) fn missing(&self, got: u64) -> u64 {
        let size = match &self.data {
            Data::Stream(stream) => stream.claim().unwrap_or(0),
            _ => self.size,
        };
        if size > 1 << 40 {
            0
        } else {
            size.saturating_sub(got)
        }
    }

    /// Whether its first bytes are in memory, not compressed.
    pub(super) fn is_at_hand(&self) -> bool {
        match &self.data {
            Data::Plain(blob) => blob.memory().is_some(),
            Data::Zip(archive, number) => archive.is_at_hand(*number),
            Data::Stream(_) => false,
        }
    }

    /// Where its first byte is in the input, see [`Blob::origin`].
    pub fn origin(&self) -> u64 {
        match &self.data {
            Data::Plain(blob) => blob.origin(),
            Data::Stream(stream) => stream.origin(),
            Data::Zip(archive, number) => archive.origin(*number),
        }
    }

    /// Reads it now and keeps its bytes, packed, for later: for a leaf whose turn comes when the layers
    /// below it have moved on. What cannot be read now, or is too large to keep, is left as it is.
    pub(super) fn keep(&mut self, budget: &Budget) {
        let Data::Plain(blob) = &self.data else { return };
        let len = blob.len();
        if len == 0 || len > budget.prefix() || blob.memory().is_some() {
            return;
        }
        let mut at = 0_u64;
        let stored = budget.spill.store("file", |buf| {
            let got = blob.read_at(at, buf).map_err(|e| Gap::of(e, "file", at))?;
            at = at.saturating_add(wide(got));
            Ok(got)
        });
        if stored.gap.is_none() && stored.blob.len() == len {
            self.data = Data::Plain(stored.blob);
        }
    }

    /// The same leaf, known better.
    pub(super) fn classed(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    pub(super) fn move_to(&mut self, place: Place) {
        let partition = match self.site {
            Site::At(_, partition) => partition,
            Site::Inside(..) => 0,
        };
        self.site = Site::At(place, partition);
    }

    /// The same leaf, in a partition whose name and colon take so many bytes of its logical name.
    pub(super) fn in_partition(mut self, len: usize) -> Self {
        if let Site::At(_, partition) = &mut self.site {
            *partition = len;
        }
        self
    }

    /// Its bytes at random access, where they need no decoding.
    pub(super) fn blob(&self) -> Option<Blob> {
        self.data.blob()
    }
}
/// Bytes that are copied at once.
const COPY: usize = 256 << 10;

/// First bytes that every format is known by: ext4's magic is at 1080, the super partition's at 8192.
pub(super) const HEAD: usize = 8192 + 4;

impl Task {
    fn spent(&self, budget: &Budget) -> Option<Gap> {
        let (got, limit) = (self.decoded.load(Ordering::Relaxed), budget.limits.task);
        (got >= limit).then(|| Gap::over("unpack", 0, "bytes decoded", got, limit, "--max-decoded"))
    }
}
