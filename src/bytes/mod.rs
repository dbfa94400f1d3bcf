//! Bytes, before anyone knows what they mean.
//!
//! [`Blob`] is a random-access range of bytes (a file, memory, a slice of either), [`Bytes`] a piece
//! of one held in memory, [`Cursor`] reads fields from it and cannot panic, [`Gap`] says what could
//! not be read and why, [`Place`] says where, and [`Budget`] bounds what one run may hold and do.
//! [`Extents`] puts a range together from pieces of others, [`Cache`] keeps what had to be decoded,
//! [`Spill`] what can only be decoded from its start.
//!
//! This level knows no format. Only [`Blob::open`] opens input files.

mod blob;
mod budget;
mod cache;
mod cursor;
mod extents;
mod gap;
mod glob;
mod overlay;
mod pages;
mod place;
mod pool;
mod reader;
mod spill;

pub use blob::{Blob, Bytes, Source};
pub use budget::{Budget, Limits, RATIO_FROM};
pub use cache::{Cache, Decoded, Unit};
pub use cursor::Cursor;
pub use extents::{Extents, Fill};
pub use gap::{Gap, GapClass, Kind, Notice};
pub use glob::Glob;
pub use overlay::{Cut, Overlay};
pub use place::Place;
pub use reader::Reader;
pub use spill::{Spill, Stored};

/// A memory index or length as an offset: never loses a bit where Rust runs.
pub fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
