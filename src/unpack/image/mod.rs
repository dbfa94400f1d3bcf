//! Images of partitions and what is wrapped around them.

pub(super) mod sparse;
