//! LG: `.dz`, the images of a disk in compressed chunks.
//!
//! No specification; as the *kdztools* in their several forms read it. Little-endian. A header of 512 bytes;
//! then chunks, each a header of 512 bytes and one zlib stream or zstd frame. A chunk says which sectors of
//! which hardware partition it fills, and the name of the disk's partition that those are in (its slice); what
//! no chunk fills is left as it is on the device, here zeros. Where slices begin and end is in the table of
//! partitions, which is one of them. Sectors have 4096 bytes on UFS, else 512.
//! Version 2.0 has chunks without an address, which are not read.

use std::collections::BTreeMap;
use std::io::Read as _;

use crate::bytes::{Blob, Budget, Cursor, Extents, Fill, Gap};

use super::super::codec::{self, Codec};
use super::super::image::gpt;
use super::super::registry::{Format, Holds, Listing};
use super::super::stream::parts::{Coded, Parts};
use super::{Images, text};

/// LG's images.
pub(in crate::unpack) struct Dz;

const NAME: &str = "dz";
const MAGIC: [u8; 4] = [0x32, 0x96, 0x18, 0x74];
const CHUNK: [u8; 4] = [0x30, 0x12, 0x95, 0x78];
/// Bytes of either header.
const HEADER: u64 = 512;
/// Version that is read.
const MAJOR: u32 = 2;
const MINOR: u32 = 1;
/// `Magic_Number` of zstd.
const ZSTD: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
/// `CM` and `CINFO` of zlib with a window of 32 KiB, which all writers use.
const ZLIB: u8 = 0x78;
/// `SPARSE_HEADER_MAGIC`.
const SPARSE: [u8; 4] = 0xed26_ff3a_u32.to_le_bytes();
/// The slice that is the table of partitions, in which lengths of slices are.
const TABLE: &str = "PrimaryGPT";
/// Ours: sectors of a partition.
const LONGEST: u64 = 1 << 40;
/// Bytes of a sector.
const EMMC: u64 = 512;
const UFS: u64 = 4096;

impl Format for Dz {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "LG DZ 2.1: chunks in zlib or zstd, decoded where they are read"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&MAGIC)
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn holds(&self) -> Holds {
        Holds::Volumes
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut images = Images::new(NAME, blob, budget);
        let read = chunks(&mut images).map(|(chunks, sector)| slices(&mut images, chunks, sector));
        images.end(read)
    }
}

/// A chunk, where it is and what it fills.
struct Chunk {
    /// Its header.
    at: u64,
    /// Hardware partition and slice.
    slice: (u32, Box<str>),
    /// Bytes once decoded, and as they are.
    data_size: u64,
    file_size: u64,
    /// Sectors, from the start of the hardware partition.
    start: u64,
    count: u64,
    /// The first sector of the slice; 0 where it is not said.
    slice_start: u64,
    /// It may hold an Android sparse image, which no parser puts together.
    sparse: bool,
    /// Its first bytes.
    head: [u8; 4],
}

impl Chunk {
    fn read(images: &Images<'_>, at: u64) -> Result<Self, Gap> {
        let bytes = images.exact(at, HEADER.saturating_add(4), "chunk header")?;
        let mut c = Cursor::new(NAME, &bytes);
        let magic: [u8; 4] = c.array("chunk magic")?;
        if magic != CHUNK {
            return Err(Gap::invalid(
                NAME,
                at,
                "chunk magic",
                u32::from_le_bytes(magic).into(),
            ));
        }
        let slice = text(c.take("slice name", 32)?);
        c.skip("chunk name", 64)?;
        let data_size = c.u32("data size")?.into();
        let file_size = c.u32("file size")?.into();
        c.skip("md5", 16)?;
        let start = c.u32("start sector")?.into();
        let count = c.u32("sector count")?.into();
        let hardware = c.u32("hardware partition")?;
        c.skip("crc32, id", 8)?;
        let sparse = c.u32("is sparse")? == 1;
        c.skip("is ubi", 4)?;
        let slice_start = c.u32("slice's start sector")?.into();
        c.seek(bytes.len().saturating_sub(4));
        Ok(Self {
            at,
            slice: (hardware, slice),
            data_size,
            file_size,
            start,
            count,
            slice_start,
            sparse,
            head: c.array("data")?,
        })
    }

    /// Its first byte.
    fn from(&self) -> u64 {
        self.at.saturating_add(HEADER)
    }
}

/// All chunks, and the bytes of a sector.
fn chunks(images: &mut Images<'_>) -> Result<(Vec<Chunk>, u64), Gap> {
    let bytes = images.exact(0, HEADER, "header")?;
    let mut c = Cursor::new(NAME, &bytes);
    let magic: [u8; 4] = c.array("magic")?;
    if magic != MAGIC {
        return Err(Gap::invalid(NAME, 0, "magic", u32::from_le_bytes(magic).into()));
    }
    let (major, minor) = (c.u32("major version")?, c.u32("minor version")?);
    if major != MAJOR {
        return Err(Gap::unsupported(NAME, 4, "major version", major.into()));
    }
    if minor != MINOR {
        return Err(Gap::unsupported(NAME, 8, "minor version", minor.into()));
    }
    c.seek(192);
    let count = c.u32("chunk count")?;
    c.seek(337);
    let ufs = c.u32("is ufs")? == 1;
    let mut all = Vec::new();
    let mut at = HEADER;
    for _ in 0..count {
        images.row(at)?;
        match Chunk::read(images, at) {
            Ok(chunk) => {
                at = chunk.from().saturating_add(chunk.file_size);
                all.push(chunk);
            }
            Err(gap) if all.is_empty() => return Err(gap),
            Err(gap) => {
                images.lose(gap, at);
                break;
            }
        }
    }
    // Not all files of UFS devices say so.
    let over = |chunk: &Chunk| chunk.count.saturating_mul(EMMC) < chunk.data_size;
    let sector = if ufs || all.iter().any(over) { UFS } else { EMMC };
    Ok((all, sector))
}

/// Lists the images that the chunks are made into.
fn slices(images: &mut Images<'_>, chunks: Vec<Chunk>, sector: u64) {
    let mut slices: BTreeMap<(u32, Box<str>), Vec<Chunk>> = BTreeMap::new();
    for chunk in chunks {
        slices.entry(chunk.slice.clone()).or_default().push(chunk);
    }
    let mut tables: BTreeMap<u32, gpt::Layout> = BTreeMap::new();
    for ((hardware, name), chunks) in &slices {
        if &**name == TABLE {
            let (slice, _) = Slice::new(images, chunks, 0, sector);
            tables.extend(gpt::layout(&slice.into_blob()).map(|layout| (*hardware, layout)));
        }
    }
    let sector = tables.values().next().map_or(sector, |layout| layout.block);
    for ((hardware, name), chunks) in slices {
        let first = chunks.iter().map(|chunk| chunk.start).min().unwrap_or(0);
        let said = chunks.iter().map(|chunk| chunk.slice_start).max().unwrap_or(0);
        let listed = tables
            .get(&hardware)
            .and_then(|layout| layout.partitions.get(&name).copied());
        let listed = listed.filter(|(start, count)| *start <= first && *count <= LONGEST);
        let start = match listed {
            Some((start, _)) => start,
            None if said == 0 => first,
            None => said.min(first),
        };
        let (mut slice, lost) = Slice::new(images, &chunks, start, sector);
        if let Some((_, count)) = listed {
            slice.len = slice.len.max(count.saturating_mul(sector));
        }
        for (gap, unread) in lost {
            images.listing.lost(&name, gap, unread);
        }
        let at = chunks.first().map_or(0, |chunk| chunk.at);
        images.put(at, &name, slice.into_blob());
    }
}

fn packed(images: &Images<'_>, codec: Codec) -> Parts<Coded> {
    Parts::new(NAME, images.blob, Coded { format: NAME, codec }, images.budget)
}

/// What a piece of a slice is made of: the bytes of a codec's parts from here on.
enum Piece {
    Zlib(u64),
    Zstd(u64),
    Lost(Gap),
}

/// The image of a slice.
struct Slice {
    zlib: Parts<Coded>,
    zstd: Parts<Coded>,
    /// Start, length, content.
    pieces: Vec<(u64, u64, Piece)>,
    len: u64,
}

impl Slice {
    /// Of these chunks, the first sector being `start`; and what of them is lost, with its bytes.
    fn new(images: &Images<'_>, chunks: &[Chunk], start: u64, sector: u64) -> (Self, Vec<(Gap, u64)>) {
        let mut slice = Self {
            zlib: packed(images, Codec::Zlib),
            zstd: packed(images, Codec::Zstd),
            pieces: Vec::new(),
            len: 0,
        };
        let mut lost = Vec::new();
        for chunk in chunks {
            let from = chunk.start.saturating_sub(start).saturating_mul(sector);
            let room = chunk.count.saturating_mul(sector).max(chunk.data_size);
            slice.len = slice.len.max(from.saturating_add(room));
            if let Err(gap) = slice.add(chunk, from, images) {
                lost.push((gap.clone(), chunk.file_size));
                slice.pieces.push((from, chunk.data_size, Piece::Lost(gap)));
            }
        }
        (slice, lost)
    }

    fn add(&mut self, chunk: &Chunk, to: u64, images: &Images<'_>) -> Result<(), Gap> {
        let (from, size, len) = (chunk.from(), chunk.file_size, chunk.data_size);
        let have = images.blob.len().saturating_sub(from);
        if have < size {
            return Err(Gap::truncated(NAME, from, "chunk", size, have));
        }
        if chunk.head != ZSTD && chunk.head.first() != Some(&ZLIB) {
            let got = u32::from_le_bytes(chunk.head).into();
            return Err(Gap::unsupported(NAME, from, "compression", got));
        }
        let (codec, parts) = if chunk.head == ZSTD {
            (Codec::Zstd, &mut self.zstd)
        } else {
            (Codec::Zlib, &mut self.zlib)
        };
        if chunk.sparse {
            let data = images.blob.slice(from..from.saturating_add(size));
            let mut head = [0; 4];
            let mut reader = codec::reader(codec, data.reader());
            if reader.read_exact(&mut head).is_ok() && head == SPARSE {
                return Err(Gap::unsupported(NAME, chunk.at, "is sparse", 1));
            }
        }
        let at = parts.add(len, from, size, images.budget)?;
        let piece = match codec {
            Codec::Zstd => Piece::Zstd(at),
            _ => Piece::Zlib(at),
        };
        self.pieces.push((to, len, piece));
        Ok(())
    }

    fn into_blob(self) -> Blob {
        let mut image = Extents::new(NAME, self.len);
        let (zlib, zstd) = (self.zlib.into_blob(), self.zstd.into_blob());
        let pieces = self.pieces.into_iter().map(|(to, len, piece)| {
            let fill = match piece {
                Piece::Zlib(at) => Fill::From(zlib.slice(at..at.saturating_add(len))),
                Piece::Zstd(at) => Fill::From(zstd.slice(at..at.saturating_add(len))),
                Piece::Lost(gap) => Fill::Lost(gap),
            };
            (to, len, fill)
        });
        image.overlay(pieces.collect());
        image.into_blob()
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests;
