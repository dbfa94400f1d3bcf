//! Android sparse image.
//!
//! Spec: AOSP `system/core/libsparse/sparse_format.h`, version 1.0; what is refused, `sparse_read.cpp`
//! beside it. All fields little-endian. `chunk_sz` and `total_blks` are in blocks of `blk_sz` bytes of the
//! image; `total_sz` is in bytes of the file and counts its header. The checksums (`image_crc32`, CRC32
//! chunks) are not looked at, as on the device: that would take reading all.
//!
//! Sony has one more kind of chunk, 0xCAC5: raw data as one LZ4 block (no specification; as public parsers of
//! its firmware have it).

use crate::bytes::{Blob, Budget, Cursor, Extents, Fill, Gap};

use super::super::codec::Codec;
use super::super::registry::{Format, Holds, Listing};
use super::super::stream::parts::{Coded, Parts};
use super::{believable, exact, refuse, wide};

/// Android sparse images.
pub(in crate::unpack) struct Sparse;

const NAME: &str = "sparse";
/// `SPARSE_HEADER_MAGIC`.
const MAGIC: [u8; 4] = 0xed26_ff3a_u32.to_le_bytes();
/// Bytes of the headers in version 1.0. The sizes in the file are used; smaller ones are refused.
const FILE_HEADER: u16 = 28;
const CHUNK_HEADER: usize = 12;
/// `CHUNK_TYPE_*`.
const RAW: u16 = 0xcac1;
const FILL: u16 = 0xcac2;
const DONT_CARE: u16 = 0xcac3;
const CRC32: u16 = 0xcac4;
const LZ4: u16 = 0xcac5;

impl Format for Sparse {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "Android sparse image 1.x: read in place; its checksums are not checked"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&MAGIC)
    }

    fn endings(&self) -> &'static [&'static str] {
        &["simg"]
    }

    fn holds(&self) -> Holds {
        Holds::Volumes
    }

    fn list(&self, blob: &Blob, stem: &str, budget: &Budget) -> Listing {
        let mut listing = Listing::default();
        match pieces(blob, budget) {
            Err(gap) => refuse(&mut listing, gap, blob.len()),
            Ok((len, pieces)) => {
                for (_, len, fill) in &pieces {
                    if let Fill::Lost(gap) = fill {
                        listing.lost(stem, gap.clone(), believable(*len));
                    }
                }
                listing.blob(stem, image(len, pieces));
            }
        }
        listing
    }
}

/// The image's length, and what its chunks put there: start, length, content, in the order of the file,
/// all in bytes. What no piece covers is DONT_CARE, which reads as zeros and leaves room for the chunks of
/// other parts of a split image.
///
/// The first chunk that is not understood ends it, since nothing is known of where the ones after it
/// belong: the rest is a piece that is lost. Where only a field is wrong and no byte is missing, that
/// piece has no length.
pub(in crate::unpack) fn pieces(blob: &Blob, budget: &Budget) -> Result<(u64, Vec<(u64, u64, Fill)>), Gap> {
    let header = Header::read(blob)?;
    let total = u64::from(header.total_blks).saturating_mul(header.blk_sz);
    let mut pieces = Vec::new();
    let codec = Codec::Lz4;
    let mut parts = Parts::new(NAME, blob, Coded { format: NAME, codec }, budget);
    // Pieces that are one of the parts, and where that begins among all.
    let mut packed = Vec::new();
    let mut at = header.file_hdr_sz;
    let mut out = 0_u64;
    let mut broken = None;
    for number in 0..u64::from(header.total_chunks) {
        let limit = budget.limits.listed;
        if number >= limit {
            let got = header.total_chunks.into();
            broken = Some(Gap::over(
                NAME,
                at,
                "chunks",
                got,
                limit,
                "--max-entries-per-file",
            ));
            break;
        }
        let chunk = match Chunk::read(blob, &header, at) {
            Ok(chunk) => chunk,
            Err(gap) => {
                broken = Some(gap);
                break;
            }
        };
        if let Some((from, size)) = chunk.packed {
            let fill = match parts.add(chunk.have, from, size, budget) {
                Ok(at) => {
                    packed.push((pieces.len(), at));
                    Fill::Zero
                }
                Err(gap) => Fill::Lost(gap),
            };
            pieces.push((out, chunk.have, fill));
        }
        if let Some(fill) = chunk.fill {
            pieces.push((out, chunk.have, fill));
        }
        out = out.saturating_add(chunk.have);
        broken = chunk.cut;
        if broken.is_some() {
            break;
        }
        at = at.saturating_add(chunk.total_sz);
    }
    if broken.is_none() && out != total {
        // libsparse refuses it; what the chunks say is what was written.
        let got = header.total_blks.into();
        broken = Some(Gap::invalid(NAME, 16, "total_blks", got));
    }
    if let Some(gap) = broken {
        pieces.push((out, total.saturating_sub(out), Fill::Lost(gap)));
    }
    if !packed.is_empty() {
        let parts = parts.into_blob();
        for (number, at) in packed {
            if let Some((_, len, fill)) = pieces.get_mut(number) {
                *fill = Fill::From(parts.slice(at..at.saturating_add(*len)));
            }
        }
    }
    Ok((total.max(out), pieces))
}

/// The image of one file.
fn image(len: u64, pieces: Vec<(u64, u64, Fill)>) -> Blob {
    let mut image = Extents::new(NAME, len);
    for (at, len, fill) in pieces {
        image.push(at, len, fill);
    }
    image.into_blob()
}

/// The image behind a file that may be a sparse one, none where that cannot be read.
pub(super) fn unwrap(blob: Blob, budget: &Budget) -> Option<Blob> {
    let mut head = [0; 4];
    match blob.read_at(0, &mut head) {
        Ok(4) if head == MAGIC => pieces(&blob, budget).ok().map(|(len, pieces)| image(len, pieces)),
        _ => Some(blob),
    }
}

/// `sparse_header_t`.
struct Header {
    /// Bytes, at least those of version 1.0.
    file_hdr_sz: u64,
    chunk_hdr_sz: u16,
    /// Bytes, a multiple of four, not 0.
    blk_sz: u64,
    total_blks: u32,
    total_chunks: u32,
}

impl Header {
    fn read(blob: &Blob) -> Result<Self, Gap> {
        let bytes = exact(NAME, blob, 0, FILE_HEADER.into(), "header")?;
        let mut c = Cursor::new(NAME, &bytes);
        let magic: [u8; 4] = c.array("magic")?;
        if magic != MAGIC {
            return Err(Gap::invalid(NAME, 0, "magic", u32::from_le_bytes(magic).into()));
        }
        let major = c.u16("major_version")?;
        if major != 1 {
            return Err(Gap::unsupported(NAME, 4, "major_version", major.into()));
        }
        // Readers of 1.0 read every 1.x.
        c.skip("minor_version", 2)?;
        let file_hdr_sz = c.u16("file_hdr_sz")?;
        if file_hdr_sz < FILE_HEADER {
            return Err(Gap::invalid(NAME, 8, "file_hdr_sz", file_hdr_sz.into()));
        }
        let chunk_hdr_sz = c.u16("chunk_hdr_sz")?;
        if usize::from(chunk_hdr_sz) < CHUNK_HEADER {
            return Err(Gap::invalid(NAME, 10, "chunk_hdr_sz", chunk_hdr_sz.into()));
        }
        let blk_sz = c.u32("blk_sz")?;
        if blk_sz == 0 || blk_sz % 4 != 0 {
            return Err(Gap::invalid(NAME, 12, "blk_sz", blk_sz.into()));
        }
        Ok(Self {
            file_hdr_sz: file_hdr_sz.into(),
            chunk_hdr_sz,
            blk_sz: blk_sz.into(),
            total_blks: c.u32("total_blks")?,
            total_chunks: c.u32("total_chunks")?,
        })
    }
}

/// `chunk_header_t` and what follows it.
struct Chunk {
    /// Bytes of the image that are there.
    have: u64,
    /// What they are; none where nothing is stored.
    fill: Option<Fill>,
    /// Where they are packed: first byte and length.
    packed: Option<(u64, u64)>,
    /// Why there are fewer than the chunk says.
    cut: Option<Gap>,
    /// Bytes of the file, header included.
    total_sz: u64,
}

impl Chunk {
    fn read(blob: &Blob, header: &Header, at: u64) -> Result<Self, Gap> {
        let mut raw = [0; CHUNK_HEADER];
        let got = blob.read_at(at, &mut raw).map_err(|e| Gap::of(e, NAME, at))?;
        if got < raw.len() {
            let need = wide(CHUNK_HEADER);
            return Err(Gap::truncated(NAME, at, "chunk header", need, wide(got)));
        }
        let mut c = Cursor::new(NAME, &raw);
        let chunk_type = c.u16("chunk_type")?;
        c.skip("reserved1", 2)?;
        let blocks = c.u32("chunk_sz")?;
        let total_sz = u64::from(c.u32("total_sz")?);
        let hdr = u64::from(header.chunk_hdr_sz);
        let size = u64::from(blocks).saturating_mul(header.blk_sz);
        let data = at.saturating_add(hdr);
        let wrong = || Gap::invalid(NAME, at.saturating_add(8), "total_sz", total_sz);
        // Bytes after the header that each kind has to have, no more and no fewer.
        let stored = match chunk_type {
            RAW => size,
            FILL | CRC32 => 4,
            DONT_CARE => 0,
            LZ4 => total_sz.saturating_sub(hdr),
            other => return Err(Gap::unsupported(NAME, at, "chunk_type", other.into())),
        };
        if total_sz != hdr.saturating_add(stored) {
            return Err(wrong());
        }
        let mut chunk = Self {
            have: size,
            fill: None,
            packed: None,
            cut: None,
            total_sz,
        };
        match chunk_type {
            RAW => {
                let part = blob.slice(data..data.saturating_add(size));
                chunk.have = part.len();
                if part.len() < size {
                    chunk.cut = Some(Gap::truncated(NAME, data, "raw chunk", size, part.len()));
                }
                chunk.fill = Some(Fill::From(part));
            }
            FILL => {
                let word = exact(NAME, blob, data, 4, "fill chunk")?;
                let word = word.first_chunk().copied().unwrap_or_default();
                chunk.fill = Some(Fill::Word(word));
            }
            LZ4 => {
                let have = blob.len().saturating_sub(data);
                if have < stored {
                    chunk.cut = Some(Gap::truncated(NAME, data, "lz4 chunk", stored, have));
                    chunk.have = 0;
                } else {
                    chunk.packed = Some((data, stored));
                }
            }
            // It has no blocks, whatever it says (`process_crc32_chunk`).
            CRC32 => chunk.have = 0,
            _ => {}
        }
        Ok(chunk)
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests;
