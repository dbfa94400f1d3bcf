//! ext2, ext3, ext4.
//!
//! Spec: Linux kernel documentation, `filesystems/ext4/` (6.6); Android's own bits: AOSP e2fsprogs,
//! `lib/ext2fs/ext2_fs.h`. All fields are little-endian. Block numbers are absolute, from the image's
//! start, in blocks of `1024 << s_log_block_size` bytes; inodes count from 1; `i_size` is in bytes.
//!
//! What is read: all that Android mounts, with blocks of 1 to 64 KiB. Extents alias in images without
//! duplicates (`SHARED_BLOCKS`), and what is behind a file's size, as the hash tree of fs-verity, is not
//! its content. Not read: the content of encrypted files, and what is in a journal only. The checksums of
//! the superblock, group descriptors, inodes, extent blocks and directories are verified where they are,
//! and what is wrong is read all the same, as the rest of the image would not be otherwise.

mod checksum;
mod directory;
mod inode;
mod journal;
mod map;
mod superblock;
#[cfg(test)]
mod tests;
mod tree;

use crate::bytes::{Blob, Budget, Gap, wide};

use self::inode::Image;
use self::superblock::Superblock;
use super::super::registry::{Format, Holds, Listing, Remark};

/// ext2, ext3 and ext4.
pub(in crate::unpack) struct Ext4;

const NAME: &str = "ext4";

impl Format for Ext4 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "ext2, ext3, ext4: all of Android's features; encrypted files are counted, journals not replayed"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        superblock::sniff(head)
    }

    fn endings(&self) -> &'static [&'static str] {
        &["ext4", "ext3", "ext2"]
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut listing = Listing::default();
        let Some(image) = open(blob, &mut listing) else {
            return listing;
        };
        let (len, have) = (image.superblock.len(), blob.len());
        if len > have {
            listing.remark(Gap::truncated(NAME, 0, "file system", len, have));
        }
        if let Some(gap) = journal::pending(&image) {
            listing.remark(gap);
        }
        tree::list(&image, budget, &mut listing);
        listing
    }

    fn holds(&self) -> Holds {
        Holds::Partition
    }
}

/// The image by its primary superblock, or by the first backup whose root is a directory. What was wrong
/// before is remarked.
fn open<'a>(blob: &'a Blob, listing: &mut Listing) -> Option<Image<'a>> {
    let primary = superblock::PRIMARY;
    let mut lost = None;
    let mut places = vec![primary];
    // Where blocks per group are not as always, the primary superblock may still know.
    if let Ok((superblock, _)) = Superblock::read(blob, primary) {
        places.push(superblock.backup());
    }
    places.extend(superblock::backups());
    for at in places {
        match rooted(blob, at) {
            Ok((image, odd)) => {
                listing.notices.extend(lost.into_iter().chain(odd).map(whole));
                return Some(image);
            }
            // Of the backups, most are not there at all.
            Err(gap) if at == primary => lost = Some(gap),
            Err(_) => {}
        }
    }
    listing.notices.extend(lost.map(|gap| Remark {
        unread: blob.len(),
        ..whole(gap)
    }));
    None
}

fn whole(gap: Gap) -> Remark {
    Remark {
        entry: None,
        gap,
        unread: 0,
    }
}

/// The image by the superblock at `at`, where that leads to a root directory, and what is odd.
fn rooted(blob: &Blob, at: u64) -> Result<(Image<'_>, Option<Gap>), Gap> {
    let (superblock, odd) = Superblock::read(blob, at)?;
    let image = Image::new(blob, superblock);
    let root = image.inode(tree::ROOT, at)?;
    if root.mode & 0xf000 != inode::FOLDER {
        return Err(Gap::invalid(NAME, root.at, "i_mode", root.mode.into()));
    }
    Ok((image, odd))
}
