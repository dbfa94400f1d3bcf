//! What code computes: constants and string templates in registers, cross references, and (later)
//! the hierarchy, the call graph and flows. It has no opinion.

mod cfg;
mod frame;
mod interest;
mod interp;
mod models;
mod package;
mod platform;
mod table;
mod text;
mod value;
mod walk;
