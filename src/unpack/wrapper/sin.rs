//! Sony: `.sin` of version 3.
//!
//! No specification; as `anyxperia_dumper` and *Flashtool* read it. Big-endian. A header with the sums of all
//! blocks; then either the image as it is, or `MMCF`: a table of blocks, raw (`ADDR`) and in LZ4 (`LZ4A`),
//! each with its place in the image, and behind the table their data. What no block fills is 0xFF.
//!
//! Versions 1 and 2 have no magic. Later ones are no wrapper of their own: a tar in gzip, in which the image
//! is sparse, in several parts.

use crate::bytes::{Blob, Budget, Extents, Fill, Gap};

use super::super::codec::Codec;
use super::super::registry::{Format, Holds, Listing};
use super::super::stream::parts::{Coded, Parts};
use super::{Images, believable};

/// Sony's images.
pub(in crate::unpack) struct Sin;

const NAME: &str = "sin";
const MAGIC: [u8; 4] = *b"\x03SIN";
const TABLE: [u8; 4] = *b"MMCF";
const DISK: [u8; 4] = *b"GPTP";
const RAW: [u8; 4] = *b"ADDR";
const LZ4: [u8; 4] = *b"LZ4A";
/// Bytes of magic and length before what each block says.
const BLOCK: u64 = 8;
/// Ours: bytes of an image.
const LARGEST: u64 = 1 << 48;
/// What flash has where nothing was written.
const ERASED: Fill = Fill::Word([0xff; 4]);

impl Format for Sin {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "Sony SIN, version 3: raw and LZ4 blocks; later ones are gzip and tar"
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

    fn list(&self, blob: &Blob, stem: &str, budget: &Budget) -> Listing {
        let mut images = Images::new(NAME, blob, budget);
        // `system_X-FLASH-ALL-2389.sin`
        let name = stem.split_once("_X-").map_or(stem, |(name, _)| name);
        let read = image(&mut images, name);
        images.end(read)
    }
}

fn image(images: &mut Images<'_>, name: &str) -> Result<(), Gap> {
    let header_len = u64::from(be32(images, 4, "header length")?);
    let magic = images.exact(header_len, 4, "image")?;
    if *magic != TABLE {
        let size = images.blob.len().saturating_sub(header_len);
        images.add(0, name, header_len, size);
        return Ok(());
    }
    let start = header_len.saturating_add(BLOCK);
    let len = be32(images, header_len.saturating_add(4), "length of MMCF")?;
    let data = start.saturating_add(len.into());
    let mut table = Table::new(images, data);
    let mut at = start;
    while at < data {
        images.row(at)?;
        match table.block(images, at) {
            Ok(next) => at = next,
            Err(gap) => {
                images.lose(gap.clone(), at);
                table.broken = Some(gap);
                break;
            }
        }
    }
    table.list(images, name);
    Ok(())
}

/// What is known of the image so far.
struct Table {
    /// Where the data of the blocks begins.
    data: u64,
    /// Start, length, content.
    pieces: Vec<(u64, u64, Fill)>,
    /// The LZ4 blocks, and which piece each is and where it begins among all.
    parts: Parts<Coded>,
    packed: Vec<(usize, u64)>,
    len: u64,
    /// What else may belong to it is not known, for this reason.
    broken: Option<Gap>,
}

impl Table {
    fn new(images: &Images<'_>, data: u64) -> Self {
        let codec = Codec::Lz4;
        Self {
            data,
            pieces: Vec::new(),
            parts: Parts::new(NAME, images.blob, Coded { format: NAME, codec }, images.budget),
            packed: Vec::new(),
            len: 0,
            broken: None,
        }
    }

    /// Takes the block at `at`; where the next one is.
    fn block(&mut self, images: &mut Images<'_>, at: u64) -> Result<u64, Gap> {
        let head = images.exact(at, 4, "block")?;
        let magic: [u8; 4] = head.first_chunk().copied().unwrap_or_default();
        let len = u64::from(be32(images, at.saturating_add(4), "length of a block")?);
        let field =
            |number: u64, what| be64(images, at.saturating_add(BLOCK).saturating_add(number << 3), what);
        let least = match magic {
            DISK => 24,
            RAW => 32,
            LZ4 => 48,
            magic => {
                return Err(Gap::unsupported(
                    NAME,
                    at,
                    "block",
                    u32::from_be_bytes(magic).into(),
                ));
            }
        };
        if len < least {
            return Err(Gap::invalid(NAME, at.saturating_add(4), "length of a block", len));
        }
        if magic == DISK {
            return Ok(at.saturating_add(len));
        }
        let (from, size) = (field(0, "data offset")?, field(1, "length")?);
        let (stored, to) = match magic {
            LZ4 => (Some(field(2, "packed length")?), field(3, "place")?),
            _ => (None, field(2, "place")?),
        };
        let end = to.saturating_add(size);
        if end > LARGEST {
            return Err(Gap::invalid(NAME, at, "place of a block", end));
        }
        self.len = self.len.max(end);
        match stored {
            Some(stored) => self.lz4(images, from, stored, size, to),
            None => self.raw(images, from, size, to),
        }
        Ok(at.saturating_add(len))
    }

    fn raw(&mut self, images: &Images<'_>, from: u64, size: u64, to: u64) {
        let from = self.data.saturating_add(from);
        let part = images.blob.slice(from..from.saturating_add(size));
        let have = part.len();
        self.pieces.push((to, have, Fill::From(part)));
        if have < size {
            let gap = Gap::truncated(NAME, from, "block", size, have);
            let to = to.saturating_add(have);
            self.pieces.push((to, size.saturating_sub(have), Fill::Lost(gap)));
        }
    }

    fn lz4(&mut self, images: &Images<'_>, from: u64, stored: u64, size: u64, to: u64) {
        let from = self.data.saturating_add(from);
        let have = images.blob.len().saturating_sub(from);
        let part = if have < stored {
            Err(Gap::truncated(NAME, from, "block", stored, have))
        } else {
            self.parts.add(size, from, stored, images.budget)
        };
        let fill = match part {
            Ok(at) => {
                self.packed.push((self.pieces.len(), at));
                Fill::Zero
            }
            Err(gap) => Fill::Lost(gap),
        };
        self.pieces.push((to, size, fill));
    }

    fn list(mut self, images: &mut Images<'_>, name: &str) {
        let parts = self.parts.into_blob();
        for (number, at) in self.packed {
            if let Some((_, len, fill)) = self.pieces.get_mut(number) {
                *fill = Fill::From(parts.slice(at..at.saturating_add(*len)));
            }
        }
        for (_, len, fill) in &self.pieces {
            if let Fill::Lost(gap) = fill {
                images.listing.lost(name, gap.clone(), believable(*len));
            }
        }
        let between = match self.broken {
            Some(gap) => Fill::Lost(gap),
            None => ERASED,
        };
        self.pieces.insert(0, (0, self.len, between));
        let mut image = Extents::new(NAME, self.len);
        image.overlay(self.pieces);
        images.put(0, name, image.into_blob());
    }
}

fn be32(images: &Images<'_>, at: u64, what: &'static str) -> Result<u32, Gap> {
    let bytes = images.exact(at, 4, what)?;
    Ok(bytes.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes)))
}

fn be64(images: &Images<'_>, at: u64, what: &'static str) -> Result<u64, Gap> {
    let bytes = images.exact(at, 8, what)?;
    Ok(bytes.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes)))
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use super::super::tests::{check, survives};
    use super::*;

    fn header() -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(30_u32.to_be_bytes());
        out.resize(30, 0x5a);
        out
    }

    fn sin(blocks: &[(bool, u64, &[u8])]) -> Vec<u8> {
        let (mut table, mut data) = (DISK.to_vec(), Vec::new());
        table.extend(24_u32.to_be_bytes());
        table.extend([0x5a; 16]);
        for (packed, to, bytes) in blocks {
            let stored = if *packed {
                lz4_flex::block::compress(bytes)
            } else {
                bytes.to_vec()
            };
            let wide = |n: usize| u64::try_from(n).unwrap();
            let (from, size) = (wide(data.len()), wide(bytes.len()));
            let mut words = vec![from, size];
            if *packed {
                words.extend([wide(stored.len()), *to, 0]);
            } else {
                words.push(*to);
            }
            table.extend(if *packed { LZ4 } else { RAW });
            let len = 8 + words.len() * 8 + 36;
            table.extend(u32::try_from(len).unwrap().to_be_bytes());
            table.extend(words.iter().flat_map(|word| word.to_be_bytes()));
            table.extend([0x5a; 36]);
            data.extend(stored);
        }
        let mut out = header();
        out.extend(TABLE);
        out.extend(u32::try_from(table.len()).unwrap().to_be_bytes());
        out.extend(table);
        out.extend(data);
        out
    }

    #[test]
    fn blocks_are_put_in_their_places_and_the_rest_is_as_erased_flash() {
        let long = [b'a'; 40];
        let data = sin(&[(true, 4, &long), (false, 46, b"raw")]);
        let expect = [&[0xff; 4][..], &long, &[0xff, 0xff], b"raw"].concat();
        check(&Sin, &data, &[("content", &expect)], &[]);
    }

    #[test]
    fn an_image_without_a_table_is_as_it_is() {
        let mut data = header();
        data.extend(b"boot");
        let budget = Budget::default();
        let listing = Sin.list(&Blob::from(data.clone()), "boot_X-FLASH-ALL-18CE", &budget);
        assert_eq!(&*listing.entries[0].name, "boot");
        check(&Sin, &data, &[("content", b"boot")], &[]);
    }

    #[test]
    fn behind_a_block_that_is_not_known_nothing_is_filled_in() {
        let mut data = sin(&[(false, 4, b"data"), (false, 8, b"more")]);
        let second = 38 + 24 + 68;
        data[second] = b'X';
        let gap = "sin: block at 0x82: unsupported value 0x58444452";
        check(&Sin, &data, &[("content", gap.as_bytes())], &[gap]);
        let listing = Sin.list(&Blob::from(data), "", &Budget::default());
        let super::super::super::leaf::Data::Plain(blob) = &listing.entries[0].data else {
            panic!()
        };
        assert_eq!(&*blob.read("t", 4..8).unwrap(), b"data");
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        survives(&Sin, &sin(&[(true, 0, &[b'a'; 40]), (false, 44, b"raw")]), |_| {
            false
        });
    }
}
