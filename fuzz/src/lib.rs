//! What the targets of containers share: open a file and read everything in it.

use phonehome::bytes::{Budget, Limits, Place};
use phonehome::unpack::{Class, Leaf, open_package};

/// Opens a container and reads every entry, also of the packages in it. `name` and `format` are what the
/// file is called; its bytes may say otherwise.
pub fn read_all(name: &str, format: &'static str, data: &[u8]) {
    // Low, so that a bomb costs the search no time.
    let limits = Limits {
        item: 1 << 20,
        task: 1 << 22,
        listed: 1 << 10,
        ..Limits::default()
    };
    let budget = Budget::new(limits);
    let leaf = Leaf::plain(Place::root(name), Class::Archive(format), data.to_vec());
    for package in open_package(&leaf, &budget) {
        for leaf in &package.leaves {
            let _ = (leaf.place(), leaf.read(&budget));
        }
    }
}

/// The same behind a byte that picks one of these endings.
pub fn read_all_by_ending(endings: &[&'static str], data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let ending = endings[usize::from(*first) % endings.len()];
    read_all(&format!("a.{ending}"), ending, data);
}
