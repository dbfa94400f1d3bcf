//! Bytes, before anyone knows what they mean.
//!
//! [`Blob`] is a random-access range of bytes (a file, memory, a slice of either), [`Bytes`] a piece
//! of one held in memory, [`Cursor`] reads fields from it and cannot panic, [`Gap`] says what could
//! not be read and why, [`Place`] says where, and [`Budget`] bounds what one run may hold and do.
//!
//! This level knows no format. Only [`Blob::open`] opens input files.

mod blob;
mod budget;
mod cursor;
mod gap;
mod glob;
mod place;
mod pool;

pub use blob::{Blob, Bytes, Source};
pub use budget::{Budget, Limits, RATIO_FROM};
pub use cursor::Cursor;
pub use gap::{Gap, GapClass, Kind, Notice};
pub use glob::Glob;
pub use place::Place;
