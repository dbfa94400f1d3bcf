//! Images that lie in several files of one container.
//!
//! [`join`] looks at the names of a listing, puts together what belongs together, and lists the image in
//! place of its files: a block-based OTA ([`block_ota`]), images and packages that were cut into numbered
//! parts ([`chunks`]). What cannot be put together stays as it was listed, with the gap that says why.

mod block_ota;
mod chunks;
mod dynamic;
mod transfer;

use rayon::prelude::*;

use crate::bytes::{Blob, Budget, Extents, Fill, Gap};

use super::codec::Codec;
use super::registry::{Listing, Remark};
use super::serial::Packing;

pub(super) use block_ota::BlockOta;

/// Endings of what is packed once more inside its container.
const PACKINGS: &[(&str, Packing)] = &[
    ("br", Packing::Codec(Codec::Brotli)),
    ("xz", Packing::Codec(Codec::Xz)),
    ("lzma", Packing::Codec(Codec::Lzma)),
    ("gz", Packing::Gzip),
    ("bz2", Packing::Codec(Codec::Bzip2)),
    ("zst", Packing::Codec(Codec::Zstd)),
    ("lz4", Packing::Codec(Codec::Lz4Frame)),
];

/// What became of one set of entries.
#[derive(Default)]
struct Joined {
    /// Path of the image in its container.
    name: String,
    /// None where it cannot be put together: the entries stay.
    image: Option<Blob>,
    /// Entries that it takes the place of, by their index.
    entries: Vec<usize>,
    /// What is wrong with it, with the bytes that were not read because of that.
    remarks: Vec<(Gap, u64)>,
}

impl Joined {
    fn remark(&mut self, gap: Gap, unread: u64) {
        self.remarks.push((gap, believable(unread)));
    }
}

/// Puts together what belongs together.
pub(super) fn join(listing: &mut Listing, budget: &Budget) {
    let entries = &listing.entries;
    let updates = block_ota::find(entries);
    let missing = dynamic::missing(entries, budget);
    // Decoding is most of the work, and each image is decoded from its start to its end.
    let mut joined: Vec<Joined> = updates.par_iter().map(|set| set.join(entries, budget)).collect();
    let taken = |joined: &[Joined]| {
        let mut taken = vec![false; entries.len()];
        for set in joined.iter().filter(|set| set.image.is_some()) {
            for entry in &set.entries {
                if let Some(taken) = taken.get_mut(*entry) {
                    *taken = true;
                }
            }
        }
        taken
    };
    let chunks = chunks::find(entries, &taken(&joined));
    joined.par_extend(chunks.par_iter().map(|set| set.join(entries, budget)));
    let mut taken = taken(&joined).into_iter();
    listing.entries.retain(|_| !taken.next().unwrap_or(false));
    for set in joined {
        if let Some(image) = set.image {
            listing.blob(&*set.name, image);
        }
        for (gap, unread) in set.remarks {
            listing.lost(&set.name, gap, unread);
        }
    }
    listing.notices.extend(missing);
}

/// The packing of this ending.
fn packing(ending: &str) -> Option<Packing> {
    let (_, packing) = PACKINGS.iter().find(|(known, _)| *known == ending)?;
    Some(*packing)
}

/// Blobs one after another.
fn concat(format: &'static str, blobs: Vec<Blob>) -> Blob {
    let len = blobs
        .iter()
        .fold(0_u64, |len, blob| len.saturating_add(blob.len()));
    let mut all = Extents::new(format, len);
    let mut at = 0_u64;
    for blob in blobs {
        let len = blob.len();
        all.push(at, len, Fill::From(blob));
        at = at.saturating_add(len);
    }
    all.into_blob()
}

/// A part's number: decimal, of no more digits than there are parts of anything.
fn number(text: &str) -> Option<u32> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// A path's folder, with its slash, and its file name.
fn split_path(path: &str) -> (&str, &str) {
    path.rfind('/')
        .and_then(|at| path.split_at_checked(at.saturating_add(1)))
        .unwrap_or(("", path))
}

/// A loss that nobody believes counts as not known.
fn believable(size: u64) -> u64 {
    if size > 1 << 40 { 0 } else { size }
}

/// A gap about an entry that is not there.
fn remark(entry: String, gap: Gap, unread: u64) -> Remark {
    Remark {
        entry: Some(entry.into()),
        gap,
        unread: believable(unread),
    }
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
