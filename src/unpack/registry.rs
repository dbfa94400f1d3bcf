//! The formats that are read, one line each, and the heads of those that are not read yet.

use crate::bytes::{Blob, Budget, Gap};

use super::leaf::Data;
use super::{folder, fs, image, parts, payload, stream, tar, wrapper, zip};

/// What a container holds, which decides what becomes of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Files of any kind: a zip, a tar, a folder. What looks like a container is opened in turn.
    Files,
    /// One file, the same without its compression.
    Stream,
    /// Images of partitions, each named after its partition: a payload, a super partition, a disk. Each
    /// is opened in turn.
    Volumes,
    /// The parts of one image that is no file system: kernel, ramdisks, properties. Each is opened in turn,
    /// as a part of the image's partition.
    Parts,
    /// The files of one partition, named after the image: a file system. Packages in it stay closed until
    /// their task; of other containers, only APEX files are opened.
    Partition,
    /// The files of a root file system in memory: of the boot image that it is in. On its own, files of any
    /// kind.
    Ramdisk,
}

/// Looks up another image of the same set by name, `product`, `super_1`: some formats are spread over
/// several.
pub type Peers<'a> = &'a dyn Fn(&str) -> Option<Blob>;

/// A container format.
pub trait Format: Sync {
    /// One word, as in gaps, coverage and `phonehome formats`.
    fn name(&self) -> &'static str;
    /// What is read and what is not, one line for `phonehome formats`.
    fn about(&self) -> &'static str;
    /// Whether these are its first bytes: at its exact offset, never "somewhere in the file".
    fn sniff(&self, head: &[u8]) -> bool;
    /// File name endings, lower case, without the dot.
    fn endings(&self) -> &'static [&'static str];
    /// Lists what is in it. `stem` is its own name without the ending: streams name their content by it.
    fn list(&self, blob: &Blob, stem: &str, budget: &Budget) -> Listing;
    /// What its entries are.
    fn holds(&self) -> Holds {
        Holds::Files
    }
    /// The same as [`Format::list`], for a format that may be spread over several images.
    fn list_with(&self, blob: &Blob, stem: &str, _peers: Peers<'_>, budget: &Budget) -> Listing {
        self.list(blob, stem, budget)
    }
}

/// Every format. Nothing else in the program knows their names.
pub static ALL: &[&dyn Format] = &[
    &payload::PayloadBin,
    &zip::Zip,
    &stream::Gzip,
    &stream::Xz,
    &stream::Zstd,
    &stream::Lz4,
    &stream::Bzip2,
    &wrapper::Kdz,
    &wrapper::Dz,
    &wrapper::Sin,
    &wrapper::Rockchip,
    &wrapper::Allwinner,
    &wrapper::OZIP,
    &wrapper::HTC,
    &wrapper::Amlogic,
    &wrapper::UpdateApp,
    &image::Sparse,
    &image::Boot,
    &image::VendorBoot,
    &image::Avb,
    &image::Cpio,
    &fs::Squashfs,
    &fs::Erofs,
    &fs::F2fs,
    &fs::Ext4,
    &image::Super,
    &tar::Tar,
    &image::Gpt,
    &fs::Fat,
    &wrapper::Pac,
    &wrapper::Nb0,
    &wrapper::OFP,
    &wrapper::OPS,
    &stream::Lzma,
    &stream::Brotli,
    &parts::BlockOta,
    &folder::Folder,
];

/// What is in a container.
#[derive(Default)]
pub struct Listing {
    /// Files, in the container's order.
    pub(super) entries: Vec<Entry>,
    /// Symbolic links, path → target as written.
    pub(super) links: Vec<(String, String)>,
    /// What is wrong or odd: with the entry's name where it is about one, and the bytes not read.
    pub(super) notices: Vec<Remark>,
    /// What the container says that the SHA-256 of entries is; it is not checked here.
    pub(super) sums: Vec<(Box<str>, [u8; 32])>,
    /// Entries share bytes: together they decode to more than the archive should hold.
    pub(super) overlaps: bool,
    /// Android would refuse the whole.
    pub(super) salvaged: bool,
}

/// One file in a container.
pub(super) struct Entry {
    /// Path as written, made text: see [`name`](super::name).
    pub(super) name: Box<str>,
    /// Bytes once decoded, as claimed.
    pub(super) size: u64,
    pub(super) data: Data,
}

/// A gap about a container or one of its entries.
pub(super) struct Remark {
    pub(super) entry: Option<Box<str>>,
    pub(super) gap: Gap,
    pub(super) unread: u64,
}

/// A loss that nobody believes counts as not known.
pub(super) fn believable(size: u64) -> u64 {
    if size > 1 << 40 { 0 } else { size }
}

impl Listing {
    /// An image or a file at random access.
    pub(super) fn blob(&mut self, name: impl Into<Box<str>>, blob: Blob) {
        self.entries.push(Entry {
            name: name.into(),
            size: blob.len(),
            data: Data::Plain(blob),
        });
    }

    /// A gap about one entry, with the bytes that were not read because of it.
    pub(super) fn lost(&mut self, entry: &str, gap: Gap, unread: u64) {
        self.notices.push(Remark {
            entry: Some(entry.into()),
            gap,
            unread,
        });
    }

    pub(super) fn remark(&mut self, gap: Gap) {
        self.notices.push(Remark {
            entry: None,
            gap,
            unread: 0,
        });
    }
}

/// The format with these first bytes.
pub(super) fn sniff(head: &[u8]) -> Option<&'static dyn Format> {
    ALL.iter().copied().find(|format| format.sniff(head))
}

/// The format with this ending (lower case).
pub(super) fn by_ending(ending: &str) -> Option<&'static dyn Format> {
    ALL.iter()
        .copied()
        .find(|format| format.endings().contains(&ending))
}

/// Heads of formats that are recognised and not read by this version: offset, bytes, name. Most
/// specific first.
const UNREAD: &[(usize, &[u8], &str)] = &[
    (0, b"CrAU", "payload"),
    (0, b"\x3a\xff\x26\xed", "sparse"),
    (4096, b"gDla", "super"),
    (8192, b"gDla", "super"),
    (1024, b"\x10\x20\xf5\xf2", "f2fs"),
    (0, b"hsqs", "squashfs"),
    (0, b"sqsh", "squashfs"),
    (0, b"ANDROID!", "boot"),
    (0, b"VNDRBOOT", "vendor-boot"),
    (0, b"AVB0", "vbmeta"),
    (0, b"070701", "cpio"),
    (0, b"070702", "cpio"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, b"UBI#", "ubi"),
];

/// The name of a recognised format that is not read by this version.
pub(super) fn unread(head: &[u8]) -> Option<&'static str> {
    let found = UNREAD
        .iter()
        .find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    found.map(|(_, _, name)| *name)
}
