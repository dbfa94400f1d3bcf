//! What code computes: constants and string templates in registers, cross references, and (later)
//! the hierarchy, the call graph and flows. It has no opinion.
//!
//! [`Interest`] is compiled once from the rules. [`analyse`] takes the dex files of one package:
//!
//! 1. tables of interest from the id tables, so that the rest decides by one byte per index;
//! 2. one linear walk over all code: who uses which string, field and method of interest;
//! 3. the methods that hold something of interest, interpreted over their basic blocks: what the
//!    registers hold at the calls that matter, both arms of every branch kept;
//! 4. holes filled one level deep: constant fields, getters, callers of thin wrappers.
//!
//! The result, [`Reading`], borrows the files and answers in plain values; evidence is made on demand.

mod cfg;
mod engine;
mod evidence;
mod execute;
pub mod flow;
mod frame;
mod hierarchy;
mod interest;
mod interp;
mod live;
mod models;
mod package;
mod reading;
mod resolve;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod walk;

pub use engine::At;
pub use interest::Interest;
pub use platform::{Access, Store, Use};
pub use reading::{
    Arg, Call, CallSite, Called, Reading, Returned, StaticString, StringUse, Text, WrapperCall,
};

use crate::artifact::dex::Dex;
/// The names of what methods of the platform do; `models.rs` does it.
use crate::rule::model as platform;

/// Reads the code of one package. `hot` says of a string whether it may be, or begin, an endpoint; it is
/// asked once for each string of each file.
pub fn analyse<'a>(dexes: &[Dex<'a>], interest: &Interest<'_>, hot: &dyn Fn(&[u8]) -> bool) -> Reading<'a> {
    Reading::new(dexes, interest, hot)
}
