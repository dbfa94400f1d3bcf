//! Writes images by hand.

use super::super::superblock;

pub(super) const FILE: u16 = 0o100_644;
pub(super) const DIR: u16 = 0o040_755;
pub(super) const LINK: u16 = 0o120_777;

/// Layouts, as `i_format` of a compact inode.
pub(super) const PLAIN: u16 = 0;
pub(super) const FULL: u16 = 1 << 1;
pub(super) const INLINE: u16 = 2 << 1;
pub(super) const COMPACT: u16 = 3 << 1;
pub(super) const CHUNKS: u16 = 4 << 1;

/// Writes an image: the superblock in block 0, metadata in blocks 1 to 15, data behind it.
pub(super) struct Image {
    pub(super) bits: u8,
    pub(super) meta: Vec<u8>,
    pub(super) data: Vec<u8>,
    pub(super) incompat: u32,
    pub(super) root: u64,
    pub(super) packed: u64,
    pub(super) metabox: u64,
    pub(super) devices: u16,
}

impl Image {
    pub(super) fn new(bits: u8) -> Self {
        Self {
            bits,
            // The first inode has the number 1: 0 is none in some fields.
            meta: vec![0; 32],
            data: Vec::new(),
            incompat: 1,
            root: 0,
            packed: 0,
            metabox: 0,
            devices: 0,
        }
    }

    pub(super) fn block(&self) -> usize {
        1 << self.bits
    }

    /// Puts data into blocks of its own; the number of the first.
    pub(super) fn put(&mut self, data: &[u8]) -> u32 {
        let number = 16 + self.data.len() / self.block();
        self.data.extend_from_slice(data);
        self.data
            .resize(self.data.len().next_multiple_of(self.block()), 0);
        number as u32
    }

    /// The same, as compressed data is put: at the end of the blocks.
    pub(super) fn put_packed(&mut self, packed: &[u8]) -> u32 {
        let len = packed.len().next_multiple_of(self.block());
        self.put(&[vec![0; len - packed.len()], packed.to_vec()].concat())
    }

    /// A compact inode with something behind it; its number.
    pub(super) fn inode(&mut self, mode: u16, format: u16, size: u32, union: u32, behind: &[u8]) -> u64 {
        self.meta.resize(self.meta.len().next_multiple_of(32), 0);
        let nid = self.meta.len() / 32;
        for field in [format, 0, mode, 1] {
            self.meta.extend(field.to_le_bytes());
        }
        for field in [size, 0, union, 0, 0, 0] {
            self.meta.extend(field.to_le_bytes());
        }
        self.meta.extend_from_slice(behind);
        nid as u64
    }

    /// A file with a full index: the map header's first and last words, and entries of 8 bytes.
    pub(super) fn indexed(&mut self, size: u32, header: (u32, u32), entries: &[[u8; 8]]) -> u64 {
        let mut behind = [header.0, header.1, 0, 0].map(u32::to_le_bytes).concat();
        behind.extend(entries.concat());
        self.inode(FILE, FULL, size, 1, &behind)
    }

    /// Files as they are, each in blocks of its own.
    pub(super) fn plain(&mut self, data: &[u8]) -> u64 {
        let start = self.put(data);
        self.inode(FILE, PLAIN, data.len() as u32, start, &[])
    }

    /// A directory in a block of its own.
    pub(super) fn dir(&mut self, entries: &[(&str, u64)]) -> u64 {
        let mut block = Vec::new();
        let mut at = entries.len() * 12;
        for (name, nid) in entries {
            block.extend(nid.to_le_bytes());
            block.extend((at as u16).to_le_bytes());
            block.extend([0, 0]);
            at += name.len();
        }
        block.extend(entries.iter().flat_map(|(name, _)| name.bytes()));
        let start = self.put(&block);
        self.inode(DIR, PLAIN, block.len() as u32, start, &[])
    }

    /// With this one file in its root.
    pub(super) fn with(mut self, nid: u64) -> Vec<u8> {
        self.root = self.dir(&[(".", 0), ("..", 0), ("f", nid)]);
        self.finish()
    }

    pub(super) fn finish(self) -> Vec<u8> {
        let block = self.block();
        let mut image = vec![0; block.max(2048)];
        let mut put = |at: usize, bytes: &[u8]| image[1024 + at..][..bytes.len()].copy_from_slice(bytes);
        put(0, &superblock::MAGIC);
        put(12, &[self.bits, 1]);
        put(14, &(self.root as u16).to_le_bytes());
        let first = if self.bits == 9 { 4_u32 } else { 1 };
        put(40, &first.to_le_bytes());
        put(80, &self.incompat.to_le_bytes());
        put(86, &self.devices.to_le_bytes());
        put(88, &10_u16.to_le_bytes());
        put(96, &self.packed.to_le_bytes());
        put(128, &self.metabox.to_le_bytes());
        image.resize(first as usize * block, 0);
        image.extend(self.meta);
        assert!(image.len() <= 16 * block);
        image.resize(16 * block, 0);
        image.extend(self.data);
        image
    }
}

/// A head in a full index: what it is, where in its cluster it starts, the block.
pub(super) fn head(kind: u16, offset: u16, block: u32) -> [u8; 8] {
    let [a, b] = kind.to_le_bytes();
    let [c, d] = offset.to_le_bytes();
    let [e, f, g, h] = block.to_le_bytes();
    [a, b, c, d, e, f, g, h]
}

/// What is no head: clusters back to it, and on to the next.
pub(super) fn rest(back: u16, next: u16) -> [u8; 8] {
    let [e, f] = back.to_le_bytes();
    let [g, h] = next.to_le_bytes();
    [2, 0, 0, 0, e, f, g, h]
}

/// The map header's second word: flags and the two algorithms.
pub(super) fn flags(advise: u16, algorithms: u8) -> u32 {
    u32::from(advise) | u32::from(algorithms) << 16
}

pub(super) fn text(len: usize) -> Vec<u8> {
    let words = (0_u32..).flat_map(|n| format!("{} ", n.wrapping_mul(n) % 97).into_bytes());
    words.take(len).collect()
}

pub(super) fn noise(len: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let next = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    next.take(len).collect()
}

pub(super) fn lz4(data: &[u8]) -> Vec<u8> {
    lz4_flex::block::compress(data)
}

pub(super) fn deflate(data: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}
