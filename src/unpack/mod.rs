//! Containers, partitions and file systems → a lazy tree of leaves.
//!
//! *List first, read later*: [`walk()`] yields every leaf (place, size, lazy data) of the outer layers
//! cheaply; [`group()`] puts leaves together that belong together (an APK with the odex beside it); a
//! package is opened by [`open_package`] inside the task that analyses it, and only there are bytes
//! decompressed. Nothing is written to disk.
//!
//! Each format is one file and one line in [`ALL`]; what is one image in several files is put together by
//! `parts` before anyone looks at it. Only `walk.rs` recurses; it alone
//! knows depth, ratio, budget and what was seen before. Parsers return what could be read plus
//! [`Notice`](crate::bytes::Notice)s; they never fail as a whole.

#[cfg(test)]
#[path = "../../tests/build/payload.rs"]
mod build;
mod class;
mod codec;
mod delta;
mod folder;
mod framework;
mod fs;
mod group;
mod image;
mod inflate;
mod layout;
mod leaf;
mod links;
mod name;
mod order;
mod parts;
mod payload;
pub mod registry;
mod serial;
mod stream;
mod tar;
mod verify;
mod walk;
mod wrapper;
mod zip;

pub use class::{Class, classify};
pub use framework::{any_architecture, framework};
pub use group::{Groups, Kind as GroupKind, Skipped, Unit, group};
pub use image::avb;
pub use leaf::{Leaf, Read};
pub use order::{Step, order};
pub use payload::{Volume, volumes};
pub use registry::{ALL, Format, Listing};
pub use verify::{Claim, verify};
pub use walk::{Images, OpenError, Package, Tree, images, open_package, walk};
