//! File systems, one folder or file each.

pub(super) mod ext4;
