//! Rules and the few detectors that a rule cannot express: facts → findings with evidence.
//!
//! A detector sees facts, never bytes. It gives each finding one rule, one primary place and the
//! sites that `explain` shows again from the report alone.

mod finding;

pub use finding::*;
