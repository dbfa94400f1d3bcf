//! What the bytes say, as plain data.
//!
//! Facts are the narrow waist: what is slow (bytes → facts) and what changes daily (rules, weights,
//! waivers) meet here and nowhere else. They are owned and serialisable, borrow nothing from the
//! input, and carry no opinion: a severity belongs to a rule, a score to [`score`](crate::score).
//!
//! Everything is sorted and free of duplicates when [`UnitFacts`] leaves this module.

pub mod code;
pub mod collect;
pub mod config;
pub mod endpoint;
pub mod flow;
pub mod manifest;
mod model;
pub mod native;
pub mod resource;

pub use model::*;
