//! An image and what its inodes need of it: metadata, devices, the metabox and the fragments.

use std::sync::Arc;

use crate::bytes::{Blob, Budget, Bytes, Cache, Extents, Fill, Gap, wide};
use crate::unpack::registry::Peers;

use super::cluster::Units;
use super::file::File;
use super::inode::{self, Inode, Layout};
use super::{NAME, Superblock};

/// Metadata is read in windows of this many bytes: images of old tools have inodes all over. Whatever is
/// read at once is aligned to its length, so that it lies in one window.
const WINDOW: u64 = 4096;
/// Ours: bytes of the metabox. Each inode takes at least 32.
const METABOX: u64 = 4 << 30;

/// The devices of an image, and the caches of what was read of them.
pub(super) struct Disk {
    pub(super) sb: Superblock,
    image: Blob,
    devices: Vec<Device>,
    pub(super) cache: Arc<Cache>,
    pub(super) units: Units,
}

/// A device beside the first.
struct Device {
    /// First byte among those of all devices; 0 where it is only reached by its number.
    start: u64,
    /// Bytes.
    len: u64,
    /// Where its bytes are.
    backing: Backing,
}

enum Backing {
    /// An image of its own.
    Own(Blob),
    /// In the first device, behind what that has itself.
    First,
    /// Nowhere.
    Missing,
}

impl Disk {
    /// Looks for the other devices among the images of the same set.
    pub(super) fn new(
        sb: Superblock,
        image: &Blob,
        stem: &str,
        peers: Peers<'_>,
        budget: &Budget,
        odd: &mut Vec<Gap>,
    ) -> Self {
        let mut found: Vec<Option<Blob>> = Vec::new();
        for (number, slot) in (1_u16..).zip(&sb.devices) {
            let tag = str::from_utf8(&slot.tag).unwrap_or_default();
            let tag = tag.rsplit('/').next().unwrap_or(tag);
            let short = tag.rsplit_once('.').map_or(tag, |(short, _)| short);
            let names = [tag.into(), short.into(), format!("{stem}_{number}")];
            found.push(
                names
                    .iter()
                    .filter(|name| !name.is_empty())
                    .find_map(|name| peers(name)),
            );
        }
        // All devices are given, or all are one after another in the first, as the kernel mounts them.
        let flat = found.iter().all(Option::is_none);
        let mut devices = Vec::new();
        for ((number, slot), own) in (1_u64..).zip(&sb.devices).zip(found) {
            let (start, len) = (sb.block.at(slot.start), sb.block.at(slot.blocks));
            let backing = match own {
                Some(own) => Backing::Own(own),
                None if flat && start > 0 && image.len() >= start.saturating_add(len) => Backing::First,
                None => {
                    odd.push(missing(number));
                    Backing::Missing
                }
            };
            devices.push(Device { start, len, backing });
        }
        Self {
            units: Units::new(image.len(), budget),
            cache: Arc::clone(&budget.cache),
            image: image.clone(),
            devices,
            sb,
        }
    }

    /// The bytes of device `number` from byte `at` on, cut to what is there.
    pub(super) fn blob(&self, number: u16, at: u64, len: u64) -> Result<Blob, Gap> {
        let part = |blob: &Blob, at: u64| blob.slice(at..at.saturating_add(len));
        if let Some(index) = number.checked_sub(1) {
            let device = self.devices.get(usize::from(index));
            return match device.map(|device| (&device.backing, device.start)) {
                Some((Backing::Own(own), _)) => Ok(part(own, at)),
                Some((Backing::First, start)) => Ok(part(&self.image, start.saturating_add(at))),
                Some((Backing::Missing, _)) => Err(missing(number.into())),
                None => Err(Gap::invalid(NAME, at, "device_id", number.into())),
            };
        }
        // A place among the bytes of all devices.
        let there = |device: &&Device| {
            let end = device.start.saturating_add(device.len);
            device.start > 0 && (device.start..end).contains(&at)
        };
        let device = self.devices.iter().find(there);
        match device.map(|device| (&device.backing, device.start)) {
            Some((Backing::Own(own), start)) => Ok(part(own, at.saturating_sub(start))),
            Some((Backing::Missing, _)) => Err(missing(0)),
            Some((Backing::First, _)) | None => Ok(part(&self.image, at)),
        }
    }
}

fn missing(number: u64) -> Gap {
    Gap::unsupported(NAME, 0, "device that is not at hand", number)
}

/// Bytes that inodes are in: the image, or the data of the metabox.
struct Space {
    blob: Blob,
    /// Number of its windows in the cache.
    number: u64,
}

/// Reads metadata. Keeps the window that was read last.
pub(super) struct Reader<'a> {
    space: &'a Space,
    cache: &'a Cache,
    window: u64,
    bytes: Bytes,
}

impl Reader<'_> {
    /// `N` bytes at `at`, which is a multiple of `N`, and `N` a divisor of [`WINDOW`].
    pub(super) fn bytes<const N: usize>(&mut self, what: &'static str, at: u64) -> Result<[u8; N], Gap> {
        let window = at / WINDOW;
        if window != self.window {
            let start = window.saturating_mul(WINDOW);
            let blob = &self.space.blob;
            let whole = || blob.read(NAME, start..start.saturating_add(WINDOW));
            match self.cache.get((self.space.number, window), whole) {
                Ok(bytes) => (self.window, self.bytes) = (window, bytes),
                // Something else in the window may be what cannot be read.
                Err(_) => return self.alone(what, at),
            }
        }
        let skip = usize::try_from(at % WINDOW).unwrap_or(usize::MAX);
        let rest = self.bytes.get(skip..).unwrap_or_default();
        rest.first_chunk()
            .copied()
            .ok_or_else(|| short::<N>(what, at, rest.len()))
    }

    fn alone<const N: usize>(&self, what: &'static str, at: u64) -> Result<[u8; N], Gap> {
        let bytes = self.space.blob.read(NAME, at..at.saturating_add(wide(N)))?;
        bytes
            .first_chunk()
            .copied()
            .ok_or_else(|| short::<N>(what, at, bytes.len()))
    }
}

fn short<const N: usize>(what: &'static str, at: u64, have: usize) -> Gap {
    Gap::truncated(NAME, at, what, wide(N), wide(have))
}

/// An image whose inodes can be read.
pub(super) struct Volume {
    pub(super) disk: Arc<Disk>,
    primary: Space,
    metabox: Result<Space, Gap>,
    /// The data of the inode that holds fragments.
    packed: Result<Blob, Gap>,
}

impl Volume {
    /// Opens the metabox and the fragments where the image has them. Neither may lie in itself: for the
    /// inode of the metabox there is neither, for that of the fragments there are no fragments.
    pub(super) fn open(disk: Disk) -> Arc<Self> {
        let disk = Arc::new(disk);
        let (metabox, packed) = (disk.sb.metabox, disk.sb.packed);
        let none = |what, nid: Option<u64>| Gap::invalid(NAME, 0, what, nid.unwrap_or(0));
        let no_fragments = || none("fragment where there can be none", packed);
        let space = |blob| Space {
            blob,
            number: disk.cache.source(),
        };
        let bare = |metabox| Self {
            disk: Arc::clone(&disk),
            primary: space(disk.image.clone()),
            metabox,
            packed: Err(no_fragments()),
        };
        let opened = |metabox| match metabox {
            Ok(blob) => Ok(space(blob)),
            Err(gap) => Err(gap),
        };
        let boxed = match metabox {
            Some(nid) => {
                let volume = Arc::new(bare(Err(none("inode in the metabox of the metabox", metabox))));
                volume.special(nid).map(|blob| blob.slice(0..METABOX))
            }
            None => Err(none("inode in a metabox that is not there", metabox)),
        };
        let fragments = match packed {
            Some(nid) => Arc::new(bare(opened(boxed.clone()))).special(nid),
            None => Err(no_fragments()),
        };
        Arc::new(Self {
            packed: fragments,
            ..bare(opened(boxed))
        })
    }

    /// The inode with this number.
    pub(super) fn inode(&self, nid: u64) -> Result<Inode, Gap> {
        let (boxed, at) = inode::locate(&self.disk.sb, nid);
        Inode::read(&mut self.reader(boxed)?, boxed, at)
    }

    /// The data of an inode that no directory has.
    fn special(self: &Arc<Self>, nid: u64) -> Result<Blob, Gap> {
        let inode = self.inode(nid)?;
        Ok(self.data(&inode))
    }

    /// Bytes that inodes may be in.
    pub(super) fn room(&self, boxed: bool) -> u64 {
        self.space(boxed).map_or(0, |space| space.blob.len())
    }

    fn space(&self, boxed: bool) -> Result<&Space, Gap> {
        match &self.metabox {
            _ if !boxed => Ok(&self.primary),
            Ok(space) => Ok(space),
            Err(gap) => Err(gap.clone()),
        }
    }

    /// Reads what is beside inodes, in the metabox or not.
    pub(super) fn reader(&self, boxed: bool) -> Result<Reader<'_>, Gap> {
        Ok(Reader {
            space: self.space(boxed)?,
            cache: &self.disk.cache,
            window: u64::MAX,
            bytes: Bytes::default(),
        })
    }

    /// Bytes beside inodes, cut to what is there.
    pub(super) fn beside(&self, boxed: bool, at: u64, len: u64) -> Result<Blob, Gap> {
        Ok(self.space(boxed)?.blob.slice(at..at.saturating_add(len)))
    }

    /// The data of the inode that holds fragments.
    pub(super) fn packed(&self) -> Result<&Blob, Gap> {
        self.packed.as_ref().map_err(Gap::clone)
    }

    /// The data of an inode. Nothing of it is read.
    pub(super) fn data(self: &Arc<Self>, inode: &Inode) -> Blob {
        let (size, block) = (inode.size, self.disk.sb.block);
        let mut pieces = Extents::new(NAME, size);
        let fill = |blob: Result<Blob, Gap>| blob.map_or_else(Fill::Lost, Fill::From);
        match inode.layout {
            Layout::Plain(None) => {}
            Layout::Plain(Some(start)) => {
                pieces.push(0, size, fill(self.disk.blob(0, block.at(start), size)));
            }
            Layout::Inline(start) => {
                // Of a file of whole blocks, the last is inline too.
                let head = block.at(block.count(size).saturating_sub(1));
                let tail = size.saturating_sub(head);
                pieces.push(0, head, fill(self.disk.blob(0, block.at(start), head)));
                let fits = block.offset(inode.end).saturating_add(tail) <= block.size();
                let tail_blob = match fits {
                    true => self.beside(inode.boxed, inode.end, tail),
                    false => Err(Gap::invalid(NAME, inode.end, "inline data across blocks", tail)),
                };
                pieces.push(head, tail, fill(tail_blob));
            }
            Layout::Full(_) | Layout::Compact(_) | Layout::Chunks(_) => {
                return Blob::new(Arc::new(File::new(Arc::clone(self), *inode)));
            }
        }
        pieces.into_blob()
    }
}
