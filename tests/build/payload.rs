//! Writes payload.bin files for tests.
//!
//! ```ignore
//! let mut payload = PayloadBuilder::new();
//! let mut system = PartitionBuilder::new("system");
//! system.op(payload.op(REPLACE_XZ, &xz(&image), &[(0, 4)]));
//! system.op(Op::new(ZERO, &[(4, 12)]));
//! payload.partition(system.image(&whole));
//! let bytes = payload.build();
//! ```
//!
//! Compressed streams hold their data as it is, so that no encoder is needed: what is compressed in earnest
//! is made by the test that wants it. Each field of an operation may be set to what no payload has.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::io::Write;

use sha2::{Digest, Sha256};

pub const REPLACE: u64 = 0;
pub const REPLACE_BZ: u64 = 1;
pub const MOVE: u64 = 2;
pub const BSDIFF: u64 = 3;
pub const SOURCE_COPY: u64 = 4;
pub const SOURCE_BSDIFF: u64 = 5;
pub const ZERO: u64 = 6;
pub const DISCARD: u64 = 7;
pub const REPLACE_XZ: u64 = 8;
pub const PUFFDIFF: u64 = 9;
pub const BROTLI_BSDIFF: u64 = 10;
pub const ZUCCHINI: u64 = 11;
pub const ZSTD: u64 = 14;

/// Bytes of a block.
pub const BLOCK: usize = 4096;

/// A payload: partitions, and the data of their operations.
pub struct PayloadBuilder {
    pub version: u64,
    pub block_size: Option<u64>,
    pub minor_version: Option<u64>,
    /// `dynamic_partition_metadata.snapshot_enabled`.
    pub snapshot: bool,
    /// Instead of their true lengths, where it is set.
    pub manifest_size: Option<u64>,
    pub signature: Vec<u8>,
    pub signature_size: Option<u32>,
    /// Fields after all others.
    pub tail: Vec<u8>,
    partitions: Vec<Vec<u8>>,
    pub data: Vec<u8>,
}

impl PayloadBuilder {
    pub fn new() -> Self {
        Self {
            version: 2,
            block_size: Some(4096),
            minor_version: Some(0),
            snapshot: false,
            manifest_size: None,
            signature: Vec::new(),
            signature_size: None,
            tail: Vec::new(),
            partitions: Vec::new(),
            data: Vec::new(),
        }
    }

    /// An operation with these data, their hash, and these blocks.
    pub fn op(&mut self, kind: u64, data: &[u8], dst: &[(u64, u64)]) -> Op {
        let mut op = Op::new(kind, dst);
        op.data = Some((self.data.len() as u64, data.len() as u64));
        op.data_hash = Some(sha256(data));
        self.data.extend_from_slice(data);
        op
    }

    pub fn partition(&mut self, partition: PartitionBuilder) {
        self.partitions.push(partition.build());
    }

    pub fn build(&self) -> Vec<u8> {
        let mut manifest = Vec::new();
        if let Some(size) = self.block_size {
            int(&mut manifest, 3, size);
        }
        if let Some(minor) = self.minor_version {
            int(&mut manifest, 12, minor);
        }
        for partition in &self.partitions {
            bytes(&mut manifest, 13, partition);
        }
        if self.snapshot {
            let mut dynamic = Vec::new();
            int(&mut dynamic, 2, 1);
            bytes(&mut manifest, 15, &dynamic);
        }
        manifest.extend_from_slice(&self.tail);
        let mut out = b"CrAU".to_vec();
        out.extend(self.version.to_be_bytes());
        out.extend(self.manifest_size.unwrap_or(manifest.len() as u64).to_be_bytes());
        out.extend(
            self.signature_size
                .unwrap_or(self.signature.len() as u32)
                .to_be_bytes(),
        );
        out.extend(manifest);
        out.extend(&self.signature);
        out.extend(&self.data);
        out
    }
}

pub struct PartitionBuilder {
    pub name: Vec<u8>,
    /// `new_partition_info` and `old_partition_info`.
    pub size: Option<u64>,
    pub hash: Option<Vec<u8>>,
    pub old_size: Option<u64>,
    pub old_hash: Option<Vec<u8>>,
    /// Start and length, in blocks.
    pub hash_tree: Option<(u64, u64)>,
    ops: Vec<Op>,
    /// Fields after all others.
    pub tail: Vec<u8>,
}

impl PartitionBuilder {
    pub fn new(name: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            size: None,
            hash: None,
            old_size: None,
            old_hash: None,
            hash_tree: None,
            ops: Vec::new(),
            tail: Vec::new(),
        }
    }

    pub fn op(&mut self, op: Op) {
        self.ops.push(op);
    }

    /// The image that its operations should make.
    pub fn image(mut self, image: &[u8]) -> Self {
        self.size = Some(image.len() as u64);
        self.hash = Some(sha256(image));
        self
    }

    /// The image that its operations start from.
    pub fn old(mut self, image: &[u8]) -> Self {
        self.old_size = Some(image.len() as u64);
        self.old_hash = Some(sha256(image));
        self
    }

    fn build(&self) -> Vec<u8> {
        let mut out = Vec::new();
        bytes(&mut out, 1, &self.name);
        info(&mut out, 6, self.old_size, self.old_hash.as_deref());
        info(&mut out, 7, self.size, self.hash.as_deref());
        for op in &self.ops {
            bytes(&mut out, 8, &op.build());
        }
        if let Some(blocks) = self.hash_tree {
            bytes(&mut out, 11, &extent(blocks));
        }
        out.extend_from_slice(&self.tail);
        out
    }
}

fn info(out: &mut Vec<u8>, number: u64, size: Option<u64>, hash: Option<&[u8]>) {
    let mut info = Vec::new();
    if let Some(size) = size {
        int(&mut info, 1, size);
    }
    if let Some(hash) = hash {
        bytes(&mut info, 2, hash);
    }
    if !info.is_empty() {
        bytes(out, number, &info);
    }
}

#[derive(Clone)]
pub struct Op {
    pub kind: Option<u64>,
    /// Offset and length.
    pub data: Option<(u64, u64)>,
    pub data_hash: Option<Vec<u8>>,
    /// Start and length, in blocks.
    pub src: Vec<(u64, u64)>,
    pub dst: Vec<(u64, u64)>,
    pub src_hash: Option<Vec<u8>>,
    /// Fields after all others.
    pub tail: Vec<u8>,
}

impl Op {
    pub fn new(kind: u64, dst: &[(u64, u64)]) -> Self {
        Self {
            kind: Some(kind),
            data: None,
            data_hash: None,
            src: Vec::new(),
            dst: dst.to_vec(),
            src_hash: None,
            tail: Vec::new(),
        }
    }

    /// The same, starting from these blocks of `old`.
    pub fn from(mut self, old: &[u8], src: &[(u64, u64)]) -> Self {
        let range = |(start, len): &(u64, u64)| {
            let start = *start as usize * BLOCK;
            &old[start..start + *len as usize * BLOCK]
        };
        let all: Vec<u8> = src.iter().flat_map(range).copied().collect();
        self.src = src.to_vec();
        self.src_hash = Some(sha256(&all));
        self
    }

    fn build(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(kind) = self.kind {
            int(&mut out, 1, kind);
        }
        if let Some((offset, length)) = self.data {
            int(&mut out, 2, offset);
            int(&mut out, 3, length);
        }
        for blocks in &self.src {
            bytes(&mut out, 4, &extent(*blocks));
        }
        for blocks in &self.dst {
            bytes(&mut out, 6, &extent(*blocks));
        }
        if let Some(hash) = &self.data_hash {
            bytes(&mut out, 8, hash);
        }
        if let Some(hash) = &self.src_hash {
            bytes(&mut out, 9, hash);
        }
        out.extend_from_slice(&self.tail);
        out
    }
}

fn extent((start, len): (u64, u64)) -> Vec<u8> {
    let mut out = Vec::new();
    int(&mut out, 1, start);
    int(&mut out, 2, len);
    out
}

/// A field of Protocol Buffers that is an integer.
pub fn int(out: &mut Vec<u8>, number: u64, value: u64) {
    varint(out, number << 3);
    varint(out, value);
}

/// A field of Protocol Buffers that is bytes, a string or a message.
pub fn bytes(out: &mut Vec<u8>, number: u64, value: &[u8]) {
    varint(out, number << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub fn sha256(data: &[u8]) -> Vec<u8> {
    Sha256::digest(data).to_vec()
}

/// So many blocks that differ, and do not compress.
pub fn noise(blocks: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..blocks * BLOCK).map(|_| next()).collect()
}

/// bzip2, compressed.
pub fn bz(data: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// .xz with one block of LZMA2 chunks that are not compressed, and CRC32.
pub fn xz(data: &[u8]) -> Vec<u8> {
    let flags = [0, 1];
    let mut out = b"\xfd7zXZ\0".to_vec();
    out.extend(flags);
    out.extend(crc32(&flags));
    let start = out.len();
    // Header of 12 bytes: one filter, LZMA2, with a dictionary of 8 MiB.
    let header = [2, 0, 0x21, 1, 22, 0, 0, 0];
    out.extend(header);
    out.extend(crc32(&header));
    for (n, chunk) in data.chunks(1 << 16).enumerate() {
        out.push(if n == 0 { 1 } else { 2 });
        out.extend(((chunk.len() - 1) as u16).to_be_bytes());
        out.extend(chunk);
    }
    out.push(0);
    let unpadded = out.len() - start + 4;
    while !(out.len() - start).is_multiple_of(4) {
        out.push(0);
    }
    out.extend(crc32(data));
    let mut index = vec![0, 1];
    varint(&mut index, unpadded as u64);
    varint(&mut index, data.len() as u64);
    while !index.len().is_multiple_of(4) {
        index.push(0);
    }
    let crc = crc32(&index);
    index.extend(crc);
    out.extend(&index);
    let mut footer = ((index.len() / 4 - 1) as u32).to_le_bytes().to_vec();
    footer.extend(flags);
    out.extend(crc32(&footer));
    out.extend(footer);
    out.extend(b"YZ");
    out
}

fn crc32(data: &[u8]) -> [u8; 4] {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    crc.sum().to_le_bytes()
}

/// A Zstandard frame of blocks that are not compressed.
pub fn zstd(data: &[u8]) -> Vec<u8> {
    let mut out = b"\x28\xb5\x2f\xfd".to_vec();
    // One segment; its size in 4 bytes.
    out.push(0xa0);
    out.extend((data.len() as u32).to_le_bytes());
    let last = data.len().div_ceil(1 << 16).max(1) - 1;
    let mut chunks = data.chunks(1 << 16);
    for n in 0..=last {
        let chunk = chunks.next().unwrap_or_default();
        let header = (chunk.len() as u32) << 3 | u32::from(n == last);
        out.extend(&header.to_le_bytes()[..3]);
        out.extend(chunk);
    }
    out
}

/// Brotli of meta-blocks that are not compressed.
pub fn brotli(data: &[u8]) -> Vec<u8> {
    // The first bit is the window's size, which stands before the first meta-block.
    let mut out = Vec::new();
    for (n, chunk) in data.chunks(1 << 16).enumerate() {
        // Not the last, four nibbles of length, the length less one, not compressed.
        let header = (chunk.len() as u32 - 1) << 3 | 1 << 19;
        let header = if n == 0 { header << 1 } else { header };
        out.extend(&header.to_le_bytes()[..3]);
        out.extend(chunk);
    }
    // The last, and empty.
    out.push(if data.is_empty() { 3 << 1 } else { 3 });
    out
}

/// A BSDIFF patch whose streams are compressed so: 0 not at all, 1 bzip2, 2 Brotli; `None` for `BSDIFF40`.
pub fn bsdiff(kinds: Option<[u8; 3]>, control: &[(i64, i64, i64)], diff: &[u8], extra: &[u8]) -> Vec<u8> {
    let mut out = b"BSDIFF40".to_vec();
    if let Some(kinds) = kinds {
        out = b"BSDF2".to_vec();
        out.extend(kinds);
    }
    let pack = |kind: u8, data: &[u8]| match kind {
        0 => data.to_vec(),
        1 => bz(data),
        _ => brotli(data),
    };
    let kinds = kinds.unwrap_or([1; 3]);
    let entries = control.iter().flat_map(|(add, copy, seek)| [*add, *copy, *seek]);
    let entries: Vec<u8> = entries.flat_map(signed).collect();
    let control_stream = pack(kinds[0], &entries);
    let diff_stream = pack(kinds[1], diff);
    let size: i64 = control.iter().map(|(add, copy, _)| add + copy).sum();
    out.extend(signed(control_stream.len() as i64));
    out.extend(signed(diff_stream.len() as i64));
    out.extend(signed(size));
    out.extend(control_stream);
    out.extend(diff_stream);
    out.extend(pack(kinds[2], extra));
    out
}

fn signed(number: i64) -> [u8; 8] {
    let sign = if number < 0 { 1 << 63 } else { 0 };
    (number.unsigned_abs() | sign).to_le_bytes()
}

/// Where deflate streams are in the old or the new bytes (in bits), and their puffs (in bytes of the puffed
/// form, whose length is the last number).
pub type Puffs<'a> = (&'a [(u64, u64)], &'a [(u64, u64)], u64);

/// A puffin patch around a BSDIFF patch.
pub fn puffin(kind: u64, src: Puffs<'_>, dst: Puffs<'_>, patch: &[u8]) -> Vec<u8> {
    let stream = |(deflates, puffs, length): Puffs<'_>| {
        let mut out = Vec::new();
        for blocks in deflates {
            bytes(&mut out, 1, &extent(*blocks));
        }
        for (offset, length) in puffs {
            bytes(&mut out, 2, &extent((offset * 8, length * 8)));
        }
        int(&mut out, 3, length);
        out
    };
    let mut header = Vec::new();
    int(&mut header, 1, 1);
    bytes(&mut header, 2, &stream(src));
    bytes(&mut header, 3, &stream(dst));
    if kind != 0 {
        int(&mut header, 4, kind);
    }
    let mut out = b"PUF1".to_vec();
    out.extend((header.len() as u32).to_be_bytes());
    out.extend(header);
    out.extend_from_slice(patch);
    out
}
