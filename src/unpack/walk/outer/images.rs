//! Only the images of partitions: what an update is made from, and what verified boot speaks of.

use std::collections::BTreeMap;
use std::path::Path;

use crate::bytes::{Blob, Budget, Place};

use super::super::super::Leaf;
use super::super::super::registry::{Format, Holds};
use super::super::ending;
use super::{OpenError, Outer, Pending};

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

impl Outer<'_> {
    /// Takes the image of a partition.
    pub(super) fn image(&mut self, leaf: &Leaf, place: &Place, file: &Pending) {
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
}

impl Pending {
    /// Whether it is the image of a partition, and not something that such images are in.
    pub(super) fn is_image(&self, format: Option<&'static dyn Format>) -> bool {
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
