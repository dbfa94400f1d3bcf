//! Images that lie in several files of one container.
//!
//! [`join`] looks at the names of a listing, puts together what belongs together, and lists the image in
//! place of its files: a block-based OTA ([`block_ota`]), images and packages that were cut into numbered
//! parts ([`chunks`]). What cannot be put together stays as it was listed, with the gap that says why.

mod apply;
mod block_ota;
mod chunks;
mod dynamic;
mod made;
mod old;
mod transfer;

use rayon::prelude::*;

use crate::bytes::{Blob, Budget, Extents, Fill, Gap, wide};

use super::codec::Codec;
use super::leaf::{Data, Opened};
use super::registry::Listing;
use super::serial::Packing;

pub(super) use block_ota::BlockOta;
pub(super) use chunks::overlay;

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

/// Ours: images that are put together in one container. A device has some eighty partitions.
const SETS: usize = 256;
/// Ours: files that are held open for one image. With more, each is opened for each read.
const OPEN: usize = 64;
/// Output from which on the ratio of an image's streams is looked at, in bytes. What is packed here holds few
/// zeros, and there may be many of them: less than for a single stream.
const RATIO_FROM: u64 = 16 << 20;

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
        let unread = if unread > BELIEVABLE { 0 } else { unread };
        self.remarks.push((gap, unread));
    }

    /// The bytes of these, up to the first that breaks off, and why it does. `most` bytes are enough.
    fn open(
        &mut self,
        format: &'static str,
        data: &[&Data],
        packing: Packing,
        most: u64,
        budget: &Budget,
    ) -> (Vec<Blob>, Option<Gap>) {
        let mut blobs = Vec::new();
        let mut left = most;
        if packing != Packing::Plain {
            let input = data
                .iter()
                .map(|data| data.input(budget))
                .fold(0, u64::saturating_add);
            left = left.min(input.saturating_mul(budget.limits.ratio).max(RATIO_FROM));
        }
        for data in data {
            let opened = match data.blob() {
                Some(blob) if packing == Packing::Plain && blobs.len() >= OPEN => Opened::from(blob),
                _ => data.random_access(format, packing, left, budget),
            };
            left = left.saturating_sub(opened.blob.len());
            blobs.push(opened.blob);
            for gap in opened.gaps {
                self.remark(gap, 0);
            }
            if opened.cut.is_some() || left == 0 {
                let over = || {
                    let got = blobs.iter().map(Blob::len).fold(0, u64::saturating_add);
                    (got < most).then(|| Gap::over(format, 0, "expansion", most, got, "--max-ratio"))
                };
                let cut = opened.cut.or_else(over);
                return (blobs, cut);
            }
        }
        (blobs, None)
    }
}

/// Puts together what belongs together.
pub(super) fn join(listing: &mut Listing, budget: &Budget) {
    let entries = &listing.entries;
    let mut taken = vec![false; entries.len()];
    let updates = block_ota::find(entries);
    let missing = dynamic::missing(entries, budget);
    // Decoding is most of the work, and each image is decoded from its start to its end.
    let mut joined: Vec<Joined> = several(&updates, listing, |set| set.join(entries, budget));
    mark(&mut taken, &joined);
    let chunks = chunks::find(entries, &taken);
    joined.extend(several(&chunks, listing, |set| set.join(entries, budget)));
    mark(&mut taken, &joined);
    let mut taken = taken.into_iter();
    listing.entries.retain(|_| !taken.next().unwrap_or(false));
    for set in joined {
        if let Some(image) = set.image {
            listing.blob(&*set.name, image);
        }
        for (gap, unread) in set.remarks {
            match &*set.name {
                "" => listing.remark(gap),
                name => listing.lost(name, gap, unread),
            }
        }
    }
    listing.notices.extend(missing);
}

/// Each of these sets, some at a time.
fn several<S: Sync>(sets: &[S], listing: &Listing, join: impl Fn(&S) -> Joined + Send + Sync) -> Vec<Joined> {
    let (got, mut limit, mut what) = (wide(sets.len()), wide(SETS), "images in several files");
    if listing.overlaps {
        // Android refuses such an archive, and the same bytes may be decoded for every one of them.
        (limit, what) = (0, "images in an archive whose entries share bytes");
    }
    let few = sets.get(..SETS).unwrap_or(sets);
    let few = if limit == 0 { &[] } else { few };
    let mut joined: Vec<Joined> = few.par_iter().map(join).collect();
    if got > limit {
        joined.push(Joined {
            remarks: vec![(Gap::over("parts", 0, what, got, limit, ""), 0)],
            ..Joined::default()
        });
    }
    joined
}

/// Marks the entries that an image takes the place of.
fn mark(taken: &mut [bool], joined: &[Joined]) {
    for set in joined.iter().filter(|set| set.image.is_some()) {
        for entry in &set.entries {
            if let Some(taken) = taken.get_mut(*entry) {
                *taken = true;
            }
        }
    }
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

/// A loss of more bytes that nobody believes counts as not known.
const BELIEVABLE: u64 = 1 << 40;

#[cfg(test)]
mod tests;
