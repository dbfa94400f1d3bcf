//! What is in the journal only.
//!
//! Spec: kernel documentation, `filesystems/ext4/journal.rst`, "Super Block". Big-endian.

use crate::bytes::{Cursor, Gap};

use super::NAME;
use super::inode::Image;
use super::superblock::RECOVER;

const MAGIC: u32 = 0xc03b_3998;
/// Offset of `s_start` in its superblock: the first block of what was not written to its place yet.
const START: usize = 0x1c;

/// Whether the file system was not unmounted, so that what its journal holds belongs in its place. Where
/// that is nothing, it is only odd.
pub(super) fn pending(image: &Image<'_>) -> Option<Gap> {
    let superblock = &image.superblock;
    if superblock.incompat & RECOVER == 0 {
        return None;
    }
    let at = superblock.at.saturating_add(0x60);
    Some(match start(image) {
        Ok(0) => Gap::odd(NAME, at, "journal to recover, empty", superblock.incompat.into()),
        Ok(start) => Gap::unsupported(NAME, at, "journal to recover", start.into()),
        Err(gap) => gap,
    })
}

fn start(image: &Image<'_>) -> Result<u32, Gap> {
    let at = image.superblock.at.saturating_add(0xe0);
    let inode = image.inode(image.superblock.journal, at)?;
    let journal = image.extents(image.runs(&inode), inode.size).into_blob();
    let raw = journal.read(NAME, 0..1024)?;
    let mut c = Cursor::new(NAME, &raw);
    let magic = c.array("h_magic").map(u32::from_be_bytes)?;
    if magic != MAGIC {
        return Err(Gap::invalid(NAME, at, "journal magic", magic.into()));
    }
    c.seek(START);
    c.array("s_start").map(u32::from_be_bytes)
}
