//! File systems: each lists the files of one partition, whose data stays where it is until it is read.

mod tree;

pub(super) mod f2fs;
pub(super) mod fat;
pub(super) mod squashfs;

#[cfg(test)]
mod corpus;
