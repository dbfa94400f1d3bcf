//! What a container of the outer layers belongs to: the partition whose image it is, and its peers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::bytes::{Blob, Budget};

use super::super::leaf::Data;
use super::super::serial::Packing;

/// Endings of images. What stands before the first of them is the partition's name.
const ENDINGS: &[&str] = &[
    "img", "simg", "raw", "bin", "ext4", "erofs", "lz4", "gz", "xz", "zst", "br", "bz2", "lzma", "sin",
];

/// What is known of a file from the layers around it.
#[derive(Clone, Default)]
pub(super) struct Context {
    /// The partition whose image it is, or is a part of.
    pub(super) partition: Option<Rc<str>>,
    /// Where in the partition its files are, with `/` at the end; empty for most.
    pub(super) prefix: Rc<str>,
    pub(super) peers: Option<Rc<Peers>>,
}

impl Context {
    /// The same peers, and the partition that an image's name says.
    pub(super) fn image(peers: &Rc<Peers>, name: &str) -> Self {
        Self {
            partition: Some(partition(name).into()),
            prefix: Rc::default(),
            peers: Some(Rc::clone(peers)),
        }
    }

    /// The partition of an image of this name.
    pub(super) fn partition(&self, path: &str) -> String {
        match &self.partition {
            Some(partition) => partition.to_string(),
            None => partition(path),
        }
    }
}

/// The containers that stand beside one, by the names of their files without the ending.
pub(super) struct Peers {
    all: Vec<(Box<str>, String, Data)>,
    /// Those that had to be decoded for another one, by their number; none where that was not possible.
    decoded: RefCell<BTreeMap<usize, Option<Blob>>>,
    /// Paths of those that another one has taken as a part of itself.
    taken: Rc<RefCell<BTreeSet<String>>>,
}

impl Peers {
    pub(super) fn new(all: Vec<(Box<str>, String, Data)>, taken: &Rc<RefCell<BTreeSet<String>>>) -> Rc<Self> {
        Rc::new(Self {
            all,
            decoded: RefCell::default(),
            taken: Rc::clone(taken),
        })
    }

    /// A peer at random access. What can only be decoded from its start is decoded once, however often it is asked
    /// for; what breaks off on the way is left to its own turn, where that is told.
    pub(super) fn get(&self, name: &str, budget: &Budget) -> Option<Blob> {
        let number = self.all.iter().position(|(file, ..)| stem(file) == name)?;
        let (_, path, data) = self.all.get(number)?;
        let decode = || {
            let opened = data.random_access("file", Packing::Plain, u64::MAX, budget);
            opened.cut.is_none().then_some(opened.blob)
        };
        let blob = match data.blob() {
            Some(blob) => blob,
            None => self
                .decoded
                .borrow_mut()
                .entry(number)
                .or_insert_with(decode)
                .clone()?,
        };
        self.taken.borrow_mut().insert(path.clone());
        Some(blob)
    }
}

/// A file's name without folder and endings of images.
pub(super) fn stem(path: &str) -> &str {
    let mut name = path.rsplit('/').next().unwrap_or(path);
    while let Some((stem, ending)) = name.rsplit_once('.') {
        if stem.is_empty() || !ENDINGS.contains(&ending.to_ascii_lowercase().as_str()) {
            break;
        }
        name = stem;
    }
    name
}

/// The partition of an image with this name: `system_a.img` is `system`.
pub(super) fn partition(path: &str) -> String {
    let name = stem(path);
    let name = name
        .strip_suffix("_a")
        .or_else(|| name.strip_suffix("_b"))
        .unwrap_or(name);
    // A colon and a slash are what logical names are taken apart by.
    name.replace([':', '/'], "_")
}

#[cfg(test)]
mod tests {
    use super::super::super::{registry, zip};
    use super::*;

    #[test]
    fn a_peer_that_is_packed_is_unpacked_once() {
        let deflated = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\x43\xbe\xb7\xe8\x03\0\0\0\x01\0\0\0\x05\0\0\0b.img\x4b\x04\0\
            PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0\x43\xbe\xb7\xe8\x03\0\0\0\x01\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0b.img\
            PK\x05\x06\0\0\0\0\x01\0\x01\0\x33\0\0\0\x26\0\0\0\0\0";
        let budget = Budget::default();
        let zip = Blob::from(deflated.to_vec());
        let mut listing = registry::Format::list(&zip::Zip, &zip, "", &budget);
        let entry = listing.entries.remove(0);
        let peers = Peers::new(vec![(entry.name, "z/b.img".into(), entry.data)], &Rc::default());
        for _ in 0..2 {
            let blob = peers.get("b", &budget).unwrap();
            assert_eq!(&*blob.read("t", 0..9).unwrap(), b"a");
        }
        assert!(peers.get("c", &budget).is_none());
        assert!(peers.taken.borrow().contains("z/b.img"));
    }

    #[test]
    fn an_image_is_named_after_its_partition() {
        assert_eq!(partition("images/system.img"), "system");
        assert_eq!(partition("system_a.img"), "system");
        assert_eq!(partition("vendor.ext4.img.lz4"), "vendor");
        assert_eq!(partition("mi_ext"), "mi_ext");
        assert_eq!(partition(".img"), ".img");
    }
}
