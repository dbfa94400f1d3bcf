//! A writer of small images: 64 blocks of 1 KiB, one group, 32 inodes of 128 bytes, extents.

const BLOCK: usize = 1024;
const BLOCKS: usize = 64;
/// Block of the inode table: superblock 1, descriptors 2.
const TABLE: usize = 5;
/// Blocks from here on are handed out.
const FREE: u64 = 16;
const INODES: usize = 32;
const INODE: usize = 128;
/// Block of the root directory.
const ROOT: u64 = 17;

pub(super) const FILE: u16 = 0x81a4;
const FOLDER: u16 = 0x41ed;
pub(super) const LINK: u16 = 0xa1ff;
/// `i_flags`: content is in an extent tree.
pub(super) const EXTENTS: u32 = 0x8_0000;

pub(super) struct Builder {
    data: Vec<u8>,
    next: u64,
}

impl Builder {
    pub(super) fn new() -> Self {
        let mut b = Self {
            data: vec![0; BLOCK * BLOCKS],
            next: ROOT + 1,
        };
        b.set(0x0, &(INODES as u32).to_le_bytes());
        b.set(0x4, &(BLOCKS as u32).to_le_bytes());
        b.set(0x14, &1_u32.to_le_bytes());
        b.set(0x20, &8192_u32.to_le_bytes());
        b.set(0x28, &(INODES as u32).to_le_bytes());
        b.set(0x38, &0xef53_u16.to_le_bytes());
        b.set(0x4c, &1_u32.to_le_bytes());
        b.set(0x58, &(INODE as u16).to_le_bytes());
        b.set(0x60, &0x42_u32.to_le_bytes());
        let table = (TABLE as u32).to_le_bytes();
        b.data[2 * BLOCK + 8..2 * BLOCK + 12].copy_from_slice(&table);
        b
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.data
    }

    /// A field of the superblock.
    pub(super) fn set(&mut self, at: usize, bytes: &[u8]) {
        self.data[BLOCK + at..BLOCK + at + bytes.len()].copy_from_slice(bytes);
    }

    pub(super) fn put(&mut self, block: u64, bytes: &[u8]) {
        let at = block as usize * BLOCK;
        self.data[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// A block with this at its start.
    pub(super) fn content(&mut self, bytes: &[u8]) -> u64 {
        let block = self.next;
        assert!(block > FREE && block < BLOCKS as u64);
        self.next += 1;
        self.put(block, bytes);
        block
    }

    pub(super) fn inode(&mut self, number: u32, mode: u16, size: u64, flags: u32, block: &[u8]) {
        let at = TABLE * BLOCK + (number as usize - 1) * INODE;
        let raw = &mut self.data[at..at + INODE];
        raw[..2].copy_from_slice(&mode.to_le_bytes());
        raw[4..8].copy_from_slice(&(size as u32).to_le_bytes());
        raw[0x1a] = 1;
        raw[0x20..0x24].copy_from_slice(&flags.to_le_bytes());
        raw[0x28..0x28 + block.len()].copy_from_slice(block);
        raw[0x6c..0x70].copy_from_slice(&((size >> 32) as u32).to_le_bytes());
    }

    pub(super) fn flags(&mut self, number: u32, flags: u32) {
        let at = TABLE * BLOCK + (number as usize - 1) * INODE + 0x20;
        self.data[at..at + 4].copy_from_slice(&flags.to_le_bytes());
    }

    pub(super) fn file(&mut self, number: u32, bytes: &[u8]) {
        let block = self.content(bytes);
        let tree = extents(0, &[extent(0, 1, block)]);
        self.inode(number, FILE, bytes.len() as u64, EXTENTS, &tree);
    }

    pub(super) fn root(&mut self, names: &[(u32, &str)]) {
        self.put(ROOT, &entries(2, 2, names));
        let tree = extents(0, &[extent(0, 1, ROOT)]);
        self.inode(2, FOLDER, BLOCK as u64, EXTENTS, &tree);
    }

    pub(super) fn folder(&mut self, number: u32, above: u32, names: &[(u32, &str)]) {
        let block = self.content(&entries(number, above, names));
        let tree = extents(0, &[extent(0, 1, block)]);
        self.inode(number, FOLDER, BLOCK as u64, EXTENTS, &tree);
    }
}

/// One block of directory entries.
fn entries(own: u32, above: u32, names: &[(u32, &str)]) -> Vec<u8> {
    let all: Vec<(u32, &str)> = [(own, "."), (above, "..")]
        .into_iter()
        .chain(names.iter().copied())
        .collect();
    let mut block = Vec::new();
    for (number, (inode, name)) in all.iter().enumerate() {
        let len = if number + 1 == all.len() {
            BLOCK - block.len()
        } else {
            (8 + name.len()).next_multiple_of(4)
        };
        let end = block.len() + len;
        block.extend(inode.to_le_bytes());
        block.extend((len as u16).to_le_bytes());
        block.extend([name.len() as u8, 0]);
        block.extend(name.as_bytes());
        block.resize(end, 0);
    }
    block
}

/// A node of an extent tree, `depth` levels above its leaves.
pub(super) fn extents(depth: u16, entries: &[[u8; 12]]) -> Vec<u8> {
    let count = entries.len() as u16;
    let header = [0xf30a, count, 4, depth, 0, 0].map(u16::to_le_bytes);
    [header.as_flattened(), entries.as_flattened()].concat()
}

pub(super) fn extent(first: u32, len: u16, block: u64) -> [u8; 12] {
    let mut entry = [0; 12];
    entry[..4].copy_from_slice(&first.to_le_bytes());
    entry[4..6].copy_from_slice(&len.to_le_bytes());
    entry[8..].copy_from_slice(&(block as u32).to_le_bytes());
    entry
}

pub(super) fn index(first: u32, block: u64) -> [u8; 12] {
    let mut entry = [0; 12];
    entry[..4].copy_from_slice(&first.to_le_bytes());
    entry[4..8].copy_from_slice(&(block as u32).to_le_bytes());
    entry
}
