//! Ranked findings → waived, compared, passed or failed.
//!
//! A build is seen as a [`Side`]: its findings, units, coverage and losses. [`waive()`] marks the
//! findings that somebody answers for, [`diff()`] compares two sides by finding ids, [`gate()`] says
//! pass, fail, or that it cannot say: what was not looked at never passes.
//!
//! Today's date is an argument; this level reads no clock and opens no file.

mod diff;
mod gate;
mod losses;
mod policy;
#[cfg(test)]
mod sample;
mod side;
mod source;
mod waive;

pub use diff::*;
pub use gate::*;
pub use losses::{Loss, losses};
pub use policy::*;
pub use side::*;
pub use source::{Problem, nearest, parse};
pub use waive::*;
