//! Images that lie beside one another.

use std::collections::BTreeMap;

use crate::bytes::{Blob, Budget};

use super::super::leaf::Data;
use super::super::registry::Entry;
use super::super::serial::Packing;
use super::split_path;

const NAME: &str = "parts";
/// Endings of images.
const ENDINGS: &[&str] = &["img", "bin", "raw", "ext4"];
/// Ours: images of one listing that are known by name. A device has some eighty partitions, and two slots.
const IMAGES: usize = 4096;

/// The images of one listing, by path without the ending.
#[derive(Debug, Default)]
pub(in crate::unpack) struct Siblings {
    images: BTreeMap<String, Data>,
}

impl Siblings {
    /// Those among these entries of the container at `inner`; empty for the root.
    pub(in crate::unpack) fn of<'a>(inner: &str, entries: impl Iterator<Item = &'a Entry> + Clone) -> Self {
        let folder = if inner.is_empty() {
            String::new()
        } else {
            format!("{inner}/")
        };
        // Volumes of a super partition have no ending; neither have many files that are none.
        let first = entries
            .clone()
            .filter_map(|entry| Some((stem(&entry.name)?, entry)));
        let second = entries.filter_map(|entry| {
            let (_, file) = split_path(&entry.name);
            (!file.contains('.')).then_some((&*entry.name, entry))
        });
        let mut images = BTreeMap::new();
        for (path, entry) in first.chain(second).take(IMAGES) {
            let path = format!("{folder}{path}");
            images.entry(path).or_insert_with(|| entry.data.clone());
        }
        Self { images }
    }

    /// The image called `name` beside the one at `path`.
    pub(in crate::unpack) fn find(&self, path: &str, name: &str, budget: &Budget) -> Option<Blob> {
        let (folder, _) = split_path(path);
        let data = self.images.get(&format!("{folder}{name}"))?;
        Some(data.random_access(NAME, Packing::Plain, u64::MAX, budget).blob)
    }
}

/// A path without an image's ending.
fn stem(path: &str) -> Option<&str> {
    let (stem, ending) = path.rsplit_once('.')?;
    ENDINGS.contains(&ending).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_found_by_its_name_in_the_same_folder() {
        let entry = |(name, text): (&str, &str)| Entry {
            name: name.into(),
            size: 0,
            data: Data::Plain(Blob::from(text.as_bytes().to_vec())),
        };
        let entries: Vec<Entry> = [
            ("a/system.img", "a system"),
            ("a/vendor.bin", "a vendor"),
            ("system.img", "system"),
            ("a/product", "a product"),
            ("a/odm.txt", "odm"),
        ]
        .into_iter()
        .map(entry)
        .collect();
        let images = Siblings::of("ota.zip", entries.iter());
        let budget = Budget::default();
        let find = |path, name| {
            let blob = images.find(&format!("ota.zip/{path}"), name, &budget)?;
            Some(String::from_utf8_lossy(&blob.read("t", 0..99).unwrap()).into_owned())
        };
        assert_eq!(find("a/product", "system").as_deref(), Some("a system"));
        assert_eq!(find("a/system.img", "product").as_deref(), Some("a product"));
        assert_eq!(find("a/x", "vendor").as_deref(), Some("a vendor"));
        assert_eq!(find("boot.img", "system").as_deref(), Some("system"));
        assert_eq!(find("a/x", "odm"), None);
        assert_eq!(find("x", "vendor"), None);
    }
}
