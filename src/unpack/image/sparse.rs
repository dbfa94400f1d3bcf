//! Android sparse image: where its chunks lie.
//!
//! Spec: AOSP `system/core/libsparse/sparse_format.h`, version 1.0. All fields little-endian. `chunk_sz` and
//! `total_blks` are in blocks of `blk_sz` bytes of the image; `total_sz` is in bytes of the file and counts
//! its header.

use crate::bytes::{Blob, Budget, Cursor, Fill, Gap};

const NAME: &str = "sparse";
/// `SPARSE_HEADER_MAGIC`.
const MAGIC: [u8; 4] = 0xed26_ff3a_u32.to_le_bytes();
/// Bytes of the headers in version 1.0; the sizes in the file are used.
const FILE_HEADER: u64 = 28;
const CHUNK_HEADER: u64 = 12;
/// `CHUNK_TYPE_*`.
const RAW: u16 = 0xcac1;
const FILL: u16 = 0xcac2;
const DONT_CARE: u16 = 0xcac3;
const CRC32: u16 = 0xcac4;

/// The image's length, and what its chunks put there: start, length, content, in the order of the file,
/// all in bytes. What no piece covers is DONT_CARE, which reads as zeros and leaves room for the chunks of
/// other parts of a split image. What is behind a chunk that is not understood is a piece that is lost.
pub(in crate::unpack) fn pieces(blob: &Blob, budget: &Budget) -> Result<(u64, Vec<(u64, u64, Fill)>), Gap> {
    let header = blob.read(NAME, 0..FILE_HEADER)?;
    let mut c = Cursor::new(NAME, &header);
    let magic: [u8; 4] = c.array("magic")?;
    let major = c.u16("major_version")?;
    if magic != MAGIC || major != 1 {
        return Err(Gap::invalid(NAME, 0, "magic", u32::from_le_bytes(magic).into()));
    }
    c.skip("minor_version", 2)?;
    let mut at = u64::from(c.u16("file_hdr_sz")?);
    let chunk_hdr_sz = u64::from(c.u16("chunk_hdr_sz")?);
    let blk_sz = u64::from(c.u32("blk_sz")?);
    let total = u64::from(c.u32("total_blks")?).saturating_mul(blk_sz);
    let total_chunks = u64::from(c.u32("total_chunks")?);
    if at < FILE_HEADER || chunk_hdr_sz < CHUNK_HEADER || blk_sz == 0 || blk_sz % 4 != 0 {
        return Err(Gap::invalid(NAME, 8, "header sizes", blk_sz));
    }
    let mut pieces = Vec::new();
    let mut out = 0_u64;
    for _ in 0..total_chunks.min(budget.limits.listed) {
        match chunk(blob, at, chunk_hdr_sz, blk_sz) {
            Ok((len, fill, total_sz)) => {
                pieces.extend(fill.map(|fill| (out, len, fill)));
                out = out.saturating_add(len);
                at = at.saturating_add(total_sz);
            }
            Err(gap) => {
                pieces.push((out, total.saturating_sub(out), Fill::Lost(gap)));
                break;
            }
        }
    }
    Ok((total.max(out), pieces))
}

/// Bytes of the image, what they are, and bytes of the file.
fn chunk(blob: &Blob, at: u64, hdr: u64, blk_sz: u64) -> Result<(u64, Option<Fill>, u64), Gap> {
    let header = blob.read(NAME, at..at.saturating_add(CHUNK_HEADER))?;
    let mut c = Cursor::new(NAME, &header);
    let chunk_type = c.u16("chunk_type")?;
    c.skip("reserved1", 2)?;
    let size = u64::from(c.u32("chunk_sz")?).saturating_mul(blk_sz);
    let total_sz = u64::from(c.u32("total_sz")?);
    let data = at.saturating_add(hdr);
    let (len, stored, fill) = match chunk_type {
        RAW => {
            let part = blob.slice(data..data.saturating_add(size));
            (size, size, Some(Fill::From(part)))
        }
        FILL => {
            let word = blob.read(NAME, data..data.saturating_add(4))?;
            let word: [u8; 4] = Cursor::new(NAME, &word).array("fill chunk")?;
            (size, 4, Some(Fill::Word(word)))
        }
        DONT_CARE => (size, 0, None),
        CRC32 => (0, 4, None),
        other => return Err(Gap::unsupported(NAME, at, "chunk_type", other.into())),
    };
    if total_sz != hdr.saturating_add(stored) {
        return Err(Gap::invalid(NAME, at.saturating_add(8), "total_sz", total_sz));
    }
    Ok((len, fill, total_sz))
}
