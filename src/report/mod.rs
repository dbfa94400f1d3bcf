//! One report, one schema, one file per output format.
//!
//! [`Report`] is everything a run has to say; nothing below this level prints, and nothing here looks
//! anything up: a saved report renders as the fresh one did.

mod model;

pub use model::*;
