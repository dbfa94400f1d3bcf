//! Geometry, header and tables, read and checked.

use sha2::{Digest, Sha256};

use crate::bytes::{Blob, Bytes, Cursor, Gap};

use super::super::super::name;
use super::super::{exact, until_nul, wide};
use super::{GEOMETRY_MAGIC, GEOMETRY_SIZE, METADATA, NAME, SECTOR};

/// `LP_METADATA_HEADER_MAGIC`.
const HEADER_MAGIC: [u8; 4] = *b"0PLA";
/// Headers before version 10.2, and from there on.
const HEADER_V0: u32 = 128;
const HEADER_V2: u32 = 256;
const PARTITION_SIZE: u32 = 52;
const EXTENT_SIZE: u32 = 24;
const DEVICE_SIZE: u32 = 64;
/// Ours: bytes of the tables of one slot. Real ones have 64 KiB at most for all.
const MAX_TABLES: u32 = 512 << 10;

/// `LpMetadataGeometry`.
pub(super) struct Geometry {
    /// Bytes of one copy of the metadata.
    pub(super) metadata_max_size: u32,
    pub(super) metadata_slot_count: u32,
}

impl Geometry {
    pub(super) fn read(blob: &Blob, at: u64) -> Result<Self, Gap> {
        let bytes = exact(NAME, blob, at, GEOMETRY_SIZE.into(), "geometry")?;
        let mut c = Cursor::new(NAME, &bytes);
        let invalid = |what, got: u32| Gap::invalid(NAME, at, what, got.into());
        let magic: [u8; 4] = c.array("magic")?;
        if magic != GEOMETRY_MAGIC {
            return Err(invalid("geometry magic", u32::from_le_bytes(magic)));
        }
        let struct_size = c.u32("struct_size")?;
        if struct_size != GEOMETRY_SIZE {
            return Err(invalid("struct_size", struct_size));
        }
        checked(&bytes, 8, "geometry checksum", at)?;
        c.skip("checksum", 32)?;
        let metadata_max_size = c.u32("metadata_max_size")?;
        let metadata_slot_count = c.u32("metadata_slot_count")?;
        if u64::from(metadata_max_size) % SECTOR != 0 {
            return Err(invalid("metadata_max_size", metadata_max_size));
        }
        if metadata_slot_count == 0 {
            return Err(invalid("metadata_slot_count", metadata_slot_count));
        }
        Ok(Self {
            metadata_max_size,
            metadata_slot_count,
        })
    }

    /// Where data may begin, in bytes.
    fn end(&self) -> u64 {
        let copies = u64::from(self.metadata_slot_count).saturating_mul(2);
        METADATA.saturating_add(copies.saturating_mul(self.metadata_max_size.into()))
    }
}

/// Checks that the SHA-256 at `field` is that of all `bytes`, itself counted as zeros.
fn checked(bytes: &[u8], field: usize, what: &'static str, at: u64) -> Result<(), Gap> {
    let end = field.saturating_add(32);
    let said = bytes.get(field..end).unwrap_or_default();
    let sum = Sha256::new()
        .chain_update(bytes.get(..field).unwrap_or_default())
        .chain_update([0; 32])
        .chain_update(bytes.get(end..).unwrap_or_default())
        .finalize();
    same(said, &sum, what, at)
}

fn same(said: &[u8], sum: &[u8], what: &'static str, at: u64) -> Result<(), Gap> {
    if said == sum {
        return Ok(());
    }
    let got = said.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    Err(Gap::invalid(NAME, at, what, got))
}

/// `LpMetadataHeader` and its tables, without the groups.
pub(super) struct Metadata {
    /// Where the header is.
    pub(super) at: u64,
    pub(super) partitions: Vec<Partition>,
    pub(super) extents: Vec<Extent>,
    pub(super) devices: Vec<Device>,
}

pub(super) struct Partition {
    pub(super) name: Box<str>,
    pub(super) attributes: u32,
    /// Index into the extents.
    pub(super) first_extent_index: u32,
    pub(super) num_extents: u32,
}

pub(super) struct Extent {
    pub(super) num_sectors: u64,
    pub(super) target_type: u32,
    /// Sector of the block device.
    pub(super) target_data: u64,
    /// Index into the block devices.
    pub(super) target_source: u32,
}

pub(super) struct Device {
    pub(super) name: Box<str>,
    /// Bytes.
    pub(super) size: u64,
}

impl Metadata {
    pub(super) fn read(blob: &Blob, at: u64, geometry: &Geometry) -> Result<Self, Gap> {
        let bytes = exact(NAME, blob, at, HEADER_V0.into(), "header")?;
        let mut c = Cursor::new(NAME, &bytes);
        let invalid = |what, got: u32| Gap::invalid(NAME, at, what, got.into());
        let magic: [u8; 4] = c.array("magic")?;
        if magic != HEADER_MAGIC {
            return Err(invalid("header magic", u32::from_le_bytes(magic)));
        }
        let (major, minor) = (c.u16("major_version")?, c.u16("minor_version")?);
        if major != 10 || minor > 2 {
            let got = u64::from(major) << 16 | u64::from(minor);
            return Err(Gap::unsupported(NAME, at, "version", got));
        }
        let header_size = c.u32("header_size")?;
        if header_size != if minor < 2 { HEADER_V0 } else { HEADER_V2 } {
            return Err(invalid("header_size", header_size));
        }
        let whole = exact(NAME, blob, at, header_size.into(), "header")?;
        checked(&whole, 12, "header checksum", at)?;
        c.skip("header_checksum", 32)?;
        let tables_size = c.u32("tables_size")?;
        if tables_size > MAX_TABLES || tables_size.saturating_add(header_size) > geometry.metadata_max_size {
            return Err(invalid("tables_size", tables_size));
        }
        let sum: [u8; 32] = c.array("tables_checksum")?;
        let start = at.saturating_add(header_size.into());
        let tables = exact(NAME, blob, start, tables_size.into(), "tables")?;
        same(&sum, &Sha256::digest(&*tables), "tables checksum", at)?;
        let mut table = |what, size| Table::read(&mut c, &tables, what, size, at);
        let partitions = table("partitions", PARTITION_SIZE)?;
        let extents = table("extents", EXTENT_SIZE)?;
        // Groups only bound sizes. Their entries had no flags once.
        table("groups", 0)?;
        let devices = table("block_devices", DEVICE_SIZE)?;
        let metadata = Self {
            at,
            partitions: partitions.rows(Partition::read)?,
            extents: extents.rows(Extent::read)?,
            devices: devices.rows(Device::read)?,
        };
        let first = devices.rows(|c| c.u64("first_logical_sector"))?;
        let first = first.first().copied().unwrap_or(0);
        if first.saturating_mul(SECTOR) < geometry.end() {
            return Err(Gap::invalid(NAME, at, "first_logical_sector", first));
        }
        Ok(metadata)
    }
}

/// The rows of one table.
struct Table {
    bytes: Bytes,
    size: usize,
}

impl Table {
    /// Reads `LpMetadataTableDescriptor` at the cursor. `size` is that of an entry, 0 where any will do.
    fn read(c: &mut Cursor<'_>, tables: &Bytes, what: &'static str, size: u32, at: u64) -> Result<Self, Gap> {
        let (offset, count) = (c.u32("offset")?, c.u32("num_entries")?);
        let entry_size = c.u32("entry_size")?;
        if size != 0 && entry_size != size {
            return Err(Gap::invalid(NAME, at, "entry_size", entry_size.into()));
        }
        let end = u64::from(count)
            .saturating_mul(entry_size.into())
            .saturating_add(offset.into());
        if end > wide(tables.len()) {
            return Err(Gap::invalid(NAME, at, what, count.into()));
        }
        let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Ok(Self {
            bytes: tables.slice(index(offset.into())..index(end)),
            size: index(size.into()),
        })
    }

    fn rows<T>(&self, read: impl Fn(&mut Cursor<'_>) -> Result<T, Gap>) -> Result<Vec<T>, Gap> {
        let rows = self.bytes.chunks_exact(self.size.max(1));
        rows.map(|row| read(&mut Cursor::new(NAME, row))).collect()
    }
}

impl Partition {
    fn read(c: &mut Cursor<'_>) -> Result<Self, Gap> {
        Ok(Self {
            name: name::text(until_nul(c.take("name", 36)?)),
            attributes: c.u32("attributes")?,
            first_extent_index: c.u32("first_extent_index")?,
            num_extents: c.u32("num_extents")?,
        })
    }
}

impl Extent {
    fn read(c: &mut Cursor<'_>) -> Result<Self, Gap> {
        Ok(Self {
            num_sectors: c.u64("num_sectors")?,
            target_type: c.u32("target_type")?,
            target_data: c.u64("target_data")?,
            target_source: c.u32("target_source")?,
        })
    }
}

impl Device {
    fn read(c: &mut Cursor<'_>) -> Result<Self, Gap> {
        c.skip("first_logical_sector, alignment, alignment_offset", 16)?;
        Ok(Self {
            size: c.u64("size")?,
            name: name::text(until_nul(c.take("partition_name", 36)?)),
        })
    }
}
