//! File systems, one folder or file each: each lists the files of one partition, whose data stays where it
//! is until it is read.

mod erofs;
mod ext4;
mod f2fs;
mod fat;
mod squashfs;
mod tree;

#[cfg(test)]
pub(super) mod corpus;

pub(super) use erofs::Erofs;
pub(super) use ext4::Ext4;
pub(super) use f2fs::F2fs;
pub(super) use fat::Fat;
pub(super) use squashfs::Squashfs;
