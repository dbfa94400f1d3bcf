//! What a container of the outer layers belongs to: the partition whose image it is, and its peers.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::bytes::{Blob, Place};

use super::super::leaf::Data;
use super::super::{Class, Leaf};

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
    /// Paths of those that another one has taken as a part of itself.
    taken: Rc<RefCell<BTreeSet<String>>>,
}

impl Peers {
    pub(super) fn new(all: Vec<(Box<str>, String, Data)>, taken: &Rc<RefCell<BTreeSet<String>>>) -> Rc<Self> {
        Rc::new(Self {
            all,
            taken: Rc::clone(taken),
        })
    }

    /// A peer at random access, where it needs no decoding.
    pub(super) fn get(&self, name: &str) -> Option<Blob> {
        let (_, path, data) = self.all.iter().find(|(file, ..)| stem(file) == name)?;
        let blob = Leaf::at(Place::root(path), Class::Unknown, data.clone(), None).blob()?;
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
    use super::*;

    #[test]
    fn an_image_is_named_after_its_partition() {
        assert_eq!(partition("images/system.img"), "system");
        assert_eq!(partition("system_a.img"), "system");
        assert_eq!(partition("vendor.ext4.img.lz4"), "vendor");
        assert_eq!(partition("mi_ext"), "mi_ext");
        assert_eq!(partition(".img"), ".img");
    }
}
