//! The image that an update changes, and whether it is the right one.
//!
//! What commands change is checked by their own hashes, from version 3 of the transfer list on. What they leave
//! alone is checked by what the package's script does before it starts: `range_sha1(DEVICE, RANGES) == SHA-1`
//! over all of the old image (AOSP `build/tools/releasetools/edify_generator.py`, `bootable/recovery/updater`).

use std::sync::{Arc, OnceLock};

use sha1::{Digest, Sha1};

use crate::bytes::{Blob, Gap, Source};

use super::super::delta::OTHER;
use super::transfer::{BLOCK, NAME, Ranges, Sum, blocks, ranges, sum};

/// Bytes that are hashed at once.
const PIECE: u64 = 1 << 20;
/// Ours: hashes that a script has of one partition. It has one of the old image and two of the new.
const SUMS: usize = 8;

/// The script, in its package.
pub(super) const SCRIPT: &str = "META-INF/com/google/android/updater-script";

/// An old image.
pub(super) struct Old {
    pub(super) blob: Blob,
    /// Of any of these the image as a whole is known to be right.
    pub(super) sums: Vec<(Ranges, Sum)>,
    checked: OnceLock<Result<(), Gap>>,
}

impl Old {
    pub(super) fn new(blob: Blob, sums: Vec<(Ranges, Sum)>) -> Arc<Self> {
        Arc::new(Self {
            blob,
            sums,
            checked: OnceLock::new(),
        })
    }

    /// The same bytes, none of which is handed out before all were checked.
    pub(super) fn checked(self: &Arc<Self>) -> Blob {
        Blob::new(Arc::new(Checked(Arc::clone(self))))
    }

    fn check(&self) -> Result<(), Gap> {
        let all = || {
            let mut gap = Gap::unsupported(NAME, 0, "old blocks without a hash of their image", 0);
            for (ranges, sum) in &self.sums {
                let mut hash = Sha1::new();
                for (start, end) in ranges {
                    let bytes = start.saturating_mul(BLOCK)..end.saturating_mul(BLOCK);
                    digest(&self.blob, bytes, 0, &mut hash)?;
                }
                match compare(OTHER, *sum, hash, 0) {
                    Ok(()) => return Ok(()),
                    Err(other) => gap = other,
                }
            }
            Err(gap)
        };
        self.checked.get_or_init(all).clone()
    }
}

/// An image that is checked before it is read.
struct Checked(Arc<Old>);

impl Source for Checked {
    fn len(&self) -> u64 {
        self.0.blob.len()
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        self.0.check()?;
        self.0.blob.read_at(at, buf)
    }

    fn origin(&self, at: u64) -> u64 {
        self.0.blob.origin_at(at)
    }
}

/// Hashes a range, all of which has to be there.
pub(super) fn digest(blob: &Blob, range: std::ops::Range<u64>, at: u64, hash: &mut Sha1) -> Result<(), Gap> {
    let (mut done, end) = (range.start, range.end);
    while done < end {
        let bytes = blob.read(NAME, done..done.saturating_add(PIECE).min(end))?;
        if bytes.is_empty() {
            return Err(Gap::truncated(NAME, at, "old image", end, blob.len()));
        }
        hash.update(&*bytes);
        done = done.saturating_add(bytes.len());
    }
    Ok(())
}

/// Another hash is told by the first bytes of what it is.
pub(super) fn compare(what: &'static str, sum: Sum, hash: Sha1, at: u64) -> Result<(), Gap> {
    let got = hash.finalize();
    if got.as_slice() == sum {
        return Ok(());
    }
    let first = got.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    Err(Gap::invalid(NAME, at, what, first))
}

/// What a script compares the image of a partition with. It names the device by a path that ends in the
/// partition's name, or by `map_partition("system")`; `len` bytes are there to be hashed.
pub(super) fn sums(script: &str, partition: &str, len: u64) -> Vec<(Ranges, Sum)> {
    let mut sums = Vec::new();
    for call in script.split("range_sha1(").skip(1) {
        let mut words = call.split('"').skip(1).step_by(2);
        let (device, set, hash) = (words.next(), words.next(), words.next());
        let (Some(device), Some(set), Some(hash)) = (device, set, hash) else {
            continue;
        };
        let name = device.rsplit('/').next().unwrap_or(device);
        let (Ok(ranges), Some(sum)) = (ranges(set.as_bytes(), 0), sum(hash.as_bytes())) else {
            continue;
        };
        // None is in it twice: the same bytes are not hashed over and over.
        let fits = blocks(&ranges).saturating_mul(BLOCK) <= len;
        if name == partition && fits && sums.len() < SUMS {
            sums.push((ranges, sum));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_what_the_old_image_is() {
        let hash = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        let script = format!(
            "if (range_sha1(\"/dev/block/by-name/system\", \"2,0,3\") == \"{hash}\" || block_image_verify(\"x\")) then\n\
             range_sha1(map_partition(\"vendor\"), \"4,0,1,2,3\") == \"{hash}\"\n\
             range_sha1(\"/dev/block/by-name/system\", \"2,0,9\") == \"{hash}\""
        );
        let got = |partition: &str| -> Vec<Ranges> {
            let sums = sums(&script, partition, 4 * BLOCK);
            sums.into_iter().map(|(ranges, _)| ranges).collect()
        };
        assert_eq!(got("system"), [[(0, 3)]]);
        assert_eq!(got("vendor"), [[(0, 1), (2, 3)]]);
        assert!(got("odm").is_empty());
    }
}
