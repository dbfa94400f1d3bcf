//! The manifest of a payload: what is written where, and from what.
//!
//! Spec: AOSP `system/update_engine/update_metadata.proto`; field numbers and names are its. Only what is
//! needed to put images together is read. A field that stands twice counts as its last, as Protocol Buffers
//! say; every number is only read here, and checked where an image is planned.

use std::ops::Range;

use crate::bytes::Gap;

use super::NAME;
use super::proto::{Field, Message};

/// Ours: partitions of a device. The most that were met are 70.
const PARTITIONS: u64 = 4096;

/// What is read of `DeltaArchiveManifest`.
#[derive(Debug)]
pub(super) struct Manifest<'a> {
    /// Bytes of a block.
    pub(super) block_size: u64,
    /// Whether blocks that no operation writes keep what the old image has (Virtual A/B).
    pub(super) snapshot: bool,
    pub(super) partitions: Vec<Partition<'a>>,
    /// What ended the reading.
    pub(super) gap: Option<Gap>,
}

/// What is read of `PartitionUpdate`.
#[derive(Debug, Default)]
pub(super) struct Partition<'a> {
    /// Bytes from the payload's start.
    pub(super) at: u64,
    /// Any bytes: proto2 does not check that a string is UTF-8.
    pub(super) name: &'a [u8],
    pub(super) old: Info<'a>,
    pub(super) new: Info<'a>,
    pub(super) operations: Vec<Message<'a>>,
    /// Written by the device, where no operation does.
    pub(super) hash_tree: Extent,
    pub(super) fec: Extent,
    /// What ended the reading.
    pub(super) gap: Option<Gap>,
}

/// `PartitionInfo`.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Info<'a> {
    /// Bytes.
    pub(super) size: Option<u64>,
    /// SHA-256 of the whole image.
    pub(super) hash: &'a [u8],
}

/// `Extent`, in blocks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) start_block: u64,
    pub(super) num_blocks: u64,
}

/// What is read of `InstallOperation`. The lengths `src_length` and `dst_length` say what the extents say.
#[derive(Debug, Default)]
pub(super) struct Operation<'a> {
    /// Bytes from the payload's start.
    pub(super) at: u64,
    /// The raw enum. Required, and never to be guessed: its default would be REPLACE.
    pub(super) kind: Option<u64>,
    /// Bytes from the end of the metadata.
    pub(super) data_offset: u64,
    pub(super) data_length: u64,
    pub(super) src_extents: Vec<Extent>,
    pub(super) dst_extents: Vec<Extent>,
    /// SHA-256 of the data as it is in the payload, or empty.
    pub(super) data_sha256_hash: &'a [u8],
    /// SHA-256 of what `src_extents` hold, or empty.
    pub(super) src_sha256_hash: &'a [u8],
}

/// A block of the old image that means "nothing": its data is dropped.
pub(super) const SPARSE_HOLE: u64 = u64::MAX;

impl<'a> Manifest<'a> {
    /// Reads the manifest, which begins `at` bytes from the payload's start.
    pub(super) fn read(data: &'a [u8], at: u64, count: &mut Count) -> Self {
        let mut manifest = Self {
            block_size: 4096,
            snapshot: false,
            partitions: Vec::new(),
            gap: None,
        };
        for field in Message::new(data, at) {
            if let Err(gap) = field.and_then(|field| manifest.field(&field, count)) {
                manifest.gap = Some(gap);
                break;
            }
        }
        manifest
    }

    fn field(&mut self, field: &Field<'a>, count: &mut Count) -> Result<(), Gap> {
        match field.number {
            3 => self.block_size = field.int("block_size")?,
            13 => {
                let message = field.message("partitions")?;
                let listed = u64::try_from(self.partitions.len())
                    .unwrap_or(u64::MAX)
                    .saturating_add(1);
                if listed > PARTITIONS {
                    return Err(Gap::over(NAME, field.at, "partitions", listed, PARTITIONS, ""));
                }
                self.partitions.push(Partition::read(message, field.at, count));
            }
            15 => {
                for field in field.message("dynamic_partition_metadata")? {
                    let field = field?;
                    if field.number == 2 {
                        self.snapshot = field.int("snapshot_enabled")? != 0;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl<'a> Partition<'a> {
    fn read(message: Message<'a>, at: u64, count: &mut Count) -> Self {
        let mut partition = Self {
            at,
            ..Self::default()
        };
        for field in message {
            if let Err(gap) = field.and_then(|field| partition.field(&field, count)) {
                partition.gap = Some(gap);
                break;
            }
        }
        partition
    }

    fn field(&mut self, field: &Field<'a>, count: &mut Count) -> Result<(), Gap> {
        match field.number {
            1 => self.name = field.bytes("partition_name")?,
            6 => self.old.read(field.message("old_partition_info")?)?,
            7 => self.new.read(field.message("new_partition_info")?)?,
            8 => {
                count.one(field.at, "operations")?;
                self.operations.push(field.message("operations")?);
            }
            11 => self.hash_tree = Extent::read(field.message("hash_tree_extent")?)?,
            15 => self.fec = Extent::read(field.message("fec_extent")?)?,
            _ => {}
        }
        Ok(())
    }
}

impl<'a> Info<'a> {
    fn read(&mut self, message: Message<'a>) -> Result<(), Gap> {
        for field in message {
            let field = field?;
            match field.number {
                1 => self.size = Some(field.int("partition size")?),
                2 => self.hash = field.bytes("partition hash")?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Extent {
    fn read(message: Message<'_>) -> Result<Self, Gap> {
        let mut extent = Self::default();
        for field in message {
            let field = field?;
            match field.number {
                1 => extent.start_block = field.int("start_block")?,
                2 => extent.num_blocks = field.int("num_blocks")?,
                _ => {}
            }
        }
        Ok(extent)
    }

    /// Bytes from the image's start; `None` where that is no number.
    pub(super) fn bytes(self, block: u64) -> Option<Range<u64>> {
        let start = self.start_block.checked_mul(block)?;
        let end = self
            .start_block
            .checked_add(self.num_blocks)?
            .checked_mul(block)?;
        Some(start..end)
    }
}

impl<'a> Operation<'a> {
    /// Reads one operation.
    pub(super) fn read(message: Message<'a>, at: u64, count: &mut Count) -> Result<Self, Gap> {
        let mut operation = Self {
            at,
            ..Self::default()
        };
        for field in message {
            let field = field?;
            match field.number {
                1 => operation.kind = Some(field.int("operation type")?),
                2 => operation.data_offset = field.int("data_offset")?,
                3 => operation.data_length = field.int("data_length")?,
                4 => {
                    count.one(field.at, "src_extents")?;
                    let extent = Extent::read(field.message("src_extents")?)?;
                    operation.src_extents.push(extent);
                }
                6 => {
                    count.one(field.at, "dst_extents")?;
                    let extent = Extent::read(field.message("dst_extents")?)?;
                    operation.dst_extents.push(extent);
                }
                8 => operation.data_sha256_hash = field.bytes("data_sha256_hash")?,
                9 => operation.src_sha256_hash = field.bytes("src_sha256_hash")?,
                _ => {}
            }
        }
        Ok(operation)
    }
}

/// Operations and extents so far: they are all in memory at once.
#[derive(Debug)]
pub(super) struct Count {
    got: u64,
    limit: u64,
}

impl Count {
    pub(super) fn new(limit: u64) -> Self {
        Self { got: 0, limit }
    }

    fn one(&mut self, at: u64, what: &'static str) -> Result<(), Gap> {
        self.got = self.got.saturating_add(1);
        if self.got > self.limit {
            return Err(Gap::over(
                NAME,
                at,
                what,
                self.got,
                self.limit,
                "--max-entries-per-file",
            ));
        }
        Ok(())
    }
}
