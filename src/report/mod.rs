//! One report, one schema, one file per output format.
//!
//! [`Report`] is everything a run has to say; nothing below this level prints, and nothing here looks
//! anything up: a saved report renders as the fresh one did. A [`Format`] turns a [`Document`] into
//! bytes; [`ALL`] lists them, and nothing else in the program knows their names.
//!
//! Text from the input goes through [`inert`] on its way out, in every format.

mod explain;
mod format;
pub mod inert;
mod json;
mod judged;
mod listing;
mod load;
mod model;
mod schema;
mod table;
mod text;

pub use explain::*;
pub use format::*;
pub use json::json;
pub use listing::*;
pub use load::{LoadError, load};
pub use model::*;
pub use schema::schemas;
