//! Patches: new bytes from old ones, in the formats that several containers hold.

mod bsdiff;
mod deflate;
mod imgdiff;
#[cfg(test)]
mod tests;

pub(super) use bsdiff::Patch as Bsdiff;
#[cfg(test)]
pub(super) use deflate::deflate;
pub(super) use imgdiff::apply as imgdiff;

/// What is wrong where old bytes are not those that a patch was made for.
pub(super) const OTHER: &str = "hash of old bytes (--base is not the build that this was made from)";

/// Bytes by which a buffer grows.
const PIECE: usize = 64 << 10;
