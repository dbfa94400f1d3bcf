//! What code computes: constants and string templates in registers, cross references, and (later)
//! the hierarchy, the call graph and flows. It has no opinion.

mod text;
mod value;
